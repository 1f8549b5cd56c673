//! Rows as W&B's clients read them: a line of JSON each, or a JSON value.

use pannier_proto::record::{Row, Table};
use pannier_proto::value::{Value, float_to_json};
use serde_json::{Map, Value as Json};

use super::time;

/// The key of the seconds since a run's start, which our own client does not log.
const RUNTIME: &str = "_runtime";

/// Appends a row as one JSON object, with bare `NaN` and infinities: what goes
/// inside a string. `begun_us`: when the run began.
pub fn write_line(row: &Row, begun_us: i64, out: &mut String) {
    out.push('{');
    if row.table == Table::History {
        out.push_str("\"_step\":");
        out.push_str(&row.step.to_string());
        out.push(',');
    } else {
        out.push_str("\"_wandb\":true,");
    }
    if !has_runtime(row) {
        out.push_str("\"_runtime\":");
        write_float(runtime(row, begun_us), out);
        out.push(',');
    }
    out.push_str("\"_timestamp\":");
    write_float(time::to_seconds(row.time_us), out);
    for (key, value) in &row.cells {
        out.push(',');
        write_text(key, out);
        out.push(':');
        match value {
            Value::F64(x) => write_float(*x, out),
            Value::I64(x) => out.push_str(&x.to_string()),
            Value::Bool(x) => out.push_str(if *x { "true" } else { "false" }),
            Value::Text(text) => write_text(text, out),
            // It was JSON when it was recorded.
            Value::Json(text) => out.push_str(text),
        }
    }
    out.push('}');
}

/// A row as a JSON value, with W&B's strings for what JSON cannot say.
#[must_use]
pub fn to_json(row: &Row, begun_us: i64, wanted: impl Fn(&str) -> bool) -> Json {
    let mut map = Map::new();
    let own = [
        ("_step", Json::from(row.step)),
        ("_timestamp", float_to_json(time::to_seconds(row.time_us))),
        (RUNTIME, float_to_json(runtime(row, begun_us))),
    ];
    map.extend(own.into_iter().filter(|(key, _)| wanted(key)).map(|(key, value)| (key.to_owned(), value)));
    let cells = row.cells.iter().filter(|(key, _)| wanted(key));
    map.extend(cells.map(|(key, value)| (key.clone(), value.to_json())));
    Json::Object(map)
}

/// Whether a row has this key, the client's own included.
#[must_use]
pub fn has(row: &Row, key: &str) -> bool {
    ["_step", "_timestamp", RUNTIME].contains(&key) || row.cells.iter().any(|(known, _)| known == key)
}

fn has_runtime(row: &Row) -> bool {
    row.cells.iter().any(|(key, _)| key == RUNTIME)
}

fn runtime(row: &Row, begun_us: i64) -> f64 {
    time::to_seconds(row.time_us.saturating_sub(begun_us).max(0))
}

fn write_float(x: f64, out: &mut String) {
    match float_to_json(x) {
        Json::String(word) => out.push_str(&word),
        number => out.push_str(&number.to_string()),
    }
}

fn write_text(text: &str, out: &mut String) {
    // A string cannot fail to be one in JSON.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_line_and_a_value() {
        let cells = vec![
            ("a\"b".to_owned(), Value::F64(f64::NEG_INFINITY)),
            ("x".to_owned(), Value::F64(0.1)),
            ("j".to_owned(), Value::Json("[1,{}]".into())),
            ("t".to_owned(), Value::Text("é\n".into())),
            ("n".to_owned(), Value::I64(-1)),
            ("b".to_owned(), Value::Bool(true)),
        ];
        let row = Row { table: Table::History, step: 3, time_us: 2_500_000, cells };
        let mut line = String::new();
        write_line(&row, 2_000_000, &mut line);
        let expected = r#"{"_step":3,"_runtime":0.5,"_timestamp":2.5,"a\"b":-Infinity,"x":0.1,"j":[1,{}],"t":"é\n","n":-1,"b":true}"#;
        assert_eq!(line, expected);
        let value = to_json(&row, 2_000_000, |key| key != "x");
        assert_eq!(value["a\"b"], "-Infinity");
        assert!(value.get("x").is_none() && value["_runtime"] == 0.5);
        assert!(has(&row, "_step") && has(&row, "x") && !has(&row, "y"));
    }
}
