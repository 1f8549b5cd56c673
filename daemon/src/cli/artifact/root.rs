//! A folder that is written below, and nowhere else. Every part of a path is
//! opened from the one above it and no link is followed, so that neither a
//! manifest nor a link that lies there leads out. Knows no daemon.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use pannier_proto::path::RelPath;
use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, flock, mkdirat, open, openat, renameat, unlinkat};
use rustix::io::Errno;

/// The folder.
pub struct Root {
    path: PathBuf,
    folder: OwnedFd,
}

/// Where a file is to be: its folder, and its name there.
pub struct Spot {
    folder: OwnedFd,
    name: String,
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const FILE: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

impl Root {
    /// Opens the folder, or makes it. Links on the way to it are the caller's own.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let folder = open(path, FOLDER, Mode::empty())?;
        Ok(Self { path: path.to_owned(), folder })
    }

    /// A folder in this one, whatever it is called.
    ///
    /// # Errors
    /// Those of the file system; a link is one, and a name that is none.
    pub fn below(&self, name: &str) -> io::Result<Self> {
        if name.is_empty() || name == "." || name == ".." || name.contains('/') {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{name:?} is no name of a folder"),
            ));
        }
        Ok(Self { path: self.path.join(name), folder: into(&self.folder, name)? })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The place of a file; folders on the way are made.
    ///
    /// # Errors
    /// Those of the file system; a link on the way is one.
    pub fn spot(&self, path: &RelPath) -> io::Result<Spot> {
        let mut folder = self.folder.try_clone()?;
        let mut parts = path.as_str().split('/').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return Ok(Spot { folder, name: part.to_owned() });
            }
            folder = into(&folder, part)?;
        }
        Err(io::ErrorKind::InvalidInput.into())
    }
}

fn into(folder: &OwnedFd, part: &str) -> io::Result<OwnedFd> {
    match mkdirat(folder, part, Mode::from_raw_mode(0o777)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    openat(folder, part, FOLDER.union(OFlags::NOFOLLOW), Mode::empty()).map_err(|error| match error {
        Errno::LOOP | Errno::NOTDIR => {
            io::Error::other(format!("{part} is there, and is a link or a file; remove it, or use --root"))
        }
        error => error.into(),
    })
}

impl Spot {
    /// The file that is there, where it is one.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn existing(&self) -> io::Result<Option<File>> {
        match openat(&self.folder, &self.name, OFlags::RDONLY.union(FILE), Mode::empty()) {
            Ok(fd) => {
                let file = File::from(fd);
                Ok(file.metadata()?.is_file().then_some(file))
            }
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A file of this name beside it, for this process alone to write.
    ///
    /// # Errors
    /// Those of the file system; that another process is writing it.
    pub fn partial(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDWR.union(OFlags::CREATE).union(FILE);
        let file = File::from(openat(&self.folder, name, flags, Mode::from_raw_mode(0o666))?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::other(format!("{name} is no file")));
        }
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            Errno::WOULDBLOCK => io::Error::other("another process is downloading it"),
            error => error.into(),
        })?;
        Ok(file)
    }

    /// Puts the file of this name into its place, whatever file or link is there.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn place(&self, partial: &str) -> io::Result<()> {
        Ok(renameat(&self.folder, partial, &self.folder, &self.name)?)
    }

    /// Removes the file of this name.
    pub fn forget(&self, partial: &str) {
        // It is written anew another time.
        let _ = unlinkat(&self.folder, partial, AtFlags::empty());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::symlink;

    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    #[test]
    fn nothing_leads_out() {
        let dir = tempfile::tempdir().unwrap();
        let (inside, outside) = (dir.path().join("in"), dir.path().join("out"));
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        std::fs::write(outside.join("file"), "theirs").unwrap();
        symlink(&outside, inside.join("link")).unwrap();
        symlink(outside.join("file"), inside.join("target")).unwrap();
        symlink(outside.join("file"), inside.join("partial")).unwrap();
        let root = Root::open(&inside).unwrap();
        assert!(root.spot(&path("link/file")).err().unwrap().to_string().contains("link"));
        assert!(root.below("link").is_err());
        let spot = root.spot(&path("target")).unwrap();
        assert!(spot.existing().unwrap().is_none());
        assert!(spot.partial("partial").is_err());
        let mut file = spot.partial("mine").unwrap();
        assert!(spot.partial("mine").err().unwrap().to_string().contains("another process"));
        file.write_all(b"ours").unwrap();
        spot.place("mine").unwrap();
        assert_eq!(std::fs::read(inside.join("target")).unwrap(), b"ours");
        assert_eq!(std::fs::read(outside.join("file")).unwrap(), b"theirs");
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    }

    #[test]
    fn folders_are_made_and_what_is_there_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(&dir.path().join("a/b")).unwrap().below("c:v1").unwrap();
        let spot = root.spot(&path("d/e")).unwrap();
        drop(spot.partial("p").unwrap());
        spot.place("p").unwrap();
        assert!(spot.existing().unwrap().is_some());
        assert_eq!(root.path(), dir.path().join("a/b/c:v1"));
        assert!(root.spot(&path("d")).unwrap().existing().unwrap().is_none(), "a folder is no file");
        assert!(root.spot(&path("d/e/f")).is_err());
        assert!(["", ".", "..", "a/b", "a\0b"].iter().all(|name| root.below(name).is_err()));
    }
}
