//! A `.wandb` file, read from its begin as far as it goes: once, or again and
//! again while it grows.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pannier_proto::record::{Change, Record, RunState, Table};
use serde_json::{Map, Value as Json};

use super::batch::next_line;
use super::files::Files;
use super::head::{Head, look, read_at};
use super::known::Known;
use super::take::Taking;
use super::{Logs, Report, Trouble, Whose};
use crate::clock::now_us;
use crate::ingest;
use crate::store::{LogPosition, StoreError};
use crate::wandb::file_stream::{CONSOLE, HISTORY, SYSTEM};
use crate::wandb::log::{Blocks, HEAD_BYTES, Piece};

/// Bytes read at a time.
const READ_BYTES: usize = 4 << 20;
/// What the client's own part of the config calls its programs.
const PROGRAMS: &str = "/wandb/e";

/// A file and what is taken in of it.
pub struct WandbLog {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
    read_at: u64,
    blocks: Blocks,
    taking: Taking,
}

/// What is found at a path.
pub enum Opened {
    /// A log to be read on.
    Log(Box<WandbLog>),
    /// Nothing is in it yet.
    Empty,
    /// All of it was taken in before.
    Done(Head),
    /// Its program posts to this daemon: what is in it comes by itself.
    Posted(Head),
}

impl WandbLog {
    /// Looks at a file; with `dry`, only to say what is in it.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn open(home: &Logs, path: &Path, whose: &Whose, dry: bool) -> Result<Opened, Trouble> {
        let refuse =
            |error: std::io::Error| Trouble::Refused(format!("{} cannot be read: {error}", path.display()));
        let file = File::open(path).map_err(refuse)?;
        let facts = file.metadata().map_err(refuse)?;
        if !facts.is_file() {
            return Err(Trouble::Refused(format!("{} is no file", path.display())));
        }
        let Some(head) = look(path, &file, whose, &home.entity)? else { return Ok(Opened::Empty) };
        let known = home.store.log_position(&head.run, &head.log)?;
        if let Some(at) = known
            && at.done
            && at.offset >= facts.len()
        {
            return Ok(Opened::Done(head));
        }
        if home.lives.posted(&head.run) {
            return Ok(Opened::Posted(head));
        }
        let (at, known, summary) = standing(home, &head, known)?;
        let mut taking = Taking::new(home.clone(), head, at, known, Files::beside(path));
        taking.state.summary = summary;
        taking.dry = dry;
        let log = Self {
            path: path.to_owned(),
            file,
            buffer: Vec::new(),
            read_at: HEAD_BYTES as u64,
            blocks: Blocks::default(),
            taking,
        };
        Ok(Opened::Log(Box::new(log)))
    }

    /// Which run it is of.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.taking.head
    }

    /// What came of it so far.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.taking.report
    }

    /// Whether the program said that it ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.taking.exit.is_some()
    }

    /// Takes in the next bytes; false: there are none. With `last`, nothing will
    /// come behind those that are there now.
    ///
    /// # Errors
    /// [`Trouble`]; what is not committed is read again by who opens it again.
    pub fn advance(&mut self, last: bool) -> Result<bool, Trouble> {
        self.buffer.resize(READ_BYTES, 0);
        let count = read_at(&self.file, &mut self.buffer, self.read_at)
            .map_err(|error| Trouble::Refused(format!("{} cannot be read: {error}", self.path.display())))?;
        let whole = last && count < self.buffer.len();
        let taking = &mut self.taking;
        let (mut result, mut damaged) = (Ok(()), 0);
        let next = self.blocks.take(self.read_at, &self.buffer[..count], whole, &mut |piece| match piece {
            _ if result.is_err() => {}
            Piece::Record { bytes, end } => result = taking.record(bytes, end),
            Piece::Damaged { bytes, .. } => damaged += bytes,
        });
        result?;
        taking.report.damaged += damaged;
        taking.report.bytes += next - self.read_at;
        let moved = next > self.read_at;
        self.read_at = next;
        Ok(moved && !whole)
    }

    /// What was read is committed when this returns; the log may grow on.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn rest(&mut self) -> Result<(), Trouble> {
        self.buffer = Vec::new();
        self.taking.unended_lines();
        self.taking.flush()?;
        self.taking.settle()?;
        self.taking.store_files(false)
    }

    /// Nothing more will come, or nobody waits for more: the run ends as the log
    /// says. Without a word of it, it crashed, once it has been silent for long.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn finish(&mut self) -> Result<(), Trouble> {
        self.buffer = Vec::new();
        let silent = self.is_silent();
        let (damaged, taking) = (self.taking.report.damaged, &mut self.taking);
        if damaged > 0 {
            taking.report.problem(format!(
                "{damaged} bytes of {} are damaged or cut off; what is before and behind them is taken in",
                self.path.display()
            ));
        }
        taking.flush()?;
        taking.settle()?;
        taking.store_files(true)?;
        if taking.dry {
            taking.unended_lines();
            return taking.flush();
        }
        let done = taking.exit.is_some() || silent;
        if done {
            // What is cut off will not be a record.
            taking.seen.offset = taking.seen.offset.max(self.read_at);
        }
        taking.end(done)?;
        if taking.exit.is_none() && silent {
            self.crashed()?;
        }
        self.tell()
    }

    /// Whether nobody has written to it for so long that nobody will.
    fn is_silent(&self) -> bool {
        let modified = self.file.metadata().and_then(|facts| facts.modified()).ok();
        let age = modified.and_then(|modified| SystemTime::now().duration_since(modified).ok());
        age.is_some_and(|age| age >= self.taking.home.lives.patience())
    }

    fn crashed(&self) -> Result<(), Trouble> {
        let home = &self.taking.home;
        let run = &self.taking.head.run;
        if home.store.run(run)?.state != RunState::Running || self.taking.known.is_some() {
            return Ok(());
        }
        let time_us = self.taking.time_us();
        let end = Change::End { time_us, state: RunState::Crashed, exit_code: None };
        home.runtime.block_on(ingest::append(&home.store, run, vec![Record::Change(end)]))?;
        Ok(())
    }

    /// What could not be taken in is a problem of the run.
    fn tell(&self) -> Result<(), Trouble> {
        let object = format!("run {}", self.taking.head.run);
        let problems = self.taking.report.problems.clone();
        if problems.is_empty() {
            return Ok(());
        }
        let hint = format!("it is of the log {}; ask again once it is put right", self.path.display());
        let tell = move |tx: &crate::store::Tx| {
            problems.iter().try_for_each(|what| tx.problem(&object, what, &hint, 1, now_us()))
        };
        Ok(self.taking.home.store.write_blocking(tell)?)
    }
}

/// Where a log is to go on, what is here of its run by another door, and the
/// summary that it goes on with.
type Place = (LogPosition, Option<Known>, Map<String, Json>);

fn standing(home: &Logs, head: &Head, at: Option<LogPosition>) -> Result<Place, Trouble> {
    let store = &home.store;
    let run = match store.run(&head.run) {
        Ok(run) => run,
        Err(StoreError::Missing(_)) => return Ok((at.unwrap_or_default(), None, Map::new())),
        Err(error) => return Err(error.into()),
    };
    // One that goes on behind the last step was resumed, and knew the summary.
    let resumed = head.first_row.is_some_and(|(step, _)| run.last_step.is_some_and(|last| step > last));
    // Whether nobody else counted lines of the run since.
    let ours = |file: &str, count: u64| {
        Ok::<_, StoreError>(count == 0 || next_line(store, &head.run, file)? == count)
    };
    if let Some(at) = at
        && !at.joins
        && ours(HISTORY, at.rows)?
        && ours(SYSTEM, at.system)?
    {
        let summary = if at.offset > 0 || resumed { run.summary } else { Map::new() };
        return Ok((at, None, summary));
    }
    let marks = |table| store.row_marks(&head.run, table);
    let known = Known::new(marks(Table::History)?, &marks(Table::System)?, &marks(Table::Console)?);
    let console_base = next_line(store, &head.run, CONSOLE)?;
    if let Some(at) = at {
        let console_base = if at.joins { at.console_base } else { console_base };
        return Ok((LogPosition { joins: true, console_base, ..at }, Some(known), run.summary));
    }
    let programs = Json::Object(run.metadata);
    let programs = programs.pointer(PROGRAMS);
    let told =
        head.writer.as_ref().is_some_and(|writer| programs.is_some_and(|known| known.get(writer).is_some()));
    let met = told || head.first_row.is_some_and(|row| known.has(row));
    let earlier = !known.is_older_than(head.start_ns / 1000);
    // One that says nothing by which it could be told adds only what is lacking.
    let joins = met || earlier || (head.first_row.is_none() && head.writer.is_none() && known.any());
    let at = LogPosition { joins, console_base, ..LogPosition::default() };
    let summary = if joins || resumed { run.summary } else { Map::new() };
    Ok((at, joins.then_some(known), summary))
}
