//! Who may come in over TCP. Of a token and of a password only hashes are kept.

use pannier_proto::admin::UserView;
use rusqlite::{OptionalExtension, params};
use subtle::ConstantTimeEq;

use super::accounts::Registered;
use super::writer::Tx;
use super::{Result, Store, StoreError};
use crate::token;

/// A user to be.
#[derive(Default)]
pub struct NewUser {
    /// The name.
    pub name: String,
    /// The token, of which the hash is kept.
    pub token: String,
    /// What is kept of the password.
    pub password_hash: Option<String>,
    /// Where the user gets mail.
    pub email: Option<String>,
    /// Whether the user administers the hub.
    pub admin: bool,
}

/// Who somebody is who comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The name.
    pub name: String,
    /// Whether he administers the hub.
    pub admin: bool,
}

impl Tx<'_> {
    /// Makes a user, whose name is an entity of his own from then on.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where there is somebody of this name, or with
    /// this token; [`StoreError::Refused`] where the name is none.
    pub fn add_user(&self, user: &NewUser, now_us: i64) -> Result<()> {
        let name = &user.name;
        let known = |column: &str, value: &dyn rusqlite::ToSql| {
            let text = format!("SELECT EXISTS (SELECT 1 FROM users WHERE {column} = ?1)");
            self.sql.query_row(&text, [value], |row| row.get::<_, bool>(0))
        };
        if known("name", name)? {
            return Err(StoreError::Conflict(format!(
                "user {name:?} exists; delete it first to make a new token"
            )));
        }
        let hash = token::hash(&user.token);
        if known("token_hash", &hash)? {
            return Err(StoreError::Conflict("another user has this key; choose another one".to_owned()));
        }
        self.register(name, &Registered::User, now_us)?;
        self.sql.execute(
            "INSERT INTO users (name, token_hash, created_us, email, password_hash, admin)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![name, hash, now_us, user.email, user.password_hash, user.admin],
        )?;
        Ok(())
    }

    /// Deletes a user: his token is refused from then on, he has no role
    /// anywhere, and his daemons are nobody's. His data stays.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub fn delete_user(&self, name: &str, now_us: i64) -> Result<()> {
        if self.sql.execute("DELETE FROM users WHERE name = ?1", [name])? == 0 {
            return Err(StoreError::Missing(format!("user {name:?}")));
        }
        self.sql.execute("DELETE FROM members WHERE member = ?1", [name])?;
        self.sql.execute("DELETE FROM origins WHERE owner = ?1", [name])?;
        self.unregister(name, now_us)
    }
}

impl Store {
    /// The user whose token this is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn user_of(&self, token: &str) -> Result<Option<Known>> {
        let asked = token::hash(token);
        self.read_blocking(|sql| {
            // All are compared, in constant time each: nothing to learn from how
            // long it takes.
            let mut select = sql.prepare_cached("SELECT name, admin, token_hash FROM users")?;
            let users = select
                .query_map([], |row| {
                    Ok((Known { name: row.get(0)?, admin: row.get(1)? }, row.get::<_, [u8; 32]>(2)?))
                })?
                .collect::<Result<Vec<_>, _>>()?;
            Ok(users.into_iter().find(|(_, known)| bool::from(known.ct_eq(&asked))).map(|(user, _)| user))
        })
    }

    /// The user of this name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn user_known(&self, name: &str) -> Result<Option<Known>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT name, admin FROM users WHERE name = ?1")?;
            let known = |row: &rusqlite::Row| Ok(Known { name: row.get(0)?, admin: row.get(1)? });
            Ok(select.query_row([name], known).optional()?)
        })
    }

    /// What is kept of a user's token; `None` where there is no such user.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn token_hash_of(&self, name: &str) -> Result<Option<[u8; 32]>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT token_hash FROM users WHERE name = ?1")?;
            Ok(select.query_row([name], |row| row.get(0)).optional()?)
        })
    }

    /// What is kept of a user's password, where he has one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn password_hash_of(&self, name: &str) -> Result<Option<String>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT password_hash FROM users WHERE name = ?1")?;
            Ok(select.query_row([name], |row| row.get::<_, Option<String>>(0)).optional()?.flatten())
        })
    }

    /// Every user, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn users(&self) -> Result<Vec<UserView>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT name, email, admin, password_hash IS NOT NULL, created_us FROM users ORDER BY name",
            )?;
            let rows = select.query_map([], |row| {
                Ok(UserView {
                    name: row.get(0)?,
                    email: row.get(1)?,
                    admin: row.get(2)?,
                    password: row.get(3)?,
                    created_us: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
