//! What a version was made from and what became of it: the body of that route.

use serde::{Deserialize, Serialize};

use crate::id::{Id128, RunPath};

/// What a version was made from and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LineageView {
    /// Versions, runs and links; the version that was asked for is the first.
    pub nodes: Vec<LineageNode>,
    /// In the direction in which data flows.
    pub edges: Vec<LineageEdge>,
    /// Whether there is more than this.
    pub cut: bool,
}

/// A node of a lineage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LineageNode {
    /// What edges call it.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// What it is.
    #[serde(flatten)]
    pub what: LineageWhat,
}

/// What a node of a lineage is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum LineageWhat {
    /// A version.
    Artifact {
        /// Its id.
        id: Id128,
        /// Its type.
        #[serde(rename = "type")]
        kind: String,
        /// Its names, where it was logged.
        aliases: Vec<String>,
    },
    /// A run.
    Run {
        /// Its path.
        #[serde(flatten)]
        path: RunPath,
        /// Its display name.
        display_name: String,
        /// Its state.
        state: String,
        /// What kind of work it does, where that was said.
        job_type: Option<String>,
    },
    /// A version's place in another collection.
    Link {
        /// Its names there.
        aliases: Vec<String>,
    },
}

/// An edge of a lineage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LineageEdge {
    /// The key of the node where data comes from.
    pub from: String,
    /// The key of the node that it goes to.
    pub to: String,
    /// How.
    pub how: LineageHow,
    /// Who did it, of links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Microseconds since 1970, of links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_us: Option<i64>,
}

/// How data goes along an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum LineageHow {
    /// A run made a version.
    Made,
    /// A version was read by a run.
    Used,
    /// A version was linked to a collection.
    Linked,
}
