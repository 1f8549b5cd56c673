//! What is put right before the first blob is written: packs and index are made
//! to agree, and what older versions left is taken over.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pannier_proto::content::Blob;

use super::packer::Packer;
use super::packs::PackFiles;
use super::{Blobs, Held, Pending, Result, failed, verify};
use crate::limits::PACK_BYTES;
use crate::store::{Filed, Store};

/// Loose files, or bytes of them, that share a commit.
const TOGETHER: usize = 1000;
const TOGETHER_BYTES: u64 = 64 << 20;

/// Reading and the packs in a blob folder.
pub(super) fn held(root: &Path, store: Arc<Store>) -> Result<Held> {
    super::packs::make_dir(root)?;
    Ok(Held { store, packs: Arc::new(PackFiles::open(root.join("packs"))?) })
}

/// Makes packs and index agree, and says where writing goes on.
pub(super) fn packer(held: &Held) -> Result<Packer> {
    held.store.write_blocking(|tx| tx.forget_unfinished_blobs(&|_| false))?;
    let mut known = held.store.packs()?;
    for (pack, length) in held.packs.list()? {
        match known.iter().find(|(id, _)| *id == pack) {
            // Nobody was told that what lies behind is stored.
            Some((_, committed)) if length > *committed => held.packs.cut(pack, *committed)?,
            Some((_, committed)) if length < *committed => {
                tracing::error!(
                    "pack {pack} has {length} bytes of {committed}: what is missing is found by \
                     `pannier verify --blobs`"
                );
            }
            Some(_) => {}
            None => adopt(held, pack, length)?,
        }
    }
    known.extend(held.packs.list()?);
    let (last_chunk, last_blob) = held.store.last_blob_ids()?;
    let last_pack = known.iter().map(|(id, _)| *id).max().unwrap_or(0);
    let intact = |pack: &(i64, u64)| held.packs.list().is_ok_and(|packs| packs.contains(pack));
    let last =
        held.store.packs()?.pop().filter(|last| last.0 == last_pack && last.1 < PACK_BYTES && intact(last));
    Ok(Packer::new(held.clone(), last, (last_pack, last_chunk, last_blob)))
}

/// A pack that the index does not know: of a crash before its first commit, or
/// of a home whose database was lost. Its intact chunks are entered; what nobody
/// comes to need goes with a later sweep.
fn adopt(held: &Held, pack: i64, length: u64) -> Result<()> {
    let (mut filed, mut end) = (Filed::default(), 0);
    let mut next = held.store.last_blob_ids()?.0;
    verify::walk(held.packs.as_ref(), pack, length, &[], |frame| {
        if let verify::Frame::Intact(mut chunk) = frame {
            end = chunk.place.at + super::frame::size(chunk.place.length);
            next += 1;
            chunk.id = next;
            filed.chunks.push(chunk);
        }
        Ok(())
    })?;
    let digests: Vec<Blob> = filed.chunks.iter().map(|chunk| chunk.digest).collect();
    let known: Vec<bool> = held.store.chunks_by_digest(&digests)?.iter().map(Option::is_some).collect();
    let mut known = known.into_iter();
    filed.chunks.retain(|_| !known.next().unwrap_or(true));
    filed.chunks.sort_by_key(|chunk| chunk.digest);
    filed.chunks.dedup_by_key(|chunk| chunk.digest);
    held.packs.cut(pack, if filed.chunks.is_empty() { 0 } else { end })?;
    if filed.chunks.is_empty() {
        return Ok(());
    }
    tracing::warn!("pack {pack} was not in the index: {} chunks of it are now", filed.chunks.len());
    held.packs.sync(pack)?;
    filed.packs = vec![(pack, end)];
    held.store.write_blocking(move |tx| tx.file_bytes(&filed))?;
    Ok(())
}

/// Older versions kept each blob in a file of its own, `ab/cdef…`.
pub(super) fn take_in_loose_files(blobs: &Blobs, root: &Path) -> Result<()> {
    let list = |dir: &Path| -> Result<Vec<PathBuf>> {
        match fs::read_dir(dir) {
            Ok(entries) => {
                let paths: io::Result<Vec<_>> =
                    entries.map(|entry| entry.map(|entry| entry.path())).collect();
                paths.map_err(failed("list", dir))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(failed("list", dir)(error)),
        }
    };
    let (mut taken, mut bytes) = (Vec::new(), 0);
    for first in 0..=u8::MAX {
        let dir = root.join(format!("{first:02x}"));
        for path in list(&dir)? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // Whatever else lies there is none of ours.
            let Ok(blob) = format!("{first:02x}{name}").parse::<Blob>() else { continue };
            let (pending, size) = take_in(blobs, &path)?;
            bytes += size;
            taken.push((path, blob, pending));
            if taken.len() >= TOGETHER || bytes >= TOGETHER_BYTES {
                (bytes, _) = (0, settle(blobs, &mut taken)?);
            }
        }
        settle(blobs, &mut taken)?;
        // A folder that is not empty holds what is not ours.
        let _ = fs::remove_dir(&dir);
    }
    // What older versions were in the middle of writing.
    let temporary = root.join("tmp");
    for path in list(&temporary)? {
        fs::remove_file(&path).map_err(failed("remove", &path))?;
    }
    let _ = fs::remove_dir(&temporary);
    Ok(())
}

fn take_in(blobs: &Blobs, path: &Path) -> Result<(Pending, u64)> {
    let mut file = File::open(path).map_err(failed("open", path))?;
    let (mut writer, mut buffer) = (blobs.writer()?, vec![0; 256 << 10]);
    loop {
        match file.read(&mut buffer).map_err(failed("read", path))? {
            0 => break,
            length => writer.write(&buffer[..length])?,
        }
    }
    let closed = writer.close()?;
    let size = closed.content().size;
    Ok((closed.keep()?, size))
}

/// Removes the files of blobs that are in packs now.
fn settle(blobs: &Blobs, taken: &mut Vec<(PathBuf, Blob, Pending)>) -> Result<()> {
    for (path, blob, pending) in taken.drain(..) {
        let content = pending.wait()?;
        if content.blob == blob {
            fs::remove_file(&path).map_err(failed("remove", &path))?;
        } else {
            // Kept under its own name now, and missing under the other.
            let kept = blobs.set_aside_file(&path, &format!("blob-{blob}"))?;
            tracing::error!("blob {blob} was damaged; its bytes were moved to {}", kept.display());
        }
    }
    Ok(())
}
