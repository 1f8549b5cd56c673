//! How the daemon is.

use std::fmt::Write;
use std::path::Path;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use pannier_proto::request::{Disk, RunStatus, RunView, Status};

use super::dashboard::sync_state;
use super::respond::Answer;
use super::{App, blocking};
use crate::limits::STATUS_RUNS;
use crate::store::{self, RunFilter};

/// Answers once requests can be served, which is when this can be reached.
pub async fn ready() -> &'static str {
    "ready\n"
}

/// The daemon does not leave any more for being idle.
pub async fn stay(State(app): State<App>) -> StatusCode {
    app.activity.stay();
    StatusCode::NO_CONTENT
}

pub async fn status(State(app): State<App>) -> Answer<Json<Status>> {
    let relays = app.relays.status();
    let view = app.spool.view();
    let problems = app.health.problems();
    let status = blocking(move || {
        let storing = app.store.intake_count(None)?;
        // After what is not in the store yet: whoever sees nothing of that, and
        // remotes that lack nothing, knows that all is there.
        let remotes = app.sync.status()?;
        let (runs, _) = app.store.runs(&RunFilter { limit: STATUS_RUNS, ..RunFilter::default() })?;
        let mut listed = Vec::new();
        for run in runs {
            let (records, remotes) = sync_state::at_remotes(&app, &run.path)?;
            let (name, state) = (run.fields.name.unwrap_or_default(), Some(run.state));
            let RunView { path, last_step, .. } = run;
            listed.push(RunStatus { path, name, state, last_step, records, remotes });
        }
        let runs_left_out = app.store.run_count()?.saturating_sub(listed.len() as u64);
        for path in app.store.unlisted(STATUS_RUNS)? {
            let (records, remotes) = sync_state::at_remotes(&app, &path)?;
            let name = if path.is_workspace() { String::new() } else { "(deleted)".to_owned() };
            listed.push(RunStatus { path, name, state: None, last_step: None, records, remotes });
        }
        let mut all = problems;
        all.extend(app.store.problems()?);
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            origin: app.store.origin(),
            home: app.home.display().to_string(),
            uptime_s: app.started.elapsed().as_secs(),
            writers: view.live.len(),
            spool_bytes: view.unread_bytes,
            storing,
            disk: disk(&app)?,
            remotes,
            relays,
            runs_left_out,
            runs: listed,
            problems: all,
        })
    });
    Ok(Json(status.await?))
}

/// What the home takes of its disk; what cannot be read counts as nothing.
fn disk(app: &App) -> store::Result<Disk> {
    let free = rustix::fs::statvfs(&*app.home).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    Ok(Disk {
        home_bytes: bytes_in(&app.home),
        blob_bytes: app.store.packs()?.into_iter().map(|(_, bytes)| bytes).sum(),
        free_bytes: free.unwrap_or_default(),
        budget_bytes: app.store.disk_budget()?,
    })
}

fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.filter_map(|entry| {
        let facts = entry.metadata().ok()?;
        Some(if facts.is_dir() { bytes_in(&entry.path()) } else { facts.len() })
    });
    bytes.sum()
}

/// For Prometheus.
pub async fn metrics(State(app): State<App>) -> Answer<impl axum::response::IntoResponse> {
    let view = app.spool.view();
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: u64| {
        // Writing to a string cannot fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
    };
    gauge("pannier_uptime_seconds", "Seconds since the daemon started.", app.started.elapsed().as_secs());
    gauge("pannier_writers", "Journals being written.", view.live.len() as u64);
    gauge("pannier_spool_bytes", "Journal bytes not yet committed.", view.unread_bytes);
    gauge("pannier_problems", "Present problems.", app.health.problems().len() as u64);
    let remotes = app.sync.status()?;
    for (name, help, value) in [
        ("pannier_remote_queued_records", "Records that a remote lacks.", 0),
        ("pannier_remote_queued_bytes", "Bytes that a remote lacks.", 1),
        ("pannier_remote_sent_records", "Records that a remote has.", 2),
    ] {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        for remote in &remotes {
            let value = [remote.records_queued, remote.bytes_queued, remote.records_sent][value];
            let _ = writeln!(text, "{name}{{remote={:?}}} {value}", remote.name);
        }
    }
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}
