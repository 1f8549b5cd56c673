//! The routes of artifacts, collections and registries. Translation only: what
//! is done is `ingest`'s, what is seen is `store`'s.

mod put;
mod registry;
mod view;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{delete, get, patch, post};
use axum::{Extension, Json, Router};
use http::{HeaderMap, StatusCode};
use pannier_proto::artifacts::{
    ArtifactView, CollectionVersions, Collections, EntryView, LinkVersion, MoveAliases, Moves, VersionView,
};
use pannier_proto::content::Blob;
use pannier_proto::hub::CollectionName;
use pannier_proto::id::Id128;
use pannier_proto::lineage::LineageView;
use pannier_proto::path::RelPath;
use pannier_proto::workspace::{LATEST, is_registry};
use serde::Deserialize;

use super::auth::Caller;
use super::respond::{Answer, Failure};
use super::runs::stream;
use super::wandb::transfer;
use super::{App, blocking};
use crate::access::Verb;
use crate::ingest::artifact::read_manifest;
use crate::ingest::registry::{self as acts, CollectionPath};
use crate::limits::{LINEAGE_DEPTH_MAX, LINEAGE_NODES_MAX, PAGE_MAX};
use crate::store::{ArtifactRow, Store, StoreError};

/// What every door has.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/artifacts/{entity}/{project}/{name}", get(show).delete(remove))
        .route("/v1/artifacts/{entity}/{project}/{name}/files", get(files))
        .route("/v1/artifacts/{entity}/{project}/{name}/files/{*path}", get(file))
        .route("/v1/artifacts/{entity}/{project}/{name}/lineage", get(lineage))
        .route("/v1/collections", get(collections))
        .route("/v1/collections/{entity}/{project}/{name}", get(versions))
        .route("/v1/collections/{entity}/{project}/{name}/moves", get(moves))
        .route("/v1/collections/{entity}/{project}/{name}/aliases", post(move_aliases))
        .route("/v1/collections/{entity}/{project}/{name}/links", post(link))
        .route("/v1/collections/{entity}/{project}/{name}/links/{artifact}", delete(unlink))
        .route("/v1/registries", get(registry::list))
        .route("/v1/registries/{entity}", post(registry::create))
        .route("/v1/registries/{entity}/{name}", get(registry::show))
        .route("/v1/registries/{entity}/{name}", patch(registry::edit))
}

/// What reads this machine's files, or fills its disk: the owner's.
pub fn local_routes() -> Router<App> {
    Router::new().route("/v1/artifacts", post(put::put)).route("/v1/artifacts/pull", post(put::pull))
}

/// Entity, project, and `COLLECTION:NAME` or a collection.
type Named = Path<(String, String, String)>;

/// The version that a name means: `COLLECTION:v3`, `:latest`, `:ALIAS` or
/// `:DIGEST`; a collection alone means its latest. What is not here is asked of a
/// remote.
async fn find(app: &App, Path((entity, project, name)): Named) -> Answer<ArtifactRow> {
    let (collection, wanted) = name.rsplit_once(':').unwrap_or((&name, LATEST));
    let of = CollectionName { entity, project, collection: collection.to_owned() };
    let found = app.fetch.version(&of, wanted).await?;
    Ok(found.ok_or_else(|| StoreError::Missing(format!("artifact {of}:{wanted}")))?)
}

async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    path: Named,
) -> Answer<Json<ArtifactView>> {
    let row = find(&app, path).await?;
    Ok(Json(blocking(move || view::artifact(&app, &caller, row)).await?))
}

#[derive(Deserialize)]
struct Removal {
    #[serde(default)]
    with_aliases: bool,
}

async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    path: Named,
    Query(Removal { with_aliases }): Query<Removal>,
) -> Answer<StatusCode> {
    let row = find(&app, path).await?;
    let of = &row.collection;
    if of.links {
        return Err(Failure::new(
            StatusCode::CONFLICT,
            format!("{}/{}/{}:v{} is a link", of.entity, of.project, of.name, row.version),
        )
        .hint("take the link away, or delete the version where it was logged"));
    }
    acts::delete_version(&app.store, caller.author(&of.entity), row.body.id, with_aliases).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The entries of a version's manifest, a JSON object a line.
async fn files(State(app): State<App>, path: Named) -> Answer<Response> {
    let row = find(&app, path).await?;
    transfer::fetched(&app, row.body.manifest.blob).await?;
    let manifest = blocking(move || read_manifest(&app.blobs, &row.body.manifest)).await?;
    Ok(stream("application/x-ndjson", move |send| {
        for (path, entry) in manifest.entries {
            let (digest, size, reference) = (entry.digest, entry.size, entry.reference);
            let line = serde_json::to_string(&EntryView { path, digest, size, reference });
            if !send(line.unwrap_or_default() + "\n") {
                break;
            }
        }
        Ok(())
    }))
}

/// One file's bytes.
async fn file(
    State(app): State<App>,
    Path((entity, project, name, path)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Answer<Response> {
    let path = RelPath::new(&path)?;
    let blob = file_blob(&app, (entity, project, name), &path).await?;
    transfer::fetched(&app, blob).await?;
    transfer::stored(&app.blobs, blob, path.file_name(), &headers).await
}

/// The bytes of a version's file.
///
/// # Errors
/// 404.
pub async fn file_blob(
    app: &App,
    (entity, project, name): (String, String, String),
    path: &RelPath,
) -> Answer<Blob> {
    let (store, of) = (app.store.clone(), path.clone());
    let what = format!("file {path} in artifact {entity}/{project}/{name}");
    let id = find(app, Path((entity, project, name))).await?.body.id;
    let content = blocking(move || store.artifact_file(id, of.as_str())).await?;
    Ok(content.ok_or(StoreError::Missing(what))?.blob)
}

#[derive(Deserialize)]
struct Depth {
    depth: Option<usize>,
}

async fn lineage(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    path: Named,
    Query(Depth { depth }): Query<Depth>,
) -> Answer<Json<LineageView>> {
    let id = find(&app, path).await?.body.id;
    let depth = depth.unwrap_or(LINEAGE_DEPTH_MAX).min(LINEAGE_DEPTH_MAX);
    let found = blocking(move || {
        let may = |entity: &str| caller.access.allows(entity, Verb::Read);
        app.store.lineage(id, depth, LINEAGE_NODES_MAX, &may)
    });
    let missing = || Failure::new(StatusCode::NOT_FOUND, format!("artifact {id} is gone"));
    Ok(Json(found.await?.ok_or_else(missing)?))
}

#[derive(Deserialize)]
struct Within {
    entity: Option<String>,
    project: Option<String>,
}

/// Collections of an entity or all, of a project or all but registries.
async fn collections(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(Within { entity, project }): Query<Within>,
) -> Answer<Json<Collections>> {
    let found = blocking(move || {
        let mut entities = entity.map_or_else(|| app.store.entities(), |entity| Ok(vec![entity]))?;
        entities.retain(|entity| caller.access.allows(entity, Verb::Read));
        let mut found = Vec::new();
        for entity in entities {
            let mut projects = match &project {
                Some(project) => vec![project.clone()],
                None => app.store.projects(&entity)?.into_iter().map(|project| project.name).collect(),
            };
            projects.retain(|name| project.is_some() || !is_registry(name));
            projects.sort();
            for project in projects {
                found.extend(view::collections(&app.store, &entity, &project)?);
            }
        }
        Ok(found)
    });
    Ok(Json(Collections { collections: found.await? }))
}

#[derive(Deserialize)]
struct Window {
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

fn collection_named(store: &Store, path: &CollectionPath) -> crate::store::Result<crate::store::Collection> {
    store
        .collection(&path.entity, &path.project, &path.name)?
        .ok_or_else(|| StoreError::Missing(format!("collection {path}")))
}

/// A collection with its versions, newest first.
async fn versions(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((entity, project, name)): Named,
    Query(Window { limit, offset }): Query<Window>,
) -> Answer<Json<CollectionVersions>> {
    let limit = limit.unwrap_or(100).min(PAGE_MAX);
    let found = blocking(move || {
        let row = collection_named(&app.store, &CollectionPath { entity, project, name })?;
        let mut rows = app.store.versions(row.id, offset, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let versions = view::versions(&app, &caller, rows)?;
        Ok(CollectionVersions { collection: view::collection(&app.store, row)?, versions, more })
    });
    Ok(Json(found.await?))
}

#[derive(Deserialize)]
struct Of {
    alias: Option<String>,
}

async fn moves(
    State(app): State<App>,
    Path((entity, project, name)): Named,
    Query(Of { alias }): Query<Of>,
) -> Answer<Json<Moves>> {
    let found = blocking(move || {
        let row = collection_named(&app.store, &CollectionPath { entity, project, name })?;
        view::moves(&app.store, row.id, alias.as_deref())
    });
    Ok(Json(Moves { moves: found.await? }))
}

/// The version as it is in this collection now.
async fn member(app: &App, caller: Caller, path: CollectionPath, id: Id128) -> Answer<Json<VersionView>> {
    let app = app.clone();
    let found = blocking(move || {
        let mut rows = app.store.memberships(id)?;
        rows.retain(|row| CollectionPath::from(&row.collection) == path);
        let mut views = view::versions(&app, &caller, rows)?;
        views.pop().ok_or_else(|| StoreError::Missing(format!("artifact {id} in {path}")))
    });
    Ok(Json(found.await?))
}

async fn move_aliases(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((entity, project, name)): Named,
    Json(asked): Json<MoveAliases>,
) -> Answer<Json<VersionView>> {
    let (author, store) = (caller.author(&entity), app.store.clone());
    let path = CollectionPath { entity, project, name };
    let wanted = path.clone();
    let row = blocking(move || collection_named(&store, &wanted)).await?;
    let MoveAliases { artifact, add, remove } = asked;
    acts::move_aliases(&app.store, author, artifact, path, add, remove).await?;
    member(&app, caller, (&row).into(), artifact).await
}

/// Nobody links what he may not look at.
async fn link(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((entity, project, name)): Named,
    Json(asked): Json<LinkVersion>,
) -> Answer<Json<VersionView>> {
    let (store, id) = (app.store.clone(), asked.artifact);
    let places = blocking(move || store.memberships(id)).await?;
    if !places.iter().any(|row| caller.access.allows(&row.collection.entity, Verb::Read)) {
        return Err(StoreError::Missing(format!("artifact {id}")).into());
    }
    let author = caller.author(&entity);
    let path = CollectionPath { entity, project, name };
    let row = acts::link(&app.store, author, id, path, asked.aliases).await?;
    member(&app, caller, (&row.collection).into(), id).await
}

async fn unlink(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((entity, project, name, id)): Path<(String, String, String, Id128)>,
) -> Answer<StatusCode> {
    let author = caller.author(&entity);
    acts::unlink(&app.store, author, id, CollectionPath { entity, project, name }).await?;
    Ok(StatusCode::NO_CONTENT)
}
