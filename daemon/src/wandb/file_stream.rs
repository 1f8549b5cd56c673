//! The file stream: `POST /files/ENTITY/PROJECT/RUN/file_stream`, by core.
//!
//! A run's history, system metrics and console are files whose lines are
//! numbered from 0; a post holds lines from an offset on, and repeats the same
//! offset when it is sent again. The summary is one line, whole each time.

use pannier_proto::value::Value;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

use super::{json, time};

/// The files of the stream.
pub const HISTORY: &str = "wandb-history.jsonl";
/// See [`HISTORY`].
pub const SYSTEM: &str = "wandb-events.jsonl";
/// See [`HISTORY`].
pub const SUMMARY: &str = "wandb-summary.json";
/// See [`HISTORY`].
pub const CONSOLE: &str = "output.log";

/// A post, read.
#[derive(Debug, Default, PartialEq)]
pub struct Post {
    /// History rows.
    pub history: Option<Lines<Row>>,
    /// Host metrics.
    pub system: Option<Lines<Row>>,
    /// Console lines.
    pub console: Option<Lines<ConsoleLine>>,
    /// The whole summary.
    pub summary: Option<Map<String, Json>>,
    /// The program is about to be stopped.
    pub preempting: bool,
    /// The program ended, with this exit code.
    pub ended: Option<i32>,
    /// When that was, or when the life began that begins with this, if not now.
    pub time_us: Option<i64>,
    /// It is of a life that is over: none begins with it.
    pub late: bool,
}

/// Lines of one file, from an offset on. A line that cannot be read is an error
/// for people; it has its number all the same.
#[derive(Debug, PartialEq)]
pub struct Lines<T> {
    /// The number of the first.
    pub offset: u64,
    /// The lines.
    pub lines: Vec<Result<T, String>>,
}

/// A row of history, or of host metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// `_step`, where it is given.
    pub step: Option<i64>,
    /// `_timestamp`, where it is given.
    pub time_us: Option<i64>,
    /// The rest, nested keys with dots between them.
    pub cells: Vec<(String, Value)>,
}

/// A console line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleLine {
    /// When it was written.
    pub time_us: Option<i64>,
    /// Whether to stderr.
    pub stderr: bool,
    /// Which of several writers wrote it.
    pub label: Option<String>,
    /// The line, without its end.
    pub text: String,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    files: HashMap<String, Chunk>,
    #[serde(default)]
    preempting: Option<bool>,
    #[serde(default)]
    complete: Option<bool>,
    #[serde(default)]
    exitcode: Option<i64>,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    offset: u64,
    #[serde(default)]
    content: Vec<String>,
}

/// Reads a post.
///
/// # Errors
/// For people, where the body is no post at all.
pub fn decode(body: &[u8]) -> Result<Post, String> {
    // A list would be read as the fields in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err("this is no file stream post: it is no JSON object".to_owned());
    }
    let mut body: Body =
        serde_json::from_slice(body).map_err(|error| format!("this is no file stream post: {error}"))?;
    let summary = body.files.remove(SUMMARY).and_then(|chunk| chunk.content.into_iter().next_back());
    let summary = match summary.map(|line| json::parse(&line)) {
        None => None,
        Some(Ok(Json::Object(map))) => Some(map),
        Some(Ok(_)) => return Err("the summary is no JSON object".to_owned()),
        Some(Err(error)) => return Err(format!("the summary is no JSON: {error}")),
    };
    Ok(Post {
        history: body.files.remove(HISTORY).map(|chunk| chunk.read(row)),
        system: body.files.remove(SYSTEM).map(|chunk| chunk.read(row)),
        console: body.files.remove(CONSOLE).map(|chunk| chunk.read(|line| Ok(console_line(line)))),
        summary,
        preempting: body.preempting == Some(true),
        ended: (body.complete == Some(true)).then(|| {
            let code = body.exitcode.unwrap_or(0);
            i32::try_from(code).unwrap_or(i32::MAX)
        }),
        time_us: None,
        late: false,
    })
}

impl Chunk {
    fn read<T>(self, read: impl Fn(&str) -> Result<T, String>) -> Lines<T> {
        Lines { offset: self.offset, lines: self.content.iter().map(|line| read(line)).collect() }
    }
}

/// Reads a line of history, or of host metrics.
///
/// # Errors
/// For people: why it is none.
pub fn row(line: &str) -> Result<Row, String> {
    let Json::Object(map) = json::parse(line).map_err(|error| error.to_string())? else {
        return Err("it is no JSON object".to_owned());
    };
    let mut row = Row { step: None, time_us: None, cells: Vec::with_capacity(map.len()) };
    for (key, value) in &map {
        match key.as_str() {
            "_step" => row.step = value.as_i64(),
            "_timestamp" => row.time_us = value.as_f64().map(time::from_seconds),
            // Says that the row is the client's own.
            "_wandb" => {}
            _ => flatten(key, value, &mut row.cells),
        }
    }
    Ok(row)
}

/// Nested objects become dotted keys; one with a type is a value of its own: a
/// histogram, an image.
pub fn flatten(key: &str, value: &Json, cells: &mut Vec<(String, Value)>) {
    match value {
        Json::Object(inner) if !inner.contains_key("_type") && !inner.is_empty() => {
            inner.iter().for_each(|(below, value)| flatten(&format!("{key}.{below}"), value, cells));
        }
        // Names with a NUL are the block's own.
        value if key.contains('\0') => cells.push((key.replace('\0', "\u{fffd}"), Value::from_json(value))),
        value => cells.push((key.to_owned(), Value::from_json(value))),
    }
}

#[derive(Deserialize)]
struct Structured {
    #[serde(default)]
    ts: String,
    content: String,
    #[serde(default)]
    level: Option<String>,
    #[serde(default)]
    label: Option<String>,
}

/// A line is a JSON object, or, of older clients, `[ERROR ]TIME TEXT`.
fn console_line(line: &str) -> ConsoleLine {
    if line.starts_with('{')
        && let Ok(line) = serde_json::from_str::<Structured>(line)
    {
        return ConsoleLine {
            time_us: time::parse(&line.ts),
            stderr: line.level.as_deref() == Some("error"),
            label: line.label,
            text: line.content,
        };
    }
    let (stderr, rest) = match line.strip_prefix("ERROR ") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let (time_us, text) = match rest.split_once(' ') {
        Some((first, text)) if time::parse(first).is_some() => (time::parse(first), text),
        _ => (None, rest),
    };
    ConsoleLine { time_us, stderr, label: None, text: text.trim_end_matches(['\n', '\r']).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_read() {
        let body = serde_json::json!({
            "files": {
                "wandb-history.jsonl": {"offset": 3, "content": [
                    r#"{"_step":3,"_timestamp":1.5,"_runtime":0.5,"a":{"b":1},"h":{"_type":"histogram"},"x":NaN}"#,
                    "{broken"
                ]},
                "output.log": {"offset": 0, "content": [
                    r#"{"ts":"2026-01-02T03:04:05.678901","content":"hi","level":"error","label":"w"}"#,
                    "ERROR 2026-01-02T03:04:05.678901 oh no\n",
                    "2026-01-02T03:04:05.678901 fine",
                    "{not json"
                ]},
                "wandb-summary.json": {"offset": 0, "content": [r#"{"a":Infinity}"#]},
                "unheard-of": {"offset": 0, "content": ["x"]}
            },
            "uploaded": ["x"], "complete": true, "exitcode": 1, "preempting": true
        });
        let post = decode(body.to_string().as_bytes()).unwrap();
        let history = post.history.unwrap();
        let row = history.lines[0].clone().unwrap();
        assert_eq!((history.offset, row.step, row.time_us), (3, Some(3), Some(1_500_000)));
        let keys: Vec<_> = row.cells.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["_runtime", "a.b", "h", "x"]);
        assert!(matches!(row.cells[3].1, Value::F64(x) if x.is_nan()));
        assert!(history.lines[1].is_err());
        let console: Vec<_> = post.console.unwrap().lines.into_iter().map(Result::unwrap).collect();
        assert!(console[0].stderr && console[0].label.as_deref() == Some("w") && console[0].text == "hi");
        assert!(console[1].stderr && console[1].text == "oh no" && console[1].time_us.is_some());
        assert!(!console[2].stderr && console[2].text == "fine");
        assert_eq!(console[3].text, "{not json");
        assert_eq!(post.summary.unwrap()["a"], "Infinity");
        assert!(post.preempting && post.ended == Some(1) && post.system.is_none());
        assert_eq!(decode(b"{}").unwrap(), Post::default(), "a heartbeat");
        for junk in [
            &b""[..],
            b"[]",
            b"[]x",
            b"{\"files\": 3}",
            br#"{"files":{"wandb-summary.json":{"content":["3"]}}}"#,
        ] {
            assert!(decode(junk).is_err());
        }
    }
}
