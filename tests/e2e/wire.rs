//! What the real SDKs sent, sent again: each GraphQL document that `wire/` holds
//! gets an answer with every field that it asks for, and the recorded posts of
//! the file stream are taken in. `wire/record.py` makes the recordings.

use std::path::{Path, PathBuf};

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::selection::Document;
use pannier_tests::wandb::{Door, history_post, lines};
use serde_json::{Map, Value as Json, json};

/// Operations that pannier does not have yet, and the field that its refusal
/// names. The SDK asks some of them in several forms.
const NOT_YET: &[(&str, &str)] = &[("UpsertSweep", "upsertSweep")];

/// Fields that the SDKs cannot do without: a null raises in the user's script.
/// Where W&B has a field of the same name that may be null, it is listed with
/// the one above it.
const NEVER_NULL: &[&str] = &[
    "id",
    "name",
    "entityName",
    "internalId",
    "viewer",
    "entity",
    "serverInfo",
    "features",
    "isEnabled",
    "bucket",
    "inserted",
    "state",
    "config",
    "summaryMetrics",
    "systemMetrics",
    "tags",
    "user",
    "username",
    "createdAt",
    "heartbeatAt",
    "readOnly",
    "projectId",
    "historyKeys",
    "historyLineCount",
    "eventsLineCount",
    "logLineCount",
    "historyTail",
    "eventsTail",
    "wandbConfig",
    "history",
    "events",
    "sampledHistory",
    "parquetHistory",
    "parquetUrls",
    "liveData",
    "runCount",
    "fileCount",
    "files",
    "edges",
    "node",
    "cursor",
    "pageInfo",
    "hasNextPage",
    "url",
    "directUrl",
    "uploadUrl",
    "sizeBytes",
    "mimetype",
    "md5",
    "runID",
    "uploadHeaders",
    "success",
    "rewoundRun",
    "artifact",
    "artifactManifest",
    "artifactType",
    "artifactSequence",
    "ttlDurationSeconds",
    "ttlIsInherited",
    "size",
    "digest",
    "aliases",
    "alias",
    "versionIndex",
    "currentManifest",
    "file",
    "artifactCollection",
    "artifactMembership",
    "artifactCollectionMembership",
    "flags",
    "teams",
    "run",
    "allViews",
    "view",
    "spec",
    "displayName",
    "inserted",
    "pendingDrafts",
    "project",
    "model",
];

/// The name of an artifact is asked for before it is there.
const MAY_BE_NULL: &[(&str, &str)] = &[("ArtifactType", "artifact")];

/// Lists that are empty for the run that is asked about here.
const MAY_BE_EMPTY: &[&str] = &["teams", "apiKeys", "allViews", "tags"];

fn recordings(folder: &str) -> Vec<(String, Json)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("wire").join(folder);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let name =
            format!("{}/{}", folder.file_name().unwrap().display(), path.file_stem().unwrap().display());
        (name, serde_json::from_str(&text).unwrap())
    };
    paths.iter().map(read).collect()
}

/// A run with something of everything, made by the same API.
struct World {
    run: String,
    run_id: String,
    file_id: String,
    artifact_id: String,
    view_id: String,
}

const PROJECT: &str = "wired";

impl World {
    fn new(door: &Door, nth: usize, operation: &str) -> Self {
        let run = format!("wire-{nth}");
        let config = json!({
            "lr": {"value": 0.1}, "more": {"value": 1},
            "_wandb": {"value": {"t": {"4": "3.11.7"}, "cli_version": "0.31.0"}},
        });
        let run_id = door.begin(PROJECT, &run, &config);
        let mut post = history_post(0, &lines(0..12));
        let files = post["files"].as_object_mut().unwrap();
        let row = r#"{"_wandb":true,"_timestamp":1000000,"_runtime":1,"system.cpu":5}"#;
        files.insert("wandb-events.jsonl".into(), json!({"offset": 0, "content": [row]}));
        let said =
            [r#"{"ts":"2026-01-02T03:04:05.678901","content":"hello"}"#, "ERROR 2026-01-02T03:04:05 oh"];
        files.insert("output.log".into(), json!({"offset": 0, "content": said}));
        let summary = [r#"{"best":0.05,"loss":0.5,"_step":11}"#];
        files.insert("wandb-summary.json".into(), json!({"offset": 0, "content": summary}));
        let _ = door.post(PROJECT, &run, &post).expect(200);
        let mut file_id = String::new();
        for file in ["later.txt", "kept.txt", "media/x.png"] {
            let _ = door.put(&door.upload_link(PROJECT, &run, file), &[], file.as_bytes()).expect(200);
        }
        let files = door.data(
            "query F($p: String!, $r: String!) { project(name: $p) { run(name: $r) {
                files(names: [\"later.txt\"]) { edges { node { id } } } } } }",
            &json!({"p": PROJECT, "r": run}),
        );
        let found = &files["project"]["run"]["files"]["edges"][0]["node"]["id"];
        file_id.push_str(found.as_str().unwrap());
        let pending =
            ["CommitArtifact", "CreateArtifactManifest", "CreateArtifactFiles"].contains(&operation);
        let artifact_id = door.artifact(PROJECT, &run, !pending);
        if !pending {
            let _ = door.data(
                "mutation UseArtifact($id: ID!, $p: String!, $r: String!) { useArtifact(input: {
                    artifactID: $id, entityName: \"local\", projectName: $p, runName: $r}) { artifact { id } } }",
                &json!({"id": artifact_id, "p": PROJECT, "r": run}),
            );
        }
        if pending {
            // Whatever else is asked finds a version that is complete.
            let _ = door.artifact(PROJECT, &format!("{run}-maker"), true);
        }
        let view = json!({"type": "runs", "display_name": "a report", "spec": "{}"});
        let view = door.http().post(&format!("/v1/views/local/{PROJECT}"), &view).expect(200).json();
        let view_id = view["link_id"].as_str().unwrap().to_owned();
        Self { run, run_id, file_id, artifact_id, view_id }
    }

    /// The recorded variables, about this run.
    fn put_into(&self, recorded: &Json) -> Json {
        match recorded {
            Json::Array(items) => items.iter().map(|item| self.put_into(item)).collect(),
            Json::Object(map) => {
                let map: Map<_, _> =
                    map.iter().map(|(key, value)| (key.clone(), self.put_into(value))).collect();
                map.into()
            }
            Json::String(text) => {
                let text = [
                    ("{entity}", "local"),
                    ("{project}", PROJECT),
                    ("{run}", &self.run),
                    ("{run_id}", &self.run_id),
                    ("{file_id}", &self.file_id),
                    ("{artifact_id}", &self.artifact_id),
                    ("{view_id}", &self.view_id),
                ]
                .iter()
                .fold(text.clone(), |text, (name, value)| text.replace(name, value));
                text.into()
            }
            other => other.clone(),
        }
    }
}

/// Whatever of [`NEVER_NULL`] is null, and lists of edges with nothing in them.
fn voids(operation: &str, at: &str, value: &Json, faults: &mut Vec<String>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| voids(operation, at, item, faults)),
        Json::Object(map) => {
            for (key, value) in map {
                let excused =
                    MAY_BE_NULL.contains(&(operation, key)) || key == "name" && at == "organization";
                if value.is_null() && NEVER_NULL.contains(&key.as_str()) && !excused {
                    faults.push(format!("{at}.{key} is null"));
                }
                if key == "edges"
                    && value.as_array().is_some_and(Vec::is_empty)
                    && !MAY_BE_EMPTY.contains(&at)
                {
                    faults.push(format!("{at} has nothing in it"));
                }
                voids(operation, key, value, faults);
            }
        }
        _ => {}
    }
}

/// What is wrong with the answer to one recorded request.
fn faults(door: &Door, nth: usize, recorded: &Json) -> Vec<String> {
    let operation = recorded["operation"].as_str().unwrap_or_default();
    let world = World::new(door, nth, operation);
    let variables = world.put_into(&recorded["variables"]);
    let document = recorded["document"].as_str().unwrap();
    let mut body = json!({"query": document, "variables": variables});
    if !operation.is_empty() {
        body["operationName"] = operation.into();
    }
    let answer = door.graphql(body.to_string().as_bytes());
    if answer.status != 200 {
        return vec![format!("status {}: {}", answer.status, answer.text())];
    }
    let answer = answer.json();
    if let Some((_, field)) = NOT_YET.iter().find(|(name, _)| *name == operation) {
        let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
        return match message.contains(field) {
            true => Vec::new(),
            false => vec![format!("is listed in NOT_YET, and answered {answer}")],
        };
    }
    if !answer["errors"].is_null() {
        return vec![answer["errors"].to_string()];
    }
    let asked = Document::read(document);
    let data = &answer["data"];
    let mut faults = asked.faults(&variables, data);
    faults
        .extend(asked.roots().iter().filter(|key| data[*key].is_null()).map(|key| format!("{key} is null")));
    voids(operation, "data", data, &mut faults);
    faults
}

#[track_caller]
fn all_are_answered(folder: &str, at_least: usize) {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let door = Door::of(&home);
    let recordings = recordings(folder);
    assert!(recordings.len() >= at_least, "{} recordings", recordings.len());
    let mut wrong = Vec::new();
    for (nth, (name, recorded)) in recordings.iter().enumerate() {
        wrong.extend(faults(&door, nth, recorded).into_iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn documents_of_the_newest_sdk_get_all_that_they_ask_for() {
    all_are_answered("graphql", 50);
}

#[test]
fn documents_of_older_sdks_get_all_that_they_ask_for() {
    all_are_answered("graphql-older", 10);
}

/// The posts of each recorded run, in their order, twice: as after lost answers.
#[test]
fn recorded_posts_are_taken_in_once() {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let door = Door::of(&home);
    let recorded = recordings("file_stream");
    assert!(recorded.len() > 10);
    let mut expected: Vec<(String, Vec<Json>)> = Vec::new();
    for (name, post) in &recorded {
        let run = name.split(['/', '-']).nth(1).unwrap();
        let headers: Vec<String> = post["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| format!("{key}: {}", value.as_str().unwrap()))
            .collect();
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        if expected.last().is_none_or(|(known, _)| known != run) {
            door.begin(PROJECT, run, &json!({}));
            expected.push((run.to_owned(), Vec::new()));
        }
        let body = post["body"].to_string();
        for _ in 0..2 {
            let _ = door.post_with(PROJECT, run, &headers, body.as_bytes()).unwrap().expect(200);
        }
        let known = &mut expected.last_mut().unwrap().1;
        let chunk = &post["body"]["files"]["wandb-history.jsonl"];
        let lines = chunk["content"].as_array().into_iter().flatten();
        // One that was rewound goes on at an earlier line, by its number; without
        // the rewind itself, which is no post, nothing of it is news.
        let offset = usize::try_from(chunk["offset"].as_u64().unwrap_or(0)).unwrap();
        known.extend(lines.skip(known.len().saturating_sub(offset)).cloned());
    }
    for (run, lines) in expected {
        let steps: Vec<i64> = lines
            .iter()
            .map(|line| line.as_str().unwrap().split("\"_step\":").nth(1).unwrap())
            .map(|rest| rest.split([',', '}']).next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(door.steps(PROJECT, &run), steps, "{run}");
        assert_eq!(door.history(PROJECT, &run).len(), steps.len(), "{run}");
        let view = door.http().get(&format!("/v1/runs/local/{PROJECT}/{run}")).expect(200).json();
        let state = if run == "failing" { "preempted" } else { "finished" };
        assert_eq!(view["state"], state, "{view}");
    }
    assert_eq!(daemon.status()["problems"], json!([]));
}
