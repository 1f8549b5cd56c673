//! Reports and workspaces: saved whole, under the id that the server gave the
//! first time.

use pannier_proto::id::{DEFAULT_ENTITY, Id128};
use pannier_proto::workspace::ViewBody;
use serde_json::{Value as Json, json};

use super::Wandb;
use super::together::Mutation;
use super::upsert::variables;
use crate::sync::remote::{RemoteError, RemoteResult};

const SAVE: Mutation = Mutation {
    operation: "upsertView",
    field: "upsertView",
    input: &[
        ("id", "id", "ID"),
        ("entityName", "entityName", "String"),
        ("projectName", "projectName", "String"),
        ("type", "type", "String"),
        ("name", "name", "String"),
        ("displayName", "displayName", "String"),
        ("description", "description", "String"),
        ("spec", "spec", "String!"),
    ],
    selection: "view { id name } inserted",
};

const DELETE: Mutation = Mutation {
    operation: "deleteView",
    field: "deleteView",
    input: &[("id", "id", "ID!"), ("deleteDrafts", "deleteDrafts", "Boolean")],
    selection: "success",
};

/// The name under which a view is kept.
fn name(view: Id128) -> String {
    format!("view/{view}")
}

impl Wandb {
    /// Saves a view there.
    pub(super) async fn save_view(
        &self,
        entity: &str,
        project: &str,
        view: Id128,
        body: &ViewBody,
    ) -> RemoteResult<()> {
        let remote = self.name.clone();
        let known = self.read(move |store| store.counterpart(&remote, &name(view))).await?;
        // One whose answer was lost is there under its name.
        let id = match known {
            Some(id) => Some(id),
            None => self.view_named(entity, project, &body.kind, &body.name).await?,
        };
        let spec = self.spec(&body.spec).await?;
        let asked = json!({
            "id": id, "entityName": entity, "projectName": project, "type": body.kind, "name": body.name,
            "displayName": body.display_name, "description": body.description, "spec": spec,
        });
        let saved = SAVE.one(&self.server, variables(asked)).await?;
        match saved["view"]["id"].as_str() {
            Some(id) => self.keep_as(name(view), Some(id.to_owned())).await,
            None => Err(RemoteError::transient(format!("{} did not say which view it is", self.server.who))),
        }
    }

    async fn view_named(
        &self,
        entity: &str,
        project: &str,
        kind: &str,
        name: &str,
    ) -> RemoteResult<Option<String>> {
        const FIND: &str =
            "query View ($entityName: String, $name: String, $viewType: String, $viewName: String) {
            project(name: $name, entityName: $entityName) {
                allViews(viewType: $viewType, viewName: $viewName) { edges { node { id name } } } } }";
        let asked = json!({ "entityName": entity, "name": project, "viewType": kind, "viewName": name });
        let found = self.server.graphql("View", FIND, asked).await?.only("project")?;
        let edges = found["allViews"]["edges"].as_array();
        let of = edges.into_iter().flatten().map(|edge| &edge["node"]).find(|node| node["name"] == name);
        Ok(of.and_then(|node| node["id"].as_str()).map(str::to_owned))
    }

    /// Deletes a view there.
    pub(super) async fn delete_view(&self, view: Id128) -> RemoteResult<()> {
        let remote = self.name.clone();
        let Some(id) = self.read(move |store| store.counterpart(&remote, &name(view))).await? else {
            return Ok(());
        };
        match DELETE.one(&self.server, variables(json!({ "id": id, "deleteDrafts": true }))).await {
            Ok(_) => {}
            Err(RemoteError::Rejected(why)) => self.not_deleted(format!("view {view}"), &why).await?,
            Err(error) => return Err(error),
        }
        self.keep_as(name(view), None).await
    }

    /// A spec as it is read there: projects that it names are named as they are
    /// there. One that names none goes byte for byte.
    async fn spec(&self, spec: &str) -> RemoteResult<String> {
        let Ok(mut value) = serde_json::from_str::<Json>(spec) else { return Ok(spec.to_owned()) };
        let mut places = Vec::new();
        projects(&mut value, &mut Vec::new(), &mut places);
        let mut changed = false;
        for place in places {
            let Some(project) = place.iter().try_fold(&mut value, |value, step| step.of(value)) else {
                continue;
            };
            let (Some(entity), Some(name)) = (project["entityName"].as_str(), project["name"].as_str())
            else {
                continue;
            };
            let there = self.entity_of(entity, name);
            if there == entity && entity != DEFAULT_ENTITY && project["id"].is_null() {
                continue;
            }
            let id = self.internal_id(&there, name).await?;
            project["entityName"] = there.into();
            if !project["id"].is_null() {
                project["id"] = id.map_or(Json::Null, Json::from);
            }
            changed = true;
        }
        Ok(if changed { value.to_string() } else { spec.to_owned() })
    }

    async fn internal_id(&self, entity: &str, project: &str) -> RemoteResult<Option<String>> {
        const FIND: &str = "query ProjectInternalId ($projectName: String!, $entityName: String!) {
            project(name: $projectName, entityName: $entityName) { internalId } }";
        let asked = json!({ "projectName": project, "entityName": entity });
        let found = self.server.graphql("ProjectInternalId", FIND, asked).await?.only("project")?;
        Ok(found["internalId"].as_str().map(str::to_owned))
    }
}

/// A step into a JSON value.
#[derive(Clone)]
enum Into {
    Key(String),
    Item(usize),
}

impl Into {
    fn of<'a>(&self, value: &'a mut Json) -> Option<&'a mut Json> {
        match self {
            Self::Key(key) => value.get_mut(key),
            Self::Item(at) => value.get_mut(at),
        }
    }
}

/// Where a spec names projects: in its run sets.
fn projects(value: &mut Json, way: &mut Vec<Into>, found: &mut Vec<Vec<Into>>) {
    match value {
        Json::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                way.push(Into::Item(at));
                projects(item, way, found);
                way.pop();
            }
        }
        Json::Object(map) => {
            for (key, inner) in map.iter_mut() {
                way.push(Into::Key(key.clone()));
                if key == "project" && inner.get("entityName").is_some() {
                    found.push(way.clone());
                } else {
                    projects(inner, way, found);
                }
                way.pop();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_are_found_in_specs() {
        let mut spec = json!({"blocks": [{"metadata": {"runSets": [{"project": {"entityName": "e", "name": "p"}}, {"project": null}]}}]});
        let mut found = Vec::new();
        projects(&mut spec, &mut Vec::new(), &mut found);
        assert_eq!(found.len(), 1);
        let there = found[0].iter().try_fold(&mut spec, |value, step| step.of(value)).unwrap();
        assert_eq!(there["name"], "p");
    }
}
