//! The client of a hub, against sockets that answer as told.

use super::*;
use http::header::RETRY_AFTER;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A server that answers every request with these bytes, and what it was sent.
async fn server(answer: &str) -> (String, tokio::sync::mpsc::Receiver<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = tokio::sync::mpsc::channel(16);
    let answer = answer.to_owned();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = vec![0; 64 << 10];
            let len = connection.read(&mut request).await.unwrap_or(0);
            let _ = tell.send(String::from_utf8_lossy(&request[..len]).into_owned()).await;
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    });
    (url, told)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
}

async fn asked(answer: &str) -> RemoteError {
    let (url, _told) = server(answer).await;
    let hub = Hub::new(&url, Some("pan-secret")).unwrap();
    let error = hub.info().await.unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(error.to_string().contains("127.0.0.1"), "{error} names the hub");
    error
}

fn kind(error: &RemoteError) -> &'static str {
    match error {
        RemoteError::Transient { .. } => "transient",
        RemoteError::Unauthorized(_) => "unauthorized",
        RemoteError::TooLarge(_) => "too large",
        RemoteError::Rejected(_) => "rejected",
    }
}

#[tokio::test]
async fn every_answer_has_a_meaning() {
    let refusal = r#"{"error":"no such route","hint":"look again"}"#;
    for (status, body, expected) in [
        ("200 OK", "<html>Welcome to the airport</html>", "transient"),
        ("200 OK", refusal, "transient"),
        ("302 Found", "", "transient"),
        ("400 Bad Request", refusal, "rejected"),
        ("401 Unauthorized", refusal, "unauthorized"),
        ("403 Forbidden", "", "unauthorized"),
        ("404 Not Found", refusal, "rejected"),
        ("408 Request Timeout", "", "transient"),
        ("409 Conflict", refusal, "rejected"),
        ("413 Payload Too Large", "", "too large"),
        ("422 Unprocessable Entity", "garbage", "rejected"),
        ("425 Too Early", "", "transient"),
        ("429 Too Many Requests", "", "transient"),
        ("500 Internal Server Error", refusal, "transient"),
        ("502 Bad Gateway", "<html>", "transient"),
        ("503 Service Unavailable", "", "transient"),
        ("507 Insufficient Storage", refusal, "transient"),
    ] {
        let error = asked(&answer(status, "", body)).await;
        assert_eq!(kind(&error), expected, "{status}");
        if body == refusal && !status.starts_with("200") {
            assert!(error.to_string().ends_with("no such route; look again"), "{error}");
        }
    }
    assert_eq!(kind(&asked("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{").await), "transient", "cut off");
    assert_eq!(kind(&asked("").await), "transient", "closed without a word");
    assert_eq!(kind(&asked("SSH-2.0-OpenSSH\r\n").await), "transient", "another protocol");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, mut told) = server(&answer("200 OK", "", "{}")).await;
    let error =
        asked(&answer("307 Temporary Redirect", &format!("Location: {elsewhere}/v1/hub\r\n"), "")).await;
    assert!(error.to_string().contains("307"), "{error}");
    assert!(told.try_recv().is_err(), "nothing went there, and no token");
}

#[tokio::test]
async fn the_token_goes_in_its_header_only() {
    let (url, mut told) = server(&answer("200 OK", "", "{}")).await;
    let hub = Hub::new(&format!("{url}/base"), Some("pan-secret")).unwrap();
    assert!(hub.info().await.is_err());
    let request = told.recv().await.unwrap();
    assert!(request.starts_with("GET /base/v1/hub HTTP/1.1\r\n"), "{request}");
    assert_eq!(request.matches("pan-secret").count(), 1);
    assert!(request.contains("authorization: Bearer pan-secret"), "{request}");
}

#[test]
fn retry_after_is_obeyed_within_reason() {
    let now_us = 1_445_412_470_000_000;
    for (text, expected) in [
        ("7", Some(7)),
        ("0", Some(0)),
        ("86400", Some(600)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", Some(10)),
        ("Wed, 21 Oct 2015 07:27:00 GMT", Some(0)),
        ("Wed, 21 Oct 2099 07:28:00 GMT", Some(600)),
        ("soon", None),
        ("-1", None),
    ] {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
        assert_eq!(retry_after(&headers, now_us), expected.map(Duration::from_secs), "{text}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), now_us), None);
}

#[test]
fn urls_that_would_leak_are_refused() {
    for (url, word) in [
        ("http://hub.example.org", "in the clear"),
        ("ftp://hub.example.org", "https://"),
        ("hub", "no URL"),
        ("unix:/run/x", "no host"),
    ] {
        let error = Hub::new(url, Some("pan-secret")).err().unwrap();
        assert!(error.contains(word) && !error.contains("secret"), "{url}: {error}");
    }
    assert!(Hub::new("https://hub.example.org/base", Some("pan-secret")).is_ok());
    assert!(Hub::new("http://[::1]:80", None).is_ok());
    assert!(!Hub::new("https://hub.example.org", Some("a\nb")).err().unwrap().contains("a\nb"));
}
