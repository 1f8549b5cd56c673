//! A tree of files as one stream: writing it. Knows no file system and no
//! encryption; `unpack` reads it back.
//!
//! ```text
//! tree  = "pannier tree\n", version: u8 = 1, set: [u8; 16], entry …, end         little endian
//! entry = 1: u8, path length: u16, path, size: u64, frame …, digest: [u8; 32]    BLAKE3 of the content
//! frame = stored length: u32 (its highest bit: packed with zstd), bytes          1 MiB of content, the last less
//! end   = 0: u8, entries: u64, size of all: u64, digest: [u8; 32], signed: u8, (key: [u8; 32], signature: [u8; 64])
//! ```
//!
//! The digest of the end is BLAKE3 over all of the above but the frames, whose
//! content the digests of the entries stand for. The signature is over it.

use std::io::{Read, Write};
use std::path::Path;

use pannier_proto::id::Id128;
use pannier_proto::path::RelPath;
use zstd::bulk::Compressor;

use super::sign::SigningKey;
use super::{BundleError, Result, passed};

pub(super) const MAGIC: &[u8; 13] = b"pannier tree\n";
pub(super) const VERSION: u8 = 1;
pub(super) const ENTRY: u8 = 1;
pub(super) const END: u8 = 0;
/// Content of one frame.
pub(super) const FRAME: usize = 1 << 20;
/// A frame that is packed.
pub(super) const PACKED: u32 = 1 << 31;
/// As fast as a disk; a higher one gains little on what is packed already.
const ZSTD_LEVEL: i32 = 1;
/// Frames that are not tried after one that packing did nothing for.
const UNTRIED: u32 = 7;

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Packed {
    /// Files.
    pub entries: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// Writes a tree.
pub struct Packer<W> {
    out: W,
    set: Id128,
    packed: Packed,
    hasher: blake3::Hasher,
    zstd: Compressor<'static>,
    frame: Vec<u8>,
}

fn written(error: std::io::Error) -> BundleError {
    passed(error, "write", Path::new("the bundle"))
}

impl<W: Write> Packer<W> {
    /// Begins one.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn new(out: W, set: Id128) -> Result<Self> {
        let (packed, hasher) = (Packed::default(), blake3::Hasher::new());
        let zstd = Compressor::new(ZSTD_LEVEL).map_err(written)?;
        let mut packer = Self { out, set, packed, hasher, zstd, frame: Vec::with_capacity(FRAME) };
        packer.said(&[&MAGIC[..], &[VERSION], &set.0].concat())?;
        Ok(packer)
    }

    /// Writes what the digest of the end covers.
    fn said(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.out.write_all(bytes).map_err(written)
    }

    /// Adds a file of this length.
    ///
    /// # Errors
    /// [`BundleError`]; then the bundle is worth nothing.
    pub fn add(&mut self, path: &RelPath, size: u64, mut from: impl Read) -> Result<()> {
        let name = path.as_str().as_bytes();
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        self.said(&[&[ENTRY], &length.to_le_bytes()[..], name, &size.to_le_bytes()].concat())?;
        let mut hasher = blake3::Hasher::new();
        let (mut left, mut untried) = (size, 0);
        while left > 0 {
            let most = left.min(FRAME as u64);
            self.frame.clear();
            let read = from.by_ref().take(most).read_to_end(&mut self.frame);
            read.map_err(|error| passed(error, "read", Path::new(path.as_str())))?;
            if self.frame.len() as u64 != most {
                let problem = "it became shorter while it was packed".to_owned();
                return Err(BundleError::Damaged { object: path.to_string(), problem });
            }
            hasher.update(&self.frame);
            left -= most;
            let packed = match untried {
                0 => self.zstd.compress(&self.frame).ok(),
                _ => None,
            };
            let packed = packed.filter(|packed| packed.len() < self.frame.len() / 10 * 9);
            untried = match (&packed, untried) {
                (Some(_), _) => 0,
                (None, 0) => UNTRIED,
                (None, n) => n - 1,
            };
            let (stored, mark) = match &packed {
                Some(packed) => (packed, PACKED),
                None => (&self.frame, 0),
            };
            let length = u32::try_from(stored.len()).unwrap_or(0) | mark;
            self.out.write_all(&length.to_le_bytes()).map_err(written)?;
            self.out.write_all(stored).map_err(written)?;
        }
        self.said(hasher.finalize().as_bytes())?;
        self.packed.entries += 1;
        self.packed.bytes += size;
        Ok(())
    }

    /// Bytes of the files that were added.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.packed.bytes
    }

    /// Ends it, signed with a key where there is one.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn finish(mut self, key: Option<&SigningKey>) -> Result<(W, Packed)> {
        let Packed { entries, bytes } = self.packed;
        self.said(&[&[END], &entries.to_le_bytes()[..], &bytes.to_le_bytes()].concat())?;
        let digest = *self.hasher.finalize().as_bytes();
        let mut end = digest.to_vec();
        match key {
            None => end.push(0),
            Some(key) => {
                end.push(1);
                end.extend_from_slice(&key.public().0);
                end.extend_from_slice(&key.sign(self.set, &digest));
            }
        }
        self.out.write_all(&end).map_err(written)?;
        Ok((self.out, self.packed))
    }
}
