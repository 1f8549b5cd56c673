//! Long outages, in virtual time: how often a dead hub is asked, and how soon
//! it is filled once it is back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use pannier_proto::content::{Blob, Content, Md5};
use pannier_proto::id::{Id128, RunPath};
use pannier_proto::path::RelPath;
use pannier_proto::record::{Change, Record, Row, Table};
use pannier_proto::value::Value;
use tokio::time::{Instant, sleep};

use super::network::{HubProcess, Network, Random};
use super::world::{Daemon, blobs, copy, new_hub, open};
use crate::blobs::Budget;
use crate::sync::carry;
use crate::sync::remote::RemoteError;

const HOUR: Duration = Duration::from_secs(3600);

fn run(name: &str) -> RunPath {
    RunPath::new("e", "p", name).unwrap()
}

fn rows(steps: std::ops::Range<i64>) -> Vec<Record> {
    let row = |step| Row {
        table: Table::History,
        step,
        time_us: step,
        cells: vec![("x".into(), Value::I64(step))],
    };
    steps.map(|step| Record::Row(row(step))).collect()
}

async fn equal(daemon: &Daemon, network: &Network) -> bool {
    let hub = network.hub.read().await;
    daemon.differences(hub.store.as_ref().unwrap()).is_empty()
}

/// Lets virtual time pass, and in each bit of it real time for the stores, whose
/// disks know nothing of virtual time.
async fn pass(time: Duration) {
    const BIT: Duration = Duration::from_millis(100);
    let mut left = time;
    while !left.is_zero() {
        // Virtual time stands still while a blocking task runs.
        let _ = tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(2))).await;
        sleep(BIT.min(left)).await;
        left = left.saturating_sub(BIT);
    }
}

async fn until_equal(daemon: &Daemon, network: &Network, within: Duration) {
    let began = Instant::now();
    while !equal(daemon, network).await {
        assert!(began.elapsed() < within, "{:?}, {} parked", daemon.seen.view(), daemon.parked());
        pass(Duration::from_millis(200)).await;
    }
}

/// [`until_equal`], with a person who has what is parked tried again: a faulty
/// network refuses things that nothing is wrong with.
async fn until_equal_with_help(daemon: &Daemon, network: &Network, within: Duration) {
    let began = Instant::now();
    while !equal(daemon, network).await {
        assert!(began.elapsed() < within, "{:?}, {} parked", daemon.seen.view(), daemon.parked());
        if daemon.parked() > 0 {
            daemon.bell.ring(true);
        }
        pass(Duration::from_millis(200)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_away_for_a_week_is_asked_once_a_minute_and_filled_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::new(new_hub(dir.path()), 1);
    network.cut(7 * 24 * HOUR);
    let mut daemon = Daemon::start(dir.path(), "a", &network, 1);
    for hour in 0..7 * 24 {
        daemon.log(run("r"), rows(hour * 50..hour * 50 + 50)).await;
        sleep(HOUR).await;
    }
    let requests = network.requests.load(Ordering::Relaxed);
    assert!(requests <= 7 * 24 * 60, "{requests} requests in a week");
    assert_eq!(daemon.seen.view().state(), "unreachable");
    assert!(!daemon.seen.view().progressing(), "nobody waits for it");
    until_equal(&daemon, &network, Duration::from_secs(70)).await;
    assert!(daemon.seen.view().error.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_hub_restored_while_nothing_is_logged_is_noticed_and_refilled() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::new(new_hub(dir.path()), 2);
    let mut daemon = Daemon::start(dir.path(), "a", &network, 2);
    daemon.log(run("r"), rows(0..100)).await;
    until_equal(&daemon, &network, Duration::from_secs(5)).await;
    let backup = dir.path().join("backup.db");
    copy(&network.hub.write().await.path, &backup);
    daemon.log(run("r"), rows(100..300)).await;
    daemon.log(run("s"), rows(0..10)).await;
    until_equal(&daemon, &network, Duration::from_secs(5)).await;
    {
        let mut hub = network.hub.write().await;
        drop(hub.stop().await);
        hub.start(backup);
        hub.epoch = Id128([9; 16]);
    }
    assert!(!equal(&daemon, &network).await);
    until_equal(&daemon, &network, Duration::from_secs(70)).await;
}

#[tokio::test(start_paused = true)]
async fn live_records_go_together_once_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::new(new_hub(dir.path()), 3);
    let mut daemon = Daemon::start(dir.path(), "a", &network, 3);
    pass(Duration::from_secs(5)).await;
    let before = network.requests.load(Ordering::Relaxed);
    let begun = Instant::now();
    for step in 0..600 {
        daemon.log(run("r"), rows(step..step + 1)).await;
        pass(Duration::from_millis(50)).await;
    }
    let requests = network.requests.load(Ordering::Relaxed) - before;
    // The stores are real: virtual time goes on while they work.
    let seconds = begun.elapsed().as_secs();
    assert!((5..=seconds + 5).contains(&requests), "{requests} requests in {seconds} s");
    until_equal(&daemon, &network, Duration::from_secs(3)).await;
}

#[tokio::test(start_paused = true)]
async fn a_home_restored_from_a_backup_says_so_and_mixes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::new(new_hub(dir.path()), 4);
    let mut daemon = Daemon::start(dir.path(), "a", &network, 4);
    daemon.log(run("r"), rows(0..10)).await;
    until_equal(&daemon, &network, Duration::from_secs(5)).await;
    let old = dir.path().join("old.db");
    copy(&dir.path().join("a.db"), &old);
    daemon.log(run("r"), rows(10..20)).await;
    until_equal(&daemon, &network, Duration::from_secs(5)).await;
    daemon.restart_from(&old, &network).await;
    pass(Duration::from_secs(5)).await;
    daemon.log(run("s"), rows(0..5)).await;
    pass(Duration::from_secs(5)).await;
    let streams = daemon.store().streams_for("hub", true).unwrap();
    let parked = streams.iter().find(|stream| stream.id.path == run("r")).unwrap().parked.clone();
    assert!(parked.as_deref().is_some_and(|why| why.contains("restored from a backup")), "{parked:?}");
    let other = streams.iter().find(|stream| stream.id.path == run("s")).unwrap();
    assert_eq!((other.sent, &other.parked), (5, &None), "other runs go on: {:?}", daemon.seen.view());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_the_hub_refuses_is_parked_and_holds_up_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::new(new_hub(dir.path()), 5);
    let mut daemon = Daemon::start(dir.path(), "a", &network, 5);
    let mut random = Random::new(5);
    network.reject("bad");
    for n in 0..20 {
        let name = if n % 4 == 0 { "bad".to_owned() } else { format!("r{}", random.below(5)) };
        daemon.log(run(&name), rows(n * 10..n * 10 + 10)).await;
    }
    pass(Duration::from_secs(30)).await;
    let streams = daemon.store().streams_for("hub", false).unwrap();
    let behind: Vec<&str> = streams.iter().map(|stream| stream.id.path.run.as_str()).collect();
    assert_eq!(behind, ["bad"]);
    assert!(streams[0].parked.as_deref().is_some_and(|why| why.contains("400")), "{:?}", streams[0].parked);
    assert!(network.requests.load(Ordering::Relaxed) < 60);
    assert!(!daemon.seen.view().progressing(), "nobody waits for it");
    network.reject("none");
    daemon.bell.ring(true);
    until_equal(&daemon, &network, Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn hubs_in_a_ring_have_all_and_add_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let stores = ["a", "b"].map(|name| open(&dir.path().join(format!("{name}.db"))));
    let held = [0, 1].map(|n| blobs(dir.path(), ["a", "b"][n], &stores[n]));
    let networks = [1, 0].map(|other: usize| {
        let (path, blobs) = (dir.path().join("unused"), Some(held[other].clone()));
        Network::new(HubProcess { store: Some(stores[other].clone()), blobs, epoch: Id128([8; 16]), path }, 6)
    });
    let mut daemons: Vec<Daemon> = stores
        .iter()
        .zip(&held)
        .zip(&networks)
        .map(|((store, blobs), network)| Daemon::over(store.clone(), blobs.clone(), network, 6))
        .collect();
    for n in 0..20 {
        for daemon in &mut daemons {
            daemon.log(run("shared"), rows(n * 5..n * 5 + 5)).await;
        }
        sleep(Duration::from_millis(700)).await;
    }
    for (daemon, network) in daemons.iter().zip(&networks) {
        until_equal(daemon, network, Duration::from_secs(5)).await;
    }
    let before = networks[0].requests.load(Ordering::Relaxed);
    sleep(Duration::from_secs(600)).await;
    let requests = networks[0].requests.load(Ordering::Relaxed) - before;
    assert!(requests <= 11, "{requests} requests in ten quiet minutes");
    for store in &stores {
        let lengths: Vec<_> = store.streams().unwrap().iter().map(|(.., last_seq)| *last_seq).collect();
        assert_eq!(lengths, [100, 100]);
        assert_eq!(store.backlog("hub").unwrap().1, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn pushes_shrink_to_what_the_hub_takes() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::new(new_hub(dir.path()), 7);
    network.take_at_most(300_000);
    let mut daemon = Daemon::start(dir.path(), "a", &network, 7);
    let mut random = Random::new(7);
    let mut noise = |bytes: u64| -> Record {
        let text = (0..bytes).map(|_| char::from(33 + u8::try_from(random.below(90)).unwrap())).collect();
        Record::Row(Row {
            table: Table::History,
            step: 0,
            time_us: 0,
            cells: vec![("x".into(), Value::Text(text))],
        })
    };
    network.cut(Duration::from_secs(60));
    for n in 0..50 {
        daemon.log(run(&format!("r{}", n % 10)), vec![noise(60_000)]).await;
    }
    until_equal(&daemon, &network, Duration::from_secs(200)).await;
    daemon.log(run("huge"), vec![noise(600_000)]).await;
    daemon.log(run("r0"), rows(0..10)).await;
    pass(Duration::from_secs(10)).await;
    let behind = daemon.store().streams_for("hub", false).unwrap();
    assert_eq!(behind.iter().map(|stream| stream.id.path.run.as_str()).collect::<Vec<_>>(), ["huge"]);
    assert!(behind[0].parked.as_deref().is_some_and(|why| why.contains("413")), "{:?}", behind[0].parked);
}

/// Bytes that a seed repeats.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

fn file(name: &str, content: Content) -> Record {
    let path = RelPath::new(name).unwrap();
    Record::Change(Change::File { path, content, time_us: 1 })
}

/// Put, and logged to a run.
async fn log_file(daemon: &mut Daemon, name: &str, bytes: &[u8]) -> Content {
    let content = daemon.blobs.as_ref().unwrap().put(bytes).unwrap();
    daemon.log(run("files"), vec![file(name, content)]).await;
    content
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_was_cut_off_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::new(new_hub(dir.path()), 11);
    let mut daemon = Daemon::start(dir.path(), "a", &network, 11);
    let bytes = noise(1, 40 << 20);
    network.faulty(true);
    let content = log_file(&mut daemon, "model.bin", &bytes).await;
    until_equal_with_help(&daemon, &network, Duration::from_secs(4000)).await;
    let sent = network.bytes.swap(0, Ordering::Relaxed);
    assert!(sent < (40 << 20) * 2, "{sent} bytes for 40 MiB, and a third of all requests fails");
    network.hub.read().await.blobs().verify(&content.blob).unwrap();
    network.faulty(false);
    // The hub dies in the middle: what it had it has.
    let mut other = noise(2, 40 << 20);
    log_file(&mut daemon, "other.bin", &other).await;
    while network.bytes.load(Ordering::Relaxed) < 12 << 20 {
        sleep(Duration::from_millis(1)).await;
    }
    {
        let mut hub = network.hub.write().await;
        drop(hub.stop().await);
        let path = hub.path.clone();
        hub.start(path);
        hub.epoch = Id128([9; 16]);
    }
    until_equal(&daemon, &network, Duration::from_secs(300)).await;
    let sent = network.bytes.swap(0, Ordering::Relaxed);
    assert!(sent < (40 << 20) + (20 << 20), "{sent} bytes for 40 MiB");
    // And what changed in places is sent in places.
    for n in 0..6 {
        other[n * 6_000_000..][..64 << 10].copy_from_slice(&noise(100 + n as u64, 64 << 10));
    }
    let changed = log_file(&mut daemon, "other.bin", &other).await;
    until_equal(&daemon, &network, Duration::from_secs(300)).await;
    let sent = network.bytes.load(Ordering::Relaxed);
    assert!(sent < (40 << 20) / 20, "{sent} bytes for 1 % of 40 MiB");
    network.hub.read().await.blobs().verify(&changed.blob).unwrap();
}

#[tokio::test(start_paused = true)]
async fn records_of_bytes_that_nobody_needs_any_more_hold_nothing_up() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::new(new_hub(dir.path()), 12);
    let mut daemon = Daemon::start(dir.path(), "a", &network, 12);
    network.cut(Duration::from_secs(300));
    let old = log_file(&mut daemon, "summary.json", b"first").await;
    let new = log_file(&mut daemon, "summary.json", b"second").await;
    let blobs = daemon.blobs.clone().unwrap();
    let swept = blobs.sweep(&Budget::default(), |_, _, _| ()).unwrap();
    assert_eq!((swept.garbage_files, swept.kept_files), (1, 1));
    until_equal(&daemon, &network, Duration::from_secs(5000)).await;
    assert_eq!(daemon.parked(), 0);
    let hub = network.hub.read().await;
    assert!(hub.blobs().contains(&new.blob).unwrap() && !hub.blobs().contains(&old.blob).unwrap());
    assert_eq!(hub.blobs().gone(&[old.blob, new.blob]).unwrap(), [old.blob], "for whoever it sends to");
    // One that is needed is no such thing.
    drop(hub);
    let lost = log_file(&mut daemon, "model.bin", b"lost").await;
    blobs.remove(&lost.blob).unwrap();
    pass(Duration::from_secs(10)).await;
    assert_eq!(daemon.parked(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_remote_has_is_fetched_and_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::new(new_hub(dir.path()), 13);
    let hub = network.hub.read().await.blobs().clone();
    let here = blobs(dir.path(), "here", &open(&dir.path().join("here.db")));
    for (n, length) in [0, 10, 100_000, 30 << 20].into_iter().enumerate() {
        let bytes = noise(n as u64, length);
        let content = hub.put(&bytes).unwrap();
        network.faulty(length > 1000);
        let mut tries = 0;
        while let Err(error) = carry::fetch(&network, &here, &content).await {
            tries += 1;
            assert!(tries < 200, "{error}");
        }
        here.verify(&content.blob).unwrap();
    }
    network.faulty(false);
    let before = network.requests.load(Ordering::Relaxed);
    let unknown = here.put(b"elsewhere").unwrap();
    let error = carry::fetch(&network, &here, &Content { blob: Blob([7; 32]), ..unknown }).await.unwrap_err();
    assert!(matches!(error, RemoteError::Rejected(_)), "{error}");
    // A list that makes something else is found out.
    let other = hub.put(&noise(50, 3 << 20)).unwrap();
    let lie = Content { md5: Md5([1; 16]), ..other };
    let error = carry::fetch(&network, &here, &lie).await.unwrap_err();
    assert!(matches!(error, RemoteError::Rejected(_)) && !here.contains(&other.blob).unwrap(), "{error}");
    assert!(network.requests.load(Ordering::Relaxed) - before < 10);
    carry::fetch(&network, &here, &other).await.unwrap();
}

#[test]
fn comparing_can_go_to_another_thread() {
    fn sendable<T: Send>(_: T) {}
    let _ = |sync: &'static crate::sync::Sync| sendable(sync.verify("hub", |_, _| ()));
}
