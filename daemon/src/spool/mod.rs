//! The door for journals: finds them, reads them, and commits what they hold
//! together with how far it read, in one transaction. So each record is in the
//! store exactly once, whatever dies when.
//!
//! One thread owns it. It learns of new writers by announcement, from the file
//! system (`watch`) and by looking; it looks at journals that are being
//! written every [`TAIL_INTERVAL`]: an event per write would cost the trainer
//! a wake-up a call. After any failure it forgets what it believes and asks the
//! store where it stands. It knows no HTTP and no remote.

mod batch;
mod event;
mod journal;
mod reader;
mod refusal;
mod segments;
mod snapshot;
#[cfg(test)]
mod tests;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use pannier_proto::id::{RunPath, WriterId};

use self::reader::Reader;
pub use self::snapshot::{folder, named};
use crate::health::Health;
use crate::limits::TAIL_INTERVAL;
use crate::store::Store;

/// Commands waiting: many processes may begin and end together.
const COMMANDS_MAX: usize = 1024;

enum Command {
    /// A new writer, or an event in the folder.
    Look,
    /// Read all there is of this writer, or of all, and say when it is durable.
    Drain(Option<WriterId>, tokio::sync::oneshot::Sender<Drained>),
    Stop,
}

/// What became of a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// All that was there is committed and synced.
    Durable,
    /// There is no such journal: it was consumed and removed, or never was.
    Unknown,
    /// The store could not take it; it is in the journal still.
    Failed,
}

/// A writer that lives, as others need to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveWriter {
    /// The run it writes.
    pub path: RunPath,
    /// Its process.
    pub pid: u32,
}

/// What the spool's thread shows to the others.
#[derive(Debug, Clone, Default)]
pub struct SpoolView {
    /// Writers that live.
    pub live: Vec<LiveWriter>,
    /// Bytes that are not committed.
    pub unread_bytes: u64,
}

/// Where the spool reads, and what it moves where.
#[derive(Debug, Clone)]
pub struct Folders {
    /// The journals; it exists.
    pub spool: PathBuf,
    /// Bytes that cannot be taken in.
    pub quarantine: PathBuf,
    /// Snapshots that were taken over; it exists, on the spool's file system.
    pub incoming: PathBuf,
}

/// The hooks that the spool's owner gives it.
pub struct Hooks {
    /// A run's program told of itself: gather what it left to us.
    pub program: Box<dyn Fn(RunPath, serde_json::Map<String, serde_json::Value>) + Send>,
    /// A program named a remote.
    pub remote: Box<dyn Fn(String) + Send>,
    /// Snapshots were taken over: their bytes are to be stored.
    pub taken_over: Box<dyn Fn() + Send>,
}

/// The handle on the spool's thread.
pub struct Spool {
    commands: SyncSender<Command>,
    view: tokio::sync::watch::Receiver<SpoolView>,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Spool {
    /// Starts to read the spool.
    ///
    /// # Errors
    /// What starting a thread returns.
    pub fn start(
        folders: Folders,
        store: Arc<Store>,
        health: Arc<Health>,
        hooks: Hooks,
    ) -> std::io::Result<Self> {
        let (commands, queue) = sync_channel(COMMANDS_MAX);
        let (show, view) = tokio::sync::watch::channel(SpoolView::default());
        let watcher = watch::start(&folders.spool, {
            let commands = commands.clone();
            // Full: it is about to look anyway.
            move || drop(commands.try_send(Command::Look))
        });
        let mut reader = Reader::new(folders, store, health, hooks);
        let thread = std::thread::Builder::new().name("spool".into()).spawn(move || {
            let _watcher = watcher;
            reader.run(&queue, &show);
        })?;
        Ok(Self { commands, view, thread: std::sync::Mutex::new(Some(thread)) })
    }

    /// A writer was announced.
    pub fn look(&self) {
        // Full: it is about to look anyway. Closed: the next start looks.
        let _ = self.commands.try_send(Command::Look);
    }

    /// Reads and commits what this writer's journal holds, or every journal: then it
    /// is seen, too, which writers are gone without having said so.
    pub async fn drain(&self, writer: Option<WriterId>) -> Drained {
        let (tell, told) = tokio::sync::oneshot::channel();
        let mut command = Command::Drain(writer, tell);
        while let Err(error) = self.commands.try_send(command) {
            match error {
                TrySendError::Full(back) => command = back,
                TrySendError::Disconnected(_) => return Drained::Failed,
            }
            tokio::time::sleep(TAIL_INTERVAL).await;
        }
        told.await.unwrap_or(Drained::Failed)
    }

    /// What is being written.
    #[must_use]
    pub fn view(&self) -> SpoolView {
        self.view.borrow().clone()
    }

    /// Commits what is there and ends the thread.
    pub fn stop(&self) {
        let _ = self.commands.send(Command::Stop);
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// Whether a path is a journal's folder in a spool.
#[must_use]
pub fn is_writer_dir(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.parse::<WriterId>().is_ok())
}
