//! What one remote was last seen to do, for `status` and for the decision
//! whether the daemon may leave. In memory only; cursors are in the store.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::now_us;
use crate::health::Health;
use crate::limits::REACHABLE;

/// A remote's state, shared between its engine and whoever asks.
pub struct Seen {
    object: String,
    health: Arc<Health>,
    view: Mutex<View>,
    /// Bytes of files that are under way and have not arrived.
    pub(super) files_left: AtomicU64,
}

/// What is known of a remote.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The last error, while it lasts, and the word for it.
    pub error: Option<(&'static str, String)>,
    /// When it is tried again, while there is an error.
    pub retry_at: Option<Instant>,
    /// Its last good answer.
    pub contact: Option<Instant>,
    /// The same by the wall clock, in microseconds since 1970.
    pub contact_us: Option<i64>,
    /// Whether it lacks something that could be sent; not known at first.
    pub behind: Option<bool>,
    /// Bytes of files that are under way to it and have not arrived.
    pub files_left: u64,
}

impl Seen {
    /// For a remote of this name.
    #[must_use]
    pub fn new(name: &str, health: Arc<Health>) -> Self {
        Self {
            object: format!("remote {name}"),
            health,
            view: Mutex::default(),
            files_left: AtomicU64::new(0),
        }
    }

    /// What is known.
    #[must_use]
    pub fn view(&self) -> View {
        View { files_left: self.files_left.load(Ordering::Relaxed), ..self.lock().clone() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, View> {
        // Each change is one assignment: nothing is half done.
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It answered as it should.
    pub(super) fn contact(&self) {
        let mut view = self.lock();
        view.contact = Some(Instant::now());
        view.contact_us = Some(now_us());
        view.error = None;
        view.retry_at = None;
        drop(view);
        self.health.good(&self.object);
    }

    /// It did not.
    pub(super) fn failed(&self, state: &'static str, what: &str, retry_in: Option<Duration>) {
        let mut view = self.lock();
        view.error = Some((state, what.to_owned()));
        view.retry_at = retry_in.map(|delay| Instant::now() + delay);
        drop(view);
        let hint = match state {
            "unauthorized" => {
                "give it a token that the hub knows: `pannier remote add NAME URL --token-file FILE`"
            }
            _ => {
                "the records are safe here and are sent once it answers; `pannier status` shows how many wait"
            }
        };
        self.health.bad(&self.object, what, hint);
    }

    pub(super) fn behind(&self, behind: bool) {
        self.lock().behind = Some(behind);
    }

    /// Nobody waits for it any more.
    pub(super) fn forget(&self) {
        self.health.good(&self.object);
    }
}

impl View {
    /// The word for its state: `connected`, `waiting`, `unauthorized`,
    /// `unreachable`, `idle`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (&self.error, self.contact, self.behind) {
            (Some((state, _)), ..) => state,
            (None, None, _) => "waiting",
            (None, Some(_), Some(false)) => "idle",
            (None, Some(_), _) => "connected",
        }
    }

    /// Whether waiting for it is likely to bring something: it lacks something
    /// and answered lately, or is only now being tried.
    #[must_use]
    pub fn progressing(&self) -> bool {
        let reachable = match self.contact {
            Some(at) => at.elapsed() < REACHABLE,
            None => self.error.is_none(),
        };
        reachable && self.behind != Some(false)
    }
}
