//! How runs are made and named at the server: `upsertBucket`, and what else is
//! done to a run as such. It knows no lines.

use pannier_proto::id::{DEFAULT_ENTITY, RunPath};
use pannier_proto::request::RunView;
use serde_json::{Map, Value as Json, json};

use super::Wandb;
use super::state::{There, digest};
use super::together::{Mutation, Outcome};
use crate::sync::remote::RemoteResult;
use crate::wandb::{outgoing, run_files};

const UPSERT: Mutation = Mutation {
    operation: "UpsertBucket",
    field: "upsertBucket",
    input: &[
        ("id", "id", "String"),
        ("name", "name", "String"),
        ("modelName", "project", "String"),
        ("entityName", "entity", "String"),
        ("groupName", "groupName", "String"),
        ("description", "description", "String"),
        ("displayName", "displayName", "String"),
        ("notes", "notes", "String"),
        ("commit", "commit", "String"),
        ("config", "config", "JSONString"),
        ("host", "host", "String"),
        ("debug", "debug", "Boolean"),
        ("jobProgram", "program", "String"),
        ("jobRepo", "repo", "String"),
        ("jobType", "jobType", "String"),
        ("state", "state", "String"),
        ("sweep", "sweep", "String"),
        ("tags", "tags", "[String!]"),
        ("summaryMetrics", "summaryMetrics", "JSONString"),
    ],
    selection: "bucket { id name project { name entity { name } } } inserted",
};

const REWIND: Mutation = Mutation {
    operation: "RewindRun",
    field: "rewindRun",
    input: &[
        ("runName", "runName", "String!"),
        ("entityName", "entity", "String"),
        ("projectName", "project", "String"),
        ("metricName", "metricName", "String!"),
        ("metricValue", "metricValue", "Float!"),
    ],
    selection: "rewoundRun { id name historyLineCount }",
};

const DELETE: Mutation = Mutation {
    operation: "DeleteRun",
    field: "deleteRun",
    input: &[("id", "id", "ID!")],
    selection: "clientMutationId",
};

const ALERT: Mutation = Mutation {
    operation: "NotifyScriptableRunAlert",
    field: "notifyScriptableRunAlert",
    input: &[
        ("entityName", "entityName", "String!"),
        ("projectName", "projectName", "String!"),
        ("runName", "runName", "String!"),
        ("title", "title", "String!"),
        ("text", "text", "String!"),
        ("severity", "severity", "AlertSeverity"),
        ("waitDuration", "waitDuration", "Duration"),
    ],
    selection: "success",
};

/// The variables of a mutation.
pub fn variables(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

/// What makes a run at the server what it is here, apart from its lines.
pub fn wanted(run: &RunView) -> Map<String, Json> {
    let facts = run_files::metadata(run);
    let fields = &run.fields;
    variables(json!({
        "id": null,
        "name": run.path.run,
        "project": run.path.project,
        // Nobody's own entity is the user's there.
        "entity": Some(&run.path.entity).filter(|entity| *entity != DEFAULT_ENTITY),
        "groupName": fields.group,
        "description": null,
        "displayName": fields.name,
        "notes": fields.notes,
        "commit": facts.get("git").map(|git| git["commit"].clone()),
        "config": outgoing::config_text(run),
        "host": facts.get("host"),
        "debug": null,
        "program": facts.get("program"),
        "repo": facts.get("git").map(|git| git["remote"].clone()),
        "jobType": fields.job_type,
        "state": null,
        "sweep": null,
        "tags": fields.tags,
        "summaryMetrics": null,
    }))
}

/// The same for a run that is there: it stays where it is, also where the user has
/// another entity by default now.
pub fn stay(wanted: &mut Map<String, Json>, there: &There) {
    wanted.insert("entity".to_owned(), there.entity.as_str().into());
    wanted.insert("project".to_owned(), there.project.as_str().into());
}

/// The same for a run that has ended, said from outside: it does not begin again.
pub fn edit(wanted: &mut Map<String, Json>, there: &There) {
    for name in ["name", "project", "entity", "host", "commit", "program", "repo"] {
        wanted.insert(name.to_owned(), Json::Null);
    }
    wanted.insert("id".to_owned(), there.id.as_str().into());
}

/// A digest of what is wanted.
pub fn names_digest(wanted: &Map<String, Json>) -> pannier_proto::id::Id128 {
    digest(&Json::Object(wanted.clone()).to_string())
}

fn there(path: &RunPath, answer: &Json) -> Result<There, String> {
    let bucket = &answer["bucket"];
    let text = |value: &Json, otherwise: &str| value.as_str().unwrap_or(otherwise).to_owned();
    let id = text(&bucket["id"], "");
    if id.is_empty() {
        return Err("it was not said which run it is there".to_owned());
    }
    let entity = text(&bucket["project"]["entity"]["name"], &path.entity);
    Ok(There { id, entity, project: text(&bucket["project"]["name"], &path.project) })
}

impl Wandb {
    /// Makes runs there, or names them anew; where each is, or why it is not.
    pub(super) async fn upsert(
        &self,
        runs: Vec<(RunPath, Map<String, Json>)>,
    ) -> RemoteResult<Vec<Result<There, String>>> {
        let (paths, wanted): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
        let outcomes = UPSERT.all(&self.server, wanted).await?;
        let read = |(path, outcome): (&RunPath, Outcome)| outcome.and_then(|answer| there(path, &answer));
        Ok(paths.iter().zip(outcomes).map(read).collect())
    }

    /// A summary that changed after the run had ended.
    pub(super) async fn set_summary(&self, there: &There, summary: &str) -> RemoteResult<()> {
        let mut asked: Map<_, _> =
            UPSERT.input.iter().map(|(_, name, _)| ((*name).to_owned(), Json::Null)).collect();
        asked.insert("id".into(), there.id.as_str().into());
        asked.insert("summaryMetrics".into(), summary.into());
        UPSERT.one(&self.server, asked).await.map(drop)
    }

    /// Takes back a run's rows behind a step; how many lines are left.
    pub(super) async fn rewind(&self, there: &There, run: &str, last_step: i64) -> RemoteResult<Option<u64>> {
        let asked = json!({
            "runName": run, "entity": there.entity, "project": there.project,
            "metricName": "_step", "metricValue": last_step,
        });
        let answer = REWIND.one(&self.server, variables(asked)).await?;
        Ok(answer["rewoundRun"]["historyLineCount"].as_u64())
    }

    /// Deletes a run there; one that is gone is.
    pub(super) async fn delete_run(&self, there: &There) -> RemoteResult<()> {
        let asked = json!({ "id": there.id });
        DELETE.one(&self.server, variables(asked)).await.map(drop)
    }

    /// Raises an alert.
    pub(super) async fn alert(&self, there: &There, run: &str, alert: &Json) -> RemoteResult<()> {
        let severity = alert["level"].as_str().unwrap_or("INFO");
        let asked = json!({
            "entityName": there.entity, "projectName": there.project, "runName": run,
            "title": alert["title"].as_str().unwrap_or_default(),
            "text": alert["text"].as_str().unwrap_or_default(),
            "severity": severity, "waitDuration": null,
        });
        ALERT.one(&self.server, variables(asked)).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_run_is_comes_with_the_answer() {
        let path = RunPath::new("local", "p", "r").unwrap();
        let answer = json!({"bucket": {"id": "x", "project": {"name": "P", "entity": {"name": "ann"}}}});
        let found = there(&path, &answer).unwrap();
        assert_eq!((found.id.as_str(), found.entity.as_str(), found.project.as_str()), ("x", "ann", "P"));
        assert!(there(&path, &json!({"bucket": null})).is_err());
    }
}
