//! JSON as Python writes it: with bare `NaN`, `Infinity` and `-Infinity`, which
//! history and summary lines hold and which JSON does not know.

use std::borrow::Cow;

use serde_json::Value as Json;

const UNSAYABLE: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

/// Reads JSON in which such numbers may be; they become the strings that
/// [`pannier_proto::value::Value::from_json`] makes floats of.
///
/// # Errors
/// What is no JSON, even so.
pub fn parse(text: &str) -> serde_json::Result<Json> {
    // Nearly all lines hold none.
    serde_json::from_str(text).or_else(|error| match quoted(text) {
        Cow::Borrowed(_) => Err(error),
        Cow::Owned(text) => serde_json::from_str(&text),
    })
}

/// Writes JSON as Python does: the strings that stand for such numbers become bare
/// words again.
#[must_use]
pub fn write(value: &Json) -> String {
    let mut out = String::new();
    append(value, &mut out);
    out
}

fn append(value: &Json, out: &mut String) {
    let mut separator = "";
    match value {
        Json::String(text) if UNSAYABLE.contains(&text.as_str()) => out.push_str(text),
        Json::Array(items) => {
            out.push('[');
            for item in items {
                out.push_str(std::mem::replace(&mut separator, ","));
                append(item, out);
            }
            out.push(']');
        }
        Json::Object(map) => {
            out.push('{');
            for (key, value) in map {
                out.push_str(std::mem::replace(&mut separator, ","));
                out.push_str(&Json::from(key.as_str()).to_string());
                out.push(':');
                append(value, out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// The text with such numbers in quotes.
fn quoted(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut done = 0;
    let mut in_string = false;
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'N' | b'I' | b'-' if !in_string => {
                if let Some(word) = UNSAYABLE.iter().find(|word| text[at..].starts_with(**word)) {
                    out.push_str(&text[done..at]);
                    out.push('"');
                    out.push_str(word);
                    out.push('"');
                    at += word.len();
                    done = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_written_as_python_does() {
        let value = json!({"a": "NaN", "b\"": ["-Infinity", 1, "x", null]});
        assert_eq!(write(&value), r#"{"a":NaN,"b\"":[-Infinity,1,"x",null]}"#);
    }

    #[test]
    fn what_python_writes_is_read() {
        for (text, read) in [
            (r#"{"a":NaN,"b":[-Infinity,Infinity]}"#, json!({"a": "NaN", "b": ["-Infinity", "Infinity"]})),
            (r#"{"NaN":"a NaN \" NaN","x":-1}"#, json!({"NaN": "a NaN \" NaN", "x": -1})),
            ("NaN", json!("NaN")),
            (r#"{"é":NaN}"#, json!({"é": "NaN"})),
        ] {
            assert_eq!(parse(text).unwrap(), read, "{text}");
            assert_eq!(parse(&write(&read)).unwrap(), read, "{text}");
        }
        for text in ["", "NaNa", "{", "[NaN", "Inf", "-"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
