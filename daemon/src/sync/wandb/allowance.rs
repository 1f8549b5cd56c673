//! How many requests a server still allows, by what it says with each answer. One
//! allowance for all runs of this home. It knows no request.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use tokio::time::{Instant, sleep_until};

/// The longest that is waited before another request; a server that asks for more
/// is asked again after that.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// More is plenty, whatever a server says.
const LEFT_MAX: f64 = 1e9;

/// What is left.
#[derive(Default)]
pub struct Allowance(Mutex<State>);

#[derive(Default)]
struct State {
    /// The most that was ever left: about what is given at a time.
    most: u64,
    /// What is left until `reset`; `None` where the server does not count.
    left: Option<u64>,
    reset: Option<Instant>,
    /// Nothing goes before.
    next: Option<Instant>,
}

impl Allowance {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may go, and counts it.
    pub async fn turn(&self) {
        loop {
            let Some(until) = self.lock().take(Instant::now()) else { return };
            sleep_until(until).await;
        }
    }

    /// Takes in what an answer says.
    pub fn heard(&self, headers: &HeaderMap, retry_after: Option<Duration>) {
        let number = |name: &str| {
            let text = headers.get(name)?.to_str().ok()?;
            text.split([',', ';']).next()?.trim().parse::<f64>().ok().filter(|number| number.is_finite())
        };
        let now = Instant::now();
        let mut state = self.lock();
        if let (Some(left), Some(reset)) = (number("ratelimit-remaining"), number("ratelimit-reset")) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
            let left = left.clamp(0.0, LEFT_MAX) as u64;
            let reset = now + Duration::from_secs_f64(reset.clamp(0.0, WAIT_MAX.as_secs_f64()));
            // Requests under way may be answered in another order.
            let same =
                state.reset.is_some_and(|known| known > now && reset <= known + Duration::from_secs(1));
            state.left = Some(if same { state.left.map_or(left, |known| known.min(left)) } else { left });
            state.reset = Some(reset);
            state.most = state.most.max(left + 1);
        }
        if let Some(asked) = retry_after {
            let until = now + asked.min(WAIT_MAX);
            state.next = Some(state.next.map_or(until, |next| next.max(until)));
        }
    }
}

impl State {
    /// When to ask again, or that this one may go. While there is plenty, at once;
    /// of the last quarter, evenly until there is more: other programs of the same
    /// account live on it, too.
    fn take(&mut self, now: Instant) -> Option<Instant> {
        if let Some(next) = self.next.filter(|next| *next > now) {
            return Some(next);
        }
        let reset = self.reset.filter(|reset| *reset > now)?;
        let left = self.left.as_mut()?;
        if *left == 0 {
            return Some(reset);
        }
        if *left * 4 < self.most {
            let gap = (reset - now) / u32::try_from(*left + 1).unwrap_or(u32::MAX);
            self.next = Some(now + gap);
        }
        *left -= 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(left: u64, reset: u64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("ratelimit-remaining", HeaderValue::from(left));
        headers.insert("ratelimit-reset", HeaderValue::from(reset));
        headers
    }

    /// A server that allows 50 a minute, and answers 429 to more.
    #[tokio::test(start_paused = true)]
    async fn a_server_that_counts_is_never_asked_too_often() {
        let allowance = Allowance::default();
        let begun = Instant::now();
        let (mut window, mut used, mut refused) = (0, 0, 0);
        for _ in 0..500 {
            allowance.turn().await;
            let elapsed = begun.elapsed().as_secs();
            if elapsed / 60 != window {
                (window, used) = (elapsed / 60, 0);
            }
            used += 1;
            refused += u64::from(used > 50);
            allowance.heard(&headers(50_u64.saturating_sub(used), 60 - elapsed % 60), None);
        }
        assert_eq!(refused, 0);
        let minutes = begun.elapsed().as_secs_f64() / 60.0;
        assert!((8.9..=10.5).contains(&minutes), "500 requests took {minutes} minutes of 50 each");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_count_nothing_is_waited_for_but_what_is_asked() {
        let (allowance, begun) = (Allowance::default(), Instant::now());
        for _ in 0..100 {
            allowance.turn().await;
            allowance.heard(&HeaderMap::new(), None);
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
        allowance.heard(&HeaderMap::new(), Some(Duration::from_secs(7)));
        allowance.turn().await;
        assert_eq!(begun.elapsed(), Duration::from_secs(7));
        let mut odd = headers(0, 60);
        odd.insert("ratelimit-remaining", HeaderValue::from_static("1e30"));
        allowance.heard(&odd, None);
        allowance.turn().await;
        assert_eq!(begun.elapsed(), Duration::from_secs(7));
    }
}
