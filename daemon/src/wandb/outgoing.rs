//! What is sent to a server of W&B's, as its own SDK would: posts of the file
//! stream, and a run's config and summary. Pure: the same records make the same
//! lines under the same numbers.

use std::collections::BTreeMap;

use pannier_proto::record::{Row, RunState};
use pannier_proto::request::RunView;
use pannier_proto::summary::Definition;
use pannier_proto::value::Value;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::file_stream::SUMMARY;
use super::{config, json as python, rows, run_files, time};

/// The SDK whose dialect is spoken.
pub const DIALECT: &str = "0.31.0";

/// Some lines of one file, numbered from `offset` on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Lines {
    /// The number of the first.
    pub offset: u64,
    /// The lines.
    pub content: Vec<String>,
}

/// A post of the file stream on its way. Lines of one file follow each other;
/// where they do not, the next post takes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Post {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<&'static str, Lines>,
    /// Files whose bytes have arrived.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uploaded: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    preempting: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    exitcode: Option<i32>,
    #[serde(skip)]
    bytes: usize,
}

impl Post {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.uploaded.is_empty() && !self.complete && !self.preempting
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many lines it holds.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.files.values().map(|lines| lines.content.len()).sum()
    }

    /// Whether a line of this number can follow the lines of its file.
    #[must_use]
    pub fn takes(&self, file: &'static str, number: u64) -> bool {
        self.files.get(file).is_none_or(|lines| {
            let end = lines.offset + lines.content.len() as u64;
            number >= lines.offset && number <= end
        })
    }

    /// Puts a line under its number, in the place of one that has it.
    pub fn put(&mut self, file: &'static str, number: u64, line: String) {
        self.bytes += line.len() + 8;
        let lines = self.files.entry(file).or_insert_with(|| Lines { offset: number, content: Vec::new() });
        let at = usize::try_from(number.saturating_sub(lines.offset)).unwrap_or(usize::MAX);
        match lines.content.get_mut(at) {
            Some(known) => *known = line,
            None => lines.content.push(line),
        }
    }

    /// The whole summary.
    pub fn set_summary(&mut self, summary: String) {
        self.bytes += summary.len();
        self.files.insert(SUMMARY, Lines { offset: 0, content: vec![summary] });
    }

    /// How the run ended; one that fell silent only says no more.
    pub fn end(&mut self, state: RunState, exit_code: Option<i32>) {
        (self.preempting, self.complete, self.exitcode) = match state {
            RunState::Finished => (false, true, Some(0)),
            RunState::Failed => (false, true, Some(exit_code.unwrap_or(1))),
            RunState::Preempted => (true, true, Some(exit_code.unwrap_or(1))),
            RunState::Running | RunState::Pending | RunState::Crashed => return,
        };
    }

    /// The same in two, where the first holds half of the lines; `None` where it
    /// has only one.
    #[must_use]
    pub fn halves(mut self) -> Option<(Self, Self)> {
        let keep = self.lines() / 2;
        if keep == 0 {
            return None;
        }
        let mut first = Self::default();
        for (file, lines) in std::mem::take(&mut self.files) {
            let room = keep - first.lines();
            let (mut number, mut content) = (lines.offset, lines.content.into_iter());
            for line in content.by_ref().take(room) {
                first.put(file, number, line);
                number += 1;
            }
            for line in content {
                self.put(file, number, line);
                number += 1;
            }
        }
        Some((first, self))
    }
}

/// A row of history, or of the machine's metrics.
#[must_use]
pub fn row_line(row: &Row, begun_us: i64) -> String {
    let mut line = String::new();
    rows::write_line(row, begun_us, &mut line);
    line
}

/// A line of the console, as its row says: who wrote it, its number with him, and
/// how it is sent.
#[must_use]
pub fn console_line(row: Row) -> (String, u64, String) {
    let (mut number, mut label, mut stderr, mut text) = (0, String::new(), false, String::new());
    for (key, value) in row.cells {
        match (key.as_str(), value) {
            ("line", Value::I64(n)) => number = u64::try_from(n).unwrap_or(0),
            ("stream", Value::I64(stream)) => stderr = stream == 1,
            ("label", Value::Text(said)) => label = said,
            ("text", Value::Text(said)) => text = said,
            _ => {}
        }
    }
    let mut line = Map::new();
    if stderr {
        line.insert("level".into(), "error".into());
    }
    line.insert("ts".into(), time::format(row.time_us).trim_end_matches('Z').into());
    line.insert("content".into(), text.into());
    if !label.is_empty() {
        line.insert("label".into(), label.as_str().into());
    }
    (label, number, Json::Object(line).to_string())
}

/// The summary as one line.
#[must_use]
pub fn summary_line(run: &RunView) -> String {
    python::write(&Json::Object(run_files::summary(run)))
}

/// The config as `upsertBucket` takes it.
#[must_use]
pub fn config_text(run: &RunView) -> String {
    let wrapped = |value: Json| json!({ "value": value });
    let mut sent: Map<_, _> =
        run.config.iter().map(|(key, value)| (key.clone(), wrapped(value.clone()))).collect();
    sent.insert(config::INTERNAL.to_owned(), wrapped(Json::Object(internal(run))));
    Json::Object(sent).to_string()
}

/// The client's own part: what its client said, or what is known of a run of ours.
fn internal(run: &RunView) -> Map<String, Json> {
    if let Some(Json::Object(said)) = run_files::internal(run) {
        return said.clone();
    }
    let python = run.metadata.get("program").and_then(|program| program.get("python")).cloned();
    let mut internal = Map::new();
    internal.insert("cli_version".into(), DIALECT.into());
    let mut telemetry = Map::new();
    if let Some(python) = python {
        internal.insert("python_version".into(), python.clone());
        telemetry.insert("4".into(), python);
    }
    telemetry.insert("5".into(), DIALECT.into());
    telemetry.insert("12".into(), DIALECT.into());
    internal.insert("t".into(), telemetry.into());
    internal.insert("m".into(), rules(&run.definitions).into());
    internal
}

/// The `define_metric` rules; the inverse of [`config::definitions`].
fn rules(definitions: &[Definition]) -> Vec<Json> {
    let mut names: Vec<&str> = definitions.iter().map(|rule| rule.name.as_str()).collect();
    // A step metric that nobody defined is referred to by its place all the same.
    let steps = definitions.iter().filter_map(|rule| rule.step_metric.as_deref());
    for step in steps {
        if !names.contains(&step) {
            names.push(step);
        }
    }
    let place = |name: &str| names.iter().position(|known| *known == name).map(|at| at + 1);
    let rule = |name: &&str| {
        let key = if name.ends_with('*') { "2" } else { "1" };
        let mut rule = Map::from_iter([(key.to_owned(), Json::from(*name))]);
        let Some(known) = definitions.iter().rev().find(|known| known.name == **name) else {
            rule.insert("6".into(), json!([3]));
            return Json::Object(rule);
        };
        let mut options = vec![3];
        if let Some(step) = &known.step_metric {
            rule.insert("5".into(), place(step).into());
            options.insert(0, 1);
        }
        if known.hidden {
            options.insert(0, 2);
        }
        rule.insert("6".into(), options.into());
        let shown = known.shown;
        let flags = [shown.min, shown.max, shown.mean, shown.best, shown.last, shown.none];
        let flags: Vec<usize> =
            flags.iter().enumerate().filter(|(_, set)| **set).map(|(nth, _)| nth + 1).collect();
        if !flags.is_empty() {
            rule.insert("7".into(), flags.into());
        }
        if shown.best {
            rule.insert("8".into(), if known.maximize { 2 } else { 1 }.into());
        }
        Json::Object(rule)
    };
    names.iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wandb::file_stream::{self, CONSOLE, HISTORY};
    use pannier_proto::record::Table;
    use pannier_proto::summary::Shown;

    fn history(step: i64) -> Row {
        let cells = vec![("x".to_owned(), Value::F64(f64::NAN)), ("n".to_owned(), Value::I64(step))];
        Row { table: Table::History, step, time_us: 2_000_000 + step, cells }
    }

    #[test]
    fn what_is_posted_is_read_as_it_was() {
        let mut post = Post::default();
        assert!(post.is_empty());
        for step in 0..3 {
            post.put(HISTORY, 5 + step, row_line(&history(step.cast_signed()), 1_000_000));
        }
        let cells = vec![
            ("line".to_owned(), Value::I64(4)),
            ("stream".to_owned(), Value::I64(1)),
            ("text".to_owned(), Value::Text("oh".into())),
            ("label".to_owned(), Value::Text("rank-0".into())),
        ];
        let row = Row { table: Table::Console, step: 0, time_us: 1_767_323_045_678_901, cells };
        let (label, number, line) = console_line(row);
        assert_eq!((label.as_str(), number), ("rank-0", 4));
        post.put(CONSOLE, number, line);
        post.set_summary(r#"{"best":Infinity}"#.into());
        post.end(RunState::Failed, Some(3));
        let read = file_stream::decode(&serde_json::to_vec(&post).unwrap()).unwrap();
        let lines = read.history.unwrap();
        assert_eq!((lines.offset, lines.lines.len()), (5, 3));
        assert_eq!(lines.lines[2].as_ref().unwrap().step, Some(2));
        let console = read.console.unwrap().lines.remove(0).unwrap();
        assert!(console.stderr && console.text == "oh" && console.time_us == Some(1_767_323_045_678_901));
        assert_eq!((read.ended, read.summary.unwrap()["best"].as_str()), (Some(3), Some("Infinity")));
    }

    #[test]
    fn lines_keep_their_numbers() {
        let mut post = Post::default();
        post.put(CONSOLE, 3, "a".into());
        post.put(CONSOLE, 4, "b".into());
        post.put(CONSOLE, 3, "c".into());
        assert!(post.takes(CONSOLE, 5) && post.takes(CONSOLE, 4) && post.takes(HISTORY, 9));
        assert!(!post.takes(CONSOLE, 6) && !post.takes(CONSOLE, 2));
        post.put(HISTORY, 7, "h".into());
        post.set_summary("{}".into());
        post.end(RunState::Finished, None);
        assert_eq!(post.files[CONSOLE], Lines { offset: 3, content: vec!["c".into(), "b".into()] });
        let (first, rest) = post.halves().unwrap();
        assert_eq!(first.lines() + rest.lines(), 4);
        assert!(!first.complete && rest.complete, "the end comes last");
        let one = rest.halves().and_then(|(_, rest)| rest.halves());
        assert_eq!(one, None);
    }

    #[test]
    fn rules_are_read_as_they_were() {
        let rules = [
            Definition {
                name: "val/*".into(),
                step_metric: Some("epoch".into()),
                hidden: true,
                ..Default::default()
            },
            Definition {
                name: "acc".into(),
                shown: Shown { max: true, best: true, ..Shown::default() },
                maximize: true,
                ..Default::default()
            },
        ];
        let internal = Map::from_iter([("m".to_owned(), Json::from(super::rules(&rules)))]);
        let read = config::definitions(&internal);
        assert_eq!(read[..2], rules);
        assert_eq!((read.len(), read[2].name.as_str()), (3, "epoch"));
    }
}
