//! Owns a run as Rust programs see it: any thread may log, nothing fails.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use pannier_proto::artifact::LoggedArtifact;
use pannier_proto::record::{Change, RunFields};
use pannier_proto::request::AwaitedArtifact;
use pannier_proto::summary::Definition;
use serde_json::{Map, Value as Json};

use crate::artifact::{self, Unloggable, Wish};
use crate::cell::Cell;
use crate::recorder::{At, Recorder};
use crate::session::{Opened, Options, Refused, open, settle};

/// How long a forked child tries for a lock that a thread of the parent may
/// have held at the fork, and will then never give back.
const FORKED_WAIT: Duration = Duration::from_millis(1);
/// How long [`Run::finish`] waits for the daemon.
const FINISH_WAIT: Duration = Duration::from_secs(2);

/// A run that is being recorded. See the crate's page for an example.
#[derive(Debug)]
pub struct Run {
    opened: Opened,
    pid: u32,
    recorder: Mutex<Recorder>,
}

impl Run {
    /// Begins a run, or continues one.
    ///
    /// # Errors
    /// [`Refused`] for a name that is not allowed, and for what `resume` asks
    /// and cannot have. Nothing else: without a daemon the run is recorded in
    /// the spool, without a disk in memory.
    pub fn init(options: Options) -> Result<Self, Refused> {
        let (opened, mut recorder) = open(options)?;
        tell(recorder.warnings.take());
        Ok(Self { opened, pid: std::process::id(), recorder: Mutex::new(recorder) })
    }

    /// Logs a row at the current step and moves on to the next.
    pub fn log(&self, cells: &[(&str, Cell)]) {
        self.with(|recorder| {
            recorder.log(At::default(), cells);
        });
    }

    /// Logs a row at this step, which becomes the current one. Rows of one step
    /// are one row in every view; a step below the current one is dropped, with
    /// a warning.
    pub fn log_at(&self, step: i64, cells: &[(&str, Cell)]) {
        self.with(|recorder| {
            recorder.log(At { step: Some(step), commit: None }, cells);
        });
    }

    /// Sets config keys; nested objects are merged.
    pub fn config(&self, set: Map<String, Json>) {
        self.change(&Change::Config { set, remove: Vec::new() });
    }

    /// Sets summary keys, over what the rows say.
    pub fn summary(&self, set: Map<String, Json>) {
        self.change(&Change::Summary { set, remove: Vec::new() });
    }

    /// Says which figures of a metric its summary shows, and against what it
    /// is drawn.
    pub fn define(&self, definition: Definition) {
        self.with(|recorder| recorder.define(definition));
    }

    /// Changes the run's name, group, notes or tags.
    pub fn fields(&self, fields: RunFields) {
        self.change(&Change::Fields { fields });
    }

    /// Logs an artifact; `files` says, by path in the artifact, which files are to
    /// be copied, as they are now. It returns when they are; the daemon stores
    /// them behind it.
    ///
    /// # Errors
    /// [`Unloggable`] for what contradicts itself, and for a file that cannot be
    /// read. Nothing else.
    pub fn log_artifact(
        &self,
        artifact: LoggedArtifact,
        files: impl IntoIterator<Item = (String, PathBuf)>,
    ) -> Result<(), Unloggable> {
        self.snapshot(Wish::artifact(artifact, files)?)
    }

    /// Logs a file, as it is now, to this path of the run.
    ///
    /// # Errors
    /// As [`Run::log_artifact`].
    pub fn log_file(&self, path: &str, local: PathBuf) -> Result<(), Unloggable> {
        self.snapshot(Wish::file(path, local)?)
    }

    /// Waits until the daemon has stored the artifact with this client id.
    ///
    /// # Errors
    /// Where no daemon answers.
    pub fn await_artifact(&self, client_id: &str, timeout: Duration) -> io::Result<AwaitedArtifact> {
        let writer = self.with(|recorder| recorder.writer());
        let writer = writer.ok_or_else(|| io::Error::from(io::ErrorKind::WouldBlock))?;
        artifact::wait(&self.opened.daemon, writer, client_id, timeout)
    }

    fn snapshot(&self, wish: Wish) -> Result<(), Unloggable> {
        // Others log while the files are being copied.
        if let Some((writer, number)) = self.with(Recorder::next_snapshot).flatten() {
            let outcome = wish.take(&writer, number)?;
            self.with(|recorder| recorder.logged(outcome));
        }
        Ok(())
    }

    /// Ends the run. True when it is safe on this machine: committed by the
    /// daemon or, without one, on the disk. A run that is dropped ends as if
    /// with exit code 0, or 1 in a panic.
    pub fn finish(&self, exit_code: i32) -> bool {
        match self.with(|recorder| recorder.finish(exit_code, None)).flatten() {
            Some(ending) => settle(&self.opened.daemon, &ending, FINISH_WAIT),
            None => true,
        }
    }

    /// The current step.
    #[must_use]
    pub fn step(&self) -> i64 {
        self.with(|recorder| recorder.step()).unwrap_or_default()
    }

    /// What was known of the run when it began: its names, and what earlier
    /// lives left.
    #[must_use]
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    fn change(&self, change: &Change) {
        self.with(|recorder| recorder.change(change));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Recorder) -> T) -> Option<T> {
        let (result, warnings) = {
            let mut recorder = self.lock()?;
            let result = act(&mut recorder);
            (result, recorder.warnings.take())
        };
        tell(warnings);
        Some(result)
    }

    fn lock(&self) -> Option<MutexGuard<'_, Recorder>> {
        if std::process::id() == self.pid {
            // A panic inside leaves at worst a row unwritten.
            return Some(self.recorder.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        }
        let started = Instant::now();
        loop {
            match self.recorder.try_lock() {
                Ok(recorder) => return Some(recorder),
                Err(TryLockError::Poisoned(recorder)) => return Some(recorder.into_inner()),
                Err(TryLockError::WouldBlock) if started.elapsed() > FORKED_WAIT => return None,
                Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            }
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.finish(i32::from(std::thread::panicking()));
    }
}

fn tell(warnings: Vec<String>) {
    for warning in warnings {
        // A closed stderr is no reason to stop training.
        let _ = writeln!(io::stderr(), "pannier: warning: {warning}");
    }
}

#[cfg(test)]
mod tests {
    use super::Run;

    #[test]
    fn any_thread_may_log() {
        fn is_shared<T: Send + Sync>() {}
        is_shared::<Run>();
    }
}
