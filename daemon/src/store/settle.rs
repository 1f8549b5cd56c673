//! What a run's row comes to. Of one stream every change counts as it comes; of
//! several the row is made again from all of them, in an order that does not
//! depend on which came first: lives by the time of their begin, and a job's by
//! its attempts, whatever the clocks of its nodes said.

use pannier_proto::id::{Id128, Origin, RunPath};
use pannier_proto::job::JobLife;
use pannier_proto::record::{Change, RunState};
use rusqlite::params;
use serde_json::Value as Json;

use super::append::{PREEMPTING, STOP};
use super::branches::{Hidden, shown_last_step};
use super::runs::RunRow;
use super::writer::Tx;
use super::{Result, Store, StoreError, to_sql};
use crate::block::Head;

/// What an append brought to a run.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// The stream, and its life after it.
    pub(super) stream: i64,
    pub(super) life: i64,
    /// The stream's last record before it.
    pub(super) after: u64,
    /// Whether there were changes.
    pub(super) changes: bool,
    /// Whether a later life of a job began.
    pub(super) requeued: bool,
    /// The least and the greatest step of its rows.
    pub(super) steps: Option<(i64, i64)>,
}

impl RunRow {
    /// What a change does to the row.
    pub(super) fn change(&mut self, change: &Change) {
        match change {
            Change::Begin { time_us, fields, start_step, resumed, .. } => {
                self.metadata.remove(PREEMPTING);
                self.metadata.remove(STOP);
                self.deleted_us = None;
                self.state = RunState::Running;
                self.exit_code = None;
                self.created_us = self.created_us.min(*time_us);
                if *resumed && *start_step > 0 {
                    // What came before may be elsewhere.
                    self.last_step = self.last_step.max(Some(start_step - 1));
                }
                self.set_fields(fields);
            }
            Change::State { state } => self.state = *state,
            Change::Fields { fields } => self.set_fields(fields),
            Change::Config { set, remove } => {
                set.iter().for_each(|(key, value)| merge_json(&mut self.config, key, value));
                remove.iter().for_each(|key| drop(self.config.remove(key)));
            }
            Change::Summary { set, remove } => {
                self.summary.extend(set.clone());
                remove.iter().for_each(|key| drop(self.summary.remove(key)));
            }
            Change::Define { definition } => {
                self.definitions.retain(|known| known.name != definition.name);
                self.definitions.push(definition.clone());
            }
            Change::Metadata { set } => self.metadata.extend(set.clone()),
            Change::End { state, exit_code, .. } => {
                let told_to_go = self.metadata.get(PREEMPTING) == Some(&Json::Bool(true));
                self.state =
                    if told_to_go && *state != RunState::Finished { RunState::Preempted } else { *state };
                self.exit_code = *exit_code;
            }
            _ => {}
        }
    }
}

/// Sets a config key; objects are merged key by key, as `config.update` does.
fn merge_json(map: &mut serde_json::Map<String, Json>, key: &str, value: &Json) {
    match (map.get_mut(key), value) {
        (Some(Json::Object(here)), Json::Object(there)) => {
            there.iter().for_each(|(key, value)| merge_json(here, key, value));
        }
        _ => drop(map.insert(key.to_owned(), value.clone())),
    }
}

impl Tx<'_> {
    /// Notes which life of which job begins in a stream.
    pub(super) fn note_life(&self, stream: i64, life: i64, job: &JobLife, start_step: i64) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO lives (stream, life, job, attempt, start_step) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![stream, life, job.job, to_sql(job.attempt), start_step])?;
        Ok(())
    }

    /// Whether the stream holds a life of this job that is over, now that this one
    /// begins, and none of this one.
    pub(super) fn follows_earlier_life(&self, stream: i64, job: &JobLife) -> Result<bool> {
        let latest: Option<i64> = self
            .sql
            .prepare_cached("SELECT max(attempt) FROM lives WHERE stream = ?1 AND job = ?2")?
            .query_row(params![stream, job.job], |row| row.get(0))?;
        Ok(latest.is_some_and(|latest| latest < to_sql(job.attempt)))
    }

    /// Brings a run that several homes recorded to what it comes to, whatever the
    /// order in which their records came.
    pub(super) fn settle(&self, run_id: i64, came: &Came) -> Result<()> {
        let streams: i64 = self
            .sql
            .prepare_cached("SELECT count(*) FROM streams WHERE run = ?1")?
            .query_row([run_id], |row| row.get(0))?;
        // With every append, so a run of one stream is not even loaded.
        if streams < 2 {
            return Ok(());
        }
        let mut run = RunRow::load(self.sql, run_id)?;
        if run.path.is_workspace() {
            return Ok(());
        }
        if came.changes {
            self.fold(run_id, &mut run)?;
        }
        let hidden = Hidden::load(self.sql, run_id, None)?;
        if came.requeued || self.hides_or_is_hidden(came, &hidden)? {
            self.recount_metrics(run_id)?;
        }
        run.last_step = shown_last_step(self.sql, run_id, &hidden)?;
        run.save(self.sql)
    }

    /// Whether rows came that are shown no more, or that hide others from now on.
    fn hides_or_is_hidden(&self, came: &Came, hidden: &Hidden) -> Result<bool> {
        let Some((least, greatest)) = came.steps else { return Ok(false) };
        if hidden.from(came.stream, came.life) <= greatest {
            return Ok(true);
        }
        // The first step that a later life logged moves down.
        let moves: bool = self
            .sql
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM lives WHERE stream = ?1 AND life = ?2 AND attempt > 0)
                 AND NOT EXISTS (SELECT 1 FROM blocks WHERE stream = ?1 AND life = ?2 AND first_seq <= ?3 AND min_step <= ?4)",
            )?
            .query_row(params![came.stream, came.life, to_sql(came.after), least], |row| row.get(0))?;
        Ok(moves)
    }

    /// Makes the row again from the changes of all streams.
    fn fold(&self, run_id: i64, run: &mut RunRow) -> Result<()> {
        let mut lives = self.lives_of(run_id)?;
        let deletes = |life: &Life| life.changes.iter().any(|change| matches!(change, Change::Delete { .. }));
        if lives.iter().any(deletes) {
            // What was deleted here is not made again of what is elsewhere.
            return Ok(());
        }
        in_order(&mut lives);
        let counted = (run.history_rows, run.dropped);
        run.clear();
        (run.history_rows, run.dropped) = counted;
        let mut states = Vec::new();
        for life in &lives {
            let mut time = life.begun;
            for change in &life.changes {
                run.change(change);
                if let Change::TextFile { path, text } = change {
                    self.set_text_file(run_id, path, text)?;
                }
                match change {
                    Change::Begin { time_us, .. } | Change::End { time_us, .. } => time = time.max(*time_us),
                    // It has no time of its own: it was said after what came before it.
                    Change::State { .. } => {}
                    _ => continue,
                }
                states.push((time, life.origin, run.state, run.exit_code));
            }
        }
        // Lives beside each other: the last word said of any is the run's.
        states.sort_by_key(|(time, origin, ..)| (*time, *origin));
        if let Some((.., state, exit_code)) = states.last() {
            (run.state, run.exit_code) = (*state, *exit_code);
        }
        Ok(())
    }

    fn lives_of(&self, run_id: i64) -> Result<Vec<Life>> {
        let mut select = self.sql.prepare_cached(
            "SELECT b.id, s.origin, b.head FROM streams s JOIN blocks b ON b.stream = s.id
             WHERE s.run = ?1 ORDER BY s.origin, b.first_seq",
        )?;
        let mut rows = select.query([run_id])?;
        let mut lives: Vec<Life> = Vec::new();
        while let Some(row) = rows.next()? {
            let origin = Id128(row.get(1)?);
            let head = Head::decode(row.get_ref(2)?.as_blob().unwrap_or_default());
            let head = head.map_err(|source| StoreError::Damaged {
                block: row.get(0).unwrap_or(0),
                run: run_id,
                source,
            })?;
            for change in head.changes {
                let begins = match &change {
                    Change::Begin { time_us, job, .. } => Some((*time_us, job.clone())),
                    _ => None,
                };
                if begins.is_some() || lives.last().is_none_or(|life| life.origin != origin) {
                    let (begun, job) = begins.unwrap_or((i64::MIN, None));
                    lives.push(Life { origin, begun, job, changes: Vec::new() });
                }
                lives.iter_mut().last().into_iter().for_each(|life| life.changes.push(change.clone()));
            }
        }
        Ok(lives)
    }
}

impl Store {
    /// The runs that this home recorded of a life of a job, with their states: of
    /// those that ended, the ones that did so since a time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn runs_of_job(&self, job: &JobLife, since_us: i64) -> Result<Vec<(RunPath, RunState)>> {
        let origin = self.origin();
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT r.entity, r.project, r.run, r.state FROM lives l
                 JOIN streams s ON s.id = l.stream AND s.life = l.life AND s.origin = ?1
                 JOIN shown_runs r ON r.id = s.run
                 WHERE l.job = ?2 AND l.attempt = ?3 AND (r.state = 'running' OR r.updated_us >= ?4)",
            )?;
            let rows =
                select.query_map(params![origin.0, job.job, to_sql(job.attempt), since_us], |row| {
                    let path = RunPath { entity: row.get(0)?, project: row.get(1)?, run: row.get(2)? };
                    Ok((path, RunState::parse(row.get_ref(3)?.as_str()?).unwrap_or(RunState::Running)))
                })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// The changes from one begin of a stream up to the next.
struct Life {
    origin: Origin,
    /// When it began; by the clock of its node, until it is put in order.
    begun: i64,
    job: Option<JobLife>,
    changes: Vec<Change>,
}

impl Life {
    fn ended(&self) -> i64 {
        let ends = self.changes.iter().filter_map(|change| match change {
            Change::End { time_us, .. } => Some(*time_us),
            _ => None,
        });
        ends.max().unwrap_or(i64::MIN).max(self.begun)
    }

    fn is_over_before(&self, other: &Self) -> bool {
        let attempts = self.job.as_ref().zip(other.job.as_ref());
        attempts.is_some_and(|(mine, theirs)| mine.job == theirs.job && mine.attempt < theirs.attempt)
    }
}

/// Puts lives in order, those of a stream as they lie in it.
fn in_order(lives: &mut [Life]) {
    // A clock that is behind is moved up, until every life is behind those that
    // were over before it.
    for _ in 0..lives.len() {
        let mut moved = false;
        for at in 0..lives.len() {
            let mut begun = lives[at].begun;
            if at > 0 && lives[at - 1].origin == lives[at].origin {
                begun = begun.max(lives[at - 1].begun);
            }
            for earlier in lives.iter().filter(|earlier| earlier.is_over_before(&lives[at])) {
                begun = begun.max(earlier.ended().saturating_add(1));
            }
            moved |= begun != lives[at].begun;
            lives[at].begun = begun;
        }
        if !moved {
            break;
        }
    }
    // Stable: a stream's own order stays.
    lives.sort_by_key(|life| (life.begun, life.origin));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(origin: u8, begun: i64, ended: Option<i64>, attempt: Option<u64>) -> Life {
        let end = |time_us| Change::End { time_us, state: RunState::Preempted, exit_code: None };
        Life {
            origin: Id128([origin; 16]),
            begun,
            job: attempt.map(|attempt| JobLife { job: "j".into(), attempt }),
            changes: ended.map(end).into_iter().collect(),
        }
    }

    fn ordered(mut lives: Vec<Life>) -> Vec<u8> {
        in_order(&mut lives);
        lives.iter().map(|life| life.origin.0[0]).collect()
    }

    #[test]
    fn attempts_count_more_than_clocks() {
        assert_eq!(ordered(vec![life(1, 20, None, None), life(2, 10, None, None)]), [2, 1]);
        let skewed = vec![life(1, 500, Some(900), Some(0)), life(2, 100, Some(150), Some(1))];
        assert_eq!(ordered(skewed), [1, 2], "the second node's clock is behind");
        let back =
            vec![life(1, 10, Some(20), Some(0)), life(1, 30, None, Some(2)), life(2, 90, Some(95), Some(1))];
        assert_eq!(ordered(back), [1, 2, 1]);
    }
}
