//! How things look to people: numbers, sizes, ages, tables. Plain text that
//! reads well without colour. Knows no command and no daemon.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use serde::Serialize;

/// The longest text of one cell, in characters.
const CELL_CHARS_MAX: usize = 80;

/// A whole number in groups of three: `1,234,567`.
#[must_use]
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 run`, `2 runs`.
#[must_use]
pub fn count(n: u64, thing: &str) -> String {
    format!("{} {thing}{}", number(n), if n == 1 { "" } else { "s" })
}

/// Bytes, in powers of 1,000: `0 B`, `999 B`, `1.2 MB`, `12 MB`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
pub fn size(bytes: u64) -> String {
    let mut amount = bytes as f64;
    let mut unit = "B";
    for larger in ["kB", "MB", "GB", "TB", "PB"] {
        if amount < 999.5 {
            break;
        }
        amount /= 1000.0;
        unit = larger;
    }
    match unit {
        "B" => format!("{bytes} B"),
        _ if amount < 9.95 => format!("{amount:.1} {unit}"),
        _ => format!("{amount:.0} {unit}"),
    }
}

/// A length of time in its largest unit: `0 s`, `59 s`, `3 min`, `2 h`, `4 d`.
#[must_use]
pub fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86400),
    }
}

/// How long ago something was, in microseconds since 1970; a future that
/// another machine's clock made counts as now.
#[must_use]
pub fn age(then_us: i64, now_us: i64) -> String {
    span(Duration::from_micros(u64::try_from(now_us.saturating_sub(then_us)).unwrap_or(0)))
}

/// A moment, in UTC, to the second.
#[must_use]
pub fn moment(time_us: i64) -> String {
    let moment = jiff::Timestamp::from_second(time_us.div_euclid(1_000_000));
    moment.map_or_else(|_| format!("{time_us} µs"), |moment| moment.to_string())
}

/// Text of strangers, fit for a terminal: no control characters.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    Cow::Owned(clean)
}

/// At most so many characters, with `…` for what is left out.
#[must_use]
pub fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// A JSON value on one line: text without quotes, the rest as JSON.
#[must_use]
pub fn value(json: &serde_json::Value) -> String {
    match json {
        serde_json::Value::String(text) => clean(text).into_owned(),
        other => clean(&other.to_string()).into_owned(),
    }
}

/// Prints indented JSON and a line end.
///
/// # Errors
/// Those of the writer.
pub fn json(out: &mut dyn Write, value: &impl Serialize) -> super::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Says on standard error what a person should know, though the command goes on.
pub fn warn(text: &str) {
    // Nobody reads it: the command goes on.
    let _ = writeln!(io::stderr(), "warning: {}", clean(text));
}

/// Colours, for terminals that want them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// All is well.
    Green,
    /// Someone should look.
    Yellow,
    /// Something failed.
    Red,
}

/// The text in a colour, where standard output is a terminal and `NO_COLOR` is
/// not set. The text must say the same without it.
#[must_use]
pub fn paint(text: &str, colour: Colour) -> String {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if !io::stdout().is_terminal() || set("NO_COLOR") || dumb {
        return text.to_owned();
    }
    let code = match colour {
        Colour::Green => 32,
        Colour::Yellow => 33,
        Colour::Red => 31,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Rows of text in aligned columns.
pub struct Table {
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these titles; one that begins with `>` is set to the right.
    #[must_use]
    pub fn new(titles: &[&str]) -> Self {
        let right = titles.iter().map(|title| title.starts_with('>')).collect();
        let titles = titles.iter().map(|title| title.trim_start_matches('>').to_owned()).collect();
        Self { right, rows: vec![titles] }
    }

    /// Adds a row. Control characters are escaped and long text is cut.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| cut(&clean(&cell), CELL_CHARS_MAX)).collect());
    }

    /// Prints it.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..self.right.len()).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, width), right) in row.iter().zip(&widths).zip(&self.right) {
                let gap = if line.is_empty() { "" } else { "  " };
                line += &match right {
                    true => format!("{gap}{cell:>width$}"),
                    false => format!("{gap}{cell:<width$}"),
                };
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(n), text);
        }
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (9_940, "9.9 kB"),
            (9_960, "10 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        assert_eq!((count(1, "run"), count(2000, "run")), ("1 run".to_owned(), "2,000 runs".to_owned()));
    }

    #[test]
    fn times() {
        for (seconds, text) in [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7_199, "1 h"), (200_000, "2 d")] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
        assert_eq!(age(5_000_000, 3_000_000), "0 s");
        assert_eq!(age(0, 3_000_000), "3 s");
        assert_eq!(moment(1_700_000_000_123_456), "2023-11-14T22:13:20Z");
        assert_eq!(moment(i64::MAX), format!("{} µs", i64::MAX));
    }

    #[test]
    fn tables_align_by_characters_and_escape_what_moves_the_cursor() {
        let mut table = Table::new(&["NAME", ">STEP", "STATE"]);
        table.row(["größe".into(), "7".into(), "running".into()]);
        table.row(["a\u{1b}[2J".into(), "1234567".into(), String::new()]);
        let mut out = Vec::new();
        table.print(&mut out).unwrap();
        let expected = "NAME           STEP  STATE\ngröße             7  running\na\\u{1b}[2J  1234567\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
    }
}
