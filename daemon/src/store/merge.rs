//! Merging fresh blocks, and sealing them: how records lie in blocks.

use rusqlite::params;

use super::log::read_block;
use super::writer::Tx;
use super::{Result, from_sql};
use crate::block::{Block, Effort};
use crate::limits::{FRESH_BLOCKS_MAX, SEAL_BYTES, SEAL_POINTS, SEAL_RECORDS};

struct Fresh {
    id: i64,
    first_seq: i64,
    last_seq: i64,
    life: i64,
    points: usize,
    bytes: usize,
    stored_us: i64,
}

impl Fresh {
    fn records(&self) -> usize {
        usize::try_from(self.last_seq - self.first_seq + 1).unwrap_or(0)
    }
}

impl Tx<'_> {
    /// Merges a stream's fresh blocks where there are too many, seals them where
    /// they are large enough, and seals all of them if `finished`.
    pub(super) fn tidy(&self, stream: i64, finished: bool) -> Result<()> {
        let fresh = self.fresh(stream)?;
        // Only neighbours of one life can be one block.
        for group in fresh.chunk_by(|a, b| a.last_seq + 1 == b.first_seq && a.life == b.life) {
            let last_of_all = group.last().map(|block| block.id) == fresh.last().map(|block| block.id);
            let sum = |of: fn(&Fresh) -> usize| group.iter().map(of).sum::<usize>();
            let seal = finished
                || !last_of_all
                || sum(Fresh::records) >= SEAL_RECORDS
                || sum(|block| block.points) >= SEAL_POINTS
                || sum(|block| block.bytes) >= SEAL_BYTES;
            if seal {
                self.merge(stream, group, true)?;
            } else if group.len() >= FRESH_BLOCKS_MAX {
                self.merge(stream, &group[group.len() - newest_run(group)..], false)?;
            }
        }
        Ok(())
    }

    /// Seals what is fresh in a run's streams: for the end of a life.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub fn seal_run(&self, path: &pannier_proto::id::RunPath) -> Result<()> {
        let streams: Vec<i64> = self
            .sql
            .prepare_cached(
                "SELECT s.id FROM streams s JOIN runs r ON r.id = s.run WHERE r.entity = ?1 AND r.project = ?2 AND r.run = ?3",
            )?
            .query_map(params![path.entity, path.project, path.run], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        streams.into_iter().try_for_each(|stream| self.tidy(stream, true))
    }

    fn fresh(&self, stream: i64) -> Result<Vec<Fresh>> {
        let mut select = self.sql.prepare_cached(
            "SELECT id, first_seq, last_seq, life, points, bytes, stored_us FROM blocks WHERE stream = ?1 AND sealed = 0 ORDER BY first_seq",
        )?;
        let rows = select.query_map([stream], |row| {
            Ok(Fresh {
                id: row.get(0)?,
                first_seq: row.get(1)?,
                last_seq: row.get(2)?,
                life: row.get(3)?,
                points: row.get::<_, i64>(4)?.try_into().unwrap_or(0),
                bytes: row.get::<_, i64>(5)?.try_into().unwrap_or(0),
                stored_us: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn merge(&self, stream: i64, group: &[Fresh], seal: bool) -> Result<()> {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return Ok(()) };
        let mut merged = Block::default();
        for fresh in group {
            merged.extend(read_block(self.sql, fresh.id)?.1);
        }
        for fresh in group {
            self.sql.prepare_cached("DELETE FROM parts WHERE block = ?1")?.execute([fresh.id])?;
            self.sql.prepare_cached("DELETE FROM blocks WHERE id = ?1")?.execute([fresh.id])?;
        }
        debug_assert_eq!(merged.len() as i64, last.last_seq - first.first_seq + 1);
        let encoded = merged.encode(Effort::Sealed);
        self.insert_block(
            stream,
            first.life,
            from_sql(first.first_seq),
            &merged,
            &encoded,
            seal,
            first.stored_us,
        )
    }
}

/// How many of the newest blocks to merge: each older one that is not much
/// larger than what is newer. So a record is rewritten a few times, however
/// slowly a run grows.
fn newest_run(group: &[Fresh]) -> usize {
    let mut sum = 0;
    let mut count = 0;
    for block in group.iter().rev() {
        if count >= 2 && block.records() > 2 * sum {
            break;
        }
        sum += block.records();
        count += 1;
    }
    count
}
