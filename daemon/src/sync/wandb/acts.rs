//! What is done to projects as such, one act after the other: links, names that
//! move, edits, deletions, registries. An act says what changed; what is sent is
//! how it is here now, so that an act that comes twice does no harm.

use pannier_proto::id::{DEFAULT_ENTITY, Id128, RunPath};
use pannier_proto::record::Change;
use pannier_proto::workspace::{Act, AliasMove, Edit, is_registry};
use serde_json::{Value as Json, json};

use super::Wandb;
use super::artifacts::link_name;
use super::state::RunState;
use super::together::Mutation;
use super::upsert::variables;
use crate::block::Block;
use crate::store::{ArtifactRow, default_organization};
use crate::sync::remote::{RemoteError, RemoteResult, StreamPush};

const LINK: &str =
    "mutation LinkArtifact ($input: LinkArtifactInput!) { result: linkArtifact(input: $input) {
    versionIndex } }";
const UNLINK: &str = "mutation UnlinkArtifact ($input: UnlinkArtifactInput!) {
    result: unlinkArtifact(input: $input) { success } }";
const ADD: &str =
    "mutation AddAliases ($input: AddAliasesInput!) { result: addAliases(input: $input) { success } }";
const TAKE: &str = "mutation DeleteAliases ($input: DeleteAliasesInput!) { result: deleteAliases(input: $input) { success } }";
const UPDATE: &str =
    "mutation UpdateArtifact ($input: UpdateArtifactInput!) { result: updateArtifact(input: $input) {
    artifact { id } } }";
const DELETE: &str =
    "mutation DeleteArtifact ($input: DeleteArtifactInput!) { result: deleteArtifact(input: $input) {
    artifact { id } } }";
const TAG: &str =
    "mutation AddArtifactCollectionTags ($input: CreateArtifactCollectionTagAssignmentsInput!) {
    result: createArtifactCollectionTagAssignments(input: $input) { tags { id name } } }";
const UNTAG: &str =
    "mutation DeleteArtifactCollectionTags ($input: DeleteArtifactCollectionTagAssignmentsInput!) {
    result: deleteArtifactCollectionTagAssignments(input: $input) { success } }";

const UPDATE_SEQUENCE: Mutation = Mutation {
    operation: "UpdateArtifactSequence",
    field: "updateArtifactSequence",
    input: &[
        ("artifactSequenceID", "id", "ID!"),
        ("name", "name", "String"),
        ("description", "description", "String"),
    ],
    selection: "artifactCollection { id name }",
};
const UPDATE_PORTFOLIO: Mutation = Mutation {
    operation: "UpdateArtifactPortfolio",
    field: "updateArtifactPortfolio",
    input: &[
        ("artifactPortfolioID", "id", "ID!"),
        ("name", "name", "String"),
        ("description", "description", "String"),
    ],
    selection: "artifactCollection { id name }",
};
const DELETE_SEQUENCE: Mutation = Mutation {
    operation: "DeleteArtifactSequence",
    field: "deleteArtifactSequence",
    input: &[("artifactSequenceID", "id", "ID!")],
    selection: "artifactCollection { id }",
};
const DELETE_PORTFOLIO: Mutation = Mutation {
    operation: "DeleteArtifactPortfolio",
    field: "deleteArtifactPortfolio",
    input: &[("artifactPortfolioID", "id", "ID!")],
    selection: "artifactCollection { id }",
};
const UPSERT_MODEL: &str =
    "mutation UpsertRegistry ($input: UpsertModelInput!) { result: upsertModel(input: $input) {
    project { id name } inserted } }";
const DELETE_MODEL: Mutation = Mutation {
    operation: "deleteModel",
    field: "deleteModel",
    input: &[("id", "id", "String!")],
    selection: "success",
};

/// A project there.
struct Project {
    /// Whose it is here, and what it is called.
    here: (String, String),
    /// Whose it is there.
    entity: String,
    name: String,
}

impl Wandb {
    /// Whose a project of an entity is there: what is nobody's here is the user's,
    /// and what is of no certain organization his organization's.
    pub(super) fn entity_of(&self, entity: &str, project: &str) -> String {
        let me = self.known().map(|known| known.me);
        let own = entity == DEFAULT_ENTITY;
        match me {
            Some(me) if is_registry(project) && (own || entity == default_organization()) => {
                match me.organizations.as_slice() {
                    [only] => only.name.clone(),
                    _ => entity.to_owned(),
                }
            }
            Some(me) if own => me.entity,
            _ => entity.to_owned(),
        }
    }

    /// Does there what was done here to a project; the state afterwards.
    pub(super) async fn acts(
        &self,
        path: &RunPath,
        mut state: RunState,
        pushes: Vec<StreamPush>,
    ) -> RemoteResult<RunState> {
        let project = Project {
            here: (path.entity.clone(), path.project.clone()),
            entity: self.entity_of(&path.entity, &path.project),
            name: path.project.clone(),
        };
        for push in pushes {
            let block = Block::decode(&push.block)
                .map_err(|error| RemoteError::Rejected(format!("its records are damaged: {error}")))?;
            for (seq, change) in (push.first_seq..).zip(block.changes()) {
                if let Change::Workspace { act, .. } = change {
                    self.act(&project, act).await?;
                }
                state.sent.insert(push.id.origin, seq);
                self.keep(path, &state).await?;
            }
        }
        Ok(state)
    }

    async fn act(&self, project: &Project, act: &Act) -> RemoteResult<()> {
        match act {
            Act::Link { artifact, collection, aliases, .. } => {
                self.link(project, *artifact, collection, aliases).await
            }
            Act::Unlink { artifact, collection } => self.unlink(project, *artifact, collection).await,
            Act::MoveAliases { collection, aliases } => self.names(project, collection, aliases).await,
            Act::EditVersion { artifact, edit } => self.edit_version(*artifact, edit).await,
            Act::DeleteVersion { artifact } => self.delete_version(*artifact).await,
            Act::EditCollection { collection, edit, .. } => {
                self.edit_collection(project, collection, edit).await
            }
            Act::DeleteCollection { collection } => self.delete_collection(project, collection).await,
            Act::EditProject { edit } => self.edit_project(project, edit).await,
            Act::DeleteProject => self.delete_project(project).await,
            Act::SaveView { view, body } => self.save_view(&project.entity, &project.name, *view, body).await,
            Act::DeleteView { view } => self.delete_view(*view).await,
        }
    }

    async fn ask(&self, operation: &str, document: &str, input: Json) -> RemoteResult<Json> {
        let asked = json!({ "input": input });
        self.server.graphql(operation, document, asked).await?.only("result")
    }

    /// What is deleted here since needs no change there.
    async fn is_here(&self, artifact: Id128) -> RemoteResult<bool> {
        self.read(move |store| Ok(store.artifact(artifact)?.is_some())).await
    }

    async fn link(
        &self,
        project: &Project,
        artifact: Id128,
        collection: &str,
        aliases: &[AliasMove],
    ) -> RemoteResult<()> {
        if !self.is_here(artifact).await? {
            return Ok(());
        }
        let alias = |moved: &AliasMove| json!({ "artifactCollectionName": collection, "alias": moved.alias });
        let input = json!({
            "artifactID": self.version(artifact).await?, "artifactPortfolioName": collection,
            "entityName": project.entity, "projectName": project.name,
            "aliases": aliases.iter().map(alias).collect::<Vec<_>>(),
        });
        let linked = self.ask("LinkArtifact", LINK, input).await?;
        let (entity, name) = &project.here;
        let number = linked["versionIndex"].as_u64().map(|number| number.to_string());
        self.keep_as(link_name(entity, name, collection, artifact), number).await
    }

    async fn unlink(&self, project: &Project, artifact: Id128, collection: &str) -> RemoteResult<()> {
        if !self.is_here(artifact).await? {
            return Ok(());
        }
        let Some((id, _)) = self.collection(project, collection).await? else { return Ok(()) };
        let input = json!({ "artifactID": self.version(artifact).await?, "artifactPortfolioID": id });
        self.ask("UnlinkArtifact", UNLINK, input).await.map(drop)
    }

    /// The same content was logged again: its names moved.
    pub(super) async fn named_again(&self, row: &ArtifactRow, moves: &[AliasMove]) -> RemoteResult<()> {
        let here = (row.collection.entity.clone(), row.collection.project.clone());
        let (entity, name) = (self.entity_of(&here.0, &here.1), here.1.clone());
        self.names(&Project { here, entity, name }, &row.collection.name, moves).await
    }

    /// Names go to whom they belong to now.
    async fn names(&self, project: &Project, collection: &str, moves: &[AliasMove]) -> RemoteResult<()> {
        for moved in moves {
            let (entity, name) = project.here.clone();
            let (of, alias) = (collection.to_owned(), moved.alias.clone());
            let holder = self
                .read(move |store| {
                    let found = store.member(&entity, &name, &of, &alias)?;
                    Ok(found.filter(|row| row.aliases.iter().any(|known| known.alias == alias)))
                })
                .await?;
            let said = json!([{
                "entityName": project.entity, "projectName": project.name,
                "artifactCollectionName": collection, "alias": moved.alias,
            }]);
            match holder {
                Some(row) => {
                    let input = json!({ "artifactID": self.version(row.body.id).await?, "aliases": said });
                    self.ask("AddAliases", ADD, input).await?;
                }
                None => {
                    // Nobody has it: whoever has it there gives it up.
                    let Some(id) = self.holder(project, collection, &moved.alias).await? else { continue };
                    self.ask("DeleteAliases", TAKE, json!({ "artifactID": id, "aliases": said })).await?;
                }
            }
        }
        Ok(())
    }

    async fn holder(&self, project: &Project, collection: &str, alias: &str) -> RemoteResult<Option<String>> {
        const FIND: &str =
            "query ArtifactMembershipByName ($entity: String!, $project: String!, $name: String!) {
            project(name: $project, entityName: $entity) {
                artifactCollectionMembership(name: $name) { id artifact { id } } } }";
        let name = format!("{collection}:{alias}");
        let asked = json!({ "entity": project.entity, "project": project.name, "name": name });
        let found = self.server.graphql("ArtifactMembershipByName", FIND, asked).await?.only("project")?;
        Ok(found["artifactCollectionMembership"]["artifact"]["id"].as_str().map(str::to_owned))
    }

    async fn edit_version(&self, artifact: Id128, edit: &Edit) -> RemoteResult<()> {
        if !self.is_here(artifact).await? {
            return Ok(());
        }
        let tag = |tag: &String| json!({ "tagName": tag });
        let input = json!({
            "artifactID": self.version(artifact).await?, "description": edit.description,
            "metadata": edit.metadata.as_ref().map(Json::to_string),
            // For ever is said so.
            "ttlDurationSeconds": edit.ttl_s.map(|seconds| if seconds == 0 { -2 } else { seconds }),
            "tagsToAdd": edit.add_tags.iter().map(tag).collect::<Vec<_>>(),
            "tagsToDelete": edit.remove_tags.iter().map(tag).collect::<Vec<_>>(),
        });
        self.ask("UpdateArtifact", UPDATE, input).await.map(drop)
    }

    async fn delete_version(&self, artifact: Id128) -> RemoteResult<()> {
        // One that never went there needs not be deleted.
        let Some(known) = self.known_version(artifact).await? else { return Ok(()) };
        let input = json!({ "artifactID": known.id, "deleteAliases": true });
        match self.ask("DeleteArtifact", DELETE, input).await {
            Err(RemoteError::Rejected(why)) => self.not_deleted(format!("artifact {artifact}"), &why).await,
            deleted => deleted.map(drop),
        }
    }

    /// A collection's id there, and whether it holds links.
    async fn collection(&self, project: &Project, name: &str) -> RemoteResult<Option<(String, bool)>> {
        const FIND: &str = "query ArtifactCollection ($entity: String!, $project: String!, $name: String!) {
            project(name: $project, entityName: $entity) {
                artifactCollection(name: $name) { __typename id name } } }";
        let asked = json!({ "entity": project.entity, "project": project.name, "name": name });
        let found = self.server.graphql("ArtifactCollection", FIND, asked).await?.only("project")?;
        let found = &found["artifactCollection"];
        Ok(found["id"].as_str().map(|id| (id.to_owned(), found["__typename"] == "ArtifactPortfolio")))
    }

    async fn edit_collection(&self, project: &Project, collection: &str, edit: &Edit) -> RemoteResult<()> {
        // One without versions is not there: it comes with the first.
        let Some((id, links)) = self.collection(project, collection).await? else { return Ok(()) };
        if edit.name.is_some() || edit.description.is_some() {
            let asked = json!({ "id": id, "name": edit.name, "description": edit.description });
            let update = if links { UPDATE_PORTFOLIO } else { UPDATE_SEQUENCE };
            update.one(&self.server, variables(asked)).await?;
        }
        let name = edit.name.as_deref().unwrap_or(collection);
        let input = |tags: &[String]| {
            let tags: Vec<_> = tags.iter().map(|tag| json!({ "tagName": tag })).collect();
            json!({ "entityName": project.entity, "projectName": project.name, "artifactCollectionName": name,
                "tags": tags })
        };
        if !edit.add_tags.is_empty() {
            self.ask("AddArtifactCollectionTags", TAG, input(&edit.add_tags)).await?;
        }
        if !edit.remove_tags.is_empty() {
            self.ask("DeleteArtifactCollectionTags", UNTAG, input(&edit.remove_tags)).await?;
        }
        Ok(())
    }

    async fn delete_collection(&self, project: &Project, collection: &str) -> RemoteResult<()> {
        let Some((id, links)) = self.collection(project, collection).await? else { return Ok(()) };
        let delete = if links { DELETE_PORTFOLIO } else { DELETE_SEQUENCE };
        delete.one(&self.server, variables(json!({ "id": id }))).await.map(drop)
    }

    async fn edit_project(&self, project: &Project, edit: &Edit) -> RemoteResult<()> {
        let types = edit.artifact_types.as_ref();
        let asked = json!({
            "name": project.name, "entityName": project.entity, "description": edit.description,
            "access": edit.access, "allowAllArtifactTypesInRegistry": types.map(Vec::is_empty),
            "artifactTypes": types.map(|types| types.iter().map(|kind| json!({ "name": kind })).collect::<Vec<_>>()),
        });
        self.ask("UpsertRegistry", UPSERT_MODEL, asked).await.map(drop)
    }

    async fn delete_project(&self, project: &Project) -> RemoteResult<()> {
        const FIND: &str = "query ProjectInternalId ($project: String!, $entity: String!) {
            project(name: $project, entityName: $entity) { id internalId } }";
        let asked = json!({ "entity": project.entity, "project": project.name });
        let found = self.server.graphql("ProjectInternalId", FIND, asked).await?.only("project")?;
        let Some(id) = found["id"].as_str() else { return Ok(()) };
        DELETE_MODEL.one(&self.server, variables(json!({ "id": id }))).await.map(drop)
    }
}
