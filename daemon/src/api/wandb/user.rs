//! Who somebody is, in W&B's terms.

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::ask;
use super::page::{Page, Window};
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

/// An organization.
#[derive(SimpleObject)]
pub struct Organization {
    id: ID,
    name: String,
    core_weave_organization_id: Option<String>,
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
    async fn organizations(&self) -> Vec<Organization> {
        Vec::new()
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

#[Object]
impl Entity {
    async fn id(&self) -> ID {
        ids::other("Entity", &self.name).into()
    }
    async fn name(&self) -> &str {
        &self.name
    }
    async fn entity_type(&self) -> &str {
        "team"
    }
    async fn is_team(&self) -> bool {
        true
    }
    async fn organization(&self) -> Option<Organization> {
        None
    }
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        Ok(User { name: ask(ctx)?.caller.name.clone(), entity: self.name.clone() })
    }
    async fn xxhash_digests_enabled(&self) -> bool {
        false
    }
}
