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
    fn what_python_writes_is_read() {
        for (text, read) in [
            (r#"{"a":NaN,"b":[-Infinity,Infinity]}"#, json!({"a": "NaN", "b": ["-Infinity", "Infinity"]})),
            (r#"{"NaN":"a NaN \" NaN","x":-1}"#, json!({"NaN": "a NaN \" NaN", "x": -1})),
            ("NaN", json!("NaN")),
            (r#"{"é":NaN}"#, json!({"é": "NaN"})),
        ] {
            assert_eq!(parse(text).unwrap(), read, "{text}");
        }
        for text in ["", "NaNa", "{", "[NaN", "Inf", "-"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
