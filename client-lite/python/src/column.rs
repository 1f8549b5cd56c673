//! Owns reading a metric's column: from the daemon's bytes to Python tuples,
//! made one by one as they are asked for: a million of them at once would be
//! 130 MB, and most of the time would go into getting that from the kernel.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use pannier_client::connection::Request;
use pannier_client::daemon::encoded;
use pannier_client::proto::id::{DEFAULT_ENTITY, DEFAULT_PROJECT};
use pannier_client::session::said;
use pyo3::exceptions::PyConnectionError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::{Refused, ask, daemon};

const TIMEOUT_S: f64 = 60.0;

/// The points of a metric: `(step, value)`, step by step.
#[pyfunction]
#[pyo3(signature = (project, run, key, entity=None, max_points=None, bin=None))]
pub fn read_column(
    py: Python<'_>,
    project: Option<String>,
    run: String,
    key: String,
    entity: Option<String>,
    max_points: Option<u64>,
    bin: Option<PathBuf>,
) -> PyResult<Points> {
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
    Points::new(answer.body).ok_or_else(|| {
        PyConnectionError::new_err("the daemon's answer cannot be read: its column is cut off")
    })
}

/// An iterator over points.
#[pyclass(frozen, module = "pannier._native")]
pub struct Points {
    /// The count, the steps, the values, eight bytes each.
    body: Vec<u8>,
    count: usize,
    next: AtomicUsize,
}

impl Points {
    fn new(body: Vec<u8>) -> Option<Self> {
        let (words, rest) = body.as_chunks::<8>();
        let (count, words) = words.split_first()?;
        let count = usize::try_from(u64::from_le_bytes(*count)).ok()?;
        let is_whole = rest.is_empty() && count.checked_mul(2)? == words.len();
        is_whole.then(|| Self { body, count, next: AtomicUsize::new(0) })
    }
}

#[pymethods]
impl Points {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __length_hint__(&self) -> usize {
        self.count.saturating_sub(self.next.load(Ordering::Relaxed))
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let at = self.next.load(Ordering::Relaxed);
        let words = self.body.as_chunks::<8>().0;
        if at >= self.count {
            return Ok(None);
        }
        self.next.store(at + 1, Ordering::Relaxed);
        point(py, i64::from_le_bytes(words[1 + at]), f64::from_le_bytes(words[1 + self.count + at])).map(Some)
    }
}

#[expect(unsafe_code, reason = "a tuple made through the safe interface costs three times as much")]
fn point(py: Python<'_>, step: i64, value: f64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: every pointer is checked before use. PyTuple_SetItem takes over
    // the reference it is given. Untracking is allowed because the tuple holds
    // only numbers, which refer to nothing; it spares the garbage collector
    // from looking at each of a million.
    unsafe {
        let tuple = ffi::PyTuple_New(2);
        let step = ffi::PyLong_FromLongLong(step);
        let value = ffi::PyFloat_FromDouble(value);
        if tuple.is_null() || step.is_null() || value.is_null() {
            [tuple, step, value].into_iter().for_each(|object| ffi::Py_XDECREF(object));
            return Err(PyErr::fetch(py));
        }
        ffi::PyTuple_SetItem(tuple, 0, step);
        ffi::PyTuple_SetItem(tuple, 1, value);
        ffi::PyObject_GC_UnTrack(tuple.cast());
        Ok(Bound::from_owned_ptr(py, tuple))
    }
}
