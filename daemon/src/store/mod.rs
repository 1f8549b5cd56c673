//! The only SQL. What is durable, in one SQLite database in the home.
//!
//! - The **log**: streams of blocks ([`crate::block`]). The blocks of a stream
//!   cover its `Seq`s without gap or overlap; merging and sealing change how
//!   records lie in blocks, never which records there are, nor their order.
//! - **Positions**: how far each journal is consumed, how far each remote is.
//!   A position is committed in the transaction of the records it speaks of.
//! - **Views** that would be slow to compute on the spot: run rows, metrics.
//!   They are brought up to date in the transaction that appends.
//!
//! One thread writes, with `synchronous=FULL`; whoever wants to write hands it
//! a closure and is answered after the commit. Closures that arrive together
//! share a commit. Readers have connections of their own, opened as needed.
//! The store knows no caller: no journal, no HTTP, no remote protocol.

mod accounts;
mod aliases;
mod append;
mod artifacts;
mod blobs;
mod branches;
mod collections;
mod drafts;
mod files;
mod history;
mod intake;
mod keys;
mod learned;
mod lineage;
mod lines;
#[cfg(test)]
mod lives_tests;
mod log;
mod merge;
mod metrics;
mod positions;
mod projects;
mod query;
mod relays;
mod runs;
mod schema;
mod series;
mod settle;
mod sketch;
mod sync_state;
#[cfg(test)]
mod tests;
mod touched;
mod unpacked;
mod users;
mod versions;
mod views;
mod workspace;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pannier_proto::id::{Id128, Origin, Seq};
use rusqlite::{Connection, ErrorCode, OptionalExtension};
use tokio::sync::{broadcast, watch};

pub use accounts::{Registered, default_organization};
pub use aliases::{Alias, Moved};
pub use append::{Appended, Incoming, PREEMPTING, STOP};
pub use artifacts::ArtifactRow;
pub use blobs::{BlobRow, Candidate, Chunk, Filed, Place, Segment};
pub use collections::Collection;
pub use drafts::{Draft, DraftManifest, ManifestKind};
pub use files::RunFile;
pub use history::RowsQuery;
pub use intake::{IntakeItem, IntakeState};
pub use lines::{Bucket, Line, LineQuery};
pub use log::{LogBlock, hash_record};
pub use positions::{JournalPosition, LinePosition};
pub use projects::{Project, Said};
pub use query::{RunFacts, Wanted};
pub use relays::Relay;
pub use runs::RunFilter;
pub use schema::Journal;
pub use series::Series;
pub use sync_state::{CursorRow, Remote, StreamState};
pub use touched::Touched;
pub use users::{Known, NewUser};
pub use versions::VersionFacts;
pub use views::{ViewFilter, ViewRow};
pub use writer::Tx;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk or the quota is full; try again when there is room.
    #[error("the disk is full")]
    Full,
    /// The database was made by a newer pannier.
    #[error("the database has schema version {found}; this pannier knows up to {known}")]
    Newer {
        /// Its version.
        found: usize,
        /// Ours.
        known: usize,
    },
    /// Bytes changed on disk.
    #[error("block {block} of run {run} is damaged: {source}")]
    Damaged {
        /// The block's id.
        block: i64,
        /// The run's id in this database.
        run: i64,
        /// How.
        source: crate::block::BadBlock,
    },
    /// There is no such run, remote, user, team or organization.
    #[error("there is no {0}")]
    Missing(String),
    /// The request contradicts what is stored.
    #[error("{0}")]
    Conflict(String),
    /// The request can never be granted.
    #[error("{0}")]
    Refused(String),
    /// The store is closing.
    #[error("the store is closing")]
    Closed,
    /// The transaction was given up; nothing was changed.
    #[error("cannot commit: {0}")]
    Commit(String),
    /// Anything else that SQLite reports.
    #[error("database: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch) => {
                Self::Refused(format!("the database does not take it: {error}"))
            }
            _ => Self::Sqlite(error),
        }
    }
}

/// What the store's functions return.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// An open store.
pub struct Store {
    path: PathBuf,
    origin: Origin,
    writer: writer::Writer,
    readers: Mutex<Vec<Connection>>,
    newer: watch::Receiver<u64>,
    touched: broadcast::Sender<Arc<[Touched]>>,
    unpacked: unpacked::Unpacked,
    directory: accounts::Cache,
}

/// Idle reading connections that are kept.
const READERS_KEPT: usize = 4;

impl Store {
    /// Opens the database of a home, makes it if there is none, and starts the
    /// writing thread. Whatever a crash left is put right here, by SQLite.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Newer`] leaves the file untouched.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, Journal::Wal)
    }

    /// [`Store::open`], with readers and the writer kept apart in this way.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(path: &Path, journal: Journal) -> Result<Self> {
        let connection = schema::open_writer(path, journal)?;
        let origin = origin(&connection)?;
        let (newer_to_all, newer) = watch::channel(0);
        let (touched, _) = broadcast::channel(touched::BEHIND_MAX);
        let announce = writer::Announce { newer: newer_to_all, touched: touched.clone() };
        let writer = writer::Writer::start(connection, announce);
        Ok(Self {
            path: path.to_owned(),
            origin,
            writer,
            readers: Mutex::new(Vec::new()),
            newer,
            touched,
            unpacked: unpacked::Unpacked::default(),
            directory: accounts::Cache::default(),
        })
    }

    /// This home's id.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Changes with every commit.
    #[must_use]
    pub fn newer(&self) -> watch::Receiver<u64> {
        self.newer.clone()
    }

    /// Runs a closure in a transaction on the writing thread and waits until it
    /// is committed and synced.
    ///
    /// # Errors
    /// What the closure returns, after its changes were undone; or
    /// [`StoreError`] where the commit failed: then nothing was changed.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (tell, told) = tokio::sync::oneshot::channel();
        self.writer.submit(work, move |result| drop(tell.send(result)))?;
        told.await.unwrap_or(Err(StoreError::Closed))
    }

    /// [`Store::write`] for threads that are not the runtime's.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        self.writer.submit(work, move |result| drop(tell.send(result)))?;
        told.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Runs a closure on a reading connection, off the runtime's threads.
    ///
    /// # Errors
    /// What the closure returns.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.read_blocking(work))
            .await
            .unwrap_or(Err(StoreError::Closed))
    }

    /// [`Store::read`] on this thread. The closure must not keep the connection
    /// busy while it waits for anything else: an open read holds up the WAL.
    ///
    /// # Errors
    /// What the closure returns.
    pub fn read_blocking<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = self.readers.lock().ok().and_then(|mut readers| readers.pop());
        let connection = match idle {
            Some(connection) => connection,
            None => schema::open_reader(&self.path)?,
        };
        // One snapshot for the whole closure.
        connection.execute_batch("BEGIN")?;
        let result = work(&connection);
        connection.execute_batch("ROLLBACK")?;
        if let Ok(mut readers) = self.readers.lock()
            && readers.len() < READERS_KEPT
        {
            readers.push(connection);
        }
        result
    }

    /// Gives room back to the file system and empties the WAL. For quiet moments.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is lost by it.
    pub fn compact(&self) -> Result<()> {
        self.writer.compact()
    }

    /// Finishes what was submitted, commits, and closes the database.
    pub fn close(&self) {
        if let Ok(mut readers) = self.readers.lock() {
            readers.clear();
        }
        self.writer.close();
    }

    /// Checks the whole database: SQLite's own integrity check.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read at all.
    pub fn integrity(&self) -> Result<Vec<String>> {
        self.read_blocking(|connection| {
            let mut check = connection.prepare("PRAGMA integrity_check")?;
            let lines = check.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
            Ok(lines.into_iter().filter(|line| line != "ok").collect())
        })
    }
}

fn origin(connection: &Connection) -> Result<Origin> {
    let found: Option<[u8; 16]> = connection
        .query_row("SELECT value FROM meta WHERE key = 'origin'", [], |row| row.get(0))
        .optional()?;
    if let Some(bytes) = found {
        return Ok(Id128(bytes));
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::Refused(format!("no random numbers: {error}")))?;
    connection.execute("INSERT INTO meta (key, value) VALUES ('origin', ?1)", [bytes])?;
    Ok(Id128(bytes))
}

/// `Seq`s as SQLite stores them.
fn to_sql(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// And back; a negative one, which nothing here writes, counts as 0.
fn from_sql(seq: i64) -> Seq {
    Seq::try_from(seq).unwrap_or(0)
}
