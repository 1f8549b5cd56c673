//! The routes by which other daemons bring their records: who may bring which,
//! and translation; [`crate::sync::receive`] says what a push comes to.

mod bytes;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRef, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use pannier_proto::PROTOCOL_VERSION;
use pannier_proto::hub::{
    ArtifactAnswer, ArtifactQuestion, CollectionQuestion, CollectionState, CollectionsAnswer,
    CollectionsQuestion, DigestsAnswer, DigestsQuestion, HubInfo, Me, MyOrganization, Position, Positions,
    PositionsAnswer, PushAnswer, Pushed,
};
use pannier_proto::id::{Id128, Origin, Seq};
use serde::de::DeserializeOwned;

use super::auth::Caller;
use super::respond::{Answer, Failure};
use super::{App, blocking};
use crate::access::{Kind, Verb};
use crate::blobs::Blobs;
use crate::clock::now_us;
use crate::limits::POSITIONS_MAX;
use crate::store::{self, Store};
use crate::sync::receive as receiving;
use crate::sync::remote::StreamPush;
use crate::sync::wire::{self, BadPush};

/// What these routes work with.
#[derive(Clone)]
pub struct Receiving {
    store: Arc<Store>,
    blobs: Arc<Blobs>,
    epoch: Id128,
}

impl FromRef<App> for Receiving {
    fn from_ref(app: &App) -> Self {
        Self { store: app.store.clone(), blobs: app.blobs.clone(), epoch: app.epoch }
    }
}

/// The hub's routes.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S>
where
    Receiving: FromRef<S>,
{
    Router::new()
        .route("/v1/hub", get(info))
        .route("/v1/hub/me", get(me))
        .route("/v1/hub/positions", post(positions))
        .route("/v1/hub/push", post(push))
        .route("/v1/hub/digests", post(digests))
        .route("/v1/hub/collections", post(collections))
        .route("/v1/hub/artifact", post(artifact))
        .merge(bytes::routes())
}

async fn info(State(hub): State<Receiving>) -> Json<HubInfo> {
    Json(HubInfo {
        origin: hub.store.origin(),
        epoch: hub.epoch,
        protocol: PROTOCOL_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// Who asks, and the organizations of which he may read something.
async fn me(State(hub): State<Receiving>, Extension(caller): Extension<Caller>) -> Answer<Json<Me>> {
    let Caller { name, entity, access } = caller;
    let directory = blocking(move || hub.store.directory()).await?;
    let readable = |entity: &str| access.allows(entity, Verb::Read);
    let mut organizations = Vec::new();
    for (name, account) in directory.0.iter().filter(|(_, account)| !account.deleted) {
        let teams = directory.teams_of(name).filter(|team| readable(team)).map(str::to_owned);
        let teams: Vec<_> = teams.collect();
        if account.kind == Kind::Organization && (readable(name) || !teams.is_empty()) {
            organizations.push(MyOrganization { name: name.clone(), teams });
        }
    }
    Ok(Json(Me { name, admin: access.everything(), entity, organizations }))
}

/// Of what the caller may not read, the answer is that of an empty stream.
async fn positions(
    State(hub): State<Receiving>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Answer<Json<PositionsAnswer>> {
    let asked: Positions = read(&body)?;
    not_too_many(asked.streams.len(), POSITIONS_MAX)?;
    let readable: Vec<bool> =
        asked.streams.iter().map(|stream| caller.access.allows(&stream.path.entity, Verb::Read)).collect();
    let mut positions = receiving::positions(&hub.store, asked.streams).await?;
    for (position, _) in positions.iter_mut().zip(readable).filter(|(_, readable)| !readable) {
        *position = Position { seq: 0, last_step: None };
    }
    Ok(Json(PositionsAnswer { epoch: hub.epoch, positions }))
}

/// As [`positions`].
async fn digests(
    State(hub): State<Receiving>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Answer<Json<DigestsAnswer>> {
    let asked: DigestsQuestion = read(&body)?;
    not_too_many(asked.streams.len(), POSITIONS_MAX)?;
    let upto = |entity: &str, upto: Seq| if caller.access.allows(entity, Verb::Read) { upto } else { 0 };
    let streams = asked.streams.into_iter();
    let streams = streams.map(|stream| (upto(&stream.id.path.entity, stream.upto), stream.id));
    let streams = streams.map(|(upto, id)| (id, upto)).collect();
    Ok(Json(DigestsAnswer { digests: receiving::digests(&hub.store, streams).await? }))
}

/// Of what the caller may not read, the answer is that of an empty collection.
async fn collections(
    State(hub): State<Receiving>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Answer<Json<CollectionsAnswer>> {
    let asked: CollectionsQuestion = read(&body)?;
    not_too_many(asked.collections.len(), POSITIONS_MAX)?;
    let states = blocking(move || {
        let state = |asked: &CollectionQuestion| match caller.access.allows(&asked.name.entity, Verb::Read) {
            true => hub.store.collection_state(asked),
            false => Ok(CollectionState::default()),
        };
        asked.collections.iter().map(state).collect()
    });
    Ok(Json(CollectionsAnswer { collections: states.await? }))
}

/// Which version a name means; nothing where the caller may not read it.
async fn artifact(
    State(hub): State<Receiving>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Answer<Json<ArtifactAnswer>> {
    let ArtifactQuestion { name, version } = read(&body)?;
    if !caller.access.allows(&name.entity, Verb::Read) {
        return Ok(Json(ArtifactAnswer { found: None }));
    }
    let found = blocking(move || {
        let row = hub.store.member(&name.entity, &name.project, &name.collection, &version)?;
        row.map(|row| hub.store.found_artifact(&row)).transpose()
    });
    Ok(Json(ArtifactAnswer { found: found.await? }))
}

async fn push(
    State(hub): State<Receiving>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Json<PushAnswer>> {
    let packed = match headers.get(CONTENT_ENCODING).map(http::HeaderValue::as_bytes) {
        None | Some(b"identity") => false,
        Some(b"zstd") => true,
        Some(_) => {
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a push comes plain or as zstd"));
        }
    };
    let blocks = tokio::task::spawn_blocking(move || match packed {
        true => wire::decode(&wire::unpack(&body)?),
        false => wire::decode(&body),
    });
    let blocks =
        blocks.await.map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let pushed = blocks.map_err(|error| match error {
        BadPush::TooLarge => Failure::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
        BadPush::Version(_) | BadPush::Checksum | BadPush::Malformed(_) => Failure::bad(error.to_string()),
    })?;
    let (blocks, gone) = pushed;
    let (permitted, refused) = sorted(&hub.store, &caller, blocks).await?;
    let taken = receiving::push(&hub.store, &hub.blobs, (permitted, gone), &caller.access);
    let mut taken = taken.await?.into_iter();
    let answer = |refused: Option<String>| match refused {
        Some(reason) => Some(Pushed::Refused { reason }),
        None => taken.next(),
    };
    let streams = refused.into_iter().filter_map(answer).collect();
    Ok(Json(PushAnswer { epoch: hub.epoch, streams }))
}

/// The blocks that the caller may bring; and for each of all, why he may not.
/// The origins of those are his from now on, unless they are somebody's; an
/// administrator, as a hub in between is one, brings what is anybody's.
async fn sorted(
    store: &Arc<Store>,
    caller: &Caller,
    blocks: Vec<StreamPush>,
) -> Answer<(Vec<StreamPush>, Vec<Option<String>>)> {
    let may = |block: &StreamPush| caller.access.allows(&block.id.path.entity, Verb::Write);
    let mut origins: Vec<Origin> =
        blocks.iter().filter(|block| may(block)).map(|block| block.id.origin).collect();
    origins.sort_unstable();
    origins.dedup();
    let strange = match caller.access.everything() {
        true => Vec::new(),
        false => {
            let (store, user) = (store.clone(), caller.name.clone());
            blocking(move || of_others(&store, &user, origins)).await?
        }
    };
    let mut permitted = Vec::new();
    let mut refused = Vec::new();
    for block in blocks {
        let why = match () {
            () if !may(&block) => Some(caller.refusal(&block.id.path.entity, Verb::Write)),
            () if strange.contains(&block.id.origin) => Some(format!(
                "the daemon that recorded this belongs to another user than {:?} at this hub; send it with that \
                 user's token, or ask an administrator of the hub",
                caller.name
            )),
            () => None,
        };
        if why.is_none() {
            permitted.push(block);
        }
        refused.push(why);
    }
    Ok((permitted, refused))
}

/// Those of the origins that are another user's; what is nobody's is bound.
fn of_others(store: &Store, user: &str, mut origins: Vec<Origin>) -> store::Result<Vec<Origin>> {
    // A hub in a ring brings back what was recorded here.
    origins.retain(|origin| *origin != store.origin());
    let owner = |origin: &Origin| store.owner_of_origin(*origin);
    let mut free = Vec::new();
    for origin in &origins {
        if owner(origin)?.is_none() {
            free.push(*origin);
        }
    }
    if !free.is_empty() {
        let user = user.to_owned();
        store.write_blocking(move |tx| tx.bind_origins(&free, &user, now_us()))?;
    }
    let mut strange = Vec::new();
    for origin in origins {
        if owner(&origin)?.as_deref() != Some(user) {
            strange.push(origin);
        }
    }
    Ok(strange)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Answer<T> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::bad(format!("the body is not what this route takes: {error}")))
}

fn not_too_many(asked: usize, max: usize) -> Answer<()> {
    match asked <= max {
        true => Ok(()),
        false => Err(Failure::bad(format!("{asked} names in one request; at most {max} are allowed"))),
    }
}

#[cfg(test)]
mod tests;
