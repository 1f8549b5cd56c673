//! `cargo xtask test`: sets everything up and passes every test. Each stage
//! runs whatever became of the one before; the last lines name what failed and
//! count them all.

mod dashboard;
mod sdk;
mod stages;

use std::time::Instant;

use anyhow::{Result, bail};

use crate::sh;

pub use dashboard::have_a_browser;

/// What a stage came to: tests passed and failed, or why it could not run.
type Outcome = Result<Count>;

/// Tests passed and failed, and which failed as far as their runner says.
#[derive(Default)]
pub struct Count {
    passed: u64,
    failed: u64,
    names: Vec<String>,
}

/// One stage.
struct Stage {
    name: &'static str,
    /// Left out by `--fast`.
    slow: bool,
    run: fn(fast: bool) -> Outcome,
}

const STAGES: &[Stage] = &[
    Stage { name: "format", slow: false, run: |_| stages::format() },
    Stage { name: "lints", slow: false, run: |_| stages::lints() },
    Stage { name: "Rust tests", slow: false, run: stages::rust },
    Stage { name: "documentation's examples", slow: false, run: |_| stages::doctests() },
    Stage { name: "documentation", slow: false, run: |_| stages::rustdoc() },
    Stage { name: "dependencies", slow: true, run: |_| stages::deny() },
    Stage { name: "the dashboard", slow: false, run: |_| dashboard::own_tests() },
    Stage { name: "Python tests", slow: false, run: |_| stages::pytest() },
    Stage { name: "the wandb SDK", slow: false, run: sdk::stories },
    Stage { name: "wandb SDK versions", slow: true, run: |_| sdk::versions() },
    Stage { name: "the dashboard in a browser", slow: false, run: dashboard::in_a_browser },
    Stage { name: "every Python on this machine", slow: true, run: |_| stages::pythons() },
    Stage { name: "the wheel, installed", slow: true, run: |_| stages::wheel() },
];

/// Runs them all. With `fast`, leaves out what takes long: the crash, power
/// loss and timing tests among the Rust ones, the dependencies' audit, most
/// stories and all older versions of W&B's SDK, the other Pythons, the wheel.
pub fn run(fast: bool) -> Result<()> {
    let began = Instant::now();
    let mut table = Vec::new();
    let mut total = Count::default();
    for stage in STAGES {
        if fast && stage.slow {
            table.push((stage.name, "left out (--fast)".to_owned()));
            continue;
        }
        sh::step(stage.name);
        let at = Instant::now();
        let count = (stage.run)(fast).unwrap_or_else(|error| {
            eprintln!("    {}: {error:#}", stage.name);
            Count { failed: 1, names: vec![format!("{error:#}")], ..Count::default() }
        });
        table.push((
            stage.name,
            format!(
                "{:>4} passed {:>3} failed {:>5.0} s",
                count.passed,
                count.failed,
                at.elapsed().as_secs_f64()
            ),
        ));
        total.passed += count.passed;
        total.failed += count.failed;
        total.names.extend(count.names.into_iter().map(|name| format!("{}: {name}", stage.name)));
    }
    println!();
    for (name, line) in &table {
        println!("    {name:<30} {line}");
    }
    println!("    {:<30} {:.0} s", "all", began.elapsed().as_secs_f64());
    println!("\n{} passed, {} failed", total.passed, total.failed);
    for name in &total.names {
        println!("    {name}");
    }
    if total.failed > 0 {
        bail!("not everything passed");
    }
    Ok(())
}
