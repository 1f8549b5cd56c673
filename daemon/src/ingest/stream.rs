//! Where the posts of W&B's file stream enter: lines by number, so that one that
//! is sent again is not recorded again.

use std::sync::Arc;

use pannier_proto::id::{Origin, RunPath};
use pannier_proto::record::{Change, Record, Row, RunFields, RunState, Table};
use pannier_proto::request::RunView;
use pannier_proto::value::Value;
use serde_json::{Map, Value as Json};

use super::{append_in, known_run};
use crate::block::Block;
use crate::clock::now_us;
use crate::site;
use crate::store::{LinePosition, PREEMPTING, Result, STOP, Store, StoreError, Tx};
use crate::wandb::file_stream::{self as wire, ConsoleLine, Lines, Post};
use crate::wandb::upsert::summary_changes;

/// The writers of lines that came by the file stream.
pub const WRITERS: &str = "wandb/";
/// Lines that are padded where some never came; more are a wrong offset.
const GAP_MAX: u64 = 1 << 40;

/// The name of one file's writer. Several clients write one run in shared mode,
/// each with numbers of its own.
#[must_use]
pub fn writer(client: &str, file: &str) -> String {
    format!("{WRITERS}{client}/{file}")
}

/// Takes a post in, and says whether somebody asked the program to stop.
/// `client` is empty but where several write one run.
///
/// # Errors
/// [`StoreError`]; nothing was taken in then.
pub async fn post(store: &Arc<Store>, path: &RunPath, client: &str, post: Post) -> Result<bool> {
    let (path, client) = (path.clone(), client.to_owned());
    store.write(move |tx| post_in(tx, &path, &client, post)).await
}

/// [`post`] within a transaction.
///
/// # Errors
/// As there.
pub fn post_in(tx: &Tx, path: &RunPath, client: &str, post: Post) -> Result<bool> {
    let (now, origin) = (now_us(), tx.origin()?);
    if tx.was_deleted(path)? {
        return Err(StoreError::Conflict(format!("run {path} was deleted")));
    }
    let run = known_run(tx, path)?;
    let stop = run.as_ref().is_some_and(|run| run.metadata.get(STOP) == Some(&Json::Bool(true)));
    let mut taking = Taking { tx, path, client, origin, now, block: Block::default() };
    taking.begin(run.as_ref(), &post)?;
    let (ended, time_us) = (post.ended, post.time_us.unwrap_or(now));
    let begun = !taking.block.is_empty();
    taking.lines(run.as_ref(), post)?;
    let Taking { mut block, .. } = taking;
    if let Some(code) = ended {
        end(&mut block, run.as_ref().filter(|_| !begun), code, time_us);
    }
    append_in(tx, path, origin, block, now)?;
    if ended.is_some() {
        tx.seal_run(path)?;
    }
    Ok(stop)
}

/// The end of a life, unless it is known; `run`: as it was before, where no life
/// began with this post.
fn end(block: &mut Block, run: Option<&RunView>, code: i32, time_us: i64) {
    let state = if code == 0 { RunState::Finished } else { RunState::Failed };
    let known = run.is_some_and(|run| run.state != RunState::Running && run.exit_code == Some(code));
    if block.is_empty() && known {
        return;
    }
    block.push_change(Change::End { time_us, state, exit_code: Some(code) });
}

struct Taking<'a, 'tx> {
    tx: &'a Tx<'tx>,
    path: &'a RunPath,
    client: &'a str,
    origin: Origin,
    now: i64,
    block: Block,
}

impl Taking<'_, '_> {
    /// A run that nobody knows begins with its first post. One that fell silent goes
    /// on with whatever comes, one that ended with rows that are new: a post may
    /// come again behind the last one. What comes late begins nothing.
    fn begin(&mut self, run: Option<&RunView>, post: &Post) -> Result<()> {
        let alive = run.is_some_and(|run| run.state == RunState::Running);
        let known = match &post.history {
            Some(lines) => {
                let at = self.tx.line_writer(self.path, &writer(self.client, wire::HISTORY), self.now)?;
                lines.offset.saturating_add(lines.lines.len() as u64) <= at.next
            }
            None => true,
        };
        let silent = run.is_some_and(|run| run.state == RunState::Crashed) && post.ended.is_none();
        if alive || (run.is_some() && (post.late || known && !silent)) {
            return Ok(());
        }
        self.block.push_change(Change::Begin {
            time_us: post.time_us.unwrap_or(self.now),
            fields: RunFields::default(),
            start_step: run.and_then(|run| run.last_step).map_or(0, |last| last.saturating_add(1)),
            resumed: run.is_some(),
            job: site::job(),
        });
        Ok(())
    }

    fn lines(&mut self, run: Option<&RunView>, post: Post) -> Result<()> {
        if post.preempting {
            let set = Map::from_iter([(PREEMPTING.to_owned(), Json::Bool(true))]);
            self.block.push_change(Change::Metadata { set });
        }
        if let Some(lines) = post.history {
            self.rows(Table::History, wire::HISTORY, lines, run)?;
        }
        if let Some(lines) = post.system {
            self.rows(Table::System, wire::SYSTEM, lines, run)?;
        }
        if let Some(lines) = post.console {
            self.console(lines)?;
        }
        if let Some(summary) = post.summary {
            self.summary(&summary)?;
        }
        Ok(())
    }

    fn rows(
        &mut self,
        table: Table,
        file: &str,
        lines: Lines<wire::Row>,
        run: Option<&RunView>,
    ) -> Result<()> {
        let writer = writer(self.client, file);
        let mut at = self.tx.line_writer(self.path, &writer, self.now)?;
        let first =
            if lines.offset == 0 { lines.lines.first().and_then(|line| line.as_ref().ok()) } else { None };
        let digest = first.map(digest);
        if at.next > 0 && digest.is_some() && at.first_line != digest {
            self.another_life(table, first.and_then(|row| row.step), run);
            at.next = 0;
        }
        at.first_line = digest.or(at.first_line);
        let skip = self.gap(file, &mut at, lines.offset)?;
        // Each of several writers counts steps from 0, and each of their rows is
        // one of its own: they are numbered as they come.
        let mut next_step = if self.client.is_empty() {
            None
        } else {
            Some(run.and_then(|run| run.last_step).map_or(0, |last| last.saturating_add(1)))
        };
        for line in lines.lines.into_iter().skip(skip) {
            match line {
                Ok(row) => self.row(table, row, &mut next_step),
                Err(problem) => self.unreadable(file, at.next, &problem)?,
            }
            at.next += 1;
        }
        self.tx.set_line_writer(self.path, &writer, at, self.now)
    }

    /// The file begins anew with another line than before: a life that continues
    /// none. What the last one logged from there on leaves the view. Of several
    /// writers each goes on beside what the others logged.
    fn another_life(&mut self, table: Table, step: Option<i64>, run: Option<&RunView>) {
        let last = run.and_then(|run| run.last_step);
        let step = step.unwrap_or(0);
        if table == Table::History && self.client.is_empty() && last.is_some_and(|last| step <= last) {
            self.block.push_change(Change::Rewind { step });
        }
    }

    /// How many lines of those that begin at `offset` are known. Lines that never
    /// came are told of, and counted as if they had.
    fn gap(&self, file: &str, at: &mut LinePosition, offset: u64) -> Result<usize> {
        if offset > at.next {
            let missing = offset - at.next;
            if missing > GAP_MAX {
                return Err(StoreError::Refused(format!("{file} cannot go on at line {offset}")));
            }
            self.tx.problem(
                &format!("run {}", self.path),
                &format!("lines of {file} never came here"),
                "they are in the run's folder under wandb/: `pannier import-wandb` brings them, once the run has ended",
                missing,
                self.now,
            )?;
            at.next = offset;
        }
        Ok(usize::try_from(at.next - offset).unwrap_or(usize::MAX))
    }

    fn row(&mut self, table: Table, row: wire::Row, next_step: &mut Option<i64>) {
        let (mut step, time_us) = (row.step.unwrap_or(0), row.time_us.unwrap_or(self.now));
        if let (Table::History, Some(next)) = (table, next_step) {
            step = *next;
            *next = next.saturating_add(1);
        }
        self.block.push_row(Row { table, step, time_us, cells: row.cells });
    }

    fn unreadable(&self, file: &str, line: u64, problem: &str) -> Result<()> {
        self.tx.problem(
            &format!("run {}", self.path),
            &format!("line {line} of {file} cannot be read: {problem}"),
            "the lines before and after it are safe",
            1,
            self.now,
        )
    }

    /// A console's line is what was sent last under its number.
    fn console(&mut self, lines: Lines<ConsoleLine>) -> Result<()> {
        let writer = writer(self.client, wire::CONSOLE);
        let mut at = self.tx.line_writer(self.path, &writer, self.now)?;
        let mut number = lines.offset;
        if number > GAP_MAX {
            return Err(StoreError::Refused(format!("{} cannot go on at line {number}", wire::CONSOLE)));
        }
        for line in lines.lines.into_iter().flatten() {
            let cells = vec![
                ("line".to_owned(), Value::I64(i64::try_from(number).unwrap_or(i64::MAX))),
                ("stream".to_owned(), Value::I64(i64::from(line.stderr))),
                ("text".to_owned(), Value::Text(line.text)),
            ];
            let label =
                line.label.or_else(|| Some(self.client.to_owned()).filter(|client| !client.is_empty()));
            let label = label.map(|label| ("label".to_owned(), Value::Text(label)));
            let time_us = line.time_us.unwrap_or(self.now);
            let cells = cells.into_iter().chain(label).collect();
            self.block.push(Record::Row(Row { table: Table::Console, step: 0, time_us, cells }));
            number += 1;
        }
        at.next = at.next.max(number);
        self.tx.set_line_writer(self.path, &writer, at, self.now)
    }

    /// The client's summary is what the summary is: what the view says otherwise
    /// is set right, once it has taken in the rows of this post.
    fn summary(&mut self, wanted: &Map<String, Json>) -> Result<()> {
        let block = std::mem::take(&mut self.block);
        append_in(self.tx, self.path, self.origin, block, self.now)?;
        let now = self.tx.run(self.path)?.summary;
        let (remove, set) = summary_changes(&now, wanted, self.client.is_empty());
        if !(set.is_empty() && remove.is_empty()) {
            self.block.push_change(Change::Summary { set, remove });
        }
        Ok(())
    }
}

/// A digest of a row that does not depend on the order of its keys, nor of those
/// of the objects in it, which are random in what core sends.
fn digest(row: &wire::Row) -> [u8; 32] {
    let mut cells: Vec<_> = row.cells.iter().map(|(key, value)| (key, value.to_json())).collect();
    cells.iter_mut().for_each(|(_, value)| value.sort_all_objects());
    cells.sort_by_key(|(key, _)| *key);
    *blake3::hash(format!("{:?} {:?} {cells:?}", row.step, row.time_us).as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_late_begins_no_life() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let path = RunPath::new("e", "p", "r").unwrap();
        let state = |offset: u64, late: bool, ended: Option<i32>| {
            let cells = vec![("x".to_owned(), Value::I64(1))];
            let row = wire::Row { step: Some(offset.cast_signed()), time_us: Some(1), cells };
            let history = Some(Lines { offset, lines: vec![Ok(row)] });
            let (at, post) = (path.clone(), Post { history, ended, late, ..Post::default() });
            store.write_blocking(move |tx| post_in(tx, &at, "", post)).unwrap();
            store.run(&path).unwrap().state
        };
        assert_eq!(state(0, false, Some(0)), RunState::Finished);
        assert_eq!(state(1, true, None), RunState::Finished, "a row that was lacking");
        assert_eq!(state(2, false, None), RunState::Running, "it goes on");
    }
}
