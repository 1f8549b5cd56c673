//! Owns reading a metric's column: from the daemon's bytes to Python tuples,
//! fast enough for a million of them.

use std::path::PathBuf;

use pannier_client::connection::Request;
use pannier_client::daemon::encoded;
use pannier_client::proto::id::{DEFAULT_ENTITY, DEFAULT_PROJECT};
use pannier_client::session::said;
use pyo3::exceptions::PyConnectionError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::{Refused, ask, daemon};

type Words<'a> = &'a [[u8; 8]];

const TIMEOUT_S: f64 = 60.0;

/// The points of a metric, as a list of `(step, value)`.
#[pyfunction]
#[pyo3(signature = (project, run, key, entity=None, max_points=None, bin=None))]
pub fn read_column<'py>(
    py: Python<'py>,
    project: Option<String>,
    run: String,
    key: String,
    entity: Option<String>,
    max_points: Option<u64>,
    bin: Option<PathBuf>,
) -> PyResult<Bound<'py, PyList>> {
    let of_env = || std::env::var("PANNIER_ENTITY").ok().filter(|entity| !entity.is_empty());
    let entity = entity.or_else(of_env).unwrap_or_else(|| DEFAULT_ENTITY.to_owned());
    let project = project.as_deref().unwrap_or(DEFAULT_PROJECT);
    let [entity, project, run, key] = [&entity, project, &run, &key].map(encoded);
    let mut path = format!("/v1/runs/{entity}/{project}/{run}/column?key={key}");
    if let Some(points) = max_points {
        path += &format!("&max_points={points}");
    }
    let request = Request { method: "GET", path: &path, body: b"" };
    let answer = ask(py, &daemon(true, bin), request, TIMEOUT_S)?;
    if answer.status != 200 {
        return Err(Refused::new_err(said(&answer.body)));
    }
    let unreadable =
        || PyConnectionError::new_err("the daemon's answer cannot be read: its column is cut off");
    let (steps, values) = split(&answer.body).ok_or_else(unreadable)?;
    list(py, steps, values)
}

/// The words of the steps and of the values.
fn split(body: &[u8]) -> Option<(Words<'_>, Words<'_>)> {
    let (words, rest) = body.as_chunks::<8>();
    let (count, words) = words.split_first()?;
    let count = usize::try_from(u64::from_le_bytes(*count)).ok()?;
    (rest.is_empty() && count.checked_mul(2)? == words.len()).then(|| words.split_at(count))
}

#[expect(unsafe_code, reason = "a tuple made through the safe interface costs three times as much")]
fn list<'py>(py: Python<'py>, steps: Words<'_>, values: Words<'_>) -> PyResult<Bound<'py, PyList>> {
    let oops = |_| PyErr::fetch(py);
    let len = ffi::Py_ssize_t::try_from(steps.len())
        .map_err(|error| PyConnectionError::new_err(error.to_string()))?;
    // SAFETY: every pointer is checked before use. PyTuple_SetItem and
    // PyList_SetItem take over the reference they are given. Untracking is
    // allowed because the tuples hold only numbers, which refer to nothing.
    unsafe {
        let list = Bound::from_owned_ptr_or_err(py, ffi::PyList_New(len))?.cast_into_unchecked::<PyList>();
        for (at, (step, value)) in (0..len).zip(steps.iter().zip(values)) {
            let tuple = ffi::PyTuple_New(2);
            let step = ffi::PyLong_FromLongLong(i64::from_le_bytes(*step));
            let value = ffi::PyFloat_FromDouble(f64::from_le_bytes(*value));
            if tuple.is_null() || step.is_null() || value.is_null() {
                [tuple, step, value].into_iter().for_each(|object| ffi::Py_XDECREF(object));
                return Err(oops(()));
            }
            ffi::PyTuple_SetItem(tuple, 0, step);
            ffi::PyTuple_SetItem(tuple, 1, value);
            ffi::PyObject_GC_UnTrack(tuple.cast());
            ffi::PyList_SetItem(list.as_ptr(), at, tuple);
        }
        Ok(list)
    }
}
