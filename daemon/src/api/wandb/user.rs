//! Who somebody is, in W&B's terms.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use super::artifact::Membership;
use super::collection::Collection;
use super::page::{Page, Window};
use super::project::Project;
use super::scalar::JsonString;
use super::search::{self, Asked};
use super::{Ask, ask};
use crate::wandb::ids;

/// A user.
pub struct User {
    /// The name.
    pub name: String,
    /// The entity of runs that name none.
    pub entity: String,
}

/// A team: an entity that has runs here.
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

/// An organization: who shares registries.
pub struct Organization {
    name: String,
}

/// What an organization's search can do.
#[derive(SimpleObject)]
struct RegistryFeatures {
    advanced_search: bool,
}

impl Organization {
    /// The organization of this name, where there is one.
    pub fn named(ask: &Ask, name: &str) -> Option<Self> {
        let known = ask.organization();
        known.eq_ignore_ascii_case(name).then_some(Self { name: known })
    }

    /// The organization that an entity belongs to.
    pub fn of(ask: &Ask, _entity: &str) -> Self {
        Self { name: ask.organization() }
    }
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
    async fn email(&self) -> &str {
        ""
    }
    async fn entity(&self) -> &str {
        &self.entity
    }
    async fn admin(&self) -> bool {
        false
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
        Ok(vec![Organization::of(ask(ctx)?, &self.name)])
    }
    async fn api_keys(&self) -> Page<ApiKey> {
        Window::cut(Vec::new(), None, None)
    }
    async fn teams(&self, ctx: &Context<'_>) -> Result<Page<Team>> {
        let mut names = ask(ctx)?.read(crate::store::Store::entities).await?;
        if !names.contains(&self.entity) {
            names.insert(0, self.entity.clone());
        }
        let team = |name: String| Team { id: ids::other("Entity", &name).into(), name };
        Ok(Window::cut(names.into_iter().map(team).collect(), None, None))
    }
}

/// An entity: a user's or a team's name in front of projects.
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
    fn is_organization(&self, ask: &Ask) -> bool {
        Organization::named(ask, &self.name).is_some()
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
    async fn entity_type(&self, ctx: &Context<'_>) -> Result<&str> {
        Ok(if self.is_organization(ask(ctx)?) { "organization" } else { "team" })
    }
    async fn is_team(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(!self.is_organization(ask(ctx)?))
    }
    async fn organization(&self, ctx: &Context<'_>) -> Result<Organization> {
        Ok(Organization::of(ask(ctx)?, &self.name))
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
