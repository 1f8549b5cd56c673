//! Blocks that are kept unpacked for whoever reads a history page by page: a page
//! is much smaller than a block.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use pannier_proto::record::Table;
use rusqlite::Connection;

use super::Result;
use super::history::columns_of;
use crate::block::Column;

/// Sealed blocks that are kept unpacked: those that somebody reads page by page.
const KEPT: usize = 2;
/// The largest block that is kept so, in cells.
pub(super) const POINTS_MAX: i64 = 1 << 20;

/// The history of the sealed blocks that were read last, unpacked. A sealed block
/// is never changed, and its id is never another's.
#[derive(Default)]
pub(super) struct Unpacked(Mutex<VecDeque<(i64, Arc<Vec<Column>>)>>);

impl Unpacked {
    /// A block's columns.
    pub(super) fn columns(&self, sql: &Connection, block: i64) -> Result<Arc<Vec<Column>>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, columns)) = known.iter().find(|(id, _)| *id == block) {
            return Ok(columns.clone());
        }
        drop(known);
        let columns = Arc::new(columns_of(sql, block, Table::History, |_| true)?);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.truncate(KEPT - 1);
        known.push_front((block, columns.clone()));
        Ok(columns)
    }
}
