//! What a registry protects is kept to by the hub, also against what was done
//! elsewhere without a network and arrives later.

use pannier_tests::daemon::{TestDaemon, TestHome};

use crate::artifact_cli::run;
use crate::roles::Hub;

/// A home of a user of the hub, with a version `commons/USER/net:v0`.
fn home_of(hub: &Hub, user: &str) -> (TestHome, TestDaemon) {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let (token, file) = (home.beside("token"), home.beside("weights.bin"));
    std::fs::write(&token, hub.token(user)).unwrap();
    std::fs::write(&file, user).unwrap();
    let added = format!("remote add hub {} --token-file {}", hub.hub.url(), token.display());
    let _ = run(&home, &added).expect(0);
    let put = format!("artifact put {} --name commons/{user}/net --type model", file.display());
    let _ = run(&home, &put).expect(0);
    (home, daemon)
}

/// Who logged the version that `production` is at the hub.
fn production(hub: &Hub) -> String {
    let named = hub.of("boss").get("/v1/artifacts/acme/wandb-registry-model/digits:production");
    let version = named.expect(200).json();
    version["logged_by"][0]["project"].as_str().unwrap_or_else(|| panic!("{version}")).to_owned()
}

#[test]
fn a_protected_name_moved_offline_waits_for_an_administrator() {
    let hub = Hub::start();
    let (boss, _of_boss) = home_of(&hub, "boss");
    let link = |user: &str| format!("registry link commons/{user}/net acme/model/digits --alias production");
    let _ = run(&boss, &link("boss")).expect(0);
    let _ = run(&boss, "registry protect acme/model production").expect(0);
    // Who is no administrator may make what nobody made, and says who may use it.
    let (maker, _of_maker) = home_of(&hub, "clerk");
    let _ = run(&maker, "registry create acme/fresh --description new").expect(0);
    let _ = run(&maker, "registry link commons/clerk/net acme/fresh/net").expect(0);
    let _ = run(&maker, "sync --wait --timeout 60").expect(0);
    let _ = run(&boss, "sync --wait --timeout 60").expect(0);
    assert_eq!(production(&hub), "boss");

    // His own home has never heard of it.
    let (clerk, _of_clerk) = home_of(&hub, "clerk");
    let _ = run(&clerk, &link("clerk")).expect(0);
    let refused = run(&clerk, "sync --wait --timeout 60").expect(1);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(said.contains("\"production\" is protected in acme/wandb-registry-model"), "{said}");
    assert!(said.contains("pannier remote retry hub"), "{said}");
    assert!(run(&clerk, "status").expect(2).stdout.contains("parked"));
    assert_eq!(production(&hub), "boss", "it stays where it was");
    let of_clerk = hub.of("clerk").get("/v1/artifacts/commons/clerk/net:v0");
    assert_eq!(of_clerk.status, 200, "his version is there: the rest is not held up");

    let _ = hub.hub.home.run(&["hub", "org", "member", "acme", "clerk", "--role", "admin"]).expect(0);
    let _ = run(&clerk, "remote retry hub").expect(0);
    let _ = run(&clerk, "sync --wait --timeout 60").expect(0);
    assert_eq!(production(&hub), "clerk");
}

#[test]
fn what_one_may_not_read_is_not_linked_by_a_detour() {
    let hub = Hub::start();
    let (boss, _of_boss) = home_of(&hub, "boss");
    let file = boss.beside("weights.bin");
    let put = format!("artifact put {} --name audio/p/secret --type model --json", file.display());
    let made = run(&boss, &put).expect(0).json();
    let id = made["id"].as_str().unwrap();
    let _ = run(&boss, "sync --wait --timeout 60").expect(0);
    let link = serde_json::json!({"artifact": id, "aliases": []});
    let route = "/v1/collections/vision/p/detour/links";
    let member = hub.of("member").send("POST", route, link.to_string().as_bytes()).unwrap();
    assert_eq!(member.status, 404, "{}", member.text());
    let _ = hub.of("boss").send("POST", route, link.to_string().as_bytes()).unwrap().expect(200);
}
