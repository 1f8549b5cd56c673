//! Collections of artifacts and their types, in W&B's terms: sequences, which
//! runs log into, and portfolios, which hold links.

use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::{Context, ID, Interface, Object, Result, TypeName};

use super::artifact::{Artifact, ArtifactAlias, Membership, Tag};
use super::page::{Page, Window};
use super::project::Project;
use super::scalar::JsonString;
use super::search;
use super::{Ask, ask};
use crate::clock::now_us;
use crate::store;
use crate::wandb::{ids, time};

/// A type of artifacts.
#[derive(Clone)]
pub struct ArtifactType {
    project: store::Project,
    /// `model`, `dataset`, …
    pub name: String,
}

/// Which of the two kinds a collection is.
pub trait Kind: Send + Sync + 'static {
    /// What W&B calls it.
    const NAME: &'static str;
}

/// Of what runs log into.
pub struct Logged;

/// Of what holds links.
pub struct Linked;

impl Kind for Logged {
    const NAME: &'static str = "ArtifactSequence";
}

impl Kind for Linked {
    const NAME: &'static str = "ArtifactPortfolio";
}

/// A collection of one kind.
pub struct Of<K> {
    row: store::Collection,
    kind: PhantomData<K>,
}

impl<K> Clone for Of<K> {
    fn clone(&self) -> Self {
        Self { row: self.row.clone(), kind: PhantomData }
    }
}

impl<K: Kind> TypeName for Of<K> {
    fn type_name() -> Cow<'static, str> {
        K::NAME.into()
    }
}

/// The versions of one name.
pub type ArtifactSequence = Of<Logged>;

/// Links to versions, under one name.
pub type ArtifactPortfolio = Of<Linked>;

/// A collection.
#[expect(clippy::duplicated_attributes, reason = "fields of one type are several fields")]
#[derive(Interface, Clone)]
#[graphql(
    name = "ArtifactCollection",
    field(name = "id", ty = "ID"),
    field(name = "name", ty = "String"),
    field(name = "state", ty = "String"),
    field(name = "project", ty = "Project"),
    field(name = "description", ty = "Option<String>"),
    field(name = "created_at", ty = "String"),
    field(name = "updated_at", ty = "Option<String>"),
    field(name = "tags", ty = "Page<Tag>"),
    field(name = "default_artifact_type", ty = "ArtifactType"),
    field(
        name = "aliases",
        ty = "Page<ArtifactAlias>",
        arg(name = "first", ty = "Option<i32>"),
        arg(name = "after", ty = "Option<String>")
    ),
    field(name = "artifact_membership", ty = "Option<Membership>", arg(name = "alias_name", ty = "String")),
    field(
        name = "artifacts",
        ty = "Page<Artifact>",
        arg(name = "first", ty = "Option<i32>"),
        arg(name = "after", ty = "Option<String>"),
        arg(name = "order", ty = "Option<String>"),
        arg(name = "filters", ty = "Option<JsonString>")
    )
)]
pub enum Collection {
    /// Made by logging.
    Sequence(ArtifactSequence),
    /// Made by linking.
    Portfolio(ArtifactPortfolio),
}

impl From<store::Collection> for Collection {
    fn from(row: store::Collection) -> Self {
        match row.links {
            false => Self::Sequence(ArtifactSequence::new(row)),
            true => Self::Portfolio(ArtifactPortfolio::new(row)),
        }
    }
}

/// The types of a project's artifacts.
pub async fn types_of(ask: &Ask, project: &store::Project) -> Result<Vec<ArtifactType>> {
    let of = project.clone();
    let collections = ask.read(move |store| store.collections(&of.entity, &of.name)).await?;
    // First those that the project says, as it says them.
    let mut names: Vec<String> = project.said.artifact_types.iter().flatten().cloned().collect();
    let mut found: Vec<String> = collections.into_iter().map(|row| row.kind).collect();
    found.retain(|name| !name.is_empty() && !names.contains(name));
    found.sort();
    found.dedup();
    names.extend(found);
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
        let (of, name) = (project.clone(), name.to_owned());
        let found = ask.read(move |store| store.collection(&of.entity, &of.name, &name)).await?;
        Ok(found.filter(|row| kind.is_none_or(|kind| kind == row.kind)).map(Self::from))
    }

    /// A project's collections, those of this type where one is asked for.
    pub async fn page(
        ask: &Ask,
        project: &store::Project,
        kind: Option<&str>,
        window: search::Asked,
    ) -> Result<Page<Self>> {
        let of = project.clone();
        let mut found = ask.read(move |store| store.collections(&of.entity, &of.name)).await?;
        found.retain(|row| kind.is_none_or(|kind| kind == row.kind));
        let found = search::collections(found, &window)?;
        Ok(Window::cut(found.into_iter().map(Self::from).collect(), window.first, window.after.as_deref()))
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
        filters: Option<JsonString>,
        order: Option<String>,
    ) -> Result<Page<Collection>> {
        let window = search::Asked { first, after, filters, order };
        Collection::page(ask(ctx)?, &self.project, Some(&self.name), window).await
    }
}

#[Object(name_type)]
impl<K: Kind> Of<K> {
    async fn id(&self) -> ID {
        ids::collection(self.row.id).into()
    }
    async fn name(&self) -> String {
        self.row.name.clone()
    }
    async fn state(&self) -> String {
        "READY".to_owned()
    }
    async fn project(&self, ctx: &Context<'_>) -> Result<Project> {
        Ok(Project(self.project_row(ask(ctx)?).await?))
    }
    async fn description(&self) -> Option<String> {
        self.row.description.clone()
    }
    async fn created_at(&self) -> String {
        time::format(self.row.created_us)
    }
    async fn updated_at(&self) -> Option<String> {
        Some(time::format(self.row.updated_us.unwrap_or(self.row.created_us)))
    }
    async fn digest_algorithm(&self) -> &str {
        "MANIFEST_MD5"
    }
    async fn tags(&self) -> Page<Tag> {
        Window::cut(self.row.tags.iter().map(Tag::new).collect(), None, None)
    }
    async fn default_artifact_type(&self, ctx: &Context<'_>) -> Result<ArtifactType> {
        Ok(ArtifactType { project: self.project_row(ask(ctx)?).await?, name: self.row.kind.clone() })
    }
    async fn aliases(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Page<ArtifactAlias>> {
        let collection = self.row.id;
        let names = ask(ctx)?.read(move |store| store.collection_aliases(collection)).await?;
        let names = names.iter().map(|name| ArtifactAlias::new(&self.row, name)).collect();
        Ok(Window::cut(names, first, after.as_deref()))
    }
    async fn latest_artifact(&self, ctx: &Context<'_>) -> Result<Option<Artifact>> {
        let collection = self.row.id;
        let newest = ask(ctx)?.read(move |store| store.versions(collection, 0, 1)).await?;
        Ok(newest.into_iter().next().map(Artifact))
    }
    async fn artifact_membership(&self, ctx: &Context<'_>, alias_name: String) -> Result<Option<Membership>> {
        Membership::find(ask(ctx)?, &self.row.entity, &self.row.project, &self.row.name, &alias_name).await
    }
    async fn artifacts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        order: Option<String>,
        filters: Option<JsonString>,
    ) -> Result<Page<Artifact>> {
        let (ask, collection) = (ask(ctx)?, self.row.id);
        let asked = search::Asked { first, after, filters, order };
        let numbers = search::versions_of(ask, vec![collection], &asked).await?;
        let window = Window::new(numbers.len(), asked.first, asked.after.as_deref());
        let cut = numbers[window.start..window.end].to_vec();
        let rows = ask.read(move |store| store.versions_numbered(&cut)).await?;
        let versions: Vec<u64> = rows.iter().map(|row| row.version).collect();
        let mut versions = versions.into_iter();
        let mut artifacts = Vec::with_capacity(rows.len());
        for row in rows {
            artifacts.push(Artifact::of(ask, row).await?);
        }
        Ok(window.page_with(artifacts, |_| versions.next().map(|version| format!("v{version}"))))
    }
}

impl ArtifactType {
    /// A type by its names.
    pub fn new(project: store::Project, name: String) -> Self {
        Self { project, name }
    }
}

impl<K: Kind> Of<K> {
    /// Of a row of its kind.
    pub fn new(row: store::Collection) -> Self {
        Self { row, kind: PhantomData }
    }

    async fn project_row(&self, ask: &Ask) -> Result<store::Project> {
        project_of(ask, &self.row).await
    }
}

/// The project of a collection, which may be about to be made.
pub async fn project_of(ask: &Ask, row: &store::Collection) -> Result<store::Project> {
    let (entity, name) = (row.entity.clone(), row.project.clone());
    let found = ask.read(move |store| store.project(&entity, &name)).await?;
    Ok(found.unwrap_or_else(|| store::Project {
        entity: row.entity.clone(),
        name: row.project.clone(),
        created_us: now_us(),
        number: 0,
        said: store::Said::default(),
    }))
}
