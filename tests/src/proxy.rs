//! A TCP proxy that does to HTTP what networks and servers do: it knows where a
//! request and an answer begin and end, nothing of what they say.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing.
    Pass,
    /// The connection closes before the request gets through.
    DropRequest,
    /// The request gets through, and is acted on; the answer is lost.
    LoseAnswer,
    /// The request gets through twice; the second answer is given.
    Twice,
    /// The request gets through; half of the answer comes, then a reset.
    Reset,
    /// Nothing moves for this long, then the connection closes: half-open.
    Stall(Duration),
    /// It arrives late.
    Delay(Duration),
    /// The request does not get through; this is the answer: status, extra
    /// header lines, body.
    Answer(u16, &'static str, String),
}

impl Fault {
    /// What happens to every remote sooner or later.
    #[must_use]
    pub fn of_a_network() -> Vec<Self> {
        let answer = |status, headers, body: &str| Self::Answer(status, headers, body.to_owned());
        vec![
            answer(500, "", "oh"),
            Self::LoseAnswer,
            answer(429, "Retry-After: 1\r\n", ""),
            Self::DropRequest,
            Self::Twice,
            Self::Reset,
            answer(503, "Retry-After: 0\r\n", "{\"error\":\"busy\"}"),
            answer(200, "", "<html>log in to the wifi</html>"),
            Self::Delay(Duration::from_millis(700)),
            answer(413, "", ""),
        ]
    }
}

#[derive(Default)]
struct State {
    script: VecDeque<Fault>,
    always: Option<Fault>,
    /// Only requests whose line contains this are touched.
    only: Option<String>,
    /// When each request came that the script applies to.
    seen: Vec<Instant>,
    /// Bytes of the requests that got through.
    bytes: u64,
    upstream: Option<SocketAddr>,
}

/// The proxy; ends with the process.
#[derive(Clone)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    /// Starts one in front of `upstream`.
    #[must_use]
    pub fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(Mutex::new(State { upstream: Some(upstream), ..State::default() }));
        let proxy = Self { address, state };
        let accepting = proxy.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let proxy = accepting.clone();
                std::thread::spawn(move || {
                    let _ = proxy.serve(stream);
                });
            }
        });
        proxy
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `http://…`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What happens to the next requests; after these, all is well.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().script.extend(faults);
    }

    /// What happens to every request from now on, once the script is over.
    pub fn always(&self, fault: Fault) {
        self.state().always = Some(fault);
    }

    /// All is well from now on.
    pub fn heal(&self) {
        let mut state = self.state();
        state.script.clear();
        state.always = None;
    }

    /// Only requests whose line contains this text are touched and counted.
    pub fn only(&self, text: &str) {
        self.state().only = Some(text.to_owned());
    }

    /// How many faults of the script are still to come.
    #[must_use]
    pub fn left(&self) -> usize {
        self.state().script.len()
    }

    /// When requests came.
    #[must_use]
    pub fn seen(&self) -> Vec<Instant> {
        self.state().seen.clone()
    }

    /// Bytes of the requests that got through to the other side.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.state().bytes
    }

    fn next_fault(&self, line: &str) -> Fault {
        let mut state = self.state();
        if state.only.as_ref().is_some_and(|only| !line.contains(only.as_str())) {
            return Fault::Pass;
        }
        state.seen.push(Instant::now());
        state.script.pop_front().or_else(|| state.always.clone()).unwrap_or(Fault::Pass)
    }

    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        while let Some(request) = read_message(&mut client, false)? {
            match self.next_fault(&request.start_line()) {
                Fault::Pass => client.write_all(&self.forward(&request)?)?,
                Fault::DropRequest => return Ok(()),
                Fault::LoseAnswer => return self.forward(&request).map(drop),
                Fault::Twice => {
                    self.forward(&request)?;
                    client.write_all(&self.forward(&request)?)?;
                }
                Fault::Reset => {
                    let answer = self.forward(&request)?;
                    client.write_all(&answer[..answer.len() / 2])?;
                    rustix::net::sockopt::set_socket_linger(&client, Some(Duration::ZERO))?;
                    return Ok(());
                }
                Fault::Stall(time) => {
                    std::thread::sleep(time);
                    return Ok(());
                }
                Fault::Delay(time) => {
                    std::thread::sleep(time);
                    client.write_all(&self.forward(&request)?)?;
                }
                Fault::Answer(status, headers, body) => {
                    let head = format!(
                        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n{body}",
                        body.len()
                    );
                    client.write_all(head.as_bytes())?;
                }
            }
        }
        Ok(())
    }

    fn forward(&self, request: &Message) -> io::Result<Vec<u8>> {
        let upstream = self.state().upstream.ok_or(io::ErrorKind::NotConnected)?;
        let mut server = TcpStream::connect(upstream)?;
        server.write_all(&request.raw)?;
        self.state().bytes += request.raw.len() as u64;
        let answer = read_message(&mut server, true)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(answer.raw)
    }
}

/// One request or answer, as it came.
pub struct Message {
    raw: Vec<u8>,
    head_bytes: usize,
    chunked: bool,
}

impl Message {
    /// `POST /v1/… HTTP/1.1`, or `HTTP/1.1 200 OK`.
    #[must_use]
    pub fn start_line(&self) -> String {
        let end = self.raw.iter().position(|byte| *byte == b'\r').unwrap_or(self.raw.len());
        String::from_utf8_lossy(&self.raw[..end]).into_owned()
    }

    /// The start line and the headers.
    #[must_use]
    pub fn head(&self) -> String {
        String::from_utf8_lossy(&self.raw[..self.head_bytes]).into_owned()
    }

    /// The body, put together where it came in chunks.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut rest = &self.raw[self.head_bytes..];
        if !self.chunked {
            return rest.to_vec();
        }
        let mut body = Vec::new();
        while let Some((size, behind)) = chunk_size(rest).filter(|(size, _)| *size > 0) {
            body.extend_from_slice(&rest[behind..behind + size]);
            rest = &rest[behind + size + 2..];
        }
        body
    }
}

/// A chunk's size, and where it begins.
fn chunk_size(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let line = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?, end + 2))
}

/// Reads one message. `None` where the other side closed before one began.
///
/// # Errors
/// Where it ends in the middle.
pub fn read_message(from: &mut impl Read, is_answer: bool) -> io::Result<Option<Message>> {
    let mut raw = Vec::new();
    let head_bytes = loop {
        if let Some(at) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if more(from, &mut raw)? == 0 {
            return if raw.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
    };
    let head = String::from_utf8_lossy(&raw[..head_bytes]).to_ascii_lowercase();
    let header =
        |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim));
    let chunked = header("transfer-encoding").is_some_and(|coding| coding.contains("chunked"));
    let length: Option<usize> = header("content-length").and_then(|length| length.parse().ok());
    let no_body = is_answer
        && [" 204 ", " 304 ", " 100 "].iter().any(|code| head.lines().next().unwrap_or("").contains(code));
    loop {
        let body = &raw[head_bytes..];
        let whole = match (chunked, length) {
            (true, _) => last_chunk_is_there(body),
            (false, Some(length)) => body.len() >= length,
            // An answer without a length ends with the connection.
            (false, None) => !is_answer,
        };
        if whole || no_body {
            break;
        }
        if more(from, &mut raw)? == 0 {
            if is_answer && !chunked && length.is_none() {
                break;
            }
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Some(Message { raw, head_bytes, chunked }))
}

fn last_chunk_is_there(mut body: &[u8]) -> bool {
    while let Some((size, behind)) = chunk_size(body) {
        if size == 0 {
            return body.len() >= behind + 2;
        }
        let Some(rest) = body.get(behind + size + 2..) else { return false };
        body = rest;
    }
    false
}

fn more(from: &mut impl Read, raw: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; 65536];
    let n = from.read(&mut buffer)?;
    raw.extend_from_slice(&buffer[..n]);
    Ok(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time, as a network may.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn messages_end_where_they_end() {
        for (bytes, is_answer, body) in [
            (&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], false, &b""[..]),
            (b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc", false, b"abc"),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
                true,
                b"abc",
            ),
            (b"HTTP/1.1 204 No Content\r\n\r\n", true, b""),
        ] {
            let two = [bytes, b"X"].concat();
            let mut from = Slow(&two);
            let message = read_message(&mut from, is_answer).unwrap().unwrap();
            assert_eq!((message.raw.as_slice(), message.body().as_slice()), (bytes, body));
            assert_eq!(from.0, b"X", "not a byte more is taken");
        }
        assert!(read_message(&mut Slow(b""), true).unwrap().is_none());
        assert!(read_message(&mut Slow(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), true).is_err());
    }
}
