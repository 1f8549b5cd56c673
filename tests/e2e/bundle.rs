//! Bundles between real homes that see no network: whatever the order, however
//! often, and whoever is killed, a hub ends with what online sync would have
//! brought; what is damaged, hostile or not for it changes nothing.

use std::path::{Path, PathBuf};

use pannier_proto::hub::{StreamId, StreamUpto};
use pannier_proto::id::{Origin, RunPath};
use pannier_tests::cli::Output;
use pannier_tests::daemon::{Process, TestDaemon, TestHome};
use pannier_tests::http::Http;
use pannier_tests::hub::TestHub;
use pannier_tests::journal::JournalWriter;
use pannier_tests::random::Random;
use pannier_tests::wait;
use serde_json::{Value as Json, json};

use crate::in_flight::content;

/// A home without a network, whose daemon serves.
pub(crate) struct Alone {
    pub(crate) home: TestHome,
    pub(crate) daemon: TestDaemon,
    writers: u8,
}

impl Alone {
    pub(crate) fn new() -> Self {
        let home = TestHome::new();
        let daemon = TestDaemon::start(&home);
        Self { home, daemon, writers: 0 }
    }

    fn journal(&mut self, run: &str) -> JournalWriter {
        self.writers += 1;
        JournalWriter::begin(self.home.path(), "p", run, self.writers)
    }

    /// A run with rows, from its begin to its end.
    pub(crate) fn rows(&mut self, run: &str, rows: std::ops::Range<i64>) {
        let mut journal = self.journal(run);
        rows.for_each(|n| journal.row(n));
        let folder = journal.folder.clone();
        journal.finish();
        // The others may still be written.
        wait::until("its journal is consumed", || (!folder.exists()).then_some(()));
    }

    /// A version of `p/net`: megabytes, of which `n` decides a twentieth.
    pub(crate) fn version(&self, mebibytes: usize, n: u64) {
        let mut bytes = content(1, mebibytes << 20);
        let changed = bytes.len() / 20;
        bytes[..changed].copy_from_slice(&content(100 + n, changed));
        let file = self.home.beside("weights.bin");
        std::fs::write(&file, bytes).unwrap();
        let file = file.display().to_string();
        let _ = self.run(&["artifact", "put", &file, "--name", "p/net", "--type", "model"]);
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.home.run(args).expect(0)
    }

    pub(crate) fn export(&self, name: &str, args: &[&str]) -> (PathBuf, Json) {
        let place = self.home.beside(name);
        let file = place.display().to_string();
        let said = self.run(&[&["export", "-o", &file, "--to", "site", "--json"], args].concat());
        (place, said.json())
    }

    /// Everything that a person does here, in three parts with a bundle behind each.
    fn story(&mut self) -> Vec<(PathBuf, Json)> {
        let mut bundles = Vec::new();
        let mut first = self.journal("first");
        (0..500).for_each(|n| first.row(n));
        self.version(3, 0);
        let _ = self.run(&["registry", "link", "p/net", "model/digits", "--alias", "staging"]);
        let view = json!({"type": "runs", "display_name": "Report", "spec": "{\"blocks\": [ ]}"});
        let made = self.home.http().post("/v1/views/local/p", &view).expect(200).json();
        bundles.push(self.export("1.bundle", &["--since", "last"]));
        self.rows("second", 0..300);
        self.version(3, 1);
        let _ = self.run(&["registry", "link", "p/net:v1", "model/digits", "--alias", "production"]);
        bundles.push(self.export("2.bundle", &["--since", "LAST"]));
        (500..700).for_each(|n| first.row(n));
        first.finish();
        self.daemon.settle(&self.home);
        let _ = self.run(&["registry", "alias", "model/digits:v0", "production"]);
        let route = format!("/v1/views/local/p/{}", made["id"].as_str().unwrap());
        let saved = json!({"type": "runs", "display_name": "Report again", "spec": "{\"blocks\": [1]}"});
        let put = self.home.http().send("PUT", &route, saved.to_string().as_bytes()).unwrap();
        assert_eq!(put.status, 200, "{}", put.text());
        bundles.push(self.export("3.bundle", &["--since", "last"]));
        bundles
    }

    /// Its streams, and how many records each has here.
    pub(crate) fn streams(&self) -> Vec<StreamUpto> {
        let origin: Origin =
            self.daemon.status()["origin"].as_str().unwrap().parse().expect("a home has an id");
        let runs = self.home.http().get("/v1/runs?limit=1000").expect(200).json();
        let text = |run: &Json, name: &str| run[name].as_str().unwrap().to_owned();
        let runs =
            runs["runs"].as_array().unwrap().iter().map(|run| {
                RunPath::new(&text(run, "entity"), &text(run, "project"), &text(run, "run")).unwrap()
            });
        let projects = [("local", "p"), ("pannier", "wandb-registry-model")];
        let projects = projects.map(|(entity, project)| RunPath::workspace(entity, project).unwrap());
        let streams =
            runs.chain(projects).map(|path| StreamUpto { id: StreamId { origin, path }, upto: u64::MAX });
        streams.collect()
    }
}

/// What a home has of streams: how many records, and the digest over them.
pub(crate) fn digests(http: &Http, streams: &[StreamUpto]) -> Json {
    http.post("/v1/hub/digests", &json!({"streams": streams})).expect(200).json()
}

/// Takes out when things came here, and where else they are.
fn without_what_is_of_this_home(json: &mut Json) {
    match json {
        Json::Object(fields) => {
            fields.retain(|name, _| !["sync", "remotes", "since_us"].contains(&name.as_str()));
            fields.values_mut().for_each(without_what_is_of_this_home);
        }
        Json::Array(items) => items.iter_mut().for_each(without_what_is_of_this_home),
        _ => {}
    }
}

/// What people see.
fn seen(http: &Http) -> Vec<Json> {
    let get = |route: &str| http.get(route).expect(200).json();
    let mut seen: Vec<Json> = vec![get("/v1/views?entity=local&project=p")];
    let names = ["local/p/net:v0", "local/p/net:v1"].map(str::to_owned).into_iter();
    let aliases = ["staging", "production", "latest"];
    let linked = aliases.map(|alias| format!("pannier/wandb-registry-model/digits:{alias}"));
    for name in names.chain(linked) {
        let mut shown = get(&format!("/v1/artifacts/{name}"));
        without_what_is_of_this_home(&mut shown);
        seen.push(shown);
    }
    seen
}

pub(crate) fn import(hub: &TestHub, args: &[&str]) -> Output {
    hub.home.run(&[&["import", "--json"], args].concat())
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(crate) fn is_clean(home: &TestHome) -> bool {
    std::fs::read_dir(home.path().join("bundles")).map_or(0, Iterator::count) == 0
}

#[test]
fn in_any_order_and_twice_it_is_what_online_sync_brings() {
    let mut alone = Alone::new();
    let bundles = alone.story();
    let sizes: Vec<u64> = bundles.iter().map(|(_, said)| said["file_bytes"].as_u64().unwrap()).collect();
    assert!(
        sizes[0] > 3 << 20 && sizes[1] < 1 << 20 && sizes[2] < 100_000,
        "what is there stays out: {sizes:?}"
    );
    let (carried, online) = (TestHub::started(), TestHub::started());
    let [first, second, third] = [0, 1, 2].map(|at| text(&bundles[at].0));

    // The last one alone waits, whatever happens to the hub.
    let said = import(&carried, &[third]).expect(0).json();
    assert!(!said["bundles"][0]["waiting"].as_array().unwrap().is_empty(), "{said}");
    let said = import(&carried, &[second, third]).expect(0).json();
    assert!(!is_clean(&carried.home), "{said}");
    let streams = alone.streams();
    let said = import(&carried, &[first]).expect(0).json();
    assert!(is_clean(&carried.home), "what waited has come: {said}");
    assert_eq!(digests(&carried.http(), &streams), digests(&alone.home.http(), &streams));

    // Again, and all at once at another one.
    let said = import(&carried, &[third, first, second]).expect(0).json();
    let new: Vec<&Json> = said["bundles"].as_array().unwrap().iter().map(|one| &one["new_records"]).collect();
    assert_eq!(new, [&json!(0), &json!(0), &json!(0)]);
    let at_once = TestHub::started();
    let _ = import(&at_once, &[third, first, second]).expect(0);
    assert!(is_clean(&at_once.home));

    online.add_to(&alone.home, &online.url());
    let _ = alone.home.run(&["sync", "--wait", "--timeout", "60"]).expect(0);
    for hub in [&carried, &at_once] {
        assert_eq!(digests(&hub.http(), &streams), digests(&online.http(), &streams));
        assert_eq!(seen(&hub.http()), seen(&online.http()));
        let _ = hub.home.run(&["verify", "--blobs"]).expect(0);
    }
    alone.daemon.stop();
}

#[test]
fn a_receipt_shows_what_arrived() {
    let mut alone = Alone::new();
    let bundles = alone.story();
    let hub = TestHub::started();
    let site = |alone: &Alone| {
        let status = alone.daemon.status();
        let remotes = status["remotes"].as_array().unwrap();
        remotes.iter().find(|remote| remote["name"] == "site").unwrap().clone()
    };
    let before = site(&alone);
    assert_eq!(
        (&before["state"], &before["records_sent"]),
        (&json!("carried"), &json!(0)),
        "nobody said so yet"
    );
    // The first is lost on the way; the receipt for the others is no lie.
    let receipt = hub.home.beside("back.receipt");
    let later = [text(&bundles[1].0), text(&bundles[2].0), "--receipt", text(&receipt)];
    let _ = import(&hub, &later).expect(0);
    let said = alone.run(&["import", "--json", text(&receipt)]).json();
    assert_eq!(said["bundles"][0]["receipt"], true);
    assert!(site(&alone)["records_queued"].as_u64().unwrap() > 0, "{said}");
    let (again, said) = alone.export("again.bundle", &["--since", "received"]);
    assert!(said["records"].as_u64().unwrap() > 0, "what did not arrive goes again: {said}");

    let second = hub.home.beside("second.receipt");
    let _ = import(&hub, &[text(&again), "--receipt", text(&second)]).expect(0);
    assert!(is_clean(&hub.home));
    let said = alone.run(&["import", text(&second)]).stdout;
    assert!(said.contains("a receipt of") && said.contains("arrived at site"), "{said}");
    assert_eq!(site(&alone)["records_queued"], 0, "all of it arrived");
    let status = alone.daemon.status();
    let first = status["runs"].as_array().unwrap().iter().find(|run| run["run"] == "first").unwrap();
    assert_eq!(first["remotes"]["site"]["state"], "sent", "{first}");
    // An old receipt that comes late takes nothing back.
    let _ = alone.run(&["import", text(&receipt)]);
    assert_eq!(site(&alone)["records_queued"], 0);
    for since in ["last", "received"] {
        let (place, said) = alone.export("none.bundle", &["--since", since]);
        assert!(said["set"].is_null() && !place.exists(), "{said}");
    }
    let streams = alone.streams();
    assert_eq!(digests(&hub.http(), &streams), digests(&alone.home.http(), &streams));

    what_arrived_may_go(&alone, &hub);

    // Whom it is not for.
    let _ = hub.home.run(&["import", text(&second)]).expect(1);
    let out = alone.home.run(&["import", text(&again)]).expect(1);
    assert!(out.stdout.contains("from this very home"), "{}", out.stdout);
    let _ = alone.home.run(&["sync", "--wait"]).expect(1);
    let _ = alone.run(&["remote", "remove", "site"]);
    let anew = alone.home.beside("anew.bundle");
    let out =
        alone.home.run(&["export", "-o", text(&anew), "--to", "site", "--since", "last", "--json"]).expect(1);
    let said = out.json();
    assert_eq!(said["number"], 1, "what was forgotten begins anew: {said}");
    assert!(!said["left_out"].as_array().unwrap().is_empty(), "whose bytes went is said: {said}");
    alone.daemon.stop();
}

/// And nothing else does.
fn what_arrived_may_go(alone: &Alone, hub: &TestHub) {
    alone.version(3, 7);
    let freed = alone.run(&["gc", "--arrived", "site", "--max-bytes", "0", "--json"]).json();
    assert!(freed["evicted_bytes"].as_u64().unwrap() >= 6 << 20, "{freed}");
    let of = |version: &str| {
        alone.home.http().get(&format!("/v1/artifacts/local/p/net:{version}/files/weights.bin")).status
    };
    assert!(of("v0") != 200 && of("v2") == 200, "{freed}");
    let _ = alone.home.run(&["gc", "--arrived", "hub"]).expect(1);
    let (fresh, _) = alone.export("fresh.bundle", &["--since", "last"]);
    let _ = import(hub, &[text(&fresh)]).expect(0);
    let _ = hub.home.run(&["verify", "--blobs"]).expect(0);
}

/// Killed while it unpacks, and while it takes in.
#[test]
fn killed_during_an_import_it_ends_the_same() {
    let mut alone = Alone::new();
    alone.rows("first", 0..20_000);
    alone.version(24, 0);
    alone.version(24, 1);
    let (bundle, _) = alone.export("all.bundle", &["--all"]);
    let mut hub = TestHub::started();
    for kill in 0..6 {
        let mut asked = hub.home.pannier(&["import", text(&bundle)]);
        let mut asking =
            Process::start(asked.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()));
        let dir = hub.home.path().join("bundles");
        let unpacking = |name: &str| name.starts_with('.');
        let _ = wait::within(wait::PATIENCE, || {
            let names = std::fs::read_dir(&dir).into_iter().flatten().flatten();
            let mut names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
            (names.any(|name| unpacking(&name) == (kill % 2 == 0)) || asking.ended().is_some()).then_some(())
        });
        hub.kill();
        asking.kill();
        hub.start();
    }
    let _ = import(&hub, &[text(&bundle)]).expect(0);
    assert!(is_clean(&hub.home));
    let mut streams = alone.streams();
    streams.retain(|stream| !stream.id.path.entity.starts_with("pannier"));
    assert_eq!(digests(&hub.http(), &streams), digests(&alone.home.http(), &streams));
    let _ = hub.home.run(&["verify", "--blobs"]).expect(0);
    alone.daemon.stop();
}

#[test]
fn what_is_damaged_changes_nothing() {
    let mut alone = Alone::new();
    alone.rows("first", 0..200);
    alone.version(1, 0);
    let (bundle, _) = alone.export("all.bundle", &[]);
    let good = std::fs::read(&bundle).unwrap();
    let hub = TestHub::started();
    let bad = hub.home.beside("bad.bundle");
    let mut random = Random::from_env();
    let refused = |bytes: &[u8], what: &str| {
        std::fs::write(&bad, bytes).unwrap();
        let out = hub.home.run(&["import", text(&bad)]);
        assert_eq!(out.code, Some(1), "{what}: {}{}", out.stdout, out.stderr);
    };
    for _ in 0..24 {
        let (at, bit) = (usize::try_from(random.below(good.len() as u64)).unwrap(), random.below(8));
        let mut bytes = good.clone();
        bytes[at] ^= 1 << bit;
        refused(&bytes, &format!("byte {at}"));
        refused(&good[..at], &format!("cut at {at}"));
    }
    refused(b"", "nothing");
    refused(b"PK\x03\x04 something else altogether, that is no bundle at all, of course", "another file");
    assert!(is_clean(&hub.home));
    assert_eq!(hub.http().get("/v1/runs?limit=10").expect(200).json()["runs"], json!([]));
    assert_eq!(hub.http().get("/v1/artifacts/local/p/net:v0").status, 404);
    let _ = import(&hub, &[text(&bundle), "--dry-run"]).expect(0);
    assert!(is_clean(&hub.home) && hub.http().get("/v1/runs/local/p/first").status == 404);
    // Nor does what cannot be written.
    let full = alone.home.run(&["export", "-o", "/proc/nowhere.bundle"]).expect(1);
    assert!(full.stderr.contains("/proc"), "{}", full.stderr);
    let _ = alone.home.run(&["export", "-o", text(&bundle)]).expect(1);
    assert!(std::fs::read(&bundle).unwrap() == good, "nothing is written over");
    alone.daemon.stop();
}

#[test]
fn one_run_or_one_project_goes_alone() {
    let mut alone = Alone::new();
    alone.rows("first", 0..50);
    alone.rows("second", 0..50);
    alone.version(1, 0);
    let hub = TestHub::started();
    let (one, said) = alone.export("one.bundle", &["--run", "p/first"]);
    assert_eq!(said["streams"], 1);
    let _ = import(&hub, &[text(&one)]).expect(0);
    let status = |run: &str| hub.http().get(&format!("/v1/runs/local/p/{run}")).status;
    assert_eq!((status("first"), status("second")), (200, 404));
    // The rest follows, without what went alone.
    let (rest, said) = alone.export("rest.bundle", &["--since", "last", "--project", "local/p"]);
    assert!(said["streams"].as_u64().unwrap() >= 2, "{said}");
    let _ = import(&hub, &[text(&rest)]).expect(0);
    assert!(is_clean(&hub.home));
    assert_eq!((status("second"), hub.http().get("/v1/artifacts/local/p/net:v0").status), (200, 200));
    let _ = alone.home.run(&["export", "-o", "x", "--run", "p/nobody"]).expect(1);
    let _ = alone.home.run(&["export", "-o", "x", "--project", "p"]).expect(1);
    let _ = alone.home.run(&["export", "-o", "x", "--to", "a b"]).expect(1);
    alone.daemon.stop();
}
