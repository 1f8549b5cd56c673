//! Owns the hot path: a dict with the same keys and kinds of values as a recent
//! one becomes the words of a row without making or calling any Python object.

use std::collections::VecDeque;

use pannier_client::ShapeId;
use pannier_client::proto::value::Kind;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// How many dicts are remembered. Training loops have two or three kinds.
const RECENT: usize = 8;

/// Keys of a dict, and the kinds of their values.
pub type Columns = Box<[(Py<PyAny>, Kind)]>;

/// One dict's keys and the kinds of its values.
struct Known {
    shape: ShapeId,
    columns: Columns,
}

/// The dicts logged lately, the latest match first.
#[derive(Default)]
pub struct Recent {
    known: VecDeque<Known>,
    words: Vec<u64>,
}

impl Recent {
    /// The shape and the words of this dict, where one like it is remembered.
    #[inline]
    pub fn find(
        &mut self,
        dict: &Bound<'_, PyDict>,
        is_valid: impl Fn(ShapeId) -> bool,
    ) -> Option<(ShapeId, &[u64])> {
        let at = self.known.iter().position(|known| known.fill(dict, &mut self.words))?;
        if !is_valid(self.known[at].shape) {
            self.known.clear();
            return None;
        }
        if at > 0 {
            self.known.swap(0, at);
        }
        Some((self.known[0].shape, &self.words))
    }

    /// Remembers a dict. Its keys are of exactly the type `str`, so that
    /// comparing and dropping them runs nobody's code.
    pub fn add(&mut self, shape: ShapeId, columns: Columns) {
        if columns.iter().any(|(_, kind)| kind.in_tail()) {
            return;
        }
        self.known.truncate(RECENT - 1);
        self.known.push_front(Known { shape, columns });
    }
}

impl Known {
    #[inline]
    fn fill(&self, dict: &Bound<'_, PyDict>, words: &mut Vec<u64>) -> bool {
        if dict.len() != self.columns.len() {
            return false;
        }
        words.clear();
        let mut place = 0;
        let mut key = std::ptr::null_mut();
        let mut value = std::ptr::null_mut();
        for (known, kind) in &self.columns {
            // SAFETY: `dict` is a dict; nothing below runs Python code, so it
            // stays as it is and the borrowed references stay valid.
            #[expect(
                unsafe_code,
                reason = "PyDict_Next without a reference count per item: see the crate's goal"
            )]
            let word = unsafe {
                if ffi::PyDict_Next(dict.as_ptr(), &raw mut place, &raw mut key, &raw mut value) == 0
                    || !(key == known.as_ptr() || is_same_text(key, known.as_ptr()))
                {
                    return false;
                }
                word(value, *kind)
            };
            match word {
                Some(word) => words.push(word),
                None => return false,
            }
        }
        true
    }
}

/// # Safety
/// Both are objects, `known` of exactly the type `str`; the GIL is held.
#[inline]
#[expect(unsafe_code, reason = "comparing without a reference count")]
unsafe fn is_same_text(key: *mut ffi::PyObject, known: *mut ffi::PyObject) -> bool {
    // SAFETY: between two exact strings the comparison calls nobody and
    // cannot fail.
    unsafe {
        ffi::Py_TYPE(key) == &raw mut ffi::PyUnicode_Type
            && ffi::PyObject_RichCompareBool(key, known, ffi::Py_EQ) == 1
    }
}

/// The cell's word, where the value is of this kind and needs no conversion.
///
/// # Safety
/// `value` is an object; the GIL is held.
#[inline]
#[expect(unsafe_code, reason = "reading numbers without a reference count")]
unsafe fn word(value: *mut ffi::PyObject, kind: Kind) -> Option<u64> {
    // SAFETY: the types are checked before each read. For floats (numpy's
    // float64 is one), ints and bools the reads run no Python code and fail
    // only by overflow, which is reported apart.
    unsafe {
        let class = ffi::Py_TYPE(value);
        match kind {
            Kind::F64 => (class == &raw mut ffi::PyFloat_Type || ffi::PyFloat_Check(value) != 0)
                .then(|| ffi::PyFloat_AsDouble(value).to_bits()),
            Kind::I64 if class == &raw mut ffi::PyLong_Type => {
                let mut overflow = 0;
                let x = ffi::PyLong_AsLongLongAndOverflow(value, &raw mut overflow);
                (overflow == 0).then_some(x.cast_unsigned())
            }
            Kind::Bool if class == &raw mut ffi::PyBool_Type => Some(u64::from(value == ffi::Py_True())),
            Kind::I64 | Kind::Bool | Kind::Text | Kind::Json => None,
        }
    }
}
