//! A run's console, line by line.

use std::collections::BTreeMap;

use async_graphql::{ID, Result, SimpleObject};
use pannier_proto::id::RunPath;
use pannier_proto::record::{Row, Table};
use pannier_proto::value::Value;

use super::Ask;
use super::page::{Page, Window};
use crate::store::{self, Store};
use crate::wandb::{ids, time};

/// A line.
#[derive(SimpleObject, Clone)]
pub struct LogLine {
    id: ID,
    number: usize,
    timestamp: String,
    level: Option<&'static str>,
    label: Option<String>,
    line: String,
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
    Ok(lines(store, path)?.into_iter().map(|line| line.line + "\n").collect())
}

/// The last lines, at most so many, and whether there are others. Reads no more
/// of the console than it needs.
///
/// # Errors
/// As the store's.
pub fn tail(store: &Store, path: &RunPath, count: usize) -> store::Result<(Vec<String>, bool)> {
    let blocks = store.blocks_with(path, Table::Console)?;
    let (mut last, mut unread) = (Lines::new(), blocks.len());
    while unread > 0 && last.len() <= count {
        unread -= 1;
        for row in store.block_rows(blocks[unread], Table::Console)?.into_iter().rev() {
            let (key, line) = Line::read(row);
            last.entry(key).or_insert(line);
        }
    }
    let mut lines = in_order(last);
    let shown = lines.split_off(lines.len().saturating_sub(count));
    Ok((shown.into_iter().map(|line| line.line).collect(), unread > 0 || !lines.is_empty()))
}

/// Every line in its last form.
fn lines(store: &Store, path: &RunPath) -> store::Result<Vec<LogLine>> {
    let mut last = Lines::new();
    for block in store.blocks_with(path, Table::Console)? {
        last.extend(store.block_rows(block, Table::Console)?.into_iter().map(Line::read));
    }
    Ok(in_order(last))
}

/// Lines, with their times, by writer and number.
type Lines = BTreeMap<(Option<String>, i64), (i64, Line)>;

/// By number; of several writers, by time.
fn in_order(last: Lines) -> Vec<LogLine> {
    let writers = last.keys().map(|(label, _)| label).collect::<std::collections::BTreeSet<_>>().len();
    let mut all: Vec<_> = last.into_values().collect();
    if writers > 1 {
        all.sort_by_key(|(time_us, line)| (*time_us, line.number));
    }
    let shown = all.into_iter().enumerate().map(|(number, (time_us, line))| LogLine {
        id: ids::other("LogLine", &number.to_string()).into(),
        number,
        timestamp: time::format(time_us),
        level: line.stderr.then_some("error"),
        label: line.label,
        line: line.text,
    });
    shown.collect()
}

struct Line {
    number: i64,
    stderr: bool,
    label: Option<String>,
    text: String,
}

impl Line {
    fn read(row: Row) -> ((Option<String>, i64), (i64, Self)) {
        let mut line = Self { number: -1, stderr: false, label: None, text: String::new() };
        let time_us = row.time_us;
        for (key, value) in row.cells {
            match (key.as_str(), value) {
                ("line", Value::I64(number)) => line.number = number,
                ("stream", Value::I64(stream)) => line.stderr = stream == 1,
                ("label", Value::Text(label)) => line.label = Some(label),
                ("text", Value::Text(text)) => line.text = text,
                _ => {}
            }
        }
        ((line.label.clone(), line.number), (time_us, line))
    }
}
