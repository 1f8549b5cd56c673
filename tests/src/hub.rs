//! A real hub in a temporary home, with one user; its port and its token stay
//! the same across its lives.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::daemon::{Process, TestHome};
use crate::http::Http;
use crate::wait;

/// The hub; up or down.
pub struct TestHub {
    /// Its home.
    pub home: TestHome,
    /// Where it listens when it is up.
    pub address: SocketAddr,
    /// Its user's token.
    pub token: String,
    process: Option<Process>,
    sabotage: Option<&'static str>,
}

impl Default for TestHub {
    fn default() -> Self {
        Self::new()
    }
}

impl TestHub {
    /// One that has an address and a user, and is not up.
    #[must_use]
    pub fn new() -> Self {
        Self::of(TestHome::new())
    }

    /// One whose home is this folder.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self::of(TestHome::at(path))
    }

    fn of(home: TestHome) -> Self {
        let address = unused_address();
        let token = add_user(&home, "tester");
        Self { home, address, token, process: None, sabotage: None }
    }

    /// One that is up.
    #[must_use]
    pub fn started() -> Self {
        let mut hub = Self::new();
        hub.start();
        hub
    }

    /// Starts it with a fault of `PANNIER_SABOTAGE` from now on.
    pub fn sabotage(&mut self, fault: &'static str) {
        self.sabotage = Some(fault);
    }

    /// Up, and listening.
    pub fn start(&mut self) {
        let mut command = self.home.pannier(&["hub", "--listen", &self.address.to_string()]);
        if let Some(fault) = self.sabotage {
            command.env("PANNIER_SABOTAGE", fault);
        }
        self.process = Some(listening(&mut command, &self.home).0);
    }

    /// Its process, while it is up.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the hub is up")
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// SIGTERM, and waits.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::TERM);
            process.wait(wait::PATIENCE).expect("a hub ends when it is told to");
        }
    }

    /// `http://…`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Talks to it as its operator, over its own socket.
    #[must_use]
    pub fn http(&self) -> Http {
        self.home.http()
    }

    /// A copy of its home as it is on disk; take it while the hub is down.
    #[must_use]
    pub fn backup(&self) -> PathBuf {
        let to = self.home.beside("backup");
        copy(self.home.path(), &to);
        to
    }

    /// Puts a backup back; the hub is down.
    pub fn restore(&self, backup: &Path) {
        std::fs::remove_dir_all(self.home.path()).expect("its home can be removed");
        copy(backup, self.home.path());
    }

    /// Makes it the remote `wandb` of a home: a hub is a server of W&B's, too.
    pub fn add_as_wandb_to(&self, home: &TestHome, url: &str) {
        let file = home.beside("token");
        std::fs::write(&file, &self.token).expect("a temporary folder takes a file");
        let file = file.display().to_string();
        let _ = home.run(&["remote", "add", "wandb", url, "--token-file", &file]).expect(0);
    }

    /// Makes it the remote `hub` of a home; `url` is its own or a proxy's.
    pub fn add_to(&self, home: &TestHome, url: &str) {
        let file = home.beside("token");
        std::fs::write(&file, &self.token).expect("a temporary folder takes a file");
        let file = file.display().to_string();
        let _ = home.run(&["remote", "add", "hub", url, "--token-file", &file]).expect(0);
    }
}

/// Makes a user of a hub's home; returns the token.
#[must_use]
pub fn add_user(home: &TestHome, name: &str) -> String {
    let out = home.run(&["hub", "user", "add", name]).expect(0);
    out.stdout.split_whitespace().last().unwrap_or_else(|| panic!("no token: {}", out.stdout)).to_owned()
}

/// Starts a hub and waits for its `listening on URL`; returns the URL, too.
#[must_use]
pub fn listening(command: &mut Command, home: &TestHome) -> (Process, String) {
    let errors = std::fs::File::create(home.beside("hub.stderr")).expect("a temporary folder takes a file");
    let mut process = Process::start(command.stdout(Stdio::piped()).stderr(errors));
    let stdout = process.child().stdout.take().expect("it is piped");
    let mut said = BufReader::new(stdout).lines().map_while(Result::ok);
    let url = said.find_map(|line| line.split_once("listening on ").map(|(_, url)| url.trim().to_owned()));
    let url = url.unwrap_or_else(|| {
        let errors = std::fs::read_to_string(home.beside("hub.stderr")).unwrap_or_default();
        panic!("the hub ended before it was listening\n{errors}\n{}", home.log())
    });
    (process, url)
}

/// An address that was free a moment ago, for one who needs to know it before
/// anybody listens there.
#[must_use]
pub fn unused_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder for a copy");
    for entry in std::fs::read_dir(from).expect("a home can be read").flatten() {
        let kind = entry.file_type().expect("what is there has a kind");
        let to = to.join(entry.file_name());
        if kind.is_dir() {
            copy(&entry.path(), &to);
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &to).expect("a file can be copied");
        }
    }
}
