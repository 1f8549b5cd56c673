//! Owns the frames that could not be written yet: in memory, bounded, oldest
//! first. Must not know why they could not.

use pannier_proto::journal::FRAME_HEAD_BYTES;

/// The most bytes that are kept. Room for about a hundred thousand rows of ten
/// numbers; beyond it a training process needs its memory more than we do.
pub const BACKLOG_BYTES_MAX: usize = 16 << 20;

/// Frames waiting to be written.
#[derive(Debug, Default)]
pub struct Backlog {
    bytes: Vec<u8>,
    start: usize,
}

impl Backlog {
    /// Whether nothing waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// The waiting frames.
    pub fn frames(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Takes in whole frames; false, and none of them, where they do not fit.
    pub fn push(&mut self, frames: &[u8]) -> bool {
        if self.frames().len() + frames.len() > BACKLOG_BYTES_MAX {
            return false;
        }
        if self.bytes.len() + frames.len() > BACKLOG_BYTES_MAX {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(frames);
        true
    }

    /// Forgets the first bytes, which were written.
    pub fn advance(&mut self, bytes: usize) {
        self.start += bytes;
        if self.is_empty() {
            *self = Self::default();
        }
    }
}

/// How many of the first `at_most` bytes are whole frames.
pub fn whole_frames(frames: &[u8], at_most: usize) -> usize {
    let mut end = 0;
    while let Some(head) = frames.get(end..end + FRAME_HEAD_BYTES) {
        let len = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let next = end + FRAME_HEAD_BYTES + len;
        if next > at_most {
            break;
        }
        end = next;
    }
    end
}
