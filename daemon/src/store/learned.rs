//! What a remote says of artifacts, and what this home answers when it is asked
//! as one: the numbers that stand, the moves of names, whole versions.

use pannier_proto::artifact::ArtifactVersion;
use pannier_proto::hub::{
    CollectionName, CollectionQuestion, CollectionState, FoundArtifact, FoundMembership, MadeMove,
};
use pannier_proto::id::Id128;
use pannier_proto::record::RunState;
use pannier_proto::request::RunView;
use pannier_proto::workspace::AliasMove;
use rusqlite::{Connection, OptionalExtension, params};

use super::aliases::Made;
use super::collections;
use super::runs::RunRow;
use super::writer::Tx;
use super::{ArtifactRow, Collection, Result, Store, from_sql};

/// Versions that are asked about at a time.
const ASKED_MAX: usize = 1000;

fn name_of(collection: &Collection) -> CollectionName {
    CollectionName {
        entity: collection.entity.clone(),
        project: collection.project.clone(),
        collection: collection.name.clone(),
    }
}

/// The moves of a collection's names that stand.
fn standing(sql: &Connection, collection: i64) -> Result<Vec<MadeMove>> {
    let mut select = sql.prepare_cached(
        "SELECT id, alias, artifact, seen, time_us, made_by, origin FROM alias_moves
         WHERE collection = ?1 AND stands = 1 ORDER BY alias, id",
    )?;
    let rows = select.query_map([collection], |row| {
        Ok(MadeMove {
            moved: AliasMove {
                id: Id128(row.get(0)?),
                alias: row.get(1)?,
                to: row.get::<_, Option<_>>(2)?.map(Id128),
                seen: serde_json::from_str(row.get_ref(3)?.as_str()?).unwrap_or_default(),
            },
            time_us: row.get(4)?,
            by: row.get(5)?,
            origin: Id128(row.get(6)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Tx<'_> {
    /// Takes in what a remote says of a collection that is here.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn learn_collection(&self, name: &CollectionName, state: &CollectionState) -> Result<()> {
        let CollectionName { entity, project, collection } = name;
        let Some(known) = collections::find(self.sql, entity, project, collection, true)? else {
            return Ok(());
        };
        if !state.numbers.is_empty() {
            self.settle_numbers(known.id, &state.numbers)?;
        }
        self.learn_moves(known.id, &state.moves)
    }

    fn learn_moves(&self, collection: i64, moves: &[MadeMove]) -> Result<()> {
        moves.iter().try_for_each(|made| {
            let by = Made { time_us: made.time_us, by: made.by.as_deref(), origin: made.origin };
            self.add_alias_move(collection, &made.moved, by)
        })
    }

    /// Takes in how far a run is at a remote, where that is further than here: in
    /// the views, for whoever goes on with it, and in no stream of ours.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn learn_run(&self, found: &RunView) -> Result<()> {
        let id = self.run_id(&found.path, found.created_us)?;
        let mut run = RunRow::load(self.sql, id)?;
        let here = self.sql.query_row("SELECT count(*) FROM streams WHERE run = ?1", [id], |row| row.get(0));
        if run.deleted_us.is_some() || (run.last_step >= found.last_step && here != Ok(0_i64)) {
            return Ok(());
        }
        run.set_fields(&found.fields);
        run.created_us = run.created_us.min(found.created_us);
        run.last_step = found.last_step;
        run.history_rows = run.history_rows.max(found.history_rows);
        run.config.clone_from(&found.config);
        run.definitions.clone_from(&found.definitions);
        if here == Ok(0) {
            // Whoever may still write it elsewhere is not who goes on with it here.
            run.state =
                Some(found.state).filter(|state| *state != RunState::Running).unwrap_or(RunState::Crashed);
        }
        run.save(self.sql)?;
        let last_step = found.last_step.unwrap_or(-1);
        found.summary.iter().try_for_each(|(key, value)| self.learn_last(id, key, value, last_step))
    }

    /// What a metric came to elsewhere; what is logged here goes on from it.
    fn learn_last(&self, run: i64, key: &str, last: &serde_json::Value, step: i64) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO metrics (run, key, last_step, last, count, sum, min, max) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
                 ON CONFLICT (run, key) DO UPDATE SET last = excluded.last, last_step = excluded.last_step",
            )?
            .execute(params![
                run,
                key,
                step,
                last.to_string(),
                i64::from(last.is_number()),
                last.as_f64().unwrap_or(0.0),
                last.as_f64()
            ])?;
        Ok(())
    }

    /// Takes in a version that a remote has. What is known of it here stays.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn learn_artifact(&self, found: &FoundArtifact, remote: &str) -> Result<()> {
        self.insert_version(&found.run, &found.version, Some(remote))?;
        for member in &found.memberships {
            let collection = self.ensure_collection(&Collection {
                id: 0,
                entity: member.name.entity.clone(),
                project: member.name.project.clone(),
                name: member.name.collection.clone(),
                kind: member.kind.clone(),
                links: member.links,
                description: None,
                tags: Vec::new(),
                created_us: member.time_us,
                updated_us: None,
                by: member.by.clone(),
            })?;
            self.ensure_project(&member.name.entity, &member.name.project, member.time_us)?;
            self.add_membership(collection.id, found.version.id, member.by.as_deref(), member.time_us)?;
            self.settle_numbers(collection.id, &[(found.version.id, member.number)])?;
            self.learn_moves(collection.id, &member.moves)?;
        }
        Ok(())
    }
}

impl Store {
    /// The remote whose numbers count: the first that was added, and that can be
    /// asked.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn first_remote(&self) -> Result<Option<String>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT name FROM remotes WHERE url <> 'bundle:' ORDER BY created_us, name LIMIT 1",
            )?;
            Ok(select.query_row([], |row| row.get(0)).optional()?)
        })
    }

    /// Versions whose numbers are not settled, by collection.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn unsettled(&self) -> Result<Vec<CollectionQuestion>> {
        let rows: Vec<(CollectionName, Id128)> = self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(&format!(
                "SELECT c.entity, c.project, c.name, m.artifact FROM memberships m JOIN collections c ON c.id = m.collection
                 WHERE m.settled = 0 ORDER BY c.id, m.version LIMIT {ASKED_MAX}"
            ))?;
            let rows = select.query_map([], |row| {
                let name = CollectionName { entity: row.get(0)?, project: row.get(1)?, collection: row.get(2)? };
                Ok((name, Id128(row.get(3)?)))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        let mut questions: Vec<CollectionQuestion> = Vec::new();
        for (name, artifact) in rows {
            match questions.last_mut().filter(|last| last.name == name) {
                Some(last) => last.artifacts.push(artifact),
                None => questions.push(CollectionQuestion { name, artifacts: vec![artifact] }),
            }
        }
        Ok(questions)
    }

    /// What this home knows of a collection: numbers that stand here, which a
    /// remote of its own may still have to give, and names.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn collection_state(&self, asked: &CollectionQuestion) -> Result<CollectionState> {
        let CollectionName { entity, project, collection } = &asked.name;
        self.read_blocking(|sql| {
            let Some(known) = collections::find(sql, entity, project, collection, false)? else {
                return Ok(CollectionState::default());
            };
            let mut select = sql.prepare_cached(
                "SELECT version FROM memberships WHERE collection = ?1 AND artifact = ?2
                 AND (settled = 1 OR NOT EXISTS (SELECT 1 FROM remotes))",
            )?;
            let mut numbers = Vec::new();
            for id in &asked.artifacts {
                let number = select.query_row(params![known.id, id.0], |row| row.get(0)).optional()?;
                numbers.extend(number.map(|number| (*id, from_sql(number))));
            }
            Ok(CollectionState { numbers, moves: standing(sql, known.id)? })
        })
    }

    /// A version that is here, as another home takes it in: with its files, and
    /// as a member of the collection it was asked for by.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn found_artifact(&self, row: &ArtifactRow) -> Result<FoundArtifact> {
        let files = self.artifact_files(row.body.id)?;
        let mut rows = vec![row.clone()];
        if row.collection.links {
            rows.splice(0..0, self.artifact(row.body.id)?);
        }
        self.read_blocking(|sql| {
            let mut memberships = Vec::with_capacity(rows.len());
            for row in &rows {
                memberships.push(FoundMembership {
                    name: name_of(&row.collection),
                    kind: row.collection.kind.clone(),
                    links: row.collection.links,
                    number: row.version,
                    time_us: row.member_us,
                    by: row.member_by.clone(),
                    moves: standing(sql, row.collection.id)?,
                });
            }
            let version = ArtifactVersion { files, ..row.body.clone() };
            Ok(FoundArtifact { run: row.run.clone(), version, memberships })
        })
    }
}
