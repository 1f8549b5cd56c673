//! Where W&B's `upsertBucket` enters, and what else changes a run from outside:
//! rewinding it, stopping it, deleting it.

use std::sync::Arc;

use pannier_proto::id::RunPath;
use pannier_proto::record::{Change, Record, RunFields, RunState};
use pannier_proto::request::RunView;
use pannier_proto::summary::Definition;
use serde_json::{Map, Value as Json};

use super::stream::{WRITERS, writer};
use super::{append, append_in, known_run};
use crate::block::Block;
use crate::clock::now_us;
use crate::limits::ROWS_PAGE;
use crate::site;
use crate::store::{LinePosition, Result, RowsQuery, STOP, Store, StoreError, Tx};
use crate::wandb::upsert::{
    INTERNAL_METADATA, Sender, Upsert, branch_point, config_changes, summary_changes,
};
use crate::wandb::{config, file_stream};

/// Under which key of a run's metadata its alerts are.
const ALERTS: &str = "alerts";
/// The newest alerts that are kept of a run.
const ALERTS_MAX: usize = 100;

/// Begins a run or changes one; the run after it, and whether it is new.
///
/// # Errors
/// [`StoreError::Conflict`] where a run of this id was deleted.
pub async fn upsert(store: &Arc<Store>, path: &RunPath, asked: Upsert) -> Result<(RunView, bool)> {
    upsert_with(store, path, asked, |_| Ok(())).await
}

/// [`upsert`], and what else is to be true once it is.
///
/// # Errors
/// As there, and as `also`.
pub async fn upsert_with(
    store: &Arc<Store>,
    path: &RunPath,
    asked: Upsert,
    also: impl FnOnce(&Tx) -> Result<()> + Send + 'static,
) -> Result<(RunView, bool)> {
    let (of, origin, program) = (path.clone(), store.origin(), asked.by == Sender::Program);
    let (run, inserted, branch) = store
        .write(move |tx| {
            let now = now_us();
            if tx.was_deleted(&of)? {
                return Err(StoreError::Conflict(format!(
                    "run {of} was deleted, and its id is not used again; give the run another id"
                )));
            }
            let run = known_run(tx, &of)?;
            let mut block = Block::default();
            let branch = changes(&mut block, run.as_ref(), asked, now);
            append_in(tx, &of, origin, block, now)?;
            also(tx)?;
            if program {
                // It is known from now on as one that posts lines.
                tx.set_line_writer(&of, &writer("", ""), LinePosition::default(), now)?;
                follow_rows(tx, &of, run.as_ref(), now)?;
            }
            Ok((tx.run(&of)?, run.is_none(), branch))
        })
        .await?;
    match branch.filter(|_| inserted) {
        None => Ok((run, inserted)),
        Some((parent, step)) => {
            let parent = RunPath { run: parent, ..path.clone() };
            Ok((fork(store, path, parent, step).await?, inserted))
        }
    }
}

/// The records of an upsert, and the point of another run that it begins from.
fn changes(block: &mut Block, run: Option<&RunView>, asked: Upsert, now: i64) -> Option<(String, i64)> {
    let sets_state = asked.state.as_deref().and_then(RunState::parse);
    let begins = match run {
        None => true,
        Some(run) => {
            let revived = asked.by == Sender::Program || sets_state == Some(RunState::Running);
            run.state != RunState::Running && revived
        }
    };
    if begins {
        block.push_change(Change::Begin {
            time_us: asked.begun_us.unwrap_or(now),
            fields: asked.fields.clone(),
            start_step: run.and_then(|run| run.last_step).map_or(0, |last| last.saturating_add(1)),
            resumed: run.is_some(),
            job: site::job(),
        });
    } else if let Some(fields) = run.and_then(|run| differing(&run.fields, &asked.fields)) {
        block.push_change(Change::Fields { fields });
    }
    let nothing = Map::new();
    let mut metadata = asked.metadata;
    let mut branch = None;
    if let Some(sent) = asked.config {
        let sent = config::decode(sent);
        let known = run.map_or(&nothing, |run| &run.config);
        // A program sends what it knows, and several may write one run.
        let whole = asked.by == Sender::Editor;
        let (remove, set) = config_changes(known, &sent.values, whole);
        if !remove.is_empty() {
            block.push_change(Change::Config { set: Map::new(), remove });
        }
        if !set.is_empty() {
            block.push_change(Change::Config { set, remove: Vec::new() });
        }
        if let Some(internal) = sent.internal {
            branch = branch_point(&internal);
            define(block, run.map_or(&[], |run| &run.definitions), config::definitions(&internal));
            metadata.insert(INTERNAL_METADATA.to_owned(), Json::Object(internal));
        }
    }
    let known = run.map_or(&nothing, |run| &run.metadata);
    metadata.retain(|key, value| known.get(key) != Some(value));
    if !metadata.is_empty() {
        block.push_change(Change::Metadata { set: metadata });
    }
    if let Some(wanted) = asked.summary {
        let known = run.map_or(&nothing, |run| &run.summary);
        let (remove, set) = summary_changes(known, &wanted, asked.by == Sender::Editor);
        if !(set.is_empty() && remove.is_empty()) {
            block.push_change(Change::Summary { set, remove });
        }
    }
    if let Some(state) = sets_state.filter(|state| *state != RunState::Running) {
        block.push_change(Change::State { state });
    }
    branch
}

fn define(block: &mut Block, known: &[Definition], wanted: Vec<Definition>) {
    for definition in wanted.into_iter().filter(|definition| !known.contains(definition)) {
        block.push_change(Change::Define { definition });
    }
}

/// Of the fields that are asked for, those that the run does not have.
fn differing(known: &RunFields, asked: &RunFields) -> Option<RunFields> {
    fn new<T: PartialEq + Clone>(known: Option<&T>, asked: Option<&T>) -> Option<T> {
        asked.filter(|asked| Some(*asked) != known).cloned()
    }
    let fields = RunFields {
        name: new(known.name.as_ref(), asked.name.as_ref()),
        group: new(known.group.as_ref(), asked.group.as_ref()),
        job_type: new(known.job_type.as_ref(), asked.job_type.as_ref()),
        notes: new(known.notes.as_ref(), asked.notes.as_ref()),
        tags: new(known.tags.as_ref(), asked.tags.as_ref()),
    };
    (fields != RunFields::default()).then_some(fields)
}

/// A new run begins from another's history up to a step: its rows are the new
/// run's, too. The other is left as it is.
async fn fork(store: &Arc<Store>, path: &RunPath, parent: RunPath, step: i64) -> Result<RunView> {
    let mut next = Some(i64::MIN);
    while let Some(from_step) = next {
        let (reading, parent) = (store.clone(), parent.clone());
        let query = RowsQuery { from_step, to_step: step, ..RowsQuery::all(ROWS_PAGE) };
        let page = tokio::task::spawn_blocking(move || reading.rows(&parent, &query));
        let (rows, after) = page.await.unwrap_or(Err(StoreError::Closed))?;
        append(store, path, rows.into_iter().map(Record::Row).collect()).await?;
        next = after;
    }
    let of = path.clone();
    let (origin, from) = (store.origin(), parent.run);
    store
        .write(move |tx| {
            let now = now_us();
            let mut block = Block::default();
            let set = serde_json::json!({ "forked_from": { "run": from, "step": step } });
            block.push_change(Change::Metadata { set: set.as_object().cloned().unwrap_or_default() });
            append_in(tx, &of, origin, block, now)?;
            tx.run(&of)
        })
        .await
}

/// The run begins again behind a step; what it logged from there on leaves the
/// view and stays readable as an earlier branch.
///
/// # Errors
/// [`StoreError::Missing`] where there is no such run.
pub async fn rewind(store: &Arc<Store>, path: &RunPath, last_step: i64) -> Result<RunView> {
    let (of, origin) = (path.clone(), store.origin());
    store
        .write(move |tx| {
            let now = now_us();
            let run = tx.run(&of)?;
            let mut block = Block::default();
            let step = last_step.saturating_add(1);
            block.push_change(Change::Rewind { step });
            if run.state != RunState::Running {
                let fields = RunFields::default();
                block.push_change(Change::Begin {
                    time_us: now,
                    fields,
                    start_step: step,
                    resumed: true,
                    job: None,
                });
            }
            append_in(tx, &of, origin, block, now)?;
            restart_lines(tx, &of, last_step, now)?;
            tx.run(&of)
        })
        .await
}

/// Rows that came by another door count as lines, so that a client that resumes
/// goes on behind them, and one that does not is seen to begin anew.
fn follow_rows(tx: &Tx, path: &RunPath, run: Option<&RunView>, now: i64) -> Result<()> {
    let rows = run.map_or(0, |run| run.history_rows);
    let known = tx.line_writers(path, &writer("", file_stream::HISTORY))?;
    if rows == 0 || !known.is_empty() {
        return Ok(());
    }
    let at = LinePosition { next: rows, first_line: None };
    tx.set_line_writer(path, &writer("", file_stream::HISTORY), at, now)
}

/// The client's numbers for history lines go on behind a step.
fn restart_lines(tx: &Tx, path: &RunPath, last_step: i64, now: i64) -> Result<()> {
    let next = u64::try_from(last_step.saturating_add(1)).unwrap_or(0);
    tx.set_line_writer(path, &writer("", file_stream::HISTORY), LinePosition { next, first_line: None }, now)
}

/// What a client needs to know to continue a run: the next number of each of
/// its files.
///
/// # Errors
/// [`StoreError::Missing`].
pub fn line_counts(store: &Store, path: &RunPath, run: &RunView) -> Result<(u64, u64, u64)> {
    let writers = store.line_writers(path, &format!("{WRITERS}/"))?;
    let of = |file: &str| writers.iter().find(|(name, _)| name == file).map(|(_, next)| *next);
    // A run of our own client's has rows, and no numbers of lines.
    let history = of(file_stream::HISTORY).unwrap_or(run.history_rows);
    Ok((history, of(file_stream::SYSTEM).unwrap_or(0), of(file_stream::CONSOLE).unwrap_or(0)))
}

/// Adds an alert to those of a run, of which the newest are kept. Read and written
/// in one transaction: several programs may raise one at once.
///
/// # Errors
/// [`StoreError::Missing`] where there is no such run.
pub async fn alert(store: &Arc<Store>, path: &RunPath, alert: Json) -> Result<()> {
    let of = path.clone();
    store.write(move |tx| alerts_in(tx, &of, vec![alert])).await
}

/// [`alert`] within a transaction, several at once.
///
/// # Errors
/// As there.
pub fn alerts_in(tx: &Tx, path: &RunPath, new: Vec<Json>) -> Result<()> {
    let mut metadata = tx.run(path)?.metadata;
    let known = metadata.remove(ALERTS);
    let mut alerts = if let Some(Json::Array(alerts)) = known { alerts } else { Vec::new() };
    alerts.extend(new);
    alerts.drain(..alerts.len().saturating_sub(ALERTS_MAX));
    let set = Map::from_iter([(ALERTS.to_owned(), Json::Array(alerts))]);
    let mut block = Block::default();
    block.push_change(Change::Metadata { set });
    append_in(tx, path, tx.origin()?, block, now_us())
}

/// Somebody asks the program to stop: it hears of it with its next post.
///
/// # Errors
/// [`StoreError`].
pub async fn stop(store: &Arc<Store>, path: &RunPath) -> Result<()> {
    let set = Map::from_iter([(STOP.to_owned(), Json::Bool(true))]);
    append(store, path, vec![Record::Change(Change::Metadata { set })]).await.map(drop)
}

/// Deletes a run: views leave it out from now on.
///
/// # Errors
/// [`StoreError`].
pub async fn delete(store: &Arc<Store>, path: &RunPath) -> Result<()> {
    append(store, path, vec![Record::Change(Change::Delete { time_us: now_us() })]).await.map(drop)
}
