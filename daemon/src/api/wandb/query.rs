//! The queries of W&B's clients.

use async_graphql::{Context, ID, Object, Result, SelectionField, SimpleObject, Value};

use super::artifact::Artifact;
use super::ask;
use super::collection::Collection;
use super::page::{Page, Window};
use super::project::Project;
use super::user::{Entity, Organization, User};
use super::view::View;
use crate::access::Verb;
use crate::wandb::ids;

/// What is switched on. A client that asks is told of no other feature.
const FEATURES: [&str; 13] = [
    "STRUCTURED_CONSOLE_LOGS",
    "FILESTREAM_GZIP",
    "MARK_RUN_FILES_UPLOADED",
    "TOTAL_COUNT_IN_FILE_CONNECTION",
    "ARTIFACT_REGISTRY_SEARCH",
    "INCLUDE_ARTIFACT_TYPES_IN_REGISTRY_CREATION",
    "ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE",
    "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION",
    "ARTIFACT_COLLECTIONS_FILTERING_SORTING",
    "ARTIFACT_TAGS",
    "CLIENT_IDS",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
    "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
];
/// What older clients ask for in its place.
const CLI_VERSION: &str = r#"{"min_cli_version":"0.10.0","max_cli_version":"999.0.0"}"#;

/// A feature of the server.
#[derive(SimpleObject)]
pub struct Feature {
    name: &'static str,
    is_enabled: bool,
}

/// The newest version of W&B's own server.
#[derive(SimpleObject)]
pub struct LocalVersion {
    out_of_date: bool,
    latest_version_string: String,
    version_on_this_instance_string: String,
}

/// What the server can do.
pub struct ServerInfo;

#[Object]
impl ServerInfo {
    async fn features(&self) -> Vec<Feature> {
        FEATURES.iter().map(|name| Feature { name, is_enabled: true }).collect()
    }
    async fn cli_version_info(&self) -> async_graphql::Json<serde_json::Value> {
        async_graphql::Json(serde_json::from_str(CLI_VERSION).unwrap_or_default())
    }
    async fn latest_local_version_info(&self) -> Option<LocalVersion> {
        None
    }
    async fn exposes_explicit_run_queue_ack_path(&self) -> bool {
        false
    }
}

/// What a client knows an artifact by, and what we do.
#[derive(SimpleObject)]
pub struct ClientIdMapping {
    #[graphql(name = "serverID")]
    server_id: ID,
}

/// What core asks before it goes on with a run.
const RESUMES: &str = "RunResumeStatus";

/// The argument `name` of a field.
fn asked_name(field: &SelectionField) -> Option<String> {
    let arguments = field.arguments().ok()?;
    arguments.into_iter().find_map(|(name, value)| match value {
        Value::String(text) if name == "name" => Some(text),
        _ => None,
    })
}

/// The root of queries.
pub struct Query;

#[Object]
impl Query {
    async fn viewer(&self, ctx: &Context<'_>) -> Result<User> {
        let ask = ask(ctx)?;
        Ok(User { name: ask.caller.name.clone(), entity: ask.entity() })
    }
    async fn server_info(&self) -> ServerInfo {
        ServerInfo
    }
    async fn entity(&self, ctx: &Context<'_>, name: Option<String>) -> Result<Option<Entity>> {
        let ask = ask(ctx)?;
        let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| ask.entity());
        Ok(ask.may(&name, Verb::Read).then_some(Entity { name }))
    }
    async fn organization(&self, ctx: &Context<'_>, name: Option<String>) -> Result<Option<Organization>> {
        Organization::find(ask(ctx)?, name).await
    }
    async fn artifact_collection(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Collection>> {
        let Some(number) = ids::read_collection(&id) else { return Ok(None) };
        let ask = ask(ctx)?;
        let found = ask.read(move |store| store.collection_numbered(number)).await?;
        Ok(found.filter(|row| ask.may(&row.entity, Verb::Read)).map(Collection::from))
    }
    async fn project(
        &self,
        ctx: &Context<'_>,
        name: Option<String>,
        entity_name: Option<String>,
    ) -> Result<Option<Project>> {
        // What is asked of its artifacts may be answered by a remote.
        let asked = ["artifactCollectionMembership", "artifact", "artifactCollection"];
        let elsewhere = asked.iter().any(|field| ctx.look_ahead().field(field).exists());
        Project::find_anywhere(ask(ctx)?, name, entity_name, elsewhere).await
    }
    /// A project, under its name of old; core asks by it.
    async fn model(
        &self,
        ctx: &Context<'_>,
        name: Option<String>,
        entity_name: Option<String>,
    ) -> Result<Option<Project>> {
        let ask = ask(ctx)?;
        if ask.operation.as_deref() == Some(RESUMES) {
            // Its earlier lives may have been on other machines.
            let run = ctx.look_ahead().field("bucket").selection_fields().first().and_then(asked_name);
            if let Some(run) = run {
                ask.app.fetch.run(&ask.path(entity_name.as_deref(), name.as_deref(), &run)?).await;
            }
        }
        Project::find(ask, name, entity_name).await
    }
    async fn models(
        &self,
        ctx: &Context<'_>,
        entity_name: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Page<Project>> {
        let ask = ask(ctx)?;
        let entity = entity_name.filter(|name| !name.is_empty()).unwrap_or_else(|| ask.entity());
        if !ask.may(&entity, Verb::Read) {
            return Ok(Window::cut(Vec::new(), first, after.as_deref()));
        }
        let projects = ask.read(move |store| store.projects(&entity)).await?;
        Ok(Window::cut(projects.into_iter().map(Project).collect(), first, after.as_deref()))
    }
    async fn artifact(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Artifact>> {
        let Some(id) = ids::read_artifact(&id) else { return Ok(None) };
        Artifact::shown(ask(ctx)?, id).await
    }
    async fn view(&self, ctx: &Context<'_>, id: ID) -> Result<Option<View>> {
        View::find(ask(ctx)?, &id).await
    }
    #[graphql(name = "clientIDMapping")]
    async fn client_id_mapping(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "clientID")] client_id: String,
    ) -> Result<Option<ClientIdMapping>> {
        let ask = ask(ctx)?;
        let found = ask.read(move |store| store.artifact_by_client(&client_id)).await?;
        let found = found.filter(|row| ask.may(&row.run.entity, Verb::Read));
        Ok(found.map(|row| ClientIdMapping { server_id: ids::artifact(row.body.id).into() }))
    }
}
