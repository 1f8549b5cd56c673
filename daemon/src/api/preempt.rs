//! A scheduler takes a job's machine away: what that is to the runs that the job
//! writes.

use axum::Json;
use axum::extract::State;
use pannier_proto::id::RunPath;
use pannier_proto::record::{Change, Record, RunState};
use pannier_proto::request::{Preempt, Preempted};
use serde_json::{Map, Value as JsonValue};

use super::intake::uncommitted;
use super::respond::Answer;
use super::{App, blocking};
use crate::clock::now_us;
use crate::ingest;
use crate::spool::Drained;
use crate::store::PREEMPTING;

/// Marks the runs of a life of a job: those that go on, so that however they end
/// they were preempted, and those that the same signal ended before it was said.
/// What is logged after it is kept as ever.
pub async fn preempt(State(app): State<App>, Json(asked): Json<Preempt>) -> Answer<Json<Preempted>> {
    // All that they wrote, and that they are gone where they are, is known then.
    if app.spool.drain(None).await == Drained::Failed {
        return Err(uncommitted());
    }
    let store = app.store.clone();
    let (found, streamed) = blocking(move || {
        let streamed =
            if asked.over { store.running_with_lines(ingest::stream::WRITERS)? } else { Vec::new() };
        Ok((store.runs_of_job(&asked.job, asked.since_us)?, streamed))
    })
    .await?;
    let mut runs: Vec<RunPath> = Vec::new();
    for (path, state) in found {
        let mut changes = Vec::new();
        match state {
            RunState::Running => {
                let set = Map::from_iter([(PREEMPTING.to_owned(), JsonValue::Bool(true))]);
                changes.push(Change::Metadata { set });
                if streamed.contains(&path) {
                    // Another command of the job that still posts to it begins it again.
                    changes.push(Change::End {
                        time_us: now_us(),
                        state: RunState::Crashed,
                        exit_code: None,
                    });
                    app.lives.heard(&path, true);
                }
            }
            RunState::Crashed | RunState::Failed => {
                changes.push(Change::State { state: RunState::Preempted });
            }
            RunState::Finished | RunState::Pending | RunState::Preempted => continue,
        }
        ingest::append(&app.store, &path, changes.into_iter().map(Record::Change).collect()).await?;
        runs.push(path);
    }
    // There is little time left to bring it away.
    app.sync.wake();
    Ok(Json(Preempted { runs }))
}
