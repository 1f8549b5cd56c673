//! Bodies of the routes by which a daemon brings a hub what it lacks, in JSON but
//! for blocks and chunks.

use serde::{Deserialize, Serialize};

use crate::content::{Blob, Content};
use crate::id::{Origin, RunPath, Seq};

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
