//! A site as it is: compute nodes without a route, a login node with a poor one, a
//! shared folder, a hub; every machine with a clock of its own, and everything
//! killed, cut and slowed. The hub has the union of what was logged, each record
//! once, and every file as it was.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pannier_client::{Options, Place, Run, Use};
use pannier_tests::artifacts::{judge_versions, log};
use pannier_tests::daemon::{Process, TestDaemon, TestHome};
use pannier_tests::host::{Cable, Host};
use pannier_tests::hub::{add_user, listening};
use pannier_tests::ledger::{Accepted, Claim, judge};
use pannier_tests::proxy::Proxy;
use pannier_tests::random::Random;
use pannier_tests::trainer::{Trainer, Training};
use pannier_tests::wait;
use pannier_tests::wandb::Door;
use serde_json::json;

use super::powerloss::left_out;

const HUB: &str = "10.77.0.1:4700";
const ROUNDS: u64 = 12;
/// How long everything may take to arrive once nothing fails any more.
const HEALED: Duration = Duration::from_secs(90);

/// A machine with a home of ours.
struct Machine {
    host: Host,
    home: TestHome,
    daemon: TestDaemon,
}

impl Machine {
    fn new(clock: &'static str) -> Result<Self, String> {
        let (host, home) = (Host::new(clock)?, TestHome::new());
        let daemon = serve(&host, &home);
        Ok(Self { host, home, daemon })
    }

    /// SIGKILL, and another.
    fn kill(&mut self) {
        self.daemon.process().kill();
        self.daemon = serve(&self.host, &self.home);
    }

    fn train(&self, run: &str) -> Training {
        let trainer = Trainer::new(&self.home, "site", run).pause(Duration::from_millis(1)).daemon("use");
        let trainer = trainer.with(|command| {
            self.host.clock(command);
        });
        self.host.run(|| trainer.start())
    }

    /// Logs a version of the project's model.
    fn version(&self, run: &Run, n: i64) {
        let scratch = self.home.beside(&format!("version{n}"));
        std::fs::create_dir(&scratch).unwrap();
        log(run, &scratch, &format!("c{n}"), n).unwrap();
    }

    fn writer(&self) -> Run {
        let place = Place { home: self.home.path().to_owned(), socket: self.home.socket().to_owned() };
        let (project, run) = (Some("art".to_owned()), Some("models".to_owned()));
        Run::init(Options { project, run, daemon: Use::Running, place: Some(place), ..Options::default() })
            .unwrap()
    }
}

fn serve(host: &Host, home: &TestHome) -> TestDaemon {
    host.run(|| TestDaemon::start_with(home, |command| host.clock(command)))
}

/// A compute node: its only way out is the folder.
fn compute(clock: &'static str, folder: &Path) -> Result<Machine, String> {
    let node = Machine::new(clock)?;
    let _ = node.home.run(&["remote", "add", "site", &format!("folder:{}", folder.display())]).expect(0);
    Ok(node)
}

/// The hub, and its user's token.
fn hub(host: &Host, home: &TestHome) -> (Process, String) {
    let token = add_user(home, "tester");
    let mut command = home.pannier(&["hub", "--listen", HUB, "--allow-plain-http"]);
    host.clock(&mut command);
    (host.run(|| listening(&mut command, home).0), token)
}

fn relay(login: &Machine, token: &str, folder: &Path) {
    let file = login.home.beside("token");
    std::fs::write(&file, token).unwrap();
    // As through SSH: a token goes to other machines in the clear only so.
    let tunnel = login.host.run(|| Proxy::start(HUB.parse().unwrap()));
    let url = tunnel.url();
    let _ = login
        .home
        .run(&["remote", "add", "hub", &url, "--token-file", &file.display().to_string()])
        .expect(0);
    let asked = json!({"folder": folder.display().to_string(), "remote": "hub"});
    let _ = login.daemon.http().post("/v1/relays", &asked).expect(204);
}

#[test]
fn nodes_without_a_route_clocks_that_disagree_and_a_login_node_that_is_killed() {
    match site() {
        Ok(()) => {}
        Err(missing) => left_out(&missing),
    }
}

fn site() -> Result<(), String> {
    let rounds = std::env::var("PANNIER_TORTURE_KILLS").ok().and_then(|kills| kills.parse().ok());
    let rounds = rounds.unwrap_or(ROUNDS);
    let mut random = Random::from_env();
    let dir = tempfile::tempdir().unwrap();
    let folder: PathBuf = dir.path().join("pannier");
    let (registry, at_hub) = (Host::new("-1h")?, TestHome::new());
    let mut login = Machine::new("+3h")?;
    let cable = Cable::lay(&registry, &login.host)?;
    let (_hub, token) = hub(&registry, &at_hub);
    let mut nodes = [compute("-2d", &folder)?, compute("+400d", &folder)?];
    relay(&login, &token, &folder);
    let mut lives = 0;
    let mut train = |node: &Machine| {
        lives += 1;
        node.train(&format!("life{lives}"))
    };
    let mut trainers = [train(&nodes[0]), train(&nodes[1])];
    let mut claims: Vec<Claim> = Vec::new();
    let models = nodes[0].writer();
    let mut versions: Vec<i64> = Vec::new();
    for round in 0..rounds {
        std::thread::sleep(Duration::from_millis(200 + random.below(600)));
        match round % 4 {
            0 => cable.slow(Some(256)),
            1 => cable.set(false),
            2 => cable.set(true),
            _ => cable.slow(None),
        }
        login.kill();
        if round % 3 == 0 {
            // A node dies, whole.
            let at = usize::try_from(random.below(2)).unwrap();
            trainers[at].process.kill();
            nodes[at].kill();
            claims.push(std::mem::replace(&mut trainers[at], train(&nodes[at])).kill());
            let n = i64::try_from(versions.len()).unwrap();
            nodes[0].version(&models, n);
            versions.push(n);
        }
    }
    cable.set(true);
    cable.slow(None);
    assert!(models.finish(0));
    claims.extend(trainers.map(Training::kill));
    for node in &nodes {
        node.daemon.settle(&node.home);
        let _ = node.home.run(&["sync", "--wait", "--timeout", "60"]).expect(0);
    }
    let rows: usize = claims.iter().map(|claim| Accepted::read(&claim.ledger).rows.len()).sum();
    println!("{rounds} rounds, {} lives, {rows} rows accepted, {} versions", claims.len(), versions.len());
    assert!(rows > 100, "the trainers did train");
    for claim in &claims {
        let accepted = Accepted::read(&claim.ledger).rows.len();
        // A row whose call was cut off by a kill may be there, too.
        let there = || judge(&at_hub.http(), claim).is_ok_and(|rows| rows >= accepted).then_some(());
        let found = wait::within(HEALED, there);
        assert!(found.is_some(), "{}: {:?}, of {accepted}", claim.run, judge(&at_hub.http(), claim));
    }
    let address: SocketAddr = HUB.parse().unwrap();
    let mut door = Door::at(address, &token);
    door.entity = "local".to_owned();
    let judged = || registry.run(|| judge_versions(&door, "art", &versions));
    let found = wait::within(HEALED, || (judged() == Ok(versions.len())).then_some(()));
    assert!(found.is_some(), "{:?} of {versions:?}", judged());
    let _ = login.home.run(&["verify", "--remote", "hub"]).expect(0);
    Ok(())
}
