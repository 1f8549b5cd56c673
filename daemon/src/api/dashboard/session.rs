//! Sessions of browsers: a signed, expiring proof of who signed in, which a
//! browser shows as any client shows its token. It counts no longer than the key
//! that it was given for.

use std::time::Duration;

use pannier_proto::dashboard::Session;
use pannier_proto::id::Id128;

use crate::api::auth::{self, Caller};
use crate::api::respond::Answer;
use crate::api::web::Door;
use crate::api::{App, blocking};
use crate::capability::{Grant, check, sign};
use crate::clock::now_s;
use crate::token;

/// How long a session lasts.
const LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
/// What separates this hash from all others.
const CREDENTIAL_CONTEXT: &str = "pannier 2026 key that a session was given for";

/// Whose session this is.
///
/// # Errors
/// As the store's.
pub async fn caller(app: &App, shown: &str) -> Answer<Option<Caller>> {
    let Ok(Grant::Session { user, credential }) = check(&app.web.blob_key, shown, now_s()) else {
        return Ok(None);
    };
    if credential_of(app, &user).await? != Some(credential) {
        return Ok(None);
    }
    match app.door {
        Door::Socket | Door::Loopback => Ok(Some(Caller::owner(&user))),
        Door::Hub { .. } => auth::user(app, move |store| store.user_known(&user)).await,
    }
}

/// A new session of this user; `None` where there is no such user any more.
///
/// # Errors
/// As the store's.
pub async fn begin(app: &App, user: &Caller, path: Option<String>) -> Answer<Option<Session>> {
    let Some(credential) = credential_of(app, &user.name).await? else { return Ok(None) };
    let grant = Grant::Session { user: user.name.clone(), credential };
    let expires_s = now_s() + LIFE.as_secs();
    Ok(Some(Session { token: sign(&app.web.blob_key, &grant, expires_s), expires_s, path }))
}

/// What tells a user's key from every later one of his; `None` where there is
/// no such user any more.
async fn credential_of(app: &App, user: &str) -> Answer<Option<Id128>> {
    let hash = match app.door {
        Door::Socket | Door::Loopback => (user == app.web.owner).then(|| token::hash(&app.web.token)),
        Door::Hub { .. } => {
            let (store, user) = (app.store.clone(), user.to_owned());
            blocking(move || store.token_hash_of(&user)).await?
        }
    };
    Ok(hash.map(|hash| credential(&hash)))
}

fn credential(hash: &[u8; 32]) -> Id128 {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::derive_key(CREDENTIAL_CONTEXT, hash)[..16]);
    Id128(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_key_is_another_credential() {
        let of = |token: &str| credential(&token::hash(token));
        assert_eq!(of("pan-a"), of("pan-a"));
        assert_ne!(of("pan-a"), of("pan-b"));
    }
}
