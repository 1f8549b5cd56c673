//! Proof on demand: the home's own log, and what each remote has of it.

use std::io;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use pannier_proto::bundle::CARRIED;
use serde::Deserialize;
use serde_json::{Value as JsonValue, json};
use tokio::sync::mpsc;

use super::App;
use super::bytes::streamed;
use super::respond::{Answer, Failure};
use crate::sync::verify::VerifyReport;

#[derive(Deserialize)]
pub struct VerifyQuery {
    remote: Option<String>,
    /// The bytes of files, too.
    #[serde(default)]
    blobs: bool,
}

/// Progress, a JSON object a line, and the result as the last line.
pub async fn verify(State(app): State<App>, Query(query): Query<VerifyQuery>) -> Answer<Response> {
    let known = app.store.remotes()?;
    let carried = known.iter().filter(|remote| remote.url == CARRIED).map(|remote| remote.name.clone());
    let carried: Vec<String> = carried.collect();
    let mut remotes: Vec<String> = known.into_iter().map(|remote| remote.name).collect();
    if query.remote.is_none() {
        // Nobody can be asked where bundles are carried.
        remotes.retain(|name| !carried.contains(name));
    }
    if let Some(asked) = query.remote {
        remotes.retain(|name| *name == asked);
        if remotes.is_empty() {
            return Err(Failure::new(StatusCode::NOT_FOUND, format!("there is no remote {asked:?}"))
                .hint("see `pannier remote list`"));
        }
    }
    let (lines, queue) = mpsc::channel::<io::Result<Bytes>>(16);
    tokio::spawn(async move {
        // What is in the journals belongs to what is compared.
        app.spool.drain(None).await;
        let wrong = tokio::task::spawn_blocking({
            let (store, lines) = (app.store.clone(), lines.clone());
            move || {
                let progress = |done, total| {
                    // Progress may be lost where the reader is slow; the result is not.
                    let _ = lines.try_send(send(&json!({"what": "blocks", "done": done, "total": total})));
                };
                let mut wrong = store.integrity()?;
                wrong.extend(store.check_log(progress)?);
                Ok::<_, crate::store::StoreError>(wrong)
            }
        });
        let wrong = match wrong.await {
            Ok(Ok(wrong)) => wrong,
            Ok(Err(error)) => vec![error.to_string()],
            Err(error) => vec![error.to_string()],
        };
        let blobs = if query.blobs { Some(verify_blobs(&app, &lines).await) } else { None };
        let mut reports = Vec::new();
        for name in remotes {
            let progress = |done, total| {
                let _ = lines
                    .try_send(send(&json!({"what": "hub", "remote": name, "done": done, "total": total})));
            };
            let report = app.sync.verify(&name, progress).await.unwrap_or_else(|error| VerifyReport {
                differences: vec![format!("it could not be compared: {error}")],
                ..VerifyReport::default()
            });
            reports.push(json!({
                "name": name,
                "equal": report.equal(),
                "compared": report.compared,
                "records": report.records,
                "differences": report.differences,
            }));
        }
        // Whoever asked may have gone.
        let _ = lines.send(send(&json!({"wrong": wrong, "remotes": reports, "blobs": blobs}))).await;
    });
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], streamed(queue)).into_response())
}

#[expect(clippy::unnecessary_wraps, reason = "what a body is made of")]
fn send(line: &JsonValue) -> io::Result<Bytes> {
    Ok(Bytes::from(format!("{line}\n")))
}

/// Reads the bytes of all files back, and brings what is lost from a remote.
async fn verify_blobs(app: &App, lines: &mpsc::Sender<io::Result<Bytes>>) -> JsonValue {
    let reading = tokio::task::spawn_blocking({
        let (blobs, lines) = (app.blobs.clone(), lines.clone());
        move || {
            blobs.check(|done, total| {
                let _ =
                    lines.try_send(send(&json!({"what": "bytes of files", "done": done, "total": total})));
            })
        }
    });
    let checked = match reading.await {
        Ok(Ok(checked)) => checked,
        Ok(Err(error)) => return json!({"wrong": [error.to_string()]}),
        Err(error) => return json!({"wrong": [error.to_string()]}),
    };
    let mut wrong: Vec<String> = checked.findings.into_iter().map(|finding| finding.what).collect();
    let mut again = 0;
    for content in &checked.lost {
        let blob = content.blob;
        wrong.push(match app.sync.fetch(content).await {
            Ok(from) => {
                again += 1;
                format!("blob {blob} was brought again from {}", from.as_deref().unwrap_or("here"))
            }
            Err(error) => format!("blob {blob} cannot be brought again: {error}"),
        });
    }
    json!({
        "chunks": checked.chunks, "bytes": checked.bytes, "files": checked.blobs,
        "lost": checked.lost.len(), "brought_again": again, "wrong": wrong,
    })
}
