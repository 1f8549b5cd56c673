//! Owns the class `Session`: one run in one process, as the Python package
//! drives it. Python code is called only while the recorder is let go of, so
//! that it may log, fork, or raise.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};

use pannier_client::artifact::{self, Unloggable, Wish};
use pannier_client::connection::Request;
use pannier_client::proto::artifact::LoggedArtifact;
use pannier_client::proto::record::{Change, RunFields, RunState};
use pannier_client::proto::request::Resume;
use pannier_client::proto::summary::Definition;
use pannier_client::recorder::{At, CHANGE_BYTES_MAX, Recorder};
use pannier_client::session::{Opened, Options, open, settle};
use pannier_client::{About, Refused as ClientRefused, Use};
use pyo3::exceptions::{PyConnectionError, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::convert::{self, Cells};
use crate::known::Recent;
use crate::{Refused, ask, swallow, timeout};

/// One run, being recorded.
#[pyclass(subclass, frozen, module = "pannier._native")]
pub struct Session {
    opened: Opened,
    encode: Py<PyAny>,
    warn: Py<PyAny>,
    inner: Mutex<Inner>,
    safe: AtomicBool,
}

struct Inner {
    recorder: Recorder,
    recent: Recent,
}

impl Session {
    /// The recorder. Every holder holds the GIL, too, and lets go of both
    /// together, so it is free whenever anyone can ask; also after a fork.
    #[inline]
    fn inner(&self) -> Option<MutexGuard<'_, Inner>> {
        match self.inner.try_lock() {
            Ok(inner) => Some(inner),
            Err(TryLockError::Poisoned(inner)) => Some(inner.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Acts on the recorder, then gives its warnings.
    #[inline]
    fn with<T: Default>(&self, py: Python<'_>, act: impl FnOnce(&mut Inner) -> T) -> PyResult<T> {
        let Some(mut inner) = self.inner() else { return Ok(T::default()) };
        let result = act(&mut inner);
        let warnings = inner.recorder.warnings.take();
        drop(inner);
        if !warnings.is_empty() {
            self.tell(py, warnings)?;
        }
        Ok(result)
    }

    fn tell(&self, py: Python<'_>, warnings: Vec<String>) -> PyResult<()> {
        for warning in warnings {
            if let Err(error) = self.warn.bind(py).call1((warning,)) {
                swallow(py, error)?;
            }
        }
        Ok(())
    }

    fn complain(&self, py: Python<'_>, complaints: Vec<(About, String)>) -> PyResult<()> {
        self.with(py, |inner| {
            for (about, text) in complaints {
                inner.recorder.warnings.add(about, || text);
            }
        })
    }

    /// What is logged, as a dict; a mapping that is none is copied into one.
    fn dict_of<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let py = data.py();
        let error = match data.getattr("keys").and_then(|_| py.get_type::<PyDict>().call1((data,))) {
            Ok(dict) => return Ok(dict.cast_into::<PyDict>().ok()),
            Err(error) => swallow(py, error)?,
        };
        let class = data.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
        let text = format!("only a dict can be logged, not {class}; this is ignored ({error})");
        self.complain(py, vec![(About::Row, text)])?;
        Ok(None)
    }

    /// Any dict, at its own pace.
    fn log_slowly(&self, dict: &Bound<'_, PyDict>, at: At) -> PyResult<()> {
        let py = dict.py();
        let mut cells = Cells::of(dict, &self.encode)?;
        let complaints = std::mem::take(&mut cells.complaints);
        if !complaints.is_empty() {
            self.complain(py, complaints)?;
        }
        self.with(py, |inner| {
            let shape = inner.recorder.log(at, &cells.borrowed());
            if let Some(shape) = shape
                && let Some(columns) = cells.columns()
            {
                inner.recent.add(shape, columns);
            }
        })
    }

    /// Sets the bytes of a wish aside, with the GIL and the recorder let go of.
    fn snapshot(&self, py: Python<'_>, wish: Wish) -> PyResult<()> {
        let Some((writer, number)) = self.with(py, |inner| inner.recorder.next_snapshot())? else {
            return Ok(());
        };
        let outcome = py.detach(|| wish.take(&writer, number)).map_err(raised)?;
        self.with(py, |inner| inner.recorder.logged(outcome))
    }

    fn misunderstood(&self, py: Python<'_>, what: &str, error: &str) -> PyResult<()> {
        self.complain(py, vec![(About::Change, format!("{what} cannot be recorded: {error}"))])
    }
}

#[pymethods]
impl Session {
    /// Begins a run, or continues one.
    #[staticmethod]
    #[pyo3(name = "open")]
    fn begin(py: Python<'_>, options_json: String, encode: Py<PyAny>, warn: Py<PyAny>) -> PyResult<Self> {
        let refused = |error: ClientRefused| Refused::new_err(error.0);
        let options = options(&options_json).map_err(refused)?;
        let (opened, recorder) = py.detach(|| open(options)).map_err(refused)?;
        let inner = Mutex::new(Inner { recorder, recent: Recent::default() });
        let session = Self { opened, encode, warn, inner, safe: AtomicBool::new(false) };
        session.with(py, |_| ())?;
        Ok(session)
    }

    /// Logs one row. Raises nothing of its own.
    #[pyo3(signature = (data, step=None, commit=None))]
    fn log(
        &self,
        data: &Bound<'_, PyAny>,
        step: Option<&Bound<'_, PyAny>>,
        commit: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let py = data.py();
        let mut at = At::default();
        if let Some(step) = step {
            match convert::step(step)? {
                Ok(step) => at.step = Some(step),
                Err(text) => {
                    let text =
                        format!("the step {text} is no whole number; the row is kept at the current step");
                    self.complain(py, vec![(About::StepUnusable, text)])?;
                }
            }
        }
        if let Some(commit) = commit {
            at.commit = match commit.is_truthy() {
                Ok(commit) => Some(commit),
                Err(error) => swallow(py, error).map(|_| None)?,
            };
        }
        let converted;
        let dict = match data.cast::<PyDict>() {
            Ok(dict) => dict,
            Err(_) => match self.dict_of(data)? {
                Some(dict) => {
                    converted = dict;
                    &converted
                }
                None => return Ok(()),
            },
        };
        let logged = self.with(py, |inner| {
            let Inner { recorder, recent } = inner;
            let found = recent.find(dict, |shape| recorder.knows(shape));
            found.map(|(shape, words)| recorder.log_words(at, shape, words)).is_some()
        })?;
        if logged { Ok(()) } else { self.log_slowly(dict, at) }
    }

    /// Appends a change, given as JSON.
    fn change(&self, py: Python<'_>, json: String) -> PyResult<()> {
        if json.len() > CHANGE_BYTES_MAX {
            let error = format!("it has {} bytes; at most {CHANGE_BYTES_MAX} are allowed", json.len());
            return self.misunderstood(py, "a change", &error);
        }
        match serde_json::from_str::<Change>(&json) {
            Ok(change) => self.with(py, |inner| inner.recorder.change(&change)),
            Err(error) => self.misunderstood(py, "a change", &error.to_string()),
        }
    }

    /// Appends a rule of `define_metric`, given as JSON, and applies it.
    fn define(&self, py: Python<'_>, json: String) -> PyResult<()> {
        match serde_json::from_str::<Definition>(&json) {
            Ok(definition) => self.with(py, |inner| inner.recorder.define(definition)),
            Err(error) => self.misunderstood(py, "a metric's definition", &error.to_string()),
        }
    }

    /// Records a console line.
    fn console(&self, py: Python<'_>, stream: i64, line: i64, text: &Bound<'_, PyString>) -> PyResult<()> {
        let text = text.to_string_lossy();
        self.with(py, |inner| inner.recorder.console(stream, line, &text))
    }

    /// Logs an artifact, given as JSON, with the bytes that these files have now.
    fn log_artifact(&self, py: Python<'_>, json: String, files: Vec<(String, PathBuf)>) -> PyResult<()> {
        let artifact: LoggedArtifact = serde_json::from_str(&json)
            .map_err(|error| PyValueError::new_err(format!("the artifact cannot be read: {error}")))?;
        self.snapshot(py, Wish::artifact(artifact, files).map_err(raised)?)
    }

    /// Logs a file of the run, with the bytes that it has now.
    fn log_file(&self, py: Python<'_>, path: String, local: PathBuf) -> PyResult<()> {
        self.snapshot(py, Wish::file(&path, local).map_err(raised)?)
    }

    /// Waits until an artifact is stored; how far it is, as JSON.
    fn await_artifact(&self, py: Python<'_>, client_id: String, timeout_s: f64) -> PyResult<String> {
        let writer = self.with(py, |inner| Some(inner.recorder.writer()))?;
        let writer = writer.ok_or_else(|| PyConnectionError::new_err("the run is busy; ask again"))?;
        let daemon = &self.opened.daemon;
        let waited = py.detach(|| artifact::wait(daemon, writer, &client_id, timeout(timeout_s)));
        let waited = waited.map_err(|error| PyConnectionError::new_err(error.to_string()))?;
        serde_json::to_string(&waited).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The summary that follows from the rows of this life, as JSON.
    fn current_summary(&self, py: Python<'_>) -> PyResult<String> {
        let summary = self.with(py, |inner| inner.recorder.summary())?;
        Ok(Json::Object(summary).to_string())
    }

    /// Ends the run; true when it is safe on this machine.
    #[pyo3(signature = (exit_code, state=None, timeout_s=2.0))]
    fn finish(
        &self,
        py: Python<'_>,
        exit_code: i32,
        state: Option<String>,
        timeout_s: f64,
    ) -> PyResult<bool> {
        let state = state.and_then(|state| RunState::parse(&state));
        let ending = self.with(py, |inner| inner.recorder.finish(exit_code, state))?;
        if let Some(ending) = ending {
            let safe = py.detach(|| settle(&self.opened.daemon, &ending, timeout(timeout_s)));
            self.safe.store(safe, Ordering::Relaxed);
        }
        Ok(self.safe.load(Ordering::Relaxed))
    }

    /// Asks this run's daemon.
    fn request<'py>(
        &self,
        py: Python<'py>,
        method: String,
        path: String,
        body: &[u8],
        timeout_s: f64,
    ) -> PyResult<(u16, Bound<'py, PyBytes>)> {
        let request = Request { method: &method, path: &path, body };
        let answer = ask(py, &self.opened.daemon, request, timeout_s)?;
        Ok((answer.status, PyBytes::new(py, &answer.body)))
    }

    #[getter]
    fn step(&self, py: Python<'_>) -> PyResult<i64> {
        self.with(py, |inner| inner.recorder.step())
    }
    #[getter]
    fn entity(&self) -> &str {
        &self.opened.run.path.entity
    }
    #[getter]
    fn project(&self) -> &str {
        &self.opened.run.path.project
    }
    #[getter]
    fn run_id(&self) -> &str {
        &self.opened.run.path.run
    }
    #[getter]
    fn name(&self) -> &str {
        &self.opened.run.name
    }
    #[getter]
    fn url(&self) -> Option<&str> {
        self.opened.run.url.as_deref()
    }
    #[getter]
    fn resumed(&self) -> bool {
        self.opened.run.resumed
    }
    #[getter]
    fn start_step(&self) -> i64 {
        self.opened.run.start_step
    }
    #[getter]
    fn config_json(&self) -> String {
        Json::Object(self.opened.run.config.clone()).to_string()
    }
    #[getter]
    fn summary_json(&self) -> String {
        Json::Object(self.opened.run.summary.clone()).to_string()
    }
    #[getter]
    fn writer(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self
            .with(py, |inner| Some(inner.recorder.writer()))?
            .map_or_else(String::new, |writer| writer.to_string()))
    }
    #[getter]
    fn home(&self) -> String {
        self.opened.daemon.place.home.display().to_string()
    }
    #[getter]
    fn socket(&self) -> String {
        self.opened.daemon.place.socket.display().to_string()
    }
}

/// What a program hears of: `ValueError`, or `OSError` with the file's name.
fn raised(error: Unloggable) -> PyErr {
    match error {
        Unloggable::Input(text) => PyValueError::new_err(text),
        Unloggable::File(path, error) => match error.raw_os_error() {
            // With a number Python makes the class of it: FileNotFoundError, …
            Some(number) => PyOSError::new_err((number, plain(&error), path.into_os_string())),
            None => PyOSError::new_err(format!("{}: {error}", path.display())),
        },
    }
}

/// The words of a system error, without the number that Rust puts behind them.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Reads what the package passes to `Session.open`.
fn options(json: &str) -> Result<Options, ClientRefused> {
    let bad = |what: &str| ClientRefused(format!("the run's settings cannot be read: {what}"));
    let given: Map<String, Json> = serde_json::from_str(json).map_err(|error| bad(&error.to_string()))?;
    let text = |key: &str| given.get(key).and_then(Json::as_str).map(str::to_owned);
    let fields = match given.get("fields") {
        Some(fields) => RunFields::deserialize(fields),
        None => Ok(RunFields::default()),
    };
    let resume = match given.get("resume").filter(|resume| !resume.is_null()) {
        Some(resume) => Resume::deserialize(resume),
        None => Ok(Resume::No),
    };
    let daemon = match text("daemon").as_deref() {
        None | Some("start") => Use::Start,
        Some("use") => Use::Running,
        Some("none") => Use::None,
        Some(other) => return Err(bad(&format!("daemon is {other:?}, not start, use or none"))),
    };
    Ok(Options {
        entity: text("entity"),
        project: text("project"),
        run: text("run"),
        resume: resume.map_err(|error| bad(&error.to_string()))?,
        fields: fields.map_err(|error| bad(&error.to_string()))?,
        remote: text("remote"),
        daemon,
        program: text("bin").map(PathBuf::from),
        place: None,
    })
}
