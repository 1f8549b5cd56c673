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
//! struct LoggedBody { json: snapshot::Logged }                see there; since version 2
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

mod read;
#[cfg(test)]
mod tests;
mod write;

use serde::{Deserialize, Serialize};

use crate::id::{RunPath, WriterId};

pub use read::{Frame, Next, PackedRow, Shape, next, resync};
pub use write::{RowWriter, put_change, put_close, put_logged, put_open, put_shape};

/// The version of the format that this build writes. A daemon reads every older
/// one; a newer one is left where it is and named in `pannier status`.
pub const VERSION: u32 = 2;

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
    Logged = 6,
}

/// Who writes this segment, and for which run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// See [`VERSION`].
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

fn checksum(frame: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&frame[2..8]);
    hasher.update(&frame[FRAME_HEAD_BYTES..]);
    hasher.finalize()
}
