//! The files of runs: what is where, by digest. The bytes are the blob store's.

use std::collections::BTreeMap;

use pannier_proto::content::{Blob, Content, Md5};
use pannier_proto::id::RunPath;
use pannier_proto::path::RelPath;
use rusqlite::{OptionalExtension, Row, params};

use super::runs::id_of;
use super::writer::Tx;
use super::{Result, Store, from_sql, to_sql};

/// A file of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFile {
    /// Where in the run's folder.
    pub path: String,
    /// Its bytes.
    pub content: Content,
    /// Microseconds since 1970.
    pub updated_us: i64,
}

/// Columns `blob, md5, size` from `at` on.
pub(super) fn content_of(row: &Row, at: usize) -> rusqlite::Result<Content> {
    Ok(Content { blob: Blob(row.get(at)?), md5: Md5(row.get(at + 1)?), size: from_sql(row.get(at + 2)?) })
}

impl Tx<'_> {
    /// Of a run of several homes the file that was logged last stays, whichever
    /// came last.
    pub(super) fn set_file(&self, run: i64, path: &RelPath, content: &Content, time_us: i64) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO files (run, path, blob, md5, size, updated_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (run, path) DO UPDATE SET
                     blob = excluded.blob, md5 = excluded.md5, size = excluded.size, updated_us = excluded.updated_us
                 WHERE excluded.updated_us >= files.updated_us OR (SELECT count(*) FROM streams s WHERE s.run = excluded.run) < 2",
            )?
            .execute(params![run, path.as_str(), content.blob.0, content.md5.0, to_sql(content.size), time_us])?;
        self.name_blob(&content.blob).map(drop)
    }

    /// What a run has at a path.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn file(&self, path: &RunPath, file: &RelPath) -> Result<Option<Content>> {
        let Some(run) = super::runs::find_shown(self.sql, path)? else { return Ok(None) };
        Ok(self
            .sql
            .prepare_cached("SELECT blob, md5, size FROM files WHERE run = ?1 AND path = ?2")?
            .query_row(params![run, file.as_str()], |row| content_of(row, 0))
            .optional()?)
    }

    pub(super) fn remove_file(&self, run: i64, path: &RelPath) -> Result<()> {
        for table in ["files", "text_files"] {
            self.sql
                .prepare_cached(&format!("DELETE FROM {table} WHERE run = ?1 AND path = ?2"))?
                .execute(params![run, path.as_str()])?;
        }
        Ok(())
    }
}

impl Store {
    /// The run's files, by path.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub fn files(&self, path: &RunPath) -> Result<Vec<RunFile>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT path, blob, md5, size, updated_us FROM files WHERE run = ?1 ORDER BY path",
            )?;
            let rows = select.query_map([id_of(sql, path)?], |row| {
                Ok(RunFile { path: row.get(0)?, content: content_of(row, 1)?, updated_us: row.get(4)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The run's small text files, by path.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub fn text_files(&self, path: &RunPath) -> Result<BTreeMap<String, String>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT path, text FROM text_files WHERE run = ?1")?;
            let id = id_of(sql, path)?;
            Ok(select.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
        })
    }
}
