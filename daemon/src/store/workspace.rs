//! What acts on a workspace do to the views: links, moves of names, edits,
//! deletions. An act may come before what it is about; then it waits in the
//! tables until that is here.

use pannier_proto::id::{Id128, RunPath};
use pannier_proto::workspace::{Act, Edit};
use rusqlite::params;

use super::aliases::Made;
use super::collections::{self, Collection};
use super::writer::Tx;
use super::{Result, StoreError};

impl Tx<'_> {
    /// Takes an act in.
    pub(super) fn act(&self, path: &RunPath, act: &Act, made: Made) -> Result<()> {
        let RunPath { entity, project, .. } = path;
        match act {
            Act::Link { artifact, collection, kind, aliases } => {
                let collection = self.ensure_collection(&blank(path, collection, kind, true, made))?;
                self.ensure_project(entity, project, made.time_us)?;
                self.add_membership(collection.id, *artifact, made.by, made.time_us)?;
                aliases.iter().try_for_each(|moved| self.add_alias_move(collection.id, moved, made))
            }
            Act::Unlink { artifact, collection } => match self.known(path, collection)? {
                Some(collection) => self.remove_membership(collection.id, *artifact, made.time_us),
                None => Ok(()),
            },
            Act::MoveAliases { collection, aliases } => {
                // A name may move before its collection's first version is here.
                let collection = self.ensure_collection(&blank(path, collection, "", false, made))?;
                aliases.iter().try_for_each(|moved| self.add_alias_move(collection.id, moved, made))
            }
            Act::EditVersion { artifact, .. } | Act::DeleteVersion { artifact } => {
                if self.artifact_known(*artifact)? {
                    return self.act_on_version(path, act, made);
                }
                self.sql.execute(
                    "INSERT INTO waiting_acts (artifact, entity, project, time_us, made_by, origin, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![
                        artifact.0,
                        entity,
                        project,
                        made.time_us,
                        made.by,
                        made.origin.0,
                        serde_json::to_string(act).unwrap_or_default()
                    ],
                )?;
                Ok(())
            }
            Act::EditCollection { collection, links, edit } => {
                self.ensure_project(entity, project, made.time_us)?;
                let kind = edit.kind.as_deref().unwrap_or_default();
                let collection = self.ensure_collection(&blank(path, collection, kind, *links, made))?;
                self.edit_collection(&collection, edit, made)
            }
            Act::DeleteCollection { collection } => match self.known(path, collection)? {
                Some(collection) => self.delete_collection(&collection, made.time_us),
                None => Ok(()),
            },
            Act::EditProject { edit } => {
                self.ensure_project(entity, project, made.time_us)?;
                self.edit_project(entity, project, edit, made.time_us)
            }
            Act::SaveView { view, body } => self.save_view(path, *view, body, made),
            Act::DeleteView { view } => self.delete_view(path, *view, made),
            Act::DeleteProject => self.delete_project(entity, project, made.time_us),
        }
    }

    /// Whoever may change a project may change what was logged in it, and no more:
    /// an act on a version of another project is none.
    fn act_on_version(&self, path: &RunPath, act: &Act, made: Made) -> Result<()> {
        let (Act::EditVersion { artifact, .. } | Act::DeleteVersion { artifact }) = act else {
            return Ok(());
        };
        let mut select = self.sql.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM artifacts WHERE id = ?1 AND entity = ?2 AND project = ?3)",
        )?;
        if !select.query_row(params![artifact.0, path.entity, path.project], |row| row.get::<_, bool>(0))? {
            return Ok(());
        }
        match act {
            Act::EditVersion { artifact, edit } => self.edit_version(*artifact, edit, made),
            Act::DeleteVersion { artifact } => self.delete_version(*artifact, made.time_us),
            _ => Ok(()),
        }
    }

    fn artifact_known(&self, id: Id128) -> Result<bool> {
        let mut select = self.sql.prepare_cached("SELECT EXISTS (SELECT 1 FROM artifacts WHERE id = ?1)")?;
        Ok(select.query_row([id.0], |row| row.get(0))?)
    }

    /// A version is here now: what was done to it before is done.
    pub(super) fn act_what_waited(&self, id: Id128) -> Result<()> {
        type Row = (i64, Option<String>, [u8; 16], String, String, String);
        let mut select = self.sql.prepare_cached(
            "SELECT time_us, made_by, origin, body, entity, project FROM waiting_acts WHERE artifact = ?1 ORDER BY rowid",
        )?;
        let waited = select
            .query_map([id.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
            })?
            .collect::<Result<Vec<Row>, _>>()?;
        for (time_us, by, origin, body, entity, project) in &waited {
            let made = Made { time_us: *time_us, by: by.as_deref(), origin: Id128(*origin) };
            let act = serde_json::from_str(body).map_err(|error| {
                StoreError::Refused(format!("an act on artifact {id} is damaged: {error}"))
            })?;
            let path = RunPath { entity: entity.clone(), project: project.clone(), run: String::new() };
            self.act_on_version(&path, &act, made)?;
        }
        if !waited.is_empty() {
            self.sql.execute("DELETE FROM waiting_acts WHERE artifact = ?1", [id.0])?;
        }
        Ok(())
    }

    fn known(&self, path: &RunPath, collection: &str) -> Result<Option<Collection>> {
        collections::find(self.sql, &path.entity, &path.project, collection, true)
    }

    fn remove_membership(&self, collection: i64, artifact: Id128, time_us: i64) -> Result<()> {
        self.sql.execute(
            "UPDATE memberships SET removed_us = ?3 WHERE collection = ?1 AND artifact = ?2",
            params![collection, artifact.0, time_us],
        )?;
        self.settle_aliases(collection)
    }

    /// Later edits win by their makers' clocks, field by field as a whole; labels
    /// come and go one by one.
    fn edit_version(&self, id: Id128, edit: &Edit, made: Made) -> Result<()> {
        let (tags, updated_us): (String, Option<i64>) = self
            .sql
            .prepare_cached("SELECT tags, updated_us FROM artifacts WHERE id = ?1")?
            .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let tags: Vec<String> = serde_json::from_str(&tags).unwrap_or_default();
        let newer = updated_us.is_none_or(|last| last <= made.time_us);
        if newer {
            self.sql.execute(
                "UPDATE artifacts SET description = coalesce(?2, description), metadata = coalesce(?3, metadata),
                     ttl_s = coalesce(?4, ttl_s), updated_us = ?5 WHERE id = ?1",
                params![
                    id.0,
                    edit.description,
                    edit.metadata.as_ref().map(serde_json::Value::to_string),
                    edit.ttl_s,
                    made.time_us
                ],
            )?;
        }
        let tags = serde_json::to_string(&changed_tags(&tags, edit)).unwrap_or_default();
        self.sql.execute("UPDATE artifacts SET tags = ?2 WHERE id = ?1", params![id.0, tags])?;
        Ok(())
    }

    fn delete_version(&self, id: Id128, time_us: i64) -> Result<()> {
        self.sql.execute(
            "UPDATE artifacts SET deleted_us = ?2 WHERE id = ?1 AND deleted_us IS NULL",
            params![id.0, time_us],
        )?;
        let mut select = self.sql.prepare_cached("SELECT collection FROM memberships WHERE artifact = ?1")?;
        let collections = select.query_map([id.0], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
        collections.into_iter().try_for_each(|collection| self.settle_aliases(collection))
    }

    fn edit_collection(&self, collection: &Collection, edit: &Edit, made: Made) -> Result<()> {
        let newer = collection.updated_us.is_none_or(|last| last <= made.time_us);
        if newer {
            self.sql.execute(
                "UPDATE collections SET description = coalesce(?2, description), name = coalesce(?3, name),
                     kind = coalesce(?4, kind), updated_us = ?5 WHERE id = ?1",
                params![collection.id, edit.description, edit.name, edit.kind, made.time_us],
            )?;
        }
        let tags = serde_json::to_string(&changed_tags(&collection.tags, edit)).unwrap_or_default();
        self.sql.execute("UPDATE collections SET tags = ?2 WHERE id = ?1", params![collection.id, tags])?;
        Ok(())
    }

    fn delete_collection(&self, collection: &Collection, time_us: i64) -> Result<()> {
        if !collection.links {
            let mut select =
                self.sql.prepare_cached("SELECT artifact FROM memberships WHERE collection = ?1")?;
            let versions = select
                .query_map([collection.id], |row| Ok(Id128(row.get(0)?)))?
                .collect::<Result<Vec<_>, _>>()?;
            versions.into_iter().try_for_each(|id| self.delete_version(id, time_us))?;
        }
        self.sql.execute(
            "UPDATE memberships SET removed_us = ?2 WHERE collection = ?1 AND removed_us IS NULL",
            params![collection.id, time_us],
        )?;
        self.settle_aliases(collection.id)?;
        self.sql.execute(
            "UPDATE collections SET deleted_us = ?2, description = NULL, tags = '[]' WHERE id = ?1",
            params![collection.id, time_us],
        )?;
        Ok(())
    }

    fn delete_project(&self, entity: &str, project: &str, time_us: i64) -> Result<()> {
        let condition = collections::project_condition(project);
        let mut select = self.sql.prepare_cached(&format!(
            "SELECT {} FROM collections c WHERE c.entity = ?1 AND {condition} AND c.deleted_us IS NULL",
            collections::COLUMNS
        ))?;
        let all = select
            .query_map(params![entity, project], |row| collections::read(row, 0))?
            .collect::<Result<Vec<_>, _>>()?;
        all.iter().try_for_each(|collection| self.delete_collection(collection, time_us))?;
        self.delete_views(entity, project, time_us)?;
        self.forget_project(entity, project, time_us)
    }
}

/// A collection as an act makes it where there is none.
fn blank(path: &RunPath, name: &str, kind: &str, links: bool, made: Made) -> Collection {
    Collection {
        id: 0,
        entity: path.entity.clone(),
        project: path.project.clone(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        links,
        description: None,
        tags: Vec::new(),
        created_us: made.time_us,
        updated_us: None,
        by: made.by.map(str::to_owned),
    }
}

fn changed_tags(tags: &[String], edit: &Edit) -> Vec<String> {
    let mut tags: Vec<String> = tags.iter().filter(|tag| !edit.remove_tags.contains(tag)).cloned().collect();
    for tag in &edit.add_tags {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    tags
}

impl StoreError {
    /// That a stream of one kind got a record of the other.
    pub(super) fn misplaced(path: &RunPath) -> Self {
        Self::Refused(match path.is_workspace() {
            true => format!("{path} is a project; its id {:?} is not free for a run", path.run),
            false => format!("run {path} is not a project"),
        })
    }
}
