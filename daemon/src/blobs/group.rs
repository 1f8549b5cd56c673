//! What is made durable together: first the bytes, then the index, then the
//! answers. All of it or nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::packer::{Packer, Tell};
use super::packs::Packs;
use super::{BlobError, Result};
use crate::store::Filed;

/// Full packs that are synced while the next ones are filled.
const SYNCING_MAX: usize = 4;

/// What was done since the last commit.
#[derive(Default)]
pub struct Group {
    /// For the index.
    pub filed: Filed,
    /// Who waits.
    pub sealed: Vec<Tell>,
    /// Bytes that were appended.
    pub bytes: u64,
    /// Packs that grew: how long they were, and are.
    grown: BTreeMap<i64, (u64, u64)>,
    /// Full packs that are being synced.
    syncing: Vec<(i64, JoinHandle<Result<()>>)>,
}

impl Group {
    /// A pack grows from one length to another.
    pub fn pack_grows(&mut self, pack: i64, from: u64, to: u64) {
        self.grown.entry(pack).or_insert((from, to)).1 = to;
        self.bytes += to - from;
    }

    /// Begins to sync a pack that is full.
    pub fn sync_ahead(&mut self, packs: &Arc<dyn Packs>, pack: i64) -> Result<()> {
        if !self.grown.contains_key(&pack) {
            return Ok(());
        }
        if self.syncing.len() >= SYNCING_MAX {
            let (_, oldest) = self.syncing.remove(0);
            oldest.join().unwrap_or(Err(BlobError::Closed))?;
        }
        let packs = packs.clone();
        self.syncing.push((pack, std::thread::spawn(move || packs.sync(pack))));
        Ok(())
    }

    fn sync(&mut self, packs: &Arc<dyn Packs>, last: Option<i64>) -> Result<()> {
        let ahead = std::mem::take(&mut self.syncing);
        let last = last.filter(|pack| self.grown.contains_key(pack)).map_or(Ok(()), |pack| packs.sync(pack));
        // All are waited for: none must be under way when packs are cut.
        let done: Vec<_> =
            ahead.into_iter().map(|(_, sync)| sync.join().unwrap_or(Err(BlobError::Closed))).collect();
        done.into_iter().collect::<Result<()>>().and(last)
    }
}

impl Packer {
    /// Makes durable what there is, and answers.
    pub(super) fn commit(&mut self) {
        if let Err(error) = self.try_commit() {
            self.fail(&error);
        }
    }

    /// [`Packer::commit`] for whoever must know.
    ///
    /// # Errors
    /// [`BlobError`]; the caller then calls [`Packer::fail`].
    pub(super) fn try_commit(&mut self) -> Result<()> {
        self.write_out()?;
        if let Err(error) = self.group.sync(&self.held.packs, self.pack.map(|(pack, _)| pack)) {
            // The kernel may have dropped what it could not write, and a second
            // sync would not tell. Nothing more goes behind it.
            self.pack = None;
            return Err(error);
        }
        let mut filed = std::mem::take(&mut self.group.filed);
        filed.packs = self.group.grown.iter().map(|(pack, (_, length))| (*pack, *length)).collect();
        let named: Vec<i64> =
            filed.segments.iter().flat_map(|segment| segment.chunks.iter().map(|(id, _)| *id)).collect();
        if !filed.is_empty() {
            self.held.store.write_blocking(move |tx| tx.file_bytes(&filed))?;
        }
        if let Some(since) = &mut self.named {
            since.extend(named);
        }
        self.fresh.clear();
        for tell in std::mem::take(&mut self.group).sealed {
            // Whoever waited may have gone.
            let _ = tell.send(Ok(()));
        }
        Ok(())
    }

    /// Nothing of what is under way is kept: where the disk is full, the room is
    /// needed by whoever fits.
    pub(super) fn fail(&mut self, error: &BlobError) {
        let recipes = std::mem::take(&mut self.recipes);
        for (ticket, _) in recipes.into_values() {
            // A first failure is as good.
            let _ = ticket.failure.set(error.clone());
        }
        for tell in std::mem::take(&mut self.group.sealed) {
            let _ = tell.send(Err(error.clone()));
        }
        if matches!(error, BlobError::Closed) {
            // Whether the index has it is not known: the next start looks.
            (self.pack, self.group) = (None, Group::default());
        }
        self.take_back();
    }

    /// Undoes what is not in the index.
    pub(super) fn take_back(&mut self) {
        // Their end must not come after the cut.
        let synced = self.group.sync(&self.held.packs, None);
        let group = std::mem::take(&mut self.group);
        self.fresh.clear();
        self.waiting.clear();
        let broken = self.pack.is_none() || synced.is_err();
        self.pack = self.pack.filter(|(pack, _)| !broken && !group.grown.contains_key(pack));
        for (pack, (length, _)) in group.grown {
            match self.held.packs.cut(pack, length) {
                // The one that was there before goes on.
                Ok(()) if length > 0 && !broken => self.pack = self.pack.or(Some((pack, length))),
                Ok(()) => {}
                Err(error) => tracing::warn!("what was not kept takes room until the next start: {error}"),
            }
        }
    }
}
