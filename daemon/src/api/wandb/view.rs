//! Saved views, in W&B's terms: reports and workspaces.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use pannier_proto::view::SaveView;
use pannier_proto::workspace::ViewBody;

use super::project::Project;
use super::user::User;
use super::{Ask, ask};
use crate::access::Verb;
use crate::ingest::views;
use crate::store::ViewRow;
use crate::wandb::{ids, time};

/// The type of reports.
const REPORT: &str = "runs";

/// A view, without its spec, which is read when it is asked for.
pub struct View(pub ViewRow);

/// A link that opens a report to everybody. There are none.
#[derive(SimpleObject)]
struct AccessToken {
    token: String,
    #[graphql(name = "type")]
    kind: String,
    revoked_at: Option<String>,
}

impl View {
    /// The view with this id, if the asker may do there what he asks for.
    pub async fn find(ask: &Ask, id: &str) -> Result<Option<Self>> {
        let Some(id) = ids::read_view(id) else { return Ok(None) };
        let found = ask.read(move |store| store.views_with_id(id)).await?;
        Ok(found.into_iter().find(|row| ask.may(&row.entity, ask.verb)).map(Self))
    }

    /// The view with this id that is to be changed.
    async fn known(ask: &Ask, id: &str) -> Result<Self> {
        match Self::find(ask, id).await? {
            Some(view) => Ok(view),
            None => Err(Self::missing(ask, id).await),
        }
    }

    /// Why a view cannot be changed. Of one that he may not read, nothing is said.
    async fn missing(ask: &Ask, id: &str) -> async_graphql::Error {
        let read = async || {
            let view = ids::read_view(id)?;
            let found = ask.read(move |store| store.views_with_id(view)).await.ok()?;
            found.into_iter().find(|row| ask.may(&row.entity, Verb::Read))
        };
        let refused = read().await.and_then(|row| ask.must(&row.entity, ask.verb).err());
        refused.unwrap_or_else(|| {
            format!("there is no view {id:?} here; it was deleted, or saved elsewhere and not brought here")
                .into()
        })
    }
}

#[Object]
impl View {
    async fn id(&self) -> ID {
        ids::view(self.0.id).into()
    }
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.0.body.kind
    }
    async fn name(&self) -> &str {
        &self.0.body.name
    }
    async fn display_name(&self) -> &str {
        &self.0.body.display_name
    }
    async fn description(&self) -> &str {
        &self.0.body.description
    }
    async fn entity_name(&self) -> &str {
        &self.0.entity
    }
    async fn project_name(&self) -> &str {
        &self.0.project
    }
    async fn project(&self, ctx: &Context<'_>) -> Result<Option<Project>> {
        Project::find(ask(ctx)?, Some(self.0.project.clone()), Some(self.0.entity.clone())).await
    }
    /// Who saved it last.
    async fn user(&self) -> Option<User> {
        let name = self.0.by.clone()?;
        Some(User { name, entity: self.0.entity.clone() })
    }
    async fn created_at(&self) -> String {
        time::format(self.0.created_us)
    }
    async fn updated_at(&self) -> String {
        time::format(self.0.updated_us)
    }
    async fn locked(&self) -> bool {
        false
    }
    async fn access_tokens(&self) -> Vec<AccessToken> {
        Vec::new()
    }
    async fn spec(&self, ctx: &Context<'_>) -> Result<String> {
        let ViewRow { entity, project, id, .. } = self.0.clone();
        let found = ask(ctx)?.read(move |store| store.view(&entity, &project, id)).await?;
        Ok(found.map(|row| row.body.spec).unwrap_or_default())
    }
}

/// By what a view was made.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum ViewSource {
    /// A program.
    WandbSdk,
    /// A browser.
    WandbApp,
}

#[derive(InputObject)]
struct UpsertViewInput {
    id: Option<ID>,
    entity_name: Option<String>,
    project_name: Option<String>,
    #[graphql(name = "type")]
    kind: Option<String>,
    name: Option<String>,
    display_name: Option<String>,
    description: Option<String>,
    spec: Option<String>,
    created_using: Option<ViewSource>,
}

#[derive(SimpleObject)]
struct UpsertViewPayload {
    view: View,
    inserted: bool,
}

#[derive(InputObject)]
struct DeleteViewInput {
    id: ID,
    delete_drafts: Option<bool>,
}

#[derive(SimpleObject)]
struct DeleteViewPayload {
    success: bool,
    /// Drafts are views of their own here, so none waits for another's end.
    pending_drafts: bool,
}

/// A view stays in its project, whose stream it is in.
fn stays(row: &ViewRow, input: &UpsertViewInput) -> Result<()> {
    let same =
        |name: &Option<String>, is: &str| name.as_deref().is_none_or(|name| name.is_empty() || name == is);
    if same(&input.entity_name, &row.entity) && same(&input.project_name, &row.project) {
        return Ok(());
    }
    let what = format!("view {:?} is one of {}/{}", row.body.display_name, row.entity, row.project);
    Err(format!("{what}; save it as a new one in another project (clone=True)").into())
}

/// What is to be saved: what is left out stays as it was.
fn asked(input: UpsertViewInput, before: Option<ViewBody>) -> Result<SaveView> {
    let (kind, display_name, description, spec) = match before {
        Some(body) => (body.kind, body.display_name, body.description, Some(body.spec)),
        None => (REPORT.to_owned(), String::new(), String::new(), None),
    };
    let spec = input.spec.or(spec).ok_or("a view needs a spec: what it shows, as JSON text")?;
    Ok(SaveView {
        kind: input.kind.filter(|kind| !kind.is_empty()).unwrap_or(kind),
        name: input.name,
        display_name: input.display_name.unwrap_or(display_name),
        description: input.description.unwrap_or(description),
        spec,
        based_on_us: None,
    })
}

/// Mutations of views.
#[derive(Default)]
pub struct ViewMutation;

#[Object]
impl ViewMutation {
    /// Without an id a new view. Of one that is there, what is left out stays.
    async fn upsert_view(&self, ctx: &Context<'_>, input: UpsertViewInput) -> Result<UpsertViewPayload> {
        let ask = ask(ctx)?;
        let id = input.id.as_ref().filter(|id| !id.is_empty());
        let known = match &id {
            Some(id) => {
                let ViewRow { entity, project, id, .. } = View::known(ask, id).await?.0;
                ask.read(move |store| store.view(&entity, &project, id)).await?
            }
            None => None,
        };
        let path = match &known {
            Some(row) => {
                stays(row, &input)?;
                ask.path(Some(&row.entity), Some(&row.project), "x")?
            }
            None => ask.path(input.entity_name.as_deref(), input.project_name.as_deref(), "x")?,
        };
        let id = known.as_ref().map(|row| row.id);
        let asked = asked(input, known.map(|row| row.body))?;
        let author = ask.author(&path.entity)?;
        let view = views::save(&ask.app.store, author, path.entity, path.project, id, asked).await?;
        Ok(UpsertViewPayload { view: View(view), inserted: id.is_none() })
    }

    async fn delete_view(&self, ctx: &Context<'_>, input: DeleteViewInput) -> Result<DeleteViewPayload> {
        let ask = ask(ctx)?;
        let ViewRow { entity, project, id, .. } = View::known(ask, &input.id).await?.0;
        let author = ask.author(&entity)?;
        views::delete(&ask.app.store, author, entity, project, id).await?;
        Ok(DeleteViewPayload { success: true, pending_drafts: false })
    }
}
