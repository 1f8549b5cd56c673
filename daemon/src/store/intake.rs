//! What our own client logged together with the bytes of files, and how far it
//! is: from the commit of its journal's position until it is a record.

use pannier_proto::id::{Id128, RunPath, WriterId};
use pannier_proto::snapshot::{ArtifactName, Logged};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::writer::Tx;
use super::{Result, Store, from_sql, to_sql};

/// Something that was logged and is not a record yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntakeItem {
    /// Its place in the order.
    pub id: i64,
    /// Whose snapshot it is.
    pub writer: WriterId,
    /// The run.
    pub path: RunPath,
    /// Which snapshot, and of what.
    pub logged: Logged,
}

/// How far a logged artifact is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntakeState {
    /// Its bytes are being stored, or its other parts are not there yet.
    Waiting,
    /// It is this version.
    Stored(Id128),
    /// It will never be one, for this reason.
    Failed(String),
}

const COLUMNS: &str =
    "SELECT id, writer, number, entity, project, run, client_id, distributed, finalize FROM intake";
const WAITING: &str = "artifact IS NULL AND error IS NULL";
/// A part of a distributed artifact waits for whoever finalizes it.
const DUE: &str = "artifact IS NULL AND error IS NULL AND (distributed IS NULL OR finalize = 1)";

fn read(row: &Row) -> rusqlite::Result<IntakeItem> {
    let (distributed_id, finalize) = (row.get(7)?, row.get(8)?);
    let client_id: Option<String> = row.get(6)?;
    Ok(IntakeItem {
        id: row.get(0)?,
        writer: Id128(row.get(1)?),
        path: RunPath { entity: row.get(3)?, project: row.get(4)?, run: row.get(5)? },
        logged: Logged {
            number: from_sql(row.get(2)?),
            artifact: client_id.map(|client_id| ArtifactName { client_id, distributed_id, finalize }),
        },
    })
}

fn find(sql: &Connection, condition: &str, with: &[&dyn rusqlite::ToSql]) -> Result<Vec<IntakeItem>> {
    let mut select = sql.prepare_cached(&format!("{COLUMNS} WHERE {condition}"))?;
    Ok(select.query_map(with, read)?.collect::<Result<_, _>>()?)
}

impl Tx<'_> {
    /// Takes a snapshot over, in the transaction of the journal's position. With
    /// `error` it is said at once that nothing will come of it.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn add_intake(
        &self,
        writer: WriterId,
        path: &RunPath,
        logged: &Logged,
        error: Option<&str>,
    ) -> Result<()> {
        let artifact = logged.artifact.as_ref();
        self.sql
            .prepare_cached(
                "INSERT INTO intake (writer, number, entity, project, run, client_id, distributed, finalize, error)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (writer, number) DO NOTHING",
            )?
            .execute(params![
                writer.0,
                to_sql(logged.number),
                path.entity,
                path.project,
                path.run,
                artifact.map(|name| &name.client_id),
                artifact.and_then(|name| name.distributed_id.as_ref()),
                artifact.is_none_or(|name| name.finalize),
                error
            ])?;
        Ok(())
    }

    /// An artifact became a version.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn intake_stored(&self, id: i64, version: Id128) -> Result<()> {
        self.sql
            .prepare_cached("UPDATE intake SET artifact = ?2 WHERE id = ?1")?
            .execute(params![id, version.0])?;
        Ok(())
    }

    /// A file was recorded, or nobody will ask what became of it.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn intake_done(&self, id: i64) -> Result<()> {
        self.sql.prepare_cached("DELETE FROM intake WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// An artifact will never be a version.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn intake_failed(&self, id: i64, error: &str) -> Result<()> {
        self.sql.prepare_cached("UPDATE intake SET error = ?2 WHERE id = ?1")?.execute(params![id, error])?;
        Ok(())
    }
}

impl Store {
    /// What is to be stored, oldest first, at most so much of it.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn intake(&self, limit: usize) -> Result<Vec<IntakeItem>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read_blocking(|sql| find(sql, &format!("{DUE} ORDER BY id LIMIT ?1"), &[&limit]))
    }

    /// The parts of a distributed artifact that wait, in their order.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn intake_parts(&self, entity: &str, project: &str, distributed: &str) -> Result<Vec<IntakeItem>> {
        let condition = format!(
            "{WAITING} AND entity = ?1 AND project = ?2 AND distributed = ?3 AND finalize = 0 ORDER BY id"
        );
        self.read_blocking(|sql| find(sql, &condition, &[&entity, &project, &distributed]))
    }

    /// How many things wait to be stored, of one writer or of all. Parts that wait
    /// for others are not among them.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn intake_count(&self, writer: Option<WriterId>) -> Result<u64> {
        self.read_blocking(|sql| {
            let condition = "(?1 IS NULL OR writer = ?1)";
            let count = sql
                .prepare_cached(&format!("SELECT count(*) FROM intake WHERE {DUE} AND {condition}"))?
                .query_row([writer.map(|writer| writer.0)], |row| row.get(0))?;
            Ok(from_sql(count))
        })
    }

    /// Whether a snapshot was taken over, and still waits: `None` where nobody has
    /// heard of it.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn intake_waits(&self, writer: WriterId, number: u64) -> Result<Option<bool>> {
        self.read_blocking(|sql| {
            Ok(sql
                .prepare_cached(&format!("SELECT {WAITING} FROM intake WHERE writer = ?1 AND number = ?2"))?
                .query_row(params![writer.0, to_sql(number)], |row| row.get(0))
                .optional()?)
        })
    }

    /// How far the artifact with this client id is; `None` where our client has
    /// logged none.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn intake_state(&self, client_id: &str) -> Result<Option<IntakeState>> {
        self.read_blocking(|sql| {
            let found: Option<(Option<[u8; 16]>, Option<String>)> = sql
                .prepare_cached(
                    "SELECT artifact, error FROM intake WHERE client_id = ?1 ORDER BY id DESC LIMIT 1",
                )?
                .query_row([client_id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            Ok(found.map(|found| match found {
                (Some(id), _) => IntakeState::Stored(Id128(id)),
                (None, Some(error)) => IntakeState::Failed(error),
                (None, None) => IntakeState::Waiting,
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_logged_waits_in_order_and_parts_wait_for_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("pannier.db")).unwrap();
        let path = RunPath::new("e", "p", "r").unwrap();
        let (writer, other) = (Id128([1; 16]), Id128([2; 16]));
        let part = |client_id: &str, finalize| {
            let (client_id, distributed_id) = (client_id.to_owned(), Some("d".to_owned()));
            Some(ArtifactName { client_id, distributed_id, finalize })
        };
        let run = path.clone();
        store
            .write_blocking(move |tx| {
                tx.add_intake(writer, &run, &Logged { number: 1, artifact: part("a", false) }, None)?;
                tx.add_intake(other, &run, &Logged { number: 1, artifact: None }, None)?;
                tx.add_intake(writer, &run, &Logged { number: 2, artifact: part("b", true) }, None)?;
                // The journal is read again after a commit that failed.
                tx.add_intake(writer, &run, &Logged { number: 2, artifact: part("b", true) }, None)
            })
            .unwrap();
        let due = store.intake(10).unwrap();
        assert_eq!(
            due.iter().map(|item| (item.writer, item.logged.number)).collect::<Vec<_>>(),
            [(other, 1), (writer, 2)]
        );
        assert_eq!((store.intake_count(None).unwrap(), store.intake_count(Some(writer)).unwrap()), (2, 1));
        let parts = store.intake_parts("e", "p", "d").unwrap();
        assert_eq!(parts.len(), 1);
        assert_eq!(store.intake_state("a").unwrap(), Some(IntakeState::Waiting));
        let (file, last) = (due[0].id, due[1].id);
        store
            .write_blocking(move |tx| {
                tx.intake_done(file)?;
                tx.intake_stored(parts[0].id, Id128([9; 16]))?;
                tx.intake_failed(last, "no")
            })
            .unwrap();
        assert_eq!(store.intake_state("a").unwrap(), Some(IntakeState::Stored(Id128([9; 16]))));
        assert_eq!(store.intake_state("b").unwrap(), Some(IntakeState::Failed("no".into())));
        assert_eq!(store.intake_state("c").unwrap(), None);
        assert_eq!(store.intake_waits(writer, 2).unwrap(), Some(false));
        assert_eq!(store.intake_waits(other, 1).unwrap(), None);
        assert_eq!(store.intake_count(None).unwrap(), 0);
    }
}
