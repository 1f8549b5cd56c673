//! Room on demand: removes the bytes that nobody needs.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Value as JsonValue, json};

use tokio::sync::mpsc;

use super::App;
use super::bytes::streamed;
use crate::blobs::Budget;
use crate::limits::GC_GRACE;
use crate::sync::bundle::receipt::let_go;

#[derive(Deserialize)]
pub struct GcQuery {
    grace_s: Option<f64>,
    max_bytes: Option<u64>,
    max_files: Option<u64>,
    /// What may stay from now on, in bytes; 0 for any.
    budget: Option<u64>,
    /// What arrived at this destination of bundles may give way, too.
    arrived: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

/// With a budget, notes it first. Progress, a JSON object a line, and the result as the last line.
pub async fn gc(State(app): State<App>, Query(query): Query<GcQuery>) -> Response {
    let (lines, queue) = mpsc::channel::<Result<Bytes, std::io::Error>>(16);
    tokio::task::spawn_blocking(move || {
        let send = |line: JsonValue| Ok(Bytes::from(format!("{line}\n")));
        let noted = query.budget.map(|bytes| {
            app.store.write_blocking(move |tx| tx.set_disk_budget(Some(bytes).filter(|bytes| *bytes > 0)))
        });
        if let Some(Err(error)) = noted {
            // Whoever asked may have gone.
            let _ = lines.blocking_send(send(json!({"error": format!("the budget was not noted: {error}")})));
            return;
        }
        let grace = query.grace_s.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let standing = app.store.disk_budget().ok().flatten();
        let budget = Budget {
            grace: grace.unwrap_or(GC_GRACE),
            max_bytes: query.max_bytes.or(standing),
            max_files: query.max_files,
            dry_run: query.dry_run,
        };
        if let Some(name) = query.arrived.filter(|_| !query.dry_run)
            && let Err(problem) = let_go(&app.store, &name)
        {
            let _ = lines.blocking_send(send(json!({"error": problem.to_string(), "hint": problem.hint()})));
            return;
        }
        let swept = app.blobs.sweep(&budget, |what, done, total| {
            // Progress may be lost where the reader is slow; the result is not.
            let _ = lines.try_send(send(json!({"what": what, "done": done, "total": total})));
        });
        let line = match swept {
            Ok(swept) => json!({"swept": swept}),
            Err(error) => json!({"error": error.to_string()}),
        };
        // Whoever asked may have gone.
        let _ = lines.blocking_send(send(line));
    });
    let body: Body = streamed(queue);
    ([(CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}
