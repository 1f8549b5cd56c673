//! `pannier doctor`: looks for the usual causes of trouble, and starts nothing:
//! what it finds is what was there.

mod checks;
mod disk;

use std::io::Write;

use serde::Serialize;

use super::failure::{EXIT_FAILED, Result};
use super::show::{self, Colour, paint};
use crate::home::Home;

/// Look for what could go wrong, and say what to do
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Looks at the home, its disk, the spool, the socket, the daemon and its remotes. It starts no daemon
and changes nothing, but for a small file that it writes into the home to time the disk, and removes.

Exit codes: 0 nothing failed, perhaps with warnings; 1 something failed.")]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warn,
    Fail,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    level: Level,
    /// What was looked at.
    what: &'static str,
    /// What was found.
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Check {
    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self { level: Level::Ok, what, found: found.into(), hint: None }
    }

    fn warn(what: &'static str, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { level: Level::Warn, what, found: found.into(), hint: Some(hint.into()) }
    }

    fn fail(what: &'static str, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { level: Level::Fail, ..Self::warn(what, found, hint) }
    }
}

/// Runs it.
pub fn run(home: &Home, args: &Args, out: &mut dyn Write) -> Result {
    let checks = checks::all(home);
    match args.json {
        true => show::json(out, &serde_json::json!({ "checks": checks }))?,
        false => print(&checks, out)?,
    }
    Ok(if checks.iter().any(|check| check.level == Level::Fail) { EXIT_FAILED } else { 0 })
}

fn print(checks: &[Check], out: &mut dyn Write) -> Result<()> {
    for check in checks {
        let level = match check.level {
            Level::Ok => paint("ok  ", Colour::Green),
            Level::Warn => paint("warn", Colour::Yellow),
            Level::Fail => paint("FAIL", Colour::Red),
        };
        writeln!(out, "{level}  {:<10}  {}", check.what, show::clean(&check.found))?;
        if let Some(hint) = &check.hint {
            writeln!(out, "      hint: {}", show::clean(hint))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_carry_their_advice() {
        let checks = [Check::ok("sqlite", "3.53"), Check::fail("home", "it is not yours", "move it")];
        let mut out = Vec::new();
        print(&checks, &mut out).unwrap();
        let expected = "ok    sqlite      3.53\nFAIL  home        it is not yours\n      hint: move it\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert_eq!(serde_json::to_value(&checks[1]).unwrap()["level"], "fail");
    }

    #[test]
    fn a_home_that_is_not_there_yet_is_no_failure() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("home"), dir.path().join("s.sock"));
        let found = checks::all(&home);
        assert!(found.iter().all(|check| check.level != Level::Fail), "{found:?}");
        assert!(!home.root().exists(), "it changes nothing");
    }

    #[test]
    fn a_home_that_others_can_enter_is_one() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("home"), dir.path().join("s.sock"));
        std::fs::create_dir(home.root()).unwrap();
        std::fs::set_permissions(home.root(), PermissionsExt::from_mode(0o755)).unwrap();
        let found = checks::all(&home);
        assert!(found.iter().any(|check| check.what == "home" && check.level != Level::Ok), "{found:?}");
    }
}
