//! The body of a push: pure encode and decode, used by both sides. It knows no
//! HTTP and no store.
//!
//! ```text
//! push  = version: u8 = 2, gone, entry …, crc: u32     little endian; crc over all before it
//! gone  = count: u32, digest: [u8; 32] …               blobs that are nowhere any more
//! entry = length: u16, StreamId as JSON, first_seq: u64, block (Encoded::write_to)
//! ```
//!
//! Several blocks of a stream are several entries, in order. The answer has one
//! item for each entry. The body is packed as a whole (`Content-Encoding:
//! zstd`) only where that gains something: blocks are mostly packed already.

use std::io::Read;

use pannier_proto::content::Blob;
use pannier_proto::hub::StreamId;

use super::remote::StreamPush;
use crate::block::Encoded;
use crate::limits::{PUSH_BLOCKS_MAX, REQUEST_BYTES_MAX};

const VERSION: u8 = 2;
/// Enough to tell whether packing gains anything.
const SAMPLE_BYTES: usize = 32 << 10;
const ZSTD_LEVEL: i32 = 1;

/// Why bytes are not a push.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPush {
    /// A newer pannier's.
    #[error("version {0} of the push format is not known here; update pannier")]
    Version(u8),
    /// The bytes changed on the way.
    #[error("the push was damaged on the way (checksum mismatch)")]
    Checksum,
    /// Intact, but not what a push says.
    #[error("the push is malformed at {0}")]
    Malformed(&'static str),
    /// More than is taken at once.
    #[error("the push holds more than {PUSH_BLOCKS_MAX} blocks or {REQUEST_BYTES_MAX} bytes")]
    TooLarge,
}

/// A push as bytes, and whether they are packed with zstd.
pub struct Body {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether to say `Content-Encoding: zstd`.
    pub zstd: bool,
}

/// Makes a body of blocks, and of the blobs that they name and nobody has any
/// more.
#[must_use]
pub fn encode(blocks: &[StreamPush], gone: &[Blob]) -> Body {
    let mut plain = vec![VERSION];
    plain.extend_from_slice(&u32::try_from(gone.len()).unwrap_or(u32::MAX).to_le_bytes());
    gone.iter().for_each(|blob| plain.extend_from_slice(&blob.0));
    for push in blocks {
        // Plain data with string keys: serialising it into memory cannot fail.
        let id = serde_json::to_vec(&push.id).unwrap_or_default();
        plain.extend_from_slice(&u16::try_from(id.len()).unwrap_or(0).to_le_bytes());
        plain.extend_from_slice(&id);
        plain.extend_from_slice(&push.first_seq.to_le_bytes());
        push.block.write_to(&mut plain);
    }
    let crc = crc32fast::hash(&plain);
    plain.extend_from_slice(&crc.to_le_bytes());
    let pack = |bytes: &[u8]| {
        zstd::bulk::compress(bytes, ZSTD_LEVEL).ok().filter(|packed| packed.len() < bytes.len() / 10 * 9)
    };
    let sample = &plain[..plain.len().min(SAMPLE_BYTES)];
    match pack(sample).and_then(|_| pack(&plain)) {
        Some(bytes) => Body { bytes, zstd: true },
        None => Body { bytes: plain, zstd: false },
    }
}

/// Undoes `Content-Encoding: zstd`, up to a bound on what comes out.
///
/// # Errors
/// [`BadPush::TooLarge`], or [`BadPush::Checksum`] where it cannot be unpacked.
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>, BadPush> {
    let mut plain = Vec::new();
    let decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(|_gone| BadPush::Checksum)?;
    decoder
        .take(REQUEST_BYTES_MAX as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(|_damaged| BadPush::Checksum)?;
    if plain.len() > REQUEST_BYTES_MAX { Err(BadPush::TooLarge) } else { Ok(plain) }
}

/// Reads a body back. The blocks themselves are not looked into:
/// [`crate::block::Block::decode`] does that.
///
/// # Errors
/// [`BadPush`].
pub fn decode(body: &[u8]) -> Result<(Vec<StreamPush>, Vec<Blob>), BadPush> {
    let (plain, crc) = body.split_last_chunk::<4>().ok_or(BadPush::Malformed("its end"))?;
    match plain.first() {
        Some(&VERSION) => {}
        Some(&other) => return Err(BadPush::Version(other)),
        None => return Err(BadPush::Malformed("its version")),
    }
    if crc32fast::hash(plain) != u32::from_le_bytes(*crc) {
        return Err(BadPush::Checksum);
    }
    let (gone, mut rest) = take_gone(&plain[1..]).ok_or(BadPush::Malformed("the blobs that are gone"))?;
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        if blocks.len() == PUSH_BLOCKS_MAX {
            return Err(BadPush::TooLarge);
        }
        let id = take_id(&mut rest).ok_or(BadPush::Malformed("a stream's name"))?;
        let (first_seq, behind) = rest.split_first_chunk::<8>().ok_or(BadPush::Malformed("a position"))?;
        rest = behind;
        let block = Encoded::read_from(&mut rest).ok_or(BadPush::Malformed("a block"))?;
        blocks.push(StreamPush { id, first_seq: u64::from_le_bytes(*first_seq), block });
    }
    Ok((blocks, gone))
}

fn take_gone(bytes: &[u8]) -> Option<(Vec<Blob>, &[u8])> {
    let (count, rest) = bytes.split_first_chunk::<4>()?;
    let length = (u32::from_le_bytes(*count) as usize).checked_mul(32)?;
    let (digests, rest) = rest.split_at_checked(length)?;
    Some((digests.as_chunks().0.iter().copied().map(Blob).collect(), rest))
}

fn take_id(bytes: &mut &[u8]) -> Option<StreamId> {
    let (len, rest) = bytes.split_first_chunk::<2>()?;
    let (json, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*len)))?;
    *bytes = rest;
    serde_json::from_slice(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Block, Effort};
    use pannier_proto::id::{Id128, RunPath};
    use pannier_proto::record::{Change, Record, Row, Table};
    use pannier_proto::value::Value;
    use proptest::prelude::*;

    fn any_push() -> impl Strategy<Value = StreamPush> {
        let row = (any::<i64>(), any::<f64>()).prop_map(|(step, x)| {
            Record::Row(Row {
                table: Table::History,
                step,
                time_us: step,
                cells: vec![("x".into(), Value::F64(x))],
            })
        });
        let text = ".{0,40}".prop_map(|text| Record::Change(Change::TextFile { path: "f".into(), text }));
        let records = proptest::collection::vec(prop_oneof![4 => row, 1 => text], 1..40);
        ("[a-zü][a-z ]{0,8}[a-z]", any::<[u8; 16]>(), any::<u64>(), records, any::<bool>()).prop_map(
            |(name, origin, first_seq, records, sealed)| {
                let mut block = Block::default();
                records.into_iter().for_each(|record| block.push(record));
                let path = RunPath::new(&name, &name, &name).unwrap();
                let effort = if sealed { Effort::Sealed } else { Effort::Fresh };
                StreamPush {
                    id: StreamId { origin: Id128(origin), path },
                    first_seq,
                    block: block.encode(effort),
                }
            },
        )
    }

    fn plain(body: &Body) -> Vec<u8> {
        if body.zstd { unpack(&body.bytes).unwrap() } else { body.bytes.clone() }
    }

    proptest! {
        #[test]
        fn what_is_sent_arrives(
            blocks in proptest::collection::vec(any_push(), 0..5),
            gone in proptest::collection::vec(any::<[u8; 32]>().prop_map(Blob), 0..3),
        ) {
            prop_assert_eq!(decode(&plain(&encode(&blocks, &gone))).unwrap(), (blocks, gone));
        }

        #[test]
        fn damage_on_the_way_is_seen(blocks in proptest::collection::vec(any_push(), 1..3), at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let mut bytes = plain(&encode(&blocks, &[Blob([7; 32])]));
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(decode(&bytes).is_err());
            prop_assert!(decode(&bytes[..at]).is_err());
        }

        #[test]
        fn hostile_bytes_are_refused_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = unpack(&bytes);
            let _ = decode(&bytes);
            let mut intact = vec![VERSION];
            intact.extend(&bytes);
            let crc = crc32fast::hash(&intact);
            intact.extend(crc.to_le_bytes());
            let _ = decode(&intact);
        }
    }

    #[test]
    fn what_unpacks_without_end_is_cut_off() {
        let bomb = zstd::bulk::compress(&vec![0; REQUEST_BYTES_MAX + 100], 1).unwrap();
        assert!(bomb.len() < 100_000);
        assert_eq!(unpack(&bomb), Err(BadPush::TooLarge));
    }
}
