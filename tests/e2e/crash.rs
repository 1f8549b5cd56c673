//! Torture: trainers, daemon and hub are SIGKILLed at random, alone and in
//! pairs, again and again, and come back. The ledgers judge both stores.

use std::time::Duration;

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::hub::TestHub;
use pannier_tests::ledger::{Accepted, Claim, judge};
use pannier_tests::random::Random;
use pannier_tests::trainer::{Trainer, Training};
use pannier_tests::wait;

const PAUSE: Duration = Duration::from_micros(300);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Victims {
    Trainer,
    Daemon,
    Hub,
    TrainerAndDaemon,
    DaemonAndHub,
    All,
}

#[test]
fn nothing_accepted_is_lost_or_doubled_whatever_is_killed() {
    let kills =
        std::env::var("PANNIER_TORTURE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(25_u64);
    let mut random = Random::from_env();
    let home = TestHome::new();
    let mut hub = TestHub::started();
    let mut daemon = TestDaemon::start(&home);
    hub.add_to(&home, &hub.url());
    let mut lives = 0;
    let mut train = || {
        lives += 1;
        Trainer::new(&home, "torture", &format!("life{lives}")).pause(PAUSE).daemon("use").start()
    };
    let mut trainers = [train(), train()];
    let mut claims: Vec<Claim> = Vec::new();
    let all = [
        Victims::Trainer,
        Victims::Daemon,
        Victims::Daemon,
        Victims::Hub,
        Victims::TrainerAndDaemon,
        Victims::DaemonAndHub,
        Victims::All,
    ];
    for kill in 0..kills {
        std::thread::sleep(Duration::from_millis(random.below(400)));
        let victims = *random.pick(&all);
        println!("kill {kill}: {victims:?}");
        if !matches!(victims, Victims::Daemon | Victims::Hub | Victims::DaemonAndHub) {
            let at = usize::try_from(random.below(2)).unwrap();
            claims.push(std::mem::replace(&mut trainers[at], train()).kill());
        }
        if matches!(victims, Victims::Hub | Victims::DaemonAndHub | Victims::All) {
            hub.kill();
        }
        if !matches!(victims, Victims::Trainer | Victims::Hub) {
            daemon.kill();
            std::thread::sleep(Duration::from_millis(random.below(50)));
            daemon = TestDaemon::start(&home);
        }
        if matches!(victims, Victims::Hub | Victims::DaemonAndHub | Victims::All) {
            hub.start();
        }
    }
    claims.extend(trainers.map(Training::kill));
    daemon.settle(&home);
    let _ = home.run(&["sync", "--wait", "--timeout", "60"]).expect(0);
    let rows: usize = claims.iter().map(|claim| Accepted::read(&claim.ledger).rows.len()).sum();
    println!("{kills} kills, {} lives, {rows} rows accepted", claims.len());
    assert!(rows > 100, "the trainers did train");
    for claim in &claims {
        let here = judge(&home.http(), claim).unwrap_or_else(|fault| panic!("home: {fault}"));
        let there = judge(&hub.http(), claim).unwrap_or_else(|fault| panic!("hub: {fault}"));
        assert_eq!(here, there, "{}", claim.run);
    }
    let _ = home.run(&["verify", "--remote", "hub"]).expect(0);
}

/// One run, many lives: each is killed, and the next continues it.
#[test]
fn a_run_killed_and_resumed_has_every_step_once() {
    let home = TestHome::new();
    let ledger = home.beside("one.ledger");
    let _daemon = TestDaemon::start(&home);
    let life = || Trainer::with_ledger(&home, "lives", "one", &ledger).pause(PAUSE).daemon("use").resume();
    for n in 1..=4 {
        let trainer = life().start();
        trainer.reach(n * 200);
        let _ = trainer.kill();
        // The daemon notices the death by the lock that is gone.
        wait::until("the daemon calls it crashed", || {
            let view = home.http().get("/v1/runs/local/lives/one").json();
            (view["state"] == "crashed" && home.writers_in_spool() == 0).then_some(())
        });
    }
    let last = life().rows(300).run();
    let rows = judge(&home.http(), &last.claim).unwrap();
    let view = home.http().get("/v1/runs/local/lives/one").json();
    assert_eq!(view["state"], "finished");
    // A row that was in the journal when the kill came, before its number was in
    // the ledger, counts: at most one a life.
    let accepted = Accepted::read(&ledger).rows.len();
    assert!((accepted..=accepted + 4).contains(&rows), "{rows} rows, {accepted} accepted");
    assert_eq!(view["last_step"], rows - 1, "steps have no gap");
}
