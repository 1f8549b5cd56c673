//! The remote against a server that is told what to answer: what is sent, under
//! which numbers, and what becomes of refusals, lost answers and late counts.

mod server;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use pannier_proto::content::Content;
use pannier_proto::id::{Id128, RunPath};
use pannier_proto::job::JobLife;
use pannier_proto::path::RelPath;
use pannier_proto::record::{Change, Record, Row, RunFields, RunState as Alive, Table};
use pannier_proto::value::Value;
use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

use self::server::{Server, Told};
use super::{Wandb, parts};
use crate::blobs::Blobs;
use crate::health::Health;
use crate::ingest;
use crate::store::Store;
use crate::sync::backoff::Exponential;
use crate::sync::engine::{Engine, Step};
use crate::sync::seen::Seen;
use crate::wandb::manifest::Manifest;

const HISTORY: &str = "wandb-history.jsonl";

/// A home, and its engine for one server.
struct Home {
    _dir: TempDir,
    store: Arc<Store>,
    blobs: Arc<Blobs>,
    engine: Engine<Wandb>,
    url: String,
}

impl Home {
    fn new(server: &Server) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&dir.path().join("db")).unwrap());
        let blobs =
            Arc::new(Blobs::open(&dir.path().join("blobs"), dir.path().join("q"), store.clone()).unwrap());
        let url = server.url.clone();
        store.write_blocking(|tx| tx.set_remote("wandb", "wandb+http://x", 1)).unwrap();
        let engine = Self::engine(&store, &blobs, &url);
        Self { _dir: dir, store, blobs, engine, url }
    }

    fn engine(store: &Arc<Store>, blobs: &Arc<Blobs>, url: &str) -> Engine<Wandb> {
        let mut wandb = Wandb::new("wandb", url, Some("key"), store.clone(), blobs.clone()).unwrap();
        wandb.cut = parts::Cut { from: 1000, part: 400 };
        let seen = Arc::new(Seen::new("wandb", Arc::new(Health::default())));
        let policy = Box::new(Exponential::new(|| 0.01));
        Engine::new("wandb", store.clone(), blobs.clone(), Arc::new(wandb), policy, seen)
    }

    /// The daemon starts again.
    fn restart(&mut self) {
        self.engine = Self::engine(&self.store, &self.blobs, &self.url);
    }

    /// Until there is nothing to be done, not even to be read back.
    async fn sync(&mut self) {
        for _ in 0..400 {
            match self.engine.step().await {
                Step::Idle => return,
                Step::More => {}
                Step::Wait(delay) => tokio::time::sleep(delay.min(Duration::from_millis(300))).await,
            }
        }
        panic!("it does not come to an end");
    }

    async fn log(&self, run: &str, records: Vec<Record>) {
        ingest::append(&self.store, &path(run), records).await.unwrap();
    }

    fn problems(&self) -> Vec<String> {
        self.store.problems().unwrap().into_iter().map(|problem| problem.what).collect()
    }

    fn parked(&self, run: &str) -> Option<String> {
        let streams = self.store.streams_for("wandb", true).unwrap();
        streams.into_iter().find(|stream| stream.id.path.run == run)?.parked
    }
}

fn path(run: &str) -> RunPath {
    RunPath::new("local", "p", run).unwrap()
}

fn begin() -> Record {
    let fields =
        RunFields { name: Some("a name".into()), tags: Some(vec!["t".into()]), ..RunFields::default() };
    Record::Change(Change::Begin { time_us: 1_000_000, fields, start_step: 0, resumed: false, job: None })
}

fn end() -> Record {
    Record::Change(Change::End { time_us: 9_000_000, state: Alive::Finished, exit_code: Some(0) })
}

fn row(step: i64, key: &str) -> Record {
    let cells = vec![(key.to_owned(), Value::I64(step * 2))];
    Record::Row(Row { table: Table::History, step, time_us: 1_000_000 + step, cells })
}

fn rows(steps: std::ops::Range<i64>) -> Vec<Record> {
    steps.map(|step| row(step, "x")).collect()
}

fn steps(lines: &[String]) -> Vec<i64> {
    lines.iter().map(|line| serde_json::from_str::<Json>(line).unwrap()["_step"].as_i64().unwrap()).collect()
}

fn told(at: &'static str, status: u16, body: &str) -> Told {
    Told { at, status, headers: &[], body: body.to_owned(), acted: false }
}

#[tokio::test]
async fn a_small_run_is_four_requests_of_the_api() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    let config = Map::from_iter([("lr".to_owned(), json!(0.1))]);
    let mut records = vec![begin(), Record::Change(Change::Config { set: config, remove: Vec::new() })];
    records.extend(rows(0..10));
    records.push(end());
    home.log("small", records).await;
    home.sync().await;
    let world = server.world();
    let api: Vec<_> = world.asked.iter().filter(|asked| !asked.starts_with("put ")).collect();
    assert_eq!(
        api,
        [
            "Viewer",
            "FetchOrgInfoFromEntity",
            "ServerFeaturesQuery",
            "UpsertBucket",
            "CreateRunFiles",
            "file_stream small",
            "ReadBack"
        ]
    );
    let upsert = world.variables.iter().find(|said| said["name"] == "small").unwrap();
    assert_eq!(
        (&upsert["entity"], &upsert["displayName"], &upsert["project"]),
        (&Json::Null, &json!("a name"), &json!("p"))
    );
    let config: Json = serde_json::from_str(upsert["config"].as_str().unwrap()).unwrap();
    assert_eq!(config["lr"]["value"], 0.1);
    assert!(config["_wandb"]["value"]["t"].is_object(), "whoever resumes it there looks for it: {config}");
    let (_, post) = &world.posts[0];
    assert_eq!(
        (&post["complete"], &post["exitcode"], &post["files"][HISTORY]["offset"]),
        (&json!(true), &json!(0), &json!(0))
    );
    assert_eq!(post["uploaded"], json!(["config.yaml", "wandb-summary.json"]));
    drop(world);
    assert_eq!(steps(&server.lines("small", HISTORY)), (0..10).collect::<Vec<_>>());
    assert_eq!(home.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn many_small_runs_share_requests() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    for run in 0..60 {
        let mut records = vec![begin()];
        records.extend(rows(0..3));
        records.push(end());
        home.log(&format!("run{run}"), records).await;
    }
    home.sync().await;
    assert_eq!(server.count("file_stream"), 60);
    let api = server.world().asked.iter().filter(|asked| !asked.starts_with("put ")).count();
    assert!(api <= 60 + 3 + 3 + 3 + 12, "{api} requests for 60 runs");
}

#[tokio::test]
async fn whatever_is_cut_off_goes_again_under_the_same_numbers() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    home.log("r", [vec![begin()], rows(0..100)].concat()).await;
    // It is taken in, and the answer is lost.
    server.world().script.push_back(Told { acted: true, ..told("file_stream", 503, "") });
    home.sync().await;
    assert_eq!(
        steps(&server.lines("r", HISTORY)),
        (0..99).collect::<Vec<_>>(),
        "the newest step may still change"
    );
    // More of the newest step, then more steps; the daemon starts anew in between.
    home.restart();
    home.log("r", [vec![row(99, "y")], rows(100..150)].concat()).await;
    server
        .world()
        .script
        .extend([told("file_stream", 500, ""), Told { acted: true, ..told("file_stream", 502, "") }]);
    home.sync().await;
    home.log("r", vec![end()]).await;
    home.sync().await;
    let lines = server.lines("r", HISTORY);
    assert_eq!(steps(&lines), (0..150).collect::<Vec<_>>());
    assert!(lines[99].contains("\"x\"") && lines[99].contains("\"y\""), "{}", lines[99]);
    assert_eq!(home.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn rows_of_steps_that_have_gone_come_as_lines_of_their_own() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    home.log("r", [vec![begin()], rows(0..10)].concat()).await;
    home.sync().await;
    home.log("r", vec![row(3, "late"), row(3, "later"), row(10, "x"), row(11, "x")]).await;
    home.sync().await;
    home.log("r", vec![end()]).await;
    home.sync().await;
    let lines = server.lines("r", HISTORY);
    assert_eq!(steps(&lines), [0, 1, 2, 3, 4, 5, 6, 7, 8, 3, 9, 10, 11]);
    assert!(lines[9].contains("\"late\"") && lines[9].contains("\"later\""));
    assert_eq!(home.problems(), Vec::<String>::new(), "it is the same by step");
}

#[tokio::test]
async fn of_a_job_that_was_queued_again_the_rows_that_are_shown_are_there() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    let life = |attempt: u64, start_step: i64| {
        let job = Some(JobLife { job: "j".to_owned(), attempt });
        let fields = RunFields::default();
        Record::Change(Change::Begin { time_us: 1_000_000, fields, start_step, resumed: false, job })
    };
    home.log("r", [vec![life(0, 0)], rows(0..10)].concat()).await;
    home.sync().await;
    home.log("r", vec![row(8, "gone")]).await;
    home.log("r", [vec![life(1, 5)], rows(5..8), vec![end()]].concat()).await;
    home.sync().await;
    let lines = server.lines("r", HISTORY);
    assert_eq!(steps(&lines), (0..8).collect::<Vec<_>>());
    assert!(lines.iter().all(|line| !line.contains("gone")), "{lines:?}");
    assert_eq!(home.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn a_line_that_is_written_again_and_again_takes_few_posts() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    let line = |number: i64, text: &str| {
        let cells =
            vec![("line".to_owned(), Value::I64(number)), ("text".to_owned(), Value::Text(text.into()))];
        Record::Row(Row { table: Table::Console, step: 0, time_us: 1_000_000, cells })
    };
    home.log("r", vec![begin(), line(0, "0%"), line(1, "a"), line(2, "b")]).await;
    home.sync().await;
    let posts = server.count("file_stream");
    let bar = (3..20).flat_map(|number| [line(0, &format!("{number}%")), line(number, "c")]);
    home.log("r", bar.collect()).await;
    home.sync().await;
    assert_eq!(server.count("file_stream"), posts + 2, "the old line, then the new ones");
    let lines = server.lines("r", "output.log");
    assert!(lines.len() == 20 && lines[0].contains("19%"), "{lines:?}");
    home.log("r", vec![end()]).await;
    home.sync().await;
    let whole = String::from_utf8(server.world().blobs["r/output.log"].clone()).unwrap();
    assert!(whole.starts_with("19%\na\nb\nc\n") && whole.lines().count() == 20, "{whole}");
}

#[tokio::test]
async fn a_server_that_takes_no_rows_back_shows_both_and_so_it_is_said() {
    let server = Server::start().await;
    server.world().refuses_rewinds = true;
    let mut home = Home::new(&server);
    home.log("r", [vec![begin()], rows(0..10)].concat()).await;
    home.sync().await;
    home.log("r", [vec![Record::Change(Change::Rewind { step: 5 })], rows(5..8), vec![end()]].concat()).await;
    home.sync().await;
    assert_eq!(steps(&server.lines("r", HISTORY)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 7]);
    assert!(
        home.problems().iter().any(|what| what.contains("began again at step 5")),
        "{:?}",
        home.problems()
    );
    assert_eq!(home.parked("r"), None, "the rest goes on");
}

#[tokio::test]
async fn a_refusal_parks_one_run_with_its_reason() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    for run in ["refused", "fine"] {
        home.log(run, [vec![begin()], rows(0..3), vec![end()]].concat()).await;
    }
    home.sync().await;
    assert!(home.parked("refused").unwrap().contains("refuses the run"));
    assert_eq!(server.lines("fine", HISTORY).len(), 3);
    for (status, kept) in [(403, "permission"), (404, "not found"), (422, "odd")] {
        let run = format!("run{status}");
        let body = json!({ "errors": [{ "message": kept }] }).to_string();
        server.world().script.push_back(told("file_stream", status, &body));
        home.log(&run, [vec![begin()], rows(0..3), vec![end()]].concat()).await;
        home.sync().await;
        let parked = home.parked(&run).unwrap();
        assert!(parked.contains(kept) && parked.contains(&status.to_string()), "{parked}");
        home.engine.retry().await;
        home.sync().await;
        assert_eq!((home.parked(&run), server.lines(&run, HISTORY).len()), (None, 3));
    }
}

#[tokio::test]
async fn what_is_too_large_goes_in_smaller_pieces() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    server.world().script.extend([told("file_stream", 413, ""), told("file_stream", 413, "")]);
    home.log("r", [vec![begin()], rows(0..8), vec![end()]].concat()).await;
    home.sync().await;
    assert_eq!(steps(&server.lines("r", HISTORY)), (0..8).collect::<Vec<_>>());
    assert_eq!(server.world().posts.last().unwrap().1["complete"], true, "the end comes last");
    server.world().script.extend((0..10).map(|_| told("file_stream one", 413, "")));
    home.log("one", [vec![begin()], rows(0..1), vec![end()]].concat()).await;
    home.sync().await;
    assert!(home.parked("one").unwrap().contains("413"));
    // An odd answer to something small is no reason to give up.
    server.world().script.clear();
    server.world().script.push_back(told("UpsertBucket", 413, ""));
    home.log("odd", [vec![begin()], rows(0..1), vec![end()]].concat()).await;
    home.sync().await;
    assert_eq!((home.parked("odd"), server.lines("odd", HISTORY).len()), (None, 1));
}

#[tokio::test]
async fn counts_that_settle_late_are_no_difference_and_others_are() {
    let server = Server::start().await;
    server.world().late = Duration::from_millis(500);
    let mut home = Home::new(&server);
    home.log("r", [vec![begin()], rows(0..10), vec![end()]].concat()).await;
    home.sync().await;
    assert_eq!(home.problems(), Vec::<String>::new());
    assert!(server.count("ReadBack") >= 2, "it was looked at again");
    server.world().late = Duration::from_secs(3600);
    home.log("s", [vec![begin()], rows(0..10), vec![end()]].concat()).await;
    home.sync().await;
    assert!(
        home.problems().iter().any(|what| what.contains("5 lines of history are there of 10")),
        "{:?}",
        home.problems()
    );
}

#[tokio::test]
async fn a_run_that_may_not_be_read_is_not_taken_for_gone() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    let body = json!({ "data": { "r0": null }, "errors": [{ "message": "not now", "path": ["r0"] }] });
    server.world().script.extend((0..3).map(|_| told("ReadBack", 200, &body.to_string())));
    home.log("r", [vec![begin()], rows(0..3), vec![end()]].concat()).await;
    home.sync().await;
    let problems = home.problems();
    assert!(problems.len() == 1 && problems[0].contains("cannot be read back: not now"), "{problems:?}");
}

#[tokio::test]
async fn whoever_stops_a_run_there_stops_it_here() {
    let server = Server::start().await;
    server.world().stopped = true;
    let mut home = Home::new(&server);
    home.log("r", [vec![begin()], rows(0..10)].concat()).await;
    home.sync().await;
    let run = home.store.run(&path("r")).unwrap();
    assert_eq!(run.metadata.get(crate::store::STOP), Some(&json!(true)));
}

/// A run that goes on after its end, as a job does that was queued again.
#[tokio::test]
async fn a_run_that_goes_on_goes_on_there() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    home.log("r", [vec![begin()], rows(0..5), vec![end()]].concat()).await;
    home.sync().await;
    home.log("r", [vec![begin()], rows(5..8)].concat()).await;
    home.sync().await;
    let operations = server.world().operations.clone();
    let upserts = operations.iter().filter(|(operation, _)| operation == "UpsertBucket");
    let entities: Vec<_> = upserts.map(|(_, said)| said["entity"].clone()).collect();
    assert_eq!(entities, [Json::Null, json!("ann")], "it is begun again, where it is");
    home.log("r", vec![end()]).await;
    home.sync().await;
    assert_eq!(steps(&server.lines("r", HISTORY)), (0..8).collect::<Vec<_>>());
    let completed = server.world().posts.iter().filter(|(_, post)| post["complete"] == true).count();
    assert_eq!((completed, home.problems()), (2, Vec::new()));
}

#[tokio::test]
async fn a_run_that_was_deleted_begins_again_with_its_first_line() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    for (round, rows_of) in [(1, 0..5), (2, 0..2)] {
        home.log("r", [vec![begin()], rows(rows_of.clone()), vec![end()]].concat()).await;
        home.sync().await;
        assert_eq!(steps(&server.lines("r", HISTORY)), rows_of.collect::<Vec<_>>());
        assert_eq!(server.count("put r/config.yaml"), round);
        ingest::upsert::delete(&home.store, &path("r")).await.unwrap();
        if round == 2 {
            let body = json!({ "errors": [{ "message": "not yours" }] }).to_string();
            server.world().script.push_back(told("DeleteRun", 403, &body));
        }
        home.sync().await;
        assert_eq!(server.count("DeleteRun"), round);
    }
    let problems = home.problems();
    assert!(problems.iter().any(|what| what.contains("may still be at") && what.contains("not yours")));
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[tokio::test]
async fn alerts_are_raised_once() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    let alert = |n: i64| json!({"title": format!("t{n}"), "text": "x", "level": "WARN", "time": n});
    let set = |alerts: Vec<Json>| {
        Record::Change(Change::Metadata { set: Map::from_iter([("alerts".to_owned(), Json::from(alerts))]) })
    };
    // Posts that fail behind them are no reason to raise them again.
    server.world().script.extend([told("file_stream", 503, ""), told("file_stream", 503, "")]);
    home.log("r", vec![begin(), set(vec![alert(1)]), set(vec![alert(1), alert(2)])]).await;
    home.sync().await;
    home.restart();
    home.log("r", vec![set(vec![alert(1), alert(2), alert(3)])]).await;
    home.sync().await;
    assert_eq!(server.count("NotifyScriptableRunAlert"), 3);
}

#[tokio::test]
async fn files_arrive_once() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    let content = home.blobs.put(b"picture").unwrap();
    let file = Change::File { path: RelPath::new("media/images/a b.png").unwrap(), content, time_us: 1 };
    home.log("r", vec![begin(), Record::Change(file)]).await;
    home.sync().await;
    assert_eq!(server.world().blobs["r/media/images/a b.png"], b"picture");
    let sent = server.count("put r/media");
    home.log("r", vec![end()]).await;
    home.sync().await;
    assert_eq!(server.count("put r/media"), sent, "what is there is not sent again");
}

#[tokio::test]
async fn a_version_that_is_not_to_be_had_holds_up_no_run_that_read_it() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    let used = Record::Change(Change::UseArtifact { id: Id128([9; 16]) });
    home.log("r", [vec![begin(), used], rows(0..3), vec![end()]].concat()).await;
    home.sync().await;
    assert_eq!((home.parked("r"), server.lines("r", HISTORY).len()), (None, 3));
    let problems = home.problems();
    assert!(problems.iter().any(|what| what.contains("is not told that it read version")), "{problems:?}");
}

#[tokio::test]
async fn a_version_that_is_refused_holds_up_none_after_it() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    for run in ["first", "second"] {
        home.log(run, vec![begin()]).await;
        log_artifact(&home, run, run.as_bytes()).await;
        // The second run is to bring the first one's version, too.
        server.world().script.push_back(told("CreateArtifact", 403, ""));
        home.sync().await;
    }
    assert!(home.parked("first").unwrap().contains("403"));
    assert_eq!((home.parked("second"), server.count("CommitArtifact")), (None, 1));
}

#[tokio::test]
async fn a_file_is_named_until_the_server_has_heard_of_it() {
    let server = Server::start().await;
    let mut home = Home::new(&server);
    let content = home.blobs.put(b"text").unwrap();
    let file = Change::File { path: RelPath::new("a.txt").unwrap(), content, time_us: 1 };
    server.world().script.push_back(told("file_stream", 503, ""));
    home.log("r", vec![begin(), Record::Change(file)]).await;
    home.sync().await;
    let named = |server: &Server| {
        let world = server.world();
        world.posts.iter().filter(|(_, post)| post["uploaded"] == json!(["a.txt"])).count()
    };
    assert_eq!((server.count("put r/a.txt"), named(&server)), (1, 1));
    home.log("r", rows(0..3)).await;
    home.sync().await;
    assert_eq!((server.count("put r/a.txt"), named(&server)), (1, 1), "once is enough");
}

#[tokio::test]
async fn large_files_of_artifacts_go_in_parts() {
    let server = Server::start().await;
    server.world().parts = true;
    let mut home = Home::new(&server);
    home.log("r", vec![begin()]).await;
    let large = log_artifact(&home, "r", b"s").await;
    server.world().script.extend((0..7).map(|_| told("put part/l.bin/2", 503, "")));
    home.sync().await;
    let tries = [1, 2, 3].map(|part| server.count(&format!("put part/l.bin/{part}")));
    assert_eq!(tries, [1, 8, 1], "a part is tried again alone");
    let world = server.world();
    assert_eq!(world.blobs["artifact/s"], b"s");
    let parts: Vec<u8> =
        (1..=3).flat_map(|part| world.blobs[&format!("part/l.bin/{part}")].clone()).collect();
    assert_eq!(parts, large);
    let complete = world.variables.iter().find(|said| said["uploadID"] == "up").unwrap();
    assert_eq!(complete["completedParts"][2], json!({"partNumber": 3, "hexMD5": "\"part/l.bin/3\""}));
    let sent: Json = serde_json::from_slice(&world.blobs["manifest"]).unwrap();
    assert_eq!(sent["contents"]["l.bin"]["birthArtifactID"], "birth");
    drop(world);
    let row = home.store.logged_artifacts(&path("r")).unwrap().pop().unwrap();
    assert_eq!((row.version, row.settled), (7, true), "the server's number stands");
}

/// A version of two files; the bytes of the larger.
async fn log_artifact(home: &Home, run: &str, small: &[u8]) -> Vec<u8> {
    let large: Vec<u8> = (0..1050_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let (small, large_content) = (home.blobs.put(small).unwrap(), home.blobs.put(&large).unwrap());
    let entry = |content: &Content| json!({ "digest": crate::wandb::ids::md5_base64(content.md5), "size": content.size });
    let contents = json!({"s": entry(&small), "l.bin": entry(&large_content)});
    let manifest = json!({"version": 1, "storagePolicy": "x", "contents": contents}).to_string();
    let asked = ingest::artifact::Asked {
        run: path(run),
        client_id: format!("{run:c<128}"),
        sequence_client_id: None,
        distributed_id: None,
        collection: "net".into(),
        kind: "model".into(),
        digest: Manifest::decode(manifest.as_bytes()).unwrap().digest(),
        aliases: vec!["best".into()],
        tags: Vec::new(),
        description: None,
        metadata: None,
        ttl_s: None,
        history_step: None,
        created_us: 1,
        by: None,
    };
    let manifest = home.blobs.put(manifest.as_bytes()).unwrap();
    ingest::artifact::log(&home.store, &home.blobs, asked, manifest).await.unwrap();
    large
}

/// What wandb-core asks is recorded in tests/wire: the same operations with the same
/// variables, and posts of the same form. What the SDK does not ask is listed.
#[tokio::test]
async fn what_is_asked_is_what_the_sdk_asks() {
    const OURS: [&str; 2] = ["ReadBack", "FetchOrgInfoFromEntity"];
    let server = Server::start().await;
    let mut home = Home::new(&server);
    let alerts = json!([{"title": "t", "text": "x", "level": "WARN", "time": 1}]);
    let set = Map::from_iter([("alerts".to_owned(), alerts)]);
    let records = [vec![begin(), Record::Change(Change::Metadata { set })], rows(0..3)].concat();
    home.log("r", records).await;
    log_artifact(&home, "r", b"s").await;
    home.log("r", vec![end()]).await;
    home.sync().await;
    let wire = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/wire");
    let read = |folder: &str| -> Vec<Json> {
        let files = std::fs::read_dir(wire.join(folder)).unwrap();
        files
            .map(|file| serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap())
            .collect()
    };
    let keys = |json: &Json| -> BTreeSet<String> {
        json.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
    };
    let recorded = read("graphql");
    let world = server.world();
    for (operation, variables) in &world.operations {
        if OURS.contains(&operation.as_str()) {
            continue;
        }
        let said: Vec<_> = recorded.iter().filter(|known| known["operation"] == operation.as_str()).collect();
        let fits = |known: &&&Json| {
            keys(variables).is_subset(&keys(&known["variables"]))
                && keys(&variables["input"]).is_subset(&keys(&known["variables"]["input"]))
        };
        assert!(said.iter().any(|known| fits(&known)), "{operation} is not asked with {variables}");
    }
    let posts = read("file_stream");
    let known: BTreeSet<String> = posts.iter().flat_map(|post| keys(&post["body"])).collect();
    let files: BTreeSet<String> = posts.iter().flat_map(|post| keys(&post["body"]["files"])).collect();
    for (_, post) in &world.posts {
        assert!(keys(post).is_subset(&known) && keys(&post["files"]).is_subset(&files), "{post}");
    }
    let wanted =
        ["UpsertBucket", "CreateRunFiles", "CreateArtifact", "CreateArtifactFiles", "CommitArtifact"];
    let asked: BTreeSet<&str> = world.operations.iter().map(|(operation, _)| operation.as_str()).collect();
    assert!(wanted.iter().all(|wanted| asked.contains(wanted)), "{asked:?}");
}
