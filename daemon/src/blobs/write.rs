//! Writing one blob: digests and count in the pass that writes, then its place.
//! Knows nothing of what the bytes mean.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use md5::{Digest, Md5 as Md5Hasher};
use pannier_proto::content::{Blob, Content, Md5};

use super::{BlobError, Blobs, Result, failed, shard};

/// A blob that is being written, in a file of its own. Dropped unfinished, it
/// leaves nothing.
pub struct BlobWriter {
    blobs: Arc<Blobs>,
    file: File,
    path: PathBuf,
    blake3: blake3::Hasher,
    md5: Md5Hasher,
    size: u64,
    /// A write failed, so the file may not be what was hashed.
    torn: bool,
}

impl BlobWriter {
    pub(super) fn begin(blobs: Arc<Blobs>, path: PathBuf) -> Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed("make", &path))?;
        let (blake3, md5) = (blake3::Hasher::new(), Md5Hasher::new());
        Ok(Self { blobs, file, path, blake3, md5, size: 0, torn: false })
    }

    /// Adds bytes at the end. Not buffered: bring some at a time.
    ///
    /// # Errors
    /// [`BlobError::Full`] and others; the blob cannot be finished then.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Err(error) = self.file.write_all(bytes) {
            self.torn = true;
            return Err(failed("write", &self.path)(error));
        }
        self.blake3.update(bytes);
        self.md5.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// What was written so far.
    #[must_use]
    pub fn content(&self) -> Content {
        Content {
            blob: Blob(*self.blake3.finalize().as_bytes()),
            md5: Md5(self.md5.clone().finalize().into()),
            size: self.size,
        }
    }

    /// Puts it in its place, on the disk when this returns. Bytes that are
    /// stored already are not stored again.
    ///
    /// # Errors
    /// [`BlobError`]; then nothing was kept, and what the caller was about to
    /// say of this blob must not be said. A file that could not be synced is
    /// not synced again: the bytes must be brought anew.
    pub fn finish(self) -> Result<Content> {
        if self.torn {
            let source = io::Error::other("a part could not be written");
            return Err(BlobError::Io { verb: "finish", path: self.path.clone(), source });
        }
        let content = self.content();
        let blobs = &self.blobs;
        let blob = &content.blob;
        let sync = || shard::sync(&self.file).map_err(failed("sync", &self.path));
        // Before the lock, for it may take long; not at all where the blob is
        // stored: whatever is at its place was synced before it came there.
        let new = blobs.stat(blob)?.is_none_or(|found| found.len() != content.size);
        if new {
            sync()?;
        }
        let mut shard = blobs.settle(blob)?;
        match blobs.stat(blob)? {
            Some(found) if found.len() == content.size => return Ok(content),
            Some(_) => drop(blobs.set_aside(blob)?),
            None => {}
        }
        if !new {
            // It was removed since.
            sync()?;
        }
        blobs.place(&self.path, blob, &mut shard)?;
        Ok(content)
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        // Gone already where it became the blob. What cannot be removed is when
        // the store is opened next.
        let _ = fs::remove_file(&self.path);
    }
}
