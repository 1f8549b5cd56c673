//! What a schema of fields is, and what the kinds of their values mean. It must not
//! know operators, nor any schema.

use std::borrow::Cow;
use std::fmt::{Debug, Display};
use std::hash::Hash;

use serde_json::Value as Json;

use super::error::{described, short};
use super::{BadFilter, canonical_time};

/// The longest name, in bytes, and the most parts between dots. Looking a name
/// up costs at most as many steps as it has parts, for each level that exists.
const MAX_NAME: usize = 1024;
const MAX_PARTS: usize = 32;

/// The fields of one kind of thing. The type is the schema: a filter of it is
/// asked of things of this kind and no others.
pub trait Field: Clone + Debug + Eq + Hash {
    /// What the things are, for people.
    const THINGS: &'static str;
    /// The names to choose from, for people who chose another.
    const NAMES: &'static [&'static str];
    /// Whether `$regex` and `$contains` take no notice of upper and lower case.
    const REGEX_IGNORES_CASE: bool;

    /// The field that a name stands for, if there is one.
    fn named(name: &str) -> Option<Self>;

    /// What its values are.
    fn kind(&self) -> Kind;
}

/// What the values of a field are. Facts have the one form that is said here;
/// what a filter compares them with is brought into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any value of JSON, as it is.
    Plain,
    /// Times: texts of the form that [`canonical_time`] makes.
    Time,
    /// Names whose case is of no account: texts in lower case.
    Name,
    /// Numbers of versions, which people also write as `"3"` and `"v3"`. For
    /// regular expressions they are texts of the latter form.
    Version,
}

impl Kind {
    /// A value of a filter in the form of the facts.
    pub(super) fn operand(self, value: &Json, at: &impl Display) -> Result<Json, BadFilter> {
        let (read, wanted) = match (self, value) {
            (Self::Plain, _) | (_, Json::Null) => return Ok(value.clone()),
            (Self::Time, _) => (
                value.as_str().and_then(canonical_time).map(Json::String),
                "a time such as \"2026-01-02T03:04:05Z\" or \"2026-01-02\"",
            ),
            (Self::Name, _) => (value.as_str().map(|name| name.to_lowercase().into()), "a name as text"),
            (Self::Version, Json::Number(_)) => return Ok(value.clone()),
            (Self::Version, _) => (
                value.as_str().and_then(version).map(Json::from),
                "a version such as 3 or \"v3\" (names such as \"latest\" are aliases)",
            ),
        };
        read.ok_or_else(|| BadFilter::Operand { at: at.to_string(), wanted, found: described(value) })
    }

    /// What a regular expression is asked of, if the value is something to be searched.
    pub(super) fn text(self, value: &Json) -> Option<Cow<'_, str>> {
        match (self, value) {
            (_, Json::String(text)) => Some(Cow::Borrowed(text)),
            (Self::Version, Json::Number(number)) => Some(Cow::Owned(format!("v{number}"))),
            _ => None,
        }
    }
}

fn version(text: &str) -> Option<u64> {
    let digits = text.strip_prefix(['v', 'V']).unwrap_or(text);
    digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The field that a name stands for; `at` says where the name is.
pub(in super::super) fn named<F: Field>(name: &str, at: &impl Display) -> Result<F, BadFilter> {
    let bad = |why| BadFilter::Name { at: at.to_string(), name: format!("{:?}", short(name)), why };
    if name.is_empty() {
        return Err(bad("it is empty"));
    }
    if name.starts_with('$') {
        return Err(bad("names do not begin with $"));
    }
    if name.len() > MAX_NAME || name.split('.').count() > MAX_PARTS {
        return Err(bad("it is longer than 1024 bytes or has more than 32 parts between dots"));
    }
    F::named(name).ok_or_else(|| BadFilter::UnknownField {
        at: at.to_string(),
        name: format!("{:?}", short(name)),
        things: F::THINGS,
        known: F::NAMES.join(", "),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_take_the_form_of_the_facts() {
        for (kind, written, form) in [
            (Kind::Plain, json!({"a": [1]}), Some(json!({"a": [1]}))),
            (Kind::Time, json!("2026-01-02"), Some(json!("2026-01-02T00:00:00.000000Z"))),
            (Kind::Time, json!(null), Some(json!(null))),
            (Kind::Time, json!("soon"), None),
            (Kind::Time, json!(5), None),
            (Kind::Name, json!("Wandb-Registry-ÄB"), Some(json!("wandb-registry-äb"))),
            (Kind::Name, json!(5), None),
            (Kind::Version, json!(3), Some(json!(3))),
            (Kind::Version, json!(2.5), Some(json!(2.5))),
            (Kind::Version, json!("3"), Some(json!(3))),
            (Kind::Version, json!("v3"), Some(json!(3))),
            (Kind::Version, json!("V03"), Some(json!(3))),
            (Kind::Version, json!("v+3"), None),
            (Kind::Version, json!("v"), None),
            (Kind::Version, json!("latest"), None),
            (Kind::Version, json!("v99999999999999999999"), None),
            (Kind::Version, json!([3]), None),
        ] {
            assert_eq!(kind.operand(&written, &"x").ok(), form, "{kind:?} {written}");
        }
    }
}
