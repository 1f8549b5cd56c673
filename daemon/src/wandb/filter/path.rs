//! Where a dotted name leads in a config, a summary or metadata. It must not know
//! operators, nor which fields there are.

use serde_json::{Map, Value as Json};

/// A dotted name inside a config, a summary or metadata. Keys may contain dots
/// themselves: `acc.max` finds the key `acc.max` as well as `max` in `acc`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    written: String,
    /// The name without the part `value` that W&B puts after a config key, if it has one.
    unwrapped: Option<String>,
}

impl Path {
    /// A name that means just what it says.
    #[must_use]
    pub fn new(written: &str) -> Self {
        Self { written: written.to_owned(), unwrapped: None }
    }

    /// A name in a config, where `lr.value` also means `lr`, and `opt.value.name`
    /// also `opt.name`. A key that is really called `value` goes first.
    #[must_use]
    pub fn in_config(written: &str) -> Self {
        let parts: Vec<_> = written.split('.').collect();
        let wrapper = parts.iter().skip(1).position(|part| *part == "value");
        let unwrapped = wrapper.map(|at| {
            let (before, after) = parts.split_at(at + 1);
            [before, &after[1..]].concat().join(".")
        });
        Self { written: written.to_owned(), unwrapped }
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// What the name leads to in a map whose values are plain (a config without
    /// W&B's `{"value": …}` wrappers). Of several ways, the one with the longest keys
    /// goes first; a number also counts into a list.
    #[must_use]
    pub fn find<'a>(&self, map: &'a Map<String, Json>) -> Option<&'a Json> {
        find_in(map, &self.written).or_else(|| find_in(map, self.unwrapped.as_deref()?))
    }
}

fn find_in<'a>(map: &'a Map<String, Json>, path: &str) -> Option<&'a Json> {
    if let Some(found) = map.get(path) {
        return Some(found);
    }
    path.rmatch_indices('.').find_map(|(dot, _)| below(map.get(&path[..dot])?, &path[dot + 1..]))
}

fn below<'a>(value: &'a Json, path: &str) -> Option<&'a Json> {
    match value {
        Json::Object(map) => find_in(map, path),
        Json::Array(items) => {
            let (index, rest) =
                path.split_once('.').map_or((path, None), |(index, rest)| (index, Some(rest)));
            let item = items.get(index.parse::<usize>().ok()?)?;
            rest.map_or(Some(item), |rest| below(item, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn find(path: &Path, document: &Json) -> Option<Json> {
        path.find(document.as_object().unwrap()).cloned()
    }

    #[test]
    fn keys_with_dots_are_found_beside_nested_ones() {
        let summary = json!({
            "val/loss": 1, "acc": {"max": 2, "a.b": 3}, "acc.min": 4, "x.y": {"z": 5}, "x": {"y.z": 6, "only": 7},
            "list": [10, {"k": 11}],
        });
        for (path, expected) in [
            ("val/loss", Some(json!(1))),
            ("acc.max", Some(json!(2))),
            ("acc.a.b", Some(json!(3))),
            ("acc.min", Some(json!(4))),
            ("x.y.z", Some(json!(5))),
            ("x.only", Some(json!(7))),
            ("list.0", Some(json!(10))),
            ("list.1.k", Some(json!(11))),
            ("list.2", None),
            ("list.k", None),
            ("acc.none", None),
            ("val/loss.x", None),
            ("..", None),
        ] {
            assert_eq!(find(&Path::new(path), &summary), expected, "{path}");
        }
    }

    #[test]
    fn a_way_that_ends_blind_is_left_for_the_next() {
        let summary = json!({"a.b": {"other": 1}, "a": {"b": {"c": 2}}});
        assert_eq!(find(&Path::new("a.b.c"), &summary), Some(json!(2)));
    }

    #[test]
    fn the_value_part_of_config_names_is_optional() {
        let config = json!({
            "lr": 0.1, "opt": {"name": "adam"}, "a.b": 3, "value": 4, "wrapped": {"value": 5}, "deep": {"value": {"value": 6}},
        });
        for (path, expected) in [
            ("lr", Some(json!(0.1))),
            ("lr.value", Some(json!(0.1))),
            ("opt.name", Some(json!("adam"))),
            ("opt.value.name", Some(json!("adam"))),
            ("opt.name.value", Some(json!("adam"))),
            ("a.b.value", Some(json!(3))),
            ("value", Some(json!(4))),
            ("value.value", Some(json!(4))),
            ("wrapped.value", Some(json!(5))),
            ("deep.value.value", Some(json!(6))),
            ("values", None),
            ("lr.values", None),
        ] {
            assert_eq!(find(&Path::in_config(path), &config), expected, "{path}");
        }
        assert_eq!(find(&Path::new("lr.value"), &config), None);
    }
}
