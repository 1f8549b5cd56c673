//! Artifacts made to do harm: manifests, names and references that lead out,
//! lie, or are beyond all bounds. Each is answered with a clear refusal, touches
//! nothing outside the home, and leaves the daemon as it was.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pannier_tests::cli::{clean, pannier_bin};
use pannier_tests::daemon::{Process, TestDaemon, TestHome, ready};
use pannier_tests::hostile::{names_with_traps, paths_that_lead_out, references};
use pannier_tests::loopmount::possible;
use pannier_tests::wait;
use pannier_tests::wandb::{Door, FILE, FILE_MD5, MANIFEST, resident_kib};
use rustix::process::Signal;
use serde_json::{Value as Json, json};

/// W&B's digest of [`references`], forty of them.
const REFERENCES_DIGEST: &str = "4a8b495a1e32ffc6c93e12042409375a";
/// Of `a.txt` and `b.txt`, both [`FILE`].
const TWO_FILES_DIGEST: &str = "83191178662be765ea4d9c864f872306";

fn started() -> (TestHome, TestDaemon, Door) {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let door = begun(&home);
    (home, daemon, door)
}

fn begun(home: &TestHome) -> Door {
    let door = Door::of(home);
    door.begin("p", "r", &json!({}));
    door
}

/// Asks for a version to be begun. `changes` lie over what would be good.
fn create(door: &Door, client_id: &str, changes: &Json) -> Json {
    let mut input = json!({
        "entityName": "local", "projectName": "p", "runName": "r", "artifactTypeName": "model",
        "artifactCollectionName": "hostile", "digest": "0".repeat(32), "digestAlgorithm": "MANIFEST_MD5",
        "clientID": client_id, "sequenceClientID": "s", "enableDigestDeduplication": false,
    });
    for (key, value) in changes.as_object().unwrap() {
        input[key] = value.clone();
    }
    door.ask(
        "mutation CreateArtifact($input: CreateArtifactInput!) {
            createArtifact(input: $input) { artifact { id state } } }",
        &json!({ "input": input }),
    )
}

/// Begins a version, sends this manifest, and commits; what is answered to that.
fn committed(door: &Door, client_id: &str, digest: &str, manifest: &[u8]) -> Json {
    let created = create(door, client_id, &json!({ "digest": digest }));
    let id = created["data"]["createArtifact"]["artifact"]["id"].as_str();
    let id = id.unwrap_or_else(|| panic!("{created}"));
    let sent = door.data(
        "mutation CreateArtifactManifest($id: ID!) {
            createArtifactManifest(input: {artifactID: $id, name: \"wandb_manifest.json\", digest: \"\",
                entityName: \"local\", projectName: \"p\", runName: \"r\", type: FULL}) {
                artifactManifest { file { uploadUrl } } } }",
        &json!({ "id": id }),
    );
    let url = &sent["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"];
    let _ = door.put(&door.route(url.as_str().unwrap()), &[], manifest).expect(200);
    door.ask(
        "mutation CommitArtifact($id: ID!) {
            commitArtifact(input: {artifactID: $id}) { artifact { id size currentManifest { file { directUrl } } } } }",
        &json!({ "id": id }),
    )
}

fn manifest_of(contents: &Json) -> Vec<u8> {
    json!({"version": 1, "storagePolicy": "wandb-storage-policy-v1", "contents": contents})
        .to_string()
        .into_bytes()
}

/// What an answer refuses with: brief, and no line or colour of somebody's choice.
#[track_caller]
fn refusal(answer: &Json, of: &str) -> String {
    let of: String = of.chars().take(80).collect();
    let message = answer["errors"][0]["message"].as_str();
    let message = message.unwrap_or_else(|| panic!("{of:?} was not refused: {answer}"));
    assert!(message.len() < 600 && !message.chars().any(char::is_control), "{of:?}: {message:?}");
    assert!(!message.contains("a fault of pannier's own"), "{of:?}: {message}");
    message.to_owned()
}

/// The door still takes an artifact that is as it should be.
#[track_caller]
fn goes_on(door: &Door) {
    static TIMES: AtomicU32 = AtomicU32::new(0);
    let run = format!("good{}", TIMES.fetch_add(1, Ordering::Relaxed));
    door.begin("p", &run, &json!({}));
    let _ = door.artifact("p", &run, true);
}

fn refuse_paths(door: &Door) {
    for (n, path) in paths_that_lead_out().iter().enumerate() {
        let manifest = manifest_of(&json!({path: {"digest": FILE_MD5, "size": 8}}));
        let message = refusal(&committed(door, &format!("path{n}"), &"0".repeat(32), &manifest), path);
        assert!(message.contains("path"), "{path:?}: {message}");
        let reference = manifest_of(&json!({path: {"digest": "etag", "ref": "s3://bucket/x"}}));
        let _ = refusal(&committed(door, &format!("ref{n}"), &"0".repeat(32), &reference), path);
        let files = json!({"input": {"storageLayout": "V2", "artifactFiles": [
            {"artifactID": door.artifact("p", "r", false), "name": path, "md5": FILE_MD5}]}});
        let answer = door.ask(
            "mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) {
                createArtifactFiles(input: $input) { files { edges { node { uploadUrl } } } } }",
            &files,
        );
        let _ = refusal(&answer, path);
    }
}

fn refuse_names(door: &Door) {
    for name in names_with_traps() {
        let _ = refusal(&create(door, "x", &json!({ "artifactCollectionName": name })), &name);
        let aliases = json!({ "aliases": [{"artifactCollectionName": "hostile", "alias": name}] });
        let answer = create(door, "x", &aliases);
        // No folder is ever called after an alias.
        if name != ".." {
            let _ = refusal(&answer, &name);
        }
    }
    for name in ["../x", "/etc", "a\u{0}b", "a/b"] {
        for field in ["entityName", "projectName", "runName"] {
            let _ = refusal(&create(door, "x", &json!({ field: name })), name);
        }
    }
    // Asked for, they are not there, or are no names.
    for name in names_with_traps().iter().chain(&paths_that_lead_out()) {
        let answer = door.ask(
            "query A($n: String!) { project(name: \"p\") { artifact(name: $n) { id } } }",
            &json!({"n": format!("{name}:latest")}),
        );
        assert!(answer["data"]["project"]["artifact"].is_null(), "{name:?}: {answer}");
    }
}

/// Takes them all, as the texts that they are, and gives them back.
fn take_references(door: &Door, secret: &Path, port: u16) {
    let references = references(secret, port);
    let entry = |(n, reference): (usize, &String)| {
        (format!("r{n:02}"), json!({"digest": "etag", "size": 1, "ref": reference}))
    };
    let contents = Json::Object(references.iter().enumerate().map(entry).collect());
    let answer = committed(door, "references", REFERENCES_DIGEST, &manifest_of(&contents));
    let url = &answer["data"]["commitArtifact"]["artifact"]["currentManifest"]["file"]["directUrl"];
    let route = door.route(url.as_str().unwrap_or_else(|| panic!("{answer}")));
    assert_eq!(door.fetch(&route, &[]).expect(200).json()["contents"], contents, "kept as they were sent");
}

#[test]
fn paths_that_lead_out_are_refused() {
    let (home, _daemon, door) = started();
    refuse_paths(&door);
    goes_on(&door);
    assert!(!home.beside("x").exists() && !home.path().join("x").exists());
}

#[test]
fn names_with_traps_are_refused() {
    let (_home, _daemon, door) = started();
    refuse_names(&door);
    goes_on(&door);
}

#[test]
fn manifests_that_lie_are_refused() {
    let (_home, _daemon, door) = started();
    goes_on(&door);
    let entry = |entry: Json| manifest_of(&json!({ "a.txt": entry }));
    let deep = format!("{}{}", r#"{"version":1,"contents":{"a":"#, "[".repeat(1_000_000));
    let wrapped =
        format!(r#"{{"version":1,"contents":{{}},"x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for (n, manifest) in [
        b"".to_vec(),
        b"{".to_vec(),
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00".to_vec(),
        b"\xff\xfe{".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        b"null".to_vec(),
        deep.into_bytes(),
        wrapped.into_bytes(),
        br#"{"version":2,"contents":{}}"#.to_vec(),
        br#"{"version":"1","contents":{}}"#.to_vec(),
        br#"{"version":1,"contents":[]}"#.to_vec(),
        br#"{"version":1,"contents":{"a.txt":5}}"#.to_vec(),
        entry(json!({})),
        entry(json!({ "digest": 5 })),
        entry(json!({"digest": FILE_MD5, "size": -1})),
        entry(json!({"digest": FILE_MD5, "size": 1.5})),
        entry(json!({"digest": FILE_MD5, "size": 1e30})),
        entry(json!({"digest": FILE_MD5, "size": "8"})),
        entry(json!({"digest": FILE_MD5, "size": 8, "ref": {}})),
        // Good JSON with another digest than was said; bytes that are not there.
        entry(json!({"digest": FILE_MD5, "size": 8})),
        entry(json!({"digest": "AAAAAAAAAAAAAAAAAAAAAA==", "size": 8})),
        entry(json!({"digest": "../../etc/passwd", "size": 8})),
        MANIFEST.as_bytes().to_vec(),
    ]
    .iter()
    .enumerate()
    {
        let shown = String::from_utf8_lossy(manifest).into_owned();
        let _ = refusal(&committed(&door, &format!("lie{n}"), &"0".repeat(32), manifest), &shown);
    }
    goes_on(&door);
}

/// What is not there cannot be committed, whatever its manifest says of it.
#[test]
fn files_that_were_not_sent_are_missed() {
    let (_home, _daemon, door) = started();
    let entry = json!({"digest": FILE_MD5, "size": 8});
    let manifest = manifest_of(&json!({"a.txt": entry, "b.txt": entry}));
    let message = refusal(&committed(&door, "missing", TWO_FILES_DIGEST, &manifest), "missing bytes");
    assert!(message.contains("a.txt"), "{message}");
    goes_on(&door);
}

/// Sizes are what somebody says. Whether such a version is taken or not, nothing
/// overflows, and what is answered is no more than can be said.
#[test]
fn sizes_beyond_all_bounds() {
    let (_home, _daemon, door) = started();
    goes_on(&door);
    for (n, size) in [u64::MAX, u64::MAX / 2 + 1, i64::MAX as u64].into_iter().enumerate() {
        let entry = json!({"digest": FILE_MD5, "size": size});
        let manifest = manifest_of(&json!({"a.txt": entry, "b.txt": entry}));
        let answer = committed(&door, &format!("size{n}"), TWO_FILES_DIGEST, &manifest);
        if answer["errors"].is_null() {
            let said = &answer["data"]["commitArtifact"]["artifact"]["size"];
            assert!(
                said.as_u64().is_some_and(|said| said == 2 * FILE.len() as u64 || said >= size),
                "{answer}"
            );
        } else {
            let _ = refusal(&answer, "a huge size");
        }
        goes_on(&door);
    }
}

#[test]
fn a_million_entries() {
    let (_home, mut daemon, door) = started();
    goes_on(&door);
    let mut manifest = br#"{"version":1,"contents":{"#.to_vec();
    for n in 0..1_000_000 {
        let comma = if n == 0 { "" } else { "," };
        let entry = format!(r#"{comma}"d{}/f{n}":{{"digest":"{FILE_MD5}","size":8}}"#, n / 1000);
        manifest.extend_from_slice(entry.as_bytes());
    }
    manifest.extend_from_slice(b"}}");
    let began = Instant::now();
    let message = refusal(&committed(&door, "million", &"0".repeat(32), &manifest), "a million entries");
    assert!(message.contains("digest"), "{message}");
    println!("{} MB of manifest refused in {:?}", manifest.len() >> 20, began.elapsed());
    goes_on(&door);
    let kib = resident_kib(daemon.process().pid());
    assert!(kib < 1 << 20, "{kib} KiB");
}

#[test]
fn references_are_texts() {
    let (home, _daemon, door) = started();
    let secret = home.beside("secret.txt");
    std::fs::write(&secret, "hunter2").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    take_references(&door, &secret, listener.local_addr().unwrap().port());
    let files = door.ask(
        "{ project(name: \"p\") { artifact(name: \"hostile:latest\") {
            files(first: 100) { edges { node { name directUrl } } } } } }",
        &json!({}),
    );
    let edges =
        files["data"]["project"]["artifact"]["files"]["edges"].as_array().cloned().unwrap_or_default();
    for edge in edges {
        if let Some(url) = edge["node"]["directUrl"].as_str().filter(|url| url.contains(&door.address)) {
            let answer = door.fetch(&door.route(url), &[]);
            assert!(!answer.text().contains("hunter2"), "{edge}");
        }
    }
    goes_on(&door);
    let heard = listener.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(heard, Err(std::io::ErrorKind::WouldBlock), "nobody follows a reference");
}

/// All of it again, with every name watched that the daemon hands to the kernel.
#[test]
fn nothing_outside_the_home_is_touched() {
    if let Err(missing) = possible(&["strace"]) {
        println!("left out: {missing}");
        return;
    }
    let home = TestHome::new();
    let (secret, trace) = (home.beside("secret.txt"), home.beside("trace"));
    std::fs::write(&secret, "hunter2").unwrap();
    let mut strace = clean("strace".as_ref());
    // With -D the daemon, not strace, is our child.
    strace
        .args(["-D", "-f", "-qq", "-s", "4096", "-e", "trace=%file,connect", "-e", "signal=none", "-o"])
        .arg(&trace);
    home.env(&mut strace).arg(pannier_bin()).arg("daemon");
    let mut daemon = Process::start(strace.stdout(Stdio::null()).stderr(Stdio::null()));
    wait::until("a daemon is ready", || ready(&home.http()).then_some(()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let door = begun(&home);
    let before = std::fs::read_to_string(&trace).unwrap().len();
    refuse_paths(&door);
    refuse_names(&door);
    take_references(&door, &secret, port);
    goes_on(&door);
    daemon.signal(Signal::TERM);
    daemon.wait(Duration::from_secs(30)).expect("it ends when it is told to");
    let trace = std::fs::read_to_string(&trace).unwrap();
    let calls: Vec<&str> = trace[before..].lines().collect();
    assert!(calls.len() > 50, "it is watched\n{trace}");
    let inside = &*home.path().display().to_string();
    for call in calls {
        assert!(!call.contains("secret.txt") && !call.contains("/etc/passwd"), "{call}");
        assert!(!call.contains(&format!("htons({port})")), "{call}");
        let names: Vec<&str> = call.split('"').skip(1).step_by(2).collect();
        assert!(!names.iter().any(|name| name.split('/').any(|part| part == "..")), "{call}");
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "rename", "unlink", "mkdir", "link"];
        // SQLite sorts in files without a name, wherever temporary files are.
        if call.contains("O_TMPFILE") || !writes.iter().any(|word| call.contains(word)) {
            continue;
        }
        for name in names.iter().filter(|name| name.starts_with('/')) {
            let own = [inside, "/dev/", "/proc/"].iter().any(|own| name.starts_with(own));
            assert!(own, "{call}");
        }
    }
}
