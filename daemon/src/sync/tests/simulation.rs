//! The model test: whatever happens between daemons and hub, in the end the
//! hub has every record once and in order.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pannier_proto::id::{Id128, RunPath};
use tokio::time::{Instant, sleep};

use super::network::{Network, Random};
use super::world::{Daemon, copy, new_hub, some_records};

const ACTIONS: u64 = 100;
/// The virtual time in which all is to be right again once all is well.
const HEALING: Duration = Duration::from_secs(300);

/// Stops the hub and starts it again: in place, from what a SIGKILL left, or
/// from a backup.
async fn restart_hub(network: &Network, files: Option<&Path>, serial: &mut u64) {
    let mut hub = network.hub.write().await;
    let store = hub.stop().await;
    *serial += 1;
    let next = hub.path.with_file_name(format!("hub-{serial}.db"));
    match files {
        Some(files) => copy(files, &next),
        None => copy(&hub.path, &next),
    }
    drop(store);
    hub.start(next);
    hub.epoch = Id128(u128::from(*serial).to_be_bytes());
}

async fn backup_hub(network: &Network, to: &Path) {
    let hub = network.hub.write().await;
    copy(&hub.path, to);
}

async fn differences(daemons: &[Daemon], network: &Network) -> Vec<String> {
    let hub = network.hub.read().await;
    let (store, blobs) = (hub.store.as_ref().unwrap(), hub.blobs());
    let of = |daemon: &Daemon| [daemon.differences(store), daemon.wrong_blobs(blobs)].concat();
    daemons.iter().flat_map(of).collect()
}

async fn simulate(seed: u64) -> Result<String, String> {
    let dir = tempfile::tempdir().unwrap();
    let network = Network::new(new_hub(dir.path()), seed ^ 0xfeed);
    let mut random = Random::new(seed);
    let mut daemons: Vec<Daemon> = ["a", "b"]
        .iter()
        .zip(0..)
        .map(|(name, n)| Daemon::start(dir.path(), name, &network, seed * 1000 + n * 500))
        .collect();
    network.faulty(true);
    let (began, mut serial, mut hubs) = (Instant::now(), 0, 0);
    let backup = dir.path().join("backup.db");
    let (mut parked, mut files) = (0, 0);
    for _ in 0..ACTIONS {
        let daemon = &mut daemons[usize::try_from(random.below(2)).unwrap()];
        match random.below(20) {
            0..=8 => {
                let run = RunPath::new("e", "p", &format!("r{}", random.below(5))).unwrap();
                let mut records = some_records(&mut random, &mut serial);
                if random.below(3) == 0 {
                    records.push(daemon.file(&mut random));
                    files += 1;
                }
                daemon.log(run, records).await;
            }
            9 | 10 => daemon.restart(&network, random.below(2) == 0).await,
            11 => restart_hub(&network, None, &mut hubs).await,
            12 => backup_hub(&network, &backup).await,
            13 if backup.exists() => restart_hub(&network, Some(&backup), &mut hubs).await,
            14 => network.cut(random.millis(120_000)),
            15 => network.lock_out(random.millis(60_000)),
            16 => daemon.bell.ring(random.below(2) == 0),
            17 => network.reject(&format!("r{}", random.below(8))),
            _ => sleep(random.millis(60_000)).await,
        }
        parked = parked.max(daemons.iter().map(Daemon::parked).sum());
        sleep(random.millis(3000)).await;
    }
    network.faulty(false);
    daemons.iter().for_each(|daemon| daemon.bell.ring(true));
    let healed = Instant::now();
    loop {
        let differences = differences(&daemons, &network).await;
        let queued: u64 = daemons.iter().map(|daemon| daemon.store().backlog("hub").unwrap().1).sum();
        if differences.is_empty() && queued == 0 {
            break;
        }
        if healed.elapsed() > HEALING {
            return Err(format!("{queued} records queued after {HEALING:?}; {differences:#?}"));
        }
        sleep(Duration::from_secs(1)).await;
    }
    let healed = healed.elapsed();
    // What is still on the way from before changes nothing any more.
    sleep(Duration::from_secs(100)).await;
    let differences = differences(&daemons, &network).await;
    if !differences.is_empty() {
        return Err(format!("afterwards: {differences:#?}"));
    }
    let (requests, seconds) = (network.requests.load(Ordering::Relaxed), began.elapsed().as_secs());
    // Some for what was logged, some after each fault, and a question a minute.
    if requests > seconds / 2 + 2 * ACTIONS + 12 * files {
        return Err(format!("a storm: {requests} requests in {seconds} s"));
    }
    let records: usize = daemons.iter().map(Daemon::records).sum();
    Ok(format!(
        "{records} records and {files} files in {seconds} virtual s, {requests} requests, {parked} parked at worst, {hubs} hub restarts, healed in {healed:?}"
    ))
}

fn seeds() -> std::ops::Range<u64> {
    let ask = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<u64>().ok());
    let first = ask("PANNIER_SIM_SEED").unwrap_or(1);
    first..first + ask("PANNIER_SIM_SEEDS").unwrap_or(8)
}

/// `PANNIER_SIM_SEEDS=200` for more of it, `PANNIER_SIM_SEED=17` for that one first.
#[test]
fn whatever_happens_the_hub_has_every_record_once_and_in_order() {
    for seed in seeds() {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        match runtime.block_on(simulate(seed)) {
            Ok(said) => println!("seed {seed}: {said}"),
            Err(wrong) => {
                panic!("seed {seed} (PANNIER_SIM_SEED={seed} PANNIER_SIM_SEEDS=1 repeats it): {wrong}")
            }
        }
    }
}

/// The negative control: with the uniqueness check off, it must find something.
#[test]
fn the_simulation_finds_a_duplicate_where_there_is_one() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "sync::tests::simulation::whatever_happens_the_hub_has_every_record_once_and_in_order",
        ])
        .env("PANNIER_SABOTAGE", "no-dedup")
        .env_remove("PANNIER_SIM_SEED")
        .env_remove("PANNIER_SIM_SEEDS")
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it passed: {said}");
    assert!(said.contains("come twice"), "{said}");
}
