//! Metrics as lines to draw: in buckets along an axis, so that however long a
//! line is, a chart gets what it can show. What lies in a bucket as a whole is
//! read from sketches; columns are unpacked where a line is short, or where the
//! asked range cuts through a block.

mod bucket;

use std::collections::HashMap;

use pannier_proto::dashboard::Along;
use pannier_proto::id::RunPath;
use pannier_proto::record::Table;
use rusqlite::{Connection, Row, params};

pub use self::bucket::{Bucket, Line};
use self::bucket::{bucketed, last_of_each_step};
use super::branches::Hidden;
use super::history::{axis, unpack};
use super::runs::{RunRow, id_of};
use super::sketch::{self, Stretch};
use super::{Result, Store};
use crate::block::{Column, STEP_KEY, TIME_KEY};

/// Which lines of a run to draw.
#[derive(Debug, Clone)]
pub struct LineQuery<'a> {
    /// The metrics, each once.
    pub keys: &'a [String],
    /// Of which table: the run's own, or the machine's.
    pub table: Table,
    /// Along what.
    pub along: &'a Along,
    /// From this x on, and up to that, both included.
    pub range: (f64, f64),
    /// Each in how many buckets at most.
    pub buckets: usize,
}

/// The x of a row.
struct Axis<'a> {
    along: &'a Along,
    begun_us: i64,
}

impl Axis<'_> {
    #[expect(clippy::cast_precision_loss, reason = "axes are of floats")]
    fn at(&self, step: i64, time_us: i64) -> f64 {
        match self.along {
            Along::Step | Along::Metric(_) => step as f64,
            Along::Time => time_us as f64 / 1e6,
            Along::Relative => time_us.saturating_sub(self.begun_us) as f64 / 1e6,
        }
    }
}

/// A block that may hold something of the range.
struct Place {
    block: i64,
    hidden_from: i64,
}

/// One block's part of a line: its sketch, or its points.
#[derive(Default)]
struct Piece {
    sketch: Option<Vec<Stretch>>,
    points: Line,
}

impl Piece {
    /// The x of its ends.
    fn span(&self, axis: &Axis) -> Option<(f64, f64)> {
        match &self.sketch {
            Some(sketch) => {
                let (first, last) = (sketch.first()?, sketch.last()?);
                Some((axis.at(first.step, first.time_us), axis.at(last.step, last.time_us)))
            }
            None => {
                let x = self.points.iter().map(|point| point.x);
                Some((x.clone().reduce(f64::min)?, x.reduce(f64::max)?))
            }
        }
    }

    /// Whether its sketch does not say enough: it is cut by the range or by a
    /// rewind, or one of its stretches is wider than a bucket.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn is_coarse(&self, (low, high): (f64, f64), width: f64, axis: &Axis, hidden_from: i64) -> bool {
        let (Some(sketch), Some((first, last))) = (&self.sketch, self.span(axis)) else { return false };
        let beyond = last < low || first > high;
        let hidden = sketch.last().is_some_and(|last| last.step >= hidden_from);
        let wide = (last - first) / sketch.len() as f64 > width;
        !beyond && (hidden || first < low || last > high || wide)
    }

    fn buckets(self, axis: &Axis) -> impl Iterator<Item = Bucket> {
        let bucket = |stretch: Stretch| Bucket {
            x: axis.at(stretch.step, stretch.time_us),
            last: stretch.last,
            min: stretch.min.1,
            max: stretch.max.1,
            count: stretch.count,
        };
        self.points.into_iter().chain(self.sketch.into_iter().flatten().map(bucket))
    }
}

impl Store {
    /// Metrics of a run as lines, in the order of their keys.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`]; [`super::StoreError::Damaged`].
    pub fn lines(&self, path: &RunPath, query: &LineQuery) -> Result<Vec<Line>> {
        self.read_blocking(|sql| {
            let run = id_of(sql, path)?;
            let begun_us = match query.along {
                Along::Relative => RunRow::load(sql, run)?.created_us,
                _ => 0,
            };
            let axis = Axis { along: query.along, begun_us };
            let lines = match query.along {
                Along::Metric(other) => joined(sql, run, query, other)?,
                _ => read(sql, run, query, &axis)?,
            };
            Ok(lines.into_iter().map(|line| drawn(line, query)).collect())
        })
    }
}

/// What is to be seen of a line.
fn drawn(mut line: Line, query: &LineQuery) -> Line {
    let (low, high) = query.range;
    line.retain(|point| point.x >= low && point.x <= high);
    if !line.is_sorted_by(|a, b| a.x <= b.x) {
        line.sort_by(|a, b| a.x.total_cmp(&b.x));
    }
    if *query.along == Along::Step {
        last_of_each_step(&mut line);
    }
    bucketed(line, query.buckets)
}

fn read(sql: &Connection, run: i64, query: &LineQuery, axis: &Axis) -> Result<Vec<Line>> {
    let places = places(sql, run, query)?;
    let mut pieces = Vec::with_capacity(places.len());
    for place in &places {
        let mut found = sketched(sql, place, query)?;
        // What has no sketch is short.
        unpack_those(sql, place, query, axis, &mut found, |_, piece| piece.sketch.is_none())?;
        pieces.push(found);
    }
    let widths: Vec<f64> = (0..query.keys.len()).map(|key| width(&pieces, key, query, axis)).collect();
    for (place, found) in places.iter().zip(&mut pieces) {
        let coarse =
            |key: usize, piece: &Piece| piece.is_coarse(query.range, widths[key], axis, place.hidden_from);
        unpack_those(sql, place, query, axis, found, coarse)?;
    }
    let mut lines = vec![Line::new(); query.keys.len()];
    for found in pieces {
        for (line, piece) in lines.iter_mut().zip(found) {
            line.extend(piece.buckets(axis));
        }
    }
    Ok(lines)
}

/// How wide a bucket of a line will be.
fn width(pieces: &[Vec<Piece>], key: usize, query: &LineQuery, axis: &Axis) -> f64 {
    let ends = pieces.iter().filter_map(|found| found[key].span(axis));
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (first, last)| {
        (low.min(first), high.max(last))
    });
    #[expect(clippy::cast_precision_loss, reason = "there are few buckets")]
    let buckets = query.buckets as f64;
    (high.min(query.range.1) - low.max(query.range.0)) / buckets
}

/// The blocks that may hold something of the range, in order.
fn places(sql: &Connection, run: i64, query: &LineQuery) -> Result<Vec<Place>> {
    let hidden = Hidden::load(sql, run, None)?;
    let history = query.table == Table::History;
    let by_step = history && *query.along == Along::Step;
    let steps = if by_step { query.range } else { (f64::NEG_INFINITY, f64::INFINITY) };
    #[expect(clippy::cast_possible_truncation, reason = "a float to an integer saturates")]
    let steps = (steps.0.ceil() as i64, steps.1.floor() as i64);
    let mut select = sql.prepare_cached(
        "SELECT b.id, b.stream, b.life FROM streams s JOIN blocks b ON b.stream = s.id
         WHERE s.run = ?1 AND (NOT ?2 OR (b.max_step >= ?3 AND b.min_step <= ?4)) ORDER BY s.origin, b.first_seq",
    )?;
    let place = |row: &Row| {
        // Of the machine's metrics nothing is hidden: they have times, and no steps.
        let hidden_from = if history { hidden.from(row.get(1)?, row.get(2)?) } else { i64::MAX };
        Ok(Place { block: row.get(0)?, hidden_from })
    };
    let rows = select.query_map(params![run, history, steps.0, steps.1], place)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A block's part of each line, as far as there are sketches.
fn sketched(sql: &Connection, place: &Place, query: &LineQuery) -> Result<Vec<Piece>> {
    let mut select = sql.prepare_cached("SELECT body FROM sketches WHERE block = ?1 AND key = ?2")?;
    let mut piece = |key: &String| {
        let mut rows = select.query(params![place.block, key])?;
        let sketch = match rows.next()? {
            Some(row) if query.table == Table::History => {
                sketch::decode(place.block, row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?
            }
            _ => None,
        };
        Ok(Piece { sketch, points: Line::new() })
    };
    query.keys.iter().map(&mut piece).collect()
}

/// Reads the points of those pieces of a block, instead of what is there of them.
fn unpack_those(
    sql: &Connection,
    place: &Place,
    query: &LineQuery,
    axis: &Axis,
    pieces: &mut [Piece],
    which: impl Fn(usize, &Piece) -> bool,
) -> Result<()> {
    let asked: Vec<usize> = (0..pieces.len()).filter(|key| which(*key, &pieces[*key])).collect();
    let keys: Vec<&str> = asked.iter().map(|key| query.keys[*key].as_str()).collect();
    for (key, points) in asked.into_iter().zip(unpacked(sql, place, query.table, &keys, axis)?) {
        pieces[key] = Piece { sketch: None, points };
    }
    Ok(())
}

/// The points of metrics in a block, in the order of the keys.
fn unpacked(sql: &Connection, place: &Place, table: Table, keys: &[&str], axis: &Axis) -> Result<Vec<Line>> {
    let times = !matches!(axis.along, Along::Step | Along::Metric(_));
    let cut = cut(sql, place.block, table, keys, times)?;
    let point = |(row, y): (usize, f64)| {
        let step = *cut.steps.get(row).filter(|step| **step < place.hidden_from)?;
        Some(Bucket::point(axis.at(step, cut.times.get(row).copied().unwrap_or_default()), y))
    };
    Ok(cut.cells.into_iter().map(|cells| cells.into_iter().filter_map(point).collect()).collect())
}

/// A block's rows of some metrics: steps, times, and each metric's numbers.
struct Cut {
    steps: Vec<i64>,
    times: Vec<i64>,
    cells: Vec<Vec<(usize, f64)>>,
}

fn cut(sql: &Connection, block: i64, table: Table, keys: &[&str], times: bool) -> Result<Cut> {
    let mut cut = Cut { steps: Vec::new(), times: Vec::new(), cells: vec![Vec::new(); keys.len()] };
    let (Some(first), Some(last)) = (keys.iter().min(), keys.iter().max()) else { return Ok(cut) };
    let places: HashMap<&str, usize> = keys.iter().enumerate().map(|(at, key)| (*key, at)).collect();
    // The parts that may hold one of the keys, and those of the axes.
    let mut select = sql.prepare_cached(
        "SELECT first_key, last_key, body FROM parts WHERE block = ?1 AND tag = ?2
         AND ((first_key <= ?4 AND last_key >= ?3) OR first_key <= ?5)",
    )?;
    let mut rows = select.query(params![block, table as u8, first, last, TIME_KEY])?;
    let mut found: Vec<Column> = Vec::new();
    let wanted = |name: &str| places.contains_key(name) || name == STEP_KEY || (times && name == TIME_KEY);
    while let Some(row) = rows.next()? {
        let (first, last): (String, String) = (row.get(0)?, row.get(1)?);
        let holds = |key: &str| *first <= *key && *last >= *key;
        if keys.iter().any(|key| holds(key)) || holds(STEP_KEY) || holds(TIME_KEY) {
            found.extend(unpack(block, row.get_ref(2)?.as_blob().unwrap_or_default(), wanted)?);
        }
    }
    for column in found {
        match column.key.as_str() {
            STEP_KEY => cut.steps = axis(column),
            TIME_KEY => cut.times = axis(column),
            name => {
                let cells = column.numbers().enumerate().map(|(nth, y)| (column.row(nth), y));
                if let Some(at) = places.get(name) {
                    cut.cells[*at].extend(cells);
                }
            }
        }
    }
    // Of several kinds of cells.
    for cells in cut.cells.iter_mut().filter(|cells| !cells.is_sorted_by_key(|(row, _)| *row)) {
        cells.sort_by_key(|(row, _)| *row);
    }
    Ok(cut)
}

/// Metrics along another one: of the steps that have both.
fn joined(sql: &Connection, run: i64, query: &LineQuery, other: &str) -> Result<Vec<Line>> {
    let whole = LineQuery { along: &Along::Step, range: (f64::NEG_INFINITY, f64::INFINITY), ..query.clone() };
    let axis = Axis { along: &Along::Step, begun_us: 0 };
    // The other one may be among them.
    let at = query.keys.iter().position(|key| key == other).unwrap_or(query.keys.len());
    let keys = query.keys.iter().map(String::as_str).chain((at == query.keys.len()).then_some(other));
    let keys: Vec<&str> = keys.collect();
    let mut lines = vec![Line::new(); keys.len()];
    for place in places(sql, run, &whole)? {
        for (line, points) in lines.iter_mut().zip(unpacked(sql, &place, query.table, &keys, &axis)?) {
            line.extend(points);
        }
    }
    for line in &mut lines {
        line.sort_by(|a, b| a.x.total_cmp(&b.x));
        last_of_each_step(line);
    }
    let along = lines[at].clone();
    lines.truncate(query.keys.len());
    Ok(lines.iter().map(|values| of_both(&along, values)).collect())
}

fn of_both(along: &Line, values: &Line) -> Line {
    let mut along = along.iter().peekable();
    let mut line = Vec::new();
    for value in values {
        while along.next_if(|at| at.x < value.x).is_some() {}
        if let Some(at) = along.next_if(|at| at.x == value.x)
            && at.last.is_finite()
        {
            line.push(Bucket::point(at.last, value.last));
        }
    }
    line
}
