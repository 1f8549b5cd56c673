//! `cargo xtask bench`: what the promises on speed and size come to on this
//! machine, beside their targets. Floors are measured in the same run, so that
//! ratios mean something on a slow machine, too.

mod artifacts;
mod browser;
mod bundle;
mod cases;
mod left;
mod machine;
mod wandb;

use std::fs;

use anyhow::{Result, bail};
use serde_json::json;

use crate::python::{self, Venv};
use crate::sh::{self, Profile};

/// One benchmark.
struct Bench {
    name: &'static str,
    what: &'static str,
    run: fn(&machine::Machine) -> Result<Vec<Figure>>,
}

const BENCHES: &[Bench] = &[
    Bench { name: "begin", what: "import, init to first log, finish", run: cases::begin },
    Bench {
        name: "loop-10",
        what: "100,000 calls of 10 scalars beside a JSON line",
        run: |machine| cases::hot(machine, 10, 100_000),
    },
    Bench {
        name: "loop-1000",
        what: "5,000 calls of 1,000 scalars",
        run: |machine| cases::hot(machine, 1000, 5000),
    },
    Bench {
        name: "loop-100000",
        what: "100 calls of 100,000 scalars",
        run: |machine| cases::hot(machine, 100_000, 100),
    },
    Bench { name: "read", what: "one metric of a million steps", run: cases::read },
    Bench { name: "sync", what: "ten million points to a hub", run: cases::sync },
    Bench { name: "artifacts", what: "1 GiB beside cp, and 10,000 small files", run: artifacts::logged },
    Bench { name: "blobs", what: "files to a hub: 1 GiB, 1 % of it, 100,000", run: artifacts::uploaded },
    Bench {
        name: "bundle",
        what: "1 GiB and ten million points, exported and imported",
        run: bundle::carried,
    },
    Bench { name: "registry", what: "a search over ten thousand versions", run: artifacts::searched },
    Bench { name: "dashboard", what: "the dashboard in a real browser", run: browser::dashboard },
    Bench { name: "wandb-stream", what: "posts of W&B's file stream", run: wandb::stream },
    Bench { name: "wandb-scan", what: "scan_history of a million rows", run: wandb::scan },
    Bench { name: "wandb-runs", what: "api.runs over ten thousand runs", run: wandb::runs },
    Bench { name: "import-wandb", what: "an offline run of a million rows, taken in", run: left::wandb },
    Bench {
        name: "wandb-sync",
        what: "requests for 1,000 small runs to a server of W&B's",
        run: wandb::counted,
    },
    Bench { name: "wandb-many", what: "200 runs of W&B's SDK at once", run: wandb::many },
];

/// A measured figure and what was promised, if anything was.
pub struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    target: Option<Target>,
}

/// A promise.
#[derive(Clone, Copy)]
enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, target: None }
    }

    fn at_most(self, limit: f64) -> Self {
        Self { target: Some(Target::AtMost(limit)), ..self }
    }

    fn at_least(self, limit: f64) -> Self {
        Self { target: Some(Target::AtLeast(limit)), ..self }
    }

    fn at_most_where(self, promised: bool, limit: f64) -> Self {
        if promised { self.at_most(limit) } else { self }
    }

    fn at_least_where(self, promised: bool, limit: f64) -> Self {
        if promised { self.at_least(limit) } else { self }
    }

    fn verdict(&self) -> (String, &'static str) {
        match self.target {
            None => (String::new(), ""),
            Some(Target::AtMost(limit)) => {
                (format!("≤ {}", short(limit)), if self.value <= limit { "yes" } else { "NO" })
            }
            Some(Target::AtLeast(limit)) => {
                (format!("≥ {}", short(limit)), if self.value >= limit { "yes" } else { "NO" })
            }
        }
    }
}

/// Three figures are enough.
fn short(x: f64) -> String {
    match x.abs() {
        big if big >= 1e6 => format!("{:.2} M", x / 1e6),
        big if big >= 100.0 => format!("{x:.0}"),
        big if big >= 10.0 => format!("{x:.1}"),
        _ => format!("{x:.2}"),
    }
}

/// Runs those named, or all.
pub fn run(names: &[String]) -> Result<()> {
    if names.first().is_some_and(|name| name == "list") {
        BENCHES.iter().for_each(|bench| println!("{:<12} {}", bench.name, bench.what));
        return Ok(());
    }
    if let Some(unknown) = names.iter().find(|name| !BENCHES.iter().any(|bench| bench.name == *name)) {
        bail!("there is no benchmark `{unknown}`; see `cargo xtask bench list`");
    }
    let venv = Venv::ready()?;
    let package = python::package(Profile::Release)?;
    let mut rows = Vec::new();
    for bench in
        BENCHES.iter().filter(|bench| names.is_empty() || names.iter().any(|name| name == bench.name))
    {
        sh::step(&format!("{}: {}", bench.name, bench.what));
        let machine = machine::Machine::fresh(&venv, &package)?;
        let figures = (bench.run)(&machine)?;
        figures.iter().for_each(show);
        rows.extend(figures.into_iter().map(|figure| (bench.name, figure)));
    }
    let out = sh::target().join("bench/results.json");
    let entries: Vec<_> = rows.iter().map(|(bench, figure)| entry(bench, figure)).collect();
    fs::write(&out, serde_json::to_string_pretty(&json!({"figures": entries}))?)?;
    let missed: Vec<_> = rows.iter().filter(|(_, figure)| figure.verdict().1 == "NO").collect();
    println!(
        "\n{} figures, {} of them beside their target; all in {}",
        rows.len(),
        missed.len(),
        out.display()
    );
    for (bench, figure) in missed {
        print!("{bench}");
        show(figure);
    }
    Ok(())
}

fn show(figure: &Figure) {
    let (target, verdict) = figure.verdict();
    println!(
        "    {:<44} {:>10} {:<10} {target:<12} {verdict}",
        figure.name,
        short(figure.value),
        figure.unit
    );
}

fn entry(bench: &str, figure: &Figure) -> serde_json::Value {
    let (target, verdict) = figure.verdict();
    json!({"bench": bench, "name": figure.name, "value": figure.value, "unit": figure.unit, "target": target, "reached": verdict})
}
