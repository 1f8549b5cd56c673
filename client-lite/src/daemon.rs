//! Owns asking the daemon, and having one to ask: start it where it is not
//! there, wait until it serves, never longer than told.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::connection::{Answer, Request, exchange};
use crate::place::{Place, program};
use crate::spawn::{Starting, start};

/// How often a daemon that was just started is asked whether it serves.
const ASK_AGAIN: Duration = Duration::from_millis(2);

/// Whether a daemon is started where none runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Use {
    /// Started where none runs.
    #[default]
    Start,
    /// Used where one runs.
    Running,
    /// Never asked: everything goes to the journal, for whoever reads it later.
    None,
}

/// A daemon, running or not.
#[derive(Debug, Clone)]
pub struct Daemon {
    /// Where it is.
    pub place: Place,
    /// Whether to start it.
    pub usage: Use,
    /// Its program, where the caller knows better than the `PATH`.
    pub program: Option<PathBuf>,
}

impl Daemon {
    /// Asks, starting the daemon first where that is allowed and needed.
    ///
    /// # Errors
    /// Those of [`exchange`], or why it cannot be started.
    pub fn ask(&self, request: Request, timeout: Duration) -> io::Result<Answer> {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(24 * 3600));
        if self.usage == Use::None {
            let text = "this run works without a daemon";
            return Err(io::Error::new(io::ErrorKind::NotConnected, text));
        }
        let mut starting: Option<Starting> = None;
        loop {
            let error = match exchange(&self.place.socket, request, deadline) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // Only these say that nobody listens. After anything else the
            // request may have been heard, and is the caller's to repeat.
            let absent = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused);
            if !absent || self.usage != Use::Start || Instant::now() >= deadline {
                return Err(error);
            }
            if starting.is_none() {
                starting = Some(self.start()?);
            }
            std::thread::sleep(ASK_AGAIN);
        }
    }

    fn start(&self) -> io::Result<Starting> {
        let program = program(self.program.as_deref()).ok_or_else(|| {
            let text = "there is no program `pannier` on the PATH; install it or set PANNIER_BIN";
            io::Error::new(io::ErrorKind::NotFound, text)
        })?;
        start(&program, &self.place)
    }
}

/// A path segment or query value, encoded.
#[must_use]
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.extend(
                [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])),
            );
        }
        out
    })
}
