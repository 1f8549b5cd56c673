//! `pannier top`: what runs now, as it goes on. How the screen is held and which
//! keys it takes; what is on it is `screen`'s, where that comes from `look`'s.

mod look;
mod screen;

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::client::Client;
use super::failure::{Failure, Result};
use super::start;
use crate::home::Home;
use look::Seen;
use screen::{Look, Tone};

/// The screen of `--once`, in characters.
const ONCE: (usize, usize) = (110, 40);
/// How often the daemon is asked, by default; in seconds.
const INTERVAL_S: f64 = 1.0;
/// How soon a key is heard.
const TICK: Duration = Duration::from_millis(100);

/// Watch what runs: curves, what is on its way to the remotes, and what is wrong
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Keys: up and down (or k and j) select a run, whose metrics are shown; q ends it.
It asks the daemon over the home's socket, so it works the same through SSH.

Examples:
  pannier top
  pannier top --interval 5
  pannier top --once | head -20      one picture, for scripts")]
pub struct Args {
    /// Print one picture and end
    #[arg(long)]
    once: bool,
    /// Seconds between two pictures
    #[arg(long, value_name = "S", default_value_t = INTERVAL_S)]
    interval: f64,
}

/// Runs it.
pub fn run(home: &Home, args: &Args, out: &mut dyn Write) -> Result {
    let interval = Duration::try_from_secs_f64(args.interval).ok().filter(|interval| !interval.is_zero());
    let interval =
        interval.ok_or_else(|| Failure::new(format!("--interval {} is no time to wait", args.interval)))?;
    let daemon = start::connect_or_start(home)?;
    if args.once {
        let seen = Seen::look(&daemon, 0)?;
        for (line, _) in screen::lines(&seen, &Look { selected: 0, width: ONCE.0, height: ONCE.1 }) {
            writeln!(out, "{}", line.trim_end())?;
        }
        return Ok(0);
    }
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::new("this is no terminal").hint("`pannier top --once` prints one picture"));
    }
    let mut terminal = ratatui::try_init()?;
    let watched = watch(&mut terminal, &daemon, interval);
    ratatui::try_restore()?;
    watched.map(|()| 0)
}

fn watch(terminal: &mut ratatui::DefaultTerminal, daemon: &Client, interval: Duration) -> Result<()> {
    let mut selected = 0;
    let mut seen = Seen::look(daemon, selected)?;
    let mut due = Instant::now() + interval;
    loop {
        terminal.draw(|frame| {
            let area = frame.area();
            let look = Look { selected, width: area.width.into(), height: area.height.into() };
            let lines = screen::lines(&seen, &look);
            let lines: Vec<Line> =
                lines.into_iter().map(|(line, tone)| Line::styled(line, style(tone))).collect();
            frame.render_widget(Paragraph::new(lines), area);
        })?;
        let before = selected;
        if event::poll(TICK)? {
            match key(&event::read()?) {
                Some(Key::Quit) => return Ok(()),
                Some(Key::Up) => selected = selected.saturating_sub(1),
                Some(Key::Down) => selected = (selected + 1).min(seen.runs.len().saturating_sub(1)),
                None => {}
            }
        }
        if before != selected || Instant::now() >= due {
            seen = Seen::look(daemon, selected)?;
            selected = selected.min(seen.runs.len().saturating_sub(1));
            due = Instant::now() + interval;
        }
    }
}

enum Key {
    Quit,
    Up,
    Down,
}

fn key(event: &Event) -> Option<Key> {
    let Event::Key(key) = event else { return None };
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => Some(Key::Quit),
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Quit),
        KeyCode::Up | KeyCode::Char('k') => Some(Key::Up),
        KeyCode::Down | KeyCode::Char('j') => Some(Key::Down),
        _ => None,
    }
}

fn style(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Title => Style::new().add_modifier(Modifier::BOLD),
        Tone::Selected => Style::new().add_modifier(Modifier::REVERSED),
        Tone::Soft => Style::new().add_modifier(Modifier::DIM),
        Tone::Trouble => Style::new().fg(Color::Yellow),
    }
}
