//! The door for what our own client logs together with bytes of files: stores
//! the bytes of the snapshots that the spool took over, and makes records of
//! them. Rows of the same journal are long committed by then.
//!
//! A few threads work side by side, but what one writer logged is recorded in the
//! order in which it was logged. Whatever dies when, a snapshot is worked on
//! again until its item is ended in the store; all that is done twice comes to
//! the same.

mod record;
mod snapshot;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pannier_proto::id::WriterId;
use pannier_proto::request::{ArtifactState, AwaitedArtifact};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::blobs::Blobs;
use crate::clock::now_us;
use crate::health::Health;
use crate::spool::{self, Drained, Folders, Spool};
use crate::store::{IntakeItem, IntakeState, Result, Store, StoreError};

/// Writers whose snapshots are stored side by side.
const THREADS: usize = 2;
/// Items that are looked at to find one that can be worked on.
const LOOK_AHEAD: usize = 256;
/// How long what could not be stored is left alone.
const AGAIN: Duration = Duration::from_secs(1);
/// The name under which `status` says that storing is in trouble.
const OBJECT: &str = "artifacts";

/// Why something was not recorded.
#[derive(Debug)]
enum Trouble {
    /// It never can be.
    Refused(String),
    /// It is tried again.
    Later(String),
    /// We are told to stop.
    Stopping,
}

/// What is to be stored, and who stores it.
pub struct Intake {
    store: Arc<Store>,
    blobs: Arc<Blobs>,
    health: Arc<Health>,
    folders: Folders,
    runtime: Handle,
    line: Mutex<Line>,
    /// Something changed in `line`, or there is more to do.
    changed: Condvar,
    stop: AtomicBool,
    /// One at a time decides which version comes next.
    commits: Mutex<()>,
    /// Counts what was ended.
    ended: watch::Sender<u64>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// The snapshots of earlier lives.
    found: Mutex<Vec<PathBuf>>,
}

/// Who is being served.
#[derive(Default)]
struct Line {
    busy: HashSet<WriterId>,
    /// Raised by each call, so that none is missed.
    calls: u64,
    /// Nothing is tried before.
    again: Option<Instant>,
}

impl Intake {
    /// An intake that does nothing yet, made before the spool takes anything
    /// over. `runtime` runs what it asks of others.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        blobs: Arc<Blobs>,
        health: Arc<Health>,
        folders: Folders,
        runtime: Handle,
    ) -> Self {
        let found = Mutex::new(snapshots(&folders.incoming));
        Self {
            store,
            blobs,
            health,
            folders,
            runtime,
            line: Mutex::default(),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
            commits: Mutex::default(),
            ended: watch::Sender::new(0),
            threads: Mutex::default(),
            found,
        }
    }

    /// Begins to work, and to remove what earlier lives left.
    ///
    /// # Errors
    /// What starting a thread returns.
    pub fn start(self: &Arc<Self>, spool: &Arc<Spool>) -> std::io::Result<()> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..THREADS {
            let (intake, spool) = (self.clone(), spool.clone());
            let work = move || {
                let read_journals = || intake.runtime.block_on(spool.drain(None)) == Drained::Durable;
                intake.tidy(&read_journals);
                intake.work(&read_journals);
            };
            threads.push(std::thread::Builder::new().name("intake".into()).spawn(work)?);
        }
        Ok(())
    }

    /// There is something to do.
    pub fn look(&self) {
        self.line().calls += 1;
        self.changed.notify_all();
    }

    /// Ends the threads, in the middle of what they do: the next start goes on.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.look();
        self.ended.send_modify(|count| *count += 1);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // It panicked, and said so: nothing is lost by it.
            let _ = thread.join();
        }
    }

    /// Whether anything is to be stored.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.store.intake_count(None).is_ok_and(|count| count > 0)
    }

    /// Waits until what a writer logged is recorded or refused: how much is not,
    /// after so long.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settled(&self, writer: WriterId, patience: Duration) -> Result<u64> {
        let store = self.store.clone();
        self.ask(patience, move || store.intake_count(Some(writer)), |count| *count == 0).await
    }

    /// Waits until an artifact is a version, or will not be one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn awaited(&self, client_id: String, patience: Duration) -> Result<AwaitedArtifact> {
        let store = self.store.clone();
        let look = move || {
            let (state, id, error) = match store.intake_state(&client_id)? {
                Some(IntakeState::Stored(id)) => (ArtifactState::Committed, Some(id), None),
                Some(IntakeState::Failed(error)) => (ArtifactState::Failed, None, Some(error)),
                Some(IntakeState::Waiting) => (ArtifactState::Pending, None, None),
                // Perhaps it came by another door.
                None => match store.artifact_by_client(&client_id)? {
                    Some(row) => (ArtifactState::Committed, Some(row.body.id), None),
                    None => {
                        (ArtifactState::Failed, None, Some("no such artifact was logged here".to_owned()))
                    }
                },
            };
            Ok(AwaitedArtifact { state, id, error })
        };
        self.ask(patience, look, |answer| answer.state != ArtifactState::Pending).await
    }

    /// Asks again whenever something ended, until the answer will do.
    async fn ask<T: Send + 'static>(
        &self,
        patience: Duration,
        look: impl Fn() -> Result<T> + Send + Sync + 'static,
        will_do: impl Fn(&T) -> bool,
    ) -> Result<T> {
        let deadline = tokio::time::Instant::now() + patience;
        let mut ended = self.ended.subscribe();
        let look = Arc::new(look);
        loop {
            ended.borrow_and_update();
            let look = look.clone();
            let answer =
                tokio::task::spawn_blocking(move || look()).await.unwrap_or(Err(StoreError::Closed))?;
            let over = self.stop.load(Ordering::Relaxed);
            if over || will_do(&answer) || tokio::time::timeout_at(deadline, ended.changed()).await.is_err() {
                return Ok(answer);
            }
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder(&self, item: &IntakeItem) -> PathBuf {
        spool::folder(&self.folders.incoming, item.writer, item.logged.number)
    }

    /// Removes snapshots whose items were ended by a daemon that then died, and
    /// those that nothing names. One that was moved and not committed is named by
    /// its journal: once the journals have been read, what waits for nothing is
    /// needed by nobody.
    fn tidy(&self, read_journals: &dyn Fn() -> bool) {
        let found = std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner));
        if found.is_empty() || !read_journals() {
            return;
        }
        for folder in found {
            let name = folder.file_name().and_then(|name| name.to_str()).and_then(spool::named);
            let Some((writer, number)) = name else { continue };
            match self.store.intake_waits(writer, number) {
                Ok(Some(true)) | Err(_) => {}
                Ok(Some(false) | None) => remove(&folder),
            }
        }
    }

    fn work(&self, read_journals: &dyn Fn() -> bool) {
        loop {
            let calls = self.line().calls;
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            match self.claim() {
                Some(items) => {
                    let writer = items[0].writer;
                    self.serve(&items, read_journals);
                    self.line().busy.remove(&writer);
                    self.look();
                }
                None => self.wait(calls),
            }
        }
    }

    /// The oldest items of a writer whom nobody serves: files together, an
    /// artifact by itself.
    fn claim(&self) -> Option<Vec<IntakeItem>> {
        let mut line = self.line();
        if line.again.is_some_and(|again| Instant::now() < again) {
            return None;
        }
        let mut items = match self.store.intake(LOOK_AHEAD) {
            Ok(items) => items,
            Err(error) => {
                self.health.bad(OBJECT, &error.to_string(), "see the log in the home; it is tried again");
                line.again = Some(Instant::now() + AGAIN);
                return None;
            }
        };
        items.retain(|item| !line.busy.contains(&item.writer));
        let writer = items.first()?.writer;
        items.retain(|item| item.writer == writer);
        let files = items.iter().take_while(|item| item.logged.artifact.is_none()).count();
        items.truncate(files.max(1));
        line.busy.insert(writer);
        Some(items)
    }

    fn wait(&self, calls: u64) {
        let line = self.line();
        if line.calls != calls || self.stop.load(Ordering::Relaxed) {
            return;
        }
        match line.again {
            Some(_) => drop(self.changed.wait_timeout(line, AGAIN)),
            None => drop(self.changed.wait(line)),
        }
    }

    fn serve(&self, items: &[IntakeItem], read_journals: &dyn Fn() -> bool) {
        let done = catch_unwind(AssertUnwindSafe(|| match &items[0].logged.artifact {
            Some(name) => self.record_artifact(&items[0], name, read_journals),
            None => self.record_files(items),
        }));
        let done = done.unwrap_or_else(|_reported_by_the_hook| {
            Err(Trouble::Refused("a fault of pannier's own; the daemon's log says where".to_owned()))
        });
        let done = match done {
            Err(Trouble::Refused(why)) => self.refuse(&items[0], &why),
            done => done,
        };
        match done {
            Ok(()) => {
                self.health.good(OBJECT);
                self.line().again = None;
            }
            Err(Trouble::Stopping) => {}
            Err(Trouble::Later(why) | Trouble::Refused(why)) => {
                let hint = "make room on the disk of the home, or see the log there; what was logged is safe, and tried again";
                self.health.bad(OBJECT, &why, hint);
                self.line().again = Some(Instant::now() + AGAIN);
            }
        }
        self.ended.send_modify(|count| *count += 1);
    }

    /// Says that nothing comes of an item, and keeps its bytes.
    fn refuse(&self, item: &IntakeItem, why: &str) -> Result<(), Trouble> {
        let folder = self.folder(item);
        let kept = folder.file_name().map(|name| self.folders.quarantine.join(name)).filter(|kept| {
            fs::create_dir_all(&self.folders.quarantine).and_then(|()| fs::rename(&folder, kept)).is_ok()
        });
        let hint = match &kept {
            Some(kept) => format!("the files that came with it are in {}; log it again", kept.display()),
            None => "log it again".to_owned(),
        };
        let (id, path, why) = (item.id, item.path.clone(), why.to_owned());
        let is_artifact = item.logged.artifact.is_some();
        tracing::warn!("run {path}: {why}; {hint}");
        let noted = self.store.write_blocking(move |tx| {
            tx.problem(&format!("run {path}"), &why, &hint, 1, now_us())?;
            if is_artifact { tx.intake_failed(id, &why) } else { tx.intake_done(id) }
        });
        noted.map_err(|error| Trouble::Later(error.to_string()))
    }

    /// Removes the snapshot of an item that is ended. What stays is removed at
    /// the next start.
    fn forget(&self, item: &IntakeItem) {
        remove(&self.folder(item));
    }
}

/// The folders of the snapshots that lie there.
fn snapshots(incoming: &Path) -> Vec<PathBuf> {
    fs::read_dir(incoming).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn remove(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!("cannot remove {}: {error}", folder.display());
        }
        _ => {}
    }
}
