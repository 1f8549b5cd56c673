//! Gives back the room of bytes that nobody needs: blobs that no record names,
//! then chunks that no blob has, then packs that are mostly dead. Which blobs
//! records name is the store's to say.
//!
//! Whoever names or stores a blob after a sweep began marks it with the sweep's
//! number, in the transaction that does so; and the packer notes the chunks that
//! blobs come to have. So what was found unneeded is removed only if it still is.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::packer::Packer;
use super::{BlobError, Blobs, Result, frame};
use crate::clock::now_us;
use crate::limits::{GC_GRACE, GC_INTERVAL};
use crate::store::{BlobRow, Candidate};

/// Rows that are looked at, or removed, at a time.
const PAGE: usize = 4096;
/// A pack is rewritten when less than this part of it is needed.
const LIVE_MIN: f64 = 0.5;
/// A fetched blob's last use is noted at most so often.
const USE_INTERVAL_US: i64 = 3600 * 1_000_000;

/// How often it is asked whether a day has passed.
const LOOK_INTERVAL: Duration = Duration::from_secs(3600);

/// How much may stay.
#[derive(Debug, Clone, Copy, Default)]
pub struct Budget {
    /// What was stored or named so lately stays.
    pub grace: Duration,
    /// Bytes of blobs; what was fetched and is not pinned gives way.
    pub max_bytes: Option<u64>,
    /// The same for the number of blobs.
    pub max_files: Option<u64>,
    /// Only count.
    pub dry_run: bool,
}

/// What was removed, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Blobs that no record named.
    pub garbage_files: u64,
    /// Their bytes.
    pub garbage_bytes: u64,
    /// Blobs that gave way to the budget; a remote has them.
    pub evicted_files: u64,
    /// Their bytes.
    pub evicted_bytes: u64,
    /// Chunks that no blob had any more.
    pub chunks: u64,
    /// Their bytes.
    pub chunk_bytes: u64,
    /// Packs that were removed.
    pub packs_removed: u64,
    /// Those of them of which something was copied before.
    pub packs_rewritten: u64,
    /// Bytes that the disk got back.
    pub freed_bytes: u64,
    /// Blobs that stay.
    pub kept_files: u64,
    /// Their bytes.
    pub kept_bytes: u64,
}

/// What a blob is to a sweep.
struct Sorted {
    garbage: Vec<Candidate>,
    evicted: Vec<Candidate>,
    kept_files: u64,
    kept_bytes: u64,
}

/// A set of ids that are dense: a bit each.
#[derive(Default)]
pub struct Ids(Vec<u64>);

impl Ids {
    fn place(id: i64) -> (usize, u64) {
        let id = usize::try_from(id).unwrap_or(0);
        (id / 64, 1 << (id % 64))
    }

    /// Adds one; whether it is new.
    pub fn insert(&mut self, id: i64) -> bool {
        let (word, bit) = Self::place(id);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }

    /// Whether it is in there.
    #[must_use]
    pub fn contains(&self, id: i64) -> bool {
        let (word, bit) = Self::place(id);
        self.0.get(word).is_some_and(|found| found & bit != 0)
    }
}

impl Blobs {
    /// Removes what nobody needs, and what is over the budget. `progress` hears
    /// of what is being done, and how far it is.
    ///
    /// # Errors
    /// [`BlobError::Sweeping`]; others, with nothing removed that is needed.
    pub fn sweep(&self, budget: &Budget, mut progress: impl FnMut(&'static str, u64, u64)) -> Result<Swept> {
        let _alone = self.sweeping.try_lock().map_err(|_held| BlobError::Sweeping)?;
        let store = &self.held.store;
        let now = now_us();
        let grace = i64::try_from(budget.grace.as_micros()).unwrap_or(i64::MAX);
        // One microsecond is less than none: of now is not before now.
        let before = now.saturating_sub(grace).saturating_add(i64::from(grace == 0));
        let number = match budget.dry_run {
            true => i64::MAX,
            false => store.write_blocking(move |tx| tx.begin_sweep(now))?,
        };
        if !budget.dry_run {
            // Whoever assembles a blob begins anew; whoever gave up holds nothing.
            self.assembling.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        let live = store.live_blobs()?;
        let sorted = self.sort(&live, before, number, budget)?;
        let mut swept = Swept {
            garbage_files: sorted.garbage.len() as u64,
            garbage_bytes: sorted.garbage.iter().map(|blob| blob.size).sum(),
            evicted_files: sorted.evicted.len() as u64,
            evicted_bytes: sorted.evicted.iter().map(|blob| blob.size).sum(),
            kept_files: sorted.kept_files,
            kept_bytes: sorted.kept_bytes,
            ..Swept::default()
        };
        let going: HashSet<i64> = sorted.garbage.iter().chain(&sorted.evicted).map(|blob| blob.id).collect();
        if budget.dry_run {
            let dead = self.dead_chunks(before, &going)?;
            swept.chunks = dead.len() as u64;
            swept.chunk_bytes = dead.iter().map(|(_, length)| u64::from(*length)).sum();
            return Ok(swept);
        }
        (swept.garbage_files, swept.garbage_bytes) =
            self.remove_blobs(&sorted.garbage, number, true, &mut progress)?;
        (swept.evicted_files, swept.evicted_bytes) =
            self.remove_blobs(&sorted.evicted, number, false, &mut progress)?;
        self.note_uses(true)?;
        let done = self.sweep_chunks(before, &mut swept);
        self.note_uses(false)?;
        done?;
        self.sweep_packs(&mut swept, &mut progress)?;
        Ok(swept)
    }

    fn sort(&self, live: &HashSet<i64>, before: i64, number: i64, budget: &Budget) -> Result<Sorted> {
        let mut sorted = Sorted { garbage: Vec::new(), evicted: Vec::new(), kept_files: 0, kept_bytes: 0 };
        let (mut after, mut yielding) = (0, Vec::new());
        loop {
            let page = self.held.store.sweep_candidates(after, before, number, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = last.id;
            for (candidate, old) in page {
                if old && !live.contains(&candidate.id) {
                    sorted.garbage.push(candidate);
                    continue;
                }
                sorted.kept_files += 1;
                sorted.kept_bytes += candidate.size;
                yielding.extend(candidate.yields_us.map(|used| (used, candidate)));
            }
        }
        yielding.sort_by_key(|(used, candidate)| (*used, candidate.id));
        let fits = |is: u64, max: Option<u64>| max.is_none_or(|max| is <= max);
        for (_, candidate) in yielding {
            if fits(sorted.kept_bytes, budget.max_bytes) && fits(sorted.kept_files, budget.max_files) {
                break;
            }
            sorted.kept_files -= 1;
            sorted.kept_bytes -= candidate.size;
            sorted.evicted.push(candidate);
        }
        Ok(sorted)
    }

    fn remove_blobs(
        &self,
        blobs: &[Candidate],
        number: i64,
        garbage: bool,
        progress: &mut impl FnMut(&'static str, u64, u64),
    ) -> Result<(u64, u64)> {
        let (mut count, mut bytes, mut done) = (0, 0, 0);
        for page in blobs.chunks(PAGE) {
            let ids: Vec<i64> = page.iter().map(|blob| blob.id).collect();
            let removed = self.held.store.write_blocking(move |tx| tx.sweep_blobs(&ids, number, garbage))?;
            (count, bytes, done) = (count + removed.0, bytes + removed.1, done + page.len() as u64);
            progress(if garbage { "files" } else { "evicted" }, done, blobs.len() as u64);
        }
        Ok((count, bytes))
    }

    /// From now on, or no longer, the packer notes which chunks blobs come to have.
    fn note_uses(&self, on: bool) -> Result<()> {
        self.in_packer(move |packer| {
            packer.named = on.then(HashSet::new);
            let unfinished = packer.unfinished();
            if on {
                let forget = move |tx: &crate::store::Tx<'_>| {
                    tx.forget_unfinished_blobs(&|id| unfinished.contains(&id))
                };
                packer.held.store.write_blocking(forget)?;
            }
            Ok(())
        })
    }

    /// Chunks that no blob has, but for those `without`.
    fn dead_chunks(&self, before: i64, without: &HashSet<i64>) -> Result<Vec<(i64, u32)>> {
        let (mut named, mut after) = (Ids::default(), (0, -1));
        loop {
            let page = self.held.store.segments_after(after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = (last.blob, i64::try_from(last.at).unwrap_or(i64::MAX));
            let needed = page.iter().filter(|segment| !without.contains(&segment.blob));
            for (id, _) in needed.flat_map(|segment| &segment.chunks) {
                named.insert(*id);
            }
        }
        let (mut dead, mut after) = (Vec::new(), 0);
        loop {
            let page = self.held.store.old_chunks(after, before, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(dead) };
            after = *last;
            dead.extend(page.into_iter().filter(|(id, _)| !named.contains(*id)));
        }
    }

    fn sweep_chunks(&self, before: i64, swept: &mut Swept) -> Result<()> {
        let dead = self.dead_chunks(before, &HashSet::new())?;
        for page in dead.chunks(PAGE) {
            let page = page.to_vec();
            let (count, bytes) = self.in_packer(move |packer| {
                let used = packer.in_use();
                let dead: Vec<_> = page.into_iter().filter(|(id, _)| !used.contains(id)).collect();
                let counted =
                    (dead.len() as u64, dead.iter().map(|(_, length)| u64::from(*length)).sum::<u64>());
                let ids: Vec<i64> = dead.into_iter().map(|(id, _)| id).collect();
                packer.held.store.write_blocking(move |tx| tx.sweep_chunks(&ids))?;
                Ok(counted)
            })?;
            swept.chunks += count;
            swept.chunk_bytes += bytes;
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "which part of a pack is needed, roughly")]
    fn sweep_packs(
        &self,
        swept: &mut Swept,
        progress: &mut impl FnMut(&'static str, u64, u64),
    ) -> Result<()> {
        let packs = self.held.store.pack_use()?.into_iter();
        let poor: Vec<_> = packs
            .map(|(pack, length, chunks, bytes)| (pack, length, bytes + chunks * frame::HEAD as u64))
            .filter(|(_, length, live)| (*live as f64) < *length as f64 * LIVE_MIN)
            .collect();
        for (done, (pack, length, _)) in poor.iter().enumerate() {
            let pack = *pack;
            let moved = self.in_packer(move |packer| packer.rewrite(pack))?;
            if let Some(moved) = moved {
                swept.packs_removed += 1;
                swept.packs_rewritten += u64::from(moved > 0);
                swept.freed_bytes += length.saturating_sub(moved);
            }
            progress("packs", done as u64 + 1, poor.len() as u64);
        }
        Ok(())
    }

    /// Notes that a fetched blob was asked for.
    pub(super) fn used(&self, blob: &BlobRow) {
        let (id, now) = (blob.id, now_us());
        if now - blob.used_us > USE_INTERVAL_US {
            // Which goes first when room is short is no matter of correctness.
            let _ = self.held.store.write_blocking(move |tx| tx.use_blob(id, now));
        }
    }
}

/// Looks once a day for what nobody needs, and once an hour whether more is here
/// than may stay, for as long as the daemon runs.
pub async fn daily(blobs: Arc<Blobs>) {
    loop {
        let blobs = blobs.clone();
        // Off the runtime's threads; nobody waits for it.
        let looked = tokio::task::spawn_blocking(move || {
            let store = &blobs.held.store;
            let (last, max_bytes) = (store.last_sweep()?, store.disk_budget()?);
            let since = |last| u128::try_from(now_us().saturating_sub(last)).unwrap_or(0);
            let bytes: u64 = store.packs()?.into_iter().map(|(_, bytes)| bytes).sum();
            let due = last.is_none_or(|last| since(last) >= GC_INTERVAL.as_micros())
                || max_bytes.is_some_and(|max| bytes > max);
            let budget = Budget { grace: GC_GRACE, max_bytes, ..Budget::default() };
            if due { blobs.sweep(&budget, |_, _, _| ()).map(Some) } else { Ok(None) }
        });
        match looked.await {
            Ok(Ok(Some(Swept { garbage_files, evicted_files, freed_bytes, .. })))
                if garbage_files + evicted_files > 0 =>
            {
                tracing::info!(
                    "removed {garbage_files} files that nothing names, and {evicted_files} that a remote has; \
                     {freed_bytes} bytes are free"
                );
            }
            Ok(Err(error)) => tracing::warn!("what nothing names is not removed: {error}"),
            Ok(Ok(_)) | Err(_) => {}
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

impl Packer {
    /// Copies what is needed of a pack to where writing goes on, and removes it.
    /// How much that was; none where something of it cannot be read: then it
    /// stays as it is, for `verify`.
    fn rewrite(&mut self, pack: i64) -> Result<Option<u64>> {
        let before = self.pack;
        if self.pack.is_some_and(|(current, _)| current == pack) {
            self.pack = None;
        }
        let moved = self.move_chunks(pack).and_then(|moved| self.try_commit().map(|()| moved));
        match moved {
            Ok(moved) => {
                self.held.packs.cut(pack, 0)?;
                Ok(Some(moved))
            }
            Err(error @ BlobError::Damaged { .. }) => {
                tracing::warn!("pack {pack} is not rewritten: {error}");
                self.take_back();
                self.pack = self.pack.or(before);
                Ok(None)
            }
            Err(error) => {
                self.fail(&error);
                Err(error)
            }
        }
    }

    fn move_chunks(&mut self, pack: i64) -> Result<u64> {
        let mut moved = 0;
        for chunk in self.held.store.chunks_of_pack(pack)? {
            let bytes = self.held.chunk(&chunk)?;
            let place = self.append(&chunk.digest, &bytes)?;
            self.group.filed.moved.push((chunk.id, place));
            moved += frame::size(place.length);
        }
        self.group.filed.emptied.push(pack);
        Ok(moved)
    }
}
