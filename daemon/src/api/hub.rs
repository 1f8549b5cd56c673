//! The routes by which other daemons bring their records. Translation only:
//! [`crate::sync::receive`] says what a push comes to.

mod bytes;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRef, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use pannier_proto::PROTOCOL_VERSION;
use pannier_proto::hub::{DigestsAnswer, DigestsQuestion, HubInfo, Positions, PositionsAnswer, PushAnswer};
use pannier_proto::id::Id128;
use serde::de::DeserializeOwned;

use super::App;
use super::respond::{Answer, Failure};
use crate::blobs::Blobs;
use crate::limits::POSITIONS_MAX;
use crate::store::Store;
use crate::sync::receive as receiving;
use crate::sync::wire::{self, BadPush};

/// What these routes work with.
#[derive(Clone)]
pub struct Receiving {
    store: Arc<Store>,
    blobs: Arc<Blobs>,
    epoch: Id128,
}

impl FromRef<App> for Receiving {
    fn from_ref(app: &App) -> Self {
        Self { store: app.store.clone(), blobs: app.blobs.clone(), epoch: app.epoch }
    }
}

/// The hub's routes.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S>
where
    Receiving: FromRef<S>,
{
    Router::new()
        .route("/v1/hub", get(info))
        .route("/v1/hub/positions", post(positions))
        .route("/v1/hub/push", post(push))
        .route("/v1/hub/digests", post(digests))
        .merge(bytes::routes())
}

async fn info(State(hub): State<Receiving>) -> Json<HubInfo> {
    Json(HubInfo {
        origin: hub.store.origin(),
        epoch: hub.epoch,
        protocol: PROTOCOL_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

async fn positions(State(hub): State<Receiving>, body: Bytes) -> Answer<Json<PositionsAnswer>> {
    let asked: Positions = read(&body)?;
    not_too_many(asked.streams.len(), POSITIONS_MAX)?;
    let positions = receiving::positions(&hub.store, asked.streams).await?;
    Ok(Json(PositionsAnswer { epoch: hub.epoch, positions }))
}

async fn digests(State(hub): State<Receiving>, body: Bytes) -> Answer<Json<DigestsAnswer>> {
    let asked: DigestsQuestion = read(&body)?;
    not_too_many(asked.streams.len(), POSITIONS_MAX)?;
    let streams = asked.streams.into_iter().map(|stream| (stream.id, stream.upto)).collect();
    Ok(Json(DigestsAnswer { digests: receiving::digests(&hub.store, streams).await? }))
}

async fn push(State(hub): State<Receiving>, headers: HeaderMap, body: Bytes) -> Answer<Json<PushAnswer>> {
    let packed = match headers.get(CONTENT_ENCODING).map(http::HeaderValue::as_bytes) {
        None | Some(b"identity") => false,
        Some(b"zstd") => true,
        Some(_) => {
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a push comes plain or as zstd"));
        }
    };
    let blocks = tokio::task::spawn_blocking(move || match packed {
        true => wire::decode(&wire::unpack(&body)?),
        false => wire::decode(&body),
    });
    let blocks =
        blocks.await.map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let pushed = blocks.map_err(|error| match error {
        BadPush::TooLarge => Failure::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
        BadPush::Version(_) | BadPush::Checksum | BadPush::Malformed(_) => Failure::bad(error.to_string()),
    })?;
    let streams = receiving::push(&hub.store, &hub.blobs, pushed).await?;
    Ok(Json(PushAnswer { epoch: hub.epoch, streams }))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Answer<T> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::bad(format!("the body is not what this route takes: {error}")))
}

fn not_too_many(asked: usize, max: usize) -> Answer<()> {
    match asked <= max {
        true => Ok(()),
        false => Err(Failure::bad(format!("{asked} names in one request; at most {max} are allowed"))),
    }
}

#[cfg(test)]
mod tests;
