//! What a program printed, as the lines that core makes of it: each stream is a
//! line that goes on, `\r` goes back to its begin, and whatever else a terminal
//! would do is part of the text.

use crate::wandb::file_stream::ConsoleLine;

/// The longest line that is kept: a bar that never ends.
const LINE_CHARS_MAX: usize = 1 << 20;

/// The lines of a program's two streams, numbered as they begin.
#[derive(Debug, Default)]
pub struct Console {
    streams: [Stream; 2],
    next: u64,
}

#[derive(Debug, Default)]
struct Stream {
    line: Vec<char>,
    /// Where the next character goes.
    at: usize,
    /// Its number, once something is in it.
    number: Option<u64>,
    time_us: i64,
    changed: bool,
}

impl Stream {
    /// What the line is now, if it is not known yet.
    fn told(&mut self, stderr: bool) -> Option<(u64, ConsoleLine)> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let text = self.line.iter().collect();
        Some((self.number?, ConsoleLine { time_us: Some(self.time_us), stderr, label: None, text }))
    }
}

impl Console {
    /// Takes in what was printed, and hands over the lines that it ends.
    pub fn print(&mut self, stderr: bool, time_us: i64, text: &str, each: &mut dyn FnMut(u64, ConsoleLine)) {
        let stream = &mut self.streams[usize::from(stderr)];
        for char in text.chars() {
            if char == '\r' {
                stream.at = 0;
                continue;
            }
            if stream.number.is_none() {
                stream.number = Some(self.next);
                stream.time_us = time_us;
                stream.changed = true;
                self.next += 1;
            }
            if char == '\n' {
                if let Some((number, line)) = stream.told(stderr) {
                    each(number, line);
                }
                *stream = Stream::default();
                continue;
            }
            if stream.at < stream.line.len() {
                stream.line[stream.at] = char;
            } else if stream.line.len() < LINE_CHARS_MAX {
                stream.line.push(char);
            }
            stream.at += 1;
            stream.changed = true;
        }
    }

    /// Hands over lines that have no end yet.
    pub fn rest(&mut self, each: &mut dyn FnMut(u64, ConsoleLine)) {
        let [out, err] = &mut self.streams;
        let mut lines: Vec<_> = out.told(false).into_iter().chain(err.told(true)).collect();
        lines.sort_unstable_by_key(|(number, _)| *number);
        lines.into_iter().for_each(|(number, line)| each(number, line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_core() {
        let mut console = Console::default();
        let mut lines = Vec::new();
        let printed = [
            (false, "plain\n"),
            (true, "no end"),
            (false, "two\nlines"),
            (false, "\n\n"),
            (false, "hello\rHE\n"),
            (true, " yet\n"),
            (false, "\x1b[32mgreen\x1b[0m\n"),
            (true, "bar 1\rbar 2"),
        ];
        let mut take = |number, line: ConsoleLine| lines.push((number, line.stderr, line.text));
        for (stderr, text) in printed {
            console.print(stderr, 7, text, &mut take);
        }
        console.rest(&mut take);
        console.rest(&mut |_, line| panic!("{line:?} is known"));
        console.print(true, 8, "\rbar 3\n", &mut take);
        let expected = [
            (0, false, "plain"),
            (2, false, "two"),
            (3, false, "lines"),
            (4, false, ""),
            (5, false, "HEllo"),
            (1, true, "no end yet"),
            (6, false, "\x1b[32mgreen\x1b[0m"),
            (7, true, "bar 2"),
            (7, true, "bar 3"),
        ];
        assert_eq!(lines, expected.map(|(number, stderr, text)| (number, stderr, text.to_owned())));
    }
}
