//! GraphQL requests that are odd, wrong or hostile: what does no harm is let
//! pass, what cannot be is refused with words, and nothing costs much.

use std::time::{Duration, Instant};

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::http::Answer;
use pannier_tests::wandb::{Door, history_post, lines, resident_kib};
use serde_json::{Value as Json, json};

/// What a refusal may take, also where the program was built for debugging.
const SOON: Duration = Duration::from_secs(1);
/// How much more memory a daemon may have after all of them.
const FLAT_KIB: u64 = 48 << 10;

struct Asking {
    _home: TestHome,
    daemon: TestDaemon,
    door: Door,
}

impl Asking {
    fn start() -> Self {
        let home = TestHome::new();
        let daemon = TestDaemon::start(&home);
        let door = Door::of(&home);
        Self { _home: home, daemon, door }
    }

    /// The words of the one error of an answer.
    #[track_caller]
    fn refused(&self, document: &str, variables: &Json) -> String {
        let answer = self.door.ask(document, variables);
        let message = answer["errors"][0]["message"].as_str();
        let message = message.unwrap_or_else(|| panic!("{document} {variables}: {answer}"));
        assert!(message.len() > 8 && message.len() < 500, "{message:?} is for people");
        message.to_owned()
    }

    fn pid(&mut self) -> u32 {
        self.daemon.process().pid()
    }
}

fn small(text: &str) -> &str {
    &text[..text.len().min(200)]
}

#[test]
fn what_is_too_much_does_no_harm() {
    let Asking { _home, daemon: _daemon, door } = Asking::start();
    let document = "mutation UpsertBucket($input: UpsertBucketInput!) {
        upsertBucket(input: $input) { bucket { id name hue { of { it } } } inserted unheardOf } }";
    let variables = json!({
        "input": {"name": "r", "modelName": "p", "unknownField": {"deep": [1]}, "sweep": null, "debug": false},
        "nobody": {"declared": "this"},
    });
    let data = door.data(document, &variables);
    assert_eq!(data["upsertBucket"]["bucket"]["name"], "r", "{data}");
    assert_eq!(data["upsertBucket"]["inserted"], true, "{data}");
    let data =
        door.data("query Q { viewer { id strange } serverInfo { features { name } more } }", &json!({}));
    assert!(data["viewer"]["id"].is_string() && data["viewer"]["strange"].is_null(), "{data}");
}

#[test]
fn defaults_of_variables_hold_for_conditions_too() {
    let Asking { _home, daemon: _daemon, door } = Asking::start();
    let document = "query Q($a: Boolean = true, $b: Boolean = false) {
        viewer { id @include(if: $a) name @include(if: $b) entity @skip(if: $a) username @skip(if: $b) } }";
    let data = door.data(document, &json!({}));
    let keys: Vec<_> = data["viewer"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["id", "username"]);
    let data = door.data(document, &json!({"a": false, "b": true}));
    let keys: Vec<_> = data["viewer"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["name", "entity"]);
}

#[test]
fn an_operation_that_nobody_has_is_named() {
    let asking = Asking::start();
    assert!(asking.refused("query Q { crystalBall { future } }", &json!({})).contains("crystalBall"));
    assert!(
        asking.refused("mutation M { launchRocket(input: {}) { id } }", &json!({})).contains("launchRocket")
    );
    let several = "query A { viewer { id } } query B { viewer { id } }";
    let body = json!({"query": several, "operationName": "C"}).to_string();
    let answer = asking.door.graphql(body.as_bytes()).expect(200).text();
    assert!(answer.contains('C') && answer.contains("errors"), "{answer}");
    // One hidden in a fragment is no error of the request's form.
    let hidden = asking.door.ask("query Q { ...F } fragment F on Query { crystalBall }", &json!({}));
    assert!(hidden.is_object(), "{hidden}");
    let _ = asking.refused("subscription S { runs { id } }", &json!({}));
}

#[test]
fn what_is_no_request_is_refused() {
    let Asking { _home, daemon, door } = Asking::start();
    let refused = |answer: Answer, what: &str| {
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
        let said = answer.json();
        assert!(said["errors"][0]["message"].is_string(), "{what}: {said}");
    };
    for body in [
        &b""[..],
        b"null",
        b"3",
        b"{",
        b"{}",
        b"[]",
        br#"[{"query": "{ viewer { id } }"}, {"query": "{ viewer { id } }"}]"#,
        br#"{"query": 3}"#,
        b"{\"query\": \"{ viewer { id } }\xff\xfe\"}",
        b"\x00\x01\x02",
        br#"{"query": "{ viewer { id } }", "operationName": {}}"#,
    ] {
        refused(door.graphql(body), &String::from_utf8_lossy(body));
    }
    for document in
        ["", "{", "query", "}{", "query Q { viewer { id }", "\u{0}", "{ viewer { id } } ~", "query Q { }"]
    {
        let answer = door.ask(document, &json!({}));
        assert!(answer["errors"][0]["message"].is_string(), "{document:?}: {answer}");
    }
    for variables in [json!([1]), json!("x"), json!(3)] {
        let body = json!({"query": "query Q { viewer { id } }", "variables": variables}).to_string();
        let answer = door.graphql(body.as_bytes());
        assert!([200, 400].contains(&answer.status), "{}", answer.text());
    }
    assert!(daemon.status()["problems"].as_array().unwrap().is_empty(), "nothing of this is our fault");
}

#[test]
fn ids_and_values_of_another_shape_are_refused_by_name() {
    let asking = Asking::start();
    asking.door.begin("p", "r", &json!({}));
    let delete = "mutation DeleteRun($id: ID!) { deleteRun(input: {id: $id}) { success } }";
    let long = "x".repeat(100_000);
    for id in [
        json!(""),
        json!("r"),
        json!("UnVuOnYx"),
        json!("local/p/r"),
        json!("../../etc/passwd"),
        json!("\u{0}"),
        json!("ü🦀"),
        // `Run:v1:..:p:local` and `Run:v1:a:b`
        json!("UnVuOnYxOi4uOnA6bG9jYWw="),
        json!("UnVuOnYxOmE6Yg=="),
        json!(-1),
        json!(long),
        json!(null),
        json!([]),
        json!({"id": 1}),
        json!(1.5),
        json!(true),
    ] {
        let answer = asking.door.ask(delete, &json!({"id": id}));
        let message = answer["errors"][0]["message"].as_str();
        let message = message.unwrap_or_else(|| panic!("{}: {answer}", small(&id.to_string())));
        assert!(message.len() < 1000, "{} bytes are too many for a message", message.len());
    }
    for id in ["", "QXJ0aWZhY3Q6", "Artifact:1", "~", "UnVuOnYx"] {
        let data = asking.door.data("query A($id: ID!) { artifact(id: $id) { id } }", &json!({"id": id}));
        assert!(data["artifact"].is_null(), "{id}: {data}");
    }
    let page = "query R($f: JSONString, $o: String, $n: Int, $a: String) { project(name: \"p\") {
        runs(filters: $f, order: $o, first: $n, after: $a) { edges { node { name } } } } }";
    for variables in [
        json!({"f": "{"}),
        json!({"f": "[1]"}),
        json!({"f": "{\"$nope\": 1}"}),
        json!({"f": "{\"name\": {\"$regex\": \"(\"}}"}),
        json!({"f": "{\"a\":".repeat(5000)}),
        json!({"f": 3}),
        json!({"n": "many"}),
        json!({"n": 1_u64 << 40}),
    ] {
        let _ = asking.refused(page, &variables);
    }
    for variables in [json!({"n": -1}), json!({"a": "no cursor"}), json!({"a": "99999999999999999999"})] {
        let data = asking.door.data(page, &variables);
        assert!(data["project"]["runs"]["edges"].is_array(), "{variables}: {data}");
    }
    assert_eq!(asking.door.data(page, &json!({}))["project"]["runs"]["edges"].as_array().unwrap().len(), 1);
}

#[test]
fn bodies_are_bounded_before_they_are_read() {
    let mut asking = Asking::start();
    let before = resident_kib(asking.pid());
    let gigabytes = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", 8_u64 << 30);
    for line in ["POST /graphql", "POST /files/local/p/r/file_stream"] {
        let began = Instant::now();
        let answer = asking.door.raw(line, &gigabytes, b"{\"query\": \"").unwrap();
        assert_eq!(answer.status, 413, "{line}: {}", answer.text());
        assert!(began.elapsed() < SOON, "{line}: answered before it is sent");
    }
    // Of a length that nobody said: it is known when it is too much.
    let chunk = [format!("{:x}\r\n", 1 << 20).as_bytes(), &vec![b' '; 1 << 20], b"\r\n"].concat();
    for line in ["POST /graphql", "POST /files/local/p/r/file_stream"] {
        let headers = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
        match asking.door.raw(line, headers, &chunk.repeat(70)) {
            Ok(answer) => assert_eq!(answer.status, 413, "{line}: {}", answer.text()),
            // It may have closed before it was told all.
            Err(error) => println!("{line}: {error}"),
        }
    }
    let after = resident_kib(asking.pid());
    assert!(after < before + 2 * (64 << 10), "{before} KiB became {after}");
    let _ = asking.door.http().get("/healthz").expect(200);
}

/// Documents that ask for more than anybody needs.
fn bombs() -> Vec<(&'static str, String, Json)> {
    let none = json!({});
    let deep = |n: usize| format!("query Q {}{}", "{ project ".repeat(n), "}".repeat(n));
    let run = "project(name: \"p\") { run(name: \"r\") ";
    let nested = |n: usize| {
        let below = "project { runs(first: 5000) { edges { node { ".repeat(n);
        format!("query Q {{ {run} {{ {below} id {} }} }} }}", "} } } }".repeat(n))
    };
    // Each fragment spreads the next twice: 2^30 fields of 60 lines.
    let doubling: String =
        (0..30).map(|n| format!("fragment F{n} on Query {{ ...F{} ...F{} }}\n", n + 1, n + 1)).collect();
    let aliases: String = (0..10_000).map(|n| format!("a{n}: viewer {{ id }} ")).collect();
    let histories: String = (0..10_000).map(|n| format!("a{n}: history(samples: 100000) ")).collect();
    let flood = "@include(if: true) ".repeat(10_000);
    let variables: String = (0..20_000).map(|n| format!("$v{n}: String, ")).collect();
    let values: serde_json::Map<_, _> = (0..20_000).map(|n| (format!("v{n}"), json!("x"))).collect();
    vec![
        ("deep", deep(100), none.clone()),
        ("very deep", deep(100_000), none.clone()),
        ("nested lists", nested(6), none.clone()),
        (
            "doubling fragments",
            format!("query Q {{ ...F0 }} {doubling} fragment F30 on Query {{ viewer {{ id }} }}"),
            none.clone(),
        ),
        (
            "a fragment in itself",
            "query Q { ...F } fragment F on Query { viewer { id } ...F }".into(),
            none.clone(),
        ),
        (
            "fragments in each other",
            "query Q { viewer { ...A } } fragment A on User { id ...B } fragment B on User { name ...A }"
                .into(),
            none.clone(),
        ),
        ("many aliases", format!("query Q {{ {aliases} }}"), none.clone()),
        ("many histories", format!("query Q {{ {run} {{ {histories} }} }} }}"), none.clone()),
        ("many directives", format!("query Q {{ viewer {{ id {flood} }} }}"), none.clone()),
        (
            "deep value",
            format!("query Q {{ project(name: {}1{}) {{ id }} }}", "[".repeat(50_000), "]".repeat(50_000)),
            none,
        ),
        (
            "many variables",
            format!("query Q({variables}) {{ project(name: $v0) {{ id }} nothingOfTheKind }}"),
            Json::Object(values),
        ),
    ]
}

#[test]
fn bombs_are_refused_at_once() {
    let mut asking = Asking::start();
    asking.door.begin("p", "r", &json!({}));
    let _ = asking.door.post("p", "r", &history_post(0, &lines(0..2000))).expect(200);
    let _ = asking.door.history("p", "r");
    let before = resident_kib(asking.pid());
    let mut faults = Vec::new();
    for (name, document, variables) in bombs() {
        let began = Instant::now();
        let body = json!({"query": document, "variables": variables}).to_string();
        let answer = asking.door.graphql(body.as_bytes());
        let took = began.elapsed();
        let said = answer.json();
        let mut fault = |wrong: bool, what: String| faults.extend(wrong.then(|| format!("{name}: {what}")));
        fault(![200, 400].contains(&answer.status), answer.status.to_string());
        fault(!said["errors"][0]["message"].is_string(), format!("let pass: {}", small(&answer.text())));
        fault(took > SOON, format!("answered after {took:?}"));
        fault(answer.body.len() > 10_000, format!("an answer of {} bytes", answer.body.len()));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    let after = resident_kib(asking.pid());
    assert!(after < before + FLAT_KIB, "{before} KiB became {after}");
    assert_eq!(asking.door.steps("p", "r").len(), 2000, "it serves as before");
}

#[test]
fn the_schema_can_be_asked_for_but_not_without_end() {
    let mut asking = Asking::start();
    let data =
        asking.door.data("query T { __type(name: \"Run\") { fields { name } } __typename }", &json!({}));
    let fields = data["__type"]["fields"].to_string();
    assert!(fields.contains("\"projectId\"") && data["__typename"] == "Query", "{data}");
    let data = asking.door.data("query S { __schema { types { name fields { name } } } }", &json!({}));
    assert!(data["__schema"]["types"].as_array().unwrap().len() > 20);
    let before = resident_kib(asking.pid());
    let of = "fields { type { ".repeat(12);
    let deep = format!("query S {{ __schema {{ types {{ {of} name {} }} }} }}", "} }".repeat(12));
    let began = Instant::now();
    let answer = asking.door.ask(&deep, &json!({}));
    assert!(answer["errors"][0]["message"].is_string(), "{}", small(&answer.to_string()));
    assert!(began.elapsed() < SOON);
    // Six deep: within the bound of depth, and millions of names.
    let of = "fields { type { ".repeat(6);
    let wide = format!("query S {{ __schema {{ types {{ {of} name {} }} }} }}", "} }".repeat(6));
    let began = Instant::now();
    let answer = asking.door.graphql(json!({"query": wide}).to_string().as_bytes());
    assert!(began.elapsed() < 2 * SOON, "{:?}", began.elapsed());
    assert!(answer.body.len() < 4 << 20, "{} bytes", answer.body.len());
    let after = resident_kib(asking.pid());
    assert!(after < before + FLAT_KIB, "{before} KiB became {after}");
}

#[test]
fn what_is_not_there_is_null() {
    let Asking { _home, daemon: _daemon, door } = Asking::start();
    let document = "query Q($p: String!, $r: String!) {
        project(name: $p, entityName: \"local\") { run(name: $r) { id } }
        model(name: $p) { bucket(name: $r, missingOk: true) { id } } }";
    let data = door.data(document, &json!({"p": "p", "r": "r"}));
    assert_eq!(data, json!({"project": null, "model": null}));
    door.begin("p", "r", &json!({}));
    let data = door.data(document, &json!({"p": "p", "r": "other"}));
    assert_eq!(data, json!({"project": {"run": null}, "model": {"bucket": null}}));
    let data = door.data(document, &json!({"p": "p", "r": "r"}));
    assert!(data["project"]["run"]["id"].is_string() && data["model"]["bucket"]["id"].is_string(), "{data}");
    for name in ["", "a/b", "..", "\u{0}", &"x".repeat(1000)] {
        let answer = door.ask(document, &json!({"p": "p", "r": name}));
        assert!(answer["data"]["project"]["run"].is_null(), "{name:?}: {answer}");
    }
}

#[test]
fn a_deleted_run_stays_deleted() {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let door = Door::of(&home);
    let id = door.begin("p", "gone", &json!({}));
    door.begin("p", "stays", &json!({}));
    let _ = door.post("p", "gone", &history_post(0, &lines(0..3))).expect(200);
    let link = door.upload_link("p", "gone", "late.txt");
    let delete = "mutation DeleteRun($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }";
    let _ = door.data(delete, &json!({"id": id}));
    let check = |door: &Door| {
        let data = door.data("{ project(name: \"p\") { run(name: \"gone\") { id } runCount } }", &json!({}));
        assert_eq!(data, json!({"project": {"run": null, "runCount": 1}}));
        let document = "mutation UpsertBucket($name: String) {
            upsertBucket(input: {name: $name, modelName: \"p\"}) { bucket { id } } }";
        let answer = door.ask(document, &json!({"name": "gone"}));
        let message = answer["errors"][0]["message"].as_str().unwrap_or_else(|| panic!("{answer}"));
        assert!(message.contains("gone") && message.contains("deleted"), "{message}");
        let answer = door.post("p", "gone", &history_post(3, &lines(3..4))).expect(409);
        assert!(answer.text().contains("deleted"), "{}", answer.text());
        let answer = door.put(&link, &[], b"late");
        assert!((400..500).contains(&answer.status), "{} {}", answer.status, answer.text());
        let answer = door.ask(delete, &json!({"id": id}));
        assert!(answer["errors"][0]["message"].is_string(), "there is nothing to delete: {answer}");
        assert_eq!(door.http().get("/v1/runs/local/p/gone").status, 404);
    };
    check(&door);
    daemon.kill();
    let _daemon = TestDaemon::start(&home);
    check(&Door::of(&home));
}
