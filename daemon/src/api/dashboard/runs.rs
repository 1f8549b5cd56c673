//! Runs: lists of them by filters and order, one, and what a person changes about
//! one.

use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use http::StatusCode;
use pannier_proto::dashboard::{EditRun, RunItem, RunList};
use pannier_proto::record::RunFields;
use pannier_proto::request::RunView;
use serde::Deserialize;

use super::sync_state;
use crate::access::Verb;
use crate::api::auth::Caller;
use crate::api::open::existing;
use crate::api::respond::{Answer, Failure};
use crate::api::wandb::Found;
use crate::api::{App, blocking};
use crate::ingest;
use crate::store::{self, RunFilter};
use crate::wandb::upsert::{Sender, Upsert};

type RunRef = Path<(String, String, String)>;

/// The most runs of one answer.
const PAGE_MAX: usize = 1000;

#[derive(Deserialize)]
pub struct ListQuery {
    entity: Option<String>,
    project: Option<String>,
    filters: Option<String>,
    order: Option<String>,
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
    #[serde(default)]
    full: bool,
}

/// `GET /v1/runs`.
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<ListQuery>,
) -> Answer<Json<RunList>> {
    let limit = query.limit.unwrap_or(100).min(PAGE_MAX);
    let (full, offset) = (query.full, query.offset);
    let asked = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let (filters, order) = (asked(query.filters), asked(query.order));
    let (entity, project) = match (query.entity, query.project) {
        (Some(entity), Some(project)) => (entity, project),
        _ if filters.is_some() || order.is_some() => {
            return Err(Failure::bad("filters and order are for the runs of one project")
                .hint("name both, with entity= and project="));
        }
        (entity, project) => {
            let without = caller.access.hidden();
            let filter = RunFilter { entity, project, without, limit, offset };
            let listed = blocking(move || {
                let (runs, more) = app.store.runs(&filter)?;
                Ok(RunList { runs: items(&app, runs, full)?, more, total: None })
            });
            return Ok(Json(listed.await?));
        }
    };
    if !caller.access.allows(&entity, Verb::Read) {
        return Ok(Json(RunList { runs: Vec::new(), more: false, total: Some(0) }));
    }
    let found = Found::find(&app, &caller.name, &entity, &project, filters, order).await?;
    let listed = blocking(move || {
        let numbers = found.numbers.get(offset..).unwrap_or_default();
        let more = numbers.len() > limit;
        let runs = app.store.runs_numbered(&numbers[..numbers.len().min(limit)])?;
        let runs = items(&app, runs.into_iter().map(|(_, run)| run).collect(), full)?;
        Ok(RunList { runs, more, total: Some(found.numbers.len() as u64) })
    });
    Ok(Json(listed.await?))
}

fn items(app: &App, runs: Vec<RunView>, full: bool) -> store::Result<Vec<RunItem>> {
    let item = |mut run: RunView| {
        if !full {
            run.metadata.clear();
        }
        item(app, run)
    };
    runs.into_iter().map(item).collect()
}

fn item(app: &App, run: RunView) -> store::Result<RunItem> {
    let sync = sync_state::of(app, &run.path)?;
    Ok(RunItem { run, sync })
}

/// `GET /v1/runs/ENTITY/PROJECT/RUN`.
pub async fn show(State(app): State<App>, Path(raw): RunRef) -> Answer<Json<RunItem>> {
    let path = existing(&app, &raw).await?;
    Ok(Json(blocking(move || item(&app, app.store.run(&path)?)).await?))
}

/// `PATCH /v1/runs/ENTITY/PROJECT/RUN`.
pub async fn edit(
    State(app): State<App>,
    Path(raw): RunRef,
    Json(asked): Json<EditRun>,
) -> Answer<Json<RunItem>> {
    let path = existing(&app, &raw).await?;
    if asked.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        return Err(
            Failure::bad(format!("run {path} needs a name")).hint("leave it out to keep the one it has")
        );
    }
    let EditRun { name, notes, tags, group } = asked;
    let fields = RunFields { name, notes, tags, group, job_type: None };
    let upsert = Upsert { by: Sender::Editor, fields, ..Upsert::default() };
    let (run, _) = ingest::upsert::upsert(&app.store, &path, upsert).await?;
    Ok(Json(blocking(move || item(&app, run)).await?))
}

/// `DELETE /v1/runs/ENTITY/PROJECT/RUN`.
pub async fn remove(State(app): State<App>, Path(raw): RunRef) -> Answer<StatusCode> {
    let path = existing(&app, &raw).await?;
    ingest::upsert::delete(&app.store, &path).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/runs/ENTITY/PROJECT/RUN/stop`.
pub async fn stop(State(app): State<App>, Path(raw): RunRef) -> Answer<StatusCode> {
    let path = existing(&app, &raw).await?;
    ingest::upsert::stop(&app.store, &path).await?;
    Ok(StatusCode::NO_CONTENT)
}
