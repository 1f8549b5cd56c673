//! The door and the view for everyone who speaks HTTP: routes and who may use
//! them. Handlers translate; what they are about lives elsewhere.

mod admin;
mod artifact;
pub mod auth;
mod bytes;
pub mod dashboard;
mod gc;
mod hub;
mod intake;
mod open;
mod permit;
mod preempt;
mod relays;
mod remotes;
pub mod respond;
mod runs;
mod serve;
mod status;
mod verify;
mod view;
pub mod wandb;
pub mod web;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::routing::{get, post};
use http::StatusCode;
use pannier_proto::id::Id128;

use self::respond::Failure;
use self::web::{Door, Web};
use crate::blobs::Blobs;
use crate::credentials::Credentials;
use crate::fetch::Fetch;
use crate::health::Health;
use crate::intake::Intake;
use crate::limits::REQUEST_BYTES_MAX;
use crate::lives::Lives;
use crate::names::Numbers;
use crate::relay::Relays;
use crate::spool::Spool;
use crate::store::Store;
use crate::sync::Sync;

pub use remotes::{check_url, usable_folder};
pub use serve::{Activity, Listener, serve};

/// What handlers work with.
#[derive(Clone)]
pub struct App {
    /// Everything durable.
    pub store: Arc<Store>,
    /// The journals.
    pub spool: Arc<Spool>,
    /// What was logged with bytes and is being stored.
    pub intake: Arc<Intake>,
    /// The remotes.
    pub sync: Arc<Sync>,
    /// Folders that are read here and carried on.
    pub relays: Arc<Relays>,
    /// What is fetched from remotes.
    pub fetch: Arc<Fetch>,
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
    /// Whether anybody asks anything.
    pub activity: Arc<Activity>,
    /// The bytes of files.
    pub blobs: Arc<Blobs>,
    /// Programs that write by W&B's file stream.
    pub lives: Arc<Lives>,
    /// What answers W&B's clients.
    pub schema: wandb::Schema,
    /// Answers to their questions for runs.
    pub answers: Arc<wandb::Answers>,
    /// Who is about to scan a history.
    pub scans: Arc<wandb::Scans>,
    /// What the dashboard's way in remembers.
    pub entrance: Arc<dashboard::Entrance>,
    /// Consoles that somebody follows.
    pub logs: Arc<dashboard::Logs>,
    /// Whether we are about to leave.
    pub stopping: tokio::sync::watch::Receiver<bool>,
    /// How we are reached.
    pub web: Arc<Web>,
    /// The listener that these handlers serve.
    pub door: Door,
}

/// What may be asked by every door: the views, and what W&B's clients ask.
fn common_routes() -> Router<App> {
    Router::new()
        .merge(wandb::routes())
        .merge(artifact::routes())
        .merge(view::routes())
        .merge(dashboard::routes())
        .route("/sdk/otel/v1/metrics", post(not_found))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/ready", get(status::ready))
        .route("/metrics", get(status::metrics))
        .route("/v1/status", get(status::status))
        .route("/v1/remotes/{name}/retry", post(remotes::retry))
        .route("/v1/runs/{entity}/{project}/{run}/metrics", get(runs::metrics))
        .route("/v1/runs/{entity}/{project}/{run}/rows", get(runs::rows))
        .route("/v1/runs/{entity}/{project}/{run}/column", get(runs::column))
        .route("/v1/runs/{entity}/{project}/{run}/console", get(runs::console))
        .route("/v1/runs/{entity}/{project}/{run}/branches", get(runs::branches))
        .route("/v1/runs/{entity}/{project}/{run}/files", get(runs::files))
        .route("/v1/runs/{entity}/{project}/{run}/files/{*path}", get(runs::file))
}

/// What the owner of the home may ask besides, on the socket.
fn local_routes() -> Router<App> {
    Router::new()
        .merge(artifact::local_routes())
        .route("/v1/http", get(auth::local_http))
        .route("/v1/http/ticket", post(dashboard::ticket::ticket))
        .route("/v1/stay", post(status::stay))
        .route("/v1/runs", post(open::open))
        .route("/v1/runs/{entity}/{project}/{run}/records", post(open::records))
        .route("/v1/runs/{entity}/{project}/{run}/finish", post(open::finish))
        .route("/v1/announce", post(open::announce))
        .route("/v1/preempt", post(preempt::preempt))
        .route("/v1/writers/{writer}/drain", post(intake::drain))
        .route("/v1/writers/{writer}/await", post(intake::wait))
        .route("/v1/remotes", get(remotes::list).post(remotes::add))
        .route("/v1/remotes/{name}", axum::routing::delete(remotes::remove))
        .route("/v1/relays", get(relays::list).post(relays::add).delete(relays::remove))
        .route("/v1/sync", post(remotes::wake))
        .route("/v1/verify", post(verify::verify))
        .route("/v1/gc", post(gc::gc))
}

/// The service of a listener. Whatever is routed here passes [`auth::guard`].
pub fn service(app: App) -> Router {
    let routes = match app.door {
        Door::Socket => common_routes().merge(hub::routes()).merge(admin::routes()).merge(local_routes()),
        Door::Loopback => common_routes().merge(dashboard::browser_routes()),
        Door::Hub { .. } => {
            common_routes().merge(dashboard::browser_routes()).merge(hub::routes()).merge(admin::routes())
        }
    };
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .layer(from_fn(dashboard::leave_the_api))
        .layer(from_fn_with_state(app.clone(), auth::guard))
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

/// Runs a blocking question to the store off the runtime's threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> crate::store::Result<T> + Send + 'static,
) -> crate::store::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(crate::store::StoreError::Closed))
}
