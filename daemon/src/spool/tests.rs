//! The spool, over journals written by hand.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::sync::Mutex;

use pannier_proto::id::Id128;
use pannier_proto::journal::{
    Open, RowWriter, put_change, put_close, put_logged, put_open, put_shape, segment_file_name,
};
use pannier_proto::record::{Change, RunFields, RunState, Table};
use pannier_proto::snapshot::{ArtifactName, Logged};
use pannier_proto::value::Kind;

use super::event::Event;
use super::journal::Journal;
use super::*;
use crate::block::Block;

/// A writer's journal, written by hand.
struct Pen {
    dir: PathBuf,
    segment: u64,
    file: File,
    open: Open,
}

impl Pen {
    fn new(spool: &Path, number: u8, start_step: i64) -> Self {
        Self::begin(spool, number, start_step, false)
    }

    fn begin(spool: &Path, number: u8, start_step: i64, resumed: bool) -> Self {
        let writer = Id128([number; 16]);
        let dir = spool.join(writer.to_string());
        fs::create_dir(&dir).unwrap();
        let path = RunPath::new("e", "p", "r").unwrap();
        let open = Open { version: 1, writer, segment: 1, path, pid: 1, remote: None, parent: None };
        let mut pen = Self { file: lock_new(&dir, 1), dir, segment: 1, open };
        pen.head();
        let begin = Change::Begin {
            time_us: 300 - i64::from(number),
            fields: RunFields::default(),
            start_step,
            resumed,
            job: None,
        };
        pen.put(|out| put_change(out, &begin));
        pen
    }

    fn put(&mut self, frames: impl FnOnce(&mut Vec<u8>)) {
        let mut out = Vec::new();
        frames(&mut out);
        self.file.write_all(&out).unwrap();
    }

    fn head(&mut self) {
        self.open.segment = self.segment;
        let open = self.open.clone();
        self.put(|out| {
            put_open(out, &open);
            put_shape(out, 0, [(Kind::F64, "x"), (Kind::Text, "t")].into_iter());
        });
    }

    fn rows(&mut self, steps: std::ops::Range<i64>, value: f64) {
        self.put(|out| {
            for step in steps {
                let mut row = RowWriter::new(out, Table::History, 0, 2, step, step);
                row.word(value.to_bits());
                row.word(0);
                assert!(row.finish([(1, "text")].into_iter()));
            }
        });
    }

    fn next_segment(&mut self) {
        self.segment += 1;
        self.file = lock_new(&self.dir, self.segment);
        self.head();
    }

    fn end(mut self) {
        let end = Change::End { time_us: 2, state: RunState::Finished, exit_code: Some(0) };
        self.put(|out| {
            put_change(out, &end);
            put_close(out);
        });
    }
}

fn lock_new(dir: &Path, segment: u64) -> File {
    let file =
        OpenOptions::new().append(true).create_new(true).open(dir.join(segment_file_name(segment))).unwrap();
    file.lock().unwrap();
    file
}

struct Place {
    dir: tempfile::TempDir,
    store: Option<Arc<Store>>,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("spool")).unwrap();
        fs::create_dir(dir.path().join("incoming")).unwrap();
        let mut place = Self { dir, store: None };
        place.reopen();
        place
    }

    fn spool(&self) -> PathBuf {
        self.dir.path().join("spool")
    }

    fn store(&self) -> &Arc<Store> {
        self.store.as_ref().unwrap()
    }

    /// As after a crash of the daemon.
    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(Arc::new(Store::open(&self.dir.path().join("pannier.db")).unwrap()));
    }

    fn reader(&self) -> Reader {
        let hooks =
            Hooks { program: Box::new(|_, _| {}), remote: Box::new(|_| {}), taken_over: Box::new(|| {}) };
        let at = |name: &str| self.dir.path().join(name);
        let folders = Folders { spool: self.spool(), quarantine: at("quarantine"), incoming: at("incoming") };
        let mut reader = Reader::new(folders, self.store().clone(), Arc::new(Health::default()), hooks);
        reader.discover();
        reader
    }

    fn steps(&self) -> Vec<(i64, f64)> {
        let series = self.store().series(&RunPath::new("e", "p", "r").unwrap(), "x").unwrap();
        series.steps.into_iter().zip(series.values).collect()
    }

    fn state(&self) -> RunState {
        self.store().run(&RunPath::new("e", "p", "r").unwrap()).unwrap().state
    }
}

fn expected(steps: std::ops::Range<i64>, value: f64) -> Vec<(i64, f64)> {
    steps.map(|step| (step, value)).collect()
}

#[test]
fn a_journal_is_consumed_once_across_restarts_and_segments() {
    let mut place = Place::new();
    let mut pen = Pen::new(&place.spool(), 1, 0);
    pen.rows(0..10, 1.0);
    assert_eq!(place.reader().drain(None), Drained::Durable);
    place.reopen();
    pen.rows(10..20, 1.0);
    pen.next_segment();
    pen.rows(20..30, 1.0);
    assert_eq!(place.reader().drain(None), Drained::Durable);
    assert!(!pen.dir.join(segment_file_name(1)).exists(), "a consumed segment stays behind");
    place.reopen();
    pen.rows(30..40, 1.0);
    let dir = pen.dir.clone();
    pen.end();
    let mut reader = place.reader();
    assert_eq!(reader.drain(None), Drained::Durable);
    reader.settle();
    assert_eq!(place.steps(), expected(0..40, 1.0));
    assert_eq!(place.state(), RunState::Finished);
    assert!(!dir.exists(), "a finished journal stays behind");
    assert!(place.store().journals().unwrap().is_empty());
}

#[test]
fn a_writer_that_vanished_crashed_and_its_torn_tail_is_no_damage() {
    let place = Place::new();
    let mut pen = Pen::new(&place.spool(), 1, 0);
    pen.rows(0..5, 1.0);
    let mut torn = Vec::new();
    put_change(&mut torn, &Change::Rewind { step: 0 });
    pen.file.write_all(&torn[..torn.len() - 3]).unwrap();
    let mut reader = place.reader();
    reader.round(true).unwrap();
    assert_eq!(place.state(), RunState::Running);
    drop(pen);
    assert_eq!(reader.drain(None), Drained::Durable);
    assert_eq!(place.state(), RunState::Crashed);
    assert_eq!(place.steps(), expected(0..5, 1.0));
    assert!(place.store().problems().unwrap().is_empty());
}

#[test]
fn a_life_that_starts_before_the_last_step_leaves_the_old_branch() {
    let place = Place::new();
    // The later life has the smaller id: ids say nothing about order.
    let mut first = Pen::new(&place.spool(), 2, 0);
    first.rows(0..10, 1.0);
    drop(first);
    let mut second = Pen::new(&place.spool(), 1, 6);
    second.rows(6..8, 2.0);
    place.reader().round(true).unwrap();
    let mut seen = expected(0..6, 1.0);
    seen.extend(expected(6..8, 2.0));
    assert_eq!(place.steps(), seen);
}

#[test]
fn a_life_that_goes_on_hides_nothing() {
    let place = Place::new();
    let mut first = Pen::new(&place.spool(), 2, 0);
    first.rows(0..10, 1.0);
    drop(first);
    // Begun without a daemon: it could not know where the first had come to.
    let mut second = Pen::begin(&place.spool(), 1, 0, true);
    second.rows(0..2, 2.0);
    place.reader().round(true).unwrap();
    let mut seen = expected(0..2, 2.0);
    seen.extend(expected(2..10, 1.0));
    assert_eq!(place.steps(), seen);
}

#[test]
fn a_second_writer_of_a_living_run_joins_it() {
    let place = Place::new();
    let mut first = Pen::new(&place.spool(), 2, 0);
    first.rows(0..10, 1.0);
    let mut second = Pen::new(&place.spool(), 1, 0);
    second.rows(10..12, 2.0);
    place.reader().round(true).unwrap();
    assert_eq!(place.steps().len(), 12);
    second.end();
    place.reader().round(true).unwrap();
    drop(first);
}

#[test]
fn damage_is_set_aside_and_named_and_the_rest_is_kept() {
    let place = Place::new();
    let mut pen = Pen::new(&place.spool(), 1, 0);
    pen.rows(0..3, 1.0);
    let hole = pen.file.metadata().unwrap().len();
    pen.rows(3..4, 1.0);
    pen.rows(4..8, 1.0);
    let path = pen.dir.join(segment_file_name(1));
    drop(pen);
    let mut bytes = fs::read(&path).unwrap();
    bytes[usize::try_from(hole).unwrap() + 20] ^= 1;
    fs::write(&path, bytes).unwrap();
    place.reader().round(true).unwrap();
    let steps: Vec<i64> = place.steps().into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps, [0, 1, 2, 4, 5, 6, 7]);
    let problems = place.store().problems().unwrap();
    assert!(problems[0].what.contains("damaged bytes"), "{problems:?}");
    assert_eq!(fs::read_dir(place.dir.path().join("quarantine")).unwrap().count(), 1);
}

#[test]
fn a_newer_journal_is_left_where_it_is_and_blocks_nobody() {
    let place = Place::new();
    let mut newer = Pen::new(&place.spool(), 1, 0);
    fs::remove_file(newer.dir.join(segment_file_name(1))).unwrap();
    newer.file = lock_new(&newer.dir, 1);
    newer.open.version = 99;
    newer.head();
    let mut pen = Pen::new(&place.spool(), 2, 0);
    pen.rows(0..3, 1.0);
    assert_eq!(place.reader().drain(None), Drained::Durable);
    assert_eq!(place.steps().len(), 3);
    assert!(newer.dir.exists());
    assert!(place.store().problems().unwrap()[0].what.contains("version 99"));
}

#[test]
fn a_program_and_a_remote_are_told_of() {
    let place = Place::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let mut reader = place.reader();
    let (programs, remotes) = (told.clone(), told.clone());
    reader.hooks = Hooks {
        program: Box::new(move |path, program| {
            programs.lock().unwrap().push(format!("{path} {}", program["cwd"]));
        }),
        remote: Box::new(move |url| remotes.lock().unwrap().push(url)),
        taken_over: Box::new(|| {}),
    };
    let mut pen = Pen::new(&place.spool(), 1, 0);
    let mut set = serde_json::Map::new();
    set.insert("program".into(), serde_json::json!({"cwd": "/x"}));
    pen.put(|out| put_change(out, &Change::Metadata { set }));
    reader.drain(None);
    assert_eq!(*told.lock().unwrap(), ["e/p/r \"/x\""]);
}

#[test]
fn any_budget_reads_all_of_it() {
    let place = Place::new();
    let mut pen = Pen::new(&place.spool(), 1, 0);
    pen.rows(0..50, 1.0);
    let dir = pen.dir.clone();
    let writer = pen.open.writer;
    pen.end();
    for size in [1, 30, 130, 1000] {
        let mut journal = Journal::open(&dir, writer, None).unwrap();
        let (mut block, mut buffer) = (Block::default(), Vec::new());
        loop {
            let mut budget = size;
            match journal.read(&mut block, &mut buffer, &mut budget).unwrap() {
                Event::Begin => drop(journal.take_begin()),
                Event::More => {}
                Event::Closed => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(block.rows(Table::History).len(), 50, "{size} bytes at a time");
    }
}

/// A snapshot, and the frame that names it.
fn log_snapshot(pen: &mut Pen, number: u64) {
    let folder = pen.dir.join(format!("files/{number}"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("0"), "bytes").unwrap();
    let name = ArtifactName { client_id: format!("c{number}"), distributed_id: None, finalize: true };
    pen.put(|out| put_logged(out, &Logged { number, artifact: Some(name) }));
}

fn taken_over(place: &Place) -> Vec<u64> {
    let items = place.store().intake(10).unwrap();
    for item in &items {
        let folder = folder(&place.dir.path().join("incoming"), item.writer, item.logged.number);
        assert_eq!(fs::read_to_string(folder.join("0")).unwrap(), "bytes");
    }
    items.into_iter().map(|item| item.logged.number).collect()
}

#[test]
fn snapshots_are_taken_over_with_the_position_and_rows_do_not_wait() {
    let place = Place::new();
    let mut pen = Pen::new(&place.spool(), 1, 0);
    pen.rows(0..3, 1.0);
    log_snapshot(&mut pen, 1);
    log_snapshot(&mut pen, 2);
    pen.rows(3..5, 1.0);
    // One that the writer died in the middle of: no frame names it.
    fs::create_dir(pen.dir.join("files/3")).unwrap();
    let mut reader = place.reader();
    assert_eq!(reader.drain(None), Drained::Durable);
    assert_eq!(place.steps(), expected(0..5, 1.0));
    assert_eq!(taken_over(&place), [1, 2]);
    pen.put(put_close);
    reader.drain(None);
    assert!(!pen.dir.exists(), "what is left goes with the journal");
    assert_eq!(taken_over(&place), [1, 2]);
}

#[test]
fn a_snapshot_moved_before_a_crash_is_found_again() {
    let place = Place::new();
    let mut pen = Pen::new(&place.spool(), 1, 0);
    log_snapshot(&mut pen, 1);
    let writer = pen.open.writer;
    let moved = folder(&place.dir.path().join("incoming"), writer, 1);
    fs::rename(pen.dir.join("files/1"), moved).unwrap();
    assert_eq!(place.reader().drain(None), Drained::Durable);
    assert_eq!(taken_over(&place), [1]);
}

#[test]
fn a_snapshot_that_is_nowhere_is_said_to_be_and_the_rest_goes_on() {
    let place = Place::new();
    let mut pen = Pen::new(&place.spool(), 1, 0);
    pen.put(|out| put_logged(out, &Logged { number: 7, artifact: None }));
    log_snapshot(&mut pen, 8);
    pen.rows(0..3, 1.0);
    assert_eq!(place.reader().drain(None), Drained::Durable);
    assert_eq!((taken_over(&place), place.steps()), (vec![8], expected(0..3, 1.0)));
    assert!(place.store().problems().unwrap()[0].what.contains("cannot be stored"));
}
