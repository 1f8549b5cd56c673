//! `pannier open`: a browser that is signed in, or the link for one.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use serde_json::json;

use super::client::Client;
use super::failure::{Failure, Result};
use super::{runs, show, start};
use crate::api::dashboard::ticket::{AskTicket, LocalTicket};
use crate::home::{Home, write_private};
use crate::percent::encode;

/// Open the pages of what was logged, or of one run or project, in the browser
#[derive(Debug, clap::Args)]
#[command(after_help = "\
RUN is ENTITY/PROJECT/RUN, PROJECT/RUN, or an id or name that only one run in the home has; PROJECT is
ENTITY/PROJECT, or a name that only one project has.

The browser is signed in by a ticket that is good once and for a minute; the key stays here. Where there
is no display, the link is printed, and how to reach it from another machine. The daemon stays.

Examples:
  pannier open                        all projects
  pannier open digits/ember-falcon-7  a run
  pannier open --print                only print the link")]
pub struct Args {
    /// What to open
    #[arg(value_name = "RUN|PROJECT")]
    what: Option<String>,
    /// Print the link and open nothing
    #[arg(long)]
    print: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(home: &Home, args: &Args, out: &mut dyn Write) -> Result {
    let daemon = start::connect_or_start(home)?;
    let to = match &args.what {
        Some(what) => path_of(&daemon, what)?,
        None => "/".to_owned(),
    };
    let asked = json!(AskTicket { path: Some(to.clone()) });
    let ticket: LocalTicket = daemon.call("POST", "/v1/http/ticket", Some(&asked))?.json()?;
    // Who looks at pages asks for them now and then, and wants an answer.
    daemon.call("POST", "/v1/stay", None)?;
    // Behind the `#`, which a browser keeps to itself: it is in no log, and no
    // page that is linked there hears of it.
    let link = format!("{}{to}#ticket={}", ticket.url, ticket.ticket);
    let opened = !args.print && has_display() && open(home, &link);
    if args.json {
        let expires_in_s = ticket.expires_in_s;
        show::json(out, &json!({ "url": link, "expires_in_s": expires_in_s, "opened": opened }))?;
    } else if args.print {
        writeln!(out, "{link}")?;
    } else if opened {
        writeln!(out, "opening {}{to}", ticket.url)?;
        writeln!(out, "if nothing opens, use this link within {} s:\n{link}", ticket.expires_in_s)?;
    } else {
        writeln!(out, "open this link within {} s; it is good once:\n{link}", ticket.expires_in_s)?;
        writeln!(out, "\nfor a browser on another machine, first run there:\n  {}", tunnel(&ticket.url))?;
    }
    Ok(0)
}

/// Whether a browser would show where the person is who asks.
fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let local = !set("SSH_CONNECTION") && !set("SSH_TTY");
    local && (cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY"))
}

/// Hands the link to the desktop, in a file: what stands in a command line can
/// be read by every user of the machine.
fn open(home: &Home, link: &str) -> bool {
    let file = home.root().join("open.html");
    // The link is of our making, and needs no escape but for its `&`.
    let link = link.replace('&', "&amp;");
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url={link}\">\n"
    );
    if let Err(error) = write_private(&file, page.as_bytes()) {
        show::warn(&format!("cannot write {}: {error}", file.display()));
        return false;
    }
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    command.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // It may live as long as the browser, which outlives this terminal.
    command.process_group(0).spawn().is_ok()
}

fn tunnel(url: &str) -> String {
    let port = url.rsplit(':').next().unwrap_or_default();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("ssh -N -L {port}:127.0.0.1:{port} {}", show::clean(&host))
}

/// Runs and projects that a word may mean: names and the paths of their pages,
/// those before others that fit better.
#[derive(Default)]
struct Meant {
    by_id: BTreeMap<String, String>,
    by_name: BTreeMap<String, String>,
    projects: BTreeMap<String, String>,
}

impl Meant {
    /// Looks at a run, and at its project.
    fn look(&mut self, parts: &[&str], path: &pannier_proto::id::RunPath, name: &str) {
        let (entity, project, run) = (path.entity.as_str(), path.project.as_str(), path.run.as_str());
        let ends = |all: &[&str]| all.ends_with(parts);
        let page = format!("/{}/{}", encode(entity), encode(project));
        if ends(&[entity, project]) {
            self.projects.insert(format!("{entity}/{project}"), page.clone());
        }
        let page = format!("{page}/runs/{}", encode(run));
        if ends(&[entity, project, run]) {
            self.by_id.insert(path.to_string(), page);
        } else if ends(&[entity, project, name]) {
            self.by_name.insert(path.to_string(), page);
        }
    }

    fn only(self, what: &str) -> Result<String> {
        let found = [self.by_id, self.by_name, self.projects].into_iter().find(|found| !found.is_empty());
        let Some(found) = found else {
            return Err(Failure::new(format!("there is no run or project {}", show::clean(what)))
                .hint("see `pannier runs list`"));
        };
        match found.len() {
            1 => Ok(found.into_values().collect()),
            several => {
                let named: Vec<_> = found.into_keys().take(runs::CANDIDATES).collect();
                let rest = if several > runs::CANDIDATES { ", …" } else { "" };
                Err(Failure::new(format!("{} could be any of {several}", show::clean(what)))
                    .hint(format!("name one of {}{rest}", show::clean(&named.join(", ")))))
            }
        }
    }
}

/// The page that is meant.
fn path_of(daemon: &Client, what: &str) -> Result<String> {
    let parts: Vec<_> = what.split('/').collect();
    let mut meant = Meant::default();
    runs::each(daemon, None, |path, name| meant.look(&parts, &path, &name))?;
    meant.only(what)
}

#[cfg(test)]
mod tests {
    use pannier_proto::id::RunPath;

    use super::*;

    fn page(what: &str) -> Result<String> {
        let parts: Vec<_> = what.split('/').collect();
        let mut meant = Meant::default();
        for (entity, project, run, name) in [
            ("e", "p", "a", "best one"),
            ("e", "p", "b", "a"),
            ("e", "q", "p", "c"),
            ("f", "q", "d", "twice"),
            ("f", "r", "x", "twice"),
        ] {
            meant.look(&parts, &RunPath::new(entity, project, run).unwrap(), name);
        }
        meant.only(what)
    }

    #[test]
    fn what_is_meant() {
        for (what, path) in [
            ("a", "/e/p/runs/a"),
            ("best one", "/e/p/runs/a"),
            ("e/p/best one", "/e/p/runs/a"),
            ("p/b", "/e/p/runs/b"),
            ("p", "/e/q/runs/p"),
            ("e/p", "/e/p"),
            ("r", "/f/r"),
            ("f/q", "/f/q"),
        ] {
            assert_eq!(page(what).as_deref(), Ok(path), "{what}");
        }
        assert!(page("twice").unwrap_err().hint.unwrap().contains("f/q/d, f/r/x"));
        assert!(page("q").unwrap_err().hint.unwrap().contains("e/q, f/q"));
        for what in ["", "none", "e/none", "/", "e/p/a/x"] {
            assert!(page(what).unwrap_err().error.contains("no run or project"), "{what}");
        }
    }

    #[test]
    fn the_way_through_ssh() {
        assert!(tunnel("http://127.0.0.1:4321").starts_with("ssh -N -L 4321:127.0.0.1:4321 "));
    }
}
