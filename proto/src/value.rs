//! What one cell of a row can hold.

use serde_json::Value as Json;

/// The type of a column: which of [`Value`]'s variants its cells are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A 64-bit float, bit for bit: NaN payloads and infinities survive.
    F64 = 0,
    /// A 64-bit signed integer.
    I64 = 1,
    /// A truth value.
    Bool = 2,
    /// A string.
    Text = 3,
    /// Any other JSON value (a list, a histogram, a media file's entry), as text.
    Json = 4,
}

impl Kind {
    /// The kind with this tag, if there is one.
    #[must_use]
    pub fn from_tag(tag: u8) -> Option<Self> {
        [Self::F64, Self::I64, Self::Bool, Self::Text, Self::Json].get(usize::from(tag)).copied()
    }

    /// Whether a cell of this kind keeps its bytes in the row's tail.
    #[must_use]
    pub fn in_tail(self) -> bool {
        matches!(self, Self::Text | Self::Json)
    }
}

/// One cell of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// See [`Kind::F64`].
    F64(f64),
    /// See [`Kind::I64`].
    I64(i64),
    /// See [`Kind::Bool`].
    Bool(bool),
    /// See [`Kind::Text`].
    Text(String),
    /// See [`Kind::Json`]; the text of one JSON value.
    Json(String),
}

impl Value {
    /// The variant's kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::F64(_) => Kind::F64,
            Self::I64(_) => Kind::I64,
            Self::Bool(_) => Kind::Bool,
            Self::Text(_) => Kind::Text,
            Self::Json(_) => Kind::Json,
        }
    }

    /// The value as a number, where it is one (a bool counts as 0 or 1).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "charts draw floats; the integer itself is kept")]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::F64(x) => Some(*x),
            Self::I64(x) => Some(*x as f64),
            Self::Bool(x) => Some(f64::from(u8::from(*x))),
            Self::Text(_) | Self::Json(_) => None,
        }
    }

    /// The value as JSON. Floats that JSON cannot say become the strings
    /// `NaN`, `Infinity` and `-Infinity`, as W&B writes them.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::F64(x) => float_to_json(*x),
            Self::I64(x) => Json::from(*x),
            Self::Bool(x) => Json::from(*x),
            Self::Text(text) => Json::from(text.as_str()),
            Self::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| Json::from(text.as_str())),
        }
    }

    /// Reads a JSON value; the strings that [`Value::to_json`] makes of
    /// unsayable floats become floats again.
    #[must_use]
    pub fn from_json(json: &Json) -> Self {
        match json {
            Json::Bool(x) => Self::Bool(*x),
            Json::Number(n) => match n.as_i64() {
                Some(x) => Self::I64(x),
                None => Self::F64(n.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => match text.as_str() {
                "NaN" => Self::F64(f64::NAN),
                "Infinity" => Self::F64(f64::INFINITY),
                "-Infinity" => Self::F64(f64::NEG_INFINITY),
                _ => Self::Text(text.clone()),
            },
            other => Self::Json(other.to_string()),
        }
    }
}

/// A float as JSON, with W&B's strings for what JSON numbers cannot say.
#[must_use]
pub fn float_to_json(x: f64) -> Json {
    if x.is_nan() {
        Json::from("NaN")
    } else if x.is_infinite() {
        Json::from(if x > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        Json::from(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_back() {
        for value in [
            Value::F64(0.1),
            Value::F64(f64::INFINITY),
            Value::F64(f64::NEG_INFINITY),
            Value::I64(i64::MIN),
            Value::Bool(true),
            Value::Text("a\"b".into()),
            Value::Json("[1,{\"a\":null}]".into()),
        ] {
            assert_eq!(Value::from_json(&value.to_json()), value);
        }
        assert!(matches!(Value::from_json(&Value::F64(f64::NAN).to_json()), Value::F64(x) if x.is_nan()));
    }
}
