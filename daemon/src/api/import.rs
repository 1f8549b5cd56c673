//! What the owner of the home does with logs of other trackers: takes them in, and
//! says which folders are watched for them.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use pannier_proto::id::RunPath;
use pannier_proto::import::{Import, ImportLine, Watched, WatchedView};
use pannier_proto::request::ErrorBody;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::App;
use super::bytes::streamed;
use super::respond::{Answer, Failure};
use crate::clock::now_us;

/// Takes logs in; says how far it is, a JSON object a line.
pub async fn import(State(app): State<App>, Json(asked): Json<Import>) -> Answer<Response> {
    check(asked.entity.as_ref(), asked.project.as_ref())?;
    if asked.paths.is_empty() {
        return Err(Failure::bad("there is nothing to take in").hint("name folders or files"));
    }
    let (lines, queue) = mpsc::channel::<std::io::Result<Bytes>>(64);
    let text = |line: &ImportLine| Ok(Bytes::from(serde_json::to_string(line).unwrap_or_default() + "\n"));
    tokio::task::spawn_blocking(move || {
        let tell = |line: ImportLine| match line {
            // Progress may be lost where the reader is slow; results are not.
            ImportLine::Progress { .. } => {
                !matches!(lines.try_send(text(&line)), Err(TrySendError::Closed(_)))
            }
            line => lines.blocking_send(text(&line)).is_ok(),
        };
        let last = match app.left.home.import(&asked, &tell) {
            Ok(()) => ImportLine::Done,
            Err(trouble) => {
                let hint = "what was taken in stays; ask again, and the rest follows";
                ImportLine::Failed(ErrorBody { error: trouble.to_string(), hint: Some(hint.to_owned()) })
            }
        };
        tell(last);
    });
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], streamed(queue)).into_response())
}

/// Names that runs could not have are said at once.
fn check(entity: Option<&String>, project: Option<&String>) -> Answer<()> {
    let or = |name: Option<&String>| name.map_or_else(|| "x".to_owned(), Clone::clone);
    RunPath::new(&or(entity), &or(project), "x")?;
    Ok(())
}

/// The watched folders.
pub async fn watched(State(app): State<App>) -> Json<Vec<WatchedView>> {
    Json(app.left.list())
}

/// Watches a folder.
pub async fn watch(State(app): State<App>, Json(asked): Json<Watched>) -> Answer<StatusCode> {
    check(asked.entity.as_ref(), asked.project.as_ref())?;
    let path = std::path::Path::new(&asked.dir);
    if !path.is_absolute() || !path.is_dir() {
        return Err(Failure::bad(format!("{:?} is no folder", asked.dir)).hint("name a folder that is there"));
    }
    if path.starts_with(&app.home) || app.home.starts_with(path) && path.parent().is_none() {
        return Err(
            Failure::bad("a home is not watched for what others leave").hint("name the folder of runs")
        );
    }
    app.store.write(move |tx| tx.watch_dir(&asked, now_us())).await?;
    app.left.reload();
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub struct Dir {
    dir: String,
}

/// Watches a folder no more. What came from it stays.
pub async fn unwatch(State(app): State<App>, Query(Dir { dir }): Query<Dir>) -> Answer<StatusCode> {
    app.store.write(move |tx| tx.unwatch_dir(&dir)).await?;
    app.left.reload();
    Ok(StatusCode::NO_CONTENT)
}
