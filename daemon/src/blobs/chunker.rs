//! Where a blob is cut into chunks: by what the bytes are, not by where they
//! are, so that bytes which moved or changed in places are mostly cut as before.
//! Pure; knows nothing of what becomes of a chunk.
//!
//! A gear hash rolls over the last 64 bytes; a chunk ends where some of its bits
//! are 0. Before the wanted length more bits must be, behind it fewer, so that
//! most chunks are about as long as wanted (FastCDC's normalisation). No length
//! is cut below [`MIN`], so the bytes up to there need no hash.
//!
//! The cuts are a promise: two versions of pannier that cut differently share
//! nothing. What is stored stays readable whatever the cuts are.

/// No chunk is shorter, but for a blob's last.
pub const MIN: usize = 16 << 10;
/// About how long most are.
pub const WANTED: usize = 64 << 10;
/// None is longer.
pub const MAX: usize = 256 << 10;

/// Bits that must be 0 before and behind the wanted length: the highest ones,
/// which depend on the most bytes.
const STRICT: u64 = !0 << (64 - 18);
const LOOSE: u64 = !0 << (64 - 14);

/// A number for each value of a byte.
const GEAR: [u64; 256] = gear();

const fn gear() -> [u64; 256] {
    let mut table = [0; 256];
    let mut state = 0x70_616e_6e69_6572_u64;
    let mut at = 0;
    while at < table.len() {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        table[at] = z ^ (z >> 31);
        at += 1;
    }
    table
}

/// The chunk that is being filled.
#[derive(Debug, Default)]
pub struct Chunker {
    hash: u64,
    /// Its length so far.
    length: usize,
}

impl Chunker {
    /// Looks at the next bytes. `Some(n)`: the chunk ends behind the first `n` of
    /// them, and the next one begins; the rest was not looked at. `None`: all of
    /// them belong to it.
    pub fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let skipped = MIN.saturating_sub(self.length).min(bytes.len());
        let strict = WANTED.saturating_sub(self.length).clamp(skipped, bytes.len());
        let all = MAX.saturating_sub(self.length).min(bytes.len());
        let found = self
            .roll(&bytes[skipped..strict], STRICT)
            .map(|at| skipped + at)
            .or_else(|| self.roll(&bytes[strict..all.max(strict)], LOOSE).map(|at| strict + at));
        let full = (self.length + all >= MAX).then_some(all);
        match found.or(full) {
            Some(end) => {
                *self = Self::default();
                Some(end)
            }
            None => {
                self.length += bytes.len();
                None
            }
        }
    }

    fn roll(&mut self, bytes: &[u8], mask: u64) -> Option<usize> {
        let mut hash = self.hash;
        for (at, byte) in bytes.iter().enumerate() {
            hash = (hash << 1).wrapping_add(GEAR[usize::from(*byte)]);
            if hash & mask == 0 {
                return Some(at + 1);
            }
        }
        self.hash = hash;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bytes that a seed repeats.
    pub fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        };
        let mut bytes: Vec<u8> = std::iter::repeat_with(&mut next).take(length / 8 + 1).flatten().collect();
        bytes.truncate(length);
        bytes
    }

    /// The lengths of the chunks, from pieces of these lengths, over and over.
    fn chunks(bytes: &[u8], pieces: &[usize]) -> Vec<usize> {
        let (mut chunker, mut lengths, mut length) = (Chunker::default(), Vec::new(), 0);
        let (mut rest, mut pieces) = (bytes, pieces.iter().cycle());
        while !rest.is_empty() {
            let (mut piece, behind) = rest.split_at((*pieces.next().unwrap()).clamp(1, rest.len()));
            while let Some(end) = chunker.end(piece) {
                lengths.push(length + end);
                length = 0;
                piece = &piece[end..];
            }
            length += piece.len();
            rest = behind;
        }
        lengths.extend((length > 0).then_some(length));
        lengths
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn the_same_bytes_are_cut_the_same_however_they_come(
            seed in any::<u64>(), length in 0..3_000_000_usize, plain in any::<bool>(),
            pieces in proptest::collection::vec(1..400_000_usize, 1..5),
        ) {
            let bytes = if plain { vec![7; length] } else { noise(seed, length) };
            let lengths = chunks(&bytes, &pieces);
            prop_assert_eq!(&lengths, &chunks(&bytes, &[usize::MAX]));
            prop_assert_eq!(lengths.iter().sum::<usize>(), length);
            prop_assert!(lengths.iter().all(|length| *length <= MAX));
            prop_assert!(lengths.iter().rev().skip(1).all(|length| *length >= MIN));
        }

        #[test]
        fn what_is_inserted_changes_the_cuts_around_it_only(
            seed in any::<u64>(), at in 0..2_000_000_usize, inserted in 1..1000_usize,
        ) {
            let bytes = noise(seed, 4_000_000);
            let mut other = bytes.clone();
            other.splice(at..at, noise(!seed, inserted));
            let ends = |bytes: &[u8]| {
                let mut end = bytes.len();
                chunks(bytes, &[usize::MAX]).into_iter().rev().map(|length| {
                    end -= length;
                    bytes.len() - end
                }).collect::<Vec<_>>()
            };
            // Counted from the end, they agree again soon behind it.
            let (old, new) = (ends(&bytes), ends(&other));
            let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
            prop_assert!(old[same - 1] + 12 * WANTED > bytes.len() - at, "{} of {}", old[same - 1], bytes.len() - at);
        }
    }

    #[test]
    fn most_are_about_as_long_as_wanted() {
        let lengths = chunks(&noise(5, 64 << 20), &[usize::MAX]);
        let mean = (64 << 20) / lengths.len();
        assert!((48 << 10..88 << 10).contains(&mean), "{mean}");
    }

    #[test]
    fn the_cuts_are_those_of_every_version() {
        let lengths = chunks(&noise(1, 400_000), &[usize::MAX]);
        assert_eq!(lengths, [76_485, 88_886, 65_712, 66_982, 75_444, 26_491]);
    }
}
