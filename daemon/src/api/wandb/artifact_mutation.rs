//! How W&B's clients log a version of an artifact: core begins it, sends its
//! files and its manifest to links, and commits it.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use pannier_proto::content::Md5;
use pannier_proto::id::{Id128, RunPath};
use pannier_proto::path::RelPath;
use pannier_proto::record::{Change, Record};

use super::artifact::Artifact;
use super::collection::ArtifactSequence;
use super::scalar::JsonString;
use super::{Ask, ask};
use crate::capability::Grant;
use crate::clock::now_us;
use crate::ingest;
use crate::ingest::artifact::{self, Asked, Begun};
use crate::store;
use crate::wandb::ids;

/// A name of a version; in which collection, where that is not plain.
#[derive(InputObject)]
pub struct ArtifactAliasInput {
    /// The name.
    pub alias: String,
    /// The collection.
    pub artifact_collection_name: Option<String>,
    /// Whose.
    pub entity_name: Option<String>,
    /// In which project.
    pub project_name: Option<String>,
}

/// A label.
#[derive(InputObject)]
pub struct TagInput {
    /// Its name.
    pub tag_name: String,
}

#[derive(InputObject)]
struct CreateArtifactInput {
    entity_name: String,
    project_name: String,
    artifact_type_name: String,
    artifact_collection_name: Option<String>,
    artifact_collection_names: Option<Vec<String>>,
    run_name: Option<String>,
    digest: String,
    description: Option<String>,
    aliases: Option<Vec<ArtifactAliasInput>>,
    tags: Option<Vec<TagInput>>,
    metadata: Option<JsonString>,
    ttl_duration_seconds: Option<i64>,
    history_step: Option<i64>,
    enable_digest_deduplication: Option<bool>,
    #[graphql(name = "distributedID")]
    distributed_id: Option<String>,
    #[graphql(name = "clientID")]
    client_id: Option<String>,
    #[graphql(name = "sequenceClientID")]
    sequence_client_id: Option<String>,
}

/// A version that was begun, or is there.
pub struct BegunArtifact {
    id: Id128,
    committed: bool,
    sequence: ArtifactSequence,
}

#[Object(name = "BegunArtifact")]
impl BegunArtifact {
    async fn id(&self) -> ID {
        ids::artifact(self.id).into()
    }
    async fn state(&self) -> &str {
        if self.committed { "COMMITTED" } else { "PENDING" }
    }
    async fn artifact_sequence(&self) -> &ArtifactSequence {
        &self.sequence
    }
}

#[derive(SimpleObject)]
struct CreateArtifactPayload {
    artifact: BegunArtifact,
}

/// The kinds of manifests.
#[derive(Enum, Copy, Clone, PartialEq, Eq)]
enum ArtifactManifestType {
    Full,
    Incremental,
    Patch,
}

impl From<ArtifactManifestType> for store::ManifestKind {
    fn from(kind: ArtifactManifestType) -> Self {
        match kind {
            ArtifactManifestType::Full => Self::Full,
            ArtifactManifestType::Incremental => Self::Incremental,
            ArtifactManifestType::Patch => Self::Patch,
        }
    }
}

#[derive(InputObject)]
struct CreateArtifactManifestInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    #[graphql(name = "baseArtifactID")]
    base_artifact_id: Option<ID>,
    #[graphql(name = "type")]
    kind: Option<ArtifactManifestType>,
}

#[derive(InputObject)]
struct UpdateArtifactManifestInput {
    #[graphql(name = "artifactManifestID")]
    artifact_manifest_id: ID,
}

/// Where something is to be sent.
#[derive(SimpleObject)]
struct UploadTarget {
    id: ID,
    upload_url: String,
    upload_headers: Vec<String>,
}

#[derive(SimpleObject)]
struct PendingManifest {
    id: ID,
    file: UploadTarget,
}

#[derive(SimpleObject)]
struct ManifestPayload {
    artifact_manifest: PendingManifest,
}

#[derive(InputObject)]
struct ArtifactFileInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    name: String,
    md5: String,
}

#[derive(InputObject)]
struct CreateArtifactFilesInput {
    artifact_files: Vec<ArtifactFileInput>,
}

#[derive(SimpleObject)]
struct BirthArtifact {
    id: ID,
}

/// A file to be sent; as one piece, however large.
#[derive(SimpleObject)]
struct ArtifactFile {
    id: ID,
    name: String,
    display_name: String,
    storage_path: Option<String>,
    upload_url: Option<String>,
    upload_headers: Vec<String>,
    artifact: BirthArtifact,
}

#[derive(SimpleObject)]
struct ArtifactFileEdge {
    node: ArtifactFile,
}

#[derive(SimpleObject)]
struct ArtifactFiles {
    edges: Vec<ArtifactFileEdge>,
}

#[derive(SimpleObject)]
struct CreateArtifactFilesPayload {
    files: ArtifactFiles,
}

#[derive(InputObject)]
struct CommitArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
}

#[derive(InputObject)]
struct UseArtifactInput {
    entity_name: String,
    project_name: String,
    run_name: String,
    #[graphql(name = "artifactID")]
    artifact_id: ID,
}

/// A version.
#[derive(SimpleObject)]
pub struct ArtifactPayload {
    /// The version.
    pub artifact: Artifact,
}

pub(super) fn artifact_of(id: &str) -> Result<Id128> {
    ids::read_artifact(id).ok_or_else(|| format!("{id:?} is no id of an artifact here").into())
}

/// A time to live as clients say it: absent, -1 (as the collection says) and -2
/// (for ever).
pub(super) fn ttl_of(seconds: Option<i64>) -> Option<i64> {
    seconds.filter(|seconds| *seconds != -1).map(|seconds| seconds.max(0))
}

/// A manifest that is to be sent: its id says of which version it is, and which
/// of that.
fn manifest(ask: &Ask, artifact: Id128, manifest: u32) -> ManifestPayload {
    let id = ids::manifest(artifact, manifest);
    let file = UploadTarget {
        id: ids::other("ManifestFile", &id).into(),
        upload_url: ask.link(&Grant::PutManifest { artifact, manifest }),
        upload_headers: Vec::new(),
    };
    ManifestPayload { artifact_manifest: PendingManifest { id: id.into(), file } }
}

async fn complete(ask: &Ask, id: Id128) -> Result<ArtifactPayload> {
    let found = Artifact::find(ask, id).await?;
    Ok(ArtifactPayload { artifact: found.ok_or_else(|| format!("there is no artifact {id}"))? })
}

/// Mutations of artifacts.
#[derive(Default)]
pub struct ArtifactMutation;

#[Object]
impl ArtifactMutation {
    async fn create_artifact(
        &self,
        ctx: &Context<'_>,
        input: CreateArtifactInput,
    ) -> Result<CreateArtifactPayload> {
        let ask = ask(ctx)?;
        let names = input.artifact_collection_names.unwrap_or_default();
        let collection = input.artifact_collection_name.or_else(|| names.into_iter().next());
        let collection = collection.ok_or("the artifact has no name")?;
        let run = input.run_name.ok_or("an artifact is logged by a run, and none is named")?;
        let run = ask.path(Some(&input.entity_name), Some(&input.project_name), &run)?;
        let metadata = input.metadata.map(|metadata| metadata.object("artifact's metadata")).transpose()?;
        let asked = Asked {
            client_id: input.client_id.unwrap_or_else(|| format!("{run}/{collection}/{}", input.digest)),
            sequence_client_id: input.sequence_client_id,
            distributed_id: input.distributed_id,
            collection: collection.clone(),
            kind: input.artifact_type_name.clone(),
            digest: input.digest,
            aliases: input.aliases.unwrap_or_default().into_iter().map(|alias| alias.alias).collect(),
            tags: input.tags.unwrap_or_default().into_iter().map(|tag| tag.tag_name).collect(),
            description: input.description,
            metadata: metadata.map(serde_json::Value::Object),
            ttl_s: ttl_of(input.ttl_duration_seconds),
            history_step: input.history_step,
            created_us: now_us(),
            by: Some(ask.caller.name.clone()),
            run: run.clone(),
        };
        let same_content = input.enable_digest_deduplication == Some(true);
        let begun = artifact::begin(&ask.app.store, asked, same_content).await?;
        let (id, committed) = match begun {
            Begun::Pending(id) => (id, false),
            Begun::There(id) => (id, true),
        };
        let RunPath { entity, project, .. } = run;
        let [of, within, name] = [&entity, &project, &collection].map(Clone::clone);
        let known = ask.read(move |store| store.collection(&of, &within, &name)).await?;
        let sequence = known.unwrap_or_else(|| store::Collection {
            id: 0,
            entity,
            project,
            name: collection,
            kind: input.artifact_type_name,
            links: false,
            description: None,
            tags: Vec::new(),
            created_us: now_us(),
            updated_us: None,
            by: None,
        });
        let sequence = ArtifactSequence::new(sequence);
        Ok(CreateArtifactPayload { artifact: BegunArtifact { id, committed, sequence } })
    }

    async fn create_artifact_manifest(
        &self,
        ctx: &Context<'_>,
        input: CreateArtifactManifestInput,
    ) -> Result<ManifestPayload> {
        let (ask, id) = (ask(ctx)?, artifact_of(&input.artifact_id)?);
        let kind = input.kind.unwrap_or(ArtifactManifestType::Full).into();
        let base = input.base_artifact_id.as_ref().map(|base| artifact_of(base)).transpose()?;
        let number = ask.app.store.write(move |tx| tx.announce_manifest(id, kind, base)).await?;
        Ok(manifest(ask, id, number))
    }

    async fn update_artifact_manifest(
        &self,
        ctx: &Context<'_>,
        input: UpdateArtifactManifestInput,
    ) -> Result<ManifestPayload> {
        let (id, number) = ids::read_manifest(&input.artifact_manifest_id).ok_or_else(|| {
            format!("{:?} is no id of a manifest here", input.artifact_manifest_id.as_str())
        })?;
        Ok(manifest(ask(ctx)?, id, number))
    }

    async fn create_artifact_files(
        &self,
        ctx: &Context<'_>,
        input: CreateArtifactFilesInput,
    ) -> Result<CreateArtifactFilesPayload> {
        let ask = ask(ctx)?;
        let mut edges = Vec::with_capacity(input.artifact_files.len());
        for file in input.artifact_files {
            let artifact = artifact_of(&file.artifact_id)?;
            let path = RelPath::new(&file.name)?;
            let md5: Option<Md5> = ids::read_md5(&file.md5);
            let node = ArtifactFile {
                id: ids::other("ArtifactFile", &format!("{artifact}:{path}")).into(),
                name: file.name.clone(),
                display_name: file.name,
                storage_path: None,
                upload_url: Some(ask.link(&Grant::PutArtifact { artifact, path, md5 })),
                upload_headers: vec![format!("Content-MD5:{}", file.md5)],
                artifact: BirthArtifact { id: file.artifact_id },
            };
            edges.push(ArtifactFileEdge { node });
        }
        Ok(CreateArtifactFilesPayload { files: ArtifactFiles { edges } })
    }

    async fn commit_artifact(
        &self,
        ctx: &Context<'_>,
        input: CommitArtifactInput,
    ) -> Result<ArtifactPayload> {
        let ask = ask(ctx)?;
        let id = artifact_of(&input.artifact_id)?;
        artifact::commit(&ask.app.store, &ask.app.blobs, id).await?;
        complete(ask, id).await
    }

    async fn use_artifact(&self, ctx: &Context<'_>, input: UseArtifactInput) -> Result<ArtifactPayload> {
        let ask = ask(ctx)?;
        let id = artifact_of(&input.artifact_id)?;
        let used = complete(ask, id).await?;
        let run = ask.path(Some(&input.entity_name), Some(&input.project_name), &input.run_name)?;
        ingest::append(&ask.app.store, &run, vec![Record::Change(Change::UseArtifact { id })]).await?;
        Ok(used)
    }
}
