//! Sessions of browsers: a cookie with a signed, expiring proof of who signed in.
//! It counts for pages and for nothing else, and no longer than the key that it
//! was given for. Knows no page.
//!
//! A browser sends the cookies of a host to each of its ports, so one of
//! 127.0.0.1 reaches whoever else listens there, if the owner follows him. What
//! a stranger gets by that is pages to read, and the files that they link, until
//! the key changes; nothing can be written with it, and the routes of programs
//! do not know it.

use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use pannier_proto::id::Id128;

use crate::api::auth::{self, Caller};
use crate::api::bytes::broken;
use crate::api::respond::Answer;
use crate::api::web::{Door, base_url};
use crate::api::{App, blocking};
use crate::capability::{Grant, check, sign};
use crate::clock::now_s;
use crate::token;

/// How long a session lasts.
const LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
/// What separates these hashes from all others.
const NAME_CONTEXT: &str = "pannier 2026 name of a session's cookie";
const CREDENTIAL_CONTEXT: &str = "pannier 2026 key that a session was given for";

/// Who signed in with this browser.
///
/// # Errors
/// As the store's.
pub async fn caller(app: &App, headers: &HeaderMap) -> Answer<Option<Caller>> {
    let name = cookie_name(&app.web.blob_key, secure(app, headers));
    for value in values(headers, &name) {
        let Ok(Grant::Session { user, credential }) = check(&app.web.blob_key, value, now_s()) else {
            continue;
        };
        if credential_of(app, &user).await? == Some(credential) {
            return match app.door {
                Door::Socket | Door::Loopback => Ok(Some(Caller::owner(&user))),
                Door::Hub { .. } => auth::user(app, move |store| store.user_known(&user)).await,
            };
        }
    }
    Ok(None)
}

/// The cookie of a new session of this user.
///
/// # Errors
/// As the store's.
pub async fn begin(app: &App, headers: &HeaderMap, user: &Caller) -> Answer<Option<HeaderValue>> {
    let Some(credential) = credential_of(app, &user.name).await? else { return Ok(None) };
    let grant = Grant::Session { user: user.name.clone(), credential };
    let value = sign(&app.web.blob_key, &grant, now_s() + LIFE.as_secs());
    cookie(app, headers, &value, LIFE).map(Some)
}

/// The cookie that ends a session.
///
/// # Errors
/// None that is expected.
pub fn end(app: &App, headers: &HeaderMap) -> Answer<HeaderValue> {
    cookie(app, headers, "", Duration::ZERO)
}

fn cookie(app: &App, headers: &HeaderMap, value: &str, life: Duration) -> Answer<HeaderValue> {
    let secure = secure(app, headers);
    let name = cookie_name(&app.web.blob_key, secure);
    let only_tls = if secure { "; Secure" } else { "" };
    let seconds = life.as_secs();
    HeaderValue::from_str(&format!(
        "{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{only_tls}"
    ))
    .map_err(broken)
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
    Ok(hash.map(|hash| shortened(CREDENTIAL_CONTEXT, &hash)))
}

fn shortened(context: &str, secret: &[u8; 32]) -> Id128 {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::derive_key(context, secret)[..16]);
    Id128(short)
}

/// Whether browsers reach us by TLS.
fn secure(app: &App, headers: &HeaderMap) -> bool {
    base_url(app, headers).starts_with("https://")
}

/// Another home's on the same host has another name. By `__Host-` a browser
/// promises that the cookie was set here and by TLS.
fn cookie_name(blob_key: &[u8; 32], secure: bool) -> String {
    let hash = shortened(NAME_CONTEXT, blob_key).to_string();
    let prefix = if secure { "__Host-" } else { "" };
    format!("{prefix}pannier-{}", &hash[..8])
}

/// The values that cookies of this name have.
fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(found, _)| *found == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_homes_have_two_cookies() {
        let (one, other) = (cookie_name(&[1; 32], false), cookie_name(&[2; 32], false));
        assert!(one != other && one.starts_with("pannier-") && one.len() == "pannier-".len() + 8, "{one}");
        assert_eq!(cookie_name(&[1; 32], true), format!("__Host-{one}"));
    }

    #[test]
    fn cookies_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; p=first;p=second; px=no; q"));
        headers.append(COOKIE, HeaderValue::from_static("p=th=ird"));
        assert_eq!(values(&headers, "p").collect::<Vec<_>>(), ["first", "second", "th=ird"]);
    }

    #[test]
    fn another_key_is_another_credential() {
        let of = |token: &str| shortened(CREDENTIAL_CONTEXT, &token::hash(token));
        assert_eq!(of("pan-a"), of("pan-a"));
        assert_ne!(of("pan-a"), of("pan-b"));
        assert_ne!(of("pan-a"), shortened(NAME_CONTEXT, &token::hash("pan-a")));
    }
}
