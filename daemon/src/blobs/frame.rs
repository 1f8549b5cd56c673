//! How a chunk lies in a pack. Pure.
//!
//! ```text
//! frame { magic: "pnc1", length: u32, digest: [u8; 32], crc: u32, bytes: [u8; length] }
//! ```
//!
//! Little endian. `crc` is CRC-32 over `length`, `digest` and `bytes`. A frame
//! says all that the index knows of its chunk, so the index can be made again
//! from the packs.

use bytes::Bytes;
use pannier_proto::content::Blob;

use super::chunker::MAX;

const MAGIC: &[u8; 4] = b"pnc1";
/// Bytes before a chunk's own.
pub const HEAD: usize = 44;

/// A frame's beginning, read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many bytes the chunk has.
    pub length: u32,
    /// BLAKE3 over them.
    pub digest: Blob,
    crc: u32,
}

/// How much of a pack a chunk of this length takes.
#[must_use]
pub fn size(length: u32) -> u64 {
    HEAD as u64 + u64::from(length)
}

fn crc(length: u32, digest: &Blob, bytes: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length.to_le_bytes());
    crc.update(&digest.0);
    crc.update(bytes);
    crc.finalize()
}

/// Adds a chunk's frame to what is to be written.
pub fn write(digest: &Blob, bytes: &[u8], length: u32, to: &mut Vec<u8>) {
    to.extend_from_slice(MAGIC);
    to.extend_from_slice(&length.to_le_bytes());
    to.extend_from_slice(&digest.0);
    to.extend_from_slice(&crc(length, digest, bytes).to_le_bytes());
    to.extend_from_slice(bytes);
}

impl Head {
    /// The frame that begins here, if one does. Its chunk is no longer than any
    /// chunk may be.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (digest, rest) = rest.split_first_chunk::<32>()?;
        let (crc, _) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length);
        let known = magic == MAGIC && length as usize <= MAX;
        known.then_some(Self { length, digest: Blob(*digest), crc: u32::from_le_bytes(*crc) })
    }

    /// Whether these are the bytes that were written, as far as a checksum says.
    #[must_use]
    pub fn holds(&self, bytes: &[u8]) -> bool {
        bytes.len() == self.length as usize && crc(self.length, &self.digest, bytes) == self.crc
    }
}

/// Chunks as the body of a request or an answer: their frames.
#[must_use]
pub fn pack(chunks: &[(Blob, Bytes)]) -> Vec<u8> {
    let mut body = Vec::with_capacity(chunks.iter().map(|(_, bytes)| HEAD + bytes.len()).sum());
    pack_into(chunks, &mut body);
    body
}

/// The same, behind what is there.
pub fn pack_into(chunks: &[(Blob, Bytes)], body: &mut Vec<u8>) {
    for (digest, bytes) in chunks {
        write(digest, bytes, u32::try_from(bytes.len()).unwrap_or(u32::MAX), body);
    }
}

/// Reads such a body; every chunk is compared with its digest.
///
/// # Errors
/// Which chunk is not what it says, for people.
pub fn unpack(mut body: Bytes) -> Result<Vec<(Blob, Bytes)>, String> {
    let mut chunks = Vec::new();
    while !body.is_empty() {
        let head = Head::read(&body).ok_or_else(|| format!("chunk {} is malformed", chunks.len()))?;
        if body.len() < HEAD + head.length as usize {
            return Err(format!("chunk {} is cut off", head.digest));
        }
        let bytes = body.split_to(HEAD + head.length as usize).slice(HEAD..);
        if !head.holds(&bytes) || blake3::hash(&bytes) != blake3::Hash::from(head.digest.0) {
            return Err(format!("chunk {} was damaged on the way", head.digest));
        }
        chunks.push((head.digest, bytes));
    }
    Ok(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_flipped_bit_is_seen(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let digest = Blob(*blake3::hash(&bytes).as_bytes());
            let mut frame = Vec::new();
            write(&digest, &bytes, u32::try_from(bytes.len()).unwrap(), &mut frame);
            let good = |frame: &[u8]| Head::read(frame).is_some_and(|head| head.holds(&frame[HEAD..]));
            prop_assert!(good(&frame));
            let at = at.index(frame.len());
            frame[at] ^= 1 << bit;
            prop_assert!(!good(&frame));
        }

        #[test]
        fn what_is_sent_arrives_or_is_refused(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..5),
            at in any::<prop::sample::Index>(), bit in 0..8_u8,
        ) {
            let named = |bytes: Vec<u8>| (Blob(*blake3::hash(&bytes).as_bytes()), Bytes::from(bytes));
            let chunks: Vec<_> = chunks.into_iter().map(named).collect();
            let mut body = pack(&chunks);
            prop_assert_eq!(unpack(body.clone().into()).unwrap(), chunks);
            if !body.is_empty() {
                let at = at.index(body.len());
                body[at] ^= 1 << bit;
                prop_assert!(unpack(body.into()).is_err());
            }
        }

        #[test]
        fn hostile_bytes_are_refused_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = unpack(bytes.clone().into());
            let _ = unpack([&MAGIC[..], &bytes].concat().into());
        }
    }
}
