//! Bodies of the routes that the dashboard reads. Its TypeScript types are made
//! from these; times are microseconds since 1970 unless a name says otherwise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::request::{RunAtRemote, RunView};

/// `GET /v1/me`: who asks, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Me {
    /// The name of the user; of a daemon, its owner.
    pub user: String,
    /// The entity of runs that name none.
    pub entity: String,
    /// Whether this is a hub.
    pub hub: bool,
    /// Whether the user may do everything here.
    pub everything: bool,
    /// The entities whose data the user may change; empty with `everything`.
    pub writes: Vec<String>,
    /// The version of pannier.
    pub version: String,
}

/// `POST /v1/session`: a browser signs in, by one of the three.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct SignIn {
    /// What the link of `pannier open` brought; it counts once.
    pub ticket: Option<String>,
    /// An API key.
    pub key: Option<String>,
    /// The name of a hub's user, with `password`.
    pub user: Option<String>,
    /// Of that user.
    pub password: Option<String>,
}

/// The answer to [`SignIn`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Session {
    /// What `Authorization: Bearer` says from now on.
    pub token: String,
    /// Until when it counts, in seconds since 1970.
    pub expires_s: u64,
    /// The path to go to, as the ticket was made for it.
    pub path: Option<String>,
}

/// `GET /v1/projects?entity=`: projects that have runs, artifacts or reports,
/// those with the latest change first. Registries are not among them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Projects {
    /// The projects.
    pub projects: Vec<ProjectView>,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ProjectView {
    /// Whose.
    pub entity: String,
    /// Its name.
    pub project: String,
    /// How many runs it has.
    pub runs: u64,
    /// How many of them are running.
    pub running: u64,
    /// How many collections of artifacts it has.
    pub collections: u64,
    /// Of the last record of any of its runs, or of when it was made.
    pub updated_us: i64,
}

/// How far something that was recorded here is on its way to the remotes; the
/// worse, the greater.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum SyncState {
    /// There is no remote that it is for.
    #[default]
    Here,
    /// Every remote has all of it.
    Sent,
    /// A remote lacks some of it.
    Queued,
    /// A remote refuses it, until somebody acts.
    Failed,
}

/// The same, with the reasons.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Sync {
    /// In a word: the worst of what follows.
    pub state: SyncState,
    /// By the remote's name.
    pub remotes: BTreeMap<String, RunAtRemote>,
}

/// A run with its way to the remotes, in the answers to
/// `GET /v1/runs?entity=&project=&filters=&order=&offset=&limit=&full=` and, as a
/// whole, `GET /v1/runs/ENTITY/PROJECT/RUN`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RunItem {
    /// The run. In a list without `full=true`, its metadata is empty.
    #[serde(flatten)]
    pub run: RunView,
    /// Its way to the remotes.
    pub sync: Sync,
}

/// A page of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RunList {
    /// In the order that was asked for; newest first where none was.
    pub runs: Vec<RunItem>,
    /// Whether there are more behind this page.
    pub more: bool,
    /// How many there are in all, of those that pass the filters; counted where
    /// an entity and a project were named.
    pub total: Option<u64>,
}

/// `GET /v1/keys?entity=&project=`: what the runs of a project have logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Keys {
    /// Metrics with numbers, by name.
    pub metrics: Vec<KeyView>,
    /// Metrics of the machine.
    pub system: Vec<KeyView>,
    /// Keys under which media were logged.
    pub media: Vec<MediaKey>,
    /// Dotted keys of configs.
    pub config: Vec<String>,
    /// Keys of summaries.
    pub summary: Vec<String>,
}

/// A metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct KeyView {
    /// Its key.
    pub key: String,
    /// How many runs have it.
    pub runs: u64,
    /// The metric that `define_metric` draws it against, where the runs agree.
    pub step_metric: Option<String>,
    /// Whether `define_metric` hides it.
    pub hidden: bool,
}

/// A key under which media were logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MediaKey {
    /// The key.
    pub key: String,
    /// W&B's `_type`: `image-file`, `images/separated`, `table-file`, `histogram`,
    /// `audio-file`, `video-file`, `html-file`, `plotly-file`, …
    #[serde(rename = "type")]
    pub kind: String,
}

/// `POST /v1/series`: several metrics of several runs of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct AskSeries {
    /// Whose.
    pub entity: String,
    /// In which project.
    pub project: String,
    /// Run ids, at most 1000.
    pub runs: Vec<String>,
    /// Metrics, at most 100; runs × keys at most 20 000.
    pub keys: Vec<String>,
    /// What the points are laid along.
    #[serde(default)]
    pub x: Along,
    /// Only from this x on, it included.
    #[serde(default)]
    pub from: Option<f64>,
    /// Only up to this x, it included.
    #[serde(default)]
    pub to: Option<f64>,
    /// Into how many buckets each line is put at most: 1 to 10 000. A line of at
    /// most twice as many points stays as it is.
    pub buckets: u32,
    /// Metrics of the machine instead of the run's own.
    #[serde(default)]
    pub system: bool,
}

/// What points are laid along.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Along {
    /// The run's steps.
    #[default]
    Step,
    /// Seconds since 1970.
    Time,
    /// Seconds since the run began.
    Relative,
    /// A metric of the run: of steps that have both.
    Metric(String),
}

/// The answer to [`AskSeries`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SeriesList {
    /// Those that have any point; in the order of runs, then keys.
    pub series: Vec<SeriesView>,
}

/// One metric of one run: points in the order of x. A bucket that holds one
/// point has `min`, `max` and `y` alike; a bucket that holds more has their
/// extremes, so that nothing sticks out unseen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SeriesView {
    /// The run's id.
    pub run: String,
    /// The metric.
    pub key: String,
    /// Where the last point of each bucket is.
    pub x: Vec<f64>,
    /// The last value of each bucket; `null` where it is no finite number.
    pub y: Vec<Option<f64>>,
    /// The least of each bucket; left out where every bucket holds one point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub min: Option<Vec<Option<f64>>>,
    /// The greatest of each bucket; left out with `min`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub max: Option<Vec<Option<f64>>>,
    /// Points that lie in the asked range, before they were put in buckets.
    pub points: u64,
}

/// `GET /v1/runs/ENTITY/PROJECT/RUN/media?key=`: what was logged under a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MediaList {
    /// By step.
    pub items: Vec<MediaItem>,
}

/// What was logged at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MediaItem {
    /// The step.
    pub step: i64,
    /// W&B's JSON of it: `_type`, `path` of a file of the run, captions, sizes.
    #[cfg_attr(test, ts(type = "Record<string, unknown>"))]
    pub value: Map<String, Json>,
}

/// `GET /v1/runs/ENTITY/PROJECT/RUN/log?from=&lines=&tail=`: the console, line by
/// line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LogPage {
    /// The lines, in order; a line that was written again is its last form.
    pub lines: Vec<LogLine>,
    /// How many lines there are in all.
    pub total: u64,
}

/// A line of the console.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LogLine {
    /// From 0.
    pub n: u64,
    /// The name of its writer, where there are several.
    pub label: String,
    /// Whether it went to the stream of errors.
    pub stderr: bool,
    /// The line, with its ANSI codes.
    pub text: String,
    /// When it was written last.
    pub time_us: i64,
}

/// `PATCH /v1/runs/ENTITY/PROJECT/RUN`: what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct EditRun {
    /// The name people see.
    pub name: Option<String>,
    /// Free text.
    pub notes: Option<String>,
    /// Labels, all of them.
    pub tags: Option<Vec<String>>,
    /// The group shown together.
    pub group: Option<String>,
}

/// What one message of `GET /v1/events?entity=&project=` says (server-sent
/// events, JSON in `data`): look again. Messages are at least 100 ms apart.
/// Without a project it is about all of the entity, without an entity about all
/// that the caller may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Changed {
    /// Runs that have new records, by id; `*`: any may have.
    pub runs: Vec<String>,
    /// Whether artifacts, links or aliases changed.
    pub artifacts: bool,
    /// Whether reports or saved workspaces changed.
    pub views: bool,
    /// Whether something got further to a remote, or no further.
    pub sync: bool,
}

/// `GET /v1/runs/ENTITY/PROJECT/RUN/frame/PATH` and
/// `GET /v1/artifacts/ENTITY/PROJECT/NAME/frame/PATH`: where a user's HTML or SVG
/// can be shown, in a frame without privileges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Framed {
    /// A path on this server that needs no token and expires.
    pub url: String,
}
