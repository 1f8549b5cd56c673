//! Filters of the W&B public API: a MongoDB-style document, parsed once and
//! then asked of many runs, collections or versions.
//!
//! It owns the language: operators, what missing fields, lists and numbers mean.
//! Which fields there are is the business of each [`Field`]. It must not know where
//! facts come from: no SQL, HTTP, clock, or store.

mod error;
mod field;
mod iso;
mod parse;
mod path;
mod value;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashSet;

use regex::Regex;
use serde_json::Value as Json;

pub use error::BadFilter;
pub(super) use field::named;
pub use field::{Field, Kind};
pub use iso::canonical as canonical_time;
pub use path::Path;
pub(super) use value::sorted;

/// The longest document, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// How deep lists and objects of a document may lie in one another.
pub const MAX_DEPTH: usize = 32;
/// How many values (conditions, operands, items of lists) a document may hold.
pub const MAX_VALUES: usize = 10_000;
/// How many different fields a document may ask for: of each a thing's facts may
/// have to be read once more.
pub const MAX_FIELDS: usize = 256;
/// How many regular expressions (`$regex`, `$contains`) a document may hold.
pub const MAX_REGEXES: usize = 16;
/// The longest regular expression, in bytes.
pub const MAX_REGEX_BYTES: usize = 4096;
/// The largest compiled program of one regular expression, in bytes. With
/// `MAX_REGEXES` it bounds what one filter can take of the daemon's memory.
pub const MAX_REGEX_PROGRAM: usize = 2 << 20;

/// One thing that a filter is asked of.
pub trait Facts<F: Field> {
    /// The value of a field, in the form that its [`Kind`] says, or `None` where the
    /// thing has no such field.
    ///
    /// Floats that JSON cannot say are the texts `NaN`, `Infinity` and `-Infinity`.
    fn get(&self, field: &F) -> Option<Cow<'_, Json>>;
}

/// A filter that was understood.
#[derive(Clone, Debug)]
pub struct Filter<F> {
    root: Node,
    fields: Vec<F>,
}

impl<F: Field> Filter<F> {
    /// The filter that everything passes.
    #[must_use]
    pub fn everything() -> Self {
        Self { root: Node::All(Vec::new()), fields: Vec::new() }
    }

    /// Reads a document as it is on the wire. Empty text, `null` and `{}` let everything pass.
    ///
    /// # Errors
    /// Where the text is no JSON, says what is not understood, or is beyond the limits above.
    pub fn parse(text: &str) -> Result<Self, BadFilter> {
        if text.len() > MAX_BYTES {
            return Err(BadFilter::TooLong { limit: MAX_BYTES });
        }
        if text.trim().is_empty() {
            return Ok(Self::everything());
        }
        let document = serde_json::from_str(text).map_err(parse::not_json)?;
        Self::from_json(&document)
    }

    /// Reads a document that was JSON already.
    ///
    /// # Errors
    /// As `parse`.
    pub fn from_json(document: &Json) -> Result<Self, BadFilter> {
        if document.is_null() {
            return Ok(Self::everything());
        }
        let (root, fields) = parse::document(document)?;
        Ok(Self { root, fields })
    }

    /// The fields that `matches` will ask for, each once.
    pub fn fields(&self) -> impl Iterator<Item = &F> {
        self.fields.iter()
    }

    /// Whether a thing with these facts passes.
    #[must_use]
    pub fn matches<T: Facts<F> + ?Sized>(&self, facts: &T) -> bool {
        self.holds(&self.root, facts)
    }

    /// The values of which whatever passes has one in this field, where the filter
    /// says so outright: for who can find those sooner than look at everything.
    #[must_use]
    pub fn only(&self, field: &F) -> Option<Vec<Json>> {
        let at = self.fields.iter().position(|known| known == field)?;
        self.root.only(at)
    }

    fn holds<T: Facts<F> + ?Sized>(&self, node: &Node, facts: &T) -> bool {
        match node {
            Node::All(nodes) => nodes.iter().all(|node| self.holds(node, facts)),
            Node::Any(nodes) => nodes.iter().any(|node| self.holds(node, facts)),
            Node::Not(node) => !self.holds(node, facts),
            Node::Test(field, test) => {
                let value = self.fields.get(*field).and_then(|field| facts.get(field));
                test.holds(value.as_deref())
            }
        }
    }
}

/// A condition. Whatever MongoDB has a negative operator for is a `Not` here, so
/// that a missing field fails the positive and passes the negative in one place.
#[derive(Clone, Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// The field's place in `Filter::fields`, and what is asked of its value.
    Test(usize, Test),
}

impl Node {
    fn only(&self, field: usize) -> Option<Vec<Json>> {
        let values = match self {
            Self::All(nodes) => return nodes.iter().find_map(|node| node.only(field)),
            Self::Test(of, Test::Equals(value)) if *of == field => vec![value.clone()],
            Self::Test(of, Test::OneOf(choices)) if *of == field => choices.all(),
            _ => return None,
        };
        // What has no value passes as well.
        (!values.contains(&Json::Null)).then_some(values)
    }
}

/// What can be asked of one value. A list passes when it does as a whole or
/// when any of its items does.
#[derive(Clone, Debug)]
enum Test {
    Exists(bool),
    Equals(Json),
    OneOf(Choices),
    Compares(Comparison, Json),
    Fits(Regex, Kind),
    Size(u64),
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// The operand of `$in`. Texts are apart because clients send them by the thousand.
#[derive(Clone, Debug, Default)]
struct Choices {
    texts: HashSet<String>,
    others: Vec<Json>,
}

impl Choices {
    fn all(&self) -> Vec<Json> {
        self.texts.iter().cloned().map(Json::String).chain(self.others.iter().cloned()).collect()
    }

    fn contain(&self, value: &Json) -> bool {
        match value {
            Json::String(text) => self.texts.contains(text),
            other => self.others.iter().any(|choice| value::same(other, choice)),
        }
    }
}

impl Test {
    fn holds(&self, value: Option<&Json>) -> bool {
        let Some(value) = value else { return self.holds_for_missing() };
        match self {
            Self::Exists(wanted) => *wanted,
            Self::Equals(operand) => any(value, |it| value::same(it, operand)),
            Self::OneOf(choices) => any(value, |it| choices.contain(it)),
            Self::Compares(comparison, operand) => {
                any(value, |it| value::compared(it, operand).is_some_and(|order| comparison.holds(order)))
            }
            Self::Fits(regex, kind) => {
                any(value, |it| kind.text(it).is_some_and(|text| regex.is_match(&text)))
            }
            Self::Size(size) => {
                value.as_array().is_some_and(|items| u64::try_from(items.len()).is_ok_and(|len| len == *size))
            }
        }
    }

    /// To MongoDB a missing field equals null, and nothing else.
    fn holds_for_missing(&self) -> bool {
        match self {
            Self::Exists(wanted) => !wanted,
            Self::Equals(operand) => operand.is_null(),
            Self::OneOf(choices) => choices.contain(&Json::Null),
            Self::Compares(..) | Self::Fits(..) | Self::Size(_) => false,
        }
    }
}

impl Comparison {
    fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        }
    }
}

fn any(value: &Json, test: impl Fn(&Json) -> bool) -> bool {
    test(value) || value.as_array().is_some_and(|items| items.iter().any(test))
}
