//! What the reading of a journal runs into.

use pannier_proto::snapshot::Logged;

/// Why bytes of a journal cannot be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// They are no frames.
    Damaged,
    /// A whole frame, of a kind that this build does not know.
    UnknownKind,
}

impl Unusable {
    /// What they are, and what to do.
    pub fn in_words(self) -> (&'static str, &'static str) {
        match self {
            Self::Damaged => {
                ("damaged bytes", "everything before and after them is safe. Check the disk and its memory")
            }
            Self::UnknownKind => (
                "bytes of an unknown kind",
                "they hold a record that this daemon does not know: install the version that wrote it",
            ),
        }
    }
}

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
    /// A snapshot is whole, and to be taken over.
    Logged(Logged),
    /// Bytes that cannot be taken in were left out.
    Unusable {
        /// Why not.
        why: Unusable,
        /// Where they were.
        segment: u64,
        /// At this offset.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The segment's head tells of a version this build does not know.
    Newer(u32),
    /// The last record is read.
    Closed,
}
