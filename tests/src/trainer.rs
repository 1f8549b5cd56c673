//! A training process: the program `pannier-test-trainer`, which logs the
//! ledger's rows through the Rust client and measures itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;

use crate::cli::{Output, built, clean};
use crate::daemon::{Process, TestHome};
use crate::ledger::Claim;

/// How one is to run.
pub struct Trainer {
    command: Command,
    claim: Claim,
}

impl Trainer {
    /// One that logs to `local/PROJECT/RUN`, keeps its ledger beside the home,
    /// and does not start daemons.
    #[must_use]
    pub fn new(home: &TestHome, project: &str, run: &str) -> Self {
        Self::with_ledger(home, project, run, &home.beside(&format!("{run}.ledger")))
    }

    /// One whose ledger is there.
    #[must_use]
    pub fn with_ledger(home: &TestHome, project: &str, run: &str, ledger: &Path) -> Self {
        let mut command = clean(&built("pannier-test-trainer"));
        home.env(&mut command).args([project, run]).arg(ledger);
        Self { command, claim: Claim { run: format!("local/{project}/{run}"), ledger: ledger.to_owned() } }
    }

    fn arg(mut self, name: &str, value: &str) -> Self {
        self.command.args([name, value]);
        self
    }

    /// How many rows; the default is no end.
    #[must_use]
    pub fn rows(self, rows: u64) -> Self {
        self.arg("--rows", &rows.to_string())
    }

    /// How long it pauses between rows.
    #[must_use]
    pub fn pause(self, pause: Duration) -> Self {
        self.arg("--pause-us", &pause.as_micros().to_string())
    }

    /// It ends in order once this file is there.
    #[must_use]
    pub fn until(self, file: &Path) -> Self {
        self.arg("--until", &file.display().to_string())
    }

    /// It continues the run where there is one.
    #[must_use]
    pub fn resume(self) -> Self {
        self.arg("--resume", "allow")
    }

    /// Whether it may start a daemon: `start`, `use` or `none`.
    #[must_use]
    pub fn daemon(self, mode: &str) -> Self {
        self.arg("--daemon", mode)
    }

    /// Changes the command.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Command)) -> Self {
        change(&mut self.command);
        self
    }

    /// Starts it.
    #[must_use]
    pub fn start(mut self) -> Training {
        let process = Process::start(self.command.stdout(Stdio::null()).stderr(Stdio::null()));
        Training { process, claim: self.claim }
    }

    /// Runs it to its end; what it measured.
    #[must_use]
    pub fn run(mut self) -> Trained {
        let out = Output::of(&mut self.command).expect(0);
        let figures = out.stdout.lines().last().and_then(|line| serde_json::from_str(line).ok());
        let figures = figures.unwrap_or_else(|| panic!("the trainer says nothing of itself: {}", out.stdout));
        Trained { claim: self.claim, figures, stderr: out.stderr }
    }
}

/// A trainer that runs; SIGKILLed when dropped.
pub struct Training {
    /// Its process.
    pub process: Process,
    /// What it has to say.
    pub claim: Claim,
}

impl Training {
    /// Waits until it has had so many rows accepted.
    pub fn reach(&self, rows: usize) {
        crate::wait::until("the trainer logs", || (accepted(&self.claim.ledger) >= rows).then_some(()));
    }

    /// Waits for its end in order.
    #[must_use]
    pub fn finish(mut self) -> Claim {
        let status = self.process.wait(crate::wait::PATIENCE).expect("the trainer ends");
        assert!(status.success(), "the trainer ended with {status}");
        self.claim
    }

    /// SIGKILL.
    #[must_use]
    pub fn kill(mut self) -> Claim {
        self.process.kill();
        self.claim
    }
}

fn accepted(ledger: &Path) -> usize {
    crate::ledger::Accepted::read(ledger).rows.len()
}

/// A trainer that ended.
pub struct Trained {
    /// What it had to say.
    pub claim: Claim,
    /// What it measured: `calls`, `p50_us`, `p999_us`, `max_us`, `loop_s`,
    /// `finish_s`, `durable`.
    pub figures: Json,
    /// What it printed as warnings.
    pub stderr: String,
}

impl Trained {
    /// One of the figures.
    #[must_use]
    pub fn figure(&self, name: &str) -> f64 {
        self.figures[name].as_f64().unwrap_or_else(|| panic!("no figure {name} in {}", self.figures))
    }
}

/// A claim on a run that is elsewhere known.
#[must_use]
pub fn claim(run: &str, ledger: PathBuf) -> Claim {
    Claim { run: run.to_owned(), ledger }
}
