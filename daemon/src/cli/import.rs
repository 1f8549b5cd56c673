//! `pannier import-wandb` and `pannier import-tensorboard`: the daemon reads what
//! lies on this machine; this shows how far it is and what came of it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pannier_proto::import::{Import, ImportLine, ImportedLog, Outcome, Tracker};
use serde_json::json;

use super::failure::{EXIT_FAILED, Failure, Result};
use super::progress::{Progress, Rate};
use super::{show, start};
use crate::home::Home;

/// Take in what wandb left on disk: `wandb/` folders, offline runs, cut off ones too
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The `.wandb` logs below the folders are read, with the files, media and artifacts beside them, and
never written. A run is known by its id: what is here already, by whichever door it came, is not
taken in again, so this may be asked any number of times. What a log that was cut off or damaged
still holds is taken in, and the rest is told of.

Runs keep the entity and project that they were logged to, unless others are named.

Examples:
  pannier import-wandb wandb/
  pannier import-wandb --dry-run ~/projects
  pannier import-wandb --entity lab --project old runs/wandb/offline-run-20260102_030405-abc123

Exit codes: 0 all is here; 1 not all, with the reasons; 69 no daemon could be asked.")]
pub struct WandbArgs {
    #[command(flatten)]
    common: Common,
}

/// Take in TensorBoard's event files, which are only read
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A folder with event files is a run, called as the folder is from where was looked. Scalars, texts,
histograms, pictures, sounds and hyperparameters are taken in, with their steps and times; graphs are
not. Files that grew since are read on from there.

Examples:
  pannier import-tensorboard runs/
  pannier import-tensorboard --project digits lightning_logs/

Exit codes: 0 all is here; 1 not all, with the reasons; 69 no daemon could be asked.")]
pub struct TensorboardArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct Common {
    /// Folders, which are searched, or files
    #[arg(required = true, value_name = "DIR")]
    paths: Vec<PathBuf>,
    /// Whose the runs become
    #[arg(long, value_name = "ENTITY")]
    entity: Option<String>,
    /// Into which project they go
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    /// Only say what is there
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `import-wandb`.
pub fn wandb(home: &Home, args: WandbArgs, out: &mut dyn Write) -> Result {
    run(home, Tracker::Wandb, args.common, out)
}

/// Runs `import-tensorboard`.
pub fn tensorboard(home: &Home, args: TensorboardArgs, out: &mut dyn Write) -> Result {
    run(home, Tracker::Tensorboard, args.common, out)
}

/// The path as the daemon, which may be elsewhere, knows it.
pub fn absolute(path: &Path) -> Result<String> {
    let found = path.canonicalize().map_err(|error| Failure::file("read", path, &error))?;
    let text = found.to_str().map(str::to_owned);
    text.ok_or_else(|| Failure::new(format!("the path {} is not UTF-8", path.display())))
}

fn run(home: &Home, tracker: Tracker, args: Common, out: &mut dyn Write) -> Result {
    let paths = args.paths.iter().map(|path| absolute(path)).collect::<Result<_, _>>()?;
    let Common { entity, project, dry_run, json, .. } = args;
    let asked = json!(Import { tracker, paths, entity, project, dry_run });
    let daemon = start::connect_or_start(home)?;
    let answer = daemon.stream_with("POST", "/v1/import", &asked)?;
    let mut shown = Shown::new();
    let mut logs = Vec::new();
    let mut done = false;
    for line in answer.lines::<ImportLine>() {
        match line? {
            ImportLine::Progress { logs, logs_total, rows, bytes, bytes_total } => {
                shown.show((logs, logs_total), rows, (bytes, bytes_total));
            }
            ImportLine::Log(log) => logs.push(log),
            ImportLine::Done => done = true,
            ImportLine::Failed(body) => {
                let failure = Failure::new(show::clean(&body.error));
                return Err(body
                    .hint
                    .into_iter()
                    .fold(failure, |failure, hint| failure.hint(show::clean(&hint))));
            }
        }
    }
    drop(shown);
    if !done {
        return Err(Failure::new("the daemon did not finish")
            .hint("look into daemon.log in the home, and ask again: what was taken in stays"));
    }
    let whole = !logs.is_empty() && logs.iter().all(|log| is_whole(log.outcome));
    if json {
        show::json(out, &json!({ "whole": whole, "dry_run": dry_run, "logs": logs }))?;
    } else {
        print(&logs, dry_run, out)?;
    }
    Ok(if whole { 0 } else { EXIT_FAILED })
}

fn is_whole(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Imported | Outcome::AlreadyHere)
}

/// The progress: logs, rows, bytes, and how fast.
struct Shown {
    progress: Progress,
    rate: Rate,
}

impl Shown {
    fn new() -> Self {
        Self { progress: Progress::new("import"), rate: Rate::default() }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate for people")]
    fn show(&mut self, logs: (u64, u64), rows: u64, bytes: (u64, u64)) {
        self.rate.note(Instant::now(), rows);
        let mut text = format!(
            "{} of {}, {}, {} of {}",
            show::number(logs.0),
            show::count(logs.1, "log"),
            show::count(rows, "row"),
            show::size(bytes.0),
            show::size(bytes.1)
        );
        if let Some(rate) = self.rate.per_second() {
            text += &format!(", {}/s", show::count(rate as u64, "row"));
        }
        self.progress.show(bytes.0, bytes.1, &text);
    }
}

fn print(logs: &[ImportedLog], dry: bool, out: &mut dyn Write) -> Result<()> {
    if logs.is_empty() {
        writeln!(out, "no log was found there")?;
        return Ok(());
    }
    let mut table = show::Table::new(&["RUN", "WHAT", "NEW ROWS", "KNOWN", "ARTIFACTS", "FILES"]);
    for log in logs {
        let what = match log.outcome {
            Outcome::Imported if dry => "to import",
            Outcome::Imported => "imported",
            Outcome::AlreadyHere => "already here",
            Outcome::Partly => "partly",
            Outcome::Failed => "failed",
        };
        let run = log.run.as_ref().map_or_else(|| log.log.clone(), ToString::to_string);
        let numbers = [log.rows, log.rows_known, log.artifacts, log.files].map(show::number);
        table.row([show::clean(&run).into_owned(), what.to_owned()].into_iter().chain(numbers));
    }
    table.print(out)?;
    for log in logs.iter().filter(|log| !log.problems.is_empty()) {
        writeln!(out, "\n{}", show::clean(&log.log))?;
        for problem in &log.problems {
            writeln!(out, "  {}", show::clean(problem))?;
        }
    }
    Ok(())
}
