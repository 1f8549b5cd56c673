//! What our objects are at remotes that keep objects of their own instead of
//! records. The text is the remote's; here it is only kept.

use std::collections::BTreeMap;

use pannier_proto::id::{Id128, Origin, RunPath, Seq};
use rusqlite::{OptionalExtension, params};

use super::writer::Tx;
use super::{Result, Store, from_sql};

impl Tx<'_> {
    /// Keeps what an object is at a remote, if the remote is still one; `None`
    /// forgets it.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn set_counterpart(&self, remote: &str, object: &str, body: Option<&str>) -> Result<()> {
        let Some(body) = body else {
            self.sql
                .prepare_cached("DELETE FROM counterparts WHERE remote = ?1 AND object = ?2")?
                .execute(params![remote, object])?;
            return Ok(());
        };
        self.sql
            .prepare_cached(
                "INSERT INTO counterparts (remote, object, body)
                 SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM remotes WHERE name = ?1)
                 ON CONFLICT (remote, object) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![remote, object, body])?;
        Ok(())
    }
}

impl Store {
    /// What an object is at a remote.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn counterpart(&self, remote: &str, object: &str) -> Result<Option<String>> {
        self.read_blocking(|sql| {
            let mut select =
                sql.prepare_cached("SELECT body FROM counterparts WHERE remote = ?1 AND object = ?2")?;
            Ok(select.query_row(params![remote, object], |row| row.get(0)).optional()?)
        })
    }

    /// All objects whose names begin so, by the rest of the name.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn counterparts(&self, remote: &str, begin: &str) -> Result<BTreeMap<String, String>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT substr(object, length(?2) + 1), body FROM counterparts
                 WHERE remote = ?1 AND object >= ?2 AND substr(object, 1, length(?2)) = ?2
                 AND object < ?2 || char(1114111)",
            )?;
            let rows = select.query_map(params![remote, begin], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The streams of a run or a workspace, whether it was deleted or not: their
    /// ids here, whose they are, and their last `Seq`.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn streams_of(&self, path: &RunPath) -> Result<Vec<(i64, Origin, Seq)>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT s.id, s.origin, s.last_seq FROM streams s JOIN runs r ON r.id = s.run
                 WHERE r.entity = ?1 AND r.project = ?2 AND r.run = ?3 ORDER BY s.id",
            )?;
            let rows = select.query_map(params![path.entity, path.project, path.run], |row| {
                Ok((row.get(0)?, Id128(row.get(1)?), from_sql(row.get(2)?)))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_goes_with_the_remote() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        store.write_blocking(|tx| tx.set_counterpart("w", "run/a", Some("0"))).unwrap();
        assert_eq!(store.counterpart("w", "run/a").unwrap(), None, "there is no such remote");
        store
            .write_blocking(|tx| {
                tx.set_remote("w", "wandb+https://h", 1)?;
                for (object, body) in [("run/a", "1"), ("run/a", "2"), ("run/é", "3"), ("file/x", "4")] {
                    tx.set_counterpart("w", object, Some(body))?;
                }
                tx.set_counterpart("w", "file/x", None)
            })
            .unwrap();
        let all = store.counterparts("w", "run/").unwrap();
        assert_eq!(all.into_iter().collect::<Vec<_>>(), [("a".into(), "2".into()), ("é".into(), "3".into())]);
        store.write_blocking(|tx| tx.set_remote("w", "wandb+https://other", 1)).unwrap();
        assert_eq!(store.counterpart("w", "run/a").unwrap(), None, "another place has nothing");
        store.write_blocking(|tx| tx.set_counterpart("w", "run/a", Some("1"))).unwrap();
        store.write_blocking(|tx| tx.remove_remote("w")).unwrap();
        assert!(store.counterparts("w", "").unwrap().is_empty());
    }
}
