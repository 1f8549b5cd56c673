//! A hub behind a network that does what networks do, by a seed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use pannier_proto::PROTOCOL_VERSION;
use pannier_proto::content::Blob;
use pannier_proto::hub::{
    BlobPart, HubInfo, PartAnswer, PositionsAnswer, PushAnswer, StreamDigest, StreamId,
};
use pannier_proto::id::{Id128, Seq};
use tokio::sync::RwLock;
use tokio::time::{Instant, sleep};

use super::world::{alone, blobs, open};
use crate::access::Access;
use crate::blobs::{BlobError, Blobs, pack, unpack};
use crate::store::Store;
use crate::sync::receive;
use crate::sync::remote::{Remote, RemoteError, RemoteResult, StreamPush};
use crate::sync::wire;

/// Random numbers that a seed repeats.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    pub fn millis(&mut self, bound: u64) -> Duration {
        Duration::from_millis(self.below(bound))
    }
}

/// A running hub: its store, and a new epoch at each start.
pub struct HubProcess {
    pub store: Option<Arc<Store>>,
    pub blobs: Option<Arc<Blobs>>,
    pub epoch: Id128,
    pub path: PathBuf,
}

/// The network and the hub at its end. Clones are the same network.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

pub struct Inner {
    pub hub: RwLock<HubProcess>,
    random: Mutex<Random>,
    state: Mutex<State>,
    pub requests: AtomicU64,
    /// Of blobs and chunks that were sent.
    pub bytes: AtomicU64,
}

#[derive(Clone)]
struct State {
    faulty: bool,
    /// Pushes that hold something of this run are refused as a whole.
    rejected: String,
    bytes_max: usize,
    cut_until: Instant,
    locked_until: Instant,
}

#[derive(Clone, Copy)]
enum Fate {
    Arrives,
    /// Never arrives.
    Lost,
    /// Arrives, and its answer does not.
    AnswerLost,
    /// The sender gives up, and then it arrives.
    Late(Duration),
    /// Arrives now and once more.
    Twice(Duration),
    Refused(u16),
    /// A bit of it flips.
    Damaged,
}

impl HubProcess {
    /// Stops, as if killed; what it had is on the disk.
    pub async fn stop(&mut self) -> Store {
        drop(alone(self.blobs.take().unwrap()).await);
        alone(self.store.take().unwrap()).await
    }

    /// Starts again, from these files.
    pub fn start(&mut self, path: PathBuf) {
        let store = open(&path);
        self.blobs = Some(blobs(path.parent().unwrap(), "hub", &store));
        (self.store, self.path) = (Some(store), path);
    }

    pub fn blobs(&self) -> &Arc<Blobs> {
        self.blobs.as_ref().unwrap()
    }
}

impl std::ops::Deref for Network {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Network {
    pub fn new(hub: HubProcess, seed: u64) -> Self {
        let now = Instant::now();
        Self(Arc::new(Inner {
            hub: RwLock::new(hub),
            random: Mutex::new(Random::new(seed)),
            state: Mutex::new(State {
                faulty: false,
                rejected: String::new(),
                bytes_max: usize::MAX,
                cut_until: now,
                locked_until: now,
            }),
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }))
    }

    pub fn faulty(&self, faulty: bool) {
        let now = Instant::now();
        *self.state.lock().unwrap() = State {
            faulty,
            rejected: String::new(),
            bytes_max: usize::MAX,
            cut_until: now,
            locked_until: now,
        };
    }

    pub fn cut(&self, length: Duration) {
        self.state.lock().unwrap().cut_until = Instant::now() + length;
    }

    pub fn reject(&self, run: &str) {
        run.clone_into(&mut self.state.lock().unwrap().rejected);
    }

    pub fn take_at_most(&self, bytes: usize) {
        self.state.lock().unwrap().bytes_max = bytes;
    }

    pub fn lock_out(&self, length: Duration) {
        self.state.lock().unwrap().locked_until = Instant::now() + length;
    }

    /// Decides what becomes of a request, after the time it is on the way.
    async fn fate(&self) -> RemoteResult<Fate> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let (way, fate, delay) = {
            let mut random = self.random.lock().unwrap();
            let way = random.millis(40);
            (way, random.below(100), random.millis(90_000))
        };
        sleep(way).await;
        let (state, now) = (self.state.lock().unwrap().clone(), Instant::now());
        if now < state.cut_until {
            sleep(Duration::from_secs(5)).await;
            return Err(RemoteError::transient("cannot be reached"));
        }
        if now < state.locked_until {
            return Err(RemoteError::Unauthorized("this token is not known here".into()));
        }
        Ok(match fate {
            _ if !state.faulty => Fate::Arrives,
            0..=5 => Fate::Lost,
            6..=13 => Fate::AnswerLost,
            14..=17 => Fate::Late(delay),
            18..=23 => Fate::Twice(delay),
            24..=25 => Fate::Refused(429),
            26..=27 => Fate::Refused(500),
            28 => Fate::Refused(503),
            29 => Fate::Refused(413),
            30 => Fate::Refused(400),
            31..=32 => Fate::Damaged,
            _ => Fate::Arrives,
        })
    }

    fn refusal(&self, status: u16) -> RemoteError {
        let what = format!("answered {status}");
        let retry_after = Some(Duration::from_secs(self.random.lock().unwrap().below(20)));
        match status {
            413 => RemoteError::TooLarge(what),
            400 => RemoteError::Rejected(what),
            429 | 503 => RemoteError::Transient { what, retry_after },
            _ => RemoteError::Transient { what, retry_after: None },
        }
    }

    /// Does something to the hub's blobs, as its routes do: once, twice, or
    /// without the sender hearing of it.
    async fn on_blobs<T>(&self, deed: impl Fn(&Blobs) -> Result<T, BlobError>) -> RemoteResult<T> {
        let fate = self.fate().await?;
        let hub = self.hub.read().await;
        let Some(blobs) = &hub.blobs else { return Err(RemoteError::transient("is down")) };
        let done = match fate {
            Fate::Refused(status) => return Err(self.refusal(status)),
            Fate::Lost | Fate::Damaged => return Err(given_up()),
            Fate::Arrives | Fate::AnswerLost | Fate::Late(_) => deed(blobs),
            Fate::Twice(_) => deed(blobs).and_then(|_| deed(blobs)),
        };
        match (fate, done) {
            (Fate::AnswerLost | Fate::Late(_), _) => Err(given_up()),
            (_, Err(BlobError::Missing(blob))) => Err(RemoteError::Rejected(format!("has no {blob}"))),
            (_, done) => done.map_err(|error| RemoteError::transient(error.to_string())),
        }
    }

    /// Puts a push through the hub, as its route does.
    async fn deliver(&self, mut body: Vec<u8>, damaged: bool) -> RemoteResult<PushAnswer> {
        if damaged {
            let at = self.random.lock().unwrap().below(body.len() as u64);
            body[usize::try_from(at).unwrap()] ^= 4;
        }
        let hub = self.hub.read().await;
        let Some(store) = &hub.store else { return Err(RemoteError::transient("is down")) };
        let pushed = wire::decode(&body).map_err(|error| RemoteError::Rejected(error.to_string()))?;
        let streams = receive::push(store, hub.blobs(), pushed, &Access::owner("tester"))
            .await
            .map_err(|error| RemoteError::transient(error.to_string()))?;
        Ok(PushAnswer { epoch: hub.epoch, streams })
    }
}

fn given_up() -> RemoteError {
    RemoteError::transient("did not answer in time")
}

impl Remote for Network {
    async fn info(&self) -> RemoteResult<HubInfo> {
        match self.fate().await? {
            Fate::Refused(status) => return Err(self.refusal(status)),
            Fate::Lost | Fate::AnswerLost | Fate::Late(_) => return Err(given_up()),
            Fate::Damaged => return Err(RemoteError::transient("answered garbage")),
            Fate::Arrives | Fate::Twice(_) => {}
        }
        let hub = self.hub.read().await;
        let Some(store) = &hub.store else { return Err(RemoteError::transient("is down")) };
        Ok(HubInfo {
            origin: store.origin(),
            epoch: hub.epoch,
            protocol: PROTOCOL_VERSION,
            version: String::new(),
        })
    }

    async fn positions(&self, streams: &[StreamId]) -> RemoteResult<PositionsAnswer> {
        match self.fate().await? {
            Fate::Refused(status) => return Err(self.refusal(status)),
            Fate::Lost | Fate::AnswerLost | Fate::Late(_) => return Err(given_up()),
            Fate::Damaged => return Err(RemoteError::transient("answered garbage")),
            Fate::Arrives | Fate::Twice(_) => {}
        }
        let hub = self.hub.read().await;
        let Some(store) = &hub.store else { return Err(RemoteError::transient("is down")) };
        let positions = receive::positions(store, streams.to_vec()).await;
        Ok(PositionsAnswer {
            epoch: hub.epoch,
            positions: positions.map_err(|error| RemoteError::transient(error.to_string()))?,
        })
    }

    async fn missing(&self, blobs: &[Blob]) -> RemoteResult<Vec<Blob>> {
        match blobs {
            [] => Ok(Vec::new()),
            asked => self.on_blobs(|blobs| blobs.keep(asked)).await,
        }
    }

    async fn put_whole(&self, whole: Vec<(Blob, Bytes)>) -> RemoteResult<()> {
        self.bytes.fetch_add(pack(&whole).len() as u64, Ordering::Relaxed);
        self.on_blobs(|blobs| {
            for (blob, bytes) in &whole {
                assert_eq!(blobs.put(bytes)?.blob, *blob);
            }
            Ok(())
        })
        .await
    }

    async fn missing_chunks(&self, chunks: &[Blob]) -> RemoteResult<Vec<Blob>> {
        self.on_blobs(|blobs| blobs.missing_chunks(chunks)).await
    }

    async fn put_chunks(&self, chunks: Vec<(Blob, Bytes)>) -> RemoteResult<()> {
        let body = Bytes::from(pack(&chunks));
        self.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
        self.on_blobs(|blobs| blobs.put_chunks(unpack(body.clone()).unwrap())).await
    }

    async fn assemble(&self, part: &BlobPart) -> RemoteResult<PartAnswer> {
        self.on_blobs(|blobs| blobs.assemble(&part.content, part.at, &part.chunks, false)).await
    }

    async fn chunk_list(&self, blob: Blob, from: u64) -> RemoteResult<Vec<(Blob, u32)>> {
        self.on_blobs(|blobs| Ok(blobs.chunks_at(&blob, from)?.1)).await
    }

    async fn chunks(&self, chunks: &[Blob]) -> RemoteResult<Vec<(Blob, Bytes)>> {
        self.on_blobs(|blobs| chunks.iter().map(|chunk| Ok((*chunk, blobs.chunk(chunk)?))).collect()).await
    }

    async fn push(&self, blocks: Vec<StreamPush>, gone: Vec<Blob>) -> RemoteResult<PushAnswer> {
        let body = wire::encode(&blocks, &gone);
        let body = if body.zstd { wire::unpack(&body.bytes).unwrap() } else { body.bytes };
        let later = |delay| {
            let (network, body) = (self.clone(), body.clone());
            tokio::spawn(async move {
                sleep(delay).await;
                // Nobody waits for this answer.
                let _ = network.deliver(body, false).await;
            });
        };
        let state = self.state.lock().unwrap().clone();
        if blocks.iter().any(|push| push.id.path.run == state.rejected) || body.len() > state.bytes_max {
            self.requests.fetch_add(1, Ordering::Relaxed);
            return Err(self.refusal(if body.len() > state.bytes_max { 413 } else { 400 }));
        }
        match self.fate().await? {
            Fate::Arrives => self.deliver(body, false).await,
            Fate::Damaged => self.deliver(body, true).await,
            Fate::Lost => {
                sleep(Duration::from_secs(60)).await;
                Err(given_up())
            }
            Fate::AnswerLost => {
                let _ = self.deliver(body, false).await;
                Err(given_up())
            }
            Fate::Late(delay) => {
                later(delay);
                Err(given_up())
            }
            Fate::Twice(delay) => {
                later(delay);
                self.deliver(body, false).await
            }
            Fate::Refused(status) => Err(self.refusal(status)),
        }
    }

    async fn digests(&self, streams: &[(StreamId, Seq)]) -> RemoteResult<Vec<StreamDigest>> {
        let hub = self.hub.read().await;
        let Some(store) = &hub.store else { return Err(RemoteError::transient("is down")) };
        receive::digests(store, streams.to_vec())
            .await
            .map_err(|error| RemoteError::transient(error.to_string()))
    }
}
