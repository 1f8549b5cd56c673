//! Programs that write by W&B's file stream: when each was last heard of, and
//! what becomes of one that falls silent. A program of our own client's is known
//! by its journal's lock instead.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pannier_proto::id::RunPath;
use pannier_proto::record::{Change, Record, RunState};

use crate::clock::now_us;
use crate::ingest;
use crate::limits::SILENCE;
use crate::store::{Store, StoreError};

/// How often is looked.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// The variable that sets another patience, in seconds.
pub const SILENCE_VARIABLE: &str = "PANNIER_SILENCE_S";

/// When each program was last heard of.
pub struct Lives {
    /// Nobody can have been heard before.
    since: Instant,
    heard: Mutex<HashMap<RunPath, Word>>,
    /// Those whose logs are followed instead.
    followed: Mutex<HashMap<RunPath, Word>>,
    silence: Duration,
}

/// What was heard of a program last.
struct Word {
    at: Instant,
    /// It was its last: what it said may not be recorded yet.
    last: bool,
}

impl Default for Lives {
    fn default() -> Self {
        let asked = std::env::var(SILENCE_VARIABLE).ok().and_then(|seconds| seconds.parse().ok());
        let silence = asked.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(SILENCE);
        Self { since: Instant::now(), heard: Mutex::default(), followed: Mutex::default(), silence }
    }
}

impl Lives {
    /// A run's program said something; with `ended`, that it ends.
    pub fn heard(&self, path: &RunPath, ended: bool) {
        note(&self.heard, path, ended);
    }

    /// A run's program wrote to its log; with `ended`, that it ends.
    pub fn followed(&self, path: &RunPath, ended: bool) {
        note(&self.followed, path, ended);
    }

    /// Whether a run's program posts by itself.
    #[must_use]
    pub fn posted(&self, path: &RunPath) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get(path).is_some_and(|word| self.goes_on(word))
    }

    /// After how long a silence a program is taken to be dead.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.silence
    }

    /// Whether any program was heard of lately.
    #[must_use]
    pub fn any(&self) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.values().any(|word| self.goes_on(word))
    }

    fn goes_on(&self, word: &Word) -> bool {
        !word.last && word.at.elapsed() < self.silence
    }

    fn is_silent(&self, path: &RunPath) -> bool {
        let spoke = |of: &Mutex<HashMap<RunPath, Word>>| {
            of.lock().unwrap_or_else(PoisonError::into_inner).get(path).map(|word| word.at)
        };
        let last = spoke(&self.heard).max(spoke(&self.followed)).unwrap_or(self.since);
        last.elapsed() >= self.silence
    }

    /// Forgets those that have been silent for long.
    fn forget(&self) {
        for of in [&self.heard, &self.followed] {
            let mut of = of.lock().unwrap_or_else(PoisonError::into_inner);
            of.retain(|_, word| word.at.elapsed() < self.silence);
        }
    }
}

fn note(of: &Mutex<HashMap<RunPath, Word>>, path: &RunPath, last: bool) {
    let mut of = of.lock().unwrap_or_else(PoisonError::into_inner);
    of.insert(path.clone(), Word { at: Instant::now(), last });
}

/// Ends the runs of programs that fell silent, for as long as it is polled.
pub async fn watch(store: Arc<Store>, lives: Arc<Lives>) {
    loop {
        tokio::time::sleep(LOOK_INTERVAL).await;
        if lives.since.elapsed() < lives.silence {
            continue;
        }
        let reading = store.clone();
        let written = move || reading.running_with_lines(ingest::stream::WRITERS);
        let running = tokio::task::spawn_blocking(written).await.unwrap_or(Err(StoreError::Closed));
        let running = match running {
            Ok(running) => running,
            Err(StoreError::Closed) => return,
            Err(error) => {
                tracing::warn!("cannot look for programs that fell silent: {error}");
                continue;
            }
        };
        for path in running.into_iter().filter(|path| lives.is_silent(path)) {
            let end = Change::End { time_us: now_us(), state: RunState::Crashed, exit_code: None };
            match ingest::append(&store, &path, vec![Record::Change(end)]).await {
                Ok(_) => {
                    tracing::info!("run {path} crashed: nothing was heard of it for {:?}", lives.silence);
                }
                Err(error) => tracing::warn!("cannot record that run {path} crashed: {error}"),
            }
            lives.heard(&path, true);
            lives.followed(&path, true);
        }
        lives.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_word_that_is_being_recorded_is_no_silence() {
        let since = Instant::now().checked_sub(Duration::from_secs(2)).expect("it was on by then");
        let lives = Lives { since, silence: Duration::from_secs(1), ..Lives::default() };
        let path = RunPath::new("e", "p", "r").expect("a name");
        assert!(lives.is_silent(&path));
        lives.heard(&path, false);
        assert!(!lives.is_silent(&path) && lives.any() && lives.posted(&path));
        lives.heard(&path, true);
        assert!(!lives.is_silent(&path), "the end comes behind it");
        assert!(!lives.any() && !lives.posted(&path), "nobody waits for it any more");
    }
}
