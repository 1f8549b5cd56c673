//! Lists of collections and versions as clients ask for them: filtered, in an
//! order, and by page. A registry search goes over an organization's registries.

use async_graphql::Result;
use pannier_proto::workspace::is_registry;

use super::Ask;
use super::artifact::Membership;
use super::collection::Collection as Node;
use super::page::{Page, Window};
use super::project::Project;
use super::scalar::JsonString;
use crate::access::Verb;
use crate::store::{self, Collection, VersionFacts};
use crate::wandb::filter::{Facts, Field, Filter};
use crate::wandb::ids;
use crate::wandb::order::Order;
use crate::wandb::search::{CollectionRow, RegistryRow, VersionRow};

/// Which part of a list, and in which order.
#[derive(Default)]
pub struct Asked {
    /// So many.
    pub first: Option<i32>,
    /// Behind this one.
    pub after: Option<String>,
    /// Those that this Mongo filter takes.
    pub filters: Option<JsonString>,
    /// `name`, `-created_at`, …
    pub order: Option<String>,
}

/// A filter and an order, understood.
struct Search<F> {
    filter: Filter<F>,
    order: Order<F>,
}

impl<F: Field> Search<F> {
    fn new(filters: Option<&JsonString>, order: Option<&str>) -> Result<Self> {
        let filter = filters.map_or_else(|| Ok(Filter::everything()), |filters| Filter::parse(&filters.0))?;
        Ok(Self { filter, order: Order::parse(order.unwrap_or_default())? })
    }

    /// Those of the rows that are asked for, in the order that is asked for; else
    /// as they come.
    fn apply<T, R: Facts<F>>(&self, rows: Vec<T>, facts: impl Fn(&T) -> R) -> Vec<T> {
        let mut found: Vec<(T, R)> = rows
            .into_iter()
            .map(|row| {
                let facts = facts(&row);
                (row, facts)
            })
            .filter(|(_, facts)| self.filter.matches(facts))
            .collect();
        found.sort_by(|(_, a), (_, b)| self.order.compare(a, b));
        found.into_iter().map(|(row, _)| row).collect()
    }
}

/// Those collections that are asked for, in the order that is asked for.
pub fn collections(rows: Vec<Collection>, asked: &Asked) -> Result<Vec<Collection>> {
    let search = Search::new(asked.filters.as_ref(), asked.order.as_deref())?;
    Ok(search.apply(rows, |row| CollectionRow {
        id: ids::collection(row.id),
        name: row.name.clone(),
        description: row.description.clone(),
        tags: row.tags.clone(),
        kind: row.kind.clone(),
        created_us: row.created_us,
        updated_us: row.updated_us,
    }))
}

/// The membership numbers of these collections' versions, newest first unless
/// another order is asked for.
pub async fn versions_of(ask: &Ask, collections: Vec<i64>, asked: &Asked) -> Result<Vec<i64>> {
    let search = Search::new(asked.filters.as_ref(), asked.order.as_deref())?;
    let found = ask.read(move |store| {
        let mut rows: Vec<VersionFacts> = Vec::new();
        store.each_version(&collections, |facts| rows.push(facts))?;
        rows.reverse();
        let rows = search.apply(rows, |row| VersionRow {
            id: ids::artifact(row.id),
            version: row.version,
            aliases: row.aliases.clone(),
            tags: row.tags.clone(),
            state: "COMMITTED",
            size: row.size,
            metadata: row.metadata.clone(),
            created_us: row.created_us,
            updated_us: row.updated_us,
            linked_us: row.member_us,
        });
        Ok(rows.into_iter().map(|row| row.membership).collect())
    });
    found.await
}

async fn found_registries(
    ask: &Ask,
    organization: &str,
    filters: Option<JsonString>,
    order: Option<String>,
) -> Result<Vec<store::Project>> {
    if !ask.may(organization, Verb::Read) {
        return Ok(Vec::new());
    }
    let search = Search::new(filters.as_ref(), order.as_deref())?;
    let entity = organization.to_owned();
    let mut found = ask.read(move |store| store.projects(&entity)).await?;
    found.retain(|project| is_registry(&project.name));
    Ok(search.apply(found, |project| RegistryRow {
        id: u64::try_from(project.number).unwrap_or(0),
        name: project.name.clone(),
        entity: project.entity.clone(),
        description: project.said.description.clone(),
        created_us: project.created_us,
        updated_us: project.said.updated_us,
    }))
}

/// An organization's registries.
pub async fn registries(ask: &Ask, organization: &str, asked: Asked) -> Result<Page<Project>> {
    let found = found_registries(ask, organization, asked.filters, asked.order).await?;
    Ok(Window::cut(found.into_iter().map(Project).collect(), asked.first, asked.after.as_deref()))
}

async fn found_collections(
    ask: &Ask,
    organization: &str,
    registries: Option<JsonString>,
    asked: &Asked,
) -> Result<Vec<Collection>> {
    let registries = found_registries(ask, organization, registries, None).await?;
    let found = ask.read(move |store| {
        let mut found = Vec::new();
        for registry in registries {
            found.extend(store.collections(&registry.entity, &registry.name)?);
        }
        Ok(found)
    });
    collections(found.await?, asked)
}

/// Collections of an organization's registries.
pub async fn registry_collections(
    ask: &Ask,
    organization: &str,
    registries: Option<JsonString>,
    asked: Asked,
    links: bool,
) -> Result<Page<Node>> {
    let mut found = found_collections(ask, organization, registries, &asked).await?;
    found.retain(|row| row.links && links);
    Ok(Window::cut(found.into_iter().map(Node::from).collect(), asked.first, asked.after.as_deref()))
}

/// Versions in an organization's registries.
pub async fn registry_versions(
    ask: &Ask,
    organization: &str,
    registries: Option<JsonString>,
    of: Option<JsonString>,
    asked: Asked,
) -> Result<Page<Membership>> {
    let within = Asked { filters: of, ..Asked::default() };
    let found = found_collections(ask, organization, registries, &within).await?;
    let collections = found.into_iter().map(|row| row.id).collect();
    let numbers = versions_of(ask, collections, &asked).await?;
    let window = Window::new(numbers.len(), asked.first, asked.after.as_deref());
    let cut = numbers[window.start..window.end].to_vec();
    let rows = ask.read(move |store| store.versions_numbered(&cut)).await?;
    Ok(window.page(rows.into_iter().map(Membership).collect()))
}
