//! Artifacts that our own client logs: what was there at the call is what is
//! stored, whoever is killed when, with a daemon or without.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pannier_client::proto::request::ArtifactState;
use pannier_client::{Options, Place, Run, Use};
use pannier_tests::artifacts::{COLLECTION, artifact, files, judge_versions, log, versions};
use pannier_tests::cli::{Output, built, clean};
use pannier_tests::daemon::{Process, TestDaemon, TestHome};
use pannier_tests::ledger::{Accepted, judge_rows, value};
use pannier_tests::loopmount::{Mount, possible};
use pannier_tests::random::Random;
use pannier_tests::wait;
use pannier_tests::wandb::Door;

use crate::crashpoints::{every_point, sampled, strace, traced};
use crate::powerloss::left_out;

const PATIENCE: Duration = Duration::from_secs(20);

fn begin(home: &TestHome, name: &str, daemon: Use) -> Run {
    let place = Place { home: home.path().to_owned(), socket: home.socket().to_owned() };
    let (project, run) = (Some("p".to_owned()), Some(name.to_owned()));
    Run::init(Options { project, run, daemon, place: Some(place), ..Options::default() }).unwrap()
}

/// Logs a row of the ledger's that has no text.
fn row(run: &Run, n: i64) {
    run.log(&[("n", n.into()), ("x", value(n).into())]);
}

fn storing(daemon: &TestDaemon) -> u64 {
    daemon.status()["storing"].as_u64().unwrap()
}

fn stored(daemon: &TestDaemon, home: &TestHome) {
    daemon.settle(home);
    wait::until("all that was logged is stored", || (storing(daemon) == 0).then_some(()));
    let left = || std::fs::read_dir(home.path().join("incoming")).unwrap().count();
    wait::until("snapshots are gone once they are stored", || (left() == 0).then_some(()));
}

#[test]
fn what_is_logged_without_a_daemon_is_stored_by_the_next() {
    let home = TestHome::new();
    let run = begin(&home, "r", Use::None);
    for n in 0..3 {
        log(&run, home.path().parent().unwrap(), &format!("c{n}"), n).unwrap();
        row(&run, n + 1);
    }
    assert!(run.await_artifact("c0", Duration::ZERO).is_err(), "nobody is there to ask");
    assert!(run.finish(0));
    let daemon = TestDaemon::start(&home);
    stored(&daemon, &home);
    let door = Door::of(&home);
    assert_eq!(judge_versions(&door, "p", &[0, 1, 2]), Ok(3));
    assert_eq!(judge_rows(&home.http(), "local/p/r", &[1, 2, 3]), Ok(3));
    let last = home.http().get("/v1/runs/local/p/r/files/last.txt").expect(200).body;
    assert_eq!(Some(&last), files(2).values().next(), "the file of the run as it was last logged");
    assert_eq!(daemon.status()["problems"].as_array().map(Vec::len), Some(0));
}

#[test]
fn who_waits_is_told_what_became_of_it() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let dir = home.path().parent().unwrap().to_owned();
    let run = begin(&home, "r", Use::Running);
    log(&run, &dir, "first", 1).unwrap();
    let first = run.await_artifact("first", PATIENCE).unwrap();
    assert_eq!((first.state, first.error), (ArtifactState::Committed, None));
    // The same content is the same version.
    log(&run, &dir, "again", 1).unwrap();
    let again = run.await_artifact("again", PATIENCE).unwrap();
    assert_eq!((again.state, again.id), (ArtifactState::Committed, first.id));
    let file = dir.join("x");
    std::fs::write(&file, "x").unwrap();
    let mut other = artifact("other", ["x"]);
    other.kind = "dataset".to_owned();
    run.log_artifact(other, [("x".to_owned(), file.clone())]).unwrap();
    let other = run.await_artifact("other", PATIENCE).unwrap();
    assert_eq!(other.state, ArtifactState::Failed);
    assert!(other.error.as_ref().is_some_and(|error| error.contains("type")), "{other:?}");
    assert_eq!(run.await_artifact("nobody's", PATIENCE).unwrap().state, ArtifactState::Failed);
    // What cannot be read or contradicts itself is told at once, and the run goes on.
    let missing = run.log_artifact(artifact("missing", ["x"]), [("x".to_owned(), dir.join("missing"))]);
    assert!(missing.unwrap_err().to_string().contains("missing"));
    for path in ["../x", "/x", "a\0b", "x/../../y", &"long/".repeat(2000)] {
        let hostile = run.log_artifact(artifact("hostile", [path]), [(path.to_owned(), file.clone())]);
        assert!(hostile.is_err(), "{path:?}");
        assert!(run.log_file(path, file.clone()).is_err(), "{path:?}");
    }
    log(&run, &dir, "second", 2).unwrap();
    assert!(run.finish(0), "finish waits until all of it is stored");
    assert_eq!(judge_versions(&Door::of(&home), "p", &[1, 2]), Ok(2));
}

/// Trainers and the daemon are killed at random, again and again.
#[test]
fn killed_at_random_every_accepted_version_is_whole() {
    let home = TestHome::new();
    let mut random = Random::from_env();
    let mut daemon = TestDaemon::start(&home);
    let mut ledgers = Vec::new();
    for life in 0..6 {
        let name = format!("life{life}");
        let ledger = home.beside(&format!("{name}.ledger"));
        let mut trainer =
            Process::start(trainer(&home, &mut clean(&built("pannier-test-artifacts")), &name, 1000));
        std::thread::sleep(Duration::from_millis(50 + random.below(400)));
        if random.below(2) == 0 {
            daemon.kill();
            std::thread::sleep(Duration::from_millis(random.below(100)));
            trainer.kill();
            daemon = TestDaemon::start(&home);
        } else {
            trainer.kill();
        }
        ledgers.push((name, ledger));
    }
    stored(&daemon, &home);
    let mut versions = 0;
    for (name, ledger) in ledgers {
        let accepted = Accepted::read(&ledger).rows;
        println!("{name}: {} versions accepted", accepted.len());
        // Each life has a project of its own, so that its versions are in its order.
        versions += judge_versions(&Door::of(&home), &name, &accepted).unwrap();
    }
    assert!(versions > 5, "the trainers did log");
    let _ = home.run(&["verify"]).expect(0);
}

fn trainer<'a>(home: &TestHome, command: &'a mut Command, name: &str, count: u32) -> &'a mut Command {
    let ledger = home.beside(&format!("{name}.ledger"));
    home.env(command).args([name, name]).arg(ledger).arg(count.to_string());
    command.stdout(Stdio::null()).stderr(Stdio::null())
}

/// A home with what a trainer left that logged two versions and ended.
fn workload() -> TestHome {
    let home = TestHome::new();
    let run = begin(&home, "r", Use::None);
    for n in 0..2 {
        log(&run, home.path().parent().unwrap(), &format!("c{n}"), n).unwrap();
    }
    drop(run);
    home
}

#[test]
fn a_daemon_killed_at_any_call_stores_every_version_once() {
    if let Err(missing) = possible(&["strace"]) {
        return left_out(&missing);
    }
    let points = every_point(&workload(), |home, options| {
        let _ = traced(home, options).expect(0);
    });
    for (call, n) in sampled(points) {
        let home = workload();
        let _ = traced(&home, &["-e", &format!("inject={call}:signal=SIGKILL:when={n}")]);
        let daemon = TestDaemon::start(&home);
        stored(&daemon, &home);
        let found = judge_versions(&Door::of(&home), "p", &[0, 1]);
        assert_eq!(found, Ok(2), "killed at call {n} of {call}\n{}", home.log());
        assert_eq!(daemon.status()["problems"].as_array().map(Vec::len), Some(0), "at call {n} of {call}");
    }
}

#[test]
fn a_trainer_killed_at_any_call_leaves_whole_versions_or_none() {
    if let Err(missing) = possible(&["strace"]) {
        return left_out(&missing);
    }
    let train = |home: &TestHome, options: &[&str]| {
        let mut strace = strace(options);
        strace.arg(built("pannier-test-artifacts"));
        Output::of(trainer(home, &mut strace, "p", 2))
    };
    let points = every_point(&TestHome::new(), |home, options| {
        let _ = train(home, options).expect(0);
    });
    for (call, n) in sampled(points) {
        let home = TestHome::new();
        let _ = train(&home, &["-e", &format!("inject={call}:signal=SIGKILL:when={n}")]);
        let accepted = Accepted::read(&home.beside("p.ledger")).rows;
        let daemon = TestDaemon::start(&home);
        stored(&daemon, &home);
        let fault = judge_versions(&Door::of(&home), "p", &accepted).err();
        assert_eq!(fault, None, "killed at call {n} of {call}\n{}", home.log());
    }
}

#[test]
fn rows_behind_a_large_artifact_do_not_wait_for_it() {
    let home = TestHome::new();
    let large = home.beside("large");
    std::fs::write(&large, vec![7; 512 << 20]).unwrap();
    let daemon = TestDaemon::start(&home);
    let run = begin(&home, "r", Use::Running);
    run.log_artifact(artifact("large", ["large"]), [("large".to_owned(), large)]).unwrap();
    let began = Instant::now();
    row(&run, 1);
    wait::until("the row is there", || judge_rows(&home.http(), "local/p/r", &[1]).ok());
    println!("the row was there after {:?}; {} waiting", began.elapsed(), storing(&daemon));
    assert_eq!(run.await_artifact("large", Duration::ZERO).unwrap().state, ArtifactState::Pending);
    let shown = home.run(&["status"]).expect(0).stdout;
    assert!(shown.contains("storing 1 artifact or file"), "{shown}");
    assert_eq!(run.await_artifact("large", wait::PATIENCE).unwrap().state, ArtifactState::Committed);
    assert!(run.finish(0));
}

#[test]
fn a_full_disk_takes_no_artifact_and_stops_no_training() {
    let mount = match possible(&["mount"]).and_then(|()| Mount::tmpfs(24 << 10)) {
        Ok(mount) => mount,
        Err(missing) => return left_out(&missing),
    };
    let path = mount.path().join("home");
    std::fs::create_dir(&path).unwrap();
    let home = TestHome::at(&path);
    let large = home.beside("large");
    std::fs::write(&large, vec![7; 64 << 20]).unwrap();
    let run = begin(&home, "r", Use::None);
    run.log_artifact(artifact("large", ["large"]), [("large".to_owned(), large)]).unwrap();
    row(&run, 1);
    let small = home.beside("small");
    std::fs::write(&small, "small").unwrap();
    run.log_artifact(artifact("small", ["small"]), [("small".to_owned(), small)]).unwrap();
    assert!(run.finish(0));
    let daemon = TestDaemon::start(&home);
    stored(&daemon, &home);
    assert_eq!(judge_rows(&home.http(), "local/p/r", &[1]), Ok(1));
    let found = versions(&Door::of(&home), "p", COLLECTION).unwrap();
    assert_eq!(found.len(), 1, "the small one");
    let view = home.http().get("/v1/runs/local/p/r").json();
    assert_eq!(view["dropped"], 1, "what is not there is counted");
    let problems = daemon.status()["problems"].to_string();
    assert!(problems.contains(COLLECTION), "{problems}");
}

#[test]
fn where_files_can_be_cloned_a_gigabyte_is_logged_at_once() {
    let mount = match possible(&["mkfs.xfs", "mount"]).and_then(|()| Mount::xfs(4096)) {
        Ok(mount) => mount,
        Err(missing) => return left_out(&missing),
    };
    let path = mount.path().join("home");
    std::fs::create_dir(&path).unwrap();
    let home = TestHome::at(&path);
    let large: PathBuf = mount.path().join("large");
    std::fs::write(&large, vec![7; 1 << 30]).unwrap();
    std::fs::File::open(&large).unwrap().sync_all().unwrap();
    let run = begin(&home, "r", Use::None);
    let began = Instant::now();
    run.log_artifact(artifact("large", ["large"]), [("large".to_owned(), large.clone())]).unwrap();
    let took = began.elapsed();
    println!("a clone of 1 GiB took {took:?}");
    assert!(took < Duration::from_millis(500), "it took {took:?}: it was copied");
    std::fs::write(&large, "edited").unwrap();
    assert!(run.finish(0));
    let daemon = TestDaemon::start(&home);
    stored(&daemon, &home);
    let found = versions(&Door::of(&home), "p", COLLECTION).unwrap();
    let bytes = &found[0]["large"];
    assert!(bytes.len() == 1 << 30 && bytes.iter().all(|byte| *byte == 7));
}
