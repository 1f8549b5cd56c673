//! The dashboard's server side: the page that the browser loads, how somebody
//! signs in with it, and the routes that it reads. The page holds no data; every
//! route needs a token, by `Authorization` like any other client's. No cookies:
//! a browser sends those of 127.0.0.1 to every port.

pub(super) mod assets;
mod entrance;
mod events;
mod frame;
mod keys;
mod log;
mod me;
mod media;
mod runs;
mod series;
pub(super) mod session;
pub(super) mod sync_state;
mod throttle;
pub(crate) mod ticket;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::App;

pub use log::Logs;

/// Segments with which the paths of the API begin: what is unknown there is no
/// place in the dashboard.
const RESERVED: [&str; 9] =
    ["v1", "graphql", "files", "blob", "sdk", "healthz", "ready", "metrics", "assets"];
/// The longest body of a sign-in: it is read before anybody is known.
const SIGN_IN_BYTES_MAX: usize = 16 << 10;

/// What the way in remembers between requests.
#[derive(Default)]
pub struct Entrance {
    /// Tickets of `pannier open`.
    tickets: ticket::Tickets,
    throttle: throttle::Throttle,
}

/// What the dashboard asks, by whatever door.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/me", get(me::me))
        .route("/v1/projects", get(me::projects))
        .route("/v1/runs", get(runs::list))
        .route("/v1/runs/{entity}/{project}/{run}", get(runs::show).patch(runs::edit).delete(runs::remove))
        .route("/v1/runs/{entity}/{project}/{run}/stop", post(runs::stop))
        .route("/v1/runs/{entity}/{project}/{run}/media", get(media::list))
        .route("/v1/runs/{entity}/{project}/{run}/log", get(log::page))
        .route("/v1/runs/{entity}/{project}/{run}/frame/{*path}", get(frame::of_run))
        .route("/v1/artifacts/{entity}/{project}/{name}/frame/{*path}", get(frame::of_artifact))
        .route("/v1/keys", get(keys::keys))
        .route("/v1/series", post(series::series))
        .route("/v1/events", get(events::events))
}

/// What only the doors have that browsers knock at.
pub fn browser_routes() -> Router<App> {
    let sign_in = post(entrance::sign_in).layer(DefaultBodyLimit::max(SIGN_IN_BYTES_MAX));
    Router::new()
        .route("/v1/session", sign_in)
        .route("/assets/{*path}", get(assets::asset))
        .route("/", get(assets::shell))
        .route("/{entity}", get(assets::shell))
        .route("/{entity}/{project}", get(assets::shell))
        .route("/{entity}/{project}/{*rest}", get(assets::shell))
}

/// Whether the router took a path for one of the dashboard's that begins as
/// those of the API do.
pub fn is_nothing(request: &Request) -> bool {
    let Some(matched) = request.extensions().get::<MatchedPath>() else { return false };
    let first = request.uri().path().split('/').nth(1).unwrap_or_default();
    matched.as_str().starts_with("/{entity}") && RESERVED.contains(&first)
}

/// Keeps the paths of the API from being taken for those of the dashboard.
pub async fn leave_the_api(request: Request, next: Next) -> Response {
    match is_nothing(&request) {
        true => super::not_found(request).await.into_response(),
        false => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::any;
    use http::StatusCode;

    use super::*;

    /// What the router would say about a path, from a router with the same routes.
    async fn told(path: &str) -> bool {
        use tower_service::Service as _;
        let (send, seen) = std::sync::mpsc::sync_channel(1);
        let look = move |request: Request| {
            let _ = send.send(is_nothing(&request));
            async { StatusCode::OK }
        };
        let mut router = Router::new()
            .route("/v1/runs", get(look.clone()))
            .route("/", any(look.clone()))
            .route("/{entity}", any(look.clone()))
            .route("/{entity}/{project}", any(look.clone()))
            .route("/{entity}/{project}/{*rest}", any(look));
        let request = Request::builder().uri(path).body(axum::body::Body::empty()).unwrap();
        router.call(request).await.unwrap();
        seen.recv().unwrap()
    }

    #[tokio::test]
    async fn the_api_is_no_place_in_the_dashboard() {
        for path in ["/", "/e/p", "/e/p/runs/r", "/v1x/p", "/v1/runs", "/login", "/orgs/x/y"] {
            assert!(!told(path).await, "{path}");
        }
        for path in ["/v1", "/v1/none", "/v1/a/b/c", "/blob/x", "/assets", "/graphql/x"] {
            assert!(told(path).await, "{path}");
        }
    }
}
