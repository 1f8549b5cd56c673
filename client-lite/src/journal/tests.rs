//! The journal against full disks, homes that cannot be made, and segments that fill.

use pannier_proto::id::RunPath;
use pannier_proto::journal::{Frame, Next, next};

use super::*;
use crate::backlog::BACKLOG_BYTES_MAX;

fn journal(spool: &Path) -> Journal {
    let open = Open {
        version: 1,
        writer: new_writer(),
        segment: 1,
        path: RunPath::new("e", "p", "r").unwrap(),
        pid: 1,
        remote: None,
        parent: None,
    };
    Journal::new(spool.to_owned(), open)
}

/// One call's frame, with a number to know it by.
fn call(count: u64, padding: usize) -> Vec<u8> {
    let mut frame = Vec::new();
    put_change(&mut frame, &Change::Dropped { time_us: 0, count, reason: "x".repeat(padding) });
    frame
}

/// The numbers of the frames in a segment, which must be whole from end to end.
fn calls(path: &Path) -> Vec<u64> {
    let bytes = fs::read(path).unwrap();
    let (mut at, mut calls, mut opens) = (0, Vec::new(), 0);
    while at < bytes.len() {
        let Next::Frame(frame, len) = next(&bytes[at..]) else { panic!("a torn frame at {at}") };
        at += len;
        match frame {
            Frame::Open(open) => {
                opens += 1;
                assert_eq!(segment_file_name(open.segment), path.file_name().unwrap().to_str().unwrap());
            }
            Frame::Change(Change::Dropped { count, .. }) => calls.push(count),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(opens, 2);
    calls
}

fn log(journal: &mut Journal, call: &[u8]) -> bool {
    journal.prepare();
    journal.append(call)
}

fn is_locked(path: &Path) -> bool {
    let file = File::open(path).unwrap();
    flock(&file, FlockOperation::NonBlockingLockExclusive).is_err()
}

#[test]
fn what_is_appended_is_in_the_file_at_once_and_the_file_is_locked() {
    let spool = tempfile::tempdir().unwrap();
    let mut journal = journal(spool.path());
    let segment = journal.folder().join("00000001.journal");
    for count in 0..100 {
        assert!(log(&mut journal, &call(count, 3)));
        assert_eq!(calls(&segment).len(), usize::try_from(count).unwrap() + 1);
    }
    assert!(is_locked(&segment));
    assert!(journal.close());
    assert!(!is_locked(&segment));
}

#[test]
fn a_full_segment_is_followed_by_the_next() {
    let spool = tempfile::tempdir().unwrap();
    let mut journal = journal(spool.path());
    journal.segment_bytes = 4096;
    let mut serials = Vec::new();
    for count in 0..100 {
        log(&mut journal, &call(count, 200));
        serials.push(journal.serial());
    }
    serials.dedup();
    let mut all = Vec::new();
    for segment in 1..=serials.len() {
        let path = journal.folder().join(segment_file_name(segment as u64));
        assert_eq!(is_locked(&path), segment == serials.len(), "only the newest is locked");
        all.extend(calls(&path));
    }
    assert!(serials.len() > 4);
    assert_eq!(all, (0..100).collect::<Vec<_>>());
    let files = fs::read_dir(journal.folder()).unwrap().count();
    assert_eq!(files, serials.len(), "nothing is left over");
}

#[test]
fn on_a_full_disk_records_wait_and_are_written_in_order_when_it_has_room() {
    let spool = tempfile::tempdir().unwrap();
    let mut journal = journal(spool.path());
    log(&mut journal, &call(0, 3));
    let segment = journal.folder().join("00000001.journal");
    let works = journal.file.replace(OpenOptions::new().write(true).open("/dev/full").unwrap());
    for count in 1..1000 {
        assert!(log(&mut journal, &call(count, 3)));
    }
    assert_eq!(journal.trouble().unwrap().kind(), io::ErrorKind::StorageFull);
    assert_eq!(calls(&segment), [0]);
    journal.file = works;
    journal.again = None;
    log(&mut journal, &call(1000, 3));
    assert!(journal.trouble().is_none() && journal.is_written());
    assert_eq!(calls(&segment), (0..=1000).collect::<Vec<_>>());
}

#[test]
fn a_segment_that_cannot_be_followed_takes_more() {
    let spool = tempfile::tempdir().unwrap();
    let mut journal = journal(spool.path());
    journal.segment_bytes = 1000;
    log(&mut journal, &call(0, 2000));
    fs::create_dir(journal.folder().join("00000002.tmp")).unwrap();
    log(&mut journal, &call(1, 3));
    assert!(journal.trouble().is_some());
    assert_eq!(calls(&journal.folder().join("00000001.journal")), [0, 1]);
    fs::remove_dir(journal.folder().join("00000002.tmp")).unwrap();
    journal.again = None;
    log(&mut journal, &call(2, 3));
    assert_eq!(calls(&journal.folder().join("00000002.journal")), [2]);
}

#[test]
fn a_home_that_cannot_be_made_loses_nothing_once_it_can() {
    let temp = tempfile::tempdir().unwrap();
    let in_the_way = temp.path().join("home");
    fs::write(&in_the_way, "").unwrap();
    let mut journal = journal(&in_the_way.join("spool"));
    for count in 0..10 {
        log(&mut journal, &call(count, 3));
    }
    assert!(journal.trouble().is_some() && !journal.is_written());
    fs::remove_file(&in_the_way).unwrap();
    assert!(journal.close());
    assert_eq!(calls(&journal.folder().join("00000001.journal")), (0..10).collect::<Vec<_>>());
}

#[test]
fn waiting_records_are_bounded_the_newest_give_way_and_are_counted() {
    let temp = tempfile::tempdir().unwrap();
    let in_the_way = temp.path().join("home");
    fs::write(&in_the_way, "").unwrap();
    let mut journal = journal(&in_the_way.join("spool"));
    let kept = (0..40).filter(|count| log(&mut journal, &call(*count, 1 << 20))).count();
    assert_eq!(kept, BACKLOG_BYTES_MAX / call(0, 1 << 20).len());
    assert_eq!(journal.dropped(), 40 - kept as u64);
    fs::remove_file(&in_the_way).unwrap();
    journal.again = None;
    for _ in 0..=kept {
        journal.prepare();
    }
    log(&mut journal, &call(99, 3));
    let found = calls(&journal.folder().join("00000001.journal"));
    let expected: Vec<u64> = (0..kept as u64).chain([40 - kept as u64, 99]).collect();
    assert_eq!(found, expected, "the kept ones, how many were not, and what came later");
}
