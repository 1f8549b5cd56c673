//! Saved views: reports and workspaces of a project, and the bodies of their
//! routes. What a view shows is its `spec`, which its writer chose and which is
//! kept byte for byte.

use serde::{Deserialize, Serialize};

use crate::dashboard::Sync;
use crate::id::Id128;

/// A saved view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct View {
    /// Its id everywhere.
    #[cfg_attr(test, ts(type = "string"))]
    pub id: Id128,
    /// Its id in links and in W&B's dialect: base64 of `View:…`, without `=`.
    pub link_id: String,
    /// Whose.
    pub entity: String,
    /// In which project.
    pub project: String,
    /// W&B's type: `runs` (a report), `runs/draft` (a draft of one),
    /// `project-view` (a workspace).
    #[serde(rename = "type")]
    pub kind: String,
    /// W&B's name of it, which programs make.
    pub name: String,
    /// The title people see.
    pub display_name: String,
    /// Free text.
    pub description: String,
    /// Who wrote it last, where that is known.
    pub by: Option<String>,
    /// Microseconds since 1970.
    pub created_us: i64,
    /// Of the last save.
    pub updated_us: i64,
    /// What it shows, as its writer wrote it: JSON text. `None` in lists.
    pub spec: Option<String>,
    /// Its way to the remotes: that of its project.
    pub sync: Sync,
}

/// `GET /v1/views?entity=&project=&type=`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Views {
    /// The last saved first.
    pub views: Vec<View>,
}

/// `POST /v1/views/ENTITY/PROJECT`: a new view. `PUT
/// /v1/views/ENTITY/PROJECT/ID`: saved again, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct SaveView {
    /// W&B's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// W&B's name of it; of a new one, made where it is left out.
    #[serde(default)]
    pub name: Option<String>,
    /// The title.
    pub display_name: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
    /// What it shows: JSON text.
    pub spec: String,
    /// `updated_us` of the state that was edited; 409 where somebody saved since.
    #[serde(default)]
    pub based_on_us: Option<i64>,
}
