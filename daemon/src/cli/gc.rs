//! `pannier gc`: the daemon removes what nobody needs; this shows what it was.

use std::io::Write;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::client::with_query;
use super::failure::{Failure, Result};
use super::progress::Progress;
use super::{show, start};
use crate::home::Home;
use crate::units;

/// Remove the bytes of files that nothing names any more
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What a run's file or a version of an artifact names stays, whatever is asked for. Bytes that nothing
names go once they are older than the grace: an upload may take so long until it is said what it was.
With a budget, files that were fetched from a remote, and are not pinned, go too, those first that
were not used for longest; they are fetched again when somebody asks for them. --max-bytes holds this
once, --budget from now on: the daemon looks once an hour, `pannier status` shows it.

A daemon removes what nothing names by itself once a day.

Examples:
  pannier gc --dry-run
  pannier gc --budget 200G
  pannier gc --budget none
  pannier gc --arrived site --max-bytes 50G     on a machine without a network, after a receipt")]
pub struct Args {
    /// How much may stay, for example 200G
    #[arg(long, value_name = "SIZE", value_parser = units::bytes)]
    max_bytes: Option<u64>,
    /// How many files may stay; each content counts once
    #[arg(long, value_name = "N")]
    max_files: Option<u64>,
    /// How much may stay from now on, or `none`
    #[arg(long, value_name = "SIZE", value_parser = budget, conflicts_with_all = ["max_bytes", "dry_run"])]
    budget: Option<u64>,
    /// Also files that arrived at this destination of bundles, by its receipts, may give way to the
    /// budget. Nobody can fetch them from there: whoever needs one carries it back
    #[arg(long, value_name = "NAME", conflicts_with = "dry_run")]
    arrived: Option<String>,
    /// How old bytes must be that nothing names
    #[arg(long, value_name = "TIME", default_value = "1d", value_parser = units::duration)]
    grace: Duration,
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// `none` is 0: any.
fn budget(text: &str) -> std::result::Result<u64, String> {
    match text {
        "none" => Ok(0),
        _ => units::bytes(text).and_then(|bytes| match bytes {
            0 => Err("a budget of nothing would let nothing stay; `none` lets anything".to_owned()),
            bytes => Ok(bytes),
        }),
    }
}

#[derive(Debug, Deserialize)]
struct Step {
    what: String,
    done: u64,
    total: u64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Swept {
    garbage_files: u64,
    garbage_bytes: u64,
    evicted_files: u64,
    evicted_bytes: u64,
    chunks: u64,
    chunk_bytes: u64,
    packs_removed: u64,
    packs_rewritten: u64,
    freed_bytes: u64,
    kept_files: u64,
    kept_bytes: u64,
}

/// Runs it.
pub fn run(home: &Home, args: &Args, out: &mut dyn Write) -> Result {
    let daemon = start::connect_or_start(home)?;
    let number = |n: Option<u64>| n.map(|n| n.to_string());
    let route = with_query(
        "/v1/gc",
        &[
            ("grace_s", Some(args.grace.as_secs_f64().to_string())),
            ("max_bytes", number(args.max_bytes)),
            ("max_files", number(args.max_files)),
            ("budget", number(args.budget)),
            ("arrived", args.arrived.clone()),
            ("dry_run", Some(args.dry_run.to_string())),
        ],
    );
    let answer = daemon.stream("POST", &route)?;
    let mut progress = Progress::new("gc");
    let mut swept = None;
    for line in answer.lines::<Json>() {
        let mut line = line?;
        if let Some(error) = line.get("error").and_then(Json::as_str) {
            return Err(match line.get("hint").and_then(Json::as_str) {
                Some(hint) => Failure::new(show::clean(error)).hint(show::clean(hint)),
                None => Failure::new(format!("not all was looked at: {error}"))
                    .hint("nothing that is needed was removed; try again, or see `pannier verify --blobs`"),
            });
        }
        if let Some(result) = line.get_mut("swept") {
            swept = Some(serde_json::from_value::<Swept>(result.take())?);
        } else if let Ok(step) = serde_json::from_value::<Step>(line) {
            let text = format!("{}: {} of {}", step.what, show::number(step.done), show::number(step.total));
            progress.show(step.done, step.total, &text);
        }
    }
    drop(progress);
    let swept = swept.ok_or_else(|| {
        Failure::new("the daemon did not finish").hint("look into daemon.log in the home, and try again")
    })?;
    match args.json {
        true => show::json(out, &swept)?,
        false => swept.print(args, out)?,
    }
    Ok(0)
}

impl Swept {
    fn print(&self, args: &Args, out: &mut dyn Write) -> Result<()> {
        let verb = if args.dry_run { "would remove" } else { "removed" };
        let files = |n, bytes| format!("{} of {}", show::count(n, "file"), show::size(bytes));
        writeln!(out, "{verb} {} that nothing names", files(self.garbage_files, self.garbage_bytes))?;
        if self.evicted_files > 0 {
            writeln!(out, "{verb} {} that a remote has", files(self.evicted_files, self.evicted_bytes))?;
        }
        writeln!(
            out,
            "{verb} {} of {} that no file has any more",
            show::count(self.chunks, "chunk"),
            show::size(self.chunk_bytes)
        )?;
        if !args.dry_run {
            let packs = show::count(self.packs_removed, "pack");
            writeln!(out, "gave back {}, {packs} removed", show::size(self.freed_bytes))?;
            if self.evicted_files > 0 && self.chunks == 0 && !args.grace.is_zero() {
                let young = show::span(args.grace);
                writeln!(out, "what came within the last {young} is given back later, or with --grace 0s")?;
            }
        }
        writeln!(out, "kept {}", files(self.kept_files, self.kept_bytes))?;
        let over = |is: u64, max: Option<u64>| max.is_some_and(|max| is > max);
        let max_bytes = args.max_bytes.or(args.budget.filter(|bytes| *bytes > 0));
        if over(self.kept_bytes, max_bytes) || over(self.kept_files, args.max_files) {
            show::warn("that is more than the budget; nothing else of it may be removed");
        }
        Ok(())
    }
}
