//! Answers of every framing, and servers that break off, babble or say nothing.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use super::*;

/// A server that reads one request's head and gives this answer, in pieces.
fn server(pieces: &'static [&'static str]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.windows(4).any(|four| four == b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        for piece in pieces {
            // The client may have left.
            let _ = stream.write_all(piece.as_bytes());
        }
        if pieces.is_empty() {
            // Silent until the client gives up.
            let _ = stream.read(&mut [0]);
        }
    });
    (folder, socket)
}

fn ask(pieces: &'static [&'static str], wait: Duration) -> io::Result<Answer> {
    let (_folder, socket) = server(pieces);
    let request = Request { method: "GET", path: "/v1/status", body: b"" };
    exchange(&socket, request, Instant::now() + wait)
}

const LONG: Duration = Duration::from_secs(10);

#[test]
fn answers_of_every_framing() {
    for (pieces, status, body) in [
        (&["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe", "llo"][..], 200, "hello"),
        (&["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx"], 201, "x"),
        (&["HTTP/1.1 204 No Content\r\n\r\n"], 204, ""),
        (&["HTTP/1.1 404 Not Found\r\n\r\nuntil the end"], 404, "until the end"),
        (
            &[
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nab",
                "cd\r",
                "\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
            ],
            200,
            "abcd0123456789",
        ),
    ] {
        let answer = ask(pieces, LONG).unwrap();
        assert_eq!((answer.status, answer.body), (status, body.as_bytes().to_vec()), "{pieces:?}");
    }
}

#[test]
fn what_is_not_an_answer_is_an_error() {
    for (pieces, kind) in [
        (&["SSH-2.0-OpenSSH\r\n\r\n"][..], io::ErrorKind::InvalidData),
        (&["HTTP/1.1 200 OK\r\ncontent-length: 99999999999999\r\n\r\n"], io::ErrorKind::InvalidData),
        (&["HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"], io::ErrorKind::InvalidData),
        (&["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"], io::ErrorKind::InvalidData),
        (
            &["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n"],
            io::ErrorKind::InvalidData,
        ),
        (&["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel"], io::ErrorKind::UnexpectedEof),
        (&["HTT"], io::ErrorKind::UnexpectedEof),
    ] {
        assert_eq!(ask(pieces, LONG).unwrap_err().kind(), kind, "{pieces:?}");
    }
}

#[test]
fn a_silent_daemon_is_waited_for_until_the_deadline_and_no_longer() {
    let started = Instant::now();
    let error = ask(&[], Duration::from_millis(50)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_daemon_that_accepts_nobody_is_waited_for_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s.sock");
    let fd = net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    net::bind(&fd, &SocketAddrUnix::new(&socket).unwrap()).unwrap();
    net::listen(&fd, 0).unwrap();
    let request = Request { method: "GET", path: "/", body: b"" };
    for _ in 0..3 {
        let error = exchange(&socket, request, Instant::now() + Duration::from_millis(30)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}

#[test]
fn a_path_that_would_break_the_request_is_refused() {
    let (_folder, socket) = server(&[]);
    let request = Request { method: "GET", path: "/a b\r\nX: y", body: b"" };
    assert_eq!(
        exchange(&socket, request, Instant::now() + LONG).unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
}
