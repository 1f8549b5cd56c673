//! Finds the home's daemon, or starts one. Knows no route but `/ready`.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::client::Client;
use super::failure::{EXIT_HELD, EXIT_NOBODY, Failure, Result};
use crate::home::Home;

/// A daemon that a command started leaves after so many idle seconds.
const IDLE_S: &str = "5";
/// How long a daemon may take from its start until it serves.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
/// Between two tries, while another daemon holds the home without serving it.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// The daemon of the home; where there is none, one is started, and it leaves
/// by itself when nobody needs it any more.
///
/// # Errors
/// [`Failure`] with [`EXIT_NOBODY`].
pub fn connect_or_start(home: &Home) -> Result<Client> {
    connect_or_start_with(home, &[]).map(|(client, _)| client)
}

/// The same, with variables for the daemon that is started, and whether one was.
///
/// # Errors
/// As [`connect_or_start`].
pub fn connect_or_start_with(home: &Home, variables: &[(&str, &str)]) -> Result<(Client, bool)> {
    let client = Client::new(home.socket());
    if client.ready() {
        return Ok((client, false));
    }
    // Before a process is started for it: what is wrong is said here, not in a
    // log.
    home.prepare().map_err(|error| Failure::from(error).code(EXIT_NOBODY))?;
    let began = Instant::now();
    let mut try_at = began;
    let mut daemon: Option<Child> = None;
    while !client.ready() {
        if began.elapsed() > PATIENCE {
            return Err(silent(home, &client));
        }
        match daemon.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
            None => {}
            // Another was faster, or is on its way out.
            Some(status) if status.code() == Some(i32::from(EXIT_HELD)) => {
                daemon = None;
                try_at = Instant::now() + RETRY_INTERVAL;
            }
            Some(status) => {
                return Err(Failure::new(format!("a daemon was started and ended at once ({status})"))
                    .hint(format!("run `pannier daemon` to see why, or look into {}", home.log().display()))
                    .code(EXIT_NOBODY));
            }
        }
        if daemon.is_none() && Instant::now() >= try_at {
            daemon = Some(spawn(home, variables)?);
        }
        sleep(LOOK_INTERVAL);
    }
    let begun = daemon.is_some();
    if let Some(mut child) = daemon {
        // It may end long before this process does, and should not stay as a
        // zombie.
        std::thread::spawn(move || child.wait());
    }
    Ok((client, begun))
}

fn silent(home: &Home, client: &Client) -> Failure {
    let what = if client.listens() { "does not answer" } else { "has not become ready" };
    Failure::new(format!("the daemon of {} {what} within {} s", home.root().display(), PATIENCE.as_secs()))
        .hint(format!("its log is {}; `pannier doctor` looks for the usual causes", home.log().display()))
        .code(EXIT_NOBODY)
}

fn spawn(home: &Home, variables: &[(&str, &str)]) -> Result<Child> {
    let cannot = |error| Failure::new(format!("cannot start a daemon: {error}")).code(EXIT_NOBODY);
    let program = std::env::current_exe().map_err(cannot)?;
    Command::new(program)
        .args(["daemon", "--background", "--idle", IDLE_S])
        .envs(variables.iter().copied())
        .env("PANNIER_HOME", home.root())
        .env("PANNIER_SOCKET", home.socket())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(cannot)
}
