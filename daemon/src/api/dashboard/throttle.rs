//! How often a key may be tried: a listener's one count, for everyone who knocks.
//! Knows no key and no clock.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Tries that are let through within [`PERIOD`].
const TRIES: u32 = 10;
const PERIOD: Duration = Duration::from_secs(60);

/// Counts wrong keys.
#[derive(Default)]
pub struct Throttle(Mutex<Option<Count>>);

struct Count {
    since: Instant,
    tries: u32,
}

impl Throttle {
    /// Begins a try, which counts unless [`Throttle::forgive`] takes it back.
    ///
    /// # Errors
    /// How long to wait before the next.
    pub fn begin(&self, now: Instant) -> Result<(), Duration> {
        // A thread that died while it counted is no reason to let nobody in.
        let mut held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let count = held.get_or_insert(Count { since: now, tries: 0 });
        let past = now.saturating_duration_since(count.since);
        if past >= PERIOD {
            *count = Count { since: now, tries: 0 };
        } else if count.tries >= TRIES {
            return Err(PERIOD - past);
        }
        count.tries += 1;
        Ok(())
    }

    /// The try that was begun last had the right key.
    pub fn forgive(&self) {
        let mut held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(count) = held.as_mut() {
            count.tries = count.tries.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_keys_are_slowed_down_and_right_ones_are_not() {
        let (throttle, begun) = (Throttle::default(), Instant::now());
        for _ in 0..100 {
            assert_eq!(throttle.begin(begun), Ok(()));
            throttle.forgive();
        }
        for _ in 0..TRIES {
            assert_eq!(throttle.begin(begun), Ok(()));
        }
        let later = begun + PERIOD / 3;
        assert_eq!(throttle.begin(later), Err(PERIOD - PERIOD / 3));
        assert_eq!(throttle.begin(begun + PERIOD), Ok(()));
    }
}
