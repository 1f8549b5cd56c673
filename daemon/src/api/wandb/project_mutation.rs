//! What W&B's clients do to projects and registries.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use pannier_proto::workspace::{Edit, is_registry};

use super::ask;
use super::mutation::{DONE, Done};
use super::project::Project;
use crate::ingest::registry;
use crate::wandb::ids;

#[derive(InputObject)]
struct TypeInput {
    name: String,
}

#[derive(InputObject)]
struct UpsertModelInput {
    name: String,
    entity_name: Option<String>,
    description: Option<String>,
    access: Option<String>,
    artifact_types: Option<Vec<TypeInput>>,
    allow_all_artifact_types_in_registry: Option<bool>,
}

#[derive(SimpleObject)]
struct UpsertModelPayload {
    project: Project,
    model: Project,
    inserted: bool,
}

#[derive(InputObject)]
struct DeleteModelInput {
    id: String,
}

/// Mutations of projects and registries.
#[derive(Default)]
pub struct ProjectMutation;

#[Object]
impl ProjectMutation {
    /// A project, under its name of old; a registry is one.
    async fn upsert_model(&self, ctx: &Context<'_>, input: UpsertModelInput) -> Result<UpsertModelPayload> {
        let ask = ask(ctx)?;
        let path = ask.path(input.entity_name.as_deref(), Some(&input.name), "x")?;
        let types =
            input.artifact_types.unwrap_or_default().into_iter().map(|kind| kind.name).collect::<Vec<_>>();
        let artifact_types = match input.allow_all_artifact_types_in_registry {
            Some(true) => Some(Vec::new()),
            _ if types.is_empty() => None,
            _ => Some(types),
        };
        let edit = Edit {
            description: input.description,
            access: input.access.filter(|_| is_registry(&input.name)),
            artifact_types,
            ..Edit::default()
        };
        let (author, entity, name) = (ask.author(&path.entity)?, path.entity.clone(), path.project.clone());
        let inserted = registry::upsert_project(&ask.app.store, author, entity, name, edit).await?;
        let project = Project::find(ask, Some(path.project.clone()), Some(path.entity)).await?;
        let project = project.ok_or_else(|| format!("project {} is gone", path.project))?;
        Ok(UpsertModelPayload { project: project.clone(), model: project, inserted })
    }

    async fn delete_model(&self, ctx: &Context<'_>, input: DeleteModelInput) -> Result<Done> {
        let ask = ask(ctx)?;
        let known = ids::read_project(&input.id);
        let (entity, project) = known.ok_or_else(|| format!("{:?} is no id of a project here", input.id))?;
        let author = ask.author(&entity)?;
        registry::delete_registry(&ask.app.store, author, entity, project).await?;
        Ok(DONE)
    }
}
