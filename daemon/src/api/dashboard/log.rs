//! The console, line by line. What was read last is remembered, as somebody who
//! follows a run asks again for each line that comes.

use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::extract::{Path, Query, State};
use pannier_proto::dashboard::LogPage;
use pannier_proto::id::{RunPath, Seq};
use pannier_proto::record::Table;
use serde::Deserialize;

use crate::api::open::existing;
use crate::api::respond::Answer;
use crate::api::{App, blocking};
use crate::store::{self, Console, Store};

/// The most lines of one answer.
const LINES_MAX: usize = 10_000;
/// Consoles that are remembered.
const KEPT: usize = 4;
/// The largest that is, in bytes.
const KEPT_BYTES: usize = 32 << 20;

/// The consoles that were read last.
#[derive(Default)]
pub struct Logs(Mutex<Vec<Read>>);

/// A console as far as it was read: up to which blocks.
struct Read {
    run: RunPath,
    blocks: Vec<(i64, Seq)>,
    console: Console,
}

impl Logs {
    /// Hands a run's console over, of which only what is new is read.
    fn with<T>(&self, store: &Store, run: &RunPath, show: impl FnOnce(&Console) -> T) -> store::Result<T> {
        let blocks = store.blocks_with(run, Table::Console)?;
        // Whoever else asks meanwhile reads for himself.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().position(|read| read.run == *run).map(|at| kept.remove(at));
        drop(kept);
        // Blocks that were merged are others now.
        let known = known.filter(|known| blocks.starts_with(&known.blocks));
        let (mut console, from) =
            known.map_or_else(Default::default, |known| (known.console, known.blocks.len()));
        for (block, _) in &blocks[from..] {
            console.take(store.block_rows(*block, Table::Console)?);
        }
        let shown = show(&console);
        if console.bytes() <= KEPT_BYTES {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.insert(0, Read { run: run.clone(), blocks, console });
            kept.truncate(KEPT);
        }
        Ok(shown)
    }
}

#[derive(Deserialize)]
pub struct Window {
    from: Option<usize>,
    lines: Option<usize>,
    tail: Option<usize>,
}

impl Window {
    fn of(&self, console: &Console) -> LogPage {
        let all = console.in_order();
        let count = self.tail.or(self.lines).unwrap_or(1000).min(LINES_MAX);
        let from = match self.tail {
            Some(_) => all.len().saturating_sub(count),
            None => self.from.unwrap_or(0),
        };
        let lines = all.iter().enumerate().skip(from).take(count);
        LogPage { lines: lines.map(|(n, line)| line.view(n as u64)).collect(), total: all.len() as u64 }
    }
}

/// `GET /v1/runs/ENTITY/PROJECT/RUN/log`: lines from a number on, or the last.
pub async fn page(
    State(app): State<App>,
    Path(raw): Path<(String, String, String)>,
    Query(window): Query<Window>,
) -> Answer<Json<LogPage>> {
    let path = existing(&app, &raw).await?;
    let page = blocking(move || app.logs.with(&app.store, &path, |console| window.of(console)));
    Ok(Json(page.await?))
}
