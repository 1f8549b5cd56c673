//! Owns starting the daemon from a training process, so that it outlives that
//! process, is not its child, and holds none of its terminal. Must not wait for
//! the daemon to serve: [`crate::daemon`] does.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::place::Place;

/// How many idle seconds a daemon that was started for a run stays.
const IDLE_S: &str = "5";

/// Starts the program. The shell between the two is gone at once and leaves
/// the daemon to init, so that a program that waits for its own children never
/// meets ours; `setsid` parts it from the terminal. Done so, no code of ours
/// runs between fork and exec, and the standard library can use vfork, which
/// matters in a process with much memory.
const SCRIPT: &str = r#"
if command -v setsid >/dev/null 2>&1
then setsid "$0" "$@" </dev/null >/dev/null 2>&1 &
else "$0" "$@" </dev/null >/dev/null 2>&1 &
fi"#;

/// Starts a daemon for this place.
///
/// # Errors
/// Where the program is not there or cannot be run.
pub fn start(program: &Path, place: &Place) -> io::Result<Starting> {
    if !program.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("there is no program {}", program.display()),
        ));
    }
    let shell = Command::new("/bin/sh")
        .args(["-c", SCRIPT])
        .arg(program)
        .args(["daemon", "--idle", IDLE_S])
        .env("PANNIER_HOME", &place.home)
        .env("PANNIER_SOCKET", &place.socket)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    Ok(Starting(shell))
}

/// A daemon on its way. The shell is waited for, so that no zombie stays.
#[derive(Debug)]
pub struct Starting(Child);

impl Drop for Starting {
    fn drop(&mut self) {
        // It ends as soon as it has started the daemon. Who ignores SIGCHLD
        // has no zombies either, and gets an error here.
        let _ = self.0.wait();
    }
}
