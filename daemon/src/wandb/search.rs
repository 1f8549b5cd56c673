//! What registries, collections and versions of artifacts are searched and sorted
//! by: `api.registries(…).collections(…).versions(…)`, and the collections and
//! versions of a project. A schema and a row for each; the language is `filter`'s. It
//! must not know where rows come from, nor which rows belong together.

mod collection;
mod registry;
mod version;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value as Json;

pub use collection::{CollectionField, CollectionRow};
pub use registry::{RegistryField, RegistryRow};
pub use version::{VersionField, VersionRow};

use super::time;

type Fact<'a> = Option<Cow<'a, Json>>;

fn text<'a>(text: &str) -> Fact<'a> {
    Some(Cow::Owned(Json::from(text)))
}

fn texts<'a>(texts: &[String]) -> Fact<'a> {
    Some(Cow::Owned(Json::from(texts)))
}

fn number<'a>(number: u64) -> Fact<'a> {
    Some(Cow::Owned(Json::from(number)))
}

fn moment<'a>(us: i64) -> Fact<'a> {
    Some(Cow::Owned(Json::from(time::format(us))))
}
