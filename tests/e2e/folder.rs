//! Homes without a network write to a shared folder, a relay carries it to a hub:
//! whatever is killed, damaged or done twice, the hub has what was logged, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pannier_client::{Options, Place, Run, Use};
use pannier_tests::artifacts::{judge_versions, log};
use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::hub::TestHub;
use pannier_tests::ledger::{Accepted, Claim, judge};
use pannier_tests::random::Random;
use pannier_tests::trainer::{Trainer, Training};
use pannier_tests::wait;
use pannier_tests::wandb::Door;
use serde_json::{Value as Json, json};

/// A folder that all machines of a test see.
fn shared() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("pannier");
    (dir, folder)
}

fn text(folder: &Path) -> String {
    folder.display().to_string()
}

/// A home whose runs are written to the folder.
fn compute(folder: &Path) -> (TestHome, TestDaemon) {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let _ = home.run(&["remote", "add", "site", &format!("folder:{}", text(folder))]).expect(0);
    (home, daemon)
}

/// A home that relays the folder to the hub.
fn login(hub: &TestHub, folder: &Path) -> (TestHome, TestDaemon) {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    hub.add_to(&home, &hub.url());
    let asked = json!({"folder": text(folder), "remote": "hub"});
    let _ = daemon.http().post("/v1/relays", &asked).expect(204);
    (home, daemon)
}

fn relay(daemon: &TestDaemon) -> Json {
    daemon.http().get("/v1/relays").expect(200).json()["relays"][0].clone()
}

fn written(home: &TestHome) {
    let _ = home.run(&["sync", "--wait", "--timeout", "60"]).expect(0);
}

fn arrives(hub: &TestHub, claim: &Claim) {
    let accepted = Accepted::read(&claim.ledger).rows.len();
    // A row whose call was cut off by a kill may be there, too.
    let there = || judge(&hub.http(), claim).is_ok_and(|rows| rows >= accepted).then_some(());
    let arrived = wait::within(Duration::from_secs(60), there);
    assert!(arrived.is_some(), "{}: {:?}, of {accepted}", claim.run, judge(&hub.http(), claim));
}

/// The files below the folder's writers, of a kind.
fn files(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for writer in fs::read_dir(folder.join("writers")).into_iter().flatten().flatten() {
        for file in fs::read_dir(writer.path()).into_iter().flatten().flatten() {
            found
                .extend(Some(file.path()).filter(|path| path.extension().is_some_and(|found| found == kind)));
        }
    }
    found.sort();
    found
}

#[test]
fn from_a_machine_without_a_network_to_the_hub() {
    let ((_dir, folder), hub) = (shared(), TestHub::started());
    let (site, node) = compute(&folder);
    let (_login, relaying) = login(&hub, &folder);
    wait::until("the relay works", || (relay(&relaying)["state"] == "carrying").then_some(()));
    let training = Trainer::new(&site, "site", "live").pause(Duration::from_millis(2)).daemon("use").start();
    training.reach(50);
    let begun = Instant::now();
    wait::until("a live run is at the hub", || {
        let status = hub.http().get("/v1/status").expect(200).json();
        (status["runs"][0]["last_step"].as_i64() >= Some(49)).then_some(())
    });
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    let claim = training.kill();
    node.settle(&site);
    arrives(&hub, &claim);
    // An artifact, and files, as they were at the call.
    let place = Place { home: site.path().to_owned(), socket: site.socket().to_owned() };
    let (project, run) = (Some("art".to_owned()), Some("a".to_owned()));
    let options = Options { project, run, daemon: Use::Running, place: Some(place), ..Options::default() };
    let run = Run::init(options).unwrap();
    for n in 0..3 {
        log(&run, site.path().parent().unwrap(), &format!("c{n}"), n).unwrap();
    }
    assert!(run.finish(0));
    node.settle(&site);
    let mut door = Door::at(hub.address, &hub.token);
    door.entity = "local".to_owned();
    wait::until("the versions are at the hub", || {
        (judge_versions(&door, "art", &[0, 1, 2]) == Ok(3)).then_some(())
    });
    let _ = site.run(&["verify", "--remote", "site"]).expect(0);
    let status = site.run(&["status"]);
    assert!(status.stdout.contains("in the folder its relay has carried"), "{}", status.stdout);
}

#[test]
fn what_arrived_frees_its_room_and_the_run_goes_on() {
    let ((_dir, folder), hub) = (shared(), TestHub::started());
    let (site, node) = compute(&folder);
    let (_login, relaying) = login(&hub, &folder);
    let first = Trainer::new(&site, "site", "first").rows(300).run().claim;
    written(&site);
    arrives(&hub, &first);
    wait::until("all is acknowledged", || {
        let relay = relay(&relaying);
        (relay["files_left"] == 0 && relay["turns"].as_u64() > Some(1)).then_some(())
    });
    // It looks once a minute, and when it is asked to.
    wait::until("its room is free", || {
        let _ = node.http().post("/v1/remotes/site/retry", &Json::Null).expect(204);
        (files(&folder, "records").is_empty()).then_some(())
    });
    let run = &node.status()["runs"][0]["remotes"]["site"];
    assert_eq!((&run["records_queued"], &run["records_passed_on"]), (&json!(0), &run["records"]), "{run}");
    let second = Trainer::new(&site, "site", "second").rows(200).run().claim;
    written(&site);
    arrives(&hub, &second);
    arrives(&hub, &first);
    let _ = site.run(&["verify", "--remote", "site"]).expect(0);
}

#[test]
fn a_relay_that_is_killed_again_and_again_loses_and_doubles_nothing() {
    let kills =
        std::env::var("PANNIER_TORTURE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(15_u64);
    let mut random = Random::from_env();
    let ((_dir, folder), hub) = (shared(), TestHub::started());
    let sites = [compute(&folder), compute(&folder)];
    let (home, mut relaying) = login(&hub, &folder);
    let mut lives = 0;
    let mut start = |at: usize| {
        lives += 1;
        let trainer = Trainer::new(&sites[at].0, "torture", &format!("life{lives}"));
        trainer.pause(Duration::from_micros(500)).daemon("use").start()
    };
    let mut trainers = [start(0), start(1)];
    let mut claims: Vec<Claim> = Vec::new();
    for kill in 0..kills {
        std::thread::sleep(Duration::from_millis(300 + random.below(900)));
        relaying.kill();
        if kill % 3 == 0 {
            let at = usize::try_from(random.below(2)).unwrap();
            claims.push(std::mem::replace(&mut trainers[at], start(at)).kill());
        }
        relaying = TestDaemon::start(&home);
    }
    claims.extend(trainers.map(Training::kill));
    for (site, node) in &sites {
        node.settle(site);
        written(site);
    }
    let rows: usize = claims.iter().map(|claim| Accepted::read(&claim.ledger).rows.len()).sum();
    println!("{kills} kills, {} lives, {rows} rows accepted", claims.len());
    assert!(rows > 100, "the trainers did train");
    claims.iter().for_each(|claim| arrives(&hub, claim));
    let done = home
        .run(&["relay", &text(&folder), "--to", "hub", "--once", "--max-seconds", "60", "--json"])
        .expect(0);
    assert_eq!(done.json()["all_there"], true, "{}", done.stdout);
    let _ = home.run(&["verify", "--remote", "hub"]).expect(0);
}

#[test]
fn of_two_relays_one_carries_and_the_other_takes_over() {
    let ((_dir, folder), hub) = (shared(), TestHub::started());
    let (site, node) = compute(&folder);
    let (_first_home, first) = login(&hub, &folder);
    wait::until("the first carries", || (relay(&first)["state"] == "carrying").then_some(()));
    let (second_home, second) = login(&hub, &folder);
    let holder = wait::until("the second waits", || {
        let relay = relay(&second);
        (relay["state"] == "passive").then(|| relay["holder"].clone())
    });
    assert!(holder.as_str().unwrap().contains("process"), "it says who carries: {holder}");
    let run = Trainer::new(&site, "site", "long").rows(100).run().claim;
    written(&site);
    arrives(&hub, &run);
    assert_eq!(second.status()["runs"], json!([]), "the second has taken nothing in");
    let passive = second_home.run(&["relay", &text(&folder), "--to", "hub", "--once"]).expect(1);
    assert!(passive.stdout.contains("carries it on"), "{}", passive.stdout);
    // What the first carried is gone from the folder; the second never sees it.
    wait::until("its room is free", || {
        let _ = node.http().post("/v1/remotes/site/retry", &Json::Null).expect(204);
        files(&folder, "records").is_empty().then_some(())
    });
    first.kill();
    let more = Trainer::new(&site, "site", "long").resume().rows(100).run().claim;
    let other = Trainer::new(&site, "site", "other").rows(100).run().claim;
    written(&site);
    let taken =
        wait::within(Duration::from_secs(90), || (relay(&second)["state"] == "carrying").then_some(()));
    assert!(taken.is_some(), "{}", relay(&second));
    arrives(&hub, &other);
    arrives(&hub, &more);
    arrives(&hub, &run);
}

#[test]
fn under_cron_it_ends_when_everything_is_there() {
    let ((_dir, folder), mut hub) = (shared(), TestHub::started());
    let (site, _node) = compute(&folder);
    let claim = Trainer::new(&site, "site", "one").rows(400).run().claim;
    written(&site);
    let home = TestHome::new();
    hub.add_to(&home, &hub.url());
    let args = ["relay", &text(&folder), "--to", "hub", "--once", "--max-seconds", "60", "--json"];
    let done = home.run(&args).expect(0).json();
    assert_eq!((&done["all_there"], &done["relay"]["files_left"]), (&json!(true), &json!(0)), "{done}");
    arrives(&hub, &claim);
    let _ = home.run(&args).expect(0);
    let second = Trainer::new(&site, "site", "two").rows(50).run().claim;
    written(&site);
    hub.stop();
    let args = ["relay", &text(&folder), "--to", "hub", "--once", "--max-seconds", "3"];
    let left = home.run(&args).expect(1);
    assert!(left.stdout.contains("left"), "{}", left.stdout);
    hub.start();
    let _ = home.run(&["relay", &text(&folder), "--to", "hub", "--once", "--max-seconds", "90"]).expect(0);
    arrives(&hub, &second);
    let list = home.run(&["relay", "list", "--json"]).expect(0).json();
    assert_eq!(list["relays"][0]["folder"], text(&folder));
    let _ = home.run(&["relay", "remove", &text(&folder)]).expect(0);
    let _ = home.run(&["relay", "remove", &text(&folder)]).expect(1);
}

#[test]
fn damage_is_said_and_holds_up_only_what_depends_on_it() {
    let ((_dir, folder), hub) = (shared(), TestHub::started());
    let (site, node) = compute(&folder);
    let bad = Trainer::new(&site, "site", "bad").rows(100).run().claim;
    written(&site);
    for path in files(&folder, "records") {
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    let good = Trainer::new(&site, "site", "good").rows(100).run().claim;
    written(&site);
    let (home, relaying) = login(&hub, &folder);
    arrives(&hub, &good);
    let problem = wait::until("it is said", || relay(&relaying)["problems"][0].as_str().map(str::to_owned));
    assert!(problem.contains(".records is damaged"), "{problem}");
    assert!(judge(&hub.http(), &bad).is_err(), "nothing of it was taken");
    let shown = home.run(&["status"]).stdout;
    assert!(shown.contains("damaged"), "{shown}");
    // The machine that wrote it is there, and does it anew.
    let _ = node.http().post("/v1/remotes/site/retry", &Json::Null).expect(204);
    wait::until("it is written anew", || {
        let _ = node.http().post("/v1/remotes/site/retry", &Json::Null).expect(204);
        judge(&hub.http(), &bad).is_ok().then_some(())
    });
    let done = home.run(&["relay", &text(&folder), "--to", "hub", "--once", "--max-seconds", "60"]).expect(0);
    let _ = done;
}

#[test]
fn folders_that_cannot_be_used_are_refused_with_the_reason() {
    let home = TestHome::new();
    let add = |url: &str| home.run(&["remote", "add", "site", url]);
    let file = home.beside("file");
    fs::write(&file, "x").unwrap();
    let strange = home.beside("strange");
    fs::create_dir(&strange).unwrap();
    fs::write(strange.join("FORMAT"), "pannier folder 9\n").unwrap();
    for (url, why) in [
        ("folder:relative".to_owned(), "whole path"),
        (format!("folder:{}", text(&file)), "cannot"),
        (format!("folder:{}", text(&strange)), "update pannier"),
        ("folder:/proc/nowhere/pannier".to_owned(), "cannot make"),
    ] {
        let refused = add(&url).expect(1);
        assert!(refused.stderr.contains(why), "{url}: {}", refused.stderr);
    }
    let relay = home.run(&["relay", "/tmp", "--to", "nobody"]).expect(1);
    assert!(relay.stderr.contains("nobody") || relay.stderr.contains("FORMAT"), "{}", relay.stderr);
}

#[test]
fn several_nodes_write_one_run() {
    let ((_dir, folder), hub) = (shared(), TestHub::started());
    let nodes = [compute(&folder), compute(&folder)];
    let mut begun = Vec::new();
    for (home, _) in &nodes {
        for rank in 0..8 {
            let ledger = home.beside(&format!("rank{rank}.ledger"));
            let trainer = Trainer::with_ledger(home, "ranks", "one", &ledger);
            begun.push(trainer.rows(40).resume().daemon("use").start());
        }
    }
    let claims: Vec<Claim> = begun.into_iter().map(Training::finish).collect();
    assert!(claims.iter().all(|claim| Accepted::read(&claim.ledger).rows.len() == 40));
    let records = |status: &Json| status["runs"][0]["records"].as_u64().unwrap_or(0);
    nodes.iter().for_each(|(home, node)| {
        node.settle(home);
        written(home);
    });
    let logged: u64 = nodes.iter().map(|(_, node)| records(&node.status())).sum();
    assert!(logged > 16 * 40, "{logged}");
    let (home, _relaying) = login(&hub, &folder);
    let _ = home.run(&["relay", &text(&folder), "--to", "hub", "--once", "--max-seconds", "60"]).expect(0);
    let merged = hub.http().get("/v1/status").expect(200).json();
    assert_eq!((records(&merged), &merged["runs"][1]), (logged, &Json::Null), "one run, of all of them");
    let _ = home.run(&["verify", "--remote", "hub"]).expect(0);
}
