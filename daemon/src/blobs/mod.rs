//! The bytes of files, each kept once, under the BLAKE3 digest of its content:
//! `blobs/ab/cdef…`. Knows files, folders and digests; neither what a file is
//! for, nor who still needs it, nor who asks.
//!
//! What [`Blobs::size`] finds or [`BlobWriter::finish`] returns is on the disk,
//! whole, and stays there through a power cut. A file is written beside, synced,
//! and renamed into its place; it is never changed there. All methods block.
//!
//! The set of methods is what an object store can satisfy too: put, size, read,
//! remove, list. Keep it so.

mod pieces;
mod shard;
#[cfg(test)]
mod tests;
mod verify;
mod write;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use pannier_proto::content::{Blob, Content};

use crate::home::{HomeError, private_dir};
pub use pieces::{PIECE, PIECES, pieces};
use shard::Shard;
pub use write::BlobWriter;

/// Where files are while they are being written.
const TEMPORARY: &str = "tmp";

/// Why the blob store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such blob here.
    #[error("blob {0} is not stored here")]
    Missing(Blob),
    /// The disk or the quota is full; nothing was kept. Try again when there is
    /// room.
    #[error("the disk is full")]
    Full,
    /// The bytes are not those of the name any more. The blob is missing now.
    #[error("blob {blob} was damaged on the disk; its bytes were moved to {}", .kept.display())]
    Damaged {
        /// The blob.
        blob: Blob,
        /// Where its bytes are now.
        kept: PathBuf,
    },
    /// The file system refused. Where something was being written, nothing of
    /// it was kept.
    #[error("cannot {verb} {}: {source}", .path.display())]
    Io {
        /// What was being done: `read`, `sync`, …
        verb: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// Why it could not be.
        source: io::Error,
    },
}

/// What the blob store's functions return.
pub type Result<T, E = BlobError> = std::result::Result<T, E>;

/// The error of doing this to that.
fn failed(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BlobError {
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BlobError::Full,
        _ => BlobError::Io { verb, path: path.to_owned(), source },
    }
}

/// An open blob store. Any number of threads may use it at once.
pub struct Blobs {
    root: PathBuf,
    quarantine: PathBuf,
    shards: [Mutex<Shard>; 256],
    /// Names temporary files.
    next: AtomicU64,
}

impl Blobs {
    /// Opens the folder or makes it, for this user only, and removes what
    /// writers left there that died. Damaged blobs go to `quarantine`, which
    /// must be on the same file system. Whoever calls this holds the home's
    /// lock: temporary files of a living process would be taken for a dead one's.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn open(root: PathBuf, quarantine: PathBuf) -> Result<Self, HomeError> {
        let temporary = root.join(TEMPORARY);
        for dir in [&root, &temporary] {
            private_dir(dir)?;
        }
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| HomeError::Io { path, source }
        };
        for entry in fs::read_dir(&temporary).map_err(io(&temporary))? {
            let path = entry.map_err(io(&temporary))?.path();
            fs::remove_file(&path).map_err(io(&path))?;
        }
        // The folder's own name must be on the disk before anything in it.
        if let Some(home) = root.parent() {
            File::open(home).and_then(|dir| shard::sync(&dir)).map_err(io(home))?;
        }
        let shards = std::array::from_fn(|_| Mutex::default());
        Ok(Self { root, quarantine, shards, next: AtomicU64::new(0) })
    }

    /// Begins to write a blob whose name its bytes will tell.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn writer(self: &Arc<Self>) -> Result<BlobWriter> {
        let name = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        BlobWriter::begin(self.clone(), self.root.join(TEMPORARY).join(name))
    }

    /// Stores bytes that are in memory.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn put(self: &Arc<Self>, bytes: &[u8]) -> Result<Content> {
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
        if self.stat(blob)?.is_none() {
            return Ok(None);
        }
        // Its name may be there and not be on the disk yet.
        let _settled = self.settle(blob)?;
        Ok(self.stat(blob)?.map(|found| found.len()))
    }

    /// Opens it for reading.
    ///
    /// # Errors
    /// [`BlobError::Missing`].
    pub fn read(&self, blob: &Blob) -> Result<File> {
        let path = self.path(blob);
        File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => BlobError::Missing(*blob),
            _ => failed("open", &path)(error),
        })
    }

    /// Removes it, if it is there. Whoever calls this knows that nobody refers
    /// to it, nor is about to. After a power cut it may be there again.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn remove(&self, blob: &Blob) -> Result<()> {
        let path = self.path(blob);
        let _held = self.shard(blob);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", &path)(error)),
            _ => Ok(()),
        }
    }

    /// All blobs, in no order. Those that come or go meanwhile may be missed.
    /// Files that are not blobs are left out.
    pub fn list(&self) -> impl Iterator<Item = Result<Blob>> + '_ {
        (0..=u8::MAX).flat_map(|first| {
            let dir = self.shard_dir(first);
            let entries: Vec<_> = match fs::read_dir(&dir) {
                Ok(entries) => entries
                    .map(|entry| entry.map(|entry| entry.file_name()).map_err(failed("list", &dir)))
                    .collect(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
                Err(error) => vec![Err(failed("list", &dir)(error))],
            };
            entries.into_iter().filter_map(move |name| match name {
                Ok(name) => format!("{first:02x}{}", name.to_str()?).parse().ok().map(Ok),
                Err(error) => Some(Err(error)),
            })
        })
    }

    fn shard_dir(&self, first: u8) -> PathBuf {
        self.root.join(format!("{first:02x}"))
    }

    fn path(&self, blob: &Blob) -> PathBuf {
        self.shard_dir(blob.0[0]).join(&blob.to_string()[2..])
    }

    fn stat(&self, blob: &Blob) -> Result<Option<fs::Metadata>> {
        let path = self.path(blob);
        match fs::symlink_metadata(&path) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("look at", &path)(error)),
        }
    }
}
