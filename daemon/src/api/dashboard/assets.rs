//! The page that the browser loads, and its scripts and styles: what Vite built,
//! as `build.rs` put it into this program. It holds no data.

use std::borrow::Cow;
use std::io::Read as _;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, StatusCode};

use crate::api::respond::Failure;
use crate::wandb::run_files::media_type;

/// A file of the dashboard: its path, its bytes, and whether those are gzip's.
type File = (&'static str, &'static [u8], bool);

include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// What is shown where the dashboard was not built in.
const NOT_BUILT: &str = include_str!("not_built.html");

/// Only what comes from here is run or loaded. Styles of single elements are what
/// charts are laid out with.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; \
    img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; frame-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (VARY, "accept-encoding"),
];

/// Every place of the dashboard is the same page; the few files that lie beside
/// it have names of their own.
pub async fn shell(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let file = found(path).or_else(|| found("index.html"));
    let Some(file) = file else {
        let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
        return (HEADERS, headers, NOT_BUILT).into_response();
    };
    answer(file, request.headers(), "no-cache")
}

/// `/assets/…`: their names change with what is in them.
pub async fn asset(request: Request) -> Response {
    let path = request.uri().path();
    match found(path.trim_start_matches('/')) {
        Some(file) => answer(file, request.headers(), "public, max-age=31536000, immutable"),
        None => Failure::new(StatusCode::NOT_FOUND, format!("the dashboard has no file {path}"))
            .hint("load the page again: pannier was updated")
            .into_response(),
    }
}

fn found(path: &str) -> Option<&'static File> {
    FILES.iter().find(|(name, ..)| *name == path)
}

fn answer((name, bytes, packed): &'static File, headers: &HeaderMap, keep: &'static str) -> Response {
    let kind = [(CONTENT_TYPE, content_type(name)), (CACHE_CONTROL, keep)];
    if *packed && takes_gzip(headers) {
        return (HEADERS, kind, [(CONTENT_ENCODING, "gzip")], *bytes).into_response();
    }
    let mut plain = Cow::Borrowed(*bytes);
    if *packed {
        let mut unpacked = Vec::new();
        if let Err(error) = GzDecoder::new(*bytes).read_to_end(&mut unpacked) {
            return Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
        }
        plain = Cow::Owned(unpacked);
    }
    (HEADERS, kind, plain).into_response()
}

/// Browsers run a script only where it says that it is one.
fn content_type(name: &str) -> &str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => media_type(name),
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let mut all = lines.flat_map(|line| line.split(','));
    all.any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip") || name == "*");
        let refused = parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)));
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn who_takes_gzip() {
        let takes = |said: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(said).unwrap());
            takes_gzip(&headers)
        };
        assert!(takes("gzip, deflate, br") && takes("br, GZIP;q=0.5") && takes("*"));
        assert!(!takes("identity") && !takes("gzip;q=0") && !takes("br"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn nothing_but_ours_is_run() {
        for part in ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(POLICY.contains(part), "{POLICY}");
        }
        assert_eq!(POLICY.matches("unsafe").count(), 1, "for attributes of style alone");
        assert!(NOT_BUILT.contains("cargo xtask build") && !NOT_BUILT.contains("<script"));
    }
}
