//! Pages for people, at the paths that W&B's clients print: HTML made here,
//! without scripts. Where they are, and what is theirs; what they show is in the
//! views, who may look in `session`.

mod frame;
mod html;
mod overview;
mod run;
pub(super) mod session;
pub(super) mod sign_in;
mod table;
mod throttle;
pub(crate) mod ticket;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{Method, StatusCode};

use super::App;
use super::respond::Failure;
use frame::Page;

/// Segments with which the paths of the API begin: what is unknown there is no
/// page of an entity of that name.
const RESERVED: [&str; 10] =
    ["v1", "graphql", "files", "blob", "sdk", "healthz", "ready", "metrics", "login", "logout"];
/// The longest body of a sign-in: it is read before anybody is known.
const SIGN_IN_BYTES_MAX: usize = 16 << 10;

/// What pages remember between requests.
#[derive(Default)]
pub struct Pages {
    /// Tickets of `pannier open`.
    tickets: ticket::Tickets,
    throttle: throttle::Throttle,
}

/// What a page's handler returns: a refusal is a page, too.
type Shown = Result<Page, Refused>;

/// A failure, for people who look at it.
pub(super) struct Refused(Failure);

impl<F: Into<Failure>> From<F> for Refused {
    fn from(failure: F) -> Self {
        Self(failure.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        frame::refused(self.0.status, &self.0.body).into_response()
    }
}

/// The routes of the doors that browsers knock at.
pub fn routes() -> Router<App> {
    let sign_in = get(sign_in::look).post(sign_in::sign_in).layer(DefaultBodyLimit::max(SIGN_IN_BYTES_MAX));
    Router::new()
        .route("/login", sign_in)
        .route("/logout", post(sign_in::sign_out))
        .route("/", get(overview::home))
        .route("/{entity}", get(overview::entity))
        .route("/{entity}/{project}", get(overview::project))
        .route("/{entity}/{project}/runs", get(overview::to_project))
        .route("/{entity}/{project}/workspace", get(overview::to_project))
        .route("/{entity}/{project}/runs/{run}", get(run::run))
        .route("/{entity}/{project}/runs/{run}/{*tab}", get(run::to_run))
}

/// Whether the router took this path for a page's, and rightly so.
fn reserved(request: &Request) -> Option<bool> {
    let matched = request.extensions().get::<MatchedPath>()?.as_str();
    let page = matched == "/" || matched.starts_with("/{entity}");
    let first = request.uri().path().split('/').nth(1).unwrap_or_default();
    page.then(|| RESERVED.contains(&first))
}

/// Whether the path begins as those of the API do, and is none of them.
pub fn is_nothing(request: &Request) -> bool {
    reserved(request) == Some(true)
}

/// Whether a page is asked for: where a session counts, and a refusal is a page.
pub fn is_page(request: &Request) -> bool {
    request.method() == Method::GET && reserved(request) == Some(false)
}

/// Keeps the paths of the API from being taken for those of pages.
pub async fn leave_the_api(request: Request, next: Next) -> Response {
    match is_nothing(&request) {
        true => super::not_found(request).await.into_response(),
        false => next.run(request).await,
    }
}

/// There is nothing of this name.
fn missing(what: &str, name: &str) -> Failure {
    Failure::new(StatusCode::NOT_FOUND, format!("there is no {what} {name} here"))
        .hint("it may be at another home or hub, or not have arrived yet")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the router would say about a path, from a router with the same routes.
    async fn told(method: Method, path: &str) -> (bool, bool) {
        use tower_service::Service as _;
        let (send, seen) = std::sync::mpsc::sync_channel(1);
        let look = move |request: Request| {
            let _ = send.send((is_page(&request), is_nothing(&request)));
            async { StatusCode::OK }
        };
        let mut router = Router::new()
            .route("/v1/runs", get(look.clone()))
            .route("/", axum::routing::any(look.clone()))
            .route("/{entity}", axum::routing::any(look.clone()))
            .route("/{entity}/{project}", axum::routing::any(look));
        let request = Request::builder().method(method).uri(path).body(axum::body::Body::empty()).unwrap();
        router.call(request).await.unwrap();
        seen.recv().unwrap()
    }

    #[tokio::test]
    async fn the_api_has_no_pages() {
        for (method, path, page, reserved) in [
            (Method::GET, "/", true, false),
            (Method::GET, "/e/p", true, false),
            (Method::GET, "/v1x/p", true, false),
            (Method::POST, "/e/p", false, false),
            (Method::GET, "/v1/runs", false, false),
            (Method::GET, "/v1/none", false, true),
            (Method::POST, "/v1/none", false, true),
            (Method::GET, "/v1", false, true),
            (Method::GET, "/blob/x", false, true),
        ] {
            assert_eq!(told(method.clone(), path).await, (page, reserved), "{method} {path}");
        }
    }
}
