//! What the index knows of blobs that nobody needs. Which records name a blob is
//! known here; what becomes of its bytes is not.

use std::collections::{BTreeSet, HashSet};

use pannier_proto::content::{Blob, Content};
use rusqlite::{Connection, OptionalExtension, params};

use crate::store::files::content_of;
use crate::store::writer::Tx;
use crate::store::{Result, Store, StoreError, from_sql, to_sql};

/// A blob that may have to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Its id in the index.
    pub id: i64,
    /// How many bytes it has.
    pub size: u64,
    /// When it was last asked for, where it was fetched from a remote and is not
    /// pinned: it may give way.
    pub yields_us: Option<i64>,
}

impl Tx<'_> {
    /// A sweep begins: blobs that are named or stored from now on carry its
    /// number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_sweep(&self, now_us: i64) -> Result<i64> {
        Ok(self.sql.query_row(
            "INSERT INTO sweeps (number, began_us) SELECT coalesce(max(number), 0) + 1, ?1 FROM sweeps RETURNING number",
            [now_us],
            |row| row.get(0),
        )?)
    }

    /// Removes those of these blobs that nobody named or stored since the sweep
    /// began; how many that were, and their bytes. Of garbage it is remembered
    /// that it was there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sweep_blobs(&self, ids: &[i64], sweep: i64, garbage: bool) -> Result<(u64, u64)> {
        let mut remove = self
            .sql
            .prepare_cached("DELETE FROM blobs WHERE id = ?1 AND sweep < ?2 RETURNING blob, md5, size")?;
        let (mut count, mut bytes) = (0, 0);
        for id in ids {
            let removed = remove.query_row(params![id, sweep], |row| content_of(row, 0)).optional()?;
            if let Some(content) = removed {
                self.forget_chunks(*id)?;
                if garbage {
                    self.blob_is_gone(&content.blob)?;
                }
                count += 1;
                bytes += content.size;
            }
        }
        Ok((count, bytes))
    }

    /// Nobody need wait for these bytes any more, unless they are here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn blob_is_gone(&self, blob: &Blob) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO gone_blobs (blob) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE blob = ?1)
                 ON CONFLICT DO NOTHING",
            )?
            .execute([blob.0])?;
        Ok(())
    }

    /// Removes chunks that no blob has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sweep_chunks(&self, ids: &[i64]) -> Result<()> {
        let mut remove = self.sql.prepare_cached("DELETE FROM chunks WHERE id = ?1")?;
        for id in ids {
            remove.execute([id])?;
        }
        Ok(())
    }

    /// Drops the lists of chunks of blobs that nobody finished, but for those
    /// that somebody writes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_unfinished_blobs(&self, is_written: &dyn Fn(i64) -> bool) -> Result<()> {
        let mut select = self.sql.prepare_cached(
            "SELECT DISTINCT blob FROM blob_chunks WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE id = blob_chunks.blob)",
        )?;
        let ids: Vec<i64> = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        ids.into_iter().filter(|id| !is_written(*id)).try_for_each(|id| self.forget_chunks(id))
    }

    /// Chunks are damaged: they go, and so do the blobs that have one of them,
    /// which are returned.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn lose(&self, chunks: &[i64], blobs: &BTreeSet<i64>) -> Result<Vec<Content>> {
        let mut lost = Vec::new();
        for id in blobs {
            let mut remove =
                self.sql.prepare_cached("DELETE FROM blobs WHERE id = ?1 RETURNING blob, md5, size")?;
            lost.extend(remove.query_row([id], |row| content_of(row, 0)).optional()?);
            self.forget_chunks(*id)?;
        }
        self.sweep_chunks(chunks)?;
        Ok(lost)
    }

    /// A fetched blob was asked for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn use_blob(&self, id: i64, now_us: i64) -> Result<()> {
        self.sql.prepare_cached("UPDATE blobs SET used_us = ?2 WHERE id = ?1")?.execute([id, now_us])?;
        Ok(())
    }

    /// Blobs are elsewhere, too: they may give way as if they had been fetched.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn yield_blobs(&self, ids: &[i64]) -> Result<()> {
        let mut update = self.sql.prepare_cached("UPDATE blobs SET fetched = 1 WHERE id = ?1")?;
        for id in ids {
            update.execute([id])?;
        }
        Ok(())
    }

    /// Says whether a blob must stay, whatever the budget.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn pin_blob(&self, blob: &Blob, pinned: bool) -> Result<()> {
        self.sql
            .prepare_cached("UPDATE blobs SET pinned = ?2 WHERE blob = ?1")?
            .execute(params![blob.0, pinned])?;
        Ok(())
    }
}

/// Adds the ids of those of these blobs that are stored.
fn ids_of(sql: &Connection, blobs: impl Iterator<Item = Blob>, into: &mut HashSet<i64>) -> Result<()> {
    let mut select = sql.prepare_cached("SELECT id FROM blobs WHERE blob = ?1")?;
    for blob in blobs {
        into.extend(select.query_row([blob.0], |row| row.get::<_, i64>(0)).optional()?);
    }
    Ok(())
}

impl Store {
    /// The ids of all blobs that a record names, or a draft. Those that come to
    /// be named meanwhile may be missing: they carry the sweep's number.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Refused`] where a record cannot be read, so
    /// that nobody takes what it names for garbage.
    pub fn live_blobs(&self) -> Result<HashSet<i64>> {
        self.read_blocking(|sql| {
            let mut live = HashSet::new();
            let mut files =
                sql.prepare_cached("SELECT DISTINCT b.id FROM files f JOIN blobs b ON b.blob = f.blob")?;
            let mut rows = files.query([])?;
            while let Some(row) = rows.next()? {
                live.insert(row.get(0)?);
            }
            let mut versions = sql.prepare_cached(
                "SELECT DISTINCT b.id FROM artifact_files f JOIN artifacts a ON a.id = f.artifact JOIN blobs b ON b.blob = f.blob
                 WHERE a.deleted_us IS NULL",
            )?;
            let mut rows = versions.query([])?;
            while let Some(row) = rows.next()? {
                live.insert(row.get(0)?);
            }
            let mut drafts =
                sql.prepare_cached("SELECT content FROM draft_manifests WHERE content IS NOT NULL")?;
            let manifests = drafts.query_map([], |row| row.get::<_, String>(0))?;
            let manifests = manifests.collect::<Result<Vec<_>, _>>()?;
            let contents = manifests
                .iter()
                .map(|json| serde_json::from_str::<Content>(json).map_err(|e| unreadable(&e)));
            let contents = contents.collect::<Result<Vec<_>>>()?;
            ids_of(sql, contents.iter().map(|content| content.blob), &mut live)?;
            Ok(live)
        })
    }

    /// The next blobs behind one by id, and whether each was stored or named
    /// before a moment, and before a sweep.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sweep_candidates(
        &self,
        after: i64,
        before_us: i64,
        sweep: i64,
        limit: usize,
    ) -> Result<Vec<(Candidate, bool)>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT id, size, made_us < ?2 AND sweep < ?3, CASE WHEN fetched = 1 AND pinned = 0 THEN used_us END
                 FROM blobs WHERE id > ?1 ORDER BY id LIMIT ?4",
            )?;
            let rows = select.query_map(params![after, before_us, sweep, to_sql(limit as u64)], |row| {
                let candidate =
                    Candidate { id: row.get(0)?, size: from_sql(row.get(1)?), yields_us: row.get(3)? };
                Ok((candidate, row.get(2)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The next chunks behind one by id that were stored before a moment, with
    /// their lengths.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn old_chunks(&self, after: i64, before_us: i64, limit: usize) -> Result<Vec<(i64, u32)>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT id, length FROM chunks WHERE id > ?1 AND made_us < ?2 ORDER BY id LIMIT ?3",
            )?;
            let rows = select.query_map(params![after, before_us, to_sql(limit as u64)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The packs: id, length, and how many chunks of how many bytes count.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn pack_use(&self) -> Result<Vec<(i64, u64, u64, u64)>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT p.id, p.length, count(c.id), coalesce(sum(c.length), 0)
                 FROM packs p LEFT JOIN chunks c ON c.pack = p.id GROUP BY p.id, p.length ORDER BY p.id",
            )?;
            let rows = select.query_map([], |row| {
                Ok((row.get(0)?, from_sql(row.get(1)?), from_sql(row.get(2)?), from_sql(row.get(3)?)))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// When somebody last looked for blobs that nobody needs; microseconds since
    /// 1970.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_sweep(&self) -> Result<Option<i64>> {
        self.read_blocking(|sql| Ok(sql.query_row("SELECT max(began_us) FROM sweeps", [], |row| row.get(0))?))
    }

    /// How many bytes of files may stay, where somebody said so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn disk_budget(&self) -> Result<Option<u64>> {
        self.read_blocking(|sql| {
            let said = "SELECT value FROM meta WHERE key = 'disk_budget'";
            let bytes: Option<[u8; 8]> = sql.query_row(said, [], |row| row.get(0)).optional()?;
            Ok(bytes.map(u64::from_le_bytes))
        })
    }
}

impl Tx<'_> {
    /// How many bytes of files may stay from now on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_disk_budget(&self, bytes: Option<u64>) -> Result<()> {
        match bytes {
            Some(bytes) => self.sql.execute(
                "INSERT INTO meta (key, value) VALUES ('disk_budget', ?1)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [bytes.to_le_bytes()],
            )?,
            None => self.sql.execute("DELETE FROM meta WHERE key = 'disk_budget'", [])?,
        };
        Ok(())
    }
}

fn unreadable(error: &serde_json::Error) -> StoreError {
    StoreError::Refused(format!(
        "what a version of an artifact names cannot be read, so nothing is removed: {error}"
    ))
}
