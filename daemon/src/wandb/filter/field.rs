//! The names of what can be asked and sorted by: their spellings, and where a
//! dotted name leads in a config, a summary or metadata. It must not know operators.

use serde_json::{Map, Value as Json};

/// The longest name, in bytes, and the most parts between dots. Looking a name
/// up costs at most as many steps as it has parts, for each level that exists.
const MAX_NAME: usize = 1024;
const MAX_PARTS: usize = 32;

/// What names stand for depends on what is searched: `name` is a run's id, but
/// an artifact collection's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vocabulary {
    /// `api.runs`.
    Runs,
    /// Registries, collections, and versions.
    Artifacts,
}

/// A field, whatever its spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `id`; for runs also `name`.
    Id,
    /// `display_name`, `displayName`; for artifacts `name`.
    Name,
    /// `state`.
    State,
    /// `tags`, `tag`: a list of texts.
    Tags,
    /// `group`.
    Group,
    /// `jobType`, `job_type`.
    JobType,
    /// `username`, `user`.
    User,
    /// `created_at`, `createdAt`.
    CreatedAt,
    /// `heartbeat_at`, `heartbeatAt`.
    HeartbeatAt,
    /// `updated_at`, `updatedAt`.
    UpdatedAt,
    /// `notes`, `description`.
    Notes,
    /// `sweep`.
    Sweep,
    /// `duration`, in seconds.
    Duration,
    /// `config.…`.
    Config(Path),
    /// `summary_metrics.…`, `summaryMetrics.…`, `summary.…`.
    Summary(Path),
    /// `metadata.…`.
    Metadata(Path),
    /// Any other name, as it was written.
    Other(String),
}

impl Field {
    /// The field that a name stands for, or what is wrong with the name.
    ///
    /// # Errors
    /// Where the name is empty, too long, or looks like an operator.
    pub fn parse(name: &str, vocabulary: Vocabulary) -> Result<Self, &'static str> {
        if name.is_empty() {
            return Err("it is empty");
        }
        if name.starts_with('$') {
            return Err("names do not begin with $");
        }
        if name.len() > MAX_NAME || name.split('.').count() > MAX_PARTS {
            return Err("it is longer than 1024 bytes or has more than 32 parts between dots");
        }
        Ok(match name {
            "name" if vocabulary == Vocabulary::Artifacts => Self::Name,
            "id" | "name" => Self::Id,
            "display_name" | "displayName" => Self::Name,
            "state" => Self::State,
            "tags" | "tag" => Self::Tags,
            "group" => Self::Group,
            "jobType" | "job_type" => Self::JobType,
            "username" | "user" => Self::User,
            "created_at" | "createdAt" => Self::CreatedAt,
            "heartbeat_at" | "heartbeatAt" => Self::HeartbeatAt,
            "updated_at" | "updatedAt" => Self::UpdatedAt,
            "notes" | "description" => Self::Notes,
            "sweep" => Self::Sweep,
            "duration" => Self::Duration,
            other => Self::dotted(other),
        })
    }

    fn dotted(name: &str) -> Self {
        match name.split_once('.') {
            Some((_, "")) | None => Self::Other(name.to_owned()),
            Some(("config", path)) => Self::Config(Path::in_config(path)),
            Some(("summary_metrics" | "summaryMetrics" | "summary", path)) => Self::Summary(Path::new(path)),
            Some(("metadata", path)) => Self::Metadata(Path::new(path)),
            Some(_) => Self::Other(name.to_owned()),
        }
    }

    /// Whether the values are times, which are compared as such however they are written.
    #[must_use]
    pub fn is_date(&self) -> bool {
        matches!(self, Self::CreatedAt | Self::HeartbeatAt | Self::UpdatedAt)
    }
}

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
    fn spellings_of_one_field_are_one_field() {
        for (names, field) in [
            (&["name", "id"][..], Field::Id),
            (&["display_name", "displayName"], Field::Name),
            (&["jobType", "job_type"], Field::JobType),
            (&["username", "user"], Field::User),
            (&["created_at", "createdAt"], Field::CreatedAt),
            (&["heartbeat_at", "heartbeatAt"], Field::HeartbeatAt),
            (&["updated_at", "updatedAt"], Field::UpdatedAt),
            (&["notes", "description"], Field::Notes),
            (&["summary_metrics.a", "summaryMetrics.a", "summary.a"], Field::Summary(Path::new("a"))),
            (&["config.a"], Field::Config(Path::in_config("a"))),
            (&["metadata.a.b"], Field::Metadata(Path::new("a.b"))),
            (&["host"], Field::Other("host".into())),
            (&["config."], Field::Other("config.".into())),
        ] {
            for name in names {
                assert_eq!(Field::parse(name, Vocabulary::Runs).as_ref(), Ok(&field), "{name}");
            }
        }
        assert_eq!(Field::parse("name", Vocabulary::Artifacts), Ok(Field::Name));
    }

    #[test]
    fn names_that_cannot_be() {
        for name in ["", "$gt", &"a".repeat(2000), &"a.".repeat(100)] {
            assert!(Field::parse(name, Vocabulary::Runs).is_err(), "{name}");
        }
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
