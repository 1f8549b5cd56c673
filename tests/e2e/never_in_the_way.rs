//! Training goes on, at speed, whatever is wrong with us; and says so once.

use std::time::Duration;

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::ledger::{Accepted, judge};
use pannier_tests::loopmount::{Mount, possible};
use pannier_tests::trainer::{Trained, Trainer};
use pannier_tests::wait;
use rustix::process::Signal;

const ROWS: u64 = 5000;

/// Not the promise's own figures (the benchmark has those): wide enough for a
/// crowded machine, far below anything that waits for a disk or a daemon.
#[track_caller]
fn undisturbed(trained: &Trained) {
    assert_eq!(trained.figures["calls"], ROWS);
    assert!(trained.figure("p50_us") < 100.0, "{}", trained.figures);
    assert!(trained.figure("p999_us") < 5_000.0, "{}", trained.figures);
    assert!(trained.figure("loop_s") < 5.0, "{}", trained.figures);
    let warnings = trained.stderr.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(warnings <= 4, "one warning, not a stream of them:\n{}", trained.stderr);
}

fn train(home: &TestHome, run: &str, daemon: &str) -> Trained {
    Trainer::new(home, "calm", run).rows(ROWS).daemon(daemon).run()
}

#[test]
fn no_daemon() {
    let home = TestHome::new();
    let trained = train(&home, "alone", "none");
    undisturbed(&trained);
    assert!(trained.figure("finish_s") < 3.0, "{}", trained.figures);
    let daemon = TestDaemon::start(&home);
    daemon.settle(&home);
    assert_eq!(judge(&home.http(), &trained.claim), Ok(5000));
}

#[test]
fn no_daemon_that_could_be_started() {
    let home = TestHome::new();
    let trainer = Trainer::new(&home, "calm", "nobin").rows(ROWS).daemon("start");
    let trained = trainer.with(|command| {
        command.env("PANNIER_BIN", "/nonexistent/pannier");
    });
    undisturbed(&trained.run());
}

#[test]
fn a_stopped_daemon() {
    let home = TestHome::new();
    let mut daemon = TestDaemon::start(&home);
    daemon.process().signal(Signal::STOP);
    let trained = train(&home, "stopped", "use");
    undisturbed(&trained);
    assert!(trained.figure("finish_s") < 4.0, "finish() does not wait for long: {}", trained.figures);
    daemon.process().signal(Signal::CONT);
    daemon.settle(&home);
    assert_eq!(judge(&home.http(), &trained.claim), Ok(5000));
}

#[test]
fn a_daemon_killed_in_the_middle() {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let training = Trainer::new(&home, "calm", "orphaned")
        .rows(3000)
        .pause(Duration::from_micros(100))
        .daemon("use")
        .start();
    training.reach(1000);
    daemon.kill();
    let claim = training.finish();
    let daemon = TestDaemon::start(&home);
    daemon.settle(&home);
    assert_eq!(judge(&home.http(), &claim), Ok(3000));
}

#[test]
fn an_unwritable_home() {
    let home = TestHome::at("/dev/null/home".as_ref());
    let trained = train(&home, "homeless", "use");
    undisturbed(&trained);
    assert!(!trained.stderr.is_empty(), "it says so");
}

/// The disk fills in the middle, then space returns: what was accepted is there.
#[test]
fn a_full_disk() {
    let mounted = possible(&["mount"]).and_then(|()| Mount::tmpfs(6144));
    let mount = match mounted {
        Ok(mount) => mount,
        Err(missing) => return crate::powerloss::left_out(&missing),
    };
    let path = mount.path().join("home");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(mount.path().join("ballast"), vec![0_u8; 5 << 20]).unwrap();
    let home = TestHome::at(&path);
    let trained = Trainer::new(&home, "calm", "full").rows(20_000).daemon("none").run();
    assert!(trained.figure("p999_us") < 5_000.0, "{}", trained.figures);
    assert!(!trained.stderr.is_empty(), "it says so");
    std::fs::remove_file(mount.path().join("ballast")).unwrap();
    let daemon = TestDaemon::start(&home);
    wait::until("the daemon has read it", || {
        let view = home.http().get("/v1/runs/local/calm/full");
        (view.status == 200 && view.json()["state"] != "running").then_some(())
    });
    // The ledger writes down each row that log() did not refuse by counting it as
    // dropped; the trainer's own count says how many that were.
    let view = home.http().get("/v1/runs/local/calm/full").json();
    let rows =
        judge(&home.http(), &pannier_tests::trainer::claim("local/calm/full", home.beside("none"))).unwrap();
    println!("{rows} rows kept, {} dropped", view["dropped"]);
    let logged = Accepted::read(&trained.claim.ledger).rows.len();
    assert_eq!(logged, 20_000);
    assert!(rows > 1000, "what fitted is kept");
    drop(daemon);
}
