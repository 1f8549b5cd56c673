//! Owns copies of files as they were at a call: cloned where the file system
//! can, else copied, several side by side; never linked, for then a later
//! change of the file would change what was logged. Must not know what the
//! files are for.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use pannier_proto::snapshot::{FILES, Snapshot, Taken, WHAT};
use rustix::fs::{OFlags, ftruncate, ioctl_ficlone};

/// Threads that copy side by side, at most: more do not make a disk faster.
const THREADS_MAX: usize = 4;
/// How many files are worth another thread.
const FILES_PER_THREAD: usize = 64;

/// Why a snapshot was not taken.
#[derive(Debug)]
pub enum Failed {
    /// A file cannot be read: whoever named it should know.
    Source(PathBuf, io::Error),
    /// The copy cannot be written: no fault of the program's.
    Spool(io::Error),
}

/// Takes a snapshot: `what` names its files, `from` says where each is now.
/// `writer` is the writer's folder. Returns the files that went on changing
/// while they were copied, so that no single moment's bytes were had.
///
/// # Errors
/// [`Failed`]; nothing is left of it then.
pub fn take(
    writer: &Path,
    number: u64,
    what: &mut Snapshot,
    from: &[PathBuf],
) -> Result<Vec<PathBuf>, Failed> {
    let folder = make(writer, number).map_err(Failed::Spool)?;
    let taken = copy_all(&folder, from, &mut what.files).and_then(|changing| {
        let json = serde_json::to_vec(what).map_err(|error| Failed::Spool(error.into()))?;
        let mut file = create(&folder.join(WHAT)).map_err(Failed::Spool)?;
        file.write_all(&json).map_err(Failed::Spool)?;
        Ok(changing)
    });
    taken.inspect_err(|_| {
        // Best effort: nobody reads a snapshot that the journal does not name.
        let _ = fs::remove_dir_all(&folder);
    })
}

/// The writer's own folder must be there: it comes into being with a journal in
/// it, or not at all.
fn make(writer: &Path, number: u64) -> io::Result<PathBuf> {
    let files = writer.join(FILES);
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    match builder.create(&files) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let folder = files.join(number.to_string());
    builder.create(&folder)?;
    Ok(folder)
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Copies every file, on a few threads where there are many. The threads end
/// with the call, so a process that forks later has none of them.
fn copy_all(folder: &Path, from: &[PathBuf], taken: &mut [Taken]) -> Result<Vec<PathBuf>, Failed> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((at, source)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, from.get(at)?)))
        {
            let copied = copy(source, &folder.join(at.to_string()));
            let failed = copied.is_err();
            done.push((at, copied));
            if failed {
                // Whoever else copies ends, too.
                next.store(from.len(), Ordering::Relaxed);
            }
        }
        done
    };
    let helpers = (from.len() / FILES_PER_THREAD).min(THREADS_MAX - 1);
    let done = std::thread::scope(|scope| {
        // A thread that cannot be had is one fewer.
        let helpers: Vec<_> = (0..helpers)
            .filter_map(|_| {
                std::thread::Builder::new().name("pannier-copy".into()).spawn_scoped(scope, work).ok()
            })
            .collect();
        let mut done = work();
        done.extend(helpers.into_iter().flat_map(|helper| helper.join().unwrap_or_default()));
        done
    });
    let mut changing = Vec::new();
    for (at, copied) in done {
        let Copied { size, still } = copied?;
        taken[at].size = size;
        if !still {
            changing.push(from[at].clone());
        }
    }
    Ok(changing)
}

/// What a copy came to.
struct Copied {
    size: u64,
    /// Whether the file stood still meanwhile.
    still: bool,
}

/// Copies a file; one that changed meanwhile once more.
fn copy(source: &Path, to: &Path) -> Result<Copied, Failed> {
    let unreadable = |error| Failed::Source(source.to_owned(), error);
    // A pipe or a terminal must not make the program wait.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let mut from = OpenOptions::new().read(true).custom_flags(flags).open(source).map_err(unreadable)?;
    let kind = from.metadata().map_err(unreadable)?.file_type();
    if kind.is_dir() {
        return Err(unreadable(rustix::io::Errno::ISDIR.into()));
    }
    if !kind.is_file() {
        let text = "it is not a regular file";
        return Err(unreadable(io::Error::new(io::ErrorKind::InvalidInput, text)));
    }
    let mut copy = create(to).map_err(Failed::Spool)?;
    // A clone is of one moment.
    if ioctl_ficlone(&copy, &from).is_ok() {
        let size = copy.metadata().map_err(Failed::Spool)?.len();
        return Ok(Copied { size, still: true });
    }
    let mut again = true;
    loop {
        let before = stamp(&from).map_err(unreadable)?;
        let size = io::copy(&mut from, &mut copy).map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Failed::Spool(error)
            }
            _ => unreadable(error),
        })?;
        let still = before == stamp(&from).map_err(unreadable)? && (before.0 == size || before.0 == 0);
        if still || !again {
            return Ok(Copied { size, still });
        }
        again = false;
        from.rewind().map_err(unreadable)?;
        ftruncate(&copy, 0).map_err(|error| Failed::Spool(error.into()))?;
        copy.rewind().map_err(Failed::Spool)?;
    }
}

/// What differs once a file was written to: its size and its time.
fn stamp(file: &File) -> io::Result<(u64, i64, i64)> {
    let meta = file.metadata()?;
    Ok((meta.len(), meta.mtime(), meta.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pannier_proto::path::RelPath;
    use pannier_proto::snapshot::What;

    fn files(count: usize) -> Snapshot {
        let file = |n: usize| Taken { path: RelPath::new(&format!("f{n}")).unwrap(), size: 0 };
        Snapshot { what: What::File { time_us: 1 }, files: (0..count).map(file).collect() }
    }

    #[test]
    fn a_snapshot_keeps_the_bytes_of_the_call() {
        let dir = tempfile::tempdir().unwrap();
        let from: Vec<_> = (0..500).map(|n| dir.path().join(format!("source{n}"))).collect();
        for (n, path) in from.iter().enumerate() {
            fs::write(path, "x".repeat(n)).unwrap();
        }
        let mut what = files(500);
        assert!(take(dir.path(), 3, &mut what, &from).unwrap().is_empty());
        for (n, path) in from.iter().enumerate() {
            // In place, as a program writes a file that it has open.
            OpenOptions::new().write(true).open(path).unwrap().write_all(b"changed").unwrap();
            let kept = fs::read_to_string(dir.path().join(format!("files/3/{n}"))).unwrap();
            assert_eq!((kept, what.files[n].size), ("x".repeat(n), n as u64));
        }
        let read: Snapshot =
            serde_json::from_slice(&fs::read(dir.path().join("files/3/what.json")).unwrap()).unwrap();
        assert_eq!(read, what);
    }

    #[test]
    fn what_cannot_be_read_is_named_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing");
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        for path in [missing, pipe, dir.path().to_owned()] {
            match take(dir.path(), 0, &mut files(1), std::slice::from_ref(&path)) {
                Err(Failed::Source(named, _)) => assert_eq!(named, path),
                other => panic!("{other:?}"),
            }
            assert!(!dir.path().join("files/0").exists());
        }
    }

    #[test]
    fn a_writer_without_a_journal_gets_no_folder() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("source");
        fs::write(&source, "x").unwrap();
        let writer = dir.path().join("writer");
        assert!(matches!(take(&writer, 0, &mut files(1), &[source]), Err(Failed::Spool(_))));
        assert!(!writer.exists());
    }

    #[test]
    fn files_of_the_kernel_have_no_size_and_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut what = files(1);
        assert!(take(dir.path(), 0, &mut what, &["/proc/self/status".into()]).unwrap().is_empty());
        assert!(what.files[0].size > 100);
    }

    #[test]
    fn a_file_that_goes_on_changing_is_told_of() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("source");
        fs::write(&source, vec![0; 32 << 20]).unwrap();
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut file = OpenOptions::new().append(true).open(&source).unwrap();
                while !stop.load(Ordering::Relaxed) {
                    file.write_all(b"more").unwrap();
                }
            });
            let changing = take(dir.path(), 0, &mut files(1), std::slice::from_ref(&source)).unwrap();
            stop.store(true, Ordering::Relaxed);
            assert_eq!(changing, std::slice::from_ref(&source));
        });
    }
}
