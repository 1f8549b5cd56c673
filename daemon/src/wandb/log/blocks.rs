//! The frame of a `.wandb` file: blocks of 32 KiB that hold chunks, each with a
//! checksum; one or more chunks are a record. As LevelDB's log, but for the
//! checksum, which is the plain CRC-32 of the chunk's kind and data.
//!
//! ```text
//! file  = ":W&B", 0xBEE1: u16, version: u8, chunks
//! chunk = crc: u32, length: u16, kind: u8 (whole, first, middle, last), data
//! ```
//!
//! What is damaged is skipped and told of, and reading goes on at the next chunk
//! that is one: by its checksum, so nothing is made up.

/// The unit that chunks do not cross.
pub const BLOCK: usize = 32 << 10;
/// What a file begins with; the last byte is a version.
const HEAD: [u8; 6] = [b':', b'W', b'&', b'B', 0xe1, 0xbe];
/// The version that is known.
const VERSION: u8 = 0;
/// Bytes in front of the first chunk.
pub const HEAD_BYTES: usize = 7;
/// Bytes in front of a chunk's data.
const CHUNK_HEAD: usize = 7;
/// The longest record: a row of a hundred thousand metrics and some.
const RECORD_BYTES_MAX: usize = 256 << 20;

const WHOLE: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

/// What is found in a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A record.
    Record {
        /// Its bytes.
        bytes: &'a [u8],
        /// Where in the file it ends.
        end: u64,
    },
    /// Bytes of which no record can be made.
    Damaged {
        /// Where they begin.
        at: u64,
        /// How many.
        bytes: u64,
    },
}

/// Checks what a file begins with.
///
/// # Errors
/// For people.
pub fn check_head(head: &[u8]) -> Result<(), String> {
    match head.strip_prefix(&HEAD) {
        Some([VERSION, ..]) => Ok(()),
        Some([version, ..]) => Err(format!("it is of version {version}, which is not known here")),
        _ => Err("it does not begin as a .wandb file does".to_owned()),
    }
}

/// Reads chunks, wherever a file is cut into pieces.
#[derive(Debug, Default)]
pub struct Blocks {
    /// Of a record that goes on.
    parts: Vec<u8>,
    within: bool,
}

enum Chunk<'a> {
    Sound(u8, &'a [u8]),
    /// It would go on behind what is there.
    Short,
    Bad,
}

/// The chunk that these bytes begin with; they end where the block does, or the file.
fn chunk(bytes: &[u8]) -> Chunk<'_> {
    let Some((head, rest)) = bytes.split_first_chunk::<CHUNK_HEAD>() else { return Chunk::Short };
    let [c0, c1, c2, c3, l0, l1, kind] = *head;
    if !(WHOLE..=LAST).contains(&kind) {
        return Chunk::Bad;
    }
    let Some(data) = rest.get(..usize::from(u16::from_le_bytes([l0, l1]))) else { return Chunk::Short };
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[kind]);
    crc.update(data);
    match crc.finalize() == u32::from_le_bytes([c0, c1, c2, c3]) {
        true => Chunk::Sound(kind, data),
        false => Chunk::Bad,
    }
}

/// Where behind the first byte a sound chunk begins.
fn next_sound(bytes: &[u8]) -> Option<usize> {
    (1..bytes.len()).find(|at| matches!(chunk(&bytes[*at..]), Chunk::Sound(..)))
}

impl Blocks {
    /// Takes the bytes that lie in the file from `at` on, and returns how far it
    /// came. With `whole`, nothing will come behind them.
    pub fn take(&mut self, at: u64, bytes: &[u8], whole: bool, each: &mut dyn FnMut(Piece)) -> u64 {
        let mut pos = 0;
        let place = |pos: usize| at + pos as u64;
        while pos < bytes.len() {
            #[expect(clippy::cast_possible_truncation, reason = "below BLOCK")]
            let left = BLOCK - (place(pos) % BLOCK as u64) as usize;
            if left < CHUNK_HEAD {
                pos += left;
                continue;
            }
            let end = bytes.len().min(pos + left);
            let block_is_whole = whole || end == pos + left;
            let here = &bytes[pos..end];
            match chunk(here) {
                Chunk::Sound(kind, data) => {
                    pos += CHUNK_HEAD + data.len();
                    self.add(kind, data, place(pos), each);
                    continue;
                }
                Chunk::Short if !block_is_whole => break,
                Chunk::Short | Chunk::Bad => {}
            }
            let skip = match next_sound(here) {
                Some(skip) => skip,
                None if block_is_whole => here.len(),
                None => break,
            };
            self.lose(place(pos), skip, each);
            pos += skip;
        }
        if whole && self.within {
            self.lose(place(pos), 0, each);
        }
        place(pos.min(bytes.len()))
    }

    /// Bytes are lost, and with them what they continued.
    fn lose(&mut self, at: u64, bytes: usize, each: &mut dyn FnMut(Piece)) {
        let parts = if self.within { self.parts.len() as u64 } else { 0 };
        self.within = false;
        let bytes = bytes as u64 + parts;
        if bytes > 0 {
            each(Piece::Damaged { at: at.saturating_sub(parts), bytes });
        }
    }

    fn add(&mut self, kind: u8, data: &[u8], end: u64, each: &mut dyn FnMut(Piece)) {
        let begins = matches!(kind, WHOLE | FIRST);
        if begins {
            // The rest of what was begun before never came.
            self.lose(end - data.len() as u64, 0, each);
        } else if !self.within || self.parts.len() + data.len() > RECORD_BYTES_MAX {
            self.lose(end - data.len() as u64, data.len(), each);
            return;
        }
        match kind {
            WHOLE => each(Piece::Record { bytes: data, end }),
            FIRST => {
                self.within = true;
                self.parts.clear();
                self.parts.extend_from_slice(data);
            }
            MIDDLE => self.parts.extend_from_slice(data),
            _ => {
                self.parts.extend_from_slice(data);
                self.within = false;
                each(Piece::Record { bytes: &self.parts, end });
                self.parts.shrink_to(4 * BLOCK);
            }
        }
    }
}

/// Writes records as core does, for tests.
#[cfg(test)]
pub fn write(records: &[Vec<u8>]) -> Vec<u8> {
    let mut file = [&HEAD[..], &[VERSION]].concat();
    for record in records {
        let mut rest = &record[..];
        let mut first = true;
        loop {
            let left = BLOCK - file.len() % BLOCK;
            if left < CHUNK_HEAD {
                file.extend(std::iter::repeat_n(0, left));
                continue;
            }
            let (data, behind) = rest.split_at(rest.len().min(left - CHUNK_HEAD));
            let kind = match (first, behind.is_empty()) {
                (true, true) => WHOLE,
                (true, false) => FIRST,
                (false, false) => MIDDLE,
                (false, true) => LAST,
            };
            let crc = crc32fast::hash(&[&[kind], data].concat());
            file.extend(crc.to_le_bytes());
            file.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
            file.push(kind);
            file.extend(data);
            (rest, first) = (behind, false);
            if rest.is_empty() {
                break;
            }
        }
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Vec<Vec<u8>> {
        let sizes = [3, 0, 100, 40_000, 7, 100_000, 1, 32_754, 5, 9];
        let byte = |at: usize, size: usize| u8::try_from((at * 31 + size) % 251).unwrap();
        sizes.iter().map(|size| (0..*size).map(|at| byte(at, *size)).collect()).collect()
    }

    /// Records and damaged bytes of a file that comes in pieces of this size.
    fn read(file: &[u8], piece: usize) -> (Vec<Vec<u8>>, u64) {
        let (mut found, mut damaged) = (Vec::new(), 0);
        let mut blocks = Blocks::default();
        let mut at = HEAD_BYTES;
        let mut upto = at;
        loop {
            upto = (upto + piece).min(file.len());
            let whole = upto == file.len();
            let bytes = file.get(at..upto).unwrap_or_default();
            let end = blocks.take(at as u64, bytes, whole, &mut |piece| match piece {
                Piece::Record { bytes, .. } => found.push(bytes.to_vec()),
                Piece::Damaged { bytes, .. } => damaged += bytes,
            });
            at = usize::try_from(end).unwrap();
            if whole {
                return (found, damaged);
            }
        }
    }

    #[test]
    fn records_are_read_however_the_file_comes() {
        let file = write(&records());
        check_head(&file).unwrap();
        for piece in [1, 7, 1000, BLOCK, usize::MAX >> 1] {
            assert_eq!(read(&file, piece), (records(), 0), "{piece}");
        }
        assert!(check_head(b":W&B\xe1\xbe\x01").is_err() && check_head(b"SQLite").is_err());
    }

    #[test]
    fn a_file_cut_anywhere_gives_what_is_whole() {
        let (file, all) = (write(&records()), records());
        let mut before = 0;
        for cut in HEAD_BYTES..file.len() {
            let (found, damaged) = read(&file[..cut], usize::MAX >> 1);
            assert_eq!(found, all[..found.len()], "cut at {cut}");
            assert!(found.len() >= before && (found.len() < all.len() || damaged == 0));
            before = found.len();
        }
    }

    #[test]
    fn a_flipped_byte_costs_what_it_is_in_and_invents_nothing() {
        let all: Vec<Vec<u8>> = (0..60_u8).map(|n| vec![n; 20 + usize::from(n)]).collect();
        let file = write(&all);
        for at in HEAD_BYTES..file.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut file = file.clone();
                file[at] ^= flip;
                let (found, damaged) = read(&file, usize::MAX >> 1);
                let kept: Vec<_> = all.iter().filter(|record| found.contains(record)).cloned().collect();
                assert_eq!(found, kept, "byte {at}: in order, and nothing else");
                assert_eq!((found.len(), damaged > 0), (all.len() - 1, true), "byte {at}");
            }
        }
    }

    #[test]
    fn a_hole_costs_its_block_and_what_reaches_into_it() {
        let all: Vec<Vec<u8>> = (0..3000_u32).map(|n| n.to_le_bytes().repeat(12)).collect();
        let mut file = write(&all);
        file[BLOCK + 100..BLOCK + 20_000].fill(0);
        let (found, damaged) = read(&file, BLOCK);
        assert!(damaged >= 19_900 && found.len() > 2600 && found.iter().all(|record| all.contains(record)));
        assert_eq!(found.last(), all.last());
    }
}
