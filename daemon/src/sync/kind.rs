//! What a remote's URL leads to: the one place that knows all kinds of remotes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pannier_proto::bundle::CARRIED;
use pannier_proto::id::{DEFAULT_ENTITY, RunPath};

use super::folder::{Folder, SCHEME};
use super::hub::Hub;
use super::wandb::Wandb;
use crate::blobs::Blobs;
use crate::store::{self, Store};

/// What begins the URL of a server of W&B's; the rest is the server's own URL.
pub const WANDB: &str = "wandb+";

/// A remote, ready to be asked. Clones are the same one.
#[derive(Clone)]
pub enum Kind {
    /// Another pannier.
    Hub(Arc<Hub>),
    /// A server of W&B's.
    Wandb(Arc<Wandb>),
    /// A folder on a shared file system.
    Folder(Arc<Folder>),
    /// A place to which bundles are carried. Nobody can be asked there.
    Carried,
}

impl Kind {
    /// The remote `name` of a home; nothing is sent yet.
    ///
    /// # Errors
    /// Why this URL, token or certificate file cannot be used, for people.
    pub fn new(
        name: &str,
        url: &str,
        token: Option<&str>,
        store: &Arc<Store>,
        blobs: &Arc<Blobs>,
    ) -> Result<Self, String> {
        if url == CARRIED {
            return Ok(Self::Carried);
        }
        if let Some(root) = folder_of(url) {
            return Ok(Self::Folder(Arc::new(Folder::new(&root?, store.origin(), BTreeMap::new()))));
        }
        if let Some(url) = url.strip_prefix(WANDB) {
            return Ok(Self::Wandb(Arc::new(Wandb::new(name, url, token, store.clone(), blobs.clone())?)));
        }
        Ok(Self::Hub(Arc::new(Hub::new(url, token)?)))
    }

    /// The hub, if it is one.
    #[must_use]
    pub fn hub(&self) -> Option<&Hub> {
        match self {
            Self::Hub(hub) => Some(hub),
            Self::Wandb(_) | Self::Folder(_) | Self::Carried => None,
        }
    }

    /// The folder, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Folder> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Hub(_) | Self::Wandb(_) | Self::Carried => None,
        }
    }
}

/// The page of a run at a remote, where it has pages and can be said which.
#[must_use]
pub fn run_page(store: &Store, remote: &store::Remote, path: &RunPath) -> Option<String> {
    let RunPath { entity, project, run } = path;
    let Some(url) = remote.url.strip_prefix(WANDB) else {
        return remote
            .url
            .starts_with("http")
            .then(|| format!("{}/{entity}/{project}/runs/{run}", remote.url.trim_end_matches('/')));
    };
    let base = application(url);
    let mut entity = entity.clone();
    if entity == DEFAULT_ENTITY {
        // Nobody's own runs are the user's there.
        entity = store.learned_organizations(Some(&remote.name)).ok()?.pop()?.entity;
    }
    Some(format!("{base}/{entity}/{project}/runs/{run}"))
}

/// Where people look at what is at a server of W&B's.
#[must_use]
pub fn application(url: &str) -> &str {
    if url == "https://api.wandb.ai" { "https://wandb.ai" } else { url.trim_end_matches('/') }
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
