//! `pannier artifact`: versions of artifacts. The commands are modules of their
//! own.

mod get;
mod lineage;
mod list;
pub mod name;
mod put;
mod root;
mod show;

use std::io::Write;

use clap::Subcommand;
use pannier_proto::artifacts::{ArtifactView, Line, Place, PullArtifact, Pulled};
use serde::de::DeserializeOwned;
use serde_json::json;

use self::name::Name;
use super::client::{Answer, Client, with_query};
use super::failure::{Failure, Result};
use super::progress::Transfer;
use super::{show as shown, start};
use crate::home::Home;

pub use list::{print_collections, versions};

/// Log, list, show, download and trace artifacts
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Log files and folders of this machine as a version of an artifact
    #[command(after_help = put::HELP)]
    Put(put::Args),
    /// Download a version's files
    #[command(after_help = get::HELP)]
    Get(get::Args),
    /// List collections, or the versions of one
    #[command(after_help = list::HELP)]
    Ls(list::Args),
    /// Show a version: contents, names, links, who made and read it, where it is
    #[command(after_help = show_help("show"))]
    Show {
        /// The version
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Bring a version's bytes into this home, for when there is no network
    #[command(after_help = PULL)]
    Pull {
        /// The version
        name: String,
        /// Keep them here, whatever else needs room
        #[arg(long)]
        pin: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Draw what a version was made from, and what became of it
    #[command(after_help = lineage::HELP)]
    Lineage(lineage::Args),
    /// Delete a version, wherever it is linked to; its number is not given again
    #[command(after_help = DELETE)]
    Delete {
        /// The version, with :vN, :ALIAS or :DIGEST
        name: String,
        /// Delete it though it has names
        #[arg(long)]
        with_aliases: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

const PULL: &str = "\
Where all bytes are here already, nothing is fetched.

Examples:
  pannier artifact pull digits/model:best
  pannier artifact pull wandb-registry-model/digits:production --pin";

const DELETE: &str = "\
A version that has names, `latest` included, is deleted with --with-aliases only. Its bytes stay
until `pannier gc` finds that nothing needs them.

Examples:
  pannier artifact delete digits/model:v3
  pannier artifact delete digits/model:latest --with-aliases";

fn show_help(verb: &str) -> String {
    format!(
        "{}\n\nExamples:\n  pannier artifact {verb} digits/model:best\n  pannier artifact {verb} wandb-registry-model/digits:v0 --json",
        name::HELP
    )
}

/// Runs it.
pub fn run(home: &Home, args: Args, out: &mut dyn Write) -> Result {
    let daemon = start::connect_or_start(home)?;
    match args.command {
        Command::Put(args) => put::run(&daemon, args, out)?,
        Command::Get(args) => get::run(&daemon, &args, out)?,
        Command::Ls(args) => list::run(&daemon, &args, out)?,
        Command::Show { name, json } => {
            let version: ArtifactView = daemon.get(&Name::parse(&name)?.route(""))?;
            match json {
                true => shown::json(out, &version)?,
                false => show::print(&version, out)?,
            }
        }
        Command::Pull { name, pin, json } => pull(&daemon, &name, pin, json, out)?,
        Command::Lineage(args) => lineage::run(&daemon, &args, out)?,
        Command::Delete { name, with_aliases, json } => delete(&daemon, &name, with_aliases, json, out)?,
    }
    Ok(0)
}

/// `ENTITY/PROJECT/COLLECTION:vN`, fit for a terminal.
pub fn full(place: &Place) -> String {
    let Place { entity, project, collection, version, .. } = place;
    shown::clean(&format!("{entity}/{project}/{collection}:v{version}")).into_owned()
}

/// What comes of an answer that says how far it is.
fn wait<T: DeserializeOwned>(what: &'static str, answer: Answer) -> Result<T> {
    let mut progress = Transfer::new(what);
    for line in answer.lines::<Line<T>>() {
        match line? {
            Line::Progress { done, total } => progress.show(done, total),
            Line::Done(done) => return Ok(done),
            Line::Failed(why) => {
                let failure = Failure::new(shown::clean(&why.error));
                return Err(match why.hint {
                    Some(hint) => failure.hint(shown::clean(&hint)),
                    None => failure,
                });
            }
        }
    }
    Err(Failure::new("the daemon did not say what came of it")
        .hint("look into daemon.log in the home, and try again"))
}

fn pull(daemon: &Client, name: &str, pin: bool, json: bool, out: &mut dyn Write) -> Result<()> {
    let name = Name::parse(name)?;
    let wanted = name.wanted.as_deref().map_or_else(String::new, |wanted| format!(":{wanted}"));
    let asked = PullArtifact {
        name: format!("{}{wanted}", name.collection),
        entity: Some(name.entity),
        project: name.project,
        pin,
    };
    let answer = daemon.stream_with("POST", "/v1/artifacts/pull", &serde_json::to_value(asked)?)?;
    let pulled: Pulled = wait("pull", answer)?;
    if json {
        return shown::json(out, &pulled);
    }
    let (name, size) = (full(&pulled.artifact.place), shown::size(pulled.artifact.size));
    match pulled.fetched_bytes {
        0 => writeln!(out, "{name}: all of it was here, {size}")?,
        bytes => writeln!(out, "{name}: fetched {}; all of it is here now, {size}", shown::size(bytes))?,
    }
    Ok(())
}

fn delete(daemon: &Client, text: &str, with_aliases: bool, json: bool, out: &mut dyn Write) -> Result<()> {
    let mut name = Name::parse(text)?;
    if name.wanted.is_none() {
        return Err(Failure::new(format!("{} names no version", shown::clean(text)))
            .hint("say which is meant: :vN, or :latest; see `pannier artifact ls`"));
    }
    let version: ArtifactView = daemon.get(&name.route(""))?;
    let place = &version.version.place;
    if place.link {
        return Err(Failure::new(format!("{} is a link to a version that was logged elsewhere", full(place)))
            .hint("`pannier registry unlink` takes the link away; `pannier artifact show` says where the version is"));
    }
    let aliases: Vec<_> = place.aliases.iter().map(|alias| shown::clean(&alias.alias)).collect();
    if !aliases.is_empty() && !with_aliases {
        return Err(Failure::new(format!("{} has the names {}", full(place), aliases.join(", ")))
            .hint("move them to another version, or say --with-aliases"));
    }
    // What was looked at is deleted, though a name may have moved meanwhile.
    name.wanted = Some(format!("v{}", place.version));
    let parameters = [("with_aliases", Some(with_aliases.to_string()))];
    daemon.call("DELETE", &with_query(&name.route(""), &parameters), None)?;
    match json {
        true => shown::json(out, &json!({"deleted": full(place), "id": version.version.id}))?,
        false => writeln!(out, "deleted {}", full(place))?,
    }
    Ok(())
}
