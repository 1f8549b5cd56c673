//! Owns the writer's journal on disk: segments, their locks, one write a call,
//! and what happens while the disk will not take any. Must not know what the
//! frames say.
//!
//! Nothing here returns an error to a training loop. Frames that cannot be
//! written wait in memory ([`crate::backlog`]) and are written by a later call;
//! [`Journal::trouble`] says what is wrong meanwhile.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pannier_proto::id::{Id128, WriterId};
use pannier_proto::journal::{Open, SEGMENT_BYTES, put_change, put_open, segment_file_name};
use pannier_proto::record::Change;
use rustix::fs::{FlockOperation, flock, ftruncate};

use crate::backlog::{Backlog, whole_frames};

/// How long a full disk is left alone between tries.
const WRITE_AGAIN: Duration = Duration::from_millis(100);
/// The same for files that cannot be made.
const CREATE_AGAIN: Duration = Duration::from_secs(1);
/// The most that one call writes of what waited, so that no call takes long.
const CATCH_UP_BYTES: usize = 1 << 20;

/// A writer's journal.
#[derive(Debug)]
pub struct Journal {
    spool: PathBuf,
    open: Open,
    file: Option<File>,
    len: u64,
    /// Tells segments apart, also those of different writers of one process.
    serial: u64,
    rotate: bool,
    /// Bytes after which a segment is full; smaller in tests.
    segment_bytes: u64,
    backlog: Backlog,
    dropped: u64,
    again: Option<Instant>,
    trouble: Option<io::Error>,
}

impl Journal {
    /// A journal in this spool, with the writer, the run and so on from `open`.
    /// The file is made at the first append.
    #[must_use]
    pub fn new(spool: PathBuf, open: Open) -> Self {
        Self {
            spool,
            open: Open { segment: 1, ..open },
            file: None,
            len: 0,
            serial: 1,
            rotate: false,
            segment_bytes: SEGMENT_BYTES,
            backlog: Backlog::default(),
            dropped: 0,
            again: None,
            trouble: None,
        }
    }

    /// The writer.
    #[must_use]
    pub fn writer(&self) -> WriterId {
        self.open.writer
    }

    /// The folder that the journal is in.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.spool.join(self.open.writer.to_string())
    }

    /// Whether anything was appended so far.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.file.is_some() || !self.backlog.is_empty()
    }

    /// Whether everything appended is in the file.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.file.is_some() && self.backlog.is_empty() && self.dropped == 0
    }

    /// A number that changes with every segment, and with it the dictionary of
    /// shapes.
    #[inline]
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// Calls whose frames were thrown away and are not yet recorded as such.
    #[inline]
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Bytes that are waiting to be written.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.backlog.frames().len()
    }

    /// Why the journal cannot be written, while it cannot.
    #[inline]
    #[must_use]
    pub fn trouble(&self) -> Option<&io::Error> {
        self.trouble.as_ref()
    }

    /// Asks for a new segment before the next frame.
    pub fn rotate_soon(&mut self) {
        self.rotate = true;
    }

    /// Gets the journal ready for frames that depend on [`Journal::serial`]:
    /// makes the file, begins a new segment, catches up, each where due.
    #[inline]
    pub fn prepare(&mut self) {
        let due = self.len >= self.segment_bytes || self.rotate;
        if self.file.is_none() || self.trouble.is_some() || due {
            self.prepare_slowly();
        }
    }

    /// Appends the whole frames of one call with one write. False where they
    /// were thrown away, which happens only when the memory for waiting frames
    /// is full.
    #[inline]
    pub fn append(&mut self, frames: &[u8]) -> bool {
        let mut written = 0;
        if self.backlog.is_empty()
            && let Some(file) = &self.file
        {
            match write_all(file, frames) {
                Ok(()) => {
                    self.len += frames.len() as u64;
                    return true;
                }
                Err((at, error)) => {
                    written = whole_frames(frames, at);
                    self.cut_back(written, at);
                    self.failed(error, WRITE_AGAIN);
                }
            }
        }
        self.keep(&frames[written..])
    }

    /// Goes on as another writer, in a forked child. The parent's lock stays
    /// the parent's: it belongs to the open file, which the parent still holds.
    pub fn fork(&mut self, writer: WriterId, pid: u32) {
        let parent = std::mem::replace(&mut self.open.writer, writer);
        self.open.parent = Some(parent);
        self.open.pid = pid;
        self.open.segment = 1;
        self.file = None;
        self.len = 0;
        self.serial += 1;
        self.rotate = false;
        self.backlog = Backlog::default();
        self.dropped = 0;
        self.again = None;
        self.trouble = None;
    }

    /// Writes all that waits, as far as the disk takes it, and closes the file.
    /// Returns whether everything is in it.
    pub fn close(&mut self) -> bool {
        self.again = None;
        // Nothing may follow the last word, least of all another segment.
        self.segment_bytes = u64::MAX;
        self.rotate = false;
        loop {
            let waiting = self.backlog.frames().len();
            self.prepare_slowly();
            if self.backlog.frames().len() == waiting {
                break;
            }
        }
        let written = self.is_written();
        self.file = None;
        written
    }

    fn prepare_slowly(&mut self) {
        if self.again.is_some_and(|at| Instant::now() < at) {
            return;
        }
        self.again = None;
        if self.file.is_none() {
            match self.create() {
                Ok((file, len)) => (self.file, self.len) = (Some(file), len),
                Err(error) => return self.failed(error, CREATE_AGAIN),
            }
        }
        if !self.catch_up() {
            return;
        }
        if self.len >= self.segment_bytes || self.rotate {
            match self.next_segment() {
                Ok((file, len)) => {
                    self.file = Some(file);
                    self.len = len;
                    self.serial += 1;
                    self.rotate = false;
                }
                // The old segment takes more in the meantime.
                Err(error) => return self.failed(error, CREATE_AGAIN),
            }
        }
        self.trouble = None;
    }

    /// Writes some of what waits; true when nothing waits any more.
    fn catch_up(&mut self) -> bool {
        let Some(file) = &self.file else { return false };
        if !self.backlog.is_empty() {
            let frames = self.backlog.frames();
            // One frame can be longer than a piece.
            let piece = match whole_frames(frames, CATCH_UP_BYTES) {
                0 => whole_frames(frames, frames.len()),
                some => some,
            };
            match write_all(file, &frames[..piece]) {
                Ok(()) => {
                    self.len += piece as u64;
                    self.backlog.advance(piece);
                }
                Err((at, error)) => {
                    let whole = whole_frames(frames, at);
                    self.backlog.advance(whole);
                    self.cut_back(whole, at);
                    self.failed(error, WRITE_AGAIN);
                    return false;
                }
            }
        }
        if self.backlog.is_empty() && self.dropped > 0 {
            self.own_up();
        }
        self.backlog.is_empty()
    }

    /// Records that calls were thrown away.
    fn own_up(&mut self) {
        let reason = "the journal could not be written and the memory for waiting records was full";
        let change = Change::Dropped { time_us: now_us(), count: self.dropped, reason: reason.to_owned() };
        let mut frame = Vec::new();
        put_change(&mut frame, &change);
        if self.append(&frame) {
            self.dropped = 0;
        }
    }

    fn keep(&mut self, frames: &[u8]) -> bool {
        let kept = self.backlog.push(frames);
        self.dropped += u64::from(!kept);
        kept
    }

    fn failed(&mut self, error: io::Error, again: Duration) {
        self.trouble = Some(error);
        self.again = Some(Instant::now() + again);
    }

    /// Takes the torn end of a short write back, so that the file ends with a
    /// whole frame. Where even that fails, readers look for the next frame.
    fn cut_back(&mut self, whole: usize, written: usize) {
        self.len += whole as u64;
        if written > whole
            && let Some(file) = &self.file
            && ftruncate(file, self.len).is_err()
        {
            self.len += (written - whole) as u64;
        }
    }

    fn create(&self) -> io::Result<(File, u64)> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.spool)?;
        let folder = self.folder();
        let making = folder.with_extension("new");
        let clean_up = || {
            // Best effort: a folder that is left over is only litter.
            let _ = fs::remove_dir_all(&making);
        };
        clean_up();
        DirBuilder::new().mode(0o700).create(&making)?;
        let path = making.join(segment_file_name(1));
        self.begin(&path, 1)
            .and_then(|made| fs::rename(&making, &folder).map(|()| made))
            .inspect_err(|_| clean_up())
    }

    fn next_segment(&mut self) -> io::Result<(File, u64)> {
        let segment = self.open.segment + 1;
        let path = self.folder().join(segment_file_name(segment));
        let making = path.with_extension("tmp");
        let made = self
            .begin(&making, segment)
            .and_then(|made| fs::rename(&making, &path).map(|()| made))
            .inspect_err(|_| {
                let _ = fs::remove_file(&making);
            })?;
        self.open.segment = segment;
        Ok(made)
    }

    fn begin(&self, path: &Path, segment: u64) -> io::Result<(File, u64)> {
        // The file of a try that failed half-way may lie there; nobody reads it.
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        ftruncate(&file, 0)?;
        let mut head = Vec::new();
        put_open(&mut head, &Open { segment, ..self.open.clone() });
        write_all(&file, &head).map_err(|(_, error)| error)?;
        Ok((file, head.len() as u64))
    }
}

/// One write(2), and more only where the kernel took less. On failure: how much
/// it took, and why not more.
#[inline]
fn write_all(file: &File, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut at = 0;
    while at < bytes.len() {
        match rustix::io::write(file, &bytes[at..]) {
            Ok(0) => return Err((at, io::ErrorKind::WriteZero.into())),
            Ok(written) => at += written,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err((at, error.into())),
        }
    }
    Ok(())
}

/// A new writer's id.
#[must_use]
pub fn new_writer() -> WriterId {
    let mut id = [0; 16];
    if getrandom::fill(&mut id).is_err() {
        // No random numbers: time and pid tell writers of one machine apart.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        id = (now << 32 | u128::from(std::process::id())).to_be_bytes();
    }
    Id128(id)
}

/// Microseconds since 1970, UTC.
#[inline]
#[must_use]
pub fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
