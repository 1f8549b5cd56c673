//! What a metric's many values come down to. One rule, used by the client for
//! `run.summary` and by the store for everyone else.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::value::{Value, float_to_json};

/// Which numbers of a metric its summary shows; `run.define_metric(summary=…)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Shown {
    /// The smallest, as `NAME.min`.
    pub min: bool,
    /// The largest, as `NAME.max`.
    pub max: bool,
    /// The mean, as `NAME.mean`.
    pub mean: bool,
    /// The best by [`Definition::maximize`], as `NAME.best`.
    pub best: bool,
    /// The last, as `NAME.last`.
    pub last: bool,
    /// Nothing at all.
    pub none: bool,
}

/// One `define_metric`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Definition {
    /// The metric's name, or a glob with one `*` at its end.
    pub name: String,
    /// The metric to draw it against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_metric: Option<String>,
    /// What the summary shows.
    pub shown: Shown,
    /// For [`Shown::best`]: the largest instead of the smallest.
    pub maximize: bool,
    /// Not drawn by default.
    pub hidden: bool,
}

impl Definition {
    /// Whether the rule speaks of this metric.
    #[must_use]
    pub fn matches(&self, metric: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(prefix) => metric.starts_with(prefix),
            None => self.name == metric,
        }
    }
}

/// Finds the rule for a metric: its own before any glob, the later glob before
/// the earlier.
#[must_use]
pub fn rule<'a>(rules: &'a [Definition], metric: &str) -> Option<&'a Definition> {
    rules
        .iter()
        .rev()
        .find(|rule| rule.name == metric)
        .or_else(|| rules.iter().rev().find(|rule| rule.matches(metric)))
}

/// Running figures of one metric's numbers. NaN counts as logged and as last,
/// but neither as smallest, largest, nor in the mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stats {
    /// How many numbers that are not NaN.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The smallest of them; infinite while there is none.
    pub min: f64,
    /// The largest of them.
    pub max: f64,
}

impl Default for Stats {
    fn default() -> Self {
        Self { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Stats {
    /// Takes in one number.
    #[inline]
    pub fn add(&mut self, x: f64) {
        if !x.is_nan() {
            self.count += 1;
            self.sum += x;
            self.min = self.min.min(x);
            self.max = self.max.max(x);
        }
    }

    /// Takes in what another saw.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

/// What the summary holds for one metric: `None` to leave it out, else the
/// last value or, where a rule asks for figures, an object of them.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a mean over 2^53 numbers is not exact anyway")]
pub fn entry(rule: Option<&Definition>, last: &Value, stats: &Stats) -> Option<Json> {
    let Some(rule) = rule else { return Some(last.to_json()) };
    let shown = rule.shown;
    if shown.none {
        return None;
    }
    if !(shown.min || shown.max || shown.mean || shown.best || shown.last) {
        return Some(last.to_json());
    }
    let mut figures = Map::new();
    if stats.count > 0 {
        if shown.min {
            figures.insert("min".into(), float_to_json(stats.min));
        }
        if shown.max {
            figures.insert("max".into(), float_to_json(stats.max));
        }
        if shown.mean {
            figures.insert("mean".into(), float_to_json(stats.sum / stats.count as f64));
        }
        if shown.best {
            let best = if rule.maximize { stats.max } else { stats.min };
            figures.insert("best".into(), float_to_json(best));
        }
    }
    if shown.last {
        figures.insert("last".into(), last.to_json());
    }
    Some(Json::Object(figures))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_last_but_not_least() {
        let mut stats = Stats::default();
        for x in [2.0, f64::NAN, 1.0, 6.0] {
            stats.add(x);
        }
        let all = Shown { min: true, max: true, mean: true, best: true, last: true, none: false };
        let rule = Definition { name: "a".into(), shown: all, maximize: true, ..Default::default() };
        let entry = entry(Some(&rule), &Value::F64(f64::NAN), &stats).unwrap();
        assert_eq!(
            entry,
            serde_json::json!({"min": 1.0, "max": 6.0, "mean": 3.0, "best": 6.0, "last": "NaN"})
        );
    }

    #[test]
    fn the_exact_rule_wins_over_globs_and_later_globs_over_earlier() {
        let rule_named = |name: &str| Definition { name: name.into(), ..Default::default() };
        let rules = [rule_named("val/loss"), rule_named("*"), rule_named("val/*")];
        assert_eq!(rule(&rules, "val/loss").unwrap().name, "val/loss");
        assert_eq!(rule(&rules, "val/acc").unwrap().name, "val/*");
        assert_eq!(rule(&rules, "x").unwrap().name, "*");
        assert_eq!(rule(&rules[..1], "x"), None);
    }
}
