//! The file stream under everything that networks, clients and their ends do to
//! it: whatever comes how often and in which order, each row is there once.

use std::io::Write as _;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::wait;
use pannier_tests::wandb::{Door, history_post, line, lines, resident_kib};
use serde_json::{Value as Json, json};

fn started() -> (TestHome, TestDaemon, Door) {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let door = Door::of(&home);
    (home, daemon, door)
}

/// Both views have these steps, each once, with the values that belong to them.
#[track_caller]
fn judge(door: &Door, run: &str, steps: impl Iterator<Item = i64>) {
    let steps: Vec<i64> = steps.collect();
    assert_eq!(door.steps("p", run), steps, "natively");
    for row in door.rows("p", run) {
        assert_eq!(row["x"].as_i64(), row["_step"].as_i64().map(|step| step * 2), "{row}");
    }
    let rows = door.history("p", run);
    let seen: Vec<i64> = rows.iter().map(|row| row["_step"].as_i64().unwrap()).collect();
    assert_eq!(seen, steps, "by GraphQL");
    assert!(rows.iter().all(|row| row["x"].as_i64() == row["_step"].as_i64().map(|step| step * 2)));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn view(door: &Door, run: &str) -> Json {
    door.http().get(&format!("/v1/runs/local/p/{run}")).expect(200).json()
}

fn problems(daemon: &TestDaemon) -> String {
    daemon.status()["problems"].to_string()
}

fn console(door: &Door, run: &str) -> Vec<String> {
    let text = door.http().get(&format!("/v1/runs/local/p/{run}/console")).expect(200).text();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn repeated_and_overlapping_posts_are_there_once() {
    let (_home, daemon, door) = started();
    door.begin("p", "r", &json!({}));
    for (from, to) in [(0, 10), (0, 10), (5, 20), (0, 20), (19, 21), (20, 21), (3, 4), (0, 30)] {
        let post = history_post(u64::try_from(from).unwrap(), &lines(from..to));
        let _ = door.post("p", "r", &post).expect(200);
    }
    judge(&door, "r", 0..30);
    assert_eq!(problems(&daemon), "[]");
}

#[test]
fn lines_that_never_came_are_told_of() {
    let (_home, daemon, door) = started();
    door.begin("p", "r", &json!({}));
    let _ = door.post("p", "r", &history_post(0, &lines(0..5))).expect(200);
    let _ = door.post("p", "r", &history_post(8, &lines(8..10))).expect(200);
    judge(&door, "r", (0..5).chain(8..10));
    let told = problems(&daemon);
    assert!(told.contains("local/p/r") && told.contains("never came"), "{told}");
    // An offset that no file has.
    let answer = door.post("p", "r", &history_post(u64::MAX, &lines(10..11)));
    assert!((400..500).contains(&answer.status), "{} {}", answer.status, answer.text());
    let _ = door.post("p", "r", &history_post(10, &lines(10..11))).expect(200);
    judge(&door, "r", (0..5).chain(8..11));
}

/// A run that our own client began: W&B's goes on behind it where it resumes, and
/// replaces its history where it does not.
#[test]
fn a_run_of_the_other_client_goes_on() {
    let (home, daemon, door) = started();
    let logged = |run: &str| {
        let _ = home.http().post("/v1/runs", &json!({"project": "p", "run": run})).expect(200);
        for n in 0..5 {
            let record = json!({"history": {"row": {"x": n * 2}, "step": n}}).to_string();
            let route = format!("/v1/runs/local/p/{run}/records?writer=own&first={n}");
            let _ = home.http().send("POST", &route, record.as_bytes()).unwrap().expect(200);
        }
        door.begin("p", run, &json!({}));
    };
    logged("resumed");
    let asked =
        "query R($p: String!, $r: String!) { model(name: $p) { bucket(name: $r) { historyLineCount } } }";
    let data = door.data(asked, &json!({"p": "p", "r": "resumed"}));
    assert_eq!(data["model"]["bucket"]["historyLineCount"], 5);
    for _ in 0..2 {
        let _ = door.post("p", "resumed", &history_post(5, &lines(5..8))).expect(200);
    }
    judge(&door, "resumed", 0..8);
    logged("anew");
    for _ in 0..2 {
        let _ = door.post("p", "anew", &history_post(0, &lines(0..2))).expect(200);
    }
    judge(&door, "anew", 0..2);
    assert_eq!(problems(&daemon), "[]", "no line is missing");
}

/// A client with several connections, the answers of all of which were lost.
#[test]
fn concurrent_posts_are_there_once() {
    let (_home, _daemon, door) = started();
    door.begin("p", "r", &json!({}));
    let together = Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                together.wait();
                for first in (0..100).step_by(10) {
                    let post = history_post(u64::try_from(first).unwrap(), &lines(first..first + 10));
                    let _ = door.post("p", "r", &post).expect(200);
                }
            });
        }
    });
    judge(&door, "r", 0..100);
}

/// Eight writers in shared mode: what each logged is there, as rows of its own.
#[test]
fn writers_that_share_a_run_do_not_disturb_each_other() {
    let (_home, _daemon, door) = started();
    door.begin("p", "r", &json!({}));
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let door = &door;
            scope.spawn(move || {
                let client = format!("X-Wandb-Async-Client-Id: writer-{writer}");
                for first in (0..20_u64).step_by(5) {
                    let row = |nth: u64| json!({"_step": nth, "writer": writer, "nth": nth}).to_string();
                    let rows: Vec<String> = (first..first + 5).map(row).collect();
                    let body = history_post(first, &rows).to_string();
                    for _ in 0..2 {
                        let _ = door.post_with("p", "r", &[&client], body.as_bytes()).unwrap().expect(200);
                    }
                }
            });
        }
    });
    let mut seen: Vec<(i64, i64)> = door
        .rows("p", "r")
        .iter()
        .map(|row| (row["writer"].as_i64().unwrap(), row["nth"].as_i64().unwrap()))
        .collect();
    for writer in 0..8 {
        let nths = seen.iter().filter(|(of, _)| *of == writer).map(|(_, nth)| *nth);
        assert!(nths.eq(0..20), "writer {writer} logged in order");
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 8 * 20);
}

#[test]
fn bad_lines_leave_the_good_ones() {
    let (_home, daemon, door) = started();
    door.begin("p", "r", &json!({}));
    let mut content = lines(0..10);
    content[3] = "{broken".to_owned();
    content[5] = "[1, 2]".to_owned();
    content[7] = String::new();
    content[8] = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let _ = door.post("p", "r", &history_post(0, &content)).expect(200);
    judge(&door, "r", [0, 1, 2, 4, 6, 9].into_iter());
    let told = problems(&daemon);
    for number in [3, 5, 7, 8] {
        assert!(told.contains(&format!("line {number} of wandb-history.jsonl")), "{told}");
    }
    assert!(told.len() < 10_000, "no line is repeated whole: {} bytes", told.len());
    let _ = door.post("p", "r", &history_post(10, &lines(10..12))).expect(200);
    judge(&door, "r", [0, 1, 2, 4, 6, 9, 10, 11].into_iter());
    for body in [
        &b"{"[..],
        b"",
        b"null",
        br#"{"files": []}"#,
        b"\xff",
        br#"{"files": {"output.log": {"offset": -1}}}"#,
    ] {
        let answer = door.post_with("p", "r", &[], body).unwrap();
        assert_eq!(answer.status, 400, "{}: {}", String::from_utf8_lossy(body), answer.text());
    }
}

#[test]
fn packed_posts_are_taken_in_and_bombs_are_not() {
    let (_home, mut daemon, door) = started();
    door.begin("p", "r", &json!({}));
    let packed = ["Content-Encoding: gzip"];
    let body = gzip(history_post(0, &lines(0..10)).to_string().as_bytes());
    let _ = door.post_with("p", "r", &packed, &body).unwrap().expect(200);
    let _ = door.post_with("p", "r", &packed, &body[..body.len() / 2]).unwrap().expect(400);
    let _ = door.post_with("p", "r", &packed, b"no gzip").unwrap().expect(400);
    let _ = door.post_with("p", "r", &["Content-Encoding: br"], &body).unwrap().expect(415);
    let before = resident_kib(daemon.process().pid());
    // 512 MiB in half a MiB; 4096 of them are one of those that follow.
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    (0..512).for_each(|_| bomb.write_all(&vec![b' '; 1 << 20]).unwrap());
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    for _ in 0..4 {
        let _ = door.post_with("p", "r", &packed, &bomb).unwrap().expect(413);
    }
    let after = resident_kib(daemon.process().pid());
    assert!(after < before + (150 << 10), "{before} KiB became {after}");
    judge(&door, "r", 0..10);
}

#[test]
fn numbers_that_json_does_not_have() {
    let (_home, _daemon, door) = started();
    door.begin("p", "r", &json!({}));
    let row = r#"{"_step":0,"_timestamp":1.5,"a":NaN,"b":Infinity,"c":-Infinity,"n":{"e":NaN}}"#;
    let _ = door.post("p", "r", &history_post(0, &[row.to_owned()])).expect(200);
    let data = door.data(
        "{ project(name: \"p\") { run(name: \"r\") { history(samples: 5) summaryMetrics historyKeys
            sampledHistory(specs: [\"{\\\"keys\\\": [\\\"a\\\", \\\"b\\\", \\\"c\\\"], \\\"samples\\\": 5}\"]) } } }",
        &json!({}),
    );
    let run = &data["project"]["run"];
    let line = run["history"][0].as_str().unwrap();
    for part in ["\"a\":NaN", "\"b\":Infinity", "\"c\":-Infinity"] {
        assert!(line.contains(part), "{line}");
    }
    let sampled = &run["sampledHistory"][0][0];
    assert_eq!(
        (&sampled["a"], &sampled["b"], &sampled["c"]),
        (&json!("NaN"), &json!("Infinity"), &json!("-Infinity"))
    );
}

#[test]
fn a_console_shows_what_was_written_last() {
    let (_home, _daemon, door) = started();
    door.begin("p", "r", &json!({}));
    let post = |offset: u64, said: &[&str]| {
        let said: Vec<String> = said
            .iter()
            .map(|text| json!({"ts": "2026-01-02T03:04:05.678901", "content": text}).to_string())
            .collect();
        json!({"files": {"output.log": {"offset": offset, "content": said}}})
    };
    let _ = door.post("p", "r", &post(0, &["start", "10 %", "x"])).expect(200);
    let _ = door.post("p", "r", &post(1, &["50 %"])).expect(200);
    let _ = door.post("p", "r", &post(1, &["100 %"])).expect(200);
    // Sparse: what lies between comes later, or never.
    let _ = door.post("p", "r", &post(5, &["end"])).expect(200);
    let _ = door.post("p", "r", &post(3, &["three"])).expect(200);
    let _ = door.post("p", "r", &post(0, &["start", "100 %", "x"])).expect(200);
    let said = console(&door, "r");
    let kept: Vec<&str> = said.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
    assert_eq!(kept, ["start", "100 %", "x", "three", "end"]);
    let data = door.data(
        "{ project(name: \"p\") { run(name: \"r\") { logLineCount logLines(first: 100) { edges { node { line } } } } } }",
        &json!({}),
    );
    assert_eq!(data["project"]["run"]["logLineCount"], 6, "{data}");
    let page = data["project"]["run"]["logLines"]["edges"].to_string();
    assert!(page.contains("100 %") && !page.contains("50 %"), "{page}");
}

#[test]
fn a_console_has_the_lines_of_every_writer() {
    let (_home, _daemon, door) = started();
    door.begin("p", "r", &json!({}));
    for writer in ["a", "b"] {
        let said =
            json!({"ts": "2026-01-02T03:04:05.678901", "content": format!("{writer} says"), "label": writer});
        let body = json!({"files": {"output.log": {"offset": 0, "content": [said.to_string()]}}}).to_string();
        let client = format!("X-Wandb-Async-Client-Id: {writer}");
        let _ = door.post_with("p", "r", &[&client], body.as_bytes()).unwrap().expect(200);
    }
    let mut said = console(&door, "r");
    said.sort();
    assert_eq!(said, ["a says", "b says"]);
    let data = door.data(
        "{ project(name: \"p\") { run(name: \"r\") { logLines { edges { node { line label } } } } } }",
        &json!({}),
    );
    assert_eq!(data["project"]["run"]["logLines"]["edges"].as_array().unwrap().len(), 2, "{data}");
}

/// The answer to the last post was lost, so that it came twice.
#[test]
fn an_end_may_come_twice() {
    let (_home, _daemon, door) = started();
    for (run, code, state) in [("good", 0, "finished"), ("bad", 3, "failed")] {
        door.begin("p", run, &json!({}));
        let mut post = history_post(0, &lines(0..3));
        post["complete"] = true.into();
        post["exitcode"] = code.into();
        post["files"]["wandb-summary.json"] = json!({"offset": 0, "content": [r#"{"x":4,"_step":2}"#]});
        let _ = door.post("p", run, &post).expect(200);
        let first = view(&door, run);
        assert_eq!((&first["state"], &first["exit_code"]), (&json!(state), &json!(code)), "{first}");
        let _ = door.post("p", run, &post).expect(200);
        let _ = door.post("p", run, &json!({"complete": true, "exitcode": code})).expect(200);
        let again = view(&door, run);
        assert_eq!((&again["state"], &again["exit_code"]), (&json!(state), &json!(code)), "{again}");
        assert_eq!(again["updated_us"], first["updated_us"], "a repetition is no news");
        judge(&door, run, 0..3);
        // A heartbeat that was late, too.
        let _ = door.post("p", run, &json!({})).expect(200);
        assert_eq!(view(&door, run)["state"], state);
    }
}

#[test]
fn a_run_that_nobody_knows_begins_with_its_first_post() {
    let (_home, _daemon, door) = started();
    let _ = door.post("p", "unknown", &history_post(0, &lines(0..3))).expect(200);
    judge(&door, "unknown", 0..3);
    let run = view(&door, "unknown");
    assert_eq!(run["state"], "running", "{run}");
    let answer = door.http().send_with("POST", "/files/local/p/%2e%2e/file_stream", &[], b"{}").unwrap();
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    let answer = door.http().send_with("POST", "/files/local/a%2Fb/r/file_stream", &[], b"{}").unwrap();
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    assert_eq!(door.http().get("/v1/runs").expect(200).json()["runs"].as_array().unwrap().len(), 1);
}

/// Without `resume=`, a run of the same id begins anew: its file starts with
/// another line, and what it abandons leaves the view.
#[test]
fn a_new_life_rewinds() {
    let (_home, _daemon, door) = started();
    door.begin("p", "r", &json!({}));
    let _ = door.post("p", "r", &history_post(0, &lines(0..10))).expect(200);
    let _ = door.post("p", "r", &json!({"complete": true, "exitcode": 1})).expect(200);
    door.begin("p", "r", &json!({}));
    let other = |step: i64| json!({"_step": step, "_timestamp": 2_000_000 + step, "x": step * 2}).to_string();
    let second: Vec<String> = (0..4).map(other).collect();
    let _ = door.post("p", "r", &history_post(0, &second)).expect(200);
    let _ = door.post("p", "r", &history_post(0, &second)).expect(200);
    judge(&door, "r", 0..4);
    assert!(door.rows("p", "r").iter().all(|row| row["_timestamp"].as_f64().unwrap() >= 2_000_000.0));
    let _ = door.post("p", "r", &history_post(4, &[other(4)])).expect(200);
    judge(&door, "r", 0..5);
    assert_eq!(view(&door, "r")["state"], "running");
}

/// SIGKILL at any moment; the client repeats what was not answered.
#[test]
fn a_killed_daemon_loses_and_doubles_nothing() {
    let home = TestHome::new();
    let mut daemon = TestDaemon::start(&home);
    let door = Door::of(&home);
    door.begin("p", "r", &json!({}));
    let posts: Vec<Vec<String>> = (0..40).map(|nth| lines(nth * 5..nth * 5 + 5)).collect();
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for (nth, post) in posts.iter().enumerate() {
                let body = history_post(5 * nth as u64, post).to_string();
                wait::until("a post is answered", || {
                    let answer = door.post_with("p", "r", &[], body.as_bytes()).ok()?;
                    (answer.status == 200).then_some(())
                });
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
        for life in 1..10 {
            let seen = || answered.load(Ordering::Relaxed) >= 4 * life;
            wait::until("it gets on", || seen().then_some(()));
            daemon.process().kill();
            daemon = TestDaemon::start(&home);
        }
    });
    judge(&door, "r", 0..200);
    daemon.kill();
    let daemon = TestDaemon::start(&home);
    for nth in 0..40 {
        let _ =
            door.post("p", "r", &history_post(nth * 5, &posts[usize::try_from(nth).unwrap()])).expect(200);
    }
    let _ = door.post("p", "r", &history_post(200, &[line(200)])).expect(200);
    judge(&door, "r", 0..201);
    assert_eq!(problems(&daemon), "[]");
}
