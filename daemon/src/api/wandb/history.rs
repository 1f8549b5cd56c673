//! Rows of a run's tables, as W&B's clients ask for them.

use std::io::Write;
use std::sync::Arc;

use async_graphql::Result;
use pannier_proto::record::{Row, Table};
use pannier_proto::request::{MetricView, RunView};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::Ask;
use super::scalar::JsonString;
use crate::limits::{ANSWER_ROWS_MAX, ROWS_PAGE};
use crate::store::{self, RowsQuery, Store};
use crate::wandb::parquet::{Schema, Writer};
use crate::wandb::rows;

/// Rows of one group of a Parquet file, which are in memory together.
const PARQUET_GROUP: usize = 16 << 10;
/// The rows of a sample that names no number: W&B's own default.
const SAMPLES: usize = 500;

fn count(asked: Option<i64>, default: usize) -> usize {
    asked.map_or(default, |asked| usize::try_from(asked).unwrap_or(0)).min(ANSWER_ROWS_MAX)
}

/// `historyKeys`: each metric, what it holds, and the last step.
pub fn keys(run: &RunView, metrics: Vec<MetricView>) -> Json {
    let entry = |kind: &str, count: u64, last: Json| {
        json!({
            "typeCounts": [{ "type": kind, "count": count }],
            "monotonic": false,
            "previousValue": last,
        })
    };
    let mut keys = Map::new();
    for metric in metrics {
        let kind = match &metric.last {
            Json::String(text) if !["NaN", "Infinity", "-Infinity"].contains(&text.as_str()) => "string",
            Json::Bool(_) => "boolean",
            Json::Object(object) => object.get("_type").and_then(Json::as_str).unwrap_or("map"),
            Json::Array(_) => "list",
            Json::Null => "nil",
            Json::Number(_) | Json::String(_) => "number",
        };
        let kind = kind.to_owned();
        keys.insert(metric.key, entry(&kind, metric.count.max(1), metric.last));
    }
    if let Some(step) = run.last_step {
        for own in ["_step", "_runtime", "_timestamp"] {
            keys.entry(own).or_insert_with(|| entry("number", run.history_rows, Json::from(step)));
        }
    }
    json!({ "sets": [], "keys": keys, "lastStep": run.last_step.unwrap_or(-1) })
}

/// Lines of history: a range of steps, its end excluded, or a sample of all.
pub async fn lines(
    ask: &Ask,
    run: &Arc<RunView>,
    samples: Option<i32>,
    (min, max): (Option<i64>, Option<i64>),
) -> Result<Vec<JsonString>> {
    let run = run.clone();
    let limit = count(samples.map(i64::from), SAMPLES);
    let found = ask.read(move |store| {
        let rows = match max {
            Some(max) => range(store, &run, (min.unwrap_or(0), max.saturating_sub(1)), None, limit)?,
            None => sample(store, &run, (min.unwrap_or(i64::MIN), i64::MAX), None, limit)?,
        };
        Ok(rows.iter().map(|row| line(row, &run)).collect())
    });
    found.await
}

/// Lines of host metrics: a sample of all.
pub async fn system_lines(ask: &Ask, run: &Arc<RunView>, samples: Option<i32>) -> Result<Vec<JsonString>> {
    let run = run.clone();
    let limit = count(samples.map(i64::from), SAMPLES);
    let found = ask.read(move |store| {
        let mut thinned = Thinned::new(limit);
        for (block, _) in store.blocks_with(&run.path, Table::System)? {
            store.block_rows(block, Table::System)?.into_iter().for_each(|row| thinned.push(row));
        }
        Ok(thinned.finish().iter().map(|row| line(row, &run)).collect())
    });
    found.await
}

fn line(row: &Row, run: &RunView) -> JsonString {
    let mut text = String::new();
    rows::write_line(row, run.created_us, &mut text);
    JsonString(text)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    keys: Vec<String>,
    samples: Option<i64>,
    min_step: Option<i64>,
    max_step: Option<i64>,
}

/// For each spec the rows that have all of its keys: a range of steps, its end
/// included, or a sample of all.
pub async fn sampled(
    ask: &Ask,
    run: &Arc<RunView>,
    specs: &[JsonString],
) -> Result<Vec<Vec<async_graphql::Json<Json>>>> {
    let mut answers = Vec::new();
    for spec in specs {
        let spec: Spec = serde_json::from_str(&spec.0)
            .map_err(|error| format!("the spec of a sample is no JSON: {error}"))?;
        let run = run.clone();
        let limit = count(spec.samples, SAMPLES);
        let found = ask.read(move |store| {
            let keys = (!spec.keys.is_empty()).then_some(spec.keys);
            let rows = match (spec.min_step, spec.max_step) {
                (None, None) => sample(store, &run, (i64::MIN, i64::MAX), keys.as_deref(), limit)?,
                (min, max) => {
                    let (min, max) = (min.unwrap_or(i64::MIN), max.unwrap_or(i64::MAX));
                    // Clients up to 0.26 give the step behind the last: their pages
                    // span one step more than they have rows.
                    let behind = max.saturating_sub(min) >= i64::try_from(limit).unwrap_or(i64::MAX);
                    let steps =
                        (min, if spec.max_step.is_some() && behind { max.saturating_sub(1) } else { max });
                    range(store, &run, steps, keys.as_deref(), limit)?
                }
            };
            let wanted = |key: &str| keys.as_ref().is_none_or(|keys| keys.iter().any(|wanted| wanted == key));
            Ok(rows
                .iter()
                .map(|row| async_graphql::Json(rows::to_json(row, run.created_us, wanted)))
                .collect())
        });
        answers.push(found.await?);
    }
    Ok(answers)
}

/// Hands over the rows of a range of steps, both ends included, that have all of
/// the keys, until `take` has enough.
fn each(
    store: &Store,
    run: &RunView,
    (from, to): (i64, i64),
    keys: Option<&[String]>,
    page: usize,
    take: &mut dyn FnMut(Row) -> bool,
) -> store::Result<()> {
    // The client's own are in every row; what is left may be none.
    let stored = keys.map(|keys| keys.iter().filter(|key| !["_step", "_timestamp"].contains(&key.as_str())));
    let stored = stored.map(|keys| keys.cloned().collect::<Vec<_>>()).filter(|keys| !keys.is_empty());
    // Our own client's rows have no `_runtime`, and are none the worse for it.
    let only_runtime = stored.as_ref().is_some_and(|keys| keys.iter().all(|key| key == "_runtime"));
    let mut next = Some(from);
    while let Some(from_step) = next {
        let keys_read = stored.clone().filter(|_| !only_runtime);
        let query = RowsQuery { from_step, to_step: to, keys: keys_read, ..RowsQuery::all(page) };
        let (found, after) = store.rows(&run.path, &query)?;
        for row in found {
            if keys.is_none_or(|keys| keys.iter().all(|key| rows::has(&row, key))) && !take(row) {
                return Ok(());
            }
        }
        next = after;
    }
    Ok(())
}

fn range(
    store: &Store,
    run: &RunView,
    steps: (i64, i64),
    keys: Option<&[String]>,
    limit: usize,
) -> store::Result<Vec<Row>> {
    let mut found = Vec::new();
    if limit > 0 {
        each(store, run, steps, keys, limit.min(ROWS_PAGE), &mut |row| {
            found.push(row);
            found.len() < limit
        })?;
    }
    Ok(found)
}

fn sample(
    store: &Store,
    run: &RunView,
    steps: (i64, i64),
    keys: Option<&[String]>,
    limit: usize,
) -> store::Result<Vec<Row>> {
    let mut thinned = Thinned::new(limit);
    each(store, run, steps, keys, ROWS_PAGE, &mut |row| {
        thinned.push(row);
        true
    })?;
    Ok(thinned.finish())
}

/// Writes a run's whole history as Parquet.
///
/// # Errors
/// For people: what cannot be read or written.
pub fn write_parquet(
    store: &Store,
    run: &RunView,
    sink: impl Write + Send,
) -> std::result::Result<(), String> {
    let kinds = store.column_kinds(&run.path).map_err(|error| error.to_string())?;
    let schema: Schema = kinds.into_iter().collect();
    let mut writer = Writer::new(sink, &schema, run.created_us).map_err(|error| error.to_string())?;
    let mut group = Vec::new();
    let mut failed = None;
    let read = each(store, run, (i64::MIN, i64::MAX), None, ROWS_PAGE, &mut |row| {
        group.push(row);
        if group.len() == PARQUET_GROUP {
            failed = writer.write(&group).err();
            group.clear();
        }
        failed.is_none()
    });
    read.map_err(|error| error.to_string())?;
    match failed {
        Some(error) => return Err(error.to_string()),
        None if !group.is_empty() => writer.write(&group).map_err(|error| error.to_string())?,
        None => {}
    }
    let mut sink = writer.finish().map_err(|error| error.to_string())?;
    sink.flush().map_err(|error| error.to_string())
}

/// Of however many rows about so many, evenly, the first and the last among
/// them; in the memory of twice as many.
struct Thinned {
    limit: usize,
    stride: usize,
    seen: usize,
    kept: Vec<Row>,
    last: Option<Row>,
}

impl Thinned {
    fn new(limit: usize) -> Self {
        Self { limit, stride: 1, seen: 0, kept: Vec::new(), last: None }
    }

    fn push(&mut self, row: Row) {
        if self.seen.is_multiple_of(self.stride) {
            self.kept.push(row);
            self.last = None;
            if self.kept.len() > 2 * self.limit {
                let mut nth = 0;
                self.kept.retain(|_| {
                    nth += 1;
                    nth % 2 == 1
                });
                self.stride *= 2;
            }
        } else {
            self.last = Some(row);
        }
        self.seen += 1;
    }

    fn finish(mut self) -> Vec<Row> {
        self.kept.extend(self.last);
        let (len, limit) = (self.kept.len(), self.limit);
        if len <= limit {
            return self.kept;
        }
        let mut wanted = (0..limit).map(|nth| nth * (len - 1) / limit.saturating_sub(1).max(1)).peekable();
        let mut at = 0;
        self.kept.retain(|_| {
            let keep = wanted.next_if_eq(&at).is_some();
            at += 1;
            keep
        });
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thinned(rows: i64, limit: usize) -> Vec<i64> {
        let mut thinned = Thinned::new(limit);
        for step in 0..rows {
            thinned.push(Row { table: Table::History, step, time_us: 0, cells: Vec::new() });
        }
        thinned.finish().iter().map(|row| row.step).collect()
    }

    #[test]
    fn a_sample_is_even_and_has_both_ends() {
        assert_eq!(thinned(3, 5), [0, 1, 2]);
        assert_eq!(thinned(8, 4), [0, 2, 4, 7]);
        assert_eq!(thinned(0, 4), [] as [i64; 0]);
        assert_eq!(thinned(9, 0), [] as [i64; 0]);
        for rows in [100, 999, 1000, 1001, 54_321] {
            let steps = thinned(rows, 50);
            assert_eq!((steps.len(), steps[0], steps[49]), (50, 0, rows - 1), "{rows}");
            let gaps: Vec<_> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let (low, high) = (gaps.iter().min().unwrap(), gaps.iter().max().unwrap());
            assert!(*low > 0 && *high <= 2 * rows / 49 + 2, "{rows}: {gaps:?}");
        }
    }
}
