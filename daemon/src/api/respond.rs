//! Failures as answers: status, what happened, what to do next.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use pannier_proto::id::BadName;
use pannier_proto::request::ErrorBody;

use crate::store::StoreError;

/// A request that was not granted.
#[derive(Debug)]
pub struct Failure {
    /// The HTTP status.
    pub status: StatusCode,
    /// For people.
    pub body: ErrorBody,
    /// When to try again, for programs.
    pub retry_after_s: Option<u64>,
}

/// What a refusal of the framework itself says at most, in bytes.
const REFUSAL_BYTES_MAX: usize = 16 << 10;

/// Gives refusals that axum words itself (a body that is no JSON, one that is
/// too long) the form that all have.
pub async fn in_one_form(response: Response) -> Response {
    let status = response.status();
    let ours = ["application/json", "text/html; charset=utf-8"];
    let is_ours =
        response.headers().get(CONTENT_TYPE).is_some_and(|found| ours.iter().any(|ours| found == ours));
    if !(status.is_client_error() || status.is_server_error()) || is_ours {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let text = axum::body::to_bytes(body, REFUSAL_BYTES_MAX).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let reason = status.canonical_reason().unwrap_or("it was refused");
    let mut response = Failure::new(status, if text.is_empty() { reason } else { &text }).into_response();
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        head.headers.remove(name);
    }
    response.headers_mut().extend(head.headers);
    response
}

/// An extractor that refuses a body which announces more than so many bytes
/// before any of it is read. It goes in front of the body's own.
pub struct AtMost<const BYTES: usize>;

impl<S: Sync, const BYTES: usize> FromRequestParts<S> for AtMost<BYTES> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let announced =
            parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        match announced.is_some_and(|bytes: u64| bytes > BYTES as u64) {
            true => Err(Failure::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("{} takes at most {BYTES} bytes", parts.uri.path()),
            )),
            false => Ok(Self),
        }
    }
}

/// What handlers return.
pub type Answer<T> = Result<T, Failure>;

impl Failure {
    /// A failure without a hint.
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, body: ErrorBody { error: error.into(), hint: None }, retry_after_s: None }
    }

    /// Bad input: 400.
    pub fn bad(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.body.hint = Some(hint.into());
        self
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let wait = self.retry_after_s.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds)));
        (self.status, HeaderMap::from_iter(wait), Json(self.body)).into_response()
    }
}

impl From<BadName> for Failure {
    fn from(error: BadName) -> Self {
        Self::bad(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::Missing(_) => Self::new(StatusCode::NOT_FOUND, text),
            StoreError::Conflict(_) => Self::new(StatusCode::CONFLICT, text),
            StoreError::Refused(_) => Self::bad(text),
            StoreError::Full => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, text).hint("make room on the disk of the home")
            }
            StoreError::Closed => Self::new(StatusCode::SERVICE_UNAVAILABLE, "the daemon is shutting down"),
            StoreError::Damaged { .. } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, text).hint("run `pannier verify`")
            }
            StoreError::Newer { .. } | StoreError::Commit(_) | StoreError::Sqlite(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
            }
        }
    }
}
