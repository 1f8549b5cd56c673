//! Copies to each remote what it lacks: one task per remote, woken by the store.
//!
//! `plan` says what to send next, `batch` reads it, [`engine`] sends it and
//! moves the cursors, [`remote`] is the narrow trait that it sends through;
//! [`hub`], `wandb` and [`folder`] are the remotes there are, [`kind`] tells one
//! from the other. [`receive`] is the other side.
//! [`backoff`] says when to try again. It all knows the store, and no door.

pub mod backoff;
mod batch;
pub mod bundle;
pub mod carry;
pub mod engine;
pub mod folder;
pub mod hub;
pub mod kind;
mod learn;
mod pace;
mod plan;
pub mod receive;
pub mod remote;
pub(crate) mod seen;
#[cfg(test)]
mod tests;
pub(crate) mod transport;
pub mod verify;
mod wandb;
pub mod wire;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pannier_proto::bundle::CARRIED;
use pannier_proto::content::{Blob, Content};
use pannier_proto::id::RunPath;
use pannier_proto::remote::RemoteStatus;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use self::backoff::Exponential;
use self::engine::{Engine, Step};
use self::folder::Folder;
use self::hub::Hub;
use self::kind::Kind;
use self::remote::{Remote, RemoteError};
use self::seen::Seen;
use self::verify::{VerifyError, VerifyReport};
use crate::blobs::Blobs;
use crate::credentials::Credentials;
use crate::health::Health;
use crate::store::{self, Store, StoreError};

/// All remotes of a home.
pub struct Sync {
    store: Arc<Store>,
    blobs: Arc<Blobs>,
    health: Arc<Health>,
    credentials: Arc<Credentials>,
    runtime: Handle,
    tasks: Mutex<BTreeMap<String, Task>>,
    /// Blobs that are being fetched: whoever else wants one waits.
    fetching: Mutex<BTreeMap<Blob, Arc<tokio::sync::Mutex<()>>>>,
}

struct Task {
    url: String,
    token: Option<String>,
    seen: Arc<Seen>,
    bell: Arc<Bell>,
    /// None where it cannot be tried at all, as configured.
    kind: Option<Kind>,
    /// For what only a hub can be asked.
    hub: Option<Hub>,
    /// None where the remote cannot be tried at all, as configured.
    running: Option<JoinHandle<()>>,
}

/// Wakes an engine.
#[derive(Default)]
pub struct Bell {
    rung: Notify,
    retry: AtomicBool,
}

impl Bell {
    /// Wakes it out of any wait; with `retry`, parked runs are tried again.
    pub fn ring(&self, retry: bool) {
        self.retry.fetch_or(retry, Ordering::Relaxed);
        self.rung.notify_one();
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        // Safe at any point: a cursor moves on an answer, and an answer that is
        // not waited for is asked for again.
        self.running.iter().for_each(JoinHandle::abort);
        self.seen.forget();
    }
}

impl Sync {
    /// Starts to sync every remote that the store knows. Within a runtime.
    #[must_use]
    pub fn start(
        store: Arc<Store>,
        blobs: Arc<Blobs>,
        health: Arc<Health>,
        credentials: Arc<Credentials>,
    ) -> Self {
        let (runtime, tasks, fetching) = (Handle::current(), Mutex::default(), Mutex::default());
        let sync = Self { store, blobs, health, credentials, runtime, tasks, fetching };
        sync.reload();
        sync
    }

    fn tasks(&self) -> MutexGuard<'_, BTreeMap<String, Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for remotes that were added, removed or changed.
    pub fn reload(&self) {
        let remotes = match self.store.remotes() {
            Ok(remotes) => remotes,
            Err(error) => return tracing::error!("cannot read the list of remotes: {error}"),
        };
        let mut tasks = self.tasks();
        tasks.retain(|name, _| remotes.iter().any(|remote| remote.name == *name));
        for store::Remote { name, url, .. } in remotes {
            let token = self.credentials.token(&name);
            let same = |task: &Task| task.url == url && task.token == token && task.running.is_some();
            if !tasks.get(&name).is_some_and(same) {
                // The old one stops before the new one starts. What was wrong with the
                // configuration of one that does not run may be right by now.
                tasks.remove(&name);
                tasks.insert(name.clone(), self.task(&name, url, token));
            }
        }
    }

    fn task(&self, name: &str, url: String, token: Option<String>) -> Task {
        let seen = Arc::new(Seen::new(name, self.health.clone()));
        let bell = Arc::new(Bell::default());
        let kind = Kind::new(name, &url, token.as_deref(), &self.store, &self.blobs);
        let kind = kind.inspect_err(|error| seen.failed("unreachable", error, None)).ok();
        let running = match kind.clone() {
            Some(Kind::Hub(hub)) => Some(self.spawn(name, hub, &seen, &bell)),
            Some(Kind::Wandb(wandb)) => Some(self.spawn(name, wandb, &seen, &bell)),
            Some(Kind::Folder(folder)) => Some(self.spawn(name, folder, &seen, &bell)),
            Some(Kind::Carried) | None => None,
        };
        let hub = kind.as_ref().and_then(Kind::hub).cloned();
        Task { url, token, seen, bell, kind, hub, running }
    }

    fn spawn(
        &self,
        name: &str,
        remote: Arc<impl Remote + 'static>,
        seen: &Arc<Seen>,
        bell: &Arc<Bell>,
    ) -> JoinHandle<()> {
        let policy = Box::new(Exponential::from_system());
        let (store, blobs) = (self.store.clone(), self.blobs.clone());
        let engine = Engine::new(name, store, blobs, remote, policy, seen.clone());
        self.runtime.spawn(run(engine, self.store.clone(), bell.clone()))
    }

    /// The first remote, which settles numbers and has what is not here; none
    /// where it cannot be asked.
    #[must_use]
    pub fn first(&self) -> Option<(String, Hub)> {
        let first = self.store.first_remote().ok().flatten()?;
        let tasks = self.tasks();
        let hub = tasks.get(&first)?.hub.clone()?;
        Some((first, hub))
    }

    /// A remote, if it is a hub.
    #[must_use]
    pub fn hub(&self, remote: &str) -> Option<Hub> {
        self.tasks().get(remote)?.hub.clone()
    }

    /// How many records of a run are at the remote of whoever relays the folder
    /// that a remote is; none of a remote that is no folder.
    #[must_use]
    pub fn passed_on(&self, remote: &str, run: &RunPath) -> Option<u64> {
        let tasks = self.tasks();
        let folder = tasks.get(remote)?.kind.as_ref()?.folder()?;
        Some(folder.passed_on(run))
    }

    /// Whether the first remote answered when it was asked last.
    #[must_use]
    pub fn first_answers(&self) -> bool {
        let Some((first, _)) = self.first() else { return false };
        self.tasks().get(&first).is_some_and(|task| task.seen.view().error.is_none())
    }

    /// Every remote's state. Reads the database.
    ///
    /// # Errors
    /// [`StoreError`]: once the store is closed nobody knows what a remote lacks.
    pub fn status(&self) -> store::Result<Vec<RemoteStatus>> {
        let views: Vec<_> = self
            .tasks()
            .iter()
            .map(|(name, task)| {
                let folder = task.kind.as_ref().and_then(Kind::folder);
                (name.clone(), task.url.clone(), task.seen.view(), folder.map(Folder::all_passed_on))
            })
            .collect();
        let status = views.into_iter().map(|(name, url, view, records_passed_on)| {
            let (records_sent, records_queued, bytes_queued) = self.store.backlog(&name)?;
            Ok(RemoteStatus {
                state: if url == CARRIED { "carried" } else { view.state() }.to_owned(),
                retry_in_s: view.retry_at.map(|at| at.saturating_duration_since(Instant::now()).as_secs()),
                last_contact_us: view.contact_us,
                last_error: view.error.map(|(_, what)| what),
                name,
                url,
                records_queued,
                bytes_queued: bytes_queued + view.files_left,
                records_sent,
                records_passed_on,
            })
        });
        status.collect()
    }

    /// A remote's last error, while it lasts.
    #[must_use]
    pub fn last_error(&self, remote: &str) -> Option<String> {
        self.tasks().get(remote)?.seen.view().error.map(|(_, what)| what)
    }

    /// A run's page at a remote, where it has said which run it is there. Reads the
    /// database.
    #[must_use]
    pub fn page(&self, remote: &str, path: &RunPath) -> Option<String> {
        let url = self.tasks().get(remote)?.url.clone();
        wandb::page(&self.store, remote, url.strip_prefix(kind::WANDB)?, path)
    }

    /// Whether a remote refuses our token.
    #[must_use]
    pub fn is_refused(&self, remote: &str) -> bool {
        self.tasks().get(remote).is_some_and(|task| task.seen.view().state() == "unauthorized")
    }

    /// Tries a remote at once, its parked runs, too.
    pub fn retry(&self, remote: &str) {
        self.reload();
        if let Some(task) = self.tasks().get(remote) {
            task.bell.ring(true);
        }
    }

    /// Tries every remote at once.
    pub fn wake(&self) {
        self.tasks().values().for_each(|task| task.bell.ring(false));
    }

    /// Whether waiting is likely to bring something to a remote: while this is
    /// so, a daemon that nobody needs stays.
    #[must_use]
    pub fn progressing(&self) -> bool {
        self.tasks().values().any(|task| task.running.is_some() && task.seen.view().progressing())
    }

    /// Compares what is here with what a remote has.
    ///
    /// # Errors
    /// [`VerifyError`]; [`StoreError::Missing`] where there is no such remote.
    pub async fn verify(
        &self,
        remote: &str,
        progress: impl FnMut(u64, u64),
    ) -> Result<VerifyReport, VerifyError> {
        let known = self.tasks().get(remote).map(|task| (task.kind.clone(), task.seen.view().error));
        let (kind, error) = known.ok_or_else(|| StoreError::Missing(format!("remote {remote:?}")))?;
        match kind {
            Some(Kind::Hub(hub)) => verify::verify(&self.store, &*hub, progress).await,
            Some(Kind::Wandb(wandb)) => Ok(wandb.verify(progress).await?),
            Some(Kind::Folder(folder)) => verify::verify(&self.store, &*folder, progress).await,
            Some(Kind::Carried) => {
                let what = "bundles are carried there: nobody can be asked, and receipts say what arrived";
                Err(RemoteError::Rejected(what.to_owned()).into())
            }
            None => Err(RemoteError::Rejected(error.map(|(_, what)| what).unwrap_or_default()).into()),
        }
    }

    /// Brings a blob here from the first remote that has it, once however many
    /// ask for it at a time. Returns the remote's name; none where it was here.
    ///
    /// # Errors
    /// The last remote's; [`RemoteError::Rejected`] where there is no remote.
    pub async fn fetch(&self, content: &Content) -> Result<Option<String>, RemoteError> {
        let turn = self.fetching().entry(content.blob).or_default().clone();
        let held = turn.lock().await;
        let fetched = self.fetch_in_turn(content).await;
        drop(held);
        let mut fetching = self.fetching();
        // Ours and the map's: nobody else waits.
        if Arc::strong_count(&turn) == 2 {
            fetching.remove(&content.blob);
        }
        fetched
    }

    fn fetching(&self) -> MutexGuard<'_, BTreeMap<Blob, Arc<tokio::sync::Mutex<()>>>> {
        self.fetching.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch_in_turn(&self, content: &Content) -> Result<Option<String>, RemoteError> {
        let (blobs, blob) = (self.blobs.clone(), content.blob);
        let here = tokio::task::spawn_blocking(move || blobs.contains(&blob)).await;
        if matches!(here, Ok(Ok(true))) {
            return Ok(None);
        }
        let hubs: Vec<_> =
            self.tasks().iter().filter_map(|(name, task)| Some((name.clone(), task.hub.clone()?))).collect();
        let mut why = RemoteError::Rejected("there is no remote that could have it".to_owned());
        for (name, hub) in hubs {
            match carry::fetch(&hub, &self.blobs, content).await {
                Ok(()) => return Ok(Some(name)),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    /// Stops all, at once: what was not answered is asked for next time. They are
    /// listed still, with what they lack.
    pub async fn stop(&self) {
        let running: Vec<_> = self.tasks().values_mut().filter_map(|task| task.running.take()).collect();
        running.iter().for_each(JoinHandle::abort);
        for running in running {
            // It was aborted, or it panicked, which was logged where it was.
            let _ = running.await;
        }
    }
}

/// Takes an engine's steps as they come due, until the store closes.
pub async fn run<R: Remote>(mut engine: Engine<R>, store: Arc<Store>, bell: Arc<Bell>) {
    let mut newer = store.newer();
    drop(store);
    loop {
        newer.mark_unchanged();
        let began = Instant::now();
        match engine.step().await {
            Step::More => {}
            Step::Idle => {
                let news = async {
                    // What comes in between goes together.
                    sleep_until(began + engine.remote.interval()).await;
                    newer.changed().await
                };
                tokio::select! {
                    news = news => if news.is_err() { return },
                    () = sleep_until(engine.check_at()) => {}
                    () = bell.rung.notified() => {}
                }
            }
            Step::Wait(delay) => tokio::select! {
                () = sleep(delay) => {}
                () = bell.rung.notified() => {}
            },
        }
        if bell.retry.swap(false, Ordering::Relaxed) {
            engine.retry().await;
        }
    }
}

/// Runs work on the store off the runtime's threads.
async fn blocking<T: Send + 'static>(
    store: &Arc<Store>,
    work: impl FnOnce(&Store) -> store::Result<T> + Send + 'static,
) -> store::Result<T> {
    let store = store.clone();
    tokio::task::spawn_blocking(move || work(&store)).await.unwrap_or(Err(StoreError::Closed))
}
