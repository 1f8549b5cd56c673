//! Saved views by the native routes and by GraphQL: kept, synced, and who may do
//! what with them at a hub.

use std::fmt::Write as _;

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::http::Http;
use pannier_tests::hub::TestHub;
use pannier_tests::wait;
use serde_json::{Value as Json, json};

use crate::roles::{ENTITIES, Hub, USERS, allowed, ask};

/// Mutations of views: [`users_entities_verbs_and_doors_of_views`].
pub const MUTATIONS: [&str; 2] = ["upsertView", "deleteView"];

fn view(title: &str) -> Json {
    json!({"type": "runs", "display_name": title, "spec": "{\"blocks\": [ ]}"})
}

fn create(http: &Http, entity: &str, title: &str) -> Json {
    http.post(&format!("/v1/views/{entity}/p"), &view(title)).expect(200).json()
}

fn link(view: &Json) -> &str {
    view["link_id"].as_str().unwrap()
}

fn put(http: &Http, route: &str, body: &Json) -> (u16, Json) {
    let answer = http.send("PUT", route, body.to_string().as_bytes()).unwrap();
    (answer.status, answer.json())
}

/// The titles of the views that a list has.
fn titles(http: &Http, query: &str) -> Vec<String> {
    let listed = http.get(&format!("/v1/views{query}")).expect(200).json();
    let views = listed["views"].as_array().unwrap();
    assert!(views.iter().all(|view| view["spec"].is_null()), "lists have no specs: {listed}");
    views.iter().map(|view| view["display_name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn views_are_made_read_saved_and_deleted() {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let http = daemon.http();
    let made = create(http, "e", "First");
    assert_eq!(made["spec"], "{\"blocks\": [ ]}", "byte for byte");
    assert_eq!(made["sync"], json!({"state": "here", "remotes": {}}));
    assert!(made["by"].is_string() && made["created_us"] == made["updated_us"], "{made}");
    let route = format!("/v1/views/e/p/{}", made["id"].as_str().unwrap());
    assert_eq!(http.get(&route).expect(200).json(), made);
    for id in [link(&made).to_owned(), format!("{}==", link(&made))] {
        assert_eq!(http.get(&format!("/v1/views/e/p/{id}")).expect(200).json(), made);
    }

    // Two have it open; the second to save is told.
    let mut saved = view("Second");
    saved["based_on_us"] = made["updated_us"].clone();
    let (status, again) = put(http, &route, &saved);
    assert_eq!((status, &again["display_name"]), (200, &json!("Second")), "{again}");
    assert_eq!((&again["name"], &again["created_us"]), (&made["name"], &made["created_us"]));
    assert!(again["updated_us"].as_i64() > made["updated_us"].as_i64());
    let (status, said) = put(http, &route, &saved);
    assert_eq!(status, 409, "{said}");
    assert!(said["error"].as_str().unwrap().contains("was saved by"), "{said}");

    let draft = json!({"type": "runs/draft", "display_name": "Draft", "spec": "{}"});
    let _ = http.post("/v1/views/e/q", &draft).expect(200);
    assert_eq!(titles(http, ""), ["Draft", "Second"]);
    assert_eq!(titles(http, "?entity=e&project=q&type=runs%2Fdraft"), ["Draft"]);
    assert!(titles(http, "?project=q&type=runs").is_empty());

    // W&B's dialect has the same.
    let asked = format!("{{ view(id: \"{}==\") {{ id displayName spec type }} }}", link(&made));
    let found = ask(http, &asked, &json!({}))["data"]["view"].take();
    assert_eq!((&found["displayName"], &found["type"]), (&json!("Second"), &json!("runs")), "{found}");
    assert_eq!(found["id"].as_str().unwrap().trim_end_matches('='), link(&made));

    assert_eq!(http.send("DELETE", &route, b"").unwrap().status, 204);
    for (method, body) in [("GET", json!({})), ("DELETE", json!({})), ("PUT", view("Third"))] {
        let answer = http.send(method, &route, body.to_string().as_bytes()).unwrap();
        assert_eq!(answer.status, 404, "{method}: {}", answer.text());
    }
    assert_eq!(http.get("/v1/views/e/p/nonsense").status, 400);
    let no_json = json!({"type": "runs", "display_name": "T", "spec": "{"});
    assert_eq!(http.post("/v1/views/e/p", &no_json).status, 400);
}

#[test]
fn views_are_synced_like_everything_else() {
    let hub = TestHub::started();
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let (kept, gone) = (create(daemon.http(), "e", "Kept"), create(daemon.http(), "e", "Gone"));
    hub.add_to(&home, &hub.url());
    let there = hub.http();
    wait::until("both arrive", || (titles(&there, "").len() == 2).then_some(()));
    let route = |view: &Json| format!("/v1/views/e/p/{}", link(view));
    let same = there.get(&route(&kept)).expect(200).json();
    for field in ["id", "link_id", "spec", "name", "by", "created_us", "updated_us"] {
        assert_eq!(same[field], kept[field], "{field}");
    }
    wait::until("the daemon knows", || {
        (daemon.http().get(&route(&kept)).expect(200).json()["sync"]["state"] == "sent").then_some(())
    });
    // Saved at the hub meanwhile, and later deleted where it was made.
    let (status, _) = put(&there, &route(&gone), &view("Saved there"));
    assert_eq!(status, 200);
    assert_eq!(daemon.http().send("DELETE", &route(&gone), b"").unwrap().status, 204);
    wait::until("the deletion arrives", || (titles(&there, "") == ["Kept"]).then_some(()));
}

/// What is granted of reading, writing and deleting, door by door.
fn probes(http: &Http, entity: &str, there: &Json) -> [Vec<(&'static str, bool)>; 3] {
    let route = format!("/v1/views/{entity}/p/{}", link(there));
    let data = |document: &str| ask(http, document, &json!({}))["data"].take();
    let id = format!("id: \"{}\"", link(there));
    let all = format!(
        "{{ project(name: \"p\", entityName: \"{entity}\") {{ allViews {{ edges {{ node {{ spec }} }} }} }} }}"
    );
    let listed = http.get("/v1/views").expect(200).json()["views"].take();
    let read = vec![
        ("show", http.get(&route).status == 200),
        ("the list", listed.as_array().unwrap().iter().any(|view| view["entity"] == entity)),
        ("GraphQL's view", data(&format!("{{ view({id}) {{ spec }} }}"))["view"]["spec"].is_string()),
        ("GraphQL's list", data(&all)["project"]["allViews"]["edges"][0].is_object()),
    ];
    let upsert = |input: String| {
        let document = format!("mutation {{ upsertView(input: {{ {input} }}) {{ view {{ id }} }} }}");
        data(&document)["upsertView"]["view"]["id"].is_string()
    };
    let of = format!("entityName: \"{entity}\", projectName: \"p\", spec: \"{{}}\"");
    let write = vec![
        ("making", http.post(&format!("/v1/views/{entity}/p"), &view("New")).status == 200),
        ("saving", put(http, &route, &view("Again")).0 == 200),
        ("upsertView", upsert(of)),
        ("upsertView of one that is there", upsert(format!("{id}, displayName: \"More\""))),
    ];
    let delete = format!("mutation {{ deleteView(input: {{ {id}, deleteDrafts: true }}) {{ success }} }}");
    let delete = vec![
        ("deleteView", data(&delete)["deleteView"]["success"] == true),
        // It is gone where it could be deleted.
        ("deleting", http.send("DELETE", &route, b"").unwrap().status == 404),
    ];
    [read, write, delete]
}

#[test]
fn users_entities_verbs_and_doors_of_views() {
    let hub = Hub::start();
    let mut wrong = String::new();
    for user in USERS {
        for entity in ENTITIES {
            let there = create(&hub.hub.http(), entity, "There");
            for (at, (verb, doors)) in
                ["read", "write", "delete"].iter().zip(probes(&hub.of(user), entity, &there)).enumerate()
            {
                for (door, granted) in doors {
                    // Whoever may not is told 403, not that it is gone.
                    if granted != (at < allowed(user, entity)) {
                        let said = if granted { "may" } else { "may not" };
                        let _ = writeln!(wrong, "{user} {said} {verb} {entity} by {door}");
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// A view is found by its id alone; nobody takes another's place by naming his
/// the same.
#[test]
fn a_view_is_not_shadowed() {
    let hub = Hub::start();
    let there = create(&hub.hub.http(), "vision", "Mine");
    let id = link(&there);
    let mallory = hub.of("outsider");
    let steal = format!(
        "mutation {{ upsertView(input: {{ id: \"{id}\", entityName: \"audio\", projectName: \"p\", spec: \"{{}}\" }}) {{ view {{ id }} }} }}"
    );
    let said = ask(&mallory, &steal, &json!({}))["errors"][0]["message"].take();
    assert!(said.as_str().unwrap().contains("there is no view"), "{said}");
    assert_eq!(put(&mallory, &format!("/v1/views/audio/p/{id}"), &view("Theirs")).0, 404);
    let found = ask(&hub.of("member"), &format!("{{ view(id: \"{id}\") {{ displayName }} }}"), &json!({}));
    assert_eq!(found["data"]["view"]["displayName"], "Mine");
}
