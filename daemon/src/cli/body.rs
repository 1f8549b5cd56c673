//! Reads answers of HTTP/1.1: the head, and where the body ends.

use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::net::UnixStream;

/// The longest head of an answer.
const HEAD_BYTES_MAX: u64 = 64 << 10;

/// The body of an answer; ends where the answer says that it does, and an end
/// before that is an error.
pub struct Body {
    from: BufReader<UnixStream>,
    framing: Framing,
}

enum Framing {
    /// So many bytes are to come.
    Length(u64),
    /// Of the present chunk.
    Chunk(u64),
    /// Before the first chunk, or behind one that was read.
    BetweenChunks,
    /// Up to the end of the connection.
    Close,
}

impl Body {
    /// Reads the head of an answer; returns its status, too.
    ///
    /// # Errors
    /// Those of the socket; `InvalidData` where it is not HTTP.
    pub fn begin(stream: UnixStream) -> io::Result<(u16, Self)> {
        let mut from = BufReader::with_capacity(64 << 10, stream);
        let bad = || io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP");
        let mut head = String::new();
        let mut limited = from.by_ref().take(HEAD_BYTES_MAX);
        while !head.ends_with("\r\n\r\n") {
            if limited.read_line(&mut head)? == 0 {
                return Err(bad());
            }
        }
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or_else(bad)?;
        let mut framing = if status == 204 { Framing::Length(0) } else { Framing::Close };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                framing = Framing::Length(value.parse().ok().ok_or_else(bad)?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked")
            {
                framing = Framing::BetweenChunks;
            }
        }
        Ok((status, Self { from, framing }))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.from.by_ref().take(HEAD_BYTES_MAX).read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    /// The length of the next chunk.
    fn next_chunk(&mut self) -> io::Result<u64> {
        let line = self.line()?;
        let digits = line.split(';').next().unwrap_or_default();
        u64::from_str_radix(digits.trim(), 16)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn some(&mut self, buffer: &mut [u8], left: u64) -> io::Result<u64> {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        match self.from.read(&mut buffer[..most])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            n => Ok(n as u64),
        }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if let Framing::BetweenChunks = self.framing {
            self.framing = match self.next_chunk()? {
                0 => Framing::Length(0),
                length => Framing::Chunk(length),
            };
        }
        let got = match self.framing {
            Framing::Close => return self.from.read(buffer),
            Framing::Length(0) => 0,
            Framing::Length(left) => {
                let got = self.some(buffer, left)?;
                self.framing = Framing::Length(left - got);
                got
            }
            Framing::Chunk(left) => {
                let got = self.some(buffer, left)?;
                self.framing = Framing::Chunk(left - got);
                if left == got {
                    self.line()?;
                    self.framing = Framing::BetweenChunks;
                }
                got
            }
            Framing::BetweenChunks => 0,
        };
        Ok(usize::try_from(got).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn answer(raw: &'static [u8]) -> io::Result<(u16, Vec<u8>)> {
        let (here, mut there) = UnixStream::pair().unwrap();
        let writer = std::thread::spawn(move || there.write_all(raw));
        let (status, mut body) = Body::begin(here)?;
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes)?;
        writer.join().unwrap().unwrap();
        Ok((status, bytes))
    }

    #[test]
    fn bodies_by_length_by_chunks_and_to_the_end() {
        for (raw, body) in [
            (&b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"[..], &b"abc"[..]),
            (
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n",
                b"abc",
            ),
            (b"HTTP/1.1 200 OK\r\n\r\nabc", b"abc"),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b""),
        ] {
            assert_eq!(answer(raw).unwrap(), (200, body.to_vec()));
        }
        assert_eq!(answer(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap(), (204, Vec::new()));
    }

    #[test]
    fn answers_that_end_early_are_noticed() {
        for raw in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabc"[..],
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
            b"HTTP/1.1 200 OK\r\ncont",
            b"SSH-2.0-x\r\n\r\n",
            b"",
        ] {
            assert!(answer(raw).is_err(), "{:?}", String::from_utf8_lossy(raw));
        }
    }
}
