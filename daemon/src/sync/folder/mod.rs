//! A folder as a remote, for machines that share a file system and no network: who
//! writes, writes files that never change; who reads says how far he is.
//!
//! ```text
//! FORMAT                             which format this is
//! writers/ORIGIN/NUMBER.KIND         what a home wrote, in order (file.rs)
//! writers/ORIGIN/generation          whose numbers these are
//! writers/ORIGIN/index.json          where its streams stand: a cache (index.rs)
//! acks/ORIGIN.json                   what arrived of it (ack.rs)
//! relay.json                         who reads and carries on (lease.rs)
//! ```
//!
//! Each file has one writer, is written under a name that nobody reads, synced, and
//! then given its name. So it is whole for whoever sees it, and neither locks nor
//! shared memory nor a database are needed: NFS, Lustre and GPFS do. A file holds
//! what a hub would be handed in a request, and is read as a hub reads it: chunks
//! and blobs by digest, records by (origin, stream, `Seq`). It may be read any
//! number of times.
//!
//! [`writer`] writes, [`import`] reads; [`Folder`] is the writing side as a
//! [`Remote`]. None of it knows a daemon; `crate::relay` does.

pub mod ack;
pub mod file;
pub mod import;
pub mod index;
pub mod lease;
pub mod place;
mod recent;
pub mod records;
pub mod writer;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use pannier_proto::PROTOCOL_VERSION;
use pannier_proto::content::Blob;
use pannier_proto::hub::{
    BlobPart, HubInfo, PartAnswer, PositionsAnswer, PushAnswer, StreamDigest, StreamId,
};
use pannier_proto::id::{Id128, Origin, RunPath, Seq};

use self::file::Kind;
use self::place::{FolderError, Place};
use self::writer::{Refusal, Writer};
use super::remote::{Remote, RemoteError, RemoteResult, StreamPush};
use crate::limits::PUSH_SHARE_BYTES;

/// Files of records that nobody has read before small ones are written less often:
/// ten minutes' worth. Shared file systems count files.
const UNREAD_FILES: usize = 600;
/// How often they are written then.
const UNREAD_INTERVAL: Duration = Duration::from_secs(10);

/// What a URL of a folder begins with.
pub const SCHEME: &str = "folder:";

/// What a home writes to a folder. Clones write as one.
#[derive(Clone)]
pub struct Folder {
    place: Place,
    origin: Origin,
    start: Arc<BTreeMap<StreamId, Seq>>,
    /// None where it is to be opened, or opened anew after a failure.
    writer: Arc<Mutex<Option<Writer>>>,
    /// By run, how many of its records are at the remote of whoever relays.
    passed_on: Arc<Mutex<BTreeMap<RunPath, Seq>>>,
    /// Files of records that are there.
    unread: Arc<AtomicUsize>,
}

impl Folder {
    /// For what this origin writes to the folder at `root`. Nothing is looked at
    /// yet; [`Place::prepare`] makes one. Of a writer that is new there, what lies
    /// before `start` is elsewhere: it is taken for sent.
    #[must_use]
    pub fn new(root: &Path, origin: Origin, start: BTreeMap<StreamId, Seq>) -> Self {
        let (place, start) = (Place::at(root), Arc::new(start));
        let (writer, passed_on, unread) = Default::default();
        Self { place, origin, start, writer, passed_on, unread }
    }

    /// How many records of a run are known to be at the remote of whoever relays.
    #[must_use]
    pub fn passed_on(&self, run: &RunPath) -> Seq {
        lock(&self.passed_on).get(run).copied().unwrap_or(0)
    }

    /// The same, of all runs.
    #[must_use]
    pub fn all_passed_on(&self) -> Seq {
        lock(&self.passed_on).values().sum()
    }

    fn open(&self) -> place::Result<Writer> {
        Writer::open(&self.place, self.origin, &self.start)
    }

    /// Works on the writer, off the runtime's threads. After a failure it is opened
    /// anew: what is there says what was done.
    async fn on<T: Send + 'static, E: From<FolderError> + Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, E> + Send + 'static,
    ) -> RemoteResult<Result<T, E>> {
        let folder = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut held = lock(&folder.writer);
            let mut writer = match held.take() {
                Some(writer) => writer,
                None => folder.open()?,
            };
            let done = work(&mut writer);
            if done.is_ok() {
                *held = Some(writer);
            }
            done
        });
        done.await.map_err(|error| RemoteError::transient(format!("the folder was not used: {error}")))
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> place::Result<T> + Send + 'static,
    ) -> RemoteResult<T> {
        self.on(work).await?.map_err(|error| self.error(&error))
    }

    fn error(&self, error: &FolderError) -> RemoteError {
        let root = self.place.root().display();
        match error {
            FolderError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                RemoteError::transient(format!(
                    "{error}; is {root} mounted here? `pannier remote add NAME folder:{root}` makes it anew"
                ))
            }
            FolderError::Io { .. } => RemoteError::transient(error.to_string()),
            FolderError::Newer { .. } | FolderError::Strange { .. } | FolderError::Damaged { .. } => {
                RemoteError::Rejected(error.to_string())
            }
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What may be asked of a hub alone.
fn only_a_hub<T>() -> RemoteResult<T> {
    Err(RemoteError::Rejected("a folder gives nothing back to whoever wrote it".to_owned()))
}

impl Remote for Folder {
    async fn info(&self) -> RemoteResult<HubInfo> {
        let folder = self.clone();
        let found = self.with(move |writer| {
            if !writer.look()? {
                // Somebody removed or replaced what was written: it is begun anew.
                *writer = folder.open()?;
            }
            Ok((writer.epoch(), by_run(writer)))
        });
        let (epoch, passed_on) = found.await?;
        *lock(&self.passed_on) = passed_on;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        // A folder is no home, so it has an origin that no home has.
        Ok(HubInfo { origin: Id128::default(), epoch, protocol: PROTOCOL_VERSION, version })
    }

    async fn positions(&self, streams: &[StreamId]) -> RemoteResult<PositionsAnswer> {
        let streams = streams.to_vec();
        self.with(move |writer| {
            let positions = streams.iter().map(|id| writer.position(id)).collect();
            Ok(PositionsAnswer { epoch: writer.epoch(), positions })
        })
        .await
    }

    async fn missing(&self, blobs: &[Blob]) -> RemoteResult<Vec<Blob>> {
        let blobs = blobs.to_vec();
        self.with(move |writer| Ok(writer.missing(&blobs))).await
    }

    async fn put_whole(&self, blobs: Vec<(Blob, Bytes)>) -> RemoteResult<()> {
        self.with(move |writer| writer.put(Kind::Whole, blobs)).await
    }

    async fn missing_chunks(&self, chunks: &[Blob]) -> RemoteResult<Vec<Blob>> {
        let chunks = chunks.to_vec();
        self.with(move |writer| Ok(writer.missing_chunks(&chunks))).await
    }

    async fn put_chunks(&self, chunks: Vec<(Blob, Bytes)>) -> RemoteResult<()> {
        self.with(move |writer| writer.put(Kind::Chunks, chunks)).await
    }

    async fn assemble(&self, part: &BlobPart) -> RemoteResult<PartAnswer> {
        let part = part.clone();
        self.with(move |writer| writer.assemble(&part)).await
    }

    async fn chunk_list(&self, _blob: Blob, _from: u64) -> RemoteResult<Vec<(Blob, u32)>> {
        only_a_hub()
    }

    async fn chunks(&self, _chunks: &[Blob]) -> RemoteResult<Vec<(Blob, Bytes)>> {
        only_a_hub()
    }

    async fn push(&self, blocks: Vec<StreamPush>, gone: Vec<Blob>) -> RemoteResult<PushAnswer> {
        let bytes: usize = blocks.iter().map(|push| push.block.bytes()).sum();
        if bytes < PUSH_SHARE_BYTES && self.unread.load(Ordering::Relaxed) > UNREAD_FILES {
            tokio::time::sleep(UNREAD_INTERVAL).await;
        }
        let unread = self.unread.clone();
        let pushed = self.on(move |writer| {
            let streams = writer.push(blocks, &gone)?;
            unread.store(writer.index().files().len(), Ordering::Relaxed);
            Ok::<_, Refusal>(PushAnswer { epoch: writer.epoch(), streams })
        });
        pushed.await?.map_err(|refusal| match refusal {
            Refusal::TooLarge => {
                RemoteError::TooLarge("it is too long for one file of the folder".to_owned())
            }
            Refusal::Folder(error) => self.error(&error),
        })
    }

    async fn passed_on(&self, streams: &[StreamId]) -> RemoteResult<Vec<Seq>> {
        let streams = streams.to_vec();
        self.with(move |writer| {
            let removed = |id| writer.index().stream(id).map_or(0, |stream| stream.removed);
            Ok(streams.iter().map(removed).collect())
        })
        .await
    }

    async fn digests(&self, streams: &[(StreamId, Seq)]) -> RemoteResult<Vec<StreamDigest>> {
        let streams = streams.to_vec();
        self.with(move |writer| writer.digests(&streams)).await
    }
}

fn by_run(writer: &Writer) -> BTreeMap<RunPath, Seq> {
    let mut runs = BTreeMap::new();
    for stream in writer.index().streams().iter().filter(|stream| stream.passed_on > 0) {
        *runs.entry(stream.id.path.clone()).or_insert(0) += stream.passed_on;
    }
    runs
}
