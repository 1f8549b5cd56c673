//! What there is to see now: asked of the daemon's routes.

use pannier_proto::dashboard::{RunItem, RunList, SeriesList, SeriesView};
use pannier_proto::record::RunState;
use pannier_proto::request::Status;
use serde_json::{Map, Value as Json, json};

use crate::cli::client::Client;
use crate::cli::failure::Result;

/// Runs that are looked at: those that run, then the newest.
const RUNS: usize = 20;
/// Metrics of the selected run that are drawn.
const METRICS: usize = 6;
/// Points of a curve.
pub const POINTS: usize = 24;

/// What was seen.
pub struct Seen {
    /// How the daemon is.
    pub status: Status,
    /// Those that run first; each with one metric, where it has any.
    pub runs: Vec<(RunItem, Option<Curve>)>,
    /// Metrics of the selected run.
    pub curves: Vec<Curve>,
}

/// A metric, drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its key.
    pub key: String,
    /// The last values of its stretches.
    pub values: Vec<Option<f64>>,
}

impl Seen {
    /// Looks, with one run selected.
    ///
    /// # Errors
    /// As the daemon's.
    pub fn look(daemon: &Client, selected: usize) -> Result<Self> {
        let status: Status = daemon.get("/v1/status")?;
        let listed: RunList = daemon.get("/v1/runs?limit=200")?;
        let mut items = listed.runs;
        items.sort_by_key(|item| item.run.state != RunState::Running);
        items.truncate(RUNS);
        let mut runs = Vec::with_capacity(items.len());
        for item in items {
            let key = metrics(&item.run.summary, 1).pop();
            let curve =
                key.map(|key| curves(daemon, &item, &[key])).transpose()?.and_then(|mut all| all.pop());
            runs.push((item, curve));
        }
        let curves = match runs.get(selected.min(runs.len().saturating_sub(1))) {
            Some((item, _)) => curves(daemon, item, &metrics(&item.run.summary, METRICS))?,
            None => Vec::new(),
        };
        Ok(Self { status, runs, curves })
    }
}

/// Keys of a summary that are numbers: losses first, as they are looked at most.
fn metrics(summary: &Map<String, Json>, count: usize) -> Vec<String> {
    let number = |value: &Json| value.is_number() || value.as_str().is_some_and(|word| word == "NaN");
    let shown = summary.iter().filter(|(key, value)| !key.starts_with('_') && number(value));
    let mut keys: Vec<String> = shown.map(|(key, _)| key.clone()).collect();
    keys.sort_by_key(|key| !key.to_lowercase().contains("loss"));
    keys.truncate(count);
    keys
}

fn curves(daemon: &Client, item: &RunItem, keys: &[String]) -> Result<Vec<Curve>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let path = &item.run.path;
    let asked = json!({
        "entity": path.entity, "project": path.project, "runs": [path.run], "keys": keys, "buckets": POINTS,
    });
    let found: SeriesList = daemon.call("POST", "/v1/series", Some(&asked))?.json()?;
    Ok(found.series.into_iter().map(|SeriesView { key, y, .. }| Curve { key, values: y }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_come_first_and_only_numbers() {
        let summary = json!({"_step": 1, "acc": 0.5, "note": "x", "val/loss": 2, "Loss": "NaN", "img": {}});
        let summary = summary.as_object().unwrap();
        assert_eq!(metrics(summary, 9), ["val/loss", "Loss", "acc"]);
        assert_eq!(metrics(summary, 1), ["val/loss"]);
    }
}
