//! The door and the view for everyone who speaks HTTP: routes and who may use
//! them. Handlers translate; what they are about lives elsewhere.

mod hub;
mod open;
mod remotes;
pub mod respond;
mod runs;
mod serve;
mod status;
mod users;
mod verify;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::{HeaderMap, StatusCode};
use pannier_proto::id::Id128;

use self::respond::Failure;
use crate::credentials::Credentials;
use crate::health::Health;
use crate::limits::REQUEST_BYTES_MAX;
use crate::names::Numbers;
use crate::spool::Spool;
use crate::store::Store;
use crate::sync::Sync;

pub use remotes::check_url;
pub use serve::{Activity, Listener, serve};

/// What handlers work with.
#[derive(Clone)]
pub struct App {
    /// Everything durable.
    pub store: Arc<Store>,
    /// The journals.
    pub spool: Arc<Spool>,
    /// The remotes.
    pub sync: Arc<Sync>,
    /// What is wrong right now.
    pub health: Arc<Health>,
    /// The remotes' tokens.
    pub credentials: Arc<Credentials>,
    /// Numbers given to new runs.
    pub numbers: Arc<Numbers>,
    /// A random id of this start.
    pub epoch: Id128,
    /// The home.
    pub home: Arc<Path>,
    /// When this start was.
    pub started: Instant,
}

/// What a user may ask over the network, with a token.
fn network_routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/ready", get(status::ready))
        .route("/metrics", get(status::metrics))
        .route("/v1/status", get(status::status))
        .route("/v1/runs", get(runs::list))
        .route("/v1/runs/{entity}/{project}/{run}", get(runs::show))
        .route("/v1/runs/{entity}/{project}/{run}/metrics", get(runs::metrics))
        .route("/v1/runs/{entity}/{project}/{run}/rows", get(runs::rows))
        .route("/v1/runs/{entity}/{project}/{run}/column", get(runs::column))
        .route("/v1/runs/{entity}/{project}/{run}/console", get(runs::console))
        .route("/v1/runs/{entity}/{project}/{run}/files", get(runs::files))
        .merge(hub::routes())
}

/// What the owner of the home may ask besides, on the socket.
fn local_routes() -> Router<App> {
    network_routes()
        .route("/v1/runs", post(open::open))
        .route("/v1/runs/{entity}/{project}/{run}/records", post(open::records))
        .route("/v1/runs/{entity}/{project}/{run}/finish", post(open::finish))
        .route("/v1/announce", post(open::announce))
        .route("/v1/writers/{writer}/drain", post(open::drain))
        .route("/v1/remotes", get(remotes::list).post(remotes::add))
        .route("/v1/remotes/{name}", axum::routing::delete(remotes::remove))
        .route("/v1/remotes/{name}/retry", post(remotes::retry))
        .route("/v1/sync", post(remotes::wake))
        .route("/v1/verify", post(verify::verify))
        .route("/v1/users", get(users::list).post(users::add))
        .route("/v1/users/{name}", axum::routing::delete(users::remove))
}

/// The service of the Unix socket: its peers are the owner.
pub fn local(app: App) -> Router {
    finish(local_routes(), app)
}

/// The service of a TCP listener: every route wants a token.
pub fn network(app: App) -> Router {
    let routes = network_routes().fallback(not_found).layer(from_fn_with_state(app.clone(), authorize));
    finish(routes.layer(from_fn(refuse_browsers)), app)
}

fn finish(routes: Router<App>, app: App) -> Router {
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .layer(map_response(respond::in_one_form))
        .with_state(app)
}

async fn not_found(request: Request) -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        format!("there is no route {} {}", request.method(), request.uri().path()),
    )
}

async fn wrong_method(request: Request) -> Failure {
    Failure::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{} does not take {}", request.uri().path(), request.method()),
    )
}

/// A page of another origin has no business here, whatever it knows.
async fn refuse_browsers(request: Request, next: Next) -> Response {
    if is_foreign(request.headers()) {
        return Failure::new(StatusCode::FORBIDDEN, "requests from pages of other origins are refused")
            .into_response();
    }
    next.run(request).await
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let host = text(HOST).unwrap_or_default();
    text(ORIGIN).is_some_and(|origin| origin.split_once("://").map(|(_, origin)| origin) != Some(host))
        || headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site")
}

async fn authorize(State(app): State<App>, request: Request, next: Next) -> Response {
    let refuse = |error: &str| {
        let failure = Failure::new(StatusCode::UNAUTHORIZED, error)
            .hint("ask the hub's operator for a token: `pannier hub user add NAME`, and give it to `pannier remote add`");
        let mut response = failure.into_response();
        response
            .headers_mut()
            .insert(http::header::WWW_AUTHENTICATE, http::HeaderValue::from_static("Bearer"));
        response
    };
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) =
        header.and_then(|header| header.strip_prefix("Bearer ")).map(|token| token.trim().to_owned())
    else {
        return refuse("a token is needed here");
    };
    match app.store.clone().read_user(token).await {
        Ok(Some(_)) => next.run(request).await,
        Ok(None) => refuse("this token is not known here"),
        Err(error) => Failure::from(error).into_response(),
    }
}

impl Store {
    /// [`Store::user_of`], off the runtime's threads.
    async fn read_user(self: Arc<Self>, token: String) -> crate::store::Result<Option<String>> {
        blocking(move || self.user_of(&token)).await
    }
}

/// Runs a blocking question to the store off the runtime's threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> crate::store::Result<T> + Send + 'static,
) -> crate::store::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(crate::store::StoreError::Closed))
}
