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

impl LogLine {
    fn new(number: usize, line: &Line) -> Self {
        Self {
            id: ids::other("LogLine", &number.to_string()).into(),
            number,
            timestamp: time::format(line.time_us),
            level: line.stderr.then_some("error"),
            label: line.label.clone(),
            line: line.text.clone(),
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
    let console = ask.read(move |store| Console::read(store, &of)).await?;
    let lines = console.in_order().into_iter().enumerate();
    let lines: Vec<LogLine> = lines.map(|(number, line)| LogLine::new(number, line)).collect();
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
    Ok(Console::read(store, path)?
        .in_order()
        .into_iter()
        .flat_map(|line| [line.text.as_str(), "\n"])
        .collect())
}

/// A run's console: every line in its last form, by writer and number.
#[derive(Default)]
pub struct Console(BTreeMap<(Option<String>, i64), Line>);

impl Console {
    /// All of it.
    ///
    /// # Errors
    /// As the store's.
    pub fn read(store: &Store, path: &RunPath) -> store::Result<Self> {
        let mut console = Self::default();
        for (block, _) in store.blocks_with(path, Table::Console)? {
            console.take(store.block_rows(block, Table::Console)?);
        }
        Ok(console)
    }

    /// Takes later rows in.
    pub fn take(&mut self, rows: Vec<Row>) {
        self.0.extend(rows.into_iter().map(Line::read));
    }

    /// By number; of several writers, by time.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Line> {
        let label = |end: Option<(&(Option<String>, i64), &Line)>| end.map(|((label, _), _)| label.clone());
        if label(self.0.first_key_value()) == label(self.0.last_key_value()) {
            return self.0.values().collect();
        }
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort_by_key(|((_, number), line)| (line.time_us, *number));
        all.into_iter().map(|(_, line)| line).collect()
    }

    /// Bytes of its text, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.values().map(|line| line.text.len() + size_of::<Line>()).sum()
    }
}

/// A line.
pub struct Line {
    stderr: bool,
    label: Option<String>,
    text: String,
    time_us: i64,
}

impl Line {
    /// As the dashboard shows it.
    #[must_use]
    pub fn view(&self, n: u64) -> dashboard::LogLine {
        let (label, text) = (self.label.clone().unwrap_or_default(), self.text.clone());
        dashboard::LogLine { n, label, stderr: self.stderr, text, time_us: self.time_us }
    }

    /// With its writer and number.
    fn read(row: Row) -> ((Option<String>, i64), Self) {
        let mut number = -1;
        let mut line = Self { stderr: false, label: None, text: String::new(), time_us: row.time_us };
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
