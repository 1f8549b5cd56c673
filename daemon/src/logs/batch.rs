//! What a log's records come to until they are committed: lines as core would
//! post them, and how far they bring the log, in one transaction.

use pannier_proto::id::RunPath;
use serde_json::{Map, Value as Json};

use super::Trouble;
use crate::clock::now_us;
use crate::ingest::stream::{post_in, writer};
use crate::ingest::upsert::alerts_in;
use crate::limits::{SEAL_POINTS, SEAL_RECORDS};
use crate::store::{LogId, LogPosition, Result, Store, StoreError, Tx};
use crate::wandb::file_stream::{ConsoleLine, HISTORY, Lines, Post, Row, SYSTEM};

/// Bytes of a log after which what it said is committed, however little that is.
pub const BYTES_MAX: u64 = 16 << 20;

/// Lines, and what else is committed with them.
#[derive(Default)]
pub struct Batch {
    /// Rows of history.
    pub history: Vec<std::result::Result<Row, String>>,
    /// Rows of host metrics.
    pub system: Vec<std::result::Result<Row, String>>,
    /// Console lines, by number in the log.
    pub console: Vec<(u64, ConsoleLine)>,
    /// The whole summary, where it changed.
    pub summary: Option<Map<String, Json>>,
    /// Messages for people.
    pub alerts: Vec<Json>,
    /// The program was told to go.
    pub preempting: bool,
    /// The program ended.
    pub ended: Option<i32>,
    /// When the last of it was.
    pub time_us: Option<i64>,
    /// It is of a life that is over.
    pub late: bool,
    /// Cells of its rows.
    pub cells: usize,
}

/// A batch on its way, and where it begins and ends in the log.
pub struct Commit {
    /// Of which run.
    pub run: RunPath,
    /// Of which log.
    pub log: LogId,
    /// The position that it goes on from.
    pub from: LogPosition,
    /// The position that it leads to.
    pub to: LogPosition,
    /// What is in between.
    pub batch: Batch,
}

impl Batch {
    /// Whether it is time to commit it; `bytes`: of the log, since the last commit.
    #[must_use]
    pub fn is_full(&self, bytes: u64) -> bool {
        self.history.len() >= SEAL_RECORDS
            || self.system.len() >= SEAL_RECORDS
            || self.console.len() >= SEAL_RECORDS
            || self.cells >= SEAL_POINTS
            || bytes >= BYTES_MAX
    }

    /// Takes in a row of history.
    pub fn push_history(&mut self, row: std::result::Result<Row, String>) {
        self.cells += row.as_ref().map_or(0, |row| row.cells.len());
        self.history.push(row);
    }
}

impl Commit {
    /// Commits it. Returns how many rows of history are new.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where somebody else took the log further meanwhile.
    pub async fn commit(self, store: &Store) -> Result<u64, Trouble> {
        Ok(store.write(move |tx| self.commit_in(tx)).await?)
    }

    fn commit_in(self, tx: &Tx) -> Result<u64> {
        let Self { run, log, from, to, mut batch } = self;
        if tx.log_position(&run, &log)?.unwrap_or_default().offset != from.offset {
            return Err(StoreError::Conflict(format!(
                "the log of run {run} was taken further by somebody else meanwhile; ask again"
            )));
        }
        let now = now_us();
        let rows = |tx: &Tx| match tx.run(&run) {
            Ok(run) => Ok(run.history_rows),
            Err(StoreError::Missing(_)) => Ok(0),
            Err(error) => Err(error),
        };
        let before = rows(tx)?;
        let next = |tx: &Tx, file: &str, count: u64| {
            if count == 0 && !to.joins {
                return Ok(0);
            }
            let next = tx.line_writer(&run, &writer("", file), now)?.next;
            match to.joins || next == count {
                // What is lacking comes behind what is there.
                true => Ok(next),
                // Somebody else counts the same lines, and these would pass for his.
                false => Err(StoreError::Conflict(format!(
                    "lines of run {run} came by another door meanwhile; ask again"
                ))),
            }
        };
        let history = (!batch.history.is_empty())
            .then(|| {
                Ok::<_, StoreError>(Lines { offset: next(tx, HISTORY, from.rows)?, lines: batch.history })
            })
            .transpose()?;
        let system = (!batch.system.is_empty())
            .then(|| {
                Ok::<_, StoreError>(Lines { offset: next(tx, SYSTEM, from.system)?, lines: batch.system })
            })
            .transpose()?;
        let (time_us, late) = (batch.time_us, batch.late);
        let mut console = stretches(std::mem::take(&mut batch.console), to.console_base);
        let last = console.pop();
        for lines in console {
            post_in(tx, &run, "", Post { console: Some(lines), time_us, late, ..Post::default() })?;
        }
        let post = Post {
            history,
            system,
            console: last,
            summary: batch.summary,
            preempting: batch.preempting,
            ended: batch.ended,
            time_us,
            late,
        };
        if post != (Post { time_us, late, ..Post::default() }) {
            post_in(tx, &run, "", post)?;
        }
        if !batch.alerts.is_empty() {
            alerts_in(tx, &run, batch.alerts)?;
        }
        tx.set_log_position(&run, &log, &to, now)?;
        Ok(rows(tx)?.saturating_sub(before))
    }
}

/// Lines by their numbers as stretches without a gap; of a line that was written
/// over, the last.
fn stretches(mut lines: Vec<(u64, ConsoleLine)>, base: u64) -> Vec<Lines<ConsoleLine>> {
    lines.sort_by_key(|(number, _)| *number);
    let mut all: Vec<Lines<ConsoleLine>> = Vec::new();
    for (number, line) in lines {
        let number = base + number;
        match all.last_mut() {
            Some(lines) if number == lines.offset + lines.lines.len() as u64 => lines.lines.push(Ok(line)),
            Some(lines) if number + 1 == lines.offset + lines.lines.len() as u64 => {
                lines.lines.pop();
                lines.lines.push(Ok(line));
            }
            _ => all.push(Lines { offset: number, lines: vec![Ok(line)] }),
        }
    }
    all
}

/// The number of the next line of one of a run's files.
///
/// # Errors
/// As the store's.
pub fn next_line(store: &Store, run: &RunPath, file: &str) -> Result<u64> {
    match store.line_writers(run, &writer("", file)) {
        Ok(found) => Ok(found.first().map_or(0, |(_, next)| *next)),
        Err(StoreError::Missing(_)) => Ok(0),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn console_lines_come_in_stretches() {
        let line =
            |text: &str| ConsoleLine { time_us: None, stderr: false, label: None, text: text.to_owned() };
        let lines = [(0, "a"), (2, "c"), (1, "b"), (2, "d"), (5, "e")].map(|(at, text)| (at, line(text)));
        let shown: Vec<_> = stretches(lines.to_vec(), 10)
            .into_iter()
            .map(|lines| {
                (lines.offset, lines.lines.into_iter().map(|line| line.unwrap().text).collect::<String>())
            })
            .collect();
        assert_eq!(shown, [(10, "abd".to_owned()), (15, "e".to_owned())]);
    }
}
