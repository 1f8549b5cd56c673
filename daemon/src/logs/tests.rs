//! Logs of runs, written by hand and taken in by a home, again and again.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use pannier_proto::id::RunPath;
use pannier_proto::import::{Import, ImportLine, ImportedLog, Outcome};
use pannier_proto::record::RunState;
use pannier_proto::request::RunView;

use super::*;
use crate::wandb::log::fields::put;
use crate::wandb::log::write;

struct Home {
    dir: tempfile::TempDir,
    logs: Logs,
    _runtime: tokio::runtime::Runtime,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let store = Arc::new(Store::open(&at("db")).unwrap());
        let blobs = Arc::new(Blobs::open(&at("blobs"), at("quarantine"), store.clone()).unwrap());
        let logs = Logs {
            store,
            blobs,
            lives: Arc::default(),
            numbers: Arc::default(),
            runtime: runtime.handle().clone(),
            entity: "e".to_owned(),
        };
        Self { dir, logs, _runtime: runtime }
    }

    /// Writes the log of a life.
    fn write(&self, life: &str, records: &[Vec<u8>]) -> PathBuf {
        let folder = self.dir.path().join(life);
        fs::create_dir_all(folder.join("files")).unwrap();
        let log = folder.join("run-r.wandb");
        fs::write(&log, write(records)).unwrap();
        log
    }

    fn import(&self, life: &str) -> ImportedLog {
        let asked = Import {
            paths: vec![self.dir.path().join(life).to_str().unwrap().to_owned()],
            ..Import::default()
        };
        let said = RefCell::new(Vec::new());
        let tell = |line: ImportLine| {
            if let ImportLine::Log(log) = line {
                said.borrow_mut().push(log);
            }
            true
        };
        self.logs.import(&asked, &tell).unwrap();
        said.into_inner().pop().unwrap()
    }

    fn outcome(&self, life: &str) -> Outcome {
        self.import(life).outcome
    }

    fn run(&self) -> RunView {
        self.logs.store.run(&RunPath::new("e", "p", "r").unwrap()).unwrap()
    }
}

/// What a life that begins then says first.
fn begin(start_s: u64) -> Vec<u8> {
    put::bytes(17, [put::bytes(1, "r"), put::bytes(3, "p"), put::bytes(17, put::int(1, start_s))].concat())
}

/// A row of this step each, at a second of its own.
fn rows(steps: std::ops::Range<u64>, from_s: u64) -> Vec<Vec<u8>> {
    let item = |key: &str, value: u64| {
        put::bytes(1, [put::bytes(1, key), put::bytes(16, value.to_string())].concat())
    };
    let row = |step: u64| {
        let items = [item("_step", step), item("_timestamp", from_s + step), item("loss", step)];
        put::bytes(2, items.concat())
    };
    steps.map(row).collect()
}

fn end(code: u64) -> Vec<u8> {
    put::bytes(18, put::int(1, code))
}

#[test]
fn a_log_whose_lines_another_life_counted_too_adds_what_is_lacking() {
    let home = Home::new();
    let mut first = [vec![begin(100)], rows(0..10, 100)].concat();
    home.write("a", &first);
    assert_eq!(home.import("a").rows, 10);
    home.write("b", &[vec![begin(200)], rows(20..40, 200), vec![end(3)]].concat());
    assert_eq!(home.import("b").rows, 20);
    // The first life wrote more than was here.
    first.extend(rows(10..13, 100));
    home.write("a", &first);
    let log = home.import("a");
    assert_eq!((log.rows, log.outcome), (3, Outcome::Imported), "{log:?}");
    let run = home.run();
    assert_eq!((run.history_rows, run.last_step), (33, Some(39)));
    assert_eq!((run.state, run.exit_code), (RunState::Failed, Some(3)), "its end was told");
    assert_eq!(home.import("a").rows, 0);
}

#[test]
fn a_life_between_two_that_are_here_hides_neither() {
    let home = Home::new();
    home.write("a", &[vec![begin(100)], rows(0..10, 100), vec![end(0)]].concat());
    home.write("b", &[vec![begin(200)], rows(10..20, 200), vec![end(0)]].concat());
    home.write("c", &[vec![begin(300)], rows(20..30, 300), vec![end(3)]].concat());
    for life in ["a", "c", "b"] {
        assert_eq!(home.import(life).rows, 10, "{life}");
    }
    let run = home.run();
    assert_eq!((run.history_rows, run.last_step, run.exit_code), (30, Some(29), Some(3)));
    assert_eq!(["a", "b", "c"].map(|life| home.outcome(life)), [Outcome::AlreadyHere; 3]);
}

#[test]
fn what_is_missing_is_asked_for_until_it_is_there() {
    let home = Home::new();
    let staged = home.dir.path().join("staged");
    let entry = [
        put::bytes(1, "a.txt"),
        put::bytes(2, "T3VqAcL38kulbL+L2PhvWA=="),
        put::int(4, 20),
        put::bytes(6, staged.to_str().unwrap()),
    ];
    let version = [
        put::bytes(4, "model"),
        put::bytes(5, "m"),
        // md5("wandb-artifact-manifest-v1\na.txt:T3VqAcL38kulbL+L2PhvWA==\n")
        put::bytes(6, "dea031bb96ee31f732b23fd4c01a9c11"),
        put::bytes(12, put::bytes(4, entry.concat())),
        put::int(14, 1),
        put::bytes(15, "client"),
    ];
    let file = put::bytes(6, put::bytes(1, put::bytes(1, "late.txt")));
    let records = [vec![begin(100), put::bytes(8, version.concat()), file], rows(0..3, 100), vec![end(0)]];
    home.write("a", &records.concat());
    let log = home.import("a");
    assert_eq!((log.outcome, log.rows, log.problems.len()), (Outcome::Partly, 3, 2), "{log:?}");
    assert_eq!(home.outcome("a"), Outcome::Partly);
    fs::write(home.dir.path().join("a/files/late.txt"), "x").unwrap();
    let log = home.import("a");
    assert_eq!((log.outcome, log.files, log.problems.len()), (Outcome::Partly, 1, 1), "{log:?}");
    fs::write(&staged, "bytes that came late").unwrap();
    let log = home.import("a");
    assert_eq!((log.outcome, log.rows_known), (Outcome::Imported, 3), "{log:?}");
    assert!(home.logs.store.member("e", "p", "m", "latest").unwrap().is_some());
    assert_eq!(home.outcome("a"), Outcome::AlreadyHere);
    assert_eq!(home.run().state, RunState::Finished);
}

#[test]
fn a_killed_run_whose_log_is_cut_is_done_with() {
    let home = Home::new();
    let log = home.write("a", &[vec![begin(100)], rows(0..10, 100)].concat());
    let file = fs::File::options().write(true).open(&log).unwrap();
    file.set_len(fs::metadata(&log).unwrap().len() - 5).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
    let log = home.import("a");
    assert_eq!((log.outcome, log.rows), (Outcome::Partly, 9), "{log:?}");
    assert_eq!(home.run().state, RunState::Crashed);
    assert_eq!(home.outcome("a"), Outcome::AlreadyHere);
}
