//! TensorBoard's event files, read only: the files of a folder are a run, as
//! TensorBoard has it. Step and wall time of what was logged are kept.

mod event;
mod frames;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use pannier_proto::content::Content;
use pannier_proto::id::RunPath;
use pannier_proto::path::RelPath;
use pannier_proto::record::{Change, Row, RunFields, RunState, Table};
use pannier_proto::value::Value;
use serde_json::{Map, Value as Json};

use super::batch::BYTES_MAX;
use super::head::read_at;
use super::{Logs, Report, Trouble, Whose, find};
use crate::block::Block;
use crate::clock::now_us;
use crate::ingest::{append_in, file, local};
use crate::limits::{SEAL_POINTS, SEAL_RECORDS};
use crate::store::{LogId, LogPosition, StoreError};
use crate::wandb::time;

use event::Logged;

/// The project of runs that nobody names one for.
const PROJECT: &str = "tensorboard";
/// Bytes read at a time, at first.
const READ_BYTES: usize = 4 << 20;

/// The folders that hold event files, each with them, in their order.
///
/// # Errors
/// As [`find::files`].
pub fn folders(paths: &[String]) -> Result<Vec<(PathBuf, Vec<PathBuf>)>, Trouble> {
    let mut folders: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for path in find::files(paths, &find::is_event_file)? {
        let dir = path.parent().unwrap_or(Path::new("/")).to_owned();
        folders.entry(dir).or_default().push(path);
    }
    Ok(folders.into_iter().collect())
}

/// Takes the event files of a folder in. Returns the run, what came of it, and
/// whether the run is new to the home.
///
/// # Errors
/// [`Trouble`].
pub fn take(
    home: &Logs,
    dir: &Path,
    files: &[PathBuf],
    roots: &[String],
    whose: &Whose,
    dry: bool,
    show: &dyn Fn(&Report) -> Result<(), Trouble>,
) -> Result<(RunPath, Report, bool), Trouble> {
    let entity = whose.entity.clone().unwrap_or_else(|| home.entity.clone());
    let project = whose.project.clone().unwrap_or_else(|| PROJECT.to_owned());
    let mut ids = Vec::new();
    for path in files {
        ids.push(identity(path)?);
    }
    let first = match first_of(dir) {
        Some(path) => identity(&path)?,
        None => *ids.first().ok_or_else(|| Trouble::Refused("there is no event file".to_owned()))?,
    };
    let id: String = first[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let run = RunPath::new(&entity, &project, &format!("tb-{id}"))
        .map_err(|error| Trouble::Refused(error.to_string()))?;
    let is_new = matches!(home.store.run(&run), Err(StoreError::Missing(_)));
    let mut taking =
        Taking { home, run, dry, name: name(dir, roots), report: Report::default(), last_us: None };
    for (path, id) in files.iter().zip(ids) {
        taking.file(path, id, show)?;
    }
    taking.finish()?;
    Ok((taking.run, taking.report, is_new))
}

/// What a run is called: its folder, from where was looked.
fn name(dir: &Path, roots: &[String]) -> String {
    let below = roots.iter().filter_map(|root| dir.strip_prefix(root).ok());
    let below =
        below.filter(|below| !below.as_os_str().is_empty()).min_by_key(|below| below.as_os_str().len());
    let name = below.map(Path::to_owned).or_else(|| dir.file_name().map(PathBuf::from));
    name.map_or_else(|| PROJECT.to_owned(), |name| name.display().to_string())
}

/// The first event file of a folder: the run is the folder's, whichever of them are
/// named.
fn first_of(dir: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let events = entries.filter(|entry| {
        entry.file_type().is_ok_and(|kind| kind.is_file())
            && entry.file_name().to_str().is_some_and(find::is_event_file)
    });
    events.map(|entry| entry.path()).min()
}

/// A file is known again by its name and its first record, which has the time.
fn identity(path: &Path) -> Result<LogId, Trouble> {
    let refuse =
        |error: std::io::Error| Trouble::Refused(format!("{} cannot be read: {error}", path.display()));
    let file = File::open(path).map_err(refuse)?;
    let mut begin = [0; 64];
    let count = read_at(&file, &mut begin, 0).map_err(refuse)?;
    let mut first = None;
    frames::take(0, &begin[..count], false, &mut Report::default(), &mut |data, _| {
        first.get_or_insert_with(|| data.to_vec());
    });
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    hasher.update(name.as_bytes());
    hasher.update(&first.unwrap_or_default());
    Ok(*hasher.finalize().as_bytes())
}

struct Taking<'a> {
    home: &'a Logs,
    run: RunPath,
    dry: bool,
    name: String,
    report: Report,
    last_us: Option<i64>,
}

/// What was read of one file and is not committed yet.
#[derive(Default)]
struct Batch {
    open: Option<Row>,
    rows: Vec<Row>,
    cells: usize,
    config: Map<String, Json>,
    media: Vec<(RelPath, Content)>,
    first_us: Option<i64>,
}

impl Batch {
    /// The row of a step goes on until another step comes, or a tag comes again.
    fn push(&mut self, step: i64, time_us: i64, key: String, value: Value) {
        self.cells += 1;
        self.first_us.get_or_insert(time_us);
        if let Some(open) = &mut self.open
            && open.step == step
            && !open.cells.iter().any(|(known, _)| *known == key)
        {
            open.cells.push((key, value));
            return;
        }
        let row = Row { table: Table::History, step, time_us, cells: vec![(key, value)] };
        self.rows.extend(self.open.replace(row));
    }
}

impl Taking<'_> {
    fn file(
        &mut self,
        path: &Path,
        id: LogId,
        show: &dyn Fn(&Report) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let refuse =
            |error: std::io::Error| Trouble::Refused(format!("{} cannot be read: {error}", path.display()));
        let file = File::open(path).map_err(refuse)?;
        let mut at = self.home.store.log_position(&self.run, &id)?.unwrap_or_default();
        self.report.rows_known += at.rows;
        let (mut read, mut size, mut batch) = (at.offset, READ_BYTES, Batch::default());
        let mut buffer = Vec::new();
        let damaged = self.report.damaged;
        loop {
            buffer.resize(size, 0);
            let count = read_at(&file, &mut buffer, read).map_err(refuse)?;
            let whole = count < buffer.len();
            let mut records = Vec::new();
            let mut lost = Report::default();
            // What is cut off at the end may go on later.
            let next = frames::take(read, &buffer[..count], false, &mut lost, &mut |data, end| {
                records.push((data.to_vec(), end));
            });
            self.report.damaged += lost.damaged;
            for (data, end) in records {
                self.event(&data, &mut batch)?;
                let bytes = end - at.offset;
                if batch.rows.len() >= SEAL_RECORDS || batch.cells >= SEAL_POINTS || bytes >= BYTES_MAX {
                    at = self.commit(std::mem::take(&mut batch), id, at, end)?;
                }
            }
            self.report.bytes += next - read;
            show(&self.report)?;
            if whole {
                self.commit(batch, id, at, next)?;
                break;
            }
            if next == read {
                size *= 2;
            }
            read = next;
        }
        if self.report.damaged > damaged {
            let bytes = self.report.damaged - damaged;
            self.report
                .problem(format!("{bytes} bytes of {} are damaged; the rest is taken in", path.display()));
        }
        Ok(())
    }

    fn event(&mut self, data: &[u8], batch: &mut Batch) -> Result<(), Trouble> {
        let Ok(event) = event::read(data) else {
            self.report.problem("an event is of a form that is not known here");
            return Ok(());
        };
        let time_us = time::from_seconds(event.wall_s);
        self.last_us = self.last_us.max(Some(time_us));
        batch.config.extend(event.config);
        for (tag, logged) in event.values {
            let value = match logged {
                Logged::Cell(value) => value,
                Logged::Media { bytes, kind, extension, facts } => {
                    self.media(&tag, event.step, &bytes, (kind, extension), facts, batch)?
                }
            };
            batch.push(event.step, time_us, tag, value);
        }
        Ok(())
    }

    /// Stores a file, and returns the cell that names it as W&B does.
    fn media(
        &mut self,
        tag: &str,
        step: i64,
        bytes: &[u8],
        (kind, extension): (&str, &str),
        mut facts: Map<String, Json>,
        batch: &mut Batch,
    ) -> Result<Value, Trouble> {
        let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        let tag: String = tag.chars().take(100).map(plain).collect();
        let digest = blake3::hash(bytes).to_hex();
        let folder = if kind == "audio-file" { "audio" } else { "images" };
        let path = format!("media/{folder}/{tag}_{step}_{}.{extension}", &digest[..20]);
        facts.insert("_type".to_owned(), Json::from(kind));
        facts.insert("path".to_owned(), Json::from(path.as_str()));
        facts.insert("size".to_owned(), Json::from(bytes.len()));
        if !self.dry {
            let path = RelPath::new(&path).map_err(|error| Trouble::Refused(error.to_string()))?;
            let content = self.home.blobs.put(bytes).map_err(local::unwritable)?;
            batch.media.push((path, content));
        }
        Ok(Value::Json(Json::Object(facts).to_string()))
    }

    fn commit(
        &mut self,
        mut batch: Batch,
        id: LogId,
        from: LogPosition,
        offset: u64,
    ) -> Result<LogPosition, Trouble> {
        batch.rows.extend(batch.open.take());
        let to = LogPosition { offset, rows: from.rows + batch.rows.len() as u64, ..from };
        self.report.rows += batch.rows.len() as u64;
        self.report.files += batch.media.len() as u64;
        if self.dry || to == from {
            return Ok(to);
        }
        let (run, name, origin) = (self.run.clone(), self.name.clone(), self.home.store.origin());
        self.home.store.write_blocking(move |tx| {
            if tx.was_deleted(&run)? {
                return Err(StoreError::Conflict(format!("run {run} was deleted")));
            }
            if tx.log_position(&run, &id)?.unwrap_or_default().offset != from.offset {
                let what =
                    format!("the log of run {run} was taken further by somebody else meanwhile; ask again");
                return Err(StoreError::Conflict(what));
            }
            let now = now_us();
            let mut block = Block::default();
            if matches!(tx.run(&run), Err(StoreError::Missing(_))) {
                block.push_change(Change::Begin {
                    time_us: batch.first_us.unwrap_or(now),
                    fields: RunFields { name: Some(name), ..RunFields::default() },
                    start_step: 0,
                    resumed: false,
                    job: None,
                });
            }
            if !batch.config.is_empty() {
                block.push_change(Change::Config { set: batch.config, remove: Vec::new() });
            }
            batch.rows.into_iter().for_each(|row| block.push_row(row));
            append_in(tx, &run, origin, block, now)?;
            for (path, content) in batch.media {
                file::stored_in(tx, &run, path, content, origin)?;
            }
            tx.set_log_position(&run, &id, &to, now)
        })?;
        Ok(to)
    }

    /// Nothing in the files says that it ended: it has, as far as they say.
    fn finish(&self) -> Result<(), Trouble> {
        let Some(time_us) = self.last_us.filter(|_| !self.dry) else { return Ok(()) };
        let run = self.run.clone();
        Ok(self.home.store.write_blocking(move |tx| {
            let running = tx.run(&run).is_ok_and(|run| run.state == RunState::Running);
            if running {
                let mut block = Block::default();
                block.push_change(Change::End { time_us, state: RunState::Finished, exit_code: None });
                append_in(tx, &run, tx.origin()?, block, now_us())?;
                tx.seal_run(&run)?;
            }
            Ok(())
        })?)
    }
}
