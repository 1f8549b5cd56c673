//! What bundles say of themselves, and bodies of the routes that write and read
//! them.

use serde::{Deserialize, Serialize};

use crate::hub::StreamId;
use crate::id::{Id128, Origin, RunPath, Seq};

/// What the URL of a remote is to which bundles go: they are carried.
pub const CARRIED: &str = "bundle:";

/// `bundle.json` in a bundle of records: where it comes from, what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Whose home wrote it.
    pub from: Origin,
    /// On which machine.
    pub host: String,
    /// What its destination is called there.
    pub to: String,
    /// The how-manieth bundle it is for that destination.
    pub number: u64,
    /// Microseconds since 1970.
    pub time_us: i64,
    /// What is in it.
    pub streams: Vec<Carried>,
}

/// A stretch of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Which stream.
    #[serde(flatten)]
    pub id: StreamId,
    /// The records behind this one,
    pub after: Seq,
    /// up to this one.
    pub upto: Seq,
}

/// `receipt.json` in a receipt: what arrived somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Whose home has it.
    pub by: Origin,
    /// On which machine.
    pub host: String,
    /// Microseconds since 1970.
    pub time_us: i64,
    /// The bundles that it answers.
    pub of: Vec<Answered>,
}

/// Bundles of one home for one destination, and what is there of their streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Whose home wrote them.
    pub from: Origin,
    /// What the destination is called there.
    pub to: String,
    /// Up to where streams are there.
    pub streams: Vec<Arrived>,
}

/// How far a stream arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrived {
    /// Which stream.
    #[serde(flatten)]
    pub id: StreamId,
    /// Its last record there.
    pub seq: Seq,
    /// The run's last step there.
    pub last_step: Option<i64>,
}

/// What stays out of a bundle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// Nothing: all of it goes.
    #[default]
    Beginning,
    /// What was in earlier bundles for the same destination.
    Last,
    /// What arrived there, by its receipts.
    Received,
}

/// `POST /v1/bundles/export`: writes a bundle. Progress as JSON lines; the last one
/// holds [`Exported`] as `done`, or `error` and `hint`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Export {
    /// The destination's name here.
    pub to: String,
    /// What stays out.
    #[serde(default)]
    pub since: Since,
    /// Only these runs; with none and no projects, everything.
    #[serde(default)]
    pub runs: Vec<RunPath>,
    /// Only these projects, as entity and project.
    #[serde(default)]
    pub projects: Vec<(String, String)>,
    /// The file, by its whole path.
    pub place: String,
    /// The longest that a file may be.
    #[serde(default)]
    pub split: Option<u64>,
    /// The text of the signing key.
    #[serde(default)]
    pub sign: Option<String>,
    /// Encrypted for these recipients of age's.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// Encrypted with a passphrase.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// Its name; none where there was nothing to write.
    pub set: Option<Id128>,
    /// The files.
    pub files: Vec<String>,
    /// Their length together.
    pub file_bytes: u64,
    /// The destination.
    pub to: String,
    /// The how-manieth bundle it is for that destination.
    pub number: u64,
    /// Streams of which something is in it.
    pub streams: u64,
    /// Records.
    pub records: u64,
    /// Bytes of files of runs and artifacts, as they lie in the home.
    pub content_bytes: u64,
    /// Whose signature it bears.
    pub signed_by: Option<String>,
    /// What could not be read here, and why.
    pub left_out: Vec<String>,
}

/// `POST /v1/bundles/import`: reads bundles and receipts. Progress as JSON lines;
/// the last one holds [`Imported`] as `done`, or `error` and `hint`.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Import {
    /// The files, by their whole paths, in any order.
    pub files: Vec<String>,
    /// Only what is signed by one of these keys; with none, anybody's.
    #[serde(default)]
    pub keys: Vec<String>,
    /// The text of a file with identities of age's.
    #[serde(default)]
    pub identities: Option<String>,
    /// The passphrase of what is encrypted with one.
    #[serde(default)]
    pub passphrase: Option<String>,
    /// Only look.
    #[serde(default)]
    pub dry_run: bool,
    /// Where to write a receipt, by its whole path.
    #[serde(default)]
    pub receipt: Option<String>,
    /// The text of the key that signs the receipt.
    #[serde(default)]
    pub sign: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// One for each bundle.
    pub bundles: Vec<ImportedBundle>,
    /// Runs of which records of earlier imports wait for what is not here yet.
    pub still_waiting: Vec<String>,
    /// The receipt that was written.
    pub receipt: Option<String>,
}

/// What came of one bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedBundle {
    /// Its file, or the first of them.
    pub file: String,
    /// Its name.
    pub set: Id128,
    /// Where it comes from: a machine.
    pub host: String,
    /// The destination that it was written for.
    pub to: String,
    /// The how-manieth it is for that destination; 0 for a receipt.
    pub number: u64,
    /// Whether it is a receipt.
    pub receipt: bool,
    /// Whose signature it bears.
    pub signed_by: Option<String>,
    /// Streams in it, or that a receipt speaks of.
    pub streams: u64,
    /// Records in it.
    pub records: u64,
    /// Records of it that were not here, or whose arrival was not known.
    pub new_records: u64,
    /// Runs of which something waits for what an earlier bundle holds.
    pub waiting: Vec<String>,
    /// What was refused, and why.
    pub problems: Vec<String>,
    /// Why nothing of it was taken.
    pub error: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}
