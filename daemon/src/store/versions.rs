//! Versions by what is asked of them: those that a run logged or read, those of a
//! collection, and the facts that searches look at.

use pannier_proto::id::{Id128, RunPath};
use pannier_proto::workspace::LATEST;

use super::artifacts::{ArtifactRow, FROM, SOURCE, find};
use super::{Result, Store, from_sql};

impl Store {
    /// The versions that a run logged, in their order.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn logged_artifacts(&self, path: &RunPath) -> Result<Vec<ArtifactRow>> {
        of_run(self, "artifact_logs", path)
    }

    /// The runs that logged a version: the first and those whose content was the
    /// same.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn artifact_loggers(&self, id: Id128) -> Result<Vec<RunPath>> {
        runs_of(self, "artifact_logs", id)
    }

    /// The runs that read a version.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn artifact_users(&self, id: Id128) -> Result<Vec<RunPath>> {
        runs_of(self, "artifact_uses", id)
    }

    /// The versions that a run reads.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn used_artifacts(&self, path: &RunPath) -> Result<Vec<ArtifactRow>> {
        of_run(self, "artifact_uses", path)
    }

    /// How many versions a collection has.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn version_count(&self, collection: i64) -> Result<u64> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(&format!("SELECT count(*) {FROM} AND c.id = ?1"))?;
            Ok(from_sql(select.query_row([collection], |row| row.get(0))?))
        })
    }

    /// A collection's versions, newest first: `limit` of them after `offset`.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn versions(&self, collection: i64, offset: usize, limit: usize) -> Result<Vec<ArtifactRow>> {
        let (offset, limit) =
            (i64::try_from(offset).unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
        let behind = "ORDER BY m.version DESC LIMIT ?2 OFFSET ?3";
        self.read_blocking(|sql| find(sql, "c.id = ?1", behind, &[&collection, &limit, &offset]))
    }

    /// Versions whose time to live is over at `now_us` and that nobody keeps by a
    /// name of their own or a link.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn expired_artifacts(&self, now_us: i64) -> Result<Vec<ArtifactRow>> {
        let condition = format!(
            "a.ttl_s > 0 AND a.fetched IS NULL AND a.created_us + a.ttl_s * 1000000 <= ?1 AND {SOURCE}
             AND NOT EXISTS (SELECT 1 FROM artifact_aliases l WHERE l.artifact = a.id AND l.alias <> '{LATEST}')
             AND NOT EXISTS (SELECT 1 FROM memberships o WHERE o.artifact = a.id AND o.id <> m.id AND o.removed_us IS NULL)"
        );
        self.read_blocking(|sql| find(sql, &condition, "ORDER BY m.id", &[&now_us]))
    }
}

/// The versions that one of the tables of runs and versions has for a run, in
/// the order in which they were begun; those of one second by name, because
/// clients begin them side by side, and then which came first says nothing.
fn of_run(store: &Store, table: &str, path: &RunPath) -> Result<Vec<ArtifactRow>> {
    let condition = format!(
        "{SOURCE} AND a.id IN (SELECT t.artifact FROM {table} t JOIN runs r ON r.id = t.run
             WHERE r.entity = ?1 AND r.project = ?2 AND r.run = ?3)"
    );
    let behind = "ORDER BY a.created_us / 1000000, c.name, m.version";
    store.read_blocking(|sql| find(sql, &condition, behind, &[&path.entity, &path.project, &path.run]))
}

fn runs_of(store: &Store, table: &str, id: Id128) -> Result<Vec<RunPath>> {
    store.read_blocking(|sql| {
        let mut select = sql.prepare_cached(&format!(
            "SELECT r.entity, r.project, r.run FROM {table} t JOIN shown_runs r ON r.id = t.run
             WHERE t.artifact = ?1 ORDER BY r.created_us, r.id"
        ))?;
        let rows = select.query_map([id.0], |row| {
            Ok(RunPath { entity: row.get(0)?, project: row.get(1)?, run: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

/// What is searched in versions: see [`Store::each_version`].
#[derive(Debug, Clone)]
pub struct VersionFacts {
    /// Its membership's number in this database, for [`Store::versions_numbered`].
    pub membership: i64,
    /// Its id.
    pub id: Id128,
    /// Its collection's number in this database.
    pub collection: i64,
    /// Its number.
    pub version: u64,
    /// Its names there.
    pub aliases: Vec<String>,
    /// Its labels.
    pub tags: Vec<String>,
    /// A JSON object, as text.
    pub metadata: Option<String>,
    /// Bytes.
    pub size: u64,
    /// Microseconds since 1970.
    pub created_us: i64,
    /// Of the last edit.
    pub updated_us: Option<i64>,
    /// Microseconds since 1970 at which it came into the collection.
    pub member_us: i64,
}

impl Store {
    /// Hands over the facts of every version of these collections, newest last.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn each_version(&self, collections: &[i64], mut take: impl FnMut(VersionFacts)) -> Result<()> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(&format!(
                "SELECT m.id, a.id, m.collection, m.version, a.tags, a.metadata, a.created_us, a.updated_us,
                     (SELECT json_group_array(l.alias) FROM artifact_aliases l WHERE l.artifact = a.id AND l.collection = c.id),
                     a.size, m.created_us
                 {FROM} AND c.id = ?1 ORDER BY m.version"
            ))?;
            for collection in collections {
                let mut rows = select.query([collection])?;
                while let Some(row) = rows.next()? {
                    let list = |at: usize| -> rusqlite::Result<Vec<String>> {
                        Ok(serde_json::from_str(row.get_ref(at)?.as_str()?).unwrap_or_default())
                    };
                    take(VersionFacts {
                        membership: row.get(0)?,
                        id: Id128(row.get(1)?),
                        collection: row.get(2)?,
                        version: from_sql(row.get(3)?),
                        tags: list(4)?,
                        metadata: row.get(5)?,
                        created_us: row.get(6)?,
                        updated_us: row.get(7)?,
                        aliases: list(8)?,
                        size: from_sql(row.get(9)?),
                        member_us: row.get(10)?,
                    });
                }
            }
            Ok(())
        })
    }

    /// The versions with these membership numbers, in this order.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn versions_numbered(&self, numbers: &[i64]) -> Result<Vec<ArtifactRow>> {
        self.read_blocking(|sql| {
            let mut found = Vec::with_capacity(numbers.len());
            for number in numbers {
                found.extend(find(sql, "m.id = ?1", "", &[number])?);
            }
            Ok(found)
        })
    }
}
