//! Brings one remote up to date: ask, plan, push, advance. It knows neither the
//! remote's transport nor who wakes it.
//!
//! A cursor moves on the remote's answer only. After any doubt the remote is
//! asked where it stands, and the cursors are set to that, also backwards.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use pannier_proto::PROTOCOL_VERSION;
use pannier_proto::hub::{Position, PushAnswer, Pushed, StreamId};
use pannier_proto::id::{Id128, Seq};
use tokio::time::Instant;

use super::backoff::RetryPolicy;
use super::batch::{self, Batch, Wanted};
use super::plan::Turn;
use super::remote::{Remote, RemoteError};
use super::seen::Seen;
use super::{blocking, carry, learn};
use crate::blobs::Blobs;
use crate::limits::{POSITIONS_MAX, PUSH_BYTES, PUSH_SHARE_BYTES, REMOTE_CHECK_INTERVAL, RETRY_AFTER_MAX};
use crate::store::{CursorRow, Store, StoreError, StreamState};

/// What to do after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Take the next one at once.
    More,
    /// Wait for new records, or for the next check.
    Idle,
    /// Wait so long.
    Wait(Duration),
}

/// Which streams the remote is to be asked about before anything is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ask {
    Nothing,
    /// Those that it lacks something of.
    Queued,
    /// All.
    Everything,
}

/// Why a step came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Remote(#[from] RemoteError),
    #[error("cannot read or note it here: {0}")]
    Store(#[from] StoreError),
}

/// Syncs one remote, step by step.
pub struct Engine<R> {
    name: String,
    store: Arc<Store>,
    blobs: Arc<Blobs>,
    pub(super) remote: Arc<R>,
    policy: Box<dyn RetryPolicy>,
    seen: Arc<Seen>,
    ask: Ask,
    epoch: Option<Id128>,
    asked: Option<Instant>,
    /// About how many bytes a push has: halved when one fails, doubled when one
    /// arrives.
    budget: usize,
    /// The most that the remote takes.
    ceiling: usize,
    turn: Turn,
    /// Streams of a push that was refused as a whole, to be sent one by one.
    suspects: BTreeSet<i64>,
    /// The batch behind the one that was just stored.
    ready: Option<Batch>,
    /// Answers in a row that were not as expected.
    doubts: u32,
}

/// More of them in a row are a fault there, not a restart.
const DOUBTS_MAX: u32 = 3;

impl<R: Remote> Engine<R> {
    /// For a remote that the store knows by this name.
    pub fn new(
        name: &str,
        store: Arc<Store>,
        blobs: Arc<Blobs>,
        remote: Arc<R>,
        policy: Box<dyn RetryPolicy>,
        seen: Arc<Seen>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            store,
            blobs,
            remote,
            policy,
            seen,
            // A home, too, may have been restored from a backup.
            ask: Ask::Everything,
            epoch: None,
            asked: None,
            budget: PUSH_BYTES,
            ceiling: PUSH_BYTES,
            turn: Turn::default(),
            suspects: BTreeSet::new(),
            ready: None,
            doubts: 0,
        }
    }

    /// Does the next thing that is due.
    pub async fn step(&mut self) -> Step {
        match self.try_step().await {
            Ok(step) => step,
            Err(trouble) => Step::Wait(self.failed(&trouble)),
        }
    }

    /// Someone acted: parked runs are to be tried again, and all else, too.
    pub async fn retry(&mut self) {
        let name = self.name.clone();
        let unpark = |store: &Store| store.write_blocking(move |tx| tx.unpark(&name));
        if let Err(error) = blocking(&self.store, unpark).await {
            tracing::warn!("remote {}: cannot unpark its runs: {error}", self.name);
        }
        self.policy.reset();
        self.ask = Ask::Everything;
        (self.budget, self.ceiling) = (PUSH_BYTES, PUSH_BYTES);
    }

    /// When the remote is to be asked again although nothing is new.
    #[must_use]
    pub fn check_at(&self) -> Instant {
        self.asked.map_or_else(Instant::now, |at| at + REMOTE_CHECK_INTERVAL)
    }

    async fn try_step(&mut self) -> Result<Step, Trouble> {
        if self.ask != Ask::Nothing || Instant::now() >= self.check_at() {
            self.ask().await?;
        }
        let batch = match self.ready.take() {
            Some(batch) => batch,
            None => self.read(HashMap::new()).await?,
        };
        for lost in &batch.unreadable {
            self.park(&batch.streams, lost.stream, lost.after, &lost.reason).await?;
        }
        if !batch.blocks.is_empty() {
            self.seen.behind(true);
            return self.push(batch).await;
        }
        if self.suspects.pop_first().is_some() || !batch.unreadable.is_empty() {
            return Ok(Step::More);
        }
        self.settle().await
    }

    /// Everything has gone, be it just now: a run that is being written has news by
    /// the next step.
    async fn settle(&mut self) -> Result<Step, Trouble> {
        learn::numbers(&*self.remote, &self.store, &self.name).await?;
        let left = self.remote.settle().await?;
        self.policy.reset();
        self.seen.behind(left.is_some());
        Ok(left.map_or(Step::Idle, Step::Wait))
    }

    async fn read(&self, assumed: HashMap<i64, Seq>) -> Result<Batch, Trouble> {
        let only = self.suspects.first().copied();
        // One block is enough to know whether a suspect is at fault.
        let budget = if only.is_some() { 1 } else { self.budget };
        let wanted = Wanted { remote: self.name.clone(), assumed, turn: self.turn, budget, only };
        Ok(blocking(&self.store, move |store| batch::read(store, &wanted)).await?)
    }

    /// Asks who the remote is and where streams stand there.
    async fn ask(&mut self) -> Result<(), Trouble> {
        self.ready = None;
        let info = self.remote.info().await?;
        if info.protocol != PROTOCOL_VERSION {
            let (theirs, ours) = (info.protocol, PROTOCOL_VERSION);
            let older = if theirs < ours { "there" } else { "here" };
            let what =
                format!("it speaks protocol {theirs}, this pannier protocol {ours}: update pannier {older}");
            return Err(RemoteError::Rejected(what).into());
        }
        if info.origin == self.store.origin() {
            let what = "it is this very home: remove it with `pannier remote remove`";
            return Err(RemoteError::Rejected(what.into()).into());
        }
        learn::organizations(&*self.remote, &self.store, &self.name).await?;
        if self.epoch != Some(info.epoch) {
            self.ask = Ask::Everything;
            (self.budget, self.ceiling) = (PUSH_BYTES, PUSH_BYTES);
        }
        let (name, all) = (self.name.clone(), self.ask == Ask::Everything);
        let streams = blocking(&self.store, move |store| store.streams_for(&name, all)).await?;
        for asked in streams.chunks(POSITIONS_MAX) {
            let names: Vec<StreamId> = asked.iter().map(|stream| stream.id.clone()).collect();
            let answer = self.remote.positions(&names).await?;
            if answer.positions.len() != asked.len() {
                return Err(RemoteError::transient(MISFIT).into());
            }
            if answer.epoch != info.epoch {
                self.ask = Ask::Everything;
                return Err(
                    RemoteError::transient("it was started anew while it was asked where it stands").into()
                );
            }
            let rows = asked.iter().zip(&answer.positions);
            let rows = rows.filter(|(stream, there)| {
                let news = stream.parked.is_none() && self.conflict(stream, **there).is_some();
                news || stream.sent != there.seq
            });
            let rows = rows.map(|(stream, there)| CursorRow {
                stream: stream.stream,
                seq: there.seq,
                last_step: there.last_step,
                parked: stream.parked.clone().or_else(|| self.conflict(stream, *there)),
            });
            self.set_cursors(rows.collect(), None).await?;
        }
        if self.epoch != Some(info.epoch) {
            self.set_cursors(Vec::new(), Some(info.epoch)).await?;
            self.epoch = Some(info.epoch);
        }
        self.ask = Ask::Nothing;
        self.asked = Some(Instant::now());
        self.seen.contact();
        Ok(())
    }

    /// A remote can have more of our own records than we have only if this home
    /// lost some. New ones would get the numbers of those, and be taken for them.
    fn conflict(&self, stream: &StreamState, there: Position) -> Option<String> {
        let mut here = stream.last_seq;
        if stream.id.origin == self.store.origin() && there.seq > here {
            // A run that is being written goes on after the list was made, and
            // what was sent may be newer than it.
            here = self.store.position(&stream.id).ok().flatten().map_or(here, |(_, seq, _)| seq);
        }
        let lost = stream.id.origin == self.store.origin() && there.seq > here;
        lost.then(|| {
            format!(
                "the remote has {} records of this run and this home only {}: was it restored from a backup? \
                 Nothing more of this run is sent; log to a new run",
                there.seq, here
            )
        })
    }

    async fn push(&mut self, mut batch: Batch) -> Result<Step, Trouble> {
        let blocks = std::mem::take(&mut batch.blocks);
        self.turn = batch.turn;
        let alone = !self.suspects.is_empty();
        let ahead =
            async { if batch.more && !alone { self.read(batch.ends()).await.map(Some) } else { Ok(None) } };
        // The next batch is read while this one is under way.
        let push = async {
            let gone = carry::blobs(&*self.remote, &self.blobs, &blocks, &self.seen.files_left).await?;
            self.remote.push(blocks, gone).await
        };
        let (answer, ahead) = tokio::join!(push, ahead);
        match answer {
            Ok(answer) => {
                if self.apply(&batch, answer).await? {
                    self.ready = ahead?.filter(|ahead| !ahead.blocks.is_empty());
                }
                self.suspects.pop_first();
                self.budget = (self.budget * 2).min(self.ceiling);
                if batch.more || alone || self.ask != Ask::Nothing {
                    self.policy.reset();
                    return Ok(Step::More);
                }
                self.settle().await
            }
            Err(RemoteError::TooLarge(_)) if batch.spans.len() > 1 && self.ceiling > PUSH_SHARE_BYTES => {
                self.ceiling = (batch.bytes.min(self.ceiling) / 2).max(PUSH_SHARE_BYTES);
                self.budget = self.ceiling;
                Ok(Step::More)
            }
            Err(RemoteError::TooLarge(why) | RemoteError::Rejected(why)) => {
                self.refused(&batch, alone, &why).await
            }
            Err(error) => {
                self.budget = (self.budget / 2).max(PUSH_SHARE_BYTES);
                Err(error.into())
            }
        }
    }

    /// A push was refused as a whole: the streams are tried one by one, and the
    /// one that is refused alone is parked.
    async fn refused(&mut self, batch: &Batch, alone: bool, why: &str) -> Result<Step, Trouble> {
        if !alone {
            self.suspects = batch.streams.keys().copied().collect();
            return Ok(Step::More);
        }
        // Whoever refuses everything, as a proxy does whose hub is gone, says
        // nothing about this stream.
        self.remote.info().await?;
        self.suspects.pop_first();
        if let Some(span) = batch.spans.first() {
            self.park(&batch.streams, span.stream, span.after, why).await?;
        }
        Ok(Step::More)
    }

    /// Moves the cursors to what the remote answered. Returns whether the answer
    /// was as expected.
    async fn apply(&mut self, batch: &Batch, answer: PushAnswer) -> Result<bool, Trouble> {
        if answer.streams.len() != batch.spans.len() {
            return Err(RemoteError::transient(MISFIT).into());
        }
        let mut rows: BTreeMap<i64, CursorRow> = BTreeMap::new();
        let (mut as_expected, mut moved, mut refused) = (self.epoch == Some(answer.epoch), false, false);
        for (span, pushed) in batch.spans.iter().zip(answer.streams) {
            let Some(stream) = batch.streams.get(&span.stream) else { continue };
            let row = rows.entry(span.stream).or_insert_with(|| CursorRow {
                stream: span.stream,
                seq: span.after,
                last_step: None,
                parked: None,
            });
            match pushed {
                Pushed::Stored(there) | Pushed::Behind(there) => {
                    moved |= there.seq != span.after;
                    // Behind a block that was refused there is a gap, of course.
                    as_expected &= there.seq >= span.last_seq || row.parked.is_some();
                    (row.seq, row.last_step) = (there.seq, there.last_step);
                    row.parked = row.parked.take().or_else(|| self.conflict(stream, there));
                }
                Pushed::Refused { reason } => {
                    refused = true;
                    row.parked.get_or_insert(reason);
                }
            }
        }
        for row in rows.values() {
            if let (Some(reason), Some(stream)) = (&row.parked, batch.streams.get(&row.stream)) {
                tracing::warn!("remote {}: run {} is parked: {reason}", self.name, stream.id.path);
            }
        }
        self.set_cursors(rows.into_values().collect(), None).await?;
        self.doubts = if as_expected { 0 } else { self.doubts + 1 };
        if !as_expected {
            self.ask = Ask::Queued;
        }
        if self.doubts > DOUBTS_MAX || !(moved || refused) {
            return Err(RemoteError::transient("its answers contradict each other about what it has").into());
        }
        self.seen.contact();
        Ok(as_expected && !refused)
    }

    async fn park(
        &self,
        streams: &BTreeMap<i64, StreamState>,
        stream: i64,
        seq: Seq,
        reason: &str,
    ) -> Result<(), Trouble> {
        if let Some(state) = streams.get(&stream) {
            tracing::warn!("remote {}: run {} is parked: {reason}", self.name, state.id.path);
        }
        let row = CursorRow { stream, seq, last_step: None, parked: Some(reason.to_owned()) };
        self.set_cursors(vec![row], None).await
    }

    async fn set_cursors(&self, rows: Vec<CursorRow>, epoch: Option<Id128>) -> Result<(), Trouble> {
        if rows.is_empty() && epoch.is_none() {
            return Ok(());
        }
        let name = self.name.clone();
        let write = move |store: &Store| store.write_blocking(move |tx| tx.set_cursors(&name, epoch, &rows));
        Ok(blocking(&self.store, write).await?)
    }

    /// Notes a failure. Returns how long to wait.
    fn failed(&mut self, trouble: &Trouble) -> Duration {
        self.ready = None;
        self.ask = self.ask.max(Ask::Queued);
        let delay = self.policy.next_delay();
        let (state, delay) = match trouble {
            Trouble::Remote(RemoteError::Transient { retry_after: Some(asked), .. }) => {
                ("waiting", delay.max((*asked).min(RETRY_AFTER_MAX)))
            }
            Trouble::Remote(RemoteError::Unauthorized(_)) => ("unauthorized", delay),
            Trouble::Remote(_) => ("unreachable", delay),
            Trouble::Store(_) => ("waiting", delay),
        };
        self.seen.failed(state, &trouble.to_string(), Some(delay));
        delay
    }
}

const MISFIT: &str = "it answered for other streams than it was asked about";
