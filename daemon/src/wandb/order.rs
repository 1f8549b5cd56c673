//! The order that a client of the W&B public API asks for: `+created_at`,
//! `-summary_metrics.loss`, or several of them between commas. It must not know
//! what is sorted; who sorts adds a last key that differs for each.

use std::cmp::Ordering;

use super::filter::{BadFilter, Facts, Field, named, sorted};

/// How many keys an order may have.
const MAX_KEYS: usize = 16;

/// An order that was understood. Without keys all things are equal in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order<F> {
    /// What decides first comes first.
    pub keys: Vec<Key<F>>,
}

/// A field to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key<F> {
    /// The field.
    pub field: F,
    /// Whether the largest value comes first.
    pub descending: bool,
}

impl<F: Field> Order<F> {
    /// Reads an order: names between commas, each with `+` (or nothing) for
    /// ascending or `-` for descending before it. Empty text has no keys.
    ///
    /// # Errors
    /// Where a name is missing or cannot name a field, or there are too many.
    pub fn parse(text: &str) -> Result<Self, BadFilter> {
        let mut keys = Vec::new();
        if text.trim().is_empty() {
            return Ok(Self { keys });
        }
        for (index, part) in text.split(',').enumerate() {
            if index == MAX_KEYS {
                return Err(BadFilter::TooMany { what: "keys to sort by", limit: MAX_KEYS });
            }
            keys.push(Key::parse(part)?);
        }
        Ok(Self { keys })
    }

    /// The fields that `compare` will ask for.
    pub fn fields(&self) -> impl Iterator<Item = &F> {
        self.keys.iter().map(|key| &key.field)
    }

    /// Which of two things comes first: numbers before texts before others, and whatever has no
    /// value last, in both directions.
    #[must_use]
    pub fn compare<T: Facts<F> + ?Sized>(&self, a: &T, b: &T) -> Ordering {
        let by_key =
            |key: &Key<F>| sorted(a.get(&key.field).as_deref(), b.get(&key.field).as_deref(), key.descending);
        self.keys.iter().map(by_key).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl<F: Field> Key<F> {
    fn parse(text: &str) -> Result<Self, BadFilter> {
        let text = text.trim();
        let (descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        Ok(Self { field: named(name, &"the order")?, descending })
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::{Value as Json, json};

    use super::super::filter::Path;
    use super::super::run_field::RunField;
    use super::*;

    fn key(field: RunField, descending: bool) -> Key<RunField> {
        Key { field, descending }
    }

    #[test]
    fn orders_are_read() {
        let loss = RunField::Summary(Path::new("val/loss"));
        let lr = RunField::Config(Path::in_config("lr.value"));
        for (text, expected) in [
            ("+created_at", vec![key(RunField::CreatedAt, false)]),
            ("created_at", vec![key(RunField::CreatedAt, false)]),
            ("-createdAt", vec![key(RunField::CreatedAt, true)]),
            ("-summary_metrics.val/loss", vec![key(loss.clone(), true)]),
            ("config.lr.value", vec![key(lr.clone(), false)]),
            (
                "-summary.val/loss, +config.lr.value,name",
                vec![key(loss, true), key(lr, false), key(RunField::Id, false)],
            ),
            ("", vec![]),
            ("  ", vec![]),
        ] {
            assert_eq!(Order::<RunField>::parse(text).unwrap().keys, expected, "{text}");
        }
    }

    #[test]
    fn orders_that_cannot_be_say_why() {
        for (text, why) in [
            ("-", "empty"),
            ("a,,b", "empty"),
            ("+$gt", "begin with $"),
            (&"a,".repeat(50), "more than 16 keys"),
            (&"a.".repeat(5000), "more than 32 parts"),
        ] {
            let message = Order::<RunField>::parse(text).unwrap_err().to_string();
            assert!(message.contains(why) && message.len() < 300, "{message}");
        }
    }

    struct Row(Json);

    impl Facts<RunField> for Row {
        fn get(&self, field: &RunField) -> Option<Cow<'_, Json>> {
            let map = self.0.as_object()?;
            match field {
                RunField::Id => map.get("id").map(Cow::Borrowed),
                RunField::Summary(path) => path.find(map).map(Cow::Borrowed),
                _ => None,
            }
        }
    }

    #[test]
    fn what_has_no_value_comes_last_both_ways() {
        let mut rows: Vec<_> = [
            json!({"id": "a", "loss": 2}),
            json!({"id": "b", "loss": "NaN"}),
            json!({"id": "c"}),
            json!({"id": "d", "loss": "Infinity"}),
            json!({"id": "e", "loss": 0.5}),
            json!({"id": "f", "loss": 2.0}),
            json!({"id": "g", "loss": null}),
            json!({"id": "h", "loss": "diverged"}),
        ]
        .into_iter()
        .map(Row)
        .collect();
        for (text, expected) in [
            ("+summary.loss,-name", "efadbhgc"),
            ("-summary.loss,+name", "dafebhcg"),
            ("-name", "hgfedcba"),
            ("+host,name", "abcdefgh"),
        ] {
            let order = Order::<RunField>::parse(text).unwrap();
            rows.sort_by(|a, b| order.compare(a, b));
            let ids: String = rows.iter().map(|row| row.0["id"].as_str().unwrap()).collect();
            assert_eq!(ids, expected, "{text}");
        }
    }
}
