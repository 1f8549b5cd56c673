//! Writing frames, into memory: whoever owns the file appends them to it.

use serde::Serialize;

use super::{
    FRAME_BODY_BYTES_MAX, FRAME_HEAD_BYTES, FrameKind, KEY_BYTES_MAX, MAGIC, Open, ROW_HEAD_BYTES, checksum,
};
use crate::record::{Change, Table};
use crate::snapshot::Logged;
use crate::value::Kind;

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

/// Appends the name of a snapshot, which is whole.
pub fn put_logged(out: &mut Vec<u8>, logged: &Logged) {
    put_json(out, FrameKind::Logged, logged);
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
