//! The index of the bytes that are stored here: packs, the chunks in them, and
//! the blobs that chunks make. It knows where bytes lie, and never reads one.
//!
//! Ids of chunks and blobs are given by the one thread that fills packs, so that
//! a segment can name a chunk before either is committed.

mod read;
mod sweep;

use pannier_proto::content::{Blob, Content, Md5};
use rusqlite::{OptionalExtension, params};

pub use sweep::Candidate;

use super::files::content_of;
use super::writer::Tx;
use super::{Result, StoreError, from_sql, to_sql};
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
        self.sql.prepare_cached("DELETE FROM gone_blobs WHERE blob = ?1")?.execute([content.blob.0])?;
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
