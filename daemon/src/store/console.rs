//! A run's console as it reads: lines that were written again in their last form.

use std::collections::BTreeMap;

use pannier_proto::dashboard;
use pannier_proto::id::RunPath;
use pannier_proto::record::{Row, Table};
use pannier_proto::value::Value;

use super::{Result, Store};

impl Store {
    /// A run's console, all of it.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`]; [`super::StoreError::Damaged`].
    pub fn console(&self, path: &RunPath) -> Result<Console> {
        let mut console = Console::default();
        for (block, _) in self.blocks_with(path, Table::Console)? {
            console.take(self.block_rows(block, Table::Console)?);
        }
        Ok(console)
    }
}

/// A run's console: every line in its last form, by writer and number.
#[derive(Default)]
pub struct Console(BTreeMap<(Option<String>, i64), ConsoleLine>);

impl Console {
    /// Takes later rows in.
    pub fn take(&mut self, rows: Vec<Row>) {
        self.0.extend(rows.into_iter().map(ConsoleLine::read));
    }

    /// By number; of several writers, by time.
    #[must_use]
    pub fn in_order(&self) -> Vec<&ConsoleLine> {
        let label =
            |end: Option<(&(Option<String>, i64), &ConsoleLine)>| end.map(|((label, _), _)| label.clone());
        if label(self.0.first_key_value()) == label(self.0.last_key_value()) {
            return self.0.values().collect();
        }
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort_by_key(|((_, number), line)| (line.time_us, *number));
        all.into_iter().map(|(_, line)| line).collect()
    }

    /// As text.
    #[must_use]
    pub fn text(&self) -> String {
        self.in_order().into_iter().flat_map(|line| [line.text.as_str(), "\n"]).collect()
    }

    /// Bytes of its text, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.values().map(|line| line.text.len() + size_of::<ConsoleLine>()).sum()
    }
}

/// A line of a console.
pub struct ConsoleLine {
    /// Whether to stderr.
    pub stderr: bool,
    /// Which of several writers wrote it.
    pub label: Option<String>,
    /// The line, without its end.
    pub text: String,
    /// When, in microseconds since 1970.
    pub time_us: i64,
}

impl ConsoleLine {
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
