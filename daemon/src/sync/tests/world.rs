//! Daemons and a hub, with real stores, and a plain model of what was logged.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pannier_proto::hub::StreamId;
use pannier_proto::id::{Id128, RunPath};
use pannier_proto::path::RelPath;
use pannier_proto::record::{Change, Record, Row, RunState, Table};
use pannier_proto::value::Value;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::network::{HubProcess, Network, Random};
use crate::blobs::Blobs;
use crate::block::Block;
use crate::health::Health;
use crate::store::{Incoming, Store};
use crate::sync::backoff::Exponential;
use crate::sync::engine::Engine;
use crate::sync::seen::Seen;
use crate::sync::{Bell, run};

/// A daemon: its store, its engine, and what was logged to it.
pub struct Daemon {
    pub store: Option<Arc<Store>>,
    pub blobs: Option<Arc<Blobs>>,
    name: String,
    pub bell: Arc<Bell>,
    pub seen: Arc<Seen>,
    path: PathBuf,
    engine: Option<JoinHandle<()>>,
    /// By run.
    model: BTreeMap<RunPath, Vec<Record>>,
    seed: u64,
}

pub fn open(path: &Path) -> Arc<Store> {
    Arc::new(Store::open(path).unwrap())
}

pub fn blobs(dir: &Path, name: &str, store: &Arc<Store>) -> Arc<Blobs> {
    let root = dir.join(format!("{name}-blobs"));
    Arc::new(Blobs::open(&root, dir.join("quarantine"), store.clone()).unwrap())
}

/// Copies a database and its WAL as they lie on disk: what a SIGKILL leaves.
pub fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
    let wal = |path: &Path| path.with_extension("db-wal");
    if wal(from).exists() {
        fs::copy(wal(from), wal(to)).unwrap();
    }
}

/// Waits until nobody else works with it: a store, or its blobs.
pub async fn alone<T>(mut shared: Arc<T>) -> T {
    loop {
        match Arc::try_unwrap(shared) {
            Ok(alone) => return alone,
            Err(still) => shared = still,
        }
        sleep(Duration::from_millis(1)).await;
    }
}

impl Daemon {
    pub fn start(dir: &Path, name: &str, network: &Network, seed: u64) -> Self {
        let path = dir.join(format!("{name}.db"));
        let store = open(&path);
        let blobs = blobs(dir, name, &store);
        let mut daemon = Self::over(store, blobs, network, seed);
        (daemon.path, daemon.name) = (path, name.to_owned());
        daemon
    }

    /// One whose store someone else works with, too; it cannot be restarted.
    pub fn over(store: Arc<Store>, blobs: Arc<Blobs>, network: &Network, seed: u64) -> Self {
        store.write_blocking(|tx| tx.set_remote("hub", "https://hub", 1)).unwrap();
        let seen = Arc::new(Seen::new("hub", Arc::new(Health::default())));
        let (bell, path, model) = (Arc::default(), PathBuf::new(), BTreeMap::new());
        let (blobs, name) = (Some(blobs), String::new());
        let mut daemon =
            Self { store: Some(store), blobs, name, bell, seen, path, engine: None, model, seed };
        daemon.sync(network);
        daemon
    }

    pub fn store(&self) -> &Arc<Store> {
        self.store.as_ref().unwrap()
    }

    fn sync(&mut self, network: &Network) {
        let mut random = Random::new(self.seed);
        self.seed += 1;
        let policy = Box::new(Exponential::new(move || {
            f64::from(u16::try_from(random.below(1000)).unwrap()) / 1000.0
        }));
        let (store, blobs) = (self.store().clone(), self.blobs.clone().unwrap());
        let engine = Engine::new("hub", store, blobs, Arc::new(network.clone()), policy, self.seen.clone());
        self.bell = Arc::default();
        self.engine = Some(tokio::spawn(run(engine, self.store().clone(), self.bell.clone())));
    }

    /// Stops in mid-work and starts again, from the same files or, after a
    /// SIGKILL, from what these are at this instant.
    pub async fn restart(&mut self, network: &Network, killed: bool) {
        let store = self.stop().await;
        if killed {
            let next = self.path.with_file_name(format!("daemon-{}.db", self.seed));
            copy(&self.path, &next);
            self.path = next;
        }
        drop(store);
        self.reopen(network);
    }

    fn reopen(&mut self, network: &Network) {
        let store = open(&self.path);
        self.blobs = Some(blobs(self.path.parent().unwrap(), &self.name, &store));
        self.store = Some(store);
        self.sync(network);
    }

    /// Starts again from other files.
    pub async fn restart_from(&mut self, path: &Path, network: &Network) {
        drop(self.stop().await);
        path.clone_into(&mut self.path);
        self.reopen(network);
    }

    async fn stop(&mut self) -> Store {
        if let Some(engine) = self.engine.take() {
            engine.abort();
            let _ = engine.await;
        }
        drop(alone(self.blobs.take().unwrap()).await);
        alone(self.store.take().unwrap()).await
    }

    /// Logs some records to a run, as the spool does.
    pub async fn log(&mut self, path: RunPath, records: Vec<Record>) {
        self.model.entry(path.clone()).or_default().extend(records.iter().cloned());
        let mut block = Block::default();
        records.into_iter().for_each(|record| block.push(record));
        let (store, origin) = (self.store().clone(), self.store().origin());
        let write = move || -> crate::store::Result<()> {
            let mut newer = store.newer();
            newer.mark_unchanged();
            store.write_blocking(move |tx| {
                tx.append(Incoming { path, origin, first_seq: None, block, encoded: None }, 1)
            })?;
            // It is announced after it is answered, by a thread that knows no
            // virtual time: that may not run on meanwhile.
            while newer.has_changed().is_ok_and(|changed| !changed) {
                std::thread::yield_now();
            }
            Ok(())
        };
        tokio::task::spawn_blocking(write).await.unwrap().unwrap();
    }

    /// What the hub has otherwise than was logged here.
    pub fn differences(&self, hub: &Store) -> Vec<String> {
        let mut found = Vec::new();
        for (path, logged) in &self.model {
            let id = StreamId { origin: self.store().origin(), path: path.clone() };
            for (side, store) in [("here", &**self.store()), ("at the hub", hub)] {
                let stream = store.position(&id).unwrap().map(|(stream, ..)| stream);
                let stored = stream.map_or_else(Vec::new, |stream| store.records(stream).unwrap());
                if stored != *logged {
                    found.push(format!("{path} {side}: {}", difference(logged, &stored)));
                }
            }
        }
        found
    }

    /// Blobs that were logged and are not what they were at the hub.
    pub fn wrong_blobs(&self, hub: &Blobs) -> Vec<String> {
        let records = self.model.values().flatten();
        let changes = records.filter_map(|record| match record {
            Record::Change(change) => Some(change),
            Record::Row(_) => None,
        });
        changes
            .flat_map(Change::blobs)
            .filter_map(|(blob, _)| Some(hub.verify(&blob).err()?.to_string()))
            .collect()
    }

    /// A record of a file that shares bytes with others.
    pub fn file(&self, random: &mut Random) -> Record {
        let mut bytes = Vec::new();
        for _ in 0..random.below(4) {
            let mut piece = vec![0; usize::try_from(random.below(200_000)).unwrap()];
            blake3::Hasher::new().update(&random.below(9).to_le_bytes()).finalize_xof().fill(&mut piece);
            bytes.extend(piece);
        }
        let content = self.blobs.as_ref().unwrap().put(&bytes).unwrap();
        let path = RelPath::new(&format!("f{}", random.below(5))).unwrap();
        Record::Change(Change::File { path, content, time_us: 1 })
    }

    pub fn records(&self) -> usize {
        self.model.values().map(Vec::len).sum()
    }

    /// Runs that the engine gave up on until someone acts.
    pub fn parked(&self) -> usize {
        self.store().streams_for("hub", true).unwrap().iter().filter(|stream| stream.parked.is_some()).count()
    }
}

fn difference(logged: &[Record], stored: &[Record]) -> String {
    let counts = |records: &[Record]| {
        let mut counts = BTreeMap::new();
        records.iter().for_each(|record| *counts.entry(format!("{record:?}")).or_insert(0) += 1);
        counts
    };
    let (logged_counts, stored_counts) = (counts(logged), counts(stored));
    let twice = stored_counts
        .iter()
        .filter(|(record, n)| **n > logged_counts.get(*record).copied().unwrap_or(0))
        .count();
    let lost = logged_counts
        .iter()
        .filter(|(record, n)| **n > stored_counts.get(*record).copied().unwrap_or(0))
        .count();
    format!("of {} records {lost} are missing and {twice} come twice; {} in all", logged.len(), stored.len())
}

/// Some records, each of them unlike any other.
pub fn some_records(random: &mut Random, serial: &mut i64) -> Vec<Record> {
    let count = match random.below(4) {
        0 => 1,
        1 => 1 + random.below(5),
        _ => 1 + random.below(120),
    };
    let mut records: Vec<Record> = (0..count)
        .map(|_| {
            *serial += 1;
            let text = Value::Text(format!("line {serial}"));
            let cells = vec![("x".to_owned(), Value::I64(*serial)), ("line".to_owned(), text)];
            match random.below(12) {
                0 => Record::Change(Change::TextFile { path: "f".into(), text: serial.to_string() }),
                1 => Record::Row(Row {
                    table: Table::Console,
                    step: *serial,
                    time_us: 5,
                    cells: cells[1..].to_vec(),
                }),
                // Cells come apart in the order of their keys.
                _ => Record::Row(Row {
                    table: Table::History,
                    step: *serial,
                    time_us: 5,
                    cells: cells.into_iter().rev().collect(),
                }),
            }
        })
        .collect();
    *serial += 1;
    match random.below(12) {
        0 => records.push(Record::Change(Change::End {
            time_us: *serial,
            state: RunState::Finished,
            exit_code: Some(0),
        })),
        1 => records
            .insert(0, Record::Change(Change::Rewind { step: *serial - i64::try_from(count).unwrap() })),
        _ => {}
    }
    records
}

pub fn new_hub(dir: &Path) -> HubProcess {
    let path = dir.join("hub.db");
    let store = open(&path);
    let blobs = Some(blobs(dir, "hub", &store));
    HubProcess { store: Some(store), blobs, epoch: Id128([0; 16]), path }
}
