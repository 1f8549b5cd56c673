//! Appending blocks to streams, and bringing the views up to date with them.

use pannier_proto::id::{Origin, RunPath, Seq};
use pannier_proto::record::{Change, Record, Table};
use rusqlite::{OptionalExtension, params};

use super::aliases::Made;
use super::runs::RunRow;
use super::settle::Came;
use super::sync_state::position;
use super::touched::Touched;
use super::writer::Tx;
use super::{Result, StoreError, from_sql, to_sql};
use crate::block::{Block, Effort, Encoded};
use crate::limits::{SEAL_BYTES, SEAL_POINTS, SEAL_RECORDS};

/// The metadata key by which a program says that it was told to go
/// (`run.mark_preempting()`): however its life ends then, it was preempted.
pub const PREEMPTING: &str = "preempting";

/// The metadata key by which somebody asks the program to stop.
pub const STOP: &str = "stop_requested";

/// A block on its way into the log.
pub struct Incoming {
    /// Of which run.
    pub path: RunPath,
    /// Whose records.
    pub origin: Origin,
    /// From another daemon: the `Seq` of its first record. `None`: the next.
    pub first_seq: Option<Seq>,
    /// The records.
    pub block: Block,
    /// The same block as bytes, where it came as bytes.
    pub encoded: Option<Encoded>,
}

/// Where a stream stands after an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Its last `Seq`.
    pub last_seq: Seq,
    /// The last step of the stream.
    pub last_step: Option<i64>,
    /// False: there is a gap before the block's first record, and nothing was
    /// taken.
    pub taken: bool,
}

struct StreamRow {
    id: i64,
    run: i64,
    origin: Origin,
    last_seq: Seq,
    last_step: Option<i64>,
    life: i64,
}

/// How many records of a block are behind the next one.
pub(super) fn known(first_seq: Seq, next: Seq) -> usize {
    usize::try_from(next.saturating_sub(first_seq)).unwrap_or(usize::MAX)
}

impl Tx<'_> {
    /// Appends a block to its stream. Records that are there already, by their
    /// `Seq`, are left out; so a block may come any number of times.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is changed then.
    pub fn append(&self, incoming: Incoming, now_us: i64) -> Result<Appended> {
        let later = incoming.first_seq.is_some_and(|first| first > 1) && !crate::sabotage::is("no-dedup");
        if later && position(self.sql, incoming.origin, &incoming.path)?.is_none() {
            // Nothing is begun for what lacks its beginning.
            return Ok(Appended { last_seq: 0, last_step: None, taken: false });
        }
        let mut stream = self.stream(&incoming.path, incoming.origin, now_us)?;
        let next = stream.last_seq + 1;
        let mut first_seq = incoming.first_seq.unwrap_or(next);
        if crate::sabotage::is("no-dedup") {
            first_seq = next;
        }
        let answer = |stream: &StreamRow, taken| Appended {
            last_seq: stream.last_seq,
            last_step: stream.last_step,
            taken,
        };
        if first_seq > next {
            return Ok(answer(&stream, false));
        }
        let known = known(first_seq, next);
        if known >= incoming.block.len() {
            return Ok(answer(&stream, true));
        }
        let encoded = if known == 0 { incoming.encoded } else { None };
        let block = incoming.block.tail(known);
        let mut came = Came { after: stream.last_seq, ..came(&block) };
        // A life begins with a block, so that a block belongs to one; and the rows
        // of a piece are counted after its changes.
        let mut rest = Some(block);
        let mut whole = encoded;
        while let Some(block) = rest.take() {
            let (piece, behind) = split_before_divide(block);
            let bytes = if behind.is_none() { whole.take() } else { None };
            whole = None;
            self.append_piece(&mut stream, &piece, bytes, now_us)?;
            rest = behind;
        }
        (came.stream, came.life) = (stream.id, stream.life);
        self.settle(stream.run, &came)?;
        self.tidy(stream.id, false)?;
        Ok(answer(&stream, true))
    }

    fn append_piece(
        &self,
        stream: &mut StreamRow,
        block: &Block,
        encoded: Option<Encoded>,
        now_us: i64,
    ) -> Result<()> {
        let mut run = RunRow::load(self.sql, stream.run)?;
        let rows = block.len() - block.changes().len();
        if run.path.is_workspace() && rows > 0 {
            return Err(StoreError::misplaced(&run.path));
        }
        for change in block.changes() {
            if matches!(change, Change::Artifact { .. } | Change::UseArtifact { .. }) {
                self.touch(Touched::Artifact(run.path.clone()));
            }
            self.apply(stream, &mut run, change, now_us)?;
        }
        let steps = &block.rows(Table::History).steps;
        if let Some(max) = steps.iter().max() {
            stream.last_step = stream.last_step.max(Some(*max));
            run.last_step = run.last_step.max(Some(*max));
            run.history_rows += steps.len() as u64;
        }
        run.updated_us = now_us;
        self.touch(Touched::Run(run.path.clone()));
        run.save(self.sql)?;
        self.update_metrics(stream.run, stream.origin, block)?;

        let full = block.len() >= SEAL_RECORDS || block.points() >= SEAL_POINTS;
        let from_elsewhere = encoded.is_some();
        let encoded =
            encoded.unwrap_or_else(|| block.encode(if full { Effort::Sealed } else { Effort::Fresh }));
        let sealed = full || encoded.bytes() >= SEAL_BYTES;
        let first_seq = stream.last_seq + 1;
        stream.last_seq += block.len() as u64;
        self.insert_block(
            stream.id,
            stream.life,
            first_seq,
            block,
            &encoded,
            sealed && (full || from_elsewhere),
            now_us,
        )?;
        self.sql
            .prepare_cached("UPDATE streams SET last_seq = ?2, last_step = ?3, life = ?4 WHERE id = ?1")?
            .execute(params![stream.id, to_sql(stream.last_seq), stream.last_step, stream.life])?;
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "one row's columns, from two callers")]
    pub(super) fn insert_block(
        &self,
        stream: i64,
        life: i64,
        first_seq: Seq,
        block: &Block,
        encoded: &Encoded,
        sealed: bool,
        now_us: i64,
    ) -> Result<()> {
        let steps = &block.rows(Table::History).steps;
        let last_seq = first_seq + block.len() as u64 - 1;
        self.sql
            .prepare_cached(
                "INSERT INTO blocks (stream, first_seq, last_seq, life, sealed, points, bytes, stored_us, min_step, max_step, head)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                stream,
                to_sql(first_seq),
                to_sql(last_seq),
                life,
                sealed,
                count_to_sql(block.points()),
                count_to_sql(encoded.bytes()),
                now_us,
                steps.iter().min(),
                steps.iter().max(),
                encoded.head
            ])?;
        let id = self.sql.last_insert_rowid();
        let mut insert = self.sql.prepare_cached(
            "INSERT INTO parts (block, tag, first_key, last_key, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for part in &encoded.parts {
            insert.execute(params![id, part.table as u8, part.first_key, part.last_key, part.body])?;
        }
        if sealed {
            for (key, body) in super::sketch::of_block(block) {
                self.sql
                    .prepare_cached("INSERT INTO sketches (block, key, body) VALUES (?1, ?2, ?3)")?
                    .execute(params![id, key, body])?;
            }
        }
        Ok(())
    }

    fn stream(&self, path: &RunPath, origin: Origin, now_us: i64) -> Result<StreamRow> {
        let run = self.run_id(path, now_us)?;
        let find = |sql: &rusqlite::Connection| {
            sql.prepare_cached(
                "SELECT id, last_seq, last_step, life FROM streams WHERE run = ?1 AND origin = ?2",
            )?
            .query_row(params![run, origin.0], |row| {
                Ok(StreamRow {
                    id: row.get(0)?,
                    run,
                    origin,
                    last_seq: from_sql(row.get(1)?),
                    last_step: row.get(2)?,
                    life: row.get(3)?,
                })
            })
            .optional()
        };
        if let Some(stream) = find(self.sql)? {
            return Ok(stream);
        }
        self.sql
            .prepare_cached("INSERT INTO streams (run, origin) VALUES (?1, ?2)")?
            .execute(params![run, origin.0])?;
        find(self.sql)?.ok_or_else(|| StoreError::Missing(format!("stream of {path}")))
    }

    fn apply(&self, stream: &mut StreamRow, run: &mut RunRow, change: &Change, now_us: i64) -> Result<()> {
        if run.path.is_workspace() != matches!(change, Change::Workspace { .. }) {
            return Err(StoreError::misplaced(&run.path));
        }
        match change {
            Change::Workspace { time_us, by, act } => {
                let made = Made { time_us: *time_us, by: Some(by), origin: stream.origin };
                self.act(&run.path, act, made)?;
            }
            Change::Rewind { step } => self.rewind(stream, run, *step)?,
            Change::Delete { time_us } => self.delete(stream, run, *time_us)?,
            Change::File { path, content, time_us } => self.set_file(stream.run, path, content, *time_us)?,
            Change::RemoveFile { path } => self.remove_file(stream.run, path)?,
            Change::Artifact { version } => {
                self.add_artifact(stream.run, &run.path, version, stream.origin)?;
            }
            Change::UseArtifact { id } => self.use_artifact(stream.run, *id)?,
            Change::TextFile { path, text } => self.set_text_file(stream.run, path, text)?,
            Change::Dropped { count, reason, .. } => {
                run.dropped += count;
                self.problem(
                    &format!("run {}", run.path),
                    &format!("log calls were not kept: {reason}"),
                    "make room, or check the rights of the home; what was logged before and after is safe",
                    *count,
                    now_us,
                )?;
            }
            Change::Begin { start_step, job: Some(job), .. } => {
                if self.follows_earlier_life(stream.id, job)? {
                    self.rewind(stream, run, *start_step)?;
                } else if job.attempt > 0 && stream.last_seq == 0 {
                    self.note_rewind(stream, *start_step)?;
                }
                self.note_life(stream.id, stream.life, job, *start_step)?;
            }
            Change::Summary { remove, .. } => {
                for key in remove {
                    self.sql.execute(
                        "DELETE FROM metrics WHERE run = ?1 AND key = ?2",
                        params![stream.run, key],
                    )?;
                }
            }
            _ => {}
        }
        run.change(change);
        Ok(())
    }

    pub(super) fn set_text_file(&self, run: i64, path: &str, text: &str) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO text_files (run, path, text) VALUES (?1, ?2, ?3)
                 ON CONFLICT (run, path) DO UPDATE SET text = excluded.text",
            )?
            .execute(params![run, path, text])?;
        Ok(())
    }

    /// The stream begins again at a step: what it recorded from there on is shown
    /// no more, nor counted.
    fn rewind(&self, stream: &mut StreamRow, run: &mut RunRow, step: i64) -> Result<()> {
        stream.life += 1;
        stream.last_step = Some(step.saturating_sub(1)).filter(|step| *step >= 0);
        run.last_step = stream.last_step;
        self.note_rewind(stream, step)?;
        self.recount_metrics(stream.run)
    }

    fn note_rewind(&self, stream: &StreamRow, step: i64) -> Result<()> {
        self.sql
            .prepare_cached("INSERT INTO rewinds (stream, life, step) VALUES (?1, ?2, ?3)")?
            .execute(params![stream.id, stream.life, step])?;
        Ok(())
    }

    /// Nothing of the run is shown any more: what every stream of it recorded so
    /// far belongs to a life that is over.
    fn delete(&self, stream: &mut StreamRow, run: &mut RunRow, time_us: i64) -> Result<()> {
        self.sql
            .execute("UPDATE streams SET life = life + 1, last_step = NULL WHERE run = ?1", [stream.run])?;
        self.sql.execute(
            "INSERT INTO rewinds (stream, life, step) SELECT id, life, ?2 FROM streams WHERE run = ?1",
            params![stream.run, super::branches::DELETED],
        )?;
        self.sql.execute(
            "INSERT INTO projects (entity, project, created_us) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![run.path.entity, run.path.project, run.created_us],
        )?;
        for table in ["metrics", "text_files", "files", "artifact_logs", "artifact_uses"] {
            self.sql.execute(&format!("DELETE FROM {table} WHERE run = ?1"), [stream.run])?;
        }
        (stream.life, stream.last_step) = (stream.life + 1, None);
        run.clear();
        run.deleted_us = Some(time_us);
        Ok(())
    }

    /// Notes something that a person should know.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn problem(&self, object: &str, what: &str, hint: &str, count: u64, now_us: i64) -> Result<()> {
        self.sql.execute(
            "INSERT INTO problems (object, what, hint, time_us, count) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (object, what) DO UPDATE SET
                 time_us = excluded.time_us, hint = excluded.hint, count = problems.count + excluded.count",
            params![object, what, hint, now_us, to_sql(count)],
        )?;
        Ok(())
    }
}

/// What of a block matters to the views of a run of several streams.
fn came(block: &Block) -> Came {
    let steps = &block.rows(Table::History).steps;
    let later = |change: &Change| matches!(change, Change::Begin { job: Some(job), .. } if job.attempt > 0);
    Came {
        changes: !block.changes().is_empty(),
        requeued: block.changes().iter().any(later),
        steps: steps.iter().min().copied().zip(steps.iter().max().copied()),
        ..Came::default()
    }
}

fn count_to_sql(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Cuts a block in front of the first record, but its very first, that divides
/// its rows.
fn split_before_divide(block: Block) -> (Block, Option<Block>) {
    let divides = block.changes().iter().filter(|change| change.divides_rows()).count();
    if divides == usize::from(block.begins_with_a_divide()) {
        return (block, None);
    }
    let (mut front, mut behind) = (Block::default(), Block::default());
    for (at, record) in block.into_records().enumerate() {
        let divide = matches!(&record, Record::Change(change) if change.divides_rows());
        if behind.is_empty() && !(divide && at > 0) {
            front.push(record);
        } else {
            behind.push(record);
        }
    }
    (front, Some(behind))
}
