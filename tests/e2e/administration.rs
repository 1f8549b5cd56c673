//! How a hub is administered, by command and by HTTP; what W&B's clients are told
//! of users, teams and organizations; and passwords.

use pannier_tests::http::Http;
use pannier_tests::hub::TestHub;
use serde_json::{Value as Json, json};

use crate::roles::{Hub, ask};

#[test]
fn the_words_of_wandb_for_users_teams_and_organizations() {
    let hub = Hub::start();
    let say = |user: &str, document: &str| ask(&hub.of(user), document, &json!({}))["data"].clone();
    let viewer = "{ viewer { username admin entity email teams { edges { node { name } } }
        organizations { name orgEntity { name } } } }";
    let found = say("member", viewer)["viewer"].clone();
    assert_eq!((&found["username"], &found["admin"]), (&json!("member"), &json!(false)));
    let teams: Vec<_> =
        found["teams"]["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]["name"]).collect();
    assert_eq!(teams, ["member", "commons", "vision"]);
    assert_eq!(found["organizations"], json!([{"name": "acme", "orgEntity": {"name": "acme"}}]));
    assert_eq!(say("root", viewer)["viewer"]["admin"], true);
    let entity = "query($n: String) { entity(name: $n) { isTeam entityType
        organization { name orgEntity { __typename name entityType } } user { organizations { name } } } }";
    let entity =
        |user: &str, name: &str| ask(&hub.of(user), entity, &json!({"n": name}))["data"]["entity"].clone();
    let org = |name: &str| {
        let entity = json!({"__typename": "Entity", "name": name, "entityType": "organization"});
        json!({"name": name, "orgEntity": entity})
    };
    let found = entity("member", "vision");
    assert_eq!(
        (&found["isTeam"], &found["entityType"], &found["organization"]),
        (&json!(true), &json!("team"), &org("acme"))
    );
    let found = entity("member", "member");
    assert_eq!((&found["entityType"], &found["organization"]), (&json!("user"), &Json::Null));
    assert_eq!(found["user"]["organizations"], json!([{"name": "acme"}]));
    assert_eq!(entity("member", "commons")["organization"], org("pannier"));
    assert_eq!(entity("member", "never-seen")["organization"], org("pannier"));
    let organization = |user: &str, name: &str| {
        let document = format!(
            "{{ organization(name: \"{name}\") {{ name orgEntity {{ __typename name entityType }} }} }}"
        );
        say(user, &document)["organization"].clone()
    };
    for (user, name, found) in [
        ("clerk", "acme", org("acme")),
        ("clerk", "vision", org("acme")),
        ("clerk", "pannier", org("pannier")),
        ("clerk", "commons", org("pannier")),
        ("clerk", "nothing", Json::Null),
        // Of a team, and not of its organization: the registries are not his.
        ("member", "acme", Json::Null),
    ] {
        assert_eq!(organization(user, name), found, "{user} {name}");
    }
    let me = hub.of("member").get("/v1/hub/me").expect(200).json();
    assert_eq!(
        me,
        json!({"name": "member", "admin": false, "entity": "member",
            "organizations": [{"name": "acme", "teams": ["vision"]}]})
    );
}

#[test]
fn a_hub_is_administered_over_tcp_by_those_who_may() {
    let hub = Hub::start();
    let (root, boss) = (hub.of("root"), hub.of("boss"));
    let key = format!("local-{}", "k".repeat(40));
    let new = json!({"name": "new", "api_key": key, "email": "new@example.org", "admin": false});
    assert_eq!(boss.post("/v1/admin/users", &new).status, 403);
    assert_eq!(root.post("/v1/admin/users", &new).expect(200).json(), json!({"name": "new", "token": key}));
    let new = Http::Tcp(hub.hub.address.to_string(), Some(key));
    assert_eq!(ask(&new, "{ viewer { email } }", &json!({}))["data"]["viewer"]["email"], "new@example.org");
    // An organization's administrator makes its teams, and says who is in them.
    let team = json!({"name": "speech", "organization": "acme", "admin": "boss"});
    assert_eq!(new.post("/v1/admin/teams", &team).status, 403);
    let _ = boss.post("/v1/admin/teams", &team).expect(200);
    let member = |http: &Http, method: &str| {
        http.send(method, "/v1/admin/teams/speech/members/new", br#"{"role": "member"}"#).unwrap()
    };
    assert_eq!(member(&new, "PUT").status, 403);
    assert_eq!(member(&boss, "PUT").expect(200).json()["members"], json!({"boss": "admin", "new": "member"}));
    let teams = new.get("/v1/admin/teams").expect(200).json();
    assert_eq!(teams["teams"][0]["name"], "speech", "{teams}");
    assert_eq!(new.post("/files/speech/p/r/file_stream", &json!({"files": {}})).status, 200);
    let _ = member(&boss, "DELETE").expect(200);
    assert_eq!(new.post("/files/speech/p/r/file_stream", &json!({"files": {}})).status, 403);
    let organization = |method: &str, query: &str| {
        root.send(method, &format!("/v1/admin/organizations/acme{query}"), b"").unwrap()
    };
    assert_eq!(boss.send("DELETE", "/v1/admin/organizations/acme", b"").unwrap().status, 403);
    let said = organization("DELETE", "").expect(409).json()["error"].as_str().unwrap().to_owned();
    assert!(said.contains("audio, speech, vision"), "{said}");
    let said = organization("DELETE", "?force=true").expect(200).json();
    assert!(said["done"].as_str().unwrap().contains("and its teams audio, speech, vision"), "{said}");
    assert_eq!(hub.of("lead").get("/v1/runs/vision/p/r").status, 404, "nobody's any more");
    let _ = root.get("/v1/runs/vision/p/r").expect(200);
    for body in [
        json!({"name": "x", "api_key": "short"}),
        json!({"name": "x", "password": "short"}),
        json!({"name": "a/b"}),
    ] {
        let _ = root.post("/v1/admin/users", &body).expect(400);
    }
}

#[test]
fn commands_say_what_they_did_and_what_is_wrong() {
    let hub = TestHub::new();
    let run = |args: &[&str]| hub.home.run(&[&["hub"], args].concat());
    let file = hub.home.beside("password");
    std::fs::write(&file, "open sesame\n").unwrap();
    let file = file.display().to_string();
    let _ = run(&["user", "add", "ann", "--password-file", &file, "--email", "a@b.c", "--admin"]).expect(0);
    let users = run(&["user", "list", "--json"]).expect(0).json();
    let ann = &users["users"][0];
    assert_eq!((&ann["name"], &ann["admin"], &ann["password"]), (&json!("ann"), &json!(true), &json!(true)));
    for file in std::fs::read_dir(hub.home.path()).unwrap().flatten() {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        assert!(!bytes.windows(11).any(|window| window == b"open sesame"), "{}", file.path().display());
    }
    for (args, code, said) in [
        (&["org", "add", "acme", "--admin", "nobody"][..], 1, "there is no user \"nobody\""),
        (&["org", "add", "acme", "--admin", "ann"], 0, "organization acme: ann (admin)"),
        (&["org", "add", "ann", "--admin", "ann"], 1, "is taken, by the user"),
        (&["team", "add", "vision", "--org", "acme", "--admin", "ann"], 0, "team vision: ann (admin)"),
        (&["team", "add", "local", "--org", "acme", "--admin", "ann"], 1, "everybody's"),
        (&["team", "list"], 0, "vision"),
        (&["org", "delete", "acme"], 1, "has teams: vision"),
        (&["team", "member", "vision", "ann", "--remove"], 0, "has no role in team"),
        (&["team", "delete", "vision"], 0, "what was logged there stays"),
        (&["team", "delete", "vision"], 1, "there is no team \"vision\""),
        (&["org", "delete", "acme"], 0, "organization \"acme\" is deleted"),
        (&["user", "add", "bob", "--api-key", "short"], 1, "40 or more"),
        (&["user", "add", "bob", "--password", "short"], 1, "at least 8"),
        (&["user", "delete", "ann"], 0, "user \"ann\" is deleted"),
        (&["user", "add", "acme"], 1, "of a deleted organization"),
    ] {
        let out = run(args).expect(code);
        assert!(
            out.stdout.contains(said) || out.stderr.contains(said),
            "{args:?}: {}{}",
            out.stdout,
            out.stderr
        );
    }
}

#[test]
fn a_password_signs_a_browser_in() {
    let mut hub = TestHub::new();
    let add = ["hub", "user", "add", "ann", "--password", "open sesame", "--json"];
    let token = hub.home.run(&add).expect(0).json()["token"].as_str().unwrap().to_owned();
    hub.start();
    let http = Http::Tcp(hub.address.to_string(), None);
    let sign_in = |body: Json| http.post("/v1/session", &body);
    for (user, password) in
        [("ann", "open sesam"), ("tester", "open sesame"), ("nobody", "open sesame"), ("", "open sesame")]
    {
        let _ = sign_in(json!({"user": user, "password": password})).expect(401);
    }
    let _ = sign_in(json!({"user": "ann", "password": token})).expect(401);
    for body in [json!({"user": "ann", "password": "open sesame"}), json!({"key": token})] {
        let session = sign_in(body).expect(200).json()["token"].as_str().unwrap().to_owned();
        let me = Http::Tcp(hub.address.to_string(), Some(session)).get("/v1/me").expect(200).json();
        assert_eq!(me["user"], json!("ann"));
    }
    // A password is no token.
    let http = Http::Tcp(hub.address.to_string(), Some("open sesame".to_owned()));
    assert_eq!(http.get("/v1/runs").status, 401);
}
