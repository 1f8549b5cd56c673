//! Writing one blob: digests, count and cuts in the pass that brings the bytes.
//! Knows nothing of what the bytes mean, nor where they go.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5 as Md5Hasher};
use pannier_proto::content::{Blob, Content, Md5};

use super::chunker::Chunker;
use super::packer::{Job, Ticket};
use super::{BlobError, Result};

/// From this length on MD5, the slowest of the digests, has a thread of its own.
const LARGE: u64 = 1 << 20;
/// Chunks that may wait for it.
const AHEAD: usize = 16;

/// A blob that is being written. Dropped unfinished, it leaves nothing.
pub struct BlobWriter {
    jobs: SyncSender<Job>,
    ticket: Arc<Ticket>,
    chunker: Chunker,
    waiting: BytesMut,
    blake3: blake3::Hasher,
    md5: Md5Side,
    size: u64,
    /// A chunk was handed over.
    begun: bool,
    fetched: bool,
}

enum Md5Side {
    Here(Md5Hasher),
    Beside(SyncSender<Bytes>, JoinHandle<Md5Hasher>),
}

impl Md5Side {
    fn update(&mut self, bytes: &Bytes) {
        match self {
            Self::Here(hasher) => hasher.update(bytes),
            // Its thread ends when we let go of it.
            Self::Beside(queue, _) => drop(queue.send(bytes.clone())),
        }
    }

    fn move_beside(&mut self) {
        let Self::Here(hasher) = self else { return };
        let (queue, chunks) = sync_channel::<Bytes>(AHEAD);
        let mut hasher = std::mem::take(hasher);
        let thread = std::thread::spawn(move || {
            chunks.iter().for_each(|chunk| hasher.update(&chunk));
            hasher
        });
        *self = Self::Beside(queue, thread);
    }

    fn finish(self) -> Result<Md5> {
        let hasher = match self {
            Self::Here(hasher) => hasher,
            Self::Beside(queue, thread) => {
                drop(queue);
                thread.join().map_err(|_reported_by_the_hook| BlobError::Closed)?
            }
        };
        Ok(Md5(hasher.finalize().into()))
    }
}

impl BlobWriter {
    pub(super) fn begin(id: u64, jobs: SyncSender<Job>) -> Self {
        Self {
            jobs,
            ticket: Arc::new(Ticket { id, failure: OnceLock::new() }),
            chunker: Chunker::default(),
            waiting: BytesMut::new(),
            blake3: blake3::Hasher::new(),
            md5: Md5Side::Here(Md5Hasher::new()),
            size: 0,
            begun: false,
            fetched: false,
        }
    }

    /// The bytes come from a remote, which keeps them: they may give way here.
    #[must_use]
    pub fn fetched(mut self) -> Self {
        self.fetched = true;
        self
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// [`BlobError::Full`] and others; the blob cannot be finished then.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while let Some(end) = self.chunker.end(bytes) {
            let (chunk, rest) = bytes.split_at(end);
            self.waiting.extend_from_slice(chunk);
            let chunk = self.waiting.split().freeze();
            self.chunk(Blob(*blake3::hash(&chunk).as_bytes()), chunk)?;
            bytes = rest;
        }
        self.waiting.extend_from_slice(bytes);
        Ok(())
    }

    /// Adds a chunk at the end, cut by somebody else; not after a
    /// [`BlobWriter::write`].
    pub(super) fn chunk(&mut self, digest: Blob, bytes: Bytes) -> Result<()> {
        if let Some(failure) = self.ticket.failure.get() {
            return Err(failure.clone());
        }
        self.begun = true;
        self.size += bytes.len() as u64;
        if self.size >= LARGE {
            self.md5.move_beside();
        }
        self.md5.update(&bytes);
        self.blake3.update(&bytes);
        let job = Job::Chunk { ticket: self.ticket.clone(), digest, bytes };
        self.jobs.send(job).map_err(|_gone| BlobError::Closed)
    }

    /// What was handed over so far.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// All bytes were written: what they are is known, and nothing is stored yet.
    ///
    /// # Errors
    /// [`BlobError`], of an earlier write, too.
    pub fn close(mut self) -> Result<Closed> {
        if let Some(failure) = self.ticket.failure.get() {
            return Err(failure.clone());
        }
        let bytes = self.waiting.split().freeze();
        self.size += bytes.len() as u64;
        let mut md5 = std::mem::replace(&mut self.md5, Md5Side::Here(Md5Hasher::new()));
        md5.update(&bytes);
        self.blake3.update(&bytes);
        let blob = Blob(*self.blake3.finalize().as_bytes());
        // Where there is one chunk only, it is the blob.
        let digest = if self.begun { Blob(*blake3::hash(&bytes).as_bytes()) } else { blob };
        let last = (!bytes.is_empty()).then_some((digest, bytes));
        let content = Content { blob, md5: md5.finish()?, size: self.size };
        Ok(Closed { writer: self, content, last })
    }

    /// Makes it durable. Bytes that are stored already are not stored again.
    ///
    /// # Errors
    /// [`BlobError`]; then nothing was kept, and what the caller was about to
    /// say of this blob must not be said. The bytes must be brought anew.
    pub fn finish(self) -> Result<Content> {
        self.seal()?.wait()
    }

    /// [`BlobWriter::finish`] for whoever finishes many and waits for them
    /// together.
    ///
    /// # Errors
    /// [`BlobError`], as far as it is known already.
    pub fn seal(self) -> Result<Pending> {
        self.close()?.keep()
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        // After it was sealed there is nothing to forget; without the thread
        // there is nobody to tell.
        let _ = self.jobs.send(Job::Gone(self.ticket.clone()));
    }
}

/// A blob of which all bytes are written. Dropped, it leaves nothing.
pub struct Closed {
    writer: BlobWriter,
    content: Content,
    last: Option<(Blob, Bytes)>,
}

impl Closed {
    /// What was written.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Has it made durable, with whatever else is finished at about this time.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn keep(self) -> Result<Pending> {
        let Self { writer, content, last } = self;
        let (tell, told) = sync_channel(1);
        let (ticket, fetched) = (writer.ticket.clone(), writer.fetched);
        let job = Job::Seal { ticket, last, blob: Some((content, fetched)), tell };
        writer.jobs.send(job).map_err(|_gone| BlobError::Closed)?;
        Ok(Pending { content, told })
    }
}

/// A blob that is being made durable.
#[must_use = "it is not stored before it was waited for"]
pub struct Pending {
    content: Content,
    told: Receiver<Result<()>>,
}

impl Pending {
    /// Waits until it is.
    ///
    /// # Errors
    /// As [`BlobWriter::finish`].
    pub fn wait(self) -> Result<Content> {
        self.told.recv().unwrap_or(Err(BlobError::Closed)).map(|()| self.content)
    }
}
