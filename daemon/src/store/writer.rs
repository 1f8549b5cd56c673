//! The one thread that writes. Closures that wait together share a commit.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use pannier_proto::id::Origin;
use rusqlite::Connection;
use tokio::sync::{broadcast, watch};

use super::touched::{Marks, Touched};
use super::{Result, StoreError};

/// Closures waiting for the writer; whoever comes later waits to hand his over.
const QUEUE: usize = 64;
/// Closures of one commit.
const GROUP: usize = 64;

/// A transaction on the writing connection.
pub struct Tx<'a> {
    /// For the store's own modules.
    pub(super) sql: &'a Connection,
    /// What it is about.
    pub(super) marks: &'a Marks,
}

/// Who is told of commits.
pub(super) struct Announce {
    /// Counts them.
    pub newer: watch::Sender<u64>,
    /// Says what they were about.
    pub touched: broadcast::Sender<Arc<[Touched]>>,
}

impl Tx<'_> {
    /// This home's id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn origin(&self) -> Result<Origin> {
        super::origin(self.sql)
    }

    /// Runs a part of the work that may fail by itself: what it changed is then
    /// undone, and the rest of the transaction stays.
    ///
    /// # Errors
    /// What the part returns.
    pub fn attempt<T>(&self, part: impl FnOnce(&Tx) -> Result<T>) -> Result<T> {
        in_savepoint(self, part)
    }
}

type Answer = Box<dyn FnOnce(Result<()>) + Send>;
/// Given no connection, the job only answers that nothing was done.
type Work = Box<dyn FnOnce(Option<&Tx>) -> Answer + Send>;

enum Job {
    Write(Work),
    Compact(SyncSender<Result<()>>),
    Close,
}

pub(super) struct Writer {
    jobs: SyncSender<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, announce: Announce) -> Self {
        let (jobs, queue) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || run(connection, &queue, &announce));
        // Without a thread every submit finds the queue closed and says so.
        Self { jobs, thread: Mutex::new(thread.ok()) }
    }

    /// Hands a closure over; `tell` hears of it after the commit.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx) -> Result<T> + Send + 'static,
        tell: impl FnOnce(Result<T>) + Send + 'static,
    ) -> Result<()> {
        let job = Box::new(move |tx: Option<&Tx>| -> Answer {
            match tx.map(|tx| in_savepoint(tx, work)) {
                Some(Ok(value)) => Box::new(move |committed: Result<()>| tell(committed.map(|()| value))),
                Some(Err(error)) => Box::new(move |_| tell(Err(error))),
                None => Box::new(move |why: Result<()>| tell(Err(why.err().unwrap_or(StoreError::Closed)))),
            }
        });
        self.send(Job::Write(job))
    }

    /// Fails where the thread is gone, and only then.
    fn send(&self, job: Job) -> Result<()> {
        if self.jobs.send(job).is_err() { Err(StoreError::Closed) } else { Ok(()) }
    }

    pub(super) fn compact(&self) -> Result<()> {
        let (tell, told) = sync_channel(1);
        self.send(Job::Compact(tell))?;
        told.recv().unwrap_or(Err(StoreError::Closed))
    }

    pub(super) fn close(&self) {
        // A closed queue means that the thread is gone already.
        let _ = self.jobs.send(Job::Close);
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

fn in_savepoint<T>(tx: &Tx, work: impl FnOnce(&Tx) -> Result<T>) -> Result<T> {
    let sql = tx.sql;
    sql.execute_batch("SAVEPOINT job")?;
    // A fault in one job must not end the thread that all others need. What it
    // changed is undone below, and nothing else is shared with it.
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(tx)));
    let result = done.unwrap_or_else(|_reported_by_the_hook| {
        Err(StoreError::Commit("a fault of pannier's own; its log says where".to_owned()))
    });
    match &result {
        Ok(_) => sql.execute_batch("RELEASE job")?,
        Err(_) => sql.execute_batch("ROLLBACK TO job; RELEASE job")?,
    }
    result
}

#[expect(clippy::needless_pass_by_value, reason = "the thread owns its connection, and closes it")]
fn run(connection: Connection, queue: &Receiver<Job>, announce: &Announce) {
    let mut commits = 0;
    let marks = Marks::default();
    while let Ok(job) = queue.recv() {
        let mut next = Some(job);
        while let Some(job) = next.take() {
            match job {
                Job::Write(first) => {
                    next = group(&Tx { sql: &connection, marks: &marks }, first, queue);
                    commits += 1;
                    // Nobody listening is not a fault.
                    let _ = announce.newer.send(commits);
                    let marks = marks.take();
                    if !marks.is_empty() {
                        let _ = announce.touched.send(marks.into());
                    }
                }
                Job::Compact(tell) => {
                    let _ = tell.send(compact(&connection));
                }
                Job::Close => {
                    if let Err(error) = compact(&connection) {
                        tracing::warn!("cannot compact the database at close: {error}");
                    }
                    return;
                }
            }
        }
    }
}

/// Runs a job and those that wait behind it in one transaction, then answers
/// all of them. Returns the job that ended the group, if it was of another kind.
fn group(tx: &Tx, first: Work, queue: &Receiver<Job>) -> Option<Job> {
    let connection = tx.sql;
    let mut state = connection.execute_batch("BEGIN IMMEDIATE");
    let mut answers = Vec::new();
    let mut work = Some(first);
    let mut other = None;
    while let Some(job) = work.take() {
        answers.push(job(state.is_ok().then_some(tx)));
        if state.is_ok() && connection.is_autocommit() {
            // SQLite gave the whole transaction up (a full disk does that).
            state = Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL),
                None,
            ));
        }
        if answers.len() < GROUP {
            match queue.try_recv() {
                Ok(Job::Write(next)) => work = Some(next),
                Ok(job) => other = Some(job),
                Err(_) => {}
            }
        }
    }
    let committed = state.and_then(|()| connection.execute_batch("COMMIT"));
    if let Err(error) = &committed {
        stop_if_unsyncable(error);
        if !connection.is_autocommit() {
            // The answers below say that nothing was changed; make it so.
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
    for answer in answers {
        answer(match &committed {
            Ok(()) => Ok(()),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) => {
                Err(StoreError::Full)
            }
            Err(error) => Err(StoreError::Commit(error.to_string())),
        });
    }
    other
}

#[expect(clippy::exit, reason = "nothing that this process believes about the disk can be trusted any more")]
/// After a failed fsync the kernel may have dropped the pages, and a second
/// fsync would succeed without them. Only a new start from what is on disk is
/// safe: clients keep journaling, and the next one starts the daemon again.
fn stop_if_unsyncable(error: &rusqlite::Error) {
    let code = error.sqlite_error().map(|error| error.extended_code);
    let fsync = [rusqlite::ffi::SQLITE_IOERR_FSYNC, rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC];
    if code.is_some_and(|code| fsync.contains(&code)) {
        tracing::error!("the disk failed to sync ({error}); stopping, to start again from what is on disk");
        std::process::exit(crate::EXIT_DISK);
    }
}

fn compact(connection: &Connection) -> Result<()> {
    // Both pragmas return rows, which must be stepped through to take effect.
    for pragma in ["PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"] {
        let mut statement = connection.prepare(pragma)?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
    }
    Ok(())
}
