//! What an administrator of a hub asks for, and what comes of it: the same
//! whether a request brought it or a command that holds the home itself. Knows
//! no HTTP and no terminal.

use pannier_proto::admin::{
    AddOrganization, AddTeam, AddUser, Deleted, Group, MadeUser, Organizations, Role, SetRole, Teams, Users,
};
use serde_json::{Value as Json, json};

use crate::access::{Directory, Kind};
use crate::clock::now_us;
use crate::percent::encode;
use crate::store::{NewUser, Registered, Result, Store, StoreError};
use crate::{password, token};

/// A team or an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// An organization.
    Organization,
    /// A team.
    Team,
}

impl Of {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Team => "team",
        }
    }

    fn registered(self) -> Registered<'static> {
        match self {
            Self::Organization => Registered::Organization,
            Self::Team => Registered::Team(""),
        }
    }
}

/// What is asked for.
pub enum Asked {
    /// The users.
    Users,
    /// A new user.
    AddUser(AddUser),
    /// A user less.
    DeleteUser(String),
    /// The teams or organizations.
    List(Of),
    /// A new organization.
    AddOrganization(AddOrganization),
    /// A new team.
    AddTeam(AddTeam),
    /// A team or organization less.
    Delete {
        /// Which of the two.
        of: Of,
        /// The name.
        name: String,
        /// With an organization's teams.
        force: bool,
    },
    /// A member, or one less.
    Member {
        /// Of which of the two.
        of: Of,
        /// Its name.
        name: String,
        /// The user.
        user: String,
        /// None: no longer.
        role: Option<Role>,
    },
}

impl Asked {
    /// The request that asks a hub for it: method, path, body.
    #[must_use]
    pub fn request(&self) -> (&'static str, String, Option<Json>) {
        let base = |of: &Of| format!("/v1/admin/{}s", of.word());
        let users = "/v1/admin/users".to_owned();
        match self {
            Self::Users => ("GET", users, None),
            Self::AddUser(body) => ("POST", users, Some(json!(body))),
            Self::DeleteUser(name) => ("DELETE", format!("{users}/{}", encode(name)), None),
            Self::List(of) => ("GET", base(of), None),
            Self::AddOrganization(body) => ("POST", base(&Of::Organization), Some(json!(body))),
            Self::AddTeam(body) => ("POST", base(&Of::Team), Some(json!(body))),
            Self::Delete { of, name, force } => {
                let forced = if *force { "?force=true" } else { "" };
                ("DELETE", format!("{}/{}{forced}", base(of), encode(name)), None)
            }
            Self::Member { of, name, user, role } => {
                let path = format!("{}/{}/members/{}", base(of), encode(name), encode(user));
                match role {
                    Some(role) => ("PUT", path, Some(json!(SetRole { role: *role }))),
                    None => ("DELETE", path, None),
                }
            }
        }
    }

    /// Does it; off the runtime's threads.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn perform(self, store: &Store) -> Result<Json> {
        let now = now_us();
        Ok(match self {
            Self::Users => json!(Users { users: store.users()? }),
            Self::AddUser(asked) => json!(add_user(store, asked)?),
            Self::DeleteUser(name) => {
                let of = name.clone();
                store.write_blocking(move |tx| tx.delete_user(&of, now))?;
                done(format!(
                    "user {name:?} is deleted; what was logged to entity {name:?} stays, for administrators of the hub"
                ))
            }
            Self::List(Of::Organization) => {
                json!(Organizations { organizations: groups(&*store.directory()?, Of::Organization) })
            }
            Self::List(Of::Team) => json!(Teams { teams: groups(&*store.directory()?, Of::Team) }),
            Self::AddOrganization(AddOrganization { name, admin }) => {
                let of = name.clone();
                store.write_blocking(move |tx| {
                    tx.register(&of, &Registered::Organization, now)?;
                    tx.set_member(&Registered::Organization, &of, &admin, Some(Role::Admin))
                })?;
                group(store, &name)?
            }
            Self::AddTeam(AddTeam { name, organization, admin }) => {
                let of = name.clone();
                store.write_blocking(move |tx| {
                    tx.register(&of, &Registered::Team(&organization), now)?;
                    tx.set_member(&Registered::Team(""), &of, &admin, Some(Role::Admin))
                })?;
                group(store, &name)?
            }
            Self::Delete { of, name, force } => done(delete(store, of, &name, force)?),
            Self::Member { of, name, user, role } => {
                let (account, member) = (name.clone(), user.clone());
                store.write_blocking(move |tx| tx.set_member(&of.registered(), &account, &member, role))?;
                match role {
                    Some(_) => group(store, &name)?,
                    None => done(format!("user {user:?} has no role in {} {name:?} any more", of.word())),
                }
            }
        })
    }
}

fn done(done: String) -> Json {
    json!(Deleted { done })
}

fn add_user(store: &Store, asked: AddUser) -> Result<MadeUser> {
    let token = match asked.api_key {
        Some(key) if token::is_key(&key) => key,
        Some(_) => {
            return Err(StoreError::Refused(
                "this key is none that W&B's clients take: after an optional prefix that ends with a dash it \
                 has 40 or more letters, digits, - or _; leave it out, and one is made"
                    .to_owned(),
            ));
        }
        None => token::new().map_err(|error| StoreError::Refused(error.to_string()))?,
    };
    let password_hash = asked.password.as_deref().map(password::hash).transpose();
    let password_hash = password_hash.map_err(StoreError::Refused)?;
    let made = MadeUser { name: asked.name.clone(), token: token.clone() };
    let user = NewUser { name: asked.name, token, password_hash, email: asked.email, admin: asked.admin };
    store.write_blocking(move |tx| tx.add_user(&user, now_us()))?;
    Ok(made)
}

fn delete(store: &Store, of: Of, name: &str, force: bool) -> Result<String> {
    let (now, account) = (now_us(), name.to_owned());
    let teams = store.write_blocking(move |tx| match of {
        Of::Organization => tx.delete_organization(&account, force, now),
        Of::Team => tx.delete_team(&account, now).map(|()| Vec::new()),
    })?;
    let also = match teams.as_slice() {
        [] => String::new(),
        teams => format!(", and its teams {}", teams.join(", ")),
    };
    Ok(format!(
        "{} {name:?} is deleted{also}; what was logged there stays, for administrators of the hub",
        of.word()
    ))
}

fn group(store: &Store, name: &str) -> Result<Json> {
    let directory = store.directory()?;
    let all = [Of::Organization, Of::Team].into_iter().flat_map(|of| groups(&directory, of));
    let found = all.into_iter().find(|group| group.name == name);
    // Deleted in this very moment.
    Ok(json!(found.ok_or_else(|| StoreError::Missing(format!("team or organization {name:?}")))?))
}

fn groups(directory: &Directory, of: Of) -> Vec<Group> {
    let mut found = Vec::new();
    for (name, account) in directory.0.iter().filter(|(_, account)| !account.deleted) {
        let organization = match (&account.kind, of) {
            (Kind::Organization, Of::Organization) => None,
            (Kind::Team { organization }, Of::Team) => Some(organization.clone()),
            _ => continue,
        };
        found.push(Group { name: name.clone(), organization, members: account.members.clone() });
    }
    found
}
