//! `pannier runs`: what was logged. Finds the run that a person means; the
//! commands are modules of their own.

mod csv;
mod export;
mod files;
mod history;
mod view;

use std::io::{IsTerminal, Write};
use std::path::Path;

use clap::Subcommand;
use pannier_proto::id::RunPath;
use pannier_proto::request::RunView;
use serde::{Deserialize, Serialize};

use super::client::{Client, with_query};
use super::failure::{Failure, Result};
use super::{show, start};
use crate::home::Home;
use crate::percent::encode;

/// As many runs as the daemon gives at a time.
const PAGE: usize = 1000;
/// As many candidates as are named where several are meant.
pub(super) const CANDIDATES: usize = 8;

const RUN_HELP: &str = "\
RUN is ENTITY/PROJECT/RUN, PROJECT/RUN, or an id or name that only one run in the home has.";

/// List, show and export what was logged
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List runs, newest first
    #[command(
        after_help = "Examples:\n  pannier runs list --project digits\n  pannier runs list --limit 1000 --json"
    )]
    List {
        /// Only of this project
        #[arg(long)]
        project: Option<String>,
        /// Only of this entity
        #[arg(long)]
        entity: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a run: state, config, summary, machine
    #[command(after_help = RUN_HELP)]
    Show {
        /// The run
        run: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print what a run logged, step by step
    #[command(after_help = history::HELP)]
    History(history::Args),
    /// Print what a run's program printed
    #[command(after_help = RUN_HELP)]
    Console {
        /// The run
        run: String,
    },
    /// List a run's files, or download them
    #[command(after_help = files::HELP)]
    Files(files::Args),
    /// List the branches that a run left behind when it was begun again
    #[command(after_help = "What one of them logged: pannier runs history RUN --branch N")]
    Branches {
        /// The run
        run: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write runs to files
    #[command(after_help = export::HELP)]
    Export(export::Args),
}

/// Runs it.
pub fn run(home: &Home, args: Args, out: &mut dyn Write) -> Result {
    let daemon = start::connect_or_start(home)?;
    match args.command {
        Command::List { project, entity, limit, json } => {
            let listed = list(&daemon, entity.as_deref(), project.as_deref(), limit)?;
            match json {
                true => show::json(out, &listed)?,
                false => view::list(&listed, out)?,
            }
        }
        Command::Show { run, json } => {
            let run: RunView = daemon.get(&route(&find(&daemon, &run)?, ""))?;
            match json {
                true => show::json(out, &run)?,
                false => view::show(&run, out)?,
            }
        }
        Command::History(args) => history::run(&daemon, &args, out)?,
        Command::Console { run } => {
            let console = daemon.stream("GET", &route(&find(&daemon, &run)?, "/console"))?;
            match std::io::stdout().is_terminal() {
                true => view::console(console, out)?,
                false => console.read_with(|bytes| Ok(out.write_all(bytes)?))?,
            }
        }
        Command::Files(args) => files::run(&daemon, &args, out)?,
        Command::Branches { run, json } => files::branches(&daemon, &run, json, out)?,
        Command::Export(args) => export::run(&daemon, &args, out)?,
    }
    Ok(0)
}

/// A page of runs.
#[derive(Debug, Serialize, Deserialize)]
struct Listed {
    runs: Vec<RunView>,
    /// Whether there are older ones.
    more: bool,
}

fn page(
    daemon: &Client,
    entity: Option<&str>,
    project: Option<&str>,
    limit: usize,
    offset: usize,
) -> Result<Listed> {
    let parameters = [
        ("entity", entity.map(str::to_owned)),
        ("project", project.map(str::to_owned)),
        ("limit", Some(limit.to_string())),
        ("offset", Some(offset.to_string())),
        ("full", Some("true".to_owned())),
    ];
    daemon.get(&with_query("/v1/runs", &parameters))
}

fn list(daemon: &Client, entity: Option<&str>, project: Option<&str>, limit: usize) -> Result<Listed> {
    let mut all = Listed { runs: Vec::new(), more: true };
    while all.more && all.runs.len() < limit {
        let wanted = (limit - all.runs.len()).min(PAGE);
        let page = page(daemon, entity, project, wanted, all.runs.len())?;
        all.more = page.more && !page.runs.is_empty();
        all.runs.extend(page.runs);
    }
    Ok(all)
}

/// Hands over each run that there is, by its path and name.
pub(super) fn each(
    daemon: &Client,
    project: Option<&str>,
    mut take: impl FnMut(RunPath, String),
) -> Result<()> {
    let mut offset = 0;
    loop {
        let page = page(daemon, None, project, PAGE, offset)?;
        offset += page.runs.len();
        let last = !page.more || page.runs.is_empty();
        page.runs.into_iter().for_each(|run| take(run.path, run.fields.name.unwrap_or_default()));
        if last {
            return Ok(());
        }
    }
}

/// A run as a person names it.
#[derive(Debug, PartialEq, Eq)]
struct Reference<'a> {
    entity: Option<&'a str>,
    project: Option<&'a str>,
    /// Id or name.
    run: &'a str,
}

impl<'a> Reference<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        let parts: Vec<_> = text.split('/').collect();
        if parts.iter().all(|part| !part.is_empty()) {
            match *parts.as_slice() {
                [run] => return Ok(Self { entity: None, project: None, run }),
                [project, run] => return Ok(Self { entity: None, project: Some(project), run }),
                [entity, project, run] => {
                    return Ok(Self { entity: Some(entity), project: Some(project), run });
                }
                _ => {}
            }
        }
        Err(Failure::new(format!("{} is no run", show::clean(text))).hint(RUN_HELP))
    }
}

/// The run that is meant.
pub fn find(daemon: &Client, text: &str) -> Result<RunPath> {
    let reference = Reference::parse(text)?;
    if let (Some(entity), Some(project)) = (reference.entity, reference.project) {
        // The daemon knows names within a project.
        let path =
            RunPath { entity: entity.to_owned(), project: project.to_owned(), run: reference.run.to_owned() };
        return Ok(daemon.get::<RunView>(&route(&path, ""))?.path);
    }
    let (mut by_id, mut by_name) = (Vec::new(), Vec::new());
    each(daemon, reference.project, |path, name| {
        if path.run == reference.run {
            by_id.push(path);
        } else if name == reference.run {
            by_name.push(path);
        }
    })?;
    only(text, if by_id.is_empty() { by_name } else { by_id })
}

fn only(text: &str, mut found: Vec<RunPath>) -> Result<RunPath> {
    found.sort();
    found.dedup();
    match found.len() {
        0 => {
            Err(Failure::new(format!("there is no run {}", show::clean(text)))
                .hint("see `pannier runs list`"))
        }
        1 => Ok(found.swap_remove(0)),
        several => {
            let named: Vec<_> = found.iter().take(CANDIDATES).map(ToString::to_string).collect();
            let rest = if several > CANDIDATES { ", …" } else { "" };
            Err(Failure::new(format!("{} could be any of {several} runs", show::clean(text)))
                .hint(format!("name one of {}{rest}", show::clean(&named.join(", ")))))
        }
    }
}

/// The path of a run's route.
fn route(path: &RunPath, what: &str) -> String {
    format!("/v1/runs/{}/{}/{}{what}", encode(&path.entity), encode(&path.project), encode(&path.run))
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Comma-separated values, one column a metric
    Csv,
    /// One JSON object a line
    Jsonl,
}

/// A file that is made whole or not at all.
fn write_whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let partial = path.with_added_extension("partial");
    let cannot = |error: std::io::Error| Failure::file("write", path, &error);
    let mut file = std::io::BufWriter::new(std::fs::File::create(&partial).map_err(cannot)?);
    let written = write(&mut file).and_then(|()| Ok(file.flush()?)).map_err(|failure| {
        // A part of a file is of no use to anybody.
        let _ = std::fs::remove_file(&partial);
        Failure { error: format!("{}: {}", path.display(), failure.error), ..failure }
    });
    written?;
    std::fs::rename(&partial, path).map_err(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_named_by_one_two_or_three_parts() {
        let parsed = |text| Reference::parse(text).map(|r| (r.entity, r.project, r.run));
        assert_eq!(parsed("a"), Ok((None, None, "a")));
        assert_eq!(parsed("p/a"), Ok((None, Some("p"), "a")));
        assert_eq!(parsed("e/p/a"), Ok((Some("e"), Some("p"), "a")));
        for text in ["", "/", "p/", "/a", "e//a", "a/b/c/d"] {
            assert!(Reference::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn one_run_must_be_meant() {
        let path = |run: &str| RunPath::new("e", "p", run).unwrap();
        assert_eq!(only("a", vec![path("a"), path("a")]), Ok(path("a")));
        assert!(only("a", Vec::new()).unwrap_err().error.contains("no run a"));
        let failure = only("a", vec![path("b"), path("a")]).unwrap_err();
        assert!(failure.hint.unwrap().contains("e/p/a, e/p/b"));
    }

    #[test]
    fn routes_are_encoded() {
        let path = RunPath::new("e", "p q", "ü").unwrap();
        assert_eq!(route(&path, "/rows"), "/v1/runs/e/p%20q/%C3%BC/rows");
    }
}
