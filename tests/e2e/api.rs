//! Any language: what `curl --unix-socket` can do, as the documentation says it.

use std::process::Command;

use pannier_tests::cli::Output;
use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::loopmount::possible;
use serde_json::{Value as Json, json};

fn curl(home: &TestHome, args: &[&str]) -> Output {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail-with-body", "--max-time", "20", "--unix-socket"]);
    Output::of(curl.arg(home.socket()).args(args))
}

#[test]
fn a_run_by_curl() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let opened = curl(
        &home,
        &["http://pannier/v1/runs", "--json", r#"{"project": "by-hand", "config": {"lr": 0.1}}"#],
    );
    let opened = opened.expect(0).json();
    let run =
        format!("{}/{}/{}", opened["entity"].as_str().unwrap(), "by-hand", opened["run"].as_str().unwrap());
    assert_eq!(opened["start_step"], 0);
    assert!(opened["name"].as_str().unwrap().contains('-'), "a name is made: {opened}");
    let records = format!("http://pannier/v1/runs/{run}/records?writer=me&first=");
    let lines = [
        r#"{"history": {"row": {"loss": 0.5, "nested": {"a": 1}}}}"#,
        r#"{"history": {"row": {"loss": 0.25}, "step": 5}}"#,
        r#"{"console": {"text": "half way", "stderr": false}}"#,
        r#"{"config": {"epochs": 3}}"#,
        r#"{"summary": {"best": 0.25}}"#,
    ]
    .join("\n");
    let post = |first: u64| {
        let url = format!("{records}{first}");
        curl(&home, &[&url, "-H", "Content-Type: application/x-ndjson", "--data-binary", &lines])
            .expect(0)
            .json()
    };
    let appended = post(0);
    assert_eq!(appended, json!({"next": 5, "last_step": 5}));
    assert_eq!(post(0), appended, "sent twice, there once");
    let rows = curl(&home, &[&format!("http://pannier/v1/runs/{run}/rows?table=history")]).expect(0);
    let rows: Vec<Json> = rows.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["_step"], &rows[0]["loss"], &rows[0]["nested.a"]),
        (&json!(0), &json!(0.5), &json!(1))
    );
    assert_eq!((&rows[1]["_step"], &rows[1]["loss"]), (&json!(5), &json!(0.25)));
    assert!(rows[0]["_timestamp"].is_f64());
    let finished =
        curl(&home, &[&format!("http://pannier/v1/runs/{run}/finish"), "--json", "{}"]).expect(0).json();
    assert_eq!(finished["state"], "finished");
    assert_eq!(finished["config"], json!({"lr": 0.1, "epochs": 3}));
    assert_eq!((&finished["summary"]["loss"], &finished["summary"]["best"]), (&json!(0.25), &json!(0.25)));
    assert_eq!((&finished["history_rows"], &finished["last_step"]), (&json!(2), &json!(5)));
    let console = curl(&home, &[&format!("http://pannier/v1/runs/{run}/console")]).expect(0);
    assert_eq!(console.stdout.trim_end(), "half way");
}

#[test]
fn what_a_reader_needs() {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let http = daemon.http();
    let _ = http.post("/v1/runs", &json!({"project": "p", "run": "r"})).expect(200);
    let lines: Vec<_> =
        (0..1000).map(|n| json!({"history": {"row": {"x": f64::from(n)}, "step": n}}).to_string()).collect();
    let appended =
        http.send("POST", "/v1/runs/local/p/r/records?writer=w&first=0", lines.join("\n").as_bytes());
    let _ = appended.unwrap().expect(200);
    let column = |points: usize| {
        let body = http.get(&format!("/v1/runs/local/p/r/column?key=x&max_points={points}")).expect(200).body;
        let words: Vec<[u8; 8]> = body.chunks_exact(8).map(|word| word.try_into().unwrap()).collect();
        let n = usize::try_from(u64::from_le_bytes(words[0])).unwrap();
        assert_eq!(words.len(), 1 + 2 * n);
        let steps: Vec<_> = words[1..=n].iter().map(|word| i64::from_le_bytes(*word)).collect();
        let values: Vec<_> = words[n + 1..].iter().map(|word| f64::from_le_bytes(*word)).collect();
        (steps, values)
    };
    let (steps, values) = column(100_000);
    assert!(steps.iter().copied().eq(0..1000) && values.iter().copied().eq((0..1000).map(f64::from)));
    let (steps, values) = column(100);
    assert!(steps.len() <= 100 && steps.len() >= 20, "{} points", steps.len());
    assert!(values.contains(&0.0) && values.contains(&999.0), "least and greatest stay");
    let part =
        http.get("/v1/runs/local/p/r/rows?table=history&from_step=10&to_step=20&keys=x").expect(200).text();
    assert!((10..=11).contains(&part.lines().count()), "{part}");
    let metrics = http.get("/v1/runs/local/p/r/metrics").expect(200).json();
    assert_eq!(metrics["metrics"], json!([{"key": "x", "count": 1000, "last": 999.0}]));
    let listed = http.get("/v1/runs?project=p&limit=1").expect(200).json();
    assert_eq!((listed["runs"].as_array().unwrap().len(), &listed["more"]), (1, &json!(false)));
    assert_eq!(http.get("/healthz").expect(200).text().trim(), "ok");
    assert!(http.get("/metrics").expect(200).text().lines().any(|line| line.starts_with("pannier_")));
}

#[test]
fn another_user_is_nobody() {
    if let Err(missing) = possible(&["setpriv", "curl"]) {
        println!("left out: {missing}");
        return;
    }
    use std::os::unix::fs::PermissionsExt as _;
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let mode = std::fs::metadata(home.path()).unwrap().permissions().mode() & 0o077;
    assert_eq!(mode, 0, "the home is private");
    // Even with every door opened by mistake, the peer's uid is looked at.
    for path in [home.path().parent().unwrap(), home.path(), home.socket()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid=65534",
        "--clear-groups",
        "curl",
        "--silent",
        "--fail",
        "--max-time",
        "5",
        "--unix-socket",
    ]);
    let out = Output::of(command.arg(home.socket()).arg("http://pannier/v1/status"));
    assert_ne!(out.code, Some(0), "{}", out.stdout);
    assert!(!out.stdout.contains("origin"), "{}", out.stdout);
}
