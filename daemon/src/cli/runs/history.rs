//! `pannier runs history`: rows as a table, as CSV or as JSON, in the order of
//! steps, however many there are.

use std::io::{BufWriter, Write};

use pannier_proto::id::RunPath;
use pannier_proto::request::MetricView;
use pannier_proto::value::float_to_json;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{Format, csv, find, route};
use crate::cli::client::{Client, with_query};
use crate::cli::failure::{Failure, Result};
use crate::cli::show;

const STEP: &str = "_step";
const TIME: &str = "_timestamp";
/// The narrowest column of the table: wide enough for most numbers, since its
/// width is settled before the rows are seen.
const COLUMN_CHARS_MIN: usize = 11;
/// The longest text in the table.
const COLUMN_CHARS_MAX: usize = 40;

pub const HELP: &str = "\
RUN is ENTITY/PROJECT/RUN, PROJECT/RUN, or an id or name that only one run in the home has.

Examples:
  pannier runs history digits/a1b2c3d4 --keys loss,accuracy | less
  pannier runs history calm-river-1 --csv > history.csv
  pannier runs history calm-river-1 --json --from-step 1000
  pannier runs history calm-river-1 --keys loss --max-points 500 --csv

--csv and --json give numbers in full; the table rounds them. In CSV an empty field means that nothing
was logged. NaN and infinities are NaN, Infinity and -Infinity, in JSON as strings.";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run
    run: String,
    /// Only these metrics
    #[arg(long, value_name = "KEY,…", value_delimiter = ',')]
    keys: Vec<String>,
    /// From this step on
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    from_step: Option<i64>,
    /// Up to this step, included
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    to_step: Option<i64>,
    /// About so many points of one metric, chosen so that its curve looks the same
    #[arg(long, value_name = "N", requires = "keys", conflicts_with_all = ["from_step", "to_step", "system"])]
    max_points: Option<usize>,
    /// Host metrics (CPU, memory, …) instead of what was logged
    #[arg(long, conflicts_with_all = ["from_step", "to_step"])]
    system: bool,
    /// What the run logged before it was begun again: the number that `runs branches` gives
    #[arg(long, value_name = "N", conflicts_with_all = ["max_points", "system"])]
    branch: Option<usize>,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// Which rows of a run.
#[derive(Default)]
pub struct Query {
    pub system: bool,
    pub keys: Vec<String>,
    pub from_step: Option<i64>,
    pub to_step: Option<i64>,
    pub branch: Option<usize>,
}

type Row = Map<String, Json>;

#[derive(Deserialize)]
struct Metrics {
    metrics: Vec<MetricView>,
}

/// Runs it.
pub fn run(daemon: &Client, args: &Args, out: &mut dyn Write) -> Result<()> {
    let path = find(daemon, &args.run)?;
    let out = &mut BufWriter::with_capacity(64 << 10, out);
    let query = Query {
        system: args.system,
        keys: args.keys.clone(),
        from_step: args.from_step,
        to_step: args.to_step,
        branch: args.branch,
    };
    if let Some(points) = args.max_points {
        let [key] = args.keys.as_slice() else {
            return Err(
                Failure::new("--max-points chooses points of one metric").hint("give one key: --keys loss")
            );
        };
        let rows = sample(daemon, &path, key, points)?;
        let keys = vec![STEP.to_owned(), key.clone()];
        return write(rows.into_iter().map(Ok), args, &keys, out);
    }
    let keys = if args.json { Vec::new() } else { columns(daemon, &path, &query)? };
    write(rows(daemon, &path, &query)?, args, &keys, out)
}

fn write(
    rows: impl Iterator<Item = Result<Row>>,
    args: &Args,
    keys: &[String],
    out: &mut dyn Write,
) -> Result<()> {
    match (args.json, args.csv) {
        (true, _) => write_rows(rows, Format::Jsonl, keys, out)?,
        (false, true) => write_rows(rows, Format::Csv, keys, out)?,
        (false, false) => table(rows, keys, out)?,
    }
    Ok(out.flush()?)
}

/// A run's rows, one by one.
pub fn rows(
    daemon: &Client,
    path: &RunPath,
    query: &Query,
) -> Result<impl Iterator<Item = Result<Row>> + use<>> {
    let parameters = [
        ("table", query.system.then(|| "system".to_owned())),
        ("from_step", query.from_step.map(|step| step.to_string())),
        ("to_step", query.to_step.map(|step| step.to_string())),
        ("branch", query.branch.map(|branch| branch.to_string())),
        ("keys", (!query.keys.is_empty()).then(|| query.keys.join(","))),
    ];
    Ok(daemon.stream("GET", &with_query(&route(path, "/rows"), &parameters))?.lines())
}

/// The columns that a table of these rows has.
pub fn columns(daemon: &Client, path: &RunPath, query: &Query) -> Result<Vec<String>> {
    let mut columns = vec![TIME.to_owned()];
    if !query.system {
        columns.insert(0, STEP.to_owned());
    }
    if !query.keys.is_empty() {
        columns.extend(query.keys.iter().filter(|key| *key != STEP && *key != TIME).cloned());
        return Ok(columns);
    }
    if query.system {
        // No list is kept of them; there are few, and one row each 15 s.
        let mut keys = std::collections::BTreeSet::new();
        for row in rows(daemon, path, query)? {
            keys.extend(row?.into_iter().map(|(key, _)| key).filter(|key| key != TIME));
        }
        columns.extend(keys);
        return Ok(columns);
    }
    let metrics: Metrics = daemon.get(&route(path, "/metrics"))?;
    columns.extend(
        metrics.metrics.into_iter().map(|metric| metric.key).filter(|key| key != STEP && key != TIME),
    );
    Ok(columns)
}

/// Writes rows in full.
pub fn write_rows(
    rows: impl Iterator<Item = Result<Row>>,
    format: Format,
    keys: &[String],
    out: &mut dyn Write,
) -> Result<()> {
    if format == Format::Csv {
        csv::header(out, keys)?;
    }
    let mut lost = 0;
    for row in rows {
        let row = row?;
        match format {
            Format::Csv => lost += csv::row(out, keys, &row)?,
            Format::Jsonl => {
                serde_json::to_writer(&mut *out, &row)?;
                out.write_all(b"\n")?;
            }
        }
    }
    if lost > 0 {
        show::warn(&format!(
            "{lost} values of metrics that were first logged while this ran are left out; run it again"
        ));
    }
    Ok(())
}

fn table(rows: impl Iterator<Item = Result<Row>>, keys: &[String], out: &mut dyn Write) -> Result<()> {
    // The time is for machines; people ask by step.
    let keys: Vec<_> = match keys {
        [step, time, rest @ ..] if step == STEP && time == TIME => {
            std::iter::once(step).chain(rest).collect()
        }
        keys => keys.iter().collect(),
    };
    let titles: Vec<_> = keys.iter().map(|key| show::cut(&show::clean(key), COLUMN_CHARS_MAX)).collect();
    let widths: Vec<_> = titles.iter().map(|title| title.chars().count().max(COLUMN_CHARS_MIN)).collect();
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<_> = cells.zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        writeln!(out, "{}", cells.join("  "))
    };
    line(&mut titles.iter().cloned())?;
    for row in rows {
        let row = row?;
        line(&mut keys.iter().map(|key| row.get(*key).map(short).unwrap_or_default()))?;
    }
    Ok(())
}

/// A value in few characters.
fn short(value: &Json) -> String {
    match value.as_f64() {
        Some(x) if value.is_f64() && x != 0.0 && !(1e-4..1e7).contains(&x.abs()) => format!("{x:.4e}"),
        Some(x) if value.is_f64() => {
            let text = format!("{x:.6}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => show::cut(&show::value(value), COLUMN_CHARS_MAX),
    }
}

/// One metric, thinned out: the daemon's packed answer as rows.
fn sample(daemon: &Client, path: &RunPath, key: &str, points: usize) -> Result<Vec<Row>> {
    let parameters = [("key", Some(key.to_owned())), ("max_points", Some(points.to_string()))];
    let bytes = daemon.call("GET", &with_query(&route(path, "/column"), &parameters), None)?.bytes()?;
    let series = unpack(&bytes).ok_or_else(|| {
        Failure::new("the daemon's answer is not what this version expects").hint("see `pannier doctor`")
    })?;
    let row = |(step, value)| {
        let cells = [(STEP.to_owned(), Json::from(step)), (key.to_owned(), float_to_json(value))];
        cells.into_iter().collect()
    };
    Ok(series.into_iter().map(row).collect())
}

/// The count, then the steps, then the values, each of eight bytes.
fn unpack(bytes: &[u8]) -> Option<Vec<(i64, f64)>> {
    let words: Vec<[u8; 8]> = bytes.chunks_exact(8).filter_map(|word| word.try_into().ok()).collect();
    let (count, words) = words.split_first()?;
    let count = usize::try_from(u64::from_le_bytes(*count)).ok()?;
    if !bytes.len().is_multiple_of(8) || Some(words.len()) != count.checked_mul(2) {
        return None;
    }
    let (steps, values) = words.split_at(count);
    Some(
        steps
            .iter()
            .zip(values)
            .map(|(step, value)| (i64::from_le_bytes(*step), f64::from_le_bytes(*value)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_in_few_characters() {
        for (value, text) in [
            (json!(0.1), "0.1"),
            (json!(1.0), "1"),
            (json!(0.0), "0"),
            (json!(0.123_456_789), "0.123457"),
            (json!(1e-7), "1.0000e-7"),
            (json!(-2.5e9), "-2.5000e9"),
            (json!(12), "12"),
            (json!("NaN"), "NaN"),
            (json!("a\nb"), "a\\nb"),
            (json!([1, 2]), "[1,2]"),
        ] {
            assert_eq!(short(&value), text);
        }
    }

    #[test]
    fn tables_leave_out_the_time() {
        let rows =
            [json!({"_step": 0, "_timestamp": 1.5, "loss": 0.25}), json!({"_step": 1, "_timestamp": 2.5})];
        let rows = rows.into_iter().map(|row| Ok(row.as_object().cloned().unwrap_or_default()));
        let keys = ["_step", "_timestamp", "loss"].map(str::to_owned);
        let mut out = Vec::new();
        table(rows, &keys, &mut out).unwrap();
        let expected = "      _step         loss\n          0         0.25\n          1             \n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn packed_columns() {
        let mut bytes = 2_u64.to_le_bytes().to_vec();
        [-1_i64, 5].iter().for_each(|step| bytes.extend(step.to_le_bytes()));
        [0.5, f64::INFINITY].iter().for_each(|value: &f64| bytes.extend(value.to_le_bytes()));
        assert_eq!(unpack(&bytes), Some(vec![(-1, 0.5), (5, f64::INFINITY)]));
        assert_eq!(unpack(&bytes[..bytes.len() - 1]), None);
        assert_eq!(unpack(&bytes[..bytes.len() - 8]), None);
        assert_eq!(unpack(&u64::MAX.to_le_bytes()), None);
        assert_eq!(unpack(&[]), None);
    }
}
