//! `cargo xtask wheel`: the Python wheel, with the `pannier` binary among its
//! scripts so that pip puts it on the PATH.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::dashboard;
use crate::python::Venv;
use crate::sh::{self, Profile};

/// Builds the wheel and says what it is.
pub fn run(profile: Profile) -> Result<()> {
    let wheel = build(profile)?;
    println!("\nwheel   {}", wheel.display());
    println!("size    {:.1} MB", megabytes(fs::metadata(&wheel)?.len()));
    let needs = glibc(&profile.pannier())?;
    println!(
        "needs   {}",
        needs.map_or_else(
            || "no glibc".to_owned(),
            |(major, minor)| format!("glibc {major}.{minor} or newer (the binary inside)")
        )
    );
    Ok(())
}

/// Builds the wheel and returns its path.
pub fn build(profile: Profile) -> Result<PathBuf> {
    let venv = Venv::ready()?;
    sh::step(&format!("wheel ({})", profile.name()));
    dashboard::build()?;
    sh::run(&mut sh::cargo(&["build", "--workspace", "--profile", profile.name()]))?;
    let python = sh::root().join("client-lite/python");
    let scripts = python.join("stage/scripts");
    fs::create_dir_all(&scripts)?;
    fs::copy(profile.pannier(), scripts.join("pannier"))?;
    let out = sh::target().join("wheels").join(profile.name());
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let mut maturin = Command::new(venv.bin("maturin"));
    maturin.args(["build", "--profile", profile.name(), "--out"]).arg(&out).current_dir(&python);
    maturin.env("PYO3_BUILD_EXTENSION_MODULE", "1");
    sh::run(&mut maturin)?;
    let built = fs::read_dir(&out)?.flatten().map(|entry| entry.path());
    built
        .into_iter()
        .find(|path| path.extension().is_some_and(|ext| ext == "whl"))
        .with_context(|| format!("maturin left no wheel in {}", out.display()))
}

/// The newest glibc version that a binary asks for. maturin audits the
/// extension only; the staged binary is ours to look at.
fn glibc(binary: &Path) -> Result<Option<(u32, u32)>> {
    let bytes = fs::read(binary)?;
    let mark = b"GLIBC_";
    let places = bytes.windows(mark.len()).enumerate().filter(|(_, window)| window == mark).map(|(at, _)| at);
    let version = |at: usize| {
        let tail = &bytes[at + mark.len()..];
        let end = tail.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
        let mut parts = std::str::from_utf8(&tail[..end]).ok()?.split('.').map(str::parse);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    };
    Ok(places.filter_map(version).max())
}

#[expect(clippy::cast_precision_loss, reason = "shown to one decimal")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
