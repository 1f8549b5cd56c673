//! The bytes of files: damage that is found and healed, room that is given back,
//! and a daemon that dies while they come in.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use pannier_tests::cli::{clean, pannier_bin};
use pannier_tests::daemon::{Process, TestDaemon, TestHome, ready};
use pannier_tests::hub::TestHub;
use pannier_tests::loopmount::possible;
use pannier_tests::proxy::Proxy;
use pannier_tests::random::Random;
use pannier_tests::wait;
use pannier_tests::wandb::Door;
use serde_json::{Value as Json, json};

use crate::in_flight::content as bytes;

fn route(run: &str, file: &str) -> String {
    format!("/v1/runs/local/p/{run}/files/{file}")
}

fn packs(home: &TestHome) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home.path().join("blobs/packs")).unwrap();
    let mut packs: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    packs.sort();
    packs
}

fn send(door: &Door, run: &str, file: &str, bytes: &[u8]) {
    let _ = door.put(&door.upload_link("p", run, file), &[], bytes).expect(200);
}

#[test]
fn a_flipped_byte_is_found_and_healed_from_the_hub() {
    let (home, hub) = (TestHome::new(), TestHub::started());
    let daemon = TestDaemon::start(&home);
    let door = Door::of(&home);
    let _ = door.begin("p", "r", &json!({}));
    let (small, large) = (bytes(1, 5000), bytes(2, 3 << 20));
    send(&door, "r", "small.bin", &small);
    send(&door, "r", "large.bin", &large);
    let _ = home.run(&["verify", "--blobs"]).expect(0);

    // Nobody has it: it is named, and missing.
    let pack = packs(&home)[0].clone();
    let flip = |at: usize| {
        let mut all = std::fs::read(&pack).unwrap();
        all[at] ^= 1;
        std::fs::write(&pack, all).unwrap();
    };
    flip(3000);
    let out = home.run(&["verify", "--blobs"]).expect(1);
    assert!(out.stdout.contains("DAMAGED") && out.stdout.contains("no remote"), "{}", out.stdout);
    assert_eq!(home.http().get(&route("r", "small.bin")).status, 404);
    assert!(home.http().get(&route("r", "large.bin")).body == large);
    send(&door, "r", "small.bin", &small);
    assert!(home.http().get(&route("r", "small.bin")).body == small);

    hub.add_to(&home, &hub.url());
    let _ = home.run(&["sync", "--wait", "--timeout", "60"]).expect(0);
    assert!(hub.http().get(&route("r", "large.bin")).body == large, "it came there in chunks");
    flip(1_500_000);
    let said = home.run(&["verify", "--blobs", "--json"]).expect(1);
    let said: Json = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&said["blobs"]["lost"], &said["blobs"]["brought_again"]), (&json!(1), &json!(1)), "{said}");
    assert!(home.http().get(&route("r", "large.bin")).body == large);
    let kept = std::fs::read_dir(home.path().join("quarantine")).unwrap().count();
    assert_eq!(kept, 2, "damaged bytes are kept");
    daemon.stop();
}

#[test]
fn gc_removes_what_nothing_names() {
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let door = Door::of(&home);
    let _ = door.begin("p", "r", &json!({}));
    for n in 0..5 {
        send(&door, "r", "checkpoint.bin", &bytes(n, 1 << 20));
    }
    let kept = bytes(4, 1 << 20);
    let gc = |args: &[&str]| -> Json {
        let out = home.run(&[&["gc", "--json"], args].concat()).expect(0);
        serde_json::from_str(&out.stdout).unwrap()
    };
    assert_eq!(gc(&[])["garbage_files"], 0, "a day has not passed");
    let size = || packs(&home).iter().map(|pack| pack.metadata().unwrap().len()).sum::<u64>();
    let before = size();
    assert_eq!(gc(&["--grace", "0", "--dry-run"])["garbage_files"], 4);
    assert_eq!(size(), before);
    let swept = gc(&["--grace", "0s"]);
    assert_eq!((&swept["garbage_files"], &swept["kept_files"]), (&json!(4), &json!(1)), "{swept}");
    assert!(size() < (1 << 20) + (64 << 10), "{} of {before}", size());
    assert!(home.http().get(&route("r", "checkpoint.bin")).body == kept);
    let said = home.run(&["gc", "--max-bytes", "1K"]).expect(0);
    assert!(said.stderr.contains("more than the budget"), "{}", said.stderr);
    assert!(home.http().get(&route("r", "checkpoint.bin")).body == kept, "nobody else has it");
    let _ = home.run(&["gc", "--max-bytes", "lots"]).expect(2);
    let budget = || home.http().get("/v1/status").expect(200).json()["disk"]["budget_bytes"].clone();
    assert_eq!(budget(), Json::Null);
    let said = home.run(&["gc", "--budget", "64K"]).expect(0);
    assert!(said.stderr.contains("more than the budget"), "{}", said.stderr);
    assert_eq!(budget(), json!(64 << 10));
    let status = home.run(&["status"]).expect(0).stdout;
    assert!(status.contains("of 66 kB that may be: what no remote has does not give way"), "{status}");
    let _ = home.run(&["gc", "--budget", "none"]).expect(0);
    assert_eq!(budget(), Json::Null);
    let _ = home.run(&["verify", "--blobs"]).expect(0);
}

/// The most that is sent again after a cut: a part, of 256 chunks of about 64 KiB,
/// and the requests that were under way beside it.
const PART_BYTES: u64 = 32 << 20;

/// Of 100 MiB; `cargo xtask torture` sends 4 GiB.
#[test]
fn an_interrupted_upload_goes_on_where_it_was() {
    let mebibytes = std::env::var("PANNIER_TORTURE_UPLOAD_MIB").ok().and_then(|text| text.parse().ok());
    let size = mebibytes.unwrap_or(100_u64) << 20;
    let (home, mut hub) = (TestHome::new(), TestHub::started());
    let proxy = Proxy::start(hub.address);
    let daemon = TestDaemon::start(&home);
    let file = home.beside("large.bin");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&file).unwrap());
    (0..size >> 20).for_each(|n| out.write_all(&bytes(n, 1 << 20)).unwrap());
    out.flush().unwrap();
    let path = file.display().to_string();
    let _ = home.run(&["artifact", "put", &path, "--name", "p/large", "--type", "model"]).expect(0);
    hub.add_to(&home, &proxy.url());
    for cut in 1..=3 {
        let arrived = || (proxy.bytes() > size * cut / 4).then_some(());
        wait::within(Duration::from_secs(300), arrived).expect("a quarter more is there");
        hub.kill();
        assert_eq!(hub_version(&mut hub), 404, "a version is not there before its bytes");
    }
    let _ = home.run(&["sync", "--wait", "--timeout", "500"]).expect(0);
    let sent = proxy.bytes();
    println!("{sent} bytes were sent of a file of {size}, in four pieces");
    assert!(sent < size + size / 50 + 3 * PART_BYTES, "{sent} bytes were sent of {size}");
    assert_eq!(hub_version(&mut hub), 200);
    let _ = hub.home.run(&["verify", "--blobs"]).expect(0);
    daemon.stop();
}

/// What a hub that was started again says of the version.
fn hub_version(hub: &mut TestHub) -> u16 {
    hub.kill();
    hub.start();
    hub.http().get("/v1/artifacts/local/p/large:v0").status
}

/// A daemon that dies at its n-th call of a kind while files come in.
#[test]
fn killed_at_any_call_a_daemon_keeps_the_files_that_it_answered_for() {
    if let Err(missing) = possible(&["strace"]) {
        println!("left out: {missing}");
        return;
    }
    let mut random = Random::from_env();
    let mut hit = 0;
    for call in ["pwrite64", "fsync"] {
        for _ in 0..4 {
            hit += usize::from(kill_while_files_come(call, 1 + random.below(40)));
        }
    }
    assert!(hit >= 2, "the kills do come: {hit} did");
}

/// Whether it did die of that.
fn kill_while_files_come(call: &str, n: u64) -> bool {
    const FILES: u64 = 12;
    let home = TestHome::new();
    let mut strace = clean("strace".as_ref());
    strace.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64,fsync"]);
    strace.args(["-e", &format!("inject={call}:signal=SIGKILL:when={n}"), "-e", "signal=none"]);
    home.env(&mut strace).arg(pannier_bin()).arg("daemon");
    let mut doomed = Process::start(strace.stdout(Stdio::null()).stderr(Stdio::null()));
    let (http, mut answered) = (home.http(), Vec::new());
    wait::until("it is ready, or dead", || (ready(&http) || doomed.ended().is_some()).then_some(()));
    // It may die at any question.
    let sent = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let door = Door::of(&home);
        let _ = door.begin("p", "r", &json!({}));
        for file in 0..FILES {
            let link = door.upload_link("p", "r", &format!("f{file}"));
            let content = bytes(file, 10_000 * usize::try_from(file * file).unwrap());
            match door.http().send("PUT", &link, &content) {
                Ok(answer) if answer.status == 200 => answered.push(file),
                _ => return,
            }
        }
    }));
    let died =
        sent.is_err() || wait::within(Duration::ZERO, || doomed.ended()).is_some() || answered.len() < 12;
    doomed.kill();
    let daemon = TestDaemon::start(&home);
    for file in answered {
        let answer = home.http().get(&route("r", &format!("f{file}")));
        let expected = bytes(file, 10_000 * usize::try_from(file * file).unwrap());
        assert!(answer.status == 200 && answer.body == expected, "file {file}, killed at call {n} of {call}");
    }
    let _ = home.run(&["verify", "--blobs"]).expect(0);
    daemon.stop();
    died
}
