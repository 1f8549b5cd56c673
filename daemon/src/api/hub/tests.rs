//! Engine, HTTP client, routes and store together, over a real connection.

use std::time::{Duration, Instant};

use pannier_proto::content::{Blob, Content};
use pannier_proto::hub::{BlobPart, PartAnswer, Position, Pushed};
use pannier_proto::id::RunPath;
use pannier_proto::path::RelPath;
use pannier_proto::record::{Change, Record, Row, RunState, Table};
use pannier_proto::value::Value;

use super::*;
use crate::block::Block;
use crate::health::Health;
use crate::limits::CHUNKS_MAX;
use crate::store::Incoming;
use crate::sync::backoff::Exponential;
use crate::sync::engine::{Engine, Step};
use crate::sync::hub::Hub;
use crate::sync::remote::{Remote, RemoteError, StreamPush};
use crate::sync::{seen::Seen, verify};

struct Pair {
    _dir: tempfile::TempDir,
    here: Arc<Store>,
    there: Arc<Store>,
    sent: Arc<Blobs>,
    received: Arc<Blobs>,
    url: String,
}

async fn pair() -> Pair {
    let dir = tempfile::tempdir().unwrap();
    let open = |name: &str| Arc::new(Store::open(&dir.path().join(name)).unwrap());
    let (here, there) = (open("here.db"), open("there.db"));
    let blobs = |name: &str, store: &Arc<Store>| {
        Arc::new(Blobs::open(&dir.path().join(name), dir.path().join("quarantine"), store.clone()).unwrap())
    };
    let (sent, received) = (blobs("here", &here), blobs("there", &there));
    let receiving = Receiving { store: there.clone(), blobs: received.clone(), epoch: Id128([7; 16]) };
    let router = routes::<Receiving>()
        .layer(axum::extract::DefaultBodyLimit::max(crate::limits::REQUEST_BYTES_MAX))
        .layer(Extension(Caller::owner("tester")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router.with_state(receiving)).await });
    here.write(|tx| tx.set_remote("hub", "http://127.0.0.1", 1)).await.unwrap();
    Pair { _dir: dir, here, there, sent, received, url }
}

fn path(run: &str) -> RunPath {
    RunPath::new("e", "p", run).unwrap()
}

fn rows(steps: std::ops::Range<i64>, keys: usize) -> Block {
    let mut block = Block::default();
    let mut state = 1u64;
    for step in steps {
        let cells = (0..keys).map(|key| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (format!("m{key}"), Value::F64(f64::from((state >> 40) as u32 & 0xffff) / 65_536.0))
        });
        let cells = cells.collect();
        block.push(Record::Row(Row { table: Table::History, step, time_us: step * 1000, cells }));
    }
    block
}

async fn append(store: &Arc<Store>, run: &str, block: Block) {
    let (path, origin) = (path(run), store.origin());
    store
        .write(move |tx| tx.append(Incoming { path, origin, first_seq: None, block, encoded: None }, 1))
        .await
        .unwrap();
}

fn engine(pair: &Pair) -> Engine<Hub> {
    let hub = Hub::new(&pair.url, Some("pan-secret")).unwrap();
    let seen = Arc::new(Seen::new("hub", Arc::new(Health::default())));
    let policy = Box::new(Exponential::new(|| 0.5));
    Engine::new("hub", pair.here.clone(), pair.sent.clone(), Arc::new(hub), policy, seen)
}

async fn until_idle(engine: &mut Engine<Hub>) -> usize {
    for steps in 0..10_000 {
        match engine.step().await {
            Step::More => {}
            Step::Idle => return steps,
            Step::Wait(delay) => panic!("it wants to wait {delay:?}"),
        }
    }
    panic!("it does not come to an end");
}

#[tokio::test]
async fn records_arrive_and_digests_agree() {
    let pair = pair().await;
    for run in 0..20 {
        append(&pair.here, &format!("r{run}"), rows(0..run * 10 + 1, 3)).await;
    }
    let mut end = rows(500..501, 3);
    end.push_change(Change::End { time_us: 1, state: RunState::Finished, exit_code: Some(0) });
    append(&pair.here, "r3", end).await;
    let mut engine = engine(&pair);
    until_idle(&mut engine).await;
    let hub = Hub::new(&pair.url, None).unwrap();
    let mut seen = 0;
    let report = verify::verify(&pair.here, &hub, |done, total| seen = done * 100 / total).await.unwrap();
    assert_eq!((report.equal(), report.compared, seen), (true, 20, 100), "{report:?}");
    assert_eq!(pair.there.run(&path("r3")).unwrap().state, RunState::Finished);
    append(&pair.here, "r5", rows(900..910, 1)).await;
    let report = verify::verify(&pair.here, &hub, |_, _| ()).await.unwrap();
    assert_eq!(report.differences, ["run e/p/r5: 10 of 61 records are not there yet"]);
}

#[tokio::test]
async fn bad_requests_are_answered_and_harm_nobody() {
    let pair = pair().await;
    crate::sync::transport::install_crypto();
    let client = reqwest::Client::builder().build().unwrap();
    let post = |path: &str, body: &[u8], zstd: bool| {
        let request = client.post(format!("{}/v1/hub/{path}", pair.url)).body(body.to_vec());
        if zstd { request.header("content-encoding", "zstd") } else { request }
    };
    for (path, body, zstd, status, word) in [
        ("push", &b""[..], false, 400, "malformed"),
        ("push", b"\x02abcdefgh", false, 400, "checksum"),
        ("push", b"\x09abcdefgh", false, 400, "update pannier"),
        ("push", b"no zstd", true, 400, "checksum"),
        ("positions", b"{}", false, 400, "streams"),
        ("digests", b"[1", false, 400, "body"),
    ] {
        let answer = post(path, body, zstd).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path} {body:?}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(word), "{text} should say {word}");
    }
    let bomb = zstd::bulk::compress(&vec![0; 200 << 20], 1).unwrap();
    assert_eq!(post("push", &bomb, true).send().await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
    append(&pair.here, "r", rows(0..10, 1)).await;
    until_idle(&mut engine(&pair)).await;
}

#[tokio::test]
async fn a_hub_that_is_gone_is_named_without_the_token() {
    let pair = pair().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let hub = Hub::new(&url, Some("pan-secret")).unwrap();
    let Err(RemoteError::Transient { what, .. }) = hub.info().await else { panic!("it answered") };
    assert!(
        what.starts_with("hub 127.0.0.1:") && what.contains("refused") && !what.contains("secret"),
        "{what}"
    );
    drop(pair);
}

/// A measurement, to be run by hand in release:
/// `cargo test --release -p pannier --lib a_backlog_of_ten_million -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn a_backlog_of_ten_million_points_at_full_speed() {
    let pair = pair().await;
    let keys = 10;
    for from in (0..1_000_000).step_by(5000) {
        append(&pair.here, "big", rows(from..from + 5000, keys)).await;
    }
    let bytes = pair.here.backlog("hub").unwrap().2;
    let mut engine = engine(&pair);
    let began = Instant::now();
    let steps = until_idle(&mut engine).await;
    let took = began.elapsed();
    println!(
        "10 million points, {bytes} bytes, in {took:?} and {} steps: {:.2} million points/s, memory {}",
        steps + 1,
        10.0 / took.as_secs_f64(),
        std::fs::read_to_string("/proc/self/status")
            .unwrap()
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap()
    );
    let count =
        pair.there.position(&pannier_proto::hub::StreamId { origin: pair.here.origin(), path: path("big") });
    assert_eq!(count.unwrap().unwrap().1, 1_000_000);
    assert!(took < Duration::from_secs(60));
}

fn file(content: Content) -> Block {
    let mut block = Block::default();
    let path = RelPath::new("media/a.png").unwrap();
    block.push_change(Change::File { path, content, time_us: 1 });
    block
}

#[tokio::test]
async fn bytes_arrive_before_the_records_that_name_them() {
    let pair = pair().await;
    let large = vec![7; 3 << 20];
    let contents = [&b"small"[..], b"", &large].map(|bytes| pair.sent.put(bytes).unwrap());
    for content in contents {
        append(&pair.here, "a", file(content)).await;
    }
    until_idle(&mut engine(&pair)).await;
    assert!(contents.iter().all(|content| pair.received.contains(&content.blob).unwrap()));
    assert_eq!(pair.there.files(&path("a")).unwrap()[0].content, contents[2]);
    // What is there is not sent again.
    contents.iter().for_each(|content| pair.sent.remove(&content.blob).unwrap());
    append(&pair.here, "b", file(contents[2])).await;
    until_idle(&mut engine(&pair)).await;
    assert_eq!(pair.there.files(&path("b")).unwrap().len(), 1);
}

#[tokio::test]
async fn a_record_whose_bytes_are_nowhere_parks_its_run_only() {
    let pair = pair().await;
    let lost = pair.sent.put(b"lost").unwrap();
    pair.sent.remove(&lost.blob).unwrap();
    append(&pair.here, "bad", file(lost)).await;
    append(&pair.here, "good", rows(0..10, 1)).await;
    let mut engine = engine(&pair);
    until_idle(&mut engine).await;
    assert_eq!(pair.there.run(&path("good")).unwrap().last_step, Some(9));
    let behind = pair.here.streams_for("hub", false).unwrap();
    let why = behind[0].parked.clone().unwrap();
    assert!(behind.len() == 1 && why.contains(&lost.blob.to_string()), "{why}");
    // Whoever pushes without the bytes is told that nothing was taken.
    let hub = Hub::new(&pair.url, Some("pan-secret")).unwrap();
    let block = file(lost).encode(crate::block::Effort::Fresh);
    let push = StreamPush { id: behind[0].id.clone(), first_seq: 1, block };
    let answer = hub.push(vec![push], Vec::new()).await.unwrap();
    assert_eq!(answer.streams, [Pushed::Behind(Position { seq: 0, last_step: None })]);
    // Bytes under another name are not taken for it.
    let named = vec![(lost.blob, Bytes::from_static(b"other"))];
    assert!(matches!(hub.put_whole(named.clone()).await, Err(RemoteError::Rejected(_))));
    assert!(matches!(hub.put_chunks(named).await, Err(RemoteError::Rejected(_))));
    assert!(!pair.received.contains(&lost.blob).unwrap());
}

/// A large file, in chunks.
fn large(seed: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}

#[tokio::test]
async fn hostile_parts_come_to_nothing() {
    let pair = pair().await;
    let hub = Hub::new(&pair.url, None).unwrap();
    let content = pair.sent.put(&large(1, 1 << 20)).unwrap();
    let chunks = pair.sent.chunks_at(&content.blob, 0).unwrap().1;
    let all: Vec<_> = chunks.iter().map(|(digest, _)| (*digest, pair.sent.chunk(digest).unwrap())).collect();
    let names: Vec<Blob> = chunks.iter().map(|(digest, _)| *digest).collect();
    let part = |content: Content, at, chunks: &[Blob]| BlobPart { content, at, chunks: chunks.to_vec() };
    let answer = hub.assemble(&part(content, 0, &names)).await.unwrap();
    assert_eq!(answer, PartAnswer::Lacks { chunks: names.clone() });
    hub.put_chunks(all).await.unwrap();
    assert_eq!(hub.missing_chunks(&names).await.unwrap(), []);
    for (lie, said) in [
        (part(content, 0, &names[1..]), "At"),
        (part(Content { blob: Blob([1; 32]), ..content }, 0, &names), "Refused"),
        (part(Content { size: 10, ..content }, 0, &names), "Refused"),
        (part(Content { md5: pannier_proto::content::Md5([2; 16]), ..content }, 0, &names), "Refused"),
        (part(content, 77, &names), "At"),
        (part(content, 0, &[names.clone(), names.clone()].concat()), "Refused"),
    ] {
        let answer = hub.assemble(&lie).await.unwrap();
        assert!(format!("{answer:?}").starts_with(said), "{lie:?}: {answer:?}");
        assert_eq!(pair.received.list().count(), 0, "{lie:?}");
    }
    let too_many = part(content, 0, &vec![names[0]; CHUNKS_MAX + 1]);
    assert!(matches!(hub.assemble(&too_many).await, Err(RemoteError::Rejected(_))));
    let huge = vec![(names[0], Bytes::from(vec![0; 6 << 20]))];
    assert!(matches!(
        hub.put_chunks(huge).await,
        Err(RemoteError::TooLarge(_) | RemoteError::Transient { .. })
    ));
    let answer = hub.assemble(&part(content, 0, &names)).await.unwrap();
    assert_eq!(answer, PartAnswer::Whole);
    assert_eq!(hub.assemble(&part(content, 0, &names)).await.unwrap(), PartAnswer::Whole, "told again");
    pair.received.verify(&content.blob).unwrap();
    assert_eq!(hub.chunk_list(content.blob, 0).await.unwrap(), chunks);
    assert!(hub.chunk_list(content.blob, 5).await.is_err());
    assert_eq!(hub.chunks(&names[..2]).await.unwrap().len(), 2);
    assert!(hub.chunks(&[Blob([9; 32])]).await.is_err());
}

/// A measurement, to be run by hand in release:
/// `cargo test --release -p pannier --lib a_large_file_at_full_speed -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn a_large_file_at_full_speed() {
    let pair = pair().await;
    let bytes = large(3, 1 << 30);
    let began = Instant::now();
    std::hint::black_box(<md5::Md5 as md5::Digest>::digest(&bytes));
    let md5 = began.elapsed();
    let began = Instant::now();
    let content = pair.sent.put(&bytes).unwrap();
    let wrote = began.elapsed();
    append(&pair.here, "big", file(content)).await;
    let mut engine = engine(&pair);
    let began = Instant::now();
    until_idle(&mut engine).await;
    let sent = began.elapsed();
    assert!(pair.received.contains(&content.blob).unwrap());
    let rate = |took: Duration| 1024.0 / took.as_secs_f64();
    let [md5, wrote, sent] = [md5, wrote, sent].map(rate);
    println!("MiB/s: MD5 alone {md5:.0}; written {wrote:.0}; uploaded {sent:.0}");
}
