//! The files that a bundle lies in: one, or numbered parts of a size that fits
//! whatever carries them. Each says which bundle it is a part of, which one, and
//! whether it is the last. Knows nothing of what is in them.
//!
//! ```text
//! part = head, payload, tail                      little endian
//! head = "pannier bundle\n", version: u8 = 1, set: [u8; 16], number: u32, sealed: u8
//! tail = length: u64 (the payload's), last: u8, digest: [u8; 32] (BLAKE3 over all before it)
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use pannier_proto::id::Id128;
use rustix::fs::OFlags;

use super::{BundleError, Result, failed};

const MAGIC: &[u8; 15] = b"pannier bundle\n";
const VERSION: u8 = 1;
const HEAD: usize = MAGIC.len() + 1 + 16 + 4 + 1;
const TAIL: usize = 8 + 1 + 32;
/// Smaller parts would be more names than bytes.
pub const PART_BYTES_MIN: u64 = 64 << 10;

fn head(set: Id128, number: u32, sealed: bool) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..15].copy_from_slice(MAGIC);
    head[15] = VERSION;
    head[16..32].copy_from_slice(&set.0);
    head[32..36].copy_from_slice(&number.to_le_bytes());
    head[36] = u8::from(sealed);
    head
}

/// The folder that a file lies in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes parts. Until [`PartWriter::finish`] they have other names; dropped
/// before that, they are gone.
pub struct PartWriter {
    place: PathBuf,
    split: Option<u64>,
    set: Id128,
    sealed: bool,
    open: Option<Open>,
    /// The temporary names of those that are written.
    written: Vec<PathBuf>,
}

struct Open {
    file: File,
    path: PathBuf,
    hasher: blake3::Hasher,
    length: u64,
}

impl PartWriter {
    /// For a file at `place`, or, where it is to be split, for files `PLACE.001`
    /// and so on, none of them longer than `split`.
    #[must_use]
    pub fn new(place: &Path, set: Id128, split: Option<u64>, sealed: bool) -> Self {
        let split = split.map(|bytes| bytes.max((HEAD + TAIL) as u64 + 1));
        Self { place: place.to_owned(), split, set, sealed, open: None, written: Vec::new() }
    }

    fn name(&self, number: usize) -> PathBuf {
        let mut name = self.place.file_name().unwrap_or_default().to_owned();
        if self.split.is_some() {
            name.push(format!(".{number:03}"));
        }
        self.place.with_file_name(name)
    }

    fn temporary(&self, number: usize) -> PathBuf {
        let name = self.name(number);
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name.file_name().unwrap_or_default());
        hidden.push(".partial");
        name.with_file_name(hidden)
    }

    fn begin(&mut self) -> Result<Open> {
        let number = self.written.len() + 1;
        let (path, name) = (self.temporary(number), self.name(number));
        if name.symlink_metadata().is_ok() {
            let problem = "is there already; give the bundle another name".to_owned();
            return Err(BundleError::Strange { path: name, problem });
        }
        // One that is there was left behind, or leads somewhere else: it is not written into.
        let _ = fs::remove_file(&path);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let mut file = file.map_err(failed("write", &path))?;
        let head = head(self.set, u32::try_from(number).unwrap_or(u32::MAX), self.sealed);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&head);
        file.write_all(&head).map_err(failed("write", &path))?;
        Ok(Open { file, path, hasher, length: 0 })
    }

    fn end(&mut self, last: bool) -> Result<()> {
        let Some(mut part) = self.open.take() else { return Ok(()) };
        self.written.push(part.path.clone());
        let mut tail = [0; TAIL];
        tail[..8].copy_from_slice(&part.length.to_le_bytes());
        tail[8] = u8::from(last);
        part.hasher.update(&tail[..9]);
        tail[9..].copy_from_slice(part.hasher.finalize().as_bytes());
        part.file.write_all(&tail).and_then(|()| part.file.sync_all()).map_err(failed("write", &part.path))
    }

    /// Ends the last part, and gives them all their names.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn finish(mut self) -> Result<Vec<PathBuf>> {
        if self.open.is_none() && self.written.is_empty() {
            self.open = Some(self.begin()?);
        }
        self.end(true)?;
        let mut names: Vec<PathBuf> = Vec::new();
        // The last one first: until it is there, no part is taken for the whole.
        for number in (1..=self.written.len()).rev() {
            let (from, to) = (&self.written[number - 1], self.name(number));
            if let Err(error) = fs::rename(from, &to) {
                names.iter().for_each(|named| drop(fs::remove_file(named)));
                return Err(failed("name", &to)(error));
            }
            names.insert(0, to);
        }
        self.written.clear();
        let dir = folder(&self.place);
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("sync", dir))?;
        Ok(names)
    }
}

impl Drop for PartWriter {
    fn drop(&mut self) {
        let open = self.open.take().map(|part| part.path);
        for path in self.written.iter().chain(&open) {
            // What stays is hidden, and removed by the next of this name.
            let _ = fs::remove_file(path);
        }
    }
}

impl PartWriter {
    /// Writes what fits into the present part; how much that was.
    fn some(&mut self, bytes: &[u8]) -> Result<usize> {
        let full = |part: &Open| self.split.is_some_and(|split| part.length + (HEAD + TAIL) as u64 >= split);
        if self.open.as_ref().is_some_and(full) {
            self.end(false)?;
        }
        let mut part = match self.open.take() {
            Some(part) => part,
            None => self.begin()?,
        };
        let room = self.split.map_or(u64::MAX, |split| split - (HEAD + TAIL) as u64 - part.length);
        let bytes = &bytes[..bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX))];
        let written = part.file.write_all(bytes).map_err(failed("write", &part.path));
        part.hasher.update(bytes);
        part.length += bytes.len() as u64;
        self.open = Some(part);
        written.map(|()| bytes.len())
    }
}

impl Write for PartWriter {
    /// All of it: the encryption's header is not written piece by piece.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut left = bytes;
        while !left.is_empty() {
            left = &left[self.some(left)?..];
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A part as it says of itself.
struct Part {
    path: PathBuf,
    number: u32,
    length: u64,
    last: bool,
    digest: [u8; 32],
}

/// All parts of one bundle.
pub struct PartSet {
    /// Which bundle.
    pub set: Id128,
    /// Whether it is encrypted.
    pub sealed: bool,
    parts: Vec<Part>,
}

/// Sorts files, in any order, into the bundles that they are parts of. For each
/// it is said where not all of it is there, and of a file where it is no part of any.
#[must_use]
pub fn sets(paths: &[PathBuf]) -> Vec<Result<PartSet>> {
    let (mut sets, mut strange) = (Vec::<PartSet>::new(), Vec::new());
    for path in paths {
        match look(path) {
            Ok((set, sealed, part)) => {
                match sets.iter_mut().find(|known| known.set == set && known.sealed == sealed) {
                    Some(known) => known.parts.push(part),
                    None => sets.push(PartSet { set, sealed, parts: vec![part] }),
                }
            }
            Err(error) => strange.push(Err(error)),
        }
    }
    sets.into_iter().map(PartSet::complete).chain(strange).collect()
}

fn look(path: &Path) -> Result<(Id128, bool, Part)> {
    let strange = |problem: &str| BundleError::Strange { path: path.to_owned(), problem: problem.to_owned() };
    let damaged = |problem: &str| BundleError::Damaged {
        object: path.display().to_string(),
        problem: problem.to_owned(),
    };
    // A pipe under that name is not waited for.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let mut file = file.map_err(failed("read", path))?;
    let meta = file.metadata().map_err(failed("read", path))?;
    if !meta.is_file() {
        return Err(strange("is not a file"));
    }
    let mut start = [0; HEAD];
    let read = file.read_exact(&mut start);
    if read.is_err() || start[..15] != MAGIC[..] {
        return Err(strange("is no bundle of pannier's, nor a part of one"));
    }
    if start[15] != VERSION {
        let problem =
            format!("is of version {} of bundles, which is not known here; update pannier", start[15]);
        return Err(strange(&problem));
    }
    if meta.len() < (HEAD + TAIL) as u64 {
        return Err(damaged("its end is missing; copy it again"));
    }
    let mut tail = [0; TAIL];
    file.seek(SeekFrom::End(-(TAIL as i64)))
        .and_then(|_| file.read_exact(&mut tail))
        .map_err(failed("read", path))?;
    let (length, rest) = tail.split_first_chunk::<8>().ok_or_else(|| damaged("its end is missing"))?;
    let length = u64::from_le_bytes(*length);
    if length.checked_add((HEAD + TAIL) as u64) != Some(meta.len()) || rest[0] > 1 || start[36] > 1 {
        return Err(damaged("it is not as long as it should be; copy it again"));
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&start[16..32]);
    let (set, sealed) = (Id128(bytes), start[36] == 1);
    let mut digest = [0; 32];
    digest.copy_from_slice(&rest[1..]);
    let number = u32::from_le_bytes([start[32], start[33], start[34], start[35]]);
    Ok((set, sealed, Part { path: path.to_owned(), number, length, last: rest[0] == 1, digest }))
}

impl PartSet {
    /// The same, where all of it is there.
    fn complete(mut self) -> Result<Self> {
        self.parts.sort_by_key(|part| part.number);
        let of = self.parts.iter().find(|part| part.last).map(|part| format!(" of {}", part.number));
        let of = of.unwrap_or_default();
        let problem = |problem| Err(BundleError::Parts { set: self.set, problem });
        for (part, expected) in self.parts.iter().zip(1..) {
            if part.number < expected {
                return problem(format!("part {} is given twice: {}", part.number, part.path.display()));
            }
            if part.number > expected {
                return problem(format!("part {expected}{of} is missing; give all its parts at once"));
            }
        }
        let after_last = self.parts.iter().rev().skip(1).any(|part| part.last);
        match self.parts.last() {
            _ if after_last => problem("there are parts behind its last".to_owned()),
            Some(last) if last.last => Ok(self),
            _ => problem(format!(
                "part {} is missing, and perhaps others behind it; give all its parts at once",
                self.parts.len() + 1
            )),
        }
    }

    /// How long its files are together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.length + (HEAD + TAIL) as u64).sum()
    }

    /// What to call it: its file, or the first of them.
    #[must_use]
    pub fn name(&self) -> String {
        self.parts.first().map(|part| part.path.display().to_string()).unwrap_or_default()
    }

    /// The payloads, one behind the other; each part is checked at its end.
    pub(super) fn reader<P: FnMut(u64)>(self, progress: P) -> PartReader<P> {
        PartReader {
            set: self.set,
            sealed: self.sealed,
            parts: self.parts.into_iter(),
            open: None,
            read: 0,
            progress,
        }
    }
}

/// Reads parts.
pub struct PartReader<P> {
    set: Id128,
    sealed: bool,
    parts: std::vec::IntoIter<Part>,
    open: Option<Reading>,
    read: u64,
    progress: P,
}

struct Reading {
    file: File,
    part: Part,
    left: u64,
    hasher: blake3::Hasher,
}

impl<P> PartReader<P> {
    fn next_part(&mut self) -> Result<Option<Reading>> {
        let Some(part) = self.parts.next() else { return Ok(None) };
        let mut file = File::open(&part.path).map_err(failed("read", &part.path))?;
        file.seek(SeekFrom::Start(HEAD as u64)).map_err(failed("read", &part.path))?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&head(self.set, part.number, self.sealed));
        Ok(Some(Reading { left: part.length, file, part, hasher }))
    }
}

impl Reading {
    fn check(mut self) -> Result<()> {
        self.hasher.update(&self.part.length.to_le_bytes());
        self.hasher.update(&[u8::from(self.part.last)]);
        match self.hasher.finalize() == blake3::Hash::from(self.part.digest) {
            true => Ok(()),
            false => Err(self.damaged("its checksum is not that of its content; copy it again")),
        }
    }

    fn damaged(&self, problem: &str) -> BundleError {
        BundleError::Damaged { object: self.part.path.display().to_string(), problem: problem.to_owned() }
    }
}

impl<P: FnMut(u64)> Read for PartReader<P> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(mut reading) = self.open.take() else {
                self.open = self.next_part()?;
                if self.open.is_none() {
                    return Ok(0);
                }
                continue;
            };
            if reading.left == 0 {
                reading.check()?;
                continue;
            }
            if into.is_empty() {
                self.open = Some(reading);
                return Ok(0);
            }
            let most = into.len().min(usize::try_from(reading.left).unwrap_or(usize::MAX));
            let read = reading.file.read(&mut into[..most]);
            let read = read.map_err(failed("read", &reading.part.path))?;
            if read == 0 {
                return Err(reading.damaged("it became shorter while it was read").into());
            }
            reading.hasher.update(&into[..read]);
            reading.left -= read as u64;
            self.read += read as u64;
            self.open = Some(reading);
            (self.progress)(self.read);
            return Ok(read);
        }
    }
}
