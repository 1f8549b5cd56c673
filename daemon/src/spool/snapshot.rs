//! Taking snapshots over: a whole folder of files moves from the writer's folder
//! to the home's `incoming/`, before the position behind its frame is committed.
//! Whatever dies when, the folder is in one of the two places, and named by the
//! frame or by the store.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use pannier_proto::id::{RunPath, WriterId};
use pannier_proto::snapshot::{FILES, Logged};

use super::batch::Batch;
use super::reader::Reader;
use crate::clock::now_us;
use crate::store::{Result, StoreError, Tx};

/// A snapshot on its way into the store.
pub(super) struct TakenOver {
    pub(super) writer: WriterId,
    pub(super) path: RunPath,
    pub(super) logged: Logged,
    /// Why nothing will come of it.
    pub(super) fault: Option<String>,
}

impl TakenOver {
    pub(super) fn commit(&self, tx: &Tx) -> Result<()> {
        tx.add_intake(self.writer, &self.path, &self.logged, self.fault.as_deref())?;
        if let Some(fault) = &self.fault {
            let what = format!("something was logged that cannot be stored: {fault}");
            tx.problem(&format!("run {}", self.path), &what, "log it again", 1, now_us())?;
        }
        Ok(())
    }
}

/// The folder of a snapshot that was taken over.
#[must_use]
pub fn folder(incoming: &Path, writer: WriterId, number: u64) -> PathBuf {
    incoming.join(format!("{writer}-{number}"))
}

/// Whose snapshot a folder is, by its name.
#[must_use]
pub fn named(name: &str) -> Option<(WriterId, u64)> {
    let (writer, number) = name.split_once('-')?;
    Some((writer.parse().ok()?, number.parse().ok()?))
}

impl Reader {
    /// Moves the snapshot that a frame names, and notes it for the commit.
    ///
    /// # Errors
    /// [`StoreError::Full`]: the journal stays in front of the frame.
    pub(super) fn take_over(&self, writer: WriterId, logged: Logged, batch: &mut Batch) -> Result<()> {
        let Some(journal) = self.journals.get(&writer) else { return Ok(()) };
        let Some(path) = journal.path().cloned() else { return Ok(()) };
        let from = journal.dir().join(FILES).join(logged.number.to_string());
        let to = folder(&self.folders.incoming, writer, logged.number);
        let fault = match fs::rename(&from, &to) {
            Ok(()) => None,
            // Moved before, by one that died before it committed.
            Err(_) if to.is_dir() => None,
            Err(error)
                if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
            {
                return Err(StoreError::Full);
            }
            Err(error) => Some(format!("its bytes cannot be moved from {}: {error}", from.display())),
        };
        batch.taken_over.push(TakenOver { writer, path, logged, fault });
        Ok(())
    }

    /// Commits a batch: what was moved is on the disk where the store says it is.
    pub(super) fn commit(&self, batch: Batch) -> Result<()> {
        let taken_over = !batch.taken_over.is_empty();
        if taken_over {
            let incoming = &self.folders.incoming;
            File::open(incoming).and_then(|folder| folder.sync_all()).map_err(|error| {
                StoreError::Commit(format!("{} cannot be synced: {error}", incoming.display()))
            })?;
        }
        batch.commit(&self.store)?;
        if taken_over {
            (self.hooks.taken_over)();
        }
        Ok(())
    }
}
