//! The bytes of files, each kept once, under the BLAKE3 digest of its content.
//! Knows digests, chunks and packs; neither what a file is for, nor who asks.
//!
//! - A **blob** is a list of **chunks**: pieces of 16 to 256 KiB, cut by what the
//!   bytes are (`chunker`), so that versions of a file share what they share.
//!   A small blob is one chunk.
//! - Chunks lie in **packs**, append-only files of about 64 MiB (`frame`,
//!   `packs`), so that a million small files are few files. A pack's frames say
//!   what they are.
//! - The **index** is in the store (`store/blobs.rs`): chunk to place, blob to
//!   chunks.
//! - One thread, the `packer`, changes packs and index. Blobs that are finished
//!   together share an fsync and a transaction.
//!
//! What [`Blobs::size`] finds or [`BlobWriter::finish`] returns is on the disk,
//! whole, and stays there through a power cut: the bytes are synced before the
//! index says so, and the index is committed before anybody hears of it. What
//! lies in a pack behind the length that the index knows was never answered for,
//! and is cut off at the next start. All methods block.

mod assemble;
mod chunker;
mod frame;
mod group;
mod open;
mod packer;
mod packs;
mod pieces;
mod read;
mod sweep;
#[cfg(test)]
mod tests;
mod verify;
mod write;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use pannier_proto::content::{Blob, Content};

use crate::clock::now_us;
use crate::store::{Store, StoreError};
pub use chunker::MAX as CHUNK_BYTES_MAX;
pub use frame::{HEAD as FRAME_HEAD, pack, pack_into, unpack};
use packer::{Job, Packer, QUEUE};
use packs::Packs;
pub use pieces::{PIECE, PIECES, pieces};
pub use read::BlobReader;
pub use sweep::{Budget, Ids, Swept, daily};
pub use verify::{Checked, Finding};
pub use write::{BlobWriter, Closed, Pending};

/// A blob that was not named for so long is noted anew when somebody says that
/// he will: half an hour, and far less than the grace.
const FADING_US: i64 = 1800 * 1_000_000;

/// Why the blob store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BlobError {
    /// There is no such blob here.
    #[error("blob {0} is not stored here")]
    Missing(Blob),
    /// The disk or the quota is full; nothing was kept. Try again when there is
    /// room.
    #[error("the disk is full")]
    Full,
    /// Bytes are not what they were. `pannier verify --blobs` sets them aside
    /// and brings them again, where a remote has them.
    #[error("blob {blob} is damaged on the disk, in pack {pack} at byte {at}")]
    Damaged {
        /// The blob, or the chunk of one.
        blob: Blob,
        /// Where its bytes are.
        pack: i64,
        /// Where in there.
        at: u64,
    },
    /// The index of what is stored could not be asked or changed.
    #[error("the index of the blobs: {0}")]
    Index(Arc<StoreError>),
    /// The file system refused. Where something was being written, nothing of
    /// it was kept.
    #[error("cannot {verb} {}: {source}", .path.display())]
    Io {
        /// What was being done: `read`, `sync`, …
        verb: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// Why it could not be.
        source: Arc<io::Error>,
    },
    /// The store of blobs is closing, or its thread is gone.
    #[error("the store of blobs is closing")]
    Closed,
    /// It is being looked for what nobody needs already.
    #[error("another `pannier gc` is under way")]
    Sweeping,
}

/// What the blob store's functions return.
pub type Result<T, E = BlobError> = std::result::Result<T, E>;

impl From<StoreError> for BlobError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            StoreError::Closed => Self::Closed,
            error => Self::Index(Arc::new(error)),
        }
    }
}

impl From<BlobError> for io::Error {
    fn from(error: BlobError) -> Self {
        Self::other(error)
    }
}

/// The error of doing this to that.
fn failed(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BlobError {
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BlobError::Full,
        _ => BlobError::Io { verb, path: path.to_owned(), source: Arc::new(source) },
    }
}

/// What reading needs.
#[derive(Clone)]
struct Held {
    store: Arc<Store>,
    packs: Arc<dyn Packs>,
}

/// An open blob store. Any number of threads may use it at once.
pub struct Blobs {
    held: Held,
    quarantine: PathBuf,
    jobs: SyncSender<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Names writers.
    next: AtomicU64,
    /// Held by whoever looks for what nobody needs.
    sweeping: Mutex<()>,
    assembling: Mutex<assemble::Assembling>,
}

impl Blobs {
    /// Opens the folder or makes it, for this user only; its index is in
    /// `store`. What writers left there that died is cut off, and what older
    /// versions kept in files of their own is taken into packs. Damaged bytes
    /// are set aside in `quarantine`. Whoever calls this holds the home's lock.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn open(root: &Path, quarantine: PathBuf, store: Arc<Store>) -> Result<Self> {
        let held = open::held(root, store)?;
        let packer = open::packer(&held)?;
        let blobs = Self::start(held, packer, quarantine)?;
        open::take_in_loose_files(&blobs, root)?;
        Ok(blobs)
    }

    fn start(held: Held, packer: Packer, quarantine: PathBuf) -> Result<Self> {
        let (jobs, queue) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("blobs".into()).spawn(move || packer.run(&queue));
        let thread = thread.map_err(failed("start the thread of", Path::new("blobs")))?;
        Ok(Self {
            held,
            quarantine,
            jobs,
            thread: Mutex::new(Some(thread)),
            next: AtomicU64::new(0),
            sweeping: Mutex::default(),
            assembling: Mutex::default(),
        })
    }

    /// Has the packer do something between two groups.
    fn in_packer<T: Send + 'static>(
        &self,
        deed: impl FnOnce(&mut Packer) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (tell, told) = sync_channel(1);
        // Whoever asked may have gone.
        let deed = move |packer: &mut Packer| drop(tell.send(deed(packer)));
        self.jobs.send(Job::Run(Box::new(deed))).map_err(|_gone| BlobError::Closed)?;
        told.recv().unwrap_or(Err(BlobError::Closed))
    }

    /// Begins to write a blob whose name its bytes will tell.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn writer(&self) -> Result<BlobWriter> {
        Ok(BlobWriter::begin(self.next_id(), self.jobs.clone()))
    }

    fn next_id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Stores bytes that are in memory.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn put(&self, bytes: &[u8]) -> Result<Content> {
        let mut writer = self.writer()?;
        writer.write(bytes)?;
        writer.finish()
    }

    /// Whether it is stored, so that nobody need bring it again.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn contains(&self, blob: &Blob) -> Result<bool> {
        Ok(self.size(blob)?.is_some())
    }

    /// How many bytes it has; `None` where it is not stored.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn size(&self, blob: &Blob) -> Result<Option<u64>> {
        Ok(self.held.store.blob(blob)?.map(|found| found.content.size))
    }

    /// Those of these blobs that are not stored here.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn missing(&self, blobs: &[Blob]) -> Result<Vec<Blob>> {
        Ok(self.held.store.missing_blobs(blobs)?)
    }

    /// [`Blobs::missing`] for whoever is about to name those that are here: they
    /// stay for as long as what was stored just now.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn keep(&self, blobs: &[Blob]) -> Result<Vec<Blob>> {
        let (mut missing, fading) = self.held.store.fading_blobs(blobs, now_us() - FADING_US)?;
        if !fading.is_empty() {
            missing.extend(self.held.store.write_blocking(move |tx| {
                let mut swept = Vec::new();
                for blob in fading {
                    swept.extend((!tx.name_blob(&blob)?).then_some(blob));
                }
                Ok(swept)
            })?);
        }
        Ok(missing)
    }

    /// Opens it for reading, from any position.
    ///
    /// # Errors
    /// [`BlobError::Missing`].
    pub fn read(&self, blob: &Blob) -> Result<BlobReader> {
        let found = self.held.store.blob(blob)?.ok_or(BlobError::Missing(*blob))?;
        if found.fetched {
            self.used(&found);
        }
        Ok(BlobReader::new(self.held.clone(), &found))
    }

    /// Removes it, if it is there. Whoever calls this knows that nobody refers
    /// to it, nor is about to. Its room is given back by the next sweep.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn remove(&self, blob: &Blob) -> Result<()> {
        if let Some(found) = self.held.store.blob(blob)? {
            self.held.store.write_blocking(move |tx| tx.remove_blob(found.id))?;
        }
        Ok(())
    }

    /// All blobs, in the order in which they came. Those that come or go
    /// meanwhile may be missed.
    pub fn list(&self) -> impl Iterator<Item = Result<Content>> + '_ {
        const PAGE: usize = 1000;
        let mut after = 0;
        let pages = std::iter::from_fn(move || match self.held.store.blobs_after(after, PAGE) {
            Ok(rows) => {
                after = rows.last()?.id;
                Some(rows.into_iter().map(|row| Ok(row.content)).collect::<Vec<_>>())
            }
            // Not again and again.
            Err(error) => (after != i64::MAX).then(|| {
                after = i64::MAX;
                vec![Err(error.into())]
            }),
        });
        pages.flatten()
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        // Where the thread is gone, there is nobody to tell.
        let _ = self.jobs.send(Job::Close);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A fault of it was reported by the hook.
            let _ = thread.join();
        }
    }
}
