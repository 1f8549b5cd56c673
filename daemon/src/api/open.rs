//! The doors for runs: opening one, posting lines, announcing a journal,
//! finishing.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use pannier_proto::id::{DEFAULT_PROJECT, RunPath, run_id};
use pannier_proto::record::{Change, Record, RunFields};
use pannier_proto::request::{Appended, FinishRun, OpenRun, OpenedRun, RecordLine, Resume, RunView};
use serde::Deserialize;

use super::respond::{Answer, Failure};
use super::web::default_entity;
use super::{App, blocking};
use crate::clock::now_us;
use crate::sync::kind::run_page;
use crate::{ingest, names, site};

pub async fn open(State(app): State<App>, Json(asked): Json<OpenRun>) -> Answer<Json<OpenedRun>> {
    let path = path_of(&asked)?;
    if asked.run.is_some() {
        // What an earlier life left in its journal belongs to what is known.
        app.spool.drain(None).await;
        if matches!(asked.resume, Resume::Allow | Resume::Must) {
            app.fetch.run(&path).await;
        }
    }
    let earlier = earlier_life(&app, &path).await?;
    match (asked.resume, &earlier) {
        (Resume::Must, None) => {
            return Err(Failure::new(StatusCode::CONFLICT, format!("there is no run {path} to resume"))
                .hint("check entity, project and id, or use resume=\"allow\" to begin it"));
        }
        (Resume::Never, Some(_)) => {
            return Err(Failure::new(
                StatusCode::CONFLICT,
                format!("run {path} exists, and resume=\"never\" was asked for"),
            )
            .hint("use another id, or resume=\"allow\" to continue it"));
        }
        _ => {}
    }
    let resumed = earlier.is_some() && matches!(asked.resume, Resume::Allow | Resume::Must);
    let name = name_of(&app, &path, asked.fields.name.clone()).await?;
    let earlier = earlier.filter(|_| resumed);
    let start_step = earlier.as_ref().and_then(|run| run.last_step).map_or(0, |last| last.saturating_add(1));
    if !asked.journaled {
        let fields = RunFields { name: Some(name.clone()), ..asked.fields };
        let begin = Change::Begin { time_us: now_us(), fields, start_step, resumed, job: site::job() };
        let config = Change::Config { set: asked.config, remove: Vec::new() };
        ingest::append(&app.store, &path, vec![Record::Change(begin), Record::Change(config)]).await?;
    }
    let remotes = app.store.remotes()?;
    let url = remotes.first().and_then(|remote| run_page(&app.store, remote, &path));
    let (config, summary) = earlier.map(|run| (run.config, run.summary)).unwrap_or_default();
    Ok(Json(OpenedRun { path, name, resumed, start_step, config, summary, url }))
}

fn path_of(asked: &OpenRun) -> Answer<RunPath> {
    let entity = asked.entity.clone().unwrap_or_else(default_entity);
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let run = asked.run.clone().unwrap_or_else(|| run_id(random));
    let project = asked.project.as_deref().unwrap_or(DEFAULT_PROJECT);
    Ok(RunPath::new(&entity, project, &run)?)
}

async fn earlier_life(app: &App, path: &RunPath) -> Answer<Option<RunView>> {
    let (store, path) = (app.store.clone(), path.clone());
    let found = blocking(move || match store.run(&path) {
        // Of what was recorded elsewhere there may be no record here.
        Ok(run) => {
            let (records, _) = store.run_at_remotes(&path)?;
            Ok(Some(run).filter(|run| records > 0 || run.history_rows > 0))
        }
        Err(crate::store::StoreError::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    });
    Ok(found.await?)
}

/// The run's name: the one asked for, the one it has, or the next of its
/// project. Nothing is written: `init` does not wait for a disk.
pub async fn name_of(app: &App, path: &RunPath, asked: Option<String>) -> Answer<String> {
    if let Some(asked) = asked {
        return Ok(asked);
    }
    let mut random = [0; 2];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let (store, of) = (app.store.clone(), path.clone());
    let (known, count) = blocking(move || {
        let known = match store.run(&of) {
            Ok(run) => run.fields.name,
            Err(crate::store::StoreError::Missing(_)) => None,
            Err(error) => return Err(error),
        };
        Ok((known, store.project_runs(&of.entity, &of.project)?))
    })
    .await?;
    Ok(known.unwrap_or_else(|| names::run_name(random, app.numbers.next(path, count))))
}

#[derive(Deserialize)]
pub struct LinesQuery {
    #[serde(default)]
    writer: String,
    #[serde(default)]
    first: u64,
}

pub async fn records(
    State(app): State<App>,
    Path(raw): Path<(String, String, String)>,
    Query(query): Query<LinesQuery>,
    body: Bytes,
) -> Answer<Json<Appended>> {
    let path = existing(&app, &raw).await?;
    let mut lines = Vec::new();
    for (at, line) in
        body.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty())
    {
        let parsed: RecordLine = serde_json::from_slice(line).map_err(|error| {
            Failure::bad(format!("line {} is no record: {error}", at + 1))
                .hint("a line is one of {\"history\":{\"row\":{…}}}, {\"config\":{…}}, {\"summary\":{…}}, {\"console\":{\"text\":…}}; nothing of this request was taken")
        })?;
        lines.push(parsed);
    }
    let next = ingest::append_lines(&app.store, &path, &query.writer, query.first, lines).await?;
    let last_step = blocking(move || app.store.run(&path)).await?.last_step;
    Ok(Json(Appended { next, last_step }))
}

pub async fn finish(
    State(app): State<App>,
    Path(raw): Path<(String, String, String)>,
    body: Bytes,
) -> Answer<Json<RunView>> {
    let asked: FinishRun = if body.trim_ascii().is_empty() {
        FinishRun::default()
    } else {
        serde_json::from_slice(&body)
            .map_err(|error| Failure::bad(format!("the body is not {{\"exit_code\": N}}: {error}")))?
    };
    let path = existing(&app, &raw).await?;
    ingest::finish(&app.store, &path, asked.exit_code).await?;
    Ok(Json(blocking(move || app.store.run(&path)).await?))
}

pub async fn announce(State(app): State<App>) -> StatusCode {
    app.spool.look();
    StatusCode::NO_CONTENT
}

/// The run that a URL speaks of, by id or by name.
pub async fn existing(app: &App, (entity, project, run): &(String, String, String)) -> Answer<RunPath> {
    let (asked, store) = (RunPath::new(entity, project, run)?, app.store.clone());
    Ok(blocking(move || store.resolve(&asked)).await?)
}
