//! A server of W&B's as a remote: what is recorded here is sent there as W&B's own
//! SDK would send it. Blocks say which runs have news; what is sent is the run as
//! it is here. What the server has is kept beside it ([`state`]), so that it is
//! asked for nothing that is known.
//!
//! [`server`] makes requests and [`allowance`] paces them, [`together`] puts
//! several into one, [`upsert`] makes and names runs, [`files`] brings their files,
//! [`news`] reads what is new, [`run`] sends it.

mod account;
mod acts;
mod allowance;
mod artifacts;
mod files;
mod heartbeat;
mod news;
mod parts;
mod readback;
mod run;
mod server;
mod state;
#[cfg(test)]
mod tests;
mod together;
mod upsert;
mod views;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use pannier_proto::PROTOCOL_VERSION;
use pannier_proto::content::Blob;
use pannier_proto::hub::{
    BlobPart, CollectionQuestion, CollectionState, HubInfo, Me, PartAnswer, Position, PositionsAnswer,
    PushAnswer, Pushed, StreamDigest, StreamId,
};
use pannier_proto::id::{Id128, Origin, RunPath, Seq};

use self::account::Known;
use self::files::Files;
use self::news::Loaded;
use self::run::Sending;
use self::server::Server;
use self::state::RunState;
pub use self::state::page;
use super::remote::{Remote, RemoteError, RemoteResult, StreamPush};
use crate::blobs::Blobs;
use crate::clock::now_us;
use crate::limits::WANDB_INTERVAL;
use crate::store::{self, Store, StoreError};

/// Runs that are sent at a time.
const AT_ONCE: usize = 4;

/// A server of W&B's.
pub struct Wandb {
    /// What the remote is called here.
    name: String,
    store: Arc<Store>,
    /// Whose files are sent.
    blobs: Arc<Blobs>,
    server: Server,
    known: Mutex<Option<Known>>,
    versions: artifacts::Turn,
    cut: parts::Cut,
    heard: heartbeat::Heard,
}

/// A run with news: where its blocks are among those pushed, and they.
struct Feed {
    path: RunPath,
    places: Vec<usize>,
    pushes: Vec<StreamPush>,
    loaded: Loaded,
    /// What is to be done about its files.
    files: Files,
    /// Why it cannot be sent.
    refused: Option<String>,
}

impl Wandb {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// # Errors
    /// Why this URL or key cannot be used, for people.
    pub fn new(
        name: &str,
        url: &str,
        key: Option<&str>,
        store: Arc<Store>,
        blobs: Arc<Blobs>,
    ) -> Result<Self, String> {
        let server = Server::new(url, key)?;
        Ok(Self {
            name: name.to_owned(),
            store,
            blobs,
            server,
            known: Mutex::default(),
            versions: artifacts::Turn::default(),
            cut: parts::Cut::default(),
            heard: heartbeat::Heard::default(),
        })
    }

    /// Reads the store, off the runtime's threads.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> store::Result<T> + Send + 'static,
    ) -> RemoteResult<T> {
        super::blocking(&self.store, work).await.map_err(|error| match error {
            StoreError::Damaged { .. } | StoreError::Missing(_) => RemoteError::Rejected(error.to_string()),
            error => RemoteError::transient(format!("cannot read or note it here: {error}")),
        })
    }

    /// Keeps what an object is there.
    async fn keep_as(&self, object: String, body: Option<String>) -> RemoteResult<()> {
        let remote = self.name.clone();
        self.read(move |store| {
            store.write_blocking(move |tx| tx.set_counterpart(&remote, &object, body.as_deref()))
        })
        .await
    }

    async fn keep(&self, path: &RunPath, state: &RunState) -> RemoteResult<()> {
        let body = serde_json::to_string(state).map_err(|error| RemoteError::Rejected(error.to_string()))?;
        self.keep_as(state::name(path), Some(body)).await
    }

    async fn problem(&self, path: &RunPath, what: String, hint: &'static str) -> RemoteResult<()> {
        self.problem_of(format!("run {path}"), what, hint).await
    }

    async fn problem_of(&self, object: String, what: String, hint: &'static str) -> RemoteResult<()> {
        self.read(move |store| store.write_blocking(move |tx| tx.problem(&object, &what, hint, 1, now_us())))
            .await
    }

    /// What was deleted here was not deleted there: it is gone there, too, or it is
    /// not ours to delete. The rest goes on.
    async fn not_deleted(&self, object: String, why: &str) -> RemoteResult<()> {
        let what = format!("it was deleted here and may still be at remote {}: {why}", self.name);
        self.problem_of(object, what, "delete it there").await
    }

    /// Blocks by run, in the order of their first ones, and each run as it is.
    async fn feeds(&self, blocks: Vec<StreamPush>) -> RemoteResult<Vec<Feed>> {
        let mut order: Vec<RunPath> = Vec::new();
        let mut grouped: BTreeMap<RunPath, (Vec<usize>, Vec<StreamPush>)> = BTreeMap::new();
        for (place, push) in blocks.into_iter().enumerate() {
            if !grouped.contains_key(&push.id.path) {
                order.push(push.id.path.clone());
            }
            let (places, pushes) = grouped.entry(push.id.path.clone()).or_default();
            places.push(place);
            pushes.push(push);
        }
        let remote = self.name.clone();
        self.read(move |store| {
            let feed = |path: RunPath| {
                let (places, pushes) = grouped.remove(&path).unwrap_or_default();
                let (loaded, files) = (Loaded::read(store, &remote, &path)?, Files::default());
                Ok(Feed { loaded, path, places, pushes, files, refused: None })
            };
            order.into_iter().map(feed).collect()
        })
        .await
    }

    /// Makes the runs that are new there, and names those anew whose names changed.
    async fn upserts(&self, feeds: &mut [Feed]) -> RemoteResult<()> {
        let (mut asked, mut of) = (Vec::new(), Vec::new());
        for (at, feed) in feeds.iter().enumerate() {
            let (Some(run), state) = (&feed.loaded.run, &feed.loaded.state) else { continue };
            let mut wanted = upsert::wanted(run);
            let names = upsert::names_digest(&wanted);
            // One that goes on after its end begins again.
            let again = state.ended && feed.loaded.live();
            if state.names == Some(names) && !again {
                continue;
            }
            match &state.there {
                Some(there) if state.ended && !again => upsert::edit(&mut wanted, there),
                Some(there) => upsert::stay(&mut wanted, there),
                None => {}
            }
            asked.push((feed.path.clone(), wanted));
            of.push((at, names));
        }
        let outcomes = self.upsert(asked).await?;
        for ((at, names), outcome) in of.into_iter().zip(outcomes) {
            let feed = &mut feeds[at];
            match outcome {
                Ok(there) => {
                    let live = feed.loaded.live();
                    let state = &mut feed.loaded.state;
                    state.ended &= !live;
                    (state.there, state.names) = (Some(there), Some(names));
                    self.keep(&feed.path, &feed.loaded.state).await?;
                }
                Err(why) => feed.refused = Some(format!("{} refuses the run: {why}", self.server.who)),
            }
        }
        Ok(())
    }

    /// Sends a run's news; its state afterwards.
    async fn feed(&self, feed: Feed) -> RemoteResult<RunState> {
        let Feed { path, pushes, loaded, files, refused, .. } = feed;
        if let Some(why) = refused {
            return Err(RemoteError::Rejected(why));
        }
        if loaded.run.is_some() {
            return Sending::send(self, &path, loaded, files, pushes).await;
        }
        if path.is_workspace() {
            return self.acts(&path, loaded.state, pushes).await;
        }
        if let Some(there) = &loaded.state.there {
            match self.delete_run(there).await {
                Ok(()) => {}
                Err(RemoteError::Rejected(why)) => self.not_deleted(format!("run {path}"), &why).await?,
                Err(error) => return Err(error),
            }
        }
        self.forget(&path, loaded.ends).await
    }

    /// A run was deleted: of what was kept only how far its records went stays. One
    /// that is begun again under its id begins with its first line.
    async fn forget(&self, path: &RunPath, ends: BTreeMap<Origin, Seq>) -> RemoteResult<RunState> {
        let (remote, files) = (self.name.clone(), state::file_name(path, ""));
        let forget = move |store: &Store| {
            let known = store.counterparts(&remote, &files)?;
            store.write_blocking(move |tx| {
                let mut names = known.keys().map(|name| format!("{files}{name}"));
                names.try_for_each(|name| tx.set_counterpart(&remote, &name, None))
            })
        };
        self.read(forget).await?;
        let state = RunState { sent: ends, ..RunState::default() };
        self.keep(path, &state).await?;
        Ok(state)
    }

    fn no_chunks(&self) -> RemoteError {
        RemoteError::Rejected(format!("{} takes no chunks", self.server.who))
    }

    fn epoch(&self) -> Id128 {
        state::digest(&self.server.who)
    }
}

impl Remote for Wandb {
    fn interval(&self) -> Duration {
        WANDB_INTERVAL
    }

    async fn info(&self) -> RemoteResult<HubInfo> {
        self.viewer().await?;
        let (origin, epoch) = (self.epoch(), self.epoch());
        Ok(HubInfo { origin, epoch, protocol: PROTOCOL_VERSION, version: "W&B".to_owned() })
    }

    async fn me(&self) -> RemoteResult<Option<Me>> {
        Ok(self.known().map(|known| known.me))
    }

    async fn settle(&self) -> RemoteResult<Option<Duration>> {
        self.beat().await?;
        self.read_back().await
    }

    async fn collections(&self, asked: &[CollectionQuestion]) -> RemoteResult<Option<Vec<CollectionState>>> {
        let (remote, asked) = (self.name.clone(), asked.to_vec());
        let numbers = move |store: &Store| {
            asked.iter().map(|asked| artifacts::numbers(store, &remote, asked)).collect::<store::Result<_>>()
        };
        self.read(numbers).await.map(Some)
    }

    async fn positions(&self, streams: &[StreamId]) -> RemoteResult<PositionsAnswer> {
        let (remote, asked) = (self.name.clone(), streams.to_vec());
        let positions = self
            .read(move |store| {
                let position = |stream: &StreamId| {
                    let state = state::load(store, &remote, &stream.path)?;
                    let seq = state.sent.get(&stream.origin).copied().unwrap_or(0);
                    Ok(Position { seq, last_step: state.step })
                };
                asked.iter().map(position).collect::<store::Result<_>>()
            })
            .await?;
        Ok(PositionsAnswer { epoch: self.epoch(), positions })
    }

    /// Files go with the records that name them, to where these belong.
    async fn missing(&self, _blobs: &[Blob]) -> RemoteResult<Vec<Blob>> {
        Ok(Vec::new())
    }

    async fn put_whole(&self, _blobs: Vec<(Blob, Bytes)>) -> RemoteResult<()> {
        Err(self.no_chunks())
    }

    async fn missing_chunks(&self, _chunks: &[Blob]) -> RemoteResult<Vec<Blob>> {
        Err(self.no_chunks())
    }

    async fn put_chunks(&self, _chunks: Vec<(Blob, Bytes)>) -> RemoteResult<()> {
        Err(self.no_chunks())
    }

    async fn assemble(&self, _part: &BlobPart) -> RemoteResult<PartAnswer> {
        Err(self.no_chunks())
    }

    async fn chunk_list(&self, _blob: Blob, _from: u64) -> RemoteResult<Vec<(Blob, u32)>> {
        Err(self.no_chunks())
    }

    async fn chunks(&self, _chunks: &[Blob]) -> RemoteResult<Vec<(Blob, Bytes)>> {
        Err(self.no_chunks())
    }

    async fn push(&self, blocks: Vec<StreamPush>, _gone: Vec<Blob>) -> RemoteResult<PushAnswer> {
        let ids: Vec<StreamId> = blocks.iter().map(|push| push.id.clone()).collect();
        let mut feeds = self.feeds(blocks).await?;
        self.upserts(&mut feeds).await?;
        let feeds = self.files(feeds).await?;
        let mut answers: Vec<Pushed> =
            ids.iter().map(|_| Pushed::Refused { reason: "it was left out".to_owned() }).collect();
        let sending = feeds.into_iter().map(|feed| async {
            let places = feed.places.clone();
            (places, self.feed(feed).await)
        });
        let sent = stream::iter(sending).buffered(AT_ONCE).collect::<Vec<_>>();
        // A version of many gigabytes takes its time, in which live runs fall silent.
        let outcomes = tokio::select! {
            outcomes = sent => outcomes,
            never = self.beat_on() => match never {},
        };
        let mut failed = None;
        for (places, outcome) in outcomes {
            let answer = |place: usize, state: &RunState| {
                let seq = state.sent.get(&ids[place].origin).copied().unwrap_or(0);
                Pushed::Stored(Position { seq, last_step: state.step })
            };
            match outcome {
                Ok(state) => places.into_iter().for_each(|place| answers[place] = answer(place, &state)),
                Err(RemoteError::Rejected(reason) | RemoteError::TooLarge(reason)) => {
                    for place in places {
                        answers[place] = Pushed::Refused { reason: reason.clone() };
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        // What has gone is known, and is not sent again.
        failed.map_or_else(|| Ok(PushAnswer { epoch: self.epoch(), streams: answers }), Err)
    }

    async fn digests(&self, _streams: &[(StreamId, Seq)]) -> RemoteResult<Vec<StreamDigest>> {
        Err(RemoteError::Rejected(format!("{} has no records to be compared", self.server.who)))
    }
}
