//! The routes by which a hub is administered: over TCP with an administrator's
//! token, and on the socket. Translation only: [`crate::administration`] says
//! what comes of it.

use axum::extract::{Path, Query, State};
use axum::routing::{delete, get, put};
use axum::{Extension, Json, Router};
use pannier_proto::admin::{AddOrganization, AddTeam, AddUser, SetRole};
use serde::Deserialize;
use serde_json::Value as JsonValue;

use super::auth::Caller;
use super::respond::Answer;
use super::{App, blocking};
use crate::access::Verb;
use crate::administration::{Asked, Of};

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/v1/admin/users", get(users).post(add_user))
        .route("/v1/admin/users/{name}", delete(delete_user))
        .route("/v1/admin/organizations", get(organizations).post(add_organization))
        .route("/v1/admin/organizations/{entity}", delete(delete_organization))
        .route(
            "/v1/admin/organizations/{entity}/members/{user}",
            put(set_organization_member).delete(remove_organization_member),
        )
        .route("/v1/admin/teams", get(teams).post(add_team))
        .route("/v1/admin/teams/{entity}", delete(delete_team))
        .route("/v1/admin/teams/{entity}/members/{user}", put(set_team_member).delete(remove_team_member))
}

type Said = Answer<Json<JsonValue>>;

async fn perform(app: App, asked: Asked) -> Said {
    Ok(Json(blocking(move || asked.perform(&app.store)).await?))
}

async fn users(State(app): State<App>) -> Said {
    perform(app, Asked::Users).await
}

async fn add_user(State(app): State<App>, Json(asked): Json<AddUser>) -> Said {
    perform(app, Asked::AddUser(asked)).await
}

async fn delete_user(State(app): State<App>, Path(name): Path<String>) -> Said {
    perform(app, Asked::DeleteUser(name)).await
}

/// Those that the caller may read.
async fn list(app: App, caller: &Caller, of: Of) -> Said {
    let Json(mut all) = perform(app, Asked::List(of)).await?;
    for groups in all.as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
        let readable = |group: &JsonValue| {
            group["name"].as_str().is_some_and(|name| caller.access.allows(name, Verb::Read))
        };
        groups.as_array_mut().into_iter().for_each(|groups| groups.retain(readable));
    }
    Ok(Json(all))
}

async fn organizations(State(app): State<App>, Extension(caller): Extension<Caller>) -> Said {
    list(app, &caller, Of::Organization).await
}

async fn teams(State(app): State<App>, Extension(caller): Extension<Caller>) -> Said {
    list(app, &caller, Of::Team).await
}

async fn add_organization(State(app): State<App>, Json(asked): Json<AddOrganization>) -> Said {
    perform(app, Asked::AddOrganization(asked)).await
}

/// An organization's administrator makes its teams.
async fn add_team(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(asked): Json<AddTeam>,
) -> Said {
    caller.must(&asked.organization, Verb::Admin)?;
    perform(app, Asked::AddTeam(asked)).await
}

#[derive(Deserialize)]
struct Forced {
    #[serde(default)]
    force: bool,
}

async fn delete_organization(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(Forced { force }): Query<Forced>,
) -> Said {
    perform(app, Asked::Delete { of: Of::Organization, name, force }).await
}

async fn delete_team(State(app): State<App>, Path(name): Path<String>) -> Said {
    perform(app, Asked::Delete { of: Of::Team, name, force: false }).await
}

type Member = Path<(String, String)>;

async fn set_organization_member(
    State(app): State<App>,
    Path((name, user)): Member,
    Json(SetRole { role }): Json<SetRole>,
) -> Said {
    perform(app, Asked::Member { of: Of::Organization, name, user, role: Some(role) }).await
}

async fn remove_organization_member(State(app): State<App>, Path((name, user)): Member) -> Said {
    perform(app, Asked::Member { of: Of::Organization, name, user, role: None }).await
}

async fn set_team_member(
    State(app): State<App>,
    Path((name, user)): Member,
    Json(SetRole { role }): Json<SetRole>,
) -> Said {
    perform(app, Asked::Member { of: Of::Team, name, user, role: Some(role) }).await
}

async fn remove_team_member(State(app): State<App>, Path((name, user)): Member) -> Said {
    perform(app, Asked::Member { of: Of::Team, name, user, role: None }).await
}
