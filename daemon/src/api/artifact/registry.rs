//! The routes of registries.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use http::StatusCode;
use pannier_proto::artifacts::{EditRegistry, Registries, RegistryCollections, RegistryView};
use pannier_proto::id::check_alias;
use pannier_proto::workspace::{Edit, REGISTRY_PREFIX, is_registry};

use super::view;
use crate::access::Verb;
use crate::api::auth::Caller;
use crate::api::respond::{Answer, Failure};
use crate::api::{App, blocking};
use crate::ingest::registry::upsert_project;
use crate::store::{Project, Store, StoreError};

/// The project of a registry, by the registry's name or its own.
fn project_of(name: &str) -> String {
    if is_registry(name) { name.to_owned() } else { format!("{REGISTRY_PREFIX}{name}") }
}

fn find(store: &Store, organization: &str, name: &str) -> crate::store::Result<Project> {
    store
        .project(organization, &project_of(name))?
        .ok_or_else(|| StoreError::Missing(format!("registry {organization}/{name}")))
}

/// Every registry that the caller may read.
pub async fn list(State(app): State<App>, Extension(caller): Extension<Caller>) -> Answer<Json<Registries>> {
    let found = blocking(move || {
        let mut found = Vec::new();
        for entity in app.store.entities()? {
            if !caller.access.allows(&entity, Verb::Read) {
                continue;
            }
            let mut projects = app.store.projects(&entity)?;
            projects.retain(|project| is_registry(&project.name));
            projects.sort_by(|a, b| a.name.cmp(&b.name));
            for project in projects {
                found.push(view::registry(&app.store, project)?);
            }
        }
        Ok(found)
    });
    Ok(Json(Registries { registries: found.await? }))
}

/// A registry with its collections.
pub async fn show(
    State(app): State<App>,
    Path((organization, name)): Path<(String, String)>,
) -> Answer<Json<RegistryCollections>> {
    let found = blocking(move || {
        let project = find(&app.store, &organization, &name)?;
        let collections = view::collections(&app.store, &project.entity, &project.name)?;
        Ok(RegistryCollections { registry: view::registry(&app.store, project)?, collections })
    });
    Ok(Json(found.await?))
}

/// Makes a registry.
pub async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(organization): Path<String>,
    Json(asked): Json<EditRegistry>,
) -> Answer<Json<RegistryView>> {
    let name = asked.name.clone().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Failure::bad("a registry needs a name"))?;
    let (store, of, wanted) = (app.store.clone(), organization.clone(), name.clone());
    if blocking(move || store.project(&of, &project_of(&wanted))).await?.is_some() {
        let what = format!("there is a registry {organization}/{name}");
        return Err(Failure::new(StatusCode::CONFLICT, what).hint("use it, or another name"));
    }
    changed(app, &caller, organization, name, asked).await
}

/// Changes a registry.
pub async fn edit(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((organization, name)): Path<(String, String)>,
    Json(asked): Json<EditRegistry>,
) -> Answer<Json<RegistryView>> {
    if asked.name.is_some() {
        return Err(Failure::bad("a registry keeps its name"));
    }
    let (store, of, wanted) = (app.store.clone(), organization.clone(), name.clone());
    blocking(move || find(&store, &of, &wanted)).await?;
    changed(app, &caller, organization, name, asked).await
}

async fn changed(
    app: App,
    caller: &Caller,
    organization: String,
    name: String,
    asked: EditRegistry,
) -> Answer<Json<RegistryView>> {
    asked.protected_aliases.iter().flatten().try_for_each(|alias| check_alias(alias))?;
    let edit = Edit {
        description: asked.description,
        artifact_types: asked.artifact_types,
        protected_aliases: asked.protected_aliases,
        ..Edit::default()
    };
    let author = caller.author(&organization);
    upsert_project(&app.store, author, organization.clone(), project_of(&name), edit).await?;
    let found = blocking(move || view::registry(&app.store, find(&app.store, &organization, &name)?));
    Ok(Json(found.await?))
}
