//! When to try again. The one module that names the `backoff` crate: its
//! intervals, our own jitter, and no sleeping. It knows no clock and no remote.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;

/// The first interval.
const INITIAL: Duration = Duration::from_millis(500);
/// The longest. A remote that is down for days is asked once in so long.
const LONGEST: Duration = Duration::from_secs(60);

/// How long to wait after each failure in a row.
pub trait RetryPolicy: Send + Sync {
    /// After one more failure.
    fn next_delay(&mut self) -> Duration;
    /// After a success.
    fn reset(&mut self);
}

/// Intervals that double, up to a minute. While they grow, the delay is drawn
/// from all of the interval, which scatters the many daemons that lost one hub
/// at one instant. At the longest it is a minute and up to a tenth more: they
/// are scattered by then, and nobody asks a dead hub more than once a minute.
pub struct Exponential {
    intervals: ExponentialBackoff,
    /// Uniform in 0 .. 1.
    random: Box<dyn FnMut() -> f64 + Send + Sync>,
}

impl Exponential {
    /// With a source of random numbers in 0 .. 1.
    pub fn new(random: impl FnMut() -> f64 + Send + Sync + 'static) -> Self {
        let mut intervals = ExponentialBackoff {
            initial_interval: INITIAL,
            max_interval: LONGEST,
            multiplier: 2.0,
            randomization_factor: 0.0,
            // The crate's default is to give up after 15 minutes.
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        intervals.reset();
        Self { intervals, random: Box::new(random) }
    }

    /// With the system's random numbers.
    #[must_use]
    pub fn from_system() -> Self {
        Self::new(|| {
            // Without random numbers the delay is the interval itself.
            getrandom::u32().map_or(1.0, |n| f64::from(n) / f64::from(u32::MAX))
        })
    }
}

impl RetryPolicy for Exponential {
    fn next_delay(&mut self) -> Duration {
        let interval = self.intervals.next_backoff().unwrap_or(LONGEST).min(LONGEST);
        let random = (self.random)().clamp(0.0, 1.0);
        if interval >= LONGEST { LONGEST.mul_f64(1.0 + random / 10.0) } else { interval.mul_f64(random) }
    }

    fn reset(&mut self) {
        self.intervals.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_minute_and_start_again_after_a_success() {
        let mut policy = Exponential::new(|| 1.0);
        let seconds: Vec<f64> = (0..9).map(|_| policy.next_delay().as_secs_f64()).collect();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 66.0, 66.0]);
        policy.reset();
        assert_eq!(policy.next_delay(), INITIAL);
    }

    #[test]
    fn a_dead_remote_is_asked_once_a_minute_at_most_in_the_long_run() {
        let mut state = 7u64;
        let mut policy = Exponential::new(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            f64::from((state >> 33) as u32) / f64::from(u32::MAX >> 1)
        });
        let week = Duration::from_secs(7 * 24 * 3600);
        let (mut now, mut tries) = (Duration::ZERO, 0);
        while now < week {
            now += policy.next_delay();
            tries += 1;
        }
        assert!(tries <= 7 * 24 * 60 + 10, "{tries}");
        assert!(tries >= 7 * 24 * 50, "{tries}");
    }
}
