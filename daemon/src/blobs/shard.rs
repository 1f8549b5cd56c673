//! The 256 folders of blobs, and what is known of each: whether the names in it
//! are on the disk. Knows nothing of what is in a blob.
//!
//! A folder's lock is held from the rename of a blob into it until the folder
//! is synced, so whoever holds the lock of a settled folder sees only names
//! that a power cut leaves there.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::{MutexGuard, PoisonError};

use pannier_proto::content::Blob;

use super::{BlobError, Blobs, Result, failed};
use crate::home::{HomeError, private_dir};

/// What this process knows of a folder.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shard {
    /// Nothing: a process before this one may have died before it synced.
    #[default]
    Unseen,
    /// Every name in it is on the disk.
    Settled,
    /// It could not be synced. The kernel may have dropped what it could not
    /// write, and would say yes to a second sync: nothing in here is answered
    /// for until a new start has looked at what the disk has.
    Broken,
}

/// Syncs a file or folder.
pub(super) fn sync(file: &File) -> io::Result<()> {
    if crate::sabotage::is("no-fsync") { Ok(()) } else { file.sync_all() }
}

/// Makes a folder for this user only, or makes sure that it is one.
pub(super) fn make_dir(path: &Path) -> Result<()> {
    private_dir(path).map_err(|error| match error {
        HomeError::Io { path, source } => failed("make", &path)(source),
        other => failed("use", path)(io::Error::other(other)),
    })
}

impl Blobs {
    /// The lock of the blob's folder.
    pub(super) fn shard(&self, blob: &Blob) -> MutexGuard<'_, Shard> {
        // Whoever panicked under the lock left a state that holds: it is changed
        // after the deed.
        self.shards[usize::from(blob.0[0])].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock of the blob's folder, which is there, and whose names are on
    /// the disk.
    ///
    /// # Errors
    /// [`BlobError::Io`] also for a folder that failed to sync before.
    pub(super) fn settle(&self, blob: &Blob) -> Result<MutexGuard<'_, Shard>> {
        let mut shard = self.shard(blob);
        let dir = self.shard_dir(blob.0[0]);
        match *shard {
            Shard::Settled => {}
            Shard::Broken => {
                let source = io::Error::other("it could not be synced before; restart the daemon");
                return Err(BlobError::Io { verb: "sync", path: dir, source });
            }
            Shard::Unseen => {
                make_dir(&dir)?;
                for path in [&self.root, &dir] {
                    let open = File::open(path).map_err(failed("open", path))?;
                    sync_dir(&open, path, &mut shard)?;
                }
                *shard = Shard::Settled;
            }
        }
        Ok(shard)
    }

    /// Moves a synced file to the blob's place and syncs the folder. The caller
    /// holds its lock, settled.
    pub(super) fn place(&self, from: &Path, blob: &Blob, shard: &mut Shard) -> Result<()> {
        let (dir, path) = (self.shard_dir(blob.0[0]), self.path(blob));
        // Opened first: a folder tells of a failed write those who had it open.
        let open = File::open(&dir).map_err(failed("open", &dir))?;
        fs::rename(from, &path).map_err(failed("make", &path))?;
        sync_dir(&open, &dir, shard).inspect_err(|_| {
            // Best effort, so that the next process does not take it for whole;
            // this one trusts the folder no more either way.
            let _ = fs::remove_file(&path);
        })
    }
}

fn sync_dir(open: &File, path: &Path, shard: &mut Shard) -> Result<()> {
    sync(open).map_err(|error| {
        *shard = Shard::Broken;
        failed("sync", path)(error)
    })
}
