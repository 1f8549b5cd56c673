//! One change to a run.
//!
//! A stream is made of records. Most are rows of one of three tables and take
//! a packed form (see [`crate::journal`]); every other change is a [`Change`].

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::artifact::ArtifactVersion;
use crate::content::{Blob, Content};
use crate::id::Id128;
use crate::job::JobLife;
use crate::path::RelPath;
use crate::summary::Definition;
use crate::value::Value;
use crate::workspace::Act;

/// The tables a row can belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    /// What `run.log` logged, by step.
    History = 1,
    /// Host metrics (W&B's "events"), by time.
    System = 2,
    /// Console lines: columns `line`, `stream` (0 stdout, 1 stderr) and `text`.
    /// A line that is written again replaces the one with its number.
    Console = 3,
}

impl Table {
    /// All of them, in the order of their tags.
    pub const ALL: [Self; 3] = [Self::History, Self::System, Self::Console];

    /// The table with this tag, if there is one.
    #[must_use]
    pub fn from_tag(tag: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|table| *table as u8 == tag)
    }
}

/// One row of a table. Two rows of one step are one row in every view, the
/// later cell winning.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Where it belongs.
    pub table: Table,
    /// The step it was logged at; 0 in tables that have none.
    pub step: i64,
    /// Microseconds since 1970, UTC, by the logging machine's clock.
    pub time_us: i64,
    /// Its cells, each key once.
    pub cells: Vec<(String, Value)>,
}

/// What a run is called and where it belongs; every field but the path can
/// change during its life, an absent one stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct RunFields {
    /// The name people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The group shown together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// `train`, `eval`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_type: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Labels; the whole list each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
}

/// How a run, or one life of it, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum RunState {
    /// A process is writing, or was a moment ago.
    Running,
    /// It said it was done, with exit code 0.
    Finished,
    /// It said it was done, with another exit code.
    Failed,
    /// It is to begin, later.
    Pending,
    /// Its process went away without a word.
    Crashed,
    /// It was told to go and said so.
    Preempted,
}

impl RunState {
    /// The word that W&B uses, too.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::Crashed => "crashed",
            Self::Preempted => "preempted",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Running, Self::Finished, Self::Failed, Self::Pending, Self::Crashed, Self::Preempted]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// Every change to a run that is not a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A life of the run begins: a writer opened it. Where its stream holds a life
    /// of a lower attempt of the same job it rewinds to its start, and wherever
    /// else there is one it hides that one's rows from the first step on that it
    /// logs: whoever was requeued has no other life any more.
    Begin {
        /// Microseconds since 1970.
        time_us: i64,
        /// Names given at `init`.
        fields: RunFields,
        /// The step that this life starts from.
        start_step: i64,
        /// Whether an earlier life was found and is being continued.
        resumed: bool,
        /// The life of a scheduler's job that it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobLife>,
    },
    /// The run begins again at this step: rows that this stream recorded before,
    /// at this step or a later one, leave the view (and stay in the log). The
    /// daemon says so when a life starts at or before the last step.
    Rewind {
        /// The step.
        step: i64,
    },
    /// Names given later.
    Fields {
        /// Those that change.
        fields: RunFields,
    },
    /// Config keys set and removed. Nested dicts are merged key by key.
    Config {
        /// Keys to set.
        set: Map<String, Json>,
        /// Top-level keys to remove.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remove: Vec<String>,
    },
    /// Summary keys set and removed by hand; they win over what history says
    /// until history says it again.
    Summary {
        /// Keys to set.
        set: Map<String, Json>,
        /// Keys to remove.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remove: Vec<String>,
    },
    /// `define_metric`.
    Define {
        /// The rule.
        definition: Definition,
    },
    /// Facts about the machine and the program; top-level keys are replaced.
    Metadata {
        /// For example `host`, `git`, `slurm`.
        set: Map<String, Json>,
    },
    /// A small text file that belongs to the run, such as `requirements.txt`
    /// or `diff.patch`; a later one of the same path replaces it.
    TextFile {
        /// Relative, with `/`.
        path: String,
        /// Its content.
        text: String,
    },
    /// A file that belongs to the run; a later one of the same path replaces it.
    /// Its bytes are stored, or sent, before the record.
    File {
        /// Where in the run's folder.
        path: RelPath,
        /// Its bytes.
        content: Content,
        /// Microseconds since 1970.
        time_us: i64,
    },
    /// A file was removed from the run.
    RemoveFile {
        /// Which.
        path: RelPath,
    },
    /// A version of an artifact that the run logged is complete.
    Artifact {
        /// The version.
        version: Box<ArtifactVersion>,
    },
    /// The run reads a version of an artifact.
    UseArtifact {
        /// The version's id.
        id: Id128,
    },
    /// Somebody did something to a workspace. In streams of workspaces there is
    /// nothing else, and in those of runs never this.
    Workspace {
        /// Microseconds since 1970, by his machine's clock.
        time_us: i64,
        /// Who.
        by: String,
        /// What.
        #[serde(flatten)]
        act: Box<Act>,
    },
    /// The run was deleted: views leave it out, the log keeps it.
    Delete {
        /// Microseconds since 1970.
        time_us: i64,
    },
    /// Somebody says what the run's state is, from outside.
    State {
        /// The state.
        state: RunState,
    },
    /// Records that were logged and could not be kept.
    Dropped {
        /// Microseconds since 1970.
        time_us: i64,
        /// How many `log` calls.
        count: u64,
        /// Why.
        reason: String,
    },
    /// A life ends.
    End {
        /// Microseconds since 1970.
        time_us: i64,
        /// How.
        state: RunState,
        /// The process's, where it is known.
        exit_code: Option<i32>,
    },
}

impl Change {
    /// Whether it changes what the rows before it came to, and not the rows behind
    /// it: then it is taken in between them, however they come.
    #[must_use]
    pub fn divides_rows(&self) -> bool {
        match self {
            Self::Rewind { .. } | Self::Delete { .. } => true,
            // It may begin again, see there.
            Self::Begin { job: Some(job), .. } => job.attempt > 0,
            Self::Summary { remove, .. } => !remove.is_empty(),
            _ => false,
        }
    }

    /// About how many bytes it takes in memory, of what may be large.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Workspace { act, .. } => act.bytes(),
            _ => 0,
        }
    }

    /// The blobs that this change names: they come before it, wherever it goes.
    pub fn blobs(&self) -> impl Iterator<Item = (Blob, u64)> + '_ {
        let (one, version) = match self {
            Self::File { content, .. } => (Some(content), None),
            Self::Artifact { version } => (Some(&version.manifest), Some(version)),
            _ => (None, None),
        };
        let files = version.into_iter().flat_map(|version| version.files.iter().map(|(_, content)| content));
        one.into_iter().chain(files).map(|content| (content.blob, content.size))
    }
}

/// Any record, in the form that views and tests use.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A row of a table.
    Row(Row),
    /// Any other change.
    Change(Change),
}
