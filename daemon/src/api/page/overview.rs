//! What there is: everyone's projects, an entity's, and a project's runs.

use std::collections::HashMap;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::Redirect;
use pannier_proto::request::RunView;
use serde::Deserialize;

use super::frame::Page;
use super::html::Html;
use super::table::{Cell, write_table};
use super::{Shown, missing};
use crate::access::Verb;
use crate::api::auth::Caller;
use crate::api::{App, blocking};
use crate::percent::encode;
use crate::store::{self, Project, RunFilter};

/// Runs on one page of a project.
const RUNS: usize = 100;
/// Summary values that a project's table has room for.
const VALUES: usize = 4;

/// `/`: every entity and its projects.
pub async fn home(State(app): State<App>, Extension(caller): Extension<Caller>) -> Shown {
    let access = caller.access.clone();
    let all = blocking(move || {
        let entities = app.store.entities()?.into_iter().filter(|entity| access.allows(entity, Verb::Read));
        entities.map(|entity| app.store.projects(&entity)).collect::<store::Result<Vec<_>>>()
    });
    let all: Vec<Project> = all.await?.into_iter().flatten().collect();
    let mut page = Page::new("Projects");
    page.viewer = Some(caller.name);
    if all.is_empty() {
        page.body.tag(
            "<p>Nothing was logged here yet. <code>pannier run -- python train.py</code> runs a script that does.</p>\n",
        );
    }
    write_projects(&all, &mut page.body);
    Ok(page)
}

/// `/ENTITY`: its projects.
pub async fn entity(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(entity): Path<String>,
) -> Shown {
    let of = entity.clone();
    let all = blocking(move || app.store.projects(&of)).await?;
    if all.is_empty() {
        return Err(missing("entity", &entity).into());
    }
    let mut page = Page::new(entity.clone());
    page.viewer = Some(caller.name);
    page.way.push((entity_path(&entity), entity));
    write_projects(&all, &mut page.body);
    Ok(page)
}

fn write_projects(all: &[Project], html: &mut Html) {
    let rows = all.iter().map(|project| {
        vec![
            Cell::Link(project_path(&project.entity, &project.name), project.name.clone()),
            Cell::Text(project.entity.clone()),
            Cell::Time(project.created_us),
        ]
    });
    let others = "open an entity’s own page, <code>/ENTITY</code>, or use <code>pannier runs list</code>";
    write_table("Projects", &["Project", "Entity", "Created"], rows, others, html);
}

#[derive(Deserialize)]
pub struct Offset {
    #[serde(default)]
    offset: usize,
}

/// `/ENTITY/PROJECT`: its runs, newest first.
pub async fn project(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((entity, project)): Path<(String, String)>,
    Query(Offset { offset }): Query<Offset>,
) -> Shown {
    let (of, named) = (Some(entity.clone()), Some(project.clone()));
    let filter = RunFilter { entity: of, project: named, limit: RUNS, offset, ..RunFilter::default() };
    let (of, named) = (entity.clone(), project.clone());
    let found = blocking(move || {
        let known = app.store.project(&of, &named)?;
        known.map(|_| app.store.runs(&filter)).transpose()
    });
    let Some((runs, more)) = found.await? else {
        return Err(missing("project", &format!("{entity}/{project}")).into());
    };
    let path = project_path(&entity, &project);
    let mut page = Page::new(project.clone());
    page.viewer = Some(caller.name);
    page.way = vec![(entity_path(&entity), entity), (path.clone(), project)];
    write_runs(&runs, &mut page.body);
    let html = &mut page.body;
    if runs.is_empty() {
        html.tag("<p>There are no runs here.</p>\n");
    }
    if offset > 0 || more {
        html.tag("<p>");
        if offset > 0 {
            html.link(&format!("{path}?offset={}", offset.saturating_sub(RUNS)), "Newer runs").tag(" ");
        }
        if more {
            html.link(&format!("{path}?offset={}", offset.saturating_add(RUNS)), "Older runs");
        }
        html.tag("</p>\n");
    }
    Ok(page)
}

fn write_runs(runs: &[RunView], html: &mut Html) {
    let values = values_of(runs);
    let mut heads = vec!["Run", "State", "Created", "Last step"];
    heads.extend(values.iter().copied());
    let rows = runs.iter().map(|run| {
        let name = run.fields.name.as_deref().unwrap_or(&run.path.run);
        let mut row = vec![
            Cell::Link(run_path(&run.path), name.to_owned()),
            Cell::State(run.state.as_str()),
            Cell::Time(run.created_us),
            Cell::Number(run.last_step.map(|step| step.to_string()).unwrap_or_default()),
        ];
        let shown = |key: &&str| run.summary.get(*key).map_or(Cell::Number(String::new()), Cell::value);
        row.extend(values.iter().map(shown));
        row
    });
    write_table("Runs", &heads, rows, "", html);
}

/// The numbers that most of these runs have in their summaries.
fn values_of(runs: &[RunView]) -> Vec<&str> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut keys = Vec::new();
    for (key, value) in runs.iter().flat_map(|run| &run.summary) {
        if value.is_number() && !key.starts_with('_') {
            let count = counts.entry(key).or_default();
            if *count == 0 {
                keys.push(key.as_str());
            }
            *count += 1;
        }
    }
    // Stable: among equals, in the order in which they were met.
    keys.sort_by_key(|key| std::cmp::Reverse(counts[key]));
    keys.truncate(VALUES);
    keys
}

/// The other paths that W&B has for a project.
pub async fn to_project(Path((entity, project)): Path<(String, String)>) -> Redirect {
    Redirect::to(&project_path(&entity, &project))
}

/// An entity's page.
pub fn entity_path(entity: &str) -> String {
    format!("/{}", encode(entity))
}

/// A project's page.
pub fn project_path(entity: &str, project: &str) -> String {
    format!("{}/{}", entity_path(entity), encode(project))
}

/// A run's page.
pub fn run_path(run: &pannier_proto::id::RunPath) -> String {
    format!("{}/runs/{}", project_path(&run.entity, &run.project), encode(&run.run))
}
