//! `pannier artifact put`.

use std::io::Write;
use std::path::{Path, PathBuf};

use pannier_proto::artifacts::{ArtifactView, PutArtifact, PutReference};
use serde_json::Value as Json;

use super::name::Name;
use super::{full, wait};
use crate::cli::client::Client;
use crate::cli::failure::{Failure, Result};
use crate::cli::show;
use crate::clock::now_us;

pub const HELP: &str = "\
A file is logged by its name, a folder as all that is in it; links are followed. A reference is an
address whose bytes stay where they are: of file:// the bytes are read for their digest, nobody else
is asked. Where the collection has a version of the same content, no other is made, and names move
to it.

Without --run, a run is made that logs it and is finished then, as wandb does outside of a run.

Examples:
  pannier artifact put model.pt --name digits/model --type model --alias best
  pannier artifact put data/ --name digits/data --type dataset --metadata '{\"rows\": 7}'
  pannier artifact put --ref s3://bucket/raw.tar --name digits/raw --type dataset
  pannier artifact put out.csv --ref labels=file:///data/labels --name digits/out --type result --run calm-river-1";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files and folders
    #[arg(required_unless_present = "ref", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The artifact: [ENTITY/]PROJECT/COLLECTION
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Its type: `model`, `dataset`, any word
    #[arg(long = "type", value_name = "TYPE")]
    kind: String,
    /// A name that moves to the version, besides `latest`; may be given several times
    #[arg(long, value_name = "ALIAS")]
    alias: Vec<String>,
    /// A label; may be given several times
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// What it is, in words
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A JSON object, or the file that has it
    #[arg(long, value_name = "JSON|@FILE")]
    metadata: Option<String>,
    /// Delete the version after so many days, unless it has names or links then
    #[arg(long, value_name = "DAYS")]
    ttl_days: Option<u32>,
    /// The run of the project that logs it, by id or name
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// An address whose bytes stay where they are; may be given several times
    #[arg(long = "ref", id = "ref", value_name = "[PATH=]URI")]
    references: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(daemon: &Client, args: Args, out: &mut dyn Write) -> Result<()> {
    let began_us = now_us();
    let name = Name::parse(&args.name)?
        .without_version("--alias gives the version a name; its number is its own")?;
    let asked = PutArtifact {
        entity: Some(name.entity),
        project: name.project,
        collection: name.collection,
        kind: args.kind,
        aliases: args.alias,
        tags: args.tag,
        description: args.description,
        metadata: args.metadata.as_deref().map(metadata).transpose()?,
        ttl_s: args.ttl_days.map(|days| i64::from(days) * 86_400),
        run: args.run,
        paths: args.paths.iter().map(|path| absolute(path)).collect::<Result<_>>()?,
        references: args.references.iter().map(|text| reference(text)).collect(),
    };
    let answer = daemon.stream_with("POST", "/v1/artifacts", &serde_json::to_value(asked)?)?;
    let made: ArtifactView = wait("put", answer)?;
    if args.json {
        return show::json(out, &made);
    }
    let version = &made.version;
    let verb = if version.created_us < began_us { "the same content is there already:" } else { "logged" };
    let aliases: Vec<_> = version.place.aliases.iter().map(|alias| show::clean(&alias.alias)).collect();
    let (files, size) = (show::count(version.file_count, "file"), show::size(version.size));
    writeln!(out, "{verb} {} [{}], {files}, {size}", full(&version.place), aliases.join(", "))?;
    Ok(())
}

/// The daemon works in another folder.
fn absolute(path: &Path) -> Result<String> {
    let whole = std::path::absolute(path).map_err(|error| Failure::file("read", path, &error))?;
    match whole.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(Failure::new(format!("the name of {} is not UTF-8", path.display())).hint("rename it")),
    }
}

fn metadata(text: &str) -> Result<Json> {
    let (text, from) = match text.strip_prefix('@') {
        None => (text.to_owned(), "--metadata".to_owned()),
        Some(file) => {
            let path = Path::new(file);
            let text = std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
            (text, path.display().to_string())
        }
    };
    let wrong = |why: &str| {
        Failure::new(format!("{from} is no JSON object: {why}")).hint("for example '{\"rows\": 7}', or @FILE")
    };
    match serde_json::from_str(&text) {
        Ok(object @ Json::Object(_)) => Ok(object),
        Ok(_) => Err(wrong("it is another value")),
        Err(error) => Err(wrong(&error.to_string())),
    }
}

/// `URI` or `PATH=URI`; an address may have a `=` itself, behind its scheme.
fn reference(text: &str) -> PutReference {
    match text.split_once('=') {
        Some((path, uri)) if !path.contains("://") => {
            PutReference { uri: uri.to_owned(), path: Some(path.to_owned()) }
        }
        _ => PutReference { uri: text.to_owned(), path: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_may_have_a_path() {
        for (text, path, uri) in [
            ("s3://b/k", None, "s3://b/k"),
            ("a/b=s3://b/k?x=1", Some("a/b"), "s3://b/k?x=1"),
            ("https://h/x?a=b://", None, "https://h/x?a=b://"),
        ] {
            let expected = PutReference { uri: uri.to_owned(), path: path.map(str::to_owned) };
            assert_eq!(reference(text), expected);
        }
    }

    #[test]
    fn metadata_is_an_object() {
        assert_eq!(metadata(r#"{"a": 1}"#), Ok(serde_json::json!({"a": 1})));
        for bad in ["[1]", "a", "@/no/such/file"] {
            assert!(metadata(bad).is_err(), "{bad}");
        }
    }
}
