//! What whoever relays a folder says to a writer: what of its streams arrived, and
//! what is to be written anew. Plain data, in a file that is replaced as a whole.

use pannier_proto::hub::StreamId;
use pannier_proto::id::{Id128, Origin, Seq};
use serde::{Deserialize, Serialize};

use super::place::{Place, Result, read_small, replace};

/// The newest version that is known here.
const VERSION: u32 = 1;

/// How far a stream is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acked {
    /// Which.
    #[serde(flatten)]
    pub id: StreamId,
    /// Up to here it is in the home of whoever relays.
    pub imported: Seq,
    /// Up to here it is durable at the remote.
    pub durable: Seq,
}

/// To one writer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Of this file.
    pub version: u32,
    /// Whose home relays.
    pub by: Origin,
    /// On which machine.
    pub host: String,
    /// To where.
    pub remote: String,
    /// Of the numbers of files ([`super::index::Index::generation`]).
    pub generation: Id128,
    /// Microseconds since 1970.
    pub time_us: i64,
    /// All that is in files up to this one is durable at the remote.
    pub number: u64,
    /// Files of records that are damaged, or of which something is missing: what
    /// they hold is to be written anew.
    pub again: Vec<u64>,
    /// The streams of files that are there.
    pub streams: Vec<Acked>,
}

impl Ack {
    /// Reads the last one for a writer; none where there is none.
    ///
    /// # Errors
    /// [`super::place::FolderError`]; a damaged one counts as none.
    pub fn read(place: &Place, writer: Origin) -> Result<Option<Self>> {
        let bytes = match read_small(&place.ack(writer)) {
            Err(error) if error.is_gone() => {
                return Ok(None);
            }
            bytes => bytes?,
        };
        let ack: Option<Self> = serde_json::from_slice(&bytes).ok();
        Ok(ack.filter(|ack| ack.version == VERSION))
    }

    /// Puts it in the place of the last one.
    ///
    /// # Errors
    /// [`super::place::FolderError`].
    pub fn write(mut self, place: &Place, writer: Origin) -> Result<()> {
        self.version = VERSION;
        // Plain data with string keys: serialising it into memory cannot fail.
        replace(&place.ack(writer), &serde_json::to_vec(&self).unwrap_or_default())
    }
}
