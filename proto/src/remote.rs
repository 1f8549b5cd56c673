//! The remotes of a home: adding one, and how one is.

use serde::{Deserialize, Serialize};

use crate::bundle::CARRIED;

/// `POST /v1/remotes`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddRemote {
    /// What it is called here.
    pub name: String,
    /// `https://…`, `http://…` on this machine, or `folder:/…`.
    pub url: String,
    /// The bearer token that the hub's operator gave out.
    #[serde(default)]
    pub token: Option<String>,
}

/// One remote, as `status` shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RemoteStatus {
    /// Its name.
    pub name: String,
    /// Its URL, without secrets.
    pub url: String,
    /// `connected`, `waiting`, `unauthorized`, `unreachable`, `idle`, `carried`.
    pub state: String,
    /// The last error, while it lasts.
    pub last_error: Option<String>,
    /// Seconds until the next try, while there is an error.
    pub retry_in_s: Option<u64>,
    /// Records that it lacks.
    pub records_queued: u64,
    /// Bytes, as stored here, that it lacks: of records, and of the files that
    /// are under way.
    pub bytes_queued: u64,
    /// Records that it has.
    pub records_sent: u64,
    /// Microseconds since 1970 of its last good answer.
    pub last_contact_us: Option<i64>,
    /// Of a folder: records that are known to be where its relay carries them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records_passed_on: Option<u64>,
}

impl RemoteStatus {
    /// Whether bundles go there: no daemon sends, and none can wait for it.
    #[must_use]
    pub fn is_carried(&self) -> bool {
        self.url == CARRIED
    }

    /// Whether it lacks nothing of what is here.
    #[must_use]
    pub fn has_all(&self) -> bool {
        self.records_queued == 0 && self.bytes_queued == 0
    }
}
