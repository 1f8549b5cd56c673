//! Where records enter that come from no journal: posted lines, the daemon's
//! own samples, what it gathers about a program, and what W&B's clients send.

pub mod artifact;
pub mod file;
pub mod local;
pub mod registry;
pub mod stream;
pub mod upsert;
pub mod views;

use std::sync::Arc;

use pannier_proto::id::{Origin, RunPath};
use pannier_proto::record::{Change, Record, Row, RunState, Table};
use pannier_proto::request::{RecordLine, RunView};
use pannier_proto::value::Value;
use serde_json::{Map, Value as Json};

use crate::block::Block;
use crate::clock::now_us;
use crate::store::{Appended, Incoming, LinePosition, Result, Store, StoreError, Tx};

/// Appends records of this home's own to a run.
///
/// # Errors
/// [`StoreError`].
pub async fn append(store: &Arc<Store>, path: &RunPath, records: Vec<Record>) -> Result<Appended> {
    let (path, origin) = (path.clone(), store.origin());
    store
        .write(move |tx| {
            let mut block = Block::default();
            records.into_iter().for_each(|record| block.push(record));
            tx.append(Incoming { path, origin, first_seq: None, block, encoded: None }, now_us())
        })
        .await
}

/// [`append`] within a transaction; nothing to append is no record.
pub fn append_in(tx: &Tx, path: &RunPath, origin: Origin, block: Block, now_us: i64) -> Result<()> {
    if !block.is_empty() {
        let path = path.clone();
        tx.append(Incoming { path, origin, first_seq: None, block, encoded: None }, now_us)?;
    }
    Ok(())
}

/// The run within a transaction; `None` where nobody has heard of it yet.
fn known_run(tx: &Tx, path: &RunPath) -> Result<Option<RunView>> {
    match tx.run(path) {
        Err(StoreError::Missing(_)) => Ok(None),
        found => found.map(Some),
    }
}

/// Appends the lines that a writer posted, those of them that are new: the
/// first is number `first`. Returns the number of the line to send next.
///
/// # Errors
/// [`StoreError::Conflict`] where lines are missing between what came before
/// and these.
pub async fn append_lines(
    store: &Arc<Store>,
    path: &RunPath,
    writer: &str,
    first: u64,
    lines: Vec<RecordLine>,
) -> Result<u64> {
    let (path, writer, origin) = (path.clone(), writer.to_owned(), store.origin());
    store
        .write(move |tx| {
            let now = now_us();
            let at = tx.line_writer(&path, &writer, now)?;
            let next = at.next;
            if first > next {
                return Err(StoreError::Conflict(format!(
                    "line {first} of writer {writer:?} comes before line {next}"
                )));
            }
            let known = usize::try_from(next - first).unwrap_or(usize::MAX);
            let mut step = tx.run(&path)?.last_step.map_or(0, |last| last.saturating_add(1));
            let mut block = Block::default();
            let mut after = next;
            for line in lines.into_iter().skip(known) {
                block.push(record(line, after, &mut step, now));
                after += 1;
            }
            if !block.is_empty() {
                append_in(tx, &path, origin, block, now)?;
                tx.set_line_writer(&path, &writer, LinePosition { next: after, ..at }, now)?;
            }
            Ok(after)
        })
        .await
}

/// Ends a run by word of whoever posts its lines.
///
/// # Errors
/// [`StoreError`].
pub async fn finish(store: &Arc<Store>, path: &RunPath, exit_code: i32) -> Result<()> {
    let state = if exit_code == 0 { RunState::Finished } else { RunState::Failed };
    let end = Change::End { time_us: now_us(), state, exit_code: Some(exit_code) };
    append(store, path, vec![Record::Change(end)]).await?;
    let path = path.clone();
    store.write(move |tx| tx.seal_run(&path)).await
}

#[expect(clippy::cast_possible_wrap, reason = "line numbers are far below 2^63")]
fn record(line: RecordLine, number: u64, next_step: &mut i64, time_us: i64) -> Record {
    match line {
        RecordLine::History(line) => {
            let step = line.step.unwrap_or(*next_step);
            *next_step = (*next_step).max(step.saturating_add(1));
            let mut cells = Vec::new();
            flatten("", &line.row, &mut cells);
            Record::Row(Row { table: Table::History, step, time_us, cells })
        }
        RecordLine::Config(set) => Record::Change(Change::Config { set, remove: Vec::new() }),
        RecordLine::Summary(set) => Record::Change(Change::Summary { set, remove: Vec::new() }),
        RecordLine::Console(line) => Record::Row(Row {
            table: Table::Console,
            step: 0,
            time_us,
            cells: vec![
                ("line".into(), Value::I64(number as i64)),
                ("stream".into(), Value::I64(i64::from(line.stderr))),
                ("text".into(), Value::Text(line.text)),
            ],
        }),
    }
}

/// Nested objects become dotted keys, as W&B makes them.
fn flatten(prefix: &str, map: &Map<String, Json>, cells: &mut Vec<(String, Value)>) {
    for (key, value) in map {
        let key = if prefix.is_empty() {
            key.replace('\0', "\u{fffd}")
        } else {
            format!("{prefix}.{}", key.replace('\0', "\u{fffd}"))
        };
        match value {
            // An object with a type is a value of its own: a histogram, an image.
            Json::Object(inner) if !inner.contains_key("_type") => flatten(&key, inner, cells),
            value => cells.push((key, Value::from_json(value))),
        }
    }
}
