//! What a run's records come to for the server: read from the store, nothing sent.

use std::collections::{BTreeMap, BTreeSet};

use pannier_proto::id::{Origin, RunPath, Seq};
use pannier_proto::record::{Change, Record, Row, RunState as Alive, Table};
use pannier_proto::request::RunView;

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
    /// Steps that have gone and of which rows came late.
    pub late: BTreeSet<i64>,
}

impl Behind {
    /// Looks for it. Blocking.
    ///
    /// # Errors
    /// As the store's.
    pub fn read(store: &Store, loaded: &Loaded) -> store::Result<Self> {
        let mut behind = Self::default();
        let Some(gone) = loaded.state.step else { return Ok(behind) };
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
                    behind.take(&block, gone);
                }
                after = last;
            }
        }
        if let Some(step) = behind.rewind {
            behind.late.retain(|late| *late < step);
        }
        Ok(behind)
    }

    fn take(&mut self, block: &Block, gone: i64) {
        self.late.extend(block.rows(Table::History).steps.iter().filter(|step| **step <= gone));
        let again = block.changes().iter().filter_map(|change| match change {
            Change::Rewind { step } => Some(*step),
            // A job that was queued again: its earlier life's rows leave the view.
            Change::Begin { start_step, job: Some(job), .. } if job.attempt > 0 => Some(*start_step),
            _ => None,
        });
        let again = again.filter(|step| *step <= gone);
        self.rewind = again.chain(self.rewind).min();
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
    use pannier_proto::job::JobLife;
    use pannier_proto::record::RunFields;

    fn begin(start_step: i64, attempt: u64) -> Change {
        let job = Some(JobLife { job: "j".to_owned(), attempt });
        Change::Begin { time_us: 1, fields: RunFields::default(), start_step, resumed: false, job }
    }

    #[test]
    fn what_is_behind_is_found() {
        let mut block = Block::default();
        for step in [5, 6, 2] {
            block.push_row(Row { table: Table::History, step, time_us: 1, cells: Vec::new() });
        }
        block.push_change(begin(0, 0));
        let mut behind = Behind::default();
        behind.take(&block, 1);
        assert_eq!((behind.rewind, behind.late.len()), (None, 0));
        behind.take(&block, 5);
        assert_eq!((behind.rewind, behind.late), (None, BTreeSet::from([2, 5])));
        for (change, step) in [(Change::Rewind { step: 4 }, 4), (begin(3, 1), 3), (begin(6, 2), 3)] {
            block.push_change(change);
            let mut behind = Behind::default();
            behind.take(&block, 5);
            assert_eq!(behind.rewind, Some(step));
        }
    }
}
