//! Who may do what with artifacts, collections and registries at a hub, by the
//! native routes: every user, every kind of entity, every verb.

use std::fmt::Write as _;

use pannier_tests::http::Http;
use serde_json::{Value as Json, json};

use crate::roles::{ENTITIES, Hub, USERS, allowed, ask};

/// Mutations of what is there already: [`mutations_of_what_is_there`].
pub const MUTATIONS: [&str; 14] = [
    "linkArtifact",
    "unlinkArtifact",
    "addAliases",
    "deleteAliases",
    "updateArtifact",
    "deleteArtifact",
    "updateArtifactSequence",
    "updateArtifactPortfolio",
    "moveArtifactSequence",
    "deleteArtifactSequence",
    "deleteArtifactPortfolio",
    "createArtifactCollectionTagAssignments",
    "deleteArtifactCollectionTagAssignments",
    "deleteModel",
];

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

/// What each mutation is asked with, at an entity that has the version `id`, the
/// collection `collection` and the registry of this project id.
fn inputs(entity: &str, id: &str, collection: &str, project: &str) -> [String; 14] {
    let of = format!("entityName: \"{entity}\", projectName: \"p\"");
    let alias = |name: &str| {
        format!("artifactID: \"{id}\", aliases: [{{alias: \"{name}\", artifactCollectionName: \"c\", {of}}}]")
    };
    let sequence = format!("artifactSequenceID: \"{collection}\"");
    let portfolio = format!("artifactPortfolioID: \"{collection}\"");
    let tags = format!("{of}, artifactCollectionName: \"c\", tags: [{{tagName: \"t\"}}]");
    [
        format!("artifactID: \"{id}\", artifactPortfolioName: \"l\", {of}"),
        format!("artifactID: \"{id}\", {portfolio}"),
        alias("a"),
        alias("a"),
        format!("artifactID: \"{id}\", description: \"d\""),
        format!("artifactID: \"{id}\""),
        format!("{sequence}, description: \"d\""),
        format!("{portfolio}, description: \"d\""),
        format!("{sequence}, destinationArtifactTypeName: \"t\""),
        sequence,
        portfolio,
        tags.clone(),
        tags,
        format!("id: \"{project}\""),
    ]
}

/// Only those who may change things there are let through to what is there; the
/// last ones of each user are those that take it away, so whoever may begins anew.
#[test]
fn mutations_of_what_is_there() {
    let hub = Hub::start();
    let root = hub.of("root");
    let mut wrong = String::new();
    for (user, entity) in [
        ("outsider", "vision"),
        ("viewer", "vision"),
        ("member", "vision"),
        ("outsider", "commons"),
        ("viewer", "commons"),
    ] {
        for (name, at) in MUTATIONS.iter().zip(0..) {
            let artifact = json!({"entity": entity, "project": "p", "collection": "c", "type": "t", "run": "r",
                "references": [{"uri": format!("s3://bucket/{user}-{name}")}]});
            let _ = hub.hub.http().post("/v1/artifacts", &artifact).expect(200);
            let registry = json!({"name": "r"});
            let _ = hub.hub.http().post(&format!("/v1/registries/{entity}"), &registry);
            let asked = format!(
                "{{ project(name: \"p\", entityName: \"{entity}\") {{ artifact(name: \"c:latest\") {{ id }}
                    artifactCollection(name: \"c\") {{ id }} }}
                    entity(name: \"{entity}\") {{ project(name: \"wandb-registry-r\") {{ id }} }} }}"
            );
            let there = ask(&root, &asked, &json!({}))["data"].take();
            let id = |value: &Json| value["id"].as_str().unwrap_or_default().to_owned();
            let version = id(&there["project"]["artifact"]);
            let collection = id(&there["project"]["artifactCollection"]);
            let project = id(&there["entity"]["project"]);
            assert!(!version.is_empty() && !collection.is_empty() && !project.is_empty(), "{there}");
            let input = &inputs(entity, &version, &collection, &project)[at];
            let document = format!("mutation {{ {name}(input: {{ {input} }}) {{ __typename }} }}");
            let answer = ask(&hub.of(user), &document, &json!({}));
            let said = answer["errors"][0]["message"].as_str().unwrap_or_default();
            let refused = ["role", "may not", "there is no artifact", "is gone", "administrators"]
                .iter()
                .any(|word| said.contains(word));
            let may = entity == "commons" || user == "member";
            // Taking a registry away is for administrators everywhere.
            let may = may && *name != "deleteModel";
            if refused == may {
                let _ = writeln!(wrong, "{user} {name} {entity}: {answer}");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
