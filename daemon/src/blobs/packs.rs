//! Where packs lie: the narrow trait that everything about bytes goes through,
//! and its implementation by files. Knows nothing of what is in a pack.
//!
//! An object store satisfies the trait with an object for each append, named by
//! pack and offset, put whole and never changed: nothing is ever read across two
//! appends, and nothing is overwritten.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{BlobError, Result, failed};
use crate::home::{HomeError, private_dir};

/// Packs that are kept open.
const OPEN_MAX: usize = 64;

/// Packs by id. Only one caller appends, cuts and removes; any number read.
pub trait Packs: Send + Sync {
    /// Adds bytes to a pack that is `at` bytes long; at 0 it is made. They need
    /// not be durable before [`Packs::sync`].
    fn append(&self, pack: i64, at: u64, bytes: &[u8]) -> Result<()>;

    /// Makes durable what was appended. One that failed is not tried again: the
    /// caller leaves this pack alone from then on.
    fn sync(&self, pack: i64) -> Result<()>;

    /// Fills `into` with what lies at `at`; within what one append brought.
    fn read(&self, pack: i64, at: u64, into: &mut [u8]) -> Result<()>;

    /// Drops what lies behind this length; at 0 the pack is removed.
    fn cut(&self, pack: i64, length: u64) -> Result<()>;

    /// The packs and their lengths.
    fn list(&self) -> Result<Vec<(i64, u64)>>;
}

/// Syncs a file or folder.
pub(super) fn sync(file: &File) -> io::Result<()> {
    if crate::sabotage::is("no-fsync") { Ok(()) } else { file.sync_all() }
}

/// Makes a folder for this user only, or makes sure that it is one.
pub(super) fn make_dir(path: &Path) -> Result<()> {
    private_dir(path).map_err(|error| match error {
        HomeError::Io { path, source } => failed("make", &path)(source),
        other => failed("use", path)(io::Error::other(other)),
    })
}

/// Packs as files of a folder, `0000000001.pack` and so on.
pub struct PackFiles {
    dir: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: BTreeMap<i64, Opened>,
    /// Grows with every use.
    uses: u64,
    /// The folder could not be synced. The kernel may have dropped what it could
    /// not write, and would say yes to a second sync.
    broken: bool,
}

struct Opened {
    file: Arc<File>,
    used: u64,
    /// Its name is not on the disk yet.
    new: bool,
    /// What was appended is not. A file tells of a failed write only those who
    /// had it open then, so it stays open.
    dirty: bool,
}

impl PackFiles {
    /// Opens the folder, or makes it.
    pub fn open(dir: PathBuf) -> Result<Self> {
        make_dir(&dir)?;
        let files = Self { dir, state: Mutex::default() };
        for dir in [Some(files.dir.as_path()), files.dir.parent(), files.dir.parent().and_then(Path::parent)]
        {
            // The folders' own names must be on the disk before anything in them.
            let Some(dir) = dir else { continue };
            File::open(dir).and_then(|dir| sync(&dir)).map_err(failed("sync", dir))?;
        }
        Ok(files)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nobody panics in the middle of a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, pack: i64) -> PathBuf {
        self.dir.join(format!("{pack:010}.pack"))
    }

    fn file(&self, pack: i64, new: bool) -> Result<Arc<File>> {
        let mut state = self.state();
        state.uses += 1;
        let used = state.uses;
        if let Some(opened) = state.open.get_mut(&pack) {
            opened.used = used;
            return Ok(opened.file.clone());
        }
        let path = self.path(pack);
        if new && state.broken {
            let source = io::Error::other("it could not be synced before; restart the daemon");
            return Err(failed("sync", &self.dir)(source));
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(new).mode(0o600);
        let file = Arc::new(options.open(&path).map_err(failed(if new { "make" } else { "open" }, &path))?);
        if state.open.len() >= OPEN_MAX {
            let idle = state.open.iter().filter(|(_, opened)| !opened.new && !opened.dirty);
            let oldest = idle.min_by_key(|(_, opened)| opened.used).map(|(pack, _)| *pack);
            oldest.and_then(|pack| state.open.remove(&pack));
        }
        state.open.insert(pack, Opened { file: file.clone(), used, new, dirty: false });
        Ok(file)
    }
}

impl Packs for PackFiles {
    fn append(&self, pack: i64, at: u64, bytes: &[u8]) -> Result<()> {
        let file = self.file(pack, at == 0)?;
        if let Some(opened) = self.state().open.get_mut(&pack) {
            opened.dirty = true;
        }
        file.write_all_at(bytes, at).map_err(failed("write", &self.path(pack)))
    }

    fn sync(&self, pack: i64) -> Result<()> {
        let file = self.file(pack, false)?;
        sync(&file).map_err(failed("sync", &self.path(pack)))?;
        let mut state = self.state();
        if state.open.get(&pack).is_some_and(|opened| opened.new) {
            File::open(&self.dir).and_then(|dir| sync(&dir)).map_err(|error| {
                state.broken = true;
                failed("sync", &self.dir)(error)
            })?;
        }
        if let Some(opened) = state.open.get_mut(&pack) {
            (opened.new, opened.dirty) = (false, false);
        }
        Ok(())
    }

    fn read(&self, pack: i64, at: u64, into: &mut [u8]) -> Result<()> {
        self.file(pack, false)?.read_exact_at(into, at).map_err(failed("read", &self.path(pack)))
    }

    fn cut(&self, pack: i64, length: u64) -> Result<()> {
        let path = self.path(pack);
        if length > 0 {
            return self.file(pack, false)?.set_len(length).map_err(failed("cut", &path));
        }
        self.state().open.remove(&pack);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", &path)(error)),
            _ => Ok(()),
        }
    }

    fn list(&self) -> Result<Vec<(i64, u64)>> {
        let mut packs = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed("list", &self.dir))? {
            let entry = entry.map_err(failed("list", &self.dir))?;
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".pack")).and_then(|id| id.parse().ok());
            // Whatever else lies there is none of ours.
            let Some(id) = id else { continue };
            packs.push((id, entry.metadata().map_err(failed("look at", &entry.path()))?.len()));
        }
        packs.sort_unstable();
        Ok(packs)
    }
}

/// Whether an error says that a pack is not there, or not that long.
pub(super) fn gone(error: &BlobError) -> bool {
    let BlobError::Io { source, .. } = error else { return false };
    matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof)
}
