//! Opens the database: pragmas, migrations, and the refusal of a newer one.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{Result, StoreError};

/// Numbered, never edited once released.
const MIGRATIONS: [&str; 9] = [
    include_str!("../../migrations/0001_runs.sql"),
    include_str!("../../migrations/0002_files.sql"),
    include_str!("../../migrations/0003_blobs.sql"),
    include_str!("../../migrations/0004_registry.sql"),
    include_str!("../../migrations/0005_members.sql"),
    include_str!("../../migrations/0006_intake.sql"),
    include_str!("../../migrations/0007_views.sql"),
    include_str!("../../migrations/0008_relays.sql"),
    include_str!("../../migrations/0012_lives.sql"),
];

/// The first SQLite whose checkpoint cannot lose a commit that races it.
#[cfg(test)]
pub const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// How readers and the writer of a database keep out of each other's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    /// By a log beside the database, and memory that the processes share.
    Wal,
    /// By locks alone, for file systems where nothing can be shared: readers and
    /// the writer wait for each other.
    Delete,
}

/// How long the writer waits for readers where they share nothing.
const READERS_PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

/// Opens the one connection that writes.
pub fn open_writer(path: &Path, journal: Journal) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(64);
    refuse_newer(&connection)?;
    // Before the first table: free pages go back to the file system, so that
    // sealing gives back the room of what it replaced.
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    match journal {
        Journal::Wal => connection.pragma_update(None, "journal_mode", "WAL")?,
        Journal::Delete => {
            connection.busy_timeout(READERS_PATIENCE)?;
            connection.pragma_update(None, "journal_mode", "DELETE")?;
        }
    }
    connection.pragma_update(None, "synchronous", synchronous())?;
    connection.pragma_update(None, "cache_size", -4096)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "wal_autocheckpoint", 1000)?;
    connection.pragma_update(None, "journal_size_limit", 4 << 20)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    migrate(&connection)?;
    Ok(connection)
}

/// Opens one of the connections that only read.
pub fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "cache_size", -2048)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

/// `FULL`: a commit that was answered survives a power cut. The negative
/// control of the power-loss test turns it off, in debug builds only.
fn synchronous() -> &'static str {
    if crate::sabotage::is("no-fsync") { "OFF" } else { "FULL" }
}

fn version(connection: &Connection) -> Result<usize> {
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(version as usize)
}

/// Looks before anything is touched: an older build changes no byte of a newer
/// home.
fn refuse_newer(connection: &Connection) -> Result<()> {
    match version(connection)? {
        found if found > MIGRATIONS.len() => Err(StoreError::Newer { found, known: MIGRATIONS.len() }),
        _ => Ok(()),
    }
}

fn migrate(connection: &Connection) -> Result<()> {
    let version = version(connection)?;
    for (at, sql) in MIGRATIONS.iter().enumerate().skip(version) {
        connection
            .execute_batch(&format!("BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {}; COMMIT", at + 1))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linked_sqlite_does_not_lose_commits() {
        assert!(rusqlite::version_number() >= SQLITE_VERSION_MIN, "{}", rusqlite::version());
    }

    #[test]
    fn a_newer_home_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pannier.db");
        let connection = open_writer(&path, Journal::Wal).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(open_writer(&path, Journal::Wal), Err(StoreError::Newer { found: 99, .. })));
        assert!(std::fs::read(&path).unwrap() == before);
    }
}
