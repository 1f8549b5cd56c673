//! The command line: what can be asked, and who does it. Each command is a
//! module; this one only parses and sends it there.
//!
//! Commands read and change a home through its daemon's routes, never through
//! the store, but for `hub user`, `org` and `team`, which must work before there
//! is a hub.

mod administer;
mod artifact;
mod body;
mod client;
mod daemon;
mod doctor;
mod env;
mod failure;
mod gc;
mod hub;
mod launch;
mod logging;
mod open;
mod progress;
mod registry;
mod relay;
mod remote;
mod reports;
mod runs;
mod show;
mod start;
mod status;
mod sync;
mod top;
mod variables;
mod verify;

use std::io::Write;

use clap::{CommandFactory, Parser, Subcommand};

pub use failure::{Failure, Result};

use crate::home::Home;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "pannier",
    version,
    about = "Keeps what training logs, here and now, and brings it to a hub when there is a road.",
    after_help = EXAMPLES,
    max_term_width = 100,
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  pannier run -- python train.py      train, with a daemon at hand
  pannier runs list                   what was logged here
  pannier artifact ls                 the artifacts; `pannier registry ls` the registries
  pannier open                        the same in a browser
  pannier top                         what runs now, as it goes on
  pannier status                      what is here, what is at the remotes, what is wrong
  pannier remote add hub https://hub.example.org --token-file token.txt
  pannier sync --wait                 wait until everything is there

Everything is kept in one folder, the home: $PANNIER_HOME, else $XDG_STATE_HOME/pannier, else
~/.local/state/pannier. Commands that need a daemon start one, which leaves when it is idle.

Exit codes: 0 done; 1 failed, or the answer is no; 2 wrong usage; 3 another daemon serves the home;
4 the disk failed; 69 no daemon could be asked. `status` and `run` have some of their own.";

#[derive(Debug, Subcommand)]
enum Command {
    Daemon(daemon::Args),
    Hub(hub::Args),
    Run(launch::Args),
    Env(env::Args),
    Status(status::Args),
    Top(top::Args),
    Sync(sync::Args),
    Verify(verify::Args),
    Gc(gc::Args),
    Remote(remote::Args),
    Relay(relay::Args),
    Runs(runs::Args),
    Artifact(artifact::Args),
    Registry(registry::Args),
    Reports(reports::Args),
    Open(open::Args),
    Doctor(doctor::Args),
    Completions(Completions),
}

/// Print a shell's completion script
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  pannier completions bash > ~/.local/share/bash-completion/completions/pannier"
)]
struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

impl Cli {
    /// Does what was asked; returns the exit code.
    ///
    /// # Errors
    /// [`Failure`], to be shown to the person who asked.
    pub fn run(self) -> Result {
        let home = Home::find();
        if !matches!(self.command, Command::Daemon(_) | Command::Hub(_)) {
            logging::for_command();
        }
        let out = &mut std::io::stdout();
        let code = match self.command {
            Command::Daemon(args) => daemon::run(&home, &args)?,
            Command::Hub(args) => hub::run(&home, args, out)?,
            Command::Run(args) => launch::run(&home, &args)?,
            Command::Env(args) => env::run(&home, &args, out)?,
            Command::Status(args) => status::run(&home, &args, out)?,
            Command::Top(args) => top::run(&home, &args, out)?,
            Command::Sync(args) => sync::run(&home, &args, out)?,
            Command::Verify(args) => verify::run(&home, &args, out)?,
            Command::Gc(args) => gc::run(&home, &args, out)?,
            Command::Remote(args) => remote::run(&home, args, out)?,
            Command::Relay(args) => relay::run(&home, args, out)?,
            Command::Runs(args) => runs::run(&home, args, out)?,
            Command::Artifact(args) => artifact::run(&home, args, out)?,
            Command::Registry(args) => registry::run(&home, args, out)?,
            Command::Reports(args) => reports::run(&home, args, out)?,
            Command::Open(args) => open::run(&home, &args, out)?,
            Command::Doctor(args) => doctor::run(&home, &args, out)?,
            Command::Completions(args) => {
                let mut script = Vec::new();
                clap_complete::generate(args.shell, &mut Self::command(), "pannier", &mut script);
                out.write_all(&script)?;
                0
            }
        };
        out.flush()?;
        Ok(code)
    }
}

#[cfg(test)]
mod tests;
