//! Artifacts as a test logs them and judges them: what version `n` holds follows
//! from `n`, so that a byte that is not what was logged is seen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pannier_client::proto::artifact::{LoggedArtifact, LoggedEntry};
use pannier_client::{Run, Unloggable};
use serde_json::json;

use crate::wandb::Door;

/// The collection that [`log`] logs to.
pub const COLLECTION: &str = "kept";

/// The files of version `n`, by path: one of some size, and small ones.
#[must_use]
pub fn files(n: i64) -> BTreeMap<String, Vec<u8>> {
    let weights = format!("weights of {n}\n").repeat(20_000).into_bytes();
    let small = ["a/number.txt", "a/Number.txt", "\u{e9}.txt", "e\u{301}.txt"];
    let small = small.iter().map(|path| ((*path).to_owned(), format!("{path} of {n}").into_bytes()));
    small.chain([("model/weights.bin".to_owned(), weights)]).collect()
}

/// An artifact with entries at these paths, whose bytes come from files.
#[must_use]
pub fn artifact<'a>(client_id: &str, paths: impl IntoIterator<Item = &'a str>) -> LoggedArtifact {
    LoggedArtifact {
        client_id: client_id.to_owned(),
        collection: COLLECTION.to_owned(),
        kind: "model".to_owned(),
        finalize: true,
        entries: paths.into_iter().map(|path| (path.to_owned(), LoggedEntry::default())).collect(),
        ..LoggedArtifact::default()
    }
}

/// Logs version `n`, and changes every file of it in place as soon as the call
/// has returned.
///
/// # Errors
/// See [`Run::log_artifact`].
pub fn log(run: &Run, dir: &Path, client_id: &str, n: i64) -> Result<(), Unloggable> {
    let files = files(n);
    let local = |at: usize| dir.join(format!("{at}.src"));
    for (at, bytes) in files.values().enumerate() {
        std::fs::write(local(at), bytes).expect("a test's folder takes a file");
    }
    let named: Vec<(String, PathBuf)> =
        files.keys().enumerate().map(|(at, path)| (path.clone(), local(at))).collect();
    run.log_artifact(artifact(client_id, files.keys().map(String::as_str)), named)?;
    run.log_file("last.txt", local(0))?;
    for at in 0..files.len() {
        std::fs::write(local(at), "edited after the call").expect("a test's folder takes a file");
    }
    Ok(())
}

/// The versions of a collection, oldest first: the bytes of each, by path, as its
/// manifest and its links give them.
///
/// # Errors
/// A sentence on what is missing, or is not what the manifest says.
pub fn versions(
    door: &Door,
    project: &str,
    collection: &str,
) -> Result<Vec<BTreeMap<String, Vec<u8>>>, String> {
    const DOCUMENT: &str =
        "query V($project: String!, $entity: String!, $collection: String!, $alias: String!) {
        project(name: $project, entityName: $entity) { artifactCollection(name: $collection) {
            artifactMembership(aliasName: $alias) {
                artifact { fileCount currentManifest { file { directUrl } } }
                files(first: 5000) { edges { node { name directUrl } } } } } } }";
    let fetch = |url: &serde_json::Value| {
        let answer = door.fetch(&door.route(url.as_str().unwrap_or_default()), &[]);
        if answer.status == 200 { Ok(answer.body) } else { Err(format!("{url}: {}", answer.text())) }
    };
    let mut found = Vec::new();
    loop {
        let variables = json!({"project": project, "entity": door.entity, "collection": collection,
                "alias": format!("v{}", found.len())});
        let data = door.data(DOCUMENT, &variables);
        let membership = &data["project"]["artifactCollection"]["artifactMembership"];
        if membership.is_null() {
            return Ok(found);
        }
        let manifest = fetch(&membership["artifact"]["currentManifest"]["file"]["directUrl"])?;
        let manifest: serde_json::Value = serde_json::from_slice(&manifest)
            .map_err(|error| format!("v{}'s manifest: {error}", found.len()))?;
        let mut files = BTreeMap::new();
        for edge in membership["files"]["edges"].as_array().into_iter().flatten() {
            let name = edge["node"]["name"].as_str().unwrap_or_default().to_owned();
            files.insert(name, fetch(&edge["node"]["directUrl"])?);
        }
        let entries = manifest["contents"].as_object().into_iter().flatten();
        for (path, entry) in entries {
            let size = files.get(path).map(|bytes| bytes.len() as u64);
            if entry["size"].as_u64() != size {
                return Err(format!(
                    "v{}: {path} has {size:?} bytes; its manifest says {entry}",
                    found.len()
                ));
            }
        }
        found.push(files);
    }
}

/// Finds what is wrong with the versions that [`log`] logged: those accepted must
/// be there, in their order, each whole. How many there are.
///
/// # Errors
/// A sentence on the first fault.
pub fn judge_versions(door: &Door, project: &str, accepted: &[i64]) -> Result<usize, String> {
    let document = "query P($n: String!, $e: String!) { project(name: $n, entityName: $e) { id } }";
    let versions = match door.ask(document, &json!({"n": project, "e": door.entity})) {
        answer if answer["data"]["project"].is_null() => Vec::new(),
        _ => versions(door, project, COLLECTION)?,
    };
    let mut numbers = Vec::new();
    for (at, found) in versions.iter().enumerate() {
        let small = found.get("a/number.txt").map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let n = small.as_deref().and_then(|text| text.rsplit(' ').next()?.parse().ok());
        let n: i64 = n.ok_or_else(|| format!("v{at} holds {small:?} and {:?}", found.keys()))?;
        if *found != files(n) {
            return Err(format!("v{at} is not what version {n} was when it was logged"));
        }
        numbers.push(n);
    }
    match accepted.iter().find(|n| !numbers.contains(n)) {
        Some(lost) => Err(format!("version {lost} was accepted and is not there: {numbers:?}")),
        None if !numbers.is_sorted_by(|a, b| a < b) => Err(format!("they are not in order: {numbers:?}")),
        None => Ok(numbers.len()),
    }
}
