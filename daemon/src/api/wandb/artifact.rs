//! Versions of artifacts, in W&B's terms.

use async_graphql::{Context, ID, Object, Result, SimpleObject, Union};
use pannier_proto::id::Id128;
use pannier_proto::path::RelPath;
use serde_json::Value as Json;

use super::collection::{ArtifactSequence, ArtifactType, Collection};
use super::file::File;
use super::page::{Page, Window};
use super::run::Run;
use super::user::User;
use super::{Ask, ask};
use crate::store::{self, ArtifactRow};
use crate::wandb::{ids, time};

/// A version.
#[derive(Clone)]
pub struct Artifact(pub ArtifactRow);

impl From<ArtifactRow> for Artifact {
    fn from(row: ArtifactRow) -> Self {
        Self(row)
    }
}

/// A label.
#[derive(SimpleObject)]
pub struct Tag {
    id: ID,
    name: String,
}

/// A name of a version.
#[derive(SimpleObject)]
pub struct ArtifactAlias {
    id: ID,
    alias: String,
    artifact_collection: Option<Collection>,
}

/// A version in a collection.
#[derive(Clone)]
pub struct Membership(pub Artifact);

/// The manifest of a version.
pub struct ArtifactManifest(ArtifactRow);

/// Who logged a version.
#[derive(Union)]
pub enum Creator {
    /// A run.
    Run(Run),
    /// A user, outside any run.
    User(User),
}

impl Artifact {
    /// The version with this id.
    pub async fn find(ask: &Ask, id: Id128) -> Result<Option<Self>> {
        Ok(ask.read(move |store| store.artifact(id)).await?.map(Self))
    }

    /// `COLLECTION:ALIAS` of a project.
    pub async fn named(ask: &Ask, project: &store::Project, name: &str) -> Result<Option<Self>> {
        let (collection, alias) = name.rsplit_once(':').unwrap_or((name, "latest"));
        let (collection, alias, project) = (collection.to_owned(), alias.to_owned(), project.clone());
        let found =
            ask.read(move |store| store.artifact_named(&project.entity, &project.name, &collection, &alias));
        Ok(found.await?.map(Self))
    }

    async fn project(&self, ask: &Ask) -> Result<store::Project> {
        let run = self.0.run.clone();
        let found = ask.read(move |store| store.project(&run.entity, &run.project)).await?;
        found.ok_or_else(|| format!("project {}/{} is gone", self.0.run.entity, self.0.run.project).into())
    }

    async fn sequence(&self, ask: &Ask) -> Result<ArtifactSequence> {
        let (name, kind) = (self.0.body.collection.clone(), self.0.body.kind.clone());
        Ok(ArtifactSequence::new(self.project(ask).await?, name, kind))
    }

    fn id(&self) -> String {
        ids::artifact(self.0.body.id)
    }

    fn files(&self) -> Vec<File> {
        let id = self.id();
        let file = |(path, content): &(String, pannier_proto::content::Content)| {
            RelPath::new(path).ok().map(|path| File::of_artifact(&id, &path, *content))
        };
        self.0.body.files.iter().filter_map(file).collect()
    }

    fn aliases_of(&self, collection: Option<&ArtifactSequence>) -> Vec<ArtifactAlias> {
        let alias = |alias: &String| ArtifactAlias {
            id: ids::other("ArtifactAlias", &format!("{}:{alias}", self.id())).into(),
            alias: alias.clone(),
            artifact_collection: collection.cloned().map(Collection::Sequence),
        };
        self.0.aliases.iter().map(alias).collect()
    }

    fn page_of_files(
        &self,
        names: Option<Vec<String>>,
        first: Option<i32>,
        after: Option<&str>,
    ) -> Page<File> {
        let files = super::file::select(self.files(), &names.unwrap_or_default(), None);
        Window::cut(files, first, after)
    }
}

#[Object]
impl Artifact {
    #[graphql(name = "id")]
    async fn storage_id(&self) -> ID {
        self.id().into()
    }
    async fn state(&self) -> &str {
        "COMMITTED"
    }
    async fn digest(&self) -> &str {
        &self.0.body.digest
    }
    async fn digest_algorithm(&self) -> &str {
        "MANIFEST_MD5"
    }
    async fn version_index(&self) -> u64 {
        self.0.version
    }
    async fn commit_hash(&self) -> String {
        self.0.body.id.to_string()
    }
    async fn description(&self) -> Option<&str> {
        self.0.body.description.as_deref()
    }
    async fn metadata(&self) -> Option<String> {
        self.0.body.metadata.as_ref().map(Json::to_string)
    }
    async fn ttl_duration_seconds(&self) -> i64 {
        self.0.body.ttl_s.unwrap_or(-1)
    }
    async fn ttl_is_inherited(&self) -> bool {
        self.0.body.ttl_s.is_none()
    }
    async fn history_step(&self) -> Option<i64> {
        self.0.body.history_step
    }
    async fn size(&self) -> u64 {
        self.0.body.size
    }
    async fn file_count(&self) -> u64 {
        self.0.body.file_count
    }
    async fn created_at(&self) -> String {
        time::format(self.0.body.created_us)
    }
    async fn updated_at(&self) -> Option<String> {
        None
    }
    async fn tags(&self) -> Vec<Tag> {
        let tag = |name: &String| Tag { id: ids::other("Tag", name).into(), name: name.clone() };
        self.0.body.tags.iter().map(tag).collect()
    }
    async fn aliases(&self, ctx: &Context<'_>) -> Result<Vec<ArtifactAlias>> {
        let sequence = self.sequence(ask(ctx)?).await?;
        Ok(self.aliases_of(Some(&sequence)))
    }
    async fn artifact_type(&self, ctx: &Context<'_>) -> Result<ArtifactType> {
        Ok(ArtifactType::new(self.project(ask(ctx)?).await?, self.0.body.kind.clone()))
    }
    async fn artifact_sequence(&self, ctx: &Context<'_>) -> Result<ArtifactSequence> {
        self.sequence(ask(ctx)?).await
    }
    async fn current_manifest(&self) -> ArtifactManifest {
        ArtifactManifest(self.0.clone())
    }
    async fn used_by(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Page<Run>> {
        let (ask, id) = (ask(ctx)?, self.0.body.id);
        let mut runs = Vec::new();
        for path in ask.read(move |store| store.artifact_users(id)).await? {
            runs.extend(Run::find(ask, path).await?);
        }
        Ok(Window::cut(runs, first, after.as_deref()))
    }
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Creator>> {
        Ok(Run::find(ask(ctx)?, self.0.run.clone()).await?.map(Creator::Run))
    }
    #[graphql(name = "files")]
    async fn page(
        &self,
        names: Option<Vec<String>>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Page<File> {
        self.page_of_files(names, first, after.as_deref())
    }
}

#[Object]
impl ArtifactManifest {
    async fn id(&self) -> ID {
        ids::other("ArtifactManifest", &self.0.body.id.to_string()).into()
    }
    async fn digest(&self) -> &str {
        &self.0.body.digest
    }
    async fn file(&self) -> Option<File> {
        let path = RelPath::new("wandb_manifest.json").ok()?;
        Some(File::of_artifact(&ids::artifact(self.0.body.id), &path, self.0.body.manifest))
    }
}

#[Object(name = "ArtifactCollectionMembership")]
impl Membership {
    async fn id(&self) -> ID {
        ids::other("ArtifactCollectionMembership", &self.0.id()).into()
    }
    async fn version_index(&self) -> u64 {
        self.0.0.version
    }
    async fn created_at(&self) -> String {
        time::format(self.0.0.body.created_us)
    }
    async fn aliases(&self) -> Vec<ArtifactAlias> {
        self.0.aliases_of(None)
    }
    async fn artifact_collection(&self, ctx: &Context<'_>) -> Result<Collection> {
        Ok(Collection::Sequence(self.0.sequence(ask(ctx)?).await?))
    }
    async fn artifact(&self) -> Artifact {
        self.0.clone()
    }
    async fn files(
        &self,
        names: Option<Vec<String>>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Page<File> {
        self.0.page_of_files(names, first, after.as_deref())
    }
}
