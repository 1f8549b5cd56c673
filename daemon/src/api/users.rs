//! The users of a hub; for its operator, on the socket.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as JsonValue, json};

use super::respond::Answer;
use super::{App, blocking};
use crate::clock::now_us;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddUser {
    name: String,
}

pub async fn list(State(app): State<App>) -> Answer<Json<JsonValue>> {
    let users = blocking(move || app.store.users()).await?;
    let users: Vec<_> =
        users.into_iter().map(|(name, created_us)| json!({"name": name, "created_us": created_us})).collect();
    Ok(Json(json!({"users": users})))
}

pub async fn add(State(app): State<App>, Json(asked): Json<AddUser>) -> Answer<Json<JsonValue>> {
    let name = asked.name.clone();
    let token = app.store.write(move |tx| tx.add_user(&name, now_us())).await?;
    Ok(Json(json!({"name": asked.name, "token": token})))
}

pub async fn remove(State(app): State<App>, Path(name): Path<String>) -> Answer<StatusCode> {
    app.store.write(move |tx| tx.remove_user(&name)).await?;
    Ok(StatusCode::NO_CONTENT)
}
