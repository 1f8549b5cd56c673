//! Owns what the client has to say to a person: one warning of a kind, whatever
//! happens how often. Must not print: whoever holds the run decides where to.

/// What a warning is about; each is given once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The journal cannot be written.
    Journal,
    /// Records were thrown away.
    Dropped,
    /// Records were still waiting when the run ended.
    Lost,
    /// A step below the current one.
    StepBehind,
    /// A step that is no whole number.
    StepUnusable,
    /// A key that is too long, or no text.
    Key,
    /// A value that fits nowhere.
    Value,
    /// Something other than a dict was logged.
    Row,
    /// A change that cannot be understood or is too large.
    Change,
    /// Something was logged after `finish`.
    Finished,
    /// There is no daemon, and none could be started.
    Daemon,
    /// A file changed while it was copied.
    Changing,
    /// An artifact or a file could not be copied into the spool.
    NotKept,
}

/// The warnings given and those waiting to be.
#[derive(Debug, Default)]
pub struct Warnings {
    given: u16,
    waiting: Vec<String>,
}

impl Warnings {
    /// Adds a warning, unless one of its kind was given before.
    pub fn add(&mut self, about: About, text: impl FnOnce() -> String) {
        let bit = 1 << about as u16;
        if self.given & bit == 0 {
            self.given |= bit;
            self.waiting.push(text());
        }
    }

    /// Takes the warnings that wait to be given.
    #[inline]
    #[must_use]
    pub fn take(&mut self) -> Vec<String> {
        // An empty Vec costs nothing, which is what this is nearly always.
        std::mem::take(&mut self.waiting)
    }
}
