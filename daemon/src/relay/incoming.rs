//! The files of one writer, as this home has seen them: what is taken in, what
//! waits, what is damaged, and what the remote has. Pure but for looking at files.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use pannier_proto::hub::StreamId;
use pannier_proto::id::{Id128, Seq};

use crate::sync::folder::ack::Acked;
use crate::sync::folder::file::{Kind, Name};
use crate::sync::folder::place::FolderError;

/// What waits for so long for what should have come before it, is asked for again.
/// A network file system may show files of one moment some seconds apart.
const PATIENCE: Duration = Duration::from_secs(8);

/// A file that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// All of it is here.
    Here,
    /// Some of it cannot be taken yet.
    Waiting {
        /// Why, for people.
        why: String,
        /// Since when.
        since: Instant,
    },
    /// It is not what was written, as it lies there now.
    Damaged {
        /// What is wrong.
        why: String,
        /// Which file that was: another one would be looked at.
        stamp: Stamp,
    },
    /// Some of it is refused here.
    Refused(String),
}

impl State {
    /// Of a file that could not be taken in; `stamp` is of what lies there.
    #[must_use]
    pub fn failed(error: &FolderError, stamp: Option<Stamp>, since: Instant) -> Self {
        let why = error.to_string();
        match (error, stamp) {
            // Written anew, it would be the same.
            (FolderError::Newer { .. }, _) => Self::Refused(why),
            (FolderError::Strange { .. } | FolderError::Damaged { .. }, Some(stamp)) => {
                Self::Damaged { why, stamp }
            }
            // Not the file is to blame: it is read again.
            _ => Self::Waiting { why, since },
        }
    }
}

/// Tells a file from one that takes its place.
pub type Stamp = (u64, u64, i64);

/// The stamp of a file; none where it is gone.
#[must_use]
pub fn stamp(path: &Path) -> Option<Stamp> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    Some((meta.ino(), meta.len(), meta.mtime_nsec() + meta.mtime() * 1_000_000_000))
}

/// One writer's.
#[derive(Debug, Default)]
pub struct Incoming {
    /// Whose numbers these are.
    pub generation: Option<Id128>,
    /// Up to this file all is here, as the database says.
    pub done: u64,
    /// Up to this file all is at the remote.
    pub durable: u64,
    /// Files behind `durable` that were looked at.
    pub states: BTreeMap<Name, State>,
    /// Up to where the streams of a file of records go.
    pub ends: BTreeMap<u64, Vec<(StreamId, Seq)>>,
}

impl Incoming {
    /// Whose numbers are these? Others' are read from the first.
    pub fn begin(&mut self, generation: Option<Id128>, known: Option<(Id128, u64)>) {
        if self.generation != generation {
            let done = known.filter(|(of, _)| Some(*of) == generation).map_or(0, |(_, number)| number);
            *self = Self { generation, done, ..Self::default() };
        }
    }

    /// Forgets files that are gone.
    pub fn keep(&mut self, present: &[Name]) {
        self.states.retain(|name, _| present.binary_search(name).is_ok());
        self.ends.retain(|number, _| {
            present.binary_search(&Name { number: *number, kind: Kind::Records }).is_ok()
        });
    }

    /// Those that are to be looked at, in order; `again`, those that wait, too. Blocks
    /// where some are damaged: it looks whether others took their place.
    #[must_use]
    pub fn unseen(&self, present: &[Name], dir: &Path, again: bool, now: Instant) -> Vec<Name> {
        // What records wait for may lie in bytes that were not seen in their turn.
        let passed = if self.waiting(now).is_empty() { self.durable.max(self.done) } else { 0 };
        let wanted = |name: &&Name| match self.states.get(name) {
            None => name.number > if name.kind == Kind::Records { self.durable } else { passed },
            Some(State::Here | State::Refused(_)) => false,
            Some(State::Waiting { .. }) => again,
            Some(State::Damaged { stamp: seen, .. }) => {
                stamp(&dir.join(name.to_string())).is_some_and(|now| now != *seen)
            }
        };
        present.iter().filter(wanted).copied().collect()
    }

    /// Notes how a file stands. Whether all of it is here.
    pub fn saw(&mut self, name: Name, state: State) -> bool {
        let waits = |state: &State| matches!(state, State::Waiting { .. });
        // It may go on where an earlier one ended, and that be forgotten since.
        if name.kind == Kind::Parts && waits(&state) && !self.states.get(&name).is_some_and(waits) {
            let earlier = |seen: &Name| seen.kind == Kind::Parts && seen.number < name.number;
            self.states.retain(|seen, state| !earlier(seen) || *state != State::Here);
        }
        let here = state == State::Here;
        self.states.insert(name, state);
        here
    }

    /// Moves `done` on, as far as everything is here. Whether it moved.
    pub fn advance(&mut self, present: &[Name]) -> bool {
        let before = self.done;
        for name in present.iter().filter(|name| name.number > before) {
            match self.states.get(name) {
                // What is damaged among bytes is missed by the records that need it.
                _ if name.kind != Kind::Records => {}
                Some(State::Here) => self.done = name.number,
                _ => break,
            }
        }
        self.done != before
    }

    /// Moves `durable` on, by where streams stand at the remote. Returns how many
    /// files of records are not there yet.
    pub fn settle(&mut self, present: &[Name], there: &impl Fn(&StreamId) -> Seq, now: Instant) -> u64 {
        let mut left = 0;
        let records = present.iter().filter(|name| name.kind == Kind::Records && name.number > self.durable);
        let records: Vec<u64> = records.map(|name| name.number).collect();
        for number in records {
            let ends = self.ends.get(&number);
            let arrived = ends.is_some_and(|ends| ends.iter().all(|(id, last)| there(id) >= *last));
            if !arrived {
                left += 1;
            } else if left == 0 {
                self.durable = number;
            }
        }
        let durable = self.durable;
        self.ends.retain(|number, _| *number > durable);
        // As long as records wait, bytes that were looked at are not looked at again.
        let waits = !self.waiting(now).is_empty();
        self.states.retain(|name, _| name.number > durable || (waits && name.kind != Kind::Records));
        left
    }

    /// How far the streams of the files are, here and at the remote.
    #[must_use]
    pub fn acked(&self, here: &impl Fn(&StreamId) -> Seq, there: &impl Fn(&StreamId) -> Seq) -> Vec<Acked> {
        let streams: std::collections::BTreeSet<&StreamId> =
            self.ends.values().flatten().map(|(id, _)| id).collect();
        let acked = |id: &StreamId| Acked { id: id.clone(), imported: here(id), durable: there(id) };
        streams.into_iter().map(acked).collect()
    }

    /// Files of records that wait for what should have come before them, and have
    /// done so for a while.
    #[must_use]
    pub fn waiting(&self, now: Instant) -> Vec<u64> {
        let waits = |state: &State| match state {
            State::Waiting { since, .. } => now.duration_since(*since) >= PATIENCE / 2,
            State::Damaged { .. } | State::Here | State::Refused(_) => false,
        };
        let waiting = self.states.iter().filter(|(name, state)| name.kind == Kind::Records && waits(state));
        waiting.map(|(name, _)| name.number).collect()
    }

    /// Files of records that are to be written anew.
    #[must_use]
    pub fn again(&self, now: Instant) -> Vec<u64> {
        let lost = |state: &State| match state {
            State::Damaged { .. } => true,
            State::Waiting { since, .. } => now.duration_since(*since) >= PATIENCE,
            State::Here | State::Refused(_) => false,
        };
        let lost = self.states.iter().filter(|(name, state)| name.kind == Kind::Records && lost(state));
        lost.map(|(name, _)| name.number).collect()
    }

    /// What is wrong, for people.
    #[must_use]
    pub fn problems(&self, now: Instant) -> Vec<String> {
        let problem = |state: &State| match state {
            State::Damaged { why, .. } | State::Refused(why) => Some(why.clone()),
            State::Waiting { why, since } if now.duration_since(*since) >= PATIENCE => Some(why.clone()),
            State::Waiting { .. } | State::Here => None,
        };
        self.states.values().filter_map(problem).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pannier_proto::id::RunPath;

    fn id(run: &str) -> StreamId {
        StreamId { origin: Id128([1; 16]), path: RunPath::new("e", "p", run).unwrap() }
    }

    fn names(numbers: &[(u64, Kind)]) -> Vec<Name> {
        numbers.iter().map(|(number, kind)| Name { number: *number, kind: *kind }).collect()
    }

    #[test]
    fn what_is_here_and_there_moves_on_in_order() {
        let present = names(&[(1, Kind::Whole), (2, Kind::Records), (3, Kind::Records), (5, Kind::Records)]);
        let mut incoming = Incoming::default();
        incoming.begin(Some(Id128([7; 16])), Some((Id128([8; 16]), 9)));
        let (now, why, dir) = (Instant::now(), "gap".to_owned(), Path::new("/"));
        assert_eq!(incoming.unseen(&present, dir, false, now), present, "others' numbers say nothing");
        for (name, end) in present.iter().zip([0, 4, 8, 12]) {
            incoming.states.insert(*name, State::Here);
            incoming.ends.insert(name.number, vec![(id("r"), end)]);
        }
        incoming.states.insert(present[2], State::Waiting { why, since: now });
        assert!(incoming.advance(&present) && incoming.done == 2, "{}", incoming.done);
        assert_eq!(incoming.unseen(&present, dir, true, now), present[2..3]);
        assert_eq!(incoming.settle(&present, &|_| 9, now), 1);
        assert_eq!(incoming.durable, 3, "the remote has what waits here");
        assert_eq!(incoming.settle(&present, &|_| 12, now), 0);
        assert_eq!((incoming.durable, incoming.unseen(&present, dir, true, now).len()), (5, 0));
    }

    #[test]
    fn bytes_that_were_passed_by_are_looked_at_once_while_records_wait() {
        let present = names(&[(1, Kind::Chunks), (2, Kind::Records), (3, Kind::Whole), (4, Kind::Records)]);
        let mut incoming = Incoming::default();
        incoming.begin(Some(Id128([7; 16])), Some((Id128([7; 16]), 2)));
        let (now, dir) = (Instant::now(), Path::new("/"));
        assert_eq!(incoming.unseen(&present, dir, false, now), present[1..]);
        for name in &present[1..3] {
            incoming.states.insert(*name, State::Here);
        }
        incoming.states.insert(present[3], State::Waiting { why: "a file".into(), since: now });
        incoming.ends.insert(2, vec![(id("r"), 4)]);
        assert!(incoming.unseen(&present, dir, false, now).is_empty(), "it may come yet");
        let later = now + PATIENCE;
        assert_eq!(incoming.unseen(&present, dir, false, later), present[..1]);
        incoming.states.insert(present[0], State::Here);
        assert_eq!((incoming.settle(&present, &|_| 4, later), incoming.durable), (1, 2));
        assert!(incoming.unseen(&present, dir, false, later).is_empty(), "once");
        incoming.states.insert(present[3], State::Here);
        incoming.ends.insert(4, vec![(id("r"), 4)]);
        assert_eq!(incoming.settle(&present, &|_| 4, later), 0);
        assert!(incoming.states.is_empty() && incoming.unseen(&present, dir, true, later).is_empty());
    }

    #[test]
    fn parts_before_one_that_waits_are_read_once_more() {
        let present = names(&[(1, Kind::Chunks), (2, Kind::Parts), (3, Kind::Parts)]);
        let (mut incoming, now, dir) = (Incoming::default(), Instant::now(), Path::new("/"));
        let waiting = || State::Waiting { why: "lacking".into(), since: now };
        assert!(incoming.saw(present[0], State::Here) && incoming.saw(present[1], State::Here));
        assert!(!incoming.saw(present[2], waiting()));
        assert_eq!(incoming.unseen(&present, dir, false, now), present[1..2]);
        assert!(incoming.saw(present[1], State::Here) && !incoming.saw(present[2], waiting()));
        assert!(incoming.unseen(&present, dir, false, now).is_empty(), "and no more often");
    }

    #[test]
    fn only_what_is_damaged_is_to_be_written_anew_at_once() {
        let (path, problem) = (Path::new("/x").to_owned(), "bad".to_owned());
        let (stamp, now) = (Some((1, 2, 3)), Instant::now());
        let newer = State::failed(&FolderError::Newer { path: path.clone(), found: 9 }, stamp, now);
        assert!(matches!(newer, State::Refused(why) if why.contains("update pannier")));
        let incomplete = FolderError::Incomplete { path: path.clone(), problem: problem.clone() };
        assert!(matches!(State::failed(&incomplete, stamp, now), State::Waiting { .. }));
        let damaged = FolderError::Damaged { path, problem };
        assert!(matches!(State::failed(&damaged, stamp, now), State::Damaged { .. }));
        assert!(matches!(State::failed(&damaged, None, now), State::Waiting { .. }), "it is gone by now");
    }

    #[test]
    fn what_waits_too_long_is_asked_for_again() {
        let mut incoming = Incoming::default();
        let now = Instant::now();
        let state = State::Waiting { why: "gap".into(), since: now };
        incoming.states.insert(Name { number: 4, kind: Kind::Records }, state);
        assert!(incoming.again(now).is_empty() && incoming.problems(now).is_empty());
        assert_eq!((incoming.waiting(now), incoming.waiting(now + PATIENCE / 2)), (vec![], vec![4]));
        let later = now + PATIENCE;
        assert_eq!((incoming.again(later), incoming.problems(later)), (vec![4], vec!["gap".to_owned()]));
        incoming.keep(&[]);
        assert!(incoming.again(later).is_empty(), "it was removed, to be written anew");
    }
}
