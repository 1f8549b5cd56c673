//! The stages of `cargo xtask test`. A stage that runs a test runner counts
//! what that says; any other counts as one test.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{Count, Outcome};
use crate::dashboard;
use crate::python::{self, Venv};
use crate::sh::{self, Profile};

const ONE: Count = Count { passed: 1, failed: 0, names: Vec::new() };
/// Those that kill for a minute, fill disks, or measure time.
const SLOW_TESTS: &str =
    "test(/^(crash|crashpoints|powerloss|negative|never_in_the_way)::/) or test(/half_open/)";
/// What tests break things with, and Debian's packages of it.
const FAULT_TOOLS: &[(&str, &str)] =
    &[("strace", "strace"), ("faketime", "faketime"), ("ip", "iproute2"), ("tc", "iproute2")];
/// cargo-deny's last version that was looked at.
const DENY: &str = "cargo-deny@0.20.2";

pub fn format() -> Outcome {
    one(&mut sh::cargo(&["fmt", "--all", "--check"]))
}

pub fn lints() -> Outcome {
    one(&mut sh::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

pub fn rust(fast: bool) -> Outcome {
    fault_tools();
    // The whole-system tests run these; `cargo test` alone would not build the one of another crate.
    dashboard::build()?;
    sh::run(&mut sh::cargo(&["build", "--workspace"]))?;
    if sh::on_path("cargo-nextest") {
        let mut nextest =
            sh::cargo(&["nextest", "run", "--workspace", "--exclude", "pannier-python", "--color", "never"]);
        if fast {
            nextest.args(["-E", &format!("not {SLOW_TESTS}")]);
        }
        return counted(&mut nextest, nextest_count);
    }
    let mut test = sh::cargo(&[
        "test",
        "--workspace",
        "--exclude",
        "pannier-python",
        "--lib",
        "--bins",
        "--tests",
        "--no-fail-fast",
    ]);
    if fast {
        test.arg("--");
        test.args(
            ["crash", "half_open", "powerloss::", "negative::", "never_in_the_way::"]
                .iter()
                .flat_map(|name| ["--skip", name]),
        );
    }
    counted(&mut test, libtest_count)
}

/// Tests say so themselves when what they break things with is not here.
fn fault_tools() {
    let lacking = FAULT_TOOLS.iter().filter(|(program, _)| !sh::on_path(program));
    let packages: Vec<&str> = lacking.map(|(_, package)| *package).collect();
    if !packages.is_empty()
        && let Err(error) = sh::install(&packages)
    {
        println!("    {error:#}");
    }
}

pub fn doctests() -> Outcome {
    let mut test = sh::cargo(&["test", "--doc", "--workspace", "--exclude", "pannier-python"]);
    counted(&mut test, libtest_count)
}

pub fn rustdoc() -> Outcome {
    let mut doc = sh::cargo(&["doc", "--no-deps", "--workspace", "--quiet"]);
    one(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Licences, bans and sources are judged offline; advisories need their
/// database, and saying so is all that can be done where it cannot be had.
pub fn deny() -> Outcome {
    let deny = deny_program()?;
    let check = |what: &[&str]| {
        let mut command = Command::new(&deny);
        command.current_dir(sh::root()).args(["--workspace", "check", "--hide-inclusion-graph"]).args(what);
        command
    };
    let mut count = one(&mut check(&["bans", "licenses", "sources"]))?;
    let (status, text) = sh::tee(&mut check(&["advisories"]))?;
    if status.success() {
        count.passed += 1;
    } else if text.contains("failed to fetch advisory database")
        || text.contains("failed to load advisory database")
    {
        println!("\n    *** ADVISORIES WERE NOT CHECKED: their database cannot be fetched from here.");
    } else {
        count.failed += 1;
        count.names.push("advisories".to_owned());
    }
    Ok(count)
}

fn deny_program() -> Result<PathBuf> {
    if sh::on_path("cargo-deny") {
        return Ok("cargo-deny".into());
    }
    let tools = sh::target().join("tools");
    let program = tools.join("bin/cargo-deny");
    if !program.exists() {
        println!("    cargo-deny is not here; it is built once, which takes some minutes");
        sh::run(sh::cargo(&["install", "--locked", "--quiet", DENY, "--root"]).arg(&tools))?;
    }
    Ok(program)
}

pub fn pytest() -> Outcome {
    let venv = Venv::ready()?;
    let package = python::package(Profile::Dev)?;
    let mut pytest = Command::new(venv.python());
    pytest
        .args(["-m", "pytest", "-q", "-rfEs", "-p", "no:cacheprovider", "client-lite/python/tests"])
        .current_dir(sh::root());
    pytest
        .env("PYTHONPATH", package)
        .env("PANNIER_BIN", Profile::Dev.pannier())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    counted(&mut pytest, pytest_count)
}

/// The same laid-out package in every Python that is here: the extension is
/// built for the stable ABI, so one build must do for all.
pub fn pythons() -> Outcome {
    let package = python::package(Profile::Dev)?;
    let mut count = Count::default();
    for ((major, minor), python) in python::interpreters() {
        println!("    Python {major}.{minor}");
        match sh::run(smoke(&python).env("PYTHONPATH", &package).env("PANNIER_BIN", Profile::Dev.pannier())) {
            Ok(()) => count.passed += 1,
            Err(error) => {
                eprintln!("    Python {major}.{minor}: {error:#}");
                count.failed += 1;
                count.names.push(format!("Python {major}.{minor}"));
            }
        }
    }
    Ok(count)
}

/// A wheel, a fresh environment with nothing else in it, a script that logs.
pub fn wheel() -> Outcome {
    let wheel = crate::wheel::build(Profile::Dev)?;
    let venv = Venv::make(&sh::target().join("venv-wheel"))?;
    let mut install = Command::new(venv.python());
    sh::run(
        install
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"])
            .arg(&wheel),
    )?;
    sh::run(Command::new(venv.bin("pannier")).arg("--version"))?;
    one(smoke(&venv.python()).env_remove("PYTHONPATH").env_remove("PANNIER_BIN"))
}

fn smoke(python: &std::path::Path) -> Command {
    let mut command = Command::new(python);
    command
        .args(["-W", "error", "-B"])
        .arg(sh::root().join("xtask/smoke/smoke.py"))
        .current_dir(sh::target());
    command
}

fn one(command: &mut Command) -> Outcome {
    sh::run(command).map(|()| ONE)
}

/// Runs a test runner and reads what it counted. One that fails without having
/// counted a failure did not get as far as its tests.
pub fn counted(command: &mut Command, count: fn(&str) -> Option<Count>) -> Outcome {
    let (status, text) = sh::tee(command)?;
    let mut count = count(&text)
        .with_context(|| format!("`{}` ended with {status} and counted no tests", sh::shown(command)))?;
    if !status.success() && count.failed == 0 {
        bail!("`{}` ended with {status}", sh::shown(command));
    }
    count.names = failures(&text);
    Ok(count)
}

/// The tests that failed, of the list that each runner ends with. Before that list
/// the output is the tests' own, which may say anything.
fn failures(text: &str) -> Vec<String> {
    let ends = ["short test summary info", "Summary [", " Failed Tests "];
    let Some(end) = ends.iter().filter_map(|end| text.rfind(end)).min() else { return Vec::new() };
    let said = |line: &str| {
        let (word, what) = line.trim_start().split_once(' ')?;
        let failed = ["FAIL", "FAILED", "ERROR", "TIMEOUT", "SIGABRT", "SIGSEGV"].contains(&word);
        // nextest says how long it took first.
        let what = what.split_once("] ").filter(|_| what.starts_with('[')).map_or(what, |(_, name)| name);
        failed.then(|| what.trim().to_owned())
    };
    text[end..].lines().filter_map(said).collect()
}

/// The number before a word: `3` of `3 passed`.
pub fn before(text: &str, word: &str) -> Option<u64> {
    let words: Vec<_> = text.split([' ', ',', ';', '(', ')']).filter(|word| !word.is_empty()).collect();
    words.windows(2).find(|pair| pair[1] == word)?[0].parse().ok()
}

fn nextest_count(text: &str) -> Option<Count> {
    let line = text.lines().rfind(|line| line.trim_start().starts_with("Summary ["))?;
    let failed = before(line, "failed").unwrap_or(0) + before(line, "timed").unwrap_or(0);
    Some(Count { passed: before(line, "passed")?, failed, ..Count::default() })
}

fn libtest_count(text: &str) -> Option<Count> {
    let lines = text.lines().filter(|line| line.starts_with("test result:"));
    let add = |sum: Option<Count>, line: &str| {
        let sum = sum.unwrap_or_default();
        let passed = before(line.rsplit_once("test result: ok.").map_or(line, |(_, rest)| rest), "passed")?;
        Some(Count { passed: sum.passed + passed, failed: sum.failed + before(line, "failed")?, ..sum })
    };
    lines.fold(None, add)
}

pub fn pytest_count(text: &str) -> Option<Count> {
    let line = text.lines().rfind(|line| {
        line.contains(" in ")
            && (line.contains("passed") || line.contains("failed") || line.contains("error"))
    })?;
    let failed =
        before(line, "failed").unwrap_or(0) + before(line, "error").or(before(line, "errors")).unwrap_or(0);
    Some(Count { passed: before(line, "passed").unwrap_or(0), failed, ..Count::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runners_are_understood() {
        type Reader = fn(&str) -> Option<Count>;
        for (read, text, passed, failed) in [
            (
                nextest_count as Reader,
                "x\n     Summary [   0.1s] 5 tests run: 3 passed (1 slow), 1 failed, 1 timed out, 2 skipped\n",
                3,
                2,
            ),
            (nextest_count, "     Summary [   0.1s] 5 tests run: 5 passed, 0 skipped", 5, 0),
            (
                libtest_count,
                "test result: ok. 2 passed; 0 failed; 0 ignored;\nx\ntest result: FAILED. 1 passed; 4 failed; 0 ignored;",
                3,
                4,
            ),
            (pytest_count, "..F\n1 failed, 26 passed, 2 warnings in 3.21s", 26, 1),
            (pytest_count, "26 passed in 3.21s", 26, 0),
            (pytest_count, "1 error in 0.21s", 0, 1),
        ] {
            let count = read(text).unwrap();
            assert_eq!((count.passed, count.failed), (passed, failed), "{text}");
        }
        assert!(nextest_count("error: could not compile").is_none());
    }

    #[test]
    fn what_failed_is_named() {
        for (text, names) in [
            (
                "ERROR of the daemon\n== short test summary info ==\nSKIPPED [1] a\nFAILED b.py::c - x\n1 failed in 1s",
                vec!["b.py::c - x"],
            ),
            (
                "  FAIL [ 0.1s] (1/2) pannier a::b\n   Summary [ 0.1s] 2 tests run\n  FAIL [ 0.1s] (1/2) pannier a::b\nerror: x",
                vec!["(1/2) pannier a::b"],
            ),
            ("-- Failed Tests 1 --\n FAIL  src/a.test.ts > b\n", vec!["src/a.test.ts > b"]),
            ("3 passed", vec![]),
        ] {
            assert_eq!(failures(text), names, "{text}");
        }
    }
}
