//! What the runs of a project have logged, by key.

use axum::extract::{Query, State};
use axum::{Extension, Json};
use pannier_proto::dashboard::Keys;
use serde::Deserialize;

use crate::access::Verb;
use crate::api::auth::Caller;
use crate::api::respond::Answer;
use crate::api::{App, blocking};

#[derive(Deserialize)]
pub struct Of {
    entity: String,
    project: String,
}

/// `GET /v1/keys`.
pub async fn keys(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(Of { entity, project }): Query<Of>,
) -> Answer<Json<Keys>> {
    caller.must(&entity, Verb::Read)?;
    Ok(Json(blocking(move || app.store.keys(&entity, &project)).await?))
}
