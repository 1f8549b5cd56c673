//! How daemons begin and end: one a home, out in time, gone when idle, started
//! by whoever needs one.

use std::time::{Duration, Instant};

use pannier_tests::daemon::{Process, TestDaemon, TestHome, ready};
use pannier_tests::ledger::judge;
use pannier_tests::trainer::Trainer;
use pannier_tests::wait;
use serde_json::json;

#[test]
fn one_daemon_a_home() {
    let home = TestHome::new();
    let mut daemon = TestDaemon::start(&home);
    let second = home.run(&["daemon"]).expect(3);
    let pid = daemon.process().pid().to_string();
    assert!(second.stderr.contains(&pid), "it says who holds it: {}", second.stderr);
    assert!(ready(daemon.http()), "the first is not disturbed");
    // The lock is the process's, not a file's: after SIGKILL the next one just starts.
    daemon.kill();
    let daemon = TestDaemon::start(&home);
    drop(daemon);
}

#[test]
fn of_many_that_start_at_once_one_stays() {
    let home = TestHome::new();
    let mut all: Vec<_> = (0..12)
        .map(|_| Process::start(home.pannier(&["daemon"]).stderr(std::process::Stdio::null())))
        .collect();
    wait::until("one is ready", || ready(&home.http()).then_some(()));
    wait::until("the others leave", || {
        let alive = all.iter_mut().filter_map(|process| process.ended().is_none().then_some(())).count();
        (alive == 1).then_some(())
    });
    assert!(all.iter_mut().filter_map(Process::ended).all(|status| status.code() == Some(3)));
    assert!(ready(&home.http()));
}

#[test]
fn sigterm_under_load_ends_in_time_and_keeps_everything() {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let training = Trainer::new(&home, "ends", "load").pause(Duration::from_micros(50)).daemon("use").start();
    training.reach(2000);
    let (status, took) = daemon.stop();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(!home.socket().exists(), "the socket is cleared away");
    let claim = training.kill();
    let daemon = TestDaemon::start(&home);
    daemon.settle(&home);
    judge(&home.http(), &claim).unwrap();
}

#[test]
fn a_client_starts_one_and_it_leaves_when_idle() {
    let home = TestHome::new();
    let trained = Trainer::new(&home, "own", "run").rows(100).daemon("start").run();
    assert_eq!(trained.figures["durable"], true);
    // A question would keep it here; its socket says as much.
    let began = Instant::now();
    wait::until("it leaves by itself", || (!home.socket().exists()).then_some(()));
    assert!(began.elapsed() < Duration::from_secs(20));
    let _daemon = TestDaemon::start(&home);
    assert_eq!(judge(&home.http(), &trained.claim), Ok(100));
}

#[test]
fn a_daemon_with_writers_is_not_idle() {
    let home = TestHome::new();
    let mut daemon = TestDaemon::start_with(&home, |command| command.args(["--idle", "1"]));
    let training =
        Trainer::new(&home, "busy", "run").rows(300).pause(Duration::from_millis(10)).daemon("use").start();
    let claim = training.finish();
    assert!(ready(daemon.http()), "three seconds of work, one of idleness allowed");
    assert_eq!(daemon.process().wait(wait::PATIENCE).unwrap().code(), Some(0));
    let _daemon = TestDaemon::start(&home);
    assert_eq!(judge(&home.http(), &claim), Ok(300));
}

#[test]
fn an_older_daemon_leaves_a_newer_home_alone() {
    let home = TestHome::new();
    let (status, _) = TestDaemon::start(&home).stop();
    assert!(status.success());
    let database = home.path().join("pannier.db");
    // SQLite keeps `user_version` at byte 60 of the file, big-endian.
    let mut bytes = std::fs::read(&database).unwrap();
    bytes[60..64].copy_from_slice(&1_000_000_u32.to_be_bytes());
    std::fs::write(&database, &bytes).unwrap();
    let refused = home.run(&["daemon"]);
    assert_ne!(refused.code, Some(0));
    let said = ["newer", "knows up to"].iter().any(|words| refused.stderr.contains(words));
    assert!(said, "{}", refused.stderr);
    assert_eq!(std::fs::read(&database).unwrap(), bytes, "not a byte is changed");
}

#[test]
fn run_keeps_exit_codes_and_signals() {
    let home = TestHome::new();
    let script = r#"test -n "$PANNIER_HOME" && test -S "$PANNIER_SOCKET" && exit 7"#;
    let out = home.run(&["run", "--", "sh", "-c", script]).expect(7);
    drop(out);
    let out = home.run(&["run", "--", "sh", "-c", "kill -TERM $$"]);
    assert!(out.code.is_none() || out.code == Some(143), "{:?}", out.code);
    let shown = home.run(&["env"]).expect(0);
    assert!(shown.stdout.contains("PANNIER_"), "{}", shown.stdout);
}

#[test]
fn lists_and_tables_for_people_and_programs() {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let trained = Trainer::new(&home, "lists", "run").rows(30).run();
    let run = &trained.claim.run;
    let list = home.run(&["runs", "list"]).expect(0);
    assert!(list.stdout.contains("run") && list.stdout.contains("finished"), "{}", list.stdout);
    let json = home.run(&["runs", "list", "--json"]).expect(0).json();
    assert!(json.to_string().contains("\"finished\""), "{json}");
    let shown = home.run(&["runs", "show", run, "--json"]).expect(0).json();
    assert_eq!(shown["last_step"], json!(29));
    let csv = home.run(&["runs", "history", run, "--csv"]).expect(0);
    assert_eq!(csv.stdout.lines().count(), 31, "a head and 30 rows: {}", csv.stdout);
    let rows = home.run(&["runs", "history", run, "--json"]).expect(0);
    assert_eq!(rows.stdout.lines().count(), 30, "{}", rows.stdout);
    let missing = home.run(&["runs", "show", "local/lists/none"]);
    assert!(missing.code != Some(0) && missing.stderr.contains("none"), "{}", missing.stderr);
    let status = home.run(&["status"]).expect(0);
    assert!(status.stdout.contains("run"), "{}", status.stdout);
    let _ = home.run(&["status", "--json"]).expect(0).json();
    let _ = home.run(&["verify"]).expect(0);
    let _ = home.run(&["doctor"]).expect(0);
    drop(daemon);
}
