//! Owns what happens to a row between the caller and the journal: steps,
//! shapes, limits, figures, forked children. Both doors, Rust's `Run` and
//! Python's `Session`, come through here. Must not wait, raise, or know HTTP.

mod logged;

use std::path::PathBuf;

use pannier_proto::id::WriterId;
use pannier_proto::journal::{FRAME_BODY_BYTES_MAX, Open, RowWriter, put_change, put_close, put_shape};
use pannier_proto::record::{Change, RunState, Table};
use pannier_proto::summary::Definition;
use serde_json::{Map, Value as Json};

use crate::backlog::BACKLOG_BYTES_MAX;
use crate::cell::Cell;
use crate::figures::Figures;
use crate::fit::{fitting, wanted};
use crate::journal::{Journal, new_writer, now_us};
use crate::shapes::{Column, ShapeId, Shapes};
use crate::warn::{About, Warnings};

/// The largest JSON text of one change.
pub const CHANGE_BYTES_MAX: usize = FRAME_BODY_BYTES_MAX / 2;
/// A buffer that grew beyond this for one row is given back.
const BUFFER_BYTES_KEPT: usize = 4 << 20;

/// Where a row is to go.
#[derive(Debug, Clone, Copy, Default)]
pub struct At {
    /// The step, where the caller names one.
    pub step: Option<i64>,
    /// Whether the step is complete with this row. By default it is, unless
    /// the caller named the step.
    pub commit: Option<bool>,
}

/// What a finished recorder leaves behind.
#[derive(Debug)]
pub struct Ending {
    /// The writer.
    pub writer: WriterId,
    /// Its folder in the spool.
    pub folder: PathBuf,
    /// Whether the journal holds everything that was logged.
    pub written: bool,
    /// Whether this is a forked child, which ends nothing but its own journal.
    pub forked: bool,
}

/// The recorder of one run in one process.
#[derive(Debug)]
pub struct Recorder {
    pid: u32,
    forked: bool,
    finished: bool,
    journal: Journal,
    shapes: Shapes,
    figures: Figures,
    step: i64,
    behind: u64,
    snapshots: u64,
    buffer: Vec<u8>,
    words: Vec<u64>,
    /// What a person should be told; the caller takes it after each call.
    pub warnings: Warnings,
}

#[derive(PartialEq)]
enum Put {
    Done,
    TooLong,
}

impl Recorder {
    /// A recorder for the run in `open`, which starts at this step.
    #[must_use]
    pub fn new(spool: PathBuf, open: Open, step: i64, warnings: Warnings) -> Self {
        Self {
            pid: std::process::id(),
            forked: false,
            finished: false,
            journal: Journal::new(spool, open),
            shapes: Shapes::default(),
            figures: Figures::default(),
            step,
            behind: 0,
            snapshots: 0,
            buffer: Vec::new(),
            words: Vec::new(),
            warnings,
        }
    }

    /// The step that the next row without one goes to.
    #[must_use]
    pub fn step(&self) -> i64 {
        self.step
    }

    /// Whether this process is a forked child of the one that began the run.
    #[must_use]
    pub fn is_forked(&self) -> bool {
        self.forked || self.pid != std::process::id()
    }

    /// The summary that follows from the rows of this life.
    #[must_use]
    pub fn summary(&self) -> Map<String, Json> {
        self.figures.summary()
    }

    /// Applies the step rules. `None`: the row is to be dropped.
    #[inline]
    pub fn take_step(&mut self, at: At) -> Option<i64> {
        if !self.is_open() {
            return None;
        }
        let Some(step) = at.step else {
            let step = self.step;
            self.step += i64::from(at.commit != Some(false));
            return Some(step);
        };
        if step < self.step {
            self.behind += 1;
            let current = self.step;
            self.warnings.add(About::StepBehind, || {
                format!(
                    "step {step} is below the current step {current}, so what was logged there is dropped. \
                     Steps must not go down; rows of one step can be logged one after another"
                )
            });
            return None;
        }
        self.step = step.saturating_add(i64::from(at.commit == Some(true)));
        Some(step)
    }

    /// Logs a history row. Returns its shape where the whole row has one.
    pub fn log(&mut self, at: At, cells: &[(&str, Cell)]) -> Option<ShapeId> {
        let step = self.take_step(at)?;
        let shape = self.row(Table::History, step, cells);
        self.after();
        shape
    }

    /// Logs a history row of a known shape without texts: one word a column.
    #[inline]
    pub fn log_words(&mut self, at: At, shape: ShapeId, words: &[u64]) {
        if let Some(step) = self.take_step(at) {
            self.put(shape, step, words, &[]);
            self.after();
        }
    }

    /// Whether [`Recorder::log_words`] can be given this shape.
    #[inline]
    #[must_use]
    pub fn knows(&self, shape: ShapeId) -> bool {
        self.shapes.knows(shape)
    }

    /// Records a console line.
    pub fn console(&mut self, stream: i64, line: i64, text: &str) {
        if self.is_open() {
            let cells =
                [("line", Cell::I64(line)), ("stream", Cell::I64(stream)), ("text", Cell::Text(text))];
            self.row(Table::Console, 0, &cells);
            self.after();
        }
    }

    /// Records a change.
    pub fn change(&mut self, change: &Change) {
        if self.is_open() {
            self.write_change(change);
            self.after();
        }
    }

    /// The writer's id, which a forked child has of its own.
    #[must_use]
    pub fn writer(&self) -> WriterId {
        self.journal.writer()
    }

    /// Records a rule of `define_metric` and applies it.
    pub fn define(&mut self, definition: Definition) {
        self.figures.define(definition.clone());
        self.change(&Change::Define { definition });
    }

    /// Ends this life of the run. `None` where it has ended already.
    pub fn finish(&mut self, exit_code: i32, state: Option<RunState>) -> Option<Ending> {
        if self.finished {
            return None;
        }
        self.notice_fork();
        self.finished = true;
        if !self.forked {
            if self.behind > 0 {
                let reason = "their step was below the run's current step".to_owned();
                self.write_change(&Change::Dropped { time_us: now_us(), count: self.behind, reason });
            }
            let by_code = if exit_code == 0 { RunState::Finished } else { RunState::Failed };
            let state = state.unwrap_or(by_code);
            self.write_change(&Change::End { time_us: now_us(), state, exit_code: Some(exit_code) });
        }
        let mut written = true;
        if !self.forked || self.journal.is_used() {
            self.buffer.clear();
            put_close(&mut self.buffer);
            self.append();
            written = self.journal.close();
            self.warn_of_loss();
        }
        self.after();
        let Self { journal, forked, .. } = self;
        Some(Ending { writer: journal.writer(), folder: journal.folder(), written, forked: *forked })
    }

    /// What is in memory when the run ends is lost with the process: said once
    /// more, although the first failure was.
    fn warn_of_loss(&mut self) {
        let (bytes, folder) = (self.journal.waiting_bytes(), self.journal.folder());
        if bytes > 0 {
            let why = self.journal.trouble().map_or_else(String::new, |error| format!(" ({error})"));
            self.warnings.add(About::Lost, || {
                format!(
                    "the run ended while its newest records, {bytes} bytes, could not be written to {}{why}: \
                     they are lost with this process; all before them are safe",
                    folder.display()
                )
            });
        }
    }

    #[inline]
    fn is_open(&mut self) -> bool {
        if self.finished {
            self.warnings.add(About::Finished, || {
                "something was logged after the run was finished; it is not recorded".to_owned()
            });
            return false;
        }
        self.notice_fork();
        true
    }

    /// A forked child writes a journal of its own.
    #[inline]
    fn notice_fork(&mut self) {
        let pid = std::process::id();
        if pid != self.pid {
            self.pid = pid;
            self.forked = true;
            self.behind = 0;
            self.journal.fork(new_writer(), pid);
        }
    }

    fn row(&mut self, table: Table, step: i64, cells: &[(&str, Cell)]) -> Option<ShapeId> {
        if cells.is_empty() {
            return None;
        }
        if let Some(shape) = self.shapes.find(table, cells)
            && self.put(shape, step, &[], cells) == Put::Done
        {
            return Some(shape);
        }
        let wanted = wanted(cells, &mut self.warnings);
        let whole = wanted.len() == cells.len();
        let mut shape = None;
        let mut rest = &wanted[..];
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(fitting(rest));
            rest = behind;
            let known = self.shapes.find(table, part);
            let id = known.unwrap_or_else(|| {
                let (id, cleared) = self.shapes.add(table, part, &mut self.figures);
                if cleared {
                    self.journal.rotate_soon();
                }
                id
            });
            self.put(id, step, &[], part);
            shape = (whole && part.len() == cells.len()).then_some(id);
        }
        shape
    }

    /// Puts a row of a remembered shape into the journal; its values are either
    /// all in `words`, or in `cells`.
    #[inline]
    fn put(&mut self, shape: ShapeId, step: i64, words: &[u64], cells: &[(&str, Cell)]) -> Put {
        self.journal.prepare();
        let serial = self.journal.serial();
        let fresh_id = self.shapes.next_id();
        let Some(known) = self.shapes.get(shape) else { return Put::Done };
        self.buffer.clear();
        let (id, is_new) = match known.defined {
            Some((defined_in, id)) if defined_in == serial => (id, false),
            _ => (fresh_id, true),
        };
        if is_new {
            put_shape(&mut self.buffer, id, known.columns.iter().map(|c| (c.kind, &*c.key)));
        }
        let words = if words.is_empty() {
            self.words.clear();
            self.words.extend(cells.iter().map(|(_, cell)| cell.word()));
            &self.words[..]
        } else {
            words
        };
        debug_assert_eq!(words.len(), known.columns.len(), "a word for each column");
        let mut row = RowWriter::new(&mut self.buffer, known.table, id, words.len(), step, now_us());
        words.iter().for_each(|word| row.word(*word));
        let texts = cells.iter().enumerate().filter_map(|(at, (_, cell))| Some((at, cell.text()?)));
        if !row.finish(texts) {
            return Put::TooLong;
        }
        if self.journal.append(&self.buffer) && is_new {
            known.defined = Some((serial, id));
        }
        if known.table == Table::History {
            take_in(&mut self.figures, &known.columns, words, cells);
        }
        Put::Done
    }

    fn write_change(&mut self, change: &Change) {
        self.journal.prepare();
        self.buffer.clear();
        put_change(&mut self.buffer, change);
        self.append();
    }

    fn append(&mut self) {
        self.journal.append(&self.buffer);
    }

    /// After each call: says what is wrong, gives back what is too much.
    #[inline]
    fn after(&mut self) {
        if self.buffer.capacity() > BUFFER_BYTES_KEPT {
            self.buffer = Vec::new();
        }
        let Some(error) = self.journal.trouble() else { return };
        let folder = || self.journal.folder();
        self.warnings.add(About::Journal, || {
            format!(
                "cannot write the journal in {} ({error}): the newest records are kept in memory, \
                 up to {} MiB, and written when it works again",
                folder().display(),
                BACKLOG_BYTES_MAX >> 20
            )
        });
        if self.journal.dropped() > 0 {
            self.warnings.add(About::Dropped, || {
                format!(
                    "the journal in {} still cannot be written and the memory for waiting records is full: \
                     new records are dropped, and counted in the run",
                    folder().display()
                )
            });
        }
    }
}

#[inline]
fn take_in(figures: &mut Figures, columns: &[Column], words: &[u64], cells: &[(&str, Cell)]) {
    for (column, word) in columns.iter().zip(words) {
        if !column.kind.in_tail() {
            figures.number(column.metric, column.kind, *word);
        }
    }
    for (column, (_, cell)) in columns.iter().zip(cells) {
        if let Some(text) = cell.text() {
            figures.text(column.metric, column.kind, text);
        }
    }
}

#[cfg(test)]
mod tests;
