//! The dashboard's files: built by npm into `daemon/dashboard/dist`, from where
//! the daemon's build script takes them into the program. Nothing is done where
//! nothing changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};

use crate::sh::{self, Profile};

/// The oldest Node that the tools of the dashboard run on.
const NODE: u32 = 20;
const HOW: &str = "install Node 20 or later with npm, from https://nodejs.org or your system's packages; \
    it is needed for building only";

/// Builds the dashboard, and the program with it.
pub fn run(profile: Profile) -> Result<()> {
    build()?;
    sh::step(&format!("build ({})", profile.name()));
    sh::run(&mut sh::cargo(&["build", "--workspace", "--profile", profile.name()]))?;
    println!("    {}", profile.pannier().display());
    Ok(())
}

/// Brings the dashboard's files up to date with their sources.
pub fn build() -> Result<()> {
    let folder = folder();
    let built = folder.join("dist/index.html");
    let sources = ["package.json", "package-lock.json", "index.html", "public", "src", "vite.config.ts"];
    let changed = sources.iter().filter_map(|name| newest(&folder.join(name))).max();
    if built.exists() && changed <= newest(&built) {
        return Ok(());
    }
    sh::step("dashboard");
    check_node()?;
    install(&folder)?;
    sh::run(npm().args(["run", "build"]))?;
    if !built.exists() {
        bail!("`npm run build` left no {}", built.display());
    }
    // What did not change keeps its time; the mark of the build is this file's.
    fs::File::options().append(true).open(&built)?.set_modified(SystemTime::now())?;
    Ok(())
}

fn check_node() -> Result<()> {
    if !sh::on_path("node") || !sh::on_path("npm") {
        bail!("the dashboard is built with Node, and there is no `node` or no `npm` here: {HOW}");
    }
    let said = sh::output(Command::new("node").arg("--version"))?;
    match major(&said) {
        Some(found) if found >= NODE => Ok(()),
        _ => bail!(
            "the dashboard is built with Node {NODE} or later, and `node --version` says {}: {HOW}",
            said.trim()
        ),
    }
}

/// `v22.1.0` is of major version 22.
fn major(said: &str) -> Option<u32> {
    said.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Installs what the lock file says, where something else is installed.
fn install(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let mark = folder.join("node_modules/.installed-for");
    if fs::read(&mark).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    sh::run(npm().args(["ci", "--no-audit", "--no-fund"]))?;
    fs::write(mark, wanted)?;
    Ok(())
}

fn folder() -> PathBuf {
    sh::root().join("daemon/dashboard")
}

/// `npm`, in the dashboard's folder.
pub fn npm() -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(folder());
    npm
}

/// When a file, or the last of a folder's, was changed.
fn newest(path: &PathBuf) -> Option<SystemTime> {
    let facts = fs::metadata(path).ok()?;
    if !facts.is_dir() {
        return facts.modified().ok();
    }
    fs::read_dir(path).ok()?.flatten().filter_map(|entry| newest(&entry.path())).max()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn versions_of_node() {
        assert_eq!((major("v22.1.0\n"), major("v20.0.0"), major("20")), (Some(22), Some(20), Some(20)));
        assert_eq!((major(""), major("node")), (None, None));
    }
}
