//! Reading snapshots and storing the bytes in them. Nothing that lies there is
//! trusted: not a path, not a size, not that a file is one.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pannier_proto::content::Content;
use pannier_proto::snapshot::{Snapshot, Taken, WHAT};
use rustix::fs::OFlags;

use super::Trouble;
use crate::blobs::{BlobError, Blobs, Pending};
use crate::limits::MANIFEST_BYTES_MAX;
use crate::parallel::side_by_side;
use crate::store::StoreError;

impl From<BlobError> for Trouble {
    fn from(error: BlobError) -> Self {
        Self::Later(error.to_string())
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) | StoreError::Refused(_) | StoreError::Missing(_) => {
                Self::Refused(error.to_string())
            }
            StoreError::Closed => Self::Stopping,
            _ => Self::Later(error.to_string()),
        }
    }
}

/// What a snapshot is.
pub(super) fn read(folder: &Path) -> Result<Snapshot, Trouble> {
    let path = folder.join(WHAT);
    let lost = |error: &dyn std::fmt::Display| {
        Trouble::Refused(format!("what was logged cannot be read from {}: {error}", path.display()))
    };
    let mut bytes = Vec::new();
    let read = open(&path).and_then(|file| file.take(2 * MANIFEST_BYTES_MAX).read_to_end(&mut bytes));
    read.map_err(|error| lost(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| lost(&error))
}

/// Stores the files of a snapshot, in their order. One that is stored already
/// costs its reading.
pub(super) fn store(
    blobs: &Arc<Blobs>,
    folder: &Path,
    files: &[Taken],
    stop: &AtomicBool,
) -> Result<Vec<Content>, Trouble> {
    let one = |at: usize, buffer: &mut [u8]| {
        store_one(blobs, &folder.join(at.to_string()), &files[at], stop, buffer)
    };
    // Waited for together: they share what makes them durable.
    let pending: Vec<Pending> = side_by_side(files.len(), one).into_iter().collect::<Result<_, _>>()?;
    pending.into_iter().map(|pending| Ok(pending.wait()?)).collect()
}

/// One pass: read, hash, write. Stored once it was waited for.
pub(super) fn store_one(
    blobs: &Arc<Blobs>,
    path: &Path,
    taken: &Taken,
    stop: &AtomicBool,
    buffer: &mut [u8],
) -> Result<Pending, Trouble> {
    let lost = |why: &dyn std::fmt::Display| {
        Trouble::Refused(format!("the bytes of {} are not there any more: {why}", taken.path))
    };
    let mut file = open(path).map_err(|error| lost(&error))?;
    let mut writer = blobs.writer()?;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Trouble::Stopping);
        }
        match file.read(buffer) {
            Ok(0) => break,
            Ok(count) => writer.write(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(lost(&error)),
        }
    }
    let whole = writer.close()?;
    let size = whole.content().size;
    if size != taken.size {
        let why = format!("{size} of {} bytes are left, after a power cut or a full disk", taken.size);
        return Err(lost(&why));
    }
    Ok(whole.keep()?)
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or_default())
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    Ok(file)
}
