//! Values of a `.wandb` file, which are JSON as Go or Python writes it. Numbers
//! are most of them, and read without a parser.

use pannier_proto::value::Value;
use serde_json::Value as Json;

use crate::wandb::json::parse;

/// How deep a value of a config or a summary may be, so that what is made of it is
/// read back: parsers end at 128.
const DEPTH_MAX: usize = 64;

/// A number or a truth value as a cell; `None`: ask the parser.
#[must_use]
pub fn cell(text: &str) -> Option<Value> {
    match text.as_bytes() {
        b"NaN" => Some(Value::F64(f64::NAN)),
        b"Infinity" => Some(Value::F64(f64::INFINITY)),
        b"-Infinity" => Some(Value::F64(f64::NEG_INFINITY)),
        b"true" => Some(Value::Bool(true)),
        b"false" => Some(Value::Bool(false)),
        [b'0'..=b'9' | b'-', rest @ ..] => {
            let whole = rest.iter().all(u8::is_ascii_digit);
            match text.parse().ok().filter(|_| whole && !text.starts_with("-0")) {
                Some(number) => Some(Value::I64(number)),
                None => text.parse().ok().filter(|_| rest.last() != Some(&b'.')).map(Value::F64),
            }
        }
        _ => None,
    }
}

/// Any value; `None`: it cannot be read, or is deeper than what is kept.
#[must_use]
pub fn json(text: &str) -> Option<Json> {
    let parsed = || parse(text).ok().filter(|value| is_within(value, DEPTH_MAX));
    cell(text).map(|value| value.to_json()).or_else(parsed)
}

/// Whether no more lists and objects are in each other.
fn is_within(value: &Json, depth: usize) -> bool {
    let below = |value: &Json| is_within(value, depth - 1);
    match value {
        Json::Array(items) => depth > 0 && items.iter().all(below),
        Json::Object(map) => depth > 0 && map.values().all(below),
        _ => true,
    }
}

/// A float without a fraction as an integer, where it is one exactly.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::float_cmp, reason = "within what a float counts exactly")]
pub fn whole(number: f64) -> Option<i64> {
    let exact =
        number.trunc() == number && number.abs() < 1e15 && !(number == 0.0 && number.is_sign_negative());
    exact.then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_what_the_parser_says() {
        let texts = ["0", "-1", "1.5", "1e300", "-2.5e-3", "9223372036854775807", "9223372036854775808"];
        for text in
            texts.into_iter().chain(["1.1805916207174113e+21", "NaN", "Infinity", "-Infinity", "true", "-0"])
        {
            let parsed = Value::from_json(&parse(text).unwrap());
            let (cell, parsed) = (format!("{:?}", cell(text).unwrap()), format!("{parsed:?}"));
            assert_eq!(cell, parsed, "{text}");
        }
        for text in ["\"a\"", "null", "[1]", "{}", "", "+1", "1.", "- 1", "--1", "-"] {
            assert_eq!(cell(text), None, "{text}");
        }
        let lists = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(json(&lists(DEPTH_MAX)).is_some() && json(&lists(DEPTH_MAX + 1)).is_none());
        assert_eq!((whole(4.0), whole(0.5), whole(1e300), whole(f64::NAN)), (Some(4), None, None, None));
    }
}
