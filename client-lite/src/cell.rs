//! Owns what one cell of a row looks like to a caller: borrowed, and made from
//! the types that programs have at hand.

use pannier_proto::value::Kind;

/// One value to log.
///
/// ```
/// use pannier_client::Cell;
/// let row: &[(&str, Cell)] = &[("loss", 0.5.into()), ("epoch", 3.into()), ("note", "warm-up".into())];
/// # let _ = row;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// A float, kept bit for bit.
    F64(f64),
    /// An integer.
    I64(i64),
    /// A truth value.
    Bool(bool),
    /// A string.
    Text(&'a str),
    /// The text of one JSON value.
    Json(&'a str),
}

impl<'a> Cell<'a> {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::F64(_) => Kind::F64,
            Self::I64(_) => Kind::I64,
            Self::Bool(_) => Kind::Bool,
            Self::Text(_) => Kind::Text,
            Self::Json(_) => Kind::Json,
        }
    }

    /// The cell's word in a row; that of a text is filled in behind the cells.
    pub(crate) fn word(self) -> u64 {
        match self {
            Self::F64(x) => x.to_bits(),
            Self::I64(x) => x.cast_unsigned(),
            Self::Bool(x) => u64::from(x),
            Self::Text(_) | Self::Json(_) => 0,
        }
    }

    pub(crate) fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) | Self::Json(text) => Some(text),
            Self::F64(_) | Self::I64(_) | Self::Bool(_) => None,
        }
    }
}

macro_rules! from {
    ($($source:ty),* => $variant:ident($target:ty)) => {
        $(impl From<$source> for Cell<'_> {
            fn from(x: $source) -> Self {
                Self::$variant(<$target>::from(x))
            }
        })*
    };
}

from!(f64, f32 => F64(f64));
from!(i64, i32, i16, i8, u32, u16, u8 => I64(i64));
from!(bool => Bool(bool));

impl From<u64> for Cell<'_> {
    /// An integer beyond `i64` becomes a float.
    #[expect(clippy::cast_precision_loss, reason = "the nearest float is all that is left to say")]
    fn from(x: u64) -> Self {
        i64::try_from(x).map_or(Self::F64(x as f64), Self::I64)
    }
}

impl From<usize> for Cell<'_> {
    fn from(x: usize) -> Self {
        Self::from(x as u64)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}
