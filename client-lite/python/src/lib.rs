//! The compiled half of the Python package: translation only. What a run is and
//! how it is recorded is `pannier-client`'s; what Python programs see is the
//! package's own.

#![expect(clippy::needless_pass_by_value, reason = "PyO3 hands arguments over as its own")]

mod column;
mod convert;
mod known;
mod session;

use std::path::PathBuf;
use std::time::Duration;

use pannier_client::connection::{Answer, Request};
use pannier_client::daemon::Daemon;
use pannier_client::{Place, Use};
use pyo3::exceptions::{PyConnectionError, PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

pyo3::create_exception!(
    _native,
    Refused,
    PyValueError,
    "Names that are not allowed, or a resume that cannot be."
);

/// A timeout that Python gave; nonsense means at once.
pub(crate) fn timeout(seconds: f64) -> Duration {
    const LONGEST_S: f64 = 24.0 * 3600.0;
    Duration::try_from_secs_f64(seconds.min(LONGEST_S)).unwrap_or_default()
}

/// The daemon of the place that the environment names.
pub(crate) fn daemon(start: bool, program: Option<PathBuf>) -> Daemon {
    let usage = if start { Use::Start } else { Use::Running };
    Daemon { place: Place::from_env(), usage, program }
}

/// Asks with the GIL released.
pub(crate) fn ask(py: Python<'_>, daemon: &Daemon, request: Request, timeout_s: f64) -> PyResult<Answer> {
    py.detach(|| daemon.ask(request, timeout(timeout_s))).map_err(|error| {
        let socket = daemon.place.socket.display();
        PyConnectionError::new_err(format!("no daemon answers on {socket}: {error}"))
    })
}

/// The text of an exception that is no reason to stop training. `KeyboardInterrupt`,
/// `SystemExit` and their like are not ours to swallow and come back as errors.
pub(crate) fn swallow(py: Python<'_>, error: PyErr) -> PyResult<String> {
    if error.is_instance_of::<PyException>(py) { Ok(error.to_string()) } else { Err(error) }
}

/// Asks the daemon of this environment, starting it where `start` allows.
#[pyfunction]
#[pyo3(signature = (method, path, body, timeout_s, start=true, bin=None))]
fn request<'py>(
    py: Python<'py>,
    method: String,
    path: String,
    body: &[u8],
    timeout_s: f64,
    start: bool,
    bin: Option<PathBuf>,
) -> PyResult<(u16, Bound<'py, PyBytes>)> {
    let request = Request { method: &method, path: &path, body };
    let answer = ask(py, &daemon(start, bin), request, timeout_s)?;
    Ok((answer.status, PyBytes::new(py, &answer.body)))
}

/// The name that a run with this id gets when nobody gives it one.
#[pyfunction]
fn run_name(id: String) -> String {
    pannier_client::run_name(&id)
}

/// The id that the scheduler's job gives its run, to each rank or to all of them;
/// none outside of one.
#[pyfunction]
fn job_run_id(shared: bool) -> Option<String> {
    pannier_client::proto::job::run_id(&|name| std::env::var(name).ok(), shared)
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<session::Session>()?;
    module.add("Refused", module.py().get_type::<Refused>())?;
    module.add_function(wrap_pyfunction!(request, module)?)?;
    module.add_function(wrap_pyfunction!(column::read_column, module)?)?;
    module.add_function(wrap_pyfunction!(job_run_id, module)?)?;
    module.add_function(wrap_pyfunction!(run_name, module)?)
}
