//! A daemon is started as promised: once, with its home and socket named, in a
//! session of its own, and as nobody's child who would have to wait for it.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use pannier_client::connection::Request;
use pannier_client::daemon::Daemon;
use pannier_client::{Options, Place, Resume, Run, Use};

/// Says how it was started, and leaves without serving.
const FAKE: &str = r#"#!/bin/sh
echo "$@ $PANNIER_HOME $PANNIER_SOCKET $(pwd) $(cut -d' ' -f4,6 /proc/$$/stat)" >> "$PANNIER_HOME/started"
"#;

fn fake(folder: &Path) -> Daemon {
    let program = folder.join("pannier");
    fs::write(&program, FAKE).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let place = Place { home: folder.to_owned(), socket: folder.join("pannier.sock") };
    Daemon { place, usage: Use::Start, program: Some(program) }
}

#[test]
fn a_daemon_that_is_not_there_is_started_once_and_apart() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = fake(folder.path());
    let request = Request { method: "GET", path: "/ready", body: b"" };
    let error = daemon.ask(request, Duration::from_secs(1)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "nobody listens: {error}");

    let started = fs::read_to_string(folder.path().join("started")).unwrap();
    let home = folder.path().display();
    let words: Vec<&str> = started.trim().rsplitn(3, ' ').collect();
    assert_eq!(words[2], format!("daemon --idle 5 {home} {home}/pannier.sock /"), "{started}");
    let me = fs::read_to_string("/proc/self/stat").unwrap();
    let my_session = me.rsplit(") ").next().unwrap().split(' ').nth(3).unwrap().to_owned();
    assert_ne!(words[1], std::process::id().to_string(), "it is not our child");
    assert_ne!(words[0], my_session, "it is in a session of its own");
}

#[test]
fn without_a_program_the_run_goes_on_unless_it_must_resume() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options {
        project: Some("p".to_owned()),
        run: Some("r".to_owned()),
        program: Some(folder.path().join("missing")),
        place: Some(Place { home: folder.path().to_owned(), socket: folder.path().join("s.sock") }),
        ..Options::default()
    };
    let run = Run::init(options()).unwrap();
    run.log(&[("a", 1.into())]);
    assert!(run.finish(0), "the journal is on the disk");
    let refused = Run::init(Options { resume: Resume::Must, ..options() }).unwrap_err();
    assert!(refused.to_string().contains("cannot resume run local/p/r"), "{refused}");
    let refused = Run::init(Options { entity: Some(String::new()), ..options() }).unwrap_err();
    assert!(refused.to_string().contains("entity \"\" is empty"), "{refused}");
}
