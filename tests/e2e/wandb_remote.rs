//! The remote `wandb`: a home that sends to a server as W&B's own client would. A
//! hub is such a server, so what arrived is read there by the same API.

use std::time::Duration;

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::hub::TestHub;
use pannier_tests::ledger::{Claim, judge};
use pannier_tests::proxy::{Fault, Proxy};
use pannier_tests::random::Random;
use pannier_tests::trainer::{Trainer, claim};
use pannier_tests::wait;
use pannier_tests::wandb::{Door, history_post, lines};
use serde_json::{Value as Json, json};

const PROJECT: &str = "sent";

fn sync(home: &TestHome) {
    let _ = home.run(&["sync", "--wait", "--timeout", "90"]).expect(0);
}

/// The same run at the server, where nobody's own are the user's.
fn there(of: &Claim) -> Claim {
    claim(&of.run.replace("local/", "tester/"), of.ledger.clone())
}

fn equal(home: &TestHome, hub: &TestHub, claim: &Claim, rows: usize) {
    assert_eq!(judge(&home.http(), claim), Ok(rows), "home");
    assert_eq!(judge(&hub.http(), &there(claim)), Ok(rows), "server");
}

fn train(home: &TestHome, run: &str, rows: u64) -> Claim {
    Trainer::new(home, PROJECT, run).rows(rows).run().claim
}

/// A run as people see it by W&B's API.
fn seen(door: &Door, run: &str) -> Json {
    let data = door.data(
        "query Run($p: String!, $r: String!) { project(name: $p) { run(name: $r) {
            name displayName state config summaryMetrics notes tags group jobType historyLineCount
            history(minStep: 0, maxStep: 1000000, samples: 100000) events(samples: 1000)
            logLines(first: 1000) { edges { node { line level timestamp label } } } } } }",
        &json!({"p": PROJECT, "r": run}),
    );
    let mut run = data["project"]["run"].clone();
    // Both sides may say it as a word or as a string.
    for field in ["config", "summaryMetrics"] {
        let text = run[field].as_str().unwrap_or_default();
        let text = text.replace("\"NaN\"", "NaN").replace("NaN", "\"NaN\"");
        run[field] = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    }
    run
}

/// Tells a run with something of everything to a home, as W&B's client does.
fn tell(door: &Door, run: &str) {
    let config = json!({"lr": {"value": 0.1}, "opt": {"value": {"name": "adam", "betas": [0.9, 0.99]}},
        "_wandb": {"value": {"t": {"4": "3.11.7", "5": "0.31.0"}, "m": [{"1": "x", "7": [2], "6": [3]}], "cli_version": "0.31.0"}}});
    let _ = door.begin(PROJECT, run, &config);
    let id = door.begin(PROJECT, run, &config);
    let _ = door.data(
        "mutation UpsertBucket($id: String!, $tags: [String!]) { upsertBucket(input: {id: $id, displayName: \"a name\",
            notes: \"n\", tags: $tags, groupName: \"g\", jobType: \"train\"}) { bucket { id } } }",
        &json!({"id": id, "tags": ["a", "b"]}),
    );
    let mut post = history_post(0, &lines(0..20));
    let nan = r#"{"_step":20,"_timestamp":1000020,"_runtime":20,"x":NaN,"deep":{"a":1},"h":{"_type":"histogram","values":[1],"bins":[0,1]}}"#;
    post["files"]["wandb-history.jsonl"]["content"].as_array_mut().unwrap().push(nan.into());
    let events: Vec<String> = (0..3)
        .map(|n| format!(r#"{{"_wandb":true,"_timestamp":{n},"_runtime":{n},"system.cpu":{n}.5}}"#))
        .collect();
    post["files"]["wandb-events.jsonl"] = json!({"offset": 0, "content": events});
    let said = [
        r#"{"ts":"2026-01-02T03:04:05.678901","content":"hello"}"#,
        r#"{"ts":"2026-01-02T03:04:06.000001","content":"oh","level":"error"}"#,
    ];
    post["files"]["output.log"] = json!({"offset": 0, "content": said});
    let summary = [
        r#"{"best":0.05,"x":{"max":38},"nan":NaN,"_step":20,"_runtime":20.5,"_timestamp":1000020,"_wandb":{"runtime":20}}"#,
    ];
    post["files"]["wandb-summary.json"] = json!({"offset": 0, "content": summary});
    let _ = door.post(PROJECT, run, &post).expect(200);
    let rewritten = json!({"files": {"output.log": {"offset": 1, "content": [
        r#"{"ts":"2026-01-02T03:04:07.000001","content":"oh, well","level":"error"}"#]}}});
    let _ = door.post(PROJECT, run, &rewritten).expect(200);
}

#[test]
fn everything_of_a_run_is_there() {
    let (home, hub) = (TestHome::new(), TestHub::started());
    let _daemon = TestDaemon::start(&home);
    let (here, at_hub) = (Door::of(&home), Door::at(hub.address, &hub.token));
    hub.add_as_wandb_to(&home, &hub.url());
    tell(&here, "told");
    sync(&home);
    let page = format!("{}/tester/{PROJECT}/runs/told", hub.url());
    assert!(home.run(&["status", "--run", "told"]).stdout.contains(&page), "status says where it is");
    let shown = seen(&at_hub, "told");
    assert_eq!(
        (shown["state"].as_str(), shown["historyLineCount"].as_u64()),
        (Some("running"), Some(20)),
        "the newest step waits for more"
    );
    let _ = here.post(PROJECT, "told", &json!({"complete": true, "exitcode": 0})).expect(200);
    sync(&home);
    let (mut expected, mut found) = (seen(&here, "told"), seen(&at_hub, "told"));
    assert_eq!(found["state"], "finished");
    // A hub adds what a late row says; W&B's own server leaves the summary to its client.
    if let Some(summary) = found["summaryMetrics"].as_object_mut() {
        summary.retain(|key, _| expected["summaryMetrics"].get(key).is_some());
    }
    for field in expected.as_object().unwrap().keys().cloned().collect::<Vec<_>>() {
        assert_eq!(found[&field], expected[&field], "{field}");
    }
    // A change afterwards does not make it run again.
    let id = pannier_tests::wandb::run_id("local", PROJECT, "told");
    let _ = here.data(
        "mutation UpsertBucket($id: String!) { upsertBucket(input: {id: $id, displayName: \"renamed\",
            summaryMetrics: \"{\\\"best\\\": 0.01}\"}) { bucket { id } } }",
        &json!({"id": id}),
    );
    sync(&home);
    expected = seen(&here, "told");
    let found = seen(&at_hub, "told");
    assert_eq!((found["state"].as_str(), found["displayName"].as_str()), (Some("finished"), Some("renamed")));
    assert_eq!(found["summaryMetrics"]["best"], expected["summaryMetrics"]["best"]);
    assert_eq!(found["historyLineCount"], 21, "nothing is doubled");
}

#[test]
fn a_deleted_run_is_deleted_there() {
    let (home, hub) = (TestHome::new(), TestHub::started());
    let _daemon = TestDaemon::start(&home);
    let here = Door::of(&home);
    hub.add_as_wandb_to(&home, &hub.url());
    tell(&here, "gone");
    sync(&home);
    let _ = here.data(
        "mutation DeleteRun($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }",
        &json!({"id": pannier_tests::wandb::run_id("local", PROJECT, "gone")}),
    );
    sync(&home);
    assert_eq!(hub.http().get(&format!("/v1/runs/tester/{PROJECT}/gone")).status, 404);
}

#[test]
fn every_fault_of_a_network_is_survived() {
    let (home, hub) = (TestHome::new(), TestHub::started());
    let proxy = Proxy::start(hub.address);
    let paced = Fault::Answer(200, "RateLimit-Remaining: 0\r\nRateLimit-Reset: 1\r\n", String::new());
    let faults = Fault::of_a_network().into_iter().chain([paced]);
    let daemon = TestDaemon::start(&home);
    hub.add_as_wandb_to(&home, &proxy.url());
    for (n, fault) in faults.enumerate() {
        for place in ["file_stream", "/graphql"] {
            println!("{place}: {fault:?}");
            proxy.only(place);
            proxy.script([fault.clone()]);
            let claim = train(&home, &format!("run{n}{}", place.len()), 300);
            sync(&home);
            equal(&home, &hub, &claim, 300);
            assert_eq!(proxy.left(), 0, "the fault was met");
        }
    }
    assert_eq!(daemon.status()["remotes"][0]["last_error"], Json::Null, "what is over is forgotten");
}

#[test]
fn nothing_is_lost_or_doubled_whoever_is_killed() {
    let mut random = Random::from_env();
    let (home, mut hub) = (TestHome::new(), TestHub::started());
    let proxy = Proxy::start(hub.address);
    let mut daemon = TestDaemon::start(&home);
    hub.add_as_wandb_to(&home, &proxy.url());
    let pause = Duration::from_micros(300);
    let train =
        |life: u64| Trainer::new(&home, PROJECT, &format!("life{life}")).pause(pause).daemon("use").start();
    let (mut claims, mut trainer) = (Vec::new(), train(0));
    for kill in 1..=15 {
        std::thread::sleep(Duration::from_millis(random.below(500)));
        let _ = home.run(&["sync"]);
        match random.below(4) {
            0 => claims.push(std::mem::replace(&mut trainer, train(kill)).kill()),
            1 => {
                hub.kill();
                hub.start();
            }
            2 => proxy.script([Fault::LoseAnswer, Fault::Reset, Fault::LoseAnswer]),
            _ => {
                daemon.kill();
                daemon = TestDaemon::start(&home);
            }
        }
    }
    claims.push(trainer.kill());
    daemon.settle(&home);
    proxy.heal();
    wait::until("no run is taken for alive", || {
        let runs = daemon.status()["runs"].as_array().unwrap().clone();
        runs.iter().all(|run| run["state"] != "running").then_some(())
    });
    sync(&home);
    for claim in &claims {
        let here = judge(&home.http(), claim).unwrap_or_else(|fault| panic!("home: {fault}"));
        let at_hub = judge(&hub.http(), &there(claim)).unwrap_or_else(|fault| panic!("server: {fault}"));
        assert_eq!(here, at_hub, "{}", claim.run);
    }
}

#[test]
fn a_refusal_concerns_one_run_and_says_what_to_do() {
    let (home, hub) = (TestHome::new(), TestHub::started());
    let proxy = Proxy::start(hub.address);
    let daemon = TestDaemon::start(&home);
    hub.add_as_wandb_to(&home, &proxy.url());
    for (status, said) in [
        (400, "odd"),
        (403, "permission denied"),
        (404, "run not found"),
        (409, "deleted"),
        (410, "gone"),
        (422, "no"),
    ] {
        let run = format!("run{status}");
        let body = json!({"errors": [{"message": said}]}).to_string();
        proxy.only(&format!("/{run}/file_stream"));
        proxy.always(Fault::Answer(status, "", body));
        let refused = train(&home, &run, 20);
        let fine = train(&home, &format!("fine{status}"), 20);
        let parked = wait::until("the run is parked", || {
            let _ = home.run(&["sync"]);
            let runs = daemon.status()["runs"].as_array().unwrap().clone();
            let found = runs.into_iter().find(|found| found["run"] == run.as_str())?;
            found["remotes"]["wandb"]["parked"].as_str().map(str::to_owned)
        });
        assert!(parked.contains(said) && parked.contains(&status.to_string()), "{parked}");
        wait::until("the other goes on", || (judge(&hub.http(), &there(&fine)) == Ok(20)).then_some(()));
        let shown = home.run(&["status"]).expect(2).stdout;
        assert!(shown.contains("pannier remote retry wandb"), "{shown}");
        proxy.heal();
        let _ = home.run(&["remote", "retry", "wandb"]).expect(0);
        sync(&home);
        equal(&home, &hub, &refused, 20);
    }
}

#[test]
fn an_expired_key_is_said_so_and_a_new_one_heals() {
    let (home, mut hub) = (TestHome::new(), TestHub::started());
    let right = std::mem::replace(&mut hub.token, format!("pan-{}", "x".repeat(40)));
    let daemon = TestDaemon::start(&home);
    hub.add_as_wandb_to(&home, &hub.url());
    let claim = train(&home, "unwelcome", 50);
    let error = wait::until("the key is refused", || {
        let remote = daemon.status()["remotes"][0].clone();
        (remote["state"] == "unauthorized").then(|| remote["last_error"].to_string())
    });
    assert!(error.contains("API key"), "{error}");
    hub.token = right;
    hub.add_as_wandb_to(&home, &hub.url());
    sync(&home);
    equal(&home, &hub, &claim, 50);
    assert!(!home.log().contains(&hub.token), "no key in the log");
}

/// A run that begins again at an earlier step: what has gone is taken back.
#[test]
fn a_rewound_run_is_the_same_there() {
    let (home, hub) = (TestHome::new(), TestHub::started());
    let _daemon = TestDaemon::start(&home);
    let (here, at_hub) = (Door::of(&home), Door::at(hub.address, &hub.token));
    hub.add_as_wandb_to(&home, &hub.url());
    let _ = here.begin(PROJECT, "again", &json!({}));
    let _ = here.post(PROJECT, "again", &history_post(0, &lines(0..30))).expect(200);
    sync(&home);
    let _ = here.data(
        "mutation RewindRun($r: String!, $p: String!) { rewindRun(input: {runName: $r, projectName: $p,
            metricName: \"_step\", metricValue: 9}) { rewoundRun { id } } }",
        &json!({"r": "again", "p": PROJECT}),
    );
    let new: Vec<String> = (10..15)
        .map(|step| json!({"_step": step, "_timestamp": 5, "_runtime": 5, "y": step}).to_string())
        .collect();
    let _ = here.post(PROJECT, "again", &history_post(10, &new)).expect(200);
    let _ = here.post(PROJECT, "again", &json!({"complete": true, "exitcode": 0})).expect(200);
    sync(&home);
    let (expected, found) = (seen(&here, "again"), seen(&at_hub, "again"));
    assert_eq!(found["history"], expected["history"]);
    assert_eq!(found["history"].as_array().unwrap().len(), 15);
}
