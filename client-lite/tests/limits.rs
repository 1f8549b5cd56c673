//! The disk takes half a frame and then no more: a real short write, made with
//! a limit on the size of files (`ulimit -f`), which needs a process of its own.

use std::path::Path;
use std::process::Command;

use pannier_client::proto::journal::{Frame, Next, next};
use pannier_client::{Options, Place, Run, Use};

/// The shell counts in blocks of 512 bytes.
const LIMIT_BYTES: usize = 64 * 512;

fn home() -> Option<String> {
    std::env::var("PANNIER_TEST_HOME").ok()
}

/// The child's part: logs more than the file may hold.
#[test]
fn child() {
    let Some(home) = home() else { return };
    let place = Place { socket: Path::new(&home).join("none.sock"), home: home.into() };
    let run = Run::init(Options { daemon: Use::None, place: Some(place), ..Options::default() }).unwrap();
    for i in 0..5000 {
        run.log(&[("loss", f64::from(i).into()), ("n", i.into())]);
    }
    assert!(!run.finish(0), "what is only in memory is not safe");
}

#[test]
fn a_short_write_leaves_no_torn_frame() {
    let home = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let output = Command::new("/bin/sh")
        .args(["-c", r#"trap "" XFSZ; ulimit -f 64; exec "$0" --exact child --nocapture"#])
        .arg(&program)
        .env("PANNIER_TEST_HOME", home.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr.matches("cannot write the journal in").count(), 1, "{stderr}");

    let spool = home.path().join("spool");
    let folder = std::fs::read_dir(spool).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(folder.join("00000001.journal")).unwrap();
    let (mut at, mut rows) = (0, 0);
    while at < bytes.len() {
        let Next::Frame(frame, len) = next(&bytes[at..]) else {
            panic!("a torn frame at {at} of {}", bytes.len())
        };
        at += len;
        if let Frame::Row(row) = frame {
            assert_eq!(row.step, rows);
            rows += 1;
        }
    }
    assert!(bytes.len() > LIMIT_BYTES - 100 && bytes.len() <= LIMIT_BYTES, "{}", bytes.len());
    assert!(rows > 300);
}
