//! Owns one HTTP/1.1 exchange over the daemon's socket, blocking, with one
//! deadline for all of it and a bound on the answer. Must not know any route.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType};

/// The most bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// The most bytes of an answer's body. A column of ten million points has 160 MB.
const BODY_BYTES_MAX: usize = 1 << 30;
/// How soon a full listen queue is tried again; the daemon is stopped or busy.
const CONNECT_AGAIN: Duration = Duration::from_millis(2);
const READ_BYTES: usize = 256 << 10;

/// What to ask.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// Path and query, encoded.
    pub path: &'a str,
    /// The body; JSON, where there is any.
    pub body: &'a [u8],
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Connects, asks, and reads the answer, all before the deadline.
///
/// # Errors
/// The socket's own; `TimedOut` at the deadline; `PermissionDenied` where
/// another user listens there; `InvalidData` for what is not HTTP.
pub fn exchange(socket: &Path, request: Request, deadline: Instant) -> io::Result<Answer> {
    let stream = connect(socket, deadline)?;
    send(&stream, request, deadline)?;
    Reader { stream, deadline, bytes: Vec::new(), end: false }.answer(request.method == "HEAD")
}

fn connect(socket: &Path, deadline: Instant) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(socket)?;
    loop {
        // Non-blocking, because connecting to a stopped daemon can block for good.
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let fd: OwnedFd = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        match net::connect(&fd, &address) {
            Ok(()) => {
                let peer = net::sockopt::socket_peercred(&fd)?.uid;
                let me = rustix::process::getuid();
                if peer != me && !peer.is_root() {
                    let text =
                        format!("{} belongs to another user (uid {})", socket.display(), peer.as_raw());
                    return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
                }
                let stream = UnixStream::from(fd);
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {
                left(deadline)?;
                std::thread::sleep(CONNECT_AGAIN);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn send(stream: &UnixStream, request: Request, deadline: Instant) -> io::Result<()> {
    let Request { method, path, body } = request;
    if method.bytes().chain(path.bytes()).any(|byte| byte <= b' ' || byte >= 0x7f) {
        let text = format!("the path {path:?} is not encoded for HTTP");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    for mut part in [head.as_bytes(), body] {
        while !part.is_empty() {
            stream.set_write_timeout(Some(left(deadline)?))?;
            // No SIGPIPE into a training process where the daemon hung up.
            match net::send(stream, part, SendFlags::NOSIGNAL) {
                Ok(sent) => part = &part[sent..],
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Err(io::ErrorKind::TimedOut.into()),
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

struct Reader {
    stream: UnixStream,
    deadline: Instant,
    bytes: Vec<u8>,
    end: bool,
}

impl Reader {
    fn answer(mut self, without_body: bool) -> io::Result<Answer> {
        loop {
            let head_len = self.head()?;
            let head = Head::parse(&self.bytes[..head_len])?;
            self.bytes.drain(..head_len);
            if (100..200).contains(&head.status) {
                continue;
            }
            let empty = without_body || matches!(head.status, 204 | 304);
            let body = match head.length {
                _ if empty => Vec::new(),
                Length::Bytes(len) => self.exactly(len)?,
                Length::Chunked => self.chunks()?,
                Length::UntilEnd => {
                    while !self.end {
                        self.more(READ_BYTES)?;
                    }
                    self.bytes
                }
            };
            return Ok(Answer { status: head.status, body });
        }
    }

    fn head(&mut self) -> io::Result<usize> {
        loop {
            if let Some(at) = self.bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                return Ok(at + 4);
            }
            if self.bytes.len() > HEAD_BYTES_MAX {
                return Err(bad("its head is too long"));
            }
            self.need_more(READ_BYTES)?;
        }
    }

    fn exactly(mut self, len: usize) -> io::Result<Vec<u8>> {
        if len > BODY_BYTES_MAX {
            return Err(bad("its body is too long"));
        }
        while self.bytes.len() < len {
            self.need_more(len - self.bytes.len())?;
        }
        self.bytes.truncate(len);
        Ok(self.bytes)
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let (mut body, mut at) = (Vec::new(), 0);
        loop {
            let line = loop {
                if let Some(len) = self.bytes[at..].windows(2).position(|two| two == b"\r\n") {
                    break at..at + len;
                }
                if self.bytes.len() - at > HEAD_BYTES_MAX {
                    return Err(bad("a chunk's head is too long"));
                }
                self.need_more(READ_BYTES)?;
            };
            at = line.end + 2;
            let size = std::str::from_utf8(&self.bytes[line]).ok().and_then(|line| line.split(';').next());
            let size = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
            let size = size.ok_or_else(|| bad("a chunk has no size"))?;
            if size == 0 {
                return Ok(body);
            }
            if size > BODY_BYTES_MAX - body.len() {
                return Err(bad("its body is too long"));
            }
            while self.bytes.len() < at + size + 2 {
                self.need_more(READ_BYTES)?;
            }
            body.extend_from_slice(&self.bytes[at..at + size]);
            self.bytes.drain(..at + size + 2);
            at = 0;
        }
    }

    fn need_more(&mut self, wanted: usize) -> io::Result<()> {
        self.more(wanted)?;
        if self.end { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn more(&mut self, wanted: usize) -> io::Result<()> {
        if self.bytes.len() > BODY_BYTES_MAX + HEAD_BYTES_MAX {
            return Err(bad("its body is too long"));
        }
        self.bytes.reserve(wanted.clamp(1, READ_BYTES.max(self.bytes.len())));
        self.stream.set_read_timeout(Some(left(self.deadline)?))?;
        match net::recv(&self.stream, rustix::buffer::spare_capacity(&mut self.bytes), RecvFlags::empty()) {
            Ok((0, _)) => self.end = true,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq)]
enum Length {
    Bytes(usize),
    Chunked,
    UntilEnd,
}

struct Head {
    status: u16,
    length: Length,
}

impl Head {
    fn parse(bytes: &[u8]) -> io::Result<Self> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n");
        let status = lines.next().filter(|line| line.starts_with("HTTP/1."));
        let status = status.and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let status = status.ok_or_else(|| bad("it is not HTTP"))?;
        let mut length = Length::UntilEnd;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
                length = Length::Chunked;
            } else if name.eq_ignore_ascii_case("content-length") && length != Length::Chunked {
                let len = value.parse();
                length =
                    Length::Bytes(len.map_err(|error| bad(&format!("its length is {value:?} ({error})")))?);
            }
        }
        Ok(Self { status, length })
    }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the daemon's answer cannot be read: {what}"))
}

#[cfg(test)]
mod tests;
