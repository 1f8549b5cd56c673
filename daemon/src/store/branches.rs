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
    /// Of an earlier branch: what begins later is not in it.
    earlier: bool,
}

impl Hidden {
    /// With `branch`, of the branch before the rewind of this number, from 0.
    pub(super) fn load(sql: &Connection, run: i64, branch: Option<usize>) -> Result<Self> {
        let rewinds = rewinds(sql, run)?;
        let mut hidden: HashMap<i64, Vec<(i64, i64)>> = HashMap::new();
        let mut left = branch.unwrap_or(usize::MAX);
        for (stream, life, step) in rewinds {
            // What was deleted is in no branch.
            let deleted = step == DELETED;
            if deleted || left > 0 {
                hidden.entry(stream).or_default().push((life, step));
                left -= usize::from(!deleted);
            }
        }
        Ok(Self { rewinds: hidden, earlier: branch.is_some() })
    }

    /// Rows of this life at this step or later are not shown.
    pub(super) fn from(&self, stream: i64, life: i64) -> i64 {
        let rewinds = self.rewinds.get(&stream).map(Vec::as_slice).unwrap_or_default();
        // Lives are counted from 0, and each but the first begins with a rewind.
        if self.earlier && usize::try_from(life).is_ok_and(|life| life > rewinds.len()) {
            return i64::MIN;
        }
        let later = rewinds.iter().filter(|(begun, _)| *begun > life);
        later.map(|(_, step)| *step).min().unwrap_or(i64::MAX)
    }
}

/// The step of a rewind that hides everything: the run was deleted.
pub(super) const DELETED: i64 = i64::MIN;

/// How often a run began again: stream, life and step of each, in order.
fn rewinds(sql: &Connection, run: i64) -> Result<Vec<(i64, i64, i64)>> {
    let mut select = sql.prepare_cached(
        "SELECT w.stream, w.life, w.step FROM rewinds w JOIN streams s ON s.id = w.stream WHERE s.run = ?1 ORDER BY w.life, w.stream",
    )?;
    let rows = select.query_map([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
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
