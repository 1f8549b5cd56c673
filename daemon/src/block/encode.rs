//! A block as bytes: its head, and its tables as parts.

use std::collections::HashMap;

use pannier_proto::record::{Change, Table};
use pannier_proto::value::Kind;

use super::codec::{put_varint, take_varint, unzstd, zstd};
use super::column::{Cells, Column};
use super::part::{self, Part};
use super::{BadBlock, Block, Rows, STEP_KEY, Slots, TIME_KEY};
use crate::limits::{BLOCK_BYTES_MAX, BLOCK_RECORDS_MAX};

/// How hard to try to make a block small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Hardly: it is about to be merged with its neighbours.
    Fresh,
    /// Properly: it stays as it is.
    Sealed,
}

/// An encoded block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// What it holds, and all changes.
    pub head: Vec<u8>,
    /// The tables' columns.
    pub parts: Vec<Part>,
}

/// A block's head, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// A tag for each record.
    pub tags: Vec<u8>,
    /// The changes.
    pub changes: Vec<Change>,
    /// Rows of each table.
    pub rows: [u32; 3],
}

impl Encoded {
    /// Its size.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.head.len() + self.parts.iter().map(|part| part.body.len()).sum::<usize>()
    }
}

impl Block {
    /// Makes bytes of it.
    #[must_use]
    pub fn encode(&self, effort: Effort) -> Encoded {
        let mut parts = Vec::new();
        for table in Table::ALL {
            let rows = self.rows(table);
            if rows.is_empty() {
                continue;
            }
            let axis = |key: &str, values: &[i64]| {
                Column::of_words(key, Kind::I64, values.iter().map(|value| value.cast_unsigned()).collect())
            };
            let axes = [axis(STEP_KEY, &rows.steps), axis(TIME_KEY, &rows.times_us)];
            // The axes are read without the rest: parts of their own.
            part::pack(table, &[&axes[0]], effort, &mut parts);
            part::pack(table, &[&axes[1]], effort, &mut parts);
            let mut columns: Vec<&Column> = rows.columns.iter().filter(|column| !column.is_empty()).collect();
            columns.sort_by(|a, b| (&a.key, a.kind).cmp(&(&b.key, b.kind)));
            part::pack(table, &columns, effort, &mut parts);
        }
        Encoded { head: self.encode_head(), parts }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a block holds at most BLOCK_RECORDS_MAX records")]
    fn encode_head(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        plain.extend_from_slice(&(self.tags.len() as u32).to_le_bytes());
        plain.extend_from_slice(&(self.changes.len() as u32).to_le_bytes());
        for rows in &self.tables {
            plain.extend_from_slice(&(rows.len() as u32).to_le_bytes());
        }
        for run in self.tags.chunk_by(|a, b| a == b) {
            plain.push(run[0]);
            put_varint(&mut plain, run.len() as u64);
        }
        for change in &self.changes {
            // Plain data with string keys: serialising it into memory cannot fail.
            let json = serde_json::to_vec(change).unwrap_or_default();
            put_varint(&mut plain, json.len() as u64);
            plain.extend(json);
        }
        let mut head = vec![0; 4];
        match zstd(&plain).filter(|packed| plain.len() > 200 && packed.len() < plain.len()) {
            Some(packed) => {
                head.push(1);
                head.extend(packed);
            }
            None => {
                head.push(0);
                head.extend(plain);
            }
        }
        let crc = crc32fast::hash(&head[4..]);
        head[..4].copy_from_slice(&crc.to_le_bytes());
        head
    }

    /// Reads a block back, checking everything that later code relies on.
    ///
    /// # Errors
    /// [`BadBlock`] where the bytes are damaged or do not say what they should.
    pub fn decode(encoded: &Encoded) -> Result<Self, BadBlock> {
        let head = Head::decode(&encoded.head)?;
        let mut block = Self { tags: head.tags, changes: head.changes, ..Self::default() };
        for part in &encoded.parts {
            for column in part::unpack(&part.body, |_| true)? {
                let in_range = column.key >= part.first_key && column.key <= part.last_key;
                if !in_range {
                    return Err(BadBlock::Malformed("part's key range"));
                }
                block.tables[part.table as usize - 1].adopt(column)?;
            }
        }
        for (table, count) in Table::ALL.into_iter().zip(head.rows) {
            let rows = &block.tables[table as usize - 1];
            let whole = rows.steps.len() == count as usize && rows.times_us.len() == count as usize;
            if !whole || !rows.columns.iter().all(|column| column.fits(count as usize)) {
                return Err(BadBlock::Malformed("table"));
            }
        }
        block.index = block.build_index()?;
        Ok(block)
    }

    fn build_index(&self) -> Result<HashMap<String, Slots>, BadBlock> {
        let mut index: HashMap<String, Slots> = HashMap::new();
        for table in Table::ALL {
            for (at, column) in self.rows(table).columns.iter().enumerate() {
                let slots = index.entry(column.key.clone()).or_default();
                if slots.get(table, column.kind).is_some() {
                    return Err(BadBlock::Malformed("table: a column comes twice"));
                }
                *slots.slot(table, column.kind) = u32::try_from(at).unwrap_or(u32::MAX);
            }
        }
        Ok(index)
    }
}

impl Rows {
    fn adopt(&mut self, column: Column) -> Result<(), BadBlock> {
        let axis = match column.key.as_str() {
            STEP_KEY => &mut self.steps,
            TIME_KEY => &mut self.times_us,
            _ => {
                self.columns.push(column);
                return Ok(());
            }
        };
        let Cells::Words(words) = column.cells else { return Err(BadBlock::Malformed("axis")) };
        if !axis.is_empty() {
            return Err(BadBlock::Malformed("axis: it comes twice"));
        }
        *axis = words.into_iter().map(u64::cast_signed).collect();
        Ok(())
    }
}

impl Head {
    /// Reads a head.
    ///
    /// # Errors
    /// [`BadBlock`] where the bytes are damaged or do not say what they should.
    pub fn decode(head: &[u8]) -> Result<Self, BadBlock> {
        const BAD: BadBlock = BadBlock::Malformed("head");
        let (crc, rest) = head.split_first_chunk::<4>().ok_or(BAD)?;
        if crc32fast::hash(rest) != u32::from_le_bytes(*crc) {
            return Err(BadBlock::Checksum("head"));
        }
        let (packed, plain) = rest.split_first().ok_or(BAD)?;
        let unpacked = if *packed == 1 { Some(unzstd(plain).ok_or(BAD)?) } else { None };
        Self::parse(unpacked.as_deref().unwrap_or(plain)).ok_or(BAD)
    }

    fn parse(mut bytes: &[u8]) -> Option<Self> {
        let mut word = || -> Option<u32> {
            let (word, rest) = bytes.split_first_chunk::<4>()?;
            bytes = rest;
            Some(u32::from_le_bytes(*word))
        };
        let (records, change_count, rows) = (word()? as usize, word()? as usize, [word()?, word()?, word()?]);
        if records > BLOCK_RECORDS_MAX {
            return None;
        }
        let mut tags = Vec::new();
        while tags.len() < records {
            let (tag, rest) = bytes.split_first()?;
            bytes = rest;
            let count = usize::try_from(take_varint(&mut bytes)?).ok()?;
            if *tag > 3 || count > records - tags.len() {
                return None;
            }
            tags.resize(tags.len() + count, *tag);
        }
        let counted = |tag: u8| tags.iter().filter(|found| **found == tag).count();
        let right = counted(0) == change_count
            && (1..=3u8).all(|tag| counted(tag) == rows[usize::from(tag) - 1] as usize);
        if !right {
            return None;
        }
        let mut changes = Vec::new();
        for _ in 0..change_count {
            let len = usize::try_from(take_varint(&mut bytes)?).ok()?;
            let (json, rest) = bytes.split_at_checked(len)?;
            changes.push(serde_json::from_slice(json).ok()?);
            bytes = rest;
        }
        bytes.is_empty().then_some(Self { tags, changes, rows })
    }
}

/// An encoded block in one piece, as it goes over the wire.
impl Encoded {
    /// Appends it: `len` and head, number of parts, each part.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let mut piece = |bytes: &[u8]| {
            put_varint(out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        };
        piece(&self.head);
        piece(&(self.parts.len() as u64).to_le_bytes());
        for part in &self.parts {
            piece(&[part.table as u8]);
            piece(part.first_key.as_bytes());
            piece(part.last_key.as_bytes());
            piece(&part.body);
        }
    }

    /// Reads what [`Encoded::write_to`] wrote, from the front of `bytes`.
    #[must_use]
    pub fn read_from(bytes: &mut &[u8]) -> Option<Self> {
        let mut piece = || -> Option<&[u8]> {
            let len = usize::try_from(take_varint(bytes)?).ok()?;
            let (piece, rest) = bytes.split_at_checked(len)?;
            *bytes = rest;
            Some(piece)
        };
        let head = piece()?.to_vec();
        let count = u64::from_le_bytes(piece()?.try_into().ok()?);
        let mut parts = Vec::new();
        let mut total = head.len();
        for _ in 0..count {
            let table = Table::from_tag(*piece()?.first()?)?;
            let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
            let (first_key, last_key) = (text(piece()?)?, text(piece()?)?);
            let body = piece()?.to_vec();
            total += body.len();
            if total > BLOCK_BYTES_MAX {
                return None;
            }
            parts.push(Part { table, first_key, last_key, body });
        }
        Some(Self { head, parts })
    }
}
