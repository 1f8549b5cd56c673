//! Pages in a browser: who sees them, what a session is worth, and that nothing
//! that was logged becomes a part of a page.

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::http::{Answer, Http};
use pannier_tests::hub::{TestHub, add_user};
use pannier_tests::wait;
use serde_json::{Value as Json, json};

const HTML: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// A browser: it keeps the cookie that it was given last.
struct Browser {
    http: Http,
    cookie: String,
}

impl Browser {
    fn at(address: &str) -> Self {
        Self { http: Http::Tcp(address.to_owned(), None), cookie: String::new() }
    }

    fn send(&mut self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let cookie = format!("Cookie: other=1; {}", self.cookie);
        let headers = [&[HTML, cookie.as_str()], headers].concat();
        let answer = self.http.send_with(method, path, &headers, body.as_bytes()).unwrap();
        if let Some((cookie, _)) = answer.header("set-cookie").unwrap_or_default().split_once(';') {
            self.cookie = cookie.to_owned();
        }
        answer
    }

    fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    fn sign_in(&mut self, key: &str, to: &str) -> Answer {
        let own = "Origin: http://localhost";
        self.send("POST", "/login", &[FORM, own], &format!("key={key}&to={to}"))
    }
}

/// Address and key of a home's port.
fn door(home: &TestHome) -> (String, String) {
    let found = home.http().get("/v1/http").expect(200).json();
    let text = |name: &str| found[name].as_str().unwrap().to_owned();
    (text("url").strip_prefix("http://").unwrap().to_owned(), text("token"))
}

/// A run `local/p/r` with a row, at whoever listens there.
fn log_a_run(http: &Http) {
    let run = json!({"entity": "local", "project": "p", "run": "r", "config": {"lr": 0.1}});
    let _ = http.post("/v1/runs", &run).expect(200);
    let lines = "{\"history\": {\"row\": {\"loss\": 0.5}}}\n{\"console\": {\"text\": \"epoch 1\"}}\n";
    let _ = http.send("POST", "/v1/runs/local/p/r/records", lines.as_bytes()).unwrap().expect(200);
}

const PAGES: [&str; 4] = ["/", "/local", "/local/p", "/local/p/runs/r"];

#[test]
fn nothing_is_shown_without_proof() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    log_a_run(&home.http());
    let (address, key) = door(&home);
    let mut browser = Browser::at(&address);
    for path in PAGES {
        let answer = browser.get(path).expect(401);
        let said = answer.text();
        assert_eq!(answer.header("content-type").unwrap_or_default(), "text/html; charset=utf-8");
        assert!(answer.header("content-security-policy").unwrap_or_default().contains("default-src 'none'"));
        assert!(said.contains("<form") && said.contains("pannier open") && !said.contains("loss"), "{said}");
        assert!(said.contains(&format!("name=\"to\" value=\"{path}\"")), "{said}");
        let program = browser.http.send_with("GET", path, &["Accept: */*"], b"").unwrap().expect(401);
        assert!(program.json()["error"].is_string());
        browser.cookie = "pannier-00000000=AQ".to_owned();
    }
    for (method, path) in [("GET", "/v1/runs"), ("GET", "/v1/none"), ("GET", "/v1"), ("POST", "/local/p")] {
        let answer = browser.send(method, path, &[], "").expect(401);
        assert!(answer.json()["error"].is_string(), "{method} {path}");
    }
    // With the key, what is no route is none, and what is one is no page.
    let http = Http::Tcp(address, Some(key));
    for path in ["/v1/none", "/v1/runs/none", "/files/a", "/blob", "/sdk/x", "/graphql/x", "/healthz/x"] {
        for method in ["GET", "POST"] {
            let answer = http.send_with(method, path, &[HTML], b"").unwrap().expect(404);
            assert!(answer.json()["error"].as_str().unwrap().contains("no route"), "{method} {path}");
        }
    }
    assert_eq!(http.send_with("GET", "/healthz", &[HTML], b"").unwrap().expect(200).text(), "ok\n");
    let _ = http.send_with("GET", "/local/none", &[HTML], b"").unwrap().expect(404);
}

#[test]
fn the_key_opens_pages_and_nothing_else() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    log_a_run(&home.http());
    let (address, key) = door(&home);
    let mut browser = Browser::at(&address);
    let answer = browser.sign_in(&key, "%2Flocal%2Fp%2Fruns%2Fr").expect(303);
    assert_eq!(answer.header("location").unwrap_or_default(), "/local/p/runs/r");
    let cookie = answer.header("set-cookie").unwrap_or_default();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains(&key), "{cookie}");
    for (path, says) in PAGES.iter().zip(["/local/p\"", "/local/p\"", "/local/p/runs/r\"", "epoch 1"]) {
        let page = browser.get(path).expect(200).text();
        assert!(page.contains(says), "{path}: {page}");
    }
    let page = browser.get("/local/p/runs/r").expect(200).text();
    let link = page.split("href=\"").find(|link| link.starts_with("/blob/")).unwrap();
    let _ = browser.get(link.split('"').next().unwrap()).expect(200);
    for path in ["/local/p/runs/r/overview", "/local/p/runs/r/files/a/b"] {
        assert_eq!(browser.get(path).expect(303).header("location").unwrap_or_default(), "/local/p/runs/r");
    }
    for (method, path, status) in [
        ("GET", "/v1/runs", 401),
        ("GET", "/v1/status", 401),
        ("GET", "/metrics", 401),
        ("POST", "/graphql", 401),
        ("POST", "/local/p", 401),
        ("DELETE", "/local/p/runs/r", 401),
    ] {
        let _ = browser.send(method, path, &[], "{\"query\": \"{viewer{id}}\"}").expect(status);
    }
    let value = browser.cookie.split_once('=').unwrap().1.to_owned();
    for method in ["GET", "PUT"] {
        let _ = browser.send(method, &format!("/blob/{value}"), &[], "x").expect(403);
    }
    let old = browser.cookie.clone();
    let answer = browser.send("POST", "/logout", &[FORM], "").expect(303);
    assert!(answer.header("set-cookie").unwrap_or_default().contains("Max-Age=0"), "{}", answer.head);
    let _ = browser.get("/").expect(401);
    // No byte of it can be another.
    let changed = old
        .char_indices()
        .skip(old.find('=').unwrap() + 1)
        .step_by(7)
        .map(|(at, c)| format!("{}{}{}", &old[..at], if c == 'A' { 'B' } else { 'A' }, &old[at + 1..]));
    for cookie in changed {
        browser.cookie = cookie;
        let _ = browser.get("/").expect(401);
    }
}

#[test]
fn wrong_keys_are_refused_and_slowed_down() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let (address, key) = door(&home);
    let mut browser = Browser::at(&address);
    for _ in 0..20 {
        let _ = browser.sign_in(&key, "/").expect(303);
    }
    browser.cookie.clear();
    for wrong in 0..10 {
        let answer = browser.sign_in(&format!("pan-{wrong}"), "/").expect(401);
        assert!(
            answer.header("set-cookie").unwrap_or_default().is_empty() && answer.text().contains("not known")
        );
    }
    let answer = browser.sign_in(&key, "/").expect(429);
    let wait: u64 = answer.header("retry-after").unwrap_or_default().parse().unwrap();
    assert!((1..=61).contains(&wait) && answer.text().contains("<form"), "{wait}");
    // Whoever has the machine is not locked out by others on it.
    let ticket = home.http().post("/v1/http/ticket", &Json::Null).expect(200).json();
    let _ = browser.get(&format!("/login?ticket={}", ticket["ticket"].as_str().unwrap())).expect(303);
    let _ = browser.get("/").expect(200);
}

#[test]
fn pages_of_others_sign_nobody_in() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    log_a_run(&home.http());
    let (address, key) = door(&home);
    let mut browser = Browser::at(&address);
    for origin in ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
        let answer = browser.send("POST", "/login", &[FORM, origin], &format!("key={key}")).expect(403);
        assert!(answer.header("set-cookie").unwrap_or_default().is_empty());
        let _ = browser.send("POST", "/logout", &[FORM, origin], "").expect(403);
    }
    let long = "x".repeat(20 << 10);
    let _ = browser.sign_in(&long, "/").expect(413);
    // Who follows a link elsewhere sends no cookie; the page that he gets asks
    // for itself, with the cookie.
    let followed = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
    let said = browser.send("GET", "/local/p?offset=0", &followed, "").expect(401).text();
    let onward = "/login?to=%2Flocal%2Fp%3Foffset%3D0";
    assert!(said.contains(&format!("content=\"0; url={onward}\"")), "{said}");
    let form = browser.get(onward).expect(200).text();
    assert!(form.contains("value=\"/local/p?offset=0\"") && !form.contains("http-equiv"), "{form}");
    let _ = browser.sign_in(&key, "/").expect(303);
    assert_eq!(browser.get(onward).expect(303).header("location").unwrap_or_default(), "/local/p?offset=0");
}

#[test]
fn what_was_logged_is_text() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let evil = "\"><img src=x onerror=alert(1)><script>alert(1)</script>'&";
    let plain = "<i>\"'&";
    let run = json!({
        "entity": plain, "project": plain, "run": plain,
        "fields": {"name": evil, "group": evil, "job_type": evil, "notes": evil, "tags": [evil, "b"]},
        "config": {evil: evil, "nested": {evil: [evil]}},
    });
    let _ = home.http().post("/v1/runs", &run).expect(200);
    let lines = [
        json!({"history": {"row": {"<b>loss": 1.5, "text": evil}}}),
        json!({"summary": {evil: evil, "<b>best": 1}}),
        json!({"console": {"text": format!("\u{1b}[31m{evil}\u{1b}[0m \u{0} </pre>")}}),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let encoded = "%3Ci%3E%22'%26";
    let route = format!("/v1/runs/{encoded}/{encoded}/{encoded}/records");
    let _ = home.http().send("POST", &route, lines.as_bytes()).unwrap().expect(200);
    let (address, key) = door(&home);
    let mut browser = Browser::at(&address);
    let _ = browser.sign_in(&key, "/").expect(303);
    let run = format!("/{encoded}/{encoded}/runs/{encoded}");
    let paths = ["/".to_owned(), format!("/{encoded}"), format!("/{encoded}/{encoded}"), run];
    for path in &paths {
        let page = browser.get(path).expect(200).text();
        only_our_markup(&page);
        assert!(page.contains("&lt;i&gt;&quot;&#39;&amp;"), "{page}");
    }
    let page = browser.get(&paths[3]).expect(200).text();
    assert!(page.matches("&lt;script&gt;alert(1)&lt;/script&gt;").count() >= 9, "{page}");
    assert!(page.contains("&lt;/pre&gt;") && !page.contains("[31m"), "{page}");
    for path in ["/%3Cscript%3E", "/%3Cscript%3E/p/runs/%22%3E%3Cimg", "/a/b/runs/%00"] {
        let page = browser.get(path);
        assert!((400..500).contains(&page.status), "{path}");
        only_our_markup(&page.text());
    }
    browser.cookie.clear();
    only_our_markup(&browser.get("/%22%3E%3Cscript%3E?%22%3E%3Cscript%3E").text());
}

/// Every `<` begins a tag that pages have, and every attribute one of theirs.
fn only_our_markup(page: &str) {
    const TAGS: &str = "!doctype html head meta title style body header nav ol li a bdi form span button main h1 h2 p \
        div table thead tbody tr th td time pre code label input";
    assert!(page.starts_with("<!doctype html>"), "{page}");
    for (at, _) in page.match_indices('<') {
        let rest = page[at + 1..].trim_start_matches('/');
        let tag = rest.split([' ', '>', '\n']).next().unwrap();
        assert!(TAGS.split_whitespace().any(|known| known == tag), "<{tag} in {page}");
        let inside = rest.split('>').next().unwrap();
        assert!(
            inside.matches('"').count().is_multiple_of(2) && !inside.contains(" on"),
            "<{inside}> in {page}"
        );
    }
}

#[test]
fn of_a_long_console_the_end_is_shown() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    log_a_run(&home.http());
    for part in 0..5 {
        let (first, last) = (part * 100, part * 100 + 100);
        let line = |n: usize| format!("{{\"console\": {{\"text\": \"line {n}.\"}}}}\n");
        let lines: String = (first..last).map(line).collect();
        let route = format!("/v1/runs/local/p/r/records?writer=w&first={first}");
        let _ = home.http().send("POST", &route, lines.as_bytes()).unwrap().expect(200);
    }
    let (address, key) = door(&home);
    let page = Http::Tcp(address, Some(key)).get("/local/p/runs/r").expect(200).text();
    assert!(
        page.contains(">line 300.\n") && page.contains("line 499.\n") && !page.contains("line 299."),
        "{page}"
    );
    assert!(page.contains("The last 200 lines"), "{page}");
}

#[test]
fn a_ticket_signs_in_once_and_leads_nowhere_else() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    log_a_run(&home.http());
    let (address, key) = door(&home);
    let ticket = || {
        let made = home.http().post("/v1/http/ticket", &Json::Null).expect(200).json();
        made["ticket"].as_str().unwrap().to_owned()
    };
    let _ = Http::Tcp(address.clone(), Some(key.clone())).post("/v1/http/ticket", &Json::Null).expect(404);
    let mut browser = Browser::at(&address);
    let link = format!("/login?ticket={}&to=%2Flocal%2Fp", ticket());
    assert_eq!(browser.get(&link).expect(303).header("location").unwrap_or_default(), "/local/p");
    let _ = browser.get("/local/p").expect(200);
    browser.cookie.clear();
    let again = browser.get(&link).expect(401);
    assert!(
        again.header("set-cookie").unwrap_or_default().is_empty() && again.text().contains("pannier open")
    );
    let _ = browser.get("/login?ticket=").expect(401);
    for to in
        ["%2F%2Fevil.example", "https%3A%2F%2Fevil.example", "%2F%5Cevil.example", "%2F%09%2Fevil.example"]
    {
        let answer = browser.get(&format!("/login?ticket={}&to={to}", ticket())).expect(303);
        assert_eq!(answer.header("location").unwrap_or_default(), "/", "{to}");
        assert_eq!(browser.sign_in(&key, to).expect(303).header("location").unwrap_or_default(), "/", "{to}");
    }
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
        assert_eq!(Browser::at(&address).get(link).expect(303).header("location").unwrap_or_default(), to);
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
    let mut browser = Browser::at(&address);
    let said = browser.get("/local/p/runs/r").expect(401).text();
    assert!(said.contains("hub user add") && !said.contains("pannier open"), "{said}");
    let token = add_user(&hub.home, "ann");
    let _ = browser.sign_in(&token, "/").expect(303);
    assert!(browser.get("/local/p/runs/r").expect(200).text().contains("epoch 1"));
    let _ = browser.get("/v1/runs").expect(401);
    let _ = hub.http().post("/v1/http/ticket", &Json::Null).expect(409);
    let _ = hub.home.run(&["hub", "user", "remove", "ann"]).expect(0);
    wait::until("the session ends", || (browser.get("/").status == 401).then_some(()));
    // Another of the same name is somebody else.
    let token = add_user(&hub.home, "ann");
    let _ = browser.get("/").expect(401);
    let _ = browser.sign_in(&token, "/").expect(303);
    let _ = browser.get("/").expect(200);
}
