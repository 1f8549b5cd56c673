//! `POST /files/ENTITY/PROJECT/RUN/file_stream`.

use std::io::Read;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use flate2::read::MultiGzDecoder;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use pannier_proto::id::RunPath;
use serde_json::{Value as JsonValue, json};

use crate::api::App;
use crate::api::respond::{Answer, AtMost, Failure};
use crate::ingest;
use crate::limits::STREAM_BYTES_MAX;
use crate::wandb::file_stream as wire;

/// In shared mode each of the clients says who it is.
const CLIENT: &str = "x-wandb-async-client-id";
/// The longest name of a client.
const CLIENT_CHARS_MAX: usize = 128;

/// Takes a post in. 200 once it is durable; whoever is not told so sends it again.
pub async fn post(
    State(app): State<App>,
    Path((entity, project, run)): Path<(String, String, String)>,
    headers: HeaderMap,
    _: AtMost<STREAM_BYTES_MAX>,
    body: Bytes,
) -> Answer<Json<JsonValue>> {
    let path = RunPath::new(&entity, &project, &run)?;
    let gzip = match headers.get(CONTENT_ENCODING).map(http::HeaderValue::as_bytes) {
        None | Some(b"identity") => false,
        Some(b"gzip") => true,
        Some(_) => {
            let what = "a file stream post comes plain or as gzip";
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
        }
    };
    let client = headers.get(CLIENT).and_then(|client| client.to_str().ok()).unwrap_or_default();
    if client.chars().count() > CLIENT_CHARS_MAX || client.contains('/') {
        return Err(Failure::bad(format!("{CLIENT} is no name of a client")));
    }
    let read = tokio::task::spawn_blocking(move || match gzip {
        true => wire::decode(&unpack(&body)?).map_err(Failure::bad),
        false => wire::decode(&body).map_err(Failure::bad),
    });
    let post =
        read.await.map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))??;
    app.lives.heard(&path, post.ended.is_some());
    let stop = ingest::stream::post(&app.store, &path, client, post).await?;
    Ok(Json(if stop { json!({ "stopped": true }) } else { json!({}) }))
}

/// The bound is on what comes out: little can become much.
fn unpack(body: &[u8]) -> Answer<Vec<u8>> {
    let mut plain = Vec::new();
    let bound = STREAM_BYTES_MAX as u64 + 1;
    let read = MultiGzDecoder::new(body).take(bound).read_to_end(&mut plain);
    read.map_err(|error| Failure::bad(format!("the body is no gzip: {error}")))?;
    match plain.len() {
        0..=STREAM_BYTES_MAX => Ok(plain),
        _ => Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "the post is too long, unpacked")),
    }
}
