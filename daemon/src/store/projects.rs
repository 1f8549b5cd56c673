//! Projects and entities: a project is there because it has runs, or because it
//! was made by name. A registry is a project, with rules of its own.

use pannier_proto::dashboard::ProjectView;
use pannier_proto::workspace::{Edit, is_registry};
use rusqlite::{OptionalExtension, Row, params};

use super::writer::Tx;
use super::{Result, Store, from_sql};

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Whose it is.
    pub entity: String,
    /// Its name.
    pub name: String,
    /// Microseconds since 1970 of its first run, or of its making.
    pub created_us: i64,
    /// A number that it has here.
    pub number: i64,
    /// What was said of it by name.
    pub said: Said,
}

/// What is said of a project by name, of registries above all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Free text.
    pub description: Option<String>,
    /// Of the last edit.
    pub updated_us: Option<i64>,
    /// Of a registry: `RESTRICTED` to its members; else the organization's.
    pub access: Option<String>,
    /// Of a registry: the types that it takes; `None`: all.
    pub artifact_types: Option<Vec<String>>,
    /// Of a registry: the names that only its administrators move.
    pub protected_aliases: Vec<String>,
}

/// Every project, with the number of its first row among the runs: stable while
/// it has one.
const ALL: &str = "SELECT r.entity, r.project, min(r.created_us), coalesce(min(r.number), 0),
        p.description, p.updated_us, p.access, p.artifact_types, coalesce(p.protected_aliases, '[]')
    FROM (
        SELECT entity, project, created_us, id AS number FROM runs WHERE deleted_us IS NULL
        UNION ALL SELECT entity, project, created_us, NULL FROM projects) r
    LEFT JOIN projects p ON p.entity = r.entity AND p.project = r.project
    WHERE p.deleted_us IS NULL";

const COUNTS: &str =
    "SELECT c.entity, c.project, sum(c.runs), sum(c.running), sum(c.collections), max(c.updated_us)
    FROM (
        SELECT entity, project, count(*) AS runs, sum(state = 'running') AS running, 0 AS collections,
            max(updated_us) AS updated_us FROM shown_runs GROUP BY entity, project
        UNION ALL SELECT entity, project, 0, 0, count(*), max(coalesce(updated_us, created_us))
            FROM collections WHERE deleted_us IS NULL GROUP BY entity, project
        UNION ALL SELECT entity, project, 0, 0, 0, coalesce(updated_us, created_us) FROM projects) c
    LEFT JOIN projects p ON p.entity = c.entity AND p.project = c.project
    WHERE p.deleted_us IS NULL AND (?1 IS NULL OR c.entity = ?1)
    GROUP BY c.entity, c.project ORDER BY 6 DESC, 1, 2";

fn read(row: &Row) -> rusqlite::Result<Project> {
    let list = |text: &str| serde_json::from_str(text).unwrap_or_default();
    Ok(Project {
        entity: row.get(0)?,
        name: row.get(1)?,
        created_us: row.get(2)?,
        number: row.get(3)?,
        said: Said {
            description: row.get(4)?,
            updated_us: row.get(5)?,
            access: row.get(6)?,
            artifact_types: row.get::<_, Option<String>>(7)?.map(|text| list(&text)),
            protected_aliases: list(row.get_ref(8)?.as_str()?),
        },
    })
}

/// Names of registries are the same whatever their case.
fn named(project: &str) -> &'static str {
    if is_registry(project) { "lower(r.project) = lower(?2)" } else { "r.project = ?2" }
}

fn find(sql: &rusqlite::Connection, entity: &str, project: &str) -> Result<Option<Project>> {
    let condition = named(project);
    let text =
        format!("{ALL} AND r.entity = ?1 AND {condition} GROUP BY r.entity, r.project ORDER BY 3 LIMIT 1");
    Ok(sql.prepare_cached(&text)?.query_row(params![entity, project], read).optional()?)
}

impl Tx<'_> {
    /// One project.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn project(&self, entity: &str, project: &str) -> Result<Option<Project>> {
        find(self.sql, entity, project)
    }

    /// Makes a project, unless there is one of this name.
    pub(super) fn ensure_project(&self, entity: &str, project: &str, time_us: i64) -> Result<()> {
        self.sql.execute(
            "INSERT INTO projects (entity, project, created_us) VALUES (?1, ?2, ?3)
             ON CONFLICT (entity, project) DO UPDATE SET deleted_us = NULL",
            params![entity, project, time_us],
        )?;
        Ok(())
    }

    /// Later edits win by their makers' clocks.
    pub(super) fn edit_project(&self, entity: &str, project: &str, edit: &Edit, time_us: i64) -> Result<()> {
        let list = |list: &Option<Vec<String>>| {
            list.as_ref().map(|list| serde_json::to_string(list).unwrap_or_default())
        };
        // An empty list of types lets all in.
        let all = edit.artifact_types.as_ref().is_some_and(Vec::is_empty);
        self.sql.execute(
            "UPDATE projects SET description = coalesce(?3, description), access = coalesce(?4, access),
                 artifact_types = CASE WHEN ?7 THEN NULL ELSE coalesce(?5, artifact_types) END,
                 protected_aliases = coalesce(?6, protected_aliases), updated_us = ?8
             WHERE entity = ?1 AND project = ?2 AND coalesce(updated_us, 0) <= ?8",
            params![
                entity,
                project,
                edit.description,
                edit.access,
                list(&edit.artifact_types),
                list(&edit.protected_aliases),
                all,
                time_us
            ],
        )?;
        Ok(())
    }

    /// The project is shown no more; what its runs recorded stays.
    pub(super) fn forget_project(&self, entity: &str, project: &str, time_us: i64) -> Result<()> {
        self.sql.execute(
            "INSERT INTO projects (entity, project, created_us, deleted_us, emptied_us) VALUES (?1, ?2, ?3, ?3, ?3)
             ON CONFLICT (entity, project) DO UPDATE SET deleted_us = ?3, description = NULL, access = NULL,
                 artifact_types = NULL, protected_aliases = '[]', emptied_us = max(coalesce(emptied_us, ?3), ?3)",
            params![entity, project, time_us],
        )?;
        Ok(())
    }
}

impl Store {
    /// One project. A registry is found by its name in any case.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn project(&self, entity: &str, project: &str) -> Result<Option<Project>> {
        self.read_blocking(|sql| find(sql, entity, project))
    }

    /// An entity's projects, newest first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn projects(&self, entity: &str) -> Result<Vec<Project>> {
        self.read_blocking(|sql| {
            let text = format!("{ALL} AND r.entity = ?1 GROUP BY r.entity, r.project ORDER BY 3 DESC, 2");
            Ok(sql.prepare_cached(&text)?.query_map([entity], read)?.collect::<Result<_, _>>()?)
        })
    }

    /// Every project with its counts, or those of an entity; those with the latest
    /// change first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn project_counts(&self, entity: Option<&str>) -> Result<Vec<ProjectView>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(COUNTS)?;
            let rows = select.query_map([entity], |row| {
                Ok(ProjectView {
                    entity: row.get(0)?,
                    project: row.get(1)?,
                    runs: from_sql(row.get(2)?),
                    running: from_sql(row.get(3)?),
                    collections: from_sql(row.get(4)?),
                    updated_us: row.get(5)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Every entity that has runs or projects, by name.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn entities(&self) -> Result<Vec<String>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT entity FROM shown_runs UNION SELECT entity FROM projects WHERE deleted_us IS NULL ORDER BY 1",
            )?;
            Ok(select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
    }
}
