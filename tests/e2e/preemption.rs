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
use pannier_tests::wandb::{Door, history_post, lines};
use serde_json::{Value as Json, json};

const RUN: &str = "local/lives/job";

fn node(hub: &TestHub) -> TestHome {
    let home = TestHome::new();
    hub.add_to(&home, &hub.url());
    home
}

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

fn counted(http: &Http, run: &str) -> u64 {
    let metrics = http.get(&format!("/v1/runs/{run}/metrics")).expect(200).json();
    let all = metrics["metrics"].as_array().unwrap();
    all.iter().find(|metric| metric["key"] == "n").unwrap()["count"].as_u64().unwrap()
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
fn five_lives_on_three_nodes_are_one_run_through_the_hub() {
    let hub = TestHub::started();
    let nodes = [node(&hub), node(&hub), node(&hub)];
    let file = ledger(&hub.home);
    // Told to go, as scancel does it.
    for (attempt, at) in [(0, 0), (1, 1)] {
        let mut job = life(&nodes[at], attempt, &file, None);
        job.reach(&file, 100 * (i64::try_from(attempt).unwrap() + 1));
        assert!(!job.cancel().success());
        let run = state_at(&hub.http(), RUN, "preempted");
        assert!(run["last_step"].as_i64() >= Some(100), "{run}");
    }
    // Killed without a word, and its node is off for a while.
    let job = life(&nodes[0], 2, &file, None);
    job.reach(&file, 300);
    let _ = state_at(&hub.http(), RUN, "running");
    job.lose();
    assert_eq!(view(&hub.http(), RUN).unwrap()["state"], "running", "nobody could say anything else");
    // On a node that has never seen the run.
    let mut job = life(&nodes[2], 3, &file, None);
    let _ = state_at(&nodes[2].http(), RUN, "running");
    job.reach(&file, 400);
    assert!(!job.cancel().success());
    wait::until("its rows are at the hub", || {
        view(&hub.http(), RUN).filter(|run| run["last_step"].as_i64() >= Some(400))
    });
    // The node that was off is back, with what it had not sent.
    let back = TestDaemon::start(&nodes[0]);
    let _ = nodes[0].run(&["sync", "--wait", "--timeout", "30"]).expect(0);
    drop(back);
    let mut job = life(&nodes[1], 4, &file, Some("100"));
    assert!(job.end().success());
    let run = state_at(&hub.http(), RUN, "finished");
    let _ = nodes[1].run(&["sync", "--wait", "--timeout", "30"]).expect(0);
    let shown = steps(&hub.http(), RUN);
    let last = run["last_step"].as_i64().unwrap();
    assert_eq!(shown, (0..=last).collect::<Vec<_>>(), "steps without gap");
    assert!(last >= 500, "{last}");
    assert_eq!(run["summary"]["n"], last);
    assert_eq!(run["summary"]["x"].as_f64(), Some(value(last)));
    assert_eq!(
        counted(&hub.http(), RUN),
        u64::try_from(last + 1).unwrap(),
        "what was left behind counts no more"
    );
    let branches = hub.http().get(&format!("/v1/runs/{RUN}/branches")).expect(200).json();
    assert_eq!(branches["branches"].as_array().unwrap().len(), 4, "{branches}");
}

#[test]
fn an_sdk_that_resumes_on_a_fresh_node_is_told_where_the_run_stands() {
    let hub = TestHub::started();
    // The daemon first: `remote add` would start one that leaves when it is idle.
    let (first, fresh) = (TestHome::new(), TestHome::new());
    let daemon = TestDaemon::start(&first);
    hub.add_to(&first, &hub.url());
    let _ = Trainer::new(&first, "lives", "sdk").rows(50).daemon("use").run();
    let _ = first.run(&["sync", "--wait", "--timeout", "30"]).expect(0);
    drop(daemon);
    let daemon = TestDaemon::start(&fresh);
    hub.add_to(&fresh, &hub.url());
    let query = "query RunResumeStatus($project: String, $entity: String, $name: String!) {
        model(name: $project, entityName: $entity) {
            bucket(name: $name, missingOk: true) {
                name displayName historyLineCount historyTail summaryMetrics config } } }";
    let ask = |run: &str| {
        let variables = json!({"entity": "local", "project": "lives", "name": run});
        let body = json!({"operationName": "RunResumeStatus", "query": query, "variables": variables});
        daemon.http().post("/graphql", &body).expect(200).json()["data"]["model"]["bucket"].clone()
    };
    let bucket = ask("sdk");
    let tail: Vec<String> = serde_json::from_str(bucket["historyTail"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Json>(&tail[0]).unwrap()["_step"], 49, "{bucket}");
    assert_eq!(bucket["historyLineCount"], 50);
    let summary: Json = serde_json::from_str(bucket["summaryMetrics"].as_str().unwrap()).unwrap();
    assert_eq!(summary["x"].as_f64(), Some(value(49)));
    assert_eq!(ask("none"), Json::Null);
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
fn runs_of_the_wandb_client_end_with_the_command_that_is_told_to_go() {
    let home = TestHome::new();
    let file = ledger(&home);
    let mut job = life(&home, 0, &file, None);
    job.reach(&file, 5);
    let door = Door::of(&home);
    for run in ["streamed", "finished"] {
        door.begin("lives", run, &json!({}));
        let _ = door.post("lives", run, &history_post(0, &lines(0..3))).expect(200);
    }
    let _ = door.post("lives", "finished", &json!({"complete": true, "exitcode": 0})).expect(200);
    assert!(!job.cancel().success());
    let _daemon = Output::of(&mut home.pannier(&["daemon", "--detach"])).expect(0);
    let run = state_at(&home.http(), "local/lives/streamed", "preempted");
    assert_eq!(run["last_step"], 2);
    assert_eq!(view(&home.http(), "local/lives/finished").unwrap()["state"], "finished");
    let _ = state_at(&home.http(), RUN, "preempted");
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
