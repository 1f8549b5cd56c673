//! Collections of versions, and the numbers that versions have in them.
//!
//! A version gets the next number when it comes to be here. Where there is a
//! remote, that number is provisional until the remote has said which it gave;
//! provisional numbers follow the settled ones, in their order.

use std::collections::{BTreeMap, BTreeSet};

use pannier_proto::id::Id128;
use pannier_proto::workspace::is_registry;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::writer::Tx;
use super::{Result, Store, StoreError, from_sql, to_sql};

/// A collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Its number in this database.
    pub id: i64,
    /// Whose.
    pub entity: String,
    /// In which project.
    pub project: String,
    /// Its name.
    pub name: String,
    /// The type of its versions.
    pub kind: String,
    /// Whether it holds links to versions that were logged elsewhere.
    pub links: bool,
    /// Free text.
    pub description: Option<String>,
    /// Its labels.
    pub tags: Vec<String>,
    /// Microseconds since 1970.
    pub created_us: i64,
    /// Of the last edit.
    pub updated_us: Option<i64>,
    /// Who made it.
    pub by: Option<String>,
}

pub(super) const COLUMNS: &str = "c.id, c.entity, c.project, c.name, c.kind, c.links, c.description, c.tags, c.created_us, c.updated_us, c.made_by";

/// Reads [`COLUMNS`] from `at` on.
pub(super) fn read(row: &Row, at: usize) -> rusqlite::Result<Collection> {
    Ok(Collection {
        id: row.get(at)?,
        entity: row.get(at + 1)?,
        project: row.get(at + 2)?,
        name: row.get(at + 3)?,
        kind: row.get(at + 4)?,
        links: row.get(at + 5)?,
        description: row.get(at + 6)?,
        tags: serde_json::from_str(row.get_ref(at + 7)?.as_str()?).unwrap_or_default(),
        created_us: row.get(at + 8)?,
        updated_us: row.get(at + 9)?,
        by: row.get(at + 10)?,
    })
}

/// Names of registries are the same whatever their case.
pub(super) fn project_condition(project: &str) -> &'static str {
    if is_registry(project) { "lower(c.project) = lower(?2)" } else { "c.project = ?2" }
}

pub(super) fn find(
    sql: &Connection,
    entity: &str,
    project: &str,
    name: &str,
    deleted: bool,
) -> Result<Option<Collection>> {
    let condition = project_condition(project);
    let shown = if deleted { "" } else { "AND c.deleted_us IS NULL" };
    Ok(sql
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM collections c WHERE c.entity = ?1 AND {condition} AND c.name = ?3 {shown}"
        ))?
        .query_row(params![entity, project, name], |row| read(row, 0))
        .optional()?)
}

impl Tx<'_> {
    /// A collection that is there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn collection(&self, entity: &str, project: &str, name: &str) -> Result<Option<Collection>> {
        find(self.sql, entity, project, name, false)
    }

    /// Whether a collection has this name, or had it when it was deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn collection_name_taken(&self, entity: &str, project: &str, name: &str) -> Result<bool> {
        Ok(find(self.sql, entity, project, name, true)?.is_some())
    }

    /// The collection of this name; made where there is none, and there again
    /// where it was deleted.
    pub(super) fn ensure_collection(&self, wanted: &Collection) -> Result<Collection> {
        let (entity, project, name) = (&wanted.entity, &wanted.project, &wanted.name);
        let known = find(self.sql, entity, project, name, true)?;
        let Some(known) = known else {
            self.sql.prepare_cached(
                "INSERT INTO collections (entity, project, name, kind, links, created_us, made_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![entity, project, name, wanted.kind, wanted.links, wanted.created_us, wanted.by])?;
            return find(self.sql, entity, project, name, true)?
                .ok_or_else(|| StoreError::Missing(format!("collection {entity}/{project}/{name}")));
        };
        // What only acts spoke of before has no type yet.
        let again = self.sql.execute(
            "UPDATE collections SET deleted_us = NULL, kind = ?2, links = ?3 WHERE id = ?1 AND (deleted_us IS NOT NULL OR kind = '' AND ?2 <> '')",
            params![known.id, wanted.kind, wanted.links],
        )?;
        Ok(if again > 0 {
            Collection { kind: wanted.kind.clone(), links: wanted.links, ..known }
        } else {
            known
        })
    }

    /// Makes a version one of the collection's, with the next number. True: it
    /// was none before.
    pub(super) fn add_membership(
        &self,
        collection: i64,
        artifact: Id128,
        by: Option<&str>,
        time_us: i64,
    ) -> Result<bool> {
        let added = self
            .sql
            .prepare_cached(
                "INSERT INTO memberships (collection, artifact, version, created_us, made_by)
                 SELECT ?1, ?2, (SELECT coalesce(max(version) + 1, 0) FROM memberships WHERE collection = ?1), ?3, ?4
                 WHERE true ON CONFLICT (collection, artifact) DO NOTHING",
            )?
            .execute(params![collection, artifact.0, time_us, by])?;
        let again = self.sql.execute(
            "UPDATE memberships SET removed_us = NULL WHERE collection = ?1 AND artifact = ?2 AND removed_us IS NOT NULL",
            params![collection, artifact.0],
        )?;
        if added + again == 0 {
            return Ok(false);
        }
        // Names that moved to it before it was here.
        let names = self
            .sql
            .prepare_cached("SELECT DISTINCT alias FROM alias_moves WHERE artifact = ?2 AND collection = ?1")?
            .query_map(params![collection, artifact.0], |row| row.get(0))?
            .collect::<Result<Vec<String>, _>>()?;
        names.iter().try_for_each(|alias| self.settle_alias(collection, alias))?;
        Ok(true)
    }

    /// Takes in which numbers the remote has given to versions of a collection.
    /// Provisional ones that are in the way move behind the settled ones, in
    /// their order; what number a version had here first stays known.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn settle_numbers(&self, collection: i64, given: &[(Id128, u64)]) -> Result<()> {
        let mut select = self.sql.prepare_cached(
            "SELECT artifact, version, settled FROM memberships WHERE collection = ?1 ORDER BY version",
        )?;
        let rows = select
            .query_map([collection], |row| Ok((Id128(row.get(0)?), from_sql(row.get(1)?), row.get(2)?)))?
            .collect::<Result<Vec<(Id128, u64, bool)>, _>>()?;
        let now = numbers(&rows, given);
        let before: BTreeMap<Id128, (u64, bool)> =
            rows.iter().map(|(id, version, settled)| (*id, (*version, *settled))).collect();
        let changed: Vec<_> = now
            .into_iter()
            .filter(|(id, version, settled)| before.get(id) != Some(&(*version, *settled)))
            .collect();
        // Out of each other's way first: no two may ever have the same number.
        let mut aside = self.sql.prepare_cached(
            "UPDATE memberships SET version = -1 - version WHERE collection = ?1 AND artifact = ?2",
        )?;
        for (artifact, ..) in &changed {
            aside.execute(params![collection, artifact.0])?;
        }
        let mut set = self.sql.prepare_cached(
            "UPDATE memberships SET version = ?3, settled = ?4,
                 was = CASE WHEN was IS NULL AND -1 - version <> ?3 THEN -1 - version ELSE was END
             WHERE collection = ?1 AND artifact = ?2",
        )?;
        for (artifact, version, settled) in changed {
            set.execute(params![collection, artifact.0, to_sql(version), settled])?;
        }
        self.settle_aliases(collection)
    }
}

/// Every version's number, and whether it is settled, after the remote's word.
fn numbers(known: &[(Id128, u64, bool)], given: &[(Id128, u64)]) -> Vec<(Id128, u64, bool)> {
    let given: BTreeMap<Id128, u64> = given.iter().copied().collect();
    let mut by_number = BTreeMap::new();
    for (id, version, settled) in known {
        if let Some(number) = given.get(id).copied().or(settled.then_some(*version)) {
            // A remote that contradicts itself gives nobody's number to another.
            by_number.entry(number).or_insert(*id);
        }
    }
    let mut all: Vec<_> = by_number.iter().map(|(number, id)| (*id, *number, true)).collect();
    let placed: BTreeSet<Id128> = by_number.values().copied().collect();
    let next = by_number.last_key_value().map_or(0, |(last, _)| last + 1);
    let rest = known.iter().filter(|(id, ..)| !placed.contains(id));
    all.extend(rest.zip(next..).map(|((id, ..), number)| (*id, number, false)));
    all
}

impl Store {
    /// A collection that is there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn collection(&self, entity: &str, project: &str, name: &str) -> Result<Option<Collection>> {
        self.read_blocking(|sql| find(sql, entity, project, name, false))
    }

    /// The collection with this number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn collection_numbered(&self, id: i64) -> Result<Option<Collection>> {
        self.read_blocking(|sql| {
            Ok(sql
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM collections c WHERE c.id = ?1 AND c.deleted_us IS NULL"
                ))?
                .query_row([id], |row| read(row, 0))
                .optional()?)
        })
    }

    /// A project's collections, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn collections(&self, entity: &str, project: &str) -> Result<Vec<Collection>> {
        let condition = project_condition(project);
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM collections c WHERE c.entity = ?1 AND {condition} AND c.deleted_us IS NULL ORDER BY c.name"
            ))?;
            Ok(select.query_map(params![entity, project], |row| read(row, 0))?.collect::<Result<_, _>>()?)
        })
    }

    /// The names that a collection's versions have.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn collection_aliases(&self, collection: i64) -> Result<Vec<String>> {
        self.read_blocking(|sql| {
            let mut select = sql
                .prepare_cached("SELECT alias FROM artifact_aliases WHERE collection = ?1 ORDER BY alias")?;
            Ok(select.query_map([collection], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> Id128 {
        Id128([n; 16])
    }

    #[test]
    fn provisional_numbers_follow_the_settled_ones() {
        let known = [(id(1), 0, true), (id(2), 1, false), (id(3), 2, false)];
        assert_eq!(numbers(&known, &[]), [(id(1), 0, true), (id(2), 1, false), (id(3), 2, false)]);
        // Another home's version got 1 meanwhile.
        assert_eq!(numbers(&known, &[(id(2), 2)]), [(id(1), 0, true), (id(2), 2, true), (id(3), 3, false)]);
        // The second came first.
        assert_eq!(numbers(&known, &[(id(3), 1)]), [(id(1), 0, true), (id(3), 1, true), (id(2), 2, false)]);
        // Nobody shares a number, whatever is said.
        assert_eq!(
            numbers(&known, &[(id(2), 0), (id(3), 5)]),
            [(id(1), 0, true), (id(3), 5, true), (id(2), 6, false)]
        );
    }
}
