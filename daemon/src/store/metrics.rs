//! What each metric came to: kept up to date with every append, so that lists
//! of runs need not read histories.

use pannier_proto::record::Table;
use pannier_proto::summary::Stats;
use rusqlite::params;

use super::writer::Tx;
use super::{Result, to_sql};
use crate::block::{Block, Cells, Column};

impl Tx<'_> {
    pub(super) fn update_metrics(&self, run: i64, block: &Block) -> Result<()> {
        let rows = block.rows(Table::History);
        let mut upsert = self.sql.prepare_cached(
            "INSERT INTO metrics (run, key, last_step, last, count, sum, min, max) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (run, key) DO UPDATE SET
                 last      = CASE WHEN excluded.last_step >= last_step THEN excluded.last ELSE last END,
                 last_step = CASE WHEN excluded.last_step >= last_step THEN excluded.last_step ELSE last_step END,
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
                bound(stats.max)
            ])?;
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
