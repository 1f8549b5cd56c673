//! Who carries on what lies in a folder: one at a time, by a file that is replaced
//! as a whole and renewed. It depends on no two clocks: whoever waits looks whether
//! the file changes, for as long as his own monotonic clock says.
//!
//! It spares work and lines, and is no lock: were two to carry on at once, every
//! record and blob would still be stored once.

use std::time::{Duration, Instant};

use pannier_proto::id::{Id128, Origin};
use serde::{Deserialize, Serialize};

use super::place::{Place, Result, read_small, replace};
use crate::clock::now_us;

/// How often it is renewed.
const BEAT: Duration = Duration::from_secs(4);
/// One that was not renewed for so long is over: longer than a network file system
/// may show an old file.
pub const LEASE: Duration = Duration::from_secs(30);
/// How long whoever takes it waits for others who take it at the same moment.
const SETTLE: Duration = Duration::from_millis(500);

/// Who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// His home.
    pub by: Origin,
    /// His machine.
    pub host: String,
    /// His process.
    pub pid: u32,
    /// Of this start of it.
    pub id: Id128,
    /// Grows.
    pub beat: u64,
    /// Microseconds since 1970, for people.
    pub time_us: i64,
}

/// How we stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is ours.
    Ours,
    /// We have taken it, and wait whether somebody else has, too.
    Settling,
    /// It is somebody else's.
    Theirs(Holder),
}

/// Our side of it.
pub struct Lease {
    place: Place,
    me: Holder,
    taken: Option<Instant>,
    renewed: Option<Instant>,
    /// The other's, as it was when it changed last.
    seen: Option<(Id128, u64, Instant)>,
}

impl Lease {
    /// Of the home `by`; nothing is taken yet. `id` is random.
    #[must_use]
    pub fn new(place: &Place, by: Origin, id: Id128) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let me = Holder { by, host, pid: std::process::id(), id, beat: 0, time_us: 0 };
        Self { place: place.clone(), me, taken: None, renewed: None, seen: None }
    }

    /// Who we are.
    #[must_use]
    pub fn me(&self) -> &Holder {
        &self.me
    }

    /// Looks how it stands, takes it where it is free, and renews it where it is ours.
    ///
    /// # Errors
    /// [`super::place::FolderError`]; it is not ours then.
    pub fn look(&mut self, now: Instant) -> Result<Standing> {
        let found = match read_small(&self.place.lease()) {
            Err(error) if error.is_gone() => None,
            // One that cannot be read is nobody's.
            bytes => serde_json::from_slice::<Holder>(&bytes?).ok(),
        };
        match found {
            Some(holder) if holder.id == self.me.id => {
                self.seen = None;
                if self.renewed.is_none_or(|renewed| now.duration_since(renewed) >= BEAT) {
                    self.write(now)?;
                }
            }
            // An earlier life of this home, whose lock we hold.
            Some(holder) if holder.by != self.me.by && !self.is_over(&holder, now) => {
                self.taken = None;
                return Ok(Standing::Theirs(holder));
            }
            _ => {
                self.taken = None;
                self.write(now)?;
                self.place.clean();
            }
        }
        let taken = *self.taken.get_or_insert(now);
        Ok(if now.duration_since(taken) >= SETTLE { Standing::Ours } else { Standing::Settling })
    }

    fn is_over(&mut self, holder: &Holder, now: Instant) -> bool {
        let (id, beat, since) = *self.seen.get_or_insert((holder.id, holder.beat, now));
        if (id, beat) != (holder.id, holder.beat) {
            self.seen = Some((holder.id, holder.beat, now));
            return false;
        }
        now.duration_since(since) >= LEASE
    }

    fn write(&mut self, now: Instant) -> Result<()> {
        self.me.beat += 1;
        self.me.time_us = now_us();
        // Plain data: serialising it into memory cannot fail.
        replace(&self.place.lease(), &serde_json::to_vec_pretty(&self.me).unwrap_or_default())?;
        self.renewed = Some(now);
        Ok(())
    }

    /// Gives it back, if it is ours.
    pub fn release(&mut self) {
        let ours = || {
            let holder: Holder = serde_json::from_slice(&read_small(&self.place.lease()).ok()?).ok()?;
            (holder.id == self.me.id).then_some(())
        };
        if self.taken.take().is_some() && ours().is_some() {
            // Otherwise it is over by itself, a little later.
            let _ = std::fs::remove_file(self.place.lease());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(place: &Place, n: u8) -> Lease {
        Lease::new(place, Id128([n; 16]), Id128([n; 16]))
    }

    #[test]
    fn one_holds_it_and_the_next_takes_it_when_it_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::at(dir.path());
        place.prepare().unwrap();
        let (mut a, mut b) = (lease(&place, 1), lease(&place, 2));
        let mut now = Instant::now();
        assert_eq!(a.look(now).unwrap(), Standing::Settling);
        assert!(matches!(b.look(now).unwrap(), Standing::Theirs(holder) if holder.pid == std::process::id()));
        for _ in 0..20 {
            now += BEAT;
            assert_eq!(a.look(now).unwrap(), Standing::Ours);
            assert!(matches!(b.look(now).unwrap(), Standing::Theirs(_)), "as long as it is renewed");
        }
        now += LEASE - Duration::from_secs(1);
        assert!(matches!(b.look(now).unwrap(), Standing::Theirs(_)));
        now += Duration::from_secs(2);
        assert_eq!(b.look(now).unwrap(), Standing::Settling);
        assert!(matches!(a.look(now).unwrap(), Standing::Theirs(_)), "who was away for too long has lost it");
        now += BEAT;
        assert_eq!(b.look(now).unwrap(), Standing::Ours);
        b.release();
        assert_eq!(a.look(now).unwrap(), Standing::Settling, "what is given back is free at once");
    }

    #[test]
    fn of_two_who_take_it_at_once_one_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::at(dir.path());
        place.prepare().unwrap();
        let (mut a, mut b) = (lease(&place, 1), lease(&place, 2));
        let now = Instant::now();
        assert_eq!(a.look(now).unwrap(), Standing::Settling);
        // As if it had not seen the other's.
        b.write(now).unwrap();
        b.taken = Some(now);
        let later = now + SETTLE;
        let standing = [a.look(later).unwrap(), b.look(later).unwrap()];
        assert_eq!(
            standing.iter().filter(|standing| **standing == Standing::Ours).count(),
            1,
            "{standing:?}"
        );
        // The same home's next life need not wait.
        let mut again = Lease::new(&place, Id128([2; 16]), Id128([9; 16]));
        assert_eq!(again.look(later).unwrap(), Standing::Settling);
    }
}
