//! The door of W&B's clients: posts of the file stream, scans, lists of runs, and
//! many runs of the real SDK at once.

use anyhow::{Context as _, Result};
use serde_json::{Value as Json, json};

use super::Figure;
use super::machine::{Machine, used};
use crate::python::Venv;
use crate::sh;

fn number(json: &Json, name: &str) -> Result<f64> {
    json[name].as_f64().with_context(|| format!("wandb_worker.py gave no {name}"))
}

/// Small posts beside each other, and large ones.
pub fn stream(machine: &Machine) -> Result<Vec<Figure>> {
    let daemon = machine.daemon()?;
    let alone = machine.wandb_worker("stream", &json!({"threads": 1, "posts": 200, "rows": 1}))?;
    let crowd = machine.wandb_worker("stream", &json!({"threads": 32, "posts": 100, "rows": 1}))?;
    let large = machine.wandb_worker("stream", &json!({"threads": 4, "posts": 40, "rows": 1000}))?;
    Ok(vec![
        Figure::new("posts of one row, one client", number(&alone, "posts_per_s")?, "/s"),
        Figure::new("posts of one row, 32 clients", number(&crowd, "posts_per_s")?, "/s"),
        Figure::new("rows of ten metrics, in posts of 1,000", number(&large, "rows_per_s")?, "/s"),
        Figure::new("daemon's memory, at most", used(&daemon)?.memory_mb, "MB").at_most(100.0),
    ])
}

/// `scan_history` of a million rows of ten metrics, page by page.
pub fn scan(machine: &Machine) -> Result<Vec<Figure>> {
    const STEPS: u64 = 1_000_000;
    let daemon = machine.daemon()?;
    let filled = machine.wandb_worker("fill", &json!({ "steps": STEPS }))?;
    let small = machine.wandb_worker("scan", &json!({"steps": STEPS, "page": 1000}))?;
    let large = machine.wandb_worker("scan", &json!({"steps": STEPS, "page": 10_000}))?;
    Ok(vec![
        Figure::new("a million rows posted", number(&filled, "took_s")?, "s"),
        Figure::new("rows a second, pages of 1,000 (the SDK's default)", number(&small, "rows_per_s")?, "/s")
            .at_least(200_000.0),
        Figure::new("rows a second, pages of 10,000", number(&large, "rows_per_s")?, "/s")
            .at_least(200_000.0),
        Figure::new("daemon's memory, at most", used(&daemon)?.memory_mb, "MB").at_most(100.0),
    ])
}

/// `api.runs` with a filter and an order over ten thousand runs.
pub fn runs(machine: &Machine) -> Result<Vec<Figure>> {
    let _daemon = machine.daemon()?;
    let made = machine.wandb_worker("make_runs", &json!({"runs": 10_000}))?;
    let asked = machine.wandb_worker("query_runs", &json!({"asked": 40}))?;
    Ok(vec![
        Figure::new("10,000 runs begun, 16 clients", 10_000.0 / number(&made, "took_s")?, "/s"),
        Figure::new("first page, filtered and sorted, p50", 1e3 * number(&asked, "p50_s")?, "ms")
            .at_most(100.0),
        Figure::new("the same, slowest of 40", 1e3 * number(&asked, "max_s")?, "ms"),
    ])
}

/// Two hundred runs of the SDK at once.
pub fn many(machine: &Machine) -> Result<Vec<Figure>> {
    let sdk = Venv::of_file("venv-wandb", &sh::root().join("tests/wandb/requirements.txt"))?;
    let daemon = machine.daemon()?;
    let before = used(&daemon)?.memory_mb;
    let machine = machine.with_python(&sdk);
    let said = machine.wandb_worker("many", &json!({"runs": 200, "steps": 100}))?;
    Ok(vec![
        Figure::new("init(), each of 200 after another", 1e3 * number(&said, "init_s")?, "ms"),
        Figure::new("100 rows of each logged", number(&said, "log_s")?, "s"),
        Figure::new("all of them finished and read", number(&said, "finish_s")?, "s"),
        Figure::new("daemon's memory before", before, "MB"),
        Figure::new("daemon's memory, at most", used(&daemon)?.memory_mb, "MB").at_most(100.0),
    ])
}

/// What a server of W&B's is asked for a thousand small runs, by a home and by the
/// SDK, counted; and for some at once where it allows fifty requests a minute.
pub fn counted(machine: &Machine) -> Result<Vec<Figure>> {
    const RUNS: f64 = 1000.0;
    let sdk = Venv::of_file("venv-wandb", &sh::root().join("tests/wandb/requirements.txt"))?;
    let address = machine.hub_to_be()?;
    let _hub = machine.hub(&address)?;
    let daemon = machine.daemon()?;
    let with_sdk = machine.with_python(&sdk);
    let server = Server { address, token: machine.dir.join("token").display().to_string() };
    let ours = server.asked(machine, "ours", json!({"runs": 1000}))?;
    let short = server.asked(&with_sdk, "theirs", json!({"runs": 1, "seconds": 1}))?;
    let minutes = server.asked(&with_sdk, "theirs", json!({"runs": 1, "seconds": 90}))?;
    let api = number(&ours, "api")?;
    let (short, minutes) = (number(&short, "api")? * RUNS, number(&minutes, "api")? * RUNS);
    let mut figures = vec![
        Figure::new("requests of the API for 1,000 runs", api, ""),
        Figure::new("files put to links, besides", number(&ours, "files")?, ""),
        Figure::new("the SDK's requests, runs of a second", short, ""),
        Figure::new("the SDK's requests, runs of 90 seconds", minutes, ""),
        Figure::new("times fewer than the SDK, runs of a second", short / api, "x"),
        Figure::new("times fewer than the SDK, runs of 90 seconds", minutes / api, "x"),
        Figure::new("sent, with nothing to wait for", number(&ours, "took_s")?, "s"),
        Figure::new("daemon's memory, at most", used(&daemon)?.memory_mb, "MB").at_most(100.0),
    ];
    figures.extend(server.limited(machine, &with_sdk)?);
    Ok(figures)
}

/// A server that is counted at.
struct Server {
    address: String,
    token: String,
}

impl Server {
    fn asked(&self, machine: &Machine, case: &str, more: Json) -> Result<Json> {
        let mut params = json!({"server": self.address, "token": self.token, "rows": 30});
        if let (Some(params), Json::Object(more)) = (params.as_object_mut(), more) {
            params.extend(more);
        }
        machine.wandb_script("wandb_counted.py", case, &params)
    }

    /// Thirty runs at once where fifty requests a minute are allowed. Whoever is
    /// refused asks again: that counts, too.
    fn limited(&self, machine: &Machine, with_sdk: &Machine) -> Result<Vec<Figure>> {
        const RUNS: u32 = 30;
        const A_MINUTE: u32 = 50;
        let few = machine.at(machine.dir.join("few"));
        std::fs::create_dir_all(few.dir.join("home"))?;
        let _daemon = few.daemon()?;
        let ours = self.asked(&few, "ours", json!({"runs": RUNS, "limit": A_MINUTE}))?;
        let params = json!({"runs": RUNS, "limit": A_MINUTE, "seconds": 1});
        let theirs = self.asked(with_sdk, "theirs", params)?;
        let (ours, requests) = (number(&ours, "api")?, number(&theirs, "api")?);
        Ok(vec![
            Figure::new("at 50 a minute: requests for 30 runs at once", ours, ""),
            Figure::new("of the SDK, with those that were refused", requests, ""),
            Figure::new("runs that the SDK gave up", number(&theirs, "failed")?, ""),
            Figure::new("times fewer than the SDK, at 50 a minute", requests / ours, "x").at_least(20.0),
        ])
    }
}
