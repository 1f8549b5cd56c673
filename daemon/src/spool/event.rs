//! What the reading of a journal runs into.

/// What reading ran into.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Everything there is so far was read.
    CaughtUp,
    /// There is more, but enough was read for now.
    More,
    /// A life begins here: the caller decides what that means and calls
    /// [`Journal::take_begin`].
    Begin,
    /// Bytes that are no frames were left out.
    Damaged {
        /// Where they were.
        segment: u64,
        /// At this offset.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A whole frame of a kind that this build does not know was left out.
    Unknown {
        /// Where it was.
        segment: u64,
        /// At this offset.
        offset: u64,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// The segment's head tells of a version this build does not know.
    Newer(u32),
    /// The last record is read.
    Closed,
}
