//! How cells become bytes: raw, pco, zstd, and which of them.

use pannier_proto::value::Kind;

use super::encode::Effort;

/// How words are written.
pub(super) const RAW: u8 = 0;
const PCO: u8 = 1;
pub(super) const ZSTD: u8 = 2;
pub(super) const BYTES: u8 = 3;

/// Columns with fewer cells are written raw: a codec's own head would be larger
/// than what it saves, and the part around it is compressed as a whole.
pub const SMALL_CELLS: usize = 256;
const PCO_LEVEL: usize = 6;
const ZSTD_LEVEL: i32 = 1;

pub(super) fn encode_words(kind: Kind, words: &[u64], effort: Effort) -> Vec<u8> {
    let raw = || {
        let mut bytes = Vec::with_capacity(1 + 8 * words.len());
        bytes.push(RAW);
        words.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
        bytes
    };
    if effort == Effort::Fresh || words.len() < SMALL_CELLS {
        return raw();
    }
    let config = pco::ChunkConfig::default().with_compression_level(PCO_LEVEL);
    let packed = if kind == Kind::F64 {
        let floats: Vec<f64> = words.iter().map(|word| f64::from_bits(*word)).collect();
        pco::standalone::simple_compress(&floats, &config)
    } else {
        let integers: Vec<i64> = words.iter().map(|word| word.cast_signed()).collect();
        pco::standalone::simple_compress(&integers, &config)
    };
    let packed = packed.ok().map(|bytes| [&[PCO], bytes.as_slice()].concat());
    // Noise does not pack, but values that come again do: worth a look only
    // where pco found little.
    match packed {
        Some(packed) if packed.len() < 3 * words.len() => packed,
        Some(packed) => {
            let zstd = zstd_or(raw());
            if zstd.len() < packed.len() { zstd } else { packed }
        }
        None => zstd_or(raw()),
    }
}

pub(super) fn decode_words(kind: Kind, count: usize, codec: u8, bytes: &[u8]) -> Option<Vec<u64>> {
    let from_raw = |bytes: &[u8]| -> Option<Vec<u64>> {
        let (words, rest) = bytes.as_chunks::<8>();
        rest.is_empty().then(|| words.iter().map(|word| u64::from_le_bytes(*word)).collect())
    };
    match codec {
        RAW => from_raw(bytes),
        ZSTD => from_raw(&unzstd(bytes)?),
        BYTES => Some(bytes.iter().map(|byte| u64::from(*byte)).collect()),
        PCO if kind == Kind::F64 => {
            let mut floats = vec![0f64; count];
            let progress = pco::standalone::simple_decompress_into(bytes, &mut floats).ok()?;
            (progress.n_processed == count && progress.finished)
                .then(|| floats.into_iter().map(f64::to_bits).collect())
        }
        PCO => {
            let mut integers = vec![0i64; count];
            let progress = pco::standalone::simple_decompress_into(bytes, &mut integers).ok()?;
            (progress.n_processed == count && progress.finished)
                .then(|| integers.into_iter().map(i64::cast_unsigned).collect())
        }
        _ => None,
    }
}

pub(super) fn decode_texts(count: usize, mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    for _ in 0..count {
        let len = usize::try_from(take_varint(&mut bytes)?).ok()?;
        let (text, rest) = bytes.split_at_checked(len)?;
        texts.push(std::str::from_utf8(text).ok()?.to_owned());
        bytes = rest;
    }
    bytes.is_empty().then_some(texts)
}

/// Compresses bytes behind their codec tag, unless that makes them longer.
pub(super) fn zstd_or(tagged: Vec<u8>) -> Vec<u8> {
    match zstd(&tagged[1..]) {
        Some(packed) if packed.len() + 1 < tagged.len() => [&[ZSTD], packed.as_slice()].concat(),
        _ => tagged,
    }
}

/// zstd behind the length of what it unpacks to.
pub(super) fn zstd(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = u32::try_from(bytes.len()).ok()?.to_le_bytes().to_vec();
    out.extend(zstd::bulk::compress(bytes, ZSTD_LEVEL).ok()?);
    Some(out)
}

/// Undoes [`zstd`]; what unpacks to more than it said, or to more than
/// [`crate::limits::BLOCK_BYTES_MAX`], is refused.
pub(super) fn unzstd(bytes: &[u8]) -> Option<Vec<u8>> {
    let (len, packed) = bytes.split_first_chunk::<4>()?;
    let len = u32::from_le_bytes(*len) as usize;
    if len > crate::limits::BLOCK_BYTES_MAX {
        return None;
    }
    let out = zstd::bulk::decompress(packed, len).ok()?;
    (out.len() == len).then_some(out)
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push((n & 0x7f) as u8);
}

pub(super) fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        n |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}
