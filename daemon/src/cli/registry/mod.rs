//! `pannier registry`: registries, their collections, and what is linked there.

mod view;

use std::io::Write;

use clap::Subcommand;
use pannier_proto::artifacts::{
    ArtifactView, EditRegistry, LinkVersion, MoveAliases, Moves, Registries, RegistryCollections,
    RegistryView, VersionView,
};
use serde_json::json;

use super::artifact::name::{Name, registry_project};
use super::artifact::versions;
use super::client::Client;
use super::failure::{Failure, Result};
use super::{show, start};
use crate::home::Home;
use crate::percent::encode;
use crate::store::default_organization;

/// List, show and change registries, and link versions to them
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_help = NAMES)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

const NAMES: &str = "\
A registry is [ORG/]REGISTRY, its collections are [ORG/]REGISTRY/COLLECTION, and versions there have :vN,
:ALIAS or :DIGEST behind it. ORG is PANNIER_ORGANIZATION, else WANDB_ORGANIZATION, else `pannier`
where it is left out.";

#[derive(Debug, Subcommand)]
enum Command {
    /// List the registries
    #[command(after_help = "Example:\n  pannier registry ls --json")]
    Ls {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a registry's collections, or the versions of a collection
    #[command(after_help = SHOW)]
    Show {
        /// REGISTRY, or REGISTRY/COLLECTION
        #[arg(value_name = "REGISTRY[/COLLECTION]")]
        of: String,
        /// Of a collection: every move of its aliases, who made it and when
        #[arg(long)]
        history: bool,
        /// How many versions, at most
        #[arg(long, default_value_t = 50, value_name = "N", conflicts_with = "history")]
        limit: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a registry
    #[command(after_help = CREATE)]
    Create {
        /// The registry
        registry: String,
        /// A type that it takes; may be given several times; default: all
        #[arg(long = "type", value_name = "TYPE")]
        types: Vec<String>,
        /// What it is for, in words
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a version one of a registry's collection, too
    #[command(after_help = LINK)]
    Link {
        /// The version: [ENTITY/]PROJECT/COLLECTION[:vN|:ALIAS|:DIGEST]
        name: String,
        /// Where to: REGISTRY/COLLECTION
        #[arg(value_name = "REGISTRY/COLLECTION")]
        to: String,
        /// A name that moves to it there; may be given several times
        #[arg(long, value_name = "ALIAS")]
        alias: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a link away; the version stays where it was logged
    #[command(after_help = "Example:\n  pannier registry unlink digits/model:v3 model/digits")]
    Unlink {
        /// The version, by any of its names
        name: String,
        /// Where from: REGISTRY/COLLECTION
        #[arg(value_name = "REGISTRY/COLLECTION")]
        from: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Move names to a version of a collection, or take names from it
    #[command(after_help = ALIAS)]
    Alias {
        /// The version: REGISTRY/COLLECTION:vN
        #[arg(value_name = "REGISTRY/COLLECTION:vN")]
        of: String,
        /// Names that move to it
        #[arg(required_unless_present = "remove", value_name = "ALIAS")]
        add: Vec<String>,
        /// A name that goes from it; may be given several times
        #[arg(long, value_name = "ALIAS")]
        remove: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let only a registry's administrators move these names
    #[command(after_help = PROTECT)]
    Protect {
        /// The registry
        registry: String,
        /// The names
        #[arg(required = true, value_name = "ALIAS")]
        aliases: Vec<String>,
        /// Let everybody move them again
        #[arg(long)]
        remove: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

const SHOW: &str = "\
Examples:
  pannier registry show model
  pannier registry show model/digits
  pannier registry show model/digits --history --json";

const CREATE: &str = "\
A link makes the registry that it names, too; types are only ever added.

Examples:
  pannier registry create model --type model --description 'what is served'
  pannier registry create acme/data --json";

const LINK: &str = "\
Examples:
  pannier registry link digits/model:best model/digits
  pannier registry link digits/model:v3 model/digits --alias production";

const ALIAS: &str = "\
A name that two people moved apart from each other is settled by moving it again.

Examples:
  pannier registry alias model/digits:v1 production
  pannier registry alias model/digits:v1 --remove staging";

const PROTECT: &str = "\
At a hub the organization's administrators move protected names, and others are refused; in a home,
its owner administers everything.

Examples:
  pannier registry protect model production staging
  pannier registry protect model staging --remove";

/// Runs it.
pub fn run(home: &Home, args: Args, out: &mut dyn Write) -> Result {
    let daemon = start::connect_or_start(home)?;
    match args.command {
        Command::Ls { json } => {
            let found: Registries = daemon.get("/v1/registries")?;
            if json { show::json(out, &found)? } else { view::list(&found.registries, out)? }
        }
        Command::Show { of, history, limit, json } => shown(&daemon, &of, history, limit, json, out)?,
        Command::Create { registry, types, description, json } => {
            create(&daemon, &registry, types, description, json, out)?;
        }
        Command::Link { name, to, alias, json } => {
            let hint = "a version gets its number there; --alias gives it a name";
            let to = Name::in_registry(&to)?.without_version(hint)?;
            let artifact = version(&daemon, &Name::parse(&name)?)?.version.id;
            let asked = serde_json::to_value(LinkVersion { artifact, aliases: alias })?;
            let linked: VersionView =
                daemon.call("POST", &to.collection_route("/links"), Some(&asked))?.json()?;
            said("linked as", &linked, json, out)?;
        }
        Command::Unlink { name, from, json } => {
            let from =
                Name::in_registry(&from)?.without_version("the version is named by its first argument")?;
            let artifact = version(&daemon, &Name::parse(&name)?)?.version.id;
            daemon.call("DELETE", &from.collection_route(&format!("/links/{artifact}")), None)?;
            match json {
                true => show::json(out, &json!({"unlinked": artifact, "from": from.to_string()}))?,
                false => writeln!(out, "{} is not in {from} any more", show::clean(&name))?,
            }
        }
        Command::Alias { of, add, remove, json } => alias(&daemon, &of, add, remove, json, out)?,
        Command::Protect { registry, aliases, remove, json } => {
            protect(&daemon, &registry, aliases, remove, json, out)?;
        }
    }
    Ok(0)
}

fn shown(
    daemon: &Client,
    of: &str,
    history: bool,
    limit: usize,
    json: bool,
    out: &mut dyn Write,
) -> Result<()> {
    let collection = if of.contains('/') { collection_of(daemon, of)? } else { None };
    match collection {
        Some(name) if history => moves(daemon, &name, json, out),
        Some(name) => {
            let found = versions(daemon, &name, limit)?;
            if json { show::json(out, &found) } else { found.print(out) }
        }
        None if history => Err(Failure::new("aliases belong to collections")
            .hint("say which: pannier registry show REGISTRY/COLLECTION --history")),
        None => one(daemon, of, json, out),
    }
}

fn create(
    daemon: &Client,
    registry: &str,
    types: Vec<String>,
    description: Option<String>,
    json: bool,
    out: &mut dyn Write,
) -> Result<()> {
    let (organization, name) = registry_named(registry)?;
    let artifact_types = (!types.is_empty()).then_some(types);
    let asked = EditRegistry { name: Some(name), description, artifact_types, protected_aliases: None };
    let route = format!("/v1/registries/{}", encode(&organization));
    let made: RegistryView = daemon.call("POST", &route, Some(&serde_json::to_value(asked)?))?.json()?;
    match json {
        true => show::json(out, &made),
        false => Ok(writeln!(out, "made the registry {}", view::registry_full(&made))?),
    }
}

fn alias(
    daemon: &Client,
    of: &str,
    add: Vec<String>,
    remove: Vec<String>,
    json: bool,
    out: &mut dyn Write,
) -> Result<()> {
    let name = Name::in_registry(of)?;
    if name.wanted.is_none() {
        return Err(Failure::new(format!("{} names no version", show::clean(of)))
            .hint("say which is meant: :vN, or :latest"));
    }
    let artifact = version(daemon, &name)?.version.id;
    let asked = serde_json::to_value(MoveAliases { artifact, add, remove })?;
    let moved: VersionView = daemon.call("POST", &name.collection_route("/aliases"), Some(&asked))?.json()?;
    said("now", &moved, json, out)
}

fn protect(
    daemon: &Client,
    registry: &str,
    aliases: Vec<String>,
    remove: bool,
    json: bool,
    out: &mut dyn Write,
) -> Result<()> {
    let (organization, name) = registry_named(registry)?;
    let route = format!("/v1/registries/{}/{}", encode(&organization), encode(&name));
    let now: RegistryCollections = daemon.get(&route)?;
    let protected = protected(now.registry.protected_aliases, aliases, remove);
    let asked = EditRegistry { protected_aliases: Some(protected), ..EditRegistry::default() };
    let changed: RegistryView = daemon.call("PATCH", &route, Some(&serde_json::to_value(asked)?))?.json()?;
    if json {
        return show::json(out, &changed);
    }
    let (registry, protection) =
        (view::registry_full(&changed), view::protection(&changed.protected_aliases));
    Ok(writeln!(out, "{registry}: {protection}")?)
}

fn version(daemon: &Client, name: &Name) -> Result<ArtifactView> {
    daemon.get(&name.route(""))
}

/// `[ORG/]REGISTRY`
fn registry_named(text: &str) -> Result<(String, String)> {
    let (organization, name) = match text.split_once('/') {
        Some((organization, name)) => (organization.to_owned(), name),
        None => (default_organization(), text),
    };
    let bad = |part: &str| part.is_empty() || part.contains(['/', ':']);
    if bad(&organization) || bad(name) {
        return Err(Failure::new(format!("{} is no name of a registry", show::clean(text))).hint(NAMES));
    }
    Ok((organization, name.to_owned()))
}

/// The collection that is meant, where one is: `A/B` may be a registry of an
/// organization just as well, and is that where there is such a registry.
fn collection_of(daemon: &Client, text: &str) -> Result<Option<Name>> {
    if text.split('/').count() == 2 {
        let found: Registries = daemon.get("/v1/registries")?;
        let (organization, name) = registry_named(text)?;
        let project = registry_project(&name);
        let is = |registry: &RegistryView| {
            registry.organization == organization && registry.project.eq_ignore_ascii_case(&project)
        };
        if found.registries.iter().any(is) {
            return Ok(None);
        }
    }
    let name = Name::in_registry(text)?.without_version("`pannier artifact show` shows one version")?;
    Ok(Some(name))
}

fn protected(now: Vec<String>, aliases: Vec<String>, remove: bool) -> Vec<String> {
    let mut all = now;
    all.retain(|known| !aliases.contains(known));
    if !remove {
        all.extend(aliases);
    }
    all.sort();
    all.dedup();
    all
}

fn said(verb: &str, version: &VersionView, json: bool, out: &mut dyn Write) -> Result<()> {
    if json { show::json(out, version) } else { view::said(verb, version, out) }
}

fn one(daemon: &Client, text: &str, json: bool, out: &mut dyn Write) -> Result<()> {
    let (organization, name) = registry_named(text)?;
    let route = format!("/v1/registries/{}/{}", encode(&organization), encode(&name));
    let found: RegistryCollections = daemon.get(&route)?;
    if json { show::json(out, &found) } else { view::one(&found, out) }
}

fn moves(daemon: &Client, name: &Name, json: bool, out: &mut dyn Write) -> Result<()> {
    let found: Moves = daemon.get(&name.collection_route("/moves"))?;
    if json { show::json(out, &found) } else { view::moves(&found.moves, out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_have_one_or_two_parts() {
        let text = |text: &str| text.to_owned();
        assert_eq!(registry_named("acme/model"), Ok((text("acme"), text("model"))));
        assert_eq!(registry_named("model"), Ok((default_organization(), text("model"))));
        for bad in ["", "/model", "acme/", "a/b/c", "model:v1"] {
            assert!(registry_named(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn protection_is_added_and_lifted() {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(protected(all(&["b"]), all(&["a", "b"]), false), all(&["a", "b"]));
        assert_eq!(protected(all(&["a", "b"]), all(&["b", "c"]), true), all(&["a"]));
    }
}
