//! Versions, in the collection in which they are found: their number and their
//! aliases there. It must not know the collection.

use std::borrow::Cow;

use super::super::filter::{Facts, Field, Kind, Path};
use super::{Fact, moment, number, text, texts};
use crate::partial_json::entries;

/// A version, as it is searched.
#[derive(Debug, Clone)]
pub struct VersionRow {
    /// The artifact's id, as it is answered.
    pub id: String,
    /// Its number in the collection.
    pub version: u64,
    /// Its aliases in the collection.
    pub aliases: Vec<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// Its state, as it is answered: `COMMITTED`, …
    pub state: &'static str,
    /// Bytes of its files.
    pub size: u64,
    /// What its makers noted, as JSON; of this only what is asked for is read.
    pub metadata: Option<String>,
    /// Microseconds since 1970.
    pub created_us: i64,
    /// Microseconds since 1970, if it was changed.
    pub updated_us: Option<i64>,
    /// Microseconds since 1970 at which it came into the collection.
    pub linked_us: i64,
}

/// A field of versions, whatever its spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VersionField {
    /// `id`, `artifact_id`.
    Id,
    /// `version`, `version_index`, `versionIndex`.
    Version,
    /// `tag`, `tags`: a list of texts.
    Tag,
    /// `alias`, `aliases`: a list of texts.
    Alias,
    /// `state`.
    State,
    /// `size`, `artifact_size`.
    Size,
    /// `metadata`, `artifact_metadata`: all of it.
    Metadata,
    /// `metadata.…`, `artifact_metadata.…`.
    In(Path),
    /// `created_at`, `createdAt`, `artifact_created_at`.
    CreatedAt,
    /// `updated_at`, `updatedAt`.
    UpdatedAt,
    /// `linked_at`, `acm_created_at`.
    LinkedAt,
}

impl Field for VersionField {
    const THINGS: &'static str = "versions";
    const NAMES: &'static [&'static str] = &[
        "id",
        "version",
        "tag",
        "alias",
        "state",
        "size",
        "metadata",
        "metadata.KEY",
        "created_at",
        "updated_at",
        "linked_at",
    ];
    const REGEX_IGNORES_CASE: bool = true;

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "id" | "artifact_id" => Self::Id,
            "version" | "version_index" | "versionIndex" => Self::Version,
            "tag" | "tags" => Self::Tag,
            "alias" | "aliases" => Self::Alias,
            "state" => Self::State,
            "size" | "artifact_size" => Self::Size,
            "metadata" | "artifact_metadata" => Self::Metadata,
            "created_at" | "createdAt" | "artifact_created_at" => Self::CreatedAt,
            "updated_at" | "updatedAt" => Self::UpdatedAt,
            "linked_at" | "acm_created_at" => Self::LinkedAt,
            dotted => match dotted.split_once('.')? {
                ("metadata" | "artifact_metadata", path) if !path.is_empty() => Self::In(Path::new(path)),
                _ => return None,
            },
        })
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Version => Kind::Version,
            Self::CreatedAt | Self::UpdatedAt | Self::LinkedAt => Kind::Time,
            Self::Id | Self::Tag | Self::Alias | Self::State | Self::Size | Self::Metadata | Self::In(_) => {
                Kind::Plain
            }
        }
    }
}

impl Facts<VersionField> for VersionRow {
    fn get(&self, field: &VersionField) -> Fact<'_> {
        match field {
            VersionField::Id => text(&self.id),
            VersionField::Version => number(self.version),
            VersionField::Tag => texts(&self.tags),
            VersionField::Alias => texts(&self.aliases),
            VersionField::State => text(self.state),
            VersionField::Size => number(self.size),
            VersionField::Metadata => serde_json::from_str(self.metadata.as_deref()?).ok().map(Cow::Owned),
            VersionField::In(path) => {
                let found = entries(self.metadata.as_deref()?, &[path.as_str()]);
                path.find(&found).cloned().map(Cow::Owned)
            }
            VersionField::CreatedAt => moment(self.created_us),
            VersionField::UpdatedAt => self.updated_us.and_then(moment),
            VersionField::LinkedAt => moment(self.linked_us),
        }
    }
}
