//! Where saved views enter: reports and workspaces of projects. Each save and
//! each deletion is recorded in the project's stream, with its author.

use std::sync::Arc;

use pannier_proto::id::{Id128, RunPath};
use pannier_proto::view::SaveView;
use pannier_proto::workspace::{Act, ViewBody};

use super::registry::{Author, bad, record_at};
use crate::clock::now_us;
use crate::limits::{VIEW_DESCRIPTION_BYTES_MAX, VIEW_NAME_CHARS_MAX, VIEW_SPEC_BYTES_MAX};
use crate::store::{Result, Store, StoreError, Tx, ViewRow};
use crate::token;

/// What begins and ends the names of workspaces, which their links rely on.
const WORKSPACE: (&str, &str) = ("nw-", "-v");

/// The type of workspaces.
const WORKSPACE_KIND: &str = "project-view";

/// Saves a view: a new one, or with `id` one that is there, whole. Returns it as
/// it is then.
///
/// # Errors
/// [`StoreError::Missing`] where it is not there, [`StoreError::Conflict`] where
/// somebody saved it since the state that was edited, [`StoreError::Refused`] for
/// one that is too large, or whose spec is no JSON.
pub async fn save(
    store: &Arc<Store>,
    by: Author,
    entity: String,
    project: String,
    id: Option<Id128>,
    asked: SaveView,
) -> Result<ViewRow> {
    RunPath::workspace(&entity, &project).map_err(bad)?;
    check(&asked)?;
    let random = random()?;
    store
        .write(move |tx| {
            // Under the name that a registry has, whatever case was asked in.
            let project = tx.project(&entity, &project)?.map_or(project, |known| known.name);
            let known = match id {
                Some(id) => {
                    Some(tx.view(&entity, &project, id)?.ok_or_else(|| missing(id, &entity, &project))?)
                }
                None => None,
            };
            if let (Some(known), Some(based_on_us)) = (&known, asked.based_on_us)
                && known.updated_us != based_on_us
            {
                return Err(StoreError::Conflict(format!(
                    "{:?} in {entity}/{project} was saved{} since you opened it; open it anew, or save yours \
                     as a new one",
                    known.body.display_name,
                    known.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default()
                )));
            }
            let view = id.unwrap_or(Id128(random));
            let name = asked.name.filter(|name| !name.is_empty());
            let name = name.or(known.map(|known| known.body.name));
            let body = ViewBody {
                name: name.unwrap_or_else(|| made_name(&asked.kind, view)),
                kind: asked.kind,
                display_name: asked.display_name,
                description: asked.description,
                spec: asked.spec,
            };
            record(tx, &by, &entity, &project, view, Act::SaveView { view, body })?;
            tx.view(&entity, &project, view)?.ok_or_else(|| missing(view, &entity, &project))
        })
        .await
}

/// Deletes a view.
///
/// # Errors
/// [`StoreError::Missing`].
pub async fn delete(
    store: &Arc<Store>,
    by: Author,
    entity: String,
    project: String,
    view: Id128,
) -> Result<()> {
    store
        .write(move |tx| {
            tx.view(&entity, &project, view)?.ok_or_else(|| missing(view, &entity, &project))?;
            record(tx, &by, &entity, &project, view, Act::DeleteView { view })
        })
        .await
}

/// At a time after everything that is known of the view, whatever this clock
/// says: what was seen is replaced.
fn record(tx: &Tx, by: &Author, entity: &str, project: &str, view: Id128, act: Act) -> Result<()> {
    let seen_us = tx.view_changed_us(entity, project, view)?;
    let time_us = seen_us.map_or(i64::MIN, |seen| seen.saturating_add(1)).max(now_us());
    record_at(tx, by, entity, project, act, time_us)
}

fn missing(id: Id128, entity: &str, project: &str) -> StoreError {
    StoreError::Missing(format!("view {id} in {entity}/{project}"))
}

fn random() -> Result<[u8; 16]> {
    token::random().map_err(|error| StoreError::Refused(format!("a view cannot be given an id: {error}")))
}

fn made_name(kind: &str, view: Id128) -> String {
    let id = &view.to_string()[..11];
    if kind == WORKSPACE_KIND { format!("{}{id}{}", WORKSPACE.0, WORKSPACE.1) } else { id.to_owned() }
}

fn check(asked: &SaveView) -> Result<()> {
    let title: String = asked.display_name.chars().take(64).collect();
    let refused = |what: String| Err(StoreError::Refused(format!("view {title:?} {what}")));
    let spec = asked.spec.len();
    if spec > VIEW_SPEC_BYTES_MAX {
        let most = VIEW_SPEC_BYTES_MAX >> 20;
        return refused(format!(
            "has a spec of {spec} bytes; at most {most} MiB are kept: log large data in a run and show it from there"
        ));
    }
    let texts =
        [("type", Some(&asked.kind)), ("name", asked.name.as_ref()), ("title", Some(&asked.display_name))];
    for (what, text) in texts {
        if text.is_some_and(|text| text.chars().count() > VIEW_NAME_CHARS_MAX) {
            return refused(format!("has a {what} of more than {VIEW_NAME_CHARS_MAX} characters"));
        }
    }
    if asked.description.len() > VIEW_DESCRIPTION_BYTES_MAX {
        return refused(format!("has a description of more than {VIEW_DESCRIPTION_BYTES_MAX} bytes"));
    }
    if asked.kind.is_empty() {
        return refused("has no type; a report is of type \"runs\"".to_owned());
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(&asked.spec) {
        Ok(_) => Ok(()),
        Err(error) => refused(format!("has a spec that is no JSON: {error}")),
    }
}

#[cfg(test)]
mod tests;
