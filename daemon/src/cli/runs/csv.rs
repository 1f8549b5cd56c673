//! Rows as comma-separated values (RFC 4180, but lines end in `\n`).

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::{Map, Value as Json};

/// A field, quoted where it must be. An empty text is quoted, too: an empty
/// field means that nothing was logged.
fn field(text: &str) -> Cow<'_, str> {
    if text.is_empty() || text.contains(['"', ',', '\n', '\r']) || text.trim() != text {
        return Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")));
    }
    Cow::Borrowed(text)
}

fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => field(text).into_owned(),
        other => field(&other.to_string()).into_owned(),
    }
}

/// Writes the line of titles.
pub fn header(out: &mut dyn Write, keys: &[String]) -> io::Result<()> {
    line(out, keys.iter().map(|key| field(key)))
}

/// Writes a row; returns how many of its cells have no column.
pub fn row(out: &mut dyn Write, keys: &[String], row: &Map<String, Json>) -> io::Result<usize> {
    let mut written = 0;
    line(
        out,
        keys.iter().map(|key| {
            let value = row.get(key);
            written += usize::from(value.is_some());
            Cow::Owned(value.map(cell).unwrap_or_default())
        }),
    )?;
    Ok(row.len() - written)
}

fn line<'a>(out: &mut dyn Write, fields: impl Iterator<Item = Cow<'a, str>>) -> io::Result<()> {
    for (nth, field) in fields.enumerate() {
        if nth > 0 {
            out.write_all(b",")?;
        }
        out.write_all(field.as_bytes())?;
    }
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quoting() {
        for (text, quoted) in [
            ("a", "a"),
            ("a b", "a b"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("", "\"\""),
            (" a", "\" a\""),
        ] {
            assert_eq!(field(text), quoted);
        }
    }

    #[test]
    fn rows_keep_their_columns() {
        let keys = ["_step", "loss", "note", "h"].map(str::to_owned);
        let mut out = Vec::new();
        header(&mut out, &keys).unwrap();
        for (value, lost) in [
            (json!({"_step": 0, "loss": 0.5}), 0),
            (json!({"_step": 1, "note": "a,b", "loss": "NaN"}), 0),
            (json!({"_step": 2, "h": {"bins": [1, 2]}, "late": 1}), 1),
        ] {
            assert_eq!(row(&mut out, &keys, value.as_object().unwrap()).unwrap(), lost);
        }
        let expected = "_step,loss,note,h\n0,0.5,,\n1,NaN,\"a,b\",\n2,,,\"{\"\"bins\"\":[1,2]}\"\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
