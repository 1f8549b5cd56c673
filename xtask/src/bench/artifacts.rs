//! What logging an artifact costs the trainer, beside `cp` of the same file, and
//! how soon it is a version; on the disk that is there, and on XFS, where files
//! can be cloned.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::{Value as Json, json};

use super::Figure;
use super::machine::Machine;
use crate::sh;

const LARGE_BYTES: u64 = 1 << 30;
const SMALL_FILES: u64 = 10_000;

/// Both places, where root is available for the second.
pub fn logged(machine: &Machine) -> Result<Vec<Figure>> {
    let here = measured(machine)?;
    let time =
        |name: &str, found: &Json| found[name].as_f64().with_context(|| format!("worker.py gave no {name}"));
    let (cp, log) = (time("cp_s", &here)?, time("large_s", &here)?);
    let mut figures = vec![
        Figure::new("cp of 1 GiB", cp, "s"),
        Figure::new("log_artifact of 1 GiB", log, "s"),
        Figure::new("log_artifact of 1 GiB, of cp's time", log / cp, "×").at_most(1.1),
        Figure::new("1 GiB, until it is a version", time("large_committed_s", &here)?, "s"),
        Figure::new("a row behind it, until it is read", time("row_s", &here)?, "s"),
        Figure::new("log_artifact of 10,000 small files", time("small_s", &here)?, "s"),
        Figure::new("10,000 small files, until they are a version", time("small_committed_s", &here)?, "s")
            .at_most(5.0),
    ];
    match Xfs::mount(&machine.dir.join("xfs")) {
        Ok(xfs) => {
            let found = measured(&machine.at(xfs.point.clone()))?;
            let clone = 1e3 * time("large_s", &found)?;
            figures.push(Figure::new("log_artifact of 1 GiB, on XFS", clone, "ms").at_most(50.0));
        }
        Err(missing) => println!("    left out: XFS ({missing:#})"),
    }
    Ok(figures)
}

fn measured(machine: &Machine) -> Result<Json> {
    fs::create_dir_all(machine.dir.join("home"))?;
    let _daemon = machine.daemon()?;
    machine.worker("artifacts", &json!({"large": LARGE_BYTES, "count": SMALL_FILES}))
}

/// A file system on a loop device, gone with this.
struct Xfs {
    point: PathBuf,
}

impl Xfs {
    fn mount(at: &std::path::Path) -> Result<Self> {
        let (image, point) = (at.with_extension("image"), at.to_owned());
        fs::create_dir_all(&point)?;
        fs::File::create(&image)?.set_len(6 * LARGE_BYTES)?;
        sh::run(Command::new("mkfs.xfs").args(["-q", "-m", "reflink=1"]).arg(&image))?;
        sh::run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&point))?;
        Ok(Self { point })
    }
}

impl Drop for Xfs {
    fn drop(&mut self) {
        // What stays mounted is seen by the next run, which cannot remove it.
        if let Err(error) = sh::run(Command::new("umount").arg(&self.point)) {
            println!("    {error:#}");
        }
        let _ = fs::remove_file(self.point.with_extension("image"));
    }
}
