//! The routes of saved views. Translation only: what is done is `ingest`'s, what
//! is seen is `store`'s.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use http::StatusCode;
use pannier_proto::dashboard::Sync;
use pannier_proto::id::{Id128, RunPath};
use pannier_proto::view::{SaveView, View, Views};
use serde::Deserialize;

use super::auth::Caller;
use super::dashboard::sync_state;
use super::respond::{Answer, Failure};
use super::{App, blocking};
use crate::access::Verb;
use crate::ingest::views;
use crate::store::{self, StoreError, ViewFilter, ViewRow};
use crate::wandb::ids;

/// What every door has.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/views", get(list))
        .route("/v1/views/{entity}/{project}", post(create))
        .route("/v1/views/{entity}/{project}/{id}", get(show).put(save).delete(remove))
}

/// Entity, project, and a view's id: hex, or as links have it.
type Named = Path<(String, String, String)>;

fn id_of(text: &str) -> Answer<Id128> {
    let id = text.parse().ok().or_else(|| ids::read_view(text));
    id.ok_or_else(|| {
        Failure::bad(format!("{text:?} is no id of a view")).hint("take what stands behind -- in its link")
    })
}

#[derive(Deserialize)]
struct Wanted {
    entity: Option<String>,
    project: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// The views that the caller may read.
async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(wanted): Query<Wanted>,
) -> Answer<Json<Views>> {
    let Wanted { entity, project, kind } = wanted;
    let filter = ViewFilter { entity, project, kind, ..ViewFilter::default() };
    let found = blocking(move || {
        let mut ways = BTreeMap::new();
        let mut found = Vec::new();
        for row in app.store.views(&filter)? {
            if !caller.access.allows(&row.entity, Verb::Read) {
                continue;
            }
            let of = (row.entity.clone(), row.project.clone());
            let way = match ways.get(&of) {
                Some(way) => Sync::clone(way),
                None => ways.entry(of).or_insert(way_of(&app, &row)?).clone(),
            };
            found.push(view(row, false, way));
        }
        Ok(found)
    });
    Ok(Json(Views { views: found.await? }))
}

async fn show(State(app): State<App>, Path((entity, project, id)): Named) -> Answer<Json<View>> {
    let id = id_of(&id)?;
    let found = blocking(move || {
        let row = app.store.view(&entity, &project, id)?;
        whole(&app, row.ok_or_else(|| StoreError::Missing(format!("view {id} in {entity}/{project}")))?)
    });
    Ok(Json(found.await?))
}

async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((entity, project)): Path<(String, String)>,
    Json(asked): Json<SaveView>,
) -> Answer<Json<View>> {
    let row = views::save(&app.store, caller.author(&entity), entity, project, None, asked).await?;
    Ok(Json(blocking(move || whole(&app, row)).await?))
}

async fn save(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((entity, project, id)): Named,
    Json(asked): Json<SaveView>,
) -> Answer<Json<View>> {
    let id = id_of(&id)?;
    let row = views::save(&app.store, caller.author(&entity), entity, project, Some(id), asked).await?;
    Ok(Json(blocking(move || whole(&app, row)).await?))
}

async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((entity, project, id)): Named,
) -> Answer<StatusCode> {
    let id = id_of(&id)?;
    views::delete(&app.store, caller.author(&entity), entity, project, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn way_of(app: &App, row: &ViewRow) -> store::Result<Sync> {
    let path = RunPath::workspace(&row.entity, &row.project);
    sync_state::of(app, &path.map_err(|error| StoreError::Refused(error.to_string()))?)
}

fn whole(app: &App, row: ViewRow) -> store::Result<View> {
    let way = way_of(app, &row)?;
    Ok(view(row, true, way))
}

fn view(row: ViewRow, whole: bool, sync: Sync) -> View {
    View {
        id: row.id,
        link_id: ids::view_link(row.id),
        entity: row.entity,
        project: row.project,
        kind: row.body.kind,
        name: row.body.name,
        display_name: row.body.display_name,
        description: row.body.description,
        by: row.by,
        created_us: row.created_us,
        updated_us: row.updated_us,
        spec: whole.then_some(row.body.spec),
        sync,
    }
}
