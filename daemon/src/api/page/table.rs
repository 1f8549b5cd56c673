//! Tables: rows of what people read, with what was left out said below.

use super::html::Html;
use crate::wandb::time;

/// The most rows of a table.
pub const ROWS_MAX: usize = 500;
/// The longest value in a cell, in characters.
const VALUE_CHARS_MAX: usize = 400;

/// What is in a cell.
pub enum Cell {
    /// What the row is about.
    Name(String),
    /// A name that leads somewhere.
    Link(String, String),
    /// Any text.
    Text(String),
    /// A number, set to the right.
    Number(String),
    /// A moment, in microseconds since 1970.
    Time(i64),
    /// A run's state.
    State(&'static str),
}

impl Cell {
    /// A value of a config or a summary: text without quotes, the rest as JSON.
    pub fn value(value: &serde_json::Value) -> Self {
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let cut = match text.char_indices().nth(VALUE_CHARS_MAX) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        };
        if value.is_number() { Self::Number(cut) } else { Self::Text(cut) }
    }

    fn write(&self, html: &mut Html) {
        match self {
            Self::Name(name) => html.tag("<th scope=\"row\">").name(name).tag("</th>"),
            Self::Link(to, name) => html.tag("<th scope=\"row\">").link(to, name).tag("</th>"),
            Self::Text(text) => html.tag("<td>").name(text).tag("</td>"),
            Self::Number(number) => html.tag("<td class=\"n\">").text(number).tag("</td>"),
            Self::Time(us) => {
                html.tag("<td>");
                write_moment(*us, html);
                html.tag("</td>")
            }
            Self::State(state) => {
                html.tag("<td>");
                write_state(state, html);
                html.tag("</td>")
            }
        };
    }
}

fn write_state(state: &str, html: &mut Html) {
    html.tag(match state {
        "finished" => "<span class=\"good\">",
        "failed" | "crashed" | "killed" => "<span class=\"bad\">",
        _ => "<span>",
    });
    html.text(state).tag("</span>");
}

/// A moment, to the second.
fn write_moment(us: i64, html: &mut Html) {
    let exact = time::format(us);
    let shown = exact.get(..19).unwrap_or(&exact).replace('T', " ");
    html.tag("<time datetime=\"").text(&exact).tag("\">").text(&shown).tag(" UTC</time>");
}

/// Facts, a line each: no titles above them.
pub fn write_facts(rows: &[(&'static str, Cell)], html: &mut Html) {
    html.tag("<div class=\"wide\"><table aria-label=\"Facts\"><tbody>\n");
    for (name, cell) in rows {
        html.tag("<tr><th scope=\"row\">").tag(name).tag("</th>");
        // A number among facts is read as a word.
        if let Cell::Number(text) = cell {
            html.tag("<td>").text(text).tag("</td>");
        } else {
            cell.write(html);
        }
        html.tag("</tr>\n");
    }
    html.tag("</tbody></table></div>\n");
}

/// A table of at most [`ROWS_MAX`] rows, and where to find the others; nothing
/// where there are none.
pub fn write_table(
    title: &'static str,
    heads: &[&str],
    rows: impl ExactSizeIterator<Item = Vec<Cell>>,
    others: &'static str,
    html: &mut Html,
) {
    let all = rows.len();
    if all == 0 {
        return;
    }
    html.tag("<h2>").tag(title).tag("</h2>\n<div class=\"wide\"><table aria-label=\"").tag(title);
    let mut rows = rows.take(ROWS_MAX).peekable();
    html.tag("\"><thead><tr>");
    for (at, head) in heads.iter().enumerate() {
        let number =
            rows.peek().and_then(|row| row.get(at)).is_some_and(|cell| matches!(cell, Cell::Number(_)));
        html.tag(if number { "<th scope=\"col\" class=\"n\">" } else { "<th scope=\"col\">" });
        html.name(head).tag("</th>");
    }
    html.tag("</tr></thead><tbody>\n");
    for row in rows {
        html.tag("<tr>");
        row.iter().for_each(|cell| cell.write(html));
        html.tag("</tr>\n");
    }
    html.tag("</tbody></table></div>\n");
    if all > ROWS_MAX {
        html.tag("<p class=\"soft\">")
            .text(&(all - ROWS_MAX).to_string())
            .tag(" more: ")
            .tag(others)
            .tag("</p>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_said() {
        let mut html = Html::default();
        let rows = (0..ROWS_MAX + 3).map(|at| vec![Cell::Name(format!("<{at}>")), Cell::Number("1".into())]);
        write_table("Things", &["<a>", "b"], rows, "elsewhere", &mut html);
        let html = html.into_string();
        assert!(html.contains("<p class=\"soft\">3 more: elsewhere</p>"), "{html}");
        assert!(!html.contains("<a>") && !html.contains("<0>") && html.contains("&lt;0&gt;"));
        assert!(html.contains("<th scope=\"col\" class=\"n\"><bdi>b</bdi>"));
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let Cell::Text(text) = Cell::value(&serde_json::json!("ü".repeat(1000))) else { panic!("text") };
        assert_eq!(text.chars().count(), VALUE_CHARS_MAX + 1);
    }
}
