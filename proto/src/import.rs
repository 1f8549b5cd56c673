//! Taking in what other trackers left on disk: the bodies of `/v1/import` and
//! `/v1/watch`.

use serde::{Deserialize, Serialize};

use crate::id::RunPath;

/// Whose logs they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tracker {
    /// W&B's SDK: `.wandb` files and the folders around them.
    #[default]
    Wandb,
    /// TensorBoard: event files.
    Tensorboard,
}

/// `POST /v1/import`: takes in what lies on this machine. On the socket only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Import {
    /// Whose logs they are.
    pub tracker: Tracker,
    /// Files and folders: absolute paths.
    pub paths: Vec<String>,
    /// Whose the runs become; default: who the log says, else the home's.
    pub entity: Option<String>,
    /// Into which project; default: the one that the log says.
    pub project: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What became of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All of it is here now.
    Imported,
    /// All of it was here before.
    AlreadyHere,
    /// What can be read of it is here now; something could not, or is missing.
    Partly,
    /// Nothing could be taken in.
    Failed,
}

/// A log that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportedLog {
    /// The file, or the folder of event files.
    pub log: String,
    /// The run; unknown where the log does not say.
    pub run: Option<RunPath>,
    /// What became of it.
    pub outcome: Outcome,
    /// Rows of history that are new.
    pub rows: u64,
    /// Rows of history that were here before.
    pub rows_known: u64,
    /// Versions of artifacts that it holds.
    pub artifacts: u64,
    /// Files that are new, or new in what is in them.
    pub files: u64,
    /// Bytes of the log that were read.
    pub bytes: u64,
    /// Why not all of it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// A line of the answer to [`Import`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportLine {
    /// How far it is.
    Progress {
        /// Logs that are done with.
        logs: u64,
        /// Of so many.
        logs_total: u64,
        /// Rows of history so far.
        rows: u64,
        /// Bytes of logs so far.
        bytes: u64,
        /// Of so many.
        bytes_total: u64,
    },
    /// A log is done with.
    Log(ImportedLog),
    /// All are.
    Done,
    /// It was given up.
    Failed(crate::request::ErrorBody),
}

/// A folder that is watched: `GET /v1/watch` lists them, `POST` adds one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watched {
    /// The folder: an absolute path.
    pub dir: String,
    /// Whose its runs become; default: who the log says, else the home's.
    #[serde(default)]
    pub entity: Option<String>,
    /// Into which project; default: the one that the log says.
    #[serde(default)]
    pub project: Option<String>,
}

/// A watched folder, and what is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchedView {
    /// The folder.
    #[serde(flatten)]
    pub watched: Watched,
    /// Logs that were found in it since the daemon began.
    pub logs: u64,
    /// Those that are being written.
    pub live: u64,
    /// What is wrong with it, or with a log in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}
