//! Shows that something long is getting on: a bar on a terminal, else a line
//! now and then. On standard error, so that results can be piped.

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Without a terminal, at most one line in so long.
const LINE_INTERVAL: Duration = Duration::from_secs(1);
/// How far back a rate looks.
const RATE_WINDOW: Duration = Duration::from_secs(5);

/// The display.
pub struct Progress {
    what: &'static str,
    bar: Option<ProgressBar>,
    line_due: Instant,
}

impl Progress {
    /// Of something named by a word.
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{prefix} [{bar:24}] {percent:>3}%  {wide_msg}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
            ProgressBar::new(0).with_style(style).with_prefix(what)
        });
        Self { what, bar, line_due: Instant::now() + LINE_INTERVAL }
    }

    /// Shows how far it is.
    pub fn show(&mut self, done: u64, total: u64, text: &str) {
        let text = super::show::clean(text);
        if let Some(bar) = &self.bar {
            bar.set_length(total.max(1));
            bar.set_position(if total == 0 { 1 } else { done });
            bar.set_message(text.into_owned());
        } else if Instant::now() >= self.line_due {
            self.line_due = Instant::now() + LINE_INTERVAL;
            // Nobody reads it: the work goes on.
            let _ = writeln!(std::io::stderr(), "{}: {text}", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How fast a figure grows, of late.
#[derive(Default)]
pub struct Rate(VecDeque<(Instant, u64)>);

impl Rate {
    /// Takes note of the figure.
    pub fn note(&mut self, now: Instant, figure: u64) {
        self.0.push_back((now, figure));
        while self.0.len() > 2 && self.0.get(1).is_some_and(|(then, _)| now - *then >= RATE_WINDOW) {
            self.0.pop_front();
        }
    }

    /// Per second; `None` until there is something to tell it from.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    pub fn per_second(&self) -> Option<f64> {
        let ((first, was), (last, is)) = (self.0.front()?, self.0.back()?);
        let seconds = last.duration_since(*first).as_secs_f64();
        (seconds > 0.0 && is > was).then(|| (is - was) as f64 / seconds)
    }
}

/// The display of bytes that go somewhere: how many, how fast, how long yet.
pub struct Transfer {
    progress: Progress,
    rate: Rate,
}

impl Transfer {
    /// Of something named by a word.
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        Self { progress: Progress::new(what), rate: Rate::default() }
    }

    /// Shows how far it is.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate for people"
    )]
    pub fn show(&mut self, done: u64, total: u64) {
        use super::show::{size, span};
        self.rate.note(Instant::now(), done);
        let mut text = format!("{} of {}", size(done), size(total));
        if let Some(rate) = self.rate.per_second() {
            let left = Duration::from_secs((total.saturating_sub(done) as f64 / rate).ceil() as u64);
            text += &format!(", {}/s, {} to go", size(rate as u64), span(left));
        }
        self.progress.show(done, total, &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_forget_what_is_long_ago() {
        let begin = Instant::now();
        let mut rate = Rate::default();
        assert_eq!(rate.per_second(), None);
        rate.note(begin, 0);
        assert_eq!(rate.per_second(), None);
        for second in 1..=20_u64 {
            let figure = if second <= 10 { 0 } else { (second - 10) * 100 };
            rate.note(begin + Duration::from_secs(second), figure);
        }
        assert_eq!(rate.per_second(), Some(100.0));
    }
}
