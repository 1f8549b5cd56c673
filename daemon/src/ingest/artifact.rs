//! Where versions of artifacts enter: begun as a draft, filled by transfers,
//! recorded once all of it is stored.

use std::io::Read;
use std::sync::Arc;

use pannier_proto::artifact::ArtifactVersion;
use pannier_proto::content::Content;
use pannier_proto::id::{Id128, RunPath, check_alias, check_collection};
use pannier_proto::record::Change;
use pannier_proto::workspace::{AliasMove, LATEST};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::append_in;
use crate::blobs::Blobs;
use crate::block::Block;
use crate::clock::now_us;
use crate::limits::MANIFEST_BYTES_MAX;
use crate::store::{ArtifactRow, Draft, ManifestKind, Result, Store, StoreError, Tx};
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
    /// What the parts of several writers have in common.
    #[serde(default)]
    pub distributed_id: Option<String>,
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
    /// Who logs it.
    #[serde(default)]
    pub by: Option<String>,
}

impl Asked {
    /// The id that the version has, or will have.
    #[must_use]
    pub fn id(&self) -> Id128 {
        match &self.distributed_id {
            // Whatever the writers call their parts, they are one version.
            Some(shared) => {
                let RunPath { entity, project, .. } = &self.run;
                ids::artifact_of_client(&format!("{entity}/{project}/{}#{shared}", self.collection))
            }
            None => ids::artifact_of_client(&self.client_id),
        }
    }

    fn check(&self) -> Result<()> {
        let bad = |error: pannier_proto::id::BadName| StoreError::Refused(error.to_string());
        check_collection(&self.collection).map_err(bad)?;
        self.aliases.iter().try_for_each(|alias| check_alias(alias).map_err(bad))
    }
}

/// What became of a wish to log.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// Its files are to be sent.
    Pending(Id128),
    /// It is there: sent before, or the same content under another id.
    There(Id128),
}

/// Whether [`begin`] would take it, before anything is done for it.
///
/// # Errors
/// As [`begin`].
pub async fn check(store: &Arc<Store>, asked: Asked) -> Result<()> {
    asked.check()?;
    store.write(move |tx| collection_for(tx, &asked).map(drop)).await
}

/// Begins a version, or finds that it is there. `same_content`: a version of the
/// collection with this digest will do; the names move to it.
///
/// # Errors
/// [`StoreError::Conflict`] where the collection holds another type.
pub async fn begin(store: &Arc<Store>, asked: Asked, same_content: bool) -> Result<Begun> {
    asked.check()?;
    store
        .write(move |tx| {
            let id = asked.id();
            if tx.artifact(id)?.is_some() {
                return Ok(Begun::There(id));
            }
            let collection = collection_for(tx, &asked)?;
            if let (Some(collection), true) = (collection, same_content)
                && let Some(known) = tx.artifact_like(collection, &asked.digest)?
            {
                let id = known.body.id;
                log_again(tx, &asked, known)?;
                return Ok(Begun::There(id));
            }
            let body =
                serde_json::to_value(&asked).map_err(|error| StoreError::Refused(error.to_string()))?;
            tx.begin_draft(id, &body, now_us())?;
            Ok(Begun::Pending(id))
        })
        .await
}

/// The collection that it is logged into, where there is one yet.
fn collection_for(tx: &Tx, asked: &Asked) -> Result<Option<i64>> {
    let RunPath { entity, project, .. } = &asked.run;
    let Some(known) = tx.collection(entity, project, &asked.collection)? else { return Ok(None) };
    let what = format!("{entity}/{project}/{}", asked.collection);
    if known.links && !known.kind.is_empty() {
        return Err(StoreError::Conflict(format!(
            "{what} holds links to versions that were logged elsewhere; use another name to log"
        )));
    }
    if !known.kind.is_empty() && known.kind != asked.kind {
        return Err(StoreError::Conflict(format!(
            "artifacts named {:?} in {entity}/{project} are of type {:?}, not {:?}; use another name",
            asked.collection, known.kind, asked.kind
        )));
    }
    Ok(Some(known.id))
}

/// The same content is there: the run logged it, too, and the names move.
fn log_again(tx: &Tx, asked: &Asked, known: ArtifactRow) -> Result<()> {
    let id = known.body.id;
    let version = ArtifactVersion {
        aliases: moves(tx, Some(known.collection.id), &asked.aliases, id)?,
        files: tx.artifact_files(id)?,
        by: asked.by.clone(),
        again_us: Some(now_us()),
        ..known.body
    };
    record(tx, &asked.run, version)
}

fn record(tx: &Tx, run: &RunPath, version: ArtifactVersion) -> Result<()> {
    let mut block = Block::default();
    block.push_change(Change::Artifact { version: Box::new(version) });
    append_in(tx, run, tx.origin()?, block, now_us())
}

/// The moves by which a version gets these names, and `latest`.
pub(super) fn moves(
    tx: &Tx,
    collection: Option<i64>,
    aliases: &[String],
    to: Id128,
) -> Result<Vec<AliasMove>> {
    let mut names: Vec<&str> = aliases.iter().map(String::as_str).chain([LATEST]).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|alias| tx.alias_move(collection, alias, Some(to))).collect()
}

/// Records a version of which everything is stored, its manifest too, or finds
/// one with the same content. Returns its id.
///
/// # Errors
/// As [`begin`] and [`commit`].
pub async fn log(store: &Arc<Store>, blobs: &Arc<Blobs>, asked: Asked, manifest: Content) -> Result<Id128> {
    let id = match begin(store, asked, true).await? {
        Begun::There(id) => return Ok(id),
        Begun::Pending(id) => id,
    };
    store
        .write(move |tx| {
            let number = tx.announce_manifest(id, ManifestKind::Full, None)?;
            tx.set_draft_manifest(id, number, &manifest)
        })
        .await?;
    commit(store, blobs, id).await?;
    Ok(id)
}

/// A version's manifest is stored.
///
/// # Errors
/// [`StoreError::Missing`] where nobody is uploading such a version.
pub async fn manifest_stored(store: &Arc<Store>, id: Id128, number: u32, content: Content) -> Result<()> {
    store.write(move |tx| tx.set_draft_manifest(id, number, &content)).await
}

/// Records a version: everything that its manifest names must be stored.
///
/// # Errors
/// [`StoreError::Conflict`] where something is missing or is not what was said;
/// the version stays a draft then.
pub async fn commit(store: &Arc<Store>, blobs: &Arc<Blobs>, id: Id128) -> Result<()> {
    let (reading, held) = (store.clone(), blobs.clone());
    let read = move || match reading.draft(id)? {
        Some(draft) => read_draft(&reading, &held, draft).map(Some),
        None => Ok(None),
    };
    let whole = tokio::task::spawn_blocking(read).await.unwrap_or(Err(StoreError::Closed))?;
    store
        .write(move |tx| {
            if tx.artifact(id)?.is_some() {
                return Ok(());
            }
            let whole = whole.ok_or_else(|| incomplete(&id.to_string(), "nobody is uploading it"))?;
            let version = version(tx, id, &whole)?;
            record(tx, &whole.asked.run, version)?;
            tx.end_draft(id)
        })
        .await
}

/// A draft with its manifest, which says all of it.
struct Whole {
    asked: Asked,
    manifest: Manifest,
    content: Content,
}

fn incomplete(name: &str, what: &str) -> StoreError {
    StoreError::Conflict(format!("artifact {name:?} cannot be completed: {what}; log it again"))
}

fn read_draft(store: &Store, blobs: &Arc<Blobs>, draft: Draft) -> Result<Whole> {
    let asked: Asked = serde_json::from_value(draft.body).map_err(|error| {
        StoreError::Refused(format!("the draft of artifact {} is damaged: {error}", draft.id))
    })?;
    let sent: Vec<_> = draft.manifests.iter().filter_map(|sent| Some((sent, sent.content?))).collect();
    if let [(sent, content)] = sent.as_slice()
        && sent.kind == ManifestKind::Full
    {
        let manifest = read_manifest(blobs, content)?;
        let digest = manifest.digest();
        if digest != asked.digest {
            let what = format!("its manifest has the digest {digest}, not {}", asked.digest);
            return Err(incomplete(&asked.collection, &what));
        }
        return Ok(Whole { asked, manifest, content: *content });
    }
    if sent.is_empty() {
        return Err(incomplete(&asked.collection, "its manifest was not sent"));
    }
    // What is sent in parts is put together here, on what it adds to.
    let mut manifest = Manifest::default();
    let base = sent.iter().find_map(|(sent, _)| sent.base.filter(|_| sent.kind == ManifestKind::Incremental));
    let base = match base {
        Some(base) => store.artifact(base)?,
        // Who begins an increment and knows no base means the latest.
        None if sent.iter().any(|(sent, _)| sent.kind == ManifestKind::Incremental) => {
            let RunPath { entity, project, .. } = &asked.run;
            store.member(entity, project, &asked.collection, LATEST)?
        }
        None => None,
    };
    if let Some(base) = base {
        manifest = read_manifest(blobs, &base.body.manifest)?;
    }
    for (_, content) in &sent {
        manifest.overlay(read_manifest(blobs, content)?);
    }
    let content = blobs.put(&manifest.encode()).map_err(|error| StoreError::Conflict(error.to_string()))?;
    Ok(Whole { asked, manifest, content })
}

/// A manifest that is stored.
///
/// # Errors
/// [`StoreError::Conflict`] where it cannot be read or is none.
pub fn read_manifest(blobs: &Arc<Blobs>, content: &Content) -> Result<Manifest> {
    let unreadable = |error: String| StoreError::Conflict(format!("the manifest cannot be read: {error}"));
    if content.size > MANIFEST_BYTES_MAX {
        return Err(unreadable(format!(
            "it has {} bytes, and {MANIFEST_BYTES_MAX} at most are read",
            content.size
        )));
    }
    let file = blobs.read(&content.blob).map_err(|error| unreadable(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(MANIFEST_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    Manifest::decode(&bytes).map_err(StoreError::Conflict)
}

fn version(tx: &Tx, id: Id128, whole: &Whole) -> Result<ArtifactVersion> {
    let Whole { asked, manifest, content } = whole;
    let wrong = |what: String| incomplete(&asked.collection, &what);
    let collection = collection_for(tx, asked)?;
    if !tx.name_blob(&content.blob)? {
        return Err(wrong("its manifest is not here any more".to_owned()));
    }
    let mut files = Vec::new();
    for (path, entry) in manifest.stored() {
        let md5 = ids::read_md5(&entry.digest).ok_or_else(|| wrong(format!("{path} has no MD5 digest")))?;
        let stored = tx.content(md5)?.ok_or_else(|| wrong(format!("the bytes of {path} were not sent")))?;
        files.push((path.clone(), stored));
    }
    Ok(ArtifactVersion {
        id,
        client_id: asked.client_id.clone(),
        sequence_client_id: asked.sequence_client_id.clone(),
        collection: asked.collection.clone(),
        kind: asked.kind.clone(),
        digest: manifest.digest(),
        manifest: *content,
        files,
        size: manifest.size(),
        file_count: manifest.entries.len() as u64,
        aliases: moves(tx, collection, &asked.aliases, id)?,
        tags: asked.tags.clone(),
        description: asked.description.clone(),
        metadata: asked.metadata.clone(),
        ttl_s: asked.ttl_s,
        history_step: asked.history_step,
        created_us: asked.created_us,
        by: asked.by.clone(),
        again_us: None,
    })
}
