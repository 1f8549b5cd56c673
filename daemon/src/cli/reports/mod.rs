//! `pannier reports`: reports and other saved views of projects.

mod text;

use std::io::Write;

use clap::Subcommand;
use pannier_proto::view::{View, Views};
use serde_json::{Value as Json, json};

use super::client::{Client, with_query};
use super::failure::{Failure, Result};
use super::show::{self, Table};
use super::start;
use crate::api::auth::LocalHttp;
use crate::clock::now_us;
use crate::home::Home;
use crate::percent::encode;

/// List, show and delete the reports of projects
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_help = NAMES)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

const NAMES: &str = "\
REPORT is a report's link, its id as `reports list` shows it, or a title that only one report has.";

/// The type of workspaces, which are no reports.
const WORKSPACE: &str = "project-view";

#[derive(Debug, Subcommand)]
enum Command {
    /// List the reports, the last saved first
    #[command(after_help = "Example:\n  pannier reports list --project digits")]
    List {
        /// Only of this project
        #[arg(long)]
        project: Option<String>,
        /// Only of this entity
        #[arg(long)]
        entity: Option<String>,
        /// Saved workspaces, too
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a report: its title, its link, and its blocks as text
    #[command(after_help = NAMES)]
    Show {
        /// The report
        report: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete a report
    #[command(after_help = NAMES)]
    Delete {
        /// The report
        report: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
pub fn run(home: &Home, args: Args, out: &mut dyn Write) -> Result {
    let daemon = start::connect_or_start(home)?;
    match args.command {
        Command::List { project, entity, all, json } => list(&daemon, project, entity, all, json, out)?,
        Command::Show { report, json } => {
            let found: View = daemon.get(&route(&find(&daemon, &report)?))?;
            let url = url(&daemon, &found)?;
            match json {
                true => show::json(out, &with_url(&found, url)?)?,
                false => print(&found, url.as_deref(), out)?,
            }
        }
        Command::Delete { report, json } => {
            let found = find(&daemon, &report)?;
            daemon.call("DELETE", &route(&found), None)?;
            match json {
                true => show::json(out, &json!({ "deleted": found.id }))?,
                false => writeln!(out, "deleted {}", full(&found))?,
            }
        }
    }
    Ok(0)
}

fn list(
    daemon: &Client,
    project: Option<String>,
    entity: Option<String>,
    all: bool,
    json: bool,
    out: &mut dyn Write,
) -> Result<()> {
    let route = with_query("/v1/views", &[("entity", entity), ("project", project)]);
    let mut found: Views = daemon.get(&route)?;
    found.views.retain(|view| all || view.kind != WORKSPACE);
    if json {
        return show::json(out, &found);
    }
    if found.views.is_empty() {
        return Ok(writeln!(out, "no reports; `report.save()` in a program makes one")?);
    }
    let mut table = Table::new(&["TITLE", "PROJECT", "TYPE", ">SAVED", "BY", "ID"]);
    let now_us = now_us();
    for view in found.views {
        table.row([
            view.display_name,
            format!("{}/{}", view.entity, view.project),
            kind(&view.kind).to_owned(),
            show::age(view.updated_us, now_us),
            view.by.unwrap_or_default(),
            view.link_id,
        ]);
    }
    Ok(table.print(out)?)
}

/// What a type is called.
fn kind(kind: &str) -> &str {
    match kind {
        "runs" => "report",
        "runs/draft" => "draft",
        WORKSPACE => "workspace",
        other => other,
    }
}

fn print(view: &View, url: Option<&str>, out: &mut dyn Write) -> Result<()> {
    let by = view.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let saved = show::moment(view.updated_us);
    writeln!(out, "{} ({})", full(view), show::clean(kind(&view.kind)))?;
    writeln!(out, "saved {saved}{}", show::clean(&by))?;
    if let Some(url) = url {
        writeln!(out, "{}", show::clean(url))?;
    }
    if !view.description.is_empty() {
        writeln!(out, "{}", show::clean(&view.description))?;
    }
    let spec: Json = serde_json::from_str(view.spec.as_deref().unwrap_or_default())?;
    let lines = text::lines(&spec);
    if !lines.is_empty() {
        writeln!(out)?;
    }
    for line in lines {
        writeln!(out, "{}", show::clean(&line))?;
    }
    Ok(())
}

fn full(view: &View) -> String {
    show::clean(&format!("{:?} of {}/{}", view.display_name, view.entity, view.project)).into_owned()
}

fn route(view: &View) -> String {
    format!("/v1/views/{}/{}/{}", encode(&view.entity), encode(&view.project), view.id)
}

fn with_url(view: &View, url: Option<String>) -> Result<Json> {
    let mut whole = serde_json::to_value(view)?;
    whole["url"] = url.into();
    Ok(whole)
}

/// Where a browser finds it; nowhere, where the daemon listens on no port.
fn url(daemon: &Client, view: &View) -> Result<Option<String>> {
    let http: LocalHttp = daemon.get("/v1/http")?;
    let path = format!("/{}/{}", encode(&view.entity), encode(&view.project));
    let title: String =
        view.display_name.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let title: Vec<&str> = title.split('-').filter(|part| !part.is_empty()).collect();
    let path = match view.kind.as_str() {
        WORKSPACE => path,
        _ => format!("{path}/reports/{}--{}", encode(&title.join("-")), view.link_id),
    };
    Ok(http.url.map(|base| format!("{base}{path}")))
}

/// The one report that is meant.
fn find(daemon: &Client, what: &str) -> Result<View> {
    let found: Views = daemon.get("/v1/views")?;
    let meant = meant(&found.views, what);
    let name = show::clean(what);
    match meant.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(Failure::new(format!("there is no report {name}"))
            .hint("`pannier reports list` has those that are here")),
        several => {
            let listed: Vec<String> =
                several.iter().map(|view| format!("{} {}", view.link_id, full(view))).collect();
            Err(Failure::new(format!("{} reports are called {name}", several.len()))
                .hint(format!("say which is meant, by its id:\n{}", listed.join("\n"))))
        }
    }
}

/// Those with this id; where there are none, those with this title.
fn meant<'a>(views: &'a [View], what: &str) -> Vec<&'a View> {
    let path = what.split(['?', '#']).next().unwrap_or_default();
    let id = path.rsplit_once("--").map_or(path, |(_, id)| id).trim_end_matches('=');
    let by_id: Vec<_> = views.iter().filter(|view| view.link_id == id || view.id.to_string() == id).collect();
    if by_id.is_empty() { views.iter().filter(|view| view.display_name == what).collect() } else { by_id }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pannier_proto::dashboard::{Sync, SyncState};
    use pannier_proto::id::Id128;

    use super::*;

    fn view(n: u8, title: &str) -> View {
        View {
            id: Id128([n; 16]),
            link_id: format!("Vmll{n}"),
            entity: "e".into(),
            project: "p".into(),
            kind: "runs".into(),
            name: String::new(),
            display_name: title.into(),
            description: String::new(),
            by: None,
            created_us: 0,
            updated_us: 0,
            spec: None,
            sync: Sync { state: SyncState::Here, remotes: BTreeMap::new() },
        }
    }

    #[test]
    fn a_report_is_meant_by_link_id_or_title() {
        let views = [view(1, "A -- b"), view(2, "twice"), view(3, "twice")];
        for (what, ids) in [
            ("A -- b", vec![1]),
            ("http://127.0.0.1:9/e/p/reports/A----b--Vmll1?jupyter=true", vec![1]),
            ("Vmll2==", vec![2]),
            ("03030303030303030303030303030303", vec![3]),
            ("twice", vec![2, 3]),
            ("b", vec![]),
            ("", vec![]),
        ] {
            let found: Vec<u8> = meant(&views, what).iter().map(|view| view.id.0[0]).collect();
            assert_eq!(found, ids, "{what}");
        }
    }
}
