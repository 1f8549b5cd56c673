//! What logging an artifact costs the trainer, beside `cp` of the same file, and
//! how soon it is a version; on the disk that is there, and on XFS, where files
//! can be cloned. What bringing it to a hub costs, and a search in a registry.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::{Value as Json, json};

use super::Figure;
use super::machine::{Machine, used};
use crate::python::Venv;
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

/// The changed places of the second upload, and their size.
const PLACES: u64 = 164;
const PLACE_BYTES: u64 = 64 << 10;

/// To a hub on loopback: a large file, the same with 1 % of it changed, and very
/// many small ones; the rate beside that of MD5 alone, which every byte passes.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub fn uploaded(machine: &Machine) -> Result<Vec<Figure>> {
    let address = machine.hub_to_be()?;
    let _daemon = machine.daemon()?;
    let hub = machine.hub(&address)?;
    let md5 = machine.worker("large_file", &json!({"size": LARGE_BYTES, "changed": 0}))?;
    let md5 = LARGE_BYTES as f64 / md5["md5_s"].as_f64().context("worker.py gave no md5_s")?;
    put(machine, "large")?;
    let began = Instant::now();
    machine.add_hub(&address)?;
    machine.sync()?;
    let rate = LARGE_BYTES as f64 / began.elapsed().as_secs_f64();
    let mut figures = vec![
        Figure::new("MD5 alone", md5 / 1e6, "MB/s"),
        Figure::new("1 GiB to a hub, durable there", rate / 1e6, "MB/s"),
        Figure::new("1 GiB to a hub, of MD5's rate", rate / md5, "×").at_least(0.8),
    ];
    let before = (machine.below("home/blobs")?.0, machine.below("hub/blobs")?.0, loopback()?);
    machine.worker("large_file", &json!({"size": LARGE_BYTES, "changed": PLACES, "place": PLACE_BYTES}))?;
    put(machine, "large")?;
    machine.sync()?;
    let after = (machine.below("home/blobs")?.0, machine.below("hub/blobs")?.0, loopback()?);
    let share = |before: u64, after: u64| 100.0 * after.saturating_sub(before) as f64 / LARGE_BYTES as f64;
    for (what, before, after) in
        [("here", before.0, after.0), ("at the hub", before.1, after.1), ("on the wire", before.2, after.2)]
    {
        let name = format!("1 % changed in {PLACES} places, {what}");
        figures.push(Figure::new(name, share(before, after), "%").at_most(5.0));
    }
    let files = machine.below("home/blobs")?.1;
    machine.worker("small_files", &json!({"count": 10 * SMALL_FILES}))?;
    let began = Instant::now();
    put(machine, "small")?;
    figures.push(Figure::new("100,000 small files, stored", began.elapsed().as_secs_f64(), "s"));
    machine.sync()?;
    figures.push(Figure::new("100,000 small files, at the hub", began.elapsed().as_secs_f64(), "s"));
    let more = machine.below("home/blobs")?.1.saturating_sub(files) as f64;
    figures.push(Figure::new("files on the disk for them", more, "").at_most(100.0));
    figures.push(Figure::new("hub's memory, at most", used(&hub)?.memory_mb, "MB"));
    Ok(figures)
}

/// Logs a file or folder of the machine's.
fn put(machine: &Machine, path: &str) -> Result<()> {
    let name = format!("bench/{path}");
    sh::run(&mut machine.pannier("home", &["artifact", "put", path, "--name", &name, "--type", "model"]))
}

/// Bytes that went over the loopback since it is up.
fn loopback() -> Result<u64> {
    Ok(fs::read_to_string("/sys/class/net/lo/statistics/tx_bytes")?.trim().parse()?)
}

/// A search over the versions of a registry, by W&B's own SDK.
pub fn searched(machine: &Machine) -> Result<Vec<Figure>> {
    let sdk = Venv::of_file("venv-wandb", &sh::root().join("tests/wandb/requirements.txt"))?;
    let _daemon = machine.daemon()?;
    let said = machine.with_python(&sdk).wandb_worker("registry", &json!({"versions": 10_000}))?;
    let figure = |name: &str, key: &str| {
        let seconds = said[key].as_f64().with_context(|| format!("wandb_worker.py gave no {key}"))?;
        Ok::<_, anyhow::Error>(Figure::new(name, 1e3 * seconds, "ms"))
    };
    Ok(vec![
        figure("10,000 versions logged and linked", "made_s")?,
        figure("versions by alias, p50", "alias_s")?.at_most(200.0),
        figure("versions by metadata, first page, p50", "metadata_s")?.at_most(200.0),
        figure("versions by a pattern of tags, p50", "tag_s")?.at_most(200.0),
    ])
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
