//! Looks after the daemon while the command runs, from a thread of its own: keeps
//! it from leaving as idle, starts another where it is gone, and tells it what
//! signals said of the job.

use std::cell::Cell;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pannier_proto::job::JobLife;
use pannier_proto::remote::RemoteStatus;
use pannier_proto::request::{Preempt, Status};
use serde_json::json;

use super::super::client::{Answer, Client};
use super::super::{show, start};
use crate::api::auth::LocalHttp;
use crate::clock::now_us;
use crate::home::Home;
use crate::site;

/// Signals that the thread has not heard of yet.
const SIGNALS_MAX: usize = 16;
/// How often the daemon is looked for: well within its idle time.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// The same, after one could not be started.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// How long it may take to tell a daemon, and to bring the rest away, once the
/// command has ended.
const LAST_WORDS: Duration = Duration::from_secs(15);
/// Between two looks at that.
const AGAIN: Duration = Duration::from_millis(50);
/// Within this the daemon has noticed that the command's writers are gone.
const NOTICED: Duration = Duration::from_secs(1);
/// A remote that could not be reached for so long is waited for no longer.
const UNREACHABLE: Duration = Duration::from_secs(5);
/// How long a daemon may take to hear it.
const PATIENCE: Duration = Duration::from_secs(5);
/// The command may have heard of a signal, and ended, this much before us.
const AHEAD_US: i64 = 2_000_000;

/// The thread.
pub(super) struct Keeper {
    tell: SyncSender<i64>,
    thread: JoinHandle<()>,
    job: Option<JobLife>,
    told: Cell<bool>,
}

impl Keeper {
    /// Begins to look after the home's daemon, which listens there for W&B's
    /// client.
    pub(super) fn start(home: &Home, url: Option<String>) -> Self {
        let (tell, told) = sync_channel(SIGNALS_MAX);
        let (home, job) = (home.clone(), site::job());
        let of = job.clone();
        let thread = std::thread::spawn(move || keep(&home, url.as_deref(), of.as_ref(), &told));
        Self { tell, thread, job, told: Cell::new(false) }
    }

    /// A signal said that the job's machine is taken away; of whoever is in no job
    /// it says nothing.
    pub(super) fn preempted(&self) {
        if self.job.is_some() {
            // The thread ends with us only, and what it has not heard yet says the same.
            let _ = self.tell.try_send(now_us() - AHEAD_US);
            self.told.set(true);
        }
    }

    /// Returns when what signals said was told, or could not be.
    pub(super) fn end(self) {
        drop(self.tell);
        if self.told.get() {
            // It panicked, which was said where it was.
            let _ = self.thread.join();
        }
    }
}

/// Until nobody tells anything any more; then the last words.
fn keep(home: &Home, url: Option<&str>, job: Option<&JobLife>, told: &Receiver<i64>) {
    let client = Client::new(home.socket());
    let mut pause = LOOK_INTERVAL;
    let mut warned = false;
    let mut taken: Option<Preempt> = None;
    let mut known = false;
    loop {
        match told.recv_timeout(pause) {
            Ok(since_us) => {
                taken = taken.or(job.map(|job| Preempt { job: job.clone(), since_us, over: false }));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        pause = LOOK_INTERVAL;
        match at_hand(&client, home, url) {
            Ok(()) => warned = false,
            Err(problem) => {
                if !std::mem::replace(&mut warned, true) {
                    show::warn(&format!("{problem}; it is tried again"));
                }
                pause = RETRY_INTERVAL;
                continue;
            }
        }
        if let Some(taken) = taken.as_ref().filter(|_| !known) {
            known = tell(&client, taken);
        }
    }
    let over = |taken: Preempt| Preempt { over: true, ..taken };
    if taken.map(over).is_some_and(|taken| !last_words(&client, home, url, &taken)) {
        show::warn(&format!(
            "not all that was logged is at the remotes; it is kept in {}, and the next daemon there brings it",
            home.root().display()
        ));
    }
}

/// The command has ended. Its daemon may have been told to go with it, and nobody
/// else would start one that says how the runs ended, and brings the rest away.
/// Whether that is done.
fn last_words(client: &Client, home: &Home, url: Option<&str>, taken: &Preempt) -> bool {
    let ended = Instant::now();
    let mut told: Option<Instant> = None;
    while ended.elapsed() < LAST_WORDS {
        // One that is on its way out may still answer, and refuse.
        if at_hand(client, home, url).is_ok() {
            // From then on all is in the store, whichever daemon has it open.
            told = told.or_else(|| tell(client, taken).then(Instant::now));
            if told.is_some_and(|at| brought(client, at.elapsed())) {
                return true;
            }
        }
        std::thread::sleep(AGAIN);
    }
    false
}

fn tell(client: &Client, taken: &Preempt) -> bool {
    client.call_within("POST", "/v1/preempt", Some(&json!(taken)), PATIENCE).is_ok()
}

/// Whether the remotes that can be reached have all that the command logged, its
/// end included, so long after that was told.
fn brought(client: &Client, since: Duration) -> bool {
    let answer = client.call_within("GET", "/v1/status", None, PATIENCE);
    let Ok(status) = answer.and_then(Answer::json::<Status>) else { return false };
    // Those of other jobs go on.
    let taken_in = status.writers == 0 || since > NOTICED;
    let no_use =
        |remote: &RemoteStatus| remote.is_carried() || (remote.last_error.is_some() && since > UNREACHABLE);
    taken_in && status.remotes.iter().all(|remote| no_use(remote) || remote.has_all())
}

/// Sees that there is a daemon.
fn at_hand(client: &Client, home: &Home, url: Option<&str>) -> Result<(), String> {
    if client.ready() { Ok(()) } else { revive(home, url) }
}

/// Starts another daemon: W&B's client gives up where it finds nobody.
fn revive(home: &Home, url: Option<&str>) -> Result<(), String> {
    let daemon = start::connect_or_start(home).map_err(|failure| failure.error)?;
    let now = daemon.get::<LocalHttp>("/v1/http").ok().and_then(|http| http.url);
    if url.is_some() && now.as_deref() != url {
        show::warn(
            "the daemon was restarted and its port was taken: `import wandb` in the command cannot reach it any more",
        );
    }
    Ok(())
}
