//! One turn of a relay: is it ours to do; what is new is taken in; how far the
//! remote is; and that is said in the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pannier_proto::hub::{Pushed, StreamId};
use pannier_proto::id::{Id128, Origin, Seq};
use pannier_proto::relay::RelayStatus;

use super::incoming::{Incoming, State, stamp};
use super::{Parts, lock};
use crate::clock::now_us;
use crate::store::{Relay, Store, StoreError};
use crate::sync::folder::ack::Ack;
use crate::sync::folder::file::{Kind, Name};
use crate::sync::folder::import::{self, ImportError, Taken, lacking};
use crate::sync::folder::lease::{Lease, Standing};
use crate::sync::folder::place::{FolderError, Place, read_generation};
use crate::sync::folder::records;
use crate::sync::remote::Remote;
use crate::sync::{carry, hub::Hub};

/// How often what waits is tried again although nothing new came.
const RETRY_INTERVAL: Duration = Duration::from_secs(4);
/// Files between two notes of how far we are.
const NOTE_EVERY: usize = 64;

/// Why a turn came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Somebody else carries it on meanwhile.
    #[error("another relay took over")]
    Lost,
}

impl From<FolderError> for Trouble {
    fn from(error: FolderError) -> Self {
        Self::Import(error.into())
    }
}

/// Reads one folder.
pub struct Carrier {
    parts: Parts,
    relay: Relay,
    place: Place,
    lease: Arc<Mutex<Lease>>,
    seen: Arc<Mutex<RelayStatus>>,
    writers: BTreeMap<Origin, Incoming>,
    /// What was handed to the remote past this home, and arrived.
    direct: BTreeMap<StreamId, Seq>,
    acks: BTreeMap<Origin, Ack>,
    retried: Instant,
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Closed.into()))
}

impl Carrier {
    pub fn new(parts: Parts, relay: Relay, seen: Arc<Mutex<RelayStatus>>, lease: Arc<Mutex<Lease>>) -> Self {
        let (place, retried) = (Place::at(Path::new(&relay.folder)), Instant::now());
        let (writers, direct, acks) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { parts, relay, place, lease, seen, writers, direct, acks, retried }
    }

    /// Takes one. Returns whether more is to be done soon.
    pub async fn turn(&mut self) -> bool {
        let result = self.try_turn().await;
        let object = format!("folder {}", self.relay.folder);
        let now = Instant::now();
        let problems: Vec<String> =
            self.writers.values().flat_map(|incoming| incoming.problems(now)).collect();
        let mut seen = lock(&self.seen);
        seen.busy = false;
        seen.last_error = result.as_ref().err().map(Trouble::to_string);
        let wrong = seen.last_error.iter().chain(&problems).next().cloned();
        match wrong {
            Some(what) => self.parts.health.bad(&object, &what, HINT),
            None => self.parts.health.good(&object),
        }
        seen.problems = problems;
        match result {
            Ok(Standing::Theirs(holder)) => {
                "passive".clone_into(&mut seen.state);
                seen.holder = Some(format!("process {} on {}", holder.pid, holder.host));
                false
            }
            Ok(Standing::Settling) => true,
            Ok(Standing::Ours) => {
                "carrying".clone_into(&mut seen.state);
                seen.holder = None;
                seen.turns += 1;
                seen.files_left > 0
            }
            Err(_) => {
                "failed".clone_into(&mut seen.state);
                false
            }
        }
    }

    async fn try_turn(&mut self) -> Result<Standing, Trouble> {
        let place = self.place.clone();
        on_disk(move || Ok(place.check()?)).await?;
        let standing = self.standing().await?;
        if standing != Standing::Ours {
            // Whoever holds it goes on; what was known may be old by then.
            self.writers.clear();
            return Ok(standing);
        }
        let place = self.place.clone();
        let origins = on_disk(move || Ok(place.origins()?)).await?;
        let again = self.retried.elapsed() >= RETRY_INTERVAL;
        let mut present = BTreeMap::new();
        for origin in origins {
            present.insert(origin, self.read(origin, again).await?);
        }
        if again {
            self.retried = Instant::now();
            self.hand_on(&present).await?;
        }
        self.acknowledge(&present).await?;
        Ok(Standing::Ours)
    }

    async fn standing(&self) -> Result<Standing, Trouble> {
        let lease = self.lease.clone();
        on_disk(move || Ok(lock(&lease).look(Instant::now())?)).await
    }

    /// Takes in what is new of a writer's. Returns the files that are there.
    async fn read(&mut self, origin: Origin, again: bool) -> Result<Vec<Name>, Trouble> {
        let (place, dir) = (self.place.clone(), self.place.writer(origin));
        let listed = on_disk(move || Ok((read_generation(&place, origin)?, place.files(origin)?))).await?;
        let (generation, mut present) = listed;
        self.begin(origin, generation).await?;
        let Some(mut incoming) = self.writers.remove(&origin) else { return Ok(present) };
        incoming.keep(&present);
        let mut again = again;
        loop {
            let at = dir.clone();
            let looked = on_disk(move || {
                let unseen = incoming.unseen(&present, &at, again, Instant::now());
                Ok((incoming, present, unseen))
            });
            let (known, listed, unseen) = looked.await?;
            (incoming, present) = (known, listed);
            if unseen.is_empty() {
                break;
            }
            lock(&self.seen).busy = true;
            let mut fruitful = false;
            for (nth, name) in unseen.into_iter().enumerate() {
                if self.standing().await? != Standing::Ours {
                    return Err(Trouble::Lost);
                }
                fruitful |= self.take(origin, name, &mut incoming).await?;
                if nth % NOTE_EVERY == NOTE_EVERY - 1 {
                    self.note(origin, &mut incoming, &present).await?;
                }
            }
            // What waited may have waited for this.
            again = fruitful && incoming.states.values().any(|state| matches!(state, State::Waiting { .. }));
            if !again {
                break;
            }
        }
        self.note(origin, &mut incoming, &present).await?;
        self.writers.insert(origin, incoming);
        Ok(present)
    }

    async fn begin(&mut self, origin: Origin, generation: Option<Id128>) -> Result<(), Trouble> {
        let known = self.writers.entry(origin).or_default();
        if known.generation == generation && generation.is_some() {
            return Ok(());
        }
        let (place, store, relay) = (self.place.clone(), self.parts.store.clone(), self.relay.clone());
        let (cursor, ack) = on_disk(move || {
            let cursor = store.relay_cursors(&relay.folder)?.remove(&origin);
            let ack = Ack::read(&place, origin)?.filter(|ack| Some(ack.generation) == generation);
            let url = url_of(&store, &relay.remote)?;
            // What is durable at another remote may be lacking at ours.
            Ok((cursor, ack.filter(|ack| ack.remote == url)))
        })
        .await?;
        known.begin(generation, cursor);
        if let Some(ack) = ack {
            known.durable = ack.number;
            self.acks.insert(origin, ack);
        }
        Ok(())
    }

    async fn note(&self, origin: Origin, incoming: &mut Incoming, present: &[Name]) -> Result<(), Trouble> {
        if let Some(generation) = incoming.generation
            && incoming.advance(present)
        {
            let (folder, number) = (self.relay.folder.clone(), incoming.done);
            let note = move |tx: &crate::store::Tx| tx.set_relay_cursor(&folder, origin, generation, number);
            self.parts.store.write(note).await?;
        }
        Ok(())
    }

    /// Takes in one file. Returns whether anything came of it.
    async fn take(&self, origin: Origin, name: Name, incoming: &mut Incoming) -> Result<bool, Trouble> {
        let path = self.place.writer(origin).join(name.to_string());
        let at = path.clone();
        let stamp = on_disk(move || Ok(stamp(&at))).await?;
        let was_here = name.kind == Kind::Records && name.number <= incoming.done;
        let known = if was_here { self.known(path).await? } else { None };
        let taken = match known {
            Some(taken) => Ok(taken),
            None => import::take(&self.parts.store, &self.parts.blobs, (&self.place, origin, name)).await,
        };
        let since = match incoming.states.get(&name) {
            Some(State::Waiting { since, .. }) => *since,
            _ => Instant::now(),
        };
        let state = match taken {
            Err(ImportError::Folder(error)) if error.is_gone() => return Ok(false),
            Err(ImportError::Folder(error)) => State::failed(&error, stamp, since),
            Err(error) => return Err(error.into()),
            Ok(taken) => {
                let state = match (taken.waiting.0.first(), taken.refused.first()) {
                    (Some(block), _) => State::Waiting { why: lacking(block), since },
                    (None, Some((id, why))) => State::Refused(format!("run {}: {why}", id.path)),
                    (None, None) => State::Here,
                };
                if name.kind == Kind::Records {
                    incoming.ends.insert(name.number, taken.ends);
                }
                state
            }
        };
        Ok(incoming.saw(name, state))
    }

    /// What a file of records holds, if all of that is here. It is read again only
    /// because what it holds was forgotten.
    async fn known(&self, path: PathBuf) -> Result<Option<Taken>, Trouble> {
        let store = self.parts.store.clone();
        on_disk(move || {
            let Ok((blocks, _)) = records::read(&path) else { return Ok(None) };
            let taken = Taken::known(&blocks);
            for (id, last) in &taken.ends {
                // Whoever listed the files then may not have seen this one.
                if store.position(id)?.is_none_or(|(_, seq, _)| seq < *last) {
                    return Ok(None);
                }
            }
            Ok(Some(taken))
        })
        .await
    }

    /// What this home cannot take, because another one carried on what lies before
    /// it, goes to the hub past it.
    async fn hand_on(&mut self, present: &BTreeMap<Origin, Vec<Name>>) -> Result<(), Trouble> {
        let Some(hub) = self.parts.sync.hub(&self.relay.remote) else { return Ok(()) };
        let now = Instant::now();
        let waiting = |(origin, incoming): (&Origin, &Incoming)| {
            let waiting = incoming.waiting(now).into_iter();
            waiting.map(|number| (*origin, Name { number, kind: Kind::Records })).collect()
        };
        let files: Vec<Vec<(Origin, Name)>> = self.writers.iter().map(waiting).collect();
        for (origin, name) in files.into_iter().flatten() {
            if present.get(&origin).is_some_and(|present| present.contains(&name)) {
                self.hand_on_file(&hub, origin, name).await?;
            }
        }
        Ok(())
    }

    async fn hand_on_file(&mut self, hub: &Hub, origin: Origin, name: Name) -> Result<(), Trouble> {
        let path = self.place.writer(origin).join(name.to_string());
        let Ok((blocks, gone)) = on_disk(move || Ok(records::read(&path)?)).await else { return Ok(()) };
        let ids: Vec<StreamId> = blocks.iter().map(|block| block.id.clone()).collect();
        let sent = async {
            let mut missing = carry::blobs(hub, &self.parts.blobs, &blocks, &AtomicU64::new(0)).await?;
            missing.extend(gone);
            hub.push(blocks, missing).await
        };
        // What fails is tried again; that a hub does not answer is said by the sync.
        for (id, pushed) in ids.into_iter().zip(sent.await.map(|answer| answer.streams).unwrap_or_default()) {
            if let Pushed::Stored(there) = pushed {
                self.direct.insert(id, there.seq);
            }
        }
        Ok(())
    }

    /// Says to every writer how far his streams are.
    async fn acknowledge(&mut self, present: &BTreeMap<Origin, Vec<Name>>) -> Result<(), Trouble> {
        let (store, remote) = (self.parts.store.clone(), self.relay.remote.clone());
        let wanted: BTreeSet<StreamId> = self
            .writers
            .values()
            .flat_map(|incoming| incoming.ends.values().flatten().map(|(id, _)| id.clone()))
            .collect();
        let (url, cursors) = on_disk(move || {
            let url = url_of(&store, &remote)?;
            if wanted.is_empty() {
                return Ok((url, BTreeMap::new()));
            }
            let streams = store.streams_for(&remote, true)?.into_iter();
            let streams = streams.filter(|stream| wanted.contains(&stream.id));
            Ok((url, streams.map(|stream| (stream.id, (stream.last_seq, stream.sent))).collect()))
        })
        .await?;
        let here = |id: &StreamId| cursors.get(id).map_or(0, |(here, _): &(Seq, Seq)| *here);
        let direct = &self.direct;
        let there = |id: &StreamId| {
            let sent = cursors.get(id).map_or(0, |(_, sent)| *sent);
            sent.max(direct.get(id).copied().unwrap_or(0))
        };
        let (mut left, mut news, now) = (0, Vec::new(), Instant::now());
        for (origin, files) in present {
            let Some(incoming) = self.writers.get_mut(origin) else { continue };
            let streams = incoming.acked(&here, &there);
            left += incoming.settle(files, &there, now);
            let Some(generation) = incoming.generation else { continue };
            let again = incoming.again(now);
            let holder = lock(&self.lease).me().clone();
            let (by, host, number) = (holder.by, holder.host, incoming.durable);
            let ack = Ack {
                version: 0,
                by,
                host,
                remote: url.clone(),
                generation,
                time_us: 0,
                number,
                again,
                streams,
            };
            if self.acks.get(origin) != Some(&ack)
                && (number > 0 || !ack.streams.is_empty() || !ack.again.is_empty())
            {
                news.push((*origin, ack));
            }
        }
        {
            let mut seen = lock(&self.seen);
            (seen.files_left, seen.writers) = (left, present.len());
        }
        for (origin, ack) in news {
            let (place, written) = (self.place.clone(), Ack { time_us: now_us(), ..ack.clone() });
            on_disk(move || Ok(written.write(&place, origin)?)).await?;
            self.acks.insert(origin, ack);
        }
        Ok(())
    }
}

const HINT: &str = "what does not depend on it goes on, and nothing is deleted; where the machine that wrote it \
                    still runs pannier, it writes it anew by itself";

fn url_of(store: &Store, remote: &str) -> Result<String, StoreError> {
    let found = store.remotes()?.into_iter().find(|known| known.name == remote);
    found.map(|remote| remote.url).ok_or_else(|| StoreError::Missing(format!("remote {remote:?}")))
}
