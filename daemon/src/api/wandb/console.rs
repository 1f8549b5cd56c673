//! A run's console, line by line.

use std::collections::BTreeMap;

use async_graphql::{ID, Result, SimpleObject};
use pannier_proto::dashboard;
use pannier_proto::id::RunPath;
use pannier_proto::record::{Row, Table};
use pannier_proto::value::Value;

use super::Ask;
use super::page::{Page, Window};
use crate::store::{self, Store};
use crate::wandb::{ids, time};

/// A line, as W&B has it.
#[derive(SimpleObject, Clone)]
pub struct LogLine {
    id: ID,
    number: usize,
    timestamp: String,
    level: Option<&'static str>,
    label: Option<String>,
    line: String,
}

impl From<Line> for LogLine {
    fn from(line: Line) -> Self {
        Self {
            id: ids::other("LogLine", &line.number.to_string()).into(),
            number: line.number,
            timestamp: time::format(line.time_us),
            level: line.stderr.then_some("error"),
            label: line.label,
            line: line.text,
        }
    }
}

/// The lines behind the cursor `after`, or the last so many.
pub async fn page(
    ask: &Ask,
    path: &RunPath,
    first: Option<i32>,
    after: Option<String>,
    last: Option<i32>,
) -> Result<Page<LogLine>> {
    let of = path.clone();
    let lines = ask.read(move |store| lines(store, &of)).await?;
    let lines: Vec<LogLine> = lines.into_iter().map(LogLine::from).collect();
    let after = match last {
        Some(last) => Some(lines.len().saturating_sub(usize::try_from(last).unwrap_or(0)).to_string()),
        None => after,
    };
    Ok(Window::cut(lines, first.or(last), after.as_deref()))
}

/// The console as text.
///
/// # Errors
/// As the store's.
pub fn text(store: &Store, path: &RunPath) -> store::Result<String> {
    Ok(lines(store, path)?.into_iter().map(|line| line.text + "\n").collect())
}

/// Every line in its last form, in order.
///
/// # Errors
/// As the store's.
pub fn lines(store: &Store, path: &RunPath) -> store::Result<Vec<Line>> {
    let mut last = Lines::new();
    for block in store.blocks_with(path, Table::Console)? {
        last.extend(store.block_rows(block, Table::Console)?.into_iter().map(Line::read));
    }
    Ok(in_order(last))
}

/// Lines by writer and number.
type Lines = BTreeMap<(Option<String>, i64), Line>;

/// By number; of several writers, by time.
fn in_order(last: Lines) -> Vec<Line> {
    let writers = last.keys().map(|(label, _)| label).collect::<std::collections::BTreeSet<_>>().len();
    let mut all: Vec<_> = last.into_iter().map(|((_, number), line)| (number, line)).collect();
    if writers > 1 {
        all.sort_by_key(|(number, line)| (line.time_us, *number));
    }
    let numbered = all.into_iter().enumerate();
    numbered.map(|(number, (_, line))| Line { number, ..line }).collect()
}

/// A line.
pub struct Line {
    /// Its number among all, from 0.
    number: usize,
    stderr: bool,
    label: Option<String>,
    /// What it says.
    pub text: String,
    time_us: i64,
}

impl Line {
    /// As the dashboard shows it.
    #[must_use]
    pub fn view(self) -> dashboard::LogLine {
        let Self { number, stderr, label, text, time_us } = self;
        dashboard::LogLine { n: number as u64, label: label.unwrap_or_default(), stderr, text, time_us }
    }

    /// With its number and its writer's name.
    fn read(row: Row) -> ((Option<String>, i64), Self) {
        let (mut number, time_us) = (-1, row.time_us);
        let mut line = Self { number: 0, stderr: false, label: None, text: String::new(), time_us };
        for (key, value) in row.cells {
            match (key.as_str(), value) {
                ("line", Value::I64(n)) => number = n,
                ("stream", Value::I64(stream)) => line.stderr = stream == 1,
                ("label", Value::Text(label)) => line.label = Some(label),
                ("text", Value::Text(text)) => line.text = text,
                _ => {}
            }
        }
        ((line.label.clone(), number), line)
    }
}
