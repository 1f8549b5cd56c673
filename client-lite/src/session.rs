//! Owns the two ends of a run's life in this process: what is known when it
//! begins (from the daemon, where one answers in time), and how it is made
//! safe when it ends.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pannier_proto::id::{DEFAULT_ENTITY, DEFAULT_PROJECT, RunPath, run_id};
use pannier_proto::journal::Open;
use pannier_proto::record::{Change, RunFields};
use pannier_proto::request::{ErrorBody, OpenRun, OpenedRun, Resume};
use pannier_proto::{home, job, journal};
use serde_json::Map;

use crate::connection::{Answer, Request};
use crate::daemon::{Daemon, Use};
use crate::journal::{new_writer, now_us};
use crate::name::run_name;
use crate::place::Place;
use crate::recorder::{Ending, Recorder};
use crate::warn::{About, Warnings};

/// How long a new run waits for a daemon before it goes on alone.
const OPEN_WAIT: Duration = Duration::from_millis(100);
/// The same where the answer decides which run this is.
const RESUME_WAIT: Duration = Duration::from_secs(5);
/// How long the daemon may take to hear of a new journal, which it finds anyway.
const ANNOUNCE_WAIT: Duration = Duration::from_millis(20);
/// How soon a daemon that does not know the journal yet is asked again.
const DRAIN_AGAIN: Duration = Duration::from_millis(10);

/// What a run is to be. Everything may be left out.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The user or team. Default: `PANNIER_ENTITY`, else `local`.
    pub entity: Option<String>,
    /// The project. Default: `uncategorized`.
    pub project: Option<String>,
    /// The run's id. Default: a new one.
    pub run: Option<String>,
    /// Whether an earlier life of the run is continued.
    pub resume: Resume,
    /// Name, group, job type, notes, tags.
    pub fields: RunFields,
    /// The hub that the run is to be sent to. Default: `PANNIER_REMOTE`.
    pub remote: Option<String>,
    /// Whether a daemon is started where none runs.
    pub daemon: Use,
    /// The daemon's program. Default: `PANNIER_BIN`, else `pannier` on the `PATH`.
    pub program: Option<PathBuf>,
    /// The home and its socket. Default: as the environment says.
    pub place: Option<Place>,
}

/// Why a run cannot begin: its names, or what `resume` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// What is known of a run when it begins.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The run and what earlier lives left.
    pub run: OpenedRun,
    /// Whom to ask about it.
    pub daemon: Daemon,
}

/// Begins a life of a run: asks the daemon, writes the journal's head.
///
/// # Errors
/// [`Refused`], and nothing else: where the daemon does not answer the run
/// goes on alone, where the disk does not work its records wait in memory.
pub fn open(options: Options) -> Result<(Opened, Recorder), Refused> {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut warnings = Warnings::default();
    let place = options.place.unwrap_or_else(Place::from_env);
    let daemon = Daemon { place, usage: options.daemon, program: options.program };
    let entity = options.entity.or_else(|| var("PANNIER_ENTITY"));
    let (resume, fields) = (options.resume, options.fields);
    let wanted = OpenRun {
        entity,
        project: options.project,
        run: options.run,
        resume,
        fields: fields.clone(),
        config: Map::new(),
        journaled: true,
    };
    // Bad names are refused here, daemon or not.
    let alone = alone(&wanted)?;
    let answer = ask(&daemon, &wanted, &mut warnings)?;
    // Nobody knows whether there is an earlier life: it must not be renamed.
    let job = job::life(&var);
    let requeued = job.as_ref().is_some_and(|job| job.attempt > 0);
    let unseen = answer.as_ref().is_none_or(|found| !found.resumed && requeued);
    let continues_unseen = unseen && resume == Resume::Allow;
    let run = match answer {
        Some(run) => run,
        None if resume == Resume::Must => {
            return Err(Refused(format!(
                "cannot resume run {}: no daemon answers in {}, so nobody knows whether it exists. \
                 See `pannier doctor`, or use resume=\"allow\"",
                alone.path,
                daemon.place.home.display()
            )));
        }
        None => alone,
    };
    let open = Open {
        version: journal::VERSION,
        writer: new_writer(),
        segment: 1,
        path: run.path.clone(),
        pid: std::process::id(),
        remote: options.remote.or_else(|| var("PANNIER_REMOTE")),
        parent: None,
    };
    let writer = open.writer;
    let mut recorder = Recorder::new(home::spool(&daemon.place.home), open, run.start_step, warnings);
    let name = if continues_unseen { fields.name.clone() } else { Some(run.name.clone()) };
    let fields = RunFields { name, ..fields };
    recorder.change(&Change::Begin {
        time_us: now_us(),
        fields,
        start_step: run.start_step,
        // Who may join a run takes nobody's rows for abandoned, those included
        // that the daemon had not heard of when it was asked.
        resumed: run.resumed || resume == Resume::Allow,
        job,
    });
    let body = format!("{{\"writer\":\"{writer}\"}}");
    let request = Request { method: "POST", path: "/v1/announce", body: body.as_bytes() };
    let announcer = Daemon {
        usage: if daemon.usage == Use::Start { Use::Running } else { daemon.usage },
        ..daemon.clone()
    };
    // The daemon finds the journal by itself, too, a little later.
    let _ = announcer.ask(request, ANNOUNCE_WAIT);
    Ok((Opened { run, daemon }, recorder))
}

/// The run as it is without a daemon's knowledge.
fn alone(wanted: &OpenRun) -> Result<OpenedRun, Refused> {
    let mut random = [0; 8];
    if getrandom::fill(&mut random).is_err() {
        random = now_us().to_be_bytes();
    }
    let id = wanted.run.clone().unwrap_or_else(|| run_id(random));
    let entity = wanted.entity.as_deref().unwrap_or(DEFAULT_ENTITY);
    let project = wanted.project.as_deref().unwrap_or(DEFAULT_PROJECT);
    let path = RunPath::new(entity, project, &id).map_err(|error| Refused(error.to_string()))?;
    let name = wanted.fields.name.clone().unwrap_or_else(|| run_name(&id));
    Ok(OpenedRun {
        path,
        name,
        resumed: false,
        start_step: 0,
        config: Map::new(),
        summary: Map::new(),
        url: None,
    })
}

fn ask(daemon: &Daemon, wanted: &OpenRun, warnings: &mut Warnings) -> Result<Option<OpenedRun>, Refused> {
    if daemon.usage == Use::None {
        return Ok(None);
    }
    // Plain data: serialising it cannot fail.
    let body = serde_json::to_vec(wanted).unwrap_or_default();
    let request = Request { method: "POST", path: "/v1/runs", body: &body };
    let wait = if wanted.resume == Resume::No { OPEN_WAIT } else { RESUME_WAIT };
    let spool = home::spool(&daemon.place.home);
    let mut alone = |why: &str| {
        warnings.add(About::Daemon, || {
            format!("no daemon ({why}): the run is recorded in {} until one runs", spool.display())
        });
        Ok(None)
    };
    match daemon.ask(request, wait) {
        Ok(Answer { status: 200..300, body }) => match serde_json::from_slice(&body) {
            Ok(opened) => Ok(Some(opened)),
            Err(error) => alone(&format!("its answer cannot be read: {error}")),
        },
        Ok(Answer { status: 400 | 409 | 422, body }) => Err(Refused(said(&body))),
        Ok(Answer { status, body }) => alone(&format!("it answers {status}: {}", said(&body))),
        // It is on its way, or stopped, or busy: no reason to alarm anyone,
        // unless it was to say what the run continues.
        Err(error) if wanted.resume == Resume::No && is_late(&error) => Ok(None),
        Err(error) => alone(&error.to_string()),
    }
}

fn is_late(error: &io::Error) -> bool {
    // A socket that is not there yet, after its daemon was started; where the
    // program itself is missing the error is no system error.
    let absent = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused);
    error.kind() == io::ErrorKind::TimedOut || (absent && error.raw_os_error().is_some())
}

/// The words of an answer that refuses.
#[must_use]
pub fn said(body: &[u8]) -> String {
    match serde_json::from_slice(body) {
        Ok(ErrorBody { error, hint: Some(hint) }) => format!("{error}. {hint}"),
        Ok(ErrorBody { error, hint: None }) => error,
        Err(_) => String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned(),
    }
}

/// Makes a finished run safe: has the daemon commit it or, where none answers
/// in time, brings the journal to the disk. True when the run would survive a
/// power cut now.
#[must_use]
pub fn settle(daemon: &Daemon, ending: &Ending, timeout: Duration) -> bool {
    if ending.forked {
        return ending.written;
    }
    let started = Instant::now();
    while daemon.usage != Use::None && started.elapsed() < timeout {
        let left = timeout.saturating_sub(started.elapsed());
        // The answer comes in time, also where the bytes of files are not stored yet.
        let wait_s = left.mul_f64(0.9).as_secs_f64();
        let path = format!("/v1/writers/{}/drain?wait_s={wait_s}", ending.writer);
        let request = Request { method: "POST", path: &path, body: b"" };
        match daemon.ask(request, left) {
            Ok(Answer { status: 200..300, body }) => return ending.written && all_stored(&body),
            // Read to the end and removed, or it has not looked into the spool yet.
            Ok(Answer { status: 404, .. }) if !ending.folder.is_dir() => return ending.written,
            Ok(Answer { status: 404, .. }) => std::thread::sleep(DRAIN_AGAIN),
            Ok(_) | Err(_) => break,
        }
    }
    ending.written && sync(&ending.folder)
}

/// Whether the bytes of files that were logged are stored; an older daemon says
/// nothing of them.
fn all_stored(body: &[u8]) -> bool {
    let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    answer["storing"].as_u64().is_none_or(|storing| storing == 0)
}

/// Brings every segment and snapshot, and the names they have, to the disk.
fn sync(folder: &Path) -> bool {
    let parent = || File::open(folder.parent().unwrap_or(folder))?.sync_all();
    sync_below(folder).and_then(|()| parent()).or_else(unless_gone).is_ok()
}

fn sync_below(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let synced = match entry.file_type() {
            Ok(kind) if kind.is_dir() => sync_below(&entry.path()),
            _ => File::open(entry.path()).and_then(|file| file.sync_data()),
        };
        synced.or_else(unless_gone)?;
    }
    File::open(folder)?.sync_all()
}

/// What is gone was taken by the daemon, which it does after a durable commit.
fn unless_gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
