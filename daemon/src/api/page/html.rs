//! HTML as it is written: markup is what the source says, everything else is
//! escaped, here and nowhere else. Knows no page.

/// A piece of HTML. Markup comes in by [`Html::tag`], which takes only what is
/// part of the program; whatever came from outside, by [`Html::text`].
#[derive(Default)]
pub struct Html(String);

impl Html {
    /// Markup.
    pub fn tag(&mut self, markup: &'static str) -> &mut Self {
        self.0 += markup;
        self
    }

    /// Text, as content or as an attribute within double quotes.
    pub fn text(&mut self, text: &str) -> &mut Self {
        escape(text, &mut self.0);
        self
    }

    /// Text that runs in its own direction: a name in another script, or made to
    /// look like another, turns nothing around it.
    pub fn name(&mut self, text: &str) -> &mut Self {
        self.tag("<bdi>").text(text).tag("</bdi>")
    }

    /// A link.
    pub fn link(&mut self, to: &str, text: &str) -> &mut Self {
        self.tag("<a href=\"").text(to).tag("\">").name(text).tag("</a>")
    }

    /// Another piece.
    pub fn add(&mut self, html: &Self) -> &mut Self {
        self.0 += &html.0;
        self
    }

    /// The HTML.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// What would be markup as what stands for it, and control characters as what
/// can be seen.
fn escape(text: &str, to: &mut String) {
    for c in text.chars() {
        match c {
            '&' => *to += "&amp;",
            '<' => *to += "&lt;",
            '>' => *to += "&gt;",
            '"' => *to += "&quot;",
            '\'' => *to += "&#39;",
            '\n' | '\t' => to.push(c),
            c if c.is_control() => to.push(char::REPLACEMENT_CHARACTER),
            c => to.push(c),
        }
    }
}

/// A program's output without the sequences by which it moved the cursor of a
/// terminal and changed colours.
#[must_use]
pub fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\u{1b}' {
            plain.push(c);
        } else if rest.next_if_eq(&'[').is_some() {
            // It ends with the first character from `@` to `~`.
            rest.by_ref().find(|c| ('@'..='~').contains(c));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Html)) -> String {
        let mut html = Html::default();
        write(&mut html);
        html.into_string()
    }

    #[test]
    fn nothing_from_outside_is_markup() {
        let text = |text: &str| written(|html| _ = html.text(text));
        assert_eq!(text("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
        assert_eq!(text("\"><img onerror='x'>"), "&quot;&gt;&lt;img onerror=&#39;x&#39;&gt;");
        assert_eq!(text("&lt;"), "&amp;lt;");
        assert_eq!(text("a\0b\u{1b}\r"), "a\u{fffd}b\u{fffd}\u{fffd}");
        assert_eq!(text("ü\n\t"), "ü\n\t");
        for c in (0..0x250).filter_map(char::from_u32) {
            let escaped = text(&c.to_string());
            assert!(!escaped.contains(['<', '>', '"', '\'']), "{c:?}");
        }
    }

    #[test]
    fn links_keep_within_their_quotes() {
        let link = written(|html| _ = html.link("/\"onclick=\"x", "<b>"));
        assert_eq!(link, "<a href=\"/&quot;onclick=&quot;x\"><bdi>&lt;b&gt;</bdi></a>");
    }

    #[test]
    fn colours_of_terminals_are_left_out() {
        assert_eq!(without_colours("a\u{1b}[1;31mred\u{1b}[0m b"), "ared b");
        assert_eq!(without_colours("\u{1b}[2K\u{1b}[1Gx\u{1b}"), "x");
        assert_eq!(without_colours("[31m stays"), "[31m stays");
    }
}
