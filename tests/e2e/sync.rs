//! Home to hub over bad networks and from bad hubs: everything arrives once,
//! without a storm of requests, and one bad run holds up nothing else.

use std::path::Path;
use std::time::{Duration, Instant};

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::hub::TestHub;
use pannier_tests::ledger::{Claim, judge};
use pannier_tests::proxy::{Fault, Proxy};
use pannier_tests::trainer::Trainer;
use pannier_tests::wait;
use serde_json::Value as Json;

fn train(home: &TestHome, run: &str, rows: u64) -> Claim {
    Trainer::new(home, "sync", run).rows(rows).run().claim
}

fn sync(home: &TestHome) {
    let _ = home.run(&["sync", "--wait", "--timeout", "60"]).expect(0);
}

fn equal(home: &TestHome, hub: &TestHub, claim: &Claim, rows: usize) {
    assert_eq!(judge(&home.http(), claim), Ok(rows), "home");
    assert_eq!(judge(&hub.http(), claim), Ok(rows), "hub");
}

#[test]
fn a_hub_that_comes_late_gets_everything() {
    let (home, mut hub) = (TestHome::new(), TestHub::new());
    let daemon = TestDaemon::start(&home);
    hub.add_to(&home, &hub.url());
    let claim = train(&home, "early", 500);
    let queued = wait::until("status shows the queue", || {
        let status = daemon.status();
        status["remotes"][0]["last_error"].is_string().then(|| status["remotes"][0].clone())
    });
    assert_ne!(queued["records_queued"], 0, "{queued}");
    let waited = home.run(&["sync", "--wait", "--timeout", "1"]).expect(1);
    assert!(!waited.stderr.is_empty() || !waited.stdout.is_empty(), "it says why it gives up");
    hub.start();
    sync(&home);
    equal(&home, &hub, &claim, 500);
    let run = &daemon.status()["runs"][0]["remotes"]["hub"];
    assert_eq!((&run["records_queued"], &run["last_step"]), (&Json::from(0), &Json::from(499)), "{run}");
    let verified = home.run(&["verify", "--remote", "hub", "--json"]).expect(0);
    let _ = verified.json();
}

#[test]
fn every_fault_of_a_network_is_survived() {
    let (home, hub) = (TestHome::new(), TestHub::started());
    let proxy = Proxy::start(hub.address);
    let faults = Fault::of_a_network().into_iter().chain([Fault::LoseAnswer]);
    proxy.only("/v1/hub/");
    let daemon = TestDaemon::start(&home);
    hub.add_to(&home, &proxy.url());
    for (n, fault) in faults.enumerate() {
        println!("{fault:?}");
        proxy.script([fault]);
        let claim = train(&home, &format!("run{n}"), 300);
        sync(&home);
        equal(&home, &hub, &claim, 300);
        assert_eq!(proxy.left(), 0, "the fault was met");
    }
    assert_eq!(daemon.status()["remotes"][0]["last_error"], Json::Null, "what is over is forgotten");
}

#[test]
fn a_dead_hub_is_asked_less_and_less() {
    let home = TestHome::new();
    let hub = TestHub::new();
    let proxy = Proxy::start(hub.address);
    proxy.always(answer(503, "", ""));
    let daemon = TestDaemon::start(&home);
    hub.add_to(&home, &proxy.url());
    let end = Instant::now() + Duration::from_secs(6);
    let mut n = 0;
    while Instant::now() < end {
        let _ = train(&home, &format!("run{n}"), 20);
        n += 1;
    }
    assert!(n > 3, "training goes on meanwhile");
    let asked = proxy.seen().len();
    assert!((2..=30).contains(&asked), "{asked} requests in 6 s, while {n} runs ended");
    assert!(daemon.status()["remotes"][0]["retry_in_s"].is_u64(), "it says when it tries again");
}

#[test]
fn half_open_connections_end() {
    let (home, hub) = (TestHome::new(), TestHub::started());
    let proxy = Proxy::start(hub.address);
    proxy.only("/v1/hub/push");
    proxy.script([Fault::Stall(Duration::from_secs(600))]);
    let _daemon = TestDaemon::start(&home);
    hub.add_to(&home, &proxy.url());
    let claim = train(&home, "stalled", 100);
    let _ = home.run(&["sync", "--wait", "--timeout", "120"]).expect(0);
    equal(&home, &hub, &claim, 100);
}

#[test]
fn a_wrong_token_is_said_so_and_a_right_one_heals() {
    let (home, mut hub) = (TestHome::new(), TestHub::started());
    let right = std::mem::replace(&mut hub.token, "pannier-wrong-token".to_owned());
    let daemon = TestDaemon::start(&home);
    let file = home.beside("wrong");
    std::fs::write(&file, &hub.token).unwrap();
    // It may be refused at once or noticed by the daemon; either way a person is told.
    let added = home.run(&["remote", "add", "hub", &hub.url(), "--token-file", &file.display().to_string()]);
    if added.code == Some(0) {
        let claim = train(&home, "unwelcome", 50);
        wait::until("the remote is unauthorized", || {
            (daemon.status()["remotes"][0]["state"] == "unauthorized").then_some(())
        });
        assert!(judge(&hub.http(), &claim).is_err(), "nothing got through");
        let _ = home.run(&["remote", "remove", "hub"]).expect(0);
    }
    hub.token = right;
    let claim = train(&home, "welcome", 50);
    hub.add_to(&home, &hub.url());
    sync(&home);
    equal(&home, &hub, &claim, 50);
    let secret = std::fs::read_to_string(home.path().join("daemon.log")).unwrap_or_default();
    assert!(!secret.contains(&hub.token), "no token in the log");
}

#[test]
fn a_hub_restored_from_an_old_backup_is_refilled() {
    let (home, mut hub) = (TestHome::new(), TestHub::started());
    let _daemon = TestDaemon::start(&home);
    hub.add_to(&home, &hub.url());
    let first = train(&home, "first", 200);
    sync(&home);
    hub.stop();
    let backup = hub.backup();
    hub.start();
    let second = train(&home, "second", 300);
    sync(&home);
    equal(&home, &hub, &second, 300);
    hub.stop();
    hub.restore(&backup);
    hub.start();
    let third = train(&home, "third", 100);
    wait::until("the hub is refilled", || {
        sync(&home);
        [(&first, 200), (&second, 300), (&third, 100)]
            .iter()
            .all(|(claim, rows)| judge(&hub.http(), claim) == Ok(*rows))
            .then_some(())
    });
    let _ = home.run(&["verify", "--remote", "hub"]).expect(0);
}

/// A home that was restored from an old backup, or copied, says something else
/// than the hub already has of it: that run is parked, and the others go on.
#[test]
fn a_run_that_contradicts_the_hub_is_parked_and_holds_up_nothing() {
    let (home, twin, hub) = (TestHome::new(), TestHome::new(), TestHub::started());
    let (status, _) = TestDaemon::start(&home).stop();
    assert!(status.success());
    copy_files(home.path(), twin.path());
    let daemon = TestDaemon::start(&twin);
    hub.add_to(&twin, &hub.url());
    let theirs = train(&twin, "shared", 100);
    sync(&twin);
    drop(daemon);
    let daemon = TestDaemon::start(&home);
    let ours = train(&home, "shared", 20);
    daemon.settle(&home);
    hub.add_to(&home, &hub.url());
    let welcome = train(&home, "welcome", 60);
    let at_hub = |run: &str| {
        let runs = daemon.status()["runs"].as_array().unwrap().clone();
        let found = runs.into_iter().find(|found| found["run"] == run);
        found.map(|found| found["remotes"]["hub"].clone()).unwrap_or_default()
    };
    let reason = wait::within(wait::PATIENCE, || at_hub("shared")["parked"].as_str().map(str::to_owned));
    let reason = reason.unwrap_or_else(|| panic!("the run is not parked: {}", daemon.status()));
    wait::until("the other goes on", || (at_hub("welcome")["records_queued"] == 0).then_some(()));
    equal(&home, &hub, &welcome, 60);
    let shown = home.run(&["status"]).expect(2).stdout;
    assert!(shown.contains(&reason), "status says why: {shown}");
    let waited = home.run(&["sync", "--wait", "--timeout", "20"]).expect(1);
    assert!(waited.stdout.contains("shared") || waited.stderr.contains("shared"), "sync says which");
    assert_ne!(home.run(&["verify", "--remote", "hub"]).code, Some(0), "verify does not call them equal");
    // Asking again changes nothing, and breaks nothing: each has its own.
    assert_eq!(daemon.http().post("/v1/remotes/hub/retry", &Json::Null).status / 100, 2);
    wait::until("it is parked again", || at_hub("shared")["parked"].is_string().then_some(()));
    assert_eq!((judge(&home.http(), &ours), judge(&hub.http(), &theirs)), (Ok(20), Ok(100)));
}

fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn answer(status: u16, headers: &'static str, body: &str) -> Fault {
    Fault::Answer(status, headers, body.to_owned())
}
