//! W&B's HTTP API: GraphQL, the file stream, transfers. Routes and what a
//! handler knows of who asks; the dialect itself is `crate::wandb`.

#![expect(clippy::unused_async, reason = "resolvers are async functions, whether they wait or not")]

mod artifact;
mod artifact_mutation;
mod collection;
mod console;
mod endpoint;
pub mod file;
mod file_stream;
mod history;
mod mutation;
mod page;
mod permit;
mod project;
mod project_mutation;
mod query;
mod registry_mutation;
mod run;
mod run_query;
mod scalar;
mod scan;
mod search;
pub mod transfer;
mod user;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use pannier_proto::id::{DEFAULT_PROJECT, RunPath};

use super::App;
use super::auth::Caller;
use crate::access::Verb;
use crate::capability::{Grant, sign};
use crate::clock::now_s;
use crate::ingest::registry::Author;
use crate::limits::{GRAPHQL_BYTES_MAX, LINK_LIFE, STREAM_BYTES_MAX};
use crate::store::{self, Store};

pub use endpoint::{Schema, schema};
pub use run_query::{Answers, Found};
pub use scan::Scans;

/// The routes of W&B's clients.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/graphql", post(endpoint::graphql).layer(DefaultBodyLimit::max(GRAPHQL_BYTES_MAX)))
        .route(
            "/files/{entity}/{project}/{run}/file_stream",
            post(file_stream::post).layer(DefaultBodyLimit::max(STREAM_BYTES_MAX)),
        )
        .route("/blob/{capability}", axum::routing::get(transfer::get).put(transfer::put))
}

/// Whoever asks, and how the answer's links are to begin.
pub struct Ask {
    /// What handlers work with.
    pub app: App,
    /// The URL that this daemon has for whoever asks.
    pub base: String,
    /// Who asks.
    pub caller: Caller,
    /// What the question is called.
    pub operation: Option<String>,
    /// What is done to the entities that it names: [`Verb::Read`], or what its
    /// mutations need.
    pub verb: Verb,
}

impl Ask {
    /// The entity of runs that name none: the home's, or at a hub the user's own.
    pub fn entity(&self) -> String {
        self.caller.entity.clone()
    }

    /// Whether the caller may do this to this entity's data.
    pub fn may(&self, entity: &str, verb: Verb) -> bool {
        self.caller.access.allows(entity, verb)
    }

    /// Refuses what the caller may not do.
    pub fn must(&self, entity: &str, verb: Verb) -> async_graphql::Result<()> {
        match self.may(entity, verb) {
            true => Ok(()),
            false => Err(format!(
                "{}; ask an administrator of {entity:?} or of the hub for a role there",
                self.caller.refusal(entity, verb)
            )
            .into()),
        }
    }

    /// The run that these names mean; an empty or absent one is the default.
    /// Refused where the caller may not do there what he asks for.
    pub fn path(
        &self,
        entity: Option<&str>,
        project: Option<&str>,
        run: &str,
    ) -> async_graphql::Result<RunPath> {
        let named = |name: Option<&str>| name.filter(|name| !name.is_empty()).map(str::to_owned);
        let entity = named(entity).unwrap_or_else(|| self.entity());
        let project = named(project).unwrap_or_else(|| DEFAULT_PROJECT.to_owned());
        let path = RunPath::new(&entity, &project, run)?;
        self.must(&path.entity, self.verb)?;
        Ok(path)
    }

    /// Who changes something of this entity, by a mutation that he may ask for.
    pub fn author(&self, entity: &str) -> async_graphql::Result<Author> {
        self.must(entity, self.verb)?;
        Ok(self.caller.author(entity))
    }

    /// A link by which its holder may do this, and nothing else, for a while.
    pub fn link(&self, grant: &Grant) -> String {
        let capability = sign(&self.app.web.blob_key, grant, now_s() + LINK_LIFE.as_secs());
        format!("{}/blob/{capability}", self.base)
    }

    /// Asks the store, off the runtime's threads.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> store::Result<T> + Send + 'static,
    ) -> async_graphql::Result<T> {
        let store = self.app.store.clone();
        Ok(super::blocking(move || work(&store)).await?)
    }
}

/// Who asks, in a resolver.
fn ask<'a>(ctx: &async_graphql::Context<'a>) -> async_graphql::Result<&'a Arc<Ask>> {
    ctx.data::<Arc<Ask>>()
}
