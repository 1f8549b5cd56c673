//! What was logged together with bytes of files: an artifact, or a file of a
//! run. The bytes lie in a folder of the writer's, a **snapshot**, taken when it
//! was logged; the journal names the folder once it is whole.
//!
//! ```text
//! spool/WRITER/files/7/       the writer's seventh snapshot
//!     what.json               a Snapshot
//!     0, 1, 2, …              the bytes of its files, in their order
//! ```
//!
//! The daemon takes the folder over as it is, in the transaction that commits
//! the journal's position, and makes a record of it when the bytes are stored:
//! so rows behind it do not wait for gigabytes.

use serde::{Deserialize, Serialize};

use crate::artifact::LoggedArtifact;
use crate::path::RelPath;

/// The folder of a writer's folder in which its snapshots are.
pub const FILES: &str = "files";
/// The file of a snapshot that says what it is.
pub const WHAT: &str = "what.json";

/// The journal's word that a snapshot is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// The number of the snapshot among its writer's.
    pub number: u64,
    /// Which artifact it is; `None` for a file of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<ArtifactName>,
}

/// As much of an artifact as tells it from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactName {
    /// See [`LoggedArtifact::client_id`].
    pub client_id: String,
    /// See [`LoggedArtifact::distributed_id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distributed_id: Option<String>,
    /// See [`LoggedArtifact::finalize`].
    pub finalize: bool,
}

/// What a snapshot is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What was logged.
    pub what: What,
    /// Its files, in the order of their numbers in the folder.
    pub files: Vec<Taken>,
}

/// What was logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// An artifact, or a part of one.
    Artifact(Box<LoggedArtifact>),
    /// One file of the run, with the path that its only file has.
    File {
        /// Microseconds since 1970.
        time_us: i64,
    },
}

/// One file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Its path in the artifact, or in the run.
    pub path: RelPath,
    /// How many bytes were copied. A snapshot that has others was torn, by a
    /// power cut, and is not what was logged.
    pub size: u64,
}
