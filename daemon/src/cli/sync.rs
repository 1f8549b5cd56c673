//! `pannier sync`: wakes the sync, and waits for it where asked to. What must
//! arrive is what was in the home when the command began: a run that goes on
//! must not keep it waiting for ever.

use std::collections::BTreeMap;
use std::io::Write;
use std::thread::sleep;
use std::time::{Duration, Instant};

use pannier_proto::remote::RemoteStatus;
use pannier_proto::request::{RunStatus, Status};
use serde::Serialize;
use serde_json::json;

use super::client::Client;
use super::failure::{EXIT_FAILED, Failure, Result};
use super::progress::{Progress, Rate};
use super::{show, start, status};
use crate::home::Home;

const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// How long journals may take to be committed before what is there is sent.
const DRAIN_PATIENCE: Duration = Duration::from_secs(10);
/// A remote's refusal of the token may be from before the wake-up.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(3);

/// Send what is queued now, and wait for it where asked to
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The daemon sends by itself whenever it can. `sync` makes it try at once; with --wait it is known
afterwards that everything which was here when the command began is at the remotes.

Examples:
  pannier sync                         try now
  pannier sync --wait                  until all is there, with a progress bar
  pannier sync --wait --timeout 300    as the last line of a job script

Exit codes: 0 all is there (without --wait: the daemon tries); 1 not all is there, with the reasons;
69 no daemon could be asked.")]
pub struct Args {
    /// Wait until everything is there
    #[arg(long)]
    wait: bool,
    /// Wait for at most so many seconds
    #[arg(long, value_name = "SECONDS", requires = "wait", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Only this remote
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// Print what is left as JSON
    #[arg(long)]
    json: bool,
}

/// A number of seconds.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "use a number of seconds".to_owned())
}

/// Runs it.
pub fn run(home: &Home, args: &Args, out: &mut dyn Write) -> Result {
    let daemon = start::connect_or_start(home)?;
    daemon.call("POST", "/v1/sync", Some(&json!({ "wake": true })))?;
    if args.wait {
        drain(home, &daemon);
    }
    let before = chosen(&daemon, args.remote.as_deref())?;
    let left = match args.wait {
        true => wait(&daemon, &before, args)?,
        false => left(&before, &Goal::of(&before)),
    };
    if args.json {
        show::json(out, &json!({ "sent": left.is_empty(), "left": left }))?;
    } else if left.is_empty() {
        let names: Vec<_> = before.remotes.iter().map(|remote| remote.name.as_str()).collect();
        writeln!(out, "everything is at {}", names.join(", "))?;
    } else {
        left.iter().try_for_each(|left| left.print(args.wait, out))?;
    }
    Ok(if left.is_empty() || !args.wait { 0 } else { EXIT_FAILED })
}

/// Brings what is here now to a remote, within a time; false where not all of it
/// is there then, which is said.
pub fn bring(home: &Home, daemon: &Client, remote: &str, timeout: Duration) -> Result<bool> {
    daemon.call("POST", "/v1/sync", Some(&json!({ "wake": true })))?;
    drain(home, daemon);
    let args = Args { wait: true, timeout: Some(timeout), remote: Some(remote.to_owned()), json: false };
    let left = wait(daemon, &chosen(daemon, Some(remote))?, &args)?;
    left.iter().try_for_each(|left| left.print(true, &mut std::io::stderr()))?;
    Ok(left.is_empty())
}

/// What the journals hold now is committed when this returns, if it can be.
fn drain(home: &Home, daemon: &Client) {
    let began = Instant::now();
    for entry in std::fs::read_dir(home.spool()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let left = DRAIN_PATIENCE.saturating_sub(began.elapsed());
        if name.ends_with(".new") || left.is_zero() {
            continue;
        }
        let path = format!("/v1/writers/{}/drain", crate::percent::encode(&name));
        if let Err(failure) = daemon.call_within("POST", &path, None, left.max(Duration::from_millis(1))) {
            // A journal that is gone has been taken in.
            tracing::debug!("writer {name}: {}", failure.error);
        }
    }
}

/// The status, of the remotes that were asked for.
fn chosen(daemon: &Client, name: Option<&str>) -> Result<Status> {
    let mut status: Status = daemon.get("/v1/status")?;
    // Where bundles are carried there is nothing to wait for, unless it was asked for.
    status.remotes.retain(|remote| name.map_or(!remote.is_carried(), |name| remote.name == name));
    match (status.remotes.is_empty(), name) {
        (false, _) => Ok(status),
        (true, Some(name)) => Err(Failure::new(format!("there is no remote {}", show::clean(name)))
            .hint("see `pannier remote list`")),
        (true, None) => Err(Failure::new("there is no remote to send to; everything is kept here")
            .hint("add one with `pannier remote add NAME URL --token-file FILE`")),
    }
}

/// By remote and run, how many records must be there.
struct Goal {
    records: BTreeMap<(String, String), u64>,
    /// Whether it speaks of all runs.
    whole: bool,
}

impl Goal {
    fn of(status: &Status) -> Self {
        let each = status.runs.iter().flat_map(|run| {
            // Of those that are all there, too: a hub may be put back to an old backup.
            let goals = run.remotes.iter();
            goals.map(|(remote, at)| ((remote.clone(), run.path.to_string()), at.records + at.records_queued))
        });
        Self { records: each.collect(), whole: status.runs_left_out == 0 }
    }

    fn missed(&self, run: &RunStatus, remote: &str) -> bool {
        let goal = self.records.get(&(remote.to_owned(), run.path.to_string()));
        match (run.remotes.get(remote), goal) {
            (Some(at), Some(goal)) => at.records < *goal && at.records_queued > 0,
            (Some(at), None) => !self.whole && at.records_queued > 0,
            (None, _) => false,
        }
    }
}

/// What one remote still lacks.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct Left {
    remote: String,
    state: String,
    records_queued: u64,
    bytes_queued: u64,
    last_error: Option<String>,
    /// Runs that are not sent until someone acts, and why.
    parked: BTreeMap<String, String>,
    /// Whether waiting can help.
    hopeful: bool,
}

/// What is left of the goal, by remote.
fn left(now: &Status, goal: &Goal) -> Vec<Left> {
    now.remotes.iter().filter_map(|remote| left_at(remote, now, goal)).collect()
}

fn left_at(remote: &RemoteStatus, now: &Status, goal: &Goal) -> Option<Left> {
    let why = |run: &RunStatus| run.remotes.get(&remote.name)?.parked.clone();
    // A parked run is left even where nothing of it is queued: it contradicts
    // what the remote has.
    let left = |run: &&RunStatus| goal.missed(run, &remote.name) || why(run).is_some();
    let missed: Vec<_> = now.runs.iter().filter(left).collect();
    let parked: BTreeMap<_, _> =
        missed.iter().filter_map(|run| Some((run.path.to_string(), why(run)?))).collect();
    let unlisted = !(goal.whole && now.runs_left_out == 0) && {
        let listed = now.runs.iter().filter_map(|run| run.remotes.get(&remote.name));
        listed.map(|at| at.records_queued).sum::<u64>() < remote.records_queued
    };
    if missed.is_empty() && !unlisted {
        return None;
    }
    // The remote's figures may be from before the last commit.
    let queued = missed.iter().filter_map(|run| run.remotes.get(&remote.name));
    let (records, bytes) =
        queued.fold((0, 0), |(records, bytes), at| (records + at.records_queued, bytes + at.bytes_queued));
    Some(Left {
        remote: remote.name.clone(),
        state: remote.state.clone(),
        records_queued: remote.records_queued.max(records),
        bytes_queued: remote.bytes_queued.max(bytes),
        last_error: remote.last_error.clone(),
        hopeful: !remote.is_carried()
            && remote.state != "unauthorized"
            && (unlisted || parked.len() < missed.len()),
        parked,
    })
}

impl Left {
    fn print(&self, waited: bool, out: &mut dyn Write) -> Result<()> {
        let records = show::count(self.records_queued, "record");
        let on_the_way = if waited { "not all is" } else { "on the way" };
        let error =
            self.last_error.as_deref().map(|error| format!("; {}", show::clean(error))).unwrap_or_default();
        let (remote, bytes) = (&self.remote, show::size(self.bytes_queued));
        writeln!(out, "{on_the_way} at {remote} ({}): {records}, {bytes} left{error}", self.state)?;
        for (run, why) in &self.parked {
            writeln!(out, "  {} is parked: {}", show::clean(run), show::clean(why))?;
        }
        match self.state.as_str() {
            "unauthorized" => writeln!(out, "  hint: {}", status::UNAUTHORIZED)?,
            _ if !self.parked.is_empty() => {
                writeln!(out, "  hint: when that is settled, `pannier remote retry {remote}`")?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn wait(daemon: &Client, before: &Status, args: &Args) -> Result<Vec<Left>> {
    let goal = Goal::of(before);
    let began = Instant::now();
    let mut progress = Progress::new("sync");
    let mut flow = Flow::of(before);
    loop {
        let now = chosen(daemon, args.remote.as_deref())?;
        let left = left(&now, &goal);
        flow.note(&now);
        flow.show(&left, &mut progress);
        let hopeful = left.iter().any(|left| left.hopeful) || began.elapsed() < REFUSAL_PATIENCE;
        let in_time = args.timeout.is_none_or(|timeout| began.elapsed() < timeout);
        if left.is_empty() || !hopeful || !in_time {
            return Ok(left);
        }
        sleep(LOOK_INTERVAL);
    }
}

/// How it gets on, told from one status to the next.
struct Flow {
    sent_before: u64,
    bytes: u64,
    bytes_queued: u64,
    records: u64,
    records_queued: u64,
    rate: Rate,
}

impl Flow {
    fn of(status: &Status) -> Self {
        let (sent_before, records_queued, bytes_queued) = sums(status);
        Self { sent_before, bytes: 0, bytes_queued, records: 0, records_queued, rate: Rate::default() }
    }

    fn note(&mut self, now: &Status) {
        let (sent, records_queued, bytes_queued) = sums(now);
        // New records join the queue meanwhile: what left it is told from when
        // it got shorter.
        self.bytes += self.bytes_queued.saturating_sub(bytes_queued);
        self.records = sent.saturating_sub(self.sent_before);
        (self.bytes_queued, self.records_queued) = (bytes_queued, records_queued);
        self.rate.note(Instant::now(), self.bytes);
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate for people"
    )]
    fn show(&self, left: &[Left], progress: &mut Progress) {
        let records_total = self.records + self.records_queued;
        let mut text = format!(
            "{} of {} records, {} left",
            show::number(self.records),
            show::number(records_total),
            show::size(self.bytes_queued)
        );
        if let Some(rate) = self.rate.per_second() {
            let time = Duration::from_secs((self.bytes_queued as f64 / rate).ceil() as u64);
            text += &format!(", {}/s, {} to go", show::size(rate as u64), show::span(time));
        }
        for left in left {
            if let Some(error) = &left.last_error {
                text += &format!("; {}: {error}", left.remote);
            }
        }
        progress.show(self.bytes, self.bytes + self.bytes_queued, &text);
    }
}

/// Records sent, records queued, bytes queued, of all remotes.
fn sums(status: &Status) -> (u64, u64, u64) {
    status.remotes.iter().fold((0, 0, 0), |(sent, records, bytes), remote| {
        (sent + remote.records_sent, records + remote.records_queued, bytes + remote.bytes_queued)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::status::tests::sample;

    #[test]
    fn what_came_later_is_not_waited_for() {
        let goal = Goal::of(&sample(5, None, "connected"));
        let mut now = sample(2, None, "connected");
        assert_eq!(left(&now, &goal).len(), 1);
        // All 100 of then are there, and 7 that were logged meanwhile are not.
        now.remotes[0].records_queued = 7;
        let at = now.runs[0].remotes.get_mut("hub").unwrap();
        (at.records, at.records_queued) = (100, 7);
        assert_eq!(left(&now, &goal), Vec::new());
    }

    #[test]
    fn waiting_ends_where_it_cannot_help() {
        for (status, hopeful) in [
            (sample(5, None, "unreachable"), true),
            (sample(5, Some("no"), "connected"), false),
            (sample(5, None, "unauthorized"), false),
        ] {
            let left = left(&status, &Goal::of(&status));
            assert_eq!((left.len(), left[0].hopeful), (1, hopeful));
        }
        let mut more_runs = sample(5, Some("no"), "connected");
        more_runs.remotes[0].records_queued = 9;
        more_runs.runs_left_out = 1;
        assert!(left(&more_runs, &Goal::of(&more_runs))[0].hopeful);
    }

    #[test]
    fn nothing_queued_is_nothing_left() {
        let status = sample(0, None, "connected");
        assert_eq!(left(&status, &Goal::of(&status)), Vec::new());
    }

    #[test]
    fn what_is_left_is_said_with_the_command_that_settles_it() {
        let status = sample(5, Some("too long"), "connected");
        let mut out = Vec::new();
        left(&status, &Goal::of(&status))[0].print(true, &mut out).unwrap();
        let expected = "not all is at hub (connected): 5 records, 5.0 kB left\n  local/p/a1 is parked: too long\n  \
                        hint: when that is settled, `pannier remote retry hub`\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
