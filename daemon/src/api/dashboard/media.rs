//! What was logged under a key that is no number: images, tables, histograms, …

use axum::Json;
use axum::extract::{Path, Query, State};
use pannier_proto::dashboard::{MediaItem, MediaList};
use pannier_proto::id::RunPath;
use pannier_proto::value::Value;
use serde::Deserialize;
use serde_json::{Map, Value as JsonValue};

use crate::api::open::existing;
use crate::api::respond::Answer;
use crate::api::{App, blocking};
use crate::limits::ROWS_PAGE;
use crate::store::{self, RowsQuery, Store};

/// Items of one answer, at most; of more, the newest.
const ITEMS_MAX: usize = 10_000;

#[derive(Deserialize)]
pub struct Of {
    key: String,
}

/// `GET /v1/runs/ENTITY/PROJECT/RUN/media?key=`.
pub async fn list(
    State(app): State<App>,
    Path(raw): Path<(String, String, String)>,
    Query(Of { key }): Query<Of>,
) -> Answer<Json<MediaList>> {
    let path = existing(&app, &raw).await?;
    Ok(Json(MediaList { items: blocking(move || items(&app.store, &path, &key)).await? }))
}

fn items(store: &Store, path: &RunPath, key: &str) -> store::Result<Vec<MediaItem>> {
    let mut items = Vec::new();
    let mut next = Some(i64::MIN);
    while let Some(from_step) = next {
        let keys = Some(vec![key.to_owned()]);
        let (rows, after) = store.rows(path, &RowsQuery { from_step, keys, ..RowsQuery::all(ROWS_PAGE) })?;
        for row in rows {
            let values = row.cells.into_iter().filter_map(|(_, value)| object(value));
            items.extend(values.map(|value| MediaItem { step: row.step, value }));
        }
        next = after;
    }
    items.drain(..items.len().saturating_sub(ITEMS_MAX));
    Ok(items)
}

fn object(value: Value) -> Option<Map<String, JsonValue>> {
    let Value::Json(text) = value else { return None };
    serde_json::from_str(&text).ok()
}
