//! Runs as people read them.

use std::io::Write;

use pannier_proto::request::RunView;
use serde_json::{Map, Value as Json};

use super::Listed;
use crate::cli::client::Answer;
use crate::cli::failure::Result;
use crate::cli::show::{self, Table};
use crate::clock::now_us;

/// A listing as a table.
pub fn list(listed: &Listed, out: &mut dyn Write) -> Result<()> {
    if listed.runs.is_empty() {
        writeln!(out, "no runs; `import pannier` and `pannier.init()` in a training script make one")?;
        return Ok(());
    }
    let now_us = now_us();
    let mut table =
        Table::new(&["RUN", "NAME", "STATE", ">LAST STEP", ">ROWS", "GROUP", ">CREATED", ">CHANGED"]);
    for run in &listed.runs {
        table.row([
            run.path.to_string(),
            run.fields.name.clone().unwrap_or_default(),
            run.state.as_str().to_owned(),
            run.last_step.map_or_else(|| "-".to_owned(), |step| step.to_string()),
            show::number(run.history_rows),
            run.fields.group.clone().unwrap_or_default(),
            format!("{} ago", show::age(run.created_us, now_us)),
            format!("{} ago", show::age(run.updated_us, now_us)),
        ]);
    }
    table.print(out)?;
    if listed.more {
        writeln!(out, "… and older runs; --limit shows more")?;
    }
    Ok(())
}

/// One run, whole.
pub fn show(run: &RunView, out: &mut dyn Write) -> Result<()> {
    let now_us = now_us();
    let when = |time_us| format!("{} ({} ago)", show::moment(time_us), show::age(time_us, now_us));
    let fields = &run.fields;
    let exit = run.exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
    let facts = [
        ("run", Some(run.path.to_string())),
        ("name", fields.name.clone()),
        ("state", Some(format!("{}{exit}", run.state.as_str()))),
        ("created", Some(when(run.created_us))),
        ("changed", Some(when(run.updated_us))),
        ("last step", run.last_step.map(|step| step.to_string())),
        ("rows", Some(show::number(run.history_rows))),
        (
            "dropped",
            (run.dropped > 0)
                .then(|| format!("{} that could not be kept", show::count(run.dropped, "log call"))),
        ),
        ("group", fields.group.clone()),
        ("job type", fields.job_type.clone()),
        ("tags", fields.tags.as_ref().filter(|tags| !tags.is_empty()).map(|tags| tags.join(", "))),
        ("notes", fields.notes.clone()),
    ];
    for (what, fact) in facts {
        if let Some(fact) = fact.filter(|fact| !fact.is_empty()) {
            writeln!(out, "{what:<10} {}", show::clean(&fact))?;
        }
    }
    section(out, "config", &run.config)?;
    section(out, "summary", &run.summary)?;
    section(out, "metadata", &run.metadata)
}

fn section(out: &mut dyn Write, title: &str, map: &Map<String, Json>) -> Result<()> {
    if map.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    let mut lines = Vec::new();
    flatten("", map, &mut lines);
    let width = lines.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0).min(32);
    for (key, value) in lines {
        writeln!(out, "  {key:<width$}  {}", show::cut(&value, 200))?;
    }
    Ok(())
}

fn flatten(prefix: &str, map: &Map<String, Json>, lines: &mut Vec<(String, String)>) {
    for (key, value) in map {
        let key = format!("{prefix}{}", show::clean(key));
        match value {
            Json::Object(inner) if !inner.is_empty() => flatten(&format!("{key}."), inner, lines),
            other => lines.push((key, show::value(other))),
        }
    }
}

/// Prints to a terminal what a program printed.
pub fn console(console: Answer, out: &mut dyn Write) -> Result<()> {
    let mut waiting = Vec::new();
    console.read_with(|bytes| {
        waiting.extend_from_slice(bytes);
        // Whole lines: neither a character nor a colour reaches over a line's end.
        let end = waiting.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines = for_terminal(&String::from_utf8_lossy(&waiting[..end]));
        waiting.drain(..end);
        Ok(out.write_all(lines.as_bytes())?)
    })?;
    Ok(out.write_all(for_terminal(&String::from_utf8_lossy(&waiting)).as_bytes())?)
}

/// Text that may set colours, and do nothing else to the terminal.
fn for_terminal(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\n' && c != '\t') {
        safe += &rest[..at];
        rest = &rest[at..];
        let taken = colour(rest).unwrap_or_else(|| rest.chars().next().map_or(rest.len(), char::len_utf8));
        let (control, after) = rest.split_at(taken);
        match colour(control) {
            Some(_) => safe += control,
            None => safe.extend(control.chars().flat_map(char::escape_default)),
        }
        rest = after;
    }
    safe + rest
}

/// The length of a colour sequence at the start of the text.
fn colour(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters[end..].starts_with('m').then_some(2 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_colours_reach_the_terminal() {
        for (text, safe) in [
            ("plain\ttext\n", "plain\ttext\n"),
            ("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"),
            ("a\x1b[2Jb", "a\\u{1b}[2Jb"),
            ("\x1b]0;title\x07", "\\u{1b}]0;title\\u{7}"),
            ("10%\r20%", "10%\\r20%"),
            ("\x1b[", "\\u{1b}["),
        ] {
            assert_eq!(for_terminal(text), safe);
        }
    }

    #[test]
    fn nested_values_are_named_by_their_path() {
        let map = json!({"lr": 0.1, "opt": {"name": "adam", "betas": [0.9, 0.99]}, "none": {}});
        let mut out = Vec::new();
        section(&mut out, "config", map.as_object().unwrap()).unwrap();
        let expected =
            "\nconfig\n  lr         0.1\n  opt.name   adam\n  opt.betas  [0.9,0.99]\n  none       {}\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
