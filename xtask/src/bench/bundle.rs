//! A bundle of a gibibyte and ten million points, there and back, beside what the
//! disk and the digests alone cost: `cp` of the same bytes, synced, and MD5, which
//! every byte that comes in passes.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::Figure;
use super::machine::{Machine, used};
use crate::sh;

const LARGE_BYTES: u64 = 1 << 30;
const CALLS: u64 = 1_000_000;

/// Export, and import at another home.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub fn carried(machine: &Machine) -> Result<Vec<Figure>> {
    let daemon = machine.daemon()?;
    let large = machine.worker("large_file", &json!({"size": LARGE_BYTES, "changed": 0}))?;
    let md5_s = large["md5_s"].as_f64().context("worker.py gave no md5_s")?;
    let put = ["artifact", "put", "large", "--name", "bench/large", "--type", "model"];
    sh::run(&mut machine.pannier("home", &put))?;
    machine.worker("loop", &json!({"who": "pannier", "run": "points", "width": 10, "calls": CALLS}))?;
    machine.settle()?;
    let timed = |command: &mut Command| -> Result<f64> {
        let began = Instant::now();
        sh::run(command)?;
        Ok(began.elapsed().as_secs_f64())
    };
    let copy = ["if=large", "of=copy", "bs=1M", "conv=fsync", "status=none"];
    let cp_s = timed(Command::new("dd").args(copy).current_dir(&machine.dir))?;
    let export_s = timed(&mut machine.pannier("home", &["export", "-o", "all.bundle"]))?;
    let import_s = timed(&mut machine.pannier("hub", &["import", "all.bundle"]))?;
    let again_s = timed(&mut machine.pannier("hub", &["import", "all.bundle"]))?;
    let bytes = std::fs::metadata(machine.dir.join("all.bundle"))?.len() as f64;
    sh::run(&mut machine.pannier("hub", &["verify", "--blobs"]))?;
    Ok(vec![
        Figure::new("copy of 1 GiB, synced", cp_s, "s"),
        Figure::new("MD5 of 1 GiB", md5_s, "s"),
        Figure::new("export of 1 GiB and 10 M points", export_s, "s"),
        Figure::new("export, of the copy's time", export_s / cp_s, "×").at_most(2.0),
        Figure::new("import of it, durable", import_s, "s"),
        Figure::new("import, of the time of two copies and MD5", import_s / (2.0 * cp_s + md5_s), "×")
            .at_most(2.0),
        Figure::new("import of what is there", again_s, "s"),
        Figure::new("the bundle", bytes / 1e6, "MB"),
        Figure::new("exporting daemon's memory, at most", used(&daemon)?.memory_mb, "MB").at_most(150.0),
    ])
}
