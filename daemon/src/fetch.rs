//! Brings the bytes of versions here, before anybody asks for them.

use std::sync::Arc;

use pannier_proto::content::Content;

use crate::blobs::Blobs;
use crate::store::{ArtifactRow, Result, Store, StoreError};

/// Who brings them.
pub struct Fetch {
    store: Arc<Store>,
    blobs: Arc<Blobs>,
}

/// What was brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Brought {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Fetch {
    /// For this home.
    #[must_use]
    pub fn new(store: Arc<Store>, blobs: Arc<Blobs>) -> Self {
        Self { store, blobs }
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

    /// Brings what is missing of a version; `progress` hears how many bytes of how
    /// many are here. What is stored here stays, pinned or not.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where bytes are missing that nobody can give.
    pub async fn pull(
        self: &Arc<Self>,
        row: ArtifactRow,
        _pin: bool,
        progress: impl Fn(u64, u64) + Send,
    ) -> Result<Brought> {
        let (fetch, size) = (self.clone(), row.body.size);
        let of = format!("{}:v{}", row.collection.name, row.version);
        let missing = tokio::task::spawn_blocking(move || fetch.missing(&row));
        let missing = missing.await.unwrap_or(Err(StoreError::Closed))?;
        if missing.is_empty() {
            progress(size, size);
            return Ok(Brought::default());
        }
        let bytes: u64 = missing.iter().map(|content| content.size).sum();
        Err(StoreError::Conflict(format!(
            "{} files of {of}, with {bytes} bytes, are not stored here, and no remote gives them",
            missing.len()
        )))
    }
}
