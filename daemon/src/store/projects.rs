//! Projects and entities: a project is there because it has runs, or because it
//! was made by name.

use rusqlite::{OptionalExtension, params};

use super::writer::Tx;
use super::{Result, Store};

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
}

/// Every project, with the number of its first run: stable while it has one.
const ALL: &str = "SELECT entity, project, min(created_us), coalesce(min(number), 0) FROM (
        SELECT entity, project, created_us, id AS number FROM runs WHERE deleted_us IS NULL
        UNION ALL SELECT entity, project, created_us, NULL FROM projects)";

fn read(row: &rusqlite::Row) -> rusqlite::Result<Project> {
    Ok(Project { entity: row.get(0)?, name: row.get(1)?, created_us: row.get(2)?, number: row.get(3)? })
}

impl Tx<'_> {
    /// Makes a project, unless there is one of this name. True: there was none.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn add_project(&self, entity: &str, project: &str, now_us: i64) -> Result<bool> {
        let has_runs: bool = self.sql.query_row(
            "SELECT EXISTS (SELECT 1 FROM runs WHERE entity = ?1 AND project = ?2)",
            params![entity, project],
            |row| row.get(0),
        )?;
        let made = self.sql.execute(
            "INSERT INTO projects (entity, project, created_us) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![entity, project, now_us],
        )?;
        Ok(made > 0 && !has_runs)
    }
}

impl Store {
    /// One project.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn project(&self, entity: &str, project: &str) -> Result<Option<Project>> {
        self.read_blocking(|sql| {
            let text = format!("{ALL} WHERE entity = ?1 AND project = ?2 GROUP BY entity, project");
            Ok(sql.prepare_cached(&text)?.query_row(params![entity, project], read).optional()?)
        })
    }

    /// An entity's projects, newest first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn projects(&self, entity: &str) -> Result<Vec<Project>> {
        self.read_blocking(|sql| {
            let text = format!("{ALL} WHERE entity = ?1 GROUP BY entity, project ORDER BY 3 DESC, 2");
            Ok(sql.prepare_cached(&text)?.query_map([entity], read)?.collect::<Result<_, _>>()?)
        })
    }

    /// Every entity that has runs or projects, by name.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn entities(&self) -> Result<Vec<String>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT entity FROM runs WHERE deleted_us IS NULL UNION SELECT entity FROM projects ORDER BY 1",
            )?;
            Ok(select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
    }
}
