//! How far each door has brought what it reads: journals by segment and offset,
//! posted lines by number. Written in the transaction of the records that a
//! position speaks of.

use pannier_proto::id::{Id128, RunPath, WriterId};
use rusqlite::{OptionalExtension, params};

use super::writer::Tx;
use super::{Result, Store, from_sql, to_sql};

/// How far a journal is consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalPosition {
    /// Whose.
    pub writer: WriterId,
    /// The segment.
    pub segment: u64,
    /// The bytes of it that are consumed.
    pub offset: u64,
    /// Whether nothing more will come.
    pub done: bool,
}

/// How far a writer of lines is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinePosition {
    /// The number of the line that it sends next.
    pub next: u64,
    /// A digest of line 0, where the door keeps one.
    pub first_line: Option<[u8; 32]>,
}

impl Tx<'_> {
    /// Notes how far a journal is consumed.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn set_journal(&self, position: JournalPosition) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO journals (writer, segment, offset, done) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (writer) DO UPDATE SET segment = excluded.segment, offset = excluded.offset, done = excluded.done",
            )?
            .execute(params![position.writer.0, to_sql(position.segment), to_sql(position.offset), position.done])?;
        Ok(())
    }

    /// Forgets a journal whose folder is gone.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn forget_journal(&self, writer: WriterId) -> Result<()> {
        self.sql.execute("DELETE FROM journals WHERE writer = ?1", [writer.0])?;
        Ok(())
    }

    /// How far a writer of lines is.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn line_writer(&self, path: &RunPath, writer: &str, now_us: i64) -> Result<LinePosition> {
        let run = self.run_id(path, now_us)?;
        let known = self
            .sql
            .prepare_cached("SELECT next, first_line FROM line_writers WHERE run = ?1 AND writer = ?2")?
            .query_row(params![run, writer], |row| {
                Ok(LinePosition { next: from_sql(row.get(0)?), first_line: row.get(1)? })
            })
            .optional()?;
        Ok(known.unwrap_or_default())
    }

    /// Notes how far a writer of lines is.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn set_line_writer(&self, path: &RunPath, writer: &str, at: LinePosition, now_us: i64) -> Result<()> {
        let run = self.run_id(path, now_us)?;
        self.sql
            .prepare_cached(
                "INSERT INTO line_writers (run, writer, next, first_line) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (run, writer) DO UPDATE SET next = excluded.next, first_line = excluded.first_line",
            )?
            .execute(params![run, writer, to_sql(at.next), at.first_line])?;
        Ok(())
    }

    /// The number of the next line of each of a run's writers whose name begins
    /// so, by the rest of the name.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub fn line_writers(&self, path: &RunPath, prefix: &str) -> Result<Vec<(String, u64)>> {
        line_writers(self.sql, path, prefix)
    }
}

fn line_writers(sql: &rusqlite::Connection, path: &RunPath, prefix: &str) -> Result<Vec<(String, u64)>> {
    let run = super::runs::id_of(sql, path)?;
    let mut select = sql.prepare_cached("SELECT writer, next FROM line_writers WHERE run = ?1")?;
    let rows = select.query_map([run], |row| Ok((row.get::<_, String>(0)?, from_sql(row.get(1)?))))?;
    let mut found = Vec::new();
    for row in rows {
        let (writer, next) = row?;
        if let Some(rest) = writer.strip_prefix(prefix) {
            found.push((rest.to_owned(), next));
        }
    }
    Ok(found)
}

impl Store {
    /// See [`Tx::line_writers`].
    ///
    /// # Errors
    /// As there.
    pub fn line_writers(&self, path: &RunPath, prefix: &str) -> Result<Vec<(String, u64)>> {
        self.read_blocking(|sql| line_writers(sql, path, prefix))
    }

    /// Runs of this home's own origin that are being written by writers of lines
    /// whose names begin so.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn running_with_lines(&self, prefix: &str) -> Result<Vec<RunPath>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT r.entity, r.project, r.run FROM shown_runs r WHERE r.state = 'running'
                 AND EXISTS (SELECT 1 FROM line_writers w WHERE w.run = r.id AND substr(w.writer, 1, length(?1)) = ?1)",
            )?;
            let rows = select.query_map([prefix], |row| {
                Ok(RunPath { entity: row.get(0)?, project: row.get(1)?, run: row.get(2)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Every journal's position.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn journals(&self) -> Result<Vec<JournalPosition>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT writer, segment, offset, done FROM journals")?;
            let rows = select.query_map([], |row| {
                Ok(JournalPosition {
                    writer: Id128(row.get(0)?),
                    segment: from_sql(row.get(1)?),
                    offset: from_sql(row.get(2)?),
                    done: row.get(3)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
