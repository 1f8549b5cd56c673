//! How two JSON values compare: for a filter, where values of two kinds do not,
//! and for an order, where everything has its place. It must not know fields or operators.

use std::cmp::Ordering;

use serde_json::{Number, Value as Json};

/// A number without rounding: integers stay integers, so that two large ones
/// that a float cannot tell apart are still two.
#[derive(Clone, Copy)]
enum Num {
    Int(i128),
    Float(f64),
}

impl Num {
    /// The number that a value is, the texts for what JSON cannot say included.
    fn of(value: &Json) -> Option<Self> {
        match value {
            Json::Number(number) => Self::of_number(number),
            Json::String(text) => match text.as_str() {
                "NaN" => Some(Self::Float(f64::NAN)),
                "Infinity" => Some(Self::Float(f64::INFINITY)),
                "-Infinity" => Some(Self::Float(f64::NEG_INFINITY)),
                _ => None,
            },
            _ => None,
        }
    }

    fn of_number(number: &Number) -> Option<Self> {
        let int = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        int.map(Self::Int).or_else(|| number.as_f64().map(Self::Float))
    }

    fn is_nan(self) -> bool {
        matches!(self, Self::Float(float) if float.is_nan())
    }

    /// `None` where one of them is NaN.
    fn compared(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b),
            (Self::Int(a), Self::Float(b)) => int_with_float(a, b),
            (Self::Float(a), Self::Int(b)) => int_with_float(b, a).map(Ordering::reverse),
        }
    }
}

fn int_with_float(int: i128, float: f64) -> Option<Ordering> {
    // All integers of JSON lie between -2^63 and 2^64.
    const BEYOND: f64 = 18_446_744_073_709_551_616.0;
    if float.is_nan() {
        return None;
    }
    if float.abs() > BEYOND {
        return Some(if float > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole, and within ±2^64, which an i128 holds")]
    let whole = float.trunc() as i128;
    Some(int.cmp(&whole).then(0.0_f64.partial_cmp(&float.fract())?))
}

/// Whether two values are equal; `1` and `1.0` are, wherever they stand.
pub(super) fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(x), Json::Number(y)) => match (Num::of_number(x), Num::of_number(y)) {
            (Some(x), Some(y)) => x.compared(y) == Some(Ordering::Equal),
            _ => false,
        },
        (Json::Array(x), Json::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Json::Object(x), Json::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(key, x)| y.get(key).is_some_and(|y| same(x, y)))
        }
        _ => a == b,
    }
}

/// How two values of one kind (numbers, texts, or true/false) compare; `None`
/// where they are of two kinds or one is NaN.
pub(super) fn compared(a: &Json, b: &Json) -> Option<Ordering> {
    if let (Some(a), Some(b)) = (Num::of(a), Num::of(b)) {
        return a.compared(b);
    }
    match (a, b) {
        (Json::String(a), Json::String(b)) => Some(a.cmp(b)),
        (Json::Bool(a), Json::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Places values for sorting: numbers, then NaN, texts, false and true, lists and
/// objects, and at last null and missing ones. `descending` turns the values
/// of a kind around but leaves the kinds in this order: whoever asks for the largest
/// loss wants a number first, not the runs without one.
pub(crate) fn sorted(a: Option<&Json>, b: Option<&Json>, descending: bool) -> Ordering {
    let by_kind = kind(a).cmp(&kind(b));
    let (Some(a), Some(b)) = (a, b) else { return by_kind };
    by_kind.then_with(|| {
        let order = compared(a, b).unwrap_or_else(|| match (a, b) {
            (Json::Array(_) | Json::Object(_), _) => a.to_string().cmp(&b.to_string()),
            _ => Ordering::Equal,
        });
        if descending { order.reverse() } else { order }
    })
}

fn kind(value: Option<&Json>) -> u8 {
    match value {
        None | Some(Json::Null) => 5,
        Some(value) => match (Num::of(value), value) {
            (Some(number), _) => u8::from(number.is_nan()),
            (None, Json::String(_)) => 2,
            (None, Json::Bool(_)) => 3,
            _ => 4,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_compare_exactly() {
        let big = 9_007_199_254_740_993_i64;
        for (a, b, expected) in [
            (json!(1), json!(1.0), Ordering::Equal),
            (json!(-0.0), json!(0), Ordering::Equal),
            (json!(1), json!(1.5), Ordering::Less),
            (json!(-1), json!(-1.5), Ordering::Greater),
            (json!(big), json!(9_007_199_254_740_992.0), Ordering::Greater),
            (json!(u64::MAX), json!(i64::MIN), Ordering::Greater),
            (json!(u64::MAX), json!(18_446_744_073_709_551_616.0), Ordering::Less),
            (json!(i64::MIN), json!(-1e300), Ordering::Greater),
            (json!(u64::MAX), json!(1e300), Ordering::Less),
            (json!("Infinity"), json!(1e300), Ordering::Greater),
            (json!("-Infinity"), json!(i64::MIN), Ordering::Less),
            (json!("-Infinity"), json!("Infinity"), Ordering::Less),
            (json!("Infinity"), json!("Alpha"), Ordering::Greater),
        ] {
            assert_eq!(compared(&a, &b), Some(expected), "{a} {b}");
            assert_eq!(compared(&b, &a), Some(expected.reverse()), "{b} {a}");
        }
        for (a, b) in [(json!("NaN"), json!(1)), (json!("NaN"), json!("NaN")), (json!("1"), json!(1))] {
            assert_eq!(compared(&a, &b), None, "{a} {b}");
        }
    }

    #[test]
    fn equal_values_may_be_written_differently() {
        assert!(same(&json!({"a": [1, 2.0], "b": null}), &json!({"b": null, "a": [1.0, 2]})));
        assert!(!same(&json!({"a": 1}), &json!({"a": 1, "b": 2})));
        assert!(!same(&json!([1, 2]), &json!([2, 1])));
        assert!(!same(&json!(true), &json!(1)));
        assert!(!same(&json!("1"), &json!(1)));
        assert!(same(&json!("NaN"), &json!("NaN")));
    }

    #[test]
    fn every_pair_of_values_has_one_order() {
        let ascending = [
            Some(json!("-Infinity")),
            Some(json!(-2)),
            Some(json!(0.5)),
            Some(json!(9_007_199_254_740_992.0)),
            Some(json!(9_007_199_254_740_993_i64)),
            Some(json!("Infinity")),
            Some(json!("NaN")),
            Some(json!("")),
            Some(json!("b")),
            Some(json!(false)),
            Some(json!(true)),
            Some(json!([1])),
            Some(json!({"a": 1})),
            None,
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(sorted(a.as_ref(), b.as_ref(), false), i.cmp(&j), "{a:?} {b:?}");
                let within = kind(a.as_ref()) == kind(b.as_ref());
                let expected = if within { j.cmp(&i) } else { i.cmp(&j) };
                assert_eq!(sorted(a.as_ref(), b.as_ref(), true), expected, "{a:?} {b:?}");
            }
        }
        assert_eq!(sorted(None, Some(&Json::Null), true), Ordering::Equal);
    }
}
