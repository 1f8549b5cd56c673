//! What is done to a workspace: a project as such, apart from its runs. Links,
//! names that move, edits and deletions; saved views; and, because a registry is
//! a project, what a registry is.
//!
//! Acts may reach a home in any order and from several homes. What they come to
//! does not depend on the order, but for the numbers of versions: those are
//! given in the order of arrival, and the hub's order decides.
//!
//! A view is saved whole, and what was done to it last holds, whole: by the
//! makers' clocks, then by the greater home, then by the order there. Whoever
//! acts on a view says a time after everything that he has seen of it, so only
//! acts made apart from each other are settled by clocks. A deletion is an act
//! like a save: a later save that had not seen it brings the view back, because a
//! view that is there again is easier to delete than a lost save to find.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::id::Id128;

/// What begins the names of registries.
pub const REGISTRY_PREFIX: &str = "wandb-registry-";

/// The alias that the newest version of a collection has.
pub const LATEST: &str = "latest";

/// Whether a project of this name is a registry.
#[must_use]
pub fn is_registry(project: &str) -> bool {
    project.get(..REGISTRY_PREFIX.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(REGISTRY_PREFIX))
}

/// A name moves to a version of a collection, or goes away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "SaidMove")]
pub struct AliasMove {
    /// Of this move, made at random.
    pub id: Id128,
    /// The name.
    pub alias: String,
    /// The version that has it from now on; `None`: nobody has.
    pub to: Option<Id128>,
    /// The moves of this name that stood when this one was made, and that it
    /// replaces. Moves that have not seen each other are a conflict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<Id128>,
}

/// Older records of versions name their aliases and no more.
#[derive(Deserialize)]
#[serde(untagged)]
enum SaidMove {
    Name(String),
    Move {
        id: Id128,
        alias: String,
        to: Option<Id128>,
        #[serde(default)]
        seen: Vec<Id128>,
    },
}

impl From<SaidMove> for AliasMove {
    fn from(said: SaidMove) -> Self {
        match said {
            SaidMove::Name(alias) => Self { id: Self::UNNAMED, alias, to: None, seen: Vec::new() },
            SaidMove::Move { id, alias, to, seen } => Self { id, alias, to, seen },
        }
    }
}

impl AliasMove {
    /// The id of a move in a record that is older than moves: whoever applies the
    /// record gives it one.
    pub const UNNAMED: Id128 = Id128([0; 16]);
}

/// What an edit changes; what is left out stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Edit {
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Of a version: a JSON object, whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Json>,
    /// Of a version: seconds to keep it; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<i64>,
    /// Of a collection: its new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Of a collection: the type of its versions.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Of a registry: `PRIVATE` (the organization) or `RESTRICTED` (its members).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
    /// Of a registry: the types it takes; an empty list: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_types: Option<Vec<String>>,
    /// Of a registry: the names that only its administrators move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected_aliases: Option<Vec<String>>,
    /// Labels that come.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_tags: Vec<String>,
    /// Labels that go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove_tags: Vec<String>,
}

/// A saved view as its writer wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewBody {
    /// W&B's type: `runs` (a report), `runs/draft`, `project-view` (a workspace).
    #[serde(rename = "type")]
    pub kind: String,
    /// W&B's name of it, which programs make.
    pub name: String,
    /// The title people see.
    pub display_name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it shows: JSON text, kept byte for byte.
    pub spec: String,
}

/// What is done to a workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// A version becomes one of another collection, too, which is made where
    /// there is none.
    Link {
        /// The version.
        artifact: Id128,
        /// The collection.
        collection: String,
        /// The version's type, for a collection that is made.
        #[serde(rename = "type")]
        kind: String,
        /// Names that move to it there.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        aliases: Vec<AliasMove>,
    },
    /// And no longer.
    Unlink {
        /// The version.
        artifact: Id128,
        /// The collection.
        collection: String,
    },
    /// Names of a collection's versions move.
    MoveAliases {
        /// The collection.
        collection: String,
        /// The moves.
        aliases: Vec<AliasMove>,
    },
    /// A version that was logged in this project is changed.
    EditVersion {
        /// The version.
        artifact: Id128,
        /// How.
        edit: Edit,
    },
    /// A version that was logged in this project is deleted, wherever it is
    /// linked to; its number is not given again.
    DeleteVersion {
        /// The version.
        artifact: Id128,
    },
    /// A collection is made or changed.
    EditCollection {
        /// Its name until now.
        collection: String,
        /// Whether it holds links, where it is made.
        links: bool,
        /// How.
        edit: Edit,
    },
    /// A collection is deleted, with the versions that were logged into it.
    DeleteCollection {
        /// Its name.
        collection: String,
    },
    /// The project is made or changed.
    EditProject {
        /// How.
        edit: Edit,
    },
    /// A view is made, or saved again.
    SaveView {
        /// The view.
        view: Id128,
        /// It, whole.
        #[serde(flatten)]
        body: ViewBody,
    },
    /// A view is deleted.
    DeleteView {
        /// The view.
        view: Id128,
    },
    /// The project, a registry, is deleted with its collections and views; what is
    /// linked there stays where it was logged.
    DeleteProject,
}

impl Act {
    /// About how many bytes it takes in memory, of what may be large.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::SaveView { body, .. } => body.spec.len(),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_known_by_their_names() {
        for (name, is) in [
            ("wandb-registry-Model", true),
            ("Wandb-Registry-model", true),
            ("wandb-registry", false),
            ("my-wandb-registry-x", false),
            ("wandb-registrü-x", false),
        ] {
            assert_eq!(is_registry(name), is, "{name}");
        }
    }

    #[test]
    fn names_alone_are_moves_too() {
        let moves: Vec<AliasMove> = serde_json::from_str(r#"["best"]"#).unwrap();
        assert_eq!((moves[0].id, moves[0].alias.as_str()), (AliasMove::UNNAMED, "best"));
        let again: Vec<AliasMove> = serde_json::from_str(&serde_json::to_string(&moves).unwrap()).unwrap();
        assert_eq!(again, moves);
    }

    #[test]
    fn an_act_says_only_what_it_changes() {
        let edit = Edit { add_tags: vec!["a".into()], ..Edit::default() };
        let act = Act::EditVersion { artifact: Id128([1; 16]), edit };
        let text = serde_json::to_string(&act).unwrap();
        assert_eq!(
            text,
            r#"{"act":"edit_version","artifact":"01010101010101010101010101010101","edit":{"add_tags":["a"]}}"#
        );
        assert_eq!(serde_json::from_str::<Act>(&text).unwrap(), act);
    }

    #[test]
    fn a_view_is_kept_byte_for_byte() {
        let spec = "{\"b\": 1.0e3,  \"a\":\"\\ud83d\\u00e9 é\\n\"}".to_owned();
        let (kind, name, display_name) = ("runs".to_owned(), "n".to_owned(), "T".to_owned());
        let body = ViewBody { kind, name, display_name, description: String::new(), spec };
        let act = Act::SaveView { view: Id128([1; 16]), body };
        let text = serde_json::to_string(&act).unwrap();
        assert!(
            text.starts_with(
                r#"{"act":"save_view","view":"01010101010101010101010101010101","type":"runs","name":"n","display_name":"T","spec":"#
            ),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Act>(&text).unwrap(), act);
    }
}
