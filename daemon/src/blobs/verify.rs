//! Whether what is stored still is what its name says, and where it goes if not.
//! Knows nothing of how it came to its place, nor where it could be had again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pannier_proto::content::{Blob, Content};

use super::packs::{Packs, gone, make_dir, sync};
use super::{BlobError, Blobs, Result, failed, frame};
use crate::store::{Chunk, Place};

/// What was found of bytes that are not what they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where, and what became of it, for people.
    pub what: String,
    /// Whether something that is needed is missing now; else what was damaged is
    /// nothing that any blob has.
    pub lost: bool,
}

/// What came of reading everything.
#[derive(Debug, Default, Clone)]
pub struct Checked {
    /// Chunks that were read.
    pub chunks: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Blobs whose every chunk was.
    pub blobs: u64,
    /// What is not what it was.
    pub findings: Vec<Finding>,
    /// Blobs that are not here any more.
    pub lost: Vec<Content>,
}

/// What lies at a place of a pack.
pub enum Frame {
    /// A chunk; its id is not known here.
    Intact(Chunk),
    /// Bytes that are none.
    Damaged { at: u64, length: u64 },
}

/// Reads a pack from end to end: each frame, and what lies where none can be
/// read. `starts` is where frames are known to begin, in order: reading goes on
/// at the next one behind damage.
pub fn walk(
    packs: &dyn Packs,
    pack: i64,
    length: u64,
    starts: &[u64],
    mut found: impl FnMut(Frame) -> Result<()>,
) -> Result<()> {
    let mut at = 0;
    while at < length {
        match read_frame(packs, pack, at, length)? {
            Some(chunk) => {
                at += frame::size(chunk.place.length);
                found(Frame::Intact(chunk))?;
            }
            None => {
                let next = starts.iter().copied().find(|start| *start > at).unwrap_or(length);
                found(Frame::Damaged { at, length: next - at })?;
                at = next;
            }
        }
    }
    Ok(())
}

fn read_frame(packs: &dyn Packs, pack: i64, at: u64, end: u64) -> Result<Option<Chunk>> {
    let read = |at: u64, into: &mut [u8]| match packs.read(pack, at, into) {
        Ok(()) => Ok(true),
        Err(error) if gone(&error) => Ok(false),
        Err(error) => Err(error),
    };
    let mut head = [0; frame::HEAD];
    if end - at < frame::HEAD as u64 || !read(at, &mut head)? {
        return Ok(None);
    }
    let Some(head) = frame::Head::read(&head) else { return Ok(None) };
    let mut bytes = vec![0; head.length as usize];
    let fits = at + frame::size(head.length) <= end;
    let whole = fits && read(at + frame::HEAD as u64, &mut bytes)? && head.holds(&bytes);
    let intact = whole && blake3::hash(&bytes) == blake3::Hash::from(head.digest.0);
    Ok(intact.then_some(Chunk { id: 0, digest: head.digest, place: Place { pack, at, length: head.length } }))
}

impl Blobs {
    /// Reads every chunk of every pack, then checks every blob against its name.
    /// Damaged bytes are copied to the quarantine; what had them is missing then,
    /// and can be brought again. `progress` hears of bytes: done, in all.
    ///
    /// # Errors
    /// [`BlobError`] where something cannot be read at all; what was found until
    /// then is settled.
    pub fn check(&self, mut progress: impl FnMut(u64, u64)) -> Result<Checked> {
        let packs = self.held.store.packs()?;
        let total: u64 = packs.iter().map(|(_, length)| *length).sum();
        let (mut checked, mut done) = (Checked::default(), 0);
        for (pack, length) in packs {
            self.check_pack(pack, length, &mut checked)?;
            done += length;
            progress(done, total);
        }
        self.check_blobs(&mut checked)?;
        Ok(checked)
    }

    fn check_pack(&self, pack: i64, length: u64, checked: &mut Checked) -> Result<()> {
        let indexed = self.held.store.chunks_of_pack(pack)?;
        let starts: Vec<u64> = indexed.iter().map(|chunk| chunk.place.at).collect();
        let (mut intact, mut damaged) = (BTreeMap::new(), Vec::new());
        walk(self.held.packs.as_ref(), pack, length, &starts, |found| {
            match found {
                Frame::Intact(chunk) => {
                    checked.chunks += 1;
                    checked.bytes += u64::from(chunk.place.length);
                    intact.insert(chunk.place.at, chunk);
                }
                Frame::Damaged { at, length } => damaged.push((at, length)),
            }
            Ok(())
        })?;
        let same = |chunk: &Chunk| {
            intact
                .get(&chunk.place.at)
                .is_some_and(|found| found.digest == chunk.digest && found.place == chunk.place)
        };
        let lost: Vec<Chunk> = indexed.into_iter().filter(|chunk| !same(chunk)).collect();
        // Whoever swept meanwhile moved or removed what was looked for.
        let lost = self.in_packer(move |packer| {
            let ids: Vec<i64> = lost.iter().map(|chunk| chunk.id).collect();
            let still = packer.held.store.chunks_by_id(&ids)?;
            Ok(lost.into_iter().filter(|chunk| still.contains(chunk)).collect::<Vec<_>>())
        })?;
        let known =
            |at: u64, length: u64| lost.iter().any(|chunk| (at..at + length).contains(&chunk.place.at));
        if !self.held.store.packs()?.iter().any(|(id, _)| *id == pack) {
            return Ok(());
        }
        for (at, length) in damaged {
            let lost = known(at, length);
            let kept = match self.set_aside(pack, at, length)? {
                Some(path) => format!("they were copied to {}", path.display()),
                None if lost => "they were set aside before".to_owned(),
                // Nothing has them any more, and they were told of.
                None => continue,
            };
            let what = format!("pack {pack}: {length} bytes at {at} are damaged; {kept}");
            checked.findings.push(Finding { what, lost });
        }
        self.lose(&lost, checked)
    }

    /// Chunks are not here any more, nor is any blob that has one of them.
    fn lose(&self, lost: &[Chunk], checked: &mut Checked) -> Result<()> {
        if lost.is_empty() {
            return Ok(());
        }
        let ids: BTreeSet<i64> = lost.iter().map(|chunk| chunk.id).collect();
        let blobs = self.in_packer(move |packer| {
            let mut after = (0, -1);
            let mut blobs = BTreeSet::new();
            loop {
                let page = packer.held.store.segments_after(after, 1000)?;
                let Some(last) = page.last() else { break };
                after = (last.blob, i64::try_from(last.at).unwrap_or(i64::MAX));
                let with =
                    page.iter().filter(|segment| segment.chunks.iter().any(|(id, _)| ids.contains(id)));
                blobs.extend(with.map(|segment| segment.blob));
            }
            let gone: Vec<i64> = ids.into_iter().collect();
            Ok(packer.held.store.write_blocking(move |tx| tx.lose(&gone, &blobs))?)
        })?;
        for content in &blobs {
            let what = format!("blob {} of {} bytes is not here any more", content.blob, content.size);
            checked.findings.push(Finding { what, lost: true });
        }
        checked.lost.extend(blobs);
        Ok(())
    }

    /// Their chunks are intact by now; that they are the right ones is what a
    /// blob's own digest says.
    fn check_blobs(&self, checked: &mut Checked) -> Result<()> {
        let all: Vec<Content> = self.list().collect::<Result<_>>()?;
        for content in all {
            match self.verify(&content.blob) {
                Ok(()) => checked.blobs += 1,
                // It was removed meanwhile.
                Err(BlobError::Missing(_)) if !self.contains(&content.blob)? => {}
                Err(BlobError::Missing(_) | BlobError::Damaged { .. }) => {
                    let what = format!(
                        "blob {} is not made of its own chunks; it is not here any more",
                        content.blob
                    );
                    checked.findings.push(Finding { what, lost: true });
                    checked.lost.push(content);
                    self.remove(&content.blob)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads a blob and compares it with its name.
    ///
    /// # Errors
    /// [`BlobError::Damaged`], [`BlobError::Missing`]; [`BlobError::Io`] where
    /// it cannot be read.
    pub fn verify(&self, blob: &Blob) -> Result<()> {
        let mut reader = self.read(blob)?;
        let (mut hasher, mut buffer) = (blake3::Hasher::new(), vec![0; 256 << 10]);
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => drop(hasher.update(&buffer[..length])),
                Err(error) => {
                    return Err(match error.downcast::<BlobError>() {
                        Ok(error) => error,
                        Err(error) => failed("read", Path::new("blobs"))(error),
                    });
                }
            }
        }
        match hasher.finalize() == blake3::Hash::from(blob.0) {
            true => Ok(()),
            false => Err(BlobError::Damaged { blob: *blob, pack: 0, at: 0 }),
        }
    }

    /// Copies bytes of a pack, as far as they can be read, to the quarantine; not
    /// where the same bytes were set aside before.
    fn set_aside(&self, pack: i64, at: u64, length: u64) -> Result<Option<PathBuf>> {
        let mut hasher = blake3::Hasher::new();
        self.each_piece(pack, at, length, |piece| {
            hasher.update(piece);
            Ok(())
        })?;
        let digest = hasher.finalize().to_hex();
        let name = format!("pack-{pack}-{at}-{}", &digest[..16]);
        if self.quarantine.join(format!("{name}-0")).exists() {
            return Ok(None);
        }
        let (path, mut file) = self.quarantined(&name)?;
        self.each_piece(pack, at, length, |piece| file.write_all(piece).map_err(failed("write", &path)))?;
        sync(&file).map_err(failed("sync", &path))?;
        Ok(Some(path))
    }

    fn each_piece(
        &self,
        pack: i64,
        mut at: u64,
        length: u64,
        mut take: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let end = at + length;
        let mut buffer = vec![0; 64 << 10];
        while at < end {
            let part = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
            match self.held.packs.read(pack, at, &mut buffer[..part]) {
                Ok(()) => take(&buffer[..part])?,
                Err(error) if gone(&error) => break,
                Err(error) => return Err(error),
            }
            at += part as u64;
        }
        Ok(())
    }

    /// Moves a file to the quarantine.
    pub(super) fn set_aside_file(&self, from: &Path, name: &str) -> Result<PathBuf> {
        let (path, _) = self.quarantined(name)?;
        fs::rename(from, &path).map_err(failed("move", from))?;
        File::open(&self.quarantine).and_then(|dir| sync(&dir)).map_err(failed("sync", &self.quarantine))?;
        Ok(path)
    }

    /// A new file there.
    fn quarantined(&self, name: &str) -> Result<(PathBuf, File)> {
        make_dir(&self.quarantine)?;
        let mut count = 0;
        loop {
            let path = self.quarantine.join(format!("{name}-{count}"));
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => count += 1,
                Err(error) => return Err(failed("make", &path)(error)),
            }
        }
    }
}
