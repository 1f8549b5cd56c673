//! Registries as people read them.

use std::io::Write;

use pannier_proto::artifacts::{MoveView, RegistryCollections, RegistryView, VersionView};

use crate::cli::artifact::{full, print_collections};
use crate::cli::failure::Result;
use crate::cli::show::{self, Table};
use crate::clock::now_us;

/// Who moves these names.
pub fn protection(aliases: &[String]) -> String {
    match aliases {
        [] => "no alias is protected".to_owned(),
        all => format!("only administrators move {}", show::clean(&all.join(", "))),
    }
}

/// `ORG/REGISTRY`, fit for a terminal.
pub fn registry_full(registry: &RegistryView) -> String {
    show::clean(&format!("{}/{}", registry.organization, registry.name)).into_owned()
}

/// A version and its names, on one line.
pub fn said(verb: &str, version: &VersionView, out: &mut dyn Write) -> Result<()> {
    let aliases: Vec<_> = version.place.aliases.iter().map(|alias| show::clean(&alias.alias)).collect();
    Ok(writeln!(out, "{verb} {} [{}]", full(&version.place), aliases.join(", "))?)
}

/// Registries as a table.
pub fn list(registries: &[RegistryView], out: &mut dyn Write) -> Result<()> {
    if registries.is_empty() {
        return Ok(writeln!(out, "no registries; `pannier registry link` makes one")?);
    }
    let mut table =
        Table::new(&["REGISTRY", ">COLLECTIONS", ">VERSIONS", "TYPES", "PROTECTED", "DESCRIPTION"]);
    for registry in registries {
        table.row([
            registry_full(registry),
            show::number(registry.collection_count),
            show::number(registry.version_count),
            registry.artifact_types.as_ref().map_or_else(|| "all".to_owned(), |types| types.join(", ")),
            registry.protected_aliases.join(", "),
            registry.description.clone().unwrap_or_default(),
        ]);
    }
    Ok(table.print(out)?)
}

/// A registry with its collections.
pub fn one(found: &RegistryCollections, out: &mut dyn Write) -> Result<()> {
    list(std::slice::from_ref(&found.registry), out)?;
    if found.collections.is_empty() {
        return Ok(writeln!(out, "\nno collections; `pannier registry link` makes one")?);
    }
    writeln!(out)?;
    print_collections(&found.collections, out)
}

/// Moves of names.
pub fn moves(moves: &[MoveView], out: &mut dyn Write) -> Result<()> {
    let mut table = Table::new(&["WHEN", ">AGO", "ALIAS", "TO", "BY", "HOME", "STATE"]);
    let now_us = now_us();
    for made in moves {
        table.row([
            show::moment(made.time_us),
            show::age(made.time_us, now_us),
            made.alias.clone(),
            target(made),
            made.by.clone().unwrap_or_default(),
            made.origin.to_string().chars().take(8).collect(),
            if made.stands { "stands" } else { "replaced" }.to_owned(),
        ]);
    }
    Ok(table.print(out)?)
}

fn target(made: &MoveView) -> String {
    match (made.version, made.to) {
        (Some(version), _) => format!("v{version}"),
        (None, Some(_)) => "a version that is gone".to_owned(),
        (None, None) => "nobody".to_owned(),
    }
}
