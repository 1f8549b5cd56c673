//! Versions of artifacts, their aliases, and versions that are being uploaded.

use pannier_proto::artifact::ArtifactVersion;
use pannier_proto::content::Content;
use pannier_proto::id::{Id128, RunPath};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value as Json;

use super::writer::Tx;
use super::{Result, Store, StoreError, from_sql};

/// The alias that the newest version of a collection has.
const LATEST: &str = "latest";

/// A version, and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ArtifactRow {
    /// The run that logged it.
    pub run: RunPath,
    /// Its number in its collection.
    pub version: u64,
    /// The names that it has now.
    pub aliases: Vec<String>,
    /// What its maker said.
    pub body: ArtifactVersion,
}

/// A version that is being uploaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its id, now and later.
    pub id: Id128,
    /// What was asked for.
    pub body: Json,
    /// Its manifest, once it has arrived.
    pub manifest: Option<Content>,
}

const COLUMNS: &str = "SELECT a.id, a.version, a.body, r.entity, r.project, r.run
    FROM artifacts a JOIN runs r ON r.id = a.run";

fn read(row: &Row) -> rusqlite::Result<ArtifactRow> {
    let body = serde_json::from_str(row.get_ref(2)?.as_str()?);
    let body = body.map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(error))
    })?;
    Ok(ArtifactRow {
        run: RunPath { entity: row.get(3)?, project: row.get(4)?, run: row.get(5)? },
        version: from_sql(row.get(1)?),
        aliases: Vec::new(),
        body,
    })
}

fn find(sql: &Connection, condition: &str, with: &[&dyn rusqlite::ToSql]) -> Result<Vec<ArtifactRow>> {
    let mut rows = sql
        .prepare_cached(&format!("{COLUMNS} WHERE {condition}"))?
        .query_map(with, read)?
        .collect::<Result<Vec<_>, _>>()?;
    let mut aliases =
        sql.prepare_cached("SELECT alias FROM artifact_aliases WHERE entity = ?1 AND project = ?2 AND collection = ?3 AND artifact = ?4 ORDER BY alias")?;
    for row in &mut rows {
        let of = params![row.run.entity, row.run.project, row.body.collection, row.body.id.0];
        row.aliases = aliases.query_map(of, |row| row.get(0))?.collect::<Result<_, _>>()?;
    }
    Ok(rows)
}

impl Tx<'_> {
    /// A version is complete: it gets the next number of its collection, and the
    /// names that it asked for move to it. One that is there gets only the names.
    pub(super) fn add_artifact(&self, run: i64, path: &RunPath, version: &ArtifactVersion) -> Result<()> {
        let body = serde_json::to_string(version)
            .map_err(|error| StoreError::Refused(format!("artifact {:?}: {error}", version.collection)))?;
        let added = self.sql.execute(
            "INSERT INTO artifacts (id, run, entity, project, collection, kind, version, client_id, sequence_client_id, digest, body, created_us)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6,
                 (SELECT coalesce(max(version) + 1, 0) FROM artifacts WHERE entity = ?3 AND project = ?4 AND collection = ?5),
                 ?7, ?8, ?9, ?10, ?11
             ON CONFLICT (id) DO NOTHING",
            params![
                version.id.0,
                run,
                path.entity,
                path.project,
                version.collection,
                version.kind,
                version.client_id,
                version.sequence_client_id,
                version.digest,
                body,
                version.created_us
            ],
        )?;
        if added > 0 {
            for content in version.files.iter().map(|(_, content)| content).chain([&version.manifest]) {
                self.name_blob(&content.blob)?;
            }
        }
        self.sql.execute(
            "INSERT INTO artifact_logs (run, artifact) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![run, version.id.0],
        )?;
        self.set_aliases(path, &version.collection, version.id, &version.aliases, added > 0)
    }

    fn set_aliases(
        &self,
        path: &RunPath,
        collection: &str,
        id: Id128,
        aliases: &[String],
        new: bool,
    ) -> Result<()> {
        for alias in aliases.iter().map(String::as_str).chain(new.then_some(LATEST)) {
            self.sql
                .prepare_cached(
                    "INSERT INTO artifact_aliases (entity, project, collection, alias, artifact) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (entity, project, collection, alias) DO UPDATE SET artifact = excluded.artifact",
                )?
                .execute(params![path.entity, path.project, collection, alias, id.0])?;
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
    /// [`StoreError`].
    pub fn artifact(&self, id: Id128) -> Result<Option<ArtifactRow>> {
        Ok(find(self.sql, "a.id = ?1", &[&id.0])?.pop())
    }

    /// A version of a collection with this content, the newest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn artifact_like(
        &self,
        entity: &str,
        project: &str,
        collection: &str,
        digest: &str,
    ) -> Result<Option<ArtifactRow>> {
        let condition = "a.entity = ?1 AND a.project = ?2 AND a.collection = ?3 AND a.digest = ?4 ORDER BY a.version DESC LIMIT 1";
        Ok(find(self.sql, condition, &[&entity, &project, &collection, &digest])?.pop())
    }

    /// Begins an upload, unless it is begun: the draft.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_draft(&self, id: Id128, body: &Json, now_us: i64) -> Result<()> {
        self.sql.execute(
            "INSERT INTO drafts (id, body, created_us) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![id.0, body.to_string(), now_us],
        )?;
        Ok(())
    }

    /// Notes that a draft's manifest arrived.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no such draft.
    pub fn set_draft_manifest(&self, id: Id128, content: &Content) -> Result<()> {
        let json = serde_json::to_string(content).unwrap_or_default();
        match self.sql.execute("UPDATE drafts SET manifest = ?2 WHERE id = ?1", params![id.0, json])? {
            0 => Err(StoreError::Missing(format!("artifact {id} that is being uploaded"))),
            _ => Ok(()),
        }
    }

    /// The type of a collection's versions, where it has any.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn collection_type(&self, entity: &str, project: &str, collection: &str) -> Result<Option<String>> {
        Ok(self
            .sql
            .prepare_cached(
                "SELECT kind FROM artifacts WHERE entity = ?1 AND project = ?2 AND collection = ?3 LIMIT 1",
            )?
            .query_row(params![entity, project, collection], |row| row.get(0))
            .optional()?)
    }

    /// Forgets a draft: it became a version.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end_draft(&self, id: Id128) -> Result<()> {
        self.sql.execute("DELETE FROM drafts WHERE id = ?1", [id.0])?;
        Ok(())
    }
}

impl Store {
    /// A draft.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn draft(&self, id: Id128) -> Result<Option<Draft>> {
        self.read_blocking(|sql| {
            let found: Option<(String, Option<String>)> = sql
                .prepare_cached("SELECT body, manifest FROM drafts WHERE id = ?1")?
                .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            Ok(found.map(|(body, manifest)| Draft {
                id,
                body: serde_json::from_str(&body).unwrap_or_default(),
                manifest: manifest.and_then(|json| serde_json::from_str(&json).ok()),
            }))
        })
    }

    /// The version with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn artifact(&self, id: Id128) -> Result<Option<ArtifactRow>> {
        self.read_blocking(|sql| Ok(find(sql, "a.id = ?1", &[&id.0])?.pop()))
    }

    /// The version that its maker knows by this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn artifact_by_client(&self, client_id: &str) -> Result<Option<ArtifactRow>> {
        self.read_blocking(|sql| Ok(find(sql, "a.client_id = ?1", &[&client_id])?.pop()))
    }

    /// The version that a collection's alias names: `v3`, `latest`, another name,
    /// or a digest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn artifact_named(
        &self,
        entity: &str,
        project: &str,
        collection: &str,
        alias: &str,
    ) -> Result<Option<ArtifactRow>> {
        const IN: &str = "a.entity = ?1 AND a.project = ?2 AND a.collection = ?3 AND";
        let number = alias.strip_prefix('v').and_then(|number| number.parse::<i64>().ok()).unwrap_or(-1);
        let condition = format!(
            "{IN} (a.version = ?4 OR a.digest = ?5 OR EXISTS (SELECT 1 FROM artifact_aliases l
                 WHERE l.entity = ?1 AND l.project = ?2 AND l.collection = ?3 AND l.alias = ?5 AND l.artifact = a.id))
             ORDER BY a.version = ?4 DESC, a.version DESC LIMIT 1"
        );
        self.read_blocking(|sql| {
            Ok(find(sql, &condition, &[&entity, &project, &collection, &number, &alias])?.pop())
        })
    }

    /// The versions that a run logged, in their order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn logged_artifacts(&self, path: &RunPath) -> Result<Vec<ArtifactRow>> {
        of_run(self, "artifact_logs", path)
    }

    /// The runs that read a version.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn artifact_users(&self, id: Id128) -> Result<Vec<RunPath>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT r.entity, r.project, r.run FROM artifact_uses u JOIN runs r ON r.id = u.run
                 WHERE u.artifact = ?1 AND r.deleted_us IS NULL ORDER BY r.created_us, r.id",
            )?;
            let rows = select.query_map([id.0], |row| {
                Ok(RunPath { entity: row.get(0)?, project: row.get(1)?, run: row.get(2)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The versions that a run reads.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn used_artifacts(&self, path: &RunPath) -> Result<Vec<ArtifactRow>> {
        of_run(self, "artifact_uses", path)
    }

    /// A collection's versions, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn versions(&self, entity: &str, project: &str, collection: &str) -> Result<Vec<ArtifactRow>> {
        let condition = "a.entity = ?1 AND a.project = ?2 AND a.collection = ?3 ORDER BY a.version DESC";
        self.read_blocking(|sql| find(sql, condition, &[&entity, &project, &collection]))
    }

    /// A project's collections and their types, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn collections(&self, entity: &str, project: &str) -> Result<Vec<(String, String)>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT DISTINCT collection, kind FROM artifacts WHERE entity = ?1 AND project = ?2 ORDER BY 1, 2",
            )?;
            let rows = select.query_map(params![entity, project], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// The versions that one of the tables of runs and versions has for a run, in
/// the order in which they were begun; those of one second by name, because
/// clients begin them side by side, and then which came first says nothing.
fn of_run(store: &Store, table: &str, path: &RunPath) -> Result<Vec<ArtifactRow>> {
    let condition = format!(
        "a.id IN (SELECT t.artifact FROM {table} t JOIN runs m ON m.id = t.run
             WHERE m.entity = ?1 AND m.project = ?2 AND m.run = ?3) ORDER BY a.created_us / 1000000, a.collection, a.version"
    );
    store.read_blocking(|sql| find(sql, &condition, &[&path.entity, &path.project, &path.run]))
}
