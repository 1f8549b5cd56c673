//! Negative controls: with a promise's means taken away, its judge must object.
//! A test that cannot fail proves nothing.

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::hub::TestHub;
use pannier_tests::ledger::judge;
use pannier_tests::loopmount::possible;
use pannier_tests::proxy::{Fault, Proxy};
use pannier_tests::trainer::Trainer;

#[test]
fn without_fsync_a_power_cut_loses_what_was_acknowledged() {
    if let Err(missing) = possible(&["mkfs.ext4", "mount"]) {
        println!("left out: {missing}");
        return;
    }
    match crate::powerloss::power_cut(Some("no-fsync")) {
        Ok(faults) => assert_ne!(faults, Vec::<String>::new(), "the judge sleeps"),
        Err(missing) => crate::powerloss::left_out(&missing),
    }
}

#[test]
fn without_deduplication_a_repeated_push_stores_rows_twice() {
    let (honest, faulty) = (repeated_push(None), repeated_push(Some("no-dedup")));
    assert_eq!(honest, None);
    // Twice, or pushed out of its place by what came twice: it objects.
    let fault = faulty.expect("the judge sleeps");
    println!("{fault}");
}

/// Each push reaches the hub twice; what the judge says to that.
fn repeated_push(sabotage: Option<&'static str>) -> Option<String> {
    let home = TestHome::new();
    let mut hub = TestHub::new();
    if let Some(fault) = sabotage {
        hub.sabotage(fault);
    }
    hub.start();
    let proxy = Proxy::start(hub.address);
    proxy.only("/v1/hub/push");
    proxy.always(Fault::Twice);
    let _daemon = TestDaemon::start(&home);
    hub.add_to(&home, &proxy.url());
    let trained = Trainer::new(&home, "twice", "run").rows(500).run();
    // A hub that cannot count may well leave the daemon unsatisfied.
    let synced = home.run(&["sync", "--wait", "--timeout", "10"]);
    if sabotage.is_none() {
        let _ = synced.expect(0);
    }
    judge(&hub.http(), &trained.claim).err()
}
