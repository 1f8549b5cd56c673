//! The benchmarks themselves, with the targets of the issue that set them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde_json::{Value as Json, json};

use super::Figure;
use super::machine::{Machine, used};
use crate::sh;

fn number(json: &Json, name: &str) -> Result<f64> {
    json[name].as_f64().with_context(|| format!("worker.py gave no {name}"))
}

/// Import, init with and without a daemon, finish; the median of five.
pub fn begin(machine: &Machine) -> Result<Vec<Figure>> {
    let median = |name: &str, lives: &[Json]| -> Result<f64> {
        let mut values = lives.iter().map(|life| number(life, name)).collect::<Result<Vec<_>>>()?;
        values.sort_by(f64::total_cmp);
        Ok(values[values.len() / 2])
    };
    let live = |n: usize| machine.worker("begin", &json!({"run": format!("begin{n}")}));
    // Without: the client starts one, which leaves after five idle seconds.
    let socket = machine.dir.join("home/pannier.sock");
    let mut without = Vec::new();
    for n in 0..3 {
        sh::until(Duration::from_secs(30), || Ok((!socket.exists()).then_some(())))?
            .context("a daemon does not leave when idle")?;
        without.push(live(n)?);
    }
    sh::until(Duration::from_secs(30), || Ok((!socket.exists()).then_some(())))?
        .context("a daemon does not leave when idle")?;
    let daemon = machine.daemon()?;
    let with = (10..15).map(live).collect::<Result<Vec<_>>>()?;
    drop(daemon);
    Ok(vec![
        Figure::new("import", 1e3 * median("import_s", &with)?, "ms").at_most(30.0),
        Figure::new("init to first log, daemon running", 1e3 * median("init_to_first_log_s", &with)?, "ms")
            .at_most(5.0),
        Figure::new("init to first log, none running", 1e3 * median("init_to_first_log_s", &without)?, "ms")
            .at_most(150.0),
        Figure::new("finish of a short run", 1e3 * median("finish_s", &with)?, "ms"),
    ])
}

/// The loop, beside its floor, with everything it costs.
pub fn hot(machine: &Machine, width: u64, calls: u64) -> Result<Vec<Figure>> {
    let case =
        |who: &str, run: &str, calls: u64| json!({"who": who, "run": run, "width": width, "calls": calls});
    let daemon = machine.daemon()?;
    // The floor before and after, so that a machine that changes its mind shows.
    let floor_calls = if width > 10_000 { calls / 5 } else { calls };
    let before = machine.worker("loop", &case("jsonl", "floor1", floor_calls))?;
    let idle = used(&daemon)?.cpu_s;
    let ours = machine.worker("loop", &case("pannier", "ours", calls))?;
    machine.settle()?;
    let durable_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() - number(&ours, "began_at")?;
    let daemon_used = used(&daemon)?;
    let after = machine.worker("loop", &case("jsonl", "floor2", floor_calls))?;
    let floor =
        |name: &str| Ok::<_, anyhow::Error>(f64::midpoint(number(&before, name)?, number(&after, name)?));
    let per_call = |seconds: f64| seconds * 1e6 / calls_f64(calls);
    let daemon_cpu = per_call(daemon_used.cpu_s - idle);
    let cpu = number(&ours, "cpu_us_per_call")? + daemon_cpu;
    let points = number(&ours, "points")?;
    let in_log = number(&ours, "loop_s")? - number(&ours, "outside_s")?;
    let (few, many) = (width == 10, width == 100_000);
    let share = if few { 1.0 / 3.0 } else { 0.25 };
    let memory = number(&ours, "memory_mb")? - floor("memory_mb")?;
    let mut figures = vec![
        Figure::new("JSON line, p50", floor("p50_us")?, "µs"),
        Figure::new("log(), p50", number(&ours, "p50_us")?, "µs"),
        Figure::new("log(), p50, of the JSON line's", number(&ours, "p50_us")? / floor("p50_us")?, "×")
            .at_most(share),
        Figure::new("log(), p99", number(&ours, "p99_us")?, "µs"),
        Figure::new("log(), p99.9", number(&ours, "p999_us")?, "µs").at_most_where(few, 1000.0),
        Figure::new("points a second, as the trainer sees it", points / in_log, "/s")
            .at_least_where(many, 3e6),
        Figure::new("points a second, durable", points / durable_s, "/s").at_least_where(many, 1e6),
        Figure::new("JSON line, CPU a call", floor("cpu_us_per_call")?, "µs"),
        Figure::new("trainer, CPU a call", number(&ours, "cpu_us_per_call")?, "µs"),
        Figure::new("daemon, CPU a call", daemon_cpu, "µs"),
        Figure::new("both, of the JSON line's CPU", cpu / floor("cpu_us_per_call")?, "×")
            .at_most_where(few, 1.5),
        Figure::new("trainer's memory, over the JSON line's", memory, "MB").at_most_where(few, 5.0),
        Figure::new("daemon's memory, at most", daemon_used.memory_mb, "MB").at_most(50.0),
        Figure::new("finish()", 1e3 * number(&ours, "finish_s")?, "ms").at_most_where(few, 50.0),
    ];
    if few {
        figures.push(Figure::new("bytes a point, at rest", at_rest(machine)? / points, "B").at_most(4.0));
    }
    Ok(figures)
}

#[expect(clippy::cast_precision_loss, reason = "a count of calls")]
fn calls_f64(calls: u64) -> f64 {
    calls as f64
}

#[expect(clippy::cast_precision_loss, reason = "bytes a point, to two digits")]
fn at_rest(machine: &Machine) -> Result<f64> {
    // The floors wrote into the working folder, not into the home.
    Ok(machine.bytes_at_rest()? as f64)
}

/// A million steps, read back.
pub fn read(machine: &Machine) -> Result<Vec<Figure>> {
    let _daemon = machine.daemon()?;
    let params = json!({"run": "million", "steps": 1_000_000});
    let written = machine.worker("million", &params)?;
    machine.settle()?;
    machine.bytes_at_rest()?;
    let read = machine.worker("read", &params)?;
    Ok(vec![
        Figure::new("finish of a million-point run", 1e3 * number(&written, "finish_s")?, "ms").at_most(50.0),
        Figure::new("all of it", 1e3 * number(&read, "read_s")?, "ms").at_most(100.0),
        Figure::new("a sample of 1,000", 1e3 * number(&read, "sample_s")?, "ms").at_most(10.0),
    ])
}

/// A backlog of ten million points, once the hub is there.
pub fn sync(machine: &Machine) -> Result<Vec<Figure>> {
    const CALLS: u64 = 1_000_000;
    let address = machine.hub_to_be()?;
    let daemon = machine.daemon()?;
    machine.add_hub(&address)?;
    println!("    building the backlog");
    machine.worker("loop", &json!({"who": "pannier", "run": "backlog", "width": 10, "calls": CALLS}))?;
    machine.settle()?;
    // From here: the daemon may begin before we know that the hub is ready.
    let began = Instant::now();
    let _hub = machine.hub(&address)?;
    machine.sync()?;
    let took = began.elapsed().as_secs_f64();
    sh::run(&mut machine.pannier("home", &["verify", "--remote", "hub"]))?;
    Ok(vec![
        Figure::new("points a second", calls_f64(CALLS) * 10.0 / took, "/s").at_least(1e6),
        Figure::new("daemon's memory, at most", used(&daemon)?.memory_mb, "MB").at_most(100.0),
    ])
}
