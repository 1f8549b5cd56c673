//! Versions of artifacts on their way: begun, filled, described by a manifest and
//! committed, in the order of their collection. What the server calls a version,
//! and which number it gave it, is kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pannier_proto::hub::{CollectionName, CollectionQuestion, CollectionState};
use pannier_proto::id::{Id128, RunPath};
use pannier_proto::workspace::LATEST;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::state::{self, There};
use super::together::Mutation;
use super::upsert::{self, variables};
use super::{Wandb, parts};
use crate::store::{self, ArtifactRow, Store};
use crate::sync::carry::unreadable;
use crate::sync::remote::{RemoteError, RemoteResult};
use crate::wandb::ids;
use crate::wandb::manifest::Manifest;

const CREATE: &str =
    "mutation CreateArtifact ($input: CreateArtifactInput!) { createArtifact(input: $input) {
    artifact { id state artifactSequence { latestArtifact { id } } } } }";

const MANIFEST: &str = "mutation CreateArtifactManifest ($artifactID: ID!, $baseArtifactID: ID, $name: String!,
    $digest: String!, $entityName: String!, $projectName: String!, $runName: String!,
    $manifestType: ArtifactManifestType!, $includeUpload: Boolean!) {
    createArtifactManifest(input: { artifactID: $artifactID, baseArtifactID: $baseArtifactID, name: $name,
        digest: $digest, entityName: $entityName, projectName: $projectName, runName: $runName, type: $manifestType }) {
        artifactManifest { id file { id uploadUrl @include(if: $includeUpload)
            uploadHeaders @include(if: $includeUpload) } } } }";

const COMMIT: Mutation = Mutation {
    operation: "CommitArtifact",
    field: "commitArtifact",
    input: &[("artifactID", "artifactID", "ID!")],
    selection: "artifact { id digest }",
};

const USE: Mutation = Mutation {
    operation: "UseArtifact",
    field: "useArtifact",
    input: &[
        ("entityName", "entityName", "String!"),
        ("projectName", "projectName", "String!"),
        ("runName", "runName", "String!"),
        ("artifactID", "artifactID", "ID!"),
    ],
    selection: "artifact { id digest }",
};

/// A version at the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Its id there.
    pub id: String,
    /// Its number there, in the collection it was logged into.
    pub number: Option<u64>,
}

/// The name under which a version is kept.
fn name(id: Id128) -> String {
    format!("artifact/{id}")
}

/// The name under which a version's number in a collection of links is kept.
pub fn link_name(entity: &str, project: &str, collection: &str, id: Id128) -> String {
    format!("link/{entity}/{project}/{collection}/{id}")
}

/// What a version is there, if it is. Blocking.
///
/// # Errors
/// As the store's.
pub fn known(store: &Store, remote: &str, id: Id128) -> store::Result<Option<Known>> {
    let kept = store.counterpart(remote, &name(id))?;
    Ok(kept.and_then(|text| serde_json::from_str(&text).ok()))
}

/// The numbers that the server gave, of those asked for. Blocking.
///
/// # Errors
/// As the store's.
pub fn numbers(store: &Store, remote: &str, asked: &CollectionQuestion) -> store::Result<CollectionState> {
    let CollectionName { entity, project, collection } = &asked.name;
    let links = store.collection(entity, project, collection)?.is_some_and(|known| known.links);
    let mut state = CollectionState::default();
    for id in &asked.artifacts {
        let number = match links {
            false => known(store, remote, *id)?.and_then(|known| known.number),
            true => {
                let kept = store.counterpart(remote, &link_name(entity, project, collection, *id))?;
                kept.and_then(|number| number.parse().ok())
            }
        };
        state.numbers.extend(number.map(|number| (*id, number)));
    }
    Ok(state)
}

/// A version that is being made there.
struct Making<'a> {
    row: &'a ArtifactRow,
    there: &'a There,
    id: String,
}

impl Wandb {
    /// The server's id for a version, which is brought there where it is not yet,
    /// with all that came before it in its collection and is not refused.
    pub(super) async fn version(&self, id: Id128) -> RemoteResult<String> {
        if let Some(known) = self.known_version(id).await? {
            return Ok(known.id);
        }
        let turn = self.versions.lock().await;
        let remote = self.name.clone();
        let before = self
            .read(move |store| {
                let Some(wanted) = store.artifact(id)? else { return Ok(Vec::new()) };
                let mut rows = store.versions(wanted.collection.id, 0, usize::MAX)?;
                rows.retain(|row| row.version <= wanted.version && row.fetched.is_none());
                rows.reverse();
                let mut lacking = Vec::new();
                for row in rows {
                    if known(store, &remote, row.body.id)?.is_none() {
                        lacking.push(row);
                    }
                }
                Ok(lacking)
            })
            .await?;
        for row in &before {
            match self.make(row).await {
                // Whoever logged it is told; those that came after it go on.
                Err(RemoteError::Rejected(_)) if row.body.id != id => {}
                made => made?,
            }
        }
        drop(turn);
        let known = self.known_version(id).await?;
        let missing = || RemoteError::Rejected(format!("version {id} of an artifact is not here any more"));
        known.map(|known| known.id).ok_or_else(missing)
    }

    /// What a version is there, if it is.
    pub(super) async fn known_version(&self, id: Id128) -> RemoteResult<Option<Known>> {
        let remote = self.name.clone();
        self.read(move |store| known(store, &remote, id)).await
    }

    /// Where a run is there; it is made where it is not.
    async fn run_there(&self, path: &RunPath) -> RemoteResult<There> {
        let (remote, of) = (self.name.clone(), path.clone());
        let (mut state, run) =
            self.read(move |store| Ok((state::load(store, &remote, &of)?, store.run(&of).ok()))).await?;
        if let Some(there) = state.there {
            return Ok(there);
        }
        let gone = || RemoteError::Rejected(format!("run {path}, which logged it, is not here any more"));
        let wanted = upsert::wanted(&run.ok_or_else(gone)?);
        let names = upsert::names_digest(&wanted);
        let made = self.upsert(vec![(path.clone(), wanted)]).await?.pop();
        let there = made.unwrap_or_else(|| Err("no answer".to_owned())).map_err(RemoteError::Rejected)?;
        (state.there, state.names) = (Some(there.clone()), Some(names));
        self.keep(path, &state).await?;
        Ok(there)
    }

    async fn make(&self, row: &ArtifactRow) -> RemoteResult<()> {
        let there = self.run_there(&row.run).await?;
        let what = format!("artifact {}:v{}", row.body.collection, row.version);
        self.make_at(row, &there).await.map_err(|error| super::files::about(&what, error))
    }

    async fn make_at(&self, row: &ArtifactRow, there: &There) -> RemoteResult<()> {
        let asked = json!({ "input": wanted(row, there) });
        let created = self.server.graphql("CreateArtifact", CREATE, asked).await?.only("createArtifact")?;
        let artifact = &created["artifact"];
        let Some(id) = artifact["id"].as_str() else {
            return Err(RemoteError::transient(format!(
                "{} did not say which artifact it is",
                self.server.who
            )));
        };
        if artifact["state"] != "COMMITTED" {
            let making = Making { row, there, id: id.to_owned() };
            self.fill(&making).await?;
            let asked = variables(json!({ "artifactID": id }));
            COMMIT.one(&self.server, asked).await?;
        }
        let number = self.number(id).await?;
        let known = Known { id: id.to_owned(), number };
        let body = serde_json::to_string(&known).map_err(|error| RemoteError::Rejected(error.to_string()))?;
        self.keep_as(name(row.body.id), Some(body)).await
    }

    async fn number(&self, id: &str) -> RemoteResult<Option<u64>> {
        const BY_ID: &str = "query ArtifactByID ($id: ID!) { artifact(id: $id) { id state versionIndex } }";
        let found =
            self.server.graphql("ArtifactByID", BY_ID, json!({ "id": id })).await?.only("artifact")?;
        Ok(found["versionIndex"].as_u64())
    }

    /// Sends files and manifest.
    async fn fill(&self, making: &Making<'_>) -> RemoteResult<()> {
        let (id, content) = (making.row.body.id, making.row.body.manifest);
        let files = self.read(move |store| store.artifact_files(id)).await?;
        let mut manifest = self
            .bytes(move |blobs| {
                let mut text = Vec::new();
                std::io::Read::read_to_end(&mut blobs.read(&content.blob)?, &mut text)
                    .map_err(unreadable(content.blob))?;
                Ok(Manifest::decode(&text))
            })
            .await?
            .map_err(RemoteError::Rejected)?;
        let first = self.manifest(making, "").await?;
        let Some(manifest_id) = first["id"].as_str() else {
            return Err(RemoteError::transient(format!(
                "{} did not say where a manifest goes",
                self.server.who
            )));
        };
        for (path, birth) in self.send_parts(&making.id, manifest_id, files).await? {
            if let Some(entry) = manifest.entries.get_mut(&path) {
                entry.birth = Some(birth);
            }
        }
        for entry in manifest.entries.values_mut() {
            entry.rest.remove("local_path");
            if let Some(reference) = &entry.reference {
                entry.reference = Some(self.reference(reference).await?);
            }
        }
        let bytes = manifest.encode();
        let digest = parts::md5_base64(&bytes);
        let second = self.manifest(making, &digest).await?;
        let file = &second["file"];
        let Some(link) = file["uploadUrl"].as_str() else {
            return Err(RemoteError::transient(format!(
                "{} did not say where a manifest goes",
                self.server.who
            )));
        };
        let headers = file["uploadHeaders"].as_array().cloned().unwrap_or_default();
        self.server.put(link, &headers, super::server::Upload::Bytes(bytes.into())).await.map(drop)
    }

    /// Says that there is a manifest: without a digest, of one that is to come.
    async fn manifest(&self, making: &Making<'_>, digest: &str) -> RemoteResult<Json> {
        let asked = json!({
            "artifactID": making.id, "baseArtifactID": null, "name": "wandb_manifest.json", "digest": digest,
            "entityName": making.there.entity, "projectName": making.there.project,
            "runName": making.row.run.run, "manifestType": "FULL", "includeUpload": !digest.is_empty(),
        });
        let answer = self.server.graphql("CreateArtifactManifest", MANIFEST, asked).await?;
        Ok(answer.only("createArtifactManifest")?["artifactManifest"].take())
    }

    /// A reference to a file of another version says which by the id it has there.
    async fn reference(&self, reference: &str) -> RemoteResult<String> {
        const BEGIN: &str = "wandb-artifact://";
        let other = reference.strip_prefix(BEGIN).and_then(|rest| rest.split_once('/'));
        let Some((hex, path)) = other else { return Ok(reference.to_owned()) };
        let Some(id) = read_hex(hex).and_then(|id| ids::read_artifact(&id)) else {
            return Ok(reference.to_owned());
        };
        // Its own turn is under way: what it refers to was logged before it.
        let there = Box::pin(self.referred(id)).await?;
        let bytes = STANDARD.decode(&there).map_err(|_odd| {
            RemoteError::Rejected(format!("{} has an id for an artifact that is none", self.server.who))
        })?;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(format!("{BEGIN}{hex}/{path}"))
    }

    async fn referred(&self, id: Id128) -> RemoteResult<String> {
        let row = self.read(move |store| store.artifact(id)).await?;
        match (self.known_version(id).await?, row) {
            (Some(known), _) => Ok(known.id),
            (None, Some(row)) => {
                self.make(&row).await?;
                let known = self.known_version(id).await?;
                known.map(|known| known.id).ok_or_else(|| RemoteError::transient("it was not kept"))
            }
            (None, None) => Err(RemoteError::Rejected("it refers to a version that is not here".to_owned())),
        }
    }

    /// A run logged what is there already: the server, too, keeps it as one version of
    /// several runs.
    pub(super) async fn log_again(&self, there: &There, run: &str, row: &ArtifactRow) -> RemoteResult<()> {
        let mut input = wanted(row, there);
        let body = &row.body;
        let client = format!("{}/{}/{run}/{}", there.entity, there.project, body.client_id);
        let mut id = [0; 64];
        blake3::Hasher::new().update(client.as_bytes()).finalize_xof().fill(&mut id);
        input["clientID"] = id.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
        input["runName"] = run.into();
        let asked = json!({ "input": input });
        self.server.graphql("CreateArtifact", CREATE, asked).await?.only("createArtifact").map(drop)
    }

    /// A run reads a version.
    pub(super) async fn use_artifact(&self, there: &There, run: &str, id: Id128) -> RemoteResult<()> {
        let asked = json!({
            "entityName": there.entity, "projectName": there.project, "runName": run,
            "artifactID": self.version(id).await?,
        });
        USE.one(&self.server, variables(asked)).await.map(drop)
    }
}

/// The id whose bytes these hexadecimal digits are.
fn read_hex(hex: &str) -> Option<String> {
    let pair = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(pair).collect();
    Some(STANDARD.encode(bytes?))
}

/// What begins a version there.
fn wanted(row: &ArtifactRow, there: &There) -> Json {
    let body = &row.body;
    let alias = |alias: &str| json!({ "artifactCollectionName": body.collection, "alias": alias });
    let mut aliases: Vec<&str> = row.aliases.iter().map(|alias| alias.alias.as_str()).collect();
    if !aliases.contains(&LATEST) {
        aliases.push(LATEST);
    }
    let tag = |tag: &String| json!({ "tagName": tag, "tagCategoryName": null, "attributes": null });
    let mut input = json!({
        "entityName": there.entity, "projectName": there.project, "runName": row.run.run,
        "artifactTypeName": body.kind, "artifactCollectionName": body.collection,
        "artifactCollectionNames": null, "digest": body.digest, "digestAlgorithm": "MANIFEST_MD5",
        "description": body.description, "metadata": row.metadata_text(),
        "aliases": aliases.into_iter().map(alias).collect::<Vec<_>>(),
        "ttlDurationSeconds": body.ttl_s.filter(|seconds| *seconds > 0), "historyStep": body.history_step,
        "enableDigestDeduplication": true, "distributedID": null,
        "clientID": body.client_id, "sequenceClientID": body.sequence_client_id,
        "labels": null, "storageRegion": null, "clientMutationId": null,
    });
    if !body.tags.is_empty() {
        input["tags"] = body.tags.iter().map(tag).collect();
    }
    input
}

/// Whoever brings versions: one at a time, so that their numbers follow the order
/// in which they were logged.
pub type Turn = tokio::sync::Mutex<()>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_out_of_references() {
        let id = ids::artifact(Id128([7; 16]));
        let hex: String = STANDARD.decode(&id).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(read_hex(&hex).as_deref().and_then(ids::read_artifact), Some(Id128([7; 16])));
        assert_eq!(read_hex("0g"), None);
        assert_eq!(read_hex("é"), None);
    }
}
