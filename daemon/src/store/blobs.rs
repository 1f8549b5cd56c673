//! The index of the bytes that are stored here: packs, the chunks in them, and
//! the blobs that chunks make. It knows where bytes lie, and never reads one.
//!
//! Ids of chunks and blobs are given by the one thread that fills packs, so that
//! a segment can name a chunk before either is committed.

use pannier_proto::content::{Blob, Content, Md5};
use rusqlite::{Connection, OptionalExtension, params};

use super::files::content_of;
use super::writer::Tx;
use super::{Result, Store, StoreError, from_sql, to_sql};
use crate::clock::now_us;

/// Where a chunk lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The pack's id.
    pub pack: i64,
    /// Where in it the chunk's frame begins.
    pub at: u64,
    /// How many bytes the chunk has.
    pub length: u32,
}

/// A chunk that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Its id in the index.
    pub id: i64,
    /// BLAKE3 over its bytes.
    pub digest: Blob,
    /// Where it is.
    pub place: Place,
}

/// Consecutive chunks of a blob.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segment {
    /// The blob's id in the index.
    pub blob: i64,
    /// Where in the blob the first one begins.
    pub at: u64,
    /// Their ids and lengths.
    pub chunks: Vec<(i64, u32)>,
}

/// A blob that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobRow {
    /// Its id in the index.
    pub id: i64,
    /// What it holds.
    pub content: Content,
    /// Whether it came from a remote.
    pub fetched: bool,
    /// When it was last asked for, where it was fetched; microseconds since 1970.
    pub used_us: i64,
}

/// What becomes true together.
#[derive(Debug, Default)]
pub struct Filed {
    /// How long packs are now.
    pub packs: Vec<(i64, u64)>,
    /// Chunks that were added.
    pub chunks: Vec<Chunk>,
    /// Chunks that lie elsewhere now.
    pub moved: Vec<(i64, Place)>,
    /// Packs that hold nothing any more.
    pub emptied: Vec<i64>,
    /// Chunks of blobs.
    pub segments: Vec<Segment>,
    /// Blobs that are whole, and whether each was fetched from a remote.
    pub blobs: Vec<(i64, Content, bool)>,
}

impl Filed {
    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { packs, chunks, moved, emptied, segments, blobs } = self;
        packs.is_empty()
            && chunks.is_empty()
            && moved.is_empty()
            && emptied.is_empty()
            && segments.is_empty()
            && blobs.is_empty()
    }
}

/// Bytes of one chunk's entry in a segment's row.
const ENTRY: usize = 12;

impl Segment {
    fn encode(&self) -> Vec<u8> {
        let entry = |(id, length): &(i64, u32)| {
            let mut entry = [0; ENTRY];
            entry[..8].copy_from_slice(&id.to_le_bytes());
            entry[8..].copy_from_slice(&length.to_le_bytes());
            entry
        };
        self.chunks.iter().flat_map(entry).collect()
    }

    fn decode(blob: i64, at: i64, body: &[u8]) -> Result<Self> {
        let (entries, rest) = body.as_chunks::<ENTRY>();
        if !rest.is_empty() {
            return Err(StoreError::Refused(format!("the list of chunks of blob {blob} is damaged")));
        }
        let entry = |entry: &[u8; ENTRY]| {
            let (id, length) = entry.split_at(8);
            let id = id.try_into().map_or(0, i64::from_le_bytes);
            (id, length.try_into().map_or(0, u32::from_le_bytes))
        };
        Ok(Self { blob, at: from_sql(at), chunks: entries.iter().map(entry).collect() })
    }

    /// Where in the blob the last one ends.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.at + self.chunks.iter().map(|(_, length)| u64::from(*length)).sum::<u64>()
    }
}

impl Tx<'_> {
    /// Enters into the index what was made durable. A blob that is there already
    /// is only refreshed, and the list that came with it is dropped.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn file_bytes(&self, filed: &Filed) -> Result<()> {
        let now = now_us();
        let mut pack = self.sql.prepare_cached(
            "INSERT INTO packs (id, length) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET length = excluded.length",
        )?;
        for (id, length) in &filed.packs {
            pack.execute(params![id, to_sql(*length)])?;
        }
        let mut add = self.sql.prepare_cached(
            "INSERT INTO chunks (id, digest, pack, at, length, made_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for Chunk { id, digest, place } in &filed.chunks {
            add.execute(params![id, digest.0, place.pack, to_sql(place.at), place.length, now])?;
        }
        let mut place = self.sql.prepare_cached("UPDATE chunks SET pack = ?2, at = ?3 WHERE id = ?1")?;
        for (id, to) in &filed.moved {
            place.execute(params![id, to.pack, to_sql(to.at)])?;
        }
        for id in &filed.emptied {
            self.sql.execute("DELETE FROM packs WHERE id = ?1", [id])?;
        }
        let mut segment =
            self.sql.prepare_cached("INSERT INTO blob_chunks (blob, at, chunks) VALUES (?1, ?2, ?3)")?;
        for part in &filed.segments {
            segment.execute(params![part.blob, to_sql(part.at), part.encode()])?;
        }
        for (id, content, fetched) in &filed.blobs {
            if self.add_blob(*id, content, *fetched, now)? != *id {
                self.forget_chunks(*id)?;
            }
        }
        Ok(())
    }

    /// Returns the id that the blob has.
    fn add_blob(&self, id: i64, content: &Content, fetched: bool, now_us: i64) -> Result<i64> {
        // One that somebody logged here never gives way again.
        let mut add = self.sql.prepare_cached(
            "INSERT INTO blobs (id, blob, md5, size, made_us, sweep, fetched, used_us)
             VALUES (?1, ?2, ?3, ?4, ?5, (SELECT coalesce(max(number), 0) FROM sweeps), ?6, ?5)
             ON CONFLICT (blob) DO UPDATE SET made_us = excluded.made_us, sweep = excluded.sweep,
                 fetched = CASE WHEN excluded.fetched = 0 THEN 0 ELSE fetched END
             RETURNING id",
        )?;
        let with = params![id, content.blob.0, content.md5.0, to_sql(content.size), now_us, fetched];
        Ok(add.query_row(with, |row| row.get(0))?)
    }

    /// Drops the list of a blob's chunks: of one that is removed, or that was
    /// never finished.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_chunks(&self, id: i64) -> Result<()> {
        self.sql.prepare_cached("DELETE FROM blob_chunks WHERE blob = ?1")?.execute([id])?;
        Ok(())
    }

    /// A record is about to name this blob, or somebody was told that it need not
    /// be sent: no sweep that is under way removes it. Whether it is here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn name_blob(&self, blob: &Blob) -> Result<bool> {
        let named = self
            .sql
            .prepare_cached(
                "UPDATE blobs SET made_us = ?2, sweep = (SELECT coalesce(max(number), 0) FROM sweeps) WHERE blob = ?1",
            )?
            .execute(params![blob.0, now_us()])?;
        Ok(named > 0)
    }

    /// The bytes with this digest, where they are stored here. Whoever asks is
    /// about to name them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn content(&self, md5: Md5) -> Result<Option<Content>> {
        let found = self
            .sql
            .prepare_cached("SELECT blob, md5, size FROM blobs WHERE md5 = ?1 ORDER BY id LIMIT 1")?
            .query_row([md5.0], |row| content_of(row, 0))
            .optional()?;
        if let Some(content) = &found {
            self.name_blob(&content.blob)?;
        }
        Ok(found)
    }

    /// Removes a blob, not its chunks.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_blob(&self, id: i64) -> Result<()> {
        self.sql.prepare_cached("DELETE FROM blobs WHERE id = ?1")?.execute([id])?;
        self.forget_chunks(id)
    }
}

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
    /// [`StoreError`].
    pub fn blob(&self, blob: &Blob) -> Result<Option<BlobRow>> {
        self.read_blocking(|sql| find(sql, blob))
    }

    /// Those of these blobs that are not stored here.
    ///
    /// # Errors
    /// [`StoreError`].
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

    /// The next blobs behind one, by id.
    ///
    /// # Errors
    /// [`StoreError`].
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
    /// [`StoreError`].
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
    /// [`StoreError`].
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
    /// [`StoreError`].
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
    /// [`StoreError`].
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
    /// [`StoreError`].
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
    /// [`StoreError`].
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
    /// [`StoreError`].
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
