//! Lives that began again at a step, and the branches that they left: which of
//! a run's rows are shown.

use std::collections::HashMap;

use pannier_proto::id::RunPath;
use rusqlite::Connection;

use super::runs::id_of;
use super::{Result, Store};

/// The step from which each life of each stream is hidden.
pub(super) struct Hidden {
    /// For each stream the life that begins again, and at which step.
    rewinds: HashMap<i64, Vec<(i64, i64)>>,
    /// For lives of streams the step from which another stream has what came of
    /// their job.
    taken_over: HashMap<(i64, i64), i64>,
    /// Of an earlier branch: the first life of each stream that is not in it.
    left_out: HashMap<i64, i64>,
}

impl Hidden {
    /// With `branch`, of the branch before the rewind of this number, from 0.
    pub(super) fn load(sql: &Connection, run: i64, branch: Option<usize>) -> Result<Self> {
        let rewinds = rewinds(sql, run)?;
        let mut hidden: HashMap<i64, Vec<(i64, i64)>> = HashMap::new();
        let mut left_out = HashMap::new();
        let mut left = branch.unwrap_or(usize::MAX);
        for (stream, life, step) in rewinds {
            // What was deleted is in no branch.
            let deleted = step == DELETED;
            if deleted || left > 0 {
                hidden.entry(stream).or_default().push((life, step));
                left -= usize::from(!deleted);
            } else {
                left_out.entry(stream).or_insert(life);
            }
        }
        let mut taken_over = HashMap::new();
        for (of, by, step) in take_overs(sql, run)? {
            let shown = |(stream, life): (i64, i64)| {
                hidden.get(&stream).is_some_and(|begun| begun.iter().any(|(begun, _)| *begun == life))
            };
            if branch.is_none() || shown(by) {
                let known = taken_over.entry(of).or_insert(step);
                *known = step.min(*known);
            }
        }
        Ok(Self { rewinds: hidden, taken_over, left_out })
    }

    /// Rows of this life at this step or later are not shown.
    pub(super) fn from(&self, stream: i64, life: i64) -> i64 {
        let rewinds = self.rewinds.get(&stream).map(Vec::as_slice).unwrap_or_default();
        if self.left_out.get(&stream).is_some_and(|first| life >= *first) {
            return i64::MIN;
        }
        let later = rewinds.iter().filter(|(begun, _)| *begun > life);
        let elsewhere = self.taken_over.get(&(stream, life)).copied();
        later.map(|(_, step)| *step).chain(elsewhere).min().unwrap_or(i64::MAX)
    }
}

/// The step of a rewind that hides everything: the run was deleted.
pub(super) const DELETED: i64 = i64::MIN;

/// How often a run began again: stream, life and step of each, in order. A life
/// of 0 is a stream that goes on with what another began.
fn rewinds(sql: &Connection, run: i64) -> Result<Vec<(i64, i64, i64)>> {
    let mut select = sql.prepare_cached(
        "SELECT w.stream, w.life, w.step FROM rewinds w JOIN streams s ON s.id = w.stream
         LEFT JOIN lives l ON l.stream = w.stream AND l.life = w.life
         WHERE s.run = ?1 ORDER BY coalesce(l.attempt, 0), w.life, s.origin",
    )?;
    let rows = select.query_map([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A life of a stream.
type Life = (i64, i64);

/// Lives of jobs that another stream goes on with: which, by which, and from
/// which step on: the first that it logged or, before it did, where it began.
fn take_overs(sql: &Connection, run: i64) -> Result<Vec<(Life, Life, i64)>> {
    let mut select = sql.prepare_cached(
        "SELECT l.stream, l.life, n.stream, n.life,
             coalesce((SELECT min(b.min_step) FROM blocks b WHERE b.stream = n.stream AND b.life = n.life), nullif(n.start_step, 0))
         FROM streams s JOIN lives l ON l.stream = s.id
         JOIN lives n ON n.job = l.job AND n.attempt > l.attempt AND n.stream <> l.stream
         JOIN streams t ON t.id = n.stream AND t.run = s.run
         WHERE s.run = ?1",
    )?;
    let rows = select
        .query_map([run], |row| Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?), row.get(4)?)))?;
    let rows: Vec<(Life, Life, Option<i64>)> = rows.collect::<Result<_, _>>()?;
    Ok(rows.into_iter().filter_map(|(of, by, step)| Some((of, by, step?))).collect())
}

/// The last step that is shown of a run.
pub(super) fn shown_last_step(sql: &Connection, run: i64, hidden: &Hidden) -> Result<Option<i64>> {
    let mut select = sql.prepare_cached(
        "SELECT b.stream, b.life, min(b.min_step), max(b.max_step) FROM streams s JOIN blocks b ON b.stream = s.id
         WHERE s.run = ?1 AND b.min_step IS NOT NULL GROUP BY b.stream, b.life",
    )?;
    let lives = select.query_map([run], |row| {
        let (least, greatest): (i64, i64) = (row.get(2)?, row.get(3)?);
        let end = hidden.from(row.get(0)?, row.get(1)?).saturating_sub(1);
        Ok((least <= end).then_some(greatest.min(end)))
    })?;
    Ok(lives.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().max())
}

impl Store {
    /// The steps at which a run began again, in order: before each there is an
    /// earlier branch to read.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub fn branches(&self, path: &RunPath) -> Result<Vec<i64>> {
        self.read_blocking(|sql| {
            let rewinds = rewinds(sql, id_of(sql, path)?)?.into_iter();
            Ok(rewinds.map(|(.., step)| step).filter(|step| *step != DELETED).collect())
        })
    }
}
