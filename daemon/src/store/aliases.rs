//! The names of versions: every move of one, and what the moves come to.
//!
//! A move names the moves that it has seen. Those that no other has seen stand.
//! One standing move is the plain case. Several were made apart from each other,
//! by homes that did not hear of each other in time: a conflict. It is settled
//! by the later of their makers' clocks, then by the greater id, the same
//! everywhere; and it is shown until somebody moves the name again. `latest`
//! moves with every version, so it is settled by the greater number instead, and
//! never shown as a conflict.

use pannier_proto::id::{Id128, Origin};
use pannier_proto::workspace::{AliasMove, LATEST};
use rusqlite::{Connection, OptionalExtension, params};

use super::writer::Tx;
use super::{Result, Store};

/// A name that a version has in a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The name.
    pub alias: String,
    /// Microseconds since 1970 at which it was moved there.
    pub time_us: i64,
    /// By whom.
    pub by: Option<String>,
    /// Whether another move stands that was made apart from this one.
    pub conflict: bool,
}

/// A move of a name, as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The name.
    pub alias: String,
    /// To which version; `None`: away.
    pub to: Option<Id128>,
    /// Microseconds since 1970.
    pub time_us: i64,
    /// Who.
    pub by: Option<String>,
    /// On which home.
    pub origin: Origin,
    /// Whether it stands: no later move has seen it.
    pub stands: bool,
}

/// When a move was made, by whom, and on which home.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made<'a> {
    pub time_us: i64,
    pub by: Option<&'a str>,
    pub origin: Origin,
}

/// The moves of a name that stand.
fn standing(sql: &Connection, collection: i64, alias: &str) -> Result<Vec<Id128>> {
    let mut select = sql.prepare_cached(
        "SELECT id FROM alias_moves WHERE collection = ?1 AND alias = ?2 AND stands = 1 ORDER BY id",
    )?;
    let rows = select.query_map(params![collection, alias], |row| Ok(Id128(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The names that a version has in a collection.
pub(super) fn of_version(sql: &Connection, collection: i64, id: Id128) -> Result<Vec<Alias>> {
    let mut select = sql.prepare_cached(
        "SELECT alias, time_us, made_by, conflict FROM artifact_aliases WHERE artifact = ?2 AND collection = ?1 ORDER BY alias",
    )?;
    let rows = select.query_map(params![collection, id.0], |row| {
        Ok(Alias { alias: row.get(0)?, time_us: row.get(1)?, by: row.get(2)?, conflict: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Tx<'_> {
    /// A move that replaces what stands here.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn alias_move(&self, collection: Option<i64>, alias: &str, to: Option<Id128>) -> Result<AliasMove> {
        let seen = collection.map_or(Ok(Vec::new()), |collection| standing(self.sql, collection, alias))?;
        let id = crate::token::random().map_err(|error| super::StoreError::Refused(error.to_string()))?;
        Ok(AliasMove { id: Id128(id), alias: alias.to_owned(), to, seen })
    }

    /// Takes a move in, once.
    pub(super) fn add_alias_move(&self, collection: i64, moved: &AliasMove, made: Made) -> Result<()> {
        let added = self
            .sql
            .prepare_cached(
                "INSERT INTO alias_moves (id, collection, alias, artifact, time_us, made_by, origin, seen, stands)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NOT EXISTS (SELECT 1 FROM alias_seen WHERE id = ?1)) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                moved.id.0,
                collection,
                moved.alias,
                moved.to.map(|to| to.0),
                made.time_us,
                made.by,
                made.origin.0,
                serde_json::to_string(&moved.seen).unwrap_or_default()
            ])?;
        if added == 0 {
            return Ok(());
        }
        for seen in &moved.seen {
            self.sql
                .prepare_cached("INSERT INTO alias_seen (id) VALUES (?1) ON CONFLICT DO NOTHING")?
                .execute([seen.0])?;
            self.sql.prepare_cached("UPDATE alias_moves SET stands = 0 WHERE id = ?1")?.execute([seen.0])?;
        }
        self.settle_alias(collection, &moved.alias)
    }

    /// Says anew which version has the name.
    pub(super) fn settle_alias(&self, collection: i64, alias: &str) -> Result<()> {
        // Those that stand and whose version is there, the one that wins first.
        let order = if alias == LATEST { "m.version DESC" } else { "v.time_us DESC, v.id DESC" };
        let mut select = self.sql.prepare_cached(&format!(
            "SELECT v.artifact, v.time_us, v.made_by, m.id IS NOT NULL
             FROM alias_moves v
             LEFT JOIN memberships m ON m.collection = v.collection AND m.artifact = v.artifact AND m.removed_us IS NULL
                 AND NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.id = v.artifact AND a.deleted_us IS NOT NULL)
             WHERE v.collection = ?1 AND v.alias = ?2 AND v.stands = 1 ORDER BY {order}"
        ))?;
        type Row = (Option<[u8; 16]>, i64, Option<String>, bool);
        let rows = select
            .query_map(params![collection, alias], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?
            .collect::<Result<Vec<Row>, _>>()?;
        let conflict = alias != LATEST && rows.iter().any(|row| row.0 != rows[0].0);
        let mut winner = rows.into_iter().next().filter(|row| row.3);
        if winner.is_none() && alias == LATEST {
            // The version that had it is gone: the newest that is left has it.
            let newest = "SELECT m.artifact, m.created_us, m.made_by, 1 FROM memberships m
                 WHERE m.collection = ?1 AND m.removed_us IS NULL
                     AND NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.id = m.artifact AND a.deleted_us IS NOT NULL)
                 ORDER BY m.version DESC LIMIT 1";
            winner = self
                .sql
                .prepare_cached(newest)?
                .query_row([collection], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
                .optional()?;
        }
        match winner {
            Some((Some(artifact), time_us, by, _)) => {
                self.sql
                    .prepare_cached(
                        "INSERT INTO artifact_aliases (collection, alias, artifact, time_us, made_by, conflict) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                         ON CONFLICT (collection, alias) DO UPDATE SET artifact = excluded.artifact, time_us = excluded.time_us,
                             made_by = excluded.made_by, conflict = excluded.conflict",
                    )?
                    .execute(params![collection, alias, artifact, time_us, by, conflict])?;
            }
            _ => {
                self.sql
                    .prepare_cached("DELETE FROM artifact_aliases WHERE collection = ?1 AND alias = ?2")?
                    .execute(params![collection, alias])?;
            }
        }
        Ok(())
    }

    /// [`Tx::settle_alias`] of every name that the collection knows.
    pub(super) fn settle_aliases(&self, collection: i64) -> Result<()> {
        let names = self
            .sql
            .prepare_cached("SELECT DISTINCT alias FROM alias_moves WHERE collection = ?1")?
            .query_map([collection], |row| row.get(0))?
            .collect::<Result<Vec<String>, _>>()?;
        names.iter().try_for_each(|alias| self.settle_alias(collection, alias))
    }
}

impl Store {
    /// Every move of a collection's names, or of one of them, newest first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn alias_moves(&self, collection: i64, alias: Option<&str>) -> Result<Vec<Moved>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT alias, artifact, time_us, made_by, origin, stands FROM alias_moves
                 WHERE collection = ?1 AND (?2 IS NULL OR alias = ?2) ORDER BY time_us DESC, id DESC",
            )?;
            let rows = select.query_map(params![collection, alias], |row| {
                Ok(Moved {
                    alias: row.get(0)?,
                    to: row.get::<_, Option<_>>(1)?.map(Id128),
                    time_us: row.get(2)?,
                    by: row.get(3)?,
                    origin: Id128(row.get(4)?),
                    stands: row.get(5)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
