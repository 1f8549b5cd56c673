//! Bodies of the routes by which a daemon brings a hub what it lacks, in JSON but
//! for blocks and chunks.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::artifact::ArtifactVersion;
use crate::content::{Blob, Content};
use crate::id::{Id128, Origin, RunPath, Seq};
use crate::workspace::AliasMove;

/// `GET /v1/hub`: who a remote is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HubInfo {
    /// The hub's own id.
    pub origin: Origin,
    /// A random id of this start of the hub. A hub that was restored from a
    /// backup was restarted: on a new epoch a daemon asks again where every
    /// stream stands.
    pub epoch: Origin,
    /// See [`crate::PROTOCOL_VERSION`].
    pub protocol: u32,
    /// The version of the hub's build.
    pub version: String,
}

/// `GET /v1/hub/me`: who asks, and which organizations there are for him.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Me {
    /// The user's name.
    pub name: String,
    /// Whether he administers the whole hub.
    pub admin: bool,
    /// The entity of runs that name none.
    pub entity: String,
    /// Those that he may read, or some of whose teams.
    pub organizations: Vec<MyOrganization>,
}

/// An organization, as [`Me`] has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MyOrganization {
    /// Its name, also the entity of its registries.
    pub name: String,
    /// Its teams that the user may read.
    pub teams: Vec<String>,
}

impl Me {
    /// The organization of an entity, where the hub says one: a team's, an
    /// organization itself, the only one of the user's own entity.
    #[must_use]
    pub fn organization_of(&self, entity: &str) -> Option<&str> {
        let named = |of: &&MyOrganization| of.name == entity || of.teams.iter().any(|team| team == entity);
        let only = || match self.organizations.as_slice() {
            [only] if entity == self.name => Some(only),
            _ => None,
        };
        self.organizations.iter().find(named).or_else(only).map(|of| of.name.as_str())
    }
}

/// A stream, named for the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StreamId {
    /// Whose records.
    pub origin: Origin,
    /// Of which run.
    #[serde(flatten)]
    pub path: RunPath,
}

/// `POST /v1/hub/positions`: body and answer. Answer: the same streams, in the
/// same order, each with the last `Seq` the hub has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Positions {
    /// At most 10,000.
    pub streams: Vec<StreamId>,
}

/// The answer to [`Positions`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PositionsAnswer {
    /// See [`HubInfo::epoch`].
    pub epoch: Origin,
    /// For each stream asked about.
    pub positions: Vec<Position>,
}

/// Where a stream stands at a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The last `Seq` it has; 0 for none.
    pub seq: Seq,
    /// The run's last step there.
    pub last_step: Option<i64>,
}

/// What a hub says to one stream of a push.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Pushed {
    /// Durable there up to this position; what it had already was left out.
    Stored(Position),
    /// A gap: it has less than the push assumed. Nothing of this stream was
    /// taken.
    Behind(Position),
    /// It will never take this. Nothing of this stream was taken.
    Refused {
        /// Why, for people.
        reason: String,
    },
}

/// The answer to `POST /v1/hub/push`: one entry a stream, in the push's order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PushAnswer {
    /// See [`HubInfo::epoch`].
    pub epoch: Origin,
    /// The answers.
    pub streams: Vec<Pushed>,
}

/// `POST /v1/hub/blobs`: blobs that a daemon is about to name, and the answer:
/// those that the hub lacks. `POST /v1/hub/blobs/whole` takes small ones as
/// chunks, and answers with those that it has now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlobNames {
    /// At most 10,000.
    pub blobs: Vec<Blob>,
}

/// `POST /v1/hub/chunks/missing`: chunks, and the answer: those that the hub
/// lacks. `POST /v1/hub/chunks` takes chunks, and answers with those that it has
/// now. `POST /v1/hub/chunks/get` answers with the chunks themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChunkNames {
    /// At most 1,024; of `get`, at most 256.
    pub chunks: Vec<Blob>,
}

/// `POST /v1/hub/blobs/parts`: the next chunks of a blob, which the hub has. It
/// reads them, in order; where the last one came, it checks the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlobPart {
    /// What the blob is.
    pub content: Content,
    /// Where in it the first of the chunks begins; 0 begins anew.
    pub at: u64,
    /// At most 1,024.
    pub chunks: Vec<Blob>,
}

/// The answer to [`BlobPart`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum PartAnswer {
    /// It is read up to here: the next part begins here.
    At {
        /// Bytes of the blob.
        at: u64,
    },
    /// Chunks of the part are not there; nothing of it was read.
    Lacks {
        /// Which.
        chunks: Vec<Blob>,
    },
    /// The blob is stored, whole.
    Whole,
    /// The chunks do not make what was said, or no longer than allowed.
    Refused {
        /// Why, for people.
        reason: String,
    },
}

/// `GET /v1/hub/blobs/BLOB/chunks?from=N`: the chunks of a blob, some at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChunkList {
    /// Digest and length; the first one begins at `from`.
    pub chunks: Vec<(Blob, u32)>,
}

/// `POST /v1/hub/digests`: asks for a digest over the first records of streams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DigestsQuestion {
    /// At most 10,000.
    pub streams: Vec<StreamUpto>,
}

/// A stream as far as a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamUpto {
    /// The stream.
    #[serde(flatten)]
    pub id: StreamId,
    /// The last `Seq` to look at.
    pub upto: Seq,
}

/// The answer to [`DigestsQuestion`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DigestsAnswer {
    /// For each stream asked about.
    pub digests: Vec<StreamDigest>,
}

/// A stream's content: the records it has, of those asked about, and a digest
/// over them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamDigest {
    /// How many records the digest covers.
    pub records: u64,
    /// BLAKE3 over the records' canonical form, in hexadecimal.
    pub digest: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_have_an_organization() {
        let of = |name: &str, teams: &[&str]| MyOrganization {
            name: name.to_owned(),
            teams: teams.iter().map(|team| (*team).to_owned()).collect(),
        };
        let mut me = Me {
            name: "ann".into(),
            admin: false,
            entity: "ann".into(),
            organizations: vec![of("acme", &["vision", "audio"])],
        };
        for (entity, organization) in
            [("vision", Some("acme")), ("acme", Some("acme")), ("ann", Some("acme")), ("local", None)]
        {
            assert_eq!(me.organization_of(entity), organization, "{entity}");
        }
        me.organizations.push(of("other", &[]));
        assert_eq!(me.organization_of("ann"), None, "of two, none is meant");
        assert_eq!(me.organization_of("audio"), Some("acme"));
    }
}

/// A collection of artifacts, named for the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CollectionName {
    /// Whose.
    pub entity: String,
    /// In which project; a registry is one.
    pub project: String,
    /// Its name.
    pub collection: String,
}

impl fmt::Display for CollectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.entity, self.project, self.collection)
    }
}

/// A move of an alias, with its author.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MadeMove {
    /// The move.
    #[serde(flatten)]
    pub moved: AliasMove,
    /// Microseconds since 1970, by the author's clock.
    pub time_us: i64,
    /// The author.
    pub by: Option<String>,
    /// His home.
    pub origin: Origin,
}

/// `POST /v1/hub/collections`: asks what became of versions that were sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollectionsQuestion {
    /// At most 1,000.
    pub collections: Vec<CollectionQuestion>,
}

/// Asks of one collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollectionQuestion {
    /// The collection.
    #[serde(flatten)]
    pub name: CollectionName,
    /// The versions whose numbers are asked for.
    pub artifacts: Vec<Id128>,
}

/// The answer to [`CollectionsQuestion`], in its order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollectionsAnswer {
    /// One for each that was asked about.
    pub collections: Vec<CollectionState>,
}

/// What a hub knows of a collection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CollectionState {
    /// The numbers that stand, of those asked for.
    pub numbers: Vec<(Id128, u64)>,
    /// The moves of aliases that stand.
    pub moves: Vec<MadeMove>,
}

/// `POST /v1/hub/artifact`: asks which version a name means there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactQuestion {
    /// The collection.
    #[serde(flatten)]
    pub name: CollectionName,
    /// `v3`, an alias, or a digest.
    pub version: String,
}

/// The answer to [`ArtifactQuestion`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArtifactAnswer {
    /// `None`: no such version, or none that the caller may read.
    pub found: Option<FoundArtifact>,
}

/// A version, as it is at a hub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundArtifact {
    /// The run that logged it first.
    #[serde(flatten)]
    pub run: RunPath,
    /// The version, with what it is described as now.
    pub version: ArtifactVersion,
    /// The collections that it is in: where it was logged, and the one that was
    /// asked about.
    pub memberships: Vec<FoundMembership>,
}

/// A version in a collection, as it is at a hub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundMembership {
    /// The collection.
    #[serde(flatten)]
    pub name: CollectionName,
    /// The type of its versions.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it holds links.
    pub links: bool,
    /// The version's number.
    pub number: u64,
    /// Microseconds since 1970 at which it came there.
    pub time_us: i64,
    /// Who logged or linked it.
    pub by: Option<String>,
    /// The moves of the collection's aliases that stand.
    pub moves: Vec<MadeMove>,
}
