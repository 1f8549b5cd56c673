//! `pannier artifact ls`: collections, and versions of one.

use std::io::Write;

use pannier_proto::artifacts::{CollectionVersions, CollectionView, Collections, VersionView};
use serde::{Deserialize, Serialize};

use super::name::Name;
use crate::cli::client::{Client, with_query};
use crate::cli::failure::Result;
use crate::cli::show::{self, Table};
use crate::clock::now_us;

pub const HELP: &str = "\
Without an argument: the collections of all projects; with a project, its own; with
[ENTITY/]PROJECT/COLLECTION, the versions of that, newest first. A `?` behind a number says that a
remote may yet give the version another one; a `!` behind a name, that two people moved it apart
from each other.

Examples:
  pannier artifact ls
  pannier artifact ls digits
  pannier artifact ls digits/model --limit 5 --json";

/// The most versions of one request.
const PAGE: usize = 1000;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// PROJECT, or [ENTITY/]PROJECT/COLLECTION
    of: Option<String>,
    /// Only collections of this entity
    #[arg(long, value_name = "NAME")]
    entity: Option<String>,
    /// How many versions, at most
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(daemon: &Client, args: &Args, out: &mut dyn Write) -> Result<()> {
    match &args.of {
        Some(of) if of.contains('/') => {
            let name = Name::parse(of)?.without_version("`pannier artifact show` shows one version")?;
            let found = versions(daemon, &name, args.limit)?;
            if args.json { show::json(out, &found) } else { found.print(out) }
        }
        of => {
            let parameters = [("entity", args.entity.clone()), ("project", of.clone())];
            let found: Collections = daemon.get(&with_query("/v1/collections", &parameters))?;
            if args.json { show::json(out, &found) } else { print_collections(&found.collections, out) }
        }
    }
}

/// A collection and some of its versions.
#[derive(Debug, Serialize, Deserialize)]
pub struct Versions {
    /// The collection.
    pub collection: CollectionView,
    /// Newest first.
    pub versions: Vec<VersionView>,
    /// Whether there are older ones.
    pub more: bool,
}

/// The newest so many versions of a collection.
pub fn versions(daemon: &Client, name: &Name, limit: usize) -> Result<Versions> {
    let page = |offset: usize| -> Result<CollectionVersions> {
        let wanted = (limit - offset).min(PAGE);
        let parameters = [("limit", Some(wanted.to_string())), ("offset", Some(offset.to_string()))];
        daemon.get(&with_query(&name.collection_route(""), &parameters))
    };
    let CollectionVersions { collection, mut versions, mut more } = page(0)?;
    while more && versions.len() < limit {
        let next = page(versions.len())?;
        more = next.more && !next.versions.is_empty();
        versions.extend(next.versions);
    }
    Ok(Versions { collection, versions, more })
}

/// Names, with a mark at those that are in conflict.
fn names(version: &VersionView) -> String {
    let mark = |conflict| if conflict { "!" } else { "" };
    let names = version.place.aliases.iter().map(|alias| format!("{}{}", alias.alias, mark(alias.conflict)));
    names.collect::<Vec<_>>().join(", ")
}

impl Versions {
    /// As a table.
    pub fn print(&self, out: &mut dyn Write) -> Result<()> {
        let of = &self.collection;
        let title = format!("{}/{}/{} ({})", of.entity, of.project, of.name, of.kind);
        writeln!(out, "{}: {}", show::clean(&title), show::count(of.version_count, "version"))?;
        if self.versions.is_empty() {
            return Ok(());
        }
        let (mut table, now_us) =
            (Table::new(&["VERSION", "ALIASES", ">FILES", ">SIZE", ">CAME", "BY", "TAGS"]), now_us());
        for version in &self.versions {
            let place = &version.place;
            table.row([
                format!("v{}{}", place.version, if place.provisional { "?" } else { "" }),
                names(version),
                show::number(version.file_count),
                show::size(version.size),
                format!("{} ago", show::age(place.since_us, now_us)),
                place.by.clone().unwrap_or_default(),
                version.tags.join(", "),
            ]);
        }
        table.print(out)?;
        if self.more {
            writeln!(out, "… and older versions; --limit shows more")?;
        }
        Ok(())
    }
}

/// Collections as a table.
pub fn print_collections(collections: &[CollectionView], out: &mut dyn Write) -> Result<()> {
    if collections.is_empty() {
        return Ok(writeln!(
            out,
            "no artifacts; `run.log_artifact()` in a script makes one, or `pannier artifact put`"
        )?);
    }
    let mut table = Table::new(&["COLLECTION", "TYPE", ">VERSIONS", "ALIASES", ">CREATED"]);
    let now_us = now_us();
    for of in collections {
        table.row([
            format!("{}/{}/{}", of.entity, of.project, of.name),
            of.kind.clone(),
            show::number(of.version_count),
            of.aliases.join(", "),
            format!("{} ago", show::age(of.created_us, now_us)),
        ]);
    }
    Ok(table.print(out)?)
}
