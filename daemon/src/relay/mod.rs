//! Reads folders that other homes write to, and says to them how far the remote is:
//! one task per folder, woken by the file system and, where that sends no events,
//! by looking.
//!
//! What is read is taken in here as a hub takes in what it is sent
//! (`sync::folder::import`); the sync with the remote carries it on, as it carries
//! all else. `carrier` takes one turn, `incoming` knows one writer's files.

mod carrier;
mod incoming;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use pannier_proto::id::Id128;
use pannier_proto::relay::RelayStatus;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use self::carrier::Carrier;
use crate::blobs::Blobs;
use crate::health::Health;
use crate::store::{Relay, Store};
use crate::sync::Sync;
use crate::sync::folder::file::Name;
use crate::sync::folder::lease::Lease;
use crate::sync::folder::place::Place;
use crate::token;

/// How often a folder is looked at whose file system sends no events.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);
/// The same, while the remote lacks something: it is to be acknowledged.
const BUSY_INTERVAL: Duration = Duration::from_millis(500);
/// How long the end waits until what is held of a folder was given back. What hangs
/// for longer is over by itself, a little later.
const RELEASE_WAIT: Duration = Duration::from_millis(500);

/// What tasks work with.
#[derive(Clone)]
pub struct Parts {
    /// The records of this home.
    pub store: Arc<Store>,
    /// Its blobs.
    pub blobs: Arc<Blobs>,
    /// Its remotes.
    pub sync: Arc<Sync>,
    /// Where what is wrong is said.
    pub health: Arc<Health>,
}

/// All folders that this home reads.
pub struct Relays {
    parts: Parts,
    runtime: Handle,
    tasks: Mutex<BTreeMap<String, Task>>,
}

struct Task {
    remote: String,
    bell: Arc<Notify>,
    seen: Arc<Mutex<RelayStatus>>,
    running: JoinHandle<()>,
    /// Ends when what is held of the folder was given back.
    released: oneshot::Receiver<()>,
}

impl Drop for Task {
    fn drop(&mut self) {
        // Safe at any point: what was taken in may be taken in again.
        self.running.abort();
    }
}

/// Gives a folder back when it is dropped.
struct Held {
    lease: Arc<Mutex<Lease>>,
    /// Dropped when that was done.
    told: Option<oneshot::Sender<()>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let (lease, told) = (self.lease.clone(), self.told.take());
        let release = move || {
            lock(&lease).release();
            drop(told);
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(release)),
            Err(_) => release(),
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Relays {
    /// Begins to read every folder that the store knows. Within a runtime.
    #[must_use]
    pub fn start(parts: Parts) -> Self {
        let relays = Self { parts, runtime: Handle::current(), tasks: Mutex::default() };
        relays.reload();
        relays
    }

    /// Looks for folders that were added, removed or changed.
    pub fn reload(&self) {
        let wanted = match self.parts.store.relays() {
            Ok(relays) => relays,
            Err(error) => return tracing::error!("cannot read the list of relays: {error}"),
        };
        let mut tasks = lock(&self.tasks);
        let same = |folder: &str, task: &Task| {
            wanted.iter().any(|relay| relay.folder == folder && relay.remote == task.remote)
        };
        tasks.retain(|folder, task| same(folder, task) && !task.running.is_finished());
        for relay in wanted {
            if !tasks.contains_key(&relay.folder) {
                tasks.insert(relay.folder.clone(), self.task(relay));
            }
        }
    }

    fn task(&self, relay: Relay) -> Task {
        let bell = Arc::new(Notify::new());
        let seen = RelayStatus {
            folder: relay.folder.clone(),
            remote: relay.remote.clone(),
            ..RelayStatus::default()
        };
        let seen = Arc::new(Mutex::new(seen));
        let remote = relay.remote.clone();
        let (told, released) = oneshot::channel();
        let running = self.runtime.spawn(run(self.parts.clone(), relay, bell.clone(), seen.clone(), told));
        Task { remote, bell, seen, running, released }
    }

    /// Looks at a folder at once, or at all.
    pub fn wake(&self) {
        lock(&self.tasks).values().for_each(|task| task.bell.notify_one());
    }

    /// How each stands.
    #[must_use]
    pub fn status(&self) -> Vec<RelayStatus> {
        lock(&self.tasks).values().map(|task| lock(&task.seen).clone()).collect()
    }

    /// Whether something is being taken in.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        lock(&self.tasks).values().any(|task| lock(&task.seen).busy)
    }

    /// Stops all; what is held is given back.
    pub async fn stop(&self) {
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        for mut task in tasks.into_values() {
            task.running.abort();
            // It was aborted, or it panicked, which was logged where it was.
            let _ = (&mut task.running).await;
            let _ = timeout(RELEASE_WAIT, &mut task.released).await;
        }
    }
}

/// Takes turns until it is aborted.
async fn run(
    parts: Parts,
    relay: Relay,
    bell: Arc<Notify>,
    seen: Arc<Mutex<RelayStatus>>,
    released: oneshot::Sender<()>,
) {
    let (dir, heard) = (Path::new(&relay.folder).join("writers"), bell.clone());
    // All of a folder is touched off the runtime's threads: it may hang.
    let _watcher = tokio::task::spawn_blocking(move || watch(&dir, heard)).await;
    let id = match token::random() {
        Ok(id) => Id128(id),
        Err(error) => return tracing::error!("cannot begin to relay: {error}"),
    };
    let lease = Lease::new(&Place::at(Path::new(&relay.folder)), parts.store.origin(), id);
    let lease = Arc::new(Mutex::new(lease));
    let _held = Held { lease: lease.clone(), told: Some(released) };
    let mut carrier = Carrier::new(parts, relay, seen, lease);
    loop {
        let left = carrier.turn().await;
        let pause = if left { BUSY_INTERVAL } else { LOOK_INTERVAL };
        let woken = timeout(pause, bell.notified()).await.is_ok();
        if woken {
            // Files come in groups.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Hears of new files, where the file system tells.
fn watch(dir: &Path, bell: Arc<Notify>) -> Option<RecommendedWatcher> {
    let file = |path: &std::path::PathBuf| {
        path.file_name().and_then(|name| name.to_str()).and_then(Name::parse).is_some()
    };
    let heard = move |event: notify::Result<Event>| match event {
        Ok(event)
            if !event.need_rescan() && matches!(event.kind, EventKind::Access(_) | EventKind::Remove(_)) => {}
        Ok(event) if !event.need_rescan() && !event.paths.iter().any(file) => {}
        _ => bell.notify_one(),
    };
    let watcher = notify::recommended_watcher(heard).and_then(|mut watcher| {
        watcher.watch(dir, RecursiveMode::Recursive)?;
        Ok(watcher)
    });
    let unheard =
        |error: &notify::Error| tracing::info!("no file events for {}: {error}; looking", dir.display());
    watcher.inspect_err(unheard).ok()
}
