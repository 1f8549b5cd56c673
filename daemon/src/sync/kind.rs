//! What a remote's URL leads to: the one place that knows all kinds of remotes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pannier_proto::id::Origin;

use super::folder::{Folder, SCHEME};
use super::hub::Hub;

/// A remote, ready to be asked. Clones are the same one.
#[derive(Clone)]
pub enum Kind {
    /// Another pannier.
    Hub(Hub),
    /// A folder on a shared file system.
    Folder(Folder),
}

impl Kind {
    /// For the home `origin`; nothing is sent yet.
    ///
    /// # Errors
    /// Why this URL, token or certificate file cannot be used, for people.
    pub fn new(url: &str, token: Option<&str>, origin: Origin) -> Result<Self, String> {
        match folder_of(url) {
            Some(root) => Ok(Self::Folder(Folder::new(&root?, origin, BTreeMap::new()))),
            None => Ok(Self::Hub(Hub::new(url, token)?)),
        }
    }

    /// The hub, if it is one.
    #[must_use]
    pub fn hub(&self) -> Option<&Hub> {
        match self {
            Self::Hub(hub) => Some(hub),
            Self::Folder(_) => None,
        }
    }

    /// The folder, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Folder> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Hub(_) => None,
        }
    }
}

/// The folder that a URL names; none where it names another kind of remote.
pub fn folder_of(url: &str) -> Option<Result<PathBuf, String>> {
    let path = Path::new(url.strip_prefix(SCHEME)?);
    let plain = |path: &Path| path.components().all(|part| !matches!(part, std::path::Component::ParentDir));
    Some(match path.is_absolute() && plain(path) && !url.contains(char::is_control) {
        true => Ok(path.to_owned()),
        false => Err("names no folder by its whole path".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_by_their_whole_path() {
        assert_eq!(folder_of("https://hub"), None);
        assert_eq!(folder_of("folder:/shared/pannier"), Some(Ok(PathBuf::from("/shared/pannier"))));
        for url in ["folder:shared", "folder:", "folder:/a/../b", "folder:/a\nb"] {
            assert!(folder_of(url).unwrap().is_err(), "{url}");
        }
    }
}
