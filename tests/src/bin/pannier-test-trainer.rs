//! A training process that is to be killed: logs the ledger's rows through the
//! Rust client, keeps its ledger, and measures each call.
//!
//! `pannier-test-trainer PROJECT RUN LEDGER [--rows N] [--pause-us N]
//! [--until FILE] [--resume allow] [--daemon start|use|none] [--deaf yes]`

use std::path::Path;
use std::time::{Duration, Instant};

use pannier_client::{Cell, Options, Run, Use};
use pannier_proto::request::Resume;
use pannier_tests::ledger::{Ledger, text, value};
use serde_json::json;

/// Begins again with the warning signals ignored.
fn deaf() {
    use std::os::unix::process::CommandExt as _;
    let mut again = std::process::Command::new("/bin/sh");
    again.args(["-c", "trap '' USR1 USR2; exec \"$@\"", "sh"]).args(std::env::args());
    panic!("{}", again.env("PANNIER_TEST_DEAF", "1").exec());
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [project, run, ledger, flags @ ..] = &args[..] else {
        panic!("pannier-test-trainer PROJECT RUN LEDGER …");
    };
    let flag = |name: &str| flags.chunks(2).find(|pair| pair[0] == name).map(|pair| pair[1].as_str());
    let number = |name: &str| flag(name).map(|text| text.parse::<u64>().expect("a number"));
    let rows = number("--rows").unwrap_or(u64::MAX);
    let pause = Duration::from_micros(number("--pause-us").unwrap_or(0));
    let until = flag("--until").map(Path::new);
    // A script that goes on until it is done, whatever it is told; a new `bash`
    // does not give signals back that were ignored before it.
    if flag("--deaf").is_some() && std::env::var_os("PANNIER_TEST_DEAF").is_none() {
        deaf();
    }
    let began = Instant::now();
    let run = Run::init(Options {
        project: Some(project.clone()),
        run: Some(run.clone()),
        resume: if flag("--resume").is_some() { Resume::Allow } else { Resume::No },
        daemon: match flag("--daemon") {
            Some("start") => Use::Start,
            Some("none") => Use::None,
            _ => Use::Running,
        },
        ..Options::default()
    })
    .unwrap_or_else(|refused| panic!("{refused}"));
    let init = began.elapsed();
    let mut ledger = Ledger::open(Path::new(ledger));
    let mut took = Vec::new();
    let began = Instant::now();
    for n in run.step().. {
        if took.len() as u64 == rows || until.is_some_and(Path::exists) {
            break;
        }
        let called = Instant::now();
        match text(n) {
            Some(text) => run.log(&[("n", n.into()), ("x", value(n).into()), ("s", Cell::Text(&text))]),
            None => run.log(&[("n", n.into()), ("x", value(n).into())]),
        }
        took.push(called.elapsed());
        ledger.accepted(n);
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }
    let looped = began.elapsed();
    let began = Instant::now();
    let durable = run.finish(0);
    if durable {
        ledger.finished();
    }
    took.sort();
    let at = |part: usize| took.get(part * took.len() / 1000).map_or(0.0, |time| time.as_secs_f64() * 1e6);
    println!(
        "{}",
        json!({
            "calls": took.len(),
            "init_s": init.as_secs_f64(),
            "p50_us": at(500),
            "p999_us": at(999),
            "max_us": took.last().map_or(0.0, |time| time.as_secs_f64() * 1e6),
            "loop_s": looped.as_secs_f64(),
            "finish_s": began.elapsed().as_secs_f64(),
            "durable": durable,
        })
    );
}
