//! A real daemon in a temporary home.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::cli::{Output, clean, pannier_bin};
use crate::http::Http;
use crate::wait;

/// A home: in a temporary folder of its own, or at a given place.
pub struct TestHome {
    path: PathBuf,
    socket: PathBuf,
    _dir: TempDir,
}

impl Default for TestHome {
    fn default() -> Self {
        Self::new()
    }
}

impl TestHome {
    /// A fresh one.
    #[must_use]
    pub fn new() -> Self {
        let dir = temp();
        let path = dir.path().join("home");
        std::fs::create_dir(&path).expect("a temporary folder takes a folder");
        Self { socket: path.join("pannier.sock"), path, _dir: dir }
    }

    /// One at this place; only its socket is elsewhere.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        let dir = temp();
        Self { path: path.to_owned(), socket: dir.path().join("pannier.sock"), _dir: dir }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The socket of its daemon.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// A place of the test's own beside the home, gone with it.
    #[must_use]
    pub fn beside(&self, name: &str) -> PathBuf {
        self._dir.path().join(name)
    }

    /// Puts a program into this home.
    pub fn env<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("PANNIER_HOME", &self.path).env("PANNIER_SOCKET", &self.socket)
    }

    /// `pannier ARGS`.
    #[must_use]
    pub fn pannier(&self, args: &[&str]) -> Command {
        let mut command = clean(pannier_bin());
        self.env(&mut command).args(args);
        command
    }

    /// Runs `pannier ARGS` to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        Output::of(&mut self.pannier(args))
    }

    /// Talks to whoever listens on the socket.
    #[must_use]
    pub fn http(&self) -> Http {
        Http::unix(&self.socket)
    }

    /// How many writers' folders are in the spool.
    #[must_use]
    pub fn writers_in_spool(&self) -> usize {
        let entries =
            std::fs::read_dir(pannier_proto::home::spool(&self.path)).into_iter().flatten().flatten();
        entries.filter(|entry| !entry.file_name().to_string_lossy().ends_with(".new")).count()
    }

    /// The end of the daemon's log.
    #[must_use]
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.path.join("daemon.log")).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

/// A temporary folder; kept where `PANNIER_TEST_KEEP` is set.
fn temp() -> TempDir {
    let mut builder = tempfile::Builder::new();
    builder.prefix("pannier-test-").disable_cleanup(std::env::var_os("PANNIER_TEST_KEEP").is_some());
    builder.tempdir().expect("there is room for a temporary folder")
}

/// A process of ours; SIGKILLed when dropped.
pub struct Process(Child);

impl Process {
    /// Starts it.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// The child.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Its id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw).expect("a child has an id");
        let _ = kill_process(pid, signal);
    }

    /// SIGKILL, and waits for the end.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("it is our child")
    }

    /// Waits for its end.
    pub fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        wait::within(patience, || self.ended())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A daemon that serves.
pub struct TestDaemon {
    process: Process,
    http: Http,
}

impl TestDaemon {
    /// Starts one and waits until it is ready.
    #[must_use]
    pub fn start(home: &TestHome) -> Self {
        Self::start_with(home, |command| command)
    }

    /// Starts one that is changed first, for example by a variable.
    #[must_use]
    pub fn start_with(home: &TestHome, change: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        let mut command = home.pannier(&["daemon"]);
        let log =
            std::fs::File::create(home.beside("daemon.stderr")).expect("a temporary folder takes a file");
        change(command.stdout(Stdio::null()).stderr(log));
        let mut process = Process::start(&mut command);
        let http = home.http();
        wait::until("a daemon is ready", || {
            if let Some(status) = process.ended() {
                let said = std::fs::read_to_string(home.beside("daemon.stderr")).unwrap_or_default();
                panic!("the daemon ended with {status}\n{said}\n{}", home.log());
            }
            ready(&http).then_some(())
        });
        Self { process, http }
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Talks to it.
    #[must_use]
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.process.kill();
    }

    /// SIGTERM; how it ended, and how long that took.
    pub fn stop(mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        self.process.signal(Signal::TERM);
        let status = self.process.wait(wait::PATIENCE).expect("a daemon ends when it is told to");
        assert_eq!(status.signal(), None, "it ends in order");
        (status, began.elapsed())
    }

    /// `GET /v1/status`.
    #[must_use]
    pub fn status(&self) -> Json {
        self.http.get("/v1/status").expect(200).json()
    }

    /// Waits until no writer's journal is left, all of it being in the store.
    pub fn settle(&self, home: &TestHome) {
        wait::until("the spool is consumed", || (home.writers_in_spool() == 0).then_some(()));
    }
}

/// Whether somebody serves there.
#[must_use]
pub fn ready(http: &Http) -> bool {
    http.send("GET", "/ready", b"").is_ok_and(|answer| answer.status == 200)
}
