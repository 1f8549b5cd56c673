//! Bodies of the routes about folders that a home reads and carries on.

use serde::{Deserialize, Serialize};

/// A folder that this home reads and carries on, as `status` and `relay list` show
/// it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RelayStatus {
    /// Its path.
    pub folder: String,
    /// The remote that its records are carried to.
    pub remote: String,
    /// `carrying`, `passive` (another relay does it), `failed`; empty before the
    /// first turn.
    pub state: String,
    /// Who carries it, where it is another.
    pub holder: Option<String>,
    /// Why the last turn came to nothing.
    pub last_error: Option<String>,
    /// Turns that were taken.
    pub turns: u64,
    /// Whether something is being read.
    pub busy: bool,
    /// Homes that wrote to it.
    pub writers: usize,
    /// Files of records that are not at the remote, all of them.
    pub files_left: u64,
    /// Files that are damaged, or wait for what is not there.
    pub problems: Vec<String>,
}

/// `POST /v1/relays`: a folder to read, or to look at now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddRelay {
    /// Its whole path.
    pub folder: String,
    /// The remote that its records are carried to.
    pub remote: String,
}
