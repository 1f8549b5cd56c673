//! `cargo xtask torture`: the long form of the crash tests, with the same code
//! as their short form in `cargo xtask test`.

use anyhow::Result;

use crate::sh;

/// Runs them with so many kills.
pub fn run(kills: u64, seed: Option<u64>) -> Result<()> {
    sh::step(&format!("torture: {kills} kills"));
    sh::run(&mut sh::cargo(&["build", "--workspace"]))?;
    let mut test =
        sh::cargo(&["test", "-p", "pannier-tests", "--test", "e2e", "--", "--nocapture", "--test-threads=1"]);
    test.args(["crash::", "crashpoints::", "in_flight::", "an_interrupted_upload"]);
    test.args(["a_relay_that_is_killed", "hosts::"]);
    test.env("PANNIER_TORTURE_KILLS", kills.to_string())
        .env("PANNIER_CRASHPOINTS", "all")
        .env("PANNIER_TORTURE_UPLOAD_MIB", "4096");
    if let Some(seed) = seed {
        test.env("PANNIER_SEED", seed.to_string());
    }
    sh::run(&mut test)
}
