//! What is known of our runs at the server: how far each is, and under which
//! numbers its lines went. Kept with the remote, in the store; pure otherwise.

use std::collections::{BTreeMap, VecDeque};

use pannier_proto::id::{Id128, Origin, RunPath, Seq};
use serde::{Deserialize, Serialize};

use crate::store::{self, Store};
use crate::sync::kind::application;

/// A console's lines that may be written again: progress bars rewrite the last
/// ones. Of a line further back the new text is a line of its own.
const REWRITTEN: usize = 256;

/// A run at the server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunState {
    /// Its own id for it, and where it is; none before it is made there.
    pub there: Option<There>,
    /// The records that it has, of each origin.
    pub sent: BTreeMap<Origin, Seq>,
    /// The records that have been looked at when history was sent last: a row
    /// behind these may be one of a step that has gone.
    pub seen: BTreeMap<Origin, Seq>,
    /// The last step that has gone.
    pub step: Option<i64>,
    /// Lines of history.
    pub history: u64,
    /// Lines of the machine's metrics.
    pub system: u64,
    /// Lines of the console.
    pub console: Console,
    /// What names and config were, when they were sent last.
    pub names: Option<Id128>,
    /// What the summary was.
    pub summary: Option<Id128>,
    /// Whether it was told that the run has ended.
    pub ended: bool,
    /// The newest alert that has gone, by its time in microseconds.
    pub alerted_us: i64,
    /// Why its history can be no longer what it is here, for people.
    pub doubled: Option<String>,
}

/// Where a run is at the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct There {
    /// Its id there.
    pub id: String,
    /// Whose it is there.
    pub entity: String,
    /// In which project.
    pub project: String,
}

/// Which numbers the lines of a console have there: one after the other, as they
/// were first written, whoever wrote them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Console {
    next: u64,
    /// By writer: its number of a line, and ours.
    recent: BTreeMap<String, VecDeque<(u64, u64)>>,
}

impl Console {
    /// The number of a writer's line.
    pub fn number(&mut self, label: &str, line: u64) -> u64 {
        let recent = self.recent.entry(label.to_owned()).or_default();
        if let Some((_, known)) = recent.iter().rev().find(|(number, _)| *number == line) {
            return *known;
        }
        recent.push_back((line, self.next));
        if recent.len() > REWRITTEN {
            recent.pop_front();
        }
        self.next += 1;
        self.next - 1
    }
}

impl RunState {
    /// Whether it has all of these.
    pub fn has(&self, ends: &BTreeMap<Origin, Seq>) -> bool {
        ends.iter().all(|(origin, end)| self.sent.get(origin).is_some_and(|sent| sent >= end))
    }
}

/// The name under which a run's state is kept.
pub fn name(path: &RunPath) -> String {
    format!("run/{}/{}/{}", path.entity, path.project, path.run)
}

/// The name under which a file of a run is.
pub fn file_name(path: &RunPath, file: &str) -> String {
    format!("file/{}/{}/{}/{file}", path.entity, path.project, path.run)
}

/// A run's state, as it was kept.
///
/// # Errors
/// As the store's.
pub fn load(store: &Store, remote: &str, path: &RunPath) -> store::Result<RunState> {
    let kept = store.counterpart(remote, &name(path))?;
    // One that cannot be read is as if nothing were there: it is all sent again,
    // under the same numbers.
    Ok(kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// A run's page there, by the server's URL.
pub fn page(store: &Store, remote: &str, url: &str, path: &RunPath) -> Option<String> {
    let There { entity, project, .. } = load(store, remote, path).ok()?.there?;
    Some(format!("{}/{entity}/{project}/runs/{}", application(url), path.run))
}

/// A digest of what was sent.
pub fn digest(text: &str) -> Id128 {
    let mut id = [0; 16];
    id.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..16]);
    Id128(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_written_again_keep_their_numbers() {
        let mut console = Console::default();
        let numbers: Vec<_> = [("", 0), ("", 1), ("b", 0), ("", 1), ("b", 0), ("", 2)]
            .map(|(label, line)| console.number(label, line))
            .to_vec();
        assert_eq!(numbers, [0, 1, 2, 1, 2, 3]);
        let state = RunState { console, ..RunState::default() };
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<RunState>(&text).unwrap(), state);
        let older: RunState = serde_json::from_str(r#"{"history": 3, "unknown": 1}"#).unwrap();
        assert_eq!(older.history, 3);
    }
}
