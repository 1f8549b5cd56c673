//! Reading frames. Nothing is trusted: not a length, not a checksum's content.

use super::{
    FRAME_BODY_BYTES_MAX, FRAME_HEAD_BYTES, FrameKind, KEY_BYTES_MAX, MAGIC, Open, ROW_HEAD_BYTES,
    SHAPE_COLUMNS_MAX, checksum,
};
use crate::record::{Change, Row, Table};
use crate::snapshot::Logged;
use crate::value::{Kind, Value};

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
    /// Something was logged together with a snapshot.
    Logged(Logged),
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
        k if k == FrameKind::Logged as u8 => match serde_json::from_slice(body) {
            Ok(logged) => Frame::Logged(logged),
            Err(_) => Frame::Unknown,
        },
        k if k == FrameKind::Close as u8 => Frame::Close,
        _ => Frame::Unknown,
    })
}

pub(super) fn parse_shape(body: &[u8]) -> Option<(u32, Shape)> {
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
