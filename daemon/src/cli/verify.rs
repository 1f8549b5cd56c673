//! `pannier verify`: the daemon reads everything back and compares; this shows
//! how far it is and what it found.

use std::io::Write;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::client::with_query;
use super::failure::{EXIT_FAILED, Failure, Result};
use super::progress::Progress;
use super::show::{self, Colour, paint};
use super::start;
use crate::home::Home;

/// Read everything back, and compare it with the remotes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every block of the home is read and its checksum compared; then each run's records are compared with
what each remote has, by digest. What is still queued is not compared: see `pannier status`.

With --blobs the bytes of all files are read, too, and compared with their digests. Damaged bytes are
copied to quarantine/ in the home; what they belonged to is brought again from a remote that has it.

Examples:
  pannier verify
  pannier verify --blobs
  pannier verify --remote hub --json

Exit codes: 0 intact and equal; 1 something is damaged or differs, or could not be compared;
69 no daemon could be asked.")]
pub struct Args {
    /// Compare with this remote only
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// Read the bytes of files, too
    #[arg(long)]
    blobs: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Step {
    done: u64,
    total: u64,
    #[serde(default)]
    what: String,
}

#[derive(Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
struct Verdict {
    /// What is damaged here.
    wrong: Vec<String>,
    #[serde(default)]
    remotes: Vec<Compared>,
    /// The bytes of files, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blobs: Option<Blobs>,
}

#[derive(Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
struct Blobs {
    #[serde(default)]
    files: u64,
    #[serde(default)]
    chunks: u64,
    #[serde(default)]
    bytes: u64,
    /// Files of which something was damaged.
    #[serde(default)]
    lost: u64,
    /// Those of them that are here again.
    #[serde(default)]
    brought_again: u64,
    /// What was found, and done.
    wrong: Vec<String>,
}

#[derive(Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
struct Compared {
    name: String,
    equal: bool,
    /// Streams.
    compared: u64,
    #[serde(default)]
    records: u64,
    #[serde(default)]
    differences: Vec<String>,
}

/// Runs it.
pub fn run(home: &Home, args: &Args, out: &mut dyn Write) -> Result {
    let daemon = start::connect_or_start(home)?;
    let blobs = args.blobs.then(|| "true".to_owned());
    let route = with_query("/v1/verify", &[("remote", args.remote.clone()), ("blobs", blobs)]);
    let answer = daemon.stream("POST", &route)?;
    let mut progress = Progress::new("verify");
    let (mut verdict, mut blocks) = (None, 0);
    for line in answer.lines::<Json>() {
        let line = line?;
        if line.get("wrong").is_some() {
            verdict = Some(serde_json::from_value::<Verdict>(line)?);
        } else if let Ok(step) = serde_json::from_value::<Step>(line) {
            if step.what == "blocks" {
                blocks = step.total;
            }
            let text = format!("{}: {} of {}", step.what, show::number(step.done), show::number(step.total));
            progress.show(step.done, step.total, &text);
        }
    }
    drop(progress);
    let verdict = verdict.ok_or_else(|| {
        Failure::new("the daemon did not finish comparing")
            .hint("look into daemon.log in the home, and try again")
    })?;
    match args.json {
        true => show::json(out, &verdict)?,
        false => verdict.print(blocks, out)?,
    }
    Ok(if verdict.good() { 0 } else { EXIT_FAILED })
}

impl Verdict {
    fn good(&self) -> bool {
        self.wrong.is_empty()
            && self.remotes.iter().all(|remote| remote.equal)
            && self.blobs.as_ref().is_none_or(|blobs| blobs.wrong.is_empty())
    }

    fn print(&self, blocks: u64, out: &mut dyn Write) -> Result<()> {
        let here = match self.wrong.len() as u64 {
            0 => format!("{}, {}", show::count(blocks, "block"), paint("intact", Colour::Green)),
            wrong => format!("{}: {}", paint("DAMAGED", Colour::Red), show::count(wrong, "problem")),
        };
        writeln!(out, "here: {here}")?;
        list(&self.wrong, out)?;
        if let Some(blobs) = &self.blobs {
            blobs.print(out)?;
        }
        for remote in &self.remotes {
            let verdict = match remote.equal {
                true => paint("equal", Colour::Green),
                false => paint("NOT EQUAL", Colour::Red),
            };
            let (streams, records) =
                (show::count(remote.compared, "stream"), show::count(remote.records, "record"));
            writeln!(out, "{}: {streams} with {records} compared, {verdict}", show::clean(&remote.name))?;
            list(&remote.differences, out)?;
        }
        if self.remotes.is_empty() {
            writeln!(out, "no remote was compared: there is none")?;
        }
        Ok(())
    }
}

impl Blobs {
    fn print(&self, out: &mut dyn Write) -> Result<()> {
        let verdict = match self.wrong.is_empty() {
            true => paint("intact", Colour::Green),
            false => paint("DAMAGED", Colour::Red),
        };
        let (files, bytes) = (show::count(self.files, "file"), show::size(self.bytes));
        writeln!(out, "files: {files} in {}, {bytes}, {verdict}", show::count(self.chunks, "chunk"))?;
        list(&self.wrong, out)?;
        if self.lost > 0 {
            let lost = show::count(self.lost, "file");
            writeln!(out, "  {lost} lost, {} of them here again", show::number(self.brought_again))?;
        }
        Ok(())
    }
}

fn list(items: &[String], out: &mut dyn Write) -> Result<()> {
    items.iter().try_for_each(|item| writeln!(out, "  {}", show::clean(item)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        let equal =
            Compared { name: "hub".into(), equal: true, compared: 2, records: 7, differences: Vec::new() };
        let good = Verdict { remotes: vec![equal], ..Verdict::default() };
        let mut out = Vec::new();
        good.print(1200, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "here: 1,200 blocks, intact\nhub: 2 streams with 7 records compared, equal\n"
        );
        assert!(good.good());

        let differs = Compared {
            name: "hub".into(),
            equal: false,
            compared: 1,
            records: 1,
            differences: vec!["run x".into()],
        };
        let bad = Verdict { wrong: vec!["block 7".into()], remotes: vec![differs], blobs: None };
        let mut out = Vec::new();
        bad.print(2, &mut out).unwrap();
        let expected =
            "here: DAMAGED: 1 problem\n  block 7\nhub: 1 stream with 1 record compared, NOT EQUAL\n  run x\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert!(!bad.good());
    }
}
