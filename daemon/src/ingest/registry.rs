//! Where what people do to projects enters: links, names that move, edits and
//! deletions of versions and collections, registries. Each is checked against
//! what is stored and recorded in the project's stream, with its author.

mod expiry;
pub mod rights;

use std::sync::Arc;

use pannier_proto::id::{Id128, RunPath, check_alias, check_collection};
use pannier_proto::record::Change;
use pannier_proto::workspace::{Act, Edit, LATEST, is_registry};

use super::append_in;
use super::artifact::moves;
use crate::block::Block;
use crate::clock::now_us;
use crate::store::{ArtifactRow, Collection, Result, Store, StoreError, Tx};

pub use expiry::{expire, expire_as_due};

/// Who does something, and whether he administers the project.
#[derive(Debug, Clone)]
pub struct Author {
    /// His name.
    pub name: String,
    /// Whether he may move protected names and change a registry.
    pub admin: bool,
}

/// A collection by its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionPath {
    /// Whose.
    pub entity: String,
    /// In which project.
    pub project: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for CollectionPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.entity, self.project, self.name)
    }
}

impl From<&Collection> for CollectionPath {
    fn from(row: &Collection) -> Self {
        Self { entity: row.entity.clone(), project: row.project.clone(), name: row.name.clone() }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn bad(error: pannier_proto::id::BadName) -> StoreError {
    StoreError::Refused(error.to_string())
}

fn record(tx: &Tx, by: &Author, entity: &str, project: &str, act: Act) -> Result<()> {
    record_at(tx, by, entity, project, act, now_us())
}

/// Records an act, as done at this time, where its author may do it.
pub(super) fn record_at(
    tx: &Tx,
    by: &Author,
    entity: &str,
    project: &str,
    act: Act,
    time_us: i64,
) -> Result<()> {
    if !by.admin {
        rights::anybodys(tx, entity, project, &act)?;
    }
    let path = RunPath::workspace(entity, project).map_err(bad)?;
    let mut block = Block::default();
    block.push_change(Change::Workspace { time_us, by: by.name.clone(), act: Box::new(act) });
    append_in(tx, &path, tx.origin()?, block, now_us())
}

fn version(tx: &Tx, id: Id128) -> Result<ArtifactRow> {
    tx.artifact(id)?.ok_or_else(|| StoreError::Missing(format!("artifact {id}")))
}

fn collection(tx: &Tx, path: &CollectionPath) -> Result<Collection> {
    tx.collection(&path.entity, &path.project, &path.name)?
        .ok_or_else(|| StoreError::Missing(format!("collection {path}")))
}

/// Links a version to a collection, which is made where there is none; so is its
/// registry. Returns the version as it is there.
///
/// # Errors
/// [`StoreError::Missing`] for a version that is not there,
/// [`StoreError::Conflict`] where the collection or its registry takes other
/// types, or holds versions of its own.
pub async fn link(
    store: &Arc<Store>,
    by: Author,
    id: Id128,
    target: CollectionPath,
    aliases: Vec<String>,
) -> Result<ArtifactRow> {
    check_collection(&target.name).map_err(bad)?;
    aliases.iter().try_for_each(|alias| check_alias(alias).map_err(bad))?;
    store
        .write(move |tx| {
            let source = version(tx, id)?;
            let kind = source.body.kind.clone();
            let project = tx.project(&target.entity, &target.project)?;
            let known = tx.collection(&target.entity, &target.project, &target.name)?;
            if let Some(known) = known.as_ref().filter(|known| !known.kind.is_empty()) {
                if !known.links {
                    return Err(StoreError::Conflict(format!(
                        "{target} holds versions that were logged there; link to another name"
                    )));
                }
                if known.kind != kind {
                    return Err(StoreError::Conflict(format!(
                        "{target} takes versions of type {:?}; this one is of type {kind:?}",
                        known.kind
                    )));
                }
            }
            if let Some(types) = project.as_ref().and_then(|project| project.said.artifact_types.as_ref())
                && !types.contains(&kind)
            {
                return Err(StoreError::Conflict(format!(
                    "{}/{} takes versions of the types {}; this one is of type {kind:?}",
                    target.entity,
                    target.project,
                    types.join(", ")
                )));
            }
            // Under the name that the registry has, whatever case was asked in.
            let project = project.map_or_else(|| target.project.clone(), |project| project.name);
            let there = known.as_ref().map(|known| tx.membership(known.id, id)).transpose()?.flatten();
            let names: Vec<String> = match &there {
                // Linked before: only the names move that are asked for.
                Some(_) => aliases,
                None => aliases.into_iter().chain([LATEST.to_owned()]).collect(),
            };
            let moved = match &there {
                Some(_) if names.is_empty() => Vec::new(),
                _ => moves(tx, known.as_ref().map(|known| known.id), &names, id)?,
            };
            let moved = moved.into_iter().filter(|moved| names.contains(&moved.alias)).collect();
            if there.is_none() || !names.is_empty() {
                let act = Act::Link { artifact: id, collection: target.name.clone(), kind, aliases: moved };
                record(tx, &by, &target.entity, &project, act)?;
            }
            let collection = collection(tx, &CollectionPath { project, ..target })?;
            tx.membership(collection.id, id)?.ok_or_else(|| StoreError::Missing(format!("artifact {id}")))
        })
        .await
}

/// Takes a link away.
///
/// # Errors
/// [`StoreError::Missing`] where there is none.
pub async fn unlink(store: &Arc<Store>, by: Author, id: Id128, target: CollectionPath) -> Result<()> {
    store
        .write(move |tx| {
            let held = collection(tx, &target)?;
            if !held.links {
                return Err(StoreError::Conflict(format!(
                    "{target} is where the version was logged; delete it, or the version, instead"
                )));
            }
            if tx.membership(held.id, id)?.is_none() {
                return Err(StoreError::Missing(format!("artifact {id} in {target}")));
            }
            let act = Act::Unlink { artifact: id, collection: held.name.clone() };
            record(tx, &by, &held.entity, &held.project, act)
        })
        .await
}

/// Moves names to a version of a collection, and takes names from it.
///
/// # Errors
/// [`StoreError::Missing`], [`StoreError::Refused`] for a protected name.
pub async fn move_aliases(
    store: &Arc<Store>,
    by: Author,
    id: Id128,
    target: CollectionPath,
    add: Vec<String>,
    remove: Vec<String>,
) -> Result<()> {
    add.iter().try_for_each(|alias| check_alias(alias).map_err(bad))?;
    store
        .write(move |tx| {
            let held = collection(tx, &target)?;
            let row = tx
                .membership(held.id, id)?
                .ok_or_else(|| StoreError::Missing(format!("artifact {id} in {target}")))?;
            let has = |alias: &String| row.aliases.iter().any(|known| known.alias == *alias);
            // A conflict ends when somebody says again what holds.
            let settled =
                |alias: &String| row.aliases.iter().any(|known| known.alias == *alias && !known.conflict);
            let add: Vec<String> = add.into_iter().filter(|alias| !settled(alias)).collect();
            let remove: Vec<String> =
                remove.into_iter().filter(|alias| has(alias) && !add.contains(alias)).collect();
            if add.is_empty() && remove.is_empty() {
                return Ok(());
            }
            let mut aliases = Vec::new();
            for alias in &add {
                aliases.push(tx.alias_move(Some(held.id), alias, Some(id))?);
            }
            for alias in &remove {
                aliases.push(tx.alias_move(Some(held.id), alias, None)?);
            }
            let act = Act::MoveAliases { collection: held.name.clone(), aliases };
            record(tx, &by, &held.entity, &held.project, act)
        })
        .await
}

/// Changes a version's description, metadata, labels or time to live.
///
/// # Errors
/// [`StoreError::Missing`].
pub async fn edit_version(store: &Arc<Store>, by: Author, id: Id128, edit: Edit) -> Result<()> {
    if edit == Edit::default() {
        return Ok(());
    }
    store
        .write(move |tx| {
            let row = version(tx, id)?;
            let act = Act::EditVersion { artifact: id, edit };
            record(tx, &by, &row.collection.entity, &row.collection.project, act)
        })
        .await
}

/// Deletes a version.
///
/// # Errors
/// [`StoreError::Conflict`] where it has names, `latest` included, and
/// `with_aliases` is not said.
pub async fn delete_version(store: &Arc<Store>, by: Author, id: Id128, with_aliases: bool) -> Result<()> {
    store
        .write(move |tx| {
            let row = version(tx, id)?;
            if !with_aliases && !row.aliases.is_empty() {
                let names: Vec<&str> = row.aliases.iter().map(|alias| alias.alias.as_str()).collect();
                return Err(StoreError::Conflict(format!(
                    "cannot delete a tagged artifact: {}:v{} has the aliases {}; take them away first, or delete it \
                     with delete_aliases=True",
                    row.collection.name,
                    row.version,
                    names.join(", ")
                )));
            }
            let act = Act::DeleteVersion { artifact: id };
            record(tx, &by, &row.collection.entity, &row.collection.project, act)
        })
        .await
}

/// Changes a collection.
///
/// # Errors
/// [`StoreError::Missing`]; [`StoreError::Conflict`] for a name that is taken.
pub async fn edit_collection(store: &Arc<Store>, by: Author, path: CollectionPath, edit: Edit) -> Result<()> {
    if let Some(name) = &edit.name {
        check_collection(name).map_err(bad)?;
    }
    store
        .write(move |tx| {
            let held = collection(tx, &path)?;
            let edit = Edit { name: edit.name.filter(|name| *name != held.name), ..edit };
            if let Some(name) = &edit.name {
                let wanted = CollectionPath { name: name.clone(), ..path.clone() };
                if tx.collection_name_taken(&held.entity, &held.project, name)? {
                    return Err(StoreError::Conflict(format!(
                        "{wanted} is or was another collection's name"
                    )));
                }
            }
            if edit == Edit::default() {
                return Ok(());
            }
            let act = Act::EditCollection { collection: held.name.clone(), links: held.links, edit };
            record(tx, &by, &held.entity, &held.project, act)
        })
        .await
}

/// Deletes a collection; of one that was logged into, all versions, too.
///
/// # Errors
/// [`StoreError::Missing`].
pub async fn delete_collection(store: &Arc<Store>, by: Author, path: CollectionPath) -> Result<()> {
    store
        .write(move |tx| {
            let held = collection(tx, &path)?;
            let act = Act::DeleteCollection { collection: held.name.clone() };
            record(tx, &by, &held.entity, &held.project, act)
        })
        .await
}

/// Makes a project or changes it; a registry only by its administrators. The types
/// that it takes are added to those that it takes now. True: there was none.
///
/// # Errors
/// [`StoreError::Refused`].
pub async fn upsert_project(
    store: &Arc<Store>,
    by: Author,
    entity: String,
    project: String,
    mut edit: Edit,
) -> Result<bool> {
    RunPath::workspace(&entity, &project).map_err(bad)?;
    store
        .write(move |tx| {
            let known = tx.project(&entity, &project)?;
            if let Some(known) = &known {
                if edit == Edit::default() {
                    return Ok(false);
                }
                // W&B's SDK names those that come; what a registry takes, it goes on taking.
                if let Some(types) = edit.artifact_types.as_mut().filter(|types| !types.is_empty()) {
                    let mut all = known.said.artifact_types.clone().unwrap_or_default();
                    types.retain(|kind| !all.contains(kind));
                    all.append(types);
                    *types = all;
                }
            }
            let name = known.as_ref().map_or(&project, |known| &known.name);
            record(tx, &by, &entity, name, Act::EditProject { edit })?;
            Ok(known.is_none())
        })
        .await
}

/// Deletes a registry with its collections.
///
/// # Errors
/// [`StoreError::Missing`]; [`StoreError::Refused`] for any other project, whose
/// runs would be lost.
pub async fn delete_registry(store: &Arc<Store>, by: Author, entity: String, project: String) -> Result<()> {
    store
        .write(move |tx| {
            let known = tx
                .project(&entity, &project)?
                .ok_or_else(|| StoreError::Missing(format!("project {entity}/{project}")))?;
            if !is_registry(&known.name) {
                return Err(StoreError::Refused(format!(
                    "{entity}/{project} is no registry; delete its runs one by one"
                )));
            }
            record(tx, &by, &entity, &known.name, Act::DeleteProject)
        })
        .await
}

#[cfg(test)]
mod tests;
