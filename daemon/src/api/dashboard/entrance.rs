//! Signing in with a browser: by a ticket of `pannier open`, by a key, or at a hub
//! by name and password.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use pannier_proto::dashboard::SignIn;

use super::session;
use crate::api::App;
use crate::api::auth::{Caller, by_key, user};
use crate::api::respond::{Answer, Failure};
use crate::api::web::Door;
use crate::password;

/// `POST /v1/session`.
pub async fn sign_in(State(app): State<App>, Json(asked): Json<SignIn>) -> Answer<Response> {
    let found = match asked {
        SignIn { ticket: Some(ticket), key: None, user: None, password: None } => {
            let Some(path) = app.entrance.tickets.redeem(&ticket, Instant::now()) else {
                return Err(Failure::new(
                    StatusCode::UNAUTHORIZED,
                    "this link has been used, or is older than a minute",
                )
                .hint("run `pannier open` again"));
            };
            Some((Caller::owner(&app.web.owner), path))
        }
        SignIn { ticket: None, key: Some(key), user: None, password: None } => {
            tried(&app, by_key(&app, key.trim().to_owned())).await?
        }
        SignIn { ticket: None, key: None, user: Some(name), password: Some(given) } => {
            tried(&app, by_password(&app, name, given)).await?
        }
        _ => {
            return Err(Failure::bad("a sign-in has a ticket, or a key, or a user and a password"));
        }
    };
    let session = match found {
        Some((caller, path)) => session::begin(&app, &caller, path).await?,
        None => None,
    };
    let session = session.ok_or_else(|| wrong(app.door))?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(session)).into_response())
}

/// A try counts, unless it finds somebody.
async fn tried(
    app: &App,
    find: impl Future<Output = Answer<Option<Caller>>>,
) -> Answer<Option<(Caller, Option<String>)>> {
    app.entrance.throttle.begin(Instant::now()).map_err(too_often)?;
    let found = find.await?;
    if found.is_some() {
        app.entrance.throttle.forgive();
    }
    Ok(found.map(|caller| (caller, None)))
}

async fn by_password(app: &App, name: String, given: String) -> Answer<Option<Caller>> {
    if !matches!(app.door, Door::Hub { .. }) {
        return Ok(None);
    }
    let found = user(app, move |store| {
        let name = name.trim();
        let kept = store.password_hash_of(name)?;
        match password::is_right(&given, kept.as_deref()) {
            true => store.user_known(name),
            false => Ok(None),
        }
    });
    found.await
}

fn wrong(door: Door) -> Failure {
    let (said, hint) = match door {
        Door::Hub { .. } => (
            "nobody here has this name and this password, or this token",
            "the hub's operator makes them with `pannier hub user add NAME`",
        ),
        Door::Socket | Door::Loopback => (
            "this key is not known here",
            "`pannier open` signs a browser in; `pannier env` prints the key as WANDB_API_KEY",
        ),
    };
    Failure::new(StatusCode::UNAUTHORIZED, said).hint(hint)
}

fn too_often(wait: Duration) -> Failure {
    let seconds = wait.as_secs() + 1;
    let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, "too many wrong keys were tried here")
        .hint(format!("wait {seconds} s"));
    Failure { retry_after_s: Some(seconds), ..failure }
}
