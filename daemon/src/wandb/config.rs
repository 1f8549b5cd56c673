//! The config of a run as W&B's clients write it: each value wrapped in
//! `{"value": …}`, and beside the user's keys one of the client's own, `_wandb`.

use pannier_proto::summary::{Definition, Shown};
use serde_json::{Map, Value as Json, json};

/// The client's own key: telemetry, `define_metric` rules, facts about machines.
pub const INTERNAL: &str = "_wandb";

/// A config, taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// What the user set.
    pub values: Map<String, Json>,
    /// The client's own.
    pub internal: Option<Map<String, Json>>,
}

/// Takes a config apart. A value that is not wrapped, as scripts of the public
/// API may send, is taken as it is.
#[must_use]
pub fn decode(config: Map<String, Json>) -> Config {
    let mut decoded = Config::default();
    for (key, value) in config {
        let value = match value {
            Json::Object(mut wrapped) if wrapped.contains_key("value") => {
                wrapped.remove("value").unwrap_or_default()
            }
            value => value,
        };
        match value {
            Json::Object(internal) if key == INTERNAL => decoded.internal = Some(internal),
            value => drop(decoded.values.insert(key, value)),
        }
    }
    decoded
}

/// Puts a config together, as JSON text.
#[must_use]
pub fn encode(values: &Map<String, Json>, internal: Option<&Json>) -> String {
    let wrapped = |value: &Json| json!({ "desc": null, "value": value });
    let mut config: Map<_, _> = values.iter().map(|(key, value)| (key.clone(), wrapped(value))).collect();
    config.extend(internal.map(|internal| (INTERNAL.to_owned(), wrapped(internal))));
    Json::Object(config).to_string()
}

/// The `define_metric` rules: objects with the numbers of a protocol buffer's
/// fields as keys, in the order in which the step metrics are referred to.
#[must_use]
pub fn definitions(internal: &Map<String, Json>) -> Vec<Definition> {
    let rules = internal.get("m").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let name = |rule: &Json| {
        let name = rule.get("1").or_else(|| rule.get("2"));
        name.and_then(Json::as_str).map(str::to_owned)
    };
    let has = |rule: &Json, field: &str, flag: u64| {
        let flags = rule.get(field).and_then(Json::as_array);
        flags.is_some_and(|flags| flags.iter().any(|set| set.as_u64() == Some(flag)))
    };
    let read = |rule: &Json| {
        let step = rule.get("5").and_then(Json::as_u64).and_then(|index| index.checked_sub(1));
        let step = step.and_then(|index| rules.get(usize::try_from(index).ok()?)).and_then(name);
        Some(Definition {
            name: name(rule)?,
            step_metric: rule.get("4").and_then(Json::as_str).map(str::to_owned).or(step),
            shown: Shown {
                min: has(rule, "7", 1),
                max: has(rule, "7", 2),
                mean: has(rule, "7", 3),
                best: has(rule, "7", 4),
                last: has(rule, "7", 5),
                none: has(rule, "7", 6),
            },
            maximize: rule.get("8").and_then(Json::as_u64) == Some(2),
            hidden: has(rule, "6", 2),
        })
    };
    rules.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_is_taken_apart_and_put_together() {
        let sent = json!({"lr": {"value": 0.1}, "opt": {"value": {"name": "a"}}, "raw": 3, "_wandb": {"value": {"t": {}}}});
        let config = decode(sent.as_object().unwrap().clone());
        assert_eq!(Json::Object(config.values.clone()), json!({"lr": 0.1, "opt": {"name": "a"}, "raw": 3}));
        let internal = config.internal.map(Json::Object);
        assert_eq!(internal, Some(json!({"t": {}})));
        let again: Json = serde_json::from_str(&encode(&config.values, internal.as_ref())).unwrap();
        assert_eq!(again["opt"]["value"]["name"], "a");
        assert_eq!(again["_wandb"]["value"], json!({"t": {}}));
    }

    #[test]
    fn rules_name_their_step_metrics() {
        let internal = json!({"m": [{"1": "epoch", "6": [3]}, {"2": "val/*", "5": 1, "6": [1, 3]}, {"1": "acc", "7": [2], "6": [2, 3]}]});
        let rules = definitions(internal.as_object().unwrap());
        assert_eq!(rules.len(), 3);
        assert_eq!((rules[1].name.as_str(), rules[1].step_metric.as_deref()), ("val/*", Some("epoch")));
        assert!(rules[2].shown.max && !rules[2].shown.min && rules[2].hidden);
        assert_eq!(definitions(&Map::new()), []);
    }
}
