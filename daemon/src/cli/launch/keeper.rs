//! Looks after the daemon while the command runs, from a thread of its own: keeps
//! it from leaving as idle, starts another where it is gone, and tells it what
//! signals said of the job.

use std::cell::Cell;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pannier_proto::job::JobLife;
use pannier_proto::request::{Preempt, RemoteStatus, Status};
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
/// Between two tries of that.
const AGAIN: Duration = Duration::from_millis(20);
/// Within this the daemon has noticed that the command's writers are gone.
const NOTICED: Duration = Duration::from_secs(1);
/// The state of a remote that nobody waits for.
const CARRIED: &str = "carried";
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

/// Until nobody tells anything any more.
fn keep(home: &Home, url: Option<&str>, job: Option<&JobLife>, told: &Receiver<i64>) {
    let client = Client::new(home.socket());
    let mut pause = LOOK_INTERVAL;
    let mut warned = false;
    let mut to_tell: Option<i64> = None;
    let mut heard = false;
    let mut ending: Option<Instant> = None;
    loop {
        match told.recv_timeout(pause) {
            Ok(since_us) => to_tell = to_tell.or(Some(since_us)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let since = *ending.get_or_insert_with(Instant::now);
                let over = to_tell.is_none() && (!heard || brought(&client, since));
                if over || since.elapsed() > LAST_WORDS {
                    return;
                }
                std::thread::sleep(AGAIN);
            }
        }
        pause = LOOK_INTERVAL;
        if client.ready() {
            warned = false;
        } else if let Err(problem) = revive(home, url) {
            if !std::mem::replace(&mut warned, true) {
                show::warn(&format!("{problem}; it is tried again"));
            }
            pause = RETRY_INTERVAL;
            if ending.is_some() {
                return;
            }
            continue;
        }
        if let (Some(since_us), Some(job)) = (to_tell, job) {
            let asked = json!(Preempt { job: job.clone(), since_us });
            if client.call_within("POST", "/v1/preempt", Some(&asked), PATIENCE).is_ok() {
                to_tell = None;
                heard = true;
            }
        }
    }
}

/// Whether the remotes that can be reached have all that the command logged, its
/// end included. Where the daemon is told to go with the command, nobody else
/// would start one that brings the rest away.
fn brought(client: &Client, ended: Instant) -> bool {
    let answer = client.call_within("GET", "/v1/status", None, PATIENCE);
    let Ok(status) = answer.and_then(Answer::json::<Status>) else { return false };
    let has = |remote: &RemoteStatus| remote.records_queued == 0 && remote.bytes_queued == 0;
    let no_use = |remote: &RemoteStatus| remote.last_error.is_some() || remote.state == CARRIED;
    // Those of other jobs go on.
    let noticed = status.writers == 0 || ended.elapsed() > NOTICED;
    let taken_in = noticed && status.spool_bytes == 0;
    status.remotes.iter().all(|remote| no_use(remote) || (taken_in && has(remote)))
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
