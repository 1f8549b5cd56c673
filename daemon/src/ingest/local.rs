//! Files and folders of this machine, and addresses, as the entries of a version:
//! what is to be read, and reading it. Knows nothing of versions, nor who asks.
//!
//! A file is stored while it is read, so that what the manifest says of it is
//! what is stored, whoever writes to it meanwhile.

use std::collections::BTreeMap;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use md5::{Digest as _, Md5 as Hasher};
use pannier_proto::artifacts::PutReference;
use pannier_proto::content::{Content, Md5};
use pannier_proto::path::RelPath;
use rustix::fs::OFlags;

use crate::blobs::{BlobError, Blobs};
use crate::parallel::side_by_side;
use crate::store::{Result, StoreError};
use crate::wandb::ids;
use crate::wandb::manifest::{Entry, Manifest};

/// A file that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it is.
    pub local: PathBuf,
    /// Its bytes when it was looked at.
    pub size: u64,
}

/// What is to be read, by its path in the version.
pub type Sources = BTreeMap<RelPath, Source>;

/// A folder that is being walked through.
struct Folder {
    local: PathBuf,
    /// Of what is in it, with a `/` at its end.
    prefix: String,
    /// Its device and inode.
    identity: (u64, u64),
    above: Option<Rc<Folder>>,
}

impl Folder {
    /// Whether this folder is the one with this identity, or lies in it.
    fn within(&self, identity: (u64, u64)) -> bool {
        let mut folder = Some(self);
        while let Some(here) = folder {
            if here.identity == identity {
                return true;
            }
            folder = here.above.as_deref();
        }
        false
    }
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Refused(format!("{} cannot be logged: {why}", path.display()))
}

fn look(path: &Path) -> Result<Metadata> {
    std::fs::metadata(path).map_err(|error| unreadable(path, &error))
}

/// What is at these absolute paths: a file by its name, a folder as all that is
/// in it. Links are followed.
///
/// # Errors
/// [`StoreError::Refused`] for what is no file, cannot be read or named, and for
/// two files of one name.
pub fn find(paths: &[String]) -> Result<Sources> {
    let mut found = Sources::new();
    for path in paths {
        let path = Path::new(path);
        if !path.is_absolute() {
            return Err(unreadable(path, &"an absolute path is needed"));
        }
        let facts = look(path)?;
        match path.file_name() {
            Some(name) if !facts.is_dir() => add(&mut found, &named("", path, name)?, path, &facts)?,
            _ => walk(path, "", &facts, &mut |at, local, facts| add(&mut found, at, local, facts))?,
        }
    }
    Ok(found)
}

fn named(prefix: &str, path: &Path, name: &std::ffi::OsStr) -> Result<String> {
    let name = name.to_str().ok_or_else(|| unreadable(path, &"its name is not UTF-8"))?;
    Ok(format!("{prefix}{name}"))
}

fn add(found: &mut Sources, at: &str, local: &Path, facts: &Metadata) -> Result<()> {
    if !facts.is_file() {
        return Err(unreadable(local, &"it is neither a file nor a folder"));
    }
    let at = RelPath::new(at).map_err(|error| unreadable(local, &error))?;
    let source = Source { local: local.to_owned(), size: facts.len() };
    match found.insert(at.clone(), source) {
        Some(other) if other.local != local => Err(StoreError::Refused(format!(
            "{} and {} would both be {at} in the version; rename one, or put a folder that holds both",
            other.local.display(),
            local.display()
        ))),
        _ => Ok(()),
    }
}

/// Hands over all that is in a folder, by its path from there behind a prefix.
fn walk(
    folder: &Path,
    prefix: &str,
    facts: &Metadata,
    take: &mut dyn FnMut(&str, &Path, &Metadata) -> Result<()>,
) -> Result<()> {
    let identity = (facts.dev(), facts.ino());
    let first = Folder { local: folder.to_owned(), prefix: prefix.to_owned(), identity, above: None };
    let mut left = vec![Rc::new(first)];
    while let Some(folder) = left.pop() {
        let entries = std::fs::read_dir(&folder.local).map_err(|error| unreadable(&folder.local, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&folder.local, &error))?;
            let local = entry.path();
            let at = named(&folder.prefix, &local, &entry.file_name())?;
            let facts = look(&local)?;
            if !facts.is_dir() {
                take(&at, &local, &facts)?;
                continue;
            }
            let identity = (facts.dev(), facts.ino());
            if folder.within(identity) {
                return Err(unreadable(&local, &"it is a link to a folder that it lies in"));
            }
            let prefix = format!("{at}/");
            left.push(Rc::new(Folder { local, prefix, identity, above: Some(folder.clone()) }));
        }
    }
    Ok(())
}

/// Reads files and stores them, a few side by side, and hears of every piece that
/// was read, until `go_on` says no.
///
/// # Errors
/// [`StoreError`]; [`StoreError::Closed`] where `go_on` said no.
pub fn store(
    blobs: &Arc<Blobs>,
    sources: &Sources,
    go_on: &(dyn Fn(u64) -> bool + Sync),
) -> Result<Vec<Content>> {
    let all: Vec<&Source> = sources.values().collect();
    let done = AtomicU64::new(0);
    let one = |at: usize, buffer: &mut [u8]| {
        let local = &all[at].local;
        let mut writer = blobs.writer().map_err(unwritable)?;
        read(local, buffer, |piece| {
            let done = done.fetch_add(piece.len() as u64, Ordering::Relaxed) + piece.len() as u64;
            if !go_on(done) {
                return Err(StoreError::Closed);
            }
            writer.write(piece).map_err(unwritable)
        })?;
        writer.seal().map_err(unwritable)
    };
    // Waited for together: they share what makes them durable.
    let pending: Vec<_> = side_by_side(all.len(), one).into_iter().collect::<Result<_>>()?;
    pending.into_iter().map(|pending| pending.wait().map_err(unwritable)).collect()
}

/// Why bytes are not stored: for want of room, which will pass, or not.
pub(crate) fn unwritable(error: BlobError) -> StoreError {
    match error {
        BlobError::Full => StoreError::Full,
        other => StoreError::Conflict(other.to_string()),
    }
}

fn read(local: &Path, buffer: &mut [u8], mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut file = open(local).map_err(|error| unreadable(local, &error))?;
    loop {
        match file.read(buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => take(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(local, &error)),
        }
    }
}

/// A pipe that took the place of a file is not waited for.
fn open(local: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(local)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is no file any more")),
    }
}

/// The entries of a version that holds these files, with their contents in the
/// same order, and these references.
///
/// # Errors
/// [`StoreError::Refused`] for a reference that cannot be one, or two entries of
/// one name.
pub fn manifest(
    sources: &Sources,
    contents: &[Content],
    references: &[PutReference],
    birth: &str,
) -> Result<Manifest> {
    let mut manifest = Manifest::default();
    for (path, content) in sources.keys().zip(contents) {
        let digest = ids::md5_base64(content.md5);
        let (size, birth) = (Some(content.size), Some(birth.to_owned()));
        manifest.entries.insert(path.to_string(), Entry { digest, size, birth, ..Entry::default() });
    }
    for asked in references {
        for (path, entry) in reference(asked)? {
            if manifest.entries.insert(path.clone(), entry).is_some() {
                return Err(StoreError::Refused(format!(
                    "{path} would be two things in the version; give the reference {} another name",
                    asked.uri
                )));
            }
        }
    }
    Ok(manifest)
}

/// The entries of a reference. Of a `file://` the bytes are read for their
/// digest; nobody else is asked, and the address stands for the content.
fn reference(asked: &PutReference) -> Result<Vec<(String, Entry)>> {
    let uri = asked.uri.as_str();
    let refuse = |why: &str| StoreError::Refused(format!("{uri:?} cannot be a reference: {why}"));
    let (scheme, rest) = uri
        .split_once("://")
        .filter(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
        .ok_or_else(|| refuse("an address is needed, such as s3://BUCKET/KEY or file:///DIR"))?;
    let plain = rest.split(['?', '#']).next().unwrap_or(rest);
    let by_default = match scheme {
        "file" => return local_reference(asked).map_err(|error| refuse(&error.to_string())),
        "http" | "https" => plain.trim_end_matches('/').rsplit('/').next(),
        "s3" | "gs" => plain.split_once('/').map(|(_, key)| key.trim_end_matches('/')),
        _ => None,
    };
    let path = asked.path.as_deref().or(by_default.filter(|name| !name.is_empty()));
    let path = path.ok_or_else(|| refuse("say what it is to be called: NAME=URI"))?;
    let path = RelPath::new(path).map_err(|error| refuse(&error.to_string()))?;
    let digest = if matches!(scheme, "s3" | "gs") { format!("{scheme}://{plain}") } else { uri.to_owned() };
    let entry = Entry { digest, reference: Some(uri.to_owned()), ..Entry::default() };
    Ok(vec![(path.to_string(), entry)])
}

fn local_reference(asked: &PutReference) -> Result<Vec<(String, Entry)>> {
    let no_path = || StoreError::Refused("it has no path of this machine".to_owned());
    let local = reqwest::Url::parse(&asked.uri).ok().and_then(|uri| uri.to_file_path().ok());
    let local = local.ok_or_else(no_path)?;
    let facts = look(&local)?;
    let mut found = Sources::new();
    let name = asked.path.as_deref();
    if facts.is_dir() {
        let prefix = name.map_or_else(String::new, |name| format!("{name}/"));
        walk(&local, &prefix, &facts, &mut |at, local, facts| add(&mut found, at, local, facts))?;
    } else {
        let own = local.file_name().and_then(|own| own.to_str());
        add(&mut found, name.or(own).ok_or_else(no_path)?, &local, &facts)?;
    }
    let mut buffer = vec![0; 1 << 20];
    let mut entries = Vec::new();
    for (path, source) in found {
        let (mut hasher, mut size) = (Hasher::new(), 0);
        read(&source.local, &mut buffer, |piece| {
            hasher.update(piece);
            size += piece.len() as u64;
            Ok(())
        })?;
        let digest = ids::md5_base64(Md5(hasher.finalize().into()));
        let uri = reqwest::Url::from_file_path(&source.local).map_err(|()| no_path())?;
        let (size, reference) = (Some(size), Some(uri.to_string()));
        entries.push((path.to_string(), Entry { digest, size, reference, ..Entry::default() }));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn paths(found: &Sources) -> Vec<&str> {
        found.keys().map(RelPath::as_str).collect()
    }

    fn why<T: std::fmt::Debug>(found: Result<T>) -> String {
        found.unwrap_err().to_string()
    }

    #[test]
    fn folders_are_taken_with_all_that_is_in_them() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("data");
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        for file in ["x", "a/y", "a/b/z"] {
            std::fs::write(root.join(file), file).unwrap();
        }
        symlink(root.join("a"), root.join("link")).unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let found = find(&[text(&root), text(&root.join("a/y"))]).unwrap();
        assert_eq!(paths(&found), ["a/b/z", "a/y", "link/b/z", "link/y", "x", "y"]);
        assert!(why(find(&[text(&root.join("a/y")), text(&root.join("link/y"))])).contains("both"));
        assert!(why(find(&["data".to_owned()])).contains("absolute"));
        assert!(why(find(&[text(&root.join("none"))])).contains("none"));
        symlink(&root, root.join("a/b/round")).unwrap();
        assert!(why(find(&[text(&root)])).contains("a folder that it lies in"));
    }

    #[test]
    fn what_is_stored_is_what_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let known = Arc::new(crate::store::Store::open(&dir.path().join("db")).unwrap());
        let blobs = Blobs::open(&dir.path().join("blobs"), dir.path().join("quarantine"), known).unwrap();
        let local = dir.path().join("a.txt");
        std::fs::write(&local, "hello").unwrap();
        let sources = find(&[local.to_str().unwrap().to_owned()]).unwrap();
        let blobs = Arc::new(blobs);
        let contents = store(&blobs, &sources, &|_| true).unwrap();
        assert!(matches!(store(&blobs, &sources, &|_| false), Err(StoreError::Closed)));
        let made = manifest(&sources, &contents, &[], "b").unwrap();
        // md5("wandb-artifact-manifest-v1\na.txt:XUFAKrxLKna5cZ2REBfFkg==\n")
        assert_eq!(made.digest(), "541f289bb3c6ae786d51e7288e523543");
        let refer = |uri: &str, path: Option<&str>| {
            let asked = PutReference { uri: uri.to_owned(), path: path.map(str::to_owned) };
            manifest(&sources, &contents, &[asked], "b")
        };
        for (uri, path, at) in [
            ("s3://bucket/some/key.bin?versionId=3", None, "some/key.bin"),
            ("https://host/dir/file.csv?x=1", None, "file.csv"),
            ("ftp://host/x", Some("named"), "named"),
        ] {
            let made = refer(uri, path).unwrap();
            assert_eq!(made.entries[at].reference.as_deref(), Some(uri));
        }
        let made = refer(&format!("file://{}", local.display()), Some("other")).unwrap();
        assert_eq!(made.entries["other"].digest, made.entries["a.txt"].digest);
        for (uri, path) in
            [("ftp://host/x", None), ("key", None), ("s3://b/x", Some("../x")), ("s3://b/a.txt", None)]
        {
            assert!(refer(uri, path).is_err(), "{uri}");
        }
    }
}
