//! A part: some columns of one table, sorted by key, in one piece of bytes.
//!
//! A chart reads one metric, so a large column is a part of its own; thousands
//! of small ones share a part, so that a row of a hundred thousand metrics is
//! not a hundred thousand pieces.
//!
//! ```text
//! body    = crc: u32 over the rest, packed: u8, payload
//! payload = columns: u32, entries, then each column's presence and cells
//!           (packed = 1: zstd of that)
//! entry   = varint key length, key, kind: u8, varint cells, varint presence bytes, varint cells bytes
//! ```

use pannier_proto::record::Table;
use pannier_proto::value::Kind;

use super::BadBlock;
use super::codec::{SMALL_CELLS, put_varint, take_varint, unzstd, zstd};
use super::column::Column;
use super::encode::Effort;

/// A part is closed once it holds this many bytes.
const PART_BYTES: usize = 64 << 10;

/// A part of an encoded block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The columns' table.
    pub table: Table,
    /// The least key in it.
    pub first_key: String,
    /// The greatest key in it.
    pub last_key: String,
    /// The columns.
    pub body: Vec<u8>,
}

/// Packs columns, which are sorted by key, into parts.
pub fn pack(table: Table, columns: &[&Column], effort: Effort, out: &mut Vec<Part>) {
    let mut open = Open::default();
    for column in columns {
        let presence = column.encode_presence();
        let cells = column.encode_cells(effort);
        // Columns of one key stay together: a reader looks a key up in one range.
        if open.data.len() + presence.len() + cells.len() > PART_BYTES
            && open.last_key.as_ref().is_some_and(|last| *last != column.key)
        {
            out.extend(std::mem::take(&mut open).close(table, effort));
        }
        open.add(column, &presence, &cells);
    }
    out.extend(open.close(table, effort));
}

#[derive(Default)]
struct Open {
    columns: u32,
    entries: Vec<u8>,
    data: Vec<u8>,
    first_key: Option<String>,
    last_key: Option<String>,
    small: bool,
}

impl Open {
    fn add(&mut self, column: &Column, presence: &[u8], cells: &[u8]) {
        self.columns += 1;
        put_varint(&mut self.entries, column.key.len() as u64);
        self.entries.extend_from_slice(column.key.as_bytes());
        self.entries.push(column.kind as u8);
        put_varint(&mut self.entries, column.len() as u64);
        put_varint(&mut self.entries, presence.len() as u64);
        put_varint(&mut self.entries, cells.len() as u64);
        self.data.extend_from_slice(presence);
        self.data.extend_from_slice(cells);
        self.small |= column.len() < SMALL_CELLS;
        self.first_key.get_or_insert_with(|| column.key.clone());
        self.last_key = Some(column.key.clone());
    }

    fn close(self, table: Table, effort: Effort) -> Option<Part> {
        let (first_key, last_key) = (self.first_key?, self.last_key?);
        let mut payload = self.columns.to_le_bytes().to_vec();
        payload.extend(self.entries);
        payload.extend(self.data);
        let packed = if effort == Effort::Sealed && self.small { zstd(&payload) } else { None };
        let packed = packed.filter(|packed| packed.len() < payload.len());
        let mut body = vec![0; 4];
        body.push(u8::from(packed.is_some()));
        body.extend(packed.unwrap_or(payload));
        let crc = crc32fast::hash(&body[4..]);
        body[..4].copy_from_slice(&crc.to_le_bytes());
        Some(Part { table, first_key, last_key, body })
    }
}

/// Unpacks the columns that `wanted` says yes to.
///
/// # Errors
/// [`BadBlock`] where the bytes are damaged or do not say what they should.
pub fn unpack(body: &[u8], wanted: impl Fn(&str) -> bool) -> Result<Vec<Column>, BadBlock> {
    const BAD: BadBlock = BadBlock::Malformed("part");
    let (crc, rest) = body.split_first_chunk::<4>().ok_or(BAD)?;
    if crc32fast::hash(rest) != u32::from_le_bytes(*crc) {
        return Err(BadBlock::Checksum("part"));
    }
    let (packed, payload) = rest.split_first().ok_or(BAD)?;
    let unpacked = if *packed == 1 { Some(unzstd(payload).ok_or(BAD)?) } else { None };
    let payload = unpacked.as_deref().unwrap_or(payload);
    let (count, mut entries) = payload.split_first_chunk::<4>().ok_or(BAD)?;
    let mut directory = Vec::new();
    for _ in 0..u32::from_le_bytes(*count) {
        directory.push(entry(&mut entries).ok_or(BAD)?);
    }
    let mut data = entries;
    let mut columns = Vec::new();
    for (key, kind, cells, presence_bytes, cells_bytes) in directory {
        let (presence, rest) = data.split_at_checked(presence_bytes).ok_or(BAD)?;
        let (bytes, rest) = rest.split_at_checked(cells_bytes).ok_or(BAD)?;
        data = rest;
        if wanted(key) {
            columns.push(Column::decode(key.to_owned(), kind, cells, presence, bytes)?);
        }
    }
    if data.is_empty() { Ok(columns) } else { Err(BAD) }
}

type Entry<'a> = (&'a str, Kind, usize, usize, usize);

fn entry<'a>(bytes: &mut &'a [u8]) -> Option<Entry<'a>> {
    let len = usize::try_from(take_varint(bytes)?).ok()?;
    let (key, rest) = bytes.split_at_checked(len)?;
    let (kind, rest) = rest.split_first()?;
    *bytes = rest;
    let mut number = || usize::try_from(take_varint(bytes)?).ok();
    let (cells, presence, data) = (number()?, number()?, number()?);
    if cells > crate::limits::BLOCK_RECORDS_MAX {
        return None;
    }
    Some((std::str::from_utf8(key).ok()?, Kind::from_tag(*kind)?, cells, presence, data))
}
