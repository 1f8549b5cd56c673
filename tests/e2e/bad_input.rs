//! Bad input gets a clear answer, and the rest stays intact: journals with
//! damage at any place, frames that lie, names and values beyond all bounds.

use pannier_proto::journal::segment_file_name;
use pannier_tests::cli::Output;
use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::journal::{JournalWriter, row_frame};
use pannier_tests::ledger::judge_rows;
use pannier_tests::random::Random;
use pannier_tests::wait;
use serde_json::{Value as Json, json};

const ROWS: i64 = 64;

/// Many journals in one home, each damaged at another place: a bit turned over,
/// or cut short. Each loses at most what was hit.
#[test]
fn damage_stays_where_it_is() {
    let mut random = Random::from_env();
    let home = TestHome::new();
    let mut damaged = Vec::new();
    for id in 1..=120_u8 {
        let run = format!("run{id}");
        let mut journal = JournalWriter::begin(home.path(), "damaged", &run, id);
        (0..ROWS).for_each(|n| journal.row(n));
        let file = journal.folder.join(segment_file_name(1));
        journal.finish();
        let mut bytes = std::fs::read(&file).unwrap();
        let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
        let cut = id % 3 == 0;
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << random.below(8);
        }
        std::fs::write(&file, &bytes).unwrap();
        damaged.push((run, at, cut));
    }
    let mut healthy = JournalWriter::begin(home.path(), "damaged", "healthy", 200);
    (0..ROWS).for_each(|n| healthy.row(n));
    healthy.finish();
    let daemon = TestDaemon::start(&home);
    let all: Vec<i64> = (0..ROWS).collect();
    wait::until("the healthy run is there", || {
        (judge_rows(&home.http(), "local/damaged/healthy", &all) == Ok(64)).then_some(())
    });
    let mut lost = 0;
    for (run, at, cut) in &damaged {
        let path = format!("/v1/runs/local/damaged/{run}");
        let kept = wait::within(std::time::Duration::from_secs(10), || {
            let view = home.http().get(&path);
            (view.status == 200 && view.json()["state"] != "running").then_some(())
        });
        let rows = judge_rows(&home.http(), &format!("local/damaged/{run}"), &[]);
        let rows = rows.unwrap_or_else(|fault| panic!("damage at {at}, cut: {cut}: {fault}"));
        // One flip costs one frame; a cut costs what lay behind it.
        assert!(*cut || rows >= 63, "{run}: a bit at {at} cost {} rows", 64 - rows);
        assert!(*cut || kept.is_some(), "{run}: a bit at {at} cost the run its end");
        lost += 64 - rows;
    }
    println!("{lost} rows lost");
    assert!(
        !daemon.status()["problems"].as_array().unwrap().is_empty(),
        "status says that journals are damaged"
    );
}

/// A journal of nothing but lies, beside a healthy one.
#[test]
fn journals_that_lie() {
    let home = TestHome::new();
    let mut lies = JournalWriter::begin(home.path(), "lies", "liar", 1);
    lies.row(0);
    lies.raw(&[0xB5, 0x50, 3, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]); // 4 GiB long
    lies.row(1);
    lies.raw(&[0xB5, 0x50, 3, 1, 0, 0, 0, 3, 0, 0, 0, 0]); // 48 MiB long, more than there is
    lies.row(2);
    lies.raw(b"\xB5\x50\xB5\x50\xB5\x50");
    lies.row(3);
    let mut unknown_shape = row_frame(4);
    unknown_shape[12] = 9; // the checksum no longer holds
    lies.raw(&unknown_shape);
    lies.row(5);
    lies.finish();
    // Folders and files that nobody asked for.
    let spool = pannier_proto::home::spool(home.path());
    std::fs::create_dir_all(spool.join("not-a-writer")).unwrap();
    std::fs::write(spool.join("stray"), b"x").unwrap();
    std::fs::create_dir_all(spool.join("ab".repeat(16)).join("00000001.journal")).unwrap();
    let _daemon = TestDaemon::start(&home);
    wait::until("what is true is there", || {
        (judge_rows(&home.http(), "local/lies/liar", &[0, 1, 2, 3, 5]) == Ok(5)).then_some(())
    });
}

#[test]
fn names_values_and_lines_beyond_all_bounds() {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let http = daemon.http();
    for (body, status) in [
        (json!({"project": "a/b"}), 400),
        (json!({"project": "x".repeat(1000)}), 400),
        (json!({"run": "\u{0}"}), 400),
        (json!({"run": "none", "resume": "must"}), 409),
        (json!([1, 2]), 400),
    ] {
        let answer = http.post("/v1/runs", &body);
        assert!(
            answer.status == status || (status == 400 && answer.status == 422),
            "{body}: {} {}",
            answer.status,
            answer.text()
        );
        let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(error.len() > 8 && error.len() < 500, "{body}: {error:?} is for people");
    }
    for route in [
        "/v1/runs/local/none/none",
        "/v1/runs/local/none/none/rows?table=history",
        "/v1/nothing",
        "/v1/runs/%ff/x/y",
    ] {
        let answer = http.get(route);
        assert!((400..500).contains(&answer.status), "{route}: {}", answer.status);
    }
    let path = http.post("/v1/runs", &json!({"project": "bounds", "run": "r"})).expect(200).json();
    assert_eq!(path["run"], "r");
    let records = "/v1/runs/local/bounds/r/records?writer=w";
    let post = |first: u64, line: &str| {
        http.send("POST", &format!("{records}&first={first}"), line.as_bytes()).unwrap()
    };
    let long = "x".repeat(10 << 20);
    assert_eq!(
        post(0, &json!({"history": {"row": {"text": long}}}).to_string()).status,
        200,
        "10 MB of text"
    );
    for bad in
        ["{", "[]", r#"{"histroy": {"row": {}}}"#, r#"{"history": {"row": {"a": 1}, "step": 1.5}}"#, "\u{0}"]
    {
        let answer = post(1, bad);
        assert!((400..500).contains(&answer.status), "{bad}: {} {}", answer.status, answer.text());
    }
    assert_eq!(
        post(1, r#"{"history": {"row": {"a": 1, "b.c": 2, "b": {"c": 3}}}}"#).status,
        200,
        "keys that collide"
    );
    let view = http.get("/v1/runs/local/bounds/r").expect(200).json();
    assert_eq!(view["history_rows"], 2, "the bad lines left nothing");
    assert_eq!(view["summary"]["a"], 1);
}

#[test]
fn a_million_keys() {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let http = daemon.http();
    let _ = http.post("/v1/runs", &json!({"project": "keys", "run": "r"})).expect(200);
    for part in 0..20_u64 {
        let row: serde_json::Map<String, Json> =
            (0..50_000_u64).map(|n| (format!("k{}", part * 50_000 + n), n.into())).collect();
        let line = json!({"history": {"row": row, "step": part}}).to_string();
        let route = format!("/v1/runs/local/keys/r/records?writer=w&first={part}");
        let answer = http.send("POST", &route, line.as_bytes()).unwrap();
        // Where there is a limit, it is a limit and not a crash.
        assert!(
            answer.status == 200 || (400..500).contains(&answer.status),
            "{} {}",
            answer.status,
            answer.text()
        );
    }
    let listed =
        Output::of(home.pannier(&["runs", "list", "--json"]).stdout(std::process::Stdio::piped())).expect(0);
    assert!(listed.stdout.len() < 1 << 30);
    let other = http.post("/v1/runs", &json!({"project": "keys", "run": "other"}));
    assert_eq!(other.status, 200, "others are not disturbed");
}
