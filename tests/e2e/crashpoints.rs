//! SIGKILL at the n-th call of a kind, for each n: what random kills hit by
//! luck, `strace` hits by order. The workload is fixed: two journals to take in.

use std::collections::BTreeMap;
use std::process::Stdio;

use pannier_tests::cli::{Output, clean, pannier_bin};
use pannier_tests::daemon::{Process, TestDaemon, TestHome};
use pannier_tests::hub::TestHub;
use pannier_tests::journal::JournalWriter;
use pannier_tests::ledger::judge_rows;
use pannier_tests::loopmount::possible;
use pannier_tests::random::Random;

/// What changes a disk.
const CALLS: &str = "write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,ftruncate,mkdir,mkdirat,rmdir,copy_file_range";
const ROWS: i64 = 200;
/// How many points a short run looks at.
const SAMPLE: usize = 30;

#[test]
fn killed_at_any_call_a_daemon_loses_and_doubles_nothing() {
    if let Err(missing) = possible(&["strace"]) {
        println!("left out: {missing}");
        return;
    }
    let points = sampled(every_point(&workload(), |home, options| {
        let _ = traced(home, options).expect(0);
    }));
    let enough = points.len().min(10);
    let mut hit = 0;
    for (call, n) in points {
        println!("{call}:{n}");
        let home = workload();
        let out = traced(&home, &["-e", &format!("inject={call}:signal=SIGKILL:when={n}")]);
        hit += usize::from(out.code != Some(0));
        let daemon = TestDaemon::start(&home);
        daemon.settle(&home);
        for run in ["whole", "cut"] {
            let rows: Vec<i64> = (0..ROWS).collect();
            let fault = judge_rows(&home.http(), &format!("local/points/{run}"), &rows).err();
            assert_eq!(fault, None, "killed at call {n} of {call}\n{}", home.log());
        }
        let state =
            |run: &str| home.http().get(&format!("/v1/runs/local/points/{run}")).json()["state"].clone();
        assert_eq!(
            (state("whole"), state("cut")),
            ("finished".into(), "crashed".into()),
            "at call {n} of {call}"
        );
    }
    assert!(hit >= enough, "the kills do come: {hit} did");
}

/// The hub dies at its n-th call of a kind while a backlog comes in, and is
/// started again.
#[test]
fn a_hub_killed_at_any_call_has_everything_once() {
    if let Err(missing) = possible(&["strace"]) {
        println!("left out: {missing}");
        return;
    }
    let all = std::env::var("PANNIER_CRASHPOINTS").is_ok_and(|which| which == "all");
    let mut random = Random::from_env();
    let mut hit = 0;
    for call in ["pwrite64", "fdatasync"] {
        let points: Vec<u64> =
            if all { (1..=120).collect() } else { (0..5).map(|_| 1 + random.below(25)).collect() };
        for n in points {
            hit += usize::from(kill_hub_at(call, n));
        }
    }
    assert!(hit >= 2, "the kills do come: {hit} did");
}

/// Whether it did die of that.
fn kill_hub_at(call: &str, n: u64) -> bool {
    let (home, mut hub) = (workload(), TestHub::new());
    let daemon = TestDaemon::start(&home);
    daemon.settle(&home);
    let mut strace = clean("strace".as_ref());
    // With -D the hub, not strace, is our child, and SIGKILL reaches it.
    strace.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={CALLS}")]);
    strace.args(["-e", &format!("inject={call}:signal=SIGKILL:when={n}")]);
    hub.home.env(&mut strace).arg(pannier_bin()).args(["hub", "--listen", &hub.address.to_string()]);
    let mut doomed = Process::start(strace.stdout(Stdio::null()).stderr(Stdio::null()));
    hub.add_to(&home, &hub.url());
    let _ = home.run(&["sync", "--wait", "--timeout", "2"]);
    let died = doomed.ended().is_some();
    doomed.kill();
    hub.start();
    let _ = home.run(&["sync", "--wait", "--timeout", "30"]).expect(0);
    for run in ["whole", "cut"] {
        let rows: Vec<i64> = (0..ROWS).collect();
        let fault = judge_rows(&hub.http(), &format!("local/points/{run}"), &rows).err();
        assert_eq!(fault, None, "hub killed at call {n} of {call}");
    }
    died
}

/// A home with what two dead trainers left: one had finished, one was cut off
/// in the middle of a frame.
fn workload() -> TestHome {
    let home = TestHome::new();
    let mut whole = JournalWriter::begin(home.path(), "points", "whole", 1);
    let mut cut = JournalWriter::begin(home.path(), "points", "cut", 2);
    for n in 0..ROWS {
        if n == ROWS / 2 {
            whole.next_segment();
        }
        whole.row(n);
        cut.row(n);
    }
    whole.finish();
    let torn = pannier_tests::journal::row_frame(ROWS);
    cut.raw(&torn[..torn.len() / 2]);
    home
}

/// Those points that a run looks at: some, or as `PANNIER_CRASHPOINTS` says.
pub fn sampled(mut points: Vec<(String, usize)>) -> Vec<(String, usize)> {
    println!("{} crash points", points.len());
    assert!(points.len() > 20, "the workload changes the disk");
    match std::env::var("PANNIER_CRASHPOINTS").as_deref() {
        Ok("all") => println!("all of them"),
        Ok(one) => points.retain(|(call, n)| format!("{call}:{n}") == one),
        Err(_) => {
            let mut random = Random::from_env();
            while points.len() > SAMPLE {
                let at = usize::try_from(random.below(points.len() as u64)).unwrap();
                points.swap_remove(at);
            }
        }
    }
    points
}

/// Each call of a workload that `run` goes through under strace, with these
/// options: its name, and the how many-th of a thread it is.
pub fn every_point(home: &TestHome, run: impl FnOnce(&TestHome, &[&str])) -> Vec<(String, usize)> {
    let trace = home.beside("trace");
    run(home, &["-o", &trace.display().to_string()]);
    let text = std::fs::read_to_string(trace).unwrap();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.contains("resumed>")) {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((call, _)) = rest.trim_start().split_once('(') else { continue };
        *counts.entry((thread, call)).or_default() += 1;
    }
    let mut most: BTreeMap<&str, usize> = BTreeMap::new();
    for ((_, call), count) in counts {
        let most = most.entry(call).or_default();
        *most = count.max(*most);
    }
    most.into_iter().flat_map(|(call, most)| (1..=most).map(move |n| (call.to_owned(), n))).collect()
}

/// A program under strace.
pub fn strace(options: &[&str]) -> std::process::Command {
    let mut strace = clean("strace".as_ref());
    strace.args(["-f", "-qq", "-e", &format!("trace={CALLS}"), "-e", "signal=none"]).args(options);
    if !options.contains(&"-o") {
        strace.args(["-o", "/dev/null"]);
    }
    strace
}

/// A daemon under strace, until it is idle or dead.
pub fn traced(home: &TestHome, options: &[&str]) -> Output {
    let mut strace = strace(options);
    home.env(&mut strace).arg(pannier_bin()).args(["daemon", "--idle", "1"]);
    Output::of(strace.stdout(Stdio::null()))
}
