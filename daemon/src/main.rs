//! The command: parse, run, show error and hint.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use pannier::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            if !failure.error.is_empty() {
                let hint = failure.hint.map(|hint| format!("\n\nhint: {hint}")).unwrap_or_default();
                // Nobody reads it: the exit code says it, too.
                let _ = writeln!(std::io::stderr(), "error: {}{hint}", failure.error);
            }
            ExitCode::from(failure.code)
        }
    }
}
