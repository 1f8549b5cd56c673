//! What the remotes that are spoken to over HTTP have in common: one kind of
//! client, what its failures mean, and which URLs may be used. It knows no
//! protocol and no store.
//!
//! A secret goes to the configured host only: there are no redirects, and no plain
//! HTTP but to this machine, and no proxy on the way there. Nothing is repeated in
//! here; whether and when to try again is the engine's to say.

use std::sync::Once;
use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use reqwest::{Certificate, Client, Response, Url};

use super::remote::RemoteError;
use crate::limits::RETRY_AFTER_MAX;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For a request and its answer, besides the time that its bytes take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);
/// The slowest line that is waited for.
pub(super) const BYTES_PER_SECOND_MIN: u64 = 32 << 10;
/// What is sent and not acknowledged for so long has a dead line under it.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
const IDLE_CONNECTION: Duration = Duration::from_secs(20);
/// The longest answer: positions of as many streams as may be asked about.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// Makes `ring` the process's cryptography. Any number of times; before the
/// first TLS connection of either direction.
pub fn install_crypto() {
    static ONCE: Once = Once::new();
    // An error says that another one is installed already, which is as good.
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// A remote's URL, ending in `/`, its host, and whether that is this machine.
pub(super) fn base(url: &str) -> Result<(Url, String, bool), String> {
    let mut base = Url::parse(url).map_err(|error| format!("the URL is no URL: {error}"))?;
    let host = base.host_str().ok_or("the URL names no host")?.to_owned();
    let local = ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str());
    match base.scheme() {
        "https" => {}
        "http" if local => {}
        "http" => {
            return Err(format!(
                "http:// would send the records and the token to {host} in the clear; use https://"
            ));
        }
        other => return Err(format!("{other}:// is not spoken here; use https://")),
    }
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    let named = base.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    Ok((base, named, local))
}

/// Why there is no answer of `who`.
pub(super) fn unreachable(who: &str, error: &reqwest::Error) -> RemoteError {
    let cause = cause(error);
    RemoteError::transient(match () {
        () if error.is_timeout() && error.is_connect() => {
            format!("{who} cannot be reached: no answer in {} s", CONNECT_TIMEOUT.as_secs())
        }
        () if error.is_timeout() => format!("{who} did not answer in time"),
        () if error.is_connect() => format!("{who} cannot be reached: {cause}"),
        () => format!("the connection to {who} broke: {cause}"),
    })
}

/// A client that repeats nothing, follows nothing and waits for nothing forever.
pub(super) fn client(local: bool) -> Result<Client, String> {
    let mut client = Client::builder()
        .user_agent(concat!("pannier/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .tcp_user_timeout(UNACKNOWLEDGED)
        .tcp_nodelay(true)
        .pool_idle_timeout(IDLE_CONNECTION)
        .pool_max_idle_per_host(4)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false);
    if local {
        client = client.no_proxy();
    }
    if let Some(file) = std::env::var_os("PANNIER_CA_FILE") {
        let file = std::path::PathBuf::from(file);
        let read = std::fs::read(&file).map_err(|error| error.to_string());
        let certificates =
            read.and_then(|pem| Certificate::from_pem_bundle(&pem).map_err(|error| error.to_string()));
        let certificates =
            certificates.map_err(|error| format!("PANNIER_CA_FILE {}: {error}", file.display()))?;
        client = client.tls_certs_merge(certificates);
    }
    client.build().map_err(|error| format!("cannot prepare TLS: {}", cause(&error)))
}

/// An answer's body; none where it is too long to be one.
pub(super) async fn read(response: &mut Response) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// The innermost cause, which is the one that says something. Without the URL.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = match cause.downcast_ref::<reqwest::Error>() {
        Some(_) => "the request could not be made".to_owned(),
        None => cause.to_string(),
    };
    match text.as_str() {
        text if text.contains("NotValidYet") || text.contains("not valid yet") || text.contains("xpired") => {
            format!("{text}; is this machine's clock right?")
        }
        text if text.contains("UnknownIssuer") => {
            format!("{text}; set PANNIER_CA_FILE to the certificate authority's file")
        }
        _ => text,
    }
}

/// `Retry-After`: seconds, or a date.
pub(super) fn retry_after(headers: &HeaderMap, now_us: i64) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let delay = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let then = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
            Duration::from_micros(u64::try_from(then.as_microsecond() - now_us).unwrap_or(0))
        }
    };
    Some(delay.min(RETRY_AFTER_MAX))
}
