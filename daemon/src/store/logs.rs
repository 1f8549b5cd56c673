//! Logs of other trackers: how far each is taken in, what of a run is known when
//! one is found, and which folders are watched for them.

use pannier_proto::id::RunPath;
use pannier_proto::import::Watched;
use pannier_proto::record::Table;
use rusqlite::{OptionalExtension, params};

use super::history::{axis, unpack};
use super::writer::Tx;
use super::{Result, Store, from_sql, to_sql};
use crate::block::{STEP_KEY, TIME_KEY};

/// How far a log is taken in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogPosition {
    /// Bytes of it.
    pub offset: u64,
    /// Lines of history that it holds up to there.
    pub rows: u64,
    /// Lines of system metrics.
    pub system: u64,
    /// The number of its first line in the run's console.
    pub console_base: u64,
    /// Whether it came by another door before: only what is lacking is added.
    pub joins: bool,
    /// Whether nothing more will come.
    pub done: bool,
}

/// The digest of what a log begins with.
pub type LogId = [u8; 32];

fn position(sql: &rusqlite::Connection, path: &RunPath, log: &LogId) -> Result<Option<LogPosition>> {
    let Some(run) = super::runs::find_shown(sql, path)? else { return Ok(None) };
    let found = sql
        .prepare_cached(
            "SELECT offset, rows, system, console_base, joins, done FROM logs WHERE run = ?1 AND life = ?2",
        )?
        .query_row(params![run, log], |row| {
            let number = |at: usize| Ok::<_, rusqlite::Error>(from_sql(row.get(at)?));
            Ok(LogPosition {
                offset: number(0)?,
                rows: number(1)?,
                system: number(2)?,
                console_base: number(3)?,
                joins: row.get(4)?,
                done: row.get(5)?,
            })
        })
        .optional()?;
    Ok(found)
}

impl Tx<'_> {
    /// How far a log is taken in.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn log_position(&self, path: &RunPath, log: &LogId) -> Result<Option<LogPosition>> {
        position(self.sql, path, log)
    }

    /// Notes how far a log is taken in.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn set_log_position(&self, path: &RunPath, log: &LogId, at: &LogPosition, now_us: i64) -> Result<()> {
        let run = self.run_id(path, now_us)?;
        self.sql
            .prepare_cached(
                "INSERT INTO logs (run, life, offset, rows, system, console, console_base, joins, done)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8)
                 ON CONFLICT (run, life) DO UPDATE SET offset = excluded.offset, rows = excluded.rows,
                     system = excluded.system, console_base = excluded.console_base,
                     joins = excluded.joins, done = excluded.done",
            )?
            .execute(params![
                run,
                log,
                to_sql(at.offset),
                to_sql(at.rows),
                to_sql(at.system),
                to_sql(at.console_base),
                at.joins,
                at.done
            ])?;
        Ok(())
    }

    /// Watches a folder, or changes whose its runs are.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn watch_dir(&self, watched: &Watched, now_us: i64) -> Result<()> {
        self.sql.execute(
            "INSERT INTO watched (dir, entity, project, added_us) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (dir) DO UPDATE SET entity = excluded.entity, project = excluded.project",
            params![watched.dir, watched.entity, watched.project, now_us],
        )?;
        Ok(())
    }

    /// Watches a folder no more.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub fn unwatch_dir(&self, dir: &str) -> Result<()> {
        match self.sql.execute("DELETE FROM watched WHERE dir = ?1", [dir])? {
            0 => Err(super::StoreError::Missing(format!("watched folder {dir:?}"))),
            _ => Ok(()),
        }
    }
}

impl Store {
    /// How far a log is taken in.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn log_position(&self, path: &RunPath, log: &LogId) -> Result<Option<LogPosition>> {
        self.read_blocking(|sql| position(sql, path, log))
    }

    /// The watched folders.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn watched(&self) -> Result<Vec<Watched>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT dir, entity, project FROM watched ORDER BY dir")?;
            let rows = select.query_map([], |row| {
                Ok(Watched { dir: row.get(0)?, entity: row.get(1)?, project: row.get(2)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Step and time of every row of a table that was ever recorded of a run, in
    /// order: of branches that it left behind, too, and whoever recorded them.
    ///
    /// # Errors
    /// [`super::StoreError::Damaged`].
    pub fn row_marks(&self, path: &RunPath, table: Table) -> Result<Vec<(i64, i64)>> {
        self.read_blocking(|sql| {
            let Some(run) = super::runs::find_shown(sql, path)? else { return Ok(Vec::new()) };
            let mut select = sql.prepare_cached(
                "SELECT b.id, p.first_key, p.body FROM streams s JOIN blocks b ON b.stream = s.id
                 JOIN parts p ON p.block = b.id
                 WHERE s.run = ?1 AND p.tag = ?2 AND p.first_key IN (?3, ?4) ORDER BY b.id, p.first_key",
            )?;
            let mut rows = select.query(params![run, table as u8, STEP_KEY, TIME_KEY])?;
            let mut marks = Vec::new();
            let mut steps: (i64, Vec<i64>) = (0, Vec::new());
            while let Some(row) = rows.next()? {
                let (block, key): (i64, String) = (row.get(0)?, row.get(1)?);
                let body = row.get_ref(2)?.as_blob().unwrap_or_default();
                let cells = unpack(block, body, |_| true)?.pop().map(axis).unwrap_or_default();
                if key == STEP_KEY {
                    steps = (block, cells);
                } else if steps.0 == block {
                    marks.extend(steps.1.drain(..).zip(cells));
                }
            }
            marks.sort_unstable();
            Ok(marks)
        })
    }
}
