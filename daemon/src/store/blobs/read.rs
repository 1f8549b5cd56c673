//! Questions to the index of bytes.

use pannier_proto::content::Blob;
use rusqlite::{Connection, OptionalExtension, params};

use super::{BlobRow, Chunk, Place, Segment};
use crate::store::files::content_of;
use crate::store::{Result, Store, from_sql, to_sql};

fn find(sql: &Connection, blob: &Blob) -> Result<Option<BlobRow>> {
    Ok(sql
        .prepare_cached("SELECT blob, md5, size, id, fetched, used_us FROM blobs WHERE blob = ?1")?
        .query_row([blob.0], |row| {
            Ok(BlobRow {
                content: content_of(row, 0)?,
                id: row.get(3)?,
                fetched: row.get(4)?,
                used_us: row.get(5)?,
            })
        })
        .optional()?)
}

impl Store {
    /// A blob, where it is stored here.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn blob(&self, blob: &Blob) -> Result<Option<BlobRow>> {
        self.read_blocking(|sql| find(sql, blob))
    }

    /// Those of these blobs that are not stored here.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn missing_blobs(&self, blobs: &[Blob]) -> Result<Vec<Blob>> {
        self.read_blocking(|sql| {
            let mut missing = Vec::new();
            for blob in blobs {
                if find(sql, blob)?.is_none() {
                    missing.push(*blob);
                }
            }
            Ok(missing)
        })
    }

    /// Those of these blobs that are not stored here, and those that were stored
    /// or named last before a moment.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn fading_blobs(&self, blobs: &[Blob], before_us: i64) -> Result<(Vec<Blob>, Vec<Blob>)> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT made_us FROM blobs WHERE blob = ?1")?;
            let (mut missing, mut fading) = (Vec::new(), Vec::new());
            for blob in blobs {
                match select.query_row([blob.0], |row| row.get::<_, i64>(0)).optional()? {
                    None => missing.push(*blob),
                    Some(made_us) if made_us < before_us => fading.push(*blob),
                    Some(_) => {}
                }
            }
            Ok((missing, fading))
        })
    }

    /// Those of these blobs that were removed because nothing names them.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn gone_blobs(&self, blobs: &[Blob]) -> Result<Vec<Blob>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT 1 FROM gone_blobs WHERE blob = ?1")?;
            let mut gone = Vec::new();
            for blob in blobs {
                if select.exists([blob.0])? {
                    gone.push(*blob);
                }
            }
            Ok(gone)
        })
    }

    /// The next blobs behind one, by id.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn blobs_after(&self, after: i64, limit: usize) -> Result<Vec<BlobRow>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT blob, md5, size, id, fetched, used_us FROM blobs WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?;
            let rows = select.query_map(params![after, to_sql(limit as u64)], |row| {
                Ok(BlobRow {
                    content: content_of(row, 0)?,
                    id: row.get(3)?,
                    fetched: row.get(4)?,
                    used_us: row.get(5)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The id and length of each of these chunks, where it is stored here.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn chunks_by_digest(&self, digests: &[Blob]) -> Result<Vec<Option<Chunk>>> {
        self.read_blocking(|sql| {
            let mut select =
                sql.prepare_cached("SELECT id, pack, at, length FROM chunks WHERE digest = ?1")?;
            let mut find = |digest: &Blob| {
                let found = select.query_row([digest.0], |row| {
                    let place = Place { pack: row.get(1)?, at: from_sql(row.get(2)?), length: row.get(3)? };
                    Ok(Chunk { id: row.get(0)?, digest: *digest, place })
                });
                Ok(found.optional()?)
            };
            digests.iter().map(&mut find).collect()
        })
    }

    /// These chunks, those of them that are there.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn chunks_by_id(&self, ids: &[i64]) -> Result<Vec<Chunk>> {
        self.read_blocking(|sql| {
            let mut select =
                sql.prepare_cached("SELECT digest, pack, at, length FROM chunks WHERE id = ?1")?;
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                let chunk = select.query_row([id], |row| {
                    let place = Place { pack: row.get(1)?, at: from_sql(row.get(2)?), length: row.get(3)? };
                    Ok(Chunk { id: *id, digest: Blob(row.get(0)?), place })
                });
                found.extend(chunk.optional()?);
            }
            Ok(found)
        })
    }

    /// The chunks of a pack, in the order in which they lie there.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn chunks_of_pack(&self, pack: i64) -> Result<Vec<Chunk>> {
        self.read_blocking(|sql| {
            let mut select =
                sql.prepare_cached("SELECT id, digest, at, length FROM chunks WHERE pack = ?1 ORDER BY at")?;
            let rows = select.query_map([pack], |row| {
                let place = Place { pack, at: from_sql(row.get(2)?), length: row.get(3)? };
                Ok(Chunk { id: row.get(0)?, digest: Blob(row.get(1)?), place })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The chunks around a position of a blob.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn segment(&self, blob: i64, at: u64) -> Result<Option<Segment>> {
        self.read_blocking(|sql| {
            let found: Option<(i64, Vec<u8>)> = sql
                .prepare_cached(
                    "SELECT at, chunks FROM blob_chunks WHERE blob = ?1 AND at <= ?2 ORDER BY at DESC LIMIT 1",
                )?
                .query_row(params![blob, to_sql(at)], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            found.map(|(at, body)| Segment::decode(blob, at, &body)).transpose()
        })
    }

    /// The next segments behind one, of all blobs, finished or not.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn segments_after(&self, after: (i64, i64), limit: usize) -> Result<Vec<Segment>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT blob, at, chunks FROM blob_chunks WHERE blob > ?1 OR (blob = ?1 AND at > ?2)
                 ORDER BY blob, at LIMIT ?3",
            )?;
            let mut rows = select.query(params![after.0, after.1, to_sql(limit as u64)])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(Segment::decode(
                    row.get(0)?,
                    row.get(1)?,
                    row.get_ref(2)?.as_blob().unwrap_or_default(),
                )?);
            }
            Ok(found)
        })
    }

    /// The packs, and how long each is.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn packs(&self) -> Result<Vec<(i64, u64)>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT id, length FROM packs ORDER BY id")?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, from_sql(row.get(1)?))))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The highest ids that a chunk and a blob have.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn last_blob_ids(&self) -> Result<(i64, i64)> {
        self.read_blocking(|sql| {
            Ok(sql.query_row(
                "SELECT (SELECT coalesce(max(id), 0) FROM chunks),
                     (SELECT max(coalesce((SELECT max(id) FROM blobs), 0), coalesce((SELECT max(blob) FROM blob_chunks), 0)))",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?)
        })
    }
}
