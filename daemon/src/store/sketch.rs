//! Outlines of large columns: a view, made when a block is sealed, from which a
//! long curve is drawn without reading all of it. A sketch is a sample of the
//! column that keeps the extremes of each stretch; a sample of sketches keeps
//! the extremes of all.

use pannier_proto::record::Table;
use pannier_proto::value::Kind;
use rusqlite::{Connection, OptionalExtension, params};

use super::history::{add, axis, columns_of, unpack};
use super::series::Series;
use super::{Result, from_sql};
use crate::block::{self, Block, Cells, Column, Effort, STEP_KEY};

/// Columns with fewer cells have no sketch: reading them is as quick.
const CELLS_MIN: usize = 4096;
/// Cells of a stretch, of which the sketch keeps two.
const STRETCH: usize = 256;

/// The sketches of a block's large metrics: key and bytes.
pub fn of_block(block: &Block) -> Vec<(&str, Vec<u8>)> {
    let rows = block.rows(Table::History);
    let large = rows
        .columns
        .iter()
        .filter(|column| column.len() >= CELLS_MIN && matches!(column.cells, Cells::Words(_)));
    large.filter_map(|column| Some((column.key.as_str(), encode(sketch(&rows.steps, column))?))).collect()
}

fn sketch(steps: &[i64], column: &Column) -> Series {
    let steps = (0..column.len()).map(|nth| steps[column.row(nth)]).collect();
    Series { steps, values: column.numbers().collect() }.sample(2 * column.len() / STRETCH)
}

fn encode(sketch: Series) -> Option<Vec<u8>> {
    let steps = sketch.steps.into_iter().map(i64::cast_unsigned).collect();
    let values = sketch.values.into_iter().map(f64::to_bits).collect();
    let columns = [Column::of_words("step", Kind::I64, steps), Column::of_words("value", Kind::F64, values)];
    let mut parts = Vec::new();
    block::pack(Table::History, &[&columns[0], &columns[1]], Effort::Sealed, &mut parts);
    // A sketch is far smaller than a part may be.
    parts.pop().filter(|_| parts.is_empty()).map(|part| part.body)
}

/// A run's metric from its sketches, and from the columns that have none.
/// `None` where it is not long enough for that, or where a rewind hides some of
/// it.
pub fn outline(sql: &Connection, run: i64, key: &str, points: usize) -> Result<Option<Series>> {
    let count: Option<i64> = sql
        .prepare_cached("SELECT count FROM metrics WHERE run = ?1 AND key = ?2")?
        .query_row(params![run, key], |row| row.get(0))
        .optional()?;
    let rewound: bool = sql
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM rewinds w JOIN streams s ON s.id = w.stream WHERE s.run = ?1)",
        )?
        .query_row([run], |row| row.get(0))?;
    // Each drawn stretch should span a few of the sketches'.
    let enough = usize::try_from(from_sql(count.unwrap_or(0))).unwrap_or(usize::MAX)
        >= points.saturating_mul(2 * STRETCH);
    if !enough || rewound {
        return Ok(None);
    }
    let mut select = sql.prepare_cached(
        "SELECT b.id, k.body FROM streams s JOIN blocks b ON b.stream = s.id
         LEFT JOIN sketches k ON k.block = b.id AND k.key = ?2 WHERE s.run = ?1 ORDER BY s.id, b.first_seq",
    )?;
    let mut rows = select.query(params![run, key])?;
    let mut series = Series::default();
    while let Some(row) = rows.next()? {
        let block: i64 = row.get(0)?;
        match row.get_ref(1)?.as_blob_or_null().map_err(rusqlite::Error::from)? {
            Some(body) => {
                let mut columns = unpack(block, body, |_| true)?;
                let (values, steps) = (columns.pop(), columns.pop().map(axis).unwrap_or_default());
                if let Some(values) = values {
                    add(&mut series, &steps, &[values], i64::MAX);
                }
            }
            None => {
                let mut columns =
                    columns_of(sql, block, Table::History, |found| found == key || found == STEP_KEY)?;
                let axis_at = columns.iter().position(|column| column.key == STEP_KEY);
                if let Some(at) = axis_at {
                    let steps = axis(columns.remove(at));
                    add(&mut series, &steps, &columns, i64::MAX);
                }
            }
        }
    }
    Ok(Some(series))
}
