//! Of a JSON object only the entries that somebody wants. It must not know what is
//! in them, nor why they are wanted.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value as Json};

/// The entries of a JSON object in which one of these dotted paths begins. The
/// rest is passed over, not built: of ten thousand configs a filter looks at two
/// keys each. What is no object has none.
#[must_use]
pub fn entries<P: AsRef<str>>(text: &str, wanted: &[P]) -> Map<String, Json> {
    let mut json = serde_json::Deserializer::from_str(text);
    Entries(wanted).deserialize(&mut json).unwrap_or_default()
}

struct Entries<'a, P>(&'a [P]);

impl<'de, P: AsRef<str>> DeserializeSeed<'de> for Entries<'_, P> {
    type Value = Map<String, Json>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, P: AsRef<str>> Visitor<'de> for Entries<'_, P> {
    type Value = Map<String, Json>;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let mut found = Map::new();
        while let Some(key) = from.next_key::<Cow<str>>()? {
            let begins = |path: &P| {
                path.as_ref().strip_prefix(&*key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            if self.0.iter().any(begins) {
                found.insert(key.into_owned(), from.next_value()?);
            } else {
                from.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_path_begins_with_is_built() {
        let text = r#"{"a":1,"a.b":{"c":2},"ab":3,"a\u0062":4,"d":{"e":[5]},"f":"x"}"#;
        let found = |paths: &[&str]| Json::Object(entries(text, paths)).to_string();
        assert_eq!(found(&["a.b.c"]), r#"{"a":1,"a.b":{"c":2}}"#);
        assert_eq!(found(&["d.e", "f"]), r#"{"d":{"e":[5]},"f":"x"}"#);
        assert_eq!(found(&["ab"]), r#"{"ab":4}"#);
        assert_eq!(found(&[]), "{}");
        assert_eq!(Json::Object(entries("null", &["a"])).to_string(), "{}");
    }
}
