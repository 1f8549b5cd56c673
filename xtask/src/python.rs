//! Python's side: the virtual environment that tests and demo run in, and the
//! package `pannier` laid out as an installed wheel would lay it out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::dashboard;
use crate::sh::{self, Profile};

/// What tests, demo and benchmarks import, beside `pannier` itself.
const PACKAGES: &[&str] = &["numpy>=1.26", "scikit-learn>=1.5", "pytest>=8", "maturin>=1.9.4,<2"];

/// The Python to make environments with.
pub fn base() -> PathBuf {
    std::env::var_os("PANNIER_PYTHON").map_or_else(|| "python3".into(), PathBuf::from)
}

/// A virtual environment; made once, and again when what is to be in it changes.
pub struct Venv(PathBuf);

impl Venv {
    /// That of tests, demo and benchmarks: target/venv.
    pub fn ready() -> Result<Self> {
        Self::holding("venv", PACKAGES)
    }

    /// One with what a requirements file names.
    pub fn of_file(name: &str, requirements: &Path) -> Result<Self> {
        let text = fs::read_to_string(requirements)
            .with_context(|| format!("cannot read {}", requirements.display()))?;
        let lines: Vec<_> = lines(&text).collect();
        Self::holding(name, &lines)
    }

    fn holding(name: &str, packages: &[&str]) -> Result<Self> {
        let dir = sh::target().join(name);
        let version = sh::output(Command::new(base()).arg("--version"))
            .context("pannier's tests need Python 3.9 or newer; name one with PANNIER_PYTHON")?;
        let stamp = format!("{}{}\n", version, packages.join("\n"));
        let venv = Self(dir.clone());
        if fs::read_to_string(dir.join("stamp")).is_ok_and(|found| found == stamp) {
            return Ok(venv);
        }
        sh::step(&format!("Python environment (once): target/{name}"));
        Self::make(&dir)?;
        sh::run(venv.pip().args(packages))?;
        fs::write(dir.join("stamp"), stamp)?;
        Ok(venv)
    }

    /// `pip install`, quietly.
    pub fn pip(&self) -> Command {
        let mut install = Command::new(self.python());
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        install
    }

    /// An empty one at this place.
    pub fn make(dir: &Path) -> Result<Self> {
        if dir.exists() {
            fs::remove_dir_all(dir)?;
        }
        sh::run(Command::new(base()).args(["-m", "venv"]).arg(dir))
            .context("`python3 -m venv` failed; on Debian and Ubuntu: apt install python3-venv")?;
        Ok(Self(dir.to_owned()))
    }

    pub fn python(&self) -> PathBuf {
        self.0.join("bin/python")
    }

    pub fn bin(&self, program: &str) -> PathBuf {
        self.0.join("bin").join(program)
    }
}

/// The lines of a list that are neither empty nor comments.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Builds everything (always the whole workspace: fewer packages would mean
/// other features, and every dependency once more) and lays the package out. Returns the folder
/// that goes into PYTHONPATH.
pub fn package(profile: Profile) -> Result<PathBuf> {
    dashboard::build()?;
    sh::step(&format!("build ({}): daemon and Python extension", profile.name()));
    let mut build = sh::cargo(&["build", "--workspace"]);
    if profile == Profile::Release {
        build.arg("--release");
    }
    sh::run(&mut build)?;
    let at = sh::target().join(if profile == Profile::Dev { "python" } else { "python-release" });
    let package = at.join("pannier");
    if package.exists() {
        fs::remove_dir_all(&package)?;
    }
    copy(&sh::root().join("client-lite/python/pannier"), &package)?;
    fs::copy(profile.dir().join("lib_native.so"), package.join("_native.abi3.so"))?;
    Ok(at)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let kept = !name.to_string_lossy().starts_with("_native.") && name != "__pycache__";
        if entry.file_type()?.is_dir() && kept {
            copy(&entry.path(), &to.join(name))?;
        } else if kept {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// Every Python from 3.9 on that is on this machine: its version and path, one
/// a version.
pub fn interpreters() -> Vec<((u32, u32), PathBuf)> {
    let pyenv = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".pyenv")))
        .map(|root| root.join("versions"));
    let installed = pyenv.and_then(|dir| fs::read_dir(dir).ok()).into_iter().flatten().flatten();
    let mut candidates: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin/python3")).collect();
    candidates.extend((9..=15).map(|minor| PathBuf::from(format!("python3.{minor}"))));
    let mut found: Vec<_> =
        candidates.into_iter().filter_map(|path| Some((version(&path).ok()?, path))).collect();
    found.retain(|(version, _)| *version >= (3, 9));
    found.sort();
    found.dedup_by_key(|(version, _)| *version);
    found
}

fn version(python: &Path) -> Result<(u32, u32)> {
    let out = Command::new(python).args(["-c", "import sys; print(*sys.version_info[:2])"]).output()?;
    let text = String::from_utf8(out.stdout)?;
    let mut words = text.split_whitespace().map(str::parse);
    match (words.next(), words.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => bail!("no Python"),
    }
}
