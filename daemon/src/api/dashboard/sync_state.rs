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
        Ok((_, remotes)) => Ok(Sync { state: word(&remotes, |remote| app.sync.is_refused(remote)), remotes }),
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
    for (remote, at) in remotes.iter_mut().filter(|(_, at)| at.records_queued > 0) {
        at.last_error = app.sync.last_error(remote);
    }
    Ok((records, remotes))
}

fn word(remotes: &BTreeMap<String, RunAtRemote>, refuses: impl Fn(&str) -> bool) -> SyncState {
    let of = |(name, at): (&String, &RunAtRemote)| match at {
        RunAtRemote { parked: Some(_), .. } => SyncState::Failed,
        RunAtRemote { records_queued: 0, .. } => SyncState::Sent,
        _ if refuses(name) => SyncState::Failed,
        _ => SyncState::Queued,
    };
    let worst = |state: &SyncState| match state {
        SyncState::Here => 0,
        SyncState::Sent => 1,
        SyncState::Queued => 2,
        SyncState::Failed => 3,
    };
    remotes.iter().map(of).max_by_key(worst).unwrap_or(SyncState::Here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_said() {
        let at = |queued: u64, parked: Option<&str>| RunAtRemote {
            last_step: None,
            records: 1,
            records_queued: queued,
            bytes_queued: 0,
            oldest_unsent_us: None,
            parked: parked.map(str::to_owned),
            last_error: None,
        };
        for (remotes, refuses, expected) in [
            (vec![], false, SyncState::Here),
            (vec![("a", at(0, None))], false, SyncState::Sent),
            (vec![("a", at(0, None)), ("b", at(2, None))], false, SyncState::Queued),
            (vec![("a", at(1, None)), ("b", at(0, Some("no")))], false, SyncState::Failed),
            (vec![("b", at(1, None))], true, SyncState::Failed),
            (vec![("b", at(0, None))], true, SyncState::Sent),
        ] {
            let remotes = remotes.into_iter().map(|(name, at)| (name.to_owned(), at)).collect();
            assert_eq!(word(&remotes, |name| refuses && name == "b"), expected, "{remotes:?}");
        }
    }
}
