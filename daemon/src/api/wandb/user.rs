//! Who somebody is, in W&B's terms: users, entities, organizations.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use pannier_proto::workspace::is_registry;

use super::artifact::Membership;
use super::collection::Collection;
use super::page::{Page, Window};
use super::project::Project;
use super::scalar::JsonString;
use super::search::{self, Asked};
use super::{Ask, ask};
use crate::access::{Directory, Kind, Verb};
use crate::store::{self, Store, default_organization};
use crate::wandb::ids;

/// A user.
pub struct User {
    /// The name.
    pub name: String,
    /// The entity of runs that name none.
    pub entity: String,
}

/// A team: an entity whose data one may read.
#[derive(SimpleObject)]
pub struct Team {
    id: ID,
    name: String,
}

/// A key. None are shown.
#[derive(SimpleObject)]
pub struct ApiKey {
    id: ID,
    name: String,
    description: Option<String>,
}

/// What an organization's search can do.
#[derive(SimpleObject)]
struct RegistryFeatures {
    advanced_search: bool,
}

/// An organization, which has the name of the entity that holds its registries.
pub struct Organization {
    /// The name.
    pub name: String,
}

impl Organization {
    /// The organization that a name means: its own, else that of an entity of
    /// this name; without a name, the caller's.
    pub async fn find(ask: &Ask, name: Option<String>) -> Result<Option<Self>> {
        let named = name.filter(|name| !name.is_empty());
        let own = ask.entity();
        let found = ask.read(move |store| match named {
            Some(name) if is_organization(store, &name)? => Ok(Some(name)),
            Some(name) if !is_known(store, &name)? => Ok(None),
            named => store.organization_of(&named.unwrap_or(own)).map(Some),
        });
        let found = found.await?.filter(|name| ask.may(name, Verb::Read));
        Ok(found.map(|name| Self { name }))
    }
}

/// Whether a name is an organization's: a registered one's, one that entities
/// are said to be of, or one that nobody registered and that has registries.
fn is_organization(store: &Store, name: &str) -> store::Result<bool> {
    let directory = store.directory()?;
    if let Some(kind) = kind(&directory, name) {
        return Ok(*kind == Kind::Organization);
    }
    let registry = |project: &store::Project| is_registry(&project.name);
    Ok(store.organization_of(name)? == name || store.projects(name)?.iter().any(registry))
}

/// Whether anything is known of an entity.
fn is_known(store: &Store, name: &str) -> store::Result<bool> {
    Ok(store.directory()?.0.contains_key(name) || store.entities()?.iter().any(|entity| entity == name))
}

/// The organizations that a user has here: those with a role for him, else the
/// default one.
fn organizations_of(store: &Store, user: &str) -> store::Result<Vec<String>> {
    let mut names: Vec<String> =
        store.directory()?.organizations_of(user).into_iter().map(str::to_owned).collect();
    for me in store.learned_organizations(None)? {
        names.extend(me.organizations.into_iter().map(|of| of.name));
    }
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        names.push(default_organization());
    }
    Ok(names)
}

#[Object]
impl Organization {
    async fn id(&self) -> ID {
        ids::other("Organization", &self.name).into()
    }
    async fn name(&self) -> &str {
        &self.name
    }
    /// The entity that its registries belong to.
    async fn org_entity(&self) -> Entity {
        Entity { name: self.name.clone() }
    }
    async fn core_weave_organization_id(&self) -> Option<String> {
        None
    }
    async fn advanced_registry_features(&self) -> RegistryFeatures {
        RegistryFeatures { advanced_search: false }
    }
}

#[Object]
impl User {
    async fn id(&self) -> ID {
        ids::other("User", &self.name).into()
    }
    async fn name(&self) -> &str {
        &self.name
    }
    async fn username(&self) -> &str {
        &self.name
    }
    async fn email(&self, ctx: &Context<'_>) -> Result<String> {
        let name = self.name.clone();
        let users = ask(ctx)?.read(Store::users).await?;
        Ok(users.into_iter().find(|user| user.name == name).and_then(|user| user.email).unwrap_or_default())
    }
    async fn entity(&self) -> &str {
        &self.entity
    }
    async fn admin(&self, ctx: &Context<'_>) -> Result<bool> {
        let caller = &ask(ctx)?.caller;
        Ok(caller.name == self.name && caller.access.everything())
    }
    async fn flags(&self) -> &str {
        "{}"
    }
    async fn photo_url(&self) -> Option<String> {
        None
    }
    async fn deleted_at(&self) -> Option<String> {
        None
    }
    async fn organizations(&self, ctx: &Context<'_>) -> Result<Vec<Organization>> {
        let name = self.name.clone();
        let names = ask(ctx)?.read(move |store| organizations_of(store, &name)).await?;
        Ok(names.into_iter().map(|name| Organization { name }).collect())
    }
    async fn api_keys(&self) -> Page<ApiKey> {
        Window::cut(Vec::new(), None, None)
    }
    /// His own entity, his teams, and what is everybody's and has runs.
    async fn teams(&self, ctx: &Context<'_>) -> Result<Page<Team>> {
        let ask = ask(ctx)?;
        let (mut names, directory) = ask.read(|store| Ok((store.entities()?, store.directory()?))).await?;
        let team = |name: &&String| matches!(kind(&directory, name), Some(Kind::Team { .. }));
        names.extend(directory.0.keys().filter(team).cloned());
        names.retain(|name| ask.may(name, Verb::Read));
        // Other users and organizations are no teams.
        names.retain(|name| team(&name) || kind(&directory, name).is_none());
        names.sort_unstable();
        names.dedup();
        names.retain(|name| *name != self.entity);
        names.insert(0, self.entity.clone());
        let team = |name: String| Team { id: ids::other("Entity", &name).into(), name };
        Ok(Window::cut(names.into_iter().map(team).collect(), None, None))
    }
}

fn kind<'a>(directory: &'a Directory, name: &str) -> Option<&'a Kind> {
    directory.0.get(name).map(|account| &account.kind)
}

/// An entity: a user's, a team's or an organization's name in front of projects.
pub struct Entity {
    /// The name.
    pub name: String,
}

/// The kinds of collections.
#[derive(Enum, Copy, Clone, PartialEq, Eq)]
enum ArtifactCollectionType {
    Sequence,
    Portfolio,
}

impl Entity {
    /// What W&B calls its kind. One that nobody registered is a team, or the
    /// organization that others are said to be of.
    async fn kind(&self, ask: &Ask) -> Result<&'static str> {
        let name = self.name.clone();
        ask.read(move |store| {
            let directory = store.directory()?;
            Ok(match kind(&directory, &name) {
                Some(Kind::User) => "user",
                Some(Kind::Team { .. }) => "team",
                Some(Kind::Organization) => "organization",
                None if is_organization(store, &name)? => "organization",
                None => "team",
            })
        })
        .await
    }
}

#[Object]
impl Entity {
    async fn id(&self) -> ID {
        ids::other("Entity", &self.name).into()
    }
    async fn name(&self) -> &str {
        &self.name
    }
    async fn entity_type(&self, ctx: &Context<'_>) -> Result<&'static str> {
        self.kind(ask(ctx)?).await
    }
    async fn is_team(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.kind(ask(ctx)?).await? != "user")
    }
    /// None for a user's own: his organizations are the user's.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<Organization>> {
        let (ask, entity) = (ask(ctx)?, self.name.clone());
        let name = match self.kind(ask).await? {
            "user" => return Ok(None),
            "organization" => entity,
            _ => ask.read(move |store| store.organization_of(&entity)).await?,
        };
        Ok(Some(Organization { name }))
    }
    async fn project(&self, ctx: &Context<'_>, name: Option<String>) -> Result<Option<Project>> {
        Project::find(ask(ctx)?, name, Some(self.name.clone())).await
    }
    /// Its registries.
    async fn projects(
        &self,
        ctx: &Context<'_>,
        filters: Option<JsonString>,
        first: Option<i32>,
        after: Option<String>,
        order: Option<String>,
    ) -> Result<Page<Project>> {
        search::registries(ask(ctx)?, &self.name, Asked { first, after, filters, order }).await
    }
    /// Collections of its registries.
    #[expect(clippy::too_many_arguments, reason = "a field of W&B's schema")]
    async fn artifact_collections(
        &self,
        ctx: &Context<'_>,
        project_filters: Option<JsonString>,
        filters: Option<JsonString>,
        collection_types: Option<Vec<ArtifactCollectionType>>,
        first: Option<i32>,
        after: Option<String>,
        order: Option<String>,
    ) -> Result<Page<Collection>> {
        // In registries there are no others than links.
        let links = collection_types.is_none_or(|kinds| kinds.contains(&ArtifactCollectionType::Portfolio));
        let asked = Asked { first, after, filters, order };
        search::registry_collections(ask(ctx)?, &self.name, project_filters, asked, links).await
    }
    /// Versions in its registries.
    #[expect(clippy::too_many_arguments, reason = "a field of W&B's schema")]
    async fn artifact_memberships(
        &self,
        ctx: &Context<'_>,
        project_filters: Option<JsonString>,
        collection_filters: Option<JsonString>,
        filters: Option<JsonString>,
        first: Option<i32>,
        after: Option<String>,
        order: Option<String>,
    ) -> Result<Page<Membership>> {
        let asked = Asked { first, after, filters, order };
        search::registry_versions(ask(ctx)?, &self.name, project_filters, collection_filters, asked).await
    }
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        Ok(User { name: ask(ctx)?.caller.name.clone(), entity: self.name.clone() })
    }
    async fn xxhash_digests_enabled(&self) -> bool {
        false
    }
}
