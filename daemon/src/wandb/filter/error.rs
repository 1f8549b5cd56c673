//! What can be wrong with a filter or an order, in words for the person who wrote it.
//! It must not know how they are parsed.

use std::fmt;

use serde_json::Value as Json;

/// The operators that stand where a field name could stand.
const LOGICAL: [&str; 4] = ["$and", "$or", "$nor", "$not"];
/// The operators that stand under a field name, besides `LOGICAL`.
pub(super) const OF_FIELDS: [&str; 14] = [
    "$eq",
    "$ne",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$in",
    "$nin",
    "$exists",
    "$regex",
    "$options",
    "$contains",
    "$all",
    "$size",
];

/// Why a filter or an order was refused. `at` is the place in the document.
#[derive(Debug, thiserror::Error)]
pub enum BadFilter {
    /// The text is no JSON.
    #[error(
        "the filter is not JSON: {0}. Write NaN and infinities as the texts \"NaN\", \"Infinity\", \"-Infinity\""
    )]
    NotJson(#[source] serde_json::Error),
    /// The document is too long.
    #[error("the filter is longer than {limit} bytes; ask for less at a time")]
    TooLong {
        /// The most bytes.
        limit: usize,
    },
    /// Lists and objects lie too deep in one another.
    #[error("the filter nests deeper than {limit} lists and objects; write it flatter")]
    TooDeep {
        /// The most levels.
        limit: usize,
    },
    /// There are too many conditions or operands.
    #[error("the filter holds more than {limit} {what}; ask for less at a time")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most of them.
        limit: usize,
    },
    /// A `$word` that is no operator.
    #[error("{at}: there is no operator {name}; there are {}", all_operators())]
    UnknownOperator {
        /// Where.
        at: String,
        /// The operator as written.
        name: String,
    },
    /// An operator on field values that stands where fields are named.
    #[error("{at}: {name} belongs under a field name, as in {{\"state\": {{\"{name}\": …}}}}")]
    NoField {
        /// Where.
        at: String,
        /// The operator as written.
        name: String,
    },
    /// Operators and plain keys in one object.
    #[error("{at}: {name} stands beside operators; an object holds either operators ($…) or plain keys")]
    Mixed {
        /// Where.
        at: String,
        /// The plain key.
        name: String,
    },
    /// Letters for a regular expression, without one.
    #[error("{at} goes with a $regex in the same object, and there is none")]
    LoneOptions {
        /// Where.
        at: String,
    },
    /// A value of the wrong kind.
    #[error("{at} takes {wanted}, not {found}")]
    Operand {
        /// Where.
        at: String,
        /// What is allowed there.
        wanted: &'static str,
        /// What is there.
        found: String,
    },
    /// A regular expression that does not compile, or not small enough.
    #[error("{at}: the regular expression {pattern} cannot be used: {why}")]
    Regex {
        /// Where.
        at: String,
        /// The expression as written.
        pattern: String,
        /// What is wrong with it.
        why: String,
    },
    /// A name that can name no field.
    #[error("{at}: {name} cannot be the name of a field: {why}")]
    Name {
        /// Where.
        at: String,
        /// The name as written.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A name of no field that there is.
    #[error("{at}: {things} have no field {name} to ask for; there are {known}")]
    UnknownField {
        /// Where.
        at: String,
        /// The name as written.
        name: String,
        /// What is searched.
        things: &'static str,
        /// The names that there are.
        known: String,
    },
}

fn all_operators() -> String {
    let all: Vec<_> = LOGICAL.into_iter().chain(OF_FIELDS).collect();
    all.join(" ")
}

/// A place in the document, as a chain on the stack: it costs nothing until it is shown.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Top,
    Key(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top => write!(out, "the filter"),
            Self::Key(Self::Top, key) => write!(out, "{}", short(key)),
            Self::Key(parent, key) => write!(out, "{parent} > {}", short(key)),
            Self::Item(parent, index) => write!(out, "{parent}[{index}]"),
        }
    }
}

/// A text for a message, cut where it is long.
pub(super) fn short(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// A value for a message.
pub(super) fn described(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(it) => it.to_string(),
        Json::Number(it) => format!("the number {it}"),
        Json::String(it) => format!("the text {:?}", short(it)),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    }
}
