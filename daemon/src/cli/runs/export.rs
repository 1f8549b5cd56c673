//! `pannier runs export`: runs as files that any tool reads, a folder a run.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use pannier_proto::id::RunPath;
use pannier_proto::request::RunView;
use serde::{Deserialize, Serialize};

use super::history::{self, Query};
use super::{Format, each, find, route, write_whole};
use crate::cli::client::Client;
use crate::cli::failure::{Failure, Result};
use crate::cli::progress::Progress;
use crate::cli::show;

pub const HELP: &str = "\
Each run becomes a folder DIR/ENTITY/PROJECT/RUN with
  run.json                        names, state, times
  config.json summary.json metadata.json
  history.csv or history.jsonl    what was logged, by step
  system.csv or system.jsonl      host metrics, by time
  console.log                     what the program printed
  files/                          requirements, diff and the like
Files of the same name are replaced, each when its successor is complete.

CSV has no types: a text that looks like a number cannot be told from one. --format jsonl keeps them.

RUN is ENTITY/PROJECT/RUN, PROJECT/RUN, or an id or name that only one run in the home has.

Examples:
  pannier runs export calm-river-1 -o out
  pannier runs export --all -o out --format jsonl";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run
    #[arg(required_unless_present = "all")]
    run: Option<String>,
    /// All runs of the home
    #[arg(long, conflicts_with = "run")]
    all: bool,
    /// The folder to write to; it is made if there is none
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// How rows are written
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
}

/// Runs it.
pub fn run(daemon: &Client, args: &Args, out: &mut dyn Write) -> Result<()> {
    let mut paths = Vec::new();
    match &args.run {
        Some(run) => paths.push(find(daemon, run)?),
        None => each(daemon, None, |path, _| paths.push(path))?,
    }
    // A run that is made meanwhile moves the pages: one may be seen twice.
    paths.sort();
    paths.dedup();
    let mut progress = Progress::new("export");
    for (nth, path) in paths.iter().enumerate() {
        let (done, total) = (nth as u64, paths.len() as u64);
        progress.show(
            done,
            total,
            &format!("run {} of {}: {path}", show::number(done + 1), show::number(total)),
        );
        export(daemon, path, &args.output, args.format)?;
    }
    drop(progress);
    writeln!(out, "{} written to {}", show::count(paths.len() as u64, "run"), args.output.display())?;
    Ok(())
}

#[derive(Deserialize)]
struct Files {
    files: BTreeMap<String, String>,
}

fn export(daemon: &Client, path: &RunPath, root: &Path, format: Format) -> Result<()> {
    let dir = root.join(&path.entity).join(&path.project).join(&path.run);
    make(&dir)?;
    let mut run: RunView = daemon.get(&route(path, ""))?;
    let parts = [("config", &mut run.config), ("summary", &mut run.summary), ("metadata", &mut run.metadata)];
    for (name, part) in parts {
        write_json(&dir.join(format!("{name}.json")), part)?;
        // run.json has the rest.
        part.clear();
    }
    write_json(&dir.join("run.json"), &run)?;
    let extension = if format == Format::Csv { "csv" } else { "jsonl" };
    for (name, system) in [("history", false), ("system", true)] {
        let query = Query { system, ..Query::default() };
        let keys = if format == Format::Csv { history::columns(daemon, path, &query)? } else { Vec::new() };
        let rows = history::rows(daemon, path, &query)?;
        write_whole(&dir.join(format!("{name}.{extension}")), |out| {
            history::write_rows(rows, format, &keys, out)
        })?;
    }
    let console = daemon.stream("GET", &route(path, "/console"))?;
    write_whole(&dir.join("console.log"), |out| console.read_with(|bytes| Ok(out.write_all(bytes)?)))?;
    let files: Files = daemon.get(&route(path, "/files"))?;
    for (name, text) in files.files {
        match inside(&dir.join("files"), &name) {
            Some(file) => {
                file.parent().map_or(Ok(()), make)?;
                write_whole(&file, |out| Ok(out.write_all(text.as_bytes())?))?;
            }
            None => show::warn(&format!("file {name:?} of run {path} is left out: its path leads elsewhere")),
        }
    }
    Ok(())
}

fn make(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).map_err(|error| Failure::file("make the folder", dir, &error))
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    write_whole(path, |out| show::json(out, value))
}

/// A place below a folder, for a path that whoever logged it chose.
fn inside(dir: &Path, path: &str) -> Option<PathBuf> {
    let mut place = dir.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => place.push(name),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::ParentDir => return None,
        }
    }
    (place != dir && !path.contains('\0')).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_in_their_folder() {
        let dir = Path::new("/out/files");
        assert_eq!(inside(dir, "a/b.txt"), Some(PathBuf::from("/out/files/a/b.txt")));
        assert_eq!(inside(dir, "./a"), Some(PathBuf::from("/out/files/a")));
        for path in ["", ".", "..", "../a", "a/../../b", "/etc/passwd", "a\0b"] {
            assert_eq!(inside(dir, path), None, "{path:?}");
        }
    }
}
