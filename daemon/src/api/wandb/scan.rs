//! Who is about to scan a run's history. core asks the same for a scan and for an
//! export, but before a scan, and only then, py asks for the history's keys.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pannier_proto::id::RunPath;

/// How long after the one question the other may come.
const PATIENCE: Duration = Duration::from_secs(5);
/// Questions that are remembered.
const KEPT: usize = 1024;

/// The questions for keys that no other question followed yet.
#[derive(Default)]
pub struct Scans(Mutex<HashMap<(String, RunPath), Instant>>);

impl Scans {
    /// Somebody asks for a run's keys.
    pub fn announce(&self, who: &str, run: &RunPath) {
        let mut announced = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if announced.len() >= KEPT {
            announced.retain(|_, at| at.elapsed() < PATIENCE);
        }
        if announced.len() < KEPT {
            announced.insert((who.to_owned(), run.clone()), Instant::now());
        }
    }

    /// Whether he did so a moment ago; once.
    pub fn was_announced(&self, who: &str, run: &RunPath) -> bool {
        let mut announced = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = announced.remove(&(who.to_owned(), run.clone()));
        at.is_some_and(|at| at.elapsed() < PATIENCE)
    }
}
