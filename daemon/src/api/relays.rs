//! Folders that this home reads and carries on.

use axum::Json;
use axum::extract::{Query, State};
use http::StatusCode;
use pannier_proto::relay::AddRelay;
use serde::Deserialize;
use serde_json::{Value as JsonValue, json};

use super::App;
use super::remotes::usable_folder;
use super::respond::{Answer, Failure};
use crate::clock::now_us;
use crate::store::StoreError;
use crate::sync::kind::folder_of;

pub async fn list(State(app): State<App>) -> Json<JsonValue> {
    Json(json!({"relays": app.relays.status()}))
}

/// Reads it from now on, and looks at it at once.
pub async fn add(State(app): State<App>, Json(asked): Json<AddRelay>) -> Answer<StatusCode> {
    let AddRelay { folder, remote } = asked;
    let path = usable_folder(&format!("folder:{folder}")).await?;
    let folder = path.display().to_string();
    let known = app.store.remotes()?.into_iter().find(|known| known.name == remote);
    let known = known.ok_or_else(|| {
        Failure::new(StatusCode::NOT_FOUND, format!("there is no remote {remote:?} to carry it to"))
            .hint("add it first: `pannier remote add NAME URL --token-file FILE`")
    })?;
    if folder_of(&known.url) == Some(Ok(path)) {
        return Err(Failure::bad(format!("the remote {remote:?} is this very folder"))
            .hint("name the remote that what is in it is to be carried to"));
    }
    app.store.write(move |tx| tx.set_relay(&folder, &remote, now_us())).await?;
    app.relays.reload();
    app.relays.wake();
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub struct Which {
    folder: String,
}

pub async fn remove(State(app): State<App>, Query(asked): Query<Which>) -> Answer<StatusCode> {
    let folder = asked.folder;
    let removed = app.store.write(move |tx| tx.remove_relay(&folder)).await;
    removed.map_err(|error| match error {
        StoreError::Missing(what) => Failure::new(StatusCode::NOT_FOUND, format!("there is no {what}"))
            .hint("see `pannier relay list`"),
        error => error.into(),
    })?;
    app.relays.reload();
    Ok(StatusCode::NO_CONTENT)
}
