//! Who may come in over TCP. Of a token only its hash is kept.

use rusqlite::{OptionalExtension, params};
use subtle::ConstantTimeEq;

use super::writer::Tx;
use super::{Result, Store, StoreError};
use crate::token;

impl Tx<'_> {
    /// Makes a user and returns his token, the only time it is seen.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where there is one of this name.
    pub fn add_user(&self, name: &str, now_us: i64) -> Result<String> {
        let usable = !name.is_empty()
            && name.len() <= 128
            && !name.chars().any(|c| c.is_control() || c.is_whitespace());
        if !usable {
            return Err(StoreError::Refused(format!(
                "{name:?} is no user name: use up to 128 characters without spaces"
            )));
        }
        let known: Option<i64> =
            self.sql.query_row("SELECT 1 FROM users WHERE name = ?1", [name], |row| row.get(0)).optional()?;
        if known.is_some() {
            return Err(StoreError::Conflict(format!(
                "user {name:?} exists; remove it first to make a new token"
            )));
        }
        let token = token::new().map_err(|error| StoreError::Refused(error.to_string()))?;
        self.sql.execute(
            "INSERT INTO users (name, token_hash, created_us) VALUES (?1, ?2, ?3)",
            params![name, token::hash(&token), now_us],
        )?;
        Ok(token)
    }

    /// Removes a user; his token is refused from then on.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub fn remove_user(&self, name: &str) -> Result<()> {
        match self.sql.execute("DELETE FROM users WHERE name = ?1", [name])? {
            0 => Err(StoreError::Missing(format!("user {name:?}"))),
            _ => Ok(()),
        }
    }
}

impl Store {
    /// The user whose token this is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn user_of(&self, token: &str) -> Result<Option<String>> {
        let asked = token::hash(token);
        self.read_blocking(|sql| {
            // All are compared, in constant time each: nothing to learn from how
            // long it takes.
            let mut select = sql.prepare_cached("SELECT name, token_hash FROM users")?;
            let users = select
                .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, [u8; 32]>(1)?)))?
                .collect::<Result<Vec<_>, _>>()?;
            Ok(users.into_iter().find(|(_, known)| bool::from(known.ct_eq(&asked))).map(|(name, _)| name))
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

    /// Every user and when he was made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn users(&self) -> Result<Vec<(String, i64)>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT name, created_us FROM users ORDER BY name")?;
            Ok(select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
        })
    }
}
