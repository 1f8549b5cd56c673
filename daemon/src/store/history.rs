//! Views of the tables: one metric whole, rows merged by step, lines.
//!
//! Rows of one step are one row. A life that begins again at a step hides what
//! earlier lives of its stream recorded from there on.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use pannier_proto::id::{RunPath, Seq};
use pannier_proto::record::{Row, Table};
use pannier_proto::value::{Kind, Value};
use rusqlite::{Connection, params};

use super::branches::Hidden;
use super::runs::id_of;
use super::series::Series;
use super::unpacked::{POINTS_MAX, Unpacked};
use super::{Result, Store, StoreError, from_sql, sketch};
use crate::block::{self, Cells, Column, STEP_KEY, TIME_KEY};

/// Which rows to read.
#[derive(Debug, Clone)]
pub struct RowsQuery {
    /// From this step on.
    pub from_step: i64,
    /// Up to this step, included.
    pub to_step: i64,
    /// Only these keys; rows with none of them are left out.
    pub keys: Option<Vec<String>>,
    /// At most so many rows.
    pub limit: usize,
    /// As the run was before it began again this often and once more: an earlier
    /// branch. `None`: as it is.
    pub branch: Option<usize>,
}

impl RowsQuery {
    /// Every row as it is, from the first step on.
    #[must_use]
    pub fn all(limit: usize) -> Self {
        Self { from_step: i64::MIN, to_step: i64::MAX, keys: None, limit, branch: None }
    }
}

pub(super) fn columns_of(
    sql: &Connection,
    block: i64,
    table: Table,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Column>> {
    let mut select = sql.prepare_cached(
        "SELECT first_key, last_key, body FROM parts WHERE block = ?1 AND tag = ?2 ORDER BY id",
    )?;
    let mut rows = select.query(params![block, table as u8])?;
    let mut columns = Vec::new();
    while let Some(row) = rows.next()? {
        columns.extend(unpack(block, row.get_ref(2)?.as_blob().unwrap_or_default(), &wanted)?);
    }
    Ok(columns)
}

pub(super) fn unpack(block: i64, body: &[u8], wanted: impl Fn(&str) -> bool) -> Result<Vec<Column>> {
    block::unpack(body, wanted).map_err(|source| StoreError::Damaged { block, run: 0, source })
}

pub(super) fn axis(column: Column) -> Vec<i64> {
    match column.cells {
        Cells::Words(words) => words.into_iter().map(u64::cast_signed).collect(),
        Cells::Texts(_) => Vec::new(),
    }
}

impl Store {
    /// One metric of a run, whole.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Damaged`].
    pub fn series(&self, path: &RunPath, key: &str) -> Result<Series> {
        self.read_blocking(|sql| {
            let run = id_of(sql, path)?;
            let hidden = Hidden::load(sql, run, None)?;
            // `+`: the plan is to go through the run's blocks, and in each to
            // pick the axis and the part whose range holds the key.
            let mut select = sql.prepare_cached(
                "SELECT b.id, b.stream, b.life, p.first_key = ?3, p.body
                 FROM streams s JOIN blocks b ON b.stream = s.id JOIN parts p ON p.block = b.id
                 WHERE s.run = ?1 AND p.tag = 1 AND (p.first_key = ?3 OR (p.first_key <= ?2 AND p.last_key >= ?2))
                 ORDER BY s.origin, b.first_seq, p.id",
            )?;
            let mut rows = select.query(params![run, key, STEP_KEY])?;
            let mut series = Series::default();
            let mut steps: Option<(i64, Vec<i64>)> = None;
            while let Some(row) = rows.next()? {
                let block: i64 = row.get(0)?;
                let body = row.get_ref(4)?.as_blob().unwrap_or_default();
                if row.get(3)? {
                    steps = unpack(block, body, |_| true)?.pop().map(|column| (block, axis(column)));
                } else if let Some((of, steps)) = &steps
                    && *of == block
                {
                    let from = hidden.from(row.get(1)?, row.get(2)?);
                    add(&mut series, steps, &unpack(block, body, |found| found == key)?, from);
                }
            }
            series.settle();
            Ok(series)
        })
    }

    /// One metric of a run, as at most about `points` numbers that draw the same
    /// line; see [`Series::sample`]. A long one is read from its sketches.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Damaged`].
    pub fn sampled(&self, path: &RunPath, key: &str, points: usize) -> Result<Series> {
        let outline = self.read_blocking(|sql| sketch::outline(sql, id_of(sql, path)?, key, points))?;
        match outline {
            Some(mut outline) => {
                outline.settle();
                Ok(outline.sample(points))
            }
            None => Ok(self.series(path, key)?.sample(points)),
        }
    }

    /// History rows by step, merged, one page; and the step from which the next
    /// page starts, if there is more.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Damaged`].
    pub fn rows(&self, path: &RunPath, query: &RowsQuery) -> Result<(Vec<Row>, Option<i64>)> {
        self.read_blocking(|sql| {
            let run = id_of(sql, path)?;
            let hidden = Hidden::load(sql, run, query.branch)?;
            let mut from = query.from_step;
            loop {
                // Up to where the first block that reaches this far ends: each
                // block is read about once, whatever the order of steps.
                let end: Option<i64> = sql
                    .prepare_cached(
                        "SELECT min(b.max_step) FROM blocks b JOIN streams s ON s.id = b.stream
                         WHERE s.run = ?1 AND b.max_step >= ?2 AND b.min_step <= ?3",
                    )?
                    .query_row(params![run, from, query.to_step], |row| row.get(0))?;
                let Some(end) = end.map(|end| end.min(query.to_step)) else { return Ok((Vec::new(), None)) };
                let mut merged = window(sql, &self.unpacked, run, &hidden, from, end, query)?;
                let cut = merged.keys().nth(query.limit).copied();
                let next = cut.or(end.checked_add(1).filter(|next| *next <= query.to_step));
                if let Some(cut) = cut {
                    merged.split_off(&cut);
                }
                if merged.is_empty()
                    && let Some(next) = next
                {
                    from = next;
                    continue;
                }
                return Ok((merged.into_values().collect(), next));
            }
        })
    }

    /// The first step that is shown.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Damaged`].
    pub fn first_step(&self, path: &RunPath) -> Result<Option<i64>> {
        Ok(self.rows(path, &RowsQuery::all(1))?.0.first().map(|row| row.step))
    }

    /// The last row of a table: of history the one with the greatest step.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Damaged`].
    pub fn last_row(&self, path: &RunPath, table: Table) -> Result<Option<Row>> {
        if table == Table::History {
            let Some(step) = self.run(path)?.last_step else { return Ok(None) };
            let query = RowsQuery { from_step: step, ..RowsQuery::all(1) };
            return Ok(self.rows(path, &query)?.0.pop());
        }
        let Some((block, _)) = self.blocks_with(path, table)?.pop() else { return Ok(None) };
        Ok(self.block_rows(block, table)?.pop())
    }

    /// The keys of a run's history, each with every kind of value that it holds.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Damaged`].
    pub fn column_kinds(&self, path: &RunPath) -> Result<BTreeSet<(String, Kind)>> {
        let mut kinds = BTreeSet::new();
        for (block, _) in self.blocks_with(path, Table::History)? {
            let columns = self.read_blocking(|sql| columns_of(sql, block, Table::History, |_| true))?;
            let logged =
                columns.into_iter().filter(|column| ![STEP_KEY, TIME_KEY].contains(&column.key.as_str()));
            kinds.extend(logged.map(|column| (column.key, column.kind)));
        }
        Ok(kinds)
    }

    /// The blocks of a run that have rows of a table, in order, each with its last
    /// `Seq`: to be read one by one with [`Store::block_rows`]. One that was merged
    /// with others is another, whatever its id.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub fn blocks_with(&self, path: &RunPath, table: Table) -> Result<Vec<(i64, Seq)>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT b.id, b.last_seq FROM streams s JOIN blocks b ON b.stream = s.id
                 WHERE s.run = ?1 AND EXISTS (SELECT 1 FROM parts p WHERE p.block = b.id AND p.tag = ?2)
                 ORDER BY s.id, b.first_seq",
            )?;
            let block = |row: &rusqlite::Row| Ok((row.get(0)?, from_sql(row.get(1)?)));
            let rows = select.query_map(params![id_of(sql, path)?, table as u8], block)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// One block's rows of a table. A block that was merged away since it was
    /// listed has none here.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn block_rows(&self, block: i64, table: Table) -> Result<Vec<Row>> {
        self.read_blocking(|sql| rows_of(sql, block, table, &|_| true, i64::MIN..=i64::MAX))
    }
}

pub(super) fn add(series: &mut Series, steps: &[i64], columns: &[Column], hidden_from: i64) {
    let visible = |step: i64| step < hidden_from;
    if let [column] = columns
        && column.len() == steps.len()
        && steps.last().is_none_or(|last| visible(*last))
        && column.len() == column.numbers().size_hint().0
        && steps.is_sorted()
    {
        series.steps.extend_from_slice(steps);
        series.values.extend(column.numbers());
        return;
    }
    let mut cells: Vec<(usize, f64)> = Vec::new();
    for column in columns {
        cells.extend(column.numbers().enumerate().map(|(nth, value)| (column.row(nth), value)));
    }
    cells.sort_by_key(|(row, _)| *row);
    for (row, value) in cells {
        if let Some(step) = steps.get(row).filter(|step| visible(**step)) {
            series.steps.push(*step);
            series.values.push(value);
        }
    }
}

fn window(
    sql: &Connection,
    unpacked: &Unpacked,
    run: i64,
    hidden: &Hidden,
    from: i64,
    end: i64,
    query: &RowsQuery,
) -> Result<BTreeMap<i64, Row>> {
    let mut select = sql.prepare_cached(
        "SELECT b.id, b.stream, b.life, b.sealed AND b.points <= ?4 FROM streams s JOIN blocks b ON b.stream = s.id
         WHERE s.run = ?1 AND b.max_step >= ?2 AND b.min_step <= ?3 ORDER BY s.origin, b.first_seq",
    )?;
    let mut blocks = select.query(params![run, from, end, POINTS_MAX])?;
    let mut merged: BTreeMap<i64, Row> = BTreeMap::new();
    let wanted = |key: &str| query.keys.as_ref().is_none_or(|keys| keys.iter().any(|wanted| wanted == key));
    while let Some(row) = blocks.next()? {
        let hidden_from = hidden.from(row.get(1)?, row.get(2)?);
        let steps = from..=end.min(hidden_from.saturating_sub(1));
        let rows = if query.keys.is_none() && row.get(3)? {
            rows_in(&unpacked.columns(sql, row.get(0)?)?, Table::History, &steps)
        } else {
            rows_of(sql, row.get(0)?, Table::History, &wanted, steps)?
        };
        for row in rows {
            if query.keys.is_some() && row.cells.is_empty() {
                continue;
            }
            match merged.get_mut(&row.step) {
                None => drop(merged.insert(row.step, row)),
                Some(known) => merge_row(known, row),
            }
        }
    }
    Ok(merged)
}

fn merge_row(known: &mut Row, row: Row) {
    known.time_us = row.time_us;
    for (key, value) in row.cells {
        match known.cells.iter_mut().find(|(known, _)| *known == key) {
            Some(cell) => cell.1 = value,
            None => known.cells.push((key, value)),
        }
    }
}

/// A block's rows of a table whose steps are in a range. Of the rest nothing is
/// made: a page is much smaller than a block.
pub(super) fn rows_of(
    sql: &Connection,
    block: i64,
    table: Table,
    wanted: &dyn Fn(&str) -> bool,
    shown: RangeInclusive<i64>,
) -> Result<Vec<Row>> {
    let columns = columns_of(sql, block, table, |key| key == STEP_KEY || key == TIME_KEY || wanted(key))?;
    Ok(rows_in(&columns, table, &shown))
}

fn rows_in(columns: &[Column], table: Table, shown: &RangeInclusive<i64>) -> Vec<Row> {
    let (mut steps, mut times, mut rest) = (&[][..], &[][..], Vec::new());
    for column in columns {
        match (column.key.as_str(), &column.cells) {
            (STEP_KEY, Cells::Words(words)) => steps = words,
            (TIME_KEY, Cells::Words(words)) => times = words,
            _ => rest.push(column),
        }
    }
    // Steps mostly ascend: then what is shown is one stretch.
    let stretch = match steps.is_sorted_by_key(|step| step.cast_signed()) {
        true => {
            steps.partition_point(|step| step.cast_signed() < *shown.start())
                ..steps.partition_point(|step| step.cast_signed() <= *shown.end())
        }
        false => 0..steps.len(),
    };
    let heads = steps.iter().zip(times).skip(stretch.start).take(stretch.len());
    let row = |(step, time): (&u64, &u64)| {
        let cells = Vec::with_capacity(rest.len());
        Row { table, step: step.cast_signed(), time_us: time.cast_signed(), cells }
    };
    let mut rows: Vec<Row> = heads.map(row).collect();
    for column in &rest {
        for nth in first_cell(column, stretch.start)..column.len() {
            let Some(row) = rows.get_mut(column.row(nth) - stretch.start) else { break };
            let value: Value = column.value(nth);
            row.cells.push((column.key.clone(), value));
        }
    }
    rows.retain(|row| shown.contains(&row.step));
    rows
}

/// The first of a column's cells that belongs to this row or a later one.
fn first_cell(column: &Column, row: usize) -> usize {
    let (mut low, mut high) = (0, column.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if column.row(middle) < row {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
