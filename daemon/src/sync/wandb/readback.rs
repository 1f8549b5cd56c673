//! Proof: what the server has of a run, read back and compared with what is here.
//! Some runs are one request. Counts there may settle some seconds late, so a
//! difference is one once it stays.

use std::collections::BTreeMap;
use std::time::Duration;

use pannier_proto::id::RunPath;
use pannier_proto::record::{Row, RunState as Alive};
use pannier_proto::request::RunView;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::news::Loaded;
use super::server::Answer;
use super::state::{RunState, file_name};
use super::{Wandb, artifacts};
use crate::clock::now_us;
use crate::store::{self, RowsQuery, Store, StoreError};
use crate::sync::remote::{RemoteError, RemoteResult};
use crate::sync::verify::VerifyReport;
use crate::wandb::{config, ids, json as python, outgoing, run_files};

/// Runs of one request.
const TOGETHER: usize = 10;
/// Steps of a run's end that are compared row by row.
const SAMPLE_STEPS: i64 = 50;
/// Versions of a run that are looked at.
const VERSIONS_MAX: usize = 50;
/// Files of a run whose digests are compared; of more, only these.
const FILES_MAX: usize = 1000;
/// Between two looks at a run.
const PATIENCE: Duration = if cfg!(test) { Duration::from_millis(200) } else { Duration::from_secs(4) };
/// A difference that is still there when it is looked at so often is one.
const LOOKS: u32 = 3;
/// What begins the names of runs that have ended and were not read back yet.
const UNREAD: &str = "unread/";

/// A run that is to be read back.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Unread {
    /// When to look next, in microseconds since 1970.
    due_us: i64,
    /// How often it was found to be different.
    looks: u32,
}

/// What a run is to be at the server.
struct Expected {
    path: RunPath,
    run: RunView,
    state: RunState,
    /// The rows of its end.
    rows: Vec<Row>,
    /// Digests of files by name, in base64.
    files: BTreeMap<String, String>,
    /// Versions that it logged: the server's id, and the digest.
    versions: Vec<(String, String)>,
}

impl Expected {
    fn read(store: &Store, remote: &str, path: &RunPath) -> store::Result<Option<Self>> {
        let Loaded { state, run: Some(run), .. } = Loaded::read(store, remote, path)? else {
            return Ok(None);
        };
        let to_step = state.step.unwrap_or(i64::MIN);
        let query = RowsQuery {
            from_step: to_step.saturating_sub(SAMPLE_STEPS - 1),
            to_step,
            ..RowsQuery::all(usize::try_from(SAMPLE_STEPS).unwrap_or(0))
        };
        let rows = if state.step.is_some() { store.rows(path, &query)?.0 } else { Vec::new() };
        let files = store.counterparts(remote, &file_name(path, ""))?.into_iter();
        let files =
            files.filter_map(|(name, md5)| Some((name, ids::md5_base64(md5.parse().ok()?)))).collect();
        let mut versions = Vec::new();
        for row in store.logged_artifacts(path)? {
            if let Some(known) = artifacts::known(store, remote, row.body.id)? {
                versions.push((known.id, row.body.digest));
            }
        }
        Ok(Some(Self { path: path.clone(), run, state, rows, files, versions }))
    }

    /// What is asked of the server, under this alias.
    fn question(&self, alias: &str) -> String {
        let there = self.state.there.clone().unwrap_or_default();
        let text = |text: &str| Json::from(text).to_string();
        let (first, end) = match (self.rows.first(), self.rows.last()) {
            (Some(first), Some(last)) => (first.step, last.step.saturating_add(1)),
            _ => (0, 0),
        };
        let mut question = format!(
            "{alias}: project(name: {}, entityName: {}) {{ run(name: {}) {{ state historyLineCount summaryMetrics config
             history(minStep: {first}, maxStep: {end}, samples: {SAMPLE_STEPS})
             files(first: {FILES_MAX}) {{ edges {{ node {{ name md5 }} }} }} }} }}",
            text(&there.project),
            text(&there.entity),
            text(&self.path.run),
        );
        for (nth, (id, _)) in self.versions.iter().enumerate().take(VERSIONS_MAX) {
            question.push_str(&format!(" {alias}v{nth}: artifact(id: {}) {{ state digest }}", text(id)));
        }
        question
    }

    /// What is not the same, for people.
    fn differences(&self, alias: &str, answer: &Answer) -> Vec<String> {
        let found = &answer.data[alias]["run"];
        if found.is_null() {
            return vec![answer.error(alias).map_or("it is not there any more".to_owned(), unreadable)];
        }
        let mut differences = Vec::new();
        self.compare_state(found, &mut differences);
        let here = flat(&Json::Object(run_files::summary(&self.run)));
        let there = flat(&object(&found["summaryMetrics"]));
        compare("summary", &here, &there, &mut differences);
        let there = match object(&found["config"]) {
            Json::Object(map) => config::decode(map).values,
            _ => Map::new(),
        };
        let here = flat(&Json::Object(self.run.config.clone()));
        compare("config", &here, &flat(&Json::Object(there)), &mut differences);
        self.compare_rows(&found["history"], &mut differences);
        self.compare_files(found, &mut differences);
        for (nth, (_, digest)) in self.versions.iter().enumerate().take(VERSIONS_MAX) {
            let version = &answer.data[format!("{alias}v{nth}")];
            if version["state"] != "COMMITTED" || version["digest"] != digest.as_str() {
                differences.push(format!("version {nth} of what it logged is not there as it is here"));
            }
        }
        differences
    }

    fn compare_state(&self, found: &Json, differences: &mut Vec<String>) {
        let word = self.run.state.as_str();
        let told = self.state.ended && matches!(self.run.state, Alive::Finished | Alive::Failed);
        if told && found["state"] != word {
            differences.push(format!("it is {} there and {word} here", found["state"]));
        }
        let lines = found["historyLineCount"].as_u64();
        if let Some(lines) = lines.filter(|lines| *lines != self.state.history) {
            differences.push(format!("{lines} lines of history are there of {}", self.state.history));
        }
        differences.extend(self.state.doubled.clone());
    }

    fn compare_rows(&self, found: &Json, differences: &mut Vec<String>) {
        // Rows that came late are lines of their own there.
        let mut there: BTreeMap<i64, BTreeMap<String, Json>> = BTreeMap::new();
        for line in found.as_array().into_iter().flatten() {
            let row = line.as_str().and_then(|line| python::parse(line).ok()).unwrap_or_else(|| line.clone());
            there.entry(row["_step"].as_i64().unwrap_or(-1)).or_default().extend(flat(&row));
        }
        let wrong = self.rows.iter().filter(|row| {
            let line = python::parse(&outgoing::row_line(row, self.run.created_us)).unwrap_or_default();
            let row_there = there.get(&row.step);
            !flat(&line).iter().all(|(key, value)| {
                row_there.and_then(|row| row.get(key)).is_some_and(|found| same(value, found))
            })
        });
        let wrong: Vec<_> = wrong.map(|row| row.step.to_string()).take(5).collect();
        if !wrong.is_empty() {
            differences.push(format!("its rows at step {} are not the same there", wrong.join(", ")));
        }
    }

    fn compare_files(&self, found: &Json, differences: &mut Vec<String>) {
        let edges = found["files"]["edges"].as_array();
        let there: BTreeMap<&str, &Json> = edges
            .into_iter()
            .flatten()
            .filter_map(|edge| Some((edge["node"]["name"].as_str()?, &edge["node"]["md5"])))
            .collect();
        for (name, md5) in self.files.iter().take(FILES_MAX) {
            match there.get(name.as_str()) {
                None if there.len() >= FILES_MAX => {}
                None => differences.push(format!("file {name} is not there")),
                Some(found) if found.as_str().is_some_and(|found| found != md5) => {
                    differences.push(format!("file {name} is not the same there"));
                }
                Some(_) => {}
            }
        }
    }
}

fn unreadable(why: &str) -> String {
    format!("it cannot be read back: {why}")
}

/// A JSON text's object.
fn object(text: &Json) -> Json {
    text.as_str().and_then(|text| python::parse(text).ok()).unwrap_or_default()
}

/// Nested objects with dots between their keys, and without what the client says
/// of itself.
fn flat(value: &Json) -> BTreeMap<String, Json> {
    fn put(key: &str, value: &Json, into: &mut BTreeMap<String, Json>) {
        match value {
            Json::Object(map) if !map.is_empty() => {
                map.iter().for_each(|(below, value)| put(&format!("{key}.{below}"), value, into));
            }
            value => drop(into.insert(key.to_owned(), value.clone())),
        }
    }
    let mut all = BTreeMap::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        if !["_wandb", "_runtime", "_timestamp"].contains(&key.as_str()) {
            put(key, value, &mut all);
        }
    }
    all
}

fn same(here: &Json, there: &Json) -> bool {
    here == there
        || (here.is_number() && here.as_f64() == there.as_f64())
        || matches!((here, there), (Json::Array(a), Json::Array(b)) if a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)))
}

fn compare(
    what: &str,
    here: &BTreeMap<String, Json>,
    there: &BTreeMap<String, Json>,
    differences: &mut Vec<String>,
) {
    let wrong = here.iter().find(|(key, value)| !there.get(*key).is_some_and(|found| same(value, found)));
    if let Some((key, _)) = wrong {
        differences.push(format!("its {what} is not the same there: {key}"));
    }
}

impl Wandb {
    /// A run has ended there: it is to be read back.
    pub(super) async fn unread(&self, path: &RunPath) -> RemoteResult<()> {
        self.note_unread(path, Unread { due_us: later(), looks: 0 }).await
    }

    async fn note_unread(&self, path: &RunPath, unread: Unread) -> RemoteResult<()> {
        let body = serde_json::to_string(&unread).unwrap_or_default();
        self.keep_as(unread_name(path), Some(body)).await
    }

    /// Reads back what has ended; how long until there is more to read.
    pub(super) async fn read_back(&self) -> RemoteResult<Option<Duration>> {
        let remote = self.name.clone();
        let all = self.read(move |store| store.counterparts(&remote, UNREAD)).await?;
        let now = now_us();
        let mut due = Vec::new();
        let mut next: Option<i64> = None;
        for (name, body) in all {
            let unread: Unread = serde_json::from_str(&body).unwrap_or_default();
            let mut parts = name.splitn(3, '/').map(str::to_owned);
            let (Some(entity), Some(project), Some(run)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            if unread.due_us <= now {
                due.push((RunPath { entity, project, run }, unread));
            } else {
                next = Some(next.map_or(unread.due_us, |next| next.min(unread.due_us)));
            }
        }
        for some in due.chunks(TOGETHER) {
            let paths: Vec<_> = some.iter().map(|(path, _)| path.clone()).collect();
            for ((path, unread), found) in some.iter().zip(self.compared_or_not(&paths).await?) {
                if found.is_empty() || unread.looks + 1 >= LOOKS {
                    self.told(path, &found).await?;
                    continue;
                }
                let again = Unread { due_us: later(), looks: unread.looks + 1 };
                next = Some(next.map_or(again.due_us, |next| next.min(again.due_us)));
                self.note_unread(path, again).await?;
            }
        }
        let wait = |due: i64| Duration::from_micros(u64::try_from(due - now_us()).unwrap_or(0));
        Ok(next.map(|due| wait(due).max(Duration::from_millis(100))))
    }

    /// The same one by one where several are refused; one that is refused alone
    /// cannot be read back, which is said.
    async fn compared_or_not(&self, paths: &[RunPath]) -> RemoteResult<Vec<Vec<String>>> {
        match self.compared(paths).await {
            Ok(found) => Ok(found.into_iter().map(Option::unwrap_or_default).collect()),
            Err(RemoteError::Rejected(why) | RemoteError::TooLarge(why)) if paths.len() == 1 => {
                Ok(vec![vec![unreadable(&why)]])
            }
            Err(RemoteError::Rejected(_) | RemoteError::TooLarge(_)) => {
                let mut all = Vec::with_capacity(paths.len());
                for path in paths {
                    all.extend(Box::pin(self.compared_or_not(std::slice::from_ref(path))).await?);
                }
                Ok(all)
            }
            Err(error) => Err(error),
        }
    }

    async fn told(&self, path: &RunPath, differences: &[String]) -> RemoteResult<()> {
        for difference in differences {
            let what = format!("it is not the same at remote {}: {difference}", self.name);
            self.problem(path, what, "see `pannier verify`; here the run is as it should be").await?;
        }
        self.keep_as(unread_name(path), None).await
    }

    /// What is not the same there, by run; none of those that are not here or were
    /// never there.
    async fn compared(&self, paths: &[RunPath]) -> RemoteResult<Vec<Option<Vec<String>>>> {
        let (remote, asked) = (self.name.clone(), paths.to_vec());
        let expected: Vec<Option<Expected>> = self
            .read(move |store| asked.iter().map(|path| Expected::read(store, &remote, path)).collect())
            .await?;
        let known = |at: usize| expected[at].as_ref().filter(|expected| expected.state.there.is_some());
        let questions: Vec<_> =
            (0..expected.len()).filter_map(|at| Some(known(at)?.question(&format!("r{at}")))).collect();
        if questions.is_empty() {
            return Ok(paths.iter().map(|_| None).collect());
        }
        let document = format!("query ReadBack {{ {} }}", questions.join(" "));
        let answer = self.server.graphql("ReadBack", &document, json!({})).await?;
        if answer.data.is_null() {
            let why = answer.errors.first().map_or("no answer", |(_, why)| why.as_str());
            return Err(RemoteError::Rejected(why.to_owned()));
        }
        let compare = |at: usize| Some(known(at)?.differences(&format!("r{at}"), &answer));
        Ok((0..expected.len()).map(compare).collect())
    }

    /// Compares everything that is here with what is there.
    ///
    /// # Errors
    /// As the server's and the store's.
    pub async fn verify(&self, mut progress: impl FnMut(u64, u64)) -> RemoteResult<VerifyReport> {
        let remote = self.name.clone();
        let streams = self.read(Store::streams).await?;
        let mut runs: BTreeMap<RunPath, u64> = BTreeMap::new();
        for (_, id, end) in streams {
            *runs.entry(id.path).or_default() += end;
        }
        let (total, mut report) = (runs.len() as u64, VerifyReport::default());
        let runs: Vec<_> = runs.into_iter().collect();
        for some in runs.chunks(TOGETHER) {
            let (name, paths) =
                (remote.clone(), some.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>());
            let of = paths.clone();
            let left = self
                .read(move |store| {
                    of.iter().map(|path| lacking(store, &name, path)).collect::<store::Result<Vec<_>>>()
                })
                .await?;
            let shown: Vec<_> = paths.iter().filter(|path| !path.is_workspace()).cloned().collect();
            let mut found = shown.iter().zip(self.compared_or_not(&shown).await?).collect::<BTreeMap<_, _>>();
            for ((path, records), left) in some.iter().zip(left) {
                report.compared += 1;
                report.records += records - left.min(*records);
                let differences = found.remove(path).unwrap_or_default();
                let of = |difference: String| format!("run {path}: {difference}");
                if left > 0 {
                    report.differences.push(of(format!("{left} of {records} records are not there yet")));
                } else {
                    report.differences.extend(differences.into_iter().map(of));
                }
            }
            progress(report.compared, total);
        }
        Ok(report)
    }
}

fn unread_name(path: &RunPath) -> String {
    format!("{UNREAD}{}/{}/{}", path.entity, path.project, path.run)
}

fn later() -> i64 {
    now_us() + i64::try_from(PATIENCE.as_micros()).unwrap_or(0)
}

/// How many records of a run have not gone.
fn lacking(store: &Store, remote: &str, path: &RunPath) -> store::Result<u64> {
    let loaded = match Loaded::read(store, remote, path) {
        Err(StoreError::Missing(_)) => return Ok(0),
        loaded => loaded?,
    };
    let sent = |origin| loaded.state.sent.get(origin).copied().unwrap_or(0);
    Ok(loaded.ends.iter().map(|(origin, end)| end.saturating_sub(sent(origin))).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_by_what_they_say() {
        let here = flat(&json!({"a": {"b": 1}, "x": 1.0, "l": [1, 2.0], "_runtime": 3, "n": "NaN"}));
        let there = flat(&json!({"a.b": 1.0, "x": 1, "l": [1.0, 2], "n": "NaN", "more": 1}));
        let mut differences = Vec::new();
        compare("summary", &here, &there, &mut differences);
        assert!(differences.is_empty(), "{differences:?}");
        compare("summary", &there, &here, &mut differences);
        assert_eq!(differences, ["its summary is not the same there: more"]);
    }
}
