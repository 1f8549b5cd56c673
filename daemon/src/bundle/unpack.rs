//! Reads a tree back. Everything in it is a stranger's: paths lead further in,
//! nothing is written over, and no number is believed before it is checked.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use pannier_proto::id::Id128;
use pannier_proto::path::RelPath;
use zstd::bulk::Decompressor;

use super::sign::PublicKey;
use super::tree::{END, ENTRY, FRAME, MAGIC, PACKED, VERSION};
use super::{BundleError, Result, failed, passed};

/// The most that is unpacked.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// Files.
    pub entries: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// Files.
    pub entries: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Whose signature it bears; it was checked.
    pub signed_by: Option<PublicKey>,
}

/// Where files go.
pub trait Sink {
    /// A file of this length begins.
    ///
    /// # Errors
    /// [`BundleError`].
    fn begin(&mut self, path: &RelPath, size: u64) -> Result<()>;
    /// The next bytes of it.
    ///
    /// # Errors
    /// [`BundleError`].
    fn write(&mut self, bytes: &[u8]) -> Result<()>;
}

/// Files that are only looked at.
pub struct Nowhere;

impl Sink for Nowhere {
    fn begin(&mut self, _: &RelPath, _: u64) -> Result<()> {
        Ok(())
    }

    fn write(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }
}

/// A folder that was made for this, and has nobody else in it.
pub struct Folder {
    root: PathBuf,
    open: Option<(PathBuf, File)>,
}

impl Folder {
    /// In this folder, which is empty and private.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), open: None }
    }

    /// Everything in it is on the disk when this returns.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn sync(mut self) -> Result<()> {
        self.open = None;
        sync_all_below(&self.root)
    }
}

#[cfg(target_os = "linux")]
fn sync_all_below(root: &Path) -> Result<()> {
    let dir = File::open(root).map_err(failed("sync", root))?;
    rustix::fs::syncfs(&dir).map_err(|error| failed("sync", root)(error.into()))
}

#[cfg(not(target_os = "linux"))]
fn sync_all_below(root: &Path) -> Result<()> {
    for entry in std::fs::read_dir(root).map_err(failed("sync", root))? {
        let path = entry.map_err(failed("sync", root))?.path();
        match path.is_dir() {
            true => sync_all_below(&path)?,
            false => File::open(&path).and_then(|file| file.sync_all()).map_err(failed("sync", &path))?,
        }
    }
    File::open(root).and_then(|dir| dir.sync_all()).map_err(failed("sync", root))
}

impl Sink for Folder {
    fn begin(&mut self, path: &RelPath, _: u64) -> Result<()> {
        let place = self.root.join(path.as_str());
        let taken = || BundleError::Refused(format!("it holds {path} twice"));
        if let Some(dir) = place.parent() {
            let made = crate::home::private_dir(dir);
            made.map_err(|error| BundleError::Refused(format!("{path} has no place: {error}")))?;
        }
        // Whatever is there was put there by this bundle.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&place);
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => taken(),
            _ => failed("write", &place)(error),
        })?;
        self.open = Some((place, file));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Some((path, file)) = &mut self.open else { return Ok(()) };
        file.write_all(bytes).map_err(failed("write", path))
    }
}

struct Reader<'a, R> {
    from: R,
    hasher: blake3::Hasher,
    name: &'a str,
}

pub(super) fn unpack(
    from: impl Read,
    set: Id128,
    name: &str,
    caps: &Caps,
    into: &mut impl Sink,
) -> Result<Unpacked> {
    let mut reader = Reader { from, hasher: blake3::Hasher::new(), name };
    let head: [u8; MAGIC.len() + 17] = reader.said()?;
    if head[..MAGIC.len()] != MAGIC[..] || head[MAGIC.len()] != VERSION {
        return Err(reader.damaged("it does not begin as a bundle does"));
    }
    if head[MAGIC.len() + 1..] != set.0 {
        return Err(reader.damaged("what is in it belongs to another bundle"));
    }
    let mut zstd = Decompressor::new().map_err(failed("unpack", Path::new(name)))?;
    let (mut entries, mut bytes) = (0_u64, 0_u64);
    loop {
        match reader.said::<1>()?[0] {
            ENTRY => {}
            END => break,
            _ => return Err(reader.damaged("an entry begins with something else")),
        }
        entries += 1;
        bytes = bytes.saturating_add(reader.entry(caps.bytes.saturating_sub(bytes), &mut zstd, into)?);
        if entries > caps.entries {
            return Err(BundleError::Refused(format!("it holds more than {} files", caps.entries)));
        }
    }
    let said = (u64::from_le_bytes(reader.said()?), u64::from_le_bytes(reader.said()?));
    if said != (entries, bytes) {
        return Err(reader.damaged("it does not hold as much as it says"));
    }
    let digest = *reader.hasher.finalize().as_bytes();
    if reader.bytes::<32>()? != digest {
        return Err(reader.damaged("its checksum is not that of its content"));
    }
    let signed_by = match reader.bytes::<1>()?[0] {
        0 => None,
        1 => {
            let (key, signature) = (PublicKey(reader.bytes()?), reader.bytes::<64>()?);
            if !key.verifies(set, &digest, &signature) {
                return Err(BundleError::Key(format!("{name}: the signature is not that of {key}")));
            }
            Some(key)
        }
        _ => return Err(reader.damaged("its signature begins with something else")),
    };
    if reader.from.read(&mut [0]).map_err(|error| passed(error, "read", Path::new(name)))? != 0 {
        return Err(reader.damaged("there is something behind its end"));
    }
    Ok(Unpacked { entries, bytes, signed_by })
}

impl<R: Read> Reader<'_, R> {
    fn damaged(&self, problem: &str) -> BundleError {
        BundleError::Damaged { object: self.name.to_owned(), problem: problem.to_owned() }
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<()> {
        self.from.read_exact(into).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("it ends early"),
            io::ErrorKind::InvalidData => self.damaged("its encryption is not as it was made"),
            _ => passed(error, "read", Path::new(self.name)),
        })
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// What the digest of the end covers.
    fn said<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.bytes()?;
        self.hasher.update(&bytes);
        Ok(bytes)
    }

    /// A file; how long it is.
    fn entry(&mut self, room: u64, zstd: &mut Decompressor<'_>, into: &mut impl Sink) -> Result<u64> {
        let length = usize::from(u16::from_le_bytes(self.said()?));
        let mut path = vec![0; length];
        self.fill(&mut path)?;
        self.hasher.update(&path);
        let path = String::from_utf8(path).map_err(|_not_text| self.damaged("a path is no text"))?;
        let path = RelPath::new(&path).map_err(|error| BundleError::Refused(error.to_string()))?;
        let size = u64::from_le_bytes(self.said()?);
        if size > room {
            return Err(BundleError::Refused(format!(
                "{path} has {size} bytes, and there is room for {room} more"
            )));
        }
        into.begin(&path, size)?;
        let (mut left, mut hasher) = (size, blake3::Hasher::new());
        let mut stored = Vec::new();
        while left > 0 {
            let expected = usize::try_from(left).unwrap_or(FRAME).min(FRAME);
            let said = u32::from_le_bytes(self.bytes()?);
            let (packed, length) = (said & PACKED != 0, (said & !PACKED) as usize);
            if length > expected || (!packed && length != expected) {
                return Err(self.damaged(&format!("{path} is not cut as it should be")));
            }
            stored.resize(length, 0);
            self.fill(&mut stored)?;
            if packed {
                stored = match zstd.decompress(&stored, expected) {
                    Ok(content) if content.len() == expected => content,
                    _ => return Err(self.damaged(&format!("{path} cannot be unpacked"))),
                };
            }
            hasher.update(&stored);
            into.write(&stored)?;
            left -= expected as u64;
        }
        if self.said::<32>()? != *hasher.finalize().as_bytes() {
            return Err(self.damaged(&format!("the content of {path} is not what was packed")));
        }
        Ok(size)
    }
}
