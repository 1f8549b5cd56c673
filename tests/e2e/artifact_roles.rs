//! Who may do what with artifacts, collections and registries at a hub, by the
//! native routes: every user, every kind of entity, every verb.

use std::fmt::Write as _;

use pannier_tests::http::Http;
use serde_json::{Value as Json, json};

use crate::roles::{ENTITIES, Hub, USERS, allowed};

/// Nobody's.
const NO_ID: &str = "00000000000000000000000000000000";

/// What is granted of reading, writing and deleting, door by door. What may be
/// done is done to what is not there, so that nothing changes.
fn probes(http: &Http, entity: &str) -> [Vec<(&'static str, bool)>; 3] {
    let found = |route: &str| match http.get(route) {
        answer if answer.status == 200 => true,
        answer if answer.status == 404 => false,
        answer => panic!("{}: {}", answer.status, answer.text()),
    };
    let let_through = |method: &str, route: &str, body: &Json| {
        let answer = http.send(method, route, body.to_string().as_bytes()).unwrap();
        match answer.status {
            403 => false,
            400 | 404 => true,
            status => panic!("{method} {route}: {status}: {}", answer.text()),
        }
    };
    let (version, collection) =
        (format!("/v1/artifacts/{entity}/p/c:v0"), format!("/v1/collections/{entity}/p/c"));
    let registry = format!("/v1/registries/{entity}/r");
    let lists = |route: &str, list: &str, owner: &str| {
        let all = http.get(route).expect(200).json()[list].take();
        all.as_array().unwrap().iter().any(|one| one[owner] == entity)
    };
    let read = vec![
        ("a version", found(&version)),
        ("its files", found(&format!("{version}/files"))),
        ("its lineage", found(&format!("{version}/lineage"))),
        ("a collection", found(&collection)),
        ("its moves", found(&format!("{collection}/moves"))),
        ("a registry", found(&registry)),
        ("the list of collections", lists("/v1/collections", "collections", "entity")),
        ("the list of registries", lists("/v1/registries", "registries", "organization")),
    ];
    let none = json!({"artifact": NO_ID});
    let write = vec![
        ("aliases", let_through("POST", &format!("{collection}/aliases"), &none)),
        ("links", let_through("POST", &format!("{collection}/links"), &none)),
        (
            "unlinking",
            let_through("DELETE", &format!("/v1/collections/{entity}/p/none/links/{NO_ID}"), &json!({})),
        ),
        ("a new registry", let_through("POST", &format!("/v1/registries/{entity}"), &json!({}))),
        ("an edit of a registry", let_through("PATCH", &registry, &json!({"name": "x"}))),
    ];
    let delete =
        vec![("deleting", let_through("DELETE", &format!("/v1/artifacts/{entity}/p/none:v0"), &json!({})))];
    [read, write, delete]
}

#[test]
fn users_entities_verbs_and_routes_of_artifacts() {
    let hub = Hub::start();
    for entity in ENTITIES {
        let artifact = json!({"entity": entity, "project": "p", "collection": "c", "type": "t", "run": "r",
            "references": [{"uri": "s3://bucket/key"}]});
        let made = hub.hub.http().post("/v1/artifacts", &artifact).expect(200);
        assert!(made.text().contains("\"done\""), "{}", made.text());
        let _ = hub.hub.http().post(&format!("/v1/registries/{entity}"), &json!({"name": "r"})).expect(200);
    }
    let mut wrong = String::new();
    for user in USERS {
        let http = hub.of(user);
        for route in ["/v1/artifacts", "/v1/artifacts/pull"] {
            let status = http.post(route, &json!({"project": "p", "name": "c"})).status;
            assert!([404, 405].contains(&status), "{route} is the owner's, on the socket: {status}");
        }
        for entity in ENTITIES {
            for (at, (verb, doors)) in
                ["read", "write", "delete"].iter().zip(probes(&http, entity)).enumerate()
            {
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
}

/// What a user may not read is neither linked nor shown from where he may.
#[test]
fn what_is_hidden_is_hidden_in_lineage_and_from_links() {
    let hub = Hub::start();
    let socket = hub.hub.http();
    let put = |entity: &str| {
        let artifact = json!({"entity": entity, "project": "p", "collection": "c", "type": "t", "run": "r",
            "references": [{"uri": format!("s3://{entity}/key")}]});
        let lines = socket.post("/v1/artifacts", &artifact).expect(200).text();
        let done: Json = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
        done["done"]["id"].as_str().unwrap().to_owned()
    };
    let (hidden, open) = (put("vision"), put("commons"));
    let link = |id: &str| json!({"artifact": id});
    let outsider = hub.of("outsider");
    assert_eq!(outsider.post("/v1/collections/commons/p/l/links", &link(&hidden)).status, 404);
    let _ = outsider.post("/v1/collections/commons/p/l/links", &link(&open)).expect(200);
    // One who may links it where he may; whoever reads there sees it, and not where it is from.
    let _ = hub.of("member").post("/v1/collections/commons/p/m/links", &link(&hidden)).expect(200);
    let shown = outsider.get("/v1/artifacts/commons/p/m:v0").expect(200);
    assert!(!shown.text().contains("\"vision\""), "{}", shown.text());
    let lineage = outsider.get("/v1/artifacts/commons/p/m:v0/lineage").expect(200);
    assert!(!lineage.text().contains("vision/"), "{}", lineage.text());
    assert!(
        hub.of("member")
            .get("/v1/artifacts/commons/p/m:v0/lineage")
            .expect(200)
            .text()
            .contains("vision/p/r")
    );
}
