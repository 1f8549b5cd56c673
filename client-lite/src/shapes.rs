//! Owns the shapes of rows that were logged: which keys, of which kinds, in
//! which order. Bounded. Must not do any I/O.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use pannier_proto::journal::SHAPE_COLUMNS_MAX;
use pannier_proto::record::Table;
use pannier_proto::value::Kind;

use crate::cell::Cell;
use crate::figures::{Figures, Metric};

/// The most shapes that are remembered, and defined in one segment.
pub const SHAPES_MAX: usize = 4096;
/// How many shapes are tried before the map is asked.
const RECENT: usize = 4;

/// Names a shape for as long as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShapeId {
    generation: u32,
    index: u32,
}

/// One column of a shape.
#[derive(Debug)]
pub struct Column {
    /// Its key.
    pub key: Arc<str>,
    /// Where its figures are.
    pub metric: Metric,
    /// What its cells are.
    pub kind: Kind,
}

/// A remembered shape.
#[derive(Debug)]
pub struct Shape {
    /// Of which table.
    pub table: Table,
    /// Its columns.
    pub columns: Box<[Column]>,
    /// The segment's serial in which it was defined last, and its id there.
    pub defined: Option<(u64, u32)>,
}

impl Shape {
    fn fits(&self, table: Table, cells: &[(&str, Cell)]) -> bool {
        self.table == table
            && self.columns.len() == cells.len()
            && self.columns.iter().zip(cells).all(|(c, (key, cell))| c.kind == cell.kind() && *c.key == **key)
    }
}

/// The shapes of a writer.
#[derive(Debug, Default)]
pub struct Shapes {
    shapes: Vec<Shape>,
    by_hash: HashMap<u64, Vec<u32>>,
    recent: [u32; RECENT],
    next_recent: usize,
    columns: usize,
    generation: u32,
    next_id: u32,
}

impl Shapes {
    /// The shape of these cells, where it is remembered.
    pub fn find(&mut self, table: Table, cells: &[(&str, Cell)]) -> Option<ShapeId> {
        let fits =
            |index: &u32| self.shapes.get(*index as usize).is_some_and(|shape| shape.fits(table, cells));
        if let Some(index) = self.recent.iter().find(|index| fits(index)) {
            return Some(self.id(*index));
        }
        let index = *self.by_hash.get(&hash(table, cells))?.iter().find(|index| fits(index))?;
        self.remember(index);
        Some(self.id(index))
    }

    /// Remembers a shape. True where all others had to be forgotten for it.
    pub fn add(&mut self, table: Table, cells: &[(&str, Cell)], figures: &mut Figures) -> (ShapeId, bool) {
        let full = self.shapes.len() >= SHAPES_MAX || self.columns + cells.len() > SHAPE_COLUMNS_MAX;
        let cleared = full && !self.shapes.is_empty();
        if cleared {
            let generation = self.generation.wrapping_add(1);
            *self = Self { generation, next_id: self.next_id, ..Self::default() };
        }
        let column = |(key, cell): &(&str, Cell)| {
            let key = Arc::from(*key);
            let metric = if table == Table::History { figures.place(&key) } else { Metric::MAX };
            Column { key, metric, kind: cell.kind() }
        };
        let columns = cells.iter().map(column).collect();
        // At most SHAPES_MAX.
        let index = u32::try_from(self.shapes.len()).unwrap_or(u32::MAX);
        self.shapes.push(Shape { table, columns, defined: None });
        self.columns += cells.len();
        self.by_hash.entry(hash(table, cells)).or_default().push(index);
        self.remember(index);
        (self.id(index), cleared)
    }

    /// The shape, unless it was forgotten.
    #[inline]
    pub fn get(&mut self, id: ShapeId) -> Option<&mut Shape> {
        if id.generation == self.generation { self.shapes.get_mut(id.index as usize) } else { None }
    }

    /// Whether the shape is still remembered.
    #[inline]
    pub fn knows(&self, id: ShapeId) -> bool {
        id.generation == self.generation
    }

    /// An id for a shape's definition, never given before.
    pub fn next_id(&mut self) -> u32 {
        self.next_id = self.next_id.wrapping_add(1);
        self.next_id
    }

    fn id(&self, index: u32) -> ShapeId {
        ShapeId { generation: self.generation, index }
    }

    fn remember(&mut self, index: u32) {
        self.recent[self.next_recent] = index;
        self.next_recent = (self.next_recent + 1) % RECENT;
    }
}

fn hash(table: Table, cells: &[(&str, Cell)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    table.hash(&mut hasher);
    for (key, cell) in cells {
        (key, cell.kind()).hash(&mut hasher);
    }
    hasher.finish()
}
