//! Rows of the store as the routes of artifacts show them.

use std::collections::BTreeMap;

use pannier_proto::artifacts::{
    AliasView, ArtifactView, CollectionView, MoveView, Place, RegistryView, VersionView,
};
use pannier_proto::dashboard::{Sync, SyncState};
use pannier_proto::workspace::REGISTRY_PREFIX;

use crate::access::Verb;
use crate::api::App;
use crate::api::auth::Caller;
use crate::api::dashboard::sync_state;
use crate::store::{ArtifactRow, Collection, Moved, Project, Result, Store, StoreError};

/// Whether numbers that are not settled may still change.
fn provisional(store: &Store) -> Result<bool> {
    Ok(!store.remotes()?.is_empty())
}

fn place(row: &ArtifactRow, asked_of_remotes: bool) -> Place {
    let alias = |alias: &crate::store::Alias| AliasView {
        alias: alias.alias.clone(),
        time_us: alias.time_us,
        by: alias.by.clone(),
        conflict: alias.conflict,
    };
    Place {
        entity: row.collection.entity.clone(),
        project: row.collection.project.clone(),
        collection: row.collection.name.clone(),
        version: row.version,
        provisional: asked_of_remotes && !row.settled,
        was: row.was,
        link: row.collection.links,
        aliases: row.aliases.iter().map(alias).collect(),
        since_us: row.member_us,
        by: row.member_by.clone(),
    }
}

fn version(app: &App, caller: &Caller, row: ArtifactRow, asked_of_remotes: bool) -> Result<VersionView> {
    let place = place(&row, asked_of_remotes);
    let sync = match row.fetched {
        // What was fetched is at the remote that it came from.
        Some(_) => Sync { state: SyncState::Sent, remotes: BTreeMap::new() },
        None if caller.access.allows(&row.run.entity, Verb::Read) => sync_state::of(app, &row.run)?,
        None => Sync { state: SyncState::Here, remotes: BTreeMap::new() },
    };
    let body = row.body;
    Ok(VersionView {
        id: body.id,
        place,
        kind: body.kind,
        digest: body.digest,
        size: body.size,
        file_count: body.file_count,
        created_us: body.created_us,
        updated_us: row.updated_us,
        tags: body.tags,
        description: body.description,
        metadata: body.metadata,
        ttl_s: body.ttl_s,
        sync,
    })
}

/// Versions as lists show them.
pub fn versions(app: &App, caller: &Caller, rows: Vec<ArtifactRow>) -> Result<Vec<VersionView>> {
    let provisional = provisional(&app.store)?;
    rows.into_iter().map(|row| version(app, caller, row, provisional)).collect()
}

/// A version, whole, but for what the caller may not see of it.
pub fn artifact(app: &App, caller: &Caller, row: ArtifactRow) -> Result<ArtifactView> {
    let store = &app.store;
    let provisional = provisional(store)?;
    let may = |entity: &str| caller.access.allows(entity, Verb::Read);
    let id = row.body.id;
    let mut members = store.memberships(id)?;
    members.retain(|row| may(&row.collection.entity));
    let runs = |mut runs: Vec<pannier_proto::id::RunPath>| {
        runs.retain(|run| may(&run.entity));
        runs
    };
    let missing_bytes = missing_bytes(app, &row)?;
    Ok(ArtifactView {
        places: members.iter().map(|row| place(row, provisional)).collect(),
        logged_by: runs(store.artifact_loggers(id)?),
        used_by: runs(store.artifact_users(id)?),
        fetched: row.fetched.clone(),
        missing_bytes,
        version: version(app, caller, row, provisional)?,
    })
}

/// Bytes of a version that are not stored here.
fn missing_bytes(app: &App, row: &ArtifactRow) -> Result<u64> {
    let files = app.store.artifact_files(row.body.id)?.into_iter().map(|(_, content)| content);
    let mut missing = 0;
    for content in files.chain([row.body.manifest]) {
        let held = app.blobs.contains(&content.blob);
        if !held.map_err(|error| StoreError::Conflict(error.to_string()))? {
            missing += content.size;
        }
    }
    Ok(missing)
}

/// A collection with its counts.
pub fn collection(store: &Store, row: Collection) -> Result<CollectionView> {
    Ok(CollectionView {
        version_count: store.version_count(row.id)?,
        aliases: store.collection_aliases(row.id)?,
        entity: row.entity,
        project: row.project,
        name: row.name,
        kind: row.kind,
        links: row.links,
        description: row.description,
        tags: row.tags,
        created_us: row.created_us,
        updated_us: row.updated_us,
        by: row.by,
    })
}

/// A project's collections.
pub fn collections(store: &Store, entity: &str, project: &str) -> Result<Vec<CollectionView>> {
    store.collections(entity, project)?.into_iter().map(|row| collection(store, row)).collect()
}

/// A registry with its counts.
pub fn registry(store: &Store, project: Project) -> Result<RegistryView> {
    let collections = store.collections(&project.entity, &project.name)?;
    let mut version_count = 0;
    for collection in &collections {
        version_count += store.version_count(collection.id)?;
    }
    Ok(RegistryView {
        organization: project.entity,
        name: project.name.get(REGISTRY_PREFIX.len()..).unwrap_or_default().to_owned(),
        project: project.name,
        description: project.said.description,
        access: project.said.access,
        artifact_types: project.said.artifact_types,
        protected_aliases: project.said.protected_aliases,
        collection_count: collections.len() as u64,
        version_count,
        created_us: project.created_us,
        updated_us: project.said.updated_us,
    })
}

/// Moves of a collection's names.
pub fn moves(store: &Store, collection: i64, alias: Option<&str>) -> Result<Vec<MoveView>> {
    let moves = store.alias_moves(collection, alias)?;
    let mut numbers = BTreeMap::new();
    store.each_version(&[collection], |facts| {
        numbers.insert(facts.id, facts.version);
    })?;
    let view = |moved: Moved| MoveView {
        version: moved.to.and_then(|to| numbers.get(&to).copied()),
        alias: moved.alias,
        to: moved.to,
        time_us: moved.time_us,
        by: moved.by,
        origin: moved.origin,
        stands: moved.stands,
    };
    Ok(moves.into_iter().map(view).collect())
}
