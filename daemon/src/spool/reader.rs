//! The spool's thread: what it believes about each journal, and how it brings
//! what they hold into the store.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use pannier_proto::hub::StreamId;
use pannier_proto::id::{RunPath, WriterId};
use pannier_proto::journal::Open;
use pannier_proto::record::{Change, RunState};

use super::batch::Batch;
use super::event::Event;
use super::journal::Journal;
use super::{Command, Drained, Folders, Hooks, LiveWriter, SpoolView};
use crate::block::Block;
use crate::clock::now_us;
use crate::health::Health;
use crate::limits::{COMMIT_BYTES, READ_BYTES, SCAN_INTERVAL, TAIL_INTERVAL};
use crate::store::{JournalPosition, Result, Store, StoreError};

/// How often it is checked whether writers still live.
const LIFE_INTERVAL: Duration = Duration::from_millis(500);
/// How long to wait after the store refused a commit.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

pub(super) struct Reader {
    pub(super) folders: Folders,
    pub(super) store: Arc<Store>,
    health: Arc<Health>,
    pub(super) hooks: Hooks,
    pub(super) journals: BTreeMap<WriterId, Journal>,
    /// Folders that cannot be read; each is reported once.
    pub(super) refused: HashSet<PathBuf>,
    /// Runs of which a life ended: to be sealed when nobody waits for us.
    ended: Vec<RunPath>,
    buffer: Vec<u8>,
}

impl Reader {
    pub(super) fn new(folders: Folders, store: Arc<Store>, health: Arc<Health>, hooks: Hooks) -> Self {
        Self {
            folders,
            store,
            health,
            hooks,
            journals: BTreeMap::new(),
            refused: HashSet::new(),
            ended: Vec::new(),
            buffer: Vec::new(),
        }
    }

    pub(super) fn run(&mut self, queue: &Receiver<Command>, show: &tokio::sync::watch::Sender<SpoolView>) {
        let mut scanned: Option<Instant> = None;
        let mut lives_checked = Instant::now();
        let mut look = true;
        loop {
            if look || scanned.is_none_or(|at| at.elapsed() >= SCAN_INTERVAL) {
                self.discover();
                scanned = Some(Instant::now());
                look = false;
            }
            let check_lives = lives_checked.elapsed() >= LIFE_INTERVAL;
            if check_lives {
                lives_checked = Instant::now();
            }
            let wait = match self.round(check_lives) {
                Ok(true) => Duration::ZERO,
                Ok(false) if self.journals.is_empty() => SCAN_INTERVAL,
                Ok(false) => TAIL_INTERVAL,
                Err(error) => self.step_back(&error),
            };
            self.show(show);
            let wait = if self.ended.is_empty() { wait } else { Duration::ZERO };
            match queue.recv_timeout(wait) {
                Ok(Command::Look) => look = true,
                Ok(Command::Drain(writer, tell)) => {
                    let drained = self.drain(writer);
                    self.show(show);
                    // Whoever asked may have gone.
                    let _ = tell.send(drained);
                }
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => {
                    self.drain(None);
                    self.settle();
                    return;
                }
                Err(RecvTimeoutError::Timeout) => self.settle(),
            }
        }
    }

    /// Seals what ended, forgets journals that are gone, gives room back: after whoever waits for a commit
    /// was answered.
    pub(super) fn settle(&mut self) {
        let ended = std::mem::take(&mut self.ended);
        if ended.is_empty() {
            return;
        }
        let gone = self.store.journals().unwrap_or_default().into_iter().map(|position| position.writer);
        let gone: Vec<WriterId> =
            gone.filter(|writer| !self.folders.spool.join(writer.to_string()).exists()).collect();
        let sealed = self.store.write_blocking(move |tx| {
            gone.into_iter().try_for_each(|writer| tx.forget_journal(writer))?;
            ended.iter().try_for_each(|path| tx.seal_run(path))
        });
        if let Err(error) = sealed.and_then(|()| self.store.compact()) {
            // Nothing is lost: it is only larger than it need be.
            self.health.bad("store", &error.to_string(), "make room on the disk of the home");
        }
    }

    fn show(&self, show: &tokio::sync::watch::Sender<SpoolView>) {
        let live = self.journals.values().filter(|journal| !journal.is_done());
        let live = live
            .filter_map(|journal| journal.head())
            .map(|open| LiveWriter { path: open.path.clone(), pid: open.pid });
        let unread_bytes = self.journals.values().map(Journal::unread_bytes).sum();
        show.send_replace(SpoolView { live: live.collect(), unread_bytes });
    }

    /// Finds writers that are not known yet.
    pub(super) fn discover(&mut self) {
        let entries = match fs::read_dir(&self.folders.spool) {
            Ok(entries) => entries,
            Err(error) => {
                self.health.bad(
                    "spool",
                    &format!("cannot read {}: {error}", self.folders.spool.display()),
                    "check the rights of the home",
                );
                return;
            }
        };
        let mut positions: Option<BTreeMap<WriterId, JournalPosition>> = None;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(writer) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            if self.journals.contains_key(&writer) || self.refused.contains(&entry.path()) {
                continue;
            }
            let known = positions.get_or_insert_with(|| {
                let journals = self.store.journals().unwrap_or_default();
                journals.into_iter().map(|position| (position.writer, position)).collect()
            });
            if known.get(&writer).is_some_and(|position| position.done) {
                // All of it is committed; we died while we removed it.
                self.remove(&entry.path());
                continue;
            }
            match Journal::open(&entry.path(), writer, known.get(&writer).copied()) {
                Ok(journal) => drop(self.journals.insert(writer, journal)),
                // Its first segment is about to be there; or it is being removed.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    tracing::warn!("cannot read the journal {}: {error}", entry.path().display());
                    self.refused.insert(entry.path());
                }
            }
        }
    }

    /// Reads what is new, commits it, and cleans up behind it. True: there is more.
    pub(super) fn round(&mut self, check_lives: bool) -> Result<bool> {
        if check_lives {
            for journal in self.journals.values_mut() {
                if !journal.is_done() && journal.lock_is_free() {
                    journal.writer_is_gone();
                }
            }
        }
        let mut budget = COMMIT_BYTES;
        let mut batch = Batch::default();
        let mut more = false;
        // In the order of their lives: after a time without a daemon, several
        // lives of one run may wait here.
        let mut writers: Vec<_> =
            self.journals.values().map(|journal| (journal.begun_us(), journal.writer())).collect();
        writers.sort_unstable();
        for (_, writer) in writers {
            more |= self.read_one(writer, &mut batch, &mut budget)?;
        }
        let ended = std::mem::take(&mut batch.ended);
        self.commit(batch)?;
        // One huge frame must not be remembered as memory.
        self.buffer.truncate(0);
        self.buffer.shrink_to(2 * READ_BYTES);
        self.ended.extend(ended);
        self.remove_done();
        self.health.good("store");
        Ok(more)
    }

    fn read_one(&mut self, writer: WriterId, batch: &mut Batch, budget: &mut usize) -> Result<bool> {
        let Some(journal) = self.journals.get_mut(&writer) else { return Ok(false) };
        if journal.is_done() {
            return Ok(false);
        }
        let before = journal.position();
        let mut block = Block::default();
        journal.begin_block();
        let more = loop {
            let Some(journal) = self.journals.get_mut(&writer) else { return Ok(false) };
            let event = match journal.read(&mut block, &mut self.buffer, budget) {
                Ok(event) => event,
                Err(error) => {
                    let object = format!("journal {}", journal.dir().display());
                    self.health.bad(
                        &object,
                        &format!("cannot be read: {error}"),
                        "check the disk; it is tried again",
                    );
                    break false;
                }
            };
            match event {
                Event::CaughtUp => break false,
                Event::More => break true,
                Event::Closed => {
                    self.at_close(writer, &mut block, batch);
                    break false;
                }
                Event::Begin => self.at_begin(writer, &mut block, batch)?,
                Event::Logged(logged) => self.take_over(writer, logged, batch)?,
                Event::Unusable { why, segment, offset, bytes } => {
                    self.set_aside(writer, why, (segment, offset), &bytes, batch);
                }
                Event::Newer(version) => {
                    self.at_newer(writer, version, batch);
                    break false;
                }
            }
        };
        let Some(journal) = self.journals.get(&writer) else { return Ok(more) };
        self.tell_of_programs(journal, &block);
        if let Some(path) = journal.path().cloned()
            && !block.is_empty()
        {
            batch.blocks.push((path, block));
        }
        if journal.position() != before {
            batch.positions.push(journal.position());
        }
        Ok(more)
    }

    fn tell_of_programs(&self, journal: &Journal, block: &Block) {
        for change in block.changes() {
            if let Change::Metadata { set } = change
                && let Some(program) = set.get("program").and_then(|program| program.as_object())
                && let Some(path) = journal.path()
            {
                (self.hooks.program)(path.clone(), program.clone());
            }
        }
    }

    /// A life begins. Where it is no continuation, starts at or before the run's
    /// last step, and nobody else writes the run, it leaves the branch behind it.
    fn at_begin(&mut self, writer: WriterId, block: &mut Block, batch: &mut Batch) -> Result<()> {
        let Some(journal) = self.journals.get_mut(&writer) else { return Ok(()) };
        let (Some(begin), Some(open)) = (journal.take_begin(), journal.head().cloned()) else {
            return Ok(());
        };
        if let Some(remote) = &open.remote {
            (self.hooks.remote)(remote.clone());
        }
        // What others wrote of this run comes first, and is seen below. The block
        // is empty here: the journal ends its reading in front of a life.
        debug_assert!(block.is_empty());
        let mut earlier = std::mem::take(batch);
        self.ended.append(&mut earlier.ended);
        self.commit(earlier)?;
        let id = StreamId { origin: self.store.origin(), path: open.path.clone() };
        let last_step = self.store.position(&id)?.and_then(|(_, _, last_step)| last_step);
        if let Change::Begin { start_step, resumed: false, .. } = &begin
            && last_step.is_some_and(|last| *start_step <= last)
            && !self.others_live(writer, &open)
        {
            block.push_change(Change::Rewind { step: *start_step });
        }
        block.push_change(begin);
        Ok(())
    }

    fn others_live(&self, writer: WriterId, open: &Open) -> bool {
        self.journals.values().any(|other| {
            other.writer() != writer
                && !other.is_done()
                && other.path() == Some(&open.path)
                && !other.lock_is_free()
        })
    }

    /// The last record is read; a life that ended without a word crashed.
    fn at_close(&mut self, writer: WriterId, block: &mut Block, batch: &mut Batch) {
        let Some(journal) = self.journals.get(&writer) else { return };
        let Some(open) = journal.head().cloned() else { return };
        let others = self.others_live(writer, &open);
        if journal.ends_unsaid() && !others {
            block.push_change(Change::End { time_us: now_us(), state: RunState::Crashed, exit_code: None });
        }
        if !others {
            batch.ended.push(open.path);
        }
    }

    /// Deletes what is committed: consumed segments, and folders of writers
    /// that are done.
    fn remove_done(&mut self) {
        let done = self.journals.values().filter(|journal| journal.is_done());
        let done: Vec<_> = done.map(|journal| (journal.writer(), journal.dir().to_owned())).collect();
        for (writer, dir) in done {
            self.remove(&dir);
            self.journals.remove(&writer);
        }
        self.journals.values().for_each(Journal::delete_consumed);
    }

    /// Removes the folder of a journal that is committed whole.
    fn remove(&mut self, dir: &Path) {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!("cannot remove {}: {error}", dir.display());
                self.refused.insert(dir.to_owned());
            }
            _ => {}
        }
    }

    pub(super) fn drain(&mut self, writer: Option<WriterId>) -> Drained {
        self.discover();
        if writer.is_some_and(|writer| !self.journals.contains_key(&writer)) {
            return Drained::Unknown;
        }
        let mut check_lives = writer.is_none();
        loop {
            match self.round(std::mem::take(&mut check_lives)) {
                Ok(true) => {}
                Ok(false) => return Drained::Durable,
                Err(error) => {
                    self.step_back(&error);
                    return Drained::Failed;
                }
            }
        }
    }

    /// After any failure: forget what we believe, and ask the store again.
    fn step_back(&mut self, error: &StoreError) -> Duration {
        let hint = match error {
            StoreError::Full => {
                "make room on the disk of the home; training goes on, and records wait in the spool"
            }
            _ => "see the log in the home; records wait in the spool, and it is tried again",
        };
        self.health.bad("store", &error.to_string(), hint);
        if matches!(error, StoreError::Full) {
            // What the WAL holds twice is room for the next try, which says so if not.
            let _ = self.store.compact();
        }
        self.journals.clear();
        self.discover();
        RETRY_INTERVAL
    }
}
