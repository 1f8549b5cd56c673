//! Takes the records of a `.wandb` file in, one by one: what they add up to is
//! kept, what is new goes into a batch, and a batch that is full is committed
//! while the next is read.

use pannier_proto::record::{Change, Record as Log, RunFields, RunState};
use serde_json::json;
use tokio::task::JoinHandle;

use super::batch::{Batch, Commit};
use super::files::Files;
use super::head::Head;
use super::known::{Known, Standing};
use super::{Logs, Report, Trouble};
use crate::clock::now_us;
use crate::ingest::{self, upsert};
use crate::names;
use crate::store::{LogPosition, StoreError, Tx};
use crate::token;
use crate::wandb::file_stream::ConsoleLine;
use crate::wandb::log::console::Console;
use crate::wandb::log::fields::BadMessage;
use crate::wandb::log::record::{self, Alert, Output, Record, Run};
use crate::wandb::log::state::State;
use crate::wandb::log::{artifact, row};
use crate::wandb::upsert::{Sender, Upsert};
use crate::wandb::{ids, time};

/// A run's log while it is taken in.
pub(super) struct Taking {
    pub(super) home: Logs,
    pub(super) head: Head,
    /// How far it is committed, or about to be.
    pub(super) at: LogPosition,
    /// How far it is read.
    pub(super) seen: LogPosition,
    /// What is here by another door; of a log that joins.
    pub(super) known: Option<Known>,
    pub(super) state: State,
    console: Console,
    batch: Batch,
    in_flight: Option<JoinHandle<Result<u64, Trouble>>>,
    pub(super) files: Files,
    pub(super) report: Report,
    /// What the run is said to be, until that is recorded.
    fields: Option<RunFields>,
    config_changed: bool,
    summary_changed: bool,
    replaced: u64,
    last_us: i64,
    pub(super) exit: Option<i32>,
    /// Whether that was not read before.
    exit_is_fresh: bool,
    /// Something is not here that may be, once it is put right: nobody is done with
    /// the log.
    pub(super) lacking: bool,
    /// Whether only to read.
    pub(super) dry: bool,
}

impl Taking {
    pub(super) fn new(home: Logs, head: Head, at: LogPosition, known: Option<Known>, files: Files) -> Self {
        // What is counted is counted anew from the begin.
        let seen = LogPosition { console_base: at.console_base, joins: at.joins, ..LogPosition::default() };
        Self {
            last_us: head.start_ns / 1000,
            home,
            head,
            at,
            seen,
            known,
            files,
            state: State::default(),
            console: Console::default(),
            batch: Batch::default(),
            in_flight: None,
            report: Report::default(),
            fields: None,
            config_changed: false,
            summary_changed: false,
            replaced: 0,
            exit: None,
            exit_is_fresh: false,
            lacking: false,
            dry: false,
        }
    }

    /// Takes a record in that ends there in the log.
    pub(super) fn record(&mut self, bytes: &[u8], end: u64) -> Result<(), Trouble> {
        let fresh = end > self.at.offset;
        match record::read(bytes).and_then(|record| self.one(record, fresh)) {
            Ok(None) => {}
            Ok(Some(later)) => later(self)?,
            // Its checksum is right, so its writer meant something else by it.
            Err(BadMessage) => self.report.problem("a record is of a form that is not known here"),
        }
        // What it asked for is done before any commit says that it was taken in.
        self.seen.offset = end;
        if fresh && self.batch.is_full(end - self.at.offset) {
            self.flush()?;
        }
        Ok(())
    }

    /// One record; what must wait for those before it is returned.
    fn one(&mut self, record: Record, fresh: bool) -> Result<Option<Later>, BadMessage> {
        match record {
            Record::History(bytes) => self.history(bytes, fresh),
            Record::Summary(bytes) => {
                record::apply(bytes, &mut self.state.summary)?;
                self.summary_changed |= fresh;
            }
            Record::Output(bytes) => self.output(Output::read(bytes)?, fresh),
            Record::Stats(bytes) => self.stats(bytes, fresh),
            Record::Run(bytes) => self.run(&Run::read(bytes)?, fresh)?,
            Record::Config(bytes) => {
                self.state.config(bytes)?;
                self.config_changed |= fresh;
            }
            Record::Telemetry(bytes) => {
                self.state.telemetry(bytes)?;
                self.config_changed |= fresh;
            }
            Record::Metric(bytes) => {
                self.state.metric(bytes)?;
                self.config_changed |= fresh;
            }
            Record::Environment(bytes) => {
                self.state.environment(bytes)?;
                self.config_changed |= fresh;
            }
            Record::Files(bytes) => self.files.name(record::paths(bytes)?),
            Record::Alert(bytes) if fresh && self.known.is_none() => {
                let Alert { title, text, level } = Alert::read(bytes)?;
                let time = time::to_seconds(self.last_us);
                self.batch.alerts.push(json!({"title": title, "text": text, "level": level, "time": time}));
            }
            Record::Artifact(bytes) => {
                self.report.artifacts += 1;
                let logged = artifact::read(bytes)?;
                return Ok(Some(Box::new(move |this| this.artifact(logged, fresh))));
            }
            Record::UseArtifact(bytes) if fresh && self.known.is_none() => {
                let id = record::first_text(bytes).to_owned();
                return Ok(Some(Box::new(move |this| this.uses(&id))));
            }
            Record::Tensorboard(bytes) => {
                let dir = record::first_text(bytes);
                self.report.problem(format!(
                    "the event files of TensorBoard in {dir} are not in it: `pannier import-tensorboard` takes them in"
                ));
            }
            Record::Preempting => self.batch.preempting |= fresh,
            Record::Exit(code) => (self.exit, self.exit_is_fresh) = (Some(code), fresh),
            Record::Header | Record::Other | Record::Alert(_) | Record::UseArtifact(_) => {}
        }
        Ok(None)
    }

    fn history(&mut self, bytes: &[u8], fresh: bool) {
        self.seen.rows += 1;
        if !fresh {
            self.report.rows_known += 1;
            return;
        }
        let row = row::history(bytes);
        if let Ok(row) = &row {
            self.last_us = row.time_us.unwrap_or(self.last_us);
            let standing = self
                .known
                .as_ref()
                .map(|known| known.standing(row.step.unwrap_or(0), row.time_us.unwrap_or(self.last_us)));
            match standing {
                Some(Standing::Here) => {
                    self.report.rows_known += 1;
                    return;
                }
                Some(Standing::Replaced) => {
                    self.replaced += 1;
                    return;
                }
                Some(Standing::Lacking) | None => {}
            }
        }
        self.batch.push_history(row);
    }

    fn stats(&mut self, bytes: &[u8], fresh: bool) {
        self.seen.system += 1;
        if !fresh {
            return;
        }
        let row = row::stats(bytes, self.head.start_ns);
        let time_us = row.as_ref().ok().and_then(|row| row.time_us);
        self.last_us = self.last_us.max(time_us.unwrap_or(0));
        let here = |known: &Known| time_us.is_some_and(|time_us| known.has_system(time_us));
        if !self.known.as_ref().is_some_and(here) {
            self.batch.system.push(row);
        }
    }

    fn output(&mut self, output: Output, fresh: bool) {
        if fresh {
            self.last_us = self.last_us.max(output.time_us);
        }
        let (batch, known) = (&mut self.batch, self.known.as_ref());
        let mut take = |number, line| keep(batch, known, fresh, number, line);
        self.console.print(output.stderr, output.time_us, output.text, &mut take);
    }

    /// Lines without an end are told, too.
    pub(super) fn unended_lines(&mut self) {
        let (batch, known) = (&mut self.batch, self.known.as_ref());
        self.console.rest(&mut |number, line| keep(batch, known, true, number, line));
    }

    fn run(&mut self, run: &Run, fresh: bool) -> Result<(), BadMessage> {
        self.state.run(run)?;
        if fresh && self.known.is_none() {
            let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            self.fields = Some(RunFields {
                name: text(run.name),
                group: text(run.group),
                job_type: text(run.job_type),
                notes: text(run.notes),
                tags: Some(run.tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>())
                    .filter(|tags| !tags.is_empty()),
            });
        }
        self.config_changed |= fresh;
        Ok(())
    }

    fn uses(&mut self, id: &str) -> Result<(), Trouble> {
        self.flush()?;
        let known = ids::read_artifact(id)
            .filter(|id| self.home.store.artifact(*id).is_ok_and(|found| found.is_some()));
        match known {
            Some(id) if !self.dry => {
                let used = vec![Log::Change(Change::UseArtifact { id })];
                self.home.runtime.block_on(ingest::append(&self.home.store, &self.head.run, used))?;
            }
            Some(_) => {}
            None => self.report.problem(format!("it used an artifact that is not here ({id})")),
        }
        Ok(())
    }

    /// What was read so far is committed when this returns, or the next one does.
    pub(super) fn flush(&mut self) -> Result<(), Trouble> {
        if self.dry {
            self.report.rows += self.batch.history.len() as u64;
            self.batch = Batch::default();
            self.at = self.seen;
            return Ok(());
        }
        self.upsert()?;
        if self.seen.offset <= self.at.offset && self.seen.done == self.at.done && self.batch.ended.is_none()
        {
            return Ok(());
        }
        let mut batch = std::mem::take(&mut self.batch);
        (batch.time_us, batch.late) = (Some(self.last_us), !self.is_newest());
        let lacking = self.known.is_none() || !batch.history.is_empty();
        if std::mem::take(&mut self.summary_changed) && lacking && self.is_newest() {
            batch.summary = Some(self.state.summary.clone());
        }
        let commit =
            Commit { run: self.head.run.clone(), log: self.head.log, from: self.at, to: self.seen, batch };
        self.at = self.seen;
        self.settle()?;
        let store = self.home.store.clone();
        self.in_flight = Some(self.home.runtime.spawn(async move { commit.commit(&store).await }));
        Ok(())
    }

    /// What was flushed is committed when this returns.
    pub(super) fn settle(&mut self) -> Result<(), Trouble> {
        let Some(in_flight) = self.in_flight.take() else { return Ok(()) };
        let done = self.home.runtime.block_on(in_flight).unwrap_or(Err(Trouble::Home(StoreError::Closed)));
        self.report.rows += done?;
        Ok(())
    }

    /// Whether nothing that is here is younger.
    fn is_newest(&self) -> bool {
        self.known.as_ref().is_none_or(|known| known.is_older_than(self.last_us))
    }

    /// What the run is said to be, as core's `upsertBucket` says it. A run that came
    /// by another door has been told, and may have been edited since.
    fn upsert(&mut self) -> Result<(), Trouble> {
        let fields = self.fields.take();
        let changed = std::mem::take(&mut self.config_changed) || fields.is_some();
        if self.known.is_some() || !changed {
            return Ok(());
        }
        self.settle()?;
        let mut fields = fields.unwrap_or_default();
        let run = &self.head.run;
        if fields.name.is_none() && matches!(self.home.store.run(run), Err(StoreError::Missing(_))) {
            let count = self.home.store.project_runs(&run.entity, &run.project)?;
            let random = token::random().map_err(|error| Trouble::Refused(error.to_string()))?;
            fields.name = Some(names::run_name(random, self.home.numbers.next(run, count)));
        }
        let asked = Upsert {
            fields,
            config: Some(self.state.wrapped_config()),
            metadata: self.state.metadata(),
            by: Sender::Program,
            begun_us: Some(self.head.start_ns / 1000).filter(|us| *us > 0),
            ..Upsert::default()
        };
        let (of, log, at) = (run.clone(), self.head.log, self.at);
        let known = move |tx: &Tx| match tx.log_position(&of, &log)? {
            Some(_) => Ok(()),
            // Else who opens it again takes the run for another's.
            None => tx.set_log_position(&of, &log, &at, now_us()),
        };
        self.home.runtime.block_on(upsert::upsert_with(&self.home.store, run, asked, known))?;
        Ok(())
    }

    /// The last records are read: what is said at the end. `done`: nothing more will
    /// come.
    pub(super) fn end(&mut self, done: bool) -> Result<(), Trouble> {
        self.seen.done = done && !self.lacking;
        self.unended_lines();
        if self.replaced > 0 {
            self.report.problem(format!(
                "{} rows are left out: a life of the run that began later, at or before their steps, has replaced them",
                self.replaced
            ));
        }
        // The run may have gone on since, by another door.
        let open = || self.home.store.run(&self.head.run).is_ok_and(|run| is_open(run.state));
        if self.is_newest() && (self.exit_is_fresh || open()) {
            self.batch.ended = self.exit;
        }
        self.flush()?;
        self.settle()
    }

    /// When the last of it was.
    pub(super) fn time_us(&self) -> i64 {
        self.last_us
    }
}

/// What must wait for what was said before it.
type Later = Box<dyn FnOnce(&mut Taking) -> Result<(), Trouble>>;

/// Whether a run waits for its end.
fn is_open(state: RunState) -> bool {
    matches!(state, RunState::Running | RunState::Crashed)
}

fn keep(batch: &mut Batch, known: Option<&Known>, fresh: bool, number: u64, line: ConsoleLine) {
    let here = |known: &Known| line.time_us.is_some_and(|time_us| known.has_console(time_us));
    if fresh && !known.is_some_and(here) {
        batch.console.push((number, line));
    }
}
