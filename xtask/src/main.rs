//! The project's chores, as commands: `cargo xtask help`. Owns the parsing of
//! their command line; each command is a module. Nothing here is part of what
//! is shipped.

mod bench;
mod dashboard;
mod demo;
mod python;
mod sh;
mod suite;
mod torture;
mod wheel;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  build [--profile dev|release]
                          build the dashboard with npm, and `pannier` with it inside
  demo                    run the main job from nothing: train, crash, come back, sync, compare
  test [--fast]           set everything up and pass every test; --fast leaves out the slow ones
  wheel [--profile dev|release]
                          build the Python wheel with the `pannier` binary inside
  bench [NAME…]           release build, then the benchmarks; `bench list` names them
  torture [--kills N] [--seed N]
                          kill trainer, daemon and hub at random, N times (default 500), and judge
  help                    this text

Everything is put under target/. Python packages for tests come from PyPI into target/venv
and target/venv-wandb.
PANNIER_PYTHON names the Python to use (default: python3).
";

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Vec<String>) -> Result<()> {
    let mut args = Args(args);
    let command = args.word().unwrap_or_else(|| "help".to_owned());
    match command.as_str() {
        "demo" => args.end().and_then(|()| demo::run()),
        "test" => {
            let fast = args.flag("--fast");
            args.end()?;
            suite::run(fast)
        }
        "build" => {
            let profile =
                sh::Profile::parse(&args.value("--profile")?.unwrap_or_else(|| "release".to_owned()))?;
            args.end()?;
            dashboard::run(profile)
        }
        "wheel" => {
            let profile =
                sh::Profile::parse(&args.value("--profile")?.unwrap_or_else(|| "release".to_owned()))?;
            args.end()?;
            wheel::run(profile)
        }
        "bench" => bench::run(&args.0),
        "torture" => {
            let kills = args.value("--kills")?.unwrap_or_else(|| "500".to_owned()).parse()?;
            let seed = args.value("--seed")?.map(|seed| seed.parse()).transpose()?;
            args.end()?;
            torture::run(kills, seed)
        }
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("there is no command `{other}`\n\n{HELP}"),
    }
}

/// What is left of the command line.
struct Args(Vec<String>);

impl Args {
    fn word(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    fn flag(&mut self, name: &str) -> bool {
        let at = self.0.iter().position(|arg| arg == name);
        at.is_some_and(|at| self.0.remove(at) == name)
    }

    fn value(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.0.iter().position(|arg| arg == name) else { return Ok(None) };
        if at + 1 == self.0.len() {
            bail!("{name} needs a value");
        }
        self.0.remove(at);
        Ok(Some(self.0.remove(at)))
    }

    fn end(&self) -> Result<()> {
        match self.0.first() {
            Some(arg) => bail!("`{arg}` is not understood here\n\n{HELP}"),
            None => Ok(()),
        }
    }
}
