//! The `upsertBucket` mutation: how a run begins and how it is changed. core
//! sends it at a run's start, when names, tags or config change, and at the end;
//! py sends it for `run.update()`, `summary.update()` and `Api.create_run`.

use pannier_proto::record::RunFields;
use serde_json::{Map, Value as Json};

/// What is to change; an absent field stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Upsert {
    /// Names, notes, tags.
    pub fields: RunFields,
    /// The whole config, wrapped as W&B does.
    pub config: Option<Map<String, Json>>,
    /// The whole summary.
    pub summary: Option<Map<String, Json>>,
    /// Facts about the machine and the program, under our names for them.
    pub metadata: Map<String, Json>,
    /// Who sends it.
    pub by: Sender,
    /// A state that somebody sets.
    pub state: Option<String>,
    /// When the life that may begin with it began, if not now.
    pub begun_us: Option<i64>,
}

/// Who sends an upsert.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sender {
    /// A program that is writing the run.
    #[default]
    Program,
    /// Somebody who edits it from outside.
    Editor,
}

/// The metadata key that keeps the client's own part of the config.
pub const INTERNAL_METADATA: &str = "wandb";

/// The point of another run that a run begins from, where its client says so
/// (`fork_from=`): `_wandb.branch_point` of the config.
#[must_use]
pub fn branch_point(internal: &Map<String, Json>) -> Option<(String, i64)> {
    let point = internal.get("branch_point")?;
    let step = point.get("step")?;
    #[expect(clippy::cast_possible_truncation, reason = "a float to an integer saturates")]
    let step = step.as_i64().or_else(|| step.as_f64().map(|step| step as i64))?;
    Some((point.get("run_id")?.as_str()?.to_owned(), step))
}

/// The records that bring a config from what it is to what it should be. Nested
/// objects are merged key by key when they are recorded, so one that loses keys
/// is removed first. With `whole`, keys that are no longer there are removed.
#[must_use]
pub fn config_changes(
    now: &Map<String, Json>,
    wanted: &Map<String, Json>,
    whole: bool,
) -> (Vec<String>, Map<String, Json>) {
    let changed = wanted.iter().filter(|(key, value)| now.get(*key) != Some(value));
    let set: Map<_, _> = changed.map(|(key, value)| (key.clone(), value.clone())).collect();
    let shrinks = |key: &String| matches!((now.get(key), set.get(key)), (Some(Json::Object(_)), Some(_)));
    let gone = |key: &String| whole && !wanted.contains_key(key);
    let remove = now.keys().filter(|key| shrinks(key) || gone(key)).cloned().collect();
    (remove, set)
}

/// The entries of a summary that changed, and those that are gone. What begins
/// with `_` is the client's own and never goes.
#[must_use]
pub fn summary_changes(
    now: &Map<String, Json>,
    wanted: &Map<String, Json>,
    whole: bool,
) -> (Vec<String>, Map<String, Json>) {
    let same = |key: &str, value: &Json| {
        now.get(key)
            .is_some_and(|known| known == value || (known.is_number() && known.as_f64() == value.as_f64()))
    };
    let changed = wanted.iter().filter(|(key, value)| !same(key, value));
    let set: Map<_, _> = changed.map(|(key, value)| (key.clone(), value.clone())).collect();
    let nested = |key: &str| key.split('.').next().is_some_and(|first| set.contains_key(first));
    let gone = |key: &&String| whole && !wanted.contains_key(*key) && !key.starts_with('_') && !nested(key);
    (now.keys().filter(gone).cloned().collect(), set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(json: Json) -> Map<String, Json> {
        let Json::Object(map) = json else { panic!("an object") };
        map
    }

    #[test]
    fn only_what_differs_is_recorded() {
        let now = map(json!({"a": 1, "b": {"c": 1, "d": 2}, "gone": 0}));
        let wanted = map(json!({"a": 1, "b": {"c": 1}, "new": [1]}));
        let (remove, set) = config_changes(&now, &wanted, true);
        assert_eq!(
            (remove, Json::Object(set)),
            (vec!["b".into(), "gone".into()], json!({"b": {"c": 1}, "new": [1]}))
        );
        assert_eq!(config_changes(&now, &wanted, false).0, ["b"]);
        let now = map(json!({"loss": 1.0, "x": 1, "n.a": 3, "_runtime": 5}));
        let (remove, set) = summary_changes(&now, &map(json!({"loss": 1, "n": {"a": 3}})), true);
        assert_eq!((remove, Json::Object(set)), (vec!["x".into()], json!({"n": {"a": 3}})));
    }

    #[test]
    fn branches_are_found() {
        let internal = map(json!({"branch_point": {"run_id": "r", "step": 5.0}}));
        assert_eq!(branch_point(&internal), Some(("r".into(), 5)));
        assert_eq!(branch_point(&map(json!({"branch_point": {}}))), None);
    }
}
