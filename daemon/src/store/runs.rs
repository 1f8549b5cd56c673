//! Runs as people ask for them: names, state, config, summary.

use pannier_proto::id::RunPath;
use pannier_proto::record::{RunFields, RunState};
use pannier_proto::request::{Problem, RunView};
use pannier_proto::summary::Definition;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value as Json};

use super::metrics::automatic_summary;
use super::writer::Tx;
use super::{Result, Store, StoreError, from_sql, to_sql};

/// A run's row, whole.
pub(super) struct RunRow {
    id: i64,
    pub(super) path: RunPath,
    name: String,
    group: Option<String>,
    job_type: Option<String>,
    notes: Option<String>,
    tags: Vec<String>,
    pub(super) state: RunState,
    pub(super) exit_code: Option<i32>,
    pub(super) created_us: i64,
    pub(super) updated_us: i64,
    pub(super) last_step: Option<i64>,
    pub(super) history_rows: u64,
    pub(super) dropped: u64,
    pub(super) config: Map<String, Json>,
    pub(super) summary: Map<String, Json>,
    pub(super) metadata: Map<String, Json>,
    pub(super) definitions: Vec<Definition>,
    pub(super) deleted_us: Option<i64>,
}

const COLUMNS: &str = "id, entity, project, run, name, run_group, job_type, notes, tags, state, exit_code, created_us, updated_us,
    last_step, history_rows, dropped, config, summary, metadata, definitions, deleted_us";

impl RunRow {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        let json = |at: usize| -> rusqlite::Result<Map<String, Json>> {
            Ok(serde_json::from_str(row.get_ref(at)?.as_str()?).unwrap_or_default())
        };
        let path = RunPath { entity: row.get(1)?, project: row.get(2)?, run: row.get(3)? };
        Ok(Self {
            id: row.get(0)?,
            path,
            name: row.get(4)?,
            group: row.get(5)?,
            job_type: row.get(6)?,
            notes: row.get(7)?,
            tags: serde_json::from_str(row.get_ref(8)?.as_str()?).unwrap_or_default(),
            state: RunState::parse(row.get_ref(9)?.as_str()?).unwrap_or(RunState::Running),
            exit_code: row.get(10)?,
            created_us: row.get(11)?,
            updated_us: row.get(12)?,
            last_step: row.get(13)?,
            history_rows: from_sql(row.get(14)?),
            dropped: from_sql(row.get(15)?),
            config: json(16)?,
            summary: json(17)?,
            metadata: json(18)?,
            definitions: serde_json::from_str(row.get_ref(19)?.as_str()?).unwrap_or_default(),
            deleted_us: row.get(20)?,
        })
    }

    pub(super) fn load(sql: &Connection, id: i64) -> Result<Self> {
        Ok(sql
            .prepare_cached(&format!("SELECT {COLUMNS} FROM runs WHERE id = ?1"))?
            .query_row([id], Self::read)?)
    }

    pub(super) fn save(&self, sql: &Connection) -> Result<()> {
        let text = |map: &Map<String, Json>| serde_json::to_string(map).unwrap_or_default();
        sql.prepare_cached(
            "UPDATE runs SET name = ?2, run_group = ?3, job_type = ?4, notes = ?5, tags = ?6, state = ?7, exit_code = ?8,
                 created_us = ?9, updated_us = ?10, last_step = ?11, history_rows = ?12, dropped = ?13,
                 config = ?14, summary = ?15, metadata = ?16, definitions = ?17, deleted_us = ?18 WHERE id = ?1",
        )?
        .execute(params![
            self.id,
            self.name,
            self.group,
            self.job_type,
            self.notes,
            serde_json::to_string(&self.tags).unwrap_or_default(),
            self.state.as_str(),
            self.exit_code,
            self.created_us,
            self.updated_us,
            self.last_step,
            to_sql(self.history_rows),
            to_sql(self.dropped),
            text(&self.config),
            text(&self.summary),
            text(&self.metadata),
            serde_json::to_string(&self.definitions).unwrap_or_default(),
            self.deleted_us
        ])?;
        Ok(())
    }

    /// As it was before anything was recorded, but for its name and age.
    pub(super) fn clear(&mut self) {
        (self.group, self.job_type, self.notes) = (None, None, None);
        (self.last_step, self.history_rows, self.dropped) = (None, 0, 0);
        self.tags.clear();
        self.definitions.clear();
        for map in [&mut self.config, &mut self.summary, &mut self.metadata] {
            map.clear();
        }
    }

    pub(super) fn set_fields(&mut self, fields: &RunFields) {
        if let Some(name) = &fields.name {
            self.name.clone_from(name);
        }
        let set = |here: &mut Option<String>, there: &Option<String>| {
            if there.is_some() {
                here.clone_from(there);
            }
        };
        set(&mut self.group, &fields.group);
        set(&mut self.job_type, &fields.job_type);
        set(&mut self.notes, &fields.notes);
        if let Some(tags) = &fields.tags {
            self.tags.clone_from(tags);
        }
    }

    pub(super) fn view(self, sql: &Connection) -> Result<RunView> {
        let mut summary = automatic_summary(sql, self.id, &self.definitions)?;
        summary.retain(|key, _| !said_nested(&self.summary, key));
        summary.extend(self.summary);
        if let Some(step) = self.last_step {
            summary.entry("_step").or_insert_with(|| Json::from(step));
        }
        Ok(RunView {
            path: self.path,
            fields: RunFields {
                name: Some(self.name),
                group: self.group,
                job_type: self.job_type,
                notes: self.notes,
                tags: Some(self.tags),
            },
            state: self.state,
            exit_code: self.exit_code,
            created_us: self.created_us,
            updated_us: self.updated_us,
            last_step: self.last_step,
            history_rows: self.history_rows,
            config: self.config,
            summary,
            metadata: self.metadata,
            definitions: self.definitions,
            dropped: self.dropped,
        })
    }
}

/// Which runs to list; an absent field means any.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Of this entity.
    pub entity: Option<String>,
    /// Of this project.
    pub project: Option<String>,
    /// Of none of these entities.
    pub without: Vec<String>,
    /// At most so many.
    pub limit: usize,
    /// After leaving out so many.
    pub offset: usize,
}

impl Tx<'_> {
    /// The run's id in this database; makes the run if there is none.
    pub(super) fn run_id(&self, path: &RunPath, now_us: i64) -> Result<i64> {
        if let Some(id) = find(self.sql, path)? {
            return Ok(id);
        }
        self.sql.execute(
            "INSERT INTO runs (entity, project, run, name, created_us, updated_us, workspace) VALUES (?1, ?2, ?3, ?3, ?4, ?4, ?5)",
            params![path.entity, path.project, path.run, now_us, path.is_workspace()],
        )?;
        Ok(self.sql.last_insert_rowid())
    }

    /// Reads a run inside the transaction.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub fn run(&self, path: &RunPath) -> Result<RunView> {
        run_view(self.sql, path)
    }

    /// Whether there was a run of this name that was deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn was_deleted(&self, path: &RunPath) -> Result<bool> {
        Ok(find(self.sql, path)?.is_some() && find_shown(self.sql, path)?.is_none())
    }
}

/// Whether a summary that was set by hand holds `a.b` as `{"a": {"b": …}}`.
fn said_nested(summary: &Map<String, Json>, key: &str) -> bool {
    let mut map = summary;
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        match map.get(part) {
            Some(Json::Object(inner)) if parts.peek().is_some() => map = inner,
            found => return found.is_some() && parts.peek().is_none() && key.contains('.'),
        }
    }
    false
}

/// The run's id, whether it was deleted or not.
fn find(sql: &Connection, path: &RunPath) -> Result<Option<i64>> {
    Ok(sql
        .prepare_cached("SELECT id FROM runs WHERE entity = ?1 AND project = ?2 AND run = ?3")?
        .query_row(params![path.entity, path.project, path.run], |row| row.get(0))
        .optional()?)
}

/// The id of a run that is there.
pub(super) fn find_shown(sql: &Connection, path: &RunPath) -> Result<Option<i64>> {
    Ok(sql
        .prepare_cached("SELECT id FROM shown_runs WHERE entity = ?1 AND project = ?2 AND run = ?3")?
        .query_row(params![path.entity, path.project, path.run], |row| row.get(0))
        .optional()?)
}

pub(super) fn id_of(sql: &Connection, path: &RunPath) -> Result<i64> {
    find_shown(sql, path)?.ok_or_else(|| StoreError::Missing(format!("run {path}")))
}

/// The id of a run, or of a workspace; of a deleted run, too: it has records.
pub(super) fn with_records(sql: &Connection, path: &RunPath) -> Result<i64> {
    find(sql, path)?.ok_or_else(|| StoreError::Missing(format!("run {path}")))
}

fn run_view(sql: &Connection, path: &RunPath) -> Result<RunView> {
    RunRow::load(sql, id_of(sql, path)?)?.view(sql)
}

impl Store {
    /// One run.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub fn run(&self, path: &RunPath) -> Result<RunView> {
        self.read_blocking(|sql| run_view(sql, path))
    }

    /// How many runs there are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn run_count(&self) -> Result<u64> {
        self.read_blocking(|sql| {
            Ok(from_sql(sql.query_row("SELECT count(*) FROM shown_runs", [], |row| row.get(0))?))
        })
    }

    /// How many runs a project has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn project_runs(&self, entity: &str, project: &str) -> Result<u64> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT count(*) FROM runs WHERE entity = ?1 AND project = ?2 AND workspace = 0",
            )?;
            Ok(from_sql(select.query_row(params![entity, project], |row| row.get(0))?))
        })
    }

    /// Finds a run by its id or, where only one of the project bears it, its name.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Conflict`] for a name of several.
    pub fn resolve(&self, path: &RunPath) -> Result<RunPath> {
        self.read_blocking(|sql| {
            if find_shown(sql, path)?.is_some() {
                return Ok(path.clone());
            }
            let mut select = sql.prepare_cached(
                "SELECT run FROM shown_runs WHERE entity = ?1 AND project = ?2 AND name = ?3 LIMIT 2",
            )?;
            let ids = select
                .query_map(params![path.entity, path.project, path.run], |row| row.get::<_, String>(0))?
                .collect::<Result<Vec<_>, _>>()?;
            match ids.as_slice() {
                [] => Err(StoreError::Missing(format!("run {path}"))),
                [id] => Ok(RunPath { run: id.clone(), ..path.clone() }),
                _ => Err(StoreError::Conflict(format!(
                    "several runs of {}/{} are named {:?}; use the id",
                    path.entity, path.project, path.run
                ))),
            }
        })
    }

    /// Runs, newest first, and whether there are more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn runs(&self, filter: &RunFilter) -> Result<(Vec<RunView>, bool)> {
        self.read_blocking(|sql| {
            let without: Vec<_> = (5..5 + filter.without.len()).map(|at| format!("?{at}")).collect();
            let without = without.join(", ");
            let mut select = sql.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM shown_runs WHERE (?1 IS NULL OR entity = ?1) AND (?2 IS NULL OR project = ?2)
                 AND entity NOT IN ({without}) ORDER BY created_us DESC, id DESC LIMIT ?3 OFFSET ?4"
            ))?;
            let page = i64::try_from(filter.limit).unwrap_or(i64::MAX - 1).saturating_add(1);
            let offset = i64::try_from(filter.offset).unwrap_or(i64::MAX);
            let mut values: Vec<&dyn rusqlite::ToSql> =
                vec![&filter.entity, &filter.project, &page, &offset];
            values.extend(filter.without.iter().map(|entity| entity as &dyn rusqlite::ToSql));
            let rows =
                select.query_map(values.as_slice(), RunRow::read)?.collect::<Result<Vec<_>, _>>()?;
            let more = rows.len() > filter.limit;
            let views =
                rows.into_iter().take(filter.limit).map(|row| row.view(sql)).collect::<Result<_>>()?;
            Ok((views, more))
        })
    }

    /// What a person should know, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn problems(&self) -> Result<Vec<Problem>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT object, what, hint, time_us, count FROM problems ORDER BY time_us DESC LIMIT 100",
            )?;
            let rows = select.query_map([], |row| {
                Ok(Problem {
                    object: row.get(0)?,
                    what: row.get(1)?,
                    hint: row.get(2)?,
                    time_us: row.get(3)?,
                    count: from_sql(row.get(4)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
