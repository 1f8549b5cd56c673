//! Saved views: reports and workspaces of projects, as the last act on each has
//! left them. A deleted view keeps its row, so that a save that was made before
//! and comes later does not bring it back.

use std::fmt::Write as _;

use pannier_proto::id::{Id128, RunPath};
use pannier_proto::workspace::ViewBody;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::aliases::Made;
use super::writer::Tx;
use super::{Result, Store};

/// A view that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewRow {
    /// Its id.
    pub id: Id128,
    /// Whose.
    pub entity: String,
    /// In which project.
    pub project: String,
    /// What it is; without its spec in lists.
    pub body: ViewBody,
    /// Who saved it last.
    pub by: Option<String>,
    /// Microseconds since 1970 of the first save.
    pub created_us: i64,
    /// Of the last.
    pub updated_us: i64,
}

/// Which views.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ViewFilter {
    /// Of this entity.
    pub entity: Option<String>,
    /// Of projects of this name.
    pub project: Option<String>,
    /// Of this type.
    pub kind: Option<String>,
    /// Of this name.
    pub name: Option<String>,
    /// Last saved by this user.
    pub by: Option<String>,
}

const LISTED: &str =
    "id, entity, project, kind, name, display_name, description, made_by, created_us, updated_us";

fn read(row: &Row) -> rusqlite::Result<ViewRow> {
    let body = ViewBody {
        kind: row.get(3)?,
        name: row.get(4)?,
        display_name: row.get(5)?,
        description: row.get(6)?,
        spec: String::new(),
    };
    Ok(ViewRow {
        id: Id128(row.get(0)?),
        entity: row.get(1)?,
        project: row.get(2)?,
        body,
        by: row.get(7)?,
        created_us: row.get(8)?,
        updated_us: row.get(9)?,
    })
}

fn find(sql: &Connection, entity: &str, project: &str, id: Id128) -> Result<Option<ViewRow>> {
    let text = format!(
        "SELECT {LISTED}, spec FROM views WHERE entity = ?1 AND project = ?2 AND id = ?3 AND deleted = 0"
    );
    Ok(sql
        .prepare_cached(&text)?
        .query_row(params![entity, project, id.0], |row| {
            let mut found = read(row)?;
            found.body.spec = row.get(10)?;
            Ok(found)
        })
        .optional()?)
}

impl Tx<'_> {
    /// A view with its spec.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn view(&self, entity: &str, project: &str, id: Id128) -> Result<Option<ViewRow>> {
        find(self.sql, entity, project, id)
    }

    /// When a view was changed last, a deletion included.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn view_changed_us(&self, entity: &str, project: &str, id: Id128) -> Result<Option<i64>> {
        Ok(self
            .sql
            .prepare_cached("SELECT updated_us FROM views WHERE entity = ?1 AND project = ?2 AND id = ?3")?
            .query_row(params![entity, project, id.0], |row| row.get(0))
            .optional()?)
    }

    /// Takes a save in, unless a later act on the view is here.
    pub(super) fn save_view(&self, path: &RunPath, id: Id128, body: &ViewBody, made: Made) -> Result<()> {
        let RunPath { entity, project, .. } = path;
        self.know_view(path, id, made)?;
        let emptied_us: Option<i64> = self
            .sql
            .prepare_cached("SELECT emptied_us FROM projects WHERE entity = ?1 AND project = ?2")?
            .query_row(params![entity, project], |row| row.get(0))
            .optional()?
            .flatten();
        if emptied_us.is_some_and(|at| made.time_us <= at) {
            return Ok(());
        }
        self.ensure_project(entity, project, made.time_us)?;
        self.sql
            .prepare_cached(
                "UPDATE views SET kind = ?6, name = ?7, display_name = ?8, description = ?9, spec = ?10,
                     updated_us = ?4, origin = ?5, made_by = ?11, deleted = 0
                 WHERE entity = ?1 AND project = ?2 AND id = ?3 AND (updated_us, origin) <= (?4, ?5)",
            )?
            .execute(params![
                entity,
                project,
                id.0,
                made.time_us,
                made.origin.0,
                body.kind,
                body.name,
                body.display_name,
                body.description,
                body.spec,
                made.by
            ])?;
        Ok(())
    }

    /// Takes a deletion in, unless a later act on the view is here.
    pub(super) fn delete_view(&self, path: &RunPath, id: Id128, made: Made) -> Result<()> {
        self.know_view(path, id, made)?;
        self.sql
            .prepare_cached(
                "UPDATE views SET updated_us = ?4, origin = ?5, made_by = ?6, deleted = 1, spec = ''
                 WHERE entity = ?1 AND project = ?2 AND id = ?3 AND (updated_us, origin) <= (?4, ?5)",
            )?
            .execute(params![path.entity, path.project, id.0, made.time_us, made.origin.0, made.by])?;
        Ok(())
    }

    /// The project is deleted, and its views with it.
    pub(super) fn delete_views(&self, entity: &str, project: &str, time_us: i64) -> Result<()> {
        self.sql.execute(
            "UPDATE views SET deleted = 1, spec = '' WHERE entity = ?1 AND project = ?2 AND updated_us <= ?3",
            params![entity, project, time_us],
        )?;
        Ok(())
    }

    /// Makes a view's row, as one that is not there, where there is none.
    fn know_view(&self, path: &RunPath, id: Id128, made: Made) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO views (id, entity, project, created_us, updated_us, origin, deleted)
                 VALUES (?3, ?1, ?2, ?4, ?5, zeroblob(16), 1)
                 ON CONFLICT (entity, project, id) DO UPDATE SET created_us = min(created_us, excluded.created_us)",
            )?
            .execute(params![path.entity, path.project, id.0, made.time_us, i64::MIN])?;
        Ok(())
    }
}

impl Store {
    /// Views without their specs, the last saved first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn views(&self, filter: &ViewFilter) -> Result<Vec<ViewRow>> {
        let columns = [
            ("entity", &filter.entity),
            ("project", &filter.project),
            ("kind", &filter.kind),
            ("name", &filter.name),
            ("made_by", &filter.by),
        ];
        let mut text = format!("SELECT {LISTED} FROM views WHERE deleted = 0");
        let mut values: Vec<&dyn ToSql> = Vec::new();
        for (column, wanted) in &columns {
            if let Some(wanted) = wanted {
                values.push(wanted);
                // Writing to a string cannot fail.
                let _ = write!(text, " AND {column} = ?{}", values.len());
            }
        }
        text.push_str(" ORDER BY updated_us DESC, id");
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(&text)?;
            Ok(select.query_map(values.as_slice(), read)?.collect::<Result<_, _>>()?)
        })
    }

    /// A view with its spec.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn view(&self, entity: &str, project: &str, id: Id128) -> Result<Option<ViewRow>> {
        self.read_blocking(|sql| find(sql, entity, project, id))
    }

    /// The views with this id, without their specs: one, unless somebody named
    /// his as another's is named. The one that was here first comes first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn views_with_id(&self, id: Id128) -> Result<Vec<ViewRow>> {
        self.read_blocking(|sql| {
            let text = format!("SELECT {LISTED} FROM views WHERE id = ?1 AND deleted = 0 ORDER BY rowid");
            Ok(sql.prepare_cached(&text)?.query_map([id.0], read)?.collect::<Result<_, _>>()?)
        })
    }
}
