//! A server of W&B's, as small as a test needs it: lines by number, files by link,
//! GraphQL by the name of the operation. It refuses and forgets as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use http::{HeaderMap, StatusCode};
use serde_json::{Value as Json, json};

/// An answer in the place of the right one: to requests whose line or operation
/// contains the text.
#[derive(Clone)]
pub struct Told {
    pub at: &'static str,
    pub status: u16,
    pub headers: &'static [(&'static str, &'static str)],
    pub body: String,
    /// The request is acted on all the same.
    pub acted: bool,
}

#[derive(Default)]
pub struct World {
    /// Operations, and paths of posts and puts, in their order.
    pub asked: Vec<String>,
    pub variables: Vec<Json>,
    /// Operations with their variables.
    pub operations: Vec<(String, Json)>,
    /// By run and file.
    pub lines: BTreeMap<(String, String), Vec<String>>,
    pub posts: Vec<(String, Json)>,
    pub blobs: BTreeMap<String, Vec<u8>>,
    pub runs: BTreeMap<String, Json>,
    pub script: VecDeque<Told>,
    /// Counts settle so late.
    pub late: Duration,
    pub counted: Option<Instant>,
    pub stopped: bool,
    /// Large files go in parts.
    pub parts: bool,
    pub refuses_rewinds: bool,
    url: String,
}

pub type Shared = Arc<Mutex<World>>;

pub struct Server {
    pub url: String,
    pub world: Shared,
}

impl Server {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let world: Shared = Arc::new(Mutex::new(World { url: url.clone(), ..World::default() }));
        let router = Router::new()
            .route("/graphql", post(graphql))
            .route("/files/{entity}/{project}/{run}/file_stream", post(stream))
            .route("/put/{*name}", put(store))
            .with_state(world.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, world }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// The lines of a run's file.
    pub fn lines(&self, run: &str, file: &str) -> Vec<String> {
        self.world().lines.get(&(run.to_owned(), file.to_owned())).cloned().unwrap_or_default()
    }

    pub fn count(&self, what: &str) -> usize {
        self.world().asked.iter().filter(|asked| asked.contains(what)).count()
    }
}

impl World {
    fn told(&mut self, what: &str) -> Option<Told> {
        self.asked.push(what.to_owned());
        if self.script.front().is_some_and(|told| what.contains(told.at)) {
            self.script.pop_front()
        } else {
            None
        }
    }
}

fn answer(told: &Told) -> Response {
    let mut headers = HeaderMap::new();
    for (name, value) in told.headers {
        headers.insert(*name, value.parse().unwrap());
    }
    (StatusCode::from_u16(told.status).unwrap(), headers, told.body.clone()).into_response()
}

async fn store(State(world): State<Shared>, Path(name): Path<String>, body: Bytes) -> Response {
    let mut world = world.lock().unwrap();
    if let Some(told) = world.told(&format!("put {name}")) {
        return answer(&told);
    }
    world.blobs.insert(name.clone(), body.to_vec());
    ([("etag", format!("\"{name}\""))], "").into_response()
}

async fn stream(
    State(world): State<Shared>,
    Path((_, _, run)): Path<(String, String, String)>,
    body: Bytes,
) -> Response {
    let mut world = world.lock().unwrap();
    let told = world.told(&format!("file_stream {run}"));
    let acted = told.as_ref().is_none_or(|told| told.acted);
    let post: Json = serde_json::from_slice(&body).unwrap();
    if acted {
        for (file, chunk) in post["files"].as_object().into_iter().flatten() {
            let lines = world.lines.entry((run.clone(), file.clone())).or_default();
            let offset = usize::try_from(chunk["offset"].as_u64().unwrap()).unwrap();
            for (at, line) in chunk["content"].as_array().unwrap().iter().enumerate() {
                let (at, line) = (offset + at, line.as_str().unwrap().to_owned());
                assert!(at <= lines.len(), "{file} goes on at {at} of {}", lines.len());
                if at == lines.len() { lines.push(line) } else { lines[at] = line }
            }
        }
        if post["complete"] == true {
            let state = if post["exitcode"] == 0 { "finished" } else { "failed" };
            world.runs.entry(run.clone()).or_default()["state"] = state.into();
            world.counted = Some(Instant::now());
        }
        world.posts.push((run, post));
    }
    let stopped = world.stopped;
    told.map_or_else(|| json!({ "stopped": stopped }).to_string().into_response(), |told| answer(&told))
}

async fn graphql(State(world): State<Shared>, body: Bytes) -> Response {
    let mut world = world.lock().unwrap();
    let request: Json = serde_json::from_slice(&body).unwrap();
    let operation = request["operationName"].as_str().unwrap().to_owned();
    let query = request["query"].as_str().unwrap().to_owned();
    world.variables.push(request["variables"].clone());
    world.operations.push((operation.clone(), request["variables"].clone()));
    if let Some(told) = world.told(&operation)
        && !told.acted
    {
        return answer(&told);
    }
    let variables = &request["variables"];
    let aliases: Vec<String> = (0..50)
        .map(|nth| format!("r{nth}"))
        .take_while(|name| query.contains(&format!("{name}: ")))
        .collect();
    let mut data = json!({});
    if aliases.is_empty() {
        let (field, value) = field(&mut world, &operation, variables, "");
        data[field] = value;
    }
    for (nth, alias) in aliases.iter().enumerate() {
        let suffix = format!("_{nth}");
        data[alias] = match operation.as_str() {
            "ReadBack" => read_back(&world, &query, alias),
            _ => field(&mut world, &operation, variables, &suffix).1,
        };
    }
    json!({ "data": data }).to_string().into_response()
}

fn read_back(world: &World, query: &str, alias: &str) -> Json {
    let asked = query.split(&format!("{alias}: project")).nth(1).unwrap();
    let run = asked.split("run(name: \"").nth(1).unwrap().split('"').next().unwrap();
    let lines = |file: &str| world.lines.get(&(run.to_owned(), file.to_owned())).cloned().unwrap_or_default();
    let history = lines("wandb-history.jsonl");
    let settled = world.counted.is_none_or(|counted| counted.elapsed() >= world.late);
    let count = if settled { history.len() } else { history.len() / 2 };
    let known = world.runs.get(run).cloned().unwrap_or_default();
    let files: Vec<_> = world
        .blobs
        .keys()
        .filter_map(|name| name.strip_prefix(&format!("{run}/")))
        .map(|name| json!({ "node": { "name": name } }))
        .collect();
    json!({ "run": {
        "state": known["state"], "historyLineCount": count, "config": known["config"],
        "summaryMetrics": lines("wandb-summary.json").pop(), "history": history, "files": { "edges": files },
    } })
}

fn field(world: &mut World, operation: &str, variables: &Json, suffix: &str) -> (&'static str, Json) {
    let variable = |name: &str| variables[format!("{name}{suffix}")].clone();
    let text = |name: &str| variable(name).as_str().unwrap_or_default().to_owned();
    match operation {
        "Viewer" => ("viewer", json!({ "id": "u", "entity": "ann", "username": "ann" })),
        "ServerFeaturesQuery" => ("serverInfo", json!({ "features": [] })),
        "FetchOrgInfoFromEntity" => ("entity", json!({})),
        "UpsertBucket" => {
            let run = text("name");
            if run == "refused" {
                return ("upsertBucket", Json::Null);
            }
            let known = world.runs.entry(run.clone()).or_default();
            known["config"] = variable("config");
            let bucket = json!({ "id": format!("id-{run}"), "name": run,
                "project": { "name": text("project"), "entity": { "name": "ann" } } });
            ("upsertBucket", json!({ "bucket": bucket, "inserted": true }))
        }
        "RewindRun" if world.refuses_rewinds => ("rewindRun", Json::Null),
        "RewindRun" => {
            let (last, file) = (variable("metricValue").as_i64(), "wandb-history.jsonl".to_owned());
            let lines = world.lines.entry((text("runName"), file)).or_default();
            lines.retain(|line| serde_json::from_str::<Json>(line).unwrap()["_step"].as_i64() <= last);
            ("rewindRun", json!({ "rewoundRun": { "historyLineCount": lines.len() } }))
        }
        "DeleteRun" => {
            let id = text("id");
            world.lines.retain(|(run, _), _| id != format!("id-{run}"));
            ("deleteRun", json!({ "clientMutationId": null }))
        }
        "CreateRunFiles" => {
            let (run, url) = (text("run"), world.url.clone());
            let link = |name: &Json| json!({ "name": name, "uploadUrl": format!("{url}/put/{run}/{}", name.as_str().unwrap()) });
            let files: Vec<_> = variable("files").as_array().unwrap().iter().map(link).collect();
            ("createRunFiles", json!({ "runID": "x", "uploadHeaders": [], "files": files }))
        }
        "CreateArtifact" => {
            ("createArtifact", json!({ "artifact": { "id": "QXJ0aWZhY3Q6MQ==", "state": "PENDING" } }))
        }
        "CreateArtifactManifest" => {
            let file =
                json!({ "id": "f", "uploadUrl": format!("{}/put/manifest", world.url), "uploadHeaders": [] });
            ("createArtifactManifest", json!({ "artifactManifest": { "id": "m", "file": file } }))
        }
        "CreateArtifactFiles" => {
            let url = world.url.clone();
            let node = |file: &Json| {
                let name = file["name"].as_str().unwrap();
                let parts = file["uploadPartsInput"].as_array().filter(|_| world.parts).map(|parts| {
                    let link = |part: &Json| {
                        let number = &part["partNumber"];
                        json!({ "partNumber": number, "uploadUrl": format!("{url}/put/part/{name}/{number}") })
                    };
                    json!({ "uploadID": "up", "uploadUrlParts": parts.iter().map(link).collect::<Vec<_>>() })
                });
                json!({ "node": { "storagePath": "s", "uploadUrl": format!("{url}/put/artifact/{name}"),
                    "uploadHeaders": ["Content-MD5:x"], "artifact": { "id": "birth" }, "uploadMultipartUrls": parts } })
            };
            let files = variables["input"]["artifactFiles"].as_array().unwrap();
            let edges: Vec<_> = files.iter().map(node).collect();
            ("createArtifactFiles", json!({ "files": { "edges": edges } }))
        }
        "CompleteMultipartUploadArtifact" => ("completeMultipartUploadArtifact", json!({ "digest": "d" })),
        "CommitArtifact" => ("commitArtifact", json!({ "artifact": { "id": "a", "digest": "d" } })),
        "ArtifactByID" => ("artifact", json!({ "id": "a", "versionIndex": 7 })),
        "NotifyScriptableRunAlert" => ("notifyScriptableRunAlert", json!({ "success": true })),
        other => panic!("{other} is not known here"),
    }
}
