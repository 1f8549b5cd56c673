//! Rows of a `.wandb` file: of history, and of host metrics. They become what the
//! lines become that core posts of them.

use pannier_proto::value::Value;
use serde_json::Map;

use super::fields::{BadMessage, Field, Fields};
use super::record::{item, set, time_ns};
use super::value::cell;
use crate::wandb::file_stream::{Row, flatten};
use crate::wandb::{json, time};

/// Reads a history record.
///
/// # Errors
/// For people: what cannot be read.
pub fn history(bytes: &[u8]) -> Result<Row, String> {
    let mut row = Row { step: None, time_us: None, cells: Vec::with_capacity(12) };
    let mut counted = None;
    let mut nested = Map::new();
    let mut keys = Vec::new();
    for field in Fields::of(bytes) {
        match field.map_err(said)? {
            (1, Field::Bytes(bytes)) => {
                let value = item(bytes, &mut keys).map_err(said)?;
                match keys[..] {
                    ["_step"] => row.step = value.parse().ok(),
                    ["_timestamp"] => row.time_us = value.parse().ok().map(time::from_seconds),
                    ["_wandb"] => {}
                    [key] => plain(key, value, &mut row.cells)?,
                    _ => set(&mut nested, &keys, json::parse(value).map_err(|error| error.to_string())?),
                }
            }
            (2, Field::Bytes(step)) => {
                let number = Fields::of(step).flatten().find(|(number, _)| *number == 1);
                counted = Some(number.map_or(0, |(_, number)| number.int()));
            }
            _ => {}
        }
    }
    row.step = row.step.or(counted);
    nested.iter().for_each(|(key, value)| flatten(key, value, &mut row.cells));
    Ok(row)
}

/// Numbers and truth values, which most are, are read where they lie.
fn plain(key: &str, value: &str, cells: &mut Vec<(String, Value)>) -> Result<(), String> {
    match cell(value).filter(|_| !key.contains('\0')) {
        Some(value) => cells.push((key.to_owned(), value)),
        None => flatten(key, &json::parse(value).map_err(|error| error.to_string())?, cells),
    }
    Ok(())
}

fn said(error: BadMessage) -> String {
    error.to_string()
}

/// Reads a record of host metrics; `start_ns`: when the program began.
///
/// # Errors
/// For people: what cannot be read.
#[expect(clippy::cast_precision_loss, reason = "seconds as core has them")]
pub fn stats(bytes: &[u8], start_ns: i64) -> Result<Row, String> {
    let mut row = Row { step: None, time_us: None, cells: Vec::with_capacity(16) };
    let mut keys = Vec::new();
    for field in Fields::of(bytes) {
        match field.map_err(said)? {
            (2, Field::Bytes(bytes)) => {
                let ns = time_ns(bytes).map_err(said)?;
                row.time_us = Some(time::from_seconds(ns as f64 / 1e9));
                let since = ns.saturating_sub(start_ns);
                let seconds = (since / 1_000_000_000) as f64 + (since % 1_000_000_000) as f64 / 1e9;
                row.cells.push(("_runtime".to_owned(), Value::F64(seconds)));
            }
            (3, Field::Bytes(bytes)) => {
                let value = item(bytes, &mut keys).map_err(said)?;
                plain(&format!("system.{}", keys.join(".")), value, &mut row.cells)?;
            }
            _ => {}
        }
    }
    for (_, value) in &mut row.cells {
        // As core writes numbers: without a fraction where there is none.
        if let Value::F64(number) = value
            && let Some(whole) = super::value::whole(*number)
        {
            *value = Value::I64(whole);
        }
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::super::fields::put;
    use super::*;

    fn of(keys: &[&str], value: &str) -> Vec<u8> {
        let keys: Vec<u8> = keys.iter().flat_map(|key| put::bytes(2, key)).collect();
        put::bytes(1, [keys, put::bytes(16, value)].concat())
    }

    #[test]
    fn a_row_is_what_its_line_would_be() {
        let media = [("_type", "\"image-file\""), ("path", "\"media/a.png\""), ("size", "69")];
        let record = [
            of(&["_timestamp"], "1.795888084425739e+09"),
            of(&["_step"], "7"),
            of(&["loss"], "0.5"),
            of(&["n"], "3"),
            of(&["nan"], "NaN"),
            of(&["nest", "b", "c"], "2"),
            of(&["list"], "[1, 2]"),
            of(&["none"], "null"),
            media.iter().flat_map(|(key, value)| of(&["img", key], value)).collect(),
            put::bytes(2, put::int(1, 9)),
        ]
        .concat();
        let row = history(&record).unwrap();
        assert_eq!((row.step, row.time_us), (Some(7), Some(1_795_888_084_425_739)));
        let line = r#"{"_step":7,"loss":0.5,"n":3,"nan":NaN,"list":[1,2],"none":null,"nest":{"b":{"c":2}},
            "img":{"_type":"image-file","path":"media/a.png","size":69}}"#;
        let posted = crate::wandb::file_stream::row(line).unwrap();
        let shown = |row: &Row| format!("{:?}", row.cells);
        assert_eq!(shown(&row), shown(&posted));
        assert_eq!(history(&put::bytes(2, put::int(1, 9))).unwrap().step, Some(9));
        assert!(history(&of(&["x"], "{broken")).is_err() && history(&[0xff]).is_err());
        let deep = |keys: usize| history(&of(&vec!["k"; keys], "1"));
        assert!(deep(32).is_ok() && deep(33).is_err());
    }

    #[test]
    fn host_metrics_have_their_time() {
        let time = put::bytes(2, [put::int(1, 1_795_888_084), put::int(2, 151_194_518)].concat());
        let item = put::bytes(3, [put::bytes(1, "cpu"), put::bytes(16, "4.0")].concat());
        let row = stats(&[time, item].concat(), 1_795_888_084_000_000_000).unwrap();
        assert_eq!(row.time_us, Some(1_795_888_084_151_195));
        assert_eq!(row.cells[0], ("_runtime".into(), Value::F64(0.151_194_518)));
        assert_eq!(row.cells[1], ("system.cpu".into(), Value::I64(4)));
    }
}
