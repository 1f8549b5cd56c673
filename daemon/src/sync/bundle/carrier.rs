//! A bundle that is being written, as a [`Remote`]: it takes what a hub would
//! take, and makes the files of a folder of it, in memory, one after the other.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use pannier_proto::PROTOCOL_VERSION;
use pannier_proto::content::Blob;
use pannier_proto::hub::{
    BlobPart, HubInfo, PartAnswer, Position, PositionsAnswer, PushAnswer, Pushed, StreamDigest, StreamId,
};
use pannier_proto::id::{Id128, Origin, Seq};
use pannier_proto::path::RelPath;

use super::known::Known;
use super::{Meter, Problem, Result};
use crate::block::Head;
use crate::bundle::{Packer, Sealer};
use crate::limits::{CHUNKS_MAX, REQUEST_BYTES_MAX};
use crate::store::StoreError;
use crate::sync::folder::file::{self, Kind, Name};
use crate::sync::folder::place;
use crate::sync::remote::{Remote, RemoteError, RemoteResult, StreamPush};
use crate::sync::wire;

/// A file of chunks or blobs is about so long: it is in memory until then.
const FILE_BYTES: usize = 8 << 20;

/// The bundle. Clones write as one.
#[derive(Clone)]
pub struct Carrier(Arc<Mutex<Writing>>);

struct Writing {
    packer: Packer<Sealer>,
    origin: Origin,
    known: Known,
    meter: Arc<Meter>,
    next: u64,
    whole: Vec<u8>,
    chunks: Vec<u8>,
    parts: Vec<BlobPart>,
    /// Blobs that are being assembled: how far.
    assembling: BTreeMap<Blob, u64>,
    content_bytes: u64,
    /// Why nothing can be written any more.
    failed: Option<Problem>,
}

impl Carrier {
    /// Begins with what makes it a folder.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn new(packer: Packer<Sealer>, origin: Origin, known: Known, meter: Arc<Meter>) -> Result<Self> {
        let mut writing = Writing {
            packer,
            origin,
            known,
            meter,
            next: 1,
            whole: Vec::new(),
            chunks: Vec::new(),
            parts: Vec::new(),
            assembling: BTreeMap::new(),
            content_bytes: 0,
            failed: None,
        };
        writing.add("FORMAT", place::format().as_bytes())?;
        Ok(Self(Arc::new(Mutex::new(writing))))
    }

    /// Works on it, off the runtime's threads.
    async fn on<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writing) -> Result<T> + Send + 'static,
    ) -> RemoteResult<T> {
        let held = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut writing = held.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut writing).map_err(|problem| {
                let said = RemoteError::transient(problem.to_string());
                writing.failed.get_or_insert(problem);
                said
            })
        });
        done.await.map_err(|error| RemoteError::transient(format!("the bundle was not written: {error}")))?
    }

    /// Why nothing can be written any more, if that is so.
    pub fn failure(&self) -> Option<Problem> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).failed.take()
    }

    /// Adds a last file; gives the bundle back, and how many bytes of files of runs
    /// and artifacts went into it.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn end(self, path: &str, bytes: &[u8]) -> Result<(Packer<Sealer>, u64)> {
        let held = Arc::into_inner(self.0).ok_or(StoreError::Closed)?;
        let mut writing = held.into_inner().unwrap_or_else(PoisonError::into_inner);
        writing.add(path, bytes)?;
        Ok((writing.packer, writing.content_bytes))
    }
}

impl Writing {
    fn add(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = RelPath::new(path).map_err(|error| Problem::refused(error.to_string(), ""))?;
        self.packer.add(&path, bytes.len() as u64, bytes)?;
        self.meter.bytes(self.packer.bytes());
        Ok(())
    }

    /// Adds a file of the writer's.
    fn file(&mut self, kind: Kind, packed: bool, payload: &[u8]) -> Result<()> {
        let name = Name { number: self.next, kind };
        self.next += 1;
        let path = format!("writers/{}/{name}", self.origin);
        let path = RelPath::new(&path).map_err(|error| Problem::refused(error.to_string(), ""))?;
        let head = file::head(kind, packed, payload);
        self.packer.add(&path, (head.len() + payload.len()) as u64, head[..].chain(payload))?;
        self.meter.bytes(self.packer.bytes());
        Ok(())
    }

    fn put(&mut self, kind: Kind, chunks: &[(Blob, Bytes)]) -> Result<()> {
        self.content_bytes += chunks.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
        for (digest, _) in chunks {
            match kind {
                Kind::Whole => self.known.add_blob(digest)?,
                _ => self.known.add_chunks(&[*digest])?,
            }
        }
        let full = {
            let into = self.gathered(kind);
            crate::blobs::pack_into(chunks, into);
            into.len() >= FILE_BYTES
        };
        if full { self.flush(kind) } else { Ok(()) }
    }

    fn flush(&mut self, kind: Kind) -> Result<()> {
        let mut payload = std::mem::take(self.gathered(kind));
        let written = if payload.is_empty() { Ok(()) } else { self.file(kind, false, &payload) };
        // The next ones have its room: one that grows anew each time leaves memory behind.
        payload.clear();
        *self.gathered(kind) = payload;
        written
    }

    fn gathered(&mut self, kind: Kind) -> &mut Vec<u8> {
        if kind == Kind::Whole { &mut self.whole } else { &mut self.chunks }
    }

    fn flush_parts(&mut self) -> Result<()> {
        self.flush(Kind::Chunks)?;
        if self.parts.is_empty() {
            return Ok(());
        }
        // Plain data: serialising it into memory cannot fail.
        let json = serde_json::to_vec(&std::mem::take(&mut self.parts)).unwrap_or_default();
        self.file(Kind::Parts, false, &json)
    }

    fn assemble(&mut self, part: BlobPart) -> Result<PartAnswer> {
        let BlobPart { content, at, .. } = part;
        if self.known.missing_blobs(&[content.blob])?.is_empty() {
            return Ok(PartAnswer::Whole);
        }
        let here = if at == 0 { 0 } else { self.assembling.get(&content.blob).copied().unwrap_or(0) };
        if here != at {
            return Ok(PartAnswer::At { at: here });
        }
        let chunks = self.known.missing_chunks(&part.chunks)?;
        if !chunks.is_empty() {
            return Ok(PartAnswer::Lacks { chunks });
        }
        let end = here + self.known.length(&part.chunks)?;
        self.parts.push(part);
        if self.parts.iter().map(|part| part.chunks.len()).sum::<usize>() >= 16 * CHUNKS_MAX {
            self.flush_parts()?;
        }
        if end < content.size {
            self.assembling.insert(content.blob, end);
            return Ok(PartAnswer::At { at: end });
        }
        self.assembling.remove(&content.blob);
        self.known.add_blob(&content.blob)?;
        Ok(PartAnswer::Whole)
    }

    fn push(&mut self, blocks: &[StreamPush], gone: &[Blob]) -> Result<Option<Vec<Pushed>>> {
        let body = wire::encode(blocks, gone);
        if body.bytes.len() > REQUEST_BYTES_MAX {
            return Ok(None);
        }
        self.flush(Kind::Whole)?;
        self.flush_parts()?;
        self.file(Kind::Records, body.zstd, &body.bytes)?;
        let stored = |push: &StreamPush| {
            let records = Head::decode(&push.block.head).map_or(0, |head| head.tags.len() as u64);
            Pushed::Stored(Position { seq: push.first_seq + records.saturating_sub(1), last_step: None })
        };
        Ok(Some(blocks.iter().map(stored).collect()))
    }
}

/// Nobody is there to be asked.
fn nobody<T>() -> RemoteResult<T> {
    Err(RemoteError::Rejected("a bundle answers no questions".to_owned()))
}

impl Remote for Carrier {
    async fn info(&self) -> RemoteResult<HubInfo> {
        let (origin, version) = (Id128::default(), env!("CARGO_PKG_VERSION").to_owned());
        Ok(HubInfo { origin, epoch: Id128::default(), protocol: PROTOCOL_VERSION, version })
    }

    async fn positions(&self, _: &[StreamId]) -> RemoteResult<PositionsAnswer> {
        nobody()
    }

    async fn missing(&self, blobs: &[Blob]) -> RemoteResult<Vec<Blob>> {
        let blobs = blobs.to_vec();
        self.on(move |writing| Ok(writing.known.missing_blobs(&blobs)?)).await
    }

    async fn put_whole(&self, blobs: Vec<(Blob, Bytes)>) -> RemoteResult<()> {
        self.on(move |writing| writing.put(Kind::Whole, &blobs)).await
    }

    async fn missing_chunks(&self, chunks: &[Blob]) -> RemoteResult<Vec<Blob>> {
        let chunks = chunks.to_vec();
        self.on(move |writing| Ok(writing.known.missing_chunks(&chunks)?)).await
    }

    async fn put_chunks(&self, chunks: Vec<(Blob, Bytes)>) -> RemoteResult<()> {
        self.on(move |writing| writing.put(Kind::Chunks, &chunks)).await
    }

    async fn assemble(&self, part: &BlobPart) -> RemoteResult<PartAnswer> {
        let part = part.clone();
        self.on(move |writing| writing.assemble(part)).await
    }

    async fn chunk_list(&self, _: Blob, _: u64) -> RemoteResult<Vec<(Blob, u32)>> {
        nobody()
    }

    async fn chunks(&self, _: &[Blob]) -> RemoteResult<Vec<(Blob, Bytes)>> {
        nobody()
    }

    async fn push(&self, blocks: Vec<StreamPush>, gone: Vec<Blob>) -> RemoteResult<PushAnswer> {
        let pushed = self.on(move |writing| writing.push(&blocks, &gone)).await?;
        let streams =
            pushed.ok_or_else(|| RemoteError::TooLarge("it is too long for one file".to_owned()))?;
        Ok(PushAnswer { epoch: Id128::default(), streams })
    }

    async fn digests(&self, _: &[(StreamId, Seq)]) -> RemoteResult<Vec<StreamDigest>> {
        nobody()
    }
}
