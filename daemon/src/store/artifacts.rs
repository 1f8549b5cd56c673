//! Versions of artifacts: what their makers logged, what they are now, which
//! runs made and read them, and what a collection's names mean.

use pannier_proto::artifact::ArtifactVersion;
use pannier_proto::content::{Blob, Content};
use pannier_proto::id::{Id128, RunPath};
use pannier_proto::workspace::{AliasMove, LATEST};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use serde_json::Value as Json;

use super::aliases::{self, Alias, Made};
use super::collections::{self, Collection};
use super::files::content_of;
use super::writer::Tx;
use super::{Result, Store, from_sql, to_sql};

/// A version, as one of a collection: of the one it was logged into, or of one
/// that it is linked to.
#[derive(Debug, Clone, PartialEq)]
pub struct ArtifactRow {
    /// The collection.
    pub collection: Collection,
    /// Its number there.
    pub version: u64,
    /// Whether that number is the remote's, too.
    pub settled: bool,
    /// The number that it had here first, where that was another.
    pub was: Option<u64>,
    /// The names that it has there.
    pub aliases: Vec<Alias>,
    /// Microseconds since 1970 at which it came there.
    pub member_us: i64,
    /// Who logged or linked it.
    pub member_by: Option<String>,
    /// The run that logged it first.
    pub run: RunPath,
    /// What its maker said, but for its files ([`Store::artifact_files`]), and
    /// with description, metadata, tags and ttl as they are now.
    pub body: ArtifactVersion,
    /// Of the last edit.
    pub updated_us: Option<i64>,
    /// The remote that it was fetched from, where it was not logged here.
    pub fetched: Option<String>,
}

pub(super) const FROM: &str =
    "FROM memberships m JOIN collections c ON c.id = m.collection JOIN artifacts a ON a.id = m.artifact
    WHERE m.removed_us IS NULL AND c.deleted_us IS NULL AND a.deleted_us IS NULL";
/// The collection that a version was logged into.
pub(super) const SOURCE: &str = "c.links = 0";

fn read(row: &Row) -> rusqlite::Result<ArtifactRow> {
    let mut body: ArtifactVersion = serde_json::from_str(row.get_ref(5)?.as_str()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(5, rusqlite::types::Type::Text, Box::new(error))
    })?;
    body.description = row.get(9)?;
    body.metadata = row.get::<_, Option<String>>(10)?.and_then(|text| serde_json::from_str(&text).ok());
    body.tags = serde_json::from_str(row.get_ref(11)?.as_str()?).unwrap_or_default();
    body.ttl_s = row.get(12)?;
    Ok(ArtifactRow {
        version: from_sql(row.get(0)?),
        settled: row.get(1)?,
        was: row.get::<_, Option<i64>>(2)?.map(from_sql),
        member_us: row.get(3)?,
        member_by: row.get(4)?,
        run: RunPath { entity: row.get(6)?, project: row.get(7)?, run: row.get(8)? },
        updated_us: row.get(13)?,
        fetched: row.get(14)?,
        collection: collections::read(row, 15)?,
        aliases: Vec::new(),
        body,
    })
}

/// The versions that a condition finds; `behind` orders and limits them.
pub(super) fn find(
    sql: &Connection,
    condition: &str,
    behind: &str,
    with: &[&dyn ToSql],
) -> Result<Vec<ArtifactRow>> {
    let columns = "m.version, m.settled, m.was, m.created_us, m.made_by, a.body, a.entity, a.project, a.run,
        a.description, a.metadata, a.tags, a.ttl_s, a.updated_us, a.fetched";
    let mut rows = sql
        .prepare_cached(&format!(
            "SELECT {columns}, {} {FROM} AND ({condition}) {behind}",
            collections::COLUMNS
        ))?
        .query_map(with, read)?
        .collect::<Result<Vec<_>, _>>()?;
    for row in &mut rows {
        row.aliases = aliases::of_version(sql, row.collection.id, row.body.id)?;
    }
    Ok(rows)
}

/// See [`Store::memberships`].
pub(super) fn members(sql: &Connection, id: Id128) -> Result<Vec<ArtifactRow>> {
    find(sql, "a.id = ?1", "ORDER BY c.links, m.id", &[&id.0])
}

fn by_id(sql: &Connection, id: Id128) -> Result<Option<ArtifactRow>> {
    Ok(find(sql, &format!("a.id = ?1 AND {SOURCE}"), "LIMIT 1", &[&id.0])?.pop())
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Tx<'_> {
    /// A version is complete: it gets the next number of its collection, and the
    /// names that it asked for move to it. One that is there gets only the names.
    pub(super) fn add_artifact(
        &self,
        run: i64,
        path: &RunPath,
        version: &ArtifactVersion,
        origin: Id128,
    ) -> Result<()> {
        let time_us = version.again_us.unwrap_or(version.created_us);
        let made = Made { time_us, by: version.by.as_deref(), origin };
        self.add_version(path, version, made)?;
        self.sql.execute(
            "INSERT INTO artifact_logs (run, artifact) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![run, version.id.0],
        )?;
        Ok(())
    }

    /// A version enters, logged here or fetched from a remote. True: it was not
    /// here.
    pub(super) fn insert_version(
        &self,
        path: &RunPath,
        version: &ArtifactVersion,
        fetched: Option<&str>,
    ) -> Result<bool> {
        let stored =
            ArtifactVersion { files: Vec::new(), aliases: Vec::new(), again_us: None, ..version.clone() };
        let added = self.sql.execute(
            "INSERT INTO artifacts (id, entity, project, run, client_id, sequence_client_id, digest, body, created_us,
                 description, metadata, tags, ttl_s, fetched, size)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT (id) DO NOTHING",
            params![
                version.id.0,
                path.entity,
                path.project,
                path.run,
                version.client_id,
                version.sequence_client_id,
                version.digest,
                json(&stored),
                version.created_us,
                version.description,
                version.metadata.as_ref().map(json),
                json(&version.tags),
                version.ttl_s,
                fetched,
                to_sql(version.size)
            ],
        )?;
        if added == 0 {
            if fetched.is_none() {
                // It was fetched before its own record came.
                self.sql.execute("UPDATE artifacts SET fetched = NULL WHERE id = ?1", [version.id.0])?;
            }
            return Ok(false);
        }
        let mut insert = self.sql.prepare_cached(
            "INSERT INTO artifact_files (artifact, path, blob, md5, size) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let manifest = (String::new(), version.manifest);
        for (path, content) in version.files.iter().chain([&manifest]) {
            insert.execute(params![
                version.id.0,
                path,
                content.blob.0,
                content.md5.0,
                to_sql(content.size)
            ])?;
            self.name_blob(&content.blob)?;
        }
        self.act_what_waited(version.id)?;
        Ok(true)
    }

    /// A version that was logged into its collection.
    fn add_version(&self, path: &RunPath, version: &ArtifactVersion, made: Made) -> Result<()> {
        self.insert_version(path, version, None)?;
        let collection = self.ensure_collection(&Collection {
            id: 0,
            entity: path.entity.clone(),
            project: path.project.clone(),
            name: version.collection.clone(),
            kind: version.kind.clone(),
            links: false,
            description: None,
            tags: Vec::new(),
            created_us: version.created_us,
            updated_us: None,
            by: made.by.map(str::to_owned),
        })?;
        let new = self.add_membership(collection.id, version.id, made.by, made.time_us)?;
        for moved in &version.aliases {
            self.add_alias_move(collection.id, &named(moved, version), made)?;
        }
        if new && !version.aliases.iter().any(|moved| moved.alias == LATEST) {
            let latest =
                AliasMove { id: AliasMove::UNNAMED, alias: LATEST.into(), to: None, seen: Vec::new() };
            self.add_alias_move(collection.id, &named(&latest, version), made)?;
        }
        Ok(())
    }

    pub(super) fn use_artifact(&self, run: i64, id: Id128) -> Result<()> {
        self.sql.execute(
            "INSERT INTO artifact_uses (run, artifact) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![run, id.0],
        )?;
        Ok(())
    }

    /// The version with this id.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn artifact(&self, id: Id128) -> Result<Option<ArtifactRow>> {
        by_id(self.sql, id)
    }

    /// Whether there was a version with this id that was deleted.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn artifact_deleted(&self, id: Id128) -> Result<bool> {
        let mut select =
            self.sql.prepare_cached("SELECT deleted_us IS NOT NULL FROM artifacts WHERE id = ?1")?;
        Ok(select.query_row([id.0], |row| row.get(0)).optional()?.unwrap_or(false))
    }

    /// The version that a name of a collection means; see [`Store::member`].
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn member(&self, collection: i64, name: &str) -> Result<Option<ArtifactRow>> {
        member(self.sql, collection, name)
    }

    /// The version, as one of this collection.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn membership(&self, collection: i64, id: Id128) -> Result<Option<ArtifactRow>> {
        Ok(find(self.sql, "a.id = ?2 AND c.id = ?1", "", &[&collection, &id.0])?.pop())
    }

    /// A version of a collection with this content, the newest.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn artifact_like(&self, collection: i64, digest: &str) -> Result<Option<ArtifactRow>> {
        let behind = "ORDER BY m.version DESC LIMIT 1";
        Ok(find(self.sql, "c.id = ?1 AND a.digest = ?2", behind, &[&collection, &digest])?.pop())
    }

    /// The files of a version, by path; its manifest has none.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn artifact_files(&self, id: Id128) -> Result<Vec<(String, Content)>> {
        files(self.sql, id)
    }
}

/// A move of a version's record: to this version, and with an id, which records
/// from before there were moves do not give.
fn named(moved: &AliasMove, version: &ArtifactVersion) -> AliasMove {
    let mut moved = AliasMove { to: Some(version.id), ..moved.clone() };
    if moved.id == AliasMove::UNNAMED {
        let text = format!("{}:{}", version.id, moved.alias);
        let digest = blake3::derive_key("pannier move of an alias that has no id", text.as_bytes());
        moved.id.0.copy_from_slice(&digest[..16]);
    }
    moved
}

fn files(sql: &Connection, id: Id128) -> Result<Vec<(String, Content)>> {
    let mut select = sql.prepare_cached(
        "SELECT path, blob, md5, size FROM artifact_files WHERE artifact = ?1 AND path <> '' ORDER BY path",
    )?;
    let rows = select.query_map([id.0], |row| Ok((row.get(0)?, content_of(row, 1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn member(sql: &Connection, collection: i64, name: &str) -> Result<Option<ArtifactRow>> {
    let number = name.strip_prefix('v').and_then(|number| number.parse::<i64>().ok()).unwrap_or(-1);
    let condition = "c.id = ?1 AND (m.version = ?2 OR a.digest = ?3 OR EXISTS (
        SELECT 1 FROM artifact_aliases l WHERE l.collection = ?1 AND l.alias = ?3 AND l.artifact = a.id))";
    let behind = "ORDER BY m.version = ?2 DESC, m.version DESC LIMIT 1";
    Ok(find(sql, condition, behind, &[&collection, &number, &name])?.pop())
}

impl Store {
    /// The version with this id, in the collection it was logged into.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn artifact(&self, id: Id128) -> Result<Option<ArtifactRow>> {
        self.read_blocking(|sql| by_id(sql, id))
    }

    /// The version that its maker knows by this id.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn artifact_by_client(&self, client_id: &str) -> Result<Option<ArtifactRow>> {
        let condition = format!("a.client_id = ?1 AND {SOURCE}");
        self.read_blocking(|sql| Ok(find(sql, &condition, "LIMIT 1", &[&client_id])?.pop()))
    }

    /// The version that a name of a collection means: `v3`, `latest`, another
    /// alias, or a digest.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn member(
        &self,
        entity: &str,
        project: &str,
        collection: &str,
        name: &str,
    ) -> Result<Option<ArtifactRow>> {
        self.read_blocking(|sql| match collections::find(sql, entity, project, collection, false)? {
            Some(collection) => member(sql, collection.id, name),
            None => Ok(None),
        })
    }

    /// The collections that a version is in, as it is there: first where it was
    /// logged, then where it is linked to, in the order of the links.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn memberships(&self, id: Id128) -> Result<Vec<ArtifactRow>> {
        self.read_blocking(|sql| members(sql, id))
    }

    /// The files of a version, by path; its manifest has none.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn artifact_files(&self, id: Id128) -> Result<Vec<(String, Content)>> {
        self.read_blocking(|sql| files(sql, id))
    }

    /// A file of a version.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn artifact_file(&self, id: Id128, path: &str) -> Result<Option<Content>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT blob, md5, size FROM artifact_files WHERE artifact = ?1 AND path = ?2 AND path <> ''",
            )?;
            Ok(select.query_row(params![id.0, path], |row| content_of(row, 0)).optional()?)
        })
    }

    /// What a blob holds that a version or a run's file names, whether its bytes are
    /// here or not.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn content_named(&self, blob: Blob) -> Result<Option<Content>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT blob, md5, size FROM artifact_files WHERE blob = ?1
                 UNION ALL SELECT blob, md5, size FROM files WHERE blob = ?1 LIMIT 1",
            )?;
            Ok(select.query_row([blob.0], |row| content_of(row, 0)).optional()?)
        })
    }
}

impl ArtifactRow {
    /// Its metadata as text.
    #[must_use]
    pub fn metadata_text(&self) -> Option<String> {
        self.body.metadata.as_ref().map(Json::to_string)
    }
}
