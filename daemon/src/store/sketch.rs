//! Outlines of large columns: a view, made when a block is sealed, from which a
//! long curve is drawn without reading all of it. A sketch says of each stretch
//! of the column how many cells it has, where it ends, and what its extremes are.

use pannier_proto::record::Table;
use pannier_proto::value::Kind;
use rusqlite::{Connection, OptionalExtension, params};

use super::history::{add, axis, columns_of, unpack};
use super::series::Series;
use super::{Result, from_sql};
use crate::block::{self, Block, Cells, Column, Effort, STEP_KEY};

/// Columns with fewer cells have no sketch: reading them is as quick.
const CELLS_MIN: usize = 4096;
/// Cells of a stretch.
const STRETCH: usize = 128;

/// Consecutive cells of a column, as a sketch has them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stretch {
    /// How many.
    pub count: u64,
    /// The step of the last.
    pub step: i64,
    /// The time of the last, in microseconds since 1970.
    pub time_us: i64,
    /// The last.
    pub last: f64,
    /// The least and its step; NaN where all are.
    pub min: (i64, f64),
    /// The greatest and its step; NaN where all are.
    pub max: (i64, f64),
}

/// The sketches of a block's large metrics: key and bytes. There is none where
/// steps do not ascend, or where a key has several kinds of cells.
pub fn of_block(block: &Block) -> Vec<(&str, Vec<u8>)> {
    let rows = block.rows(Table::History);
    if !rows.steps.is_sorted() {
        return Vec::new();
    }
    let only = |key: &str| rows.columns.iter().filter(|column| column.key == key).count() == 1;
    let large = rows.columns.iter().filter(|column| {
        column.len() >= CELLS_MIN && matches!(column.cells, Cells::Words(_)) && only(&column.key)
    });
    let sketched = |column: &Column| encode(&sketch(&rows.steps, &rows.times_us, column));
    large.filter_map(|column| Some((column.key.as_str(), sketched(column)?))).collect()
}

/// The first cell is a stretch of its own, so that a line begins where it does.
fn sketch(steps: &[i64], times_us: &[i64], column: &Column) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::with_capacity(1 + column.len() / STRETCH);
    for (nth, value) in column.numbers().enumerate() {
        let row = column.row(nth);
        let (step, time_us) = (steps[row], times_us[row]);
        let begins = nth == 0 || (nth - 1).is_multiple_of(STRETCH);
        match stretches.last_mut().filter(|_| !begins) {
            Some(stretch) => {
                (stretch.step, stretch.time_us, stretch.last) = (step, time_us, value);
                stretch.count += 1;
                // Comparisons with NaN are false: any number replaces one.
                if value < stretch.min.1 || stretch.min.1.is_nan() {
                    stretch.min = (step, value);
                }
                if value > stretch.max.1 || stretch.max.1.is_nan() {
                    stretch.max = (step, value);
                }
            }
            None => {
                let (min, max) = ((step, value), (step, value));
                stretches.push(Stretch { count: 1, step, time_us, last: value, min, max });
            }
        }
    }
    stretches
}

/// The columns of a sketch, in the order of their names, which is how they lie.
const COLUMNS: [(&str, Kind); 8] = [
    ("count", Kind::I64),
    ("last", Kind::F64),
    ("max", Kind::F64),
    ("max_step", Kind::I64),
    ("min", Kind::F64),
    ("min_step", Kind::I64),
    ("step", Kind::I64),
    ("time", Kind::I64),
];

fn encode(sketch: &[Stretch]) -> Option<Vec<u8>> {
    let word = |at: usize, stretch: &Stretch| match at {
        0 => stretch.count,
        1 => stretch.last.to_bits(),
        2 => stretch.max.1.to_bits(),
        3 => stretch.max.0.cast_unsigned(),
        4 => stretch.min.1.to_bits(),
        5 => stretch.min.0.cast_unsigned(),
        6 => stretch.step.cast_unsigned(),
        _ => stretch.time_us.cast_unsigned(),
    };
    let column = |(at, (name, kind)): (usize, &(&str, Kind))| {
        Column::of_words(name, *kind, sketch.iter().map(|stretch| word(at, stretch)).collect())
    };
    let columns: Vec<Column> = COLUMNS.iter().enumerate().map(column).collect();
    let mut parts = Vec::new();
    block::pack(Table::History, &columns.iter().collect::<Vec<_>>(), Effort::Sealed, &mut parts);
    // A sketch is far smaller than a part may be.
    parts.pop().filter(|_| parts.is_empty()).map(|part| part.body)
}

/// Reads a sketch; `None` where it is of a form that is not written any more.
pub(super) fn decode(block: i64, body: &[u8]) -> Result<Option<Vec<Stretch>>> {
    let columns = unpack(block, body, |_| true)?;
    let words: Vec<Vec<u64>> = columns
        .into_iter()
        .filter_map(|column| if let Cells::Words(words) = column.cells { Some(words) } else { None })
        .collect();
    let [count, last, max, max_step, min, min_step, step, time] = words.as_slice() else { return Ok(None) };
    let at = |nth: usize| {
        let (number, whole) = (|of: &[u64]| f64::from_bits(of[nth]), |of: &[u64]| of[nth].cast_signed());
        Stretch {
            count: count[nth],
            step: whole(step),
            time_us: whole(time),
            last: number(last),
            min: (whole(min_step), number(min)),
            max: (whole(max_step), number(max)),
        }
    };
    let even = words.iter().all(|column| column.len() == count.len());
    Ok(even.then(|| (0..count.len()).map(at).collect()))
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
            "SELECT EXISTS (SELECT 1 FROM rewinds w JOIN streams s ON s.id = w.stream WHERE s.run = ?1)
             OR EXISTS (SELECT 1 FROM lives l JOIN streams s ON s.id = l.stream WHERE s.run = ?1 AND l.attempt > 0)",
        )?
        .query_row([run], |row| row.get(0))?;
    // Each drawn stretch should span a few of the sketches'.
    let enough = usize::try_from(from_sql(count.unwrap_or(0))).unwrap_or(usize::MAX)
        >= points.saturating_mul(4 * STRETCH);
    if !enough || rewound {
        return Ok(None);
    }
    let mut select = sql.prepare_cached(
        "SELECT b.id, k.body FROM streams s JOIN blocks b ON b.stream = s.id
         LEFT JOIN sketches k ON k.block = b.id AND k.key = ?2 WHERE s.run = ?1 ORDER BY s.origin, b.first_seq",
    )?;
    let mut rows = select.query(params![run, key])?;
    let mut series = Series::default();
    while let Some(row) = rows.next()? {
        let block: i64 = row.get(0)?;
        let body = row.get_ref(1)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        match body.map(|body| decode(block, body)).transpose()?.flatten() {
            Some(sketch) => sketch.iter().for_each(|stretch| add_extremes(&mut series, stretch)),
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

fn add_extremes(series: &mut Series, stretch: &Stretch) {
    let mut points = [stretch.min, stretch.max, (stretch.step, stretch.last)];
    points.sort_by_key(|(step, _)| *step);
    for (step, value) in points {
        if series.steps.last() != Some(&step) {
            series.steps.push(step);
            series.values.push(value);
        }
    }
}
