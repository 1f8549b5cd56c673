//! One file of a writer: its name, its envelope, how it is written and read.
//! Written once, under a name that nobody reads until it is whole and on the disk.
//!
//! ```text
//! file   = head, payload
//! head   = magic: "pnf1", kind: u8, packed: u8, 0: u16, length: u64, digest: [u8; 32]
//! digest = BLAKE3(payload, the 16 bytes of head before it)     little endian
//! ```

use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::Bytes;
use pannier_proto::content::Blob;

use super::place::{FolderError, Result, Temporary, failed, open, sync_dir};
use crate::blobs::{FRAME_HEAD, unpack};
use crate::limits::{CHUNKS_BYTES_MAX, REQUEST_BYTES_MAX};

const MAGIC: &[u8; 4] = b"pnf1";
const HEAD: usize = 48;
/// Bytes of the head that the digest covers.
const COVERED: usize = 16;

/// What a file holds: what a remote is handed, in the order in which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Chunks of large blobs, as frames.
    Chunks = 1,
    /// Small blobs, whole, as frames.
    Whole = 2,
    /// Which chunks blobs have: `BlobPart`s, as JSON.
    Parts = 3,
    /// Blocks of streams: the body of a push.
    Records = 4,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Chunks, Self::Whole, Self::Parts, Self::Records];

    fn extension(self) -> &'static str {
        match self {
            Self::Chunks => "chunks",
            Self::Whole => "whole",
            Self::Parts => "parts",
            Self::Records => "records",
        }
    }
}

/// A file's name: its place in the writer's order, and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// From 1; later files have greater numbers.
    pub number: u64,
    /// What it holds.
    pub kind: Kind,
}

impl Name {
    /// Reads a name; none where it is no file of a writer.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, extension) = text.split_once('.')?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.extension() == extension)?;
        let name = Self { number: number.parse().ok()?, kind };
        // One name a file.
        (name.to_string() == text).then_some(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}.{}", self.number, self.kind.extension())
    }
}

fn damaged(path: &Path, problem: impl Into<String>) -> FolderError {
    FolderError::Damaged { path: path.to_owned(), problem: problem.into() }
}

/// A file that is being written.
pub struct Draft {
    temporary: Temporary,
    kind: Kind,
    packed: bool,
    hasher: blake3::Hasher,
    length: u64,
}

impl Draft {
    /// Begins one, in the writer's folder.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn begin(dir: &Path, kind: Kind, packed: bool) -> Result<Self> {
        let mut temporary = Temporary::new(dir)?;
        temporary.file.write_all(&[0; HEAD]).map_err(failed("write", &temporary.path))?;
        Ok(Self { temporary, kind, packed, hasher: blake3::Hasher::new(), length: 0 })
    }

    /// Adds to it.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        self.temporary.file.write_all(bytes).map_err(failed("write", &self.temporary.path))
    }

    /// Bytes so far.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Gives it its name: the first free number from `number` on. It is on the
    /// disk, whole, when this returns.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn publish(mut self, dir: &Path, mut number: u64) -> Result<u64> {
        let mut head = [0; HEAD];
        head[..4].copy_from_slice(MAGIC);
        (head[4], head[5]) = (self.kind as u8, u8::from(self.packed));
        head[8..COVERED].copy_from_slice(&self.length.to_le_bytes());
        self.hasher.update(&head[..COVERED]);
        head[COVERED..].copy_from_slice(self.hasher.finalize().as_bytes());
        let Temporary { file, path: temporary } = &self.temporary;
        file.write_all_at(&head, 0).map_err(failed("write", temporary))?;
        file.sync_all().map_err(failed("sync", temporary))?;
        loop {
            let path = dir.join(Name { number, kind: self.kind }.to_string());
            // A link never takes another's place, as a rename does.
            match fs::hard_link(temporary, &path) {
                Ok(()) => break,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) if no_links(&error) && path.exists() => number += 1,
                Err(error) if no_links(&error) => {
                    fs::rename(temporary, &path).map_err(failed("write", &path))?;
                    break;
                }
                Err(error) => return Err(failed("write", &path)(error)),
            }
        }
        drop(self.temporary);
        sync_dir(dir)?;
        Ok(number)
    }
}

/// Whether this file system has none.
fn no_links(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied)
}

/// A file that is being read; nothing of it is believed before [`Reading::end`]
/// but what has a digest of its own.
struct Reading {
    from: Box<dyn Read>,
    head: [u8; HEAD],
    hasher: blake3::Hasher,
    left: u64,
}

impl Reading {
    fn begin(path: &Path, kind: Kind) -> Result<Self> {
        let mut file = open(path)?;
        let size = file.metadata().map_err(failed("read", path))?.len();
        let mut head = [0; HEAD];
        if size < HEAD as u64 {
            return Err(damaged(path, "it is cut off"));
        }
        file.read_exact(&mut head).map_err(failed("read", path))?;
        let mut length = [0; 8];
        length.copy_from_slice(&head[8..COVERED]);
        let length = u64::from_le_bytes(length);
        if &head[..4] != MAGIC || head[4] != kind as u8 || head[5] > 1 {
            return Err(damaged(path, "its head is not that of such a file"));
        }
        if length != size - HEAD as u64 {
            return Err(damaged(path, format!("it has {size} bytes, and says {length} behind its head")));
        }
        let from = Box::new(io::BufReader::with_capacity(256 << 10, file));
        Ok(Self { from, head, hasher: blake3::Hasher::new(), left: length })
    }

    fn take(&mut self, path: &Path, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.from.read_exact(&mut bytes).map_err(failed("read", path))?;
        self.hasher.update(&bytes);
        self.left -= length as u64;
        Ok(bytes)
    }

    fn end(mut self, path: &Path) -> Result<()> {
        self.hasher.update(&self.head[..COVERED]);
        match self.hasher.finalize().as_bytes() == &self.head[COVERED..] {
            true => Ok(()),
            false => Err(damaged(path, "its bytes are not those that were written (checksum mismatch)")),
        }
    }
}

/// Reads a file whole: its payload, and whether that is packed.
///
/// # Errors
/// [`FolderError::Damaged`] where a bit of it is not what was written.
pub fn read(path: &Path, kind: Kind) -> Result<(Vec<u8>, bool)> {
    let mut reading = Reading::begin(path, kind)?;
    let length = usize::try_from(reading.left).unwrap_or(usize::MAX);
    if length > REQUEST_BYTES_MAX {
        return Err(damaged(
            path,
            format!("it is longer than the {REQUEST_BYTES_MAX} bytes that are allowed"),
        ));
    }
    let (packed, payload) = (reading.head[5] == 1, reading.take(path, length)?);
    reading.end(path)?;
    Ok((payload, packed))
}

/// Reads frames, a few at a time, each compared with its digest; of a damaged
/// file those that are intact, as far as they can be told apart.
///
/// # Errors
/// [`FolderError::Damaged`], after what is intact was handed over; those of `each`.
pub fn frames<E: From<FolderError>>(
    path: &Path,
    kind: Kind,
    mut each: impl FnMut(Vec<(Blob, Bytes)>) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let mut reading = Reading::begin(path, kind)?;
    let (mut batch, mut bytes, mut wrong) = (Vec::new(), 0, None);
    while reading.left > 0 {
        let cut = || damaged(path, "a chunk of it is cut off");
        if reading.left < FRAME_HEAD as u64 {
            wrong = Some(cut());
            break;
        }
        let mut frame = reading.take(path, FRAME_HEAD)?;
        let length = u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]]) as usize;
        if length as u64 > reading.left || length > CHUNKS_BYTES_MAX {
            wrong = Some(cut());
            break;
        }
        frame.extend(reading.take(path, length)?);
        match unpack(frame.into()) {
            Ok(found) => batch.extend(found),
            Err(problem) => wrong = Some(damaged(path, problem)),
        }
        bytes += length;
        if bytes > BATCH_BYTES || batch.len() >= BATCH {
            (bytes, _) = (0, each(std::mem::take(&mut batch))?);
        }
    }
    if !batch.is_empty() {
        each(batch)?;
    }
    match wrong {
        Some(wrong) => Err(wrong.into()),
        None => Ok(reading.end(path)?),
    }
}

/// Chunks that are handed on at a time, and their bytes.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::pack;

    fn write(dir: &Path, kind: Kind, payload: &[u8]) -> std::path::PathBuf {
        let mut draft = Draft::begin(dir, kind, false).unwrap();
        draft.write(payload).unwrap();
        let number = draft.publish(dir, 1).unwrap();
        dir.join(Name { number, kind }.to_string())
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in [Name { number: 1, kind: Kind::Chunks }, Name { number: u64::MAX, kind: Kind::Records }] {
            assert_eq!(Name::parse(&name.to_string()), Some(name));
        }
        for text in
            ["", "1.records", "+00000000001.records", "000000000001.Records", "000000000001.records.x"]
        {
            assert_eq!(Name::parse(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_takes_the_place_of_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) =
            (write(dir.path(), Kind::Records, b"a"), write(dir.path(), Kind::Records, b"b"));
        assert_ne!(first, second);
        assert_eq!(read(&first, Kind::Records).unwrap(), (b"a".to_vec(), false));
        drop(Draft::begin(dir.path(), Kind::Parts, false).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "a draft leaves nothing");
    }

    #[test]
    fn any_flipped_bit_and_any_cut_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = write(dir.path(), Kind::Records, b"some records");
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                fs::write(&path, &bad).unwrap();
                // The two bytes that are not used are covered like the others.
                assert!(read(&path, Kind::Records).is_err(), "bit {bit} of byte {at}");
            }
            fs::write(&path, &good[..at]).unwrap();
            assert!(read(&path, Kind::Records).is_err(), "cut at {at}");
        }
        fs::write(&path, &good).unwrap();
        assert!(read(&path, Kind::Records).is_ok());
        assert!(read(&path, Kind::Parts).is_err(), "under another name it is none");
    }

    #[test]
    fn of_a_damaged_file_of_chunks_the_others_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let chunks: Vec<(Blob, Bytes)> = (0..5u8)
            .map(|n| vec![n; 100])
            .map(|bytes| (Blob(*blake3::hash(&bytes).as_bytes()), bytes.into()))
            .collect();
        let path = write(dir.path(), Kind::Chunks, &pack(&chunks));
        let found = |path: &Path| {
            let mut found = Vec::new();
            let result = frames(path, Kind::Chunks, |chunks| {
                found.extend(chunks);
                Ok::<_, FolderError>(())
            });
            (found, result.is_ok())
        };
        assert_eq!(found(&path), (chunks.clone(), true));
        let mut bytes = fs::read(&path).unwrap();
        bytes[HEAD + 2 * (FRAME_HEAD + 100) + FRAME_HEAD + 5] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let (intact, whole) = found(&path);
        assert!(!whole);
        assert_eq!(intact, [&chunks[..2], &chunks[3..]].concat());
        // A frame less, cleanly cut out, is missed, too.
        fs::write(&path, &bytes[..bytes.len() - FRAME_HEAD - 100]).unwrap();
        assert!(!found(&path).1);
    }
}
