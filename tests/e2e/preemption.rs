//! One run over many lives: a job is told to go, or killed, and begins again on
//! another node. What it logs is one run, without gap, and its last word counts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pannier_tests::cli::Output;
use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::http::Http;
use pannier_tests::hub::TestHub;
use pannier_tests::job::JobLife;
use pannier_tests::ledger::value;
use pannier_tests::trainer::Trainer;
use pannier_tests::wait;
use serde_json::Value as Json;

const RUN: &str = "local/lives/job";

fn view(http: &Http, run: &str) -> Option<Json> {
    let answer = http.send("GET", &format!("/v1/runs/{run}"), b"").ok()?;
    (answer.status == 200).then(|| answer.json())
}

fn state_at(http: &Http, run: &str, state: &str) -> Json {
    let mut last = None;
    let found = wait::within(wait::PATIENCE, || {
        last = view(http, run);
        last.clone().filter(|view| view["state"] == state)
    });
    found.unwrap_or_else(|| panic!("the run is not {state} but {last:?}"))
}

/// The steps that are shown, each with the value that belongs to it.
#[track_caller]
fn steps(http: &Http, run: &str) -> Vec<i64> {
    let text = http.get(&format!("/v1/runs/{run}/rows?table=history")).expect(200).text();
    let rows = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let intact = |row: Json| {
        let step = row["_step"].as_i64().unwrap();
        assert_eq!((row["n"].as_i64(), row["x"].as_f64()), (Some(step), Some(value(step))), "{row}");
        step
    };
    rows.map(intact).collect()
}

fn ledger(home: &TestHome) -> PathBuf {
    home.beside("ledger")
}

/// A life that logs until it is made to end.
fn life<'a>(home: &'a TestHome, attempt: u64, ledger: &Path, rows: Option<&str>) -> JobLife<'a> {
    let ledger = ledger.display().to_string();
    let mut trainer = vec!["lives", "job", &ledger, "--resume", "allow", "--pause-us", "2000"];
    trainer.extend(rows.map(|rows| ["--rows", rows]).into_iter().flatten());
    JobLife::start(home, attempt, &trainer, &[], |command| command)
}

#[test]
fn a_signal_before_the_end_marks_the_run_and_those_of_other_jobs_go_on() {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let other = Trainer::new(&home, "lives", "other").pause(Duration::from_millis(2)).daemon("use");
    let of_another = |command: &mut std::process::Command| {
        command.env("SLURM_JOB_ID", "78");
    };
    let other = other.with(of_another).start();
    other.reach(10);
    let file = ledger(&home);
    let mut job = life(&home, 0, &file, None);
    job.reach(&file, 50);
    // Only the wrapper and the trainer; the daemon is not of this job alone.
    job.signal(rustix::process::Signal::USR1);
    assert!(!job.end().success(), "the trainer has no handler of its own");
    let run = state_at(daemon.http(), RUN, "preempted");
    assert!(run["last_step"].as_i64() >= Some(50));
    assert_eq!(view(daemon.http(), "local/lives/other").unwrap()["state"], "running");
    assert!(other.kill().ledger.exists());
}

#[test]
fn a_run_that_finishes_after_the_signal_is_finished() {
    let home = TestHome::new();
    let until = home.beside("until");
    let file = ledger(&home);
    let (ledger, stop) = (file.display().to_string(), until.display().to_string());
    let trainer = ["lives", "job", &ledger, "--pause-us", "2000", "--until", &stop, "--deaf", "yes"];
    let mut job = JobLife::start(&home, 0, &trainer, &[], |command| command);
    job.reach(&file, 50);
    job.signal(rustix::process::Signal::USR2);
    let marked = |view: &Json| view["metadata"]["preempting"] == true;
    wait::until("the run is marked", || view(&home.http(), RUN).filter(marked));
    std::fs::write(&until, "").unwrap();
    assert!(job.end().success());
    let _daemon = Output::of(&mut home.pannier(&["daemon", "--detach"])).expect(0);
    let _ = state_at(&home.http(), RUN, "finished");
}

/// A home of a node, with eight ranks of a job in it.
fn ranks(home: &TestHome, first: u64) -> Vec<pannier_tests::trainer::Training> {
    let rank = |rank: u64| {
        let ledger = home.beside(&format!("rank{rank}.ledger"));
        let trainer = Trainer::with_ledger(home, "lives", "ranks", &ledger).resume().daemon("use").rows(300);
        let job = |command: &mut std::process::Command| {
            command.env("SLURM_JOB_ID", "77").env("SLURM_PROCID", rank.to_string());
        };
        trainer.pause(Duration::from_millis(1)).with(job).start()
    };
    (first..first + 8).map(rank).collect()
}

#[test]
fn two_nodes_with_eight_ranks_each_merge_to_the_same_in_any_order() {
    let nodes = [TestHome::new(), TestHome::new()];
    let daemons = [TestDaemon::start(&nodes[0]), TestDaemon::start(&nodes[1])];
    let (first, second) = (ranks(&nodes[0], 0), ranks(&nodes[1], 8));
    first.into_iter().for_each(|rank| drop(rank.finish()));
    // The second node is lost while its ranks write.
    second.iter().for_each(|rank| rank.reach(40));
    second.into_iter().for_each(|rank| drop(rank.kill()));
    daemons.into_iter().for_each(TestDaemon::kill);
    let run = "local/lives/ranks";
    let views: Vec<_> = [&[0, 1][..], &[1, 0], &[1, 0, 1, 0]]
        .into_iter()
        .map(|order| {
            let hub = TestHub::started();
            for at in order {
                let home = &nodes[*at];
                let _daemon = TestDaemon::start(home);
                hub.add_to(home, &hub.url());
                let _ = home.run(&["sync", "--wait", "--timeout", "30"]).expect(0);
            }
            let mut view = view(&hub.http(), run).unwrap();
            view["updated_us"] = Json::Null;
            let metrics = hub.http().get(&format!("/v1/runs/{run}/metrics")).expect(200).json();
            (view, steps(&hub.http(), run), metrics)
        })
        .collect();
    assert_eq!(views[0], views[1]);
    assert_eq!(views[0], views[2]);
    assert!(views[0].1.len() >= 300, "{}", views[0].1.len());
    assert!(views[0].0["history_rows"].as_u64().unwrap() >= 8 * 300 + 8 * 40);
}
