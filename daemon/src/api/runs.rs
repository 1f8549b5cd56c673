//! What is in a run: its metrics, rows, console and files.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use pannier_proto::id::RunPath;
use pannier_proto::path::RelPath;
use pannier_proto::record::{Row, Table};
use pannier_proto::request::MetricView;
use pannier_proto::value::{Value, float_to_json};
use serde::Deserialize;
use serde_json::{Map, Value as JsonValue, json};
use tokio::sync::mpsc;

use super::open::existing;
use super::respond::{Answer, Failure};
use super::wandb::{file, transfer};
use super::{App, blocking};
use crate::limits::ROWS_PAGE;
use crate::store::{RowsQuery, Store};

type RunRef = Path<(String, String, String)>;

pub async fn metrics(State(app): State<App>, Path(raw): RunRef) -> Answer<Json<JsonValue>> {
    let path = existing(&app, &raw).await?;
    let metrics: Vec<MetricView> = blocking(move || app.store.metrics(&path)).await?;
    Ok(Json(json!({"metrics": metrics})))
}

pub async fn files(State(app): State<App>, Path(raw): RunRef) -> Answer<Json<JsonValue>> {
    let path = existing(&app, &raw).await?;
    let listed = blocking(move || {
        let list = file::held(&app.store, &app.store.run(&path)?)?.into_iter();
        let list = list.map(|(path, (held, updated_us))| {
            json!({"path": path, "bytes": held.size(), "updated_us": updated_us})
        });
        Ok(json!({"files": app.store.text_files(&path)?, "list": list.collect::<Vec<_>>()}))
    });
    Ok(Json(listed.await?))
}

/// One file's bytes.
pub async fn file(
    State(app): State<App>,
    Path((entity, project, run, path)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Answer<Response> {
    let run = existing(&app, &(entity, project, run)).await?;
    transfer::file(&app, run, RelPath::new(&path)?, &headers).await
}

#[derive(Deserialize)]
pub struct ColumnQuery {
    key: String,
    max_points: Option<usize>,
}

/// One metric, packed: the count, the steps, the values; all little-endian,
/// eight bytes each.
pub async fn column(
    State(app): State<App>,
    Path(raw): RunRef,
    Query(query): Query<ColumnQuery>,
) -> Answer<Response> {
    let path = existing(&app, &raw).await?;
    let bytes = blocking(move || {
        let series = match query.max_points {
            Some(points) => app.store.sampled(&path, &query.key, points)?,
            None => app.store.series(&path, &query.key)?,
        };
        let mut bytes = Vec::with_capacity(8 + 16 * series.steps.len());
        bytes.extend_from_slice(&(series.steps.len() as u64).to_le_bytes());
        series.steps.iter().for_each(|step| bytes.extend_from_slice(&step.to_le_bytes()));
        series.values.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        Ok(bytes)
    });
    Ok(([(CONTENT_TYPE, "application/octet-stream")], bytes.await?).into_response())
}

#[derive(Deserialize)]
pub struct RowsParameters {
    table: Option<String>,
    from_step: Option<i64>,
    to_step: Option<i64>,
    keys: Option<String>,
    branch: Option<usize>,
}

/// Rows, a JSON object a line, however many there are.
pub async fn rows(
    State(app): State<App>,
    Path(raw): RunRef,
    Query(query): Query<RowsParameters>,
) -> Answer<Response> {
    let path = existing(&app, &raw).await?;
    let keys = query.keys.map(|keys| keys.split(',').map(str::to_owned).collect::<Vec<_>>());
    let table = match query.table.as_deref() {
        None | Some("history") => Table::History,
        Some("system") => Table::System,
        Some("console") => Table::Console,
        Some(other) => {
            return Err(Failure::bad(format!("there is no table {other:?}: use history, system or console")));
        }
    };
    let branch = match query.branch {
        None => None,
        Some(number) => Some(earlier_branch(&app, &path, number).await?),
    };
    let (from, to) = (query.from_step.unwrap_or(i64::MIN), query.to_step.unwrap_or(i64::MAX));
    Ok(stream("application/x-ndjson", move |send| {
        if table != Table::History {
            return lines_of(&app.store, &path, table, &mut |row| send(line(&row, keys.as_deref())));
        }
        let mut next = Some(from);
        while let Some(from_step) = next {
            let query = RowsQuery { from_step, to_step: to, keys: keys.clone(), limit: ROWS_PAGE, branch };
            let (page, after) = app.store.rows(&path, &query)?;
            let mut text = String::new();
            page.iter().for_each(|row| text += &line(row, None));
            if !send(text) {
                return Ok(());
            }
            next = after;
        }
        Ok(())
    }))
}

/// The number of a branch as the store has it, from 0.
async fn earlier_branch(app: &App, path: &RunPath, number: usize) -> Answer<usize> {
    let (store, of) = (app.store.clone(), path.clone());
    let count = blocking(move || store.branches(&of)).await?.len();
    let branch = number.checked_sub(1).filter(|branch| *branch < count);
    branch.ok_or_else(|| {
        Failure::new(StatusCode::NOT_FOUND, format!("run {path} has no earlier branch {number}"))
            .hint("`pannier runs branches RUN` lists them; without a branch the run is read as it is")
    })
}

/// The branches that a run left behind when it began again.
pub async fn branches(State(app): State<App>, Path(raw): RunRef) -> Answer<Json<JsonValue>> {
    let path = existing(&app, &raw).await?;
    let steps = blocking(move || app.store.branches(&path)).await?;
    let branch = |(at, step): (usize, i64)| json!({"branch": at + 1, "left_at_step": step});
    Ok(Json(json!({"branches": steps.into_iter().enumerate().map(branch).collect::<Vec<_>>()})))
}

/// Console lines that may still be written again, or come, while later ones are
/// there.
const CONSOLE_WINDOW: usize = 256;

/// The console as text; a line that was written again is its last form.
pub async fn console(State(app): State<App>, Path(raw): RunRef) -> Answer<Response> {
    let path = existing(&app, &raw).await?;
    Ok(stream("text/plain; charset=utf-8", move |send| {
        let mut window: BTreeMap<(i64, String), String> = BTreeMap::new();
        lines_of(&app.store, &path, Table::Console, &mut |row| {
            let (number, text) = console_line(row);
            window.insert(number, text);
            let settled = if window.len() > CONSOLE_WINDOW { window.pop_first() } else { None };
            settled.is_none_or(|(_, text)| send(text + "\n"))
        })?;
        window.into_values().all(|text| send(text + "\n"));
        Ok(())
    }))
}

/// A line's number, with the name of its writer where there are several, and its
/// text.
fn console_line(row: Row) -> ((i64, String), String) {
    let (mut number, mut label, mut line) = (-1, String::new(), String::new());
    for (key, value) in row.cells {
        match (key.as_str(), value) {
            ("line", Value::I64(n)) => number = n,
            ("label", Value::Text(text)) => label = text,
            ("text", Value::Text(text)) => line = text,
            _ => {}
        }
    }
    ((number, label), line)
}

/// Hands every row of a table over, in order, until `take` has enough.
fn lines_of(
    store: &Store,
    path: &RunPath,
    table: Table,
    take: &mut dyn FnMut(Row) -> bool,
) -> crate::store::Result<()> {
    for (block, _) in store.blocks_with(path, table)? {
        for row in store.block_rows(block, table)? {
            if !take(row) {
                return Ok(());
            }
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "seconds with microseconds, as W&B gives them")]
fn line(row: &Row, keys: Option<&[String]>) -> String {
    let mut map = Map::new();
    if row.table == Table::History {
        map.insert("_step".into(), JsonValue::from(row.step));
    }
    map.insert("_timestamp".into(), float_to_json(row.time_us as f64 / 1e6));
    for (key, value) in &row.cells {
        if keys.is_none_or(|keys| keys.contains(key)) {
            map.insert(key.clone(), value.to_json());
        }
    }
    JsonValue::Object(map).to_string() + "\n"
}

/// Streams what a blocking producer sends, a few pieces ahead of the reader.
/// `send` says whether anyone still listens. A failure cuts the answer short,
/// which the reader's HTTP client reports.
pub(super) fn stream(
    content_type: &'static str,
    produce: impl FnOnce(&mut dyn FnMut(String) -> bool) -> crate::store::Result<()> + Send + 'static,
) -> Response {
    let (pieces, mut queue) = mpsc::channel::<Result<Bytes, std::io::Error>>(4);
    tokio::task::spawn_blocking(move || {
        let mut waiting = String::new();
        let mut send = |text: String| {
            waiting += &text;
            if waiting.len() < 64 << 10 {
                return true;
            }
            pieces.blocking_send(Ok(Bytes::from(std::mem::take(&mut waiting)))).is_ok()
        };
        let result = produce(&mut send);
        // The reader may be gone; then nobody wants the rest.
        let _ = pieces.blocking_send(Ok(Bytes::from(waiting)));
        if let Err(error) = result {
            tracing::error!("an answer was cut short: {error}");
            let _ = pieces.blocking_send(Err(std::io::Error::other(error.to_string())));
        }
    });
    let body = Body::from_stream(futures_util::stream::poll_fn(move |context| queue.poll_recv(context)));
    ([(CONTENT_TYPE, content_type)], body).into_response()
}
