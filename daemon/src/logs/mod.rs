//! The door for what other trackers leave on disk: `.wandb` files with the folders
//! around them, and TensorBoard's event files. They are read, never written; what
//! is in them goes the way of W&B's posts (`ingest::stream`), so that a run is the
//! same by whichever door it comes, and comes once.
//!
//! How far a log is taken in is committed with its records, under a digest of what
//! it begins with: wherever it lies, it is known again. It is always read from its
//! begin, because what it says last depends on all before; only what is new is
//! recorded. A log of a run that came by another door before adds what is lacking,
//! row by row (`known`).

mod artifact;
mod batch;
mod files;
mod find;
mod head;
mod import;
mod known;
mod take;
mod tensorboard;
#[cfg(test)]
mod tests;
mod wandb;
mod watch;

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::blobs::Blobs;
use crate::lives::Lives;
use crate::names::Numbers;
use crate::store::{Store, StoreError};

pub use watch::Watch;

/// What the door works with.
#[derive(Clone)]
pub struct Logs {
    /// Everything durable.
    pub store: Arc<Store>,
    /// The bytes of files.
    pub blobs: Arc<Blobs>,
    /// Programs that post, or are followed.
    pub lives: Arc<Lives>,
    /// Numbers given to new runs.
    pub numbers: Arc<Numbers>,
    /// Runs what is not blocking.
    pub runtime: Handle,
    /// Whose runs are that name nobody.
    pub entity: String,
}

impl Logs {
    /// Within a runtime.
    #[must_use]
    pub fn new(
        store: &Arc<Store>,
        blobs: &Arc<Blobs>,
        lives: &Arc<Lives>,
        numbers: &Arc<Numbers>,
        entity: String,
    ) -> Self {
        Self {
            store: store.clone(),
            blobs: blobs.clone(),
            lives: lives.clone(),
            numbers: numbers.clone(),
            runtime: Handle::current(),
            entity,
        }
    }
}

/// Whose the runs of logs become, where somebody says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whose {
    /// The entity.
    pub entity: Option<String>,
    /// The project.
    pub project: Option<String>,
}

/// Why a log, or a part of it, is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It cannot be, for people.
    #[error("{0}")]
    Refused(String),
    /// The home cannot take anything in now.
    #[error(transparent)]
    Home(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(why) | StoreError::Refused(why) => Self::Refused(why),
            missing @ StoreError::Missing(_) => Self::Refused(missing.to_string()),
            other => Self::Home(other),
        }
    }
}

/// What came of reading a log so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows of history that are new.
    pub rows: u64,
    /// Rows that were here before.
    pub rows_known: u64,
    /// Versions of artifacts.
    pub artifacts: u64,
    /// Those of them that are new.
    pub artifacts_new: u64,
    /// Files that are new.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Bytes of which nothing could be made.
    pub damaged: u64,
    /// What is not taken in, and why.
    pub problems: Vec<String>,
}

impl Report {
    /// The most problems that are told of one log; of the rest, that there are more.
    const PROBLEMS_MAX: usize = 20;

    /// Notes what is not taken in.
    pub fn problem(&mut self, what: impl Into<String>) {
        let what = what.into();
        if self.problems.len() < Self::PROBLEMS_MAX && !self.problems.contains(&what) {
            self.problems.push(what);
        } else if self.problems.len() == Self::PROBLEMS_MAX {
            self.problems.push("and more of the kind".to_owned());
        }
    }
}
