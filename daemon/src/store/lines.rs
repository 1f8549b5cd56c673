//! Metrics as lines to draw: in buckets along an axis, so that however long a
//! line is, a chart gets what it can show. What lies in a bucket as a whole is
//! read from sketches; columns are unpacked where a line is short, or where the
//! asked range cuts through a block.

use pannier_proto::dashboard::Along;
use pannier_proto::id::RunPath;
use pannier_proto::record::Table;
use rusqlite::{Connection, params};

use super::branches::Hidden;
use super::history::{axis, unpack};
use super::runs::{RunRow, id_of};
use super::sketch::{self, Stretch};
use super::{Result, Store};
use crate::block::{Column, STEP_KEY, TIME_KEY};

/// Which line to draw.
#[derive(Debug, Clone)]
pub struct LineQuery<'a> {
    /// The metric.
    pub key: &'a str,
    /// Of which table: the run's own, or the machine's.
    pub table: Table,
    /// Along what.
    pub along: &'a Along,
    /// From this x on, and up to that, both included.
    pub range: (f64, f64),
    /// In how many buckets at most.
    pub buckets: usize,
}

/// Points that lie together on a line; at first each alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Where the last of them is.
    pub x: f64,
    /// The last of them.
    pub last: f64,
    /// The least; NaN where all are.
    pub min: f64,
    /// The greatest; NaN where all are.
    pub max: f64,
    /// How many there are.
    pub count: u64,
}

impl Bucket {
    fn point(x: f64, y: f64) -> Self {
        Self { x, last: y, min: y, max: y, count: 1 }
    }

    fn take(&mut self, next: &Self) {
        (self.x, self.last) = (next.x, next.last);
        // Of a number and NaN these take the number.
        (self.min, self.max) = (self.min.min(next.min), self.max.max(next.max));
        self.count += next.count;
    }
}

/// A line, in the order of x.
pub type Line = Vec<Bucket>;

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

/// One block's part of a line: its sketch, or its points.
struct Piece {
    block: i64,
    hidden_from: i64,
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

    /// Whether its sketch says enough: all of it lies in the range, and none of
    /// its stretches is wider than a bucket.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn is_fine(&self, (low, high): (f64, f64), width: f64, axis: &Axis) -> bool {
        let (Some(sketch), Some((first, last))) = (&self.sketch, self.span(axis)) else { return true };
        let shown = sketch.last().is_none_or(|last| last.step < self.hidden_from);
        shown && first >= low && last <= high && (last - first) / sketch.len() as f64 <= width
    }
}

impl Store {
    /// One metric of a run as a line.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`]; [`super::StoreError::Damaged`].
    pub fn line(&self, path: &RunPath, query: &LineQuery) -> Result<Line> {
        self.read_blocking(|sql| {
            let run = id_of(sql, path)?;
            let begun_us = match query.along {
                Along::Relative => RunRow::load(sql, run)?.created_us,
                _ => 0,
            };
            let axis = Axis { along: query.along, begun_us };
            let mut points = match query.along {
                Along::Metric(other) => joined(sql, run, query, other)?,
                _ => read(sql, run, query, &axis)?,
            };
            let (low, high) = query.range;
            points.retain(|point| point.x >= low && point.x <= high);
            if !points.is_sorted_by(|a, b| a.x <= b.x) {
                points.sort_by(|a, b| a.x.total_cmp(&b.x));
            }
            if *query.along == Along::Step {
                last_of_each_step(&mut points);
            }
            Ok(bucketed(points, query.buckets))
        })
    }
}

fn read(sql: &Connection, run: i64, query: &LineQuery, axis: &Axis) -> Result<Line> {
    let mut pieces = pieces(sql, run, query, axis)?;
    let ends = pieces.iter().filter_map(|piece| piece.span(axis));
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (first, last)| {
        (low.min(first), high.max(last))
    });
    let (low, high) = (low.max(query.range.0), high.min(query.range.1));
    #[expect(clippy::cast_precision_loss, reason = "there are few buckets")]
    let width = (high - low) / query.buckets as f64;
    for piece in &mut pieces {
        let beyond =
            piece.span(axis).is_none_or(|(first, last)| last < query.range.0 || first > query.range.1);
        if !beyond && !piece.is_fine(query.range, width, axis) {
            piece.points = unpacked(sql, piece.block, piece.hidden_from, query, axis)?;
            piece.sketch = None;
        }
    }
    let mut line = Vec::new();
    for piece in pieces {
        line.extend(piece.points);
        line.extend(piece.sketch.iter().flatten().map(|stretch| Bucket {
            x: axis.at(stretch.step, stretch.time_us),
            last: stretch.last,
            min: stretch.min.1,
            max: stretch.max.1,
            count: stretch.count,
        }));
    }
    Ok(line)
}

/// The blocks that may hold something of the range, in order.
fn pieces(sql: &Connection, run: i64, query: &LineQuery, axis: &Axis) -> Result<Vec<Piece>> {
    let hidden = Hidden::load(sql, run, None)?;
    let history = query.table == Table::History;
    let by_step = history && *query.along == Along::Step;
    let steps = if by_step { query.range } else { (f64::NEG_INFINITY, f64::INFINITY) };
    #[expect(clippy::cast_possible_truncation, reason = "a float to an integer saturates")]
    let steps = (steps.0.ceil() as i64, steps.1.floor() as i64);
    let mut select = sql.prepare_cached(
        "SELECT b.id, b.stream, b.life, k.body FROM streams s JOIN blocks b ON b.stream = s.id
         LEFT JOIN sketches k ON k.block = b.id AND k.key = ?2 AND ?3
         WHERE s.run = ?1 AND (NOT ?3 OR (b.max_step >= ?4 AND b.min_step <= ?5)) ORDER BY s.origin, b.first_seq",
    )?;
    let mut rows = select.query(params![run, query.key, history, steps.0, steps.1])?;
    let mut pieces = Vec::new();
    while let Some(row) = rows.next()? {
        let block: i64 = row.get(0)?;
        // Of the machine's metrics nothing is hidden: they have times, and no steps.
        let hidden_from = if history { hidden.from(row.get(1)?, row.get(2)?) } else { i64::MAX };
        let body = row.get_ref(3)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        let sketch = body.map(|body| sketch::decode(block, body)).transpose()?.flatten();
        let points = match sketch {
            Some(_) => Vec::new(),
            None => unpacked(sql, block, hidden_from, query, axis)?,
        };
        pieces.push(Piece { block, hidden_from, sketch, points });
    }
    Ok(pieces)
}

/// A block's rows of one metric: steps, times, numbers.
#[derive(Default)]
struct Cut {
    steps: Vec<i64>,
    times: Vec<i64>,
    cells: Vec<(usize, f64)>,
}

fn cut(sql: &Connection, block: i64, table: Table, key: &str, times: bool) -> Result<Cut> {
    // The part that holds the key, and those of the axes.
    let mut select = sql.prepare_cached(
        "SELECT body FROM parts WHERE block = ?1 AND tag = ?2
         AND ((first_key <= ?3 AND last_key >= ?3) OR first_key <= ?4)",
    )?;
    let mut rows = select.query(params![block, table as u8, key, TIME_KEY])?;
    let mut cut = Cut::default();
    let mut found: Vec<Column> = Vec::new();
    let wanted = |name: &str| name == key || name == STEP_KEY || (times && name == TIME_KEY);
    while let Some(row) = rows.next()? {
        found.extend(unpack(block, row.get_ref(0)?.as_blob().unwrap_or_default(), wanted)?);
    }
    for column in found {
        match column.key.as_str() {
            STEP_KEY => cut.steps = axis(column),
            TIME_KEY => cut.times = axis(column),
            _ => cut.cells.extend(column.numbers().enumerate().map(|(nth, y)| (column.row(nth), y))),
        }
    }
    // Of several kinds of cells.
    if !cut.cells.is_sorted_by_key(|(row, _)| *row) {
        cut.cells.sort_by_key(|(row, _)| *row);
    }
    Ok(cut)
}

fn unpacked(sql: &Connection, block: i64, hidden_from: i64, query: &LineQuery, axis: &Axis) -> Result<Line> {
    let times = !matches!(query.along, Along::Step);
    let cut = cut(sql, block, query.table, query.key, times)?;
    let mut line = Vec::with_capacity(cut.cells.len());
    for (row, y) in cut.cells {
        let Some(&step) = cut.steps.get(row) else { continue };
        let time_us = cut.times.get(row).copied().unwrap_or_default();
        if step < hidden_from {
            line.push(Bucket::point(axis.at(step, time_us), y));
        }
    }
    Ok(line)
}

/// One metric along another: of the steps that have both.
fn joined(sql: &Connection, run: i64, query: &LineQuery, other: &str) -> Result<Line> {
    let whole = (f64::NEG_INFINITY, f64::INFINITY);
    let settled = |key: &str| {
        let query = LineQuery { key, along: &Along::Step, range: whole, ..query.clone() };
        let axis = Axis { along: &Along::Step, begun_us: 0 };
        let mut line = Vec::new();
        let hidden = Hidden::load(sql, run, None)?;
        for (block, stream, life) in blocks(sql, run)? {
            line.extend(unpacked(sql, block, hidden.from(stream, life), &query, &axis)?);
        }
        line.sort_by(|a, b| a.x.total_cmp(&b.x));
        last_of_each_step(&mut line);
        Ok::<Line, super::StoreError>(line)
    };
    let (along, values) = (settled(other)?, settled(query.key)?);
    let mut along = along.into_iter().peekable();
    let mut line = Vec::new();
    for value in values {
        while along.next_if(|at| at.x < value.x).is_some() {}
        if let Some(at) = along.next_if(|at| at.x == value.x)
            && at.last.is_finite()
        {
            line.push(Bucket::point(at.last, value.last));
        }
    }
    Ok(line)
}

fn blocks(sql: &Connection, run: i64) -> Result<Vec<(i64, i64, i64)>> {
    let mut select = sql.prepare_cached(
        "SELECT b.id, b.stream, b.life FROM streams s JOIN blocks b ON b.stream = s.id
         WHERE s.run = ?1 AND b.min_step IS NOT NULL ORDER BY s.origin, b.first_seq",
    )?;
    let rows = select.query_map([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Of several numbers of one step the last one counts.
fn last_of_each_step(line: &mut Line) {
    line.dedup_by(|next, kept| {
        let again = next.x == kept.x && next.count == 1 && kept.count == 1;
        if again {
            *kept = *next;
        }
        again
    });
}

/// Puts a line, which is in the order of x, into as many buckets of one width.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "there are few buckets"
)]
fn bucketed(line: Line, buckets: usize) -> Line {
    let (Some(first), Some(last)) = (line.first(), line.last()) else { return line };
    if line.len() <= buckets {
        return line;
    }
    let (low, width) = (first.x, (last.x - first.x) / buckets as f64);
    let place = |x: f64| if width > 0.0 { (((x - low) / width) as usize).min(buckets - 1) } else { 0 };
    let mut put: Line = Vec::with_capacity(buckets);
    let mut at = usize::MAX;
    for point in line {
        let next = place(point.x);
        match put.last_mut().filter(|_| next == at) {
            Some(bucket) => bucket.take(&point),
            None => put.push(point),
        }
        at = next;
    }
    put
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(line: &[(f64, f64)]) -> Line {
        line.iter().map(|(x, y)| Bucket::point(*x, *y)).collect()
    }

    #[test]
    fn a_short_line_stays_as_it_is() {
        let line = points(&[(0.0, 1.0), (5.0, f64::NAN), (6.0, 3.0)]);
        let put = bucketed(line.clone(), 3);
        assert_eq!(format!("{put:?}"), format!("{line:?}"));
        assert!(bucketed(Vec::new(), 1).is_empty());
    }

    #[test]
    fn nothing_sticks_out_unseen() {
        let line: Vec<_> =
            (0..1000).map(|x| (f64::from(x), if x == 377 { 99.0 } else { f64::from(x % 7) })).collect();
        let put = bucketed(points(&line), 10);
        assert_eq!(put.len(), 10);
        assert_eq!(put.iter().map(|bucket| bucket.count).sum::<u64>(), 1000);
        assert_eq!(put.iter().map(|bucket| bucket.max).fold(0.0, f64::max), 99.0);
        assert!(put.iter().all(|bucket| bucket.min == 0.0));
        assert_eq!((put[9].x, put[9].last), (999.0, f64::from(999 % 7)));
        assert!(put.is_sorted_by(|a, b| a.x < b.x));
    }

    #[test]
    fn nan_hides_no_number() {
        let put = bucketed(points(&[(0.0, f64::NAN), (1.0, 2.0), (2.0, f64::NAN)]), 1);
        assert_eq!((put.len(), put[0].min, put[0].max, put[0].count), (1, 2.0, 2.0, 3));
        assert!(put[0].last.is_nan());
        // All at one place.
        assert_eq!(bucketed(points(&[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]), 2).len(), 1);
    }
}
