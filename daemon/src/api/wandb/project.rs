//! A project, in W&B's terms.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use pannier_proto::id::RunPath;

use super::artifact::{Artifact, Membership};
use super::collection::{ArtifactType, Collection, types_of};
use super::page::{Page, Window};
use super::run::Run;
use super::run_query::Found;
use super::scalar::JsonString;
use super::user::{Entity, User};
use super::view::View;
use super::{Ask, artifact, ask, search};
use crate::access::Verb;
use crate::store::{self, ViewFilter};
use crate::wandb::{ids, time};

/// A project.
#[derive(Clone)]
pub struct Project(pub store::Project);

impl Project {
    /// The project of this name, if there is one.
    pub async fn find(ask: &Ask, name: Option<String>, entity: Option<String>) -> Result<Option<Self>> {
        let entity = entity.filter(|name| !name.is_empty()).unwrap_or_else(|| ask.entity());
        if !ask.may(&entity, Verb::Read) {
            return Ok(None);
        }
        let RunPath { entity, project, .. } = ask.path(Some(&entity), name.as_deref(), "x")?;
        Ok(ask.read(move |store| store.project(&entity, &project)).await?.map(Self))
    }

    /// [`Project::find`]; with `elsewhere`, one that is not here, too, where there
    /// is a remote that may have it.
    pub async fn find_anywhere(
        ask: &Ask,
        name: Option<String>,
        entity: Option<String>,
        elsewhere: bool,
    ) -> Result<Option<Self>> {
        let found = Self::find(ask, name.clone(), entity.clone()).await?;
        if found.is_some() || !elsewhere || ask.app.sync.first().is_none() {
            return Ok(found);
        }
        let path = ask.path(entity.as_deref(), name.as_deref(), "x")?;
        let (said, number, created_us) = (store::Said::default(), 0, 0);
        Ok(Some(Self(store::Project { entity: path.entity, name: path.project, created_us, number, said })))
    }

    async fn found(
        &self,
        ask: &Arc<Ask>,
        filters: Option<JsonString>,
        order: Option<String>,
    ) -> Result<Arc<Found>> {
        let filters = filters.map(|filters| filters.0);
        let found =
            Found::find(&ask.app, &ask.caller.name, &self.0.entity, &self.0.name, filters, order).await;
        found.map_err(|failure| failure.body.error.into())
    }

    async fn member(&self, ask: &Ask, name: &str) -> Result<Option<Membership>> {
        // What our own client left in its journal belongs to what is known.
        ask.app.spool.drain(None).await;
        let (collection, name) = artifact::split(name);
        Membership::find(ask, &self.0.entity, &self.0.name, collection, name).await
    }

    fn path(&self, run: &str) -> Result<RunPath> {
        Ok(RunPath::new(&self.0.entity, &self.0.name, run)?)
    }
}

#[Object]
impl Project {
    async fn id(&self) -> ID {
        ids::project(&self.0.entity, &self.0.name).into()
    }
    async fn internal_id(&self) -> ID {
        ids::project_number(self.0.number).into()
    }
    async fn name(&self) -> &str {
        &self.0.name
    }
    async fn entity_name(&self) -> &str {
        &self.0.entity
    }
    async fn entity(&self) -> Entity {
        Entity { name: self.0.entity.clone() }
    }
    async fn description(&self) -> Option<&str> {
        self.0.said.description.as_deref()
    }
    async fn created_at(&self) -> String {
        time::format(self.0.created_us)
    }
    async fn updated_at(&self) -> Option<String> {
        Some(time::format(self.0.said.updated_us.unwrap_or(self.0.created_us)))
    }
    async fn is_benchmark(&self) -> bool {
        false
    }
    async fn read_only(&self) -> bool {
        false
    }
    async fn access(&self) -> &str {
        self.0.said.access.as_deref().unwrap_or("PRIVATE")
    }
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        Ok(User { name: ask(ctx)?.caller.name.clone(), entity: self.0.entity.clone() })
    }
    async fn tags(&self) -> Vec<String> {
        Vec::new()
    }

    async fn run(&self, ctx: &Context<'_>, name: String) -> Result<Option<Run>> {
        match self.path(&name) {
            Ok(path) => Run::find(ask(ctx)?, path).await,
            Err(_no_name_of_a_run) => Ok(None),
        }
    }

    /// Under this name for core: `missingOk` is always meant.
    async fn bucket(
        &self,
        ctx: &Context<'_>,
        name: String,
        #[graphql(name = "missingOk")] _missing_ok: Option<bool>,
    ) -> Result<Option<Run>> {
        let ask = ask(ctx)?;
        // What our own client left in its journal belongs to what is known.
        ask.app.spool.drain(None).await;
        Run::find(ask, self.path(&name)?).await
    }

    #[graphql(complexity = "10 + child_complexity")]
    async fn runs(
        &self,
        ctx: &Context<'_>,
        filters: Option<JsonString>,
        order: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Page<Run>> {
        let ask = ask(ctx)?;
        let found = self.found(ask, filters, order).await?;
        let window = Window::new(found.numbers.len(), first, after.as_deref());
        let numbers = found.numbers[window.start..window.end].to_vec();
        let runs = ask.read(move |store| store.runs_numbered(&numbers)).await?;
        Ok(window.page(runs.into_iter().map(|(number, view)| Run::new(number, view)).collect()))
    }

    async fn run_count(&self, ctx: &Context<'_>, filters: Option<JsonString>) -> Result<usize> {
        Ok(self.found(ask(ctx)?, filters, None).await?.numbers.len())
    }

    /// Reports and workspaces, the last saved first.
    async fn all_views(
        &self,
        ctx: &Context<'_>,
        view_type: Option<String>,
        view_name: Option<String>,
        user_name: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Page<View>> {
        let filter = ViewFilter {
            entity: Some(self.0.entity.clone()),
            project: Some(self.0.name.clone()),
            kind: view_type,
            name: view_name,
            by: user_name,
        };
        let found = ask(ctx)?.read(move |store| store.views(&filter)).await?;
        Ok(Window::cut(found.into_iter().map(View).collect(), first, after.as_deref()))
    }

    /// `COLLECTION:ALIAS`.
    async fn artifact(&self, ctx: &Context<'_>, name: String) -> Result<Option<Artifact>> {
        match self.member(ask(ctx)?, &name).await? {
            Some(Membership(row)) => Ok(Some(Artifact::of(ask(ctx)?, row).await?)),
            None => Ok(None),
        }
    }
    async fn artifact_collection_membership(
        &self,
        ctx: &Context<'_>,
        name: String,
    ) -> Result<Option<Membership>> {
        self.member(ask(ctx)?, &name).await
    }
    async fn artifact_collection(&self, ctx: &Context<'_>, name: String) -> Result<Option<Collection>> {
        Collection::find(ask(ctx)?, &self.0, &name, None).await
    }
    async fn artifact_collections(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        filters: Option<JsonString>,
        order: Option<String>,
    ) -> Result<Page<Collection>> {
        let asked = search::Asked { first, after, filters, order };
        Collection::page(ask(ctx)?, &self.0, None, asked).await
    }
    /// Whether it takes versions of any type.
    async fn allow_all_artifact_types_in_registry(&self) -> bool {
        self.0.said.artifact_types.is_none()
    }
    async fn artifact_type(&self, ctx: &Context<'_>, name: String) -> Result<Option<ArtifactType>> {
        let types = types_of(ask(ctx)?, &self.0).await?;
        Ok(types.into_iter().find(|found| found.name == name))
    }
    async fn artifact_types(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Page<ArtifactType>> {
        Ok(Window::cut(types_of(ask(ctx)?, &self.0).await?, first, after.as_deref()))
    }
}
