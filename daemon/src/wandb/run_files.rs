//! The files that every run of W&B's has, made of what is known of a run whose
//! client did not send them.

use pannier_proto::request::RunView;
use serde_json::{Map, Value as Json, json};

use super::{time, upsert};

/// Config, summary and metadata as files: path and content.
#[must_use]
pub fn of_run(run: &RunView) -> Vec<(&'static str, String)> {
    let mut files = vec![
        ("config.yaml", config_yaml(&run.config)),
        ("wandb-summary.json", Json::Object(run.summary.clone()).to_string()),
    ];
    let facts = metadata(run);
    if !facts.is_empty() {
        files.push(("wandb-metadata.json", format!("{:#}", Json::Object(facts))));
    }
    files
}

/// JSON is YAML: each key on a line of its own, as the SDK lays it out.
fn config_yaml(config: &Map<String, Json>) -> String {
    let line = |(key, value): (&String, &Json)| format!("{}:\n  value: {value}\n", Json::from(key.as_str()));
    config.iter().map(line).collect()
}

/// Machine and program under W&B's names for them.
#[must_use]
pub fn metadata(run: &RunView) -> Map<String, Json> {
    let at =
        |path: &str| run.metadata.get(path.split('/').next()?).map(|_| ()).and_then(|()| pointer(run, path));
    let mut facts = Map::new();
    let mut set = |name: &str, value: Option<Json>| {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            facts.insert(name.to_owned(), value);
        }
    };
    set("os", at("host/os"));
    set("host", at("host/name"));
    set("python", at("program/python"));
    set("program", at("program/path"));
    set("executable", at("program/executable"));
    set("args", at("program/argv"));
    set("root", at("program/cwd"));
    set("cpu_count", at("host/cpu_count"));
    set("memory", at("host/memory_bytes").map(|bytes| json!({ "total": bytes })));
    set("git", at("git/commit").map(|commit| json!({ "commit": commit, "remote": at("git/remote") })));
    set("slurm", at("slurm"));
    if !facts.is_empty() {
        facts.insert("startedAt".to_owned(), Json::from(time::format(run.created_us)));
    }
    facts
}

fn pointer(run: &RunView, path: &str) -> Option<Json> {
    let mut parts = path.split('/');
    let mut value = run.metadata.get(parts.next()?)?;
    for part in parts {
        value = value.get(part)?;
    }
    Some(value.clone())
}

/// The summary as the SDK writes it, with the client's own entries.
#[must_use]
pub fn summary(run: &RunView) -> Map<String, Json> {
    let mut summary = run.summary.clone();
    let seconds = time::to_seconds(run.updated_us.saturating_sub(run.created_us).max(0));
    if !summary.contains_key("_runtime") {
        summary.insert("_runtime".into(), json!(seconds));
        summary.insert("_timestamp".into(), json!(time::to_seconds(run.updated_us)));
    }
    summary.entry("_wandb").or_insert_with(|| json!({ "runtime": seconds.round() }));
    summary
}

/// The client's own part of the config, where the run has one.
#[must_use]
pub fn internal(run: &RunView) -> Option<&Json> {
    run.metadata.get(upsert::INTERNAL_METADATA)
}

/// The media type that a name promises.
#[must_use]
pub fn media_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("json") => "application/json",
        Some("txt" | "log" | "md" | "yaml" | "yml" | "csv" | "patch" | "py") => "text/plain; charset=utf-8",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("svg") => "image/svg+xml",
        Some("html" | "htm") => "text/html; charset=utf-8",
        Some("mp4") => "video/mp4",
        Some("webm") => "video/webm",
        Some("wav") => "audio/wav",
        Some("mp3") => "audio/mpeg",
        Some("ogg") => "audio/ogg",
        Some("parquet") => "application/vnd.apache.parquet",
        _ => "application/octet-stream",
    }
}
