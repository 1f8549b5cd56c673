//! A version of an artifact, as its maker logged it. Which number it has among
//! the versions of its collection is a view's to say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::content::Content;
use crate::id::Id128;
use crate::workspace::AliasMove;

/// A complete version: its manifest and everything the manifest names is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArtifactVersion {
    /// What it is called everywhere; made of the maker's own id, so that the
    /// same version logged by two doors is one.
    pub id: Id128,
    /// The maker's id, which `wandb-client-artifact://` references name.
    pub client_id: String,
    /// The maker's id for the collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence_client_id: Option<String>,
    /// The collection.
    pub collection: String,
    /// `model`, `dataset`, `run_table`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// W&B's digest over the manifest's entries.
    pub digest: String,
    /// The manifest, W&B's JSON.
    pub manifest: Content,
    /// The files that the manifest names, and that are stored here.
    pub files: Vec<(String, Content)>,
    /// Bytes of all its entries, references included.
    pub size: u64,
    /// How many entries.
    pub file_count: u64,
    /// Names that move to it.
    #[serde(default)]
    pub aliases: Vec<AliasMove>,
    /// Who logged it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Microseconds since 1970 at which it was logged again, its content being
    /// there already; the names move then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_us: Option<i64>,
    /// Its labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Json>,
    /// How long it is to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<i64>,
    /// The run's step at which it was logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_step: Option<i64>,
    /// Microseconds since 1970 at which its maker began it.
    pub created_us: i64,
}

/// A version as a program logs it, before anybody has read its files: what
/// `log_artifact` hands over. Digests are computed where the bytes are stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoggedArtifact {
    /// The maker's own id; 128 random letters and digits in W&B's SDK. Logging
    /// the same id again is the same version.
    pub client_id: String,
    /// The maker's id for the collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence_client_id: Option<String>,
    /// The collection.
    pub collection: String,
    /// `model`, `dataset`, `run_table`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Json>,
    /// Names that move to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Its labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// How long it is to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<i64>,
    /// The run's step at which it was logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_step: Option<i64>,
    /// Microseconds since 1970 at which its maker began it.
    pub created_us: i64,
    /// What several writers log parts of: their entries become one version when
    /// one of them finalizes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distributed_id: Option<String>,
    /// Whether it is complete with this; false: a part of a distributed one.
    #[serde(default = "yes")]
    pub finalize: bool,
    /// Whether its entries are laid over those of the collection's latest
    /// version.
    #[serde(default)]
    pub incremental: bool,
    /// W&B's digest over the entries, where the program knows it. The version gets
    /// the one of what is stored; where they differ, a file was changed before it
    /// was logged, and the run says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What is in it, by path.
    #[serde(default)]
    pub entries: BTreeMap<String, LoggedEntry>,
}

/// One entry of a [`LoggedArtifact`]: a file whose bytes come with it, a
/// reference, or bytes that are stored already.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoggedEntry {
    /// Base64 of the bytes' MD5; of a reference, what its store calls it. Left
    /// out where the bytes come with the artifact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Where the bytes are, of a reference.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The version that the bytes came with first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_artifact_id: Option<String>,
    /// What a reference's store told besides; a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra: Option<Json>,
}

fn yes() -> bool {
    true
}
