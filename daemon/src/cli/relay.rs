//! `pannier relay`: has this home's daemon carry on what others write to a folder,
//! and waits for it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Subcommand;
use pannier_proto::relay::{AddRelay, RelayStatus};
use serde_json::json;

use super::client::{Client, with_query};
use super::failure::{EXIT_FAILED, Failure, Result};
use super::sync::seconds;
use super::{remote, show, start};
use crate::home::Home;

/// How often the daemon is asked.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// What has a problem, and has not changed for so long, is left to people. A node
/// that lives writes anew what is damaged, and sooner.
const STUCK: Duration = Duration::from_secs(90);
/// A relay that only waits for new files is asked less often.
const IDLE_INTERVAL: Duration = Duration::from_secs(2);

/// Carry on what machines without a network wrote to a folder
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Where training runs without a network, `pannier remote add site folder:/shared/pannier` has its runs
written to a folder. On a machine that sees the folder and the network, `relay` brings them to a
remote of this home, and says in the folder what arrived, so that room is freed there. The daemon of
this home does the work; the folder stays on its list until `relay remove`. Of several relays of one
folder one works, and the others wait until it is gone.

Examples:
  pannier relay /shared/pannier --to hub                       for ever
  pannier relay /shared/pannier --to https://hub.example.org --token-file token.txt
  pannier relay /shared/pannier --to hub --once --max-seconds 120       from cron
  pannier relay list

Exit codes: with --once, 0 everything in the folder is at the remote, 1 not everything is, with the
reasons; 69 no daemon could be asked."
)]
pub struct Args {
    /// The folder
    #[arg(required = true)]
    folder: Option<PathBuf>,
    /// A remote of this home, or the URL of one to add
    #[arg(long, value_name = "NAME|URL", required = true)]
    to: Option<String>,
    /// With a URL: the file with the token; `-` for standard input
    #[arg(long, value_name = "FILE|-")]
    token_file: Option<PathBuf>,
    /// End when everything that is in the folder is at the remote
    #[arg(long)]
    once: bool,
    /// End after so many seconds, whatever is left
    #[arg(long, value_name = "SECONDS", requires = "once", value_parser = seconds)]
    max_seconds: Option<Duration>,
    /// Print what came of it as JSON
    #[arg(long, requires = "once")]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the folders that this home carries on
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Carry a folder on no longer; what is in it stays
    Remove {
        /// The folder
        folder: PathBuf,
    },
}

/// Runs it.
pub fn run(home: &Home, args: Args, out: &mut dyn Write) -> Result {
    match args.command {
        Some(Command::List { json }) => list(home, json, out),
        Some(Command::Remove { folder }) => {
            let folder = whole(&folder)?;
            let path = with_query("/v1/relays", &[("folder", Some(folder.clone()))]);
            start::connect_or_start(home)?.call("DELETE", &path, None)?;
            writeln!(out, "{} is carried on no longer", show::clean(&folder))?;
            Ok(0)
        }
        None => relay(home, &args, out),
    }
}

/// A folder's whole path.
fn whole(folder: &Path) -> Result<String> {
    let path = std::path::absolute(folder).map_err(|error| Failure::file("find", folder, &error))?;
    path.into_os_string()
        .into_string()
        .map_err(|path| Failure::new(format!("{} is not readable text", path.display())))
}

fn list(home: &Home, json: bool, out: &mut dyn Write) -> Result {
    let relays = relays(&start::connect_or_start(home)?)?;
    if json {
        show::json(out, &json!({ "relays": relays }))?;
    } else if relays.is_empty() {
        writeln!(out, "no folder; add one with `pannier relay FOLDER --to REMOTE`")?;
    } else {
        relays.iter().try_for_each(|relay| writeln!(out, "{}", line(relay)))?;
    }
    Ok(0)
}

fn relays(daemon: &Client) -> Result<Vec<RelayStatus>> {
    let mut answer: BTreeMap<String, Vec<RelayStatus>> = daemon.get("/v1/relays")?;
    Ok(answer.remove("relays").unwrap_or_default())
}

/// A relay in a line.
pub fn line(relay: &RelayStatus) -> String {
    let left = match relay.files_left {
        0 => "everything is there".to_owned(),
        left => format!("{} left", show::count(left, "file")),
    };
    let state = match (relay.state.as_str(), &relay.holder, &relay.last_error) {
        (_, _, Some(error)) => format!("fails: {error}"),
        ("passive", Some(holder), _) => format!("waits: {holder} carries it on"),
        ("", ..) => "begins".to_owned(),
        _ => format!("{}, {left}", show::count(relay.writers as u64, "home")),
    };
    let problems = match relay.problems.len() as u64 {
        0 => String::new(),
        count => format!("; {}", show::count(count, "problem")),
    };
    let line = format!("relay   {} to {}: {state}{problems}", relay.folder, relay.remote);
    show::clean(&line).into_owned()
}

fn relay(home: &Home, args: &Args, out: &mut dyn Write) -> Result {
    let (Some(folder), Some(to)) = (&args.folder, &args.to) else {
        return Err(Failure::new("no folder, or nowhere to carry it to"));
    };
    let folder = whole(folder)?;
    let daemon = start::connect_or_start(home)?;
    let remote = added(&daemon, to, args.token_file.as_deref())?;
    let asked = json!(AddRelay { folder: folder.clone(), remote });
    daemon.call("POST", "/v1/relays", Some(&asked))?;
    if args.once {
        return once(&daemon, &folder, &asked, args, out);
    }
    let mut last = String::new();
    loop {
        // A daemon that has ended, or was killed, has a successor.
        match start::connect_or_start(home).and_then(|daemon| relays(&daemon)) {
            Err(failure) => show::warn(&failure.error),
            Ok(relays) => {
                let Some(relay) = relays.iter().find(|relay| relay.folder == folder) else {
                    return Err(Failure::new(format!("{} was taken off the list", show::clean(&folder))));
                };
                let line = line(relay);
                if line != last {
                    writeln!(out, "{line}")?;
                    out.flush()?;
                    last = line;
                }
            }
        }
        sleep(IDLE_INTERVAL);
    }
}

/// The name of the remote; of a URL, after it was added.
fn added(daemon: &Client, to: &str, token_file: Option<&Path>) -> Result<String> {
    let Some((_, host)) = to.split_once("://") else { return Ok(to.to_owned()) };
    let name = host.split('/').next().unwrap_or_default().to_owned();
    remote::add(daemon, &name, to.to_owned(), token_file, None)?;
    Ok(name)
}

/// Until everything is there, as two turns in a row say that began after this.
fn once(
    daemon: &Client,
    folder: &str,
    asked: &serde_json::Value,
    args: &Args,
    out: &mut dyn Write,
) -> Result {
    let (began, mut since) = (Instant::now(), None);
    let (mut last, mut changed) = (None, Instant::now());
    let over = || args.max_seconds.is_some_and(|most| began.elapsed() >= most);
    let relay = loop {
        let found = relays(daemon)?.into_iter().find(|relay| relay.folder == folder);
        let Some(relay) = found else {
            return Err(Failure::new(format!("{} was taken off the list", show::clean(folder))));
        };
        let since = *since.get_or_insert(relay.turns);
        let settled = relay.turns >= since + 2 && relay.files_left == 0 && !relay.busy;
        let now = Some((relay.files_left, relay.problems.clone()));
        if last != now {
            (last, changed) = (now, Instant::now());
        }
        let stuck = !relay.problems.is_empty() && changed.elapsed() > STUCK;
        if settled || stuck || relay.state == "passive" || over() {
            break relay;
        }
        if relay.turns < since + 2 {
            daemon.call("POST", "/v1/relays", Some(asked))?;
        }
        sleep(LOOK_INTERVAL);
    };
    let all_there =
        relay.state == "carrying" && relay.files_left == 0 && relay.problems.is_empty() && relay.turns > 0;
    if args.json {
        show::json(out, &json!({ "all_there": all_there, "relay": relay }))?;
    } else {
        writeln!(out, "{}", line(&relay))?;
        for problem in &relay.problems {
            writeln!(out, "  {}", show::clean(problem))?;
        }
    }
    Ok(if all_there { 0 } else { EXIT_FAILED })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_in_a_line() {
        let mut relay = RelayStatus { folder: "/f".into(), remote: "hub".into(), ..RelayStatus::default() };
        assert_eq!(line(&relay), "relay   /f to hub: begins");
        (relay.state, relay.writers) = ("carrying".into(), 2);
        assert_eq!(line(&relay), "relay   /f to hub: 2 homes, everything is there");
        relay.files_left = 1;
        relay.problems.push("x".into());
        assert_eq!(line(&relay), "relay   /f to hub: 2 homes, 1 file left; 1 problem");
        (relay.state, relay.holder) = ("passive".into(), Some("process 7 on login2".into()));
        assert_eq!(line(&relay), "relay   /f to hub: waits: process 7 on login2 carries it on; 1 problem");
    }
}
