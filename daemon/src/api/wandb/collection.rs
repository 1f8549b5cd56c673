//! Collections of artifacts and their types, in W&B's terms.

use async_graphql::{Context, ID, Interface, Object, Result};

use super::artifact::{Artifact, Membership, Tag};
use super::page::{Page, Window};
use super::project::Project;
use super::{Ask, ask};
use crate::store::{self, ArtifactRow};
use crate::wandb::{ids, time};

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
    async fn description(&self) -> Option<String> {
        None
    }
    async fn created_at(&self) -> String {
        time::format(self.project.created_us)
    }
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

impl ArtifactType {
    /// A type by its names.
    pub fn new(project: store::Project, name: String) -> Self {
        Self { project, name }
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
