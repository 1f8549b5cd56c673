//! Bodies of the native HTTP routes, all JSON but where said.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::dashboard::SyncState;
use crate::id::{Id128, Origin, RunPath};
use crate::job::JobLife;
use crate::record::{RunFields, RunState};
use crate::relay::RelayStatus;
use crate::remote::RemoteStatus;

/// Whether an earlier life of the run is to be continued; `resume=` of `init`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resume {
    /// Begin anew, whatever is there (W&B's `None`).
    #[default]
    No,
    /// Continue it where there is one.
    Allow,
    /// Continue it; refuse where there is none.
    Must,
    /// Refuse where there is one.
    Never,
}

/// `POST /v1/runs`: opens a run, from any language. Every field may be left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenRun {
    /// Default: `PANNIER_ENTITY` of the daemon, else `local`.
    pub entity: Option<String>,
    /// Default: `uncategorized`.
    pub project: Option<String>,
    /// Default: a new one.
    pub run: Option<String>,
    /// See [`Resume`].
    pub resume: Resume,
    /// A name is made where none is given.
    pub fields: RunFields,
    /// Initial config. The Python client leaves it out and journals it.
    pub config: Map<String, Json>,
    /// True: only reserve the name and say what is known; the caller journals
    /// `Begin` itself. False: the daemon records `Begin` and `config`.
    pub journaled: bool,
}

/// The answer to [`OpenRun`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenedRun {
    /// The run.
    #[serde(flatten)]
    pub path: RunPath,
    /// Its name.
    pub name: String,
    /// Whether an earlier life is continued.
    pub resumed: bool,
    /// The first step of this life.
    pub start_step: i64,
    /// What earlier lives configured.
    pub config: Map<String, Json>,
    /// What earlier lives came to.
    pub summary: Map<String, Json>,
    /// Where people can look at it, if anywhere: at the first remote.
    pub url: Option<String>,
}

/// One line of `POST /v1/runs/ENTITY/PROJECT/RUN/records`, for any language.
/// Unknown fields are refused, so that a typing error is heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RecordLine {
    /// `{"history": {"loss": 0.5}, …}`: a history row.
    History(HistoryLine),
    /// `{"config": {…}}`
    Config(Map<String, Json>),
    /// `{"summary": {…}}`
    Summary(Map<String, Json>),
    /// `{"console": {"text": "…", "stderr": false}}`
    Console(ConsoleLine),
}

/// A history row, said in JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryLine {
    /// Nested objects become dotted keys.
    pub row: Map<String, Json>,
    /// Default: one more than the run's last.
    #[serde(default)]
    pub step: Option<i64>,
}

/// A console line, said in JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleLine {
    /// The line, without its end.
    pub text: String,
    /// Which stream.
    #[serde(default)]
    pub stderr: bool,
}

/// The answer to `records`: durable from here on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Appended {
    /// The number of the line that the writer should send next. Lines are
    /// numbered from 0 for each `writer`; a line sent twice counts once.
    pub next: u64,
    /// The run's last step.
    pub last_step: Option<i64>,
}

/// `POST /v1/runs/ENTITY/PROJECT/RUN/finish`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FinishRun {
    /// 0 is `finished`, anything else `failed`.
    pub exit_code: i32,
}

/// `GET /v1/status`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Its home's id.
    pub origin: Origin,
    /// Its home.
    pub home: String,
    /// Seconds since it started.
    pub uptime_s: u64,
    /// Journals being written now.
    pub writers: usize,
    /// Journal bytes not yet committed.
    pub spool_bytes: u64,
    /// Artifacts and files that were logged and are not stored yet.
    #[serde(default)]
    pub storing: u64,
    /// What the home takes of its disk.
    #[serde(default)]
    pub disk: Disk,
    /// Remotes.
    pub remotes: Vec<RemoteStatus>,
    /// Folders that this home reads and carries on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relays: Vec<RelayStatus>,
    /// Runs, newest first.
    pub runs: Vec<RunStatus>,
    /// How many more there are than `runs` shows.
    pub runs_left_out: u64,
    /// What a person should know: damaged journals, a full disk, refusals.
    pub problems: Vec<Problem>,
}

/// What a home takes of its disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Disk {
    /// Bytes of all of its files.
    pub home_bytes: u64,
    /// Bytes of files that were logged or fetched, of those.
    pub blob_bytes: u64,
    /// Bytes that are free there.
    pub free_bytes: u64,
    /// Bytes of files that may stay, where somebody said so (`pannier gc --budget`):
    /// beyond them, what was fetched gives way.
    #[serde(default)]
    pub budget_bytes: Option<u64>,
}

/// Something a person should know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Problem {
    /// What it is about: a run, a writer, a remote, the home.
    pub object: String,
    /// What happened.
    pub what: String,
    /// What to do.
    pub hint: String,
    /// Microseconds since 1970 at which it was last seen.
    pub time_us: i64,
    /// How often it was seen.
    pub count: u64,
}

/// One run, or a project as such, as `status` shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RunStatus {
    /// The run.
    #[serde(flatten)]
    pub path: RunPath,
    /// Its name; empty for a project as such.
    pub name: String,
    /// Its state; none for a project as such.
    pub state: Option<RunState>,
    /// The last step here.
    pub last_step: Option<i64>,
    /// Records here.
    pub records: u64,
    /// How far each remote is.
    pub remotes: BTreeMap<String, RunAtRemote>,
}

/// How far one remote is with one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RunAtRemote {
    /// In a word.
    #[serde(default)]
    pub state: SyncState,
    /// The last step there.
    pub last_step: Option<i64>,
    /// Records there, of those that were recorded here.
    pub records: u64,
    /// Records queued.
    pub records_queued: u64,
    /// Bytes queued, as stored here.
    pub bytes_queued: u64,
    /// Microseconds since 1970 at which the oldest queued block was stored.
    pub oldest_unsent_us: Option<i64>,
    /// Why nothing more is sent until someone acts.
    pub parked: Option<String>,
    /// The last error.
    pub last_error: Option<String>,
    /// Where the remote is a folder: records that are known to be where its relay
    /// carries them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records_passed_on: Option<u64>,
    /// The run's page there, where the remote has said which it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub url: Option<String>,
}

/// A run as `runs list` and `runs show` give it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RunView {
    /// The run.
    #[serde(flatten)]
    pub path: RunPath,
    /// Its names.
    #[serde(flatten)]
    pub fields: RunFields,
    /// Its state.
    pub state: RunState,
    /// The process's exit code.
    pub exit_code: Option<i32>,
    /// Microseconds since 1970.
    pub created_us: i64,
    /// Microseconds since 1970 of the last record.
    pub updated_us: i64,
    /// The last step.
    pub last_step: Option<i64>,
    /// History rows logged.
    pub history_rows: u64,
    /// Its config.
    pub config: Map<String, Json>,
    /// Its summary.
    pub summary: Map<String, Json>,
    /// Facts about machine and program.
    pub metadata: Map<String, Json>,
    /// `define_metric` rules.
    pub definitions: Vec<crate::summary::Definition>,
    /// `log` calls that were not kept.
    pub dropped: u64,
}

/// A metric, as a run's list of metrics gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MetricView {
    /// Its key.
    pub key: String,
    /// How many numbers were logged.
    pub count: u64,
    /// The last value, as JSON.
    pub last: Json,
}

/// `POST /v1/writers/WRITER/await`: waits until an artifact that this writer logged
/// is stored, after the writer's journal was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwaitArtifact {
    /// The maker's id of the artifact.
    pub client_id: String,
    /// How long, at most.
    #[serde(default)]
    pub timeout_s: f64,
}

/// The answer to [`AwaitArtifact`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedArtifact {
    /// How far it is.
    pub state: ArtifactState,
    /// The version's id, once there is one: an earlier version's where that has
    /// the same content.
    pub id: Option<Id128>,
    /// Why it failed.
    pub error: Option<String>,
}

/// How far a logged artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactState {
    /// It is a version.
    Committed,
    /// Its bytes are being stored, or its other parts are not there yet.
    Pending,
    /// It will never be one.
    Failed,
}

/// Any refusal or failure: the body of every answer of status 400 and up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrorBody {
    /// What happened, to which object.
    pub error: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// `POST /v1/preempt`: a scheduler takes the machine of this life of a job away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preempt {
    /// The job's life.
    #[serde(flatten)]
    pub job: JobLife,
    /// Since when, in microseconds since 1970: runs that ended since then without
    /// being done ended by it.
    pub since_us: i64,
    /// The job's command has ended. Of runs that came by W&B's file stream nobody else
    /// says so: those are over.
    #[serde(default)]
    pub over: bool,
}

/// The answer to [`Preempt`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preempted {
    /// The runs that were marked.
    pub runs: Vec<RunPath>,
}
