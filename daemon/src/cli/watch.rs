//! `pannier watch`: which folders the daemon follows for runs of W&B's SDK that
//! are written there.

use std::io::Write;
use std::path::PathBuf;

use pannier_proto::import::{Watched, WatchedView};
use serde_json::json;

use super::client::with_query;
use super::failure::{Failure, Result};
use super::left::absolute;
use super::{show, start};
use crate::home::Home;

/// Follow the offline runs that wandb writes in a folder, while they are written
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Scripts run as ever, with WANDB_MODE=offline and without pannier; the daemon reads what they write to
DIR, which it never writes itself. Their rows are shown a few seconds after the SDK has written them.
What is there already is taken in first, as `pannier import-wandb` would.

Which folders are watched is kept in the home, and a daemon that watches any stays up.

Examples:
  pannier watch ~/project/wandb
  pannier watch --project digits /scratch/me/wandb
  pannier watch --list
  pannier watch --remove ~/project/wandb")]
pub struct Args {
    /// The folder in which `wandb` puts its runs
    #[arg(required_unless_present = "list", value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Whose the runs become
    #[arg(long, value_name = "ENTITY", conflicts_with = "remove")]
    entity: Option<String>,
    /// Into which project they go
    #[arg(long, value_name = "PROJECT", conflicts_with = "remove")]
    project: Option<String>,
    /// List the watched folders
    #[arg(long, conflicts_with_all = ["dir", "entity", "project", "remove"])]
    list: bool,
    /// Watch the folder no more; what came from it stays
    #[arg(long)]
    remove: bool,
    /// Print the list as JSON
    #[arg(long, conflicts_with_all = ["dir", "remove"])]
    json: bool,
}

/// Runs it.
pub fn run(home: &Home, args: Args, out: &mut dyn Write) -> Result {
    let daemon = start::connect_or_start(home)?;
    let Some(dir) = args.dir else {
        let watched: Vec<WatchedView> = daemon.get("/v1/watch")?;
        list(&watched, args.json, out)?;
        return Ok(0);
    };
    if args.remove {
        // One that is gone has only the name under which it was added.
        let dir = absolute(&dir).or_else(|failure| dir.to_str().map(str::to_owned).ok_or(failure))?;
        daemon.call("DELETE", &with_query("/v1/watch", &[("dir", Some(dir.clone()))]), None)?;
        writeln!(out, "{} is watched no more", show::clean(&dir))?;
        return Ok(0);
    }
    let dir = absolute(&dir)?;
    if dir == "/" {
        return Err(Failure::new("the whole machine is not watched").hint("name the folder of runs"));
    }
    let asked = Watched { dir: dir.clone(), entity: args.entity, project: args.project };
    daemon.call("POST", "/v1/watch", Some(&json!(asked)))?;
    writeln!(out, "{} is watched; `pannier runs list` shows its runs", show::clean(&dir))?;
    Ok(0)
}

fn list(watched: &[WatchedView], json: bool, out: &mut dyn Write) -> Result<()> {
    if json {
        return show::json(out, &json!({ "watched": watched }));
    }
    if watched.is_empty() {
        writeln!(out, "no folder is watched; add one with `pannier watch DIR`")?;
        return Ok(());
    }
    let mut table = show::Table::new(&["FOLDER", "LOGS", "LIVE", "INTO"]);
    for WatchedView { watched: Watched { dir, entity, project }, logs, live, .. } in watched {
        let into = [entity, project].map(|name| name.as_deref().unwrap_or("as logged")).join(" / ");
        table.row([show::clean(dir).into_owned(), show::number(*logs), show::number(*live), into]);
    }
    table.print(out)?;
    for problem in watched.iter().flat_map(|watched| &watched.problems) {
        writeln!(out, "  {}", show::clean(problem))?;
    }
    Ok(())
}
