//! Remotes, and how far each is with each stream.

use std::collections::BTreeMap;

use pannier_proto::dashboard::SyncState;
use pannier_proto::hub::StreamId;
use pannier_proto::id::{Id128, Origin, RunPath, Seq};
use pannier_proto::record::Change;
use pannier_proto::request::RunAtRemote;
use rusqlite::{Connection, OptionalExtension, params};

use super::append::{Incoming, known};
use super::touched::Touched;
use super::writer::Tx;
use super::{Result, Store, StoreError, from_sql, to_sql};

/// A remote, as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// What it is called here.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// The hub's start that the cursors were last checked against.
    pub epoch: Option<Id128>,
}

/// One stream and how far one remote is with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// Its id in this database.
    pub stream: i64,
    /// Its name on the wire.
    pub id: StreamId,
    /// The last `Seq` here.
    pub last_seq: Seq,
    /// The last `Seq` there, as far as is known.
    pub sent: Seq,
    /// Whether the run is being written.
    pub live: bool,
    /// When the run was last written, in microseconds since 1970.
    pub updated_us: i64,
    /// Why nothing is sent until someone acts.
    pub parked: Option<String>,
}

/// A cursor to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorRow {
    /// The stream.
    pub stream: i64,
    /// The last `Seq` there.
    pub seq: Seq,
    /// The run's last step there.
    pub last_step: Option<i64>,
    /// Why nothing is sent until someone acts.
    pub parked: Option<String>,
}

impl Tx<'_> {
    /// Adds a remote, or gives the one of this name another URL.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_remote(&self, name: &str, url: &str, now_us: i64) -> Result<()> {
        self.touch(Touched::Sync);
        let known: Option<String> = self
            .sql
            .query_row("SELECT url FROM remotes WHERE name = ?1", [name], |row| row.get(0))
            .optional()?;
        if known.as_deref().is_some_and(|known| known != url) {
            // Another place: what it has is not known.
            self.sql.execute("DELETE FROM cursors WHERE remote = ?1", [name])?;
            self.sql.execute("DELETE FROM exported WHERE remote = ?1", [name])?;
            self.sql.execute("DELETE FROM counterparts WHERE remote = ?1", [name])?;
            self.sql
                .execute("UPDATE remotes SET url = ?2, epoch = NULL WHERE name = ?1", params![name, url])?;
        }
        self.sql.execute(
            "INSERT INTO remotes (name, url, created_us) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING",
            params![name, url, now_us],
        )?;
        Ok(())
    }

    /// Forgets a remote and how far it is.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub fn remove_remote(&self, name: &str) -> Result<()> {
        self.touch(Touched::Sync);
        self.sql.execute("DELETE FROM cursors WHERE remote = ?1", [name])?;
        match self.sql.execute("DELETE FROM remotes WHERE name = ?1", [name])? {
            0 => Err(StoreError::Missing(format!("remote {name:?}"))),
            _ => Ok(()),
        }
    }

    /// The changes of a block of a workspace that are not here yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn new_changes<'a>(&self, incoming: &'a Incoming) -> Result<&'a [Change]> {
        // Without making the stream: a project that has one is there.
        let here = position(self.sql, incoming.origin, &incoming.path)?;
        let next = here.map_or(0, |(_, seq, _)| seq) + 1;
        let known = known(incoming.first_seq.unwrap_or(next), next);
        // Where nothing but changes comes, as to a workspace, these are its records.
        Ok(incoming.block.changes().get(known..).unwrap_or_default())
    }

    /// Stores what a remote answered: where streams stand, and for which start
    /// of the remote that holds. A last step that is not known stays as it was
    /// where the position does.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_cursors(&self, remote: &str, epoch: Option<Id128>, cursors: &[CursorRow]) -> Result<()> {
        if let Some(epoch) = epoch {
            self.sql.execute("UPDATE remotes SET epoch = ?2 WHERE name = ?1", params![remote, epoch.0])?;
        }
        let mut upsert = self.sql.prepare_cached(
            "INSERT INTO cursors (remote, stream, seq, last_step, parked)
             SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM remotes WHERE name = ?1)
             ON CONFLICT (remote, stream) DO UPDATE SET
                 last_step = CASE WHEN excluded.seq = seq THEN coalesce(excluded.last_step, last_step) ELSE excluded.last_step END,
                 seq = excluded.seq, parked = excluded.parked",
        )?;
        if !cursors.is_empty() {
            self.touch(Touched::Sync);
        }
        for cursor in cursors {
            upsert.execute(params![
                remote,
                cursor.stream,
                to_sql(cursor.seq),
                cursor.last_step,
                cursor.parked
            ])?;
        }
        Ok(())
    }

    /// Lets parked runs be sent again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unpark(&self, remote: &str) -> Result<usize> {
        self.touch(Touched::Sync);
        Ok(self
            .sql
            .execute("UPDATE cursors SET parked = NULL WHERE remote = ?1 AND parked IS NOT NULL", [remote])?)
    }
}

/// A stream, its last `Seq` and its last step.
pub(super) fn position(
    sql: &Connection,
    origin: Origin,
    path: &RunPath,
) -> Result<Option<(i64, Seq, Option<i64>)>> {
    Ok(sql
        .prepare_cached(
            "SELECT s.id, s.last_seq, s.last_step FROM streams s JOIN runs r ON r.id = s.run
             WHERE s.origin = ?1 AND r.entity = ?2 AND r.project = ?3 AND r.run = ?4",
        )?
        .query_row(params![origin.0, path.entity, path.project, path.run], |row| {
            Ok((row.get(0)?, from_sql(row.get(1)?), row.get(2)?))
        })
        .optional()?)
}

impl Store {
    /// Every remote, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remotes(&self) -> Result<Vec<Remote>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT name, url, epoch FROM remotes ORDER BY name")?;
            let rows = select.query_map([], |row| {
                Ok(Remote {
                    name: row.get(0)?,
                    url: row.get(1)?,
                    epoch: row.get::<_, Option<[u8; 16]>>(2)?.map(Id128),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The streams that a remote lacks something of, live ones first, then the
    /// newest; with `all`, every stream.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn streams_for(&self, remote: &str, all: bool) -> Result<Vec<StreamState>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT s.id, s.origin, r.entity, r.project, r.run, s.last_seq, coalesce(c.seq, 0), r.state = 'running', r.updated_us, c.parked
                 FROM streams s JOIN runs r ON r.id = s.run
                 LEFT JOIN cursors c ON c.remote = ?1 AND c.stream = s.id
                 WHERE ?2 OR s.last_seq > coalesce(c.seq, 0)
                 ORDER BY r.state = 'running' DESC, r.updated_us DESC, s.id",
            )?;
            let rows = select.query_map(params![remote, all], |row| {
                let path = RunPath { entity: row.get(2)?, project: row.get(3)?, run: row.get(4)? };
                Ok(StreamState {
                    stream: row.get(0)?,
                    id: StreamId { origin: Id128(row.get(1)?), path },
                    last_seq: from_sql(row.get(5)?),
                    sent: from_sql(row.get(6)?),
                    live: row.get(7)?,
                    updated_us: row.get(8)?,
                    parked: row.get(9)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Where a stream stands here: its last `Seq` and last step.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn position(&self, id: &StreamId) -> Result<Option<(i64, Seq, Option<i64>)>> {
        self.read_blocking(|sql| position(sql, id.origin, &id.path))
    }

    /// What no list of runs shows and remotes are sent: workspaces, and deleted runs
    /// of which a remote lacks something. Those of late first, at most so many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unlisted(&self, limit: usize) -> Result<Vec<RunPath>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT entity, project, run FROM runs r WHERE workspace = 1 OR (deleted_us IS NOT NULL AND EXISTS (
                     SELECT 1 FROM streams s JOIN remotes m LEFT JOIN cursors c ON c.remote = m.name AND c.stream = s.id
                     WHERE s.run = r.id AND s.last_seq > coalesce(c.seq, 0)))
                 ORDER BY updated_us DESC, id DESC LIMIT ?1",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = select.query_map([limit], |row| {
                Ok(RunPath { entity: row.get(0)?, project: row.get(1)?, run: row.get(2)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// How far each remote is with a run or a workspace, and its records here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn run_at_remotes(&self, path: &RunPath) -> Result<(u64, BTreeMap<String, RunAtRemote>)> {
        self.read_blocking(|sql| {
            let run = super::runs::with_records(sql, path)?;
            let records: i64 =
                sql.query_row("SELECT coalesce(sum(last_seq), 0) FROM streams WHERE run = ?1", [run], |row| row.get(0))?;
            let mut select = sql.prepare_cached(
                "SELECT m.name, sum(coalesce(c.seq, 0)), sum(s.last_seq - coalesce(c.seq, 0)), max(c.last_step), max(c.parked),
                     coalesce(sum((SELECT sum(b.bytes) FROM blocks b WHERE b.stream = s.id AND b.last_seq > coalesce(c.seq, 0))), 0),
                     min((SELECT min(b.stored_us) FROM blocks b WHERE b.stream = s.id AND b.last_seq > coalesce(c.seq, 0)))
                 FROM remotes m JOIN streams s LEFT JOIN cursors c ON c.remote = m.name AND c.stream = s.id
                 WHERE s.run = ?1 GROUP BY m.name",
            )?;
            let rows = select.query_map([run], |row| {
                let records_queued = from_sql(row.get(2)?);
                let parked: Option<String> = row.get(4)?;
                let state = match (&parked, records_queued) {
                    (Some(_), _) => SyncState::Failed,
                    (None, 0) => SyncState::Sent,
                    (None, _) => SyncState::Queued,
                };
                Ok((
                    row.get::<_, String>(0)?,
                    RunAtRemote {
                        state,
                        records: from_sql(row.get(1)?),
                        records_queued,
                        last_step: row.get(3)?,
                        parked,
                        bytes_queued: from_sql(row.get(5)?),
                        oldest_unsent_us: row.get(6)?,
                        last_error: None,
                        records_passed_on: None,
                        url: None,
                    },
                ))
            })?;
            Ok((from_sql(records), rows.collect::<Result<_, _>>()?))
        })
    }

    /// Records sent, records queued and bytes queued of a remote, parked runs
    /// included.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn backlog(&self, remote: &str) -> Result<(u64, u64, u64)> {
        self.read_blocking(|sql| {
            let totals = sql
                .prepare_cached(
                    "SELECT coalesce(sum(min(coalesce(c.seq, 0), s.last_seq)), 0), coalesce(sum(s.last_seq - min(coalesce(c.seq, 0), s.last_seq)), 0),
                         coalesce(sum((SELECT sum(b.bytes) FROM blocks b WHERE b.stream = s.id AND b.last_seq > coalesce(c.seq, 0))), 0)
                     FROM streams s LEFT JOIN cursors c ON c.remote = ?1 AND c.stream = s.id",
                )?
                .query_row([remote], |row| Ok((from_sql(row.get(0)?), from_sql(row.get(1)?), from_sql(row.get(2)?))))?;
            Ok(totals)
        })
    }

    /// Every stream: its id here, its name, its last `Seq`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn streams(&self) -> Result<Vec<(i64, StreamId, Seq)>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT s.id, s.origin, r.entity, r.project, r.run, s.last_seq FROM streams s JOIN runs r ON r.id = s.run ORDER BY s.id",
            )?;
            let rows = select.query_map([], |row| {
                let origin: Origin = Id128(row.get(1)?);
                let path = RunPath { entity: row.get(2)?, project: row.get(3)?, run: row.get(4)? };
                Ok((row.get(0)?, StreamId { origin, path }, from_sql(row.get(5)?)))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
