//! What other trackers left on disk: a long offline run taken in.

use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::Value as Json;

use super::Figure;
use super::machine::{Machine, used};
use crate::sh;

const ROWS: u32 = 1_000_000;
const KEYS: u32 = 3;

/// A million rows of three metrics, as core writes them.
pub fn wandb(machine: &Machine) -> Result<Vec<Figure>> {
    let folder = machine.dir.join("wandb/offline-run-20260102_030405-left");
    std::fs::create_dir_all(&folder)?;
    let log = folder.join("run-left.wandb").display().to_string();
    let wrote = machine.script("left_worker.py", &[&log, &ROWS.to_string(), &KEYS.to_string()])?;
    let bytes = wrote["bytes"].as_f64().context("left_worker.py gave no bytes")?;
    let daemon = machine.daemon()?;
    let began = Instant::now();
    let said = sh::output(&mut machine.pannier("home", &["import-wandb", &log, "--json"]))?;
    let seconds = began.elapsed().as_secs_f64();
    let said: Json = serde_json::from_str(&said)?;
    let rows = said["logs"][0]["rows"].as_u64().context("import-wandb gave no rows")?;
    anyhow::ensure!(rows == u64::from(ROWS), "{rows} rows instead of {ROWS}: {said}");
    let began = Instant::now();
    let _ = sh::output(&mut machine.pannier("home", &["import-wandb", &log, "--json"]))?;
    let again = began.elapsed().as_secs_f64();
    Ok(vec![
        Figure::new("rows a second of a million, three metrics each", f64::from(ROWS) / seconds, "/s")
            .at_least(300_000.0),
        Figure::new("the log", bytes / 1e6 / seconds, "MB/s"),
        Figure::new("the same again", 1e3 * again, "ms"),
        Figure::new("daemon's memory, at most", used(&daemon)?.memory_mb, "MB").at_most(100.0),
    ])
}
