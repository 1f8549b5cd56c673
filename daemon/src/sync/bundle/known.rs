//! Which blobs and chunks need not go into a bundle: the other side has them, or
//! they are in it. A bit each, by their ids in the index here, so that it does not
//! matter how many there are.

use std::sync::Arc;

use pannier_proto::content::Blob;
use pannier_proto::id::Seq;

use crate::blobs::Ids;
use crate::block::Head;
use crate::store::{Result, Store};

/// Heads that are read at a time.
const HEADS: usize = 64;

/// What is known. All methods block.
pub struct Known {
    store: Arc<Store>,
    blobs: Ids,
    chunks: Ids,
    unreadable: bool,
}

impl Known {
    /// What records of these streams name: those behind one, up to another.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn of(store: Arc<Store>, streams: &[(i64, Seq, Seq)]) -> Result<Self> {
        let mut known = Self { store, blobs: Ids::default(), chunks: Ids::default(), unreadable: false };
        for (stream, after, upto) in streams {
            let mut at = *after;
            while at < *upto {
                let heads = known.store.heads_after(*stream, at, HEADS)?;
                let Some((_, last, _)) = heads.last() else { break };
                at = *last;
                for (first, _, head) in heads {
                    known.read(first, (*after, *upto), &head)?;
                }
            }
        }
        Ok(known)
    }

    fn read(&mut self, first: Seq, (after, upto): (Seq, Seq), head: &[u8]) -> Result<()> {
        // Of a damaged one nothing is known: what it names goes once more.
        let Ok(head) = Head::decode(head) else {
            self.unreadable = true;
            return Ok(());
        };
        let changes = (first..).zip(&head.tags).filter(|(_, tag)| **tag == 0);
        for ((seq, _), change) in changes.zip(&head.changes) {
            if seq > after && seq <= upto {
                change.blobs().try_for_each(|(blob, _)| self.add_blob(&blob))?;
            }
        }
        Ok(())
    }

    /// Notes a blob, and its chunks.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn add_blob(&mut self, blob: &Blob) -> Result<()> {
        let Some(row) = self.store.blob(blob)? else { return Ok(()) };
        if !self.blobs.insert(row.id) {
            return Ok(());
        }
        let mut at = 0;
        while at < row.content.size {
            let Some(segment) = self.store.segment(row.id, at)? else { break };
            for (chunk, _) in &segment.chunks {
                self.chunks.insert(*chunk);
            }
            if segment.end() <= at {
                break;
            }
            at = segment.end();
        }
        Ok(())
    }

    /// Whether more may be named than is known here.
    #[must_use]
    pub fn unreadable(&self) -> bool {
        self.unreadable
    }

    /// Whether it is known that this blob need not go.
    #[must_use]
    pub fn has(&self, id: i64) -> bool {
        self.blobs.contains(id)
    }

    /// Notes chunks.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn add_chunks(&mut self, chunks: &[Blob]) -> Result<()> {
        let found = self.store.chunks_by_digest(chunks)?;
        for chunk in found.into_iter().flatten() {
            self.chunks.insert(chunk.id);
        }
        Ok(())
    }

    /// Those of these blobs that are not known.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn missing_blobs(&self, blobs: &[Blob]) -> Result<Vec<Blob>> {
        let mut missing = Vec::new();
        for blob in blobs {
            let row = self.store.blob(blob)?;
            if !row.is_some_and(|row| self.blobs.contains(row.id)) {
                missing.push(*blob);
            }
        }
        Ok(missing)
    }

    /// Those of these chunks that are not known.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn missing_chunks(&self, chunks: &[Blob]) -> Result<Vec<Blob>> {
        let found = self.store.chunks_by_digest(chunks)?;
        let known = |chunk: &Option<crate::store::Chunk>| {
            chunk.as_ref().is_some_and(|chunk| self.chunks.contains(chunk.id))
        };
        Ok(chunks.iter().zip(found).filter(|(_, chunk)| !known(chunk)).map(|(digest, _)| *digest).collect())
    }

    /// How long these chunks are together.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn length(&self, chunks: &[Blob]) -> Result<u64> {
        let found = self.store.chunks_by_digest(chunks)?;
        Ok(found.into_iter().flatten().map(|chunk| u64::from(chunk.place.length)).sum())
    }
}
