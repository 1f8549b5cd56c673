//! The dashboard in a browser: the page that holds nothing, who signs in and how,
//! and what a session is worth.

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::http::{Answer, Http};
use pannier_tests::hub::{TestHub, add_user};
use pannier_tests::wait;
use serde_json::{Value as Json, json};

const SAME_ORIGIN: [&str; 2] = ["Origin: http://localhost", "Sec-Fetch-Site: same-origin"];

/// Address and key of a home's port.
pub fn door(home: &TestHome) -> (String, String) {
    let found = home.http().get("/v1/http").expect(200).json();
    let text = |name: &str| found[name].as_str().unwrap().to_owned();
    (text("url").strip_prefix("http://").unwrap().to_owned(), text("token"))
}

fn stranger(address: &str) -> Http {
    Http::Tcp(address.to_owned(), None)
}

fn sign_in(address: &str, body: &Json) -> Answer {
    let body = body.to_string();
    stranger(address).send_with("POST", "/v1/session", &SAME_ORIGIN, body.as_bytes()).unwrap()
}

/// Whoever shows this session.
fn with(address: &str, session: &Answer) -> Http {
    Http::Tcp(address.to_owned(), Some(session.json()["token"].as_str().unwrap().to_owned()))
}

/// A run `local/p/r` with a row, at whoever listens there.
fn log_a_run(http: &Http) {
    let run = json!({"entity": "local", "project": "p", "run": "r", "config": {"lr": 0.1}});
    let _ = http.post("/v1/runs", &run).expect(200);
    let lines = "{\"history\": {\"row\": {\"loss\": 0.5}}}\n{\"console\": {\"text\": \"epoch 1\"}}\n";
    let _ = http.send("POST", "/v1/runs/local/p/r/records", lines.as_bytes()).unwrap().expect(200);
}

#[test]
fn the_page_is_everywhere_and_holds_nothing() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    log_a_run(&home.http());
    let (address, _) = door(&home);
    let first = stranger(&address).get("/").expect(200).text();
    assert!(first.contains("<!doctype html>") && !first.contains("local/p"), "{first}");
    let built = first.contains("<script");
    assert!(built || first.contains("cargo xtask build"), "{first}");
    for path in [
        "/local",
        "/local/p",
        "/local/p/runs/r",
        "/local/p/runs/r/files/a/b",
        "/login",
        "/authorize",
        "/status",
        "/orgs/a/registry/b",
        "/registry/a",
        "/no/such/thing/%22%3E%3Cscript%3E",
    ] {
        let answer = stranger(&address).get(path).expect(200);
        assert_eq!(answer.text(), first, "{path}");
        let header = |name: &str| answer.header(name).unwrap_or_default();
        let policy = header("content-security-policy");
        for part in
            ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "form-action 'none'"]
        {
            assert!(policy.contains(part), "{policy}");
        }
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("cache-control"), "no-cache");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
    }
    let _ = stranger(&address).get("/assets/none.js").expect(404);
    // What begins as the API does is no place of the dashboard.
    for path in ["/v1/none", "/v1", "/v1/runs/none", "/graphql/x", "/healthz/x", "/metrics/x"] {
        let _ = stranger(&address).get(path).expect(401);
    }
}

#[test]
fn nothing_is_told_without_proof() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    log_a_run(&home.http());
    let (address, key) = door(&home);
    let ask = json!({"entity": "local", "project": "p", "runs": ["r"], "keys": ["loss"], "buckets": 10});
    let told = |http: &Http, status: u16| {
        for path in [
            "/v1/me",
            "/v1/projects",
            "/v1/runs",
            "/v1/keys?entity=local&project=p",
            "/v1/runs/local/p/r",
            "/v1/runs/local/p/r/log",
            "/v1/runs/local/p/r/media?key=x",
            "/v1/status",
        ] {
            let answer = http.get(path).expect(status);
            assert!(answer.header("set-cookie").is_none(), "{path}: {}", answer.head);
        }
        let _ = http.post("/v1/series", &ask).expect(status);
    };
    told(&stranger(&address), 401);
    let _ = stranger(&address).get("/v1/events?entity=local&project=p").expect(401);
    let session = sign_in(&address, &json!({"key": key})).expect(200);
    assert!(session.header("set-cookie").is_none() && session.header("cache-control") == Some("no-store"));
    told(&with(&address, &session), 200);
    // A cookie is nothing, whatever it holds.
    let cookie = format!("Cookie: pannier={}", session.json()["token"].as_str().unwrap());
    let _ = stranger(&address).send_with("GET", "/v1/runs", &[&cookie], b"").unwrap().expect(401);
    let owner = with(&address, &session).get("/v1/me").expect(200).json();
    assert!(owner["everything"] == json!(true) && owner["hub"] == json!(false), "{owner}");
    // No byte of it can be another, it is no link, and it makes no other session.
    let token = session.json()["token"].as_str().unwrap().to_owned();
    for at in (0..token.len()).step_by(7) {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        let _ = Http::Tcp(address.clone(), Some(changed)).get("/v1/me").expect(401);
    }
    for method in ["GET", "PUT"] {
        let _ = stranger(&address).send(method, &format!("/blob/{token}"), b"x").unwrap().expect(403);
    }
    let _ = sign_in(&address, &json!({"key": token})).expect(401);
}

#[test]
fn wrong_keys_are_refused_and_slowed_down() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let (address, key) = door(&home);
    for _ in 0..20 {
        let _ = sign_in(&address, &json!({"key": key})).expect(200);
    }
    for bad in [json!({}), json!({"key": key, "ticket": "x"}), json!({"user": "a"}), json!({"other": 1})] {
        let answer = sign_in(&address, &bad);
        assert!([400, 422].contains(&answer.status) && answer.json()["error"].is_string(), "{bad}");
    }
    for wrong in 0..10 {
        let answer = sign_in(&address, &json!({"key": format!("pan-{wrong}")})).expect(401);
        assert!(answer.text().contains("not known") && answer.text().contains("pannier open"));
    }
    let answer = sign_in(&address, &json!({"key": key})).expect(429);
    let wait: u64 = answer.header("retry-after").unwrap_or_default().parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    // Whoever has the machine is not locked out by others on it.
    let ticket = home.http().post("/v1/http/ticket", &Json::Null).expect(200).json()["ticket"].clone();
    let session = sign_in(&address, &json!({"ticket": ticket})).expect(200);
    let _ = with(&address, &session).get("/v1/me").expect(200);
}

#[test]
fn pages_of_others_sign_nobody_in() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let (address, key) = door(&home);
    let body = json!({"key": key}).to_string();
    for origin in
        ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site", "Host: evil.example"]
    {
        let answer = stranger(&address).send_with("POST", "/v1/session", &[origin], body.as_bytes()).unwrap();
        assert!(answer.expect(403).json()["token"].is_null());
    }
    let long = json!({"key": "x".repeat(20 << 10)});
    let _ = sign_in(&address, &long).expect(413);
    // A link to the page may be followed from elsewhere: it says nothing.
    let followed = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
    let _ = stranger(&address).send_with("GET", "/local/p", &followed, b"").unwrap().expect(200);
    let framed = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"];
    let _ = stranger(&address).send_with("GET", "/local/p", &framed, b"").unwrap().expect(403);
}

#[test]
fn a_ticket_counts_once_and_leads_nowhere_else() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let (address, key) = door(&home);
    let ticket = |path: &str| {
        home.http().post("/v1/http/ticket", &json!({"path": path})).expect(200).json()["ticket"].clone()
    };
    let made = Http::Tcp(address.clone(), Some(key)).post("/v1/http/ticket", &Json::Null);
    assert!([404, 405].contains(&made.status), "on the socket only: {}", made.status);
    let one = ticket("/local/p");
    let session = sign_in(&address, &json!({"ticket": one})).expect(200);
    assert_eq!(session.json()["path"], json!("/local/p"));
    let again = sign_in(&address, &json!({"ticket": one})).expect(401);
    assert!(again.text().contains("pannier open"), "{}", again.text());
    let _ = sign_in(&address, &json!({"ticket": ""})).expect(401);
    for path in ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example"] {
        let session = sign_in(&address, &json!({"ticket": ticket(path)})).expect(200);
        assert_eq!(session.json()["path"], Json::Null, "{path}");
    }
    assert!(!home.log().contains(one.as_str().unwrap()), "a ticket is in no log");
}

#[test]
fn a_session_ends_with_the_key_that_it_was_given_for() {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let (address, key) = door(&home);
    let session = sign_in(&address, &json!({"key": key})).expect(200);
    daemon.stop();
    let daemon = TestDaemon::start(&home);
    let (address, same) = door(&home);
    assert_eq!(key, same);
    let _ = with(&address, &session).get("/v1/me").expect(200);
    daemon.stop();
    let file = home.path().join("http.json");
    let kept = std::fs::read_to_string(&file).unwrap().replace(&key, &format!("pan-{}", "z".repeat(40)));
    std::fs::write(&file, kept).unwrap();
    let _daemon = TestDaemon::start(&home);
    let (address, other) = door(&home);
    assert_ne!(key, other);
    let _ = with(&address, &session).get("/v1/me").expect(401);
}

#[test]
fn open_prints_a_link_where_there_is_no_display() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    log_a_run(&home.http());
    let (address, key) = door(&home);
    let open = |args: &[&str]| {
        let mut command = home.pannier(&[&["open"], args].concat());
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        pannier_tests::cli::Output::of(&mut command)
    };
    for (what, to) in [(&["p/r"][..], "/local/p/runs/r"), (&["p"], "/local/p"), (&[], "/")] {
        let out = open(&[what, &["--print"]].concat()).expect(0);
        assert!(!out.stdout.contains(&key));
        let link = out.stdout.trim().strip_prefix(&format!("http://{address}")).unwrap();
        // Whatever is in front of the `#` reaches the server, its log and others.
        let (path, ticket) = link.split_once("#ticket=").unwrap();
        assert_eq!(path, to);
        let session = sign_in(&address, &json!({"ticket": ticket})).expect(200);
        assert_eq!(session.json()["path"], json!(to));
    }
    let port = address.rsplit(':').next().unwrap();
    let said = open(&[]).expect(0).stdout;
    assert!(said.contains(&format!("-L {port}:127.0.0.1:{port}")), "{said}");
    let shown = open(&["--json"]).expect(0).json();
    assert!(shown["opened"] == json!(false) && shown["url"].is_string(), "{shown}");
    let failed = open(&["nothing"]).expect(1);
    assert!(failed.stderr.contains("no run or project nothing"), "{}", failed.stderr);
}

#[test]
fn a_hubs_user_looks_until_he_is_removed() {
    let hub = TestHub::started();
    log_a_run(&hub.http());
    let address = hub.address.to_string();
    let token = add_user(&hub.home, "ann");
    let session = sign_in(&address, &json!({"key": token})).expect(200);
    let ann = with(&address, &session);
    let shown = ann.get("/v1/runs/local/p/r/log").expect(200).json();
    assert_eq!(shown["lines"][0]["text"], json!("epoch 1"));
    let me = ann.get("/v1/me").expect(200).json();
    assert_eq!((&me["user"], &me["hub"], &me["everything"]), (&json!("ann"), &json!(true), &json!(false)));
    assert!(me["writes"].as_array().unwrap().contains(&json!("local")), "{me}");
    let _ = ann.get("/v1/status").expect(403);
    let _ = hub.http().post("/v1/http/ticket", &Json::Null).expect(409);
    let _ = hub.home.run(&["hub", "user", "remove", "ann"]).expect(0);
    wait::until("the session ends", || (ann.get("/v1/me").status == 401).then_some(()));
    // Another of the same name is somebody else.
    let token = add_user(&hub.home, "ann");
    let _ = ann.get("/v1/me").expect(401);
    let session = sign_in(&address, &json!({"key": token})).expect(200);
    let _ = with(&address, &session).get("/v1/me").expect(200);
}
