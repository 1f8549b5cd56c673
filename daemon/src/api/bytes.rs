//! Bodies that are files: in, through the blob store, and out. Knows neither who
//! asks nor what a file is for.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use http::StatusCode;
use pannier_proto::content::Content;
use tokio::sync::mpsc;

use super::respond::{Answer, Failure};
use crate::blobs::{BlobError, Blobs, PIECES};

/// A body of pieces that somebody else makes.
pub fn streamed(mut queue: mpsc::Receiver<std::io::Result<Bytes>>) -> Body {
    Body::from_stream(futures_util::stream::poll_fn(move |context| queue.poll_recv(context)))
}

/// Writes a body into the blob store. One that was cut short, or that `check`
/// refuses, leaves nothing.
pub async fn receive(
    blobs: &Arc<Blobs>,
    body: Body,
    check: impl FnOnce(&Content) -> Answer<()> + Send + 'static,
) -> Answer<Content> {
    let (send, mut queue) = mpsc::channel::<Bytes>(PIECES);
    let blobs = blobs.clone();
    let writing = tokio::task::spawn_blocking(move || {
        let mut writer = blobs.writer()?;
        while let Some(piece) = queue.blocking_recv() {
            // No bytes: the whole body has arrived.
            if piece.is_empty() {
                let whole = writer.close()?;
                return match check(whole.content()) {
                    Ok(()) => whole.keep()?.wait().map(|content| Some(Ok(content))),
                    Err(refusal) => Ok(Some(Err(refusal))),
                };
            }
            writer.write(&piece)?;
        }
        Ok::<_, BlobError>(None)
    });
    let mut pieces = body.into_data_stream();
    let mut cut = None;
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(piece) if piece.is_empty() => {}
            // Refused: the writer has failed, and says why below.
            Ok(piece) => drop(send.send(piece).await),
            Err(error) => {
                cut = Some(Failure::bad(format!("the body was cut short: {error}")));
                break;
            }
        }
    }
    if cut.is_none() {
        let _ = send.send(Bytes::new()).await;
    }
    drop(send);
    let written = writing.await.map_err(broken)?.map_err(|error| unwritable(&error))?;
    match (cut, written) {
        (None, Some(content)) => content,
        (cut, _) => Err(cut.unwrap_or_else(|| Failure::bad("the body was cut short"))),
    }
}

/// A fault of ours.
pub fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

fn unwritable(error: &BlobError) -> Failure {
    match error {
        // A client takes 507 for final only where 503 would be tried again.
        BlobError::Full => Failure::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
            .hint("make room on the disk of the home"),
        _ => Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}
