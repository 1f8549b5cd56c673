//! A version of an artifact, as its maker logged it. Which number it has among
//! the versions of its collection is a view's to say.

use serde::{Deserialize, Serialize};

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
    pub metadata: Option<serde_json::Value>,
    /// How long it is to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<i64>,
    /// The run's step at which it was logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_step: Option<i64>,
    /// Microseconds since 1970 at which its maker began it.
    pub created_us: i64,
}
