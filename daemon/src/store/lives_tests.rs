//! A run that several homes recorded, in any order of arrival: the same views.

use pannier_proto::id::{Id128, RunPath};
use pannier_proto::job::JobLife;
use pannier_proto::record::{Change, Record, Row, RunFields, RunState, Table};
use pannier_proto::request::RunView;
use pannier_proto::value::Value;
use serde_json::{Map, Value as Json, json};

use super::*;
use crate::block::Block;

fn path() -> RunPath {
    RunPath::new("e", "p", "r").unwrap()
}

/// A row whose cell says who logged it.
fn row(step: i64, by: i64) -> Record {
    let cells = vec![("x".to_owned(), Value::I64(step)), ("by".to_owned(), Value::I64(by))];
    Record::Row(Row { table: Table::History, step, time_us: step, cells })
}

fn map(value: &Json) -> Map<String, Json> {
    value.as_object().cloned().unwrap_or_default()
}

fn begin(time_us: i64, start_step: i64, attempt: Option<u64>) -> Record {
    let job = attempt.map(|attempt| JobLife { job: "7".into(), attempt });
    let fields = RunFields { name: Some(format!("life {time_us}")), ..RunFields::default() };
    Record::Change(Change::Begin { time_us, fields, start_step, resumed: start_step > 0, job })
}

fn config(set: &Json) -> Record {
    Record::Change(Change::Config { set: map(set), remove: Vec::new() })
}

fn end(time_us: i64, state: RunState) -> Record {
    Record::Change(Change::End { time_us, state, exit_code: Some(i32::from(state != RunState::Finished)) })
}

fn preempting() -> Record {
    Record::Change(Change::Metadata { set: map(&json!({ (PREEMPTING): true })) })
}

/// Each home's records, as blocks.
type Homes = Vec<(u8, Vec<Vec<Record>>)>;

/// Every row that is shown, page by page.
fn all_rows(store: &Store, branch: Option<usize>) -> Vec<Row> {
    let (mut rows, mut next) = (Vec::new(), Some(i64::MIN));
    while let Some(from_step) = next {
        let query = RowsQuery { from_step, branch, ..RowsQuery::all(1000) };
        let (page, after) = store.rows(&path(), &query).unwrap();
        rows.extend(page);
        next = after;
    }
    rows
}

/// What is seen of a run: itself, its rows, a metric, its files.
type Seen = (RunView, Vec<Row>, Vec<(i64, f64)>, Vec<String>);

/// Brings the blocks in an order, each home's own kept, and reads the views.
fn views(homes: &Homes, seed: u64) -> Seen {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("pannier.db")).unwrap();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut at = vec![(0, 1); homes.len()];
    loop {
        let left: Vec<_> = (0..homes.len()).filter(|home| at[*home].0 < homes[*home].1.len()).collect();
        if left.is_empty() {
            break;
        }
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let home = left[usize::try_from(state % left.len() as u64).unwrap()];
        let (number, blocks) = &homes[home];
        let (next, seq) = at[home];
        let mut block = Block::default();
        blocks[next].iter().for_each(|record| block.push(record.clone()));
        at[home] = (next + 1, seq + block.len() as Seq);
        let (origin, first_seq) = (Id128([*number; 16]), Some(seq));
        store
            .write_blocking(move |tx| {
                tx.append(Incoming { path: path(), origin, first_seq, block, encoded: None }, 1)
            })
            .unwrap();
    }
    let mut run = store.run(&path()).unwrap();
    run.updated_us = 0;
    let rows = all_rows(&store, None);
    let series = store.series(&path(), "by").unwrap();
    let metrics = store.metrics(&path()).unwrap().iter().map(|metric| format!("{metric:?}")).collect();
    (run, rows, series.steps.into_iter().zip(series.values).collect(), metrics)
}

#[track_caller]
fn in_any_order(homes: &Homes) -> (RunView, Vec<(i64, f64)>, Vec<String>) {
    let first = views(homes, 0);
    for seed in 1..60 {
        assert_eq!(views(homes, seed), first, "seed {seed}");
    }
    (first.0, first.2, first.3)
}

fn rows(steps: std::ops::Range<i64>, by: i64) -> Vec<Record> {
    steps.map(|step| row(step, by)).collect()
}

#[test]
fn five_lives_of_a_job_on_three_nodes() {
    // Of the first, 10 and 11 came to the folder only after the second had begun;
    // the third was killed without a word, and the clock of its node is behind.
    let homes: Homes = vec![
        (
            3,
            vec![
                vec![begin(1000, 0, Some(0)), config(&json!({"lr": 1, "a": {"x": 1}}))],
                rows(0..12, 1),
                vec![preempting(), end(1500, RunState::Crashed)],
                vec![begin(6000, 30, Some(3)), config(&json!({"lr": 4}))],
                rows(30..40, 4),
                vec![preempting(), end(6500, RunState::Failed)],
            ],
        ),
        (
            1,
            vec![
                vec![begin(3000, 10, Some(1)), config(&json!({"lr": 2, "a": {"y": 2}}))],
                rows(10..20, 2),
                vec![preempting(), end(3500, RunState::Failed)],
                vec![begin(9000, 40, Some(4))],
                rows(40..45, 5),
                vec![end(9500, RunState::Finished)],
            ],
        ),
        (2, vec![vec![begin(50, 20, Some(2)), config(&json!({"lr": 3}))], rows(20..33, 3)]),
    ];
    let (run, series, metrics) = in_any_order(&homes);
    let by = |step: i64| match step {
        0..10 => 1.0,
        10..20 => 2.0,
        20..30 => 3.0,
        30..40 => 4.0,
        _ => 5.0,
    };
    assert_eq!(series, (0..45).map(|step| (step, by(step))).collect::<Vec<_>>());
    assert_eq!((run.state, run.exit_code, run.last_step), (RunState::Finished, Some(0), Some(44)));
    assert_eq!(Json::from(run.config), json!({"lr": 4, "a": {"x": 1, "y": 2}}));
    assert_eq!(run.fields.name.as_deref(), Some("life 9000"));
    assert_eq!(run.summary["by"], 5);
    assert!(metrics.iter().all(|metric| metric.contains("count: 45")), "{metrics:?}");
}

#[test]
fn a_life_that_knows_nothing_of_the_others_collides_with_none() {
    let homes: Homes = vec![
        (9, vec![vec![begin(1000, 0, Some(0))], rows(0..30, 1)]),
        (
            1,
            vec![
                vec![begin(5000, 0, Some(1))],
                rows(12..20, 2),
                // That it was told to go was heard after its end.
                vec![end(6000, RunState::Crashed)],
                vec![Record::Change(Change::State { state: RunState::Preempted })],
            ],
        ),
    ];
    let (run, series, _) = in_any_order(&homes);
    let expected = (0..12).map(|step| (step, 1.0)).chain((12..20).map(|step| (step, 2.0)));
    assert_eq!(series, expected.collect::<Vec<_>>());
    assert_eq!((run.state, run.last_step), (RunState::Preempted, Some(19)));
}

#[test]
fn ranks_of_one_life_stand_beside_each_other() {
    let rank = |home: u8, time: i64, steps: std::ops::Range<i64>, ended: bool| {
        let key = format!("rank{home}");
        let own = |step| {
            let cells = vec![(key.clone(), Value::I64(step)), ("both".to_owned(), Value::I64(home.into()))];
            Record::Row(Row { table: Table::History, step, time_us: step, cells })
        };
        let mut blocks = vec![vec![begin(time, 0, Some(0)), config(&json!({ (key.as_str()): time }))]];
        blocks.extend(
            steps.collect::<Vec<_>>().chunks(7).map(|steps| steps.iter().map(|step| own(*step)).collect()),
        );
        blocks.extend(ended.then(|| vec![end(time + 5000, RunState::Finished)]));
        (home, blocks)
    };
    // The third node was killed.
    let homes: Homes = vec![rank(7, 10, 0..40, true), rank(2, 20, 0..40, true), rank(5, 15, 0..23, false)];
    let (run, _, metrics) = in_any_order(&homes);
    assert_eq!((run.state, run.last_step), (RunState::Finished, Some(39)));
    assert_eq!(run.config.len(), 3);
    assert_eq!((&run.summary["rank5"], &run.summary["both"]), (&json!(22), &json!(7)));
    assert!(metrics.iter().any(|metric| metric.contains("count: 103")), "{metrics:?}");
}

#[test]
fn what_was_left_behind_elsewhere_can_be_read() {
    let homes: Homes = vec![
        (1, vec![vec![begin(10, 0, Some(0))], rows(0..20, 1), vec![begin(90, 30, Some(2))], rows(30..35, 3)]),
        (2, vec![vec![begin(50, 15, Some(1))], rows(15..30, 2)]),
    ];
    let (run, series, _) = in_any_order(&homes);
    assert_eq!((series.len(), run.last_step), (35, Some(34)));
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("pannier.db")).unwrap();
    for (home, blocks) in &homes {
        let mut block = Block::default();
        blocks.iter().flatten().for_each(|record| block.push(record.clone()));
        let origin = Id128([*home; 16]);
        store
            .write_blocking(move |tx| {
                tx.append(Incoming { path: path(), origin, first_seq: Some(1), block, encoded: None }, 1)
            })
            .unwrap();
    }
    let all = all_rows(&store, None);
    assert_eq!(all.iter().map(|row| row.step).collect::<Vec<_>>(), (0..35).collect::<Vec<_>>());
    assert_eq!(store.branches(&path()).unwrap(), [15, 30]);
    let steps = |branch| {
        let rows = all_rows(&store, branch);
        let by = |row: &Row| row.cells.iter().find(|(key, _)| key == "by").and_then(|(_, by)| by.as_f64());
        rows.iter().map(|row| (row.step, by(row).unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(steps(Some(0)), (0..20).map(|step| (step, 1.0)).collect::<Vec<_>>());
    let second = (0..15).map(|step| (step, 1.0)).chain((15..30).map(|step| (step, 2.0)));
    assert_eq!(steps(Some(1)), second.collect::<Vec<_>>());
}
