//! Rows read back from the journal as a daemon reads them; forked children.

use pannier_proto::id::{Id128, RunPath};
use pannier_proto::journal::{Frame, KEY_BYTES_MAX, Next, Shape, next, segment_file_name};
use pannier_proto::record::Record;
use pannier_proto::value::Value;

use super::*;

fn recorder(spool: &std::path::Path) -> Recorder {
    let open = Open {
        version: 1,
        writer: Id128([9; 16]),
        segment: 1,
        path: RunPath::new("e", "p", "r").unwrap(),
        pid: std::process::id(),
        remote: None,
        parent: None,
    };
    Recorder::new(spool.to_owned(), open, 0, Warnings::default())
}

/// Reads a writer's segments as a daemon does.
fn read(folder: &std::path::Path) -> (Vec<Record>, usize) {
    let (mut records, mut shapes_defined) = (Vec::new(), 0);
    for segment in 1.. {
        let Ok(bytes) = std::fs::read(folder.join(segment_file_name(segment))) else { break };
        let mut shapes: Vec<(u32, Shape)> = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let Next::Frame(frame, len) = next(&bytes[at..]) else { panic!("torn at {at}") };
            at += len;
            match frame {
                Frame::Shape(id, shape) if !shapes.iter().any(|(known, _)| *known == id) => {
                    shapes.push((id, shape));
                    shapes_defined += 1;
                }
                Frame::Row(row) => {
                    let shape = &shapes.iter().find(|(id, _)| *id == row.shape).expect("a defined shape").1;
                    records.push(Record::Row(row.unpack(shape).expect("a row that fits")));
                }
                Frame::Change(change) => records.push(Record::Change(change)),
                Frame::Shape(..) | Frame::Open(_) | Frame::Logged(_) | Frame::Close => {}
                Frame::Unknown => panic!("a frame that nobody knows"),
            }
        }
    }
    (records, shapes_defined)
}

fn rows(folder: &std::path::Path) -> Vec<(i64, Vec<(String, Value)>)> {
    let row = |record| match record {
        Record::Row(row) => Some((row.step, row.cells)),
        Record::Change(_) => None,
    };
    read(folder).0.into_iter().filter_map(row).collect()
}

fn step(step: i64) -> At {
    At { step: Some(step), commit: None }
}

#[test]
fn rows_come_back_as_they_were_logged() {
    let spool = tempfile::tempdir().unwrap();
    let mut recorder = recorder(spool.path());
    let row: &[(&str, Cell)] = &[
        ("loss", f64::NAN.into()),
        ("n", i64::MIN.into()),
        ("ok", true.into()),
        ("note", "hé".into()),
        ("list", Cell::Json("[1]")),
        ("big", u64::MAX.into()),
    ];
    for _ in 0..3 {
        recorder.log(At::default(), row);
    }
    recorder.log(At::default(), &[("n", 1.into())]);
    let (_, shapes) = read(&recorder.journal.folder());
    assert_eq!(shapes, 2);
    let rows = rows(&recorder.journal.folder());
    assert_eq!(rows.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [0, 1, 2, 3]);
    let (_, cells) = &rows[2];
    assert!(matches!(cells[0].1, Value::F64(x) if x.to_bits() == f64::NAN.to_bits()));
    assert_eq!(cells[1], ("n".into(), Value::I64(i64::MIN)));
    assert_eq!(cells[3], ("note".into(), Value::Text("hé".into())));
    assert_eq!(cells[4], ("list".into(), Value::Json("[1]".into())));
    assert_eq!(cells[5], ("big".into(), Value::F64(18_446_744_073_709_551_615.0)));
}

#[test]
fn steps_go_up_never_down() {
    let spool = tempfile::tempdir().unwrap();
    let mut recorder = recorder(spool.path());
    let commit = |step, commit| At { step, commit: Some(commit) };
    for (at, lands) in [
        (At::default(), Some(0)),
        (commit(None, false), Some(1)),
        (At::default(), Some(1)),
        (step(7), Some(7)),
        (step(7), Some(7)),
        (At::default(), Some(7)),
        (step(3), None),
        (commit(Some(9), true), Some(9)),
        (step(9), None),
        (commit(None, true), Some(10)),
        (step(i64::MAX), Some(i64::MAX)),
        (step(-1), None),
    ] {
        assert_eq!(recorder.take_step(at), lands, "{at:?}");
    }
    let warnings = recorder.warnings.take();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("step 3 is below the current step 8"), "{warnings:?}");
    recorder.finish(0, None).unwrap();
    let (records, _) = read(&recorder.journal.folder());
    assert!(matches!(&records[0], Record::Change(Change::Dropped { count: 3, .. })), "{records:?}");
}

#[test]
fn what_cannot_be_kept_is_left_out_with_one_warning_and_the_rest_is_kept() {
    let spool = tempfile::tempdir().unwrap();
    let mut recorder = recorder(spool.path());
    let long = "k".repeat(KEY_BYTES_MAX + 1);
    let huge = "x".repeat(FRAME_BODY_BYTES_MAX);
    for _ in 0..2 {
        recorder.log(
            At::default(),
            &[(&long, 1.into()), ("a", 1.into()), ("huge", Cell::Text(&huge)), ("a", 2.into())],
        );
    }
    let rows = rows(&recorder.journal.folder());
    assert_eq!(rows[1], (1, vec![("a".into(), Value::I64(2))]));
    assert_eq!(recorder.warnings.take().len(), 2);
}

#[test]
fn a_row_too_long_for_one_frame_becomes_two_of_one_step() {
    let spool = tempfile::tempdir().unwrap();
    let mut recorder = recorder(spool.path());
    let large = "x".repeat(FRAME_BODY_BYTES_MAX * 2 / 3);
    for _ in 0..2 {
        recorder.log(At::default(), &[("a", Cell::Text(&large)), ("b", Cell::Text(&large)), ("c", 1.into())]);
    }
    let rows = rows(&recorder.journal.folder());
    let found: Vec<(i64, usize)> = rows.iter().map(|(step, cells)| (*step, cells.len())).collect();
    assert_eq!(found, [(0, 1), (0, 2), (1, 1), (1, 2)]);
}

#[test]
fn ever_new_keys_do_not_pile_up() {
    let spool = tempfile::tempdir().unwrap();
    let mut recorder = recorder(spool.path());
    let known = recorder.log(At::default(), &[("first", 1.into())]).unwrap();
    for i in 0..5000 {
        recorder.log(At::default(), &[(&format!("key {i}"), i.into())]);
    }
    assert!(!recorder.knows(known));
    let folder = recorder.journal.folder();
    assert!(folder.join("00000002.journal").exists(), "a new segment begins with an empty dictionary");
    assert_eq!(rows(&folder).len(), 5001);
}

#[test]
fn the_summary_follows_rows_and_rules() {
    let spool = tempfile::tempdir().unwrap();
    let mut recorder = recorder(spool.path());
    let json = serde_json::json!({"name": "loss", "shown": {"min": true, "last": true}});
    recorder.define(serde_json::from_value(json).unwrap());
    for x in [3.0, 1.0, 2.0] {
        recorder.log(At::default(), &[("loss", x.into()), ("note", "hi".into())]);
    }
    recorder.console(0, 1, "hello");
    let summary = Json::Object(recorder.summary());
    assert_eq!(summary, serde_json::json!({"loss": {"min": 1.0, "last": 2.0}, "note": "hi"}));
}

#[test]
fn after_the_end_nothing_is_written() {
    let spool = tempfile::tempdir().unwrap();
    let mut recorder = recorder(spool.path());
    recorder.log(At::default(), &[("a", 1.into())]);
    let ending = recorder.finish(3, None).unwrap();
    assert!(ending.written && !ending.forked);
    let before = read(&ending.folder);
    assert!(matches!(
        before.0.last(),
        Some(Record::Change(Change::End { state: RunState::Failed, exit_code: Some(3), .. }))
    ));
    recorder.log(At::default(), &[("a", 1.into())]);
    recorder.log(At::default(), &[("a", 1.into())]);
    assert_eq!(recorder.warnings.take().len(), 1);
    assert!(recorder.finish(0, None).is_none());
    assert_eq!(read(&ending.folder), before);
}

/// Forks; the child does `act` and is gone.
#[expect(unsafe_code, reason = "only fork(2) itself shows what a forked child does")]
fn in_a_forked_child(act: impl FnOnce()) {
    // SAFETY: the child touches what the calling thread owns, allocates (glibc
    // makes that safe after fork) and leaves by _exit, without unwinding.
    unsafe {
        match libc::fork() {
            0 => {
                let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act)).is_ok();
                libc::_exit(i32::from(!done));
            }
            child => {
                let mut status = 0;
                assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
                assert_eq!(status, 0, "the child failed");
            }
        }
    }
}

#[test]
fn a_forked_child_writes_its_own_journal_and_leaves_the_parents_alone() {
    let spool = tempfile::tempdir().unwrap();
    let mut recorder = recorder(spool.path());
    recorder.log(At::default(), &[("a", 1.into())]);
    let parents = recorder.journal.folder();
    let before = read(&parents);
    in_a_forked_child(|| {
        recorder.log(step(5), &[("a", 2.into())]);
        let ending = recorder.finish(0, None).unwrap();
        assert!(ending.forked && ending.written);
    });
    assert_eq!(read(&parents), before);
    let lock = std::fs::File::open(parents.join("00000001.journal")).unwrap();
    assert!(
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_err(),
        "the parent still holds its lock"
    );
    recorder.log(At::default(), &[("a", 3.into())]);
    assert_eq!(rows(&parents).len(), 2);

    let folders = std::fs::read_dir(spool.path()).unwrap().map(|entry| entry.unwrap().path());
    let child: Vec<_> = folders.filter(|folder| *folder != parents).collect();
    assert_eq!(child.len(), 1);
    let bytes = std::fs::read(child[0].join("00000001.journal")).unwrap();
    let Next::Frame(Frame::Open(open), _) = next(&bytes) else { panic!("no head") };
    assert_eq!(open.parent, Some(Id128([9; 16])));
    assert_ne!(open.pid, std::process::id());
    assert_eq!(rows(&child[0]), [(5, vec![("a".to_owned(), Value::I64(2))])]);
    assert_eq!(read(&child[0]).0.len(), 1, "neither Begin nor End");
}

#[test]
fn a_child_that_logs_nothing_leaves_nothing() {
    let spool = tempfile::tempdir().unwrap();
    let mut recorder = recorder(spool.path());
    recorder.log(At::default(), &[("a", 1.into())]);
    in_a_forked_child(|| {
        recorder.finish(0, None);
    });
    assert_eq!(std::fs::read_dir(spool.path()).unwrap().count(), 1);
}
