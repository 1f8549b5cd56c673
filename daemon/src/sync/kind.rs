//! The kinds of remotes there are, by their URLs: what is made of a remote's entry
//! in the store. It knows no protocol.

use std::sync::Arc;

use pannier_proto::id::{DEFAULT_ENTITY, RunPath};

use super::hub::Hub;
use super::wandb::Wandb;
use crate::blobs::Blobs;
use crate::store::{self, Store};

/// What begins the URL of a server of W&B's; the rest is the server's own URL.
pub const WANDB: &str = "wandb+";

/// A remote, ready to be spoken to.
pub enum Kind {
    /// Another pannier.
    Hub(Hub),
    /// A server of W&B's.
    Wandb(Box<Wandb>),
}

impl Kind {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// # Errors
    /// Why this URL or token cannot be used, for people.
    pub fn new(
        name: &str,
        url: &str,
        token: Option<&str>,
        store: &Arc<Store>,
        blobs: &Arc<Blobs>,
    ) -> Result<Self, String> {
        match url.strip_prefix(WANDB) {
            Some(url) => {
                let wandb = Wandb::new(name, url, token, store.clone(), blobs.clone())?;
                Ok(Self::Wandb(Box::new(wandb)))
            }
            None => Hub::new(url, token).map(Self::Hub),
        }
    }
}

/// The page of a run at a remote, where it can be said which that is.
#[must_use]
pub fn run_page(store: &Store, remote: &store::Remote, path: &RunPath) -> Option<String> {
    let RunPath { entity, project, run } = path;
    let Some(url) = remote.url.strip_prefix(WANDB) else {
        return Some(format!("{}/{entity}/{project}/runs/{run}", remote.url.trim_end_matches('/')));
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
