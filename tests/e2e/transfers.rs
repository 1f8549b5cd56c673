//! Transfer links, `/blob/…`: what each lets its holder do, and nothing else;
//! bytes that arrive whole or not at all; files of strangers that stay files.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::wait;
use pannier_tests::wandb::{Door, FILE, FILE_MD5};
use serde_json::{Value as Json, json};

fn started() -> (TestHome, TestDaemon, Door) {
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let door = Door::of(&home);
    door.begin("p", "r", &json!({}));
    (home, daemon, door)
}

/// The files of the run that were sent, by name; those that pannier makes of
/// what it knows are not among them.
fn sent(door: &Door) -> Vec<String> {
    let made = ["config.yaml", "wandb-metadata.json", "wandb-summary.json", "requirements.txt", "output.log"];
    let files = files(door);
    let names = files.iter().map(|file| file["name"].as_str().unwrap().to_owned());
    names.filter(|name| !made.contains(&name.as_str())).collect()
}

fn files(door: &Door) -> Vec<Json> {
    let data = door.data(
        "{ project(name: \"p\") { run(name: \"r\") { files(first: 100) {
            edges { node { name sizeBytes md5 directUrl url } } } } } }",
        &json!({}),
    );
    let edges = data["project"]["run"]["files"]["edges"].as_array().unwrap().clone();
    edges.into_iter().map(|mut edge| edge["node"].take()).collect()
}

/// The route to a file's bytes.
fn link(door: &Door, name: &str) -> String {
    let files = files(door);
    let file = files.iter().find(|file| file["name"] == name).unwrap_or_else(|| panic!("{name}: {files:?}"));
    door.route(file["directUrl"].as_str().unwrap())
}

/// Bytes on disk that belong to blobs, finished or not.
fn bytes_kept(home: &TestHome) -> u64 {
    fn below(dir: &Path) -> u64 {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        entries
            .map(|entry| match entry.metadata() {
                Ok(meta) if meta.is_dir() => below(&entry.path()),
                Ok(meta) => meta.len(),
                Err(_gone) => 0,
            })
            .sum()
    }
    let folder = home.path().join("blobs");
    assert!(folder.is_dir(), "blobs lie where this test looks");
    below(&folder)
}

#[test]
fn a_link_is_for_one_thing() {
    let (_home, _daemon, door) = started();
    let up = door.upload_link("p", "r", "a.txt");
    let _ = door.put(&up, &[], b"first").expect(200);
    let down = link(&door, "a.txt");
    assert_eq!(door.fetch(&down, &[]).expect(200).body, b"first");
    let _ = door.put(&up, &[], b"second").expect(200);
    assert_eq!(door.fetch(&link(&door, "a.txt"), &[]).expect(200).body, b"second", "sent again, replaced");
    for (method, route) in [("GET", &up), ("PUT", &down), ("POST", &up), ("DELETE", &down), ("PATCH", &up)] {
        let answer = door.http().send(method, route, b"x").unwrap();
        assert!([403, 405].contains(&answer.status), "{method}: {} {}", answer.status, answer.text());
    }
    assert_eq!(door.fetch(&link(&door, "a.txt"), &[]).expect(200).body, b"second");
    // The key is worth no more than the link.
    let token = format!("Authorization: Bearer {}", door.token);
    let _ = door.fetch("/blob/AAAA", &[&token]).expect(403);
}

#[test]
fn changed_links_are_worth_nothing() {
    let (_home, _daemon, door) = started();
    let up = door.upload_link("p", "r", "a.txt");
    let last = up.len() - 1;
    for at in (6..last).step_by(7).chain([last]) {
        let old = up.as_bytes()[at];
        let new = if old == b'A' { 'B' } else { 'A' };
        let changed = format!("{}{new}{}", &up[..at], &up[at + 1..]);
        let answer = door.put(&changed, &[], b"x");
        assert!((400..500).contains(&answer.status), "byte {at}: {}", answer.status);
    }
    for route in
        ["/blob/", "/blob/x", "/blob/..%2f..%2fetc%2fpasswd", "/blob/%00", &format!("{up}AAAA"), &up[..40]]
    {
        let answer = door.put(route, &[], b"x");
        assert!((400..500).contains(&answer.status), "{route}: {}", answer.status);
    }
    assert_eq!(sent(&door), [] as [&str; 0]);
    // One of another home.
    let (_other_home, _other_daemon, other) = started();
    let _ = other.put(&up, &[], b"x").expect(403);
}

#[test]
fn wrong_bytes_are_not_kept() {
    let (_home, _daemon, door) = started();
    let up = door.upload_link("p", "r", "model.txt");
    let wrong = "Content-MD5: AAAAAAAAAAAAAAAAAAAAAA==";
    let answer = door.put(&up, &[wrong], FILE.as_bytes()).expect(400);
    assert!(answer.text().contains(FILE_MD5), "it says what arrived: {}", answer.text());
    let _ = door.put(&up, &["Content-MD5: no digest"], FILE.as_bytes()).expect(400);
    assert_eq!(sent(&door), [] as [&str; 0]);
    let right = format!("Content-MD5: {FILE_MD5}");
    let answer = door.put(&up, &[&right], FILE.as_bytes()).expect(200);
    assert!(answer.header("etag").is_some_and(|tag| tag.starts_with('"')), "{}", answer.head);
    assert_eq!(sent(&door), ["model.txt"]);
    let found = files(&door);
    let file = found.iter().find(|file| file["name"] == "model.txt").unwrap();
    assert_eq!((&file["md5"], &file["sizeBytes"]), (&json!(FILE_MD5), &json!(8)));
    let _ = door.put(&door.upload_link("p", "r", "empty"), &[], b"").expect(200);
    assert_eq!(door.fetch(&link(&door, "empty"), &[]).expect(200).body, b"");
}

#[test]
fn a_cut_upload_leaves_nothing() {
    let (home, _daemon, door) = started();
    let _ = door.put(&door.upload_link("p", "r", "a.txt"), &[], b"whole").expect(200);
    let before = bytes_kept(&home);
    for part in [0, 1, 1 << 20] {
        let up = door.upload_link("p", "r", "cut.bin");
        let mut stream = TcpStream::connect(&door.address).unwrap();
        let host = &door.address;
        write!(stream, "PUT {up} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n", 8 << 20).unwrap();
        stream.write_all(&vec![7; part]).unwrap();
        drop(stream);
    }
    wait::until("no byte of it is left", || (bytes_kept(&home) == before).then_some(()));
    assert_eq!(sent(&door), ["a.txt"]);
}

#[test]
fn refused_bytes_leave_nothing() {
    let (home, _daemon, door) = started();
    let before = bytes_kept(&home);
    let up = door.upload_link("p", "r", "wrong.bin");
    let answer = door.put(&up, &["Content-MD5: AAAAAAAAAAAAAAAAAAAAAA=="], &vec![8; 1 << 20]);
    assert_eq!(answer.status, 400);
    assert_eq!(bytes_kept(&home), before);
    assert_eq!(sent(&door), [] as [&str; 0]);
}

/// A link that was asked for certain bytes takes no others, whatever their sender
/// says of them.
#[test]
fn a_link_for_certain_bytes_takes_no_others() {
    let (home, _daemon, door) = started();
    let _ = door.begin("p", "r", &json!({}));
    let id = door.artifact("p", "r", false);
    let before = bytes_kept(&home);
    let files = door.data(
        "mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) {
            createArtifactFiles(input: $input) { files { edges { node { uploadUrl } } } } }",
        &json!({"input": {"storageLayout": "V2", "artifactFiles": [{
            "artifactID": id, "name": "other.txt", "md5": "AAAAAAAAAAAAAAAAAAAAAA==",
        }]}}),
    );
    let url = &files["createArtifactFiles"]["files"]["edges"][0]["node"]["uploadUrl"];
    let up = door.route(url.as_str().unwrap());
    let bytes = [FILE, "other bytes"].map(str::as_bytes);
    let own_word = format!("Content-MD5: {FILE_MD5}");
    for (headers, bytes) in [(&[] as &[&str], bytes[1]), (&[&own_word], bytes[0])] {
        let answer = door.put(&up, headers, bytes).expect(400);
        assert!(answer.text().contains("not AAAAAAAAAAAAAAAAAAAAAA=="), "{}", answer.text());
    }
    assert_eq!(bytes_kept(&home), before);
}

#[test]
fn parts_of_files() {
    let (_home, _daemon, door) = started();
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let _ = door.put(&door.upload_link("p", "r", "big.bin"), &[], &bytes).expect(200);
    let route = link(&door, "big.bin");
    let whole = door.fetch(&route, &[]).expect(200);
    assert!(whole.body == bytes && whole.header("accept-ranges") == Some("bytes"), "{}", whole.head);
    for (range, from, to) in [
        ("0-9", 0, 10),
        ("999990-", 999_990, 1_000_000),
        ("-5", 999_995, 1_000_000),
        ("500000-2000000", 500_000, 1_000_000),
    ] {
        let answer = door.fetch(&route, &[&format!("Range: bytes={range}")]).expect(206);
        assert_eq!(answer.body, bytes[from..to], "{range}");
        let said = format!("bytes {from}-{}/1000000", to - 1);
        assert_eq!(answer.header("content-range"), Some(said.as_str()));
    }
    let answer = door.fetch(&route, &["Range: bytes=1000000-"]).expect(416);
    assert_eq!(answer.header("content-range"), Some("bytes */1000000"));
    for range in ["bytes=9-5", "lines=1-2", "bytes=x", "bytes=0-1,5-6"] {
        let answer = door.fetch(&route, &[&format!("Range: {range}")]).expect(200);
        assert_eq!(answer.body.len(), bytes.len(), "{range}");
    }
}

#[test]
fn paths_that_lead_out_are_refused() {
    let (home, _daemon, door) = started();
    let document = "mutation CreateRunFiles($files: [String!]!) {
        createRunFiles(input: {projectName: \"p\", runName: \"r\", files: $files}) { files { uploadUrl } } }";
    let long = "x/".repeat(3000);
    for name in [
        "../x",
        "/etc/passwd",
        "a/../../x",
        "a\u{0}b",
        "",
        ".",
        "..",
        "a//b",
        "a\\..\\b",
        "C:\\x",
        "a\nb",
        &long,
    ] {
        let answer = door.ask(document, &json!({"files": ["fine.txt", name]}));
        let message = answer["errors"][0]["message"].as_str();
        let message = message.unwrap_or_else(|| panic!("{name:?}: {answer}"));
        assert!(message.contains("path") && message.len() < 500, "{name:?}: {message}");
    }
    assert_eq!(sent(&door), [] as [&str; 0]);
    assert!(!home.beside("x").exists() && !home.path().join("x").exists());
    // Odd, but harmless.
    for name in ["a b/ü 🦀.txt", "...", "a%2e%2e%2fb", "\"quoted\".txt"] {
        let _ = door.put(&door.upload_link("p", "r", name), &[], name.as_bytes()).expect(200);
        assert_eq!(door.fetch(&link(&door, name), &[]).expect(200).body, name.as_bytes());
    }
}

#[test]
fn files_of_strangers_are_no_pages_of_ours() {
    let (_home, _daemon, door) = started();
    for (name, shown) in [
        ("media/html/page.html", false),
        ("picture.svg", false),
        ("script.js", false),
        ("page.xhtml", false),
        ("unknown", false),
        ("picture.png", true),
        ("notes.txt", true),
    ] {
        let text = b"<script>alert(1)</script>";
        let _ = door.put(&door.upload_link("p", "r", name), &[], text).expect(200);
        let answer = door.fetch(&link(&door, name), &[]).expect(200);
        let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
        assert_eq!(answer.body, text);
        assert_eq!(header("x-content-type-options"), "nosniff", "{name}");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("sandbox;") && policy.contains("default-src 'none'"), "{name}: {policy}");
        assert!(!policy.contains("allow-"), "{name}: {policy}");
        // A picture in SVG runs no script in a sandbox; a page is not shown at all.
        let way = header("content-disposition");
        if name.ends_with("html") || name.ends_with(".js") || name == "unknown" {
            assert!(way.starts_with("attachment"), "{name}: {way}");
        }
        assert!(!shown || way.starts_with("inline"), "{name}: {way}");
    }
}
