//! Who may do what with whose data at a hub: every user, every kind of entity,
//! every verb, at every door; and that no route and no mutation is forgotten.

use std::fmt::Write as _;

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::http::{Answer, Http};
use pannier_tests::hub::TestHub;
use pannier_tests::wait;
use serde_json::{Value as Json, json};

use crate::http_doors::{METHODS, OPEN, filled_in, routes};

/// A hub with an organization, its teams, and users of every role.
pub struct Hub {
    /// The hub.
    pub hub: TestHub,
    tokens: Vec<(&'static str, String)>,
}

pub const USERS: [&str; 7] = ["viewer", "member", "lead", "boss", "clerk", "outsider", "root"];
/// A team, another, an organization, a user's own, one that nobody registered,
/// and a deleted team.
pub const ENTITIES: [&str; 6] = ["vision", "audio", "acme", "member", "commons", "gone"];

/// How many of read, write, delete and administer a user may at an entity.
pub fn allowed(user: &str, entity: &str) -> usize {
    match (user, entity) {
        ("root", _) | ("boss", "vision" | "audio" | "acme") => 4,
        ("lead", "vision") | ("outsider", "audio") | ("member", "member") => 4,
        ("member", "vision") | ("clerk", "acme") | (_, "commons") => 3,
        ("viewer" | "clerk", "vision") | ("clerk", "audio") => 1,
        _ => 0,
    }
}

impl Hub {
    /// Up, with a run `p/r` in every entity.
    pub fn start() -> Self {
        let mut hub = TestHub::new();
        let run = |args: &[&str]| hub.home.run(&[&["hub"], args].concat()).expect(0);
        let mut tokens = Vec::new();
        for user in USERS {
            let admin: &[&str] = if user == "root" { &["--admin"] } else { &[] };
            let made = run(&[&["user", "add", user, "--json"], admin].concat()).json();
            tokens.push((user, made["token"].as_str().unwrap().to_owned()));
        }
        let _ = run(&["org", "add", "acme", "--admin", "boss"]);
        let _ = run(&["org", "member", "acme", "clerk", "--role", "member"]);
        for (team, admin) in [("vision", "lead"), ("audio", "outsider"), ("gone", "lead")] {
            let _ = run(&["team", "add", team, "--org", "acme", "--admin", admin]);
        }
        for user in ["member", "viewer"] {
            let _ = run(&["team", "member", "vision", user, "--role", user]);
        }
        let said = run(&["team", "delete", "gone"]).stdout;
        assert!(said.contains("team \"gone\" is deleted"), "{said}");
        hub.start();
        for entity in ENTITIES {
            let begun = json!({"entity": entity, "project": "p", "run": "r"});
            let _ = hub.http().post("/v1/runs", &begun).expect(200);
        }
        Self { hub, tokens }
    }

    /// A user's token.
    pub fn token(&self, user: &str) -> &str {
        &self.tokens.iter().find(|(name, _)| *name == user).unwrap().1
    }

    /// Talks to it as a user.
    pub fn of(&self, user: &str) -> Http {
        Http::Tcp(self.hub.address.to_string(), Some(self.token(user).to_owned()))
    }
}

/// Asks by GraphQL; the whole answer.
pub fn ask(http: &Http, document: &str, variables: &Json) -> Json {
    http.post("/graphql", &json!({"query": document, "variables": variables})).expect(200).json()
}

/// Whether a mutation was let through: what it says else is not the matter.
fn let_through(http: &Http, document: &str) -> bool {
    let said = ask(http, document, &json!({})).to_string();
    !said.contains("may not") && !said.contains("does not administer")
}

fn run_id(entity: &str, run: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("Run:v1:{run}:p:{entity}"))
}

fn file_id(entity: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("File:v1:r:p:{entity}:none.txt"))
}

/// What shows that a verb is granted, at each door; by name.
fn probes(http: &Http, entity: &str) -> [Vec<(&'static str, bool)>; 4] {
    let found = |answer: Answer| match answer.status {
        200 | 303 => true,
        404 => false,
        status => panic!("{status}: {}", answer.text()),
    };
    let run = format!("/v1/runs/{entity}/p/r");
    let get = |route: &str| found(http.get(&format!("{run}{route}")));
    let project =
        format!("{{ project(name: \"p\", entityName: \"{entity}\") {{ run(name: \"r\") {{ id }} }} }}");
    let models = format!("{{ models(entityName: \"{entity}\") {{ edges {{ node {{ name }} }} }} }}");
    let named = format!("{{ entity(name: \"{entity}\") {{ name }} }}");
    let data = |document: &str| ask(http, document, &json!({}))["data"].take();
    let has = |route: &str, list: &str| {
        let all = http.get(route).expect(200).json()[list].take();
        all.as_array().unwrap().iter().any(|item| item["entity"] == entity)
    };
    let of_project = format!("/v1/runs?entity={entity}&project=p");
    let lines = json!({"entity": entity, "project": "p", "runs": ["r"], "keys": ["x"], "buckets": 1});
    let by = |route: &'static str| (route, get(route));
    let mut read = ["", "/metrics", "/rows", "/console", "/branches", "/files"].map(by).to_vec();
    read.extend(["/files/config.yaml", "/log", "/media?key=x"].map(by));
    read.extend([
        ("the list of runs", has("/v1/runs", "runs")),
        ("GraphQL's run", data(&project)["project"]["run"]["id"].is_string()),
        ("GraphQL's projects", data(&models)["models"]["edges"][0].is_object()),
        ("GraphQL's entity", data(&named)["entity"]["name"] == entity),
        ("the project's runs", has(&of_project, "runs")),
        ("the keys", found(http.get(&format!("/v1/keys?entity={entity}&project=p")))),
        ("the lines", found(http.post("/v1/series", &lines))),
        ("the projects", has("/v1/projects", "projects")),
    ]);
    let upsert = format!(
        "mutation {{ upsertBucket(input: {{name: \"r\", modelName: \"p\", entityName: \"{entity}\", notes: \"n\"}})
            {{ bucket {{ id }} }} }}"
    );
    let post = http.post(&format!("/files/{entity}/p/r/file_stream"), &json!({"files": {}}));
    let posted = match post.status {
        200 => true,
        403 => false,
        status => panic!("{status}: {}", post.text()),
    };
    let edited = http.send("PATCH", &run, b"{}").unwrap().status == 200;
    let write =
        [("upsertBucket", let_through(http, &upsert)), ("the file stream", posted), ("an edit", edited)];
    let delete =
        format!("mutation {{ deleteRun(input: {{id: \"{}\"}}) {{ success }} }}", run_id(entity, "none"));
    let gone = http.send("DELETE", &format!("/v1/runs/{entity}/p/none"), b"").unwrap().status;
    // Whoever may is told that there is no such run.
    let delete = vec![("deleteRun", let_through(http, &delete)), ("a deletion", gone == 404)];
    let kind = if entity == "acme" { "organizations" } else { "teams" };
    let set = format!("/v1/admin/{kind}/{entity}/members/nobody");
    let set = http.send("PUT", &set, br#"{"role": "viewer"}"#).unwrap();
    // Whoever may is told that there is no such user, or no such team.
    [read, write.to_vec(), delete, vec![("members", set.status == 404)]]
}

#[test]
fn users_entities_verbs_and_doors() {
    let hub = Hub::start();
    let mut wrong = String::new();
    for user in USERS {
        for entity in ENTITIES {
            let verbs = ["read", "write", "delete", "administer"];
            let seen = probes(&hub.of(user), entity);
            for (at, (verb, doors)) in verbs.iter().zip(seen).enumerate() {
                for (door, granted) in doors {
                    if granted != (at < allowed(user, entity)) {
                        let said = if granted { "may" } else { "may not" };
                        let _ = writeln!(wrong, "{user} {said} {verb} {entity} by {door}");
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    let stranger = Http::Tcp(hub.hub.address.to_string(), None);
    for entity in ENTITIES {
        assert_eq!(stranger.get(&format!("/v1/runs/{entity}/p/r")).status, 401);
        assert_eq!(stranger.post(&format!("/files/{entity}/p/r/file_stream"), &json!({})).status, 401);
    }
    assert_eq!(stranger.post("/graphql", &json!({"query": "{ viewer { name } }"})).status, 401);
}

/// What every user may ask; it leaves out, or asks for each thing that it names.
const FOR_ALL: [&str; 28] = [
    "/healthz",
    "/ready",
    "/metrics",
    "/v1/me",
    "/v1/projects",
    "/v1/keys",
    "/v1/series",
    "/v1/runs",
    "/v1/collections",
    "/v1/views",
    "/v1/registries",
    "/graphql",
    "/v1/hub",
    "/v1/hub/me",
    "/v1/hub/positions",
    "/v1/hub/push",
    "/v1/hub/digests",
    "/v1/hub/blobs",
    "/v1/hub/collections",
    "/v1/hub/artifact",
    "/v1/hub/blobs/whole",
    "/v1/hub/blobs/parts",
    "/v1/hub/blobs/{blob}/chunks",
    "/v1/hub/chunks",
    "/v1/hub/chunks/missing",
    "/v1/hub/chunks/get",
    "/v1/admin/organizations",
    "/v1/admin/teams",
];

#[test]
fn no_route_is_forgotten() {
    let hub = Hub::start();
    let outsider = hub.of("outsider");
    for route in routes() {
        // A stream that goes on is not waited for.
        if OPEN.contains(&route.as_str()) || route == "/v1/events" {
            continue;
        }
        let path = filled_in(&route.replace("{entity}", "vision"));
        let mut there = false;
        for method in METHODS {
            // A route that is on no list is not there, for nobody.
            if !path.starts_with("/v1/verify") && !path.starts_with("/v1/admin") {
                let answer = hub.of("root").send(method, &path, b"{").unwrap();
                there |= !(answer.text().contains("there is no route") || answer.status == 405);
                let owner = hub.hub.http().send(method, &path, b"{").unwrap();
                there |= !(owner.text().contains("there is no route") || owner.status == 405);
            } else {
                there = true;
            }
            let answer = outsider.send(method, &path, b"{}").unwrap();
            let open = FOR_ALL.contains(&route.as_str());
            assert!(
                open || [403, 404, 405].contains(&answer.status),
                "{method} {route} lets anybody in: {} {}",
                answer.status,
                answer.text()
            );
        }
        assert!(there, "say in api/permit.rs what {route} needs");
    }
}

/// Each mutation, with an entity's names and ids in it.
fn mutations(entity: &str) -> Vec<(&'static str, String)> {
    let (run, file) = (run_id(entity, "r"), file_id(entity));
    let of_run = format!("entityName: \"{entity}\", projectName: \"p\", runName: \"r\"");
    vec![
        ("upsertBucket", format!("name: \"r\", modelName: \"p\", entityName: \"{entity}\"")),
        ("rewindRun", format!("{of_run}, metricName: \"_step\", metricValue: 1")),
        ("createRunFiles", format!("{of_run}, files: [\"a\"]")),
        ("markRunFilesUploaded", format!("{of_run}, files: []")),
        ("deleteFiles", format!("files: [\"{file}\"]")),
        ("notifyScriptableRunAlert", format!("{of_run}, title: \"t\", text: \"t\"")),
        ("deleteRun", format!("id: \"{run}\"")),
        ("stopRun", format!("id: \"{run}\"")),
        ("updateRunState", format!("id: \"{run}\", state: \"failed\"")),
        ("upsertModel", format!("entityName: \"{entity}\", name: \"q\"")),
        (
            "createArtifact",
            format!("{of_run}, artifactTypeName: \"t\", artifactCollectionName: \"c\", digest: \"d\""),
        ),
        (
            "useArtifact",
            format!("{of_run}, artifactID: \"QXJ0aWZhY3Q6MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=\""),
        ),
    ]
}

/// They speak of a draft, whose id only its maker knows.
const OF_DRAFTS: [&str; 4] =
    ["createArtifactManifest", "updateArtifactManifest", "createArtifactFiles", "commitArtifact"];
/// Asked of an entity in `users_entities_verbs_and_doors`, or below.
const QUERIES: [&str; 11] = [
    "viewer",
    "serverInfo",
    "entity",
    "organization",
    "project",
    "model",
    "models",
    "artifact",
    "artifactCollection",
    "clientIDMapping",
    "view",
];

#[test]
fn no_mutation_and_no_query_is_forgotten() {
    let hub = Hub::start();
    let root = hub.of("root");
    let schema = ask(
        &root,
        "{ __schema { mutationType { fields { name } } queryType { fields { name } } } }",
        &json!({}),
    );
    let names = |of: &str| -> Vec<String> {
        let fields = schema["data"]["__schema"][of]["fields"].as_array().unwrap().clone();
        fields.iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect()
    };
    for (user, entity, through) in
        [("outsider", "vision", false), ("viewer", "vision", false), ("outsider", "commons", true)]
    {
        for (name, input) in mutations(entity) {
            let document = format!("mutation {{ {name}(input: {{ {input} }}) {{ __typename }} }}");
            // What is asked of an artifact that is not there fails before.
            if name != "useArtifact" {
                assert_eq!(let_through(&hub.of(user), &document), through, "{user} {name} {entity}");
            }
        }
    }
    let known = mutations("x");
    for name in names("mutationType") {
        let listed = known.iter().any(|(known, _)| *known == name)
            || OF_DRAFTS.contains(&name.as_str())
            || crate::artifact_roles::MUTATIONS.contains(&name.as_str())
            || crate::views::MUTATIONS.contains(&name.as_str());
        assert!(listed, "add mutation {name:?} to the list here");
    }
    for name in names("queryType") {
        assert!(
            QUERIES.contains(&name.as_str()),
            "add query {name:?} to the list here, and test who may ask it"
        );
    }
    let hidden = format!(
        "mutation M {{ ...F }} fragment F on Mutation {{ deleteRun(input: {{id: \"{}\"}}) {{ success }} }}",
        run_id("commons", "r")
    );
    assert!(ask(&root, &hidden, &json!({}))["errors"][0]["message"].is_string(), "not by a fragment");
}

/// A daemon of a user, with a run in each of these entities.
fn daemon_of(hub: &Hub, user: &str, entities: &[&str]) -> (TestHome, TestDaemon) {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    for entity in entities {
        log(&daemon, entity);
    }
    remote(hub, &home, user);
    (home, daemon)
}

fn log(daemon: &TestDaemon, entity: &str) {
    let begun = json!({"entity": entity, "project": "pushed", "run": "s"});
    let _ = daemon.http().post("/v1/runs", &begun).expect(200);
}

fn remote(hub: &Hub, home: &TestHome, user: &str) {
    std::fs::write(home.beside("token"), hub.token(user)).unwrap();
    let file = home.beside("token").display().to_string();
    let _ = home.run(&["remote", "add", "hub", &hub.hub.url(), "--token-file", &file]).expect(0);
}

fn parked(daemon: &TestDaemon, entity: &str) -> Option<String> {
    let status = daemon.status();
    let run = status["runs"].as_array()?.iter().find(|run| run["entity"] == entity)?;
    run["remotes"]["hub"]["parked"].as_str().map(str::to_owned)
}

#[test]
fn what_is_pushed_is_taken_from_whom_it_may_come() {
    let hub = Hub::start();
    let there = |entity: &str| hub.hub.http().get(&format!("/v1/runs/{entity}/pushed/s")).status == 200;
    let (home, daemon) = daemon_of(&hub, "member", &["vision", "audio", "commons", "member"]);
    let reason = wait::until("the refused run is parked", || parked(&daemon, "audio"));
    assert!(reason.contains("user \"member\" may not write to entity \"audio\""), "{reason}");
    wait::until("the others arrive", || {
        ["vision", "commons", "member"].iter().all(|of| there(of)).then_some(())
    });
    assert!(!there("audio"));
    // A role later, it goes.
    let _ = hub.hub.home.run(&["hub", "team", "member", "audio", "member", "--role", "member"]).expect(0);
    let _ = home.run(&["remote", "retry", "hub"]).expect(0);
    wait::until("it arrives", || there("audio").then_some(()));
    // Offline, links know whose team it is.
    let door = pannier_tests::wandb::Door::of(&home);
    let found = door.data("{ entity(name: \"vision\") { organization { name } } }", &json!({}));
    assert_eq!(found["entity"]["organization"]["name"], "acme");
    // What this daemon records is this user's: another one's token brings none of it.
    remote(&hub, &home, "outsider");
    let begun = json!({"entity": "commons", "project": "pushed", "run": "later"});
    let _ = daemon.http().post("/v1/runs", &begun).expect(200);
    let status = wait::until("another user is refused", || {
        let status = daemon.status();
        let run = status["runs"].as_array()?.iter().find(|run| run["run"] == "later")?.clone();
        run["remotes"]["hub"]["parked"].as_str().map(str::to_owned)
    });
    assert!(status.contains("belongs to another user than \"outsider\""), "{status}");
    remote(&hub, &home, "root");
    let _ = home.run(&["remote", "retry", "hub"]).expect(0);
    wait::until("an administrator may", || {
        (hub.hub.http().get("/v1/runs/commons/pushed/later").status == 200).then_some(())
    });
}
