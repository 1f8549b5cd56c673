//! Blobs by their chunks: for whoever sends what another lacks, or asks for what
//! he lacks. Knows no wire.
//!
//! Chunks come first, each durable when it is answered for. Then the blob is
//! **assembled**: its list comes in parts, in order, and every chunk is read and
//! hashed as its part comes; the last part brings the check of the whole. What is
//! assembled here is forgotten with this process: the parts come again then, the
//! chunks do not.

use std::collections::BTreeMap;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use pannier_proto::content::{Blob, Content};
use pannier_proto::hub::PartAnswer;

use super::packer::{Job, Ticket};
use super::packs::gone;
use super::{BlobError, BlobWriter, Blobs, Result};

/// Blobs that are assembled at a time; whoever waited longest begins anew.
const ASSEMBLING_MAX: usize = 64;

/// Whoever assembles a blob; none where it must be begun anew.
type Slot = Arc<Mutex<Option<BlobWriter>>>;

/// Blobs that are being assembled.
#[derive(Default)]
pub(super) struct Assembling {
    /// And when each was used last.
    blobs: BTreeMap<Blob, (u64, Slot)>,
    /// Grows with every use.
    uses: u64,
}

impl Assembling {
    /// All of them begin anew.
    pub fn clear(&mut self) {
        self.blobs.clear();
    }

    fn of(&mut self, blob: &Blob) -> Slot {
        self.uses += 1;
        if !self.blobs.contains_key(blob) && self.blobs.len() >= ASSEMBLING_MAX {
            let oldest = self.blobs.iter().min_by_key(|(_, (used, _))| *used).map(|(blob, _)| *blob);
            oldest.and_then(|blob| self.blobs.remove(&blob));
        }
        let (used, writer) = self.blobs.entry(*blob).or_default();
        *used = self.uses;
        writer.clone()
    }
}

impl Blobs {
    /// Those of these chunks that are not stored here.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn missing_chunks(&self, chunks: &[Blob]) -> Result<Vec<Blob>> {
        let found = self.held.store.chunks_by_digest(chunks)?;
        Ok(chunks.iter().zip(found).filter(|(_, found)| found.is_none()).map(|(chunk, _)| *chunk).collect())
    }

    /// Stores chunks, under digests that were checked; durable when it returns.
    /// They stay for as long as anything that nothing names.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn put_chunks(&self, chunks: Vec<(Blob, Bytes)>) -> Result<()> {
        let ticket = Arc::new(Ticket { id: self.next_id(), failure: OnceLock::new() });
        let (tell, told) = sync_channel(1);
        let chunks = chunks.into_iter();
        let jobs = chunks.map(|(digest, bytes)| Job::Chunk { ticket: ticket.clone(), digest, bytes });
        for job in jobs.chain([Job::Seal { ticket: ticket.clone(), last: None, blob: None, tell }]) {
            self.jobs.send(job).map_err(|_gone| BlobError::Closed)?;
        }
        told.recv().unwrap_or(Err(BlobError::Closed))
    }

    /// Stores small blobs, each a chunk that is all of it; they share a commit. Durable
    /// when this returns; their digests, in the order given.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn put_whole(&self, whole: impl IntoIterator<Item = Bytes>) -> Result<Vec<Blob>> {
        let seal = |bytes: Bytes| {
            let mut writer = self.writer()?;
            writer.write(&bytes)?;
            writer.seal()
        };
        let sealed = whole.into_iter().map(seal).collect::<Result<Vec<_>>>()?;
        sealed.into_iter().map(|pending| pending.wait().map(|content| content.blob)).collect()
    }

    /// A chunk's bytes.
    ///
    /// # Errors
    /// [`BlobError::Missing`].
    pub fn chunk(&self, digest: &Blob) -> Result<Bytes> {
        let find = || {
            let found = self.held.store.chunks_by_digest(&[*digest])?.pop().flatten();
            found.ok_or(BlobError::Missing(*digest))
        };
        match self.held.chunk(&find()?) {
            // Its pack was rewritten meanwhile.
            Err(error) if gone(&error) => self.held.chunk(&find()?),
            read => read,
        }
    }

    /// Some of a blob's chunks, their digests and lengths: the first of them
    /// covers `at`, and begins where is said.
    ///
    /// # Errors
    /// [`BlobError::Missing`].
    pub fn chunks_at(&self, blob: &Blob, at: u64) -> Result<(u64, Vec<(Blob, u32)>)> {
        self.read(blob)?.chunks_at(at)
    }

    /// Reads the next chunks of a blob that is being assembled: those from `at`
    /// on; 0 begins anew. The answer says where it stands, or what is wrong.
    ///
    /// # Errors
    /// [`BlobError`]; then it must be begun anew.
    pub fn assemble(&self, content: &Content, at: u64, chunks: &[Blob], fetched: bool) -> Result<PartAnswer> {
        if self.contains(&content.blob)? {
            return Ok(PartAnswer::Whole);
        }
        let lock = |assembling: &Mutex<Assembling>| {
            assembling.lock().unwrap_or_else(PoisonError::into_inner).of(&content.blob)
        };
        let slot = lock(&self.assembling);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let here = slot.as_ref().map_or(0, BlobWriter::size);
        if at != 0 && at != here {
            return Ok(PartAnswer::At { at: here });
        }
        let lacking = self.missing_chunks(chunks)?;
        if !lacking.is_empty() {
            return Ok(PartAnswer::Lacks { chunks: lacking });
        }
        // Back in its place only where all went well.
        let mut writer = match slot.take().filter(|_| at != 0) {
            Some(writer) => writer,
            None if fetched => self.writer()?.fetched(),
            None => self.writer()?,
        };
        for digest in chunks {
            writer.chunk(*digest, self.chunk(digest)?)?;
        }
        if writer.size() < content.size {
            let at = writer.size();
            *slot = Some(writer);
            return Ok(PartAnswer::At { at });
        }
        self.assembling.lock().unwrap_or_else(PoisonError::into_inner).blobs.remove(&content.blob);
        let whole = writer.close()?;
        if whole.content() != content {
            let reason = format!("the chunks make blob {}, not {}", whole.content().blob, content.blob);
            return Ok(PartAnswer::Refused { reason });
        }
        whole.keep()?.wait()?;
        Ok(PartAnswer::Whole)
    }

    /// Those of these blobs that were removed because nothing names them.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn gone(&self, blobs: &[Blob]) -> Result<Vec<Blob>> {
        Ok(self.held.store.gone_blobs(blobs)?)
    }
}
