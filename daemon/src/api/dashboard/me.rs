//! Who asks, and what projects there are for him.

use axum::extract::{Query, State};
use axum::{Extension, Json};
use pannier_proto::dashboard::{Me, ProjectView, Projects};
use pannier_proto::workspace::is_registry;
use serde::Deserialize;

use crate::access::Verb;
use crate::api::auth::Caller;
use crate::api::respond::Answer;
use crate::api::web::Door;
use crate::api::{App, blocking};

/// `GET /v1/me`.
pub async fn me(State(app): State<App>, Extension(caller): Extension<Caller>) -> Answer<Json<Me>> {
    let hub = matches!(app.door, Door::Hub { .. });
    let Caller { name, entity, access } = caller;
    let everything = access.everything();
    let writes = blocking(move || {
        if everything {
            return Ok(Vec::new());
        }
        let mut all = app.store.entities()?;
        all.extend(access.directory().0.keys().cloned());
        all.retain(|entity| access.allows(entity, Verb::Write));
        all.sort_unstable();
        all.dedup();
        Ok(all)
    });
    let writes = writes.await?;
    Ok(Json(Me {
        user: name,
        entity,
        hub,
        everything,
        writes,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }))
}

#[derive(Deserialize)]
pub struct Of {
    entity: Option<String>,
}

/// `GET /v1/projects`.
pub async fn projects(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(Of { entity }): Query<Of>,
) -> Answer<Json<Projects>> {
    let shown = |project: &ProjectView| {
        caller.access.allows(&project.entity, Verb::Read) && !is_registry(&project.project)
    };
    let mut projects = blocking(move || app.store.project_counts(entity.as_deref())).await?;
    projects.retain(shown);
    Ok(Json(Projects { projects }))
}
