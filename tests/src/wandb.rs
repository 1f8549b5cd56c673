//! A client of the daemon's W&B dialect: what the SDK's core sends, by hand.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::daemon::TestHome;
use crate::http::{Answer, Http};
use crate::proxy::read_message;

/// The loopback door of a home, with its key.
pub struct Door {
    /// Its address.
    pub address: String,
    /// Its key.
    pub token: String,
    /// Whose runs are asked about.
    pub entity: String,
    http: Http,
}

/// The manifest of one file, `model.txt` with [`FILE`].
pub const MANIFEST: &str = r#"{"version":1,"storagePolicy":"wandb-storage-policy-v1","storagePolicyConfig":{"storageLayout":"V2"},"contents":{"model.txt":{"digest":"+tYksoIIq/YrTQ22XAR1ew==","size":8}}}"#;
/// The MD5 digest of [`MANIFEST`].
pub const MANIFEST_MD5: &str = "KACIbSUfAWmUPRlBBUbAGw==";
/// The digest of the artifact that it is the manifest of.
pub const ARTIFACT_DIGEST: &str = "5e84375a5a12a6de3c0c1381492fd05c";
/// The bytes of its file.
pub const FILE: &str = "weights\n";
/// Their MD5 digest.
pub const FILE_MD5: &str = "+tYksoIIq/YrTQ22XAR1ew==";

const UPSERT: &str = "mutation UpsertBucket($name: String, $project: String, $config: JSONString) {
    upsertBucket(input: {name: $name, modelName: $project, config: $config}) {
        bucket { id name project { name entity { name } } } inserted } }";
const FILES: &str = "mutation CreateRunFiles($project: String!, $run: String!, $files: [String!]!) {
    createRunFiles(input: {projectName: $project, runName: $run, files: $files}) {
        files { name uploadUrl } } }";

impl Door {
    /// That of a running daemon.
    #[must_use]
    pub fn of(home: &TestHome) -> Self {
        let found = home.http().get("/v1/http").expect(200).json();
        let text = |name: &str| found[name].as_str().unwrap_or_else(|| panic!("{found}")).to_owned();
        let (address, token) = (text("url").trim_start_matches("http://").to_owned(), text("token"));
        Self {
            http: Http::Tcp(address.clone(), Some(token.clone())),
            address,
            token,
            entity: "local".to_owned(),
        }
    }

    /// That of a hub, with the key of its user `tester`.
    #[must_use]
    pub fn at(address: SocketAddr, token: &str) -> Self {
        let (address, token) = (address.to_string(), token.to_owned());
        Self {
            http: Http::Tcp(address.clone(), Some(token.clone())),
            address,
            token,
            entity: "tester".to_owned(),
        }
    }

    /// Talks to it natively.
    #[must_use]
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Asks; the whole answer.
    #[track_caller]
    #[must_use]
    pub fn ask(&self, document: &str, variables: &Json) -> Json {
        self.graphql(json!({"query": document, "variables": variables}).to_string().as_bytes())
            .expect(200)
            .json()
    }

    /// Sends any body to `/graphql`. Links in answers lead to the asked host.
    #[track_caller]
    #[must_use]
    pub fn graphql(&self, body: &[u8]) -> Answer {
        let host = format!("Host: {}", self.address);
        self.http.send_with("POST", "/graphql", &[&host], body).expect("somebody answers")
    }

    /// Asks; what is answered where nothing went wrong.
    #[track_caller]
    #[must_use]
    pub fn data(&self, document: &str, variables: &Json) -> Json {
        let mut answer = self.ask(document, variables);
        assert!(answer["errors"].is_null(), "{document} {variables}: {answer}");
        answer["data"].take()
    }

    /// Begins a run; its storage id.
    #[track_caller]
    pub fn begin(&self, project: &str, run: &str, config: &Json) -> String {
        let variables = json!({"name": run, "project": project, "config": config.to_string()});
        let data = self.data(UPSERT, &variables);
        data["upsertBucket"]["bucket"]["id"].as_str().expect("a run has an id").to_owned()
    }

    /// Posts to a run's file stream.
    #[track_caller]
    pub fn post(&self, project: &str, run: &str, body: &Json) -> Answer {
        self.post_with(project, run, &[], body.to_string().as_bytes()).expect("somebody answers")
    }

    /// Posts any bytes to a run's file stream.
    ///
    /// # Errors
    /// Where nobody answers.
    pub fn post_with(&self, project: &str, run: &str, headers: &[&str], body: &[u8]) -> io::Result<Answer> {
        self.http.send_with(
            "POST",
            &format!("/files/{}/{project}/{run}/file_stream", self.entity),
            headers,
            body,
        )
    }

    /// Where a file of a run is to be sent.
    #[track_caller]
    #[must_use]
    pub fn upload_link(&self, project: &str, run: &str, file: &str) -> String {
        let data = self.data(FILES, &json!({"project": project, "run": run, "files": [file]}));
        let url = data["createRunFiles"]["files"][0]["uploadUrl"].as_str();
        self.route(url.expect("a link is made"))
    }

    /// The route of an absolute link of this daemon's.
    #[track_caller]
    #[must_use]
    pub fn route(&self, url: &str) -> String {
        let route = url.strip_prefix(&format!("http://{}", self.address));
        route.unwrap_or_else(|| panic!("{url} leads to {}", self.address)).to_owned()
    }

    /// Sends bytes to a link, without a key, as W&B's clients do.
    #[track_caller]
    pub fn put(&self, route: &str, headers: &[&str], bytes: &[u8]) -> Answer {
        let open = Http::Tcp(self.address.clone(), None);
        open.send_with("PUT", route, headers, bytes).expect("somebody answers")
    }

    /// Reads a link, without a key.
    #[track_caller]
    #[must_use]
    pub fn fetch(&self, route: &str, headers: &[&str]) -> Answer {
        let open = Http::Tcp(self.address.clone(), None);
        open.send_with("GET", route, headers, b"").expect("somebody answers")
    }

    /// Sends exactly these bytes, with the key as SDKs send it between the
    /// request line and the rest, and reads one answer.
    ///
    /// # Errors
    /// Where the connection ends without one.
    pub fn raw(&self, line: &str, headers: &str, body: &[u8]) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let (host, token) = (&self.address, &self.token);
        write!(stream, "{line} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n{headers}\r\n")?;
        stream.write_all(body)?;
        let message = read_message(&mut stream, true)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Answer::of(&message)
    }

    /// A version `model-demo:latest` of one file; its id. Left pending where it
    /// is not to be committed.
    #[track_caller]
    pub fn artifact(&self, project: &str, run: &str, commit: bool) -> String {
        let created = self.data(
            "mutation CreateArtifact($input: CreateArtifactInput!) {
                createArtifact(input: $input) { artifact { id state } } }",
            &json!({"input": {
                "entityName": "local", "projectName": project, "runName": run, "artifactTypeName": "model",
                "artifactCollectionName": "model-demo", "digest": ARTIFACT_DIGEST, "digestAlgorithm": "MANIFEST_MD5",
                "aliases": [{"artifactCollectionName": "model-demo", "alias": "latest"}],
                "clientID": format!("{project}{run}").repeat(8), "sequenceClientID": project.repeat(8),
                "enableDigestDeduplication": false, "metadata": "{\"epochs\": 3}", "description": "d",
            }}),
        );
        let id = created["createArtifact"]["artifact"]["id"].as_str().expect("it has an id").to_owned();
        let manifest = self.data(
            "mutation CreateArtifactManifest($id: ID!, $run: String!, $project: String!, $md5: String!) {
                createArtifactManifest(input: {artifactID: $id, name: \"wandb_manifest.json\", digest: $md5,
                    entityName: \"local\", projectName: $project, runName: $run, type: FULL}) {
                    artifactManifest { id file { id uploadUrl } } } }",
            &json!({"id": id, "run": run, "project": project, "md5": MANIFEST_MD5}),
        );
        let manifest = &manifest["createArtifactManifest"]["artifactManifest"];
        let files = self.data(
            "mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) {
                createArtifactFiles(input: $input) { files { edges { node { uploadUrl } } } } }",
            &json!({"input": {"storageLayout": "V2", "artifactFiles": [{
                "artifactID": id, "artifactManifestID": manifest["id"], "name": "model.txt", "md5": FILE_MD5,
            }]}}),
        );
        let file = &files["createArtifactFiles"]["files"]["edges"][0]["node"]["uploadUrl"];
        for (url, bytes) in [(file, FILE), (&manifest["file"]["uploadUrl"], MANIFEST)] {
            // Bytes that are here are not asked for.
            if let Some(url) = url.as_str() {
                let _ = self.put(&self.route(url), &[], bytes.as_bytes()).expect(200);
            }
        }
        if commit {
            let _ = self.data(
                "mutation CommitArtifact($id: ID!) {
                    commitArtifact(input: {artifactID: $id}) { artifact { id digest } } }",
                &json!({"id": id}),
            );
        }
        id
    }

    /// The steps of a run's history, as the native API has them.
    #[track_caller]
    #[must_use]
    pub fn steps(&self, project: &str, run: &str) -> Vec<i64> {
        self.rows(project, run).iter().map(|row| row["_step"].as_i64().expect("a row has a step")).collect()
    }

    /// The rows of a run's history, as the native API has them.
    #[track_caller]
    #[must_use]
    pub fn rows(&self, project: &str, run: &str) -> Vec<Json> {
        let text = self
            .http
            .get(&format!("/v1/runs/{}/{project}/{run}/rows?table=history", self.entity))
            .expect(200)
            .text();
        text.lines().map(|line| serde_json::from_str(line).expect("rows are JSON")).collect()
    }

    /// The rows of a run's history, as W&B's clients read them; NaN and the
    /// infinities as null.
    #[track_caller]
    #[must_use]
    pub fn history(&self, project: &str, run: &str) -> Vec<Json> {
        let data = self.data(
            "query HistoryPage($p: String!, $r: String!) { project(name: $p) { run(name: $r) {
                history(minStep: 0, maxStep: 1000000, samples: 1000000) } } }",
            &json!({"p": project, "r": run}),
        );
        let lines = data["project"]["run"]["history"].as_array().expect("rows are a list").clone();
        let row = |line: &Json| {
            // W&B writes numbers that JSON does not have.
            let text = line.as_str().expect("a row is text").replace("-Infinity", "null");
            let text = text.replace(":NaN", ":null").replace(":Infinity", ":null");
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
        };
        lines.iter().map(row).collect()
    }
}

/// A post of history lines, from an offset on.
#[must_use]
pub fn history_post(offset: u64, lines: &[String]) -> Json {
    json!({"files": {"wandb-history.jsonl": {"offset": offset, "content": lines}}})
}

/// A history line.
#[must_use]
pub fn line(step: i64) -> String {
    json!({"_step": step, "_timestamp": 1_000_000 + step, "_runtime": step, "x": step * 2}).to_string()
}

/// Lines of these steps.
#[must_use]
pub fn lines(steps: std::ops::Range<i64>) -> Vec<String> {
    steps.map(line).collect()
}

/// How much memory a process has now, in KiB.
#[track_caller]
#[must_use]
pub fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
}

/// A run's storage id.
#[must_use]
pub fn run_id(entity: &str, project: &str, run: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("Run:v1:{run}:{project}:{entity}"))
}
