//! Names of versions and collections as a person writes them. Asks nobody.

use pannier_proto::workspace::{REGISTRY_PREFIX, is_registry};

use crate::api::web::default_entity;
use crate::cli::failure::{Failure, Result};
use crate::cli::show;
use crate::percent::encode;
use crate::store::default_organization;

/// What a name may be.
pub const HELP: &str = "\
NAME is [ENTITY/]PROJECT/COLLECTION, and of a version :vN, :ALIAS or :DIGEST behind it; without one,
the latest is meant. ENTITY is PANNIER_ENTITY, else WANDB_ENTITY, else `local` where it is left out.
What is linked to a registry R has the name [ORG/]wandb-registry-R/COLLECTION, too.";

/// A collection, or a version of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Whose.
    pub entity: String,
    /// In which project.
    pub project: String,
    /// The collection.
    pub collection: String,
    /// `v3`, an alias or a digest, where one was said.
    pub wanted: Option<String>,
}

impl Name {
    /// `[ENTITY/]PROJECT/COLLECTION[:…]`.
    ///
    /// # Errors
    /// [`Failure`], with what a name may be.
    pub fn parse(text: &str) -> Result<Self> {
        Self::split(text, str::to_owned).ok_or_else(|| {
            Failure::new(format!("{} is no name of an artifact", show::clean(text))).hint(HELP)
        })
    }

    /// `[ORG/]REGISTRY/COLLECTION[:…]`; the registry by its name or its project's.
    ///
    /// # Errors
    /// [`Failure`], with what a name may be.
    pub fn in_registry(text: &str) -> Result<Self> {
        Self::split(text, registry_project).ok_or_else(|| {
            Failure::new(format!("{} is no name of a registry's collection", show::clean(text))).hint(
                "a name is [ORG/]REGISTRY/COLLECTION, and of a version :vN, :ALIAS or :DIGEST behind it",
            )
        })
    }

    fn split(text: &str, project_of: impl Fn(&str) -> String) -> Option<Self> {
        let (path, wanted) = match text.split_once(':') {
            Some((path, wanted)) => (path, Some(wanted)),
            None => (text, None),
        };
        let parts: Vec<_> = path.split('/').collect();
        if parts.iter().any(|part| part.is_empty()) || wanted.is_some_and(str::is_empty) {
            return None;
        }
        let (entity, project, collection) = match *parts.as_slice() {
            [project, collection] => (None, project_of(project), collection),
            [entity, project, collection] => (Some(entity), project_of(project), collection),
            _ => return None,
        };
        let by_default = if is_registry(&project) { default_organization } else { default_entity };
        Some(Self {
            entity: entity.map_or_else(by_default, str::to_owned),
            project,
            collection: collection.to_owned(),
            wanted: wanted.map(str::to_owned),
        })
    }

    /// The route of the version.
    #[must_use]
    pub fn route(&self, what: &str) -> String {
        let name = match &self.wanted {
            Some(wanted) => format!("{}:{wanted}", self.collection),
            None => self.collection.clone(),
        };
        format!("/v1/artifacts/{}/{}/{}{what}", encode(&self.entity), encode(&self.project), encode(&name))
    }

    /// The route of the collection.
    #[must_use]
    pub fn collection_route(&self, what: &str) -> String {
        format!(
            "/v1/collections/{}/{}/{}{what}",
            encode(&self.entity),
            encode(&self.project),
            encode(&self.collection)
        )
    }

    /// The collection that is meant, where no version may be said.
    ///
    /// # Errors
    /// [`Failure`] where one is.
    pub fn without_version(self, hint: &str) -> Result<Self> {
        match &self.wanted {
            None => Ok(self),
            Some(wanted) => {
                Err(Failure::new(format!("a collection is needed here, without :{}", show::clean(wanted)))
                    .hint(hint))
            }
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.entity, self.project, self.collection)?;
        self.wanted.as_ref().map_or(Ok(()), |wanted| write!(f, ":{wanted}"))
    }
}

/// The project of a registry, by the registry's name or its own.
#[must_use]
pub fn registry_project(name: &str) -> String {
    if is_registry(name) { name.to_owned() } else { format!("{REGISTRY_PREFIX}{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(name: Result<Name>) -> Option<(String, String, String, Option<String>)> {
        name.ok().map(|name| (name.entity, name.project, name.collection, name.wanted))
    }

    #[test]
    fn names_have_two_or_three_parts_and_perhaps_a_version() {
        let text = |text: &str| text.to_owned();
        assert_eq!(parts(Name::parse("e/p/c:v3")), Some((text("e"), text("p"), text("c"), Some(text("v3")))));
        assert_eq!(parts(Name::parse("p/c")), Some((default_entity(), text("p"), text("c"), None)));
        let registry = text("wandb-registry-model");
        for name in ["model/c:best", "wandb-registry-model/c:best"] {
            let expected = Some((default_organization(), registry.clone(), text("c"), Some(text("best"))));
            assert_eq!(parts(Name::in_registry(name)), expected);
        }
        assert_eq!(
            parts(Name::parse("wandb-registry-model/c")),
            Some((default_organization(), registry, text("c"), None))
        );
        for name in ["", "c", "c:v1", "/c", "p/", "a/b/c/d", "p/c:", ":v1", "p//c"] {
            assert_eq!(parts(Name::parse(name)), None, "{name}");
        }
    }

    #[test]
    fn routes_are_encoded() {
        let name = Name::parse("e/p q/ü:v1").unwrap();
        assert_eq!(name.route("/files"), "/v1/artifacts/e/p%20q/%C3%BC%3Av1/files");
        assert_eq!(name.collection_route(""), "/v1/collections/e/p%20q/%C3%BC");
        assert!(name.without_version("use --alias").is_err());
    }
}
