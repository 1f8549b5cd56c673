//! The remotes of this home.

use std::path::PathBuf;

use axum::Json;
use axum::extract::{Path, State};
use http::{StatusCode, Uri};
use pannier_proto::remote::AddRemote;
use serde_json::{Value as JsonValue, json};

use super::App;
use super::respond::{Answer, Failure};
use crate::clock::now_us;
use crate::store::Tx;
use crate::sync::folder::place::Place;
use crate::sync::kind::{WANDB, folder_of};

pub async fn list(State(app): State<App>) -> Answer<Json<JsonValue>> {
    Ok(Json(json!({"remotes": app.sync.status()?})))
}

pub async fn add(State(app): State<App>, Json(asked): Json<AddRemote>) -> Answer<StatusCode> {
    let usable = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if asked.name.is_empty() || asked.name.len() > 128 || !asked.name.chars().all(usable) {
        return Err(Failure::bad(format!("{:?} is no name for a remote", asked.name))
            .hint("use letters, digits, - _ . or :"));
    }
    let url = check_url(&asked.url)?;
    if folder_of(&url).is_some() {
        usable_folder(&url).await?;
    }
    if let Some(token) = &asked.token
        && (token.is_empty() || token.chars().any(|c| c.is_control() || c.is_whitespace()))
    {
        return Err(Failure::bad("the token is empty or contains spaces")
            .hint("give the token alone, as `pannier hub user add` printed it"));
    }
    if asked.token.is_some() {
        let kept = app.credentials.set(&asked.name, asked.token.clone());
        kept.map_err(|error| {
            Failure::new(StatusCode::INSUFFICIENT_STORAGE, format!("cannot keep the token: {error}"))
        })?;
    }
    let name = asked.name.clone();
    let set = move |tx: &Tx| {
        tx.set_remote(&name, &url, now_us())?;
        tx.unpark(&name).map(drop)
    };
    app.store.write(set).await?;
    app.sync.reload();
    // One that was there already is tried at once; a new one begins by itself.
    app.sync.wake();
    Ok(StatusCode::NO_CONTENT)
}

/// A remote's URL: a scheme that we speak, and neither secrets nor more than a
/// path. In the clear only on this machine, where the token stays here.
pub fn check_url(url: &str) -> Answer<String> {
    if let Some(folder) = folder_of(url) {
        folder.map_err(|problem| no_folder(url, &problem))?;
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let bad = |what: &str| {
        Err(Failure::bad(format!("{url:?} {what}"))
            .hint("use https://HOST[:PORT], http://127.0.0.1:PORT on this machine, or folder:/WHOLE/PATH"))
    };
    let (kind, place) = match url.strip_prefix(WANDB) {
        Some(place) => (WANDB, place),
        None => ("", url),
    };
    let Ok(uri) = place.parse::<Uri>() else { return bad("is no URL") };
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return bad("has no scheme or no host");
    };
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) || uri.query().is_some() {
        return Err(Failure::bad("a remote's URL holds no user, password or query")
            .hint("give the token by --token-file"));
    }
    match scheme {
        "https" => {}
        "http" if ["localhost", "127.0.0.1", "[::1]"].contains(&host) => {}
        "http" => return bad("would send the token in the clear"),
        _ => return bad("has a scheme that is not spoken here"),
    }
    Ok(format!("{kind}{}", place.trim_end_matches('/')))
}

fn no_folder(url: &str, problem: &str) -> Failure {
    Failure::bad(format!("{url:?} {problem}")).hint("use folder:/WHOLE/PATH, a folder that all machines see")
}

/// The folder that a URL names, made where it is not there. It can be written.
pub async fn usable_folder(url: &str) -> Answer<PathBuf> {
    let folder = folder_of(url).unwrap_or_else(|| Err("names no folder".to_owned()));
    let folder = folder.map_err(|problem| no_folder(url, &problem))?;
    let place = Place::at(&folder);
    let prepared = tokio::task::spawn_blocking(move || place.prepare()).await;
    let unusable = |problem: String| {
        Failure::bad(format!("the folder cannot be used: {problem}"))
            .hint("name a folder in which you may write, on a file system that is mounted here")
    };
    match prepared {
        Ok(Ok(())) => Ok(folder),
        Ok(Err(error)) => Err(unusable(error.to_string())),
        Err(error) => Err(unusable(error.to_string())),
    }
}

pub async fn remove(State(app): State<App>, Path(name): Path<String>) -> Answer<StatusCode> {
    let remote = name.clone();
    app.store.write(move |tx| tx.remove_remote(&remote)).await?;
    let forgotten = app.credentials.set(&name, None);
    forgotten.map_err(|error| {
        Failure::new(StatusCode::INSUFFICIENT_STORAGE, format!("cannot forget the token: {error}"))
    })?;
    app.sync.reload();
    // Those that were carried to it are read no longer.
    app.relays.reload();
    Ok(StatusCode::NO_CONTENT)
}

pub async fn retry(State(app): State<App>, Path(name): Path<String>) -> Answer<StatusCode> {
    let known = app.store.remotes()?.iter().any(|remote| remote.name == name);
    if !known {
        return Err(Failure::new(StatusCode::NOT_FOUND, format!("there is no remote {name:?}"))
            .hint("see `pannier remote list`"));
    }
    let remote = name.clone();
    app.store.write(move |tx| tx.unpark(&remote)).await?;
    app.sync.retry(&name);
    Ok(StatusCode::NO_CONTENT)
}

pub async fn wake(State(app): State<App>) -> StatusCode {
    app.sync.wake();
    StatusCode::NO_CONTENT
}
