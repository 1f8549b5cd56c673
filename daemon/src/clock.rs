//! The only wall clock. Wall time is data; order comes from `Seq`, intervals
//! from the monotonic clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970, UTC; 0 where the clock is before that.
#[must_use]
pub fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Seconds since 1970, UTC; 0 where the clock is before that.
#[must_use]
pub fn now_s() -> u64 {
    u64::try_from(now_us() / 1_000_000).unwrap_or(0)
}
