//! What W&B's clients do to versions and collections.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use pannier_proto::id::Id128;
use pannier_proto::workspace::Edit;
use serde_json::Value as Json;

use super::artifact::{Artifact, Membership, Tag};
use super::artifact_mutation::{ArtifactAliasInput, ArtifactPayload, TagInput, artifact_of, ttl_of};
use super::collection::Collection;
use super::mutation::{DONE, Done};
use super::scalar::JsonString;
use super::{Ask, ask};
use crate::ingest::registry::{self, CollectionPath};
use crate::store;
use crate::wandb::ids;

#[derive(InputObject)]
struct LinkArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: Option<ID>,
    #[graphql(name = "clientID")]
    client_id: Option<String>,
    artifact_portfolio_name: String,
    entity_name: String,
    project_name: String,
    aliases: Option<Vec<ArtifactAliasInput>>,
}

#[derive(SimpleObject)]
struct LinkArtifactPayload {
    version_index: u64,
    artifact_membership: Membership,
}

#[derive(InputObject)]
struct UnlinkArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    #[graphql(name = "artifactPortfolioID")]
    artifact_portfolio_id: ID,
}

#[derive(InputObject)]
struct AliasesInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    aliases: Vec<ArtifactAliasInput>,
}

#[derive(InputObject)]
struct UpdateArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    description: Option<String>,
    metadata: Option<JsonString>,
    ttl_duration_seconds: Option<i64>,
    tags_to_add: Option<Vec<TagInput>>,
    tags_to_delete: Option<Vec<TagInput>>,
    aliases: Option<Vec<ArtifactAliasInput>>,
}

#[derive(InputObject)]
struct DeleteArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    delete_aliases: Option<bool>,
}

#[derive(InputObject)]
struct UpdateCollectionInput {
    #[graphql(name = "artifactSequenceID")]
    artifact_sequence_id: Option<ID>,
    #[graphql(name = "artifactPortfolioID")]
    artifact_portfolio_id: Option<ID>,
    name: Option<String>,
    description: Option<String>,
}

#[derive(InputObject)]
struct MoveArtifactSequenceInput {
    #[graphql(name = "artifactSequenceID")]
    artifact_sequence_id: ID,
    destination_artifact_type_name: String,
}

#[derive(InputObject)]
struct DeleteSequenceInput {
    #[graphql(name = "artifactSequenceID")]
    artifact_sequence_id: ID,
}

#[derive(InputObject)]
struct DeletePortfolioInput {
    #[graphql(name = "artifactPortfolioID")]
    artifact_portfolio_id: ID,
}

#[derive(SimpleObject)]
struct CollectionPayload {
    artifact_collection: Collection,
}

#[derive(InputObject)]
struct CollectionTagsInput {
    entity_name: String,
    project_name: String,
    artifact_collection_name: String,
    tags: Vec<TagInput>,
}

#[derive(SimpleObject)]
struct TagsPayload {
    tags: Vec<Tag>,
    success: bool,
}

/// Mutations of versions and collections.
#[derive(Default)]
pub struct RegistryMutation;

async fn collection_of(ask: &Ask, id: &ID) -> Result<store::Collection> {
    let number = ids::read_collection(id);
    let number = number.ok_or_else(|| format!("{:?} is no id of a collection here", id.as_str()))?;
    let found = ask.read(move |store| store.collection_numbered(number)).await?;
    found.ok_or_else(|| "this collection is gone".into())
}

async fn artifact(ask: &Ask, id: Id128) -> Result<Artifact> {
    Artifact::shown(ask, id).await?.ok_or_else(|| format!("there is no artifact {id}").into())
}

/// The collections and names that are meant: by their names, else the collection
/// that the version was logged into.
async fn aliases_by_collection(
    ask: &Ask,
    id: Id128,
    aliases: Vec<ArtifactAliasInput>,
) -> Result<Vec<(CollectionPath, Vec<String>)>> {
    let source = artifact(ask, id).await?.0.collection;
    let mut all: Vec<(CollectionPath, Vec<String>)> = Vec::new();
    for input in aliases {
        let path = CollectionPath {
            entity: input.entity_name.unwrap_or_else(|| source.entity.clone()),
            project: input.project_name.unwrap_or_else(|| source.project.clone()),
            name: input.artifact_collection_name.unwrap_or_else(|| source.name.clone()),
        };
        match all.iter_mut().find(|(known, _)| *known == path) {
            Some((_, names)) => names.push(input.alias),
            None => all.push((path, vec![input.alias])),
        }
    }
    Ok(all)
}

async fn edit_collection(ask: &Ask, row: &store::Collection, edit: Edit) -> Result<CollectionPayload> {
    registry::edit_collection(&ask.app.store, ask.author(&row.entity)?, row.into(), edit).await?;
    let number = row.id;
    let found = ask.read(move |store| store.collection_numbered(number)).await?;
    let found = found.ok_or("this collection is gone")?;
    Ok(CollectionPayload { artifact_collection: found.into() })
}

async fn delete_collection(ask: &Ask, id: &ID) -> Result<CollectionPayload> {
    let row = collection_of(ask, id).await?;
    registry::delete_collection(&ask.app.store, ask.author(&row.entity)?, (&row).into()).await?;
    Ok(CollectionPayload { artifact_collection: row.into() })
}

fn names(tags: Option<Vec<TagInput>>) -> Vec<String> {
    tags.unwrap_or_default().into_iter().map(|tag| tag.tag_name).collect()
}

#[Object]
impl RegistryMutation {
    async fn link_artifact(
        &self,
        ctx: &Context<'_>,
        input: LinkArtifactInput,
    ) -> Result<LinkArtifactPayload> {
        let ask = ask(ctx)?;
        let id = match (input.artifact_id, input.client_id) {
            (Some(id), _) => artifact_of(&id)?,
            (None, Some(client)) => ids::artifact_of_client(&client),
            (None, None) => return Err("no artifact is named to be linked".into()),
        };
        let target = CollectionPath {
            entity: input.entity_name,
            project: input.project_name,
            name: input.artifact_portfolio_name,
        };
        let aliases = input.aliases.unwrap_or_default().into_iter().map(|alias| alias.alias).collect();
        // Nobody links what he may not look at.
        artifact(ask, id).await?;
        let author = ask.author(&target.entity)?;
        let row = registry::link(&ask.app.store, author, id, target, aliases).await?;
        Ok(LinkArtifactPayload { version_index: row.version, artifact_membership: Membership(row) })
    }

    async fn unlink_artifact(&self, ctx: &Context<'_>, input: UnlinkArtifactInput) -> Result<Done> {
        let (ask, id) = (ask(ctx)?, artifact_of(&input.artifact_id)?);
        let row = collection_of(ask, &input.artifact_portfolio_id).await?;
        registry::unlink(&ask.app.store, ask.author(&row.entity)?, id, (&row).into()).await?;
        Ok(DONE)
    }

    async fn add_aliases(&self, ctx: &Context<'_>, input: AliasesInput) -> Result<Done> {
        let (ask, id) = (ask(ctx)?, artifact_of(&input.artifact_id)?);
        for (path, names) in aliases_by_collection(ask, id, input.aliases).await? {
            let author = ask.author(&path.entity)?;
            registry::move_aliases(&ask.app.store, author, id, path, names, Vec::new()).await?;
        }
        Ok(DONE)
    }

    async fn delete_aliases(&self, ctx: &Context<'_>, input: AliasesInput) -> Result<Done> {
        let (ask, id) = (ask(ctx)?, artifact_of(&input.artifact_id)?);
        for (path, names) in aliases_by_collection(ask, id, input.aliases).await? {
            let author = ask.author(&path.entity)?;
            registry::move_aliases(&ask.app.store, author, id, path, Vec::new(), names).await?;
        }
        Ok(DONE)
    }

    async fn update_artifact(
        &self,
        ctx: &Context<'_>,
        input: UpdateArtifactInput,
    ) -> Result<ArtifactPayload> {
        let (ask, id) = (ask(ctx)?, artifact_of(&input.artifact_id)?);
        let source = artifact(ask, id).await?.0.collection;
        let metadata = input.metadata.map(|metadata| metadata.object("artifact's metadata")).transpose()?;
        let edit = Edit {
            description: input.description,
            metadata: metadata.map(Json::Object),
            ttl_s: ttl_of(input.ttl_duration_seconds),
            add_tags: names(input.tags_to_add),
            remove_tags: names(input.tags_to_delete),
            ..Edit::default()
        };
        let author = ask.author(&source.entity)?;
        registry::edit_version(&ask.app.store, author.clone(), id, edit).await?;
        // Older clients say all aliases of the version here.
        if let Some(wanted) = input.aliases {
            let now = artifact(ask, id).await?.0.aliases;
            let wanted: Vec<String> = wanted.into_iter().map(|alias| alias.alias).collect();
            let gone =
                now.into_iter().map(|alias| alias.alias).filter(|alias| !wanted.contains(alias)).collect();
            registry::move_aliases(&ask.app.store, author, id, (&source).into(), wanted, gone).await?;
        }
        Ok(ArtifactPayload { artifact: artifact(ask, id).await? })
    }

    async fn delete_artifact(
        &self,
        ctx: &Context<'_>,
        input: DeleteArtifactInput,
    ) -> Result<ArtifactPayload> {
        let (ask, id) = (ask(ctx)?, artifact_of(&input.artifact_id)?);
        let gone = artifact(ask, id).await?;
        let author = ask.author(&gone.0.collection.entity)?;
        let with_aliases = input.delete_aliases == Some(true);
        registry::delete_version(&ask.app.store, author, id, with_aliases).await?;
        Ok(ArtifactPayload { artifact: gone })
    }

    async fn update_artifact_sequence(
        &self,
        ctx: &Context<'_>,
        input: UpdateCollectionInput,
    ) -> Result<CollectionPayload> {
        update_collection(ask(ctx)?, input).await
    }

    async fn update_artifact_portfolio(
        &self,
        ctx: &Context<'_>,
        input: UpdateCollectionInput,
    ) -> Result<CollectionPayload> {
        update_collection(ask(ctx)?, input).await
    }

    async fn move_artifact_sequence(
        &self,
        ctx: &Context<'_>,
        input: MoveArtifactSequenceInput,
    ) -> Result<CollectionPayload> {
        let ask = ask(ctx)?;
        let row = collection_of(ask, &input.artifact_sequence_id).await?;
        let edit = Edit { kind: Some(input.destination_artifact_type_name), ..Edit::default() };
        edit_collection(ask, &row, edit).await
    }

    async fn delete_artifact_sequence(
        &self,
        ctx: &Context<'_>,
        input: DeleteSequenceInput,
    ) -> Result<CollectionPayload> {
        delete_collection(ask(ctx)?, &input.artifact_sequence_id).await
    }

    async fn delete_artifact_portfolio(
        &self,
        ctx: &Context<'_>,
        input: DeletePortfolioInput,
    ) -> Result<CollectionPayload> {
        delete_collection(ask(ctx)?, &input.artifact_portfolio_id).await
    }

    async fn create_artifact_collection_tag_assignments(
        &self,
        ctx: &Context<'_>,
        input: CollectionTagsInput,
    ) -> Result<TagsPayload> {
        let tags = input.tags.iter().map(|tag| tag.tag_name.clone()).collect();
        change_tags(ask(ctx)?, input, Edit { add_tags: tags, ..Edit::default() }).await
    }

    async fn delete_artifact_collection_tag_assignments(
        &self,
        ctx: &Context<'_>,
        input: CollectionTagsInput,
    ) -> Result<TagsPayload> {
        let tags = input.tags.iter().map(|tag| tag.tag_name.clone()).collect();
        change_tags(ask(ctx)?, input, Edit { remove_tags: tags, ..Edit::default() }).await
    }
}

async fn update_collection(ask: &Ask, input: UpdateCollectionInput) -> Result<CollectionPayload> {
    let id = input.artifact_sequence_id.or(input.artifact_portfolio_id);
    let row = collection_of(ask, &id.ok_or("no collection is named")?).await?;
    let edit = Edit { name: input.name, description: input.description, ..Edit::default() };
    edit_collection(ask, &row, edit).await
}

async fn change_tags(ask: &Ask, input: CollectionTagsInput, edit: Edit) -> Result<TagsPayload> {
    let path = CollectionPath {
        entity: input.entity_name,
        project: input.project_name,
        name: input.artifact_collection_name,
    };
    let author = ask.author(&path.entity)?;
    registry::edit_collection(&ask.app.store, author, path.clone(), edit).await?;
    let found = ask.read(move |store| store.collection(&path.entity, &path.project, &path.name)).await?;
    let tags = found.map(|row| row.tags).unwrap_or_default();
    Ok(TagsPayload { tags: tags.iter().map(Tag::new).collect(), success: true })
}
