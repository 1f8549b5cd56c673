//! Owns turning any logged dict into cells: nested dicts, odd keys, objects that
//! `encode` knows. It runs other people's code, so it works on copies and holds
//! nothing of the session.

use pannier_client::proto::value::Value;
use pannier_client::{About, Cell};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString, PyTuple};

use crate::known::Columns;
use crate::swallow;

/// How deep dicts may be nested; one that holds itself ends here.
const DEPTH_MAX: usize = 64;

/// What a dict came to.
pub struct Cells<'a> {
    encode: &'a Py<PyAny>,
    /// Key and value of each cell.
    pub cells: Vec<(String, Value)>,
    /// The key objects, while all are exact strings, one for each cell, and all
    /// values are of the kinds that [`crate::known`] reads.
    keys: Option<Vec<Py<PyAny>>>,
    /// What had to be left out, and why.
    pub complaints: Vec<(About, String)>,
}

impl<'a> Cells<'a> {
    /// Converts a dict.
    ///
    /// # Errors
    /// Only what must stop a program, such as `KeyboardInterrupt`.
    pub fn of(dict: &Bound<'_, PyDict>, encode: &'a Py<PyAny>) -> PyResult<Self> {
        let mut cells = Self {
            encode,
            cells: Vec::with_capacity(dict.len()),
            keys: Some(Vec::with_capacity(dict.len())),
            complaints: Vec::new(),
        };
        cells.dict(dict, None, 0)?;
        Ok(cells)
    }

    /// The cells as the recorder takes them.
    pub fn borrowed(&self) -> Vec<(&str, Cell<'_>)> {
        let cell = |value| match value {
            &Value::F64(x) => Cell::F64(x),
            &Value::I64(x) => Cell::I64(x),
            &Value::Bool(x) => Cell::Bool(x),
            Value::Text(text) => Cell::Text(text),
            Value::Json(text) => Cell::Json(text),
        };
        self.cells.iter().map(|(key, value)| (key.as_str(), cell(value))).collect()
    }

    /// Keys and kinds, where the hot path can know this dict again.
    pub fn columns(self) -> Option<Columns> {
        let keys = self.keys?;
        Some(keys.into_iter().zip(self.cells.iter().map(|(_, value)| value.kind())).collect())
    }

    fn dict(&mut self, dict: &Bound<'_, PyDict>, prefix: Option<&str>, depth: usize) -> PyResult<()> {
        if depth > DEPTH_MAX {
            self.complain(
                About::Value,
                format!("{:?} is nested deeper than {DEPTH_MAX} dicts", prefix.unwrap_or("")),
            );
            return Ok(());
        }
        // A copy: what runs below may change the dict.
        for (key, value) in dict.copy()? {
            let Some(name) = self.name(&key, prefix)? else { continue };
            self.value(name, &value, depth, true)?;
            if let Some(keys) = &mut self.keys {
                keys.push(key.unbind());
            }
        }
        Ok(())
    }

    fn name(&mut self, key: &Bound<'_, PyAny>, prefix: Option<&str>) -> PyResult<Option<String>> {
        let text = if let Ok(text) = key.cast_exact::<PyString>() {
            text.clone()
        } else {
            self.keys = None;
            match key.str() {
                Ok(text) => text,
                Err(error) => {
                    let error = swallow(key.py(), error)?;
                    self.complain(
                        About::Key,
                        format!("a key that cannot be written as text is left out: {error}"),
                    );
                    return Ok(None);
                }
            }
        };
        let text = text.to_string_lossy();
        Ok(Some(prefix.map_or_else(|| text.to_string(), |prefix| format!("{prefix}.{text}"))))
    }

    fn value(
        &mut self,
        name: String,
        value: &Bound<'_, PyAny>,
        depth: usize,
        may_encode: bool,
    ) -> PyResult<()> {
        if let Ok(x) = value.cast::<PyFloat>() {
            self.cells.push((name, Value::F64(x.value())));
        } else if value.cast_exact::<PyBool>().is_ok() {
            self.cells.push((name, Value::Bool(value.is_truthy()?)));
        } else if let Ok(x) = value.cast::<PyInt>() {
            let x = integer(x);
            self.cells.push((name, x));
        } else if let Ok(text) = value.cast::<PyString>() {
            self.cells.push((name, Value::Text(text.to_string_lossy().into_owned())));
        } else if let Ok(dict) = value.cast::<PyDict>() {
            self.keys = None;
            self.dict(dict, Some(&name), depth + 1)?;
        } else {
            self.keys = None;
            self.other(name, value, depth, may_encode)?;
        }
        Ok(())
    }

    fn other(
        &mut self,
        name: String,
        value: &Bound<'_, PyAny>,
        depth: usize,
        may_encode: bool,
    ) -> PyResult<()> {
        let py = value.py();
        if !may_encode {
            if value.is_none() {
                return Ok(());
            }
            if let Ok(json) = value.cast::<PyTuple>()
                && let Ok(text) = json.get_item(0)
                && let Ok(text) = text.cast_into::<PyString>()
            {
                self.cells.push((name, Value::Json(text.to_string_lossy().into_owned())));
                return Ok(());
            }
        } else {
            match self.encode.bind(py).call1((value,)) {
                Ok(encoded) => return self.value(name, &encoded, depth, false),
                Err(error) => {
                    let error = swallow(py, error)?;
                    self.complain(
                        About::Value,
                        format!("the value of {name:?} cannot be logged and is left out: {error}"),
                    );
                    return Ok(());
                }
            }
        }
        let class = value.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
        self.complain(
            About::Value,
            format!("the value of {name:?}, of type {class}, cannot be logged and is left out"),
        );
        Ok(())
    }

    fn complain(&mut self, about: About, text: String) {
        self.keys = None;
        self.complaints.push((about, text));
    }
}

/// An int; a float where it is beyond 64 bits.
fn integer(x: &Bound<'_, PyInt>) -> Value {
    if let Ok(x) = x.extract::<i64>() {
        return Value::I64(x);
    }
    // Beyond floats, too: the sign is all that is left.
    let sign =
        || x.lt(0).map_or(f64::NAN, |negative| if negative { f64::NEG_INFINITY } else { f64::INFINITY });
    Value::F64(x.extract::<f64>().unwrap_or_else(|_| sign()))
}

/// The step that a caller named. The inner error says what it was instead.
///
/// # Errors
/// Only what must stop a program.
pub fn step(step: &Bound<'_, PyAny>) -> PyResult<Result<i64, String>> {
    if let Ok(int) = step.cast_exact::<PyInt>()
        && let Ok(step) = int.extract::<i64>()
    {
        return Ok(Ok(step));
    }
    let py = step.py();
    match step.call_method0("__index__").and_then(|step| step.extract::<i64>()) {
        Ok(step) => return Ok(Ok(step)),
        Err(error) => swallow(py, error)?,
    };
    if step.cast::<PyString>().is_err() {
        match step.extract::<f64>() {
            Ok(x) => {
                if let Some(step) = whole(x) {
                    return Ok(Ok(step));
                }
            }
            Err(error) => {
                swallow(py, error)?;
            }
        }
    }
    let text = match step.repr() {
        Ok(text) => text.to_string_lossy().chars().take(60).collect(),
        Err(error) => swallow(py, error)?,
    };
    Ok(Err(text))
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(x: f64) -> Option<i64> {
    // 2^63 is the first float beyond i64.
    const END: f64 = 9_223_372_036_854_775_808.0;
    (x.fract() == 0.0 && (-END..END).contains(&x)).then_some(x as i64)
}
