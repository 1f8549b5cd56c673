//! Reading the log itself: blocks by `Seq`, for sync and for proof.

use pannier_proto::hub::StreamDigest;
use pannier_proto::id::Seq;
use pannier_proto::record::{Record, Table};
use pannier_proto::value::Value;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Result, Store, StoreError, from_sql, to_sql};
use crate::block::{Block, Effort, Encoded, Part};

/// A stretch of a stream, ready to be sent.
pub struct LogBlock {
    /// The `Seq` of its first record.
    pub first_seq: Seq,
    /// The `Seq` of its last.
    pub last_seq: Seq,
    /// The records.
    pub encoded: Encoded,
}

fn parts_of(sql: &Connection, block: i64) -> Result<Vec<Part>> {
    let mut select =
        sql.prepare_cached("SELECT tag, first_key, last_key, body FROM parts WHERE block = ?1 ORDER BY id")?;
    let rows =
        select.query_map([block], |row| Ok((row.get::<_, u8>(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let mut parts = Vec::new();
    for row in rows {
        let (tag, first_key, last_key, body) = row?;
        let table = Table::from_tag(tag).ok_or(StoreError::Damaged {
            block,
            run: 0,
            source: crate::block::BadBlock::Malformed("table tag"),
        })?;
        parts.push(Part { table, first_key, last_key, body });
    }
    Ok(parts)
}

/// Reads one block: its stream's run, and the block.
pub(super) fn read_block(sql: &Connection, id: i64) -> Result<(i64, Block)> {
    let (run, encoded) = read_encoded(sql, id)?;
    let block = Block::decode(&encoded).map_err(|source| StoreError::Damaged { block: id, run, source })?;
    Ok((run, block))
}

fn read_encoded(sql: &Connection, id: i64) -> Result<(i64, Encoded)> {
    let (run, head) = sql
        .prepare_cached(
            "SELECT s.run, b.head FROM blocks b JOIN streams s ON s.id = b.stream WHERE b.id = ?1",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((run, Encoded { head, parts: parts_of(sql, id)? }))
}

impl Store {
    /// The stream's records after a position, block by block, about `bytes_max`
    /// of them but at least one block where there is any.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn log_after(&self, stream: i64, after: Seq, bytes_max: usize) -> Result<Vec<LogBlock>> {
        self.read_blocking(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT id, first_seq, last_seq, bytes FROM blocks WHERE stream = ?1 AND last_seq > ?2 ORDER BY first_seq",
            )?;
            let mut rows = select.query(params![stream, to_sql(after)])?;
            let mut found = Vec::new();
            let mut bytes = 0usize;
            while let Some(row) = rows.next()? {
                let size = usize::try_from(row.get::<_, i64>(3)?).unwrap_or(0);
                if !found.is_empty() && bytes + size > bytes_max {
                    break;
                }
                bytes += size;
                let id = row.get(0)?;
                let (first_seq, last_seq) = (from_sql(row.get(1)?), from_sql(row.get(2)?));
                found.push(if first_seq > after {
                    LogBlock { first_seq, last_seq, encoded: read_encoded(sql, id)?.1 }
                } else {
                    let skip = usize::try_from(after + 1 - first_seq).unwrap_or(usize::MAX);
                    let block = read_block(sql, id)?.1.tail(skip);
                    LogBlock { first_seq: after + 1, last_seq, encoded: block.encode(Effort::Sealed) }
                });
            }
            Ok(found)
        })
    }

    /// A digest over the content of a stream's records behind `after`, up to
    /// `upto`: the same wherever the same records are, however they lie in blocks.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn stream_digest(&self, stream: i64, after: Seq, upto: Seq) -> Result<StreamDigest> {
        let mut hasher = blake3::Hasher::new();
        let mut records = after;
        while records < upto {
            // One block at a time, found anew by position: neither memory nor the
            // snapshot is held long, and blocks may be merged meanwhile.
            let block = self.read_blocking(|sql| {
                let found: Option<(i64, i64)> = sql
                    .prepare_cached("SELECT id, first_seq FROM blocks WHERE stream = ?1 AND last_seq > ?2 ORDER BY first_seq LIMIT 1")?
                    .query_row(params![stream, to_sql(records)], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                found.map(|(id, first)| Ok((from_sql(first), read_block(sql, id)?.1))).transpose()
            })?;
            let Some((first_seq, block)) = block else { break };
            let skip = usize::try_from(records + 1 - first_seq).unwrap_or(usize::MAX);
            let take = usize::try_from(upto - records).unwrap_or(usize::MAX);
            for record in block.into_records().skip(skip).take(take) {
                hash_record(&mut hasher, &record);
                records += 1;
            }
        }
        Ok(StreamDigest { records: records - after, digest: hasher.finalize().to_hex().to_string() })
    }

    /// The records of a stream, in order. For tests and exports: all in memory.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn records(&self, stream: i64) -> Result<Vec<Record>> {
        self.read_blocking(|sql| {
            let mut select =
                sql.prepare_cached("SELECT id FROM blocks WHERE stream = ?1 ORDER BY first_seq")?;
            let ids = select.query_map([stream], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
            let mut records = Vec::new();
            for id in ids {
                records.extend(read_block(sql, id)?.1.into_records());
            }
            Ok(records)
        })
    }

    /// Reads every block of every stream: checksums, form, and that the blocks
    /// follow each other without gap. Returns what is wrong, in words.
    ///
    /// # Errors
    /// [`StoreError`] where the database cannot be read at all.
    pub fn check_log(&self, mut progress: impl FnMut(u64, u64)) -> Result<Vec<String>> {
        type Row = (i64, i64, i64, i64, String);
        let rows: Vec<Row> = self.read_blocking(|sql| {
            let mut select = sql.prepare(
                "SELECT b.id, b.stream, b.first_seq, b.last_seq, r.entity || '/' || r.project || '/' || r.run
                 FROM blocks b JOIN streams s ON s.id = b.stream JOIN runs r ON r.id = s.run ORDER BY b.stream, b.first_seq",
            )?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        let mut wrong = Vec::new();
        let mut end = (0, 0);
        let total = rows.len() as u64;
        for (done, (id, stream, first, last, run)) in rows.into_iter().enumerate() {
            progress(done as u64, total);
            let expected = if end.0 == stream { end.1 + 1 } else { 1 };
            if first != expected {
                wrong.push(format!("run {run}: records {expected} to {} are missing", first - 1));
            }
            end = (stream, last);
            match self.read_blocking(|sql| read_block(sql, id)) {
                Ok((_, block)) if block.len() as i64 == last - first + 1 => {}
                Ok((_, block)) => {
                    wrong.push(format!(
                        "run {run}: block {id} holds {} records instead of {}",
                        block.len(),
                        last - first + 1
                    ));
                }
                Err(StoreError::Damaged { source, .. }) => {
                    wrong.push(format!("run {run}: block {id}: {source}"));
                }
                // Merged with its neighbours since the list was made.
                Err(StoreError::Sqlite(rusqlite::Error::QueryReturnedNoRows)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(wrong)
    }
}

/// Adds a record to a stream's digest.
pub fn hash_record(hasher: &mut blake3::Hasher, record: &Record) {
    let text = |hasher: &mut blake3::Hasher, text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    match record {
        Record::Change(change) => {
            hasher.update(&[0]);
            text(hasher, &serde_json::to_string(change).unwrap_or_default());
        }
        Record::Row(row) => {
            hasher.update(&[row.table as u8]);
            hasher.update(&row.step.to_le_bytes());
            hasher.update(&row.time_us.to_le_bytes());
            hasher.update(&(row.cells.len() as u64).to_le_bytes());
            for (key, value) in &row.cells {
                text(hasher, key);
                hasher.update(&[value.kind() as u8]);
                match value {
                    Value::F64(x) => drop(hasher.update(&x.to_bits().to_le_bytes())),
                    Value::I64(x) => drop(hasher.update(&x.to_le_bytes())),
                    Value::Bool(x) => drop(hasher.update(&[u8::from(*x)])),
                    Value::Text(x) | Value::Json(x) => text(hasher, x),
                }
            }
        }
    }
}
