//! The log and its views: what can be seen, whatever merging does.

#![expect(clippy::cast_precision_loss, reason = "small numbers")]

use super::*;
use pannier_proto::id::RunPath;
use pannier_proto::record::{Change, Record, Row, Table};
use pannier_proto::value::Value;

use crate::block::Block;

fn open() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("pannier.db")).unwrap();
    (dir, store)
}

fn path() -> RunPath {
    RunPath::new("e", "p", "r").unwrap()
}

fn row(step: i64, key: &str, value: f64) -> Record {
    Record::Row(Row {
        table: Table::History,
        step,
        time_us: step,
        cells: vec![(key.into(), Value::F64(value))],
    })
}

fn append(store: &Store, first_seq: Option<Seq>, records: &[Record]) -> Appended {
    let mut block = Block::default();
    records.iter().for_each(|record| block.push(record.clone()));
    let origin = store.origin();
    store
        .write_blocking(move |tx| {
            tx.append(Incoming { path: path(), origin, first_seq, block, encoded: None }, 1)
        })
        .unwrap()
}

fn steps(store: &Store) -> Vec<(i64, f64)> {
    let series = store.series(&path(), "x").unwrap();
    series.steps.into_iter().zip(series.values).collect()
}

#[test]
fn what_comes_twice_counts_once_and_gaps_are_refused() {
    let (_dir, store) = open();
    let records: Vec<_> = (0..10).map(|step| row(step, "x", step as f64)).collect();
    assert_eq!(append(&store, Some(1), &records[..6]).last_seq, 6);
    assert_eq!(append(&store, Some(1), &records[..6]).last_seq, 6);
    assert_eq!(append(&store, Some(4), &records[3..]).last_seq, 10);
    assert!(!append(&store, Some(12), &records).taken);
    assert_eq!(steps(&store), (0..10).map(|step| (step, step as f64)).collect::<Vec<_>>());
    assert_eq!(store.check_log(|_, _| ()).unwrap(), Vec::<String>::new());
}

#[test]
fn merging_and_sealing_change_nothing_that_can_be_seen() {
    let (_dir, store) = open();
    let mut records = Vec::new();
    for step in 0..40_000 {
        records.push(row(step, if step % 3 == 0 { "x" } else { "y" }, step as f64));
        if step % 1000 == 0 {
            records.push(Record::Change(Change::TextFile { path: "f".into(), text: step.to_string() }));
        }
    }
    for chunk in records.chunks(333) {
        append(&store, None, chunk);
    }
    assert_eq!(store.records(1).unwrap(), records);
    let blocks: i64 = store
        .read_blocking(|sql| Ok(sql.query_row("SELECT count(*) FROM blocks", [], |row| row.get(0))?))
        .unwrap();
    assert!(blocks < 40, "{blocks} blocks");
    store.write_blocking(|tx| tx.seal_run(&path())).unwrap();
    let digest = store.stream_digest(1, 0, u64::MAX).unwrap();
    assert_eq!(digest.records, records.len() as u64);
    assert_eq!(store.records(1).unwrap(), records);
    assert_eq!(steps(&store).len(), 13_334);
    assert_eq!(store.check_log(|_, _| ()).unwrap(), Vec::<String>::new());
}

#[test]
fn the_log_is_read_from_any_position() {
    let (_dir, store) = open();
    let records: Vec<_> = (0..500).map(|step| row(step, "x", 0.5)).collect();
    for chunk in records.chunks(70) {
        append(&store, None, chunk);
    }
    for after in [0, 1, 69, 70, 71, 499, 500] {
        let mut got = Vec::new();
        let mut position = after;
        loop {
            let blocks = store.log_after(1, position, 1).unwrap();
            let Some(block) = blocks.into_iter().next() else { break };
            assert_eq!(block.first_seq, position + 1);
            position = block.last_seq;
            got.extend(Block::decode(&block.encoded).unwrap().into_records());
        }
        assert_eq!(got, records[usize::try_from(after).unwrap()..], "after {after}");
    }
}

#[test]
fn a_rewound_life_hides_the_branch_it_left_and_keeps_it() {
    let (_dir, store) = open();
    append(&store, None, &(0..100).map(|step| row(step, "x", 1.0)).collect::<Vec<_>>());
    let mut second = vec![row(100, "x", 1.0), Record::Change(Change::Rewind { step: 60 })];
    second.extend((60..120).map(|step| row(step, "x", 2.0)));
    append(&store, None, &second);
    let seen = steps(&store);
    assert_eq!(seen.len(), 120);
    assert!(seen.iter().all(|(step, value)| *value == if *step < 60 { 1.0 } else { 2.0 }));
    assert_eq!(store.records(1).unwrap().len(), 100 + second.len());
    let query = RowsQuery { from_step: 55, ..RowsQuery::all(1000) };
    let mut rows = Vec::new();
    let mut from = Some(55);
    while let Some(from_step) = from {
        let (page, next) = store.rows(&path(), &RowsQuery { from_step, ..query.clone() }).unwrap();
        rows.extend(page);
        from = next;
    }
    assert_eq!(rows.iter().map(|row| row.step).collect::<Vec<_>>(), (55..120).collect::<Vec<_>>());
}

#[test]
fn rows_of_one_step_are_one_row_and_the_later_cell_wins() {
    let (_dir, store) = open();
    append(&store, None, &[row(0, "x", 1.0), row(0, "y", 2.0), row(1, "x", 3.0)]);
    append(&store, None, &[row(1, "x", 4.0)]);
    let query = RowsQuery { from_step: 0, ..RowsQuery::all(1) };
    let (first, next) = store.rows(&path(), &query).unwrap();
    assert_eq!(first[0].cells, [("x".into(), Value::F64(1.0)), ("y".into(), Value::F64(2.0))]);
    let (second, _) = store.rows(&path(), &RowsQuery { from_step: next.unwrap(), ..query }).unwrap();
    assert_eq!(second[0].cells, [("x".into(), Value::F64(4.0))]);
    assert_eq!(steps(&store), [(0, 1.0), (1, 4.0)]);
}

#[test]
fn a_failed_closure_leaves_nothing_and_others_are_unharmed() {
    let (_dir, store) = open();
    let origin = store.origin();
    let failed: Result<()> = store.write_blocking(move |tx| {
        let mut block = Block::default();
        block.push(row(0, "x", 1.0));
        tx.append(Incoming { path: path(), origin, first_seq: None, block, encoded: None }, 1)?;
        Err(StoreError::Refused("no".into()))
    });
    assert!(matches!(failed, Err(StoreError::Refused(_))));
    assert!(matches!(store.run(&path()), Err(StoreError::Missing(_))));
    append(&store, None, &[row(0, "x", 1.0)]);
    assert_eq!(steps(&store), [(0, 1.0)]);
}

#[test]
fn a_sample_keeps_the_extremes_and_the_ends() {
    let values: Vec<f64> = (0..100_000).map(|n| if n == 77_777 { 9.0 } else { f64::from(n % 7) }).collect();
    let series = Series { steps: (0..100_000).collect(), values };
    let sample = series.sample(1000);
    assert!(sample.steps.len() <= 1000);
    assert_eq!((sample.steps[0], *sample.steps.last().unwrap()), (0, 99_999));
    assert!(sample.values.contains(&9.0));
    assert!(sample.steps.is_sorted());
}

#[test]
fn a_damaged_block_is_named_and_the_others_can_be_read() {
    let (_dir, store) = open();
    append(&store, None, &[row(0, "x", 1.0)]);
    store
        .write_blocking(|tx| Ok(tx.sql.execute("UPDATE parts SET body = CAST(body || x'00' AS BLOB)", [])?))
        .unwrap();
    assert!(matches!(store.series(&path(), "x"), Err(StoreError::Damaged { .. })));
    let wrong = store.check_log(|_, _| ()).unwrap();
    assert!(wrong[0].contains("e/p/r") && wrong[0].contains("checksum"), "{wrong:?}");
}

#[test]
fn tokens_open_until_their_user_is_deleted() {
    let (_dir, store) = open();
    let add = |name: &str, token: &str| {
        let user = NewUser { name: name.into(), token: token.into(), ..NewUser::default() };
        store.write_blocking(move |tx| tx.add_user(&user, 1))
    };
    add("ann", "pan-ann").unwrap();
    let ann = Known { name: "ann".into(), admin: false };
    assert_eq!(store.user_of("pan-ann").unwrap(), Some(ann.clone()));
    assert_eq!(store.user_known("ann").unwrap(), Some(ann));
    assert_eq!(store.user_of("pan-wrong").unwrap(), None);
    for (name, token) in [("ann", "pan-other"), ("bob", "pan-ann")] {
        assert!(matches!(add(name, token), Err(StoreError::Conflict(_))), "{name} {token}");
    }
    store.write_blocking(|tx| tx.delete_user("ann", 2)).unwrap();
    assert_eq!(store.user_of("pan-ann").unwrap(), None);
    add("ann", "pan-again").unwrap();
}

#[test]
fn a_long_curve_is_drawn_from_its_sketches_with_its_extremes() {
    let (_dir, store) = open();
    let spike = 123_456;
    let records: Vec<_> = (0..300_000)
        .map(|step| row(step, "x", if step == spike { 99.0 } else { (step % 17) as f64 }))
        .collect();
    for chunk in records.chunks(40_000) {
        append(&store, None, chunk);
    }
    let sketches: i64 = store
        .read_blocking(|sql| Ok(sql.query_row("SELECT count(*) FROM sketches", [], |row| row.get(0))?))
        .unwrap();
    assert!(sketches >= 7, "{sketches} sketches");
    let seen = store.sampled(&path(), "x", 400).unwrap();
    assert!((300..=402).contains(&seen.steps.len()), "{} points", seen.steps.len());
    assert_eq!((seen.steps[0], *seen.steps.last().unwrap()), (0, 299_999));
    let at = seen.steps.iter().position(|step| *step == spike).unwrap();
    assert_eq!(seen.values[at], 99.0);
    // Short ones are read whole.
    assert_eq!(
        store.sampled(&path(), "x", 100_000).unwrap(),
        store.series(&path(), "x").unwrap().sample(100_000)
    );
}

fn last(store: &Store, key: &str) -> Option<(u64, serde_json::Value)> {
    let metrics = store.metrics(&path()).unwrap();
    metrics.into_iter().find(|metric| metric.key == key).map(|metric| (metric.count, metric.last))
}

#[test]
fn a_life_that_begins_again_leaves_a_branch_that_can_be_read() {
    let (_dir, store) = open();
    let lives = [(0, 10, 0.0), (4, 6, 100.0), (5, 7, 200.0)];
    for (nth, (from, to, add)) in lives.into_iter().enumerate() {
        let mut records: Vec<_> = (from..to).map(|step| row(step, "x", step as f64 + add)).collect();
        if nth == 0 {
            records.push(row(9, "only-before", 1.0));
        } else {
            records.insert(0, Record::Change(Change::Rewind { step: from }));
        }
        append(&store, None, &records);
    }
    let read = |branch| {
        let (mut rows, mut next) = (Vec::new(), Some(0));
        while let Some(from_step) = next {
            let query = RowsQuery { branch, from_step, ..RowsQuery::all(100) };
            let (page, after) = store.rows(&path(), &query).unwrap();
            rows.extend(page);
            next = after;
        }
        let value = |row: &Row| row.cells.iter().find(|(key, _)| key == "x").unwrap().1.as_f64().unwrap();
        rows.iter().map(|row| (row.step, value(row))).collect::<Vec<_>>()
    };
    let first = |n: i64| (0..n).map(|step| (step, step as f64));
    assert_eq!(read(None), first(4).chain([(4, 104.0), (5, 205.0), (6, 206.0)]).collect::<Vec<_>>());
    assert_eq!(read(Some(0)), first(10).collect::<Vec<_>>(), "as before the first rewind");
    assert_eq!(read(Some(1)), first(4).chain([(4, 104.0), (5, 105.0)]).collect::<Vec<_>>());
    assert_eq!(store.branches(&path()).unwrap(), [4, 5]);
    // What a metric came to is counted of what is shown.
    assert_eq!(last(&store, "x"), Some((7, 206.0.into())));
    assert_eq!(last(&store, "only-before"), None);
}

#[test]
fn a_deleted_run_is_gone_and_its_id_begins_with_nothing() {
    let (_dir, store) = open();
    append(&store, None, &[row(0, "x", 1.0), row(1, "x", 2.0)]);
    append(&store, None, &[Record::Change(Change::Delete { time_us: 9 })]);
    assert!(matches!(store.run(&path()), Err(StoreError::Missing(_))));
    assert_eq!(store.runs(&RunFilter { limit: 9, ..RunFilter::default() }).unwrap().0.len(), 0);
    assert_eq!(store.project("e", "p").unwrap().map(|project| project.name).as_deref(), Some("p"));
    let fields = pannier_proto::record::RunFields::default();
    let begin = Change::Begin { time_us: 10, fields, start_step: 0, resumed: false, job: None };
    append(&store, None, &[Record::Change(begin), row(0, "y", 3.0)]);
    assert_eq!((last(&store, "x"), last(&store, "y")), (None, Some((1, 3.0.into()))));
    assert_eq!(store.rows(&path(), &RowsQuery::all(10)).unwrap().0.len(), 1);
    assert_eq!(store.check_log(|_, _| ()).unwrap(), Vec::<String>::new());
}

#[test]
fn a_window_of_a_large_block_holds_its_rows_and_no_others() {
    let (_dir, store) = open();
    let records: Vec<_> =
        (0..5000).map(|step| row(step, if step % 3 == 0 { "x" } else { "y" }, step as f64)).collect();
    append(&store, None, &records);
    for (from_step, to_step) in [(0, 0), (17, 18), (998, 2003), (4999, 4999), (5000, 9000)] {
        let query = RowsQuery { from_step, to_step, ..RowsQuery::all(10_000) };
        let (rows, _) = store.rows(&path(), &query).unwrap();
        let expected =
            (from_step..=to_step.min(4999)).map(|step| records[usize::try_from(step).unwrap()].clone());
        assert!(rows.into_iter().map(Record::Row).eq(expected), "{from_step} to {to_step}");
    }
}

#[test]
fn a_line_is_the_same_whether_sketches_or_columns_say_it() {
    use pannier_proto::dashboard::Along;
    let (_dir, store) = open();
    let value = |step: i64| if step == 33_333 { -7.0 } else { (step % 101) as f64 };
    let records: Vec<_> = (0..100_000).map(|step| row(step, "x", value(step))).collect();
    for chunk in records.chunks(40_000) {
        append(&store, None, chunk);
    }
    let drawn = |along: &Along, range: (f64, f64), buckets: usize| {
        let query = LineQuery { key: "x", table: Table::History, along, range, buckets };
        store.line(&path(), &query).unwrap()
    };
    let all = (f64::NEG_INFINITY, f64::INFINITY);
    let (coarse, whole) = (drawn(&Along::Step, all, 100), drawn(&Along::Step, all, 1_000_000));
    assert_eq!((coarse.len(), whole.len()), (100, 100_000));
    assert_eq!(coarse.iter().map(|bucket| bucket.count).sum::<u64>(), 100_000);
    assert!(
        coarse.iter().any(|bucket| bucket.min == -7.0) && coarse.iter().all(|bucket| bucket.max == 100.0)
    );
    assert_eq!((coarse[99].x, coarse[99].last, coarse[0].min), (99_999.0, value(99_999), 0.0));
    // Time is the step here.
    assert_eq!(drawn(&Along::Time, all, 100).iter().map(|bucket| bucket.count).sum::<u64>(), 100_000);
    let part = drawn(&Along::Step, (33_330.5, 33_335.0), 100);
    let seen: Vec<_> = part.iter().map(|bucket| (bucket.x, bucket.last)).collect();
    assert_eq!(seen, (33_331..=33_335).map(|step| (step as f64, value(step))).collect::<Vec<_>>());
    // What a later life hides is shown by no sketch either.
    append(&store, None, &[Record::Change(Change::Rewind { step: 50_000 }), row(50_000, "x", 1.0)]);
    let again = drawn(&Along::Step, all, 100);
    assert_eq!(again.iter().map(|bucket| bucket.count).sum::<u64>(), 50_001);
    assert_eq!(again.last().map(|bucket| (bucket.x, bucket.last)), Some((50_000.0, 1.0)));
}
