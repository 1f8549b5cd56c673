//! W&B's own SDK against the daemon that was just built: `tests/wandb`, without a
//! network. Knows where SDKs are laid out and which tests there are; knows nothing
//! of what they do.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::Outcome;
use super::stages::{counted, pytest_count};
use crate::python::{self, Venv};
use crate::sh::{self, Profile};

/// The stories of `tests/wandb` with the SDK that `requirements.txt` pins.
pub fn stories(fast: bool) -> Outcome {
    let mut pytest = pytest()?;
    pytest.args(["tests/wandb", "--ignore", "tests/wandb/versions"]);
    if fast {
        pytest.args(["-m", "fast"]);
    } else {
        pytest.env("PANNIER_SLOW", "1");
    }
    counted(&mut pytest, pytest_count)
}

/// A short story with each SDK of `versions/sdks.txt`.
pub fn versions() -> Outcome {
    let sdks = lay_out(&environment()?)?;
    let mut pytest = pytest()?;
    counted(pytest.arg("tests/wandb/versions").env("PANNIER_WANDB_SDKS", sdks), pytest_count)
}

fn folder() -> PathBuf {
    sh::root().join("tests/wandb")
}

fn environment() -> Result<Venv> {
    Venv::of_file("venv-wandb", &folder().join("requirements.txt")).context(
        "W&B's SDK and what it is tried with need Python 3.11 or newer; name one with PANNIER_PYTHON",
    )
}

/// `pytest` of the environment that has W&B's SDK, in a namespace that has no
/// network but loopback.
pub fn pytest() -> Result<Command> {
    let venv = environment()?;
    let package = python::package(Profile::Dev)?;
    let mut pytest = Command::new(venv.python());
    pytest.arg(folder().join("alone.py")).args(["-m", "pytest", "-rfEs"]).current_dir(sh::root());
    pytest.env("PANNIER_BIN", Profile::Dev.pannier()).env("PANNIER_PACKAGE", package);
    pytest.env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(pytest)
}

/// One folder a version, below one that is returned. Only the SDK itself is in
/// it: what it needs is in the environment, in versions that suit them all.
fn lay_out(venv: &Venv) -> Result<PathBuf> {
    let all = sh::target().join("wandb-sdks");
    let list = fs::read_to_string(folder().join("versions/sdks.txt"))?;
    for version in python::lines(&list) {
        let at = all.join(version);
        let stamp = at.join("stamp");
        if stamp.exists() {
            continue;
        }
        if at.exists() {
            fs::remove_dir_all(&at)?;
        }
        let mut install = venv.pip();
        install.args(["--no-deps", "--target"]).arg(&at).arg(format!("wandb=={version}"));
        sh::run(&mut install)?;
        fs::write(stamp, version)?;
    }
    Ok(all)
}
