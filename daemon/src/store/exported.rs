//! What was written into bundles, for which destination, up to which record.

use pannier_proto::bundle::CARRIED;
use pannier_proto::hub::StreamId;
use pannier_proto::id::{Id128, RunPath, Seq};
use rusqlite::{OptionalExtension, params};

use super::touched::Touched;
use super::writer::Tx;
use super::{Result, Store, StoreError, from_sql, to_sql};

/// A stream, and how far it is on its way to a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exportable {
    /// Its id in this database.
    pub stream: i64,
    /// Its name on the wire.
    pub id: StreamId,
    /// The last `Seq` here.
    pub last_seq: Seq,
    /// The last that is in a bundle.
    pub exported: Seq,
    /// The last that arrived, by a receipt.
    pub received: Seq,
}

impl Tx<'_> {
    /// Sees to it that there is a destination of this name.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where a remote of another kind is called so.
    pub fn set_destination(&self, name: &str, now_us: i64) -> Result<()> {
        let url: Option<String> = self
            .sql
            .query_row("SELECT url FROM remotes WHERE name = ?1", [name], |row| row.get(0))
            .optional()?;
        match url {
            None => self.set_remote(name, CARRIED, now_us),
            Some(url) if url == CARRIED => Ok(()),
            Some(url) => Err(StoreError::Conflict(format!(
                "{name:?} is a remote that is sent to, at {url}; give the destination of bundles another name"
            ))),
        }
    }

    /// Notes up to where streams are in bundles; never back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_exported(&self, name: &str, streams: &[(i64, Seq)]) -> Result<()> {
        self.touch(Touched::Sync);
        self.sql.execute("UPDATE remotes SET bundles = bundles + 1 WHERE name = ?1", [name])?;
        let mut upsert = self.sql.prepare_cached(
            "INSERT INTO exported (remote, stream, seq) VALUES (?1, ?2, ?3)
             ON CONFLICT (remote, stream) DO UPDATE SET seq = max(seq, excluded.seq)",
        )?;
        for (stream, upto) in streams {
            upsert.execute(params![name, stream, to_sql(*upto)])?;
        }
        Ok(())
    }
}

impl Store {
    /// How many bundles were written for a destination.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bundles_for(&self, name: &str) -> Result<u64> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT bundles FROM remotes WHERE name = ?1")?;
            Ok(select.query_row([name], |row| row.get(0)).optional()?.map_or(0, from_sql))
        })
    }

    /// Every stream, and how far it is on its way to a destination.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn exportable(&self, name: &str) -> Result<Vec<Exportable>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT s.id, s.origin, r.entity, r.project, r.run, s.last_seq, coalesce(e.seq, 0), coalesce(c.seq, 0)
                 FROM streams s JOIN runs r ON r.id = s.run
                 LEFT JOIN exported e ON e.remote = ?1 AND e.stream = s.id
                 LEFT JOIN cursors c ON c.remote = ?1 AND c.stream = s.id
                 ORDER BY s.id",
            )?;
            let rows = select.query_map([name], |row| {
                let path = RunPath { entity: row.get(2)?, project: row.get(3)?, run: row.get(4)? };
                Ok(Exportable {
                    stream: row.get(0)?,
                    id: StreamId { origin: Id128(row.get(1)?), path },
                    last_seq: from_sql(row.get(5)?),
                    exported: from_sql(row.get(6)?),
                    received: from_sql(row.get(7)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The heads of a stream's next blocks behind a record, each with the `Seq` of
    /// its block's first and last record.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn heads_after(&self, stream: i64, after: Seq, limit: usize) -> Result<Vec<(Seq, Seq, Vec<u8>)>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT first_seq, last_seq, head FROM blocks WHERE stream = ?1 AND last_seq > ?2
                 ORDER BY first_seq LIMIT ?3",
            )?;
            let rows = select.query_map(params![stream, to_sql(after), to_sql(limit as u64)], |row| {
                Ok((from_sql(row.get(0)?), from_sql(row.get(1)?), row.get(2)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
