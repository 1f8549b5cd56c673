//! `pannier run -- CMD`: a training command with a daemon at hand. It is as if
//! the command ran by itself: same terminal, same process group, its exit code,
//! and the signals that were meant for it.

use std::ffi::OsString;
use std::future::pending;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use futures_util::future::select_all;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::failure::{Failure, Result};
use super::{show, start};
use crate::home::Home;

/// The program was found and cannot be run, as shells say it.
const EXIT_NOT_RUNNABLE: u8 = 126;
/// There is no such program.
const EXIT_NOT_FOUND: u8 = 127;
/// Added to the number of the signal that ended the program.
const EXIT_SIGNALLED: i32 = 128;

/// Run a training command with a daemon at hand
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Starts a daemon where none runs, sets PANNIER_HOME, PANNIER_SOCKET and PANNIER_BIN for the command,
and runs it in this terminal. Where no daemon can be started, the command runs all the same: what it
logs is kept in the home and taken in by the next daemon.

SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 and SIGCONT are passed on to the command.

Examples:
  pannier run -- python train.py --lr 0.1
  srun pannier run -- python train.py

Exit codes: the command's own; 128 + N when signal N ended it; 126 when it cannot be run;
127 when it cannot be found.")]
pub struct Args {
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Runs it.
pub fn run(home: &Home, args: &Args) -> Result {
    if let Err(failure) = start::connect_or_start(home) {
        let root = home.root();
        let fate = match root.is_dir() {
            true => format!("what it logs waits in {}", root.display()),
            false => "nothing that it logs can be kept".to_owned(),
        };
        show::warn(&format!("{}; the command runs without a daemon, and {fate}", failure.error));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot wait for signals: {error}")))?;
    runtime.block_on(run_child(home, &args.command))
}

async fn run_child(home: &Home, command: &[OsString]) -> Result {
    let [program, arguments @ ..] = command else {
        return Err(Failure::new("no command was given"));
    };
    // Before the child is there: from then on no signal may be missed.
    let mut signals =
        Signals::listen().map_err(|error| Failure::new(format!("cannot listen to signals: {error}")))?;
    let mut child = Command::new(program);
    child.args(arguments).env("PANNIER_HOME", home.root()).env("PANNIER_SOCKET", home.socket());
    if let Ok(bin) = std::env::current_exe() {
        child.env("PANNIER_BIN", bin);
    }
    let mut child = child.spawn().map_err(|error| not_started(program, &error))?;
    let status = loop {
        tokio::select! {
            ended = child.wait() => break ended,
            signal = signals.next() => forward(signal, &child),
        }
    };
    let status =
        status.map_err(|error| Failure::new(format!("cannot wait for {}: {error}", program.display())))?;
    Ok(code(status))
}

fn not_started(program: &OsString, error: &io::Error) -> Failure {
    let program = program.display();
    match error.kind() {
        io::ErrorKind::NotFound => Failure::new(format!("there is no program {program}"))
            .hint("look at its spelling and at PATH; options of pannier come before the command")
            .code(EXIT_NOT_FOUND),
        _ => Failure::new(format!("cannot run {program}: {error}"))
            .hint("is it a file that may be executed? A script needs an interpreter: pannier run -- python train.py")
            .code(EXIT_NOT_RUNNABLE),
    }
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| EXIT_SIGNALLED + signal)).unwrap_or(1);
    u8::try_from(code & 0xff).unwrap_or(u8::MAX)
}

/// The signals that are the command's business.
struct Signals(Vec<(Signal, tokio::signal::unix::Signal)>);

impl Signals {
    fn listen() -> io::Result<Self> {
        let wanted =
            [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT, Signal::USR1, Signal::USR2, Signal::CONT];
        let listen = |wanted: Signal| Ok((wanted, signal(SignalKind::from_raw(wanted.as_raw()))?));
        Ok(Self(wanted.into_iter().map(listen).collect::<io::Result<_>>()?))
    }

    async fn next(&mut self) -> Signal {
        let each = self.0.iter_mut().map(|(signal, listener)| {
            Box::pin(async move {
                match listener.recv().await {
                    Some(()) => *signal,
                    None => pending().await,
                }
            })
        });
        select_all(each).await.0
    }
}

fn forward(signal: Signal, child: &Child) {
    // Ctrl-C and Ctrl-\ in the terminal go to the whole group: the command has
    // had them.
    if matches!(signal, Signal::INT | Signal::QUIT) && in_foreground() {
        return;
    }
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended just now.
        let _ = kill_process(pid, signal);
    }
}

/// Whether the terminal's keys are meant for our process group.
fn in_foreground() -> bool {
    let terminal = std::fs::File::open("/dev/tty");
    terminal.is_ok_and(|terminal| {
        rustix::termios::tcgetpgrp(&terminal).is_ok_and(|group| group == rustix::process::getpgrp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_of_commands() {
        assert_eq!(code(ExitStatus::from_raw(0)), 0);
        assert_eq!(code(ExitStatus::from_raw(7 << 8)), 7);
        assert_eq!(code(ExitStatus::from_raw(15)), 143);
        assert_eq!(code(ExitStatus::from_raw(9 | 0x80)), 137);
    }
}
