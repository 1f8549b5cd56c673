//! The remote `wandb`: artifacts with their bytes, files, links into registries and
//! reports arrive as they do at a hub, and what the server calls them comes back.

use std::time::Duration;

use pannier_client::{Options, Place, Run, Use};
use pannier_tests::artifacts::{judge_versions, log};
use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::hub::TestHub;
use pannier_tests::proxy::{Fault, Proxy};
use pannier_tests::random::Random;
use pannier_tests::wait;
use pannier_tests::wandb::Door;
use serde_json::{Value as Json, json};

use crate::artifact_cli::run;

fn begin(home: &TestHome, name: &str) -> Run {
    let place = Place { home: home.path().to_owned(), socket: home.socket().to_owned() };
    let (project, run) = (Some("p".to_owned()), Some(name.to_owned()));
    Run::init(Options { project, run, daemon: Use::Running, place: Some(place), ..Options::default() })
        .unwrap()
}

fn sync(home: &TestHome) {
    let _ = home.run(&["sync", "--wait", "--timeout", "90"]).expect(0);
}

/// What people see of a project's artifacts, and of a run's files.
fn seen(door: &Door, project: &str) -> Json {
    let data = door.data(
        "query Seen($p: String!) { project(name: $p) { artifactTypes { edges { node { name
            artifactCollections { edges { node { __typename name description tags { edges { node { name } } }
                artifacts(first: 50) { edges { version node { digest versionIndex size fileCount description metadata state
                    tags { name } aliases { alias } } } } } } } } } }
            run(name: \"logs\") { files(first: 100) { edges { node { name md5 sizeBytes } } }
                outputArtifacts(first: 50) { edges { node { digest } } }
                inputArtifacts(first: 50) { edges { node { digest } } } } } }",
        &json!({"p": project}),
    );
    data["project"].clone()
}

/// Logs a few versions, names them, and reads one.
fn tell(home: &TestHome, door: &Door) {
    let dir = home.path().parent().unwrap().to_owned();
    let logs = begin(home, "logs");
    for n in 0..3 {
        log(&logs, &dir, &format!("client-{n}"), n).unwrap();
        logs.await_artifact(&format!("client-{n}"), Duration::from_secs(20)).unwrap();
    }
    logs.log(&[("x", 1.0.into())]);
    assert!(logs.finish(0));
    let _ = door.begin("p", "reads", &json!({}));
    let used = door.data(
        "query V($n: String!) { project(name: \"p\") { artifactCollectionMembership(name: $n) { artifact { id } } } }",
        &json!({"n": "kept:v1"}),
    );
    let id = used["project"]["artifactCollectionMembership"]["artifact"]["id"].clone();
    let _ = door.data(
        "mutation U($id: ID!) { useArtifact(input: {entityName: \"local\", projectName: \"p\", runName: \"reads\",
            artifactID: $id}) { artifact { id } }
          updateArtifact(input: {artifactID: $id, description: \"good\", metadata: \"{\\\"k\\\": 1}\",
            tagsToAdd: [{tagName: \"t\"}]}) { artifact { id } }
          addAliases(input: {artifactID: $id, aliases: [{artifactCollectionName: \"kept\", alias: \"best\",
            entityName: \"local\", projectName: \"p\"}]}) { success } }",
        &json!({"id": id}),
    );
    let _ = door.post("p", "reads", &json!({"complete": true, "exitcode": 0})).expect(200);
    let _ = door.artifact("p", "reads", true);
}

#[test]
fn artifacts_are_there_with_bytes_names_and_lineage() {
    let (home, hub) = (TestHome::new(), TestHub::started());
    let daemon = TestDaemon::start(&home);
    hub.add_as_wandb_to(&home, &hub.url());
    let (here, there) = (Door::of(&home), Door::at(hub.address, &hub.token));
    tell(&home, &here);
    sync(&home);
    assert_eq!(judge_versions(&there, "p", &[0, 1, 2]), Ok(3));
    let (expected, found) = (seen(&here, "p"), seen(&there, "p"));
    assert_eq!(found["artifactTypes"], expected["artifactTypes"]);
    assert_eq!(found["run"]["outputArtifacts"], expected["run"]["outputArtifacts"]);
    let files = |seen: &Json| -> Vec<(String, String)> {
        let edges = seen["run"]["files"]["edges"].as_array().unwrap().clone();
        let text = |value: &Json| value.as_str().unwrap().to_owned();
        edges.iter().map(|edge| (text(&edge["node"]["name"]), text(&edge["node"]["md5"]))).collect()
    };
    let there_files = files(&found);
    assert!(there_files.len() >= 3, "{there_files:?}");
    let expected_files = files(&expected);
    for (name, md5) in &there_files {
        let known = expected_files.iter().find(|(known, _)| known == name);
        assert_eq!(known.map(|(_, md5)| md5), Some(md5), "{name}");
    }
    // The numbers that the server gave stand here.
    wait::until("the server's numbers are learnt", || {
        let _ = home.run(&["sync"]);
        let version = home.run(&["artifact", "show", "p/kept:v1", "--json"]).expect(0).json();
        (version["provisional"] == false && version["version"] == 1).then_some(())
    });
    let problems = daemon.status()["problems"].clone();
    assert_eq!(problems, json!([]), "nothing is different when it is read back");
    let _ = home.run(&["verify", "--remote", "wandb"]).expect(0);
}

#[test]
fn links_registries_and_reports_are_there() {
    let (home, hub) = (TestHome::new(), TestHub::started());
    let _daemon = TestDaemon::start(&home);
    hub.add_as_wandb_to(&home, &hub.url());
    let file = home.beside("weights.bin");
    std::fs::write(&file, "weights").unwrap();
    sync(&home);
    let _ = run(&home, &format!("artifact put {} --name p/net --type model", file.display())).expect(0);
    let _ = run(&home, "registry create model --type model --description served").expect(0);
    let _ = run(&home, "registry link p/net:v0 model/digits --alias production --alias gone").expect(0);
    let _ = run(&home, "registry alias model/digits:v0 --remove gone").expect(0);
    let here = Door::of(&home);
    let save = "mutation upsertView($id: ID, $spec: String!) { upsertView(input: {id: $id, entityName: \"local\",
        projectName: \"p\", type: \"runs\", name: \"rep\", displayName: \"A report\", description: \"d\", spec: $spec})
        { view { id } inserted } }";
    let spec = |text: &str| {
        json!({"version": 5, "blocks": [{"type": "paragraph", "children": [{"text": text}]}, {"type": "panel-grid",
            "metadata": {"runSets": [{"project": {"name": "p", "entityName": "local", "id": "eA=="}}]}}]})
        .to_string()
    };
    let saved = here.data(save, &json!({"spec": spec("one")}));
    sync(&home);
    let _ = here.data(save, &json!({"id": saved["upsertView"]["view"]["id"], "spec": spec("two")}));
    sync(&home);

    let there = Door::at(hub.address, &hub.token);
    let data = there.data(
        "query Views { project(name: \"p\") { internalId allViews(viewType: \"runs\") {
            edges { node { displayName description spec } } } } }",
        &json!({}),
    );
    let views = data["project"]["allViews"]["edges"].as_array().unwrap();
    assert_eq!(views.len(), 1, "saved twice, there once");
    let shown: Json = serde_json::from_str(views[0]["node"]["spec"].as_str().unwrap()).unwrap();
    assert_eq!(shown["blocks"][0]["children"][0]["text"], "two");
    let named = &shown["blocks"][1]["metadata"]["runSets"][0]["project"];
    assert_eq!((&named["entityName"], &named["id"]), (&json!("tester"), &data["project"]["internalId"]));

    let registry = hub.home.run(&["registry", "show", "model/digits", "--json"]).expect(0).json();
    let expected = home.run(&["registry", "show", "model/digits", "--json"]).expect(0).json();
    let names = |shown: &Json| {
        let versions = shown["versions"].as_array().unwrap_or_else(|| panic!("{shown}")).clone();
        versions
            .iter()
            .map(|version| (version["version"].clone(), version["aliases"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&registry).len(), 1);
    assert_eq!(registry["versions"][0]["digest"], expected["versions"][0]["digest"]);
    assert!(
        registry.to_string().contains("production") && !registry.to_string().contains("\"gone\""),
        "{registry}"
    );
    let _ = run(&home, "registry unlink p/net:v0 model/digits").expect(0);
    sync(&home);
    let after = hub.home.run(&["registry", "show", "model/digits", "--json"]);
    assert!(!after.stdout.contains("production"), "{}", after.stdout);
}

#[test]
fn versions_survive_faults_and_kills_and_are_there_once() {
    let mut random = Random::from_env();
    let (home, mut hub) = (TestHome::new(), TestHub::started());
    let proxy = Proxy::start(hub.address);
    let mut daemon = TestDaemon::start(&home);
    hub.add_as_wandb_to(&home, &proxy.url());
    let dir = home.path().parent().unwrap().to_owned();
    let logs = begin(&home, "logs");
    for n in 0..8 {
        log(&logs, &dir, &format!("client-{n}"), n).unwrap();
        let _ = logs.await_artifact(&format!("client-{n}"), Duration::from_secs(20));
        let _ = home.run(&["sync"]);
        std::thread::sleep(Duration::from_millis(random.below(200)));
        match random.below(4) {
            0 => {
                hub.kill();
                hub.start();
            }
            1 => proxy.script([Fault::LoseAnswer, Fault::Pass, Fault::Reset]),
            2 => proxy.script([Fault::Pass, Fault::DropRequest, Fault::LoseAnswer]),
            _ => {
                daemon.kill();
                daemon = TestDaemon::start(&home);
            }
        }
    }
    let _ = logs.finish(0);
    daemon.settle(&home);
    wait::until("all is stored", || (daemon.status()["storing"] == 0).then_some(()));
    proxy.heal();
    sync(&home);
    let all: Vec<i64> = (0..8).collect();
    assert_eq!(judge_versions(&Door::of(&home), "p", &all), Ok(8), "home");
    assert_eq!(judge_versions(&Door::at(hub.address, &hub.token), "p", &all), Ok(8), "server");
}

/// What is there no more as it was sent is said, by itself and when asked.
#[test]
fn a_difference_is_an_error_on_the_run() {
    let (home, hub) = (TestHome::new(), TestHub::started());
    let daemon = TestDaemon::start(&home);
    hub.add_as_wandb_to(&home, &hub.url());
    let (here, there) = (Door::of(&home), Door::at(hub.address, &hub.token));
    let _ = here.begin("p", "changed", &json!({"lr": {"value": 0.1}}));
    let _ = here.post("p", "changed", &json!({"complete": true, "exitcode": 0})).expect(200);
    sync(&home);
    let _ = there.data(
        "mutation U($id: String!) { upsertBucket(input: {id: $id, config: \"{\\\"lr\\\": {\\\"value\\\": 7}}\"}) { bucket { id } } }",
        &json!({"id": pannier_tests::wandb::run_id("tester", "p", "changed")}),
    );
    let told = home.run(&["verify", "--remote", "wandb"]).expect(1).stdout;
    assert!(told.contains("local/p/changed") && told.contains("config") && told.contains("lr"), "{told}");
    let problem = wait::within(Duration::from_secs(60), || {
        let problems = daemon.status()["problems"].as_array().unwrap().clone();
        problems.into_iter().find(|problem| problem["object"] == "run local/p/changed")
    });
    let problem = problem.unwrap_or_else(|| panic!("it is not said: {}", daemon.status()));
    assert!(problem["what"].as_str().unwrap().contains("config"), "{problem}");
}
