//! Where things are in a folder, and how small files of it are read and replaced
//! as a whole. It knows what no file means but `FORMAT`.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pannier_proto::id::{Id128, Origin};
use rustix::fs::OFlags;

use super::file::Name;
use crate::token;

/// What `FORMAT` begins with; the version follows.
const FORMAT: &str = "pannier folder ";
/// The newest version that is known here.
const VERSION: u32 = 1;
/// The longest small file: an index or an acknowledgement of many runs.
const SMALL_BYTES_MAX: u64 = 64 << 20;
/// What temporary files begin with. Nobody reads one.
const TEMPORARY: &str = ".tmp-";
/// One that others share the place of, and that is so old, is written by nobody.
const LEFT_AGE: Duration = Duration::from_secs(24 * 3600);

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The file system refused.
    #[error("cannot {verb} {}: {source}", .path.display())]
    Io {
        /// What was being done.
        verb: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A newer pannier wrote it.
    #[error("{} is a folder of format {found}, which this pannier does not know (it knows {VERSION}); update pannier", .path.display())]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// Something else than a folder of ours.
    #[error("{} is no folder of pannier's: {problem}", .path.display())]
    Strange {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file in it names what is in no file before it, and not here.
    #[error("{} names what is not here: {problem}", .path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// What is lacking.
        problem: String,
    },
    /// A file in it is not what was written.
    #[error("{} is damaged: {problem}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl FolderError {
    /// Whether what was looked for is not there.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// What functions of a folder return.
pub type Result<T, E = FolderError> = std::result::Result<T, E>;

/// The error of doing this to that.
pub fn failed(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    move |source| FolderError::Io { verb, path: path.to_owned(), source }
}

/// What is in `FORMAT`.
#[must_use]
pub fn format() -> String {
    format!("{FORMAT}{VERSION}\n")
}

/// A folder, by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(PathBuf);

impl Place {
    /// The folder at this path; nothing is looked at yet.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self(root.to_owned())
    }

    /// Its path.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Makes it, where it is not there, and makes sure that it is one that can be
    /// written.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn prepare(&self) -> Result<()> {
        for dir in [self.0.clone(), self.writers(), self.acks()] {
            make_dir(&dir)?;
        }
        match self.check() {
            Err(error) if error.is_gone() => replace(&self.0.join("FORMAT"), format().as_bytes()),
            Err(error) => Err(error),
            Ok(()) => {
                let probe = Temporary::new(&self.0)?;
                drop(probe);
                Ok(())
            }
        }
    }

    /// Makes sure that it is a folder of a version that is known here.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn check(&self) -> Result<()> {
        let text = read_small(&self.0.join("FORMAT"))?;
        let text = String::from_utf8_lossy(&text);
        let version = text.strip_prefix(FORMAT).and_then(|rest| rest.trim().parse::<u32>().ok());
        match version {
            Some(VERSION) => Ok(()),
            Some(found) if found > VERSION => Err(FolderError::Newer { path: self.0.clone(), found }),
            _ => Err(FolderError::Strange {
                path: self.0.clone(),
                problem: "its file FORMAT does not say so".to_owned(),
            }),
        }
    }

    /// Removes what relays and whoever made it left half written when they died.
    pub(super) fn clean(&self) {
        for dir in [&self.0, &self.acks()] {
            clean(dir, LEFT_AGE);
        }
    }

    fn writers(&self) -> PathBuf {
        self.0.join("writers")
    }

    fn acks(&self) -> PathBuf {
        self.0.join("acks")
    }

    /// What one writer writes, and nobody else.
    #[must_use]
    pub fn writer(&self, origin: Origin) -> PathBuf {
        self.writers().join(origin.to_string())
    }

    /// Which numbers its files have.
    #[must_use]
    pub fn generation(&self, origin: Origin) -> PathBuf {
        self.writer(origin).join("generation")
    }

    /// What the relay has of a writer's.
    #[must_use]
    pub fn ack(&self, origin: Origin) -> PathBuf {
        self.acks().join(format!("{origin}.json"))
    }

    /// Who relays.
    #[must_use]
    pub fn lease(&self) -> PathBuf {
        self.0.join("relay.json")
    }

    /// Everyone who wrote something. What has no name of a writer's is passed over.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn origins(&self) -> Result<Vec<Origin>> {
        let dir = self.writers();
        let mut origins: Vec<Origin> = Vec::new();
        for entry in fs::read_dir(&dir).map_err(failed("list", &dir))? {
            let entry = entry.map_err(failed("list", &dir))?;
            // A link would lead somewhere else.
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let origin = entry.file_name().to_str().and_then(|name| name.parse::<Id128>().ok());
            origins.extend(origin.filter(|_| is_dir));
        }
        origins.sort_unstable();
        Ok(origins)
    }

    /// The files of a writer, in order; none where there is no such writer.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn files(&self, origin: Origin) -> Result<Vec<Name>> {
        let dir = self.writer(origin);
        let entries = match fs::read_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed("list", &dir))?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed("list", &dir))?;
            files.extend(entry.file_name().to_str().and_then(Name::parse));
        }
        files.sort_unstable();
        Ok(files)
    }
}

/// Makes a folder for this user only, or leaves one as it is.
pub(super) fn make_dir(dir: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed("make", dir))
}

/// Opens a file of the folder: no link, no pipe, only a file.
pub(super) fn open(path: &Path) -> Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(failed("open", path))?;
    if !file.metadata().map_err(failed("open", path))?.is_file() {
        return Err(FolderError::Strange { path: path.to_owned(), problem: "it is not a file".to_owned() });
    }
    Ok(file)
}

/// Reads a small file whole.
///
/// # Errors
/// [`FolderError`].
pub fn read_small(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(SMALL_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed("read", path))?;
    match bytes.len() as u64 <= SMALL_BYTES_MAX {
        true => Ok(bytes),
        false => {
            Err(FolderError::Damaged { path: path.to_owned(), problem: "it is far too long".to_owned() })
        }
    }
}

/// Puts a file in the place of the one that is there: whole or not at all, and on
/// the disk when this returns.
///
/// # Errors
/// [`FolderError`]; the old file is still there then.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    let mut temporary = Temporary::new(dir)?;
    temporary.file.write_all(bytes).map_err(failed("write", path))?;
    temporary.file.sync_all().map_err(failed("sync", path))?;
    fs::rename(&temporary.path, path).map_err(failed("write", path))?;
    sync_dir(dir)
}

/// Which numbers a writer's are; none where it wrote nothing yet.
///
/// # Errors
/// [`FolderError`].
pub fn read_generation(place: &Place, origin: Origin) -> Result<Option<Id128>> {
    match read_small(&place.generation(origin)) {
        Err(error) if error.is_gone() => Ok(None),
        text => Ok(String::from_utf8_lossy(&text?).trim().parse().ok()),
    }
}

/// Makes names durable.
pub(super) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("sync", dir))
}

/// Removes what was left half written by whoever died, and is as old as this.
pub(super) fn clean(dir: &Path, age: Duration) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|meta| meta.modified());
        // By a clock that is ahead of ours, it is new.
        let is_old = modified.is_ok_and(|at| at.elapsed().unwrap_or_default() >= age);
        if is_old && entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            // It is in nobody's way.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A file under a name that nobody reads. It is gone when this is dropped,
/// unless it has another name by then.
pub(super) struct Temporary {
    pub file: File,
    pub path: PathBuf,
}

impl Temporary {
    pub fn new(dir: &Path) -> Result<Self> {
        let name = token::random::<8>().map_err(failed("name a file in", dir))?;
        let path = dir.join(format!("{TEMPORARY}{:016x}", u64::from_le_bytes(name)));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        Ok(Self { file: file.map_err(failed("write into", dir))?, path })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Renamed, it is not there any more.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_once_and_a_newer_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::at(&dir.path().join("deep/folder"));
        assert!(place.check().is_err());
        place.prepare().unwrap();
        place.prepare().unwrap();
        assert_eq!(place.origins().unwrap(), []);
        let left = fs::read_dir(place.root()).unwrap().count();
        assert_eq!(left, 3, "no temporary file stays");
        fs::write(place.root().join("FORMAT"), "pannier folder 2\n").unwrap();
        let error = place.prepare().unwrap_err().to_string();
        assert!(error.contains("format 2") && error.contains("update pannier"), "{error}");
        fs::write(place.root().join("FORMAT"), "something\n").unwrap();
        assert!(matches!(place.check(), Err(FolderError::Strange { .. })));
    }

    #[test]
    fn what_is_no_file_of_a_writer_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::at(dir.path());
        place.prepare().unwrap();
        let writer = place.writer(Id128([1; 16]));
        make_dir(&writer).unwrap();
        std::os::unix::fs::symlink("/etc", place.writers().join("00".repeat(16))).unwrap();
        fs::create_dir(place.writers().join("..strange")).unwrap();
        for name in ["000000000001.records", "1.records", "000000000002.exe", "../x.records", ".tmp-1"] {
            let _ = fs::write(writer.join(name.replace('/', "")), "");
        }
        assert_eq!(place.origins().unwrap(), [Id128([1; 16])]);
        assert_eq!(place.files(Id128([1; 16])).unwrap().len(), 1);
        std::os::unix::fs::symlink("/etc/passwd", writer.join("link")).unwrap();
        assert!(open(&writer.join("link")).is_err());
        assert!(open(&writer).is_err());
        clean(&writer, Duration::ZERO);
        assert!(!writer.join(".tmp-1").exists());
    }

    #[test]
    fn what_anybody_left_half_written_goes_when_it_is_old() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::at(dir.path());
        place.prepare().unwrap();
        let before = std::time::SystemTime::now() - 2 * LEFT_AGE;
        for dir in [dir.path(), &place.acks()] {
            File::create(dir.join(".tmp-1")).unwrap().set_modified(before).unwrap();
            fs::write(dir.join(".tmp-2"), "being written").unwrap();
        }
        place.clean();
        for dir in [dir.path(), &place.acks()] {
            assert!(!dir.join(".tmp-1").exists() && dir.join(".tmp-2").exists());
        }
        assert!(place.check().is_ok());
    }
}
