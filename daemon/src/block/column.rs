//! One column of a table's rows in a block: which rows have a cell, and the
//! cells.

use pannier_proto::value::{Kind, Value};
use serde_json::Value as Json;

use super::BadBlock;
use super::codec::{
    BYTES, RAW, ZSTD, decode_texts, decode_words, encode_words, put_varint, take_varint, unzstd, zstd_or,
};
use super::encode::Effort;

/// The cells of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// F64 as bits, I64 as two's complement, Bool as 0 or 1.
    Words(Vec<u64>),
    /// Text and Json.
    Texts(Vec<String>),
}

/// Which rows have a cell.
#[derive(Debug, Clone, PartialEq)]
enum Presence {
    /// Consecutive rows from this one on.
    From(u32),
    /// These rows, in ascending order.
    At(Vec<u32>),
}

/// A column in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its key.
    pub key: String,
    /// Its kind.
    pub kind: Kind,
    presence: Presence,
    /// Its cells.
    pub cells: Cells,
}

impl Column {
    /// A column of consecutive rows, from its cells.
    #[must_use]
    pub fn of_words(key: &str, kind: Kind, words: Vec<u64>) -> Self {
        Self { key: key.to_owned(), kind, presence: Presence::From(0), cells: Cells::Words(words) }
    }

    pub(super) fn new(key: String, kind: Kind) -> Self {
        let cells = if kind.in_tail() { Cells::Texts(Vec::new()) } else { Cells::Words(Vec::new()) };
        Self { key, kind, presence: Presence::From(0), cells }
    }

    /// How many cells.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.cells {
            Cells::Words(words) => words.len(),
            Cells::Texts(texts) => texts.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of the `nth` cell.
    #[must_use]
    pub fn row(&self, nth: usize) -> usize {
        match &self.presence {
            Presence::From(start) => *start as usize + nth,
            Presence::At(rows) => rows[nth] as usize,
        }
    }

    /// The value of the `nth` cell.
    #[must_use]
    pub fn value(&self, nth: usize) -> Value {
        match (&self.cells, self.kind) {
            (Cells::Words(words), Kind::F64) => Value::F64(f64::from_bits(words[nth])),
            (Cells::Words(words), Kind::I64) => Value::I64(words[nth].cast_signed()),
            (Cells::Words(words), _) => Value::Bool(words[nth] != 0),
            (Cells::Texts(texts), Kind::Json) => Value::Json(texts[nth].clone()),
            (Cells::Texts(texts), _) => Value::Text(texts[nth].clone()),
        }
    }

    /// The last value, as JSON.
    #[must_use]
    pub fn last_json(&self) -> Option<Json> {
        (!self.is_empty()).then(|| self.value(self.len() - 1).to_json())
    }

    /// The cells as numbers, where they are numbers.
    pub fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        let words = match &self.cells {
            Cells::Words(words) => words.as_slice(),
            Cells::Texts(_) => &[],
        };
        words.iter().map(|word| number(self.kind, *word))
    }

    #[expect(clippy::cast_possible_truncation, reason = "a block holds far fewer than 2^32 rows")]
    fn mark(&mut self, row: usize) {
        let len = self.len();
        let row = row as u32;
        match &mut self.presence {
            Presence::From(start) if len == 0 => *start = row,
            Presence::From(start) if *start + len as u32 == row => {}
            Presence::From(start) => {
                let mut rows: Vec<u32> = (*start..*start + len as u32).collect();
                rows.push(row);
                self.presence = Presence::At(rows);
            }
            Presence::At(rows) => rows.push(row),
        }
    }

    #[inline]
    pub(super) fn push_word(&mut self, row: usize, word: u64) {
        let again = self.has_last(row);
        if !again {
            self.mark(row);
        }
        match &mut self.cells {
            Cells::Words(words) if again => words.last_mut().into_iter().for_each(|last| *last = word),
            Cells::Words(words) => words.push(word),
            Cells::Texts(_) => {}
        }
    }

    pub(super) fn push_text(&mut self, row: usize, text: &str) {
        let again = self.has_last(row);
        if !again {
            self.mark(row);
        }
        match &mut self.cells {
            Cells::Texts(texts) if again => {
                texts.last_mut().into_iter().for_each(|last| text.clone_into(last));
            }
            Cells::Texts(texts) => texts.push(text.to_owned()),
            Cells::Words(_) => {}
        }
    }

    /// Whether the last cell is this row's: a row that says a key twice means
    /// the later.
    #[inline]
    fn has_last(&self, row: usize) -> bool {
        let len = self.len();
        len > 0 && self.row(len - 1) == row
    }

    /// Appends a value of the column's own kind.
    pub(super) fn push(&mut self, row: usize, value: Value) {
        match value {
            Value::F64(x) => self.push_word(row, x.to_bits()),
            Value::I64(x) => self.push_word(row, x.cast_unsigned()),
            Value::Bool(x) => self.push_word(row, u64::from(x)),
            Value::Text(text) | Value::Json(text) => self.push_text(row, &text),
        }
    }

    pub(super) fn extend(&mut self, shift: usize, other: Self) {
        if self.is_empty()
            || matches!(self.presence, Presence::At(_))
            || matches!(other.presence, Presence::At(_))
        {
            for nth in 0..other.len() {
                let row = shift + other.row(nth);
                match &other.cells {
                    Cells::Words(words) => self.push_word(row, words[nth]),
                    Cells::Texts(texts) => self.push_text(row, &texts[nth]),
                }
            }
            return;
        }
        let adjacent = self.row(self.len() - 1) + 1 == shift + other.row(0);
        if !adjacent {
            let rows = (0..self.len()).map(|nth| self.row(nth));
            #[expect(clippy::cast_possible_truncation, reason = "a block holds far fewer than 2^32 rows")]
            let rows = rows.chain((0..other.len()).map(|nth| shift + other.row(nth))).map(|row| row as u32);
            self.presence = Presence::At(rows.collect());
        }
        match (&mut self.cells, other.cells) {
            (Cells::Words(here), Cells::Words(there)) => here.extend(there),
            (Cells::Texts(here), Cells::Texts(there)) => here.extend(there),
            _ => {}
        }
    }

    pub(super) fn into_cells(self) -> Vec<(usize, Value)> {
        (0..self.len()).map(|nth| (self.row(nth), self.value(nth))).collect()
    }

    /// Presence as bytes: one word for consecutive rows, else a list.
    pub(super) fn encode_presence(&self) -> Vec<u8> {
        match &self.presence {
            Presence::From(start) => start.to_le_bytes().to_vec(),
            Presence::At(rows) => {
                let mut previous = 0;
                let gaps = rows.iter().map(|row| u64::from(row - std::mem::replace(&mut previous, *row)));
                let mut bytes = Vec::with_capacity(rows.len() + 5);
                bytes.extend_from_slice(&u32::MAX.to_le_bytes());
                gaps.for_each(|gap| put_varint(&mut bytes, gap));
                bytes
            }
        }
    }

    /// Cells as bytes, behind the tag of their codec.
    pub(super) fn encode_cells(&self, effort: Effort) -> Vec<u8> {
        match &self.cells {
            Cells::Texts(texts) => {
                let mut bytes = vec![RAW];
                for text in texts {
                    put_varint(&mut bytes, text.len() as u64);
                    bytes.extend_from_slice(text.as_bytes());
                }
                if effort == Effort::Sealed && bytes.len() > 1024 { zstd_or(bytes) } else { bytes }
            }
            Cells::Words(words) if self.kind == Kind::Bool => {
                let mut bytes = vec![BYTES];
                bytes.extend(words.iter().map(|word| u8::from(*word != 0)));
                bytes
            }
            Cells::Words(words) => encode_words(self.kind, words, effort),
        }
    }

    pub(super) fn decode(
        key: String,
        kind: Kind,
        count: usize,
        presence: &[u8],
        cells: &[u8],
    ) -> Result<Self, BadBlock> {
        const BAD: BadBlock = BadBlock::Malformed("column");
        let presence = decode_presence(count, presence).ok_or(BAD)?;
        let (codec, bytes) = cells.split_first().ok_or(BAD)?;
        let cells = if kind.in_tail() {
            let unpacked = if *codec == ZSTD { Some(unzstd(bytes).ok_or(BAD)?) } else { None };
            Cells::Texts(decode_texts(count, unpacked.as_deref().unwrap_or(bytes)).ok_or(BAD)?)
        } else {
            let words = decode_words(kind, count, *codec, bytes).ok_or(BAD)?;
            Cells::Words(words)
        };
        let column = Self { key, kind, presence, cells };
        if column.len() == count { Ok(column) } else { Err(BAD) }
    }

    /// Whether every cell belongs to one of this many rows, in order.
    pub(super) fn fits(&self, rows: usize) -> bool {
        match &self.presence {
            Presence::From(start) => *start as usize + self.len() <= rows,
            Presence::At(at) => {
                at.windows(2).all(|pair| pair[0] < pair[1])
                    && at.last().is_none_or(|last| (*last as usize) < rows)
            }
        }
    }
}

/// A word as the number it stands for.
#[inline]
#[expect(clippy::cast_precision_loss, reason = "charts draw floats; the integer itself is kept")]
pub fn number(kind: Kind, word: u64) -> f64 {
    match kind {
        Kind::F64 => f64::from_bits(word),
        Kind::I64 => word.cast_signed() as f64,
        _ => f64::from(u8::from(word != 0)),
    }
}

fn decode_presence(count: usize, bytes: &[u8]) -> Option<Presence> {
    let (start, mut rest) = bytes.split_first_chunk::<4>()?;
    let start = u32::from_le_bytes(*start);
    if start != u32::MAX {
        return rest.is_empty().then_some(Presence::From(start));
    }
    if count > rest.len() {
        return None;
    }
    let mut row = 0u32;
    let mut rows = Vec::with_capacity(count);
    for _ in 0..count {
        row = row.checked_add(u32::try_from(take_varint(&mut rest)?).ok()?)?;
        rows.push(row);
    }
    rest.is_empty().then_some(Presence::At(rows))
}
