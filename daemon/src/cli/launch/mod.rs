//! `pannier run -- CMD`: a training command with a daemon at hand. It is as if
//! the command ran by itself: same terminal, same process group, its exit code,
//! and the signals that were meant for it.

mod folder;
mod keeper;

use std::ffi::OsString;
use std::future::pending;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use futures_util::future::select_all;
use pannier_proto::job;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::client::Client;
use super::daemon::http_is_off;
use super::failure::{Failure, Result};
use super::variables::Variables;
use super::{show, start, sync};
use crate::api::auth::LocalHttp;
use crate::home::Home;
use folder::Brought;
use keeper::Keeper;

/// The program was found and cannot be run, as shells say it.
const EXIT_NOT_RUNNABLE: u8 = 126;
/// There is no such program.
const EXIT_NOT_FOUND: u8 = 127;
/// Added to the number of the signal that ended the program.
const EXIT_SIGNALLED: i32 = 128;

/// A scheduler tells one process after the other: the command may have ended by it
/// this much before we hear of it.
const IN_TURN: Duration = Duration::from_millis(250);

/// Run a training command with a daemon at hand
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Starts a daemon where none runs, sets variables for the command, and runs it in this terminal. While
it runs the daemon stays, and another is started at once should it die.

`import pannier` finds the daemon by PANNIER_HOME, PANNIER_SOCKET and PANNIER_BIN, `import wandb` by
WANDB_BASE_URL and WANDB_API_KEY: an unchanged script logs to this home instead of the cloud. See
`pannier env` for all of them. Where no daemon can be started, the command runs all the same: what
`import pannier` logs is kept in the home and taken in by the next daemon, while `import wandb` waits
for a daemon before it gives up.

SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 and SIGCONT are passed on to the command. In a job
of SLURM (or with PANNIER_JOB set) SIGTERM, SIGUSR1 and SIGUSR2 say that the machine is taken away: the
job's runs are marked, and are preempted then however they end, unless they finish.

With --folder the home is on this node's own scratch (SLURM_TMPDIR, LOCAL_SCRATCH, TMPDIR, /var/tmp, /tmp
or XDG_RUNTIME_DIR, whichever is first and local), one for each job and node, and everything is brought to
DIR, which other nodes see, too. When the command has ended, `pannier run` waits until all is there, and
removes the home. On several nodes, let srun start it on each: srun pannier run --folder DIR -- CMD.

With --resume a run that is given no id gets the job's, in both kinds of script: a job that is requeued
goes on with its run.

Examples:
  pannier run -- python train.py --lr 0.1
  srun pannier run -- python train.py
  srun pannier run --resume --folder $SCRATCH/pannier -- python train.py

Exit codes: the command's own; 128 + N when signal N ended it; 126 when it cannot be run;
127 when it cannot be found.")]
pub struct Args {
    /// Keep the home on this node's scratch, and bring everything to this folder
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Wait for at most so many seconds at the end until all is in the folder
    #[arg(long, value_name = "SECONDS", requires = "folder", default_value = "60", value_parser = sync::seconds)]
    wait: Duration,
    /// Give runs without an id the job's, and go on with what earlier lives of it logged
    #[arg(long)]
    resume: bool,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Runs it.
pub fn run(home: &Home, args: &Args) -> Result {
    let brought = args.folder.as_deref().map(|folder| Brought::choose(folder, home)).transpose()?;
    let home = brought.as_ref().map_or(home, Brought::home);
    let http = match start::connect_or_start(home) {
        Ok(daemon) => {
            if let Some(Err(failure)) = brought.as_ref().map(|brought| brought.add(&daemon)) {
                show::warn(&format!("{}; what is logged stays in {}", failure.error, home.root().display()));
            }
            reachable(&daemon)
        }
        Err(failure) => {
            let root = home.root();
            let fate = match root.is_dir() {
                true => format!("what it logs waits in {}", root.display()),
                false => "nothing that it logs can be kept".to_owned(),
            };
            let advice = failure.advice();
            show::warn(&format!("{}; the command runs without a daemon, and {fate}{advice}", failure.error));
            None
        }
    };
    let variables = variables(home, http.as_ref(), args, brought.as_ref());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot wait for signals: {error}")))?;
    let keeper = Keeper::start(home, http.and_then(|http| http.url));
    let code = runtime.block_on(run_child(&variables, &args.command, &keeper));
    keeper.end();
    if let Some(brought) = brought {
        brought.bring(args.wait);
    }
    code
}

/// What the command is given.
fn variables(home: &Home, http: Option<&LocalHttp>, args: &Args, brought: Option<&Brought>) -> Variables {
    let env = |name: &str| std::env::var(name).ok();
    let mut variables = Variables::new(home, http, &env);
    if let Some(theirs) = variables.overridden(&env) {
        let ours = http.and_then(|http| http.url.as_deref()).unwrap_or_default();
        show::warn(&format!(
            "WANDB_BASE_URL is {ours} for the command, not {theirs}: `pannier run` keeps its runs here"
        ));
    }
    let given = |name: &str| env(name).is_some_and(|value| !value.is_empty());
    if let Some(brought) = brought.filter(|_| !given("PANNIER_REMOTE")) {
        // For daemons that the command starts on other nodes.
        variables.set.push(("PANNIER_REMOTE", brought.url().into()));
        if env("SLURM_NNODES").is_some_and(|nodes| nodes != "1") && !given("SLURM_PROCID") {
            show::warn(
                "this job has several nodes, and only what this one logs is waited for at the end; \
                 let srun start it on each: srun pannier run --folder DIR -- CMD",
            );
        }
    }
    if args.resume {
        match job::run_id(&env, false) {
            None => show::warn(
                "--resume does nothing: this is no job (neither SLURM_JOB_ID nor PANNIER_JOB is set)",
            ),
            Some(id) if !given("WANDB_RUN_ID") && !given("PANNIER_RUN_ID") => {
                variables.set.push(("WANDB_RUN_ID", id.into()));
                if !given("WANDB_RESUME") && !given("PANNIER_RESUME") {
                    // Ours knows the job by itself, and whether ranks share a run.
                    variables
                        .set
                        .extend([("WANDB_RESUME", "allow".into()), ("PANNIER_RESUME", "auto".into())]);
                }
            }
            Some(_) => {}
        }
    }
    variables
}

/// The daemon's listener, when it answers there.
fn reachable(daemon: &Client) -> Option<LocalHttp> {
    let http = match daemon.get::<LocalHttp>("/v1/http") {
        Ok(http) => http,
        Err(failure) => {
            show::warn(&format!("{}; `import wandb` does not come here", failure.error));
            return None;
        }
    };
    if http.url.is_none() && !http_is_off() {
        show::warn(
            "the daemon has no local HTTP port, so `import wandb` does not come here; see `pannier status`",
        );
    }
    http.url.is_some().then_some(http)
}

async fn run_child(variables: &Variables, command: &[OsString], keeper: &Keeper) -> Result {
    let [program, arguments @ ..] = command else {
        return Err(Failure::new("no command was given"));
    };
    // Before the child is there: from then on no signal may be missed.
    let mut signals =
        Signals::listen().map_err(|error| Failure::new(format!("cannot listen to signals: {error}")))?;
    let mut child = Command::new(program);
    child.args(arguments).envs(variables.set.iter().map(|(name, value)| (name, value)));
    for name in &variables.unset {
        child.env_remove(name);
    }
    if let Ok(bin) = std::env::current_exe() {
        child.env("PANNIER_BIN", bin);
    }
    let mut child = child.spawn().map_err(|error| not_started(program, &error))?;
    let status = loop {
        tokio::select! {
            // The command may have ended by what we have not heard yet.
            biased;
            signal = signals.next() => {
                forward(signal, &child);
                if takes_the_machine(signal) {
                    keeper.preempted();
                }
            }
            ended = child.wait() => break ended,
        }
    };
    let status =
        status.map_err(|error| Failure::new(format!("cannot wait for {}: {error}", program.display())))?;
    let told_first = status.signal().and_then(Signal::from_named_raw).is_some_and(takes_the_machine);
    let patience = if told_first { IN_TURN } else { Duration::ZERO };
    while let Ok(signal) = tokio::time::timeout(patience, signals.next()).await {
        if takes_the_machine(signal) {
            keeper.preempted();
            break;
        }
    }
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

/// Whether it says, in a job, that the machine is taken away.
fn takes_the_machine(signal: Signal) -> bool {
    matches!(signal, Signal::TERM | Signal::USR1 | Signal::USR2)
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
