//! How far what was recorded here is on its way to the remotes, in a word.

use std::collections::BTreeMap;

use pannier_proto::dashboard::{Sync, SyncState};
use pannier_proto::id::RunPath;
use pannier_proto::request::RunAtRemote;

use crate::api::App;
use crate::store::{self, StoreError};

/// The way of a run, or of a project as such. What is not here has none.
///
/// # Errors
/// As the store's.
pub fn of(app: &App, path: &RunPath) -> store::Result<Sync> {
    match at_remotes(app, path) {
        Ok((_, remotes)) => Ok(Sync { state: worst(&remotes), remotes }),
        Err(StoreError::Missing(_)) => Ok(Sync { state: SyncState::Here, remotes: BTreeMap::new() }),
        Err(error) => Err(error),
    }
}

/// The records of a run, or of a project as such, and how far each remote is with
/// them: with the last errors of those that lack something.
///
/// # Errors
/// As the store's.
pub fn at_remotes(app: &App, path: &RunPath) -> store::Result<(u64, BTreeMap<String, RunAtRemote>)> {
    let (records, mut remotes) = app.store.run_at_remotes(path)?;
    for (remote, at) in &mut remotes {
        at.records_passed_on = app.sync.passed_on(remote, path).map(|passed_on| passed_on.min(at.records));
        at.url = app.sync.page(remote, path);
        if at.records_queued > 0 {
            at.last_error = app.sync.last_error(remote);
            if app.sync.is_refused(remote) {
                at.state = SyncState::Failed;
            }
        }
    }
    Ok((records, remotes))
}

fn worst(remotes: &BTreeMap<String, RunAtRemote>) -> SyncState {
    remotes.values().map(|at| at.state).max().unwrap_or(SyncState::Here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_said() {
        let at = |state| RunAtRemote {
            state,
            last_step: None,
            records: 1,
            records_queued: 0,
            bytes_queued: 0,
            oldest_unsent_us: None,
            parked: None,
            last_error: None,
            records_passed_on: None,
            url: None,
        };
        for (states, expected) in [
            (vec![], SyncState::Here),
            (vec![SyncState::Sent], SyncState::Sent),
            (vec![SyncState::Sent, SyncState::Queued], SyncState::Queued),
            (vec![SyncState::Failed, SyncState::Queued], SyncState::Failed),
        ] {
            let remotes =
                states.into_iter().map(at).enumerate().map(|(nth, at)| (nth.to_string(), at)).collect();
            assert_eq!(worst(&remotes), expected, "{remotes:?}");
        }
    }
}
