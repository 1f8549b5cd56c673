//! Bundles, written and read where the owner of the home says. Translation only:
//! [`crate::sync::bundle`] says what becomes of one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use pannier_proto::bundle::{Export, Import};
use serde::Serialize;
use serde_json::{Value as JsonValue, json};
use tokio::sync::mpsc;

use super::App;
use super::bytes::streamed;
use crate::sync::bundle::export::export as write;
use crate::sync::bundle::import::Importer;
use crate::sync::bundle::{Meter, Problem};

/// How often it is said how far it is.
const TICK: Duration = Duration::from_millis(200);

pub async fn export(State(app): State<App>, Json(ask): Json<Export>) -> Response {
    let meter = Arc::new(Meter::default());
    let work = {
        let meter = meter.clone();
        async move {
            // What is in the journals belongs to it.
            app.spool.drain(None).await;
            let exported = write(&app.store, &app.blobs, ask, &meter).await;
            app.sync.reload();
            exported
        }
    };
    // Whoever asked is gone: half a bundle is of no use to anybody.
    told(work, meter, true)
}

pub async fn import(State(app): State<App>, Json(ask): Json<Import>) -> Response {
    let (meter, asking) = (Arc::new(Meter::default()), app.activity.begin());
    let work = {
        let meter = meter.clone();
        async move {
            let _until_done = asking;
            let importer = Importer { store: app.store, blobs: app.blobs, dir: app.home.join("bundles") };
            importer.import(ask, &meter).await
        }
    };
    told(work, meter, false)
}

/// Progress, a JSON object a line, and the result as the last line.
fn told<T: Serialize + Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    meter: Arc<Meter>,
    given_up_with_the_asker: bool,
) -> Response {
    let (lines, queue) = mpsc::channel::<io::Result<Bytes>>(16);
    tokio::spawn(async move {
        let mut work = Box::pin(work);
        let mut tick = tokio::time::interval(TICK);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                _ = tick.tick() => {
                    let (what, done, total, bytes) = meter.look();
                    // Progress may be lost where the reader is slow; the result is not.
                    let _ = lines.try_send(line(&json!({"what": what, "done": done, "total": total, "bytes": bytes})));
                }
                () = lines.closed(), if given_up_with_the_asker => return,
            }
        };
        let said = match done {
            Ok(done) => json!({ "done": done }),
            Err(problem) => json!({"error": problem.to_string(), "hint": problem.hint()}),
        };
        // Whoever asked may have gone.
        let _ = lines.send(line(&said)).await;
    });
    ([(CONTENT_TYPE, "application/x-ndjson")], streamed(queue)).into_response()
}

#[expect(clippy::unnecessary_wraps, reason = "what a body is made of")]
fn line(said: &JsonValue) -> io::Result<Bytes> {
    Ok(Bytes::from(format!("{said}\n")))
}
