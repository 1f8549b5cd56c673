//! Waiting for what a writer logged: until its journal is committed, and until
//! the bytes that it logged are stored.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use pannier_proto::id::WriterId;
use pannier_proto::request::{AwaitArtifact, AwaitedArtifact};
use serde::Deserialize;
use serde_json::{Value as JsonValue, json};

use super::App;
use super::respond::{Answer, Failure};
use crate::spool::Drained;

/// The longest that a request may wait.
const WAIT_MAX_S: f64 = 24.0 * 3600.0;

#[derive(Deserialize)]
pub struct DrainQuery {
    #[serde(default)]
    wait_s: f64,
}

/// Nonsense means at once.
fn patience(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.min(WAIT_MAX_S)).unwrap_or_default()
}

/// Commits a journal, and waits so long for the bytes that were logged in it.
pub async fn drain(
    State(app): State<App>,
    Path(writer): Path<WriterId>,
    Query(query): Query<DrainQuery>,
) -> Answer<Json<JsonValue>> {
    let drained = app.spool.drain(Some(writer)).await;
    if drained == Drained::Failed {
        return Err(uncommitted());
    }
    let storing = app.intake.settled(writer, patience(query.wait_s)).await?;
    if drained == Drained::Unknown && storing == 0 {
        return Err(Failure::new(
            StatusCode::NOT_FOUND,
            format!("there is no journal of writer {writer}: it was consumed, or never was"),
        ));
    }
    Ok(Json(json!({"durable": true, "storing": storing})))
}

pub(super) fn uncommitted() -> Failure {
    Failure::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "the records are in the journal, but could not be committed",
    )
    .hint("run `pannier status`: it says why")
}

/// Waits for an artifact of this writer.
pub async fn wait(
    State(app): State<App>,
    Path(writer): Path<WriterId>,
    Json(asked): Json<AwaitArtifact>,
) -> Answer<Json<AwaitedArtifact>> {
    if app.spool.drain(Some(writer)).await == Drained::Failed {
        return Err(uncommitted());
    }
    Ok(Json(app.intake.awaited(asked.client_id, patience(asked.timeout_s)).await?))
}
