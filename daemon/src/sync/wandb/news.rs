//! What a run's records come to for the server: read from the store, nothing sent.

use std::collections::BTreeMap;

use pannier_proto::id::{Origin, RunPath, Seq};
use pannier_proto::record::{Change, Record, Row, RunState as Alive, Table};
use pannier_proto::request::RunView;
use pannier_proto::value::Value;

use super::state::{self, RunState};
use crate::block::Block;
use crate::store::{self, RowsQuery, Store, StoreError};
use crate::sync::remote::StreamPush;

/// About how many bytes of the log are looked at a time.
const LOOK_BYTES: usize = 1 << 20;
/// Rows of one page.
const PAGE: usize = 10_000;

/// A run as it is here, and as it is known to be there.
pub struct Loaded {
    /// How far it is there.
    pub state: RunState,
    /// The run; none where it was deleted.
    pub run: Option<RunView>,
    /// Its streams' ids here, and whose they are.
    pub streams: Vec<(i64, Origin)>,
    /// Where they end.
    pub ends: BTreeMap<Origin, Seq>,
}

impl Loaded {
    /// Reads one. Blocking.
    ///
    /// # Errors
    /// As the store's.
    pub fn read(store: &Store, remote: &str, path: &RunPath) -> store::Result<Self> {
        let state = state::load(store, remote, path)?;
        // The run first: what comes in between is looked at next time.
        let run = match path.is_workspace() {
            true => None,
            false => match store.run(path) {
                Ok(run) => Some(run),
                Err(StoreError::Missing(_)) => None,
                Err(error) => return Err(error),
            },
        };
        let streams = store.streams_of(path)?;
        let ends = streams.iter().map(|(_, origin, end)| (*origin, *end)).collect();
        Ok(Self {
            state,
            run,
            streams: streams.into_iter().map(|(id, origin, _)| (id, origin)).collect(),
            ends,
        })
    }

    /// Whether the run is being written.
    pub fn live(&self) -> bool {
        self.run.as_ref().is_some_and(|run| matches!(run.state, Alive::Running | Alive::Pending))
    }
}

/// What has come since history was sent last and is about steps that have gone.
#[derive(Default)]
pub struct Behind {
    /// The least step at which the run began again.
    pub rewind: Option<i64>,
    /// Rows of steps that have gone, by step.
    pub late: BTreeMap<i64, Row>,
}

impl Behind {
    /// Looks for it. Blocking.
    ///
    /// # Errors
    /// As the store's.
    pub fn read(store: &Store, loaded: &Loaded) -> store::Result<Self> {
        let mut behind = Self::default();
        let Some(gone) = loaded.state.step else { return Ok(behind) };
        let mut rows: Vec<Row> = Vec::new();
        for (stream, origin) in &loaded.streams {
            let mut after = loaded.state.seen.get(origin).copied().unwrap_or(0);
            let end = loaded.ends.get(origin).copied().unwrap_or(0);
            while after < end {
                let found = store.log_after(*stream, after, LOOK_BYTES)?;
                let Some(last) = found.last().map(|block| block.last_seq) else { break };
                for found in found {
                    let block = Block::decode(&found.encoded).map_err(|source| StoreError::Damaged {
                        block: 0,
                        run: 0,
                        source,
                    })?;
                    if needs_look(&block, gone) {
                        behind.take(block, gone, &mut rows);
                    }
                }
                after = last;
            }
        }
        let kept = behind.rewind.map_or(gone, |step| gone.min(step.saturating_sub(1)));
        for row in rows.into_iter().filter(|row| row.step <= kept) {
            merge(&mut behind.late, row);
        }
        Ok(behind)
    }

    fn take(&mut self, block: Block, gone: i64, rows: &mut Vec<Row>) {
        for record in block.into_records() {
            match record {
                Record::Row(row) if row.table == Table::History && row.step <= gone => rows.push(row),
                Record::Change(Change::Rewind { step }) if step <= gone => {
                    self.rewind = Some(self.rewind.map_or(step, |known| known.min(step)));
                }
                _ => {}
            }
        }
    }
}

/// Mostly there is nothing behind, and a block need not be taken apart to know it.
fn needs_look(block: &Block, gone: i64) -> bool {
    block.rows(Table::History).steps.iter().any(|step| *step <= gone)
        || block.changes().iter().any(|change| matches!(change, Change::Rewind { .. }))
}

fn merge(rows: &mut BTreeMap<i64, Row>, row: Row) {
    let Some(known) = rows.get_mut(&row.step) else {
        rows.insert(row.step, row);
        return;
    };
    known.time_us = row.time_us;
    for (key, value) in row.cells {
        known.cells.retain(|(other, _): &(String, Value)| *other != key);
        known.cells.push((key, value));
    }
}

/// A pushed block, sorted by where its records go.
#[derive(Default)]
pub struct Sorted {
    /// Whose records.
    pub origin: Option<Origin>,
    /// The last of them.
    pub last_seq: Seq,
    /// The greatest step of its history.
    pub max_step: Option<i64>,
    /// The machine's metrics.
    pub system: Vec<Row>,
    /// Console lines.
    pub console: Vec<Row>,
    /// Everything else.
    pub changes: Vec<Change>,
}

impl Sorted {
    /// Sorts one; what is wrong with it where it cannot be read.
    pub fn read(push: &StreamPush) -> Result<Self, String> {
        let block = Block::decode(&push.block).map_err(|error| error.to_string())?;
        let mut sorted = Self {
            origin: Some(push.id.origin),
            last_seq: (push.first_seq + block.len() as u64).saturating_sub(1),
            max_step: block.rows(Table::History).steps.iter().max().copied(),
            ..Self::default()
        };
        for record in block.into_records() {
            match record {
                Record::Row(row) if row.table == Table::System => sorted.system.push(row),
                Record::Row(row) if row.table == Table::Console => sorted.console.push(row),
                Record::Row(_) => {}
                Record::Change(change) => sorted.changes.push(change),
            }
        }
        Ok(sorted)
    }
}

/// The next rows of history, after a step and up to another, and whether there
/// may be more. Blocking.
///
/// # Errors
/// As the store's.
pub fn rows(store: &Store, path: &RunPath, after: Option<i64>, upto: i64) -> store::Result<(Vec<Row>, bool)> {
    let from_step = after.map_or(i64::MIN, |step| step.saturating_add(1));
    if from_step > upto {
        return Ok((Vec::new(), false));
    }
    let query = RowsQuery { from_step, to_step: upto, ..RowsQuery::all(PAGE) };
    let (rows, next) = store.rows(path, &query)?;
    Ok((rows, next.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: i64, key: &str, value: i64) -> Row {
        Row { table: Table::History, step, time_us: step, cells: vec![(key.to_owned(), Value::I64(value))] }
    }

    #[test]
    fn late_rows_of_one_step_are_one() {
        let mut rows = BTreeMap::new();
        for late in [row(3, "a", 1), row(3, "b", 2), row(3, "a", 5), row(2, "a", 0)] {
            merge(&mut rows, late);
        }
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[&3].cells, [("b".to_owned(), Value::I64(2)), ("a".to_owned(), Value::I64(5))]);
    }

    #[test]
    fn what_is_behind_is_found() {
        let mut block = Block::default();
        for step in [5, 6, 2] {
            block.push_row(row(step, "a", 0));
        }
        assert!(needs_look(&block, 4) && !needs_look(&block, 1));
        block.push_change(Change::Rewind { step: 4 });
        let (mut behind, mut rows) = (Behind::default(), Vec::new());
        behind.take(block, 5, &mut rows);
        assert_eq!((behind.rewind, rows.len()), (Some(4), 2));
    }
}
