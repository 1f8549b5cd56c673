//! `pannier artifact` and `pannier registry` against a real daemon, as a person
//! uses them; and downloads whose names were made to do harm.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use pannier_tests::cli::Output;
use pannier_tests::daemon::{TestDaemon, TestHome};
use serde_json::{Value as Json, json};

/// `pannier LINE`, split at spaces, in the folder beside the home.
/// Runs `pannier` with these words, beside the home.
pub fn run(home: &TestHome, line: &str) -> Output {
    let words: Vec<_> = line.split(' ').collect();
    Output::of(home.pannier(&words).current_dir(home.beside("")))
}

fn json_of(home: &TestHome, line: &str) -> Json {
    run(home, &format!("{line} --json")).expect(0).json()
}

/// A run that is finished, and what it read and made, as a W&B client says it.
fn a_run_used(home: &TestHome, run: &str, used: &str) {
    let http = home.http();
    let _ = http.post("/v1/runs", &json!({"project": "p", "run": run})).expect(200);
    let wanted = json_of(home, &format!("artifact show {used}"))["id"].clone();
    let id = http
        .post(
            "/graphql",
            &json!({"query": "query { project(name: \"p\", entityName: \"local\") { \
            artifact(name: \"data:v0\") { id commitHash } } }"}),
        )
        .expect(200)
        .json()["data"]["project"]["artifact"]
        .clone();
    assert_eq!(id["commitHash"], wanted);
    let document = "mutation U($input: UseArtifactInput!) { useArtifact(input: $input) { artifact { id } } }";
    let input = json!({"artifactID": id["id"], "entityName": "local", "projectName": "p", "runName": run});
    let answer =
        http.post("/graphql", &json!({"query": document, "variables": {"input": input}})).expect(200);
    assert!(answer.json().get("errors").is_none(), "{}", answer.text());
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_person_puts_links_moves_shows_traces_and_gets() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    puts(&home);
    is_refused(&home);
    links_and_moves(&home);
    shows_and_traces(&home);
    gets_and_deletes(&home);
}

fn puts(home: &TestHome) {
    assert!(run(home, "artifact ls").expect(0).stdout.contains("no artifacts"));
    assert!(run(home, "registry ls").expect(0).stdout.contains("no registries"));
    write(&home.beside("data/a/one.txt"), "one");
    write(&home.beside("data/two.txt"), "two");

    let data = run(home, "artifact put data --name p/data --type dataset --tag raw").expect(0).stdout;
    assert_eq!(data, "logged local/p/data:v0 [latest], 2 files, 6 B\n");
    let again = run(home, "artifact put data --name p/data --type dataset --alias same").expect(0).stdout;
    assert_eq!(again, "the same content is there already: local/p/data:v0 [latest, same], 2 files, 6 B\n");
    let logged = json_of(home, "artifact show p/data");
    let runs = logged["logged_by"].as_array().unwrap().clone();
    assert_eq!(runs.len(), 2, "each put is a run");
    for run in &runs {
        let view =
            home.http().get(&format!("/v1/runs/local/p/{}", run["run"].as_str().unwrap())).expect(200).json();
        assert_eq!((&view["job_type"], &view["state"]), (&json!("auto"), &json!("finished")));
    }

    a_run_used(home, "train", "p/data:v0");
    write(&home.beside("model.pt"), "weights");
    let line = "artifact put model.pt --ref labels=s3://bucket/labels?x=1 --name p/model --type model --run train --alias best";
    let model = json_of(home, &format!("{line} --metadata {{\"acc\":0.5}}"));
    assert_eq!((&model["version"], &model["file_count"]), (&json!(0), &json!(2)));
    assert_eq!((&model["metadata"], &model["missing_bytes"]), (&json!({"acc": 0.5}), &json!(0)));
    assert_eq!(model["logged_by"][0]["run"], "train");
}

/// Refusals say what to do, and leave nothing.
fn is_refused(home: &TestHome) {
    for (line, word) in [
        ("artifact put model.pt --name p/model --type dataset", "are of type"),
        ("artifact put none.pt --name p/model --type model", "none.pt"),
        ("artifact put model.pt --name p/model --type model --run nobody", "nobody"),
        ("artifact put model.pt --name p/model:v3 --type model", "without :v3"),
        ("artifact put model.pt --name p/model --type model --metadata [1]", "no JSON object"),
        ("artifact show p/model:nobody", "local/p/model:nobody"),
        ("artifact show model", "no name of an artifact"),
        ("artifact delete p/model", "names no version"),
        ("artifact delete p/model:v0", "best, latest"),
        ("registry show nothing", "pannier/nothing"),
        ("registry link p/none model/digits", "local/p/none:latest"),
        ("registry alias model/digits production", "names no version"),
    ] {
        let refused = run(home, line).expect(1);
        assert!(refused.stderr.contains(word), "{line}: {}", refused.stderr);
    }
    let before = json_of(home, "runs list --project p")["runs"].as_array().unwrap().len();
    assert_eq!(before, 3, "what is refused makes no run");
}

fn links_and_moves(home: &TestHome) {
    let linked = run(home, "registry link p/model:best model/digits --alias staging").expect(0).stdout;
    assert_eq!(linked, "linked as pannier/wandb-registry-model/digits:v0 [latest, staging]\n");
    write(&home.beside("model.pt"), "better weights");
    let _ = run(home, "artifact put model.pt --name p/model --type model --run train").expect(0);
    let linked = json_of(home, "registry link p/model model/digits");
    assert_eq!((&linked["version"], &linked["link"]), (&json!(1), &json!(true)));
    let moved = run(home, "registry alias model/digits:v1 staging production").expect(0).stdout;
    assert_eq!(moved, "now pannier/wandb-registry-model/digits:v1 [latest, production, staging]\n");
    let _ = run(home, "registry alias model/digits:v1 --remove staging").expect(0);
    let history = json_of(home, "registry show model/digits --history");
    let staging: Vec<_> =
        history["moves"].as_array().unwrap().iter().filter(|made| made["alias"] == "staging").collect();
    let to: Vec<_> = staging.iter().map(|made| made["version"].clone()).collect();
    assert_eq!(to, [json!(null), json!(1), json!(0)]);
    assert_eq!(staging.iter().map(|made| made["stands"] == true).collect::<Vec<_>>(), [true, false, false]);
    assert!(staging.iter().all(|made| made["by"].is_string()), "{staging:?}");
    registries_have_rules(home);
}

fn registries_have_rules(home: &TestHome) {
    let _ = run(home, "registry protect model production staging").expect(0);
    let text = run(home, "registry protect model staging --remove").expect(0).stdout;
    assert_eq!(text, "pannier/model: only administrators move production\n");
    let _ = run(home, "registry create data --type dataset --description sets").expect(0);
    assert!(run(home, "registry create data").expect(1).stderr.contains("there is a registry"));
    assert!(run(home, "registry link p/model data/x").expect(1).stderr.contains("dataset"));
    let all = json_of(home, "registry ls")["registries"].clone();
    let facts: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].clone(), one["version_count"].clone()))
        .collect();
    assert_eq!(facts, [(json!("data"), json!(0)), (json!("model"), json!(2))]);
    let shown = run(home, "registry show model/digits").expect(0).stdout;
    assert!(shown.contains("v1") && shown.contains("production"), "{shown}");
    assert!(run(home, "registry show pannier/model").expect(0).stdout.contains("digits"));
}

fn shows_and_traces(home: &TestHome) {
    let tree = run(home, "artifact lineage p/model:best").expect(0).stdout;
    for line in [
        "local/p/model:v0 (model) [best]\n",
        "made by run local/p/train",
        "which read local/p/data:v0 (dataset) [latest, same]",
        "linked to pannier/wandb-registry-model/digits:v0",
    ] {
        assert!(tree.contains(line), "{line:?} is not in\n{tree}");
    }
    let graph = json_of(home, "artifact lineage p/data");
    let names: Vec<_> =
        graph["nodes"].as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap()).collect();
    for name in
        ["local/p/train", "local/p/model:v0", "local/p/model:v1", "pannier/wandb-registry-model/digits:v1"]
    {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let near = json_of(home, "artifact lineage p/data --depth 0");
    assert_eq!((near["nodes"].as_array().unwrap().len(), &near["cut"]), (1, &json!(true)));
}

fn gets_and_deletes(home: &TestHome) {
    let got = json_of(home, "artifact get wandb-registry-model/digits:v0");
    assert_eq!(
        (&got["downloaded"], got["references"][0]["ref"].as_str()),
        (&json!(1), Some("s3://bucket/labels?x=1"))
    );
    assert_eq!(std::fs::read(home.beside("artifacts/digits:v0/model.pt")).unwrap(), b"weights");
    let _ = run(home, "artifact get p/data:v0 --root out --path a/").expect(0);
    assert!(home.beside("out/a/one.txt").is_file() && !home.beside("out/two.txt").exists());
    assert!(run(home, "artifact pull p/data").expect(0).stdout.contains("all of it was here"));

    let _ = run(home, "registry unlink p/model:v1 model/digits").expect(0);
    assert!(run(home, "artifact show wandb-registry-model/digits:v1").expect(1).stderr.contains("digits:v1"));
    assert!(
        run(home, "artifact delete wandb-registry-model/digits:v0 --with-aliases")
            .expect(1)
            .stderr
            .contains("unlink")
    );
    let _ = run(home, "artifact delete p/model:v1 --with-aliases").expect(0);
    let versions = json_of(home, "artifact ls p/model");
    assert_eq!(versions["versions"].as_array().unwrap().len(), 1);
    assert_eq!(versions["versions"][0]["aliases"][1]["alias"], "latest", "the newest that is left");
}

#[test]
fn a_download_keeps_what_is_right_continues_what_is_cut_and_stays_below_its_root() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let big = "0123456789".repeat(100_000);
    write(&home.beside("data/big.bin"), &big);
    write(&home.beside("data/sub/small.txt"), "small");
    write(&home.beside("data/sub/other.txt"), "other");
    let _ = run(&home, "artifact put data --name p/data --type dataset").expect(0);
    let first = json_of(&home, "artifact get p/data --root out");
    assert_eq!((&first["files"], &first["downloaded"]), (&json!(3), &json!(3)));
    let at = |path: &str| home.beside("out").join(path);
    let kept = std::fs::metadata(at("big.bin")).unwrap().modified().unwrap();
    // Changed in place, cut short, and gone.
    write(&at("sub/small.txt"), "SMALL");
    std::fs::remove_file(at("sub/other.txt")).unwrap();
    let second = json_of(&home, "artifact get p/data --root out");
    assert_eq!(second["downloaded"], 2);
    assert_eq!(std::fs::metadata(at("big.bin")).unwrap().modified().unwrap(), kept);
    assert_eq!(std::fs::read_to_string(at("sub/small.txt")).unwrap(), "small");

    // What an earlier download left of it is continued; what is not its beginning
    // is not believed.
    for left in [&big[..5000], "not its beginning"] {
        // A folder in its place, so that it is seen what it is called until then.
        std::fs::remove_file(at("big.bin")).unwrap();
        std::fs::create_dir(at("big.bin")).unwrap();
        let failed = run(&home, "artifact get p/data --root out").expect(1);
        assert!(failed.stderr.contains("big.bin"), "{}", failed.stderr);
        std::fs::remove_dir(at("big.bin")).unwrap();
        let partial = partial(&home.beside("out")).unwrap();
        std::fs::write(&partial, left).unwrap();
        assert_eq!(json_of(&home, "artifact get p/data --root out")["downloaded"], 1);
        assert_eq!(std::fs::read_to_string(at("big.bin")).unwrap(), big);
        assert!(!partial.exists());
    }

    // Links below the root do not lead out of it.
    let outside = home.beside("outside");
    write(&outside.join("small.txt"), "theirs");
    std::fs::remove_dir_all(at("sub")).unwrap();
    symlink(&outside, at("sub")).unwrap();
    let failed = run(&home, "artifact get p/data --root out").expect(1);
    assert!(failed.stderr.contains("is a link or a file"), "{}", failed.stderr);
    std::fs::remove_file(at("sub")).unwrap();
    std::fs::create_dir(at("sub")).unwrap();
    symlink(outside.join("small.txt"), at("sub/small.txt")).unwrap();
    let _ = run(&home, "artifact get p/data --root out").expect(0);
    assert_eq!(std::fs::read_to_string(outside.join("small.txt")).unwrap(), "theirs");
    assert!(std::fs::symlink_metadata(at("sub/small.txt")).unwrap().is_file());
}

/// What lies there of a download that did not come to its end.
fn partial(dir: &Path) -> Option<PathBuf> {
    let names = std::fs::read_dir(dir).unwrap().flatten();
    names.map(|entry| entry.path()).find(|path| path.display().to_string().contains("/.pannier-"))
}

/// Answers as a daemon does whose version `c:v0` has one entry of this name.
fn hostile_daemon(listener: &UnixListener, entry: &str) {
    let place = json!({"entity": "e", "project": "p", "collection": "c", "version": 0, "provisional": false,
        "was": null, "link": false, "aliases": [], "since_us": 0, "by": null});
    let mut shown = json!({"id": "00".repeat(16), "type": "t", "digest": "d", "size": 1, "file_count": 1,
        "created_us": 0, "updated_us": null, "tags": [], "description": null, "metadata": null, "ttl_s": null,
        "places": [], "logged_by": [], "used_by": [], "remotes": {}, "fetched": null, "missing_bytes": 0});
    shown.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
    // MD5 of "x".
    let entry = json!({"path": entry, "digest": "nd1OxhHa6KxqqPGG/Zpyhg==", "size": 1});
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte).unwrap() == 0 {
                break;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let route = head.split(' ').nth(1).unwrap_or_default();
        let body = match route {
            "/ready" => "ok".to_owned(),
            "/end" => return,
            route if route.ends_with("/files") => format!("{entry}\n"),
            route if route.contains("/files/") => "x".to_owned(),
            _ => shown.to_string(),
        };
        let answer =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        let _ = stream.write_all(answer.as_bytes());
    }
}

#[test]
fn names_that_were_made_to_do_harm_are_refused() {
    let long = "x".repeat(300);
    let deep = "d/".repeat(3000) + "x";
    for path in [
        "../evil",
        "/tmp/evil",
        "a/../../evil",
        "a//b",
        "./a",
        "a\\..\\evil",
        "a\u{0}b",
        "a\nb",
        "C:/evil",
        "",
        ".",
        "..",
        &long,
        &deep,
    ] {
        let home = TestHome::new();
        let listener = UnixListener::bind(home.socket()).unwrap();
        let entry = path.to_owned();
        let serving = std::thread::spawn(move || hostile_daemon(&listener, &entry));
        let refused = run(&home, "artifact get e/p/c --root in/root").expect(1);
        assert!(refused.stderr.contains("nothing was written"), "{path:?}: {}", refused.stderr);
        assert!(!home.beside("in").exists() && !home.beside("evil").exists(), "{path:?}");
        assert!(!refused.stderr.contains('\u{0}'), "{path:?}");
        let _ = home.http().send("GET", "/end", b"");
        serving.join().unwrap();
    }
}
