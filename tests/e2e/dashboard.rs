//! The routes that the dashboard reads: lists, lines, media, the console, what
//! changes meanwhile, and what a person changes.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::http::Http;
use pannier_tests::hub::TestHub;
use pannier_tests::wait;
use serde_json::{Value as Json, json};

use crate::pages::door;

fn started() -> (TestHome, TestDaemon, Http) {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let (address, key) = door(&home);
    (home, daemon, Http::Tcp(address, Some(key)))
}

fn begin(http: &Http, run: &str, config: &Json) {
    let _ = http.post("/v1/runs", &json!({"project": "p", "run": run, "config": config})).expect(200);
}

fn records(http: &Http, run: &str, lines: &[Json]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let route = format!("/v1/runs/local/p/{run}/records");
    let _ = http.send("POST", &route, text.as_bytes()).unwrap().expect(200);
}

fn rows(count: i64, row: impl Fn(i64) -> Json) -> Vec<Json> {
    (0..count).map(|step| json!({"history": {"row": row(step), "step": step}})).collect()
}

#[test]
fn runs_are_found_by_filters_and_in_an_order() {
    let (home, _daemon, http) = started();
    for (nth, run) in ["a", "b", "c", "d"].iter().enumerate() {
        begin(&home.http(), run, &json!({"lr": nth, "model": {"depth": nth * 10}}));
        records(&home.http(), run, &[json!({"history": {"row": {"loss": 10 - nth}}})]);
    }
    let list = |query: &str| http.get(&format!("/v1/runs?entity=local&project=p{query}")).expect(200).json();
    let ids = |found: &Json| -> Vec<String> {
        found["runs"].as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap().to_owned()).collect()
    };
    let all = list("");
    assert_eq!(
        (ids(&all), &all["total"], &all["more"]),
        (vec!["d".into(), "c".into(), "b".into(), "a".into()], &json!(4), &json!(false))
    );
    assert!(all["runs"][0]["metadata"] == json!({}) && all["runs"][0]["config"]["lr"] == json!(3), "{all}");
    assert_eq!(all["runs"][0]["sync"], json!({"state": "here", "remotes": {}}));
    let page = list("&order=%2Bsummary_metrics.loss&offset=1&limit=2&full=true");
    assert_eq!(
        (ids(&page), &page["total"], &page["more"]),
        (vec!["c".into(), "b".into()], &json!(4), &json!(true))
    );
    let few = list("&filters=%7B%22config.model.depth%22%3A%7B%22%24gte%22%3A20%7D%7D&order=config.lr");
    assert_eq!((ids(&few), &few["total"]), (vec!["c".into(), "d".into()], &json!(2)));
    assert_eq!(ids(&list("&offset=9")), Vec::<String>::new());
    for bad in
        ["entity=local&project=p&filters=%7B", "entity=local&project=p&order=-", "filters=%7B%22a%22%3A1%7D"]
    {
        let said = http.get(&format!("/v1/runs?{bad}")).expect(400).json();
        assert!(said["error"].is_string(), "{said}");
    }
    let everywhere = http.get("/v1/runs?limit=2").expect(200).json();
    assert!(everywhere["total"].is_null() && everywhere["more"] == json!(true), "{everywhere}");
    let projects = http.get("/v1/projects").expect(200).json();
    let expected = json!({"entity": "local", "project": "p", "runs": 4, "running": 4, "collections": 0,
        "updated_us": projects["projects"][0]["updated_us"]});
    assert_eq!(projects["projects"], json!([expected]));
}

#[test]
fn keys_are_what_the_runs_logged() {
    let (home, _daemon, http) = started();
    begin(&home.http(), "a", &json!({"lr": 1, "model": {"depth": 2}}));
    let image = json!({"_type": "image-file", "path": "media/a.png"});
    let row = json!({"history": {"row": {"loss": 0.5, "words": "x", "picture": image}}});
    records(&home.http(), "a", &[row, json!({"summary": {"best": 1}})]);
    begin(&home.http(), "b", &json!({"other": 1}));
    records(&home.http(), "b", &[json!({"history": {"row": {"loss": 0.25}}})]);
    let keys = http.get("/v1/keys?entity=local&project=p").expect(200).json();
    assert_eq!(keys["metrics"], json!([{"key": "loss", "runs": 2, "step_metric": null, "hidden": false}]));
    assert_eq!(keys["config"], json!(["lr", "model.depth", "other"]));
    for key in ["best", "loss", "words"] {
        assert!(keys["summary"].as_array().unwrap().contains(&json!(key)), "{keys}");
    }
    let _ = http.get("/v1/keys?entity=local").expect(400);
}

#[test]
fn lines_are_drawn_in_buckets() {
    let (home, _daemon, http) = started();
    begin(&home.http(), "a", &json!({}));
    let spike = |step: i64| if step == 700 { json!(99.5) } else { json!(step % 5) };
    records(&home.http(), "a", &rows(1000, |step| json!({"x": spike(step), "double": step * 2})));
    begin(&home.http(), "b", &json!({}));
    records(
        &home.http(),
        "b",
        &rows(3, |step| json!({"x": if step == 1 { json!("NaN") } else { json!(step) }})),
    );
    let ask = |more: Json| {
        let mut asked = json!({"entity": "local", "project": "p", "runs": ["a", "b", "none"], "keys": ["x"], "buckets": 10});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        http.post("/v1/series", &asked)
    };
    let whole = ask(json!({})).expect(200).json();
    let (a, b) = (&whole["series"][0], &whole["series"][1]);
    assert_eq!((&a["run"], &a["points"], a["x"].as_array().unwrap().len()), (&json!("a"), &json!(1000), 10));
    assert_eq!((&a["x"][9], &a["min"][7], &a["max"][7]), (&json!(999.0), &json!(0.0), &json!(99.5)), "{a}");
    assert!(
        b["min"].is_null() && b["x"][2] == json!(2.0) && whole["series"].as_array().unwrap().len() == 2,
        "{b}"
    );
    let part = ask(json!({"runs": ["a"], "from": 699.5, "to": 703})).expect(200).json();
    assert_eq!(part["series"][0]["x"], json!([700.0, 701.0, 702.0, 703.0]));
    assert_eq!(part["series"][0]["y"], json!([99.5, 1.0, 2.0, 3.0]));
    let against = ask(json!({"runs": ["a"], "x": {"metric": "double"}, "from": 1990})).expect(200).json();
    assert_eq!(against["series"][0]["x"], json!([1990.0, 1992.0, 1994.0, 1996.0, 1998.0]));
    for along in ["time", "relative"] {
        let timed = ask(json!({"runs": ["a"], "x": along})).expect(200).json();
        let x = timed["series"][0]["x"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap());
        assert!(x.clone().is_sorted() && (along == "time") == x.clone().all(|x| x > 1e9), "{timed}");
    }
    for bad in [
        json!({"buckets": 0}),
        json!({"system": true}),
        json!({"keys": vec!["x"; 101]}),
        json!({"runs": vec!["a"; 1001]}),
    ] {
        assert!(ask(bad).expect(400).json()["error"].is_string());
    }
}

#[test]
fn a_long_line_has_its_extremes_whoever_reads_it() {
    let (home, _daemon, http) = started();
    begin(&home.http(), "long", &json!({}));
    let spikes = [12_345, 77_777, 119_999];
    for part in 0..4i64 {
        let lines: Vec<Json> = (part * 30_000..(part + 1) * 30_000)
            .map(|step| json!({"history": {"row": {"x": if spikes.contains(&step) { 50 } else { step % 10 }}, "step": step}}))
            .collect();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let route = format!("/v1/runs/local/p/long/records?writer=w&first={}", part * 30_000);
        let _ = home.http().send("POST", &route, text.as_bytes()).unwrap().expect(200);
    }
    let _ = home.http().post("/v1/runs/local/p/long/finish", &Json::Null).expect(200);
    for along in ["step", "relative"] {
        let asked = json!({"entity": "local", "project": "p", "runs": ["long"], "keys": ["x"], "buckets": 50, "x": along});
        let line = http.post("/v1/series", &asked).expect(200).json()["series"][0].take();
        assert_eq!(line["points"], json!(120_000), "{along}");
        let max: Vec<f64> = line["max"].as_array().unwrap().iter().map(|max| max.as_f64().unwrap()).collect();
        assert!(
            max.iter().filter(|max| **max == 50.0).count() >= if along == "step" { 3 } else { 1 },
            "{along}: {max:?}"
        );
    }
    let zoom = json!({"entity": "local", "project": "p", "runs": ["long"], "keys": ["x"], "buckets": 100, "from": 77_700, "to": 77_799});
    let line = http.post("/v1/series", &zoom).expect(200).json()["series"][0].take();
    assert_eq!((&line["points"], &line["y"][77], line["min"].is_null()), (&json!(100), &json!(50.0), true));
}

#[test]
fn media_and_the_console_by_the_piece() {
    let (home, _daemon, http) = started();
    begin(&home.http(), "a", &json!({}));
    let image =
        |step: i64| json!({"_type": "image-file", "path": format!("media/{step}.png"), "caption": "c"});
    let mut lines = rows(3, |step| json!({"picture": image(step), "loss": step}));
    lines.extend((0..50).map(|n| json!({"console": {"text": format!("line {n}"), "stderr": n % 2 == 1}})));
    records(&home.http(), "a", &lines);
    let found = http.get("/v1/runs/local/p/a/media?key=picture").expect(200).json();
    let steps: Vec<_> = found["items"].as_array().unwrap().iter().map(|item| item["step"].clone()).collect();
    assert_eq!((steps, &found["items"][2]["value"]), (vec![json!(0), json!(1), json!(2)], &image(2)));
    assert_eq!(http.get("/v1/runs/local/p/a/media?key=loss").expect(200).json()["items"], json!([]));
    let tail = http.get("/v1/runs/local/p/a/log?tail=2").expect(200).json();
    assert_eq!((&tail["total"], &tail["lines"][0]["n"]), (&json!(50), &json!(48)));
    assert_eq!((&tail["lines"][1]["text"], &tail["lines"][1]["stderr"]), (&json!("line 49"), &json!(true)));
    let middle = http.get("/v1/runs/local/p/a/log?from=10&lines=3").expect(200).json();
    assert_eq!(
        (middle["lines"].as_array().unwrap().len(), &middle["lines"][0]["text"]),
        (3, &json!("line 10"))
    );
    assert_eq!(http.get("/v1/runs/local/p/a/log?from=60").expect(200).json()["lines"], json!([]));
}

#[test]
fn a_person_changes_a_run() {
    let (home, _daemon, http) = started();
    begin(&home.http(), "a", &json!({"lr": 1}));
    let _ = home.http().post("/v1/runs/local/p/a/finish", &Json::Null).expect(200);
    let edit = |body: Json| http.send("PATCH", "/v1/runs/local/p/a", body.to_string().as_bytes()).unwrap();
    let run = edit(json!({"name": "new", "tags": ["x", "y"], "notes": "n"})).expect(200).json();
    assert_eq!(
        (&run["name"], &run["tags"], &run["state"]),
        (&json!("new"), &json!(["x", "y"]), &json!("finished"))
    );
    let run = edit(json!({"group": "g", "tags": []})).expect(200).json();
    assert_eq!((&run["name"], &run["tags"], &run["group"]), (&json!("new"), &json!([]), &json!("g")));
    let _ = edit(json!({"name": " "})).expect(400);
    let _ = edit(json!({"nam": "x"})).expect(422);
    let _ = http.post("/v1/runs/local/p/a/stop", &Json::Null).expect(204);
    assert_eq!(http.get("/v1/runs/local/p/a").expect(200).json()["metadata"]["stop_requested"], json!(true));
    let _ = http.send("DELETE", "/v1/runs/local/p/a", b"").unwrap().expect(204);
    let _ = http.get("/v1/runs/local/p/a").expect(404);
    let _ = http.send("DELETE", "/v1/runs/local/p/a", b"").unwrap().expect(404);
}

/// A stream of events, line by line.
fn listen(address: &str, key: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(wait::PATIENCE)).unwrap();
    let head = format!(
        "GET /v1/events?entity=local&project=p HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    while !line.contains(": listening") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it begins");
    }
    lines
}

/// The next message.
fn message(lines: &mut BufReader<TcpStream>) -> Json {
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it goes on");
        if let Some(said) = line.strip_prefix("data: ") {
            return serde_json::from_str(said).unwrap();
        }
    }
}

#[test]
fn changes_are_told_and_the_daemon_leaves_at_once() {
    let (home, daemon, _) = started();
    let (address, key) = door(&home);
    let mut lines = listen(&address, &key);
    begin(&home.http(), "a", &json!({}));
    let said = message(&mut lines);
    assert_eq!((&said["runs"], &said["sync"]), (&json!(["a"]), &json!(false)), "{said}");
    // Many commits are few messages.
    let begun = Instant::now();
    for step in 0..40 {
        let route = format!("/v1/runs/local/p/a/records?writer=w&first={step}");
        let line = json!({"history": {"row": {"x": step}}}).to_string();
        let _ = home.http().send("POST", &route, line.as_bytes()).unwrap().expect(200);
    }
    let _ = home.http().post("/v1/remotes", &json!({"name": "hub", "url": "http://127.0.0.1:9"})).expect(204);
    let mut messages = 0;
    while message(&mut lines)["sync"] != json!(true) {
        messages += 1;
    }
    let most = begun.elapsed().as_millis() / 100 + 1;
    assert!(u128::from(messages as u64) <= most, "{messages} messages in {most} tenths of a second");
    let (status, took) = daemon.stop();
    assert!(status.success() && took < Duration::from_secs(3), "{took:?}");
}

#[test]
fn what_somebody_logged_is_framed_without_an_origin() {
    let (home, _daemon, http) = started();
    begin(&home.http(), "a", &json!({}));
    let file = json!({"query": "mutation { createRunFiles(input: {projectName: \"p\", entityName: \"local\", runName: \"a\", \
        files: [\"media/x.html\"]}) { files { uploadUrl } } }"});
    let made = http.post("/graphql", &file).expect(200).json();
    let url = made["data"]["createRunFiles"]["files"][0]["uploadUrl"].as_str().unwrap().to_owned();
    let path = &url[url.find("/blob/").unwrap()..];
    let _ = http.send("PUT", path, b"<script>1</script>").unwrap().expect(200);
    let framed = http.get("/v1/runs/local/p/a/frame/media/x.html").expect(200).json();
    let (address, _) = door(&home);
    let open = Http::Tcp(address, None);
    let answer = open.get(framed["url"].as_str().unwrap()).expect(200);
    let policy = answer.header("content-security-policy").unwrap_or_default().to_owned();
    assert!(
        policy.starts_with("sandbox allow-scripts;") && policy.contains("connect-src 'none'"),
        "{policy}"
    );
    assert!(!policy.contains("allow-same-origin") && policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(answer.header("content-disposition"), Some("inline"));
    assert_eq!(answer.text(), "<script>1</script>");
    // By every other way it is a file to keep.
    let plain = http.get("/v1/runs/local/p/a/files/media/x.html").expect(200);
    assert!(plain.header("content-disposition").unwrap_or_default().starts_with("attachment"));
    let _ = http.get("/v1/runs/local/p/a/frame/config.yaml").expect(400);
    let _ = open.send("PUT", framed["url"].as_str().unwrap(), b"x").unwrap().expect(403);
}

#[test]
fn a_run_says_how_far_it_is_on_its_way() {
    let hub = TestHub::started();
    let (home, _daemon, http) = started();
    begin(&home.http(), "a", &json!({}));
    hub.add_to(&home, &hub.url());
    let sync = || http.get("/v1/runs/local/p/a").expect(200).json()["sync"].take();
    wait::until("it is sent", || (sync()["state"] == json!("sent")).then_some(()));
    let listed = http.get("/v1/runs?entity=local&project=p").expect(200).json();
    assert_eq!(listed["runs"][0]["sync"]["remotes"]["hub"]["records_queued"], json!(0), "{listed}");
    drop(hub);
    records(&home.http(), "a", &[json!({"history": {"row": {"x": 1}}})]);
    assert_eq!(sync()["state"], json!("queued"));
    let _ = http.post("/v1/remotes/hub/retry", &Json::Null).expect(204);
    let disk = http.get("/v1/status").expect(200).json()["disk"].take();
    assert!(disk["home_bytes"].as_u64() > Some(0) && disk["free_bytes"].as_u64() > Some(0), "{disk}");
}
