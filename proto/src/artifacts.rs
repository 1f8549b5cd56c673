//! Bodies of the routes of artifacts, collections and registries.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::dashboard::Sync;
use crate::id::{Id128, RunPath};

/// A name that a version has in a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AliasView {
    /// The name.
    pub alias: String,
    /// Microseconds since 1970 at which it was moved there.
    pub time_us: i64,
    /// By whom, where that is known.
    pub by: Option<String>,
    /// Whether it was moved elsewhere by somebody who did not know of this move.
    pub conflict: bool,
}

/// A version's place in a collection: the one it was logged into, or one that it
/// is linked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Place {
    /// Whose.
    pub entity: String,
    /// In which project.
    pub project: String,
    /// The collection.
    pub collection: String,
    /// The version's number there.
    pub version: u64,
    /// Whether a remote may yet give it another number.
    pub provisional: bool,
    /// The number that it had here until a remote gave it this one.
    pub was: Option<u64>,
    /// Whether it is linked, and was logged elsewhere.
    pub link: bool,
    /// Its names there.
    pub aliases: Vec<AliasView>,
    /// Microseconds since 1970 at which it came there.
    pub since_us: i64,
    /// Who logged or linked it, where that is known.
    pub by: Option<String>,
}

/// A version, as a list shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct VersionView {
    /// Its id everywhere.
    pub id: Id128,
    /// As which version of which collection it is shown.
    #[serde(flatten)]
    pub place: Place,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// W&B's digest of what is in it.
    pub digest: String,
    /// Bytes of all its entries.
    pub size: u64,
    /// How many entries.
    pub file_count: u64,
    /// Microseconds since 1970 at which it was logged.
    pub created_us: i64,
    /// Of the last edit.
    pub updated_us: Option<i64>,
    /// Its labels.
    pub tags: Vec<String>,
    /// Free text.
    pub description: Option<String>,
    /// A JSON object.
    pub metadata: Option<Json>,
    /// How long it is to be kept.
    pub ttl_s: Option<i64>,
    /// Its way to the remotes: that of the run that logged it, for who may read
    /// that.
    #[serde(default)]
    pub sync: Sync,
}

/// A version, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ArtifactView {
    /// As lists show it.
    #[serde(flatten)]
    pub version: VersionView,
    /// Where it is, first where it was logged, then where it is linked to.
    pub places: Vec<Place>,
    /// The runs that logged it.
    pub logged_by: Vec<RunPath>,
    /// The runs that read it.
    pub used_by: Vec<RunPath>,
    /// The remote that it was fetched from, where it was not logged here.
    pub fetched: Option<String>,
    /// Bytes of its files that are not stored here.
    pub missing_bytes: u64,
}

/// A collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CollectionView {
    /// Whose.
    pub entity: String,
    /// In which project.
    pub project: String,
    /// Its name.
    pub name: String,
    /// The type of its versions.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it holds links to versions that were logged elsewhere.
    pub links: bool,
    /// How many versions it has.
    pub version_count: u64,
    /// The names that its versions have.
    pub aliases: Vec<String>,
    /// Free text.
    pub description: Option<String>,
    /// Its labels.
    pub tags: Vec<String>,
    /// Microseconds since 1970.
    pub created_us: i64,
    /// Of the last edit.
    pub updated_us: Option<i64>,
    /// Who made it, where that is known.
    pub by: Option<String>,
}

/// Collections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Collections {
    /// By project and name.
    pub collections: Vec<CollectionView>,
}

/// A collection with a page of its versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CollectionVersions {
    /// The collection.
    pub collection: CollectionView,
    /// Its versions, newest first.
    pub versions: Vec<VersionView>,
    /// Whether there are older ones.
    pub more: bool,
}

/// One entry of a version's manifest: a line of the answer of its route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct EntryView {
    /// Its path in the version, as its maker wrote it.
    pub path: String,
    /// Base64 of the bytes' MD5; of a reference, what its store calls it.
    pub digest: String,
    /// Bytes.
    pub size: Option<u64>,
    /// Where the bytes are, of a reference.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// A move of a name, as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MoveView {
    /// The name.
    pub alias: String,
    /// The version that it moved to; `None`: away, or to one that is gone.
    pub version: Option<u64>,
    /// That version's id; `None`: away.
    pub to: Option<Id128>,
    /// Microseconds since 1970.
    pub time_us: i64,
    /// Who moved it, where that is known.
    pub by: Option<String>,
    /// On which home.
    pub origin: Id128,
    /// Whether no later move has seen it.
    pub stands: bool,
}

/// Moves of names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Moves {
    /// Newest first.
    pub moves: Vec<MoveView>,
}

/// A registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RegistryView {
    /// The organization, which is the entity of its project.
    pub organization: String,
    /// Its name.
    pub name: String,
    /// Its project, `wandb-registry-NAME`.
    pub project: String,
    /// Free text.
    pub description: Option<String>,
    /// `PRIVATE` (the organization) or `RESTRICTED` (its members), where said.
    pub access: Option<String>,
    /// The types that it takes; `None`: all.
    pub artifact_types: Option<Vec<String>>,
    /// The names that only its administrators move.
    pub protected_aliases: Vec<String>,
    /// How many collections it has.
    pub collection_count: u64,
    /// How many versions they have.
    pub version_count: u64,
    /// Microseconds since 1970.
    pub created_us: i64,
    /// Of the last edit.
    pub updated_us: Option<i64>,
}

/// Registries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Registries {
    /// By organization and name.
    pub registries: Vec<RegistryView>,
}

/// A registry with its collections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RegistryCollections {
    /// The registry.
    pub registry: RegistryView,
    /// Its collections, by name.
    pub collections: Vec<CollectionView>,
}

/// `POST /v1/registries/ENTITY`: makes a registry. `PATCH
/// /v1/registries/ENTITY/NAME`: changes what is said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct EditRegistry {
    /// Of a new one: its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The types that it takes, those that it took included; an empty list: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_types: Option<Vec<String>>,
    /// The names that only its administrators move, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected_aliases: Option<Vec<String>>,
}

/// `POST /v1/collections/ENTITY/PROJECT/NAME/links`: makes a version one of this
/// collection, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct LinkVersion {
    /// The version.
    pub artifact: Id128,
    /// Names that move to it there.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// `POST /v1/collections/ENTITY/PROJECT/NAME/aliases`: moves names of its
/// versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct MoveAliases {
    /// The version.
    pub artifact: Id128,
    /// Names that move to it.
    #[serde(default)]
    pub add: Vec<String>,
    /// Names that go from it.
    #[serde(default)]
    pub remove: Vec<String>,
}

/// `POST /v1/artifacts`: logs what lies on this machine. On the socket only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PutArtifact {
    /// Whose; default: the home's.
    pub entity: Option<String>,
    /// Into which project.
    pub project: String,
    /// Into which collection.
    pub collection: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Names that move to it.
    pub aliases: Vec<String>,
    /// Its labels.
    pub tags: Vec<String>,
    /// Free text.
    pub description: Option<String>,
    /// A JSON object.
    pub metadata: Option<Json>,
    /// How long it is to be kept.
    pub ttl_s: Option<i64>,
    /// The run of that project that logs it, by id or name; left out: one that
    /// is made for it.
    pub run: Option<String>,
    /// Files, and folders with all that is in them: absolute paths.
    pub paths: Vec<String>,
    /// Addresses of bytes that stay where they are.
    pub references: Vec<PutReference>,
}

/// Bytes that stay where they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutReference {
    /// Where.
    pub uri: String,
    /// The entry's path; default: the address's last part.
    #[serde(default)]
    pub path: Option<String>,
}

/// `POST /v1/artifacts/pull`: brings a version's bytes here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullArtifact {
    /// Whose; default: the home's.
    #[serde(default)]
    pub entity: Option<String>,
    /// In which project.
    pub project: String,
    /// `COLLECTION:NAME`; without a name, the latest.
    pub name: String,
    /// Whether they are to stay whatever else needs room.
    #[serde(default)]
    pub pin: bool,
}

/// What came of [`PullArtifact`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pulled {
    /// The version.
    pub artifact: VersionView,
    /// Bytes that were fetched; 0: all was here.
    pub fetched_bytes: u64,
}

/// A line of an answer that takes its time: how far it is, and at last what came
/// of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line<T> {
    /// So many bytes of so many.
    Progress {
        /// Done.
        done: u64,
        /// Of.
        total: u64,
    },
    /// It is done.
    Done(T),
    /// It was not done.
    Failed(crate::request::ErrorBody),
}
