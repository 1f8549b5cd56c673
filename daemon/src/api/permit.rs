//! What each route needs of whoever asks: the one list. What is not on it is not
//! there, so that no route is ever open by having been forgotten.

use axum::RequestExt as _;
use axum::extract::{MatchedPath, RawPathParams, Request};
use http::{Method, StatusCode};

use super::auth::Caller;
use super::dashboard;
use super::respond::Failure;
use crate::access::Verb;

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// No token: it carries its own proof, is the page of the dashboard or the way
    /// in, or is asked by W&B's clients without a key and answered with 404.
    Nothing,
    /// To be known. It says nothing of anybody's data, or its handler asks the
    /// caller's access of each thing that it says.
    Known,
    /// To be allowed this at the entity that the path names.
    Entity(Verb),
    /// To be allowed everything: a hub's administrator, a home's owner.
    Everything,
}

use Need::{Entity, Everything, Known, Nothing};

/// Method, route, need. `HEAD` is taken for `GET`.
#[rustfmt::skip]
const ROUTES: [(&str, &str, Need); 105] = [
    ("GET",    "/blob/{capability}", Nothing),
    ("PUT",    "/blob/{capability}", Nothing),
    ("POST",   "/sdk/otel/v1/metrics", Nothing),
    ("POST",   "/v1/session", Nothing),
    // The page of the dashboard, which holds no data.
    ("GET",    "/", Nothing),
    ("GET",    "/{entity}", Nothing),
    ("GET",    "/{entity}/{project}", Nothing),
    ("GET",    "/{entity}/{project}/{*rest}", Nothing),
    ("GET",    "/assets/{*path}", Nothing),

    ("GET",    "/healthz", Known),
    ("GET",    "/ready", Known),
    ("GET",    "/metrics", Known),
    ("GET",    "/v1/status", Everything),
    ("GET",    "/v1/me", Known),
    ("GET",    "/v1/projects", Known),
    ("GET",    "/v1/keys", Known),
    ("POST",   "/v1/series", Known),
    ("GET",    "/v1/events", Known),
    ("GET",    "/v1/runs", Known),
    ("GET",    "/v1/runs/{entity}/{project}/{run}", Entity(Verb::Read)),
    ("PATCH",  "/v1/runs/{entity}/{project}/{run}", Entity(Verb::Write)),
    ("DELETE", "/v1/runs/{entity}/{project}/{run}", Entity(Verb::Delete)),
    ("POST",   "/v1/runs/{entity}/{project}/{run}/stop", Entity(Verb::Write)),
    ("GET",    "/v1/runs/{entity}/{project}/{run}/media", Entity(Verb::Read)),
    ("GET",    "/v1/runs/{entity}/{project}/{run}/log", Entity(Verb::Read)),
    ("GET",    "/v1/runs/{entity}/{project}/{run}/frame/{*path}", Entity(Verb::Read)),
    ("GET",    "/v1/runs/{entity}/{project}/{run}/metrics", Entity(Verb::Read)),
    ("GET",    "/v1/runs/{entity}/{project}/{run}/rows", Entity(Verb::Read)),
    ("GET",    "/v1/runs/{entity}/{project}/{run}/column", Entity(Verb::Read)),
    ("GET",    "/v1/runs/{entity}/{project}/{run}/console", Entity(Verb::Read)),
    ("GET",    "/v1/runs/{entity}/{project}/{run}/branches", Entity(Verb::Read)),
    ("GET",    "/v1/runs/{entity}/{project}/{run}/files", Entity(Verb::Read)),
    ("GET",    "/v1/runs/{entity}/{project}/{run}/files/{*path}", Entity(Verb::Read)),

    ("GET",    "/v1/artifacts/{entity}/{project}/{name}", Entity(Verb::Read)),
    ("DELETE", "/v1/artifacts/{entity}/{project}/{name}", Entity(Verb::Delete)),
    ("GET",    "/v1/artifacts/{entity}/{project}/{name}/files", Entity(Verb::Read)),
    ("GET",    "/v1/artifacts/{entity}/{project}/{name}/files/{*path}", Entity(Verb::Read)),
    ("GET",    "/v1/artifacts/{entity}/{project}/{name}/frame/{*path}", Entity(Verb::Read)),
    ("GET",    "/v1/artifacts/{entity}/{project}/{name}/lineage", Entity(Verb::Read)),
    ("GET",    "/v1/collections", Known),
    ("GET",    "/v1/collections/{entity}/{project}/{name}", Entity(Verb::Read)),
    ("GET",    "/v1/collections/{entity}/{project}/{name}/moves", Entity(Verb::Read)),
    ("POST",   "/v1/collections/{entity}/{project}/{name}/aliases", Entity(Verb::Write)),
    ("POST",   "/v1/collections/{entity}/{project}/{name}/links", Entity(Verb::Write)),
    ("DELETE", "/v1/collections/{entity}/{project}/{name}/links/{artifact}", Entity(Verb::Write)),
    ("GET",    "/v1/registries", Known),
    ("POST",   "/v1/registries/{entity}", Entity(Verb::Write)),
    ("GET",    "/v1/registries/{entity}/{name}", Entity(Verb::Read)),
    ("PATCH",  "/v1/registries/{entity}/{name}", Entity(Verb::Write)),

    ("GET",    "/v1/views", Known),
    ("POST",   "/v1/views/{entity}/{project}", Entity(Verb::Write)),
    ("GET",    "/v1/views/{entity}/{project}/{id}", Entity(Verb::Read)),
    ("PUT",    "/v1/views/{entity}/{project}/{id}", Entity(Verb::Write)),
    ("DELETE", "/v1/views/{entity}/{project}/{id}", Entity(Verb::Delete)),

    ("POST",   "/graphql", Known),
    ("POST",   "/files/{entity}/{project}/{run}/file_stream", Entity(Verb::Write)),

    ("GET",    "/v1/hub", Known),
    ("GET",    "/v1/hub/me", Known),
    ("POST",   "/v1/hub/positions", Known),
    ("POST",   "/v1/hub/push", Known),
    ("POST",   "/v1/hub/digests", Known),
    ("POST",   "/v1/hub/collections", Known),
    ("POST",   "/v1/hub/artifact", Known),
    // A blob is named by the digest of what is in it: whoever names one has it,
    // or was told of it by somebody who may read it.
    ("POST",   "/v1/hub/blobs", Known),
    ("POST",   "/v1/hub/blobs/whole", Known),
    ("POST",   "/v1/hub/blobs/parts", Known),
    ("GET",    "/v1/hub/blobs/{blob}/chunks", Known),
    ("POST",   "/v1/hub/chunks", Known),
    ("POST",   "/v1/hub/chunks/missing", Known),
    ("POST",   "/v1/hub/chunks/get", Known),

    ("GET",    "/v1/admin/users", Everything),
    ("POST",   "/v1/admin/users", Everything),
    ("DELETE", "/v1/admin/users/{name}", Everything),
    ("GET",    "/v1/admin/organizations", Known),
    ("POST",   "/v1/admin/organizations", Everything),
    ("DELETE", "/v1/admin/organizations/{entity}", Everything),
    ("PUT",    "/v1/admin/organizations/{entity}/members/{user}", Entity(Verb::Admin)),
    ("DELETE", "/v1/admin/organizations/{entity}/members/{user}", Entity(Verb::Admin)),
    ("GET",    "/v1/admin/teams", Known),
    ("POST",   "/v1/admin/teams", Known),
    ("DELETE", "/v1/admin/teams/{entity}", Entity(Verb::Admin)),
    ("PUT",    "/v1/admin/teams/{entity}/members/{user}", Entity(Verb::Admin)),
    ("DELETE", "/v1/admin/teams/{entity}/members/{user}", Entity(Verb::Admin)),

    ("GET",    "/v1/http", Everything),
    ("POST",   "/v1/http/ticket", Everything),
    ("POST",   "/v1/stay", Everything),
    ("POST",   "/v1/artifacts", Everything),
    ("POST",   "/v1/artifacts/pull", Everything),
    ("POST",   "/v1/runs", Everything),
    ("POST",   "/v1/runs/{entity}/{project}/{run}/records", Entity(Verb::Write)),
    ("POST",   "/v1/runs/{entity}/{project}/{run}/finish", Entity(Verb::Write)),
    ("POST",   "/v1/announce", Everything),
    ("POST",   "/v1/preempt", Everything),
    ("POST",   "/v1/writers/{writer}/drain", Everything),
    ("POST",   "/v1/writers/{writer}/await", Everything),
    ("GET",    "/v1/remotes", Everything),
    ("POST",   "/v1/remotes", Everything),
    ("DELETE", "/v1/remotes/{name}", Everything),
    ("POST",   "/v1/remotes/{name}/retry", Everything),
    ("GET",    "/v1/relays", Everything),
    ("POST",   "/v1/relays", Everything),
    ("DELETE", "/v1/relays", Everything),
    ("POST",   "/v1/sync", Everything),
    ("POST",   "/v1/verify", Everything),
    ("POST",   "/v1/gc", Everything),
];

/// What a request needs; `None` where no route is there for it.
///
/// # Errors
/// A route that takes other methods, or is on no list.
pub fn needed(request: &Request) -> Result<Option<Need>, Failure> {
    let route = request.extensions().get::<MatchedPath>().filter(|_| !dashboard::is_nothing(request));
    let Some(route) = route else { return Ok(None) };
    needed_by(request.method(), route.as_str()).map(Some).map_err(|status| {
        let (method, path) = (request.method(), request.uri().path());
        let what = match status {
            StatusCode::METHOD_NOT_ALLOWED => format!("{path} does not take {method}"),
            _ => format!("there is no route {method} {path}"),
        };
        Failure::new(status, what)
    })
}

fn needed_by(method: &Method, route: &str) -> Result<Need, StatusCode> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    let mut known = ROUTES.iter().filter(|(_, known, _)| *known == route).peekable();
    let otherwise =
        if known.peek().is_some() { StatusCode::METHOD_NOT_ALLOWED } else { StatusCode::NOT_FOUND };
    known.find(|(taken, ..)| *taken == method).map(|(.., need)| *need).ok_or(otherwise)
}

/// Lets a caller through who has what is needed.
///
/// # Errors
/// 403; 404 for what he may not even read.
pub async fn check(need: Need, caller: &Caller, request: &mut Request) -> Result<(), Failure> {
    match need {
        Nothing | Known => Ok(()),
        Everything if caller.access.everything() => Ok(()),
        Everything => Err(Failure::new(
            StatusCode::FORBIDDEN,
            format!("user {:?} does not administer this hub", caller.name),
        )
        .hint("ask one of its administrators")),
        Entity(verb) => {
            let params: Option<RawPathParams> = request.extract_parts().await.ok();
            let named = params.iter().flatten().find(|(name, _)| *name == "entity").map(|(_, entity)| entity);
            // A list that names no entity lets nobody through.
            caller.must(named.unwrap_or_default(), verb)
        }
    }
}

impl Caller {
    /// Whether the caller may do this to this entity's data.
    ///
    /// # Errors
    /// 403; 404 for what he may not even read.
    pub fn must(&self, entity: &str, verb: Verb) -> Result<(), Failure> {
        if self.access.allows(entity, verb) {
            return Ok(());
        }
        let status = if verb == Verb::Read { StatusCode::NOT_FOUND } else { StatusCode::FORBIDDEN };
        Err(Failure::new(status, self.refusal(entity, verb))
            .hint(format!("ask an administrator of {entity:?} or of the hub for a role there")))
    }

    /// Why the caller may not do this.
    #[must_use]
    pub fn refusal(&self, entity: &str, verb: Verb) -> String {
        let name = &self.name;
        match verb {
            Verb::Read => format!("there is no entity {entity:?} that user {name:?} may read"),
            Verb::Write => format!("user {name:?} may not write to entity {entity:?}"),
            Verb::Delete => format!("user {name:?} may not delete anything of entity {entity:?}"),
            Verb::Admin => format!("user {name:?} does not administer entity {entity:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_not_there() {
        assert_eq!(needed_by(&Method::HEAD, "/v1/runs"), Ok(Known));
        assert_eq!(needed_by(&Method::PATCH, "/v1/runs"), Err(StatusCode::METHOD_NOT_ALLOWED));
        assert_eq!(needed_by(&Method::GET, "/v1/forgotten"), Err(StatusCode::NOT_FOUND));
    }

    #[test]
    fn every_entity_that_is_asked_for_is_in_the_path() {
        for (method, route, need) in ROUTES {
            let names = route.contains("{entity}");
            assert!(matches!(need, Entity(_)) <= names, "{method} {route} names no entity");
            let page = route.starts_with("/{entity}");
            assert!(
                names <= (page || matches!(need, Entity(_) | Everything)),
                "{method} {route} asks for no verb"
            );
        }
    }
}
