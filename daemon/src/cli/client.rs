//! Asks the daemon: blocking HTTP/1.1 over the home's socket, one connection a
//! request. Knows bodies of routes, not what commands do with them.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pannier_proto::request::ErrorBody;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::body::Body;
use super::failure::{EXIT_FAILED, EXIT_NOBODY, Failure, Result};
use super::show::{clean, span};
use crate::percent::encode;

/// How long an answer may take. Longer than any request does on a machine that
/// works at all.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same between two lines of an answer that comes in pieces.
const STREAM_PATIENCE: Duration = Duration::from_secs(600);
/// How long a daemon may take to say that it is ready.
const READY_PATIENCE: Duration = Duration::from_secs(2);
/// The longest error that is read.
const ERROR_BYTES_MAX: u64 = 1 << 20;

/// A home's socket.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

/// An answer of status 200 to 399; its body is read from it.
pub struct Answer {
    body: Body,
}

impl Client {
    /// Whoever listens on this socket.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// Whether a daemon serves there now.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.exchange("GET", "/ready", "", None, READY_PATIENCE).is_ok_and(|(status, _)| status == 200)
    }

    /// Whether anybody listens there, ready or not.
    #[must_use]
    pub fn listens(&self) -> bool {
        UnixStream::connect(&self.socket).is_ok()
    }

    /// Asks for a body of JSON.
    ///
    /// # Errors
    /// [`Failure`]: nobody there, refused, or not understood.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.call("GET", path, None)?.json()
    }

    /// Sends a request.
    ///
    /// # Errors
    /// [`Failure`]; an answer of status 400 and up becomes one.
    pub fn call(&self, method: &str, path: &str, body: Option<&Json>) -> Result<Answer> {
        self.call_within(method, path, body, PATIENCE)
    }

    /// [`Client::call`] for answers that come in pieces, for as long as it takes.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn stream(&self, method: &str, path: &str) -> Result<Answer> {
        self.call_within(method, path, None, STREAM_PATIENCE)
    }

    /// [`Client::stream`] with a body to send.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn stream_with(&self, method: &str, path: &str, body: &Json) -> Result<Answer> {
        self.call_within(method, path, Some(body), STREAM_PATIENCE)
    }

    /// The bytes of a file behind the first so many.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn bytes_from(&self, path: &str, offset: u64) -> Result<Answer> {
        let range = if offset > 0 { format!("range: bytes={offset}-\r\n") } else { String::new() };
        self.call_with("GET", path, &range, None, STREAM_PATIENCE)
    }

    /// [`Client::call`] that waits for at most so long.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn call_within(
        &self,
        method: &str,
        path: &str,
        body: Option<&Json>,
        patience: Duration,
    ) -> Result<Answer> {
        self.call_with(method, path, "", body, patience)
    }

    fn call_with(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: Option<&Json>,
        patience: Duration,
    ) -> Result<Answer> {
        let (status, body) = self
            .exchange(method, path, headers, body, patience)
            .map_err(|error| self.trouble(&error, patience))?;
        if status < 400 {
            return Ok(Answer { body });
        }
        let mut text = Vec::new();
        // What there is of it is better than nothing.
        let _ = body.take(ERROR_BYTES_MAX).read_to_end(&mut text);
        Err(refusal(status, &text))
    }

    fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: Option<&Json>,
        patience: Duration,
    ) -> io::Result<(u16, Body)> {
        let mut stream = UnixStream::connect(&self.socket)?;
        refuse_strangers(&stream)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        let body = body.map(Json::to_string).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: pannier\r\nconnection: close\r\n\
             {headers}content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
        Body::begin(stream)
    }

    fn trouble(&self, error: &io::Error, patience: Duration) -> Failure {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                Failure::new(format!("no daemon listens on {}", self.socket.display()))
                    .hint("start one with `pannier daemon`")
                    .code(EXIT_NOBODY)
            }
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                Failure::new(format!("the daemon has not answered for {}", span(patience)))
                    .hint("it may be stopped or its disk may hang; see `pannier doctor`")
                    .code(EXIT_NOBODY)
            }
            _ => Failure::new(format!("cannot talk to the daemon on {}: {error}", self.socket.display()))
                .hint("see `pannier doctor`")
                .code(EXIT_NOBODY),
        }
    }
}

impl Answer {
    /// The whole body, as JSON.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn json<T: DeserializeOwned>(mut self) -> Result<T> {
        let mut text = Vec::new();
        self.body.read_to_end(&mut text).map_err(|error| cut_off(&error))?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn bytes(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.body.read_to_end(&mut bytes).map_err(|error| cut_off(&error))?;
        Ok(bytes)
    }

    /// The body line by line, each a JSON value.
    pub fn lines<T: DeserializeOwned>(self) -> impl Iterator<Item = Result<T>> {
        BufReader::with_capacity(64 << 10, self.body).lines().filter_map(|line| match line {
            Ok(line) if line.is_empty() => None,
            Ok(line) => Some(serde_json::from_str(&line).map_err(Failure::from)),
            Err(error) => Some(Err(cut_off(&error))),
        })
    }

    /// The body, to be copied. Errors of the reader are the daemon's.
    pub fn read_with(mut self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.body.read(&mut buffer).map_err(|error| cut_off(&error))? {
                0 => return Ok(()),
                n => each(&buffer[..n])?,
            }
        }
    }
}

fn cut_off(error: &io::Error) -> Failure {
    Failure::new(format!("the daemon's answer ended early: {error}"))
        .hint("the daemon may have been stopped meanwhile; try again, and see `pannier doctor`")
}

fn refusal(status: u16, text: &[u8]) -> Failure {
    match serde_json::from_slice::<ErrorBody>(text) {
        Ok(body) => Failure {
            error: clean(&body.error).into_owned(),
            hint: body.hint.map(|hint| clean(&hint).into_owned()),
            code: EXIT_FAILED,
        },
        Err(_) if status == 404 || status == 405 => Failure::new("the daemon does not know this request")
            .hint("it may be of another version, or a daemon where a hub is needed; see `pannier doctor`"),
        Err(_) => Failure::new(format!("the daemon answered with status {status}")),
    }
}

/// Another user who sits on the path is told nothing.
#[cfg(target_os = "linux")]
fn refuse_strangers(stream: &UnixStream) -> io::Result<()> {
    let theirs = rustix::net::sockopt::socket_peercred(stream)?.uid;
    let ours = rustix::process::getuid();
    if theirs == ours || theirs.is_root() || ours.is_root() {
        return Ok(());
    }
    Err(io::Error::other(format!("another user (uid {}) listens there", theirs.as_raw())))
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as on Linux")]
fn refuse_strangers(_: &UnixStream) -> io::Result<()> {
    Ok(())
}

/// A path with a query; parameters without a value are left out.
#[must_use]
pub fn with_query(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let given = parameters.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let query: Vec<_> = given.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_with_their_hint() {
        let failure = refusal(409, br#"{"error":"no","hint":"do"}"#);
        assert_eq!((failure.error.as_str(), failure.hint.as_deref()), ("no", Some("do")));
        assert!(refusal(500, b"<html>").error.contains("500"));
    }

    #[test]
    fn queries() {
        assert_eq!(with_query("/x", &[("a", None)]), "/x");
        assert_eq!(
            with_query("/x", &[("a", None), ("b", Some("1&2".into())), ("c", Some(String::new()))]),
            "/x?b=1%262&c="
        );
    }
}
