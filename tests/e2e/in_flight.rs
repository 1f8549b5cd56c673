//! Artifacts under way to a hub: whatever is killed, cut or full, a version is
//! seen there with all of its bytes, the right ones, or not at all; and in the
//! end all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::http::Http;
use pannier_tests::hub::TestHub;
use pannier_tests::loopmount::{Mount, possible};
use pannier_tests::proxy::{Fault, Proxy};
use pannier_tests::random::Random;
use pannier_tests::wait;
use serde_json::Value as Json;

/// Bytes that a seed repeats.
pub fn content(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let next = || random.number().to_le_bytes();
    std::iter::repeat_with(next).flatten().take(length).collect()
}

/// What is logged: by collection, what its files hold.
type Logged = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

/// Logs the n-th artifact: a large file, which shares most of its content with the
/// one before, and small ones.
fn log(home: &TestHome, n: u64, logged: &mut Logged) {
    let dir = home.beside(&format!("files{n}"));
    std::fs::create_dir(&dir).unwrap();
    let mut large = content(1, 3 << 20);
    large[..100_000].copy_from_slice(&content(100 + n, 100_000));
    let mut files = BTreeMap::from([("large.bin".to_owned(), large)]);
    files.extend((0..5).map(|file| (format!("small{file}"), content(1000 * n + file, 5000))));
    files.iter().for_each(|(name, bytes)| std::fs::write(dir.join(name), bytes).unwrap());
    let (path, name) = (dir.display().to_string(), format!("p/net{n}"));
    let _ = home.run(&["artifact", "put", &path, "--name", &name, "--type", "model"]).expect(0);
    logged.insert(format!("net{n}"), files);
}

/// How many versions are at the hub; each of them whole.
fn judge(hub: &Http, logged: &Logged) -> Result<usize, String> {
    let mut seen = 0;
    for (name, files) in logged {
        let route = format!("/v1/artifacts/local/p/{name}:v0");
        match hub.get(&route) {
            answer if answer.status == 404 => continue,
            answer => drop(answer.expect(200)),
        }
        seen += 1;
        for (file, bytes) in files {
            let answer = hub.get(&format!("{route}/files/{file}"));
            if answer.status != 200 || answer.body != *bytes {
                return Err(format!("{name}: {file}: {} and {} bytes", answer.status, answer.body.len()));
            }
        }
    }
    // A run that has ended there has all that it logged.
    let runs = hub.get("/v1/runs?entity=local&project=p&limit=1000").expect(200).json();
    let ended = runs["runs"].as_array().unwrap().iter().filter(|run| run["state"] == "finished").count();
    match ended <= seen {
        true => Ok(seen),
        false => Err(format!("{ended} runs have ended there, and {seen} of their versions are there")),
    }
}

#[test]
fn killed_and_cut_at_random_a_version_is_whole_or_not_there() {
    let kills = std::env::var("PANNIER_TORTURE_KILLS").ok().and_then(|kills| kills.parse().ok());
    let mut random = Random::from_env();
    let (home, mut hub) = (TestHome::new(), TestHub::started());
    let proxy = Proxy::start(hub.address);
    let mut daemon = TestDaemon::start(&home);
    hub.add_to(&home, &proxy.url());
    let (mut logged, mut partly) = (Logged::new(), 0);
    for kill in 0..kills.unwrap_or(12_u64) {
        log(&home, kill, &mut logged);
        let faults = [Fault::DropRequest, Fault::LoseAnswer, Fault::Reset, Fault::Twice, Fault::Pass];
        proxy.script((0..random.below(12)).map(|_| random.pick(&faults).clone()).collect::<Vec<_>>());
        std::thread::sleep(Duration::from_millis(random.below(500)));
        let both = random.below(3);
        if both != 0 {
            hub.kill();
        }
        if both != 1 {
            daemon.kill();
            daemon = TestDaemon::start(&home);
        }
        if both != 0 {
            hub.start();
        }
        let seen = judge(&hub.http(), &logged).unwrap_or_else(|fault| panic!("after kill {kill}: {fault}"));
        partly += usize::from(seen < logged.len());
    }
    proxy.heal();
    println!("after {partly} kills not all was there");
    let _ = home.run(&["sync", "--wait", "--timeout", "120"]).expect(0);
    assert_eq!(judge(&hub.http(), &logged), Ok(logged.len()));
    let _ = hub.home.run(&["verify", "--blobs"]).expect(0);
    let _ = home.run(&["verify", "--blobs", "--remote", "hub"]).expect(0);
    daemon.stop();
}

/// The judge objects where records go before the bytes that they name.
#[test]
fn without_blobs_first_the_judge_objects() {
    let home = TestHome::new();
    let mut hub = TestHub::new();
    hub.sabotage("no-blobs-first");
    hub.start();
    let daemon = TestDaemon::start_with(&home, |command| command.env("PANNIER_SABOTAGE", "no-blobs-first"));
    hub.add_to(&home, &hub.url());
    let mut logged = Logged::new();
    log(&home, 1, &mut logged);
    let _ = home.run(&["sync", "--wait", "--timeout", "60"]);
    let said = judge(&hub.http(), &logged);
    assert!(said.is_err(), "the judge sleeps: {said:?}");
    daemon.stop();
}

/// A hub's disk fills while files come: nothing half is shown there, what it
/// has already it serves, and the rest comes when there is room.
#[test]
fn a_hub_whose_disk_is_full_shows_nothing_half() {
    let mount = match possible(&["mount"]).and_then(|()| Mount::tmpfs(24 << 10)) {
        Ok(mount) => mount,
        Err(missing) => return crate::powerloss::left_out(&missing),
    };
    let home = TestHome::new();
    let daemon = TestDaemon::start(&home);
    let mut hub = TestHub::at(&mount.path().join("hub"));
    hub.start();
    hub.add_to(&home, &hub.url());
    let mut logged = Logged::new();
    log(&home, 1, &mut logged);
    let _ = home.run(&["sync", "--wait", "--timeout", "60"]).expect(0);
    let ballast = mount.path().join("ballast");
    fill(&ballast, 2 << 20);
    log(&home, 2, &mut logged);
    let mut other = content(77, 8 << 20);
    other.extend(content(78, 100));
    let path = home.beside("other.bin");
    std::fs::write(&path, &other).unwrap();
    let path = path.display().to_string();
    let _ = home.run(&["artifact", "put", &path, "--name", "p/other", "--type", "model"]).expect(0);
    logged.insert("other".to_owned(), BTreeMap::from([("other.bin".to_owned(), other)]));
    wait::until("the remote says that something is wrong", || {
        let status: Json = home.http().get("/v1/status").expect(200).json();
        status["remotes"][0]["last_error"].as_str().map(str::to_owned)
    });
    let seen = judge(&hub.http(), &logged).unwrap_or_else(|fault| panic!("{fault}"));
    assert!((1..3).contains(&seen), "{seen} of 3 are there, and whole");
    std::fs::remove_file(ballast).unwrap();
    let _ = home.run(&["remote", "retry", "hub"]).expect(0);
    let _ = home.run(&["sync", "--wait", "--timeout", "120"]).expect(0);
    assert_eq!(judge(&hub.http(), &logged), Ok(3));
    let _ = hub.home.run(&["verify", "--blobs"]).expect(0);
    daemon.stop();
}

/// Takes all room but so many bytes.
fn fill(path: &std::path::Path, leave: u64) {
    let stat = rustix::fs::statvfs(path.parent().unwrap()).unwrap();
    let free = (stat.f_bavail * stat.f_frsize).saturating_sub(leave);
    std::fs::write(path, vec![0; usize::try_from(free).unwrap()]).unwrap();
}
