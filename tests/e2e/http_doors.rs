//! The doors that speak HTTP over TCP: who gets in, what keeps others out, and
//! that a script finds the door where it was.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use pannier_tests::daemon::{Process, TestDaemon, TestHome, ready};
use pannier_tests::http::Http;
use pannier_tests::hub::TestHub;
use pannier_tests::wait;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};

/// Address and key of a home's loopback listener.
fn door(home: &TestHome) -> (String, String) {
    let found = home.http().get("/v1/http").expect(200).json();
    let text = |name: &str| found[name].as_str().unwrap_or_else(|| panic!("{found}")).to_owned();
    (text("url").strip_prefix("http://").unwrap().to_owned(), text("token"))
}

fn open_door(home: &TestHome) -> Http {
    let (address, token) = door(home);
    Http::Tcp(address, Some(token))
}

#[test]
fn port_and_key_survive_restarts() {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let before = door(&home);
    let _ = open_door(&home).get("/v1/status").expect(200);
    assert!(before.1.starts_with("pan-") && before.1.len() == 44, "old clients insist on 40 characters");
    daemon.kill();
    let daemon = TestDaemon::start(&home);
    assert_eq!(door(&home), before);
    daemon.stop();
    // Somebody else on the port: another one is taken, and a person can know.
    let _stranger = std::net::TcpListener::bind(&before.0).unwrap();
    let daemon = TestDaemon::start(&home);
    let after = door(&home);
    assert!(after.0 != before.0 && after.1 != before.1, "{after:?}");
    let problems = daemon.status()["problems"].to_string();
    assert!(problems.contains(before.0.rsplit(':').next().unwrap()), "{problems}");
    let _ = open_door(&home).get("/healthz").expect(200);
}

#[test]
fn it_can_be_left_out() {
    let home = TestHome::new();
    let off = [TestDaemon::start_with(&home, |command| command.arg("--no-http"))];
    assert_eq!(home.http().get("/v1/http").expect(200).json(), json!({"url": null, "token": null}));
    drop(off);
    let _daemon = TestDaemon::start_with(&home, |command| command.env("PANNIER_HTTP", "off"));
    assert_eq!(home.http().get("/v1/http").expect(200).json(), json!({"url": null, "token": null}));
    let shown = home.run(&["env", "--json"]).expect(0).json();
    assert!(shown["WANDB_BASE_URL"].is_null() && shown["PANNIER_HOME"].is_string(), "{shown}");
}

/// Every route that a source of the daemon names, with its parameters filled in.
pub fn routes() -> BTreeSet<String> {
    fn collect(dir: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            if entry.path().is_dir() {
                collect(&entry.path(), found);
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            for rest in text.split(".route(").skip(1) {
                let route = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                let route = route.unwrap_or_else(|| panic!("spell routes out: .route({}", &rest[..40]));
                found.insert(route.to_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("daemon/src/api"), &mut found);
    assert!(found.len() > 25, "{found:?}");
    found
}

pub fn filled_in(route: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "x".to_owned() } else { part.to_owned() };
    route.split('/').map(part).collect::<Vec<_>>().join("/")
}

pub const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// They carry their own proof, are asked by W&B's clients without a key, are the
/// page of the dashboard, which holds no data, or a browser's way in.
pub const OPEN: [&str; 8] = [
    "/blob/{capability}",
    "/sdk/otel/v1/metrics",
    "/v1/session",
    "/",
    "/{entity}",
    "/{entity}/{project}",
    "/{entity}/{project}/{*rest}",
    "/assets/{*path}",
];

#[test]
fn no_route_answers_without_a_key() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let hub = TestHub::started();
    for address in [door(&home).0, hub.address.to_string()] {
        for token in [None, Some("pan-0123456789012345678901234567890123456789".to_owned())] {
            let http = Http::Tcp(address.clone(), token);
            let known = routes();
            let unknown = ["/v1".to_owned(), "/graphql/x".to_owned(), "/v1/none".to_owned()];
            for route in known.iter().chain(&unknown).filter(|route| !OPEN.contains(&route.as_str())) {
                for method in METHODS {
                    let answer = http.send(method, &filled_in(route), b"{}").unwrap();
                    assert_eq!(answer.status, 401, "{method} {route} at {address}: {}", answer.text());
                    let said = answer.json();
                    assert!(said["error"].is_string() && said["errors"][0]["message"].is_string(), "{said}");
                }
            }
            assert_eq!(http.post("/sdk/otel/v1/metrics", &Json::Null).status, 404);
        }
    }
    let _ = open_door(&home).post("/sdk/otel/v1/metrics", &Json::Null).expect(404);
}

#[test]
fn pages_of_others_get_nothing_whatever_they_know() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let http = open_door(&home);
    for method in METHODS {
        for header in [
            "Host: evil.example",
            "Origin: http://evil.example",
            "Origin: null",
            "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-site",
        ] {
            for route in ["/v1/runs", "/blob/x", "/healthz", "/sdk/otel/v1/metrics"] {
                let answer = http.send_with(method, route, &[header], b"{}").unwrap();
                assert_eq!(answer.status, 403, "{method} {route} {header}: {}", answer.text());
            }
        }
    }
    let _ = http.send_with("GET", "/v1/runs", &["Origin: http://localhost"], b"").unwrap().expect(200);
}

fn daemon_pid(http: &Http) -> Option<u64> {
    let answer = http.send("GET", "/v1/status", b"").ok().filter(|answer| answer.status == 200)?;
    answer.json()["pid"].as_u64()
}

#[test]
fn run_brings_a_killed_daemon_back_on_the_same_port() {
    let home = TestHome::new();
    let (vars, go_on) = (home.beside("vars"), home.beside("go-on"));
    let script = r#"
        printf '%s\n%s\n' "$WANDB_BASE_URL" "$WANDB_API_KEY" > "$1.tmp" && mv "$1.tmp" "$1"
        until test -e "$2"; do sleep 0.05; done"#;
    let args = ["run", "--", "sh", "-c", script, "sh", vars.to_str().unwrap(), go_on.to_str().unwrap()];
    let mut run = Process::start(home.pannier(&args).stdout(Stdio::null()));
    let said = wait::until("the command has its variables", || std::fs::read_to_string(&vars).ok());
    let (url, token) = said.trim().split_once('\n').unwrap();
    let http = Http::Tcp(url.strip_prefix("http://").unwrap().to_owned(), Some(token.to_owned()));
    let first = daemon_pid(&http).expect("its HTTP answers before the command starts");
    for _ in 0..2 {
        let pid = daemon_pid(&http).unwrap();
        kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
        let next = wait::within(Duration::from_secs(10), || daemon_pid(&http).filter(|next| *next != pid));
        assert!(next.is_some(), "another answers at the same place, with the same key");
    }
    assert_ne!(daemon_pid(&http), Some(first));
    std::fs::write(&go_on, "").unwrap();
    assert_eq!(run.wait(wait::PATIENCE).unwrap().code(), Some(0));
}

#[test]
fn a_daemon_stays_while_a_command_runs_and_when_it_is_asked_to() {
    let home = TestHome::new();
    let pid = |home: &TestHome| home.http().get("/v1/status").expect(200).json()["pid"].clone();
    // Longer than the idle time of a daemon that a command started.
    let script = r#"cat "$PANNIER_HOME/daemon.lock"; sleep 7; cat "$PANNIER_HOME/daemon.lock""#;
    let out = home.run(&["run", "--", "sh", "-c", script]).expect(0);
    let lines: Vec<_> = out.stdout.lines().collect();
    assert!(lines.len() == 2 && lines[0] == lines[1], "{}", out.stdout);
    assert!(!home.log().contains("idle"), "{}", home.log());
    let _ = home.run(&["daemon", "--detach"]).expect(0);
    let before = pid(&home);
    std::thread::sleep(Duration::from_secs(7));
    assert_eq!(pid(&home), before);
    let raw = i32::try_from(before.as_u64().unwrap()).unwrap();
    kill_process(Pid::from_raw(raw).unwrap(), Signal::TERM).unwrap();
    wait::until("it leaves when it is told to", || (!ready(&home.http())).then_some(()));
}
