//! What each metric came to: kept up to date with every append, so that lists
//! of runs need not read histories.

use std::collections::BTreeMap;

use pannier_proto::id::{Id128, Origin, RunPath};
use pannier_proto::record::Table;
use pannier_proto::request::MetricView;
use pannier_proto::summary::{self, Definition, Stats};
use pannier_proto::value::Value;
use rusqlite::{Connection, Row, params};
use serde_json::{Map, Value as Json};

use super::branches::Hidden;
use super::history::rows_of;
use super::runs::id_of;
use super::writer::Tx;
use super::{Result, Store, from_sql, to_sql};
use crate::block::{Block, Cells, Column};

impl Tx<'_> {
    pub(super) fn update_metrics(&self, run: i64, origin: Origin, block: &Block) -> Result<()> {
        let rows = block.rows(Table::History);
        let mut upsert = self.sql.prepare_cached(
            "INSERT INTO metrics (run, key, last_step, last, count, sum, min, max, last_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (run, key) DO UPDATE SET
                 last      = CASE WHEN (excluded.last_step, excluded.last_by) >= (last_step, coalesce(last_by, x'')) THEN excluded.last ELSE last END,
                 last_by   = CASE WHEN (excluded.last_step, excluded.last_by) >= (last_step, coalesce(last_by, x'')) THEN excluded.last_by ELSE last_by END,
                 last_step = max(excluded.last_step, last_step),
                 count     = count + excluded.count,
                 sum       = sum + excluded.sum,
                 min       = CASE WHEN min IS NULL OR excluded.min < min THEN coalesce(excluded.min, min) ELSE min END,
                 max       = CASE WHEN max IS NULL OR excluded.max > max THEN coalesce(excluded.max, max) ELSE max END",
        )?;
        for column in rows.columns.iter().filter(|column| !column.is_empty()) {
            let stats = stats_of(column);
            let last_step = rows.steps[column.row(column.len() - 1)];
            let bound = |x: f64| (stats.count > 0).then_some(x);
            upsert.execute(params![
                run,
                column.key,
                last_step,
                column.last_json().unwrap_or_default().to_string(),
                to_sql(stats.count),
                stats.sum,
                bound(stats.min),
                bound(stats.max),
                origin.0
            ])?;
        }
        Ok(())
    }
}

/// What one metric came to, counted again.
struct Counted {
    last_step: i64,
    last_by: Origin,
    last: Value,
    stats: Stats,
}

impl Tx<'_> {
    /// Counts what is still shown of a run's history: after a life began again in
    /// front of steps that were logged.
    pub(super) fn recount_metrics(&self, run: i64) -> Result<()> {
        self.sql.execute("DELETE FROM metrics WHERE run = ?1", [run])?;
        let hidden = Hidden::load(self.sql, run, None)?;
        let mut select = self.sql.prepare_cached(
            "SELECT b.id, b.stream, b.life, s.origin FROM streams s JOIN blocks b ON b.stream = s.id
             WHERE s.run = ?1 AND b.min_step IS NOT NULL ORDER BY s.origin, b.first_seq",
        )?;
        let mut blocks = select.query([run])?;
        let mut counted: BTreeMap<String, Counted> = BTreeMap::new();
        while let Some(block) = blocks.next()? {
            let end = hidden.from(block.get(1)?, block.get(2)?).saturating_sub(1);
            let origin = Id128(block.get(3)?);
            let shown = rows_of(self.sql, block.get(0)?, Table::History, &|_| true, i64::MIN..=end)?;
            for row in shown {
                for (key, value) in row.cells {
                    let number = value.as_f64();
                    let metric = counted.entry(key).or_insert_with(|| Counted {
                        last_step: row.step,
                        last_by: origin,
                        last: Value::Bool(false),
                        stats: Stats::default(),
                    });
                    if row.step >= metric.last_step {
                        (metric.last_step, metric.last, metric.last_by) = (row.step, value, origin);
                    }
                    number.into_iter().for_each(|x| metric.stats.add(x));
                }
            }
        }
        let mut insert = self.sql.prepare_cached(
            "INSERT INTO metrics (run, key, last_step, last, count, sum, min, max, last_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        for (key, Counted { last_step, last_by, last, stats }) in counted {
            let bound = |x: f64| (stats.count > 0).then_some(x);
            let last = last.to_json().to_string();
            let (min, max) = (bound(stats.min), bound(stats.max));
            let count = to_sql(stats.count);
            insert.execute(params![run, key, last_step, last, count, stats.sum, min, max, last_by.0])?;
        }
        Ok(())
    }
}

fn stats_of(column: &Column) -> Stats {
    let mut stats = Stats::default();
    if matches!(column.cells, Cells::Words(_)) {
        column.numbers().for_each(|x| stats.add(x));
    }
    stats
}

/// Columns `count, sum, min, max` from `at` on.
pub(super) fn stats_of_row(row: &Row, at: usize) -> rusqlite::Result<Stats> {
    Ok(Stats {
        count: from_sql(row.get(at)?),
        // SQLite stores NaN as NULL; infinities it keeps.
        sum: row.get::<_, Option<f64>>(at + 1)?.unwrap_or(f64::NAN),
        min: row.get::<_, Option<f64>>(at + 2)?.unwrap_or(f64::INFINITY),
        max: row.get::<_, Option<f64>>(at + 3)?.unwrap_or(f64::NEG_INFINITY),
    })
}

struct Metric {
    key: String,
    last: Json,
    stats: Stats,
}

fn metrics(sql: &Connection, run: i64) -> Result<Vec<Metric>> {
    let mut select = sql
        .prepare_cached("SELECT key, last, count, sum, min, max FROM metrics WHERE run = ?1 ORDER BY key")?;
    let rows = select.query_map([run], |row| {
        Ok(Metric {
            key: row.get(0)?,
            last: serde_json::from_str(row.get_ref(1)?.as_str()?).unwrap_or_default(),
            stats: stats_of_row(row, 2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What the metrics say the summary is.
pub(super) fn automatic_summary(
    sql: &Connection,
    run: i64,
    rules: &[Definition],
) -> Result<Map<String, Json>> {
    let mut summary = Map::new();
    for metric in metrics(sql, run)? {
        let rule = summary::rule(rules, &metric.key);
        let last = Value::from_json(&metric.last);
        if let Some(entry) = summary::entry(rule, &last, &metric.stats) {
            summary.insert(metric.key, entry);
        }
    }
    Ok(summary)
}

impl Store {
    /// A run's metrics, by key.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub fn metrics(&self, path: &RunPath) -> Result<Vec<MetricView>> {
        self.read_blocking(|sql| {
            let metrics = metrics(sql, id_of(sql, path)?)?;
            Ok(metrics
                .into_iter()
                .map(|m| MetricView { key: m.key, count: m.stats.count, last: m.last })
                .collect())
        })
    }
}
