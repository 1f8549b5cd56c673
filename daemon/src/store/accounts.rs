//! The registered entities, the roles in them, whose daemon an origin is, and
//! what remotes said of organizations. What may be done by whom is
//! [`crate::access`]'s to say.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use pannier_proto::admin::Role;
use pannier_proto::hub::Me;
use pannier_proto::id::{DEFAULT_ENTITY, Origin, RunPath};
use rusqlite::{Connection, OptionalExtension, params};

use super::writer::Tx;
use super::{Result, Store, StoreError};
use crate::access::{Account, DEFAULT_ORGANIZATION, Directory, Kind};

/// What is registered under a name.
pub enum Registered<'a> {
    /// A user.
    User,
    /// An organization.
    Organization,
    /// A team of an organization.
    Team(&'a str),
}

impl Registered<'_> {
    fn word(&self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Organization => "organization",
            Self::Team(_) => "team",
        }
    }
}

/// The directory as it was read last, and after which change.
pub type Cache = Mutex<Option<(i64, Arc<Directory>)>>;

impl Tx<'_> {
    /// Registers an entity. One that was deleted comes back with its data, as
    /// what it was.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the name is taken; [`StoreError::Refused`]
    /// where it is none; [`StoreError::Missing`] where a team's organization is
    /// not there.
    pub fn register(&self, name: &str, what: &Registered, now_us: i64) -> Result<()> {
        RunPath::new(name, "p", "r").map_err(|error| StoreError::Refused(error.to_string()))?;
        if name == DEFAULT_ENTITY {
            return Err(StoreError::Refused(format!(
                "{name:?} is the entity of runs that name none, and stays everybody's; choose another name"
            )));
        }
        let organization = match what {
            Registered::Team(organization) => Some(self.alive(organization, &Registered::Organization)?),
            Registered::User | Registered::Organization => None,
        };
        let known: Option<(String, bool)> = self
            .sql
            .query_row("SELECT kind, deleted_us IS NULL FROM accounts WHERE name = ?1", [name], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        match known {
            Some((kind, true)) => {
                return Err(StoreError::Conflict(format!(
                    "the name {name:?} is taken, by the {kind} of this name"
                )));
            }
            Some((kind, false)) if kind != what.word() => {
                return Err(StoreError::Conflict(format!(
                    "{name:?} was the name of a deleted {kind}, whose data is kept; choose another one for the {}",
                    what.word()
                )));
            }
            _ => {}
        }
        self.sql.execute(
            "INSERT INTO accounts (name, kind, organization, created_us) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET organization = excluded.organization, deleted_us = NULL",
            params![name, what.word(), organization, now_us],
        )?;
        self.directory_changed()
    }

    /// Deletes an entity; its data stays, out of everybody's reach but the
    /// hub's administrators'.
    pub(super) fn unregister(&self, name: &str, now_us: i64) -> Result<()> {
        self.sql.execute("UPDATE accounts SET deleted_us = ?2 WHERE name = ?1", params![name, now_us])?;
        self.sql.execute("DELETE FROM members WHERE account = ?1", [name])?;
        self.directory_changed()
    }

    /// Deletes an organization, with its teams where `force` says so; returns
    /// those.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Conflict`] where it has teams.
    pub fn delete_organization(&self, name: &str, force: bool, now_us: i64) -> Result<Vec<String>> {
        self.alive(name, &Registered::Organization)?;
        let teams = self
            .sql
            .prepare_cached(
                "SELECT name FROM accounts WHERE organization = ?1 AND deleted_us IS NULL ORDER BY name",
            )?
            .query_map([name], |row| row.get::<_, String>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        if !teams.is_empty() && !force {
            return Err(StoreError::Conflict(format!(
                "organization {name:?} has teams: {}; delete them first, or use --force (force=true) to delete \
                 them with it",
                teams.join(", ")
            )));
        }
        for team in teams.iter().map(String::as_str).chain([name]) {
            self.unregister(team, now_us)?;
        }
        Ok(teams)
    }

    /// Deletes a team.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub fn delete_team(&self, name: &str, now_us: i64) -> Result<()> {
        self.alive(name, &Registered::Team(""))?;
        self.unregister(name, now_us)
    }

    /// Gives a user a role in a team or an organization, or takes it away.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no such user, team, organization,
    /// or role to take away.
    pub fn set_member(&self, what: &Registered, account: &str, user: &str, role: Option<Role>) -> Result<()> {
        self.alive(account, what)?;
        let changed = match role {
            Some(role) => {
                self.alive(user, &Registered::User)?;
                self.sql.execute(
                    "INSERT INTO members (account, member, role) VALUES (?1, ?2, ?3)
                     ON CONFLICT (account, member) DO UPDATE SET role = excluded.role",
                    params![account, user, role.as_str()],
                )?
            }
            None => self
                .sql
                .execute("DELETE FROM members WHERE account = ?1 AND member = ?2", params![account, user])?,
        };
        match changed {
            0 => Err(StoreError::Missing(format!("member {user:?} of {} {account:?}", what.word()))),
            _ => self.directory_changed(),
        }
    }

    /// The name, if this is there.
    fn alive(&self, name: &str, what: &Registered) -> Result<String> {
        let found = self.sql.query_row(
            "SELECT name FROM accounts WHERE name = ?1 AND kind = ?2 AND deleted_us IS NULL",
            params![name, what.word()],
            |row| row.get(0),
        );
        found.optional()?.ok_or_else(|| StoreError::Missing(format!("{} {name:?}", what.word())))
    }

    fn directory_changed(&self) -> Result<()> {
        self.sql.execute("UPDATE account_changes SET number = number + 1", [])?;
        Ok(())
    }

    /// Binds origins that are nobody's yet to the user who pushes for them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bind_origins(&self, origins: &[Origin], user: &str, now_us: i64) -> Result<()> {
        let mut insert = self.sql.prepare_cached(
            "INSERT INTO origins (origin, owner, bound_us) VALUES (?1, ?2, ?3) ON CONFLICT (origin) DO NOTHING",
        )?;
        for origin in origins {
            insert.execute(params![origin.0, user, now_us])?;
        }
        Ok(())
    }

    /// Notes what a remote said of organizations.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn learn_organizations(&self, remote: &str, me: &Me) -> Result<()> {
        self.sql.execute(
            "INSERT INTO learned_organizations (remote, body) VALUES (?1, ?2)
             ON CONFLICT (remote) DO UPDATE SET body = excluded.body",
            params![remote, serde_json::json!(me).to_string()],
        )?;
        Ok(())
    }
}

impl Store {
    /// Every registered entity and the roles in it, as of now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn directory(&self) -> Result<Arc<Directory>> {
        let known = || self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        self.read_blocking(|sql| {
            let number: i64 =
                sql.prepare_cached("SELECT number FROM account_changes")?.query_row([], |row| row.get(0))?;
            if let Some((of, directory)) = &*known()
                && *of == number
            {
                return Ok(directory.clone());
            }
            let read = Arc::new(read_directory(sql)?);
            *known() = Some((number, read.clone()));
            Ok(read)
        })
    }

    /// Whose daemon an origin is, where it is somebody's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn owner_of_origin(&self, origin: Origin) -> Result<Option<String>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT owner FROM origins WHERE origin = ?1")?;
            Ok(select.query_row([origin.0], |row| row.get(0)).optional()?)
        })
    }

    /// The organization of an entity, whose registries its links mean: at a hub
    /// the registered one; elsewhere what a remote said, else what the
    /// environment says, else the default.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn organization_of(&self, entity: &str) -> Result<String> {
        if let Some(registered) = self.directory()?.organization_of(entity) {
            return Ok(registered.to_owned());
        }
        let said = self.learned_organizations(None)?;
        let said = said.iter().find_map(|me| me.organization_of(entity));
        Ok(said.map_or_else(default_organization, str::to_owned))
    }

    /// What remotes said of organizations, or one of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn learned_organizations(&self, remote: Option<&str>) -> Result<Vec<Me>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT body FROM learned_organizations WHERE ?1 IS NULL OR remote = ?1 ORDER BY remote",
            )?;
            let rows = select.query_map([remote], |row| row.get::<_, String>(0))?;
            let mut found = Vec::new();
            for row in rows {
                // Written by another version, at worst: asked for again soon.
                found.extend(serde_json::from_str(&row?).ok());
            }
            Ok(found)
        })
    }
}

/// The organization where nobody says one.
#[must_use]
pub fn default_organization() -> String {
    let named = |name| std::env::var(name).ok().filter(|name| !name.is_empty());
    let named = named("PANNIER_ORGANIZATION").or_else(|| named("WANDB_ORGANIZATION"));
    named.unwrap_or_else(|| DEFAULT_ORGANIZATION.to_owned())
}

fn read_directory(sql: &Connection) -> Result<Directory> {
    let mut all = BTreeMap::new();
    let mut select =
        sql.prepare_cached("SELECT name, kind, organization, deleted_us IS NOT NULL FROM accounts")?;
    let rows = select.query_map([], |row| {
        let kind: String = row.get(1)?;
        let organization: Option<String> = row.get(2)?;
        let kind = match (kind.as_str(), organization) {
            ("team", Some(organization)) => Kind::Team { organization },
            ("organization", _) => Kind::Organization,
            _ => Kind::User,
        };
        Ok((row.get::<_, String>(0)?, Account { kind, deleted: row.get(3)?, members: BTreeMap::new() }))
    })?;
    for row in rows {
        let (name, account) = row?;
        all.insert(name, account);
    }
    let mut select = sql.prepare_cached("SELECT account, member, role FROM members")?;
    let rows = select.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    for row in rows {
        let (account, member, role) = row?;
        if let (Some(account), Ok(role)) = (all.get_mut(&account), role.parse()) {
            account.members.insert(member, role);
        }
    }
    Ok(Directory(all))
}

#[cfg(test)]
mod tests {
    use pannier_proto::hub::MyOrganization;

    use super::*;
    use crate::store::NewUser;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("pannier.db")).unwrap();
        (dir, store)
    }

    fn user(tx: &Tx, name: &str) -> Result<()> {
        tx.add_user(&NewUser { name: name.into(), token: format!("t-{name}"), ..NewUser::default() }, 1)
    }

    #[test]
    fn a_name_is_one_thing_and_its_data_is_never_given_away() {
        let (_dir, store) = store();
        store
            .write_blocking(|tx| {
                user(tx, "ann")?;
                tx.register("acme", &Registered::Organization, 1)?;
                tx.register("vision", &Registered::Team("acme"), 1)?;
                tx.set_member(&Registered::Team(""), "vision", "ann", Some(Role::Member))
            })
            .unwrap();
        assert_eq!(store.directory().unwrap().role("ann", "vision"), Some(Role::Member));
        assert_eq!(store.organization_of("vision").unwrap(), "acme");
        let refused = |work: fn(&Tx) -> Result<()>| store.write_blocking(work).unwrap_err().to_string();
        for (said, part) in [
            (refused(|tx| tx.register("ann", &Registered::Organization, 1)), "by the user"),
            (refused(|tx| tx.register("a/b", &Registered::Organization, 1)), "contains '/'"),
            (refused(|tx| tx.register("local", &Registered::Team("acme"), 1)), "everybody's"),
            (refused(|tx| tx.register("x", &Registered::Team("none"), 1)), "no organization \"none\""),
            (refused(|tx| user(tx, "acme")), "by the organization"),
            (refused(|tx| tx.delete_organization("acme", false, 2).map(drop)), "has teams: vision"),
            (refused(|tx| tx.delete_team("acme", 2)), "no team \"acme\""),
            (
                refused(|tx| tx.set_member(&Registered::Organization, "acme", "bob", Some(Role::Viewer))),
                "no user \"bob\"",
            ),
            (refused(|tx| tx.set_member(&Registered::Organization, "acme", "ann", None)), "no member"),
        ] {
            assert!(said.contains(part), "{said}");
        }
        let gone = store.write_blocking(|tx| tx.delete_organization("acme", true, 2)).unwrap();
        assert_eq!(gone, ["vision"]);
        let directory = store.directory().unwrap();
        assert_eq!((directory.role("ann", "vision"), directory.role("ann", "acme")), (None, None));
        assert!(
            store
                .write_blocking(|tx| user(tx, "vision"))
                .unwrap_err()
                .to_string()
                .contains("of a deleted team")
        );
        store.write_blocking(|tx| tx.register("acme", &Registered::Organization, 3)).unwrap();
        assert_eq!(store.directory().unwrap().role("ann", "acme"), None, "roles do not come back");
        store.write_blocking(|tx| tx.delete_user("ann", 3)).unwrap();
        assert_eq!(store.directory().unwrap().role("bob", "ann"), None);
    }

    #[test]
    fn what_a_hub_says_of_organizations_is_kept() {
        let (_dir, store) = store();
        let organizations = vec![MyOrganization { name: "acme".into(), teams: vec!["vision".into()] }];
        let me = Me { name: "ann".into(), admin: false, entity: "ann".into(), organizations };
        store
            .write_blocking(move |tx| {
                tx.set_remote("hub", "https://hub", 1)?;
                tx.learn_organizations("hub", &me)
            })
            .unwrap();
        for (entity, organization) in [("vision", "acme"), ("ann", "acme"), ("acme", "acme")] {
            assert_eq!(store.organization_of(entity).unwrap(), organization);
        }
        assert_eq!(store.organization_of("local").unwrap(), default_organization());
        store.write_blocking(|tx| tx.remove_remote("hub")).unwrap();
        assert_eq!(store.organization_of("vision").unwrap(), default_organization());
    }

    #[test]
    fn an_origin_is_the_first_ones() {
        let (_dir, store) = store();
        let origin = pannier_proto::id::Id128([3; 16]);
        assert_eq!(store.owner_of_origin(origin).unwrap(), None);
        for user in ["ann", "bob"] {
            store.write_blocking(move |tx| tx.bind_origins(&[origin], user, 1)).unwrap();
        }
        assert_eq!(store.owner_of_origin(origin).unwrap().as_deref(), Some("ann"));
    }
}
