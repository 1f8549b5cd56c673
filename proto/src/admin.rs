//! Bodies of the routes by which a hub is administered, all JSON: users,
//! organizations, teams, and who has which role in them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody may do in a team or an organization; a later one may do all
/// that an earlier one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read.
    Viewer,
    /// Write and delete.
    Member,
    /// Say who has which role, and what is protected.
    Admin,
}

impl Role {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Viewer, Self::Member, Self::Admin];
        let found = all.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no role: use admin, member or viewer"))
    }
}

/// `POST /v1/admin/users`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddUser {
    /// The name; also the entity of the user's own runs.
    pub name: String,
    /// The token; one is made where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// What signs in at `/login` besides the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Where the user gets mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the user administers the whole hub.
    #[serde(default)]
    pub admin: bool,
}

/// The answer to [`AddUser`]: the only time that the token is seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MadeUser {
    /// The name.
    pub name: String,
    /// The token.
    pub token: String,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserView {
    /// The name.
    pub name: String,
    /// Where the user gets mail.
    pub email: Option<String>,
    /// Whether the user administers the whole hub.
    pub admin: bool,
    /// Whether a password signs the user in.
    pub password: bool,
    /// Microseconds since 1970.
    pub created_us: i64,
}

/// `GET /v1/admin/users`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Users {
    /// By name.
    pub users: Vec<UserView>,
}

/// `POST /v1/admin/organizations`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddOrganization {
    /// The name; also the entity of its registries.
    pub name: String,
    /// The user who administers it.
    pub admin: String,
}

/// `POST /v1/admin/teams`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddTeam {
    /// The name; also the entity of its runs.
    pub name: String,
    /// Whose team it is.
    pub organization: String,
    /// The user who administers it.
    pub admin: String,
}

/// `PUT /v1/admin/organizations/NAME/members/USER`, and the same for teams.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetRole {
    /// The role from now on.
    pub role: Role,
}

/// An organization or a team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The name.
    pub name: String,
    /// Of a team: whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The roles of its members, by name.
    pub members: BTreeMap<String, Role>,
}

/// `GET /v1/admin/organizations`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Organizations {
    /// By name.
    pub organizations: Vec<Group>,
}

/// `GET /v1/admin/teams`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Teams {
    /// By name.
    pub teams: Vec<Group>,
}

/// What was deleted: the answer to every `DELETE` below `/v1/admin`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deleted {
    /// In words.
    pub done: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_an_order_and_words() {
        assert!(Role::Viewer < Role::Member && Role::Member < Role::Admin);
        for role in [Role::Viewer, Role::Member, Role::Admin] {
            assert_eq!(role.to_string().parse(), Ok(role));
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
        }
        assert!("owner".parse::<Role>().is_err());
    }
}
