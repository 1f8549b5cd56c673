//! `pannier runs files` and `pannier runs branches`: what a run has besides its
//! history, and what it left behind.

use std::io::Write;
use std::path::{Path, PathBuf};

use pannier_proto::id::RunPath;
use pannier_proto::path::RelPath;
use serde::{Deserialize, Serialize};

use super::{find, route};
use crate::cli::client::Client;
use crate::cli::failure::{Failure, Result};
use crate::cli::show::{self, Table};
use crate::percent::encode;

pub const HELP: &str = "\
RUN is ENTITY/PROJECT/RUN, PROJECT/RUN, or an id or name that only one run in the home has.

Examples:
  pannier runs files calm-river-1
  pannier runs files calm-river-1 --download out                 all of them
  pannier runs files calm-river-1 --download out --path media/images/a.png";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run
    run: String,
    /// Write the files below this folder; those that are there are replaced
    #[arg(long, value_name = "DIR")]
    download: Option<PathBuf>,
    /// Only this file; may be given several times
    #[arg(long, value_name = "PATH")]
    path: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize, Deserialize)]
struct Listed {
    list: Vec<File>,
}

#[derive(Serialize, Deserialize)]
struct File {
    path: RelPath,
    bytes: u64,
    updated_us: i64,
}

/// Runs it.
pub fn run(daemon: &Client, args: &Args, out: &mut dyn Write) -> Result<()> {
    let run = find(daemon, &args.run)?;
    let mut listed: Listed = daemon.get(&route(&run, "/files"))?;
    if let Some(missing) =
        args.path.iter().find(|path| !listed.list.iter().any(|file| file.path.as_str() == **path))
    {
        return Err(Failure::new(format!("run {run} has no file {missing}"))
            .hint(format!("see `pannier runs files {run}`")));
    }
    if !args.path.is_empty() {
        listed.list.retain(|file| args.path.iter().any(|path| path == file.path.as_str()));
    }
    if let Some(dir) = &args.download {
        for file in &listed.list {
            download(daemon, &run, file, dir)?;
        }
    }
    if args.json {
        return show::json(out, &listed);
    }
    let mut table = Table::new(&["FILE", "SIZE", "SINCE"]);
    for file in &listed.list {
        table.row([
            show::clean(file.path.as_str()).into_owned(),
            show::size(file.bytes),
            show::moment(file.updated_us),
        ]);
    }
    Ok(table.print(out)?)
}

/// Beside its place first, so that nothing is there that is not whole.
fn download(daemon: &Client, run: &RunPath, file: &File, dir: &Path) -> Result<()> {
    let cannot = |error: std::io::Error| {
        Failure::new(format!("cannot write {} below {}: {error}", file.path, dir.display()))
    };
    let target = dir.join(file.path.as_str());
    let parent = target.parent().unwrap_or(dir);
    std::fs::create_dir_all(parent).map_err(cannot)?;
    // A link in the folder must not lead out of it.
    let (real, root) = (parent.canonicalize().map_err(cannot)?, dir.canonicalize().map_err(cannot)?);
    if !real.starts_with(&root) {
        return Err(Failure::new(format!("{} leads out of {}", parent.display(), dir.display()))
            .hint("remove the link, or choose another folder"));
    }
    let parts: Vec<_> = file.path.as_str().split('/').map(encode).collect();
    let body = daemon.stream("GET", &route(run, &format!("/files/{}", parts.join("/"))))?;
    let beside = real.join(format!(".{}.pannier", file.path.file_name()));
    let mut writer = std::fs::File::create(&beside).map_err(cannot)?;
    let written = body.read_with(|bytes| Ok(writer.write_all(bytes)?));
    if let Err(failure) = written {
        // What is there is not whole.
        let _ = std::fs::remove_file(&beside);
        return Err(failure);
    }
    std::fs::rename(&beside, real.join(file.path.file_name())).map_err(cannot)
}

#[derive(Serialize, Deserialize)]
struct Branches {
    branches: Vec<Branch>,
}

#[derive(Serialize, Deserialize)]
struct Branch {
    branch: usize,
    left_at_step: i64,
}

/// Runs `branches`.
pub fn branches(daemon: &Client, run: &str, json: bool, out: &mut dyn Write) -> Result<()> {
    let found: Branches = daemon.get(&route(&find(daemon, run)?, "/branches"))?;
    if json {
        return show::json(out, &found);
    }
    if found.branches.is_empty() {
        return Ok(writeln!(out, "the run never began again: it has no earlier branch")?);
    }
    let mut table = Table::new(&["BRANCH", "LEFT AT STEP"]);
    found
        .branches
        .iter()
        .for_each(|branch| table.row([branch.branch.to_string(), branch.left_at_step.to_string()]));
    Ok(table.print(out)?)
}
