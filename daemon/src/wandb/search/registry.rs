//! Registries. It must not know what is in them.

use super::super::filter::{Facts, Field, Kind};
use super::super::ids;
use super::{Fact, moment, number, text};

/// A registry, as it is searched.
#[derive(Debug, Clone)]
pub struct RegistryRow {
    /// The number in the internal id of its project.
    pub id: u64,
    /// The whole name of its project, `wandb-registry-…`: py completes every name
    /// before it asks, but no regular expression.
    pub name: String,
    /// The entity that it belongs to.
    pub entity: String,
    /// What people wrote of it.
    pub description: Option<String>,
    /// Microseconds since 1970.
    pub created_us: i64,
    /// Microseconds since 1970, if it was changed.
    pub updated_us: Option<i64>,
}

/// A field of registries, whatever its spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RegistryField {
    /// `id`, `project_id`.
    Id,
    /// `name`.
    Name,
    /// `entity_id`, as the entity's `id` is answered.
    EntityId,
    /// `description`.
    Description,
    /// `created_at`, `createdAt`.
    CreatedAt,
    /// `updated_at`, `updatedAt`.
    UpdatedAt,
}

impl Field for RegistryField {
    const THINGS: &'static str = "registries";
    const NAMES: &'static [&'static str] =
        &["id", "name", "entity_id", "description", "created_at", "updated_at"];
    const REGEX_IGNORES_CASE: bool = true;

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "id" | "project_id" => Self::Id,
            "name" => Self::Name,
            "entity_id" => Self::EntityId,
            "description" => Self::Description,
            "created_at" | "createdAt" => Self::CreatedAt,
            "updated_at" | "updatedAt" => Self::UpdatedAt,
            _ => return None,
        })
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Name => Kind::Name,
            Self::CreatedAt | Self::UpdatedAt => Kind::Time,
            Self::Id | Self::EntityId | Self::Description => Kind::Plain,
        }
    }
}

impl Facts<RegistryField> for RegistryRow {
    fn get(&self, field: &RegistryField) -> Fact<'_> {
        match field {
            RegistryField::Id => number(self.id),
            RegistryField::Name => text(&self.name.to_lowercase()),
            RegistryField::EntityId => text(&ids::other("Entity", &self.entity)),
            RegistryField::Description => self.description.as_deref().and_then(text),
            RegistryField::CreatedAt => moment(self.created_us),
            RegistryField::UpdatedAt => self.updated_us.and_then(moment),
        }
    }
}
