//! Which blobs and chunks need not go into a bundle: the other side has them, or
//! they are in it. A bit each, by their ids in the index here, so that it does not
//! matter how many there are.

use std::sync::Arc;

use pannier_proto::content::Blob;
use pannier_proto::id::Seq;

use crate::block::Head;
use crate::store::{Result, Store};

/// Heads that are read at a time.
const HEADS: usize = 64;

#[derive(Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn at(id: i64) -> (usize, u64) {
        let id = usize::try_from(id).unwrap_or(0);
        (id / 64, 1 << (id % 64))
    }

    fn has(&self, id: i64) -> bool {
        let (word, bit) = Self::at(id);
        self.0.get(word).is_some_and(|found| found & bit != 0)
    }

    /// Whether it is new.
    fn set(&mut self, id: i64) -> bool {
        let (word, bit) = Self::at(id);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }
}

/// What is known. All methods block.
pub struct Known {
    store: Arc<Store>,
    blobs: Bits,
    chunks: Bits,
}

impl Known {
    /// What the first records of these streams name.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn of(store: Arc<Store>, streams: &[(i64, Seq)]) -> Result<Self> {
        let mut known = Self { store, blobs: Bits::default(), chunks: Bits::default() };
        for (stream, upto) in streams {
            let mut after = 0;
            while after < *upto {
                let heads = known.store.heads_after(*stream, after, HEADS)?;
                let Some((_, last, _)) = heads.last() else { break };
                after = *last;
                for (first, _, head) in heads {
                    known.read(first, *upto, &head)?;
                }
            }
        }
        Ok(known)
    }

    fn read(&mut self, first: Seq, upto: Seq, head: &[u8]) -> Result<()> {
        // Of a damaged one nothing is known: what it names goes once more.
        let Ok(head) = Head::decode(head) else { return Ok(()) };
        let changes = (first..).zip(&head.tags).filter(|(_, tag)| **tag == 0);
        for ((seq, _), change) in changes.zip(&head.changes) {
            if seq <= upto {
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
        if !self.blobs.set(row.id) {
            return Ok(());
        }
        let mut at = 0;
        while at < row.content.size {
            let Some(segment) = self.store.segment(row.id, at)? else { break };
            for (chunk, _) in &segment.chunks {
                self.chunks.set(*chunk);
            }
            if segment.end() <= at {
                break;
            }
            at = segment.end();
        }
        Ok(())
    }

    /// Notes chunks.
    ///
    /// # Errors
    /// [`StoreError`](crate::store::StoreError).
    pub fn add_chunks(&mut self, chunks: &[Blob]) -> Result<()> {
        let found = self.store.chunks_by_digest(chunks)?;
        for chunk in found.into_iter().flatten() {
            self.chunks.set(chunk.id);
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
            if !row.is_some_and(|row| self.blobs.has(row.id)) {
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
            chunk.as_ref().is_some_and(|chunk| self.chunks.has(chunk.id))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_told_apart() {
        let mut bits = Bits::default();
        for id in [0, 1, 63, 64, 1000] {
            assert!(!bits.has(id) && bits.set(id) && !bits.set(id) && bits.has(id), "{id}");
        }
        assert!(!bits.has(2) && !bits.has(65) && !bits.has(1_000_000));
    }
}
