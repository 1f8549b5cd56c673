//! Versions of artifacts, in W&B's terms.

use async_graphql::{Context, ID, Interface, Object, Result, SimpleObject, Union};
use pannier_proto::id::Id128;
use pannier_proto::path::RelPath;
use serde_json::Value as Json;

use super::file::File;
use super::page::{Page, Window};
use super::project::Project;
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

/// A type of artifacts.
#[derive(Clone)]
pub struct ArtifactType {
    project: store::Project,
    /// `model`, `dataset`, …
    pub name: String,
}

/// The versions of one name.
#[derive(Clone)]
pub struct ArtifactSequence {
    project: store::Project,
    name: String,
    kind: String,
}

/// A collection; so far there is one kind of them.
#[expect(clippy::duplicated_attributes, reason = "fields of one type are several fields")]
#[derive(Interface, Clone)]
#[graphql(
    name = "ArtifactCollection",
    field(name = "id", ty = "ID"),
    field(name = "name", ty = "String"),
    field(name = "project", ty = "Project"),
    field(name = "description", ty = "Option<String>"),
    field(name = "created_at", ty = "String"),
    field(name = "updated_at", ty = "Option<String>"),
    field(name = "tags", ty = "Vec<Tag>"),
    field(name = "default_artifact_type", ty = "ArtifactType"),
    field(name = "artifact_membership", ty = "Option<Membership>", arg(name = "alias_name", ty = "String")),
    field(
        name = "artifacts",
        ty = "Page<Artifact>",
        arg(name = "first", ty = "Option<i32>"),
        arg(name = "after", ty = "Option<String>")
    )
)]
pub enum Collection {
    /// Made by logging.
    Sequence(ArtifactSequence),
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
        Ok(ArtifactSequence { project: self.project(ask).await?, name, kind })
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
        Ok(ArtifactType { project: self.project(ask(ctx)?).await?, name: self.0.body.kind.clone() })
    }
    async fn artifact_sequence(&self, ctx: &Context<'_>) -> Result<ArtifactSequence> {
        self.sequence(ask(ctx)?).await
    }
    async fn current_manifest(&self) -> ArtifactManifest {
        ArtifactManifest(self.0.clone())
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

/// The types of a project's artifacts.
pub async fn types_of(ask: &Ask, project: &store::Project) -> Result<Vec<ArtifactType>> {
    let of = project.clone();
    let collections = ask.read(move |store| store.collections(&of.entity, &of.name)).await?;
    let mut names: Vec<String> = collections.into_iter().map(|(_, kind)| kind).collect();
    names.sort();
    names.dedup();
    Ok(names.into_iter().map(|name| ArtifactType { project: project.clone(), name }).collect())
}

impl Collection {
    /// The collection of this name, of this type where one is asked for.
    pub async fn find(
        ask: &Ask,
        project: &store::Project,
        name: &str,
        kind: Option<&str>,
    ) -> Result<Option<Self>> {
        Ok(Self::all(ask, project, kind).await?.into_iter().find(|found| {
            let Self::Sequence(sequence) = found;
            sequence.name == name
        }))
    }

    async fn all(ask: &Ask, project: &store::Project, kind: Option<&str>) -> Result<Vec<Self>> {
        let of = project.clone();
        let found = ask.read(move |store| store.collections(&of.entity, &of.name)).await?;
        let sequence =
            |(name, kind)| Self::Sequence(ArtifactSequence { project: project.clone(), name, kind });
        Ok(found.into_iter().filter(|(_, of)| kind.is_none_or(|kind| kind == of)).map(sequence).collect())
    }
}

#[Object]
impl ArtifactType {
    async fn id(&self) -> ID {
        ids::other("ArtifactType", &format!("{}/{}:{}", self.project.entity, self.project.name, self.name))
            .into()
    }
    async fn name(&self) -> &str {
        &self.name
    }
    async fn artifact_collection(&self, ctx: &Context<'_>, name: String) -> Result<Option<Collection>> {
        Collection::find(ask(ctx)?, &self.project, &name, Some(&self.name)).await
    }
    async fn artifact_collections(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Page<Collection>> {
        let all = Collection::all(ask(ctx)?, &self.project, Some(&self.name)).await?;
        Ok(Window::cut(all, first, after.as_deref()))
    }
}

#[Object]
impl ArtifactSequence {
    async fn id(&self) -> ID {
        ids::other(
            "ArtifactSequence",
            &format!("{}/{}/{}", self.project.entity, self.project.name, self.name),
        )
        .into()
    }
    async fn name(&self) -> String {
        self.name.clone()
    }
    async fn project(&self) -> Project {
        Project(self.project.clone())
    }
    async fn description(&self) -> Option<String> {
        None
    }
    async fn created_at(&self, ctx: &Context<'_>) -> Result<String> {
        let versions = self.versions(ask(ctx)?).await?;
        Ok(time::format(versions.last().map_or(self.project.created_us, |row| row.body.created_us)))
    }
    async fn updated_at(&self) -> Option<String> {
        None
    }
    async fn digest_algorithm(&self) -> &str {
        "MANIFEST_MD5"
    }
    async fn tags(&self) -> Vec<Tag> {
        Vec::new()
    }
    async fn default_artifact_type(&self) -> ArtifactType {
        ArtifactType { project: self.project.clone(), name: self.kind.clone() }
    }
    async fn latest_artifact(&self, ctx: &Context<'_>) -> Result<Option<Artifact>> {
        Ok(self.versions(ask(ctx)?).await?.into_iter().next().map(Artifact))
    }
    async fn artifact_membership(&self, ctx: &Context<'_>, alias_name: String) -> Result<Option<Membership>> {
        let name = format!("{}:{alias_name}", self.name);
        Ok(Artifact::named(ask(ctx)?, &self.project, &name).await?.map(Membership))
    }
    async fn artifacts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Page<Artifact>> {
        let versions = self.versions(ask(ctx)?).await?;
        let window = Window::new(versions.len(), first, after.as_deref());
        let cut = versions.into_iter().skip(window.start).take(window.end - window.start);
        Ok(window.page_with(cut.map(Artifact).collect(), |artifact| Some(format!("v{}", artifact.0.version))))
    }
}

impl ArtifactSequence {
    /// A collection by its names.
    pub fn new(project: store::Project, name: String, kind: String) -> Self {
        Self { project, name, kind }
    }

    async fn versions(&self, ask: &Ask) -> Result<Vec<ArtifactRow>> {
        let (project, name) = (self.project.clone(), self.name.clone());
        ask.read(move |store| store.versions(&project.entity, &project.name, &name)).await
    }
}
