//! Whether a blob still is what its name says, and where it goes if not. Knows
//! nothing of how it came to its place.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use pannier_proto::content::Blob;

use super::{BlobError, Blobs, Result, failed, shard};

impl Blobs {
    /// Reads it all and compares. A damaged one is moved to the quarantine, not
    /// deleted; then it is missing here, and can be brought again.
    ///
    /// # Errors
    /// [`BlobError::Damaged`], [`BlobError::Missing`]; [`BlobError::Io`] where
    /// it cannot be read, which leaves it where it is.
    pub fn verify(&self, blob: &Blob) -> Result<()> {
        let path = self.path(blob);
        loop {
            let file = self.read(blob)?;
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(&file).map_err(failed("read", &path))?;
            if hasher.finalize() == blake3::Hash::from(blob.0) {
                return Ok(());
            }
            let read = file.metadata().map_err(failed("look at", &path))?;
            let _held = self.shard(blob);
            // Another may have set it aside and a good one have come since.
            if self.stat(blob)?.is_some_and(|found| (found.dev(), found.ino()) == (read.dev(), read.ino())) {
                return Err(BlobError::Damaged { blob: *blob, kept: self.set_aside(blob)? });
            }
        }
    }

    /// Moves what is at the blob's place to the quarantine. The caller holds the
    /// lock of its folder.
    pub(super) fn set_aside(&self, blob: &Blob) -> Result<PathBuf> {
        let quarantine = &self.quarantine;
        shard::make_dir(quarantine)?;
        let name = |count: u64| quarantine.join(format!("blob-{blob}-{count}"));
        let mut count = 0;
        while fs::symlink_metadata(name(count)).is_ok() {
            count += 1;
        }
        let kept = name(count);
        fs::rename(self.path(blob), &kept).map_err(failed("move", &kept))?;
        File::open(quarantine).and_then(|dir| shard::sync(&dir)).map_err(failed("sync", quarantine))?;
        Ok(kept)
    }
}
