//! A block: consecutive records of one stream, by column.
//!
//! This is the one form that records take once they have left the journal: in
//! the store, fresh and sealed, and on the wire to a hub. It is pure: bytes in,
//! bytes out. It knows no SQL, no clock and no caller.
//!
//! ```text
//! Block  = head, parts
//! head   = crc: u32, zstd { records: u32, changes: u32, rows: [u32; 3],
//!                           tags: runs of (tag: u8, count: u32),
//!                           changes: (len: u32, json) … }
//! part   = table: u8, first_key, last_key, body     keys sorted; see part.rs
//! ```
//!
//! The `tags` say, record by record, whether it is a change (0) or a row of a
//! table ([`Table`]'s tag); so the order of all records is kept, and record `i`
//! has `Seq` first + `i`. A table's steps and times are columns like any other,
//! under names that no metric can have ([`STEP_KEY`], [`TIME_KEY`]).

mod codec;
mod column;
mod encode;
mod part;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use pannier_proto::journal::{PackedRow, Shape};
use pannier_proto::record::{Change, Record, Row, Table};
use pannier_proto::value::{Kind, Value};

pub use column::{Cells, Column};
pub use encode::{Effort, Encoded, Head};
pub use part::{Part, pack, unpack};

/// The column of steps.
pub const STEP_KEY: &str = "\u{0}step";
/// The column of times, in microseconds.
pub const TIME_KEY: &str = "\u{0}time";

/// Why bytes are not a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadBlock {
    /// The bytes changed since they were written.
    #[error("checksum mismatch in {0}")]
    Checksum(&'static str),
    /// Intact, but not what a block says.
    #[error("malformed {0}")]
    Malformed(&'static str),
}

/// One table's rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// The step of each row.
    pub steps: Vec<i64>,
    /// The time of each row, in microseconds since 1970.
    pub times_us: Vec<i64>,
    /// The columns, in order of first appearance; each (key, kind) once.
    pub columns: Vec<Column>,
}

/// A block in memory.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// A tag for each record.
    tags: Vec<u8>,
    /// The changes, in order.
    changes: Vec<Change>,
    tables: [Rows; 3],
    index: HashMap<String, Slots>,
}

/// Where the columns of a key are: of each table and kind.
#[derive(Debug, Clone)]
struct Slots([u32; 15]);

impl Default for Slots {
    fn default() -> Self {
        Self([u32::MAX; 15])
    }
}

impl Slots {
    fn slot(&mut self, table: Table, kind: Kind) -> &mut u32 {
        &mut self.0[(table as usize - 1) * 5 + kind as usize]
    }

    fn get(&self, table: Table, kind: Kind) -> Option<usize> {
        let slot = self.0[(table as usize - 1) * 5 + kind as usize];
        (slot != u32::MAX).then_some(slot as usize)
    }
}

/// Where the cells of a shape go in a block: computed once per shape and block.
#[derive(Debug)]
pub struct Placement(Vec<usize>);

impl Block {
    /// How many records it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tags.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// How many cells its rows hold, roughly, and what its changes take beside
    /// them: the measure of its size.
    #[must_use]
    pub fn points(&self) -> usize {
        let cells: usize = self.tables.iter().flat_map(|rows| &rows.columns).map(Column::len).sum();
        let bytes: usize = self.changes.iter().map(Change::bytes).sum();
        cells + bytes / size_of::<f64>()
    }

    /// The changes, in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// A table's rows.
    #[must_use]
    pub fn rows(&self, table: Table) -> &Rows {
        &self.tables[table as usize - 1]
    }

    /// Appends a change.
    pub fn push_change(&mut self, change: Change) {
        self.tags.push(0);
        self.changes.push(change);
    }

    /// Appends a record.
    pub fn push(&mut self, record: Record) {
        match record {
            Record::Change(change) => self.push_change(change),
            Record::Row(row) => self.push_row(row),
        }
    }

    /// Appends a row.
    pub fn push_row(&mut self, row: Row) {
        self.tags.push(row.table as u8);
        let table = row.table as usize - 1;
        let at = self.tables[table].steps.len();
        self.tables[table].steps.push(row.step);
        self.tables[table].times_us.push(row.time_us);
        for (key, value) in row.cells {
            let column = self.column(row.table, value.kind(), &key);
            self.tables[table].columns[column].push(at, value);
        }
    }

    fn column(&mut self, table: Table, kind: Kind, key: &str) -> usize {
        // Nearly always it is there, and nothing is allocated.
        if let Some(at) = self.index.get(key).and_then(|slots| slots.get(table, kind)) {
            return at;
        }
        let columns = &mut self.tables[table as usize - 1].columns;
        let at = columns.len();
        columns.push(Column::new(key.to_owned(), kind));
        let slots = self.index.entry(key.to_owned()).or_default();
        *slots.slot(table, kind) = u32::try_from(at).unwrap_or(u32::MAX);
        at
    }

    /// Finds the columns that rows of a shape go to.
    pub fn place(&mut self, table: Table, shape: &Shape) -> Placement {
        Placement(shape.columns.iter().map(|(kind, key)| self.column(table, *kind, key)).collect())
    }

    /// Appends a row as it lies in a journal. The row must fit the shape
    /// ([`PackedRow::fits`]), and the placement be that shape's in this block.
    pub fn push_packed(&mut self, row: &PackedRow, placement: &Placement) {
        self.tags.push(row.table as u8);
        let rows = &mut self.tables[row.table as usize - 1];
        let at = rows.steps.len();
        rows.steps.push(row.step);
        rows.times_us.push(row.time_us);
        let count = placement.0.len();
        for (cell, column) in placement.0.iter().enumerate() {
            let column = &mut rows.columns[*column];
            if column.kind.in_tail() {
                column.push_text(at, row.text(count, cell).unwrap_or_default());
            } else {
                column.push_word(at, row.word(cell));
            }
        }
    }

    /// Takes the block apart into its records, in order.
    pub fn into_records(self) -> impl Iterator<Item = Record> {
        let rows = self.tables.map(Rows::into_rows);
        let mut tables = Table::ALL
            .into_iter()
            .zip(rows)
            .map(|(table, rows)| (table, rows.into_iter()))
            .collect::<Vec<_>>();
        let mut changes = self.changes.into_iter();
        self.tags.into_iter().filter_map(move |tag| match tag {
            0 => changes.next().map(Record::Change),
            tag => {
                let (table, rows) = tables.get_mut(usize::from(tag) - 1)?;
                let (step, time_us, cells) = rows.next()?;
                Some(Record::Row(Row { table: *table, step, time_us, cells }))
            }
        })
    }

    /// Puts another block behind this one.
    pub fn extend(&mut self, other: Self) {
        for (table, rows) in Table::ALL.into_iter().zip(other.tables) {
            let shift = self.rows(table).steps.len();
            for column in rows.columns {
                let here = self.column(table, column.kind, &column.key);
                self.tables[table as usize - 1].columns[here].extend(shift, column);
            }
            let here = &mut self.tables[table as usize - 1];
            here.steps.extend(rows.steps);
            here.times_us.extend(rows.times_us);
        }
        self.tags.extend(other.tags);
        self.changes.extend(other.changes);
    }

    /// The records from the `skip`-th on, as a block of their own.
    #[must_use]
    pub fn tail(self, skip: usize) -> Self {
        if skip == 0 {
            return self;
        }
        let mut tail = Self::default();
        self.into_records().skip(skip).for_each(|record| tail.push(record));
        tail
    }
}

/// Step, time and cells.
type UnpackedRow = (i64, i64, Vec<(String, Value)>);

impl Rows {
    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    fn into_rows(self) -> Vec<UnpackedRow> {
        let heads = self.steps.into_iter().zip(self.times_us);
        let mut rows: Vec<_> = heads.map(|(step, time_us)| (step, time_us, Vec::new())).collect();
        // Sorted, so that the same records always come apart the same way.
        let mut columns = self.columns;
        columns.sort_by(|a, b| (&a.key, a.kind).cmp(&(&b.key, b.kind)));
        for column in columns {
            let key = column.key.clone();
            for (at, value) in column.into_cells() {
                if let Some(row) = rows.get_mut(at) {
                    row.2.push((key.clone(), value));
                }
            }
        }
        rows
    }
}

impl Block {
    /// Whether its first record divides rows ([`Change::divides_rows`]).
    #[must_use]
    pub fn begins_with_a_divide(&self) -> bool {
        self.tags.first() == Some(&0) && self.changes.first().is_some_and(Change::divides_rows)
    }
}
