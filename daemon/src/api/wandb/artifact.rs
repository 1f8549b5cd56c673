//! Versions of artifacts, in W&B's terms: as such, and as members of
//! collections.

use async_graphql::{Context, ID, Object, Result, SimpleObject, Union};
use pannier_proto::content::Content;
use pannier_proto::hub::CollectionName;
use pannier_proto::id::Id128;
use pannier_proto::path::RelPath;

use super::collection::{ArtifactSequence, ArtifactType, Collection, project_of};
use super::file::File;
use super::page::{Page, Window};
use super::run::Run;
use super::user::User;
use super::{Ask, ask};
use crate::access::Verb;
use crate::store::{self, ArtifactRow};
use crate::wandb::{ids, time};

/// A version, as one of the collection that it was logged into.
#[derive(Clone)]
pub struct Artifact(pub ArtifactRow);

/// A label.
#[derive(SimpleObject)]
pub struct Tag {
    id: ID,
    name: String,
}

impl Tag {
    /// By its name.
    pub fn new(name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        Self { id: ids::other("Tag", name).into(), name: name.to_owned() }
    }
}

/// A name of a version.
#[derive(SimpleObject)]
pub struct ArtifactAlias {
    id: ID,
    alias: String,
    artifact_collection: Option<Collection>,
}

impl ArtifactAlias {
    /// In a collection.
    pub fn new(collection: &store::Collection, alias: &str) -> Self {
        Self {
            id: ids::other("ArtifactAlias", &format!("{}:{alias}", collection.id)).into(),
            alias: alias.to_owned(),
            artifact_collection: Some(collection.clone().into()),
        }
    }
}

/// A version in a collection, whichever.
#[derive(Clone)]
pub struct Membership(pub ArtifactRow);

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

/// `COLLECTION:NAME`; without a name, the latest.
pub fn split(name: &str) -> (&str, &str) {
    name.rsplit_once(':').unwrap_or((name, "latest"))
}

impl Artifact {
    /// The version with this id.
    pub async fn find(ask: &Ask, id: Id128) -> Result<Option<Self>> {
        Ok(ask.read(move |store| store.artifact(id)).await?.map(Self))
    }

    /// The version with this id, where the caller may look at it: at the project
    /// it was logged in, or at one that it is linked to.
    pub async fn shown(ask: &Ask, id: Id128) -> Result<Option<Self>> {
        let rows = ask.read(move |store| store.memberships(id)).await?;
        match rows.into_iter().find(|row| ask.may(&row.collection.entity, Verb::Read)) {
            Some(row) => Ok(Some(Self::of(ask, row).await?)),
            None => Ok(None),
        }
    }

    /// The version of a row, whatever collection that is of.
    pub async fn of(ask: &Ask, row: ArtifactRow) -> Result<Self> {
        if !row.collection.links {
            return Ok(Self(row));
        }
        let id = row.body.id;
        // Where it was logged is not known here: then it is shown as it is linked.
        Ok(Self::find(ask, id).await?.unwrap_or(Self(row)))
    }

    fn id(&self) -> String {
        ids::artifact(self.0.body.id)
    }
}

/// Files of a version as pages of them.
async fn page_of_files(
    ask: &Ask,
    id: Id128,
    names: Option<Vec<String>>,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Page<File>> {
    let files = ask.read(move |store| store.artifact_files(id)).await?;
    let shown = ids::artifact(id);
    let file = |(path, content): (String, Content)| {
        RelPath::new(&path).ok().map(|path| File::of_artifact(&shown, &path, content))
    };
    let files = files.into_iter().filter_map(file).collect();
    let files = super::file::select(files, &names.unwrap_or_default(), None);
    Ok(Window::cut(files, first, after.as_deref()))
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
        self.0.metadata_text()
    }
    async fn ttl_duration_seconds(&self) -> i64 {
        self.0.body.ttl_s.filter(|seconds| *seconds > 0).unwrap_or(-1)
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
        Some(time::format(self.0.updated_us.unwrap_or(self.0.body.created_us)))
    }
    async fn tags(&self) -> Vec<Tag> {
        self.0.body.tags.iter().map(Tag::new).collect()
    }
    /// In all collections; clients pick those of the one they mean.
    async fn aliases(&self, ctx: &Context<'_>) -> Result<Vec<ArtifactAlias>> {
        let id = self.0.body.id;
        let rows = ask(ctx)?.read(move |store| store.memberships(id)).await?;
        let of = |row: &ArtifactRow| -> Vec<ArtifactAlias> {
            row.aliases.iter().map(|alias| ArtifactAlias::new(&row.collection, &alias.alias)).collect()
        };
        Ok(rows.iter().flat_map(of).collect())
    }
    async fn artifact_type(&self, ctx: &Context<'_>) -> Result<ArtifactType> {
        let project = project_of(ask(ctx)?, &self.0.collection).await?;
        Ok(ArtifactType::new(project, self.0.collection.kind.clone()))
    }
    async fn artifact_sequence(&self) -> ArtifactSequence {
        ArtifactSequence::new(self.0.collection.clone())
    }
    async fn artifact_memberships(&self, ctx: &Context<'_>) -> Result<Page<Membership>> {
        let id = self.0.body.id;
        let rows = ask(ctx)?.read(move |store| store.memberships(id)).await?;
        Ok(Window::cut(rows.into_iter().map(Membership).collect(), None, None))
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
    async fn files(
        &self,
        ctx: &Context<'_>,
        names: Option<Vec<String>>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Page<File>> {
        page_of_files(ask(ctx)?, self.0.body.id, names, first, after).await
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

impl Membership {
    /// The version that a name of a collection means.
    pub async fn find(
        ask: &Ask,
        entity: &str,
        project: &str,
        collection: &str,
        name: &str,
    ) -> Result<Option<Self>> {
        let of = CollectionName {
            entity: entity.to_owned(),
            project: project.to_owned(),
            collection: collection.to_owned(),
        };
        Ok(ask.app.fetch.version(&of, name).await?.map(Self))
    }
}

#[Object(name = "ArtifactCollectionMembership")]
impl Membership {
    async fn id(&self) -> ID {
        let key = format!("{}:{}", self.0.collection.id, self.0.body.id);
        ids::other("ArtifactCollectionMembership", &key).into()
    }
    async fn version_index(&self) -> u64 {
        self.0.version
    }
    async fn created_at(&self) -> String {
        time::format(self.0.member_us)
    }
    async fn aliases(&self) -> Vec<ArtifactAlias> {
        let alias = |alias: &store::Alias| ArtifactAlias::new(&self.0.collection, &alias.alias);
        self.0.aliases.iter().map(alias).collect()
    }
    async fn artifact_collection(&self) -> Collection {
        self.0.collection.clone().into()
    }
    async fn artifact(&self, ctx: &Context<'_>) -> Result<Artifact> {
        Artifact::of(ask(ctx)?, self.0.clone()).await
    }
    async fn files(
        &self,
        ctx: &Context<'_>,
        names: Option<Vec<String>>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Page<File>> {
        page_of_files(ask(ctx)?, self.0.body.id, names, first, after).await
    }
}
