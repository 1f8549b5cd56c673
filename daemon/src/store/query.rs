//! Runs by what is asked about them: the facts of every run of a project, read
//! only as far as they are asked for, and pages of runs by number. What the
//! question is, the store does not know.

use pannier_proto::id::RunPath;
use pannier_proto::record::RunState;
use pannier_proto::request::RunView;
use pannier_proto::summary::{self, Definition};
use pannier_proto::value::Value;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value as Json};

use super::metrics::stats_of_row;
use super::runs::RunRow;
use super::{Result, Store};
use crate::partial_json::entries;

/// Which of the large facts are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// These entries of the config, by their dotted paths.
    pub config: Vec<String>,
    /// These entries of the summary, by their dotted paths.
    pub summary: Vec<String>,
}

/// What can be asked of a run.
#[derive(Debug, Clone)]
pub struct RunFacts {
    /// Its number in this database.
    pub number: i64,
    /// Its id.
    pub run: String,
    /// The name people see.
    pub name: String,
    /// Its group.
    pub group: Option<String>,
    /// Its kind of job.
    pub job_type: Option<String>,
    /// Free text.
    pub notes: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// Its state.
    pub state: RunState,
    /// Whether its program said that it is about to be stopped.
    pub preempting: bool,
    /// Microseconds since 1970.
    pub created_us: i64,
    /// Microseconds since 1970 of the last record.
    pub updated_us: i64,
    /// Of the config what is wanted, and perhaps more.
    pub config: Map<String, Json>,
    /// Of the summary what is wanted, and more.
    pub summary: Map<String, Json>,
}

const FACTS: &str = "SELECT id, run, name, run_group, job_type, notes, tags, state, created_us, updated_us,
        CASE WHEN state = 'running' THEN metadata END,
        CASE WHEN ?3 THEN config END,
        CASE WHEN ?4 THEN summary END,
        CASE WHEN ?4 THEN definitions END
    FROM shown_runs WHERE entity = ?1 AND project = ?2 ORDER BY created_us DESC, id DESC";

impl Store {
    /// Hands over the facts of every run of a project, newest first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn each_run(
        &self,
        entity: &str,
        project: &str,
        wanted: &Wanted,
        mut take: impl FnMut(RunFacts),
    ) -> Result<()> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(FACTS)?;
            let preempting = [super::append::PREEMPTING.to_owned()];
            let (configs, summaries) = (!wanted.config.is_empty(), !wanted.summary.is_empty());
            let mut rows = select.query(params![entity, project, configs, summaries])?;
            while let Some(row) = rows.next()? {
                let map = |at: usize, wanted: &[String]| -> rusqlite::Result<Map<String, Json>> {
                    let text = row.get_ref(at)?.as_str_or_null().map_err(rusqlite::Error::from)?;
                    Ok(text.map(|text| entries(text, wanted)).unwrap_or_default())
                };
                let number = row.get(0)?;
                let summary = if summaries {
                    let rules: serde_json::Result<Vec<Definition>> =
                        serde_json::from_str(row.get_ref(13)?.as_str().map_err(rusqlite::Error::from)?);
                    partial_summary(
                        sql,
                        number,
                        map(12, &wanted.summary)?,
                        &rules.unwrap_or_default(),
                        &wanted.summary,
                    )?
                } else {
                    Map::new()
                };
                let tags = row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?;
                take(RunFacts {
                    number,
                    run: row.get(1)?,
                    name: row.get(2)?,
                    group: row.get(3)?,
                    job_type: row.get(4)?,
                    notes: row.get(5)?,
                    tags: serde_json::from_str(tags).unwrap_or_default(),
                    state: RunState::parse(row.get_ref(7)?.as_str().map_err(rusqlite::Error::from)?)
                        .unwrap_or(RunState::Running),
                    preempting: map(10, &preempting)?.get(super::append::PREEMPTING)
                        == Some(&Json::Bool(true)),
                    created_us: row.get(8)?,
                    updated_us: row.get(9)?,
                    config: map(11, &wanted.config)?,
                    summary,
                });
            }
            Ok(())
        })
    }

    /// The numbers of a project's runs, by age.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn run_numbers(&self, entity: &str, project: &str, newest_first: bool) -> Result<Vec<i64>> {
        let order = if newest_first { "created_us DESC, id DESC" } else { "created_us, id" };
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(&format!(
                "SELECT id FROM shown_runs WHERE entity = ?1 AND project = ?2 ORDER BY {order}"
            ))?;
            let rows = select.query_map(params![entity, project], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The runs with these numbers, in this order; those that were deleted
    /// meanwhile are left out.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn runs_numbered(&self, numbers: &[i64]) -> Result<Vec<(i64, RunView)>> {
        self.read_blocking(|sql| {
            let mut found = Vec::with_capacity(numbers.len());
            for number in numbers {
                let row = RunRow::load(sql, *number)?;
                if row.deleted_us.is_none() {
                    found.push((*number, row.view(sql)?));
                }
            }
            Ok(found)
        })
    }

    /// A run's number in this database, and the run, where it is there.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn run_and_number(&self, path: &RunPath) -> Result<Option<(i64, RunView)>> {
        self.read_blocking(|sql| {
            let Some(number) = super::runs::find_shown(sql, path)? else { return Ok(None) };
            Ok(Some((number, RunRow::load(sql, number)?.view(sql)?)))
        })
    }
}

/// The summary entries that these paths may lie in: what was set by hand, and of
/// the metrics those whose key is a path or the beginning of one.
fn partial_summary(
    sql: &Connection,
    run: i64,
    set: Map<String, Json>,
    rules: &[Definition],
    wanted: &[String],
) -> Result<Map<String, Json>> {
    let mut found = Map::new();
    let mut select =
        sql.prepare_cached("SELECT last, count, sum, min, max FROM metrics WHERE run = ?1 AND key = ?2")?;
    for path in wanted {
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
        for key in ends.map(|end| &path[..end]) {
            let metric = select.query_row(params![run, key], |row| {
                Ok((row.get_ref(0)?.as_str()?.to_owned(), stats_of_row(row, 1)?))
            });
            let Some((last, stats)) = metric.optional()? else { continue };
            let last = serde_json::from_str(&last).unwrap_or_default();
            if let Some(entry) = summary::entry(summary::rule(rules, key), &Value::from_json(&last), &stats) {
                found.insert(key.to_owned(), entry);
            }
        }
    }
    found.extend(set);
    Ok(found)
}
