//! A training process that logs artifacts and is to be killed: version after
//! version, with rows between them, each noted in its ledger once the call has
//! returned.
//!
//! `pannier-test-artifacts PROJECT RUN LEDGER COUNT`

use std::path::Path;

use pannier_client::{Options, Run, Use};
use pannier_tests::artifacts;
use pannier_tests::ledger::{Ledger, value};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [project, name, ledger, count] = &args[..] else {
        panic!("pannier-test-artifacts PROJECT RUN LEDGER COUNT");
    };
    let run = Run::init(Options {
        project: Some(project.clone()),
        run: Some(name.clone()),
        daemon: Use::Running,
        ..Options::default()
    })
    .unwrap_or_else(|refused| panic!("{refused}"));
    let dir = Path::new(ledger).with_extension("files");
    std::fs::create_dir_all(&dir).expect("there is room for files");
    let mut ledger = Ledger::open(Path::new(ledger));
    for n in 0..count.parse().expect("a number") {
        run.log(&[("n", n.into()), ("x", value(n).into())]);
        artifacts::log(&run, &dir, &format!("{name}-{n}"), n).unwrap_or_else(|error| panic!("{error}"));
        ledger.accepted(n);
    }
    assert!(run.finish(0), "all of it is stored, or on the disk");
    ledger.finished();
}
