//! Failures as answers: status, what happened, what to do next.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
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
}

/// What handlers return.
pub type Answer<T> = Result<T, Failure>;

impl Failure {
    /// A failure without a hint.
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, body: ErrorBody { error: error.into(), hint: None } }
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
        (self.status, Json(self.body)).into_response()
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
