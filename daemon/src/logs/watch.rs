//! Follows the logs of watched folders while they are written, for as long as the
//! daemon runs. Which folders is kept in the store.
//!
//! One thread owns it. It learns of new runs from the file system where that sends
//! events, and by looking; it looks how long the logs are every [`LOOK_INTERVAL`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use notify::event::ModifyKind;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use pannier_proto::import::{Watched, WatchedView};

use super::wandb::{Opened, WandbLog};
use super::{Logs, Trouble, Whose, find};
use crate::health::Health;
use crate::store::{Result, StoreError};

/// How often is looked how long the logs are.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How often folders are searched for logs that no event told of.
const SCAN_INTERVAL: Duration = Duration::from_secs(10);
/// Where the SDK puts the folders of runs, below the folder that it is given.
const SDK_FOLDER: &str = "wandb";
/// What health calls it.
const OBJECT: &str = "watched folders";

/// What the thread is asked for; a wake-up says that there is something.
#[derive(Default)]
struct Asked {
    /// The folders are others.
    changed: AtomicBool,
    stopping: AtomicBool,
}

/// The thread's handle.
pub struct Watch {
    /// What it, and others, take logs in with.
    pub home: Logs,
    /// Holds one wake-up: who finds it full need not wait, nor wake it again.
    wake: SyncSender<()>,
    asked: Arc<Asked>,
    view: Arc<Mutex<Vec<WatchedView>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Watch {
    /// Begins to follow the folders that the store names.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub fn start(home: Logs, health: Arc<Health>) -> std::io::Result<Self> {
        let (wake, wakes) = sync_channel(1);
        let view = Arc::new(Mutex::new(Vec::new()));
        let asked = Arc::new(Asked::default());
        let mut follower = Follower {
            home: home.clone(),
            health,
            view: view.clone(),
            asked: asked.clone(),
            folders: Vec::new(),
            logs: BTreeMap::new(),
            wake: wake.clone(),
            watcher: None,
        };
        follower.reload();
        let thread = std::thread::Builder::new().name("logs".into()).spawn(move || follower.run(&wakes))?;
        Ok(Self { home, wake, asked, view, thread: Mutex::new(Some(thread)) })
    }

    /// Whether any folder is watched.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.view.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The folders, and what is in them.
    #[must_use]
    pub fn list(&self) -> Vec<WatchedView> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note that other folders are watched.
    pub fn reload(&self) {
        self.asked.changed.store(true, Ordering::Relaxed);
        // A thread that is gone watches nothing.
        let _ = self.wake.try_send(());
    }

    /// Ends it; what was read is committed.
    pub fn stop(&self) {
        self.asked.stopping.store(true, Ordering::Relaxed);
        let _ = self.wake.try_send(());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// A log in a watched folder.
struct Followed {
    folder: usize,
    /// Length and time of the file when it was last taken in.
    seen: Option<(u64, Option<SystemTime>)>,
    grew: Instant,
    log: Option<Box<WandbLog>>,
    problem: Option<String>,
}

struct Follower {
    home: Logs,
    health: Arc<Health>,
    view: Arc<Mutex<Vec<WatchedView>>>,
    asked: Arc<Asked>,
    folders: Vec<Watched>,
    logs: BTreeMap<PathBuf, Followed>,
    wake: SyncSender<()>,
    watcher: Option<RecommendedWatcher>,
}

impl Follower {
    fn run(mut self, wakes: &Receiver<()>) {
        let mut scanned: Option<Instant> = None;
        loop {
            let due = scanned.is_none_or(|at| at.elapsed() >= SCAN_INTERVAL);
            if due && !self.folders.is_empty() {
                self.scan();
                scanned = Some(Instant::now());
            }
            if !self.look() {
                return;
            }
            self.show();
            let woken = wakes.recv_timeout(LOOK_INTERVAL);
            if self.stopping() || woken == Err(RecvTimeoutError::Disconnected) {
                return;
            }
            if self.asked.changed.swap(false, Ordering::Relaxed) {
                self.reload();
                scanned = None;
            }
            if woken.is_ok() {
                scanned = None;
            }
        }
    }

    fn stopping(&self) -> bool {
        self.asked.stopping.load(Ordering::Relaxed)
    }

    fn reload(&mut self) {
        match self.home.store.watched() {
            Ok(folders) => self.folders = folders,
            Err(error) => self.trouble(&error),
        }
        self.logs.clear();
        self.watcher = None;
        self.show();
        if self.folders.is_empty() {
            return;
        }
        let wake = self.wake.clone();
        let heard = move |event: notify::Result<Event>| {
            let new = event.map_or(true, |event| {
                event.need_rescan()
                    || matches!(event.kind, EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)))
            });
            if new {
                // Where it is full, it is about to look anyway.
                let _ = wake.try_send(());
            }
        };
        // Where there are no events, looking finds what is new, a little later.
        self.watcher = notify::recommended_watcher(heard).ok();
        for folder in &self.folders {
            for dir in [Path::new(&folder.dir).to_owned(), Path::new(&folder.dir).join(SDK_FOLDER)] {
                if let Some(watcher) = self.watcher.as_mut().filter(|_| dir.is_dir())
                    && let Err(error) = watcher.watch(&dir, RecursiveMode::NonRecursive)
                {
                    tracing::info!("no file events for {}: {error}; looking instead", dir.display());
                }
            }
        }
    }

    fn scan(&mut self) {
        for (number, folder) in self.folders.iter().enumerate() {
            let found = find::files(std::slice::from_ref(&folder.dir), &|name| find::run_id(name).is_some());
            for path in found.unwrap_or_default() {
                self.logs.entry(path).or_insert_with(|| Followed {
                    folder: number,
                    seen: None,
                    grew: Instant::now(),
                    log: None,
                    problem: None,
                });
            }
        }
        self.logs.retain(|path, _| path.exists());
    }

    /// Takes in what is new; false: told to stop.
    fn look(&mut self) -> bool {
        let paths: Vec<PathBuf> = self.logs.keys().cloned().collect();
        for path in paths {
            let Some(mut followed) = self.logs.remove(&path) else { continue };
            let told = followed.problem.clone();
            match self.one(&path, &mut followed) {
                Ok(()) => {}
                Err(Trouble::Refused(why)) => {
                    tracing::warn!("{}: {why}", path.display());
                    followed.log = None;
                    if told.as_ref() != Some(&why) {
                        // Tried once more: it may be that somebody else was quicker.
                        followed.seen = None;
                    }
                    followed.problem = Some(why);
                }
                Err(Trouble::Home(error)) => {
                    // Read again, from what is committed, at the next look.
                    (followed.log, followed.seen) = (None, None);
                    self.trouble(&error);
                }
            }
            self.logs.insert(path, followed);
            if self.stopping() {
                return false;
            }
        }
        true
    }

    fn one(&self, path: &Path, followed: &mut Followed) -> Result<(), Trouble> {
        let Ok(facts) = std::fs::metadata(path) else { return Ok(()) };
        let now = Some((facts.len(), facts.modified().ok()));
        if followed.seen == now {
            return self.quiet(followed);
        }
        followed.seen = now;
        if followed.log.is_none() {
            let Some(folder) = self.folders.get(followed.folder) else { return Ok(()) };
            let whose = Whose { entity: folder.entity.clone(), project: folder.project.clone() };
            followed.problem = None;
            match WandbLog::open(&self.home, path, &whose, false) {
                Ok(Opened::Log(log)) => followed.log = Some(log),
                Ok(Opened::Posted(_)) => {
                    followed.seen = None;
                    return Ok(());
                }
                Ok(Opened::Empty | Opened::Done(_)) => return Ok(()),
                Err(trouble) => return Err(trouble),
            }
        }
        let Some(log) = &mut followed.log else { return Ok(()) };
        if self.home.lives.posted(&log.head().run) {
            (followed.log, followed.seen) = (None, None);
            return Ok(());
        }
        followed.grew = Instant::now();
        while log.advance(false)? {
            // What is not read now is read at the next look.
            if self.stopping() {
                return log.rest();
            }
        }
        let run = log.head().run.clone();
        if log.has_ended() {
            log.finish()?;
            followed.problem = log.report().problems.first().cloned();
            followed.log = None;
            self.home.lives.followed(&run, true);
        } else {
            self.home.lives.followed(&run, false);
            log.rest()?;
        }
        self.health.good(OBJECT);
        Ok(())
    }

    /// A log that does not grow: after a while what was cut off is given up, and
    /// its memory given back. If it grows again, it is read again.
    fn quiet(&self, followed: &mut Followed) -> Result<(), Trouble> {
        if followed.log.is_none() || followed.grew.elapsed() < self.home.lives.patience() {
            return Ok(());
        }
        let Some(mut log) = followed.log.take() else { return Ok(()) };
        while log.advance(true)? {}
        log.finish()?;
        followed.problem = log.report().problems.first().cloned();
        Ok(())
    }

    fn trouble(&self, error: &StoreError) {
        self.health.bad(OBJECT, &error.to_string(), "make room for the home; the logs stay where they are");
    }

    fn show(&self) {
        let views = self.folders.iter().enumerate().map(|(number, folder)| {
            let logs = || self.logs.iter().filter(move |(_, followed)| followed.folder == number);
            let gone = !Path::new(&folder.dir).is_dir();
            let gone = gone.then(|| format!("{} is not there", folder.dir));
            let told = logs().filter_map(|(_, followed)| followed.problem.clone()).take(20);
            WatchedView {
                watched: folder.clone(),
                logs: logs().count() as u64,
                live: logs().filter(|(_, followed)| followed.log.is_some()).count() as u64,
                problems: gone.into_iter().chain(told).collect(),
            }
        });
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = views.collect();
    }
}
