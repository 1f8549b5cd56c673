//! A run's console, line by line.

use async_graphql::{ID, Result, SimpleObject};
use pannier_proto::id::RunPath;

use super::Ask;
use super::page::{Page, Window};
use crate::store::ConsoleLine;
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
    fn new(number: usize, line: &ConsoleLine) -> Self {
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
    let console = ask.read(move |store| store.console(&of)).await?;
    let lines = console.in_order().into_iter().enumerate();
    let lines: Vec<LogLine> = lines.map(|(number, line)| LogLine::new(number, line)).collect();
    let after = match last {
        Some(last) => Some(lines.len().saturating_sub(usize::try_from(last).unwrap_or(0)).to_string()),
        None => after,
    };
    Ok(Window::cut(lines, first.or(last), after.as_deref()))
}
