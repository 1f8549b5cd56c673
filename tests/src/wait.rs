//! Waiting for something to become true: asks until it is, with a deadline.

use std::time::{Duration, Instant};

/// How long anything may take here that is not itself measured. Generous,
/// because it only costs time where something is broken.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again; panics at the deadline.
pub fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, ask).unwrap_or_else(|| panic!("{what}: not within {PATIENCE:?}"))
}

/// Asks again and again; `None` at the deadline.
pub fn within<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + patience;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() > end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
