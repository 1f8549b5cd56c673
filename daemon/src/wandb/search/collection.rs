//! Collections, of registries and of projects. It must not know what is in them.

use super::super::filter::{Facts, Field, Kind};
use super::{Fact, moment, text, texts};

/// A collection, as it is searched.
#[derive(Debug, Clone)]
pub struct CollectionRow {
    /// Its id, as it is answered.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What people wrote of it.
    pub description: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// The type of its artifacts.
    pub kind: String,
    /// Microseconds since 1970.
    pub created_us: i64,
    /// Microseconds since 1970, if it was changed.
    pub updated_us: Option<i64>,
}

/// A field of collections, whatever its spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CollectionField {
    /// `artifact_collection_id`, `collection_id`, `id`.
    Id,
    /// `name`, `collection_name`, `artifact_collection_name`.
    Name,
    /// `tag`, `tags`: a list of texts.
    Tag,
    /// `type`.
    Type,
    /// `description`.
    Description,
    /// `created_at`, `createdAt`.
    CreatedAt,
    /// `updated_at`, `updatedAt`.
    UpdatedAt,
}

impl Field for CollectionField {
    const THINGS: &'static str = "collections";
    const NAMES: &'static [&'static str] =
        &["artifact_collection_id", "name", "tag", "type", "description", "created_at", "updated_at"];
    const REGEX_IGNORES_CASE: bool = true;

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "artifact_collection_id" | "collection_id" | "id" => Self::Id,
            "name" | "collection_name" | "artifact_collection_name" => Self::Name,
            "tag" | "tags" => Self::Tag,
            "type" => Self::Type,
            "description" => Self::Description,
            "created_at" | "createdAt" => Self::CreatedAt,
            "updated_at" | "updatedAt" => Self::UpdatedAt,
            _ => return None,
        })
    }

    fn kind(&self) -> Kind {
        match self {
            Self::CreatedAt | Self::UpdatedAt => Kind::Time,
            Self::Id | Self::Name | Self::Tag | Self::Type | Self::Description => Kind::Plain,
        }
    }
}

impl Facts<CollectionField> for CollectionRow {
    fn get(&self, field: &CollectionField) -> Fact<'_> {
        match field {
            CollectionField::Id => text(&self.id),
            CollectionField::Name => text(&self.name),
            CollectionField::Tag => texts(&self.tags),
            CollectionField::Type => text(&self.kind),
            CollectionField::Description => self.description.as_deref().and_then(text),
            CollectionField::CreatedAt => moment(self.created_us),
            CollectionField::UpdatedAt => self.updated_us.and_then(moment),
        }
    }
}
