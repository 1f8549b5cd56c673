//! What a life of a run leaves in a shared folder for the next, which may begin on
//! a node that has never seen the run: where it stands there, in one small file
//! for each run and home, `lives/HASH/ORIGIN.json`. It is replaced as a whole,
//! after the records that it speaks of are in the folder, and read without
//! reading them. It knows neither how records lie there nor who carries them on.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pannier_proto::id::{Id128, Origin, RunPath};
use pannier_proto::request::RunView;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::home::write_private;
use crate::limits::HANDOVER_BYTES_MAX;
use crate::site;
use crate::store::{Result, RunFilter, Store, StoreError, Touched};
use crate::sync::kind::folder_of;

/// The folder of these files.
const LIVES: &str = "lives";
/// How far what is left there may be behind what is there.
const INTERVAL: Duration = Duration::from_secs(1);
/// The runs that are looked at where it is not known which changed: the newest.
const RUNS_MAX: usize = 100;

/// The runs whose next life does not know yet how far they are.
pub struct Handover {
    store: Arc<Store>,
    news: Mutex<Receiver<Arc<[Touched]>>>,
    changed: Mutex<BTreeSet<RunPath>>,
}

/// How far a home has brought a run.
#[derive(Debug, Serialize, Deserialize)]
struct Left {
    /// Of its last life's job.
    attempt: u64,
    run: RunView,
}

impl Handover {
    /// For the runs of a home.
    #[must_use]
    pub fn new(store: Arc<Store>) -> Self {
        Self { news: Mutex::new(store.touched()), store, changed: Mutex::default() }
    }

    /// Leaves word of what changes, for as long as it is polled.
    pub async fn watch(self: Arc<Self>) {
        let mut touched = self.store.touched();
        let first = self.clone();
        // What an earlier daemon of the home was killed before it could say.
        let _ = tokio::task::spawn_blocking(move || first.note_newest()).await;
        loop {
            let again = self.clone();
            // A panic was said where it was.
            let _ = tokio::task::spawn_blocking(move || again.publish()).await;
            tokio::time::sleep(INTERVAL).await;
            if let Err(RecvError::Closed) = touched.recv().await {
                return;
            }
            // One wakes for all that there is by now.
            touched = touched.resubscribe();
        }
    }

    /// Hears what changed until now.
    fn listen(&self) {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match news.try_recv() {
                Ok(news) => self.note(&news),
                Err(TryRecvError::Lagged(_)) => self.note_newest(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn note(&self, news: &[Touched]) {
        let runs = news.iter().filter_map(|what| match what {
            Touched::Run(path) if !path.is_workspace() => Some(path.clone()),
            _ => None,
        });
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).extend(runs);
    }

    fn note_newest(&self) {
        let newest = self.store.runs(&RunFilter { limit: RUNS_MAX, ..RunFilter::default() });
        let newest = newest.unwrap_or_default().0.into_iter().map(|run| run.path);
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).extend(newest);
    }

    /// Leaves word now. Blocking.
    pub fn publish(&self) {
        self.listen();
        let changed = std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
        let remotes = self.store.remotes().unwrap_or_default();
        let folders: Vec<_> = remotes
            .into_iter()
            .filter_map(|remote| Some((folder_of(&remote.url)?.ok()?, remote.name)))
            .collect();
        for path in changed {
            for (folder, remote) in &folders {
                let left = self.leave(folder, remote, &path);
                if let Err(error) = &left {
                    tracing::debug!("no word of run {path} in {}: {error}", folder.display());
                }
                // What the folder does not take now, it may take another time.
                if matches!(left, Ok(false) | Err(StoreError::Conflict(_))) {
                    let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
                    changed.insert(path.clone());
                }
            }
        }
    }

    /// True: the folder has the whole of it. Where it has nothing yet, some of it is
    /// on its way.
    fn leave(&self, folder: &Path, remote: &str, path: &RunPath) -> Result<bool> {
        let at = self.store.run_at_remotes(path)?.1.remove(remote);
        let Some(at) = at.filter(|at| at.records > 0) else { return Ok(false) };
        let mut run = self.store.run(path)?;
        run.last_step = if at.records_queued > 0 { at.last_step } else { run.last_step };
        let attempt = site::job().map_or(0, |job| job.attempt);
        let to = place(folder, path).join(format!("{}.json", self.store.origin()));
        let written = serde_json::to_vec(&Left { attempt, run }).map_err(io::Error::from);
        let written = written.and_then(|text| {
            to.parent().map(fs::create_dir_all).transpose()?;
            write_private(&to, &text)
        });
        written.map_err(|error| StoreError::Conflict(error.to_string()))?;
        Ok(at.records_queued == 0)
    }
}

/// How far others have brought a run, as far as they left word of it in a folder.
/// Blocking.
///
/// # Errors
/// Where the folder cannot be read; a file that is not what it should be is left
/// out.
pub fn read(folder: &Path, path: &RunPath, own: Origin) -> io::Result<Option<RunView>> {
    let entries = match fs::read_dir(place(folder, path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let mut left = Vec::new();
    for entry in entries {
        let entry = entry?;
        let origin = entry.path().file_stem().and_then(|name| name.to_str()?.parse::<Id128>().ok());
        let short = entry.metadata().is_ok_and(|meta| meta.is_file() && meta.len() <= HANDOVER_BYTES_MAX);
        if !short
            || origin.is_none_or(|origin| origin == own)
            || entry.path().extension() != Some("json".as_ref())
        {
            continue;
        }
        let text = fs::read(entry.path()).unwrap_or_default();
        match serde_json::from_slice::<Left>(&text) {
            Ok(word) if word.run.path == *path => left.push(word),
            _ => tracing::warn!("{} is not what a home leaves there", entry.path().display()),
        }
    }
    left.sort_by_key(|word| (word.attempt, word.run.last_step, word.run.updated_us));
    Ok(left.into_iter().map(|word| word.run).reduce(after))
}

/// What a later life left knows of the earlier ones what they had left by then.
fn after(mut earlier: RunView, later: RunView) -> RunView {
    earlier.config.extend(later.config);
    earlier.summary.extend(later.summary);
    RunView {
        config: earlier.config,
        summary: earlier.summary,
        created_us: earlier.created_us.min(later.created_us),
        last_step: earlier.last_step.max(later.last_step),
        history_rows: earlier.history_rows.max(later.history_rows),
        ..later
    }
}

fn place(folder: &Path, path: &RunPath) -> PathBuf {
    let hash = blake3::hash(path.to_string().as_bytes()).to_hex();
    folder.join(LIVES).join(&hash.as_str()[..32])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::store::{CursorRow, Incoming};
    use pannier_proto::record::{Change, Record, RunState};
    use serde_json::json;

    fn view(last_step: i64, updated_us: i64, config: &serde_json::Value) -> RunView {
        let mut run: RunView = serde_json::from_value(json!({
            "entity": "e", "project": "p", "run": "r", "name": "n", "state": "preempted", "created_us": 5,
            "updated_us": updated_us, "last_step": last_step, "history_rows": 1, "config": config,
            "summary": {"at": last_step}, "metadata": {}, "definitions": [], "dropped": 0
        }))
        .unwrap();
        run.state = RunState::Preempted;
        run
    }

    fn put(folder: &Path, origin: u8, word: &[u8]) {
        let at = place(folder, &RunPath::new("e", "p", "r").unwrap());
        fs::create_dir_all(&at).unwrap();
        fs::write(at.join(format!("{}.json", Id128([origin; 16]))), word).unwrap();
    }

    #[test]
    fn the_last_life_counts_and_rubbish_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = RunPath::new("e", "p", "r").unwrap();
        let own = Id128([9; 16]);
        assert!(read(dir.path(), &path, own).unwrap().is_none());
        let word = |attempt, run| serde_json::to_vec(&Left { attempt, run }).unwrap();
        put(dir.path(), 1, &word(0, view(99, 900, &json!({"lr": 1, "a": 1}))));
        put(dir.path(), 2, &word(1, view(80, 100, &json!({"lr": 2}))));
        put(dir.path(), 9, &word(7, view(999, 100, &json!({"own": 1}))));
        put(dir.path(), 3, b"{\"attempt\": 8");
        let found = read(dir.path(), &path, own).unwrap().unwrap();
        assert_eq!((found.last_step, found.updated_us), (Some(99), 100));
        assert_eq!(serde_json::Value::from(found.config), json!({"lr": 2, "a": 1}));
        assert_eq!(found.summary["at"], 80);
        assert!(read(dir.path(), &RunPath::new("e", "p", "x").unwrap(), own).unwrap().is_none());
    }

    #[test]
    fn word_that_a_folder_does_not_take_is_left_later() {
        let dir = tempfile::tempdir().unwrap();
        let (path, shared) = (RunPath::new("e", "p", "r").unwrap(), dir.path().join("shared"));
        let store = Arc::new(Store::open(&dir.path().join("pannier.db")).unwrap());
        let (origin, url) = (store.origin(), format!("folder:{}", shared.display()));
        let mut block = Block::default();
        block.push(Record::Change(Change::TextFile { path: "f".into(), text: "one".into() }));
        let incoming = Incoming { path: path.clone(), origin, first_seq: None, block, encoded: None };
        store.write_blocking(move |tx| tx.set_remote("site", &url, 1)).unwrap();
        store.write_blocking(move |tx| tx.append(incoming, 1)).unwrap();
        let streams = store.streams().unwrap();
        let (stream, _, seq) = streams.iter().find(|(_, id, _)| id.path == path).unwrap();
        let sent = CursorRow { stream: *stream, seq: *seq, last_step: None, parked: None };
        store.write_blocking(move |tx| tx.set_cursors("site", None, &[sent])).unwrap();
        fs::create_dir(&shared).unwrap();
        fs::write(shared.join(LIVES), "in its way").unwrap();
        let handover = Handover::new(store);
        handover.note(&[Touched::Run(path.clone())]);
        handover.publish();
        fs::remove_file(shared.join(LIVES)).unwrap();
        handover.publish();
        assert!(place(&shared, &path).join(format!("{origin}.json")).exists());
        assert!(handover.changed.lock().unwrap().is_empty(), "all of it was said");
    }
}
