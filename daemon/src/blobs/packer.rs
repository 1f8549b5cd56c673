//! The one thread that changes packs and index. It takes chunks as writers bring
//! them, leaves out those that are there, and makes whole blobs durable in
//! groups ([`super::group`]). Because all of it happens here, one thing after the
//! other, a chunk that was found is there until the blob that names it is in the
//! index. Knows nothing of digests of files, nor of who needs what.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use pannier_proto::content::{Blob, Content};

use super::group::Group;
use super::{BlobError, Held, Result, frame};
use crate::limits::{BLOB_COMMIT_BYTES, PACK_BYTES};
use crate::store::{Chunk, Place, Segment};

/// Jobs that wait; whoever comes later waits to hand his over. At most so many
/// chunks are in memory here.
pub const QUEUE: usize = 64;
/// Bytes that are gathered before they are written.
const WRITE_BYTES: usize = 1 << 20;
/// Chunks of one row in the index.
const SEGMENT_CHUNKS: usize = 1024;
/// How often a group looks for more before it is committed.
const ROUNDS: usize = 16;

/// A blob that is being written.
pub struct Ticket {
    pub id: u64,
    /// Why it never will be.
    pub failure: OnceLock<BlobError>,
}

/// What becomes of a blob once it is durable.
pub type Tell = SyncSender<Result<()>>;

/// What the packer is asked to do.
pub enum Job {
    /// The next chunk of a blob.
    Chunk { ticket: Arc<Ticket>, digest: Blob, bytes: Bytes },
    /// The blob is whole, with this last chunk; it may be one that was fetched
    /// from a remote. Without a blob: the chunks alone are to be durable.
    Seal { ticket: Arc<Ticket>, last: Option<(Blob, Bytes)>, blob: Option<(Content, bool)>, tell: Tell },
    /// Nobody finishes it.
    Gone(Arc<Ticket>),
    /// Something else that must happen between two groups.
    Run(Box<dyn FnOnce(&mut Packer) + Send>),
    /// Finish what was sealed, and nothing after it.
    Close,
}

/// The state of the thread.
pub struct Packer {
    pub(super) held: Held,
    /// The pack that is appended to, and how long it is, what waits included.
    pub(super) pack: Option<(i64, u64)>,
    /// Frames that wait to be appended to it.
    pub(super) waiting: Vec<u8>,
    pub(super) next_pack: i64,
    pub(super) next_chunk: i64,
    pub(super) next_blob: i64,
    /// Chunks that are not in the index yet.
    pub(super) fresh: HashMap<Blob, i64>,
    /// The chunks of each blob that is being written, behind those that are on
    /// their way into the index.
    pub(super) recipes: BTreeMap<u64, (Arc<Ticket>, Segment)>,
    pub(super) group: Group,
    /// Chunks that blobs came to name since a sweep began.
    pub(super) named: Option<HashSet<i64>>,
    closing: bool,
}

impl Packer {
    pub fn new(held: Held, pack: Option<(i64, u64)>, next: (i64, i64, i64)) -> Self {
        let (next_pack, next_chunk, next_blob) = next;
        Self {
            held,
            pack,
            waiting: Vec::new(),
            next_pack,
            next_chunk,
            next_blob,
            fresh: HashMap::new(),
            recipes: BTreeMap::new(),
            group: Group::default(),
            named: None,
            closing: false,
        }
    }

    /// Works until it is told to close, or nobody can ask for anything any more.
    pub fn run(mut self, queue: &Receiver<Job>) {
        while !self.closing
            && let Ok(first) = queue.recv()
        {
            let mut next = Some(first);
            for _ in 0..ROUNDS {
                let Some(first) = next.take() else { break };
                let jobs: Vec<Job> = std::iter::once(first).chain(queue.try_iter().take(QUEUE)).collect();
                self.take(jobs);
                if self.group.sealed.is_empty() || self.closing {
                    break;
                }
                next = queue.try_recv().ok();
            }
            self.take(next.into_iter().collect());
            if !self.group.sealed.is_empty() || self.group.bytes >= BLOB_COMMIT_BYTES {
                self.commit();
            }
        }
    }

    fn take(&mut self, jobs: Vec<Job>) {
        let wanted = jobs.iter().filter_map(|job| match job {
            Job::Chunk { digest, .. } => Some(*digest),
            Job::Seal { last, .. } => last.as_ref().map(|(digest, _)| *digest),
            Job::Gone(_) | Job::Run(_) | Job::Close => None,
        });
        let wanted: Vec<Blob> = wanted.filter(|digest| !self.fresh.contains_key(digest)).collect();
        let known = match self.held.store.chunks_by_digest(&wanted) {
            Ok(found) => found.into_iter().flatten().map(|chunk| (chunk.digest, chunk.id)).collect(),
            Err(error) => {
                self.fail(&error.into());
                HashMap::new()
            }
        };
        let mut jobs = jobs.into_iter();
        while let Some(job) = jobs.next() {
            match job {
                Job::Chunk { ticket, digest, bytes } => self.add(&ticket, digest, &bytes, &known),
                Job::Seal { ticket, last, blob, tell } => {
                    if let Some((digest, bytes)) = last {
                        self.add(&ticket, digest, &bytes, &known);
                    }
                    self.seal(&ticket, blob, tell);
                }
                Job::Gone(ticket) => self.gone(&ticket),
                Job::Close => self.closing = true,
                Job::Run(deed) => {
                    // It looks at the index, so that must say what is so.
                    self.commit();
                    deed(self);
                    // And now it may say something else.
                    return self.take(jobs.collect());
                }
            }
        }
    }

    fn add(&mut self, ticket: &Arc<Ticket>, digest: Blob, bytes: &Bytes, known: &HashMap<Blob, i64>) {
        if ticket.failure.get().is_some() {
            return;
        }
        let added = match self.fresh.get(&digest).or_else(|| known.get(&digest)) {
            Some(id) => Ok(*id),
            None => self.store(digest, bytes),
        };
        match added {
            Ok(id) => {
                let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                self.recipe(ticket).chunks.push((id, length));
                self.flush_segment(ticket);
            }
            // The ticket learns of it even where it has no recipe yet.
            Err(error) => {
                let _ = ticket.failure.set(error.clone());
                self.fail(&error);
            }
        }
    }

    fn recipe(&mut self, ticket: &Arc<Ticket>) -> &mut Segment {
        let next = &mut self.next_blob;
        let (_, recipe) = self.recipes.entry(ticket.id).or_insert_with(|| {
            *next += 1;
            (ticket.clone(), Segment { blob: *next, ..Segment::default() })
        });
        recipe
    }

    /// A full segment goes into the index with the next group.
    fn flush_segment(&mut self, ticket: &Arc<Ticket>) {
        let recipe = self.recipe(ticket);
        if recipe.chunks.len() >= SEGMENT_CHUNKS {
            let next = Segment { blob: recipe.blob, at: recipe.end(), chunks: Vec::new() };
            let full = std::mem::replace(recipe, next);
            self.group.filed.segments.push(full);
        }
    }

    /// Puts a chunk into the pack, under a new id.
    fn store(&mut self, digest: Blob, bytes: &[u8]) -> Result<i64> {
        let place = self.append(&digest, bytes)?;
        self.next_chunk += 1;
        let id = self.next_chunk;
        self.fresh.insert(digest, id);
        self.group.filed.chunks.push(Chunk { id, digest, place });
        Ok(id)
    }

    /// Writes a chunk's frame behind what is there.
    pub(super) fn append(&mut self, digest: &Blob, bytes: &[u8]) -> Result<Place> {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let (pack, at) = match self.pack {
            Some((pack, at)) if at + frame::size(length) <= PACK_BYTES => (pack, at),
            full => {
                self.write_out()?;
                if let Some((pack, _)) = full {
                    // It is synced while the next one is filled.
                    self.group.sync_ahead(&self.held.packs, pack)?;
                }
                self.next_pack += 1;
                (self.next_pack, 0)
            }
        };
        self.group.pack_grows(pack, at, at + frame::size(length));
        frame::write(digest, bytes, length, &mut self.waiting);
        self.pack = Some((pack, at + frame::size(length)));
        if self.waiting.len() >= WRITE_BYTES {
            self.write_out()?;
        }
        Ok(Place { pack, at, length })
    }

    /// Hands over what waits.
    pub(super) fn write_out(&mut self) -> Result<()> {
        let Some((pack, length)) = self.pack.filter(|_| !self.waiting.is_empty()) else { return Ok(()) };
        self.held.packs.append(pack, length - self.waiting.len() as u64, &self.waiting)?;
        self.waiting.clear();
        Ok(())
    }

    fn seal(&mut self, ticket: &Arc<Ticket>, blob: Option<(Content, bool)>, tell: Tell) {
        if let Some(failure) = ticket.failure.get() {
            // Whoever waits may have gone.
            let _ = tell.send(Err(failure.clone()));
            return;
        }
        let segment = std::mem::take(self.recipe(ticket));
        match blob {
            Some((content, fetched)) => {
                self.group.filed.blobs.push((segment.blob, content, fetched));
                self.group.filed.segments.extend((!segment.chunks.is_empty()).then_some(segment));
            }
            None => self.group.filed.segments.retain(|other| other.blob != segment.blob),
        }
        self.recipes.remove(&ticket.id);
        self.group.sealed.push(tell);
    }

    /// What nobody finishes is forgotten; its bytes are, too, where nobody else
    /// wrote since. Segments of it that are in the index go with the next sweep.
    fn gone(&mut self, ticket: &Arc<Ticket>) {
        let Some((_, recipe)) = self.recipes.remove(&ticket.id) else { return };
        self.group.filed.segments.retain(|segment| segment.blob != recipe.blob);
        if self.recipes.is_empty() && self.group.sealed.is_empty() {
            self.take_back();
        }
    }

    /// The blobs that are being written, by their ids in the index.
    pub fn unfinished(&self) -> HashSet<i64> {
        self.recipes.values().map(|(_, recipe)| recipe.blob).collect()
    }

    /// The chunks that are named by blobs that are being written, or that were
    /// since a sweep began.
    pub fn in_use(&self) -> HashSet<i64> {
        let open = self.recipes.values().flat_map(|(_, recipe)| recipe.chunks.iter().map(|(id, _)| *id));
        open.chain(self.named.iter().flatten().copied()).collect()
    }
}
