//! Folders that this home reads, and how far it is with each writer's files.

use std::collections::BTreeMap;

use pannier_proto::id::{Id128, Origin};
use rusqlite::params;

use super::touched::Touched;
use super::writer::Tx;
use super::{Result, Store, StoreError, from_sql, to_sql};

/// A folder, and the remote that its records are carried to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// Its path.
    pub folder: String,
    /// The remote's name here.
    pub remote: String,
}

impl Tx<'_> {
    /// Reads a folder from now on, for a remote; or for another one than before.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no such remote.
    pub fn set_relay(&self, folder: &str, remote: &str, now_us: i64) -> Result<()> {
        self.touch(Touched::Sync);
        let known: bool =
            self.sql.query_row("SELECT EXISTS (SELECT 1 FROM remotes WHERE name = ?1)", [remote], |row| {
                row.get(0)
            })?;
        if !known {
            return Err(StoreError::Missing(format!("remote {remote:?}")));
        }
        self.sql.execute(
            "INSERT INTO relays (folder, remote, created_us) VALUES (?1, ?2, ?3)
             ON CONFLICT (folder) DO UPDATE SET remote = excluded.remote",
            params![folder, remote, now_us],
        )?;
        Ok(())
    }

    /// Reads a folder no longer.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub fn remove_relay(&self, folder: &str) -> Result<()> {
        self.touch(Touched::Sync);
        match self.sql.execute("DELETE FROM relays WHERE folder = ?1", [folder])? {
            0 => Err(StoreError::Missing(format!("relay of {folder:?}"))),
            _ => Ok(()),
        }
    }

    /// Notes up to which file of a writer all is here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_relay_cursor(
        &self,
        folder: &str,
        writer: Origin,
        generation: Id128,
        number: u64,
    ) -> Result<()> {
        self.sql.execute(
            "INSERT INTO relay_cursors (folder, writer, generation, number)
             SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM relays WHERE folder = ?1)
             ON CONFLICT (folder, writer) DO UPDATE SET generation = excluded.generation, number = excluded.number",
            params![folder, writer.0, generation.0, to_sql(number)],
        )?;
        Ok(())
    }
}

impl Store {
    /// Every folder that is read, by its path.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn relays(&self) -> Result<Vec<Relay>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached("SELECT folder, remote FROM relays ORDER BY folder")?;
            let rows = select.query_map([], |row| Ok(Relay { folder: row.get(0)?, remote: row.get(1)? }))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// How far this home is with each writer of a folder: generation and number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn relay_cursors(&self, folder: &str) -> Result<BTreeMap<Origin, (Id128, u64)>> {
        self.read_blocking(|sql| {
            let mut select =
                sql.prepare_cached("SELECT writer, generation, number FROM relay_cursors WHERE folder = ?1")?;
            let rows = select.query_map([folder], |row| {
                Ok((Id128(row.get(0)?), (Id128(row.get(1)?), from_sql(row.get(2)?))))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_and_their_cursors_go_with_their_remote() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("pannier.db")).unwrap();
        let (writer, generation) = (Id128([1; 16]), Id128([2; 16]));
        assert!(store.write_blocking(|tx| tx.set_relay("/f", "hub", 1)).is_err());
        let set = move |tx: &Tx| {
            tx.set_remote("hub", "https://hub", 1)?;
            tx.set_relay("/f", "hub", 1)?;
            tx.set_relay_cursor("/f", writer, generation, 7)?;
            tx.set_relay_cursor("/other", writer, generation, 7)
        };
        store.write_blocking(set).unwrap();
        assert_eq!(store.relays().unwrap(), [Relay { folder: "/f".into(), remote: "hub".into() }]);
        assert_eq!(store.relay_cursors("/f").unwrap(), BTreeMap::from([(writer, (generation, 7))]));
        assert!(store.relay_cursors("/other").unwrap().is_empty(), "of none that is read");
        store.write_blocking(|tx| tx.remove_remote("hub")).unwrap();
        assert_eq!(store.relays().unwrap(), []);
        assert!(store.relay_cursors("/f").unwrap().is_empty());
        assert!(store.write_blocking(|tx| tx.remove_relay("/f")).is_err());
    }
}
