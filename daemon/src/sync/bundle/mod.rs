//! What is carried by hand: a [`crate::bundle`] holds the files of a folder
//! ([`super::folder`]), and is written and read as one. [`export`] writes what a
//! destination lacks, [`import`] takes in what came, [`receipt`] says what did.
//!
//! A destination is a remote that nobody can ask. Its cursors move as any remote's
//! do: on its answer, which is a receipt. What was written for it, and may be on
//! its way, is noted beside them.

mod carrier;
pub mod export;
pub mod import;
mod known;
pub mod receipt;
mod unpacked;

use std::sync::atomic::{AtomicU64, Ordering};

use super::folder::import::ImportError;
use super::folder::place::FolderError;
use super::remote::RemoteError;
use crate::bundle::BundleError;
use crate::store::StoreError;

/// What a bundle of records says of itself.
const MANIFEST: &str = "bundle.json";
/// What a receipt says.
const RECEIPT: &str = "receipt.json";

/// Why a bundle was not written, or not taken in.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Its files.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// What is in it.
    #[error("it is damaged or was made by somebody else: {0}")]
    Folder(#[from] FolderError),
    /// The home here.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The database here.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bytes here.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// It is not what was asked for.
    #[error("{what}")]
    Refused {
        /// Why.
        what: String,
        /// What to do.
        hint: &'static str,
    },
}

impl Problem {
    fn refused(what: impl Into<String>, hint: &'static str) -> Self {
        Self::Refused { what: what.into(), hint }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Bundle(BundleError::Damaged { .. }) | Self::Folder(FolderError::Damaged { .. }) => {
                "nothing of it was taken in; copy it again from where it was made, or export it again"
            }
            Self::Bundle(BundleError::Parts { .. }) => {
                "nothing of it was taken in; give every part, in any order"
            }
            Self::Bundle(BundleError::Refused(_)) | Self::Folder(_) => {
                "nothing of it was taken in; ask whoever made it"
            }
            Self::Bundle(BundleError::Locked(_)) => "nothing of it was taken in",
            Self::Bundle(BundleError::Io { .. }) | Self::Store(StoreError::Full) => {
                "see whether there is room and whether the file can be used"
            }
            Self::Refused { hint, .. } => hint,
            _ => "",
        }
    }
}

/// What functions here return.
type Result<T, E = Problem> = std::result::Result<T, E>;

/// How far something long is, for whoever looks now and then.
#[derive(Debug, Default)]
pub struct Meter {
    done: AtomicU64,
    total: AtomicU64,
    bytes: AtomicU64,
    stage: AtomicU64,
}

/// What a [`Meter`] counts, in the order in which it comes.
const STAGES: [&str; 4] = ["looking", "records", "reading", "taking in"];

impl Meter {
    fn begin(&self, stage: usize, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.stage.store(stage as u64, Ordering::Relaxed);
    }

    fn done(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    fn bytes(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// What is being done, how much of how much, and how many bytes were written.
    #[must_use]
    pub fn look(&self) -> (&'static str, u64, u64, u64) {
        let get = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let stage = usize::try_from(get(&self.stage)).unwrap_or(0);
        (STAGES.get(stage).copied().unwrap_or_default(), get(&self.done), get(&self.total), get(&self.bytes))
    }
}

/// Work off the runtime's threads.
async fn off<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Closed.into()))
}

/// The machine's name.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
