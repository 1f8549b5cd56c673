//! Owns what fits into a frame: which cells of a row can be kept at all, and how
//! many of them go into one. Must not write anything.

use std::collections::HashMap;

use pannier_proto::journal::{FRAME_BODY_BYTES_MAX, KEY_BYTES_MAX, SHAPE_COLUMNS_MAX};

use crate::cell::Cell;
use crate::warn::{About, Warnings};

/// Bytes of a frame's body that are neither cells nor text.
const BODY_HEAD_BYTES: usize = 64;

/// The cells that can be kept: keys and texts within bounds, each key once,
/// the last of it.
pub fn wanted<'a>(cells: &[(&'a str, Cell<'a>)], warnings: &mut Warnings) -> Vec<(&'a str, Cell<'a>)> {
    let mut last = HashMap::with_capacity(cells.len());
    for (at, (key, _)) in cells.iter().enumerate() {
        last.insert(*key, at);
    }
    let mut wanted = Vec::with_capacity(cells.len());
    for (at, (key, cell)) in cells.iter().enumerate() {
        if last[key] != at {
            continue;
        }
        if key.len() > KEY_BYTES_MAX {
            warnings.add(About::Key, || {
                let shown: String = key.chars().take(60).collect();
                format!(
                    "the key {shown:?}… has {} bytes and is left out; at most {KEY_BYTES_MAX} are allowed",
                    key.len()
                )
            });
        } else if cost(key, *cell) > FRAME_BODY_BYTES_MAX - BODY_HEAD_BYTES {
            warnings.add(About::Value, || {
                format!(
                    "the value of {key:?} is larger than {} MiB and is left out",
                    FRAME_BODY_BYTES_MAX >> 20
                )
            });
        } else {
            wanted.push((*key, *cell));
        }
    }
    wanted
}

/// What a cell adds to the larger of its shape's and its row's bodies, at most.
fn cost(key: &str, cell: Cell) -> usize {
    (3 + key.len()).max(8 + cell.text().map_or(0, str::len))
}

/// How many of these cells go into one row.
pub fn fitting(cells: &[(&str, Cell)]) -> usize {
    let mut bytes = BODY_HEAD_BYTES;
    let fits = |(key, cell): &&(&str, Cell)| {
        bytes += cost(key, *cell);
        bytes <= FRAME_BODY_BYTES_MAX
    };
    cells.iter().take(SHAPE_COLUMNS_MAX).take_while(fits).count().max(1)
}
