//! How fast bytes may go. Knows nothing of what they are.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::units;

/// The variable that bounds what uploads take, in bytes a second.
pub const UPLOAD_LIMIT_VARIABLE: &str = "PANNIER_UPLOAD_LIMIT";

/// A bound on bytes a second, shared by all that wait for it.
#[derive(Default)]
pub struct Pace {
    /// None: as fast as it goes.
    per_second: Option<f64>,
    /// When what was let go so far would be through.
    free: Mutex<Option<Instant>>,
}

impl Pace {
    /// At most so many bytes a second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    pub fn new(bytes_per_second: Option<u64>) -> Self {
        Self { per_second: bytes_per_second.map(|bytes| bytes.max(1) as f64), free: Mutex::default() }
    }

    /// What the environment says.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn from_env() -> Result<Self, String> {
        match std::env::var(UPLOAD_LIMIT_VARIABLE).ok().filter(|text| !text.is_empty()) {
            None => Ok(Self::default()),
            Some(text) => match units::bytes(text.trim_end_matches("/s")) {
                Ok(bytes) if bytes > 0 => Ok(Self::new(Some(bytes))),
                Ok(_) => Err(format!("{UPLOAD_LIMIT_VARIABLE}={text} would send nothing")),
                Err(problem) => Err(format!("{UPLOAD_LIMIT_VARIABLE}: {problem}, bytes a second")),
            },
        }
    }

    /// How long so many bytes take at least; nothing where there is no bound.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a time")]
    pub fn time(&self, bytes: u64) -> Duration {
        self.per_second.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(bytes as f64 / rate))
    }

    /// Waits until so many bytes may go: until those before them are through.
    pub async fn wait(&self, bytes: u64) {
        if self.per_second.is_none() {
            return;
        }
        let begin = {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            let begin = free.unwrap_or_else(Instant::now).max(Instant::now());
            *free = Some(begin + self.time(bytes));
            begin
        };
        sleep_until(begin).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_more_goes_than_may() {
        let (pace, begun) = (Pace::new(Some(1000)), Instant::now());
        for _ in 0..11 {
            futures_util::future::join(pace.wait(300), pace.wait(200)).await;
        }
        assert_eq!(begun.elapsed().as_millis(), 5300, "5,300 bytes went before the last 200");
        assert_eq!(pace.time(3000), Duration::from_secs(3));
        let free = Pace::default();
        free.wait(u64::MAX).await;
        assert_eq!(free.time(u64::MAX), Duration::ZERO);
    }
}
