//! A job of a scheduler as its nodes see it: `pannier run` in a process group of
//! its own, with the scheduler's variables, and ends as schedulers make them.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::cli::{built, clean, pannier_bin};
use crate::daemon::{Process, TestHome};
use crate::ledger::Accepted;
use crate::wait;

/// How long a job may take from SIGTERM to its end: SLURM's `KillWait`.
const KILL_WAIT: Duration = Duration::from_secs(30);

/// One life of a job on one node.
pub struct JobLife<'a> {
    home: &'a TestHome,
    process: Process,
}

impl<'a> JobLife<'a> {
    /// Starts a trainer of a run under `pannier run`, with options of it, and more
    /// variables.
    #[must_use]
    pub fn start(
        home: &'a TestHome,
        attempt: u64,
        trainer: &[&str],
        options: &[&str],
        change: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        use std::os::unix::process::CommandExt as _;
        let mut command = clean(pannier_bin());
        home.env(&mut command).arg("run").args(options).arg("--").arg(built("pannier-test-trainer"));
        let errors = std::fs::File::options()
            .create(true)
            .append(true)
            .open(home.beside("job.stderr"))
            .expect("a temporary folder takes a file");
        command
            .args(trainer)
            .env("SLURM_JOB_ID", "77")
            .env("SLURM_RESTART_COUNT", attempt.to_string())
            .stdout(Stdio::null())
            .stderr(errors)
            .process_group(0);
        Self { home, process: Process::start(change(&mut command)) }
    }

    /// Waits until the ledger has row `n`.
    pub fn reach(&self, ledger: &Path, n: i64) {
        let said = || std::fs::read_to_string(self.home.beside("job.stderr")).unwrap_or_default();
        let reached = || Accepted::read(ledger).rows.iter().any(|row| *row >= n).then_some(());
        wait::within(wait::PATIENCE, reached).unwrap_or_else(|| panic!("row {n} is not logged: {}", said()));
    }

    fn to_all(&self, signal: Signal) {
        self.signal(signal);
        let daemon = self.home.http().send("GET", "/v1/status", b"").ok();
        let pid =
            daemon.filter(|answer| answer.status == 200).and_then(|answer| answer.json()["pid"].as_i64());
        let pid = pid.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // As above.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// A signal to the command and its wrapper, and not to the daemon.
    pub fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.process.pid()).ok().and_then(Pid::from_raw);
        // Those that ended hear nothing.
        let _ = kill_process_group(group.expect("a child has an id"), signal);
    }

    /// `scancel`, or a preemption: SIGCONT and SIGTERM to every process of the job,
    /// the daemon among them.
    pub fn cancel(&mut self) -> ExitStatus {
        self.to_all(Signal::CONT);
        self.to_all(Signal::TERM);
        self.process.wait(KILL_WAIT).expect("a job ends within KillWait")
    }

    /// The node dies: SIGKILL to all, without notice.
    pub fn lose(mut self) {
        // The wrapper first, which would start another daemon.
        self.process.kill();
        self.to_all(Signal::KILL);
    }

    /// Waits for its end in order.
    pub fn end(&mut self) -> ExitStatus {
        self.process.wait(wait::PATIENCE).expect("the job ends")
    }
}
