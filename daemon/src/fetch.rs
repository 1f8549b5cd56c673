//! Read-through: versions that are not here, and bytes that are not here, are
//! fetched from a remote, once however many ask at the same time, and
//! kept, so that they are here without a network, too.
//!
//! A name that can move is asked of the remote before it is answered, as long as
//! the remote answers at once; what is here is the answer otherwise. A remote's
//! refusal or outage is never passed on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use pannier_proto::content::{Blob, Content};
use pannier_proto::hub::{ArtifactQuestion, CollectionName};
use pannier_proto::id::RunPath;
use tokio::sync::Mutex as Turn;
use tokio::time::{Instant, timeout};

use crate::blobs::{BlobError, Blobs};
use crate::handover;
use crate::store::{ArtifactRow, Result, Store, StoreError};
use crate::sync::Sync;
use crate::sync::kind::folder_of;
use crate::sync::remote::RemoteError;

/// How long a remote may take to say what a name means, where this home has an
/// answer of its own.
const SECOND_OPINION: Duration = Duration::from_millis(1500);
/// And where it has none.
const ONLY_OPINION: Duration = Duration::from_secs(10);
/// How long it may take to say where a run stands that is to be resumed: a
/// program waits for it.
const RESUME_OPINION: Duration = Duration::from_secs(3);
/// So long an answer is good for all who ask: the processes of one job do so
/// together.
const FRESH: Duration = Duration::from_secs(2);

/// What is asked for: a name of a collection.
type Key = (CollectionName, String);

/// When it was done last; whoever holds it does it.
type Flight = Arc<Turn<Option<Instant>>>;

/// What is fetched from remotes.
pub struct Fetch {
    store: Arc<Store>,
    blobs: Arc<Blobs>,
    sync: Arc<Sync>,
    flights: Mutex<HashMap<Key, Weak<Turn<Option<Instant>>>>>,
}

/// Why bytes are not here.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Nobody has them.
    #[error("blob {0} is not stored here, and no remote has it")]
    Nobody(Blob),
    /// The remote did not hand them over.
    #[error("blob {blob} is not stored here, and cannot be fetched: {why}")]
    Remote {
        /// The blob.
        blob: Blob,
        /// Why not.
        why: RemoteError,
    },
    /// They cannot be kept.
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

impl Fetch {
    /// For a home and its remotes.
    #[must_use]
    pub fn new(store: Arc<Store>, blobs: Arc<Blobs>, sync: Arc<Sync>) -> Self {
        Self { store, blobs, sync, flights: Mutex::default() }
    }

    fn flight(&self, key: Key) -> Flight {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        flights.retain(|_, flight| flight.strong_count() > 0);
        if let Some(flight) = flights.get(&key).and_then(Weak::upgrade) {
            return flight;
        }
        let flight = Flight::default();
        flights.insert(key, Arc::downgrade(&flight));
        flight
    }

    async fn here(&self, name: &CollectionName, version: &str) -> Result<Option<ArtifactRow>> {
        let (store, name, version) = (self.store.clone(), name.clone(), version.to_owned());
        let look = move || store.member(&name.entity, &name.project, &name.collection, &version);
        tokio::task::spawn_blocking(look).await.unwrap_or(Err(StoreError::Closed))
    }

    /// The version that a name of a collection means: `v3`, an alias, a digest.
    ///
    /// # Errors
    /// [`StoreError`]. What is wrong with a remote is logged.
    pub async fn version(&self, name: &CollectionName, version: &str) -> Result<Option<ArtifactRow>> {
        let here = self.here(name, version).await?;
        // A number or a digest means the same for ever; a number that the remote
        // has not given yet is this home's own.
        let moves = |row: &ArtifactRow| row.aliases.iter().any(|alias| alias.alias == version);
        if here.as_ref().is_some_and(|row| !moves(row)) {
            return Ok(here);
        }
        let patience = match &here {
            Some(_) if !self.sync.first_answers() => return Ok(here),
            Some(_) => SECOND_OPINION,
            None => ONLY_OPINION,
        };
        let asked = timeout(patience, self.ask(name, version)).await;
        match asked {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("what {name}:{version} is at the remote is not known: {error}"),
            Err(_late) => tracing::warn!("the remote did not say in time what {name}:{version} is there"),
        }
        self.here(name, version).await
    }

    async fn ask(&self, name: &CollectionName, version: &str) -> Result<(), RemoteError> {
        let Some((remote, hub)) = self.sync.first() else { return Ok(()) };
        let flight = self.flight((name.clone(), version.to_owned()));
        let mut done = flight.lock().await;
        if done.is_some_and(|at| at.elapsed() < FRESH) {
            return Ok(());
        }
        let question = ArtifactQuestion { name: name.clone(), version: version.to_owned() };
        if let Some(found) = hub.artifact(&question).await? {
            let manifest = found.version.manifest.blob;
            let noted = self.store.write(move |tx| tx.learn_artifact(&found, &remote)).await;
            noted.map_err(|error| RemoteError::transient(error.to_string()))?;
            // Small, and needed to make anything of the version.
            if let Err(error) = self.blob(manifest).await {
                tracing::warn!("the manifest of {name}:{version}: {error}");
            }
        }
        *done = Some(Instant::now());
        Ok(())
    }

    /// Sees to it that what other homes recorded of a run is known here, as far as
    /// the first remote can say it now: a life that is to go on with the run
    /// begins behind it.
    pub async fn run(&self, path: &RunPath) {
        self.left_in_folders(path).await;
        let Some((remote, hub)) = self.sync.first() else { return };
        let asked = async {
            let Some(found) = hub.run(path).await? else { return Ok(()) };
            let noted = self.store.write(move |tx| tx.learn_run(&found)).await;
            noted.map_err(|error| RemoteError::transient(error.to_string()))
        };
        match timeout(RESUME_OPINION, asked).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("what {remote} has of run {path} is not known: {error}"),
            Err(_late) => tracing::warn!("{remote} did not say in time what it has of run {path}"),
        }
    }

    /// What other homes left word of in folders that all of them see.
    async fn left_in_folders(&self, path: &RunPath) {
        let folders = self.store.remotes().unwrap_or_default().into_iter();
        for folder in folders.filter_map(|remote| folder_of(&remote.url)?.ok()) {
            let (store, of, from) = (self.store.clone(), path.clone(), folder.clone());
            let asked = tokio::task::spawn_blocking(move || {
                let found = handover::read(&from, &of, store.origin()).map_err(|error| error.to_string())?;
                let Some(found) = found else { return Ok(()) };
                store.write_blocking(move |tx| tx.learn_run(&found)).map_err(|error| error.to_string())
            });
            match timeout(RESUME_OPINION, asked).await {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => {
                    tracing::warn!("what {} has of run {path} is not known: {error}", folder.display());
                }
                // A file system that hangs.
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!("{} did not say in time what it has of run {path}", folder.display());
                }
            }
        }
    }

    /// Sees to it that a blob's bytes are here.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn blob(&self, blob: Blob) -> Result<(), FetchError> {
        if self.holds(blob).await? {
            return Ok(());
        }
        let store = self.store.clone();
        let content = tokio::task::spawn_blocking(move || store.content_named(blob));
        let content = content.await.unwrap_or(Ok(None)).ok().flatten();
        let content = content.ok_or(FetchError::Nobody(blob))?;
        match self.sync.fetch(&content).await {
            Ok(Some(_from)) => Ok(()),
            Ok(None) => Err(FetchError::Nobody(blob)),
            Err(why) => Err(FetchError::Remote { blob, why }),
        }
    }

    async fn holds(&self, blob: Blob) -> Result<bool, BlobError> {
        let blobs = self.blobs.clone();
        let look = tokio::task::spawn_blocking(move || blobs.contains(&blob));
        look.await.unwrap_or(Ok(false))
    }

    /// The files of a version, its manifest included, whose bytes are not here.
    /// Blocks.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn missing(&self, row: &ArtifactRow) -> Result<Vec<Content>> {
        let files = self.store.artifact_files(row.body.id)?.into_iter().map(|(_, content)| content);
        let mut missing = Vec::new();
        for content in files.chain([row.body.manifest]) {
            let held = self.blobs.contains(&content.blob);
            if !held.map_err(|error| StoreError::Conflict(error.to_string()))? {
                missing.push(content);
            }
        }
        Ok(missing)
    }

    /// What is here of a version stays, whatever the budget.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn pin(&self, row: &ArtifactRow) -> Result<()> {
        let (id, manifest) = (row.body.id, row.body.manifest.blob);
        self.store
            .write(move |tx| {
                tx.pin_blob(&manifest, true)?;
                tx.artifact_files(id)?.iter().try_for_each(|(_, content)| tx.pin_blob(&content.blob, true))
            })
            .await
    }

    /// Brings what is missing of a version; `progress` hears how many bytes of how
    /// many are here. Returns how many were brought.
    ///
    /// # Errors
    /// [`PullError`]; what was brought before stays.
    pub async fn pull(
        self: &Arc<Self>,
        row: &ArtifactRow,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<u64, PullError> {
        let (fetch, of, all) = (self.clone(), row.clone(), row.body.size);
        let missing = tokio::task::spawn_blocking(move || fetch.missing(&of));
        let missing = missing.await.unwrap_or(Err(StoreError::Closed))?;
        let wanted: u64 = missing.iter().map(|content| content.size).sum();
        let mut left = wanted;
        for content in missing {
            progress(all.saturating_sub(left), all);
            self.blob(content.blob).await?;
            left -= content.size;
        }
        progress(all, all);
        Ok(wanted)
    }
}

/// Why a version could not be pulled.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// What it consists of is not known.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Some of its bytes cannot be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}
