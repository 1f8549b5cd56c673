//! Reading a blob, from any position. Every chunk is checked before a byte of it
//! is handed out. Knows nothing of who reads.

use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;
use pannier_proto::content::{Blob, Content};

use super::packs::gone;
use super::{BlobError, Held, Result, frame};
use crate::limits::PART_CHUNKS;
use crate::store::{BlobRow, Chunk, Segment};

/// Chunks that are looked up at a time.
const AHEAD: usize = 16;

impl Held {
    /// A chunk's bytes, as they were written as far as their checksum says.
    pub fn chunk(&self, chunk: &Chunk) -> Result<Bytes> {
        let place = chunk.place;
        let damaged = BlobError::Damaged { blob: chunk.digest, pack: place.pack, at: place.at };
        let mut bytes = vec![0; frame::HEAD + place.length as usize];
        self.packs.read(place.pack, place.at, &mut bytes)?;
        let head = frame::Head::read(&bytes).ok_or_else(|| damaged.clone())?;
        let bytes = Bytes::from(bytes).slice(frame::HEAD..);
        let intact = head.digest == chunk.digest && head.holds(&bytes);
        if intact { Ok(bytes) } else { Err(damaged) }
    }
}

/// A blob that is being read. What it reads stays readable when packs are
/// rewritten, but not when the blob is removed.
pub struct BlobReader {
    held: Held,
    id: i64,
    content: Content,
    at: u64,
    segment: Segment,
    /// Where the next chunks were when they were looked up.
    places: Vec<Chunk>,
    /// The chunk that was read last, and where in the blob it begins.
    chunk: (u64, Bytes),
}

impl BlobReader {
    pub(super) fn new(held: Held, of: &BlobRow) -> Self {
        let (segment, places, chunk) = (Segment::default(), Vec::new(), (0, Bytes::new()));
        Self { held, id: of.id, content: of.content, at: 0, segment, places, chunk }
    }

    /// What it holds when it is read to the end.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// How long it is.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.content.size
    }

    /// The digests and lengths of some chunks: the first of them covers `at`, and
    /// begins where is said.
    pub(super) fn chunks_at(&mut self, at: u64) -> Result<(u64, Vec<(Blob, u32)>)> {
        let first = self.find(at)?;
        let (before, wanted) = self.segment.chunks.split_at(first);
        let begin = self.segment.at + before.iter().map(|(_, length)| u64::from(*length)).sum::<u64>();
        let ids: Vec<i64> = wanted.iter().take(PART_CHUNKS).map(|(id, _)| *id).collect();
        let found = self.held.store.chunks_by_id(&ids)?;
        if found.len() != ids.len() {
            return Err(BlobError::Missing(self.content.blob));
        }
        Ok((begin, found.iter().map(|chunk| (chunk.digest, chunk.place.length)).collect()))
    }

    /// Makes sure of the segment that covers a position; which of its chunks it is.
    fn find(&mut self, at: u64) -> Result<usize> {
        let missing = BlobError::Missing(self.content.blob);
        if self.segment.chunks.is_empty() || at < self.segment.at || at >= self.segment.end() {
            self.segment = self.held.store.segment(self.id, at)?.ok_or_else(|| missing.clone())?;
        }
        let mut begin = self.segment.at;
        for (index, (_, length)) in self.segment.chunks.iter().enumerate() {
            begin += u64::from(*length);
            if at < begin {
                return Ok(index);
            }
        }
        Err(missing)
    }

    /// The rest of the chunk at the position.
    fn rest(&mut self) -> Result<Bytes> {
        let (begin, chunk) = &self.chunk;
        if self.at < *begin || self.at >= begin + chunk.len() as u64 {
            let index = self.find(self.at)?;
            let before: u64 = self.segment.chunks[..index].iter().map(|(_, length)| u64::from(*length)).sum();
            let chunk = self.load(index)?;
            self.chunk = (self.segment.at + before, chunk);
        }
        let (begin, chunk) = &self.chunk;
        let skipped = usize::try_from(self.at - begin).unwrap_or(usize::MAX);
        Ok(chunk.slice(skipped.min(chunk.len())..))
    }

    fn load(&mut self, index: usize) -> Result<Bytes> {
        let (id, length) = self.segment.chunks[index];
        for again in [true, false] {
            if !self.places.iter().any(|chunk| chunk.id == id) {
                let ahead = self.segment.chunks[index..].iter().take(AHEAD);
                let ids: Vec<i64> = ahead.map(|(id, _)| *id).collect();
                self.places = self.held.store.chunks_by_id(&ids)?;
            }
            let found = self.places.iter().find(|chunk| chunk.id == id && chunk.place.length == length);
            let found = found.ok_or(BlobError::Missing(self.content.blob))?;
            match self.held.chunk(found) {
                // The pack was rewritten since it was looked up.
                Err(error) if again && gone(&error) => self.places.clear(),
                read => return read,
            }
        }
        Err(BlobError::Missing(self.content.blob))
    }
}

impl Read for BlobReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.content.size || into.is_empty() {
            return Ok(0);
        }
        let rest = self.rest()?;
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for BlobReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.content.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at =
            to.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a seek before the beginning"))?;
        Ok(self.at)
    }
}
