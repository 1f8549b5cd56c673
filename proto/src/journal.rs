//! The journal's format: the file that a training process appends to and the
//! daemon reads.
//!
//! ```text
//! spool/WRITER/00000001.journal        one folder a writer, segments numbered from 1
//!
//! struct Segment { frames: [Frame] }   the first frame is Open
//! struct Frame {
//!     magic: [u8; 2] = B5 50,
//!     kind:  u8,                       see FrameKind
//!     table: u8,                       of a Row: see Table; else 0
//!     len:   u32 le,                   of body
//!     crc:   u32 le,                   CRC-32 (IEEE) over kind, table, len and body
//!     body:  [u8; len],
//! }
//! struct OpenBody  { json: Open }                             written twice
//! struct ShapeBody { id: u32, columns: u32,
//!                    { kind: u8, len: u16, name: [u8; len] } × columns }  written twice
//! struct RowBody   { shape: u32, zero: u32, step: i64, time_us: i64,
//!                    cells: [u8; 8] × columns, tail: [u8] }
//!     cell of F64, I64, Bool: the bits, the integer, 0 or 1 (all le)
//!     cell of Text, Json: offset: u32, len: u32 into tail
//! struct ChangeBody { json: Change }
//! struct CloseBody  {}                                        the writer is done
//! ```
//!
//! A segment is self-contained: shapes are defined in the segment that uses
//! them. Definitions are written twice, so that no single damaged spot can take
//! the meaning of other frames with it. Segment `n` is complete once segment
//! `n + 1` exists. A writer holds an exclusive `flock` on its newest segment
//! for as long as it lives, and gives a segment its name only once locked.
//!
//! A reader trusts nothing: a frame counts when its magic, length and checksum
//! hold. Behind a damaged spot it looks for the next frame that does
//! ([`resync`]). A frame cut off at the end of a dead writer's last segment was
//! never accepted: its `log()` had not returned.

use serde::{Deserialize, Serialize};

use crate::id::{RunPath, WriterId};
use crate::record::{Change, Row, Table};
use crate::value::{Kind, Value};

/// Bytes of a frame before its body.
pub const FRAME_HEAD_BYTES: usize = 12;
/// The longest body; a longer length is a lie. Room for a few strings of 10 MB.
pub const FRAME_BODY_BYTES_MAX: usize = 64 << 20;
/// The longest key, in bytes of UTF-8.
pub const KEY_BYTES_MAX: usize = 4096;
/// The most columns of one shape.
pub const SHAPE_COLUMNS_MAX: usize = 4_000_000;
/// Bytes after which a writer begins a new segment.
pub const SEGMENT_BYTES: u64 = 32 << 20;

const MAGIC: [u8; 2] = [0xB5, 0x50];
const ROW_HEAD_BYTES: usize = 24;

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum FrameKind {
    Open = 1,
    Shape = 2,
    Row = 3,
    Change = 4,
    Close = 5,
}

/// Who writes this segment, and for which run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// See [`crate::PROTOCOL_VERSION`].
    pub version: u32,
    /// The writer; the folder bears the same name.
    pub writer: WriterId,
    /// The segment's number, from 1.
    pub segment: u64,
    /// The run.
    #[serde(flatten)]
    pub path: RunPath,
    /// The writing process.
    pub pid: u32,
    /// A hub's URL that this run is to be sent to, if the program named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The writer this one was forked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<WriterId>,
}

/// The file name of a segment.
#[must_use]
pub fn segment_file_name(segment: u64) -> String {
    format!("{segment:08}.journal")
}

/// The number in a segment's file name.
#[must_use]
pub fn segment_number(file_name: &str) -> Option<u64> {
    file_name.strip_suffix(".journal")?.parse().ok()
}

fn begin(out: &mut Vec<u8>, kind: FrameKind, table: u8) -> usize {
    let start = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[kind as u8, table]);
    out.extend_from_slice(&[0; 8]);
    start
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "bodies are held under FRAME_BODY_BYTES_MAX by their writers"
)]
fn end(out: &mut [u8], start: usize) {
    let len = out.len() - start - FRAME_HEAD_BYTES;
    debug_assert!(len <= FRAME_BODY_BYTES_MAX);
    out[start + 4..start + 8].copy_from_slice(&(len as u32).to_le_bytes());
    let crc = checksum(&out[start..]);
    out[start + 8..start + 12].copy_from_slice(&crc.to_le_bytes());
}

fn checksum(frame: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&frame[2..8]);
    hasher.update(&frame[FRAME_HEAD_BYTES..]);
    hasher.finalize()
}

fn put_json(out: &mut Vec<u8>, kind: FrameKind, body: &impl Serialize) {
    let start = begin(out, kind, 0);
    // Plain data with string keys: serialising it into memory cannot fail.
    if serde_json::to_writer(&mut *out, body).is_ok() {
        end(out, start);
    } else {
        out.truncate(start);
    }
}

/// Appends the frame that a segment begins with, twice.
pub fn put_open(out: &mut Vec<u8>, open: &Open) {
    put_json(out, FrameKind::Open, open);
    put_json(out, FrameKind::Open, open);
}

/// Appends the definition of a shape, twice. Keys are at most
/// [`KEY_BYTES_MAX`] bytes long; their writer sees to it.
#[expect(clippy::cast_possible_truncation, reason = "bounded by KEY_BYTES_MAX and SHAPE_COLUMNS_MAX")]
pub fn put_shape<'a>(out: &mut Vec<u8>, id: u32, columns: impl ExactSizeIterator<Item = (Kind, &'a str)>) {
    let start = begin(out, FrameKind::Shape, 0);
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&(columns.len() as u32).to_le_bytes());
    for (kind, name) in columns {
        debug_assert!(name.len() <= KEY_BYTES_MAX);
        out.push(kind as u8);
        out.extend_from_slice(&(name.len() as u16).to_le_bytes());
        out.extend_from_slice(name.as_bytes());
    }
    end(out, start);
    let stop = out.len();
    out.extend_from_within(start..stop);
}

/// Appends a change.
pub fn put_change(out: &mut Vec<u8>, change: &Change) {
    put_json(out, FrameKind::Change, change);
}

/// Appends the writer's last word.
pub fn put_close(out: &mut Vec<u8>) {
    let start = begin(out, FrameKind::Close, 0);
    end(out, start);
}

/// A row being appended: one cell for each column of the shape, in its order,
/// then [`RowWriter::finish`]. Dropping it unfinished leaves a frame that fails
/// its checksum; call [`RowWriter::cancel`] instead.
pub struct RowWriter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    cells_end: usize,
}

impl<'a> RowWriter<'a> {
    /// Begins a row of a shape with this many columns.
    #[inline]
    pub fn new(
        out: &'a mut Vec<u8>,
        table: Table,
        shape: u32,
        columns: usize,
        step: i64,
        time_us: i64,
    ) -> Self {
        let start = begin(out, FrameKind::Row, table as u8);
        out.extend_from_slice(&shape.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&step.to_le_bytes());
        out.extend_from_slice(&time_us.to_le_bytes());
        let cells_end = out.len() + 8 * columns;
        // Cells first, tail behind them: room is made once, and text goes to the end.
        out.reserve(8 * columns);
        Self { out, start, cells_end }
    }

    /// The row's cells so far that have no text, as raw little-endian words.
    #[inline]
    pub fn word(&mut self, word: u64) {
        self.out.extend_from_slice(&word.to_le_bytes());
    }

    /// Puts the texts behind the cells and closes the frame. `texts` gives, in
    /// order, the index of each text column and its text; those cells were
    /// written as any word. Returns false, leaving nothing behind, where the
    /// row would be longer than a frame can be.
    #[must_use]
    pub fn finish<'t>(self, texts: impl Iterator<Item = (usize, &'t str)>) -> bool {
        debug_assert_eq!(self.out.len(), self.cells_end, "one word a column");
        let cells_start = self.start + FRAME_HEAD_BYTES + ROW_HEAD_BYTES;
        for (column, text) in texts {
            let offset = self.out.len() - self.cells_end;
            let (Ok(offset), Ok(len)) = (u32::try_from(offset), u32::try_from(text.len())) else {
                self.out.truncate(self.start);
                return false;
            };
            let cell = cells_start + 8 * column;
            self.out[cell..cell + 4].copy_from_slice(&offset.to_le_bytes());
            self.out[cell + 4..cell + 8].copy_from_slice(&len.to_le_bytes());
            self.out.extend_from_slice(text.as_bytes());
        }
        if self.out.len() - self.start - FRAME_HEAD_BYTES > FRAME_BODY_BYTES_MAX {
            self.out.truncate(self.start);
            return false;
        }
        end(self.out, self.start);
        true
    }

    /// Takes the row back.
    pub fn cancel(self) {
        self.out.truncate(self.start);
    }
}

/// A shape as a reader knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Kind and name of each cell.
    pub columns: Vec<(Kind, String)>,
}

/// One frame, read.
#[derive(Debug, PartialEq)]
pub enum Frame<'a> {
    /// The segment's head.
    Open(Open),
    /// A shape's definition.
    Shape(u32, Shape),
    /// A row, its cells still packed.
    Row(PackedRow<'a>),
    /// A change.
    Change(Change),
    /// The writer is done.
    Close,
    /// Whole and intact, but nothing this build knows: written by a newer one.
    Unknown,
}

/// A row as it lies in the journal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PackedRow<'a> {
    /// Its table.
    pub table: Table,
    /// Its shape, in this segment.
    pub shape: u32,
    /// See [`Row::step`].
    pub step: i64,
    /// See [`Row::time_us`].
    pub time_us: i64,
    /// Cells and tail.
    pub body: &'a [u8],
}

impl<'a> PackedRow<'a> {
    /// Whether the body fits the shape: room for every cell, and every text
    /// inside the tail and UTF-8. What follows may rely on it.
    #[must_use]
    pub fn fits(&self, shape: &Shape) -> bool {
        self.body.len() >= 8 * shape.columns.len()
            && shape.columns.iter().enumerate().all(|(column, (kind, _))| {
                !kind.in_tail() || self.text(shape.columns.len(), column).is_some()
            })
    }

    /// The word of a cell.
    #[inline]
    #[must_use]
    pub fn word(&self, column: usize) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.body[8 * column..8 * column + 8]);
        u64::from_le_bytes(word)
    }

    /// The text of a cell of a shape with this many columns.
    #[must_use]
    pub fn text(&self, columns: usize, column: usize) -> Option<&'a str> {
        let word = self.word(column);
        let offset = 8 * columns + usize::try_from(word & 0xffff_ffff).ok()?;
        let len = usize::try_from(word >> 32).ok()?;
        std::str::from_utf8(self.body.get(offset..offset.checked_add(len)?)?).ok()
    }

    /// Unpacks the row, where it fits the shape.
    #[must_use]
    pub fn unpack(&self, shape: &Shape) -> Option<Row> {
        if !self.fits(shape) {
            return None;
        }
        let columns = shape.columns.len();
        let cell = |(column, (kind, name)): (usize, &(Kind, String))| {
            let word = self.word(column);
            let text = || self.text(columns, column).unwrap_or_default().to_owned();
            let value = match kind {
                Kind::F64 => Value::F64(f64::from_bits(word)),
                Kind::I64 => Value::I64(word.cast_signed()),
                Kind::Bool => Value::Bool(word != 0),
                Kind::Text => Value::Text(text()),
                Kind::Json => Value::Json(text()),
            };
            (name.clone(), value)
        };
        let cells = shape.columns.iter().enumerate().map(cell).collect();
        Some(Row { table: self.table, step: self.step, time_us: self.time_us, cells })
    }
}

/// What lies at the beginning of some bytes.
#[derive(Debug, PartialEq)]
pub enum Next<'a> {
    /// A frame of this many bytes, head included.
    Frame(Frame<'a>, usize),
    /// The beginning of a frame, so far as it goes: more bytes may come.
    Incomplete,
    /// No frame.
    Damaged,
}

/// Reads the frame at the beginning of `bytes`.
#[must_use]
pub fn next(bytes: &[u8]) -> Next<'_> {
    if bytes.len() < FRAME_HEAD_BYTES {
        let shown = bytes.len().min(2);
        return if bytes[..shown] == MAGIC[..shown] { Next::Incomplete } else { Next::Damaged };
    }
    let len = le_u32(bytes, 4) as usize;
    if bytes[..2] != MAGIC || len > FRAME_BODY_BYTES_MAX {
        return Next::Damaged;
    }
    let Some(frame) = bytes.get(..FRAME_HEAD_BYTES + len) else { return Next::Incomplete };
    if checksum(frame) != le_u32(frame, 8) {
        return Next::Damaged;
    }
    match parse(frame[2], frame[3], &frame[FRAME_HEAD_BYTES..]) {
        Some(parsed) => Next::Frame(parsed, frame.len()),
        None => Next::Damaged,
    }
}

/// Finds the next whole, intact frame behind a damaged spot: its offset in
/// `bytes`, which is at least 1.
#[must_use]
pub fn resync(bytes: &[u8]) -> Option<usize> {
    let candidates = 1..bytes.len().saturating_sub(FRAME_HEAD_BYTES - 1);
    candidates.into_iter().find(|at| bytes[*at] == MAGIC[0] && matches!(next(&bytes[*at..]), Next::Frame(..)))
}

fn le_u32(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

fn le_i64(bytes: &[u8], at: usize) -> i64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    i64::from_le_bytes(word)
}

/// `None`: intact by its checksum, yet not what its kind says, so its writer
/// was broken.
fn parse(kind: u8, table: u8, body: &[u8]) -> Option<Frame<'_>> {
    Some(match kind {
        k if k == FrameKind::Open as u8 => Frame::Open(serde_json::from_slice(body).ok()?),
        k if k == FrameKind::Shape as u8 => {
            let (id, shape) = parse_shape(body)?;
            Frame::Shape(id, shape)
        }
        k if k == FrameKind::Row as u8 => {
            if body.len() < ROW_HEAD_BYTES {
                return None;
            }
            let Some(table) = Table::from_tag(table) else { return Some(Frame::Unknown) };
            Frame::Row(PackedRow {
                table,
                shape: le_u32(body, 0),
                step: le_i64(body, 8),
                time_us: le_i64(body, 16),
                body: &body[ROW_HEAD_BYTES..],
            })
        }
        k if k == FrameKind::Change as u8 => match serde_json::from_slice(body) {
            Ok(change) => Frame::Change(change),
            Err(_) => Frame::Unknown,
        },
        k if k == FrameKind::Close as u8 => Frame::Close,
        _ => Frame::Unknown,
    })
}

fn parse_shape(body: &[u8]) -> Option<(u32, Shape)> {
    if body.len() < 8 {
        return None;
    }
    let id = le_u32(body, 0);
    let count = le_u32(body, 4) as usize;
    let mut rest = &body[8..];
    // A column takes three bytes at least: a lie about the count ends here.
    if count > SHAPE_COLUMNS_MAX || count > rest.len() / 3 {
        return None;
    }
    let mut columns = Vec::with_capacity(count);
    for _ in 0..count {
        let (head, behind) = rest.split_at_checked(3)?;
        let len = usize::from(u16::from_le_bytes([head[1], head[2]]));
        let (name, behind) = behind.split_at_checked(len)?;
        if len > KEY_BYTES_MAX {
            return None;
        }
        columns.push((Kind::from_tag(head[0])?, std::str::from_utf8(name).ok()?.to_owned()));
        rest = behind;
    }
    rest.is_empty().then_some((id, Shape { columns }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id128;

    fn sample() -> (Vec<u8>, Vec<usize>) {
        let mut out = Vec::new();
        let mut starts = Vec::new();
        let open = Open {
            version: 1,
            writer: Id128([7; 16]),
            segment: 1,
            path: RunPath::new("e", "p", "r").unwrap(),
            pid: 1,
            remote: None,
            parent: None,
        };
        put_open(&mut out, &open);
        put_shape(&mut out, 0, [(Kind::F64, "loss"), (Kind::Text, "note"), (Kind::I64, "n")].into_iter());
        for step in 0..4 {
            starts.push(out.len());
            let mut row = RowWriter::new(&mut out, Table::History, 0, 3, step, 1000 + step);
            row.word(0.5f64.to_bits());
            row.word(0);
            row.word(step.cast_unsigned());
            assert!(row.finish([(1, "hé")].into_iter()));
        }
        put_close(&mut out);
        (out, starts)
    }

    /// Reads all there is, as the daemon does with a dead writer's segment.
    fn read_steps(bytes: &[u8]) -> (Vec<i64>, bool) {
        let (mut at, mut steps, mut shape, mut damaged) = (0, Vec::new(), None, false);
        while at < bytes.len() {
            match next(&bytes[at..]) {
                Next::Frame(frame, len) => {
                    at += len;
                    match frame {
                        Frame::Shape(0, found) => shape = Some(found),
                        Frame::Row(packed) => {
                            let row = packed.unpack(shape.as_ref().unwrap()).unwrap();
                            assert_eq!(row.cells[1].1, Value::Text("hé".into()));
                            steps.push(row.step);
                        }
                        _ => {}
                    }
                }
                Next::Incomplete | Next::Damaged => {
                    damaged = true;
                    match resync(&bytes[at..]) {
                        Some(skip) => at += skip,
                        None => break,
                    }
                }
            }
        }
        (steps, damaged)
    }

    #[test]
    fn round_trip() {
        assert_eq!(read_steps(&sample().0), (vec![0, 1, 2, 3], false));
    }

    #[test]
    fn a_cut_at_every_byte_keeps_every_whole_row() {
        let (bytes, starts) = sample();
        let row_bytes = starts[1] - starts[0];
        for cut in 0..bytes.len() {
            let whole = starts.iter().filter(|start| **start + row_bytes <= cut).count();
            let (steps, _) = read_steps(&bytes[..cut]);
            assert_eq!(steps.len(), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_flip_of_any_bit_loses_at_most_the_row_it_hits() {
        let (bytes, starts) = sample();
        let row_bytes = starts[1] - starts[0];
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                let (steps, damaged) = read_steps(&flipped);
                let hit = starts.iter().position(|start| (*start..start + row_bytes).contains(&at));
                let expected: Vec<i64> = (0..4).filter(|step| usize::try_from(*step).ok() != hit).collect();
                assert_eq!(steps, expected, "byte {at} bit {bit}");
                assert!(damaged, "byte {at} bit {bit} went unnoticed");
            }
        }
    }

    #[test]
    fn lies_about_lengths_are_harmless() {
        for len in [0u32, 1, 7, 1 << 20, FRAME_BODY_BYTES_MAX as u32, u32::MAX] {
            let mut bytes = sample().0;
            bytes[4..8].copy_from_slice(&len.to_le_bytes());
            assert_eq!(read_steps(&bytes).0, [0, 1, 2, 3]);
        }
        let mut body = vec![0; 8];
        body[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(parse_shape(&body), None);
    }
}
