//! What the spool commits at once: records, and how far they bring their
//! journals.

use pannier_proto::id::RunPath;

use super::snapshot::TakenOver;
use crate::block::Block;
use crate::clock::now_us;
use crate::store::{Incoming, JournalPosition, Result, Store};

/// What one commit takes in.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) blocks: Vec<(RunPath, Block)>,
    pub(super) positions: Vec<JournalPosition>,
    pub(super) taken_over: Vec<TakenOver>,
    /// Object, what, hint.
    pub(super) problems: Vec<(String, String, String)>,
    /// Runs of which a life ended.
    pub(super) ended: Vec<RunPath>,
}

impl Batch {
    /// One transaction: records, positions, problems.
    ///
    /// # Errors
    /// [`crate::store::StoreError`]; nothing is changed then.
    pub(super) fn commit(self, store: &Store) -> Result<()> {
        let batch = self;
        if batch.blocks.is_empty()
            && batch.positions.is_empty()
            && batch.problems.is_empty()
            && batch.taken_over.is_empty()
        {
            return Ok(());
        }
        let origin = store.origin();
        store.write_blocking(move |tx| {
            let now = now_us();
            for (path, block) in batch.blocks {
                tx.append(Incoming { path, origin, first_seq: None, block, encoded: None }, now)?;
            }
            for snapshot in &batch.taken_over {
                snapshot.commit(tx)?;
            }
            for position in batch.positions {
                tx.set_journal(position)?;
            }
            for (object, what, hint) in batch.problems {
                tx.problem(&object, &what, &hint, 1, now)?;
            }
            Ok(())
        })
    }
}
