//! Where versions of artifacts enter: begun as a draft, filled by transfers,
//! recorded once all of it is stored.

use std::io::Read;
use std::sync::Arc;

use pannier_proto::artifact::ArtifactVersion;
use pannier_proto::content::Content;
use pannier_proto::id::{Id128, RunPath};
use pannier_proto::record::Change;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::append_in;
use crate::blobs::Blobs;
use crate::block::Block;
use crate::clock::now_us;
use crate::limits::MANIFEST_BYTES_MAX;
use crate::store::{ArtifactRow, Draft, Result, Store, StoreError, Tx};
use crate::wandb::ids;
use crate::wandb::manifest::Manifest;

/// What a client wants to log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The run that logs it.
    pub run: RunPath,
    /// Its maker's id for it.
    pub client_id: String,
    /// Its maker's id for the collection.
    pub sequence_client_id: Option<String>,
    /// The collection.
    pub collection: String,
    /// Its type.
    pub kind: String,
    /// W&B's digest over the manifest.
    pub digest: String,
    /// Names that move to it.
    pub aliases: Vec<String>,
    /// Its labels.
    pub tags: Vec<String>,
    /// Free text.
    pub description: Option<String>,
    /// A JSON object.
    pub metadata: Option<Json>,
    /// How long it is to be kept.
    pub ttl_s: Option<i64>,
    /// The run's step.
    pub history_step: Option<i64>,
    /// Microseconds since 1970 at which it was begun.
    pub created_us: i64,
}

/// What became of a wish to log.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// Its files are to be sent.
    Pending(Id128),
    /// It is there: sent before, or the same content under another id.
    There(Id128),
}

/// Begins a version, or finds that it is there. `same_content`: a version of the
/// collection with this digest will do; the names move to it.
///
/// # Errors
/// [`StoreError::Conflict`] where the collection holds another type.
pub async fn begin(store: &Arc<Store>, asked: Asked, same_content: bool) -> Result<Begun> {
    let origin = store.origin();
    store
        .write(move |tx| {
            let id = ids::artifact_of_client(&asked.client_id);
            if tx.artifact(id)?.is_some() {
                return Ok(Begun::There(id));
            }
            let RunPath { entity, project, .. } = &asked.run;
            if let Some(kind) = tx.collection_type(entity, project, &asked.collection)?.filter(|kind| *kind != asked.kind) {
                return Err(StoreError::Conflict(format!(
                    "artifacts named {:?} in {entity}/{project} are of type {kind:?}, not {:?}; use another name",
                    asked.collection, asked.kind
                )));
            }
            let known = tx.artifact_like(entity, project, &asked.collection, &asked.digest)?;
            if let Some(ArtifactRow { body, .. }) = known.filter(|_| same_content) {
                let id = body.id;
                let version = Box::new(ArtifactVersion { aliases: asked.aliases, ..body });
                let mut block = Block::default();
                block.push_change(Change::Artifact { version });
                append_in(tx, &asked.run, origin, block, now_us())?;
                return Ok(Begun::There(id));
            }
            let body = serde_json::to_value(&asked).map_err(|error| StoreError::Refused(error.to_string()))?;
            tx.begin_draft(id, &body, now_us())?;
            Ok(Begun::Pending(id))
        })
        .await
}

/// A version's manifest is stored.
///
/// # Errors
/// [`StoreError::Missing`] where nobody is uploading such a version.
pub async fn manifest_stored(store: &Arc<Store>, id: Id128, content: Content) -> Result<()> {
    store.write(move |tx| tx.set_draft_manifest(id, &content)).await
}

/// Records a version: everything that its manifest names must be stored.
///
/// # Errors
/// [`StoreError::Conflict`] where something is missing or is not what was said;
/// the version stays a draft then.
pub async fn commit(store: &Arc<Store>, blobs: &Arc<Blobs>, id: Id128) -> Result<()> {
    let (reading, held) = (store.clone(), blobs.clone());
    let read = move || {
        let draft = reading.draft(id)?;
        let Some(content) = draft.as_ref().and_then(|draft| draft.manifest) else { return Ok((draft, None)) };
        let mut bytes = Vec::new();
        if content.size <= MANIFEST_BYTES_MAX {
            let file = held.read(&content.blob).map_err(|error| StoreError::Conflict(error.to_string()))?;
            let read = file.take(MANIFEST_BYTES_MAX).read_to_end(&mut bytes);
            read.map_err(|error| StoreError::Conflict(format!("the manifest cannot be read: {error}")))?;
        }
        let manifest = Manifest::decode(&bytes).map_err(StoreError::Conflict)?;
        Ok((draft, Some((content, manifest))))
    };
    let (draft, manifest) = tokio::task::spawn_blocking(read).await.unwrap_or(Err(StoreError::Closed))?;
    let origin = store.origin();
    store
        .write(move |tx| {
            if tx.artifact(id)?.is_some() {
                return Ok(());
            }
            let missing =
                |what: &str| StoreError::Conflict(format!("artifact {id} cannot be completed: {what}"));
            let draft = draft.ok_or_else(|| missing("nobody is uploading it"))?;
            let (content, manifest) = manifest.ok_or_else(|| missing("its manifest was not sent"))?;
            let (run, version) = version(tx, &draft, content, &manifest)?;
            let mut block = Block::default();
            block.push_change(Change::Artifact { version: Box::new(version) });
            append_in(tx, &run, origin, block, now_us())?;
            tx.end_draft(id)
        })
        .await
}

fn version(
    tx: &Tx,
    draft: &Draft,
    content: Content,
    manifest: &Manifest,
) -> Result<(RunPath, ArtifactVersion)> {
    let asked: Asked = serde_json::from_value(draft.body.clone()).map_err(|error| {
        StoreError::Refused(format!("the draft of artifact {} is damaged: {error}", draft.id))
    })?;
    let wrong = |what: String| {
        StoreError::Conflict(format!(
            "artifact {:?} cannot be completed: {what}; log it again",
            asked.collection
        ))
    };
    let digest = manifest.digest();
    if digest != asked.digest {
        return Err(wrong(format!("its manifest has the digest {digest}, not {}", asked.digest)));
    }
    if !tx.name_blob(&content.blob)? {
        return Err(wrong("its manifest is not here any more".to_owned()));
    }
    let mut files = Vec::new();
    for (path, entry) in &manifest.0 {
        if entry.reference.is_some() {
            continue;
        }
        let md5 = ids::read_md5(&entry.digest).ok_or_else(|| wrong(format!("{path} has no MD5 digest")))?;
        let stored = tx.content(md5)?.ok_or_else(|| wrong(format!("the bytes of {path} were not sent")))?;
        files.push((path.clone(), stored));
    }
    let version = ArtifactVersion {
        id: draft.id,
        client_id: asked.client_id,
        sequence_client_id: asked.sequence_client_id,
        collection: asked.collection,
        kind: asked.kind,
        digest,
        manifest: content,
        files,
        size: manifest.size(),
        file_count: manifest.0.len() as u64,
        aliases: asked.aliases,
        tags: asked.tags,
        description: asked.description,
        metadata: asked.metadata,
        ttl_s: asked.ttl_s,
        history_step: asked.history_step,
        created_us: asked.created_us,
    };
    Ok((asked.run, version))
}
