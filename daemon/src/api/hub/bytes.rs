//! Blobs and their chunks, in and out, for other daemons. Translation only:
//! [`crate::blobs`] says what becomes of a chunk.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRef, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use pannier_proto::content::Blob;
use pannier_proto::hub::{BlobNames, BlobPart, ChunkList, ChunkNames, PartAnswer};
use serde::Deserialize;

use super::{Receiving, not_too_many, read};
use crate::api::bytes::broken;
use crate::api::respond::{Answer, Failure};
use crate::blobs::{BlobError, Blobs, pack, unpack};
use crate::limits::{CHUNK_BATCH, CHUNKS_BYTES_MAX, CHUNKS_MAX, POSITIONS_MAX};

/// The routes.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S>
where
    Receiving: FromRef<S>,
{
    Router::new()
        .route("/v1/hub/blobs", post(missing))
        .route("/v1/hub/blobs/whole", post(put_whole).layer(DefaultBodyLimit::max(CHUNKS_BYTES_MAX)))
        .route("/v1/hub/blobs/parts", post(assemble))
        .route("/v1/hub/blobs/{blob}/chunks", get(chunk_list))
        .route("/v1/hub/chunks", post(put_chunks).layer(DefaultBodyLimit::max(CHUNKS_BYTES_MAX)))
        .route("/v1/hub/chunks/missing", post(missing_chunks))
        .route("/v1/hub/chunks/get", post(get_chunks))
}

/// Works on the blobs off the runtime's threads.
async fn on<T: Send + 'static>(
    hub: Receiving,
    work: impl FnOnce(&Arc<Blobs>) -> Result<T, BlobError> + Send + 'static,
) -> Answer<T> {
    let done = tokio::task::spawn_blocking(move || work(&hub.blobs)).await.map_err(broken)?;
    done.map_err(|error| match error {
        BlobError::Missing(_) => Failure::new(StatusCode::NOT_FOUND, error.to_string()),
        BlobError::Full => Failure::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
            .hint("make room on the disk of the hub's home"),
        BlobError::Damaged { .. } => Failure::new(StatusCode::NOT_FOUND, error.to_string())
            .hint("run `pannier verify --blobs` at the hub"),
        error => broken(error),
    })
}

async fn missing(State(hub): State<Receiving>, body: Bytes) -> Answer<Json<BlobNames>> {
    let asked: BlobNames = read(&body)?;
    not_too_many(asked.blobs.len(), POSITIONS_MAX)?;
    let blobs = on(hub, move |blobs| blobs.keep(&asked.blobs)).await?;
    Ok(Json(BlobNames { blobs }))
}

/// The chunks of a body, each compared with its digest.
async fn chunks_of(body: Bytes) -> Answer<Vec<(Blob, Bytes)>> {
    let chunks = tokio::task::spawn_blocking(move || unpack(body)).await.map_err(broken)?;
    let chunks = chunks.map_err(|problem| Failure::bad(format!("{problem}; send it again")))?;
    not_too_many(chunks.len(), CHUNK_BATCH)?;
    Ok(chunks)
}

/// Small blobs, each a chunk that is all of it.
async fn put_whole(State(hub): State<Receiving>, body: Bytes) -> Answer<Json<BlobNames>> {
    let whole = chunks_of(body).await?;
    let stored = on(hub, move |blobs| blobs.put_whole(whole.into_iter().map(|(_, bytes)| bytes)));
    Ok(Json(BlobNames { blobs: stored.await? }))
}

async fn put_chunks(State(hub): State<Receiving>, body: Bytes) -> Answer<Json<ChunkNames>> {
    let stored = chunks_of(body).await?;
    let chunks = stored.iter().map(|(digest, _)| *digest).collect();
    on(hub, move |blobs| blobs.put_chunks(stored)).await?;
    Ok(Json(ChunkNames { chunks }))
}

async fn missing_chunks(State(hub): State<Receiving>, body: Bytes) -> Answer<Json<ChunkNames>> {
    let asked: ChunkNames = read(&body)?;
    not_too_many(asked.chunks.len(), CHUNKS_MAX)?;
    let chunks = on(hub, move |blobs| blobs.missing_chunks(&asked.chunks)).await?;
    Ok(Json(ChunkNames { chunks }))
}

async fn assemble(State(hub): State<Receiving>, body: Bytes) -> Answer<Json<PartAnswer>> {
    let BlobPart { content, at, chunks } = read(&body)?;
    not_too_many(chunks.len(), CHUNKS_MAX)?;
    Ok(Json(on(hub, move |blobs| blobs.assemble(&content, at, &chunks, false)).await?))
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    from: u64,
}

async fn chunk_list(
    State(hub): State<Receiving>,
    Path(blob): Path<Blob>,
    Query(query): Query<ListQuery>,
) -> Answer<Json<ChunkList>> {
    let (begin, mut chunks) = on(hub, move |blobs| blobs.chunks_at(&blob, query.from)).await?;
    if begin != query.from {
        return Err(Failure::bad(format!("no chunk of blob {blob} begins at {}", query.from)));
    }
    chunks.truncate(CHUNKS_MAX);
    Ok(Json(ChunkList { chunks }))
}

async fn get_chunks(State(hub): State<Receiving>, body: Bytes) -> Answer<Response> {
    let asked: ChunkNames = read(&body)?;
    not_too_many(asked.chunks.len(), CHUNK_BATCH)?;
    let body = on(hub, move |blobs| {
        let (mut chunks, mut bytes) = (Vec::new(), 0);
        for digest in asked.chunks {
            let chunk = blobs.chunk(&digest)?;
            bytes += chunk.len();
            chunks.push((digest, chunk));
            if bytes > CHUNKS_BYTES_MAX {
                return Ok(None);
            }
        }
        Ok(Some(pack(&chunks)))
    });
    let body = body.await?.ok_or_else(|| {
        Failure::bad(format!("that is more than {CHUNKS_BYTES_MAX} bytes; ask for fewer chunks at a time"))
    })?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], body).into_response())
}
