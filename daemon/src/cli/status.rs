//! `pannier status`: what is here, what is at each remote, and what is wrong.

use std::io::Write;
use std::time::Duration;

use pannier_proto::record::RunState;
use pannier_proto::remote::RemoteStatus;
use pannier_proto::request::{Disk, Problem, RunAtRemote, RunStatus, Status};

use super::client::Client;
use super::failure::{EXIT_NOBODY, Failure, Result};
use super::show::{self, Colour, Table, paint};
use super::{relay, start};
use crate::clock::now_us;
use crate::home::Home;

/// Something is here that is not yet at a remote.
const EXIT_QUEUED: u8 = 1;
/// Something will not be sent until a person acts.
const EXIT_STUCK: u8 = 2;

/// Show what is here, what is at the remotes, and what is wrong
#[derive(Debug, clap::Args)]
#[command(after_help = "\
For each run: its last step here and at each remote, what is queued, how old the oldest unsent record
is, and why nothing is sent where nothing is.

Examples:
  pannier status
  pannier status --run digits/a1b2c3d4
  pannier status --json | jq '.remotes[].records_queued'

Exit codes: 0 everything is at every remote, or there is no remote; 1 something is queued;
2 a run is parked or a remote refuses the token: someone has to act; 69 no daemon could be asked.")]
pub struct Args {
    /// Only runs of this id, name, PROJECT/RUN or ENTITY/PROJECT/RUN
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Only whether a daemon serves the home now, by the exit code 0 or 69; none is
    /// started. For probes
    #[arg(long, conflicts_with_all = ["run", "json"])]
    ready: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(home: &Home, args: &Args, out: &mut dyn Write) -> Result {
    if args.ready {
        return Ok(if Client::new(home.socket()).ready() { 0 } else { EXIT_NOBODY });
    }
    let mut status: Status = start::connect_or_start(home)?.get("/v1/status")?;
    if let Some(asked) = &args.run {
        status.runs.retain(|run| bears(run, asked));
        if status.runs.is_empty() {
            let among = if status.runs_left_out > 0 {
                " among the newest, which is as far as status looks"
            } else {
                ""
            };
            return Err(Failure::new(format!("there is no run {}{among}", show::clean(asked)))
                .hint("see `pannier runs list`; a run is named by its id, its name, PROJECT/RUN or ENTITY/PROJECT/RUN"));
        }
    }
    if args.json {
        show::json(out, &status)?;
    } else {
        print(&status, now_us(), out)?;
        if args.run.is_some() {
            pages(&status, out)?;
        }
    }
    Ok(exit_code(&status, args.run.is_some()))
}

/// Where the runs are to be looked at.
fn pages(status: &Status, out: &mut dyn Write) -> Result<()> {
    for run in &status.runs {
        for (remote, at) in &run.remotes {
            if let Some(url) = &at.url {
                writeln!(out, "at {}: {}", show::clean(remote), show::clean(url))?;
            }
        }
    }
    Ok(())
}

fn bears(run: &RunStatus, asked: &str) -> bool {
    let path = &run.path;
    run.name == asked
        || [path.to_string(), format!("{}/{}", path.project, path.run), path.run.clone()]
            .contains(&asked.to_owned())
}

/// `filtered`: only the runs that are left are asked about.
fn exit_code(status: &Status, filtered: bool) -> u8 {
    let runs = || status.runs.iter().flat_map(|run| run.remotes.values());
    let refused = status.remotes.iter().any(|remote| remote.state == "unauthorized");
    let elsewhere = || {
        status
            .remotes
            .iter()
            .any(|remote| remote.records_queued > 0 || status.spool_bytes > 0 || status.storing > 0)
    };
    let queued = runs().any(|run| run.records_queued > 0) || (!filtered && elsewhere());
    match () {
        () if refused || runs().any(|run| run.parked.is_some()) => EXIT_STUCK,
        () if queued => EXIT_QUEUED,
        () => 0,
    }
}

fn print(status: &Status, now_us: i64, out: &mut dyn Write) -> Result<()> {
    let up = show::span(Duration::from_secs(status.uptime_s));
    writeln!(out, "daemon  {}, process {}, up {up}", show::clean(&status.version), status.pid)?;
    writeln!(out, "home    {}", show::clean(&status.home))?;
    let waiting = match status.spool_bytes {
        0 => "nothing waits to be taken in".to_owned(),
        bytes => format!("{} wait to be taken in", show::size(bytes)),
    };
    writeln!(out, "spool   {}, {waiting}", show::count(status.writers as u64, "writer"))?;
    let disk = status.disk;
    writeln!(
        out,
        "disk    {}, of which {} are files{}; {} free",
        show::size(disk.home_bytes),
        show::size(disk.blob_bytes),
        budget(&disk),
        show::size(disk.free_bytes)
    )?;
    if status.storing > 0 {
        writeln!(out, "storing {} that were logged", show::count(status.storing, "artifact or file"))?;
    }
    if status.remotes.is_empty() {
        writeln!(
            out,
            "remote  none; all of it stays here (`pannier remote add NAME URL --token-file FILE`)"
        )?;
    } else {
        writeln!(out)?;
        remotes(&status.remotes, now_us).print(out)?;
        for remote in &status.remotes {
            trouble(remote, out)?;
            passed_on(remote, out)?;
        }
    }
    for relay in &status.relays {
        writeln!(out, "{}", relay::line(relay))?;
    }
    if !status.runs.is_empty() {
        writeln!(out)?;
        runs(status, now_us).print(out)?;
        if status.runs_left_out > 0 {
            writeln!(out, "… and {} older runs; `pannier runs list` has them", status.runs_left_out)?;
        }
        for run in &status.runs {
            parked(run, out)?;
        }
    }
    for problem in &status.problems {
        // Said already, beside the remote.
        if status.remotes.iter().any(|remote| remote.last_error.as_ref() == Some(&problem.what)) {
            continue;
        }
        print_problem(problem, now_us, out)?;
    }
    Ok(())
}

/// The remotes as a table.
pub fn remotes(remotes: &[RemoteStatus], now_us: i64) -> Table {
    let mut table = Table::new(&["REMOTE", "STATE", ">SENT", ">QUEUED", ">SIZE", ">LAST ANSWER", "URL"]);
    for remote in remotes {
        table.row([
            remote.name.clone(),
            remote.state.clone(),
            show::number(remote.records_sent),
            show::number(remote.records_queued),
            show::size(remote.bytes_queued),
            remote
                .last_contact_us
                .map_or_else(|| "never".to_owned(), |then| format!("{} ago", show::age(then, now_us))),
            remote.url.clone(),
        ]);
    }
    table
}

/// What to do about a remote that refuses the token.
pub const UNAUTHORIZED: &str = "give it a valid token: `pannier remote add NAME URL --token-file FILE`";

fn trouble(remote: &RemoteStatus, out: &mut dyn Write) -> Result<()> {
    let Some(error) = &remote.last_error else { return Ok(()) };
    let retry = remote.retry_in_s.map(|seconds| format!("; next try in {seconds} s")).unwrap_or_default();
    let label = paint(&remote.name, Colour::Yellow);
    writeln!(out, "{label}: {}{retry}", show::clean(error))?;
    if remote.state == "unauthorized" {
        writeln!(out, "  hint: {UNAUTHORIZED}")?;
    }
    Ok(())
}

fn passed_on(remote: &RemoteStatus, out: &mut dyn Write) -> Result<()> {
    let Some(passed_on) = remote.records_passed_on else { return Ok(()) };
    let (sent, passed_on) = (show::number(remote.records_sent), show::number(passed_on));
    let name = show::clean(&remote.name);
    writeln!(out, "{name}: of {sent} records in the folder its relay has carried {passed_on} on")?;
    Ok(())
}

fn runs(status: &Status, now_us: i64) -> Table {
    let mut titles = vec!["RUN", "NAME", "STATE", ">STEP", ">RECORDS"];
    if !status.remotes.is_empty() {
        titles.extend(["REMOTE", ">STEP THERE", ">QUEUED", ">SIZE", ">OLDEST", "NOTE"]);
    }
    let mut table = Table::new(&titles);
    let step = |step: Option<i64>| step.map_or_else(|| "-".to_owned(), |step| step.to_string());
    for run in &status.runs {
        let about = [
            run.path.to_string(),
            run.name.clone(),
            run.state.map_or("project", RunState::as_str).to_owned(),
            step(run.last_step),
            show::number(run.records),
        ];
        if run.remotes.is_empty() {
            table.row(about);
            continue;
        }
        for (nth, (remote, at)) in run.remotes.iter().enumerate() {
            // The run is named once, above all of its remotes.
            let about = if nth == 0 { about.clone() } else { Default::default() };
            let there = [
                remote.clone(),
                step(at.last_step),
                show::number(at.records_queued),
                show::size(at.bytes_queued),
                at.oldest_unsent_us.map_or_else(|| "-".to_owned(), |then| show::age(then, now_us)),
                note(remote, at, &status.remotes).to_owned(),
            ];
            table.row(about.into_iter().chain(there));
        }
    }
    table
}

fn note<'a>(name: &str, at: &'a RunAtRemote, remotes: &'a [RemoteStatus]) -> &'a str {
    let remote = remotes.iter().find(|remote| remote.name == name);
    match (&at.parked, &at.last_error, remote) {
        (Some(_), ..) => "parked",
        // The remote's error is written out beside the remote.
        (None, Some(error), Some(remote)) if remote.last_error.as_ref() == Some(error) => &remote.state,
        (None, Some(error), _) => error,
        (None, None, _) if at.records_queued > 0 => "queued",
        (None, None, _) if at.records_passed_on.is_some_and(|passed_on| passed_on < at.records) => {
            "in the folder"
        }
        (None, None, _) if at.records_passed_on.is_some() => "carried on",
        (None, None, _) => "all there",
    }
}

fn parked(run: &RunStatus, out: &mut dyn Write) -> Result<()> {
    for (remote, at) in &run.remotes {
        if let Some(why) = &at.parked {
            let (label, path) = (paint("parked", Colour::Red), run.path.to_string());
            writeln!(out, "{label}: {} is not sent to {remote}: {}", show::clean(&path), show::clean(why))?;
            writeln!(out, "  hint: when that is settled, `pannier remote retry {remote}`")?;
        }
    }
    Ok(())
}

fn print_problem(problem: &Problem, now_us: i64, out: &mut dyn Write) -> Result<()> {
    let label = paint("problem", Colour::Yellow);
    let (object, what) = (show::clean(&problem.object), show::clean(&problem.what));
    let times = if problem.count > 1 { format!("{} times, last ", problem.count) } else { String::new() };
    writeln!(out, "{label}: {object}: {what} ({times}{} ago)", show::age(problem.time_us, now_us))?;
    if !problem.hint.is_empty() {
        writeln!(out, "  hint: {}", show::clean(&problem.hint))?;
    }
    Ok(())
}

/// What may stay, and what it means where more is there.
fn budget(disk: &Disk) -> String {
    match disk.budget_bytes {
        None => String::new(),
        Some(max) if disk.blob_bytes <= max => format!(" of {} that may be", show::size(max)),
        Some(max) => format!(" of {} that may be: what no remote has does not give way", show::size(max)),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use serde_json::json;

    /// A status with one remote and one run.
    pub fn sample(queued: u64, parked: Option<&str>, state: &str) -> Status {
        let there = json!({"last_step": 90, "records": 100 - queued, "records_queued": queued, "bytes_queued": queued * 1000,
            "oldest_unsent_us": (queued > 0).then_some(1_000_000), "parked": parked, "last_error": null});
        let status = json!({
            "disk": {"home_bytes": 2_000_000, "blob_bytes": 1_000_000, "free_bytes": 5_000_000_000u64},
            "version": "0.1.0", "pid": 7, "origin": "00".repeat(16), "home": "/h", "uptime_s": 61, "writers": 1, "spool_bytes": 0,
            "remotes": [{"name": "hub", "url": "https://h", "state": state, "last_error": null, "retry_in_s": null,
                "records_queued": queued, "bytes_queued": queued * 1000, "records_sent": 100 - queued, "last_contact_us": 1_000_000}],
            "runs": [{"entity": "local", "project": "p", "run": "a1", "name": "calm-river-1", "state": "running",
                "last_step": 99, "records": 100, "remotes": {"hub": there}}],
            "runs_left_out": 0, "problems": [],
        });
        serde_json::from_value(status).unwrap()
    }

    #[test]
    fn exit_codes() {
        for (status, code) in [
            (sample(0, None, "connected"), 0),
            (sample(5, None, "unreachable"), 1),
            (sample(5, Some("too long"), "connected"), 2),
            (sample(0, None, "unauthorized"), 2),
        ] {
            assert_eq!(exit_code(&status, false), code);
            assert_eq!(exit_code(&status, true), code);
        }
        let mut waiting = sample(0, None, "connected");
        waiting.spool_bytes = 10;
        assert_eq!((exit_code(&waiting, false), exit_code(&waiting, true)), (1, 0));
        waiting.remotes.clear();
        assert_eq!(exit_code(&waiting, false), 0);
    }

    #[test]
    fn runs_are_found_by_any_of_their_names() {
        let status = sample(0, None, "connected");
        for asked in ["a1", "calm-river-1", "p/a1", "local/p/a1"] {
            assert!(bears(&status.runs[0], asked), "{asked}");
        }
        assert!(!bears(&status.runs[0], "a"));
    }

    #[test]
    fn what_it_prints() {
        let mut status = sample(5, Some("the hub says\u{7} no"), "connected");
        status.problems.push(Problem {
            object: "writer 1".into(),
            what: "its journal is damaged".into(),
            hint: "look".into(),
            time_us: 0,
            count: 2,
        });
        let mut out = Vec::new();
        print(&status, 61_000_000, &mut out).unwrap();
        let expected = "\
daemon  0.1.0, process 7, up 1 min
home    /h
spool   1 writer, nothing waits to be taken in
disk    2.0 MB, of which 1.0 MB are files; 5.0 GB free

REMOTE  STATE      SENT  QUEUED    SIZE  LAST ANSWER  URL
hub     connected    95       5  5.0 kB    1 min ago  https://h

RUN         NAME          STATE    STEP  RECORDS  REMOTE  STEP THERE  QUEUED    SIZE  OLDEST  NOTE
local/p/a1  calm-river-1  running    99      100  hub             90       5  5.0 kB   1 min  parked
parked: local/p/a1 is not sent to hub: the hub says\\u{7} no
  hint: when that is settled, `pannier remote retry hub`
problem: writer 1: its journal is damaged (2 times, last 1 min ago)
  hint: look
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
