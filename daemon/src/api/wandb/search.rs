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
use crate::store::{self, Collection};

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

/// Those collections that are asked for, in the order that is asked for.
pub fn collections(rows: Vec<Collection>, asked: &Asked) -> Result<Vec<Collection>> {
    let _ = asked;
    Ok(rows)
}

/// The membership numbers of a collection's versions, newest first unless
/// another order is asked for.
pub async fn versions_of(ask: &Ask, collection: i64, asked: &Asked) -> Result<Vec<i64>> {
    let _ = asked;
    let mut numbers = Vec::new();
    let facts = ask.read(move |store| {
        store.each_version(&[collection], |facts| numbers.push(facts.membership))?;
        Ok(numbers)
    });
    let mut numbers = facts.await?;
    numbers.reverse();
    Ok(numbers)
}

async fn found_registries(
    ask: &Ask,
    organization: &str,
    filters: Option<JsonString>,
    order: Option<String>,
) -> Result<Vec<store::Project>> {
    let _ = (filters, order);
    let entity = organization.to_owned();
    let mut found = ask.read(move |store| store.projects(&entity)).await?;
    found.retain(|project| is_registry(&project.name));
    Ok(found)
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
    let mut numbers = Vec::new();
    for row in found {
        numbers.extend(versions_of(ask, row.id, &asked).await?);
    }
    let window = Window::new(numbers.len(), asked.first, asked.after.as_deref());
    let cut = numbers[window.start..window.end].to_vec();
    let rows = ask.read(move |store| store.versions_numbered(&cut)).await?;
    Ok(window.page(rows.into_iter().map(Membership).collect()))
}
