//! A blocking HTTP client, one request a connection: our own, so that what the
//! tests see does not depend on the code they test.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value as Json;

use crate::proxy::{Message, read_message};

/// Where requests go.
#[derive(Debug, Clone)]
pub enum Http {
    /// A socket file.
    Unix(PathBuf),
    /// `ADDR:PORT` and a bearer token.
    Tcp(String, Option<String>),
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// What a message says.
    ///
    /// # Errors
    /// Where it is no answer.
    pub fn of(message: &Message) -> io::Result<Self> {
        let status = message.start_line().split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(message.start_line()))?;
        Ok(Self { status, head: message.head(), body: message.body() })
    }

    /// A header's value; its name in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        line.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body as JSON.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Panics unless it has this status.
    #[track_caller]
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

impl Http {
    /// Over a Unix socket.
    #[must_use]
    pub fn unix(socket: &Path) -> Self {
        Self::Unix(socket.to_owned())
    }

    /// `GET`; panics where nobody answers.
    #[track_caller]
    #[must_use]
    pub fn get(&self, route: &str) -> Answer {
        self.send("GET", route, b"").unwrap_or_else(|error| panic!("GET {route}: {error}"))
    }

    /// `POST`; panics where nobody answers.
    #[track_caller]
    pub fn post(&self, route: &str, body: &Json) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send("POST", route, body.as_bytes()).unwrap_or_else(|error| panic!("POST {route}: {error}"))
    }

    /// Any request.
    ///
    /// # Errors
    /// Where nobody answers, or not in HTTP, within 30 s.
    pub fn send(&self, method: &str, route: &str, body: &[u8]) -> io::Result<Answer> {
        self.send_with(method, route, &[], body)
    }

    /// Any request, with more header lines; a `Host` or a `Content-Type` among
    /// them is the only one.
    ///
    /// # Errors
    /// As [`Http::send`].
    pub fn send_with(&self, method: &str, route: &str, headers: &[&str], body: &[u8]) -> io::Result<Answer> {
        let token = match self {
            Self::Tcp(_, Some(token)) => format!("Authorization: Bearer {token}\r\n"),
            _ => String::new(),
        };
        let route = route.replace(' ', "%20");
        let given = |name: &str| headers.iter().any(|header| header.starts_with(name));
        let host = if given("Host:") { "" } else { "Host: localhost\r\n" };
        let kind = if given("Content-Type:") { "" } else { "Content-Type: application/json\r\n" };
        let more: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let head = format!(
            "{method} {route} HTTP/1.1\r\n{host}Connection: close\r\n{token}{more}{kind}Content-Length: {}\r\n\r\n",
            body.len()
        );
        let patience = Some(Duration::from_secs(30));
        match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(patience)?;
                talk(stream, &head, body)
            }
            Self::Tcp(address, _) => {
                let stream = TcpStream::connect(address)?;
                stream.set_read_timeout(patience)?;
                talk(stream, &head, body)
            }
        }
    }
}

fn talk(mut stream: impl Read + Write, head: &str, body: &[u8]) -> io::Result<Answer> {
    stream.write_all(head.as_bytes())?;
    // A server may refuse and close before it has read a long body.
    let written = stream.write_all(body);
    let Some(message) = read_message(&mut stream, true)? else {
        return Err(written.err().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into()));
    };
    Answer::of(&message)
}
