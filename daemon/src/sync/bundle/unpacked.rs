//! One bundle, unpacked beside the home's other folders and looked through, before
//! anything of it is believed. All of it blocks.

use std::path::{Path, PathBuf};

use pannier_proto::bundle::{Manifest, Receipt};
use pannier_proto::id::Id128;
use pannier_proto::path::RelPath;
use serde::de::DeserializeOwned;

use super::{MANIFEST, Meter, Problem, RECEIPT, Result};
use crate::bundle::{self, BundleError, Caps, Folder, Opener, PartSet, PublicKey, Sink, Unpacked};
use crate::home::private_dir;
use crate::sync::folder::file::Name;
use crate::sync::folder::import::check;
use crate::sync::folder::place::read_small;

/// What bundles that are being unpacked are called.
const TEMPORARY: &str = ".unpacking-";
/// Files of one bundle: each is some mebibytes, but for those of many small pushes.
const ENTRIES_MAX: u64 = 4 << 20;
/// What stays free on the disk whatever a bundle says.
const RESERVE_BYTES: u64 = 256 << 20;

/// Lets through what a bundle is made of.
struct Expected(Folder);

impl Sink for Expected {
    fn begin(&mut self, path: &RelPath, size: u64) -> Result<(), BundleError> {
        let written = |rest: &str| match rest.split_once('/') {
            Some((origin, name)) => {
                origin.parse::<Id128>().is_ok_and(|id| id.to_string() == origin)
                    && Name::parse(name).is_some()
            }
            None => false,
        };
        let path_text = path.as_str();
        let known = ["FORMAT", MANIFEST, RECEIPT].contains(&path_text)
            || path_text.strip_prefix("writers/").is_some_and(written);
        match known {
            true => self.0.begin(path, size),
            false => Err(BundleError::Refused(format!("{path} is nothing that belongs into a bundle"))),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), BundleError> {
        self.0.write(bytes)
    }
}

/// What is in a bundle.
pub enum Content {
    /// Records.
    Records(Manifest),
    /// What arrived elsewhere.
    Receipt(Receipt),
}

/// A bundle that was unpacked. Its folder is gone when this is dropped, unless it
/// was kept.
pub struct Looked {
    /// Its name.
    pub set: Id128,
    /// What is in it.
    pub content: Content,
    /// Whose signature it bears.
    pub signed_by: Option<PublicKey>,
    dir: Temporary,
}

struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // What stays is removed at the next start.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Removes what a daemon that died was unpacking.
pub fn clean(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            // It is in nobody's way.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Those that were kept.
pub fn kept(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().parse::<Id128>().is_ok());
    let mut found: Vec<(Option<Manifest>, PathBuf)> =
        named.map(|entry| (read(&entry.path(), MANIFEST).ok().flatten(), entry.path())).collect();
    // Those that were written first come first: what follows on them finds them here.
    found.sort_by_key(|(manifest, path)| {
        (
            manifest.as_ref().map(|manifest| (manifest.from, manifest.to.clone(), manifest.number)),
            path.clone(),
        )
    });
    found.into_iter().map(|(_, path)| path).collect()
}

/// Removes one that was kept. Half of one never lies under its name, where it would
/// be taken for one that waits.
///
/// # Errors
/// The file system's.
pub fn remove(kept: &Path) -> std::io::Result<()> {
    let mut name = std::ffi::OsString::from(TEMPORARY);
    name.push(kept.file_name().unwrap_or_default());
    let hidden = kept.with_file_name(name);
    // One of the same name was left by a daemon that died.
    let _ = std::fs::remove_dir_all(&hidden);
    std::fs::rename(kept, &hidden)?;
    std::fs::remove_dir_all(&hidden)
}

fn read<T: DeserializeOwned>(dir: &Path, name: &str) -> Result<Option<T>> {
    let path = dir.join(name);
    if !path.exists() {
        return Ok(None);
    }
    serde_json::from_slice(&read_small(&path)?)
        .map(Some)
        .map_err(|error| BundleError::Damaged { object: name.to_owned(), problem: error.to_string() }.into())
}

/// Unpacks a bundle below `dir`, reads all of it back, and says what it is. With
/// `keys`, it bears the signature of one of them.
///
/// # Errors
/// [`Problem`]; then nothing of it is left.
pub fn look(
    parts: PartSet,
    dir: &Path,
    (opener, keys): (&Opener, &[PublicKey]),
    meter: &Meter,
    read_before: u64,
) -> Result<Looked> {
    let (set, name) = (parts.set, parts.name());
    private_dir(dir).map_err(|error| Problem::refused(error.to_string(), "see `pannier doctor`"))?;
    let temporary = Temporary(dir.join(format!("{TEMPORARY}{set}")));
    // One of the same name was left by a daemon that died.
    let _ = std::fs::remove_dir_all(&temporary.0);
    private_dir(&temporary.0).map_err(|error| Problem::refused(error.to_string(), "see `pannier doctor`"))?;
    let free = rustix::fs::statvfs(dir).map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    let caps = Caps { entries: ENTRIES_MAX, bytes: free.saturating_sub(RESERVE_BYTES) };
    let mut into = Expected(Folder::new(&temporary.0));
    let progress = |done| meter.done(read_before + done);
    let Unpacked { signed_by, .. } = bundle::open(parts, opener, &caps, &mut into, progress)?;
    if !keys.is_empty() && !signed_by.is_some_and(|key| keys.contains(&key)) {
        return Err(Problem::refused(
            match signed_by {
                Some(key) => {
                    format!("{name} is signed by {key}, which is not one of the keys that are trusted")
                }
                None => format!("{name} is not signed, and only signed ones are taken"),
            },
            "nothing of it was taken in; give --key for whoever you trust",
        ));
    }
    into.0.sync()?;
    let content = match (read(&temporary.0, RECEIPT)?, read(&temporary.0, MANIFEST)?) {
        (Some(receipt), None) => Content::Receipt(receipt),
        (None, Some(manifest)) => {
            check(&temporary.0)?;
            Content::Records(manifest)
        }
        _ => {
            let problem = "it does not say what it is".to_owned();
            return Err(BundleError::Damaged { object: name, problem }.into());
        }
    };
    Ok(Looked { set, content, signed_by, dir: temporary })
}

impl Looked {
    /// Keeps it below `dir`, for what is to be taken in; it is there whole, or not.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn keep(self, dir: &Path) -> Result<PathBuf> {
        let to = dir.join(self.set.to_string());
        // The same one, which was here before, and waits.
        if !to.exists() {
            let moved = std::fs::rename(&self.dir.0, &to).and_then(|()| std::fs::File::open(dir)?.sync_all());
            moved.map_err(|source| BundleError::Io { verb: "keep", path: to.clone(), source })?;
        }
        Ok(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_leaves_nothing_whatever_was_left_before() {
        let dir = tempfile::tempdir().unwrap();
        let name = Id128([7; 16]).to_string();
        for name in [format!("{TEMPORARY}{name}"), name.clone()] {
            std::fs::create_dir(dir.path().join(&name)).unwrap();
            std::fs::write(dir.path().join(&name).join(MANIFEST), "{").unwrap();
        }
        let kept = kept(dir.path());
        assert_eq!(kept, [dir.path().join(&name)]);
        remove(&kept[0]).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
