//! The writing side of a folder: files of one writer, in order, and where its
//! streams stand. All of it blocks, and happens one thing after the other.
//!
//! What is here after a crash is said by the files themselves; the index, which
//! is replaced now and then, spares reading them. Only this writer removes what
//! it wrote: what the relay acknowledged as durable behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use pannier_proto::content::Blob;
use pannier_proto::hub::{BlobPart, PartAnswer, Position, Pushed, StreamDigest, StreamId};
use pannier_proto::id::{Id128, Origin, Seq};

use super::ack::Ack;
use super::file::{Draft, Kind, Name};
use super::index::{Index, Stretch};
use super::place::{self, FolderError, Place, Result, failed, read_generation, read_small, replace};
use super::recent::{self, Recent};
use super::records::{self, span};
use crate::limits::REQUEST_BYTES_MAX;
use crate::sync::remote::StreamPush;
use crate::sync::{carry, wire};
use crate::token;

/// A file of chunks or blobs that is longer gets a successor: few files for large
/// artifacts, and little to write anew where one is damaged.
const PACK_BYTES: u64 = 64 << 20;
/// Chunks that parts name before they are written.
const PART_CHUNKS: usize = 16 << 10;
/// Files of records between two indexes: so many are read after a crash.
const INDEX_EVERY: u32 = 64;

/// A writer's part of a folder, open for writing.
pub struct Writer {
    place: Place,
    origin: Origin,
    dir: PathBuf,
    index: Index,
    unsaved: u32,
    chunks: Recent,
    blobs: Recent,
    chunk_draft: Option<Draft>,
    whole_draft: Option<Draft>,
    parts: Vec<BlobPart>,
    /// Blobs that are being assembled: how far, and the first file they need.
    assembling: BTreeMap<Blob, (u64, u64)>,
}

/// What became of a push as a whole.
pub enum Refusal {
    /// It is too long for one file.
    TooLarge,
    /// The folder cannot be used.
    Folder(FolderError),
}

impl From<FolderError> for Refusal {
    fn from(error: FolderError) -> Self {
        Self::Folder(error)
    }
}

impl Writer {
    /// Opens what this origin wrote, or begins it; then what lies before `start`
    /// is elsewhere.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn open(place: &Place, origin: Origin, start: &BTreeMap<StreamId, Seq>) -> Result<Self> {
        place.check()?;
        let dir = place.writer(origin);
        place::make_dir(&dir)?;
        place::clean(&dir, std::time::Duration::ZERO);
        let generation = read_generation(place, origin)?;
        let index = match read_small(&dir.join("index.json")) {
            Err(error) if error.is_gone() => None,
            json => Index::read(&json?).filter(|index| Some(index.generation) == generation),
        };
        let fresh = index.is_none();
        let index = match index {
            Some(index) => index,
            // Other numbers may be known to whoever reads: all of it is new to him.
            None => Index::new(Id128(token::random().map_err(failed("begin", &dir))?), start),
        };
        let mut writer = Self {
            place: place.clone(),
            origin,
            dir,
            index,
            unsaved: 0,
            chunks: Recent::default(),
            blobs: Recent::default(),
            chunk_draft: None,
            whole_draft: None,
            parts: Vec::new(),
            assembling: BTreeMap::new(),
        };
        writer.catch_up()?;
        if fresh {
            let generation = writer.index.generation.to_string();
            replace(&place.generation(origin), generation.as_bytes())?;
            writer.save()?;
        }
        Ok(writer)
    }

    /// Reads the files that the index does not know.
    fn catch_up(&mut self) -> Result<()> {
        let from = self.index.next;
        for name in self.place.files(self.origin)?.into_iter().filter(|name| name.number >= from) {
            self.index.next = name.number + 1;
            if name.kind != Kind::Records {
                continue;
            }
            // What cannot be read is written anew: its streams stand before it.
            match records::read(&self.dir.join(name.to_string())) {
                Ok((blocks, _)) => {
                    let spans: Vec<_> = blocks.iter().filter_map(span).collect();
                    self.index.wrote(name.number, 0, &spans);
                }
                Err(error @ FolderError::Damaged { .. }) => tracing::warn!("{error}; it is written anew"),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn save(&mut self) -> Result<()> {
        self.unsaved = 0;
        // Plain data with string keys: serialising it into memory cannot fail.
        replace(&self.dir.join("index.json"), &serde_json::to_vec(&self.index).unwrap_or_default())
    }

    /// Whether what this writer knows is still what lies there.
    fn is_current(&self) -> Result<bool> {
        self.place.check()?;
        Ok(read_generation(&self.place, self.origin)? == Some(self.index.generation))
    }

    /// Takes in what the relay says: removes what is not needed any more, and sets
    /// back what is to be written anew. False where all of it is gone, or another's.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn look(&mut self) -> Result<bool> {
        if !self.is_current()? {
            return Ok(false);
        }
        let present = self.place.files(self.origin)?;
        let ours = |ack: &Ack| ack.generation == self.index.generation;
        let mut ack = Ack::read(&self.place, self.origin)?.filter(ours).unwrap_or_default();
        ack.generation = self.index.generation;
        // Somebody removed them: where they were not acknowledged, they are written anew.
        let numbers: BTreeSet<u64> = present.iter().map(|name| name.number).collect();
        let written = self.index.files().iter().map(|file| file.number);
        ack.again.extend(written.filter(|number| !numbers.contains(number)));
        let rewinds = self.index.rewinds;
        let over = self.index.acknowledged(&ack);
        let known: BTreeSet<u64> = self.index.files().iter().map(|file| file.number).collect();
        let next = self.index.next;
        // One may have stayed when others were removed, or not count: it holds up the relay.
        let stray =
            |name: &Name| name.kind == Kind::Records && name.number < next && !known.contains(&name.number);
        if over.is_empty() && !present.iter().any(stray) {
            return Ok(true);
        }
        // First it is noted: positions must outlive the files.
        self.save()?;
        let set_back = self.index.rewinds != rewinds;
        let floor = if set_back { self.index.next } else { self.index.floor() };
        // What is written anew brings its bytes along: some of them are damaged.
        self.chunks.forget_before(floor);
        self.blobs.forget_before(floor);
        self.assembling.clear();
        let floor = self.index.floor();
        for name in present {
            if stray(&name) || (name.kind != Kind::Records && name.number < floor) {
                let path = self.dir.join(name.to_string());
                let removed = fs::remove_file(&path).map_err(failed("remove", &path));
                if let Some(error) = removed.err().filter(|error| !error.is_gone()) {
                    tracing::warn!("{error}; it is tried again");
                }
            }
        }
        Ok(true)
    }

    /// Changes whenever streams may stand further back than before.
    #[must_use]
    pub fn epoch(&self) -> Id128 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.index.generation.0).update(&self.index.rewinds.to_le_bytes());
        let mut epoch = [0; 16];
        epoch.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Id128(epoch)
    }

    /// Where its streams stand.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Where a stream stands.
    #[must_use]
    pub fn position(&self, id: &StreamId) -> Position {
        match self.index.stream(id) {
            Some(stream) => Position { seq: stream.seq, last_step: stream.last_step },
            None => Position { seq: 0, last_step: None },
        }
    }

    /// Those of these blobs that it does not know to be there.
    #[must_use]
    pub fn missing(&mut self, blobs: &[Blob]) -> Vec<Blob> {
        blobs.iter().copied().filter(|blob| self.blobs.get(blob).is_none()).collect()
    }

    /// Those of these chunks that it does not know to be there.
    #[must_use]
    pub fn missing_chunks(&mut self, chunks: &[Blob]) -> Vec<Blob> {
        chunks.iter().copied().filter(|chunk| self.chunks.get(chunk).is_none()).collect()
    }

    /// Adds small blobs, or chunks.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn put(&mut self, kind: Kind, chunks: Vec<(Blob, Bytes)>) -> Result<()> {
        for (digest, bytes) in chunks {
            let whole = kind == Kind::Whole;
            let known = if whole { &mut self.blobs } else { &mut self.chunks };
            if known.get(&digest).is_some() {
                continue;
            }
            // Its file's number is this one, or a later one.
            known.insert(digest, recent::Place { number: self.index.next, length: bytes.len() as u64 });
            let draft = if whole { &mut self.whole_draft } else { &mut self.chunk_draft };
            let draft = match draft {
                Some(draft) => draft,
                None => draft.insert(Draft::begin(&self.dir, kind, false)?),
            };
            draft.write(&crate::blobs::pack(&[(digest, bytes)]))?;
            if draft.length() >= PACK_BYTES {
                self.publish(kind)?;
            }
        }
        Ok(())
    }

    fn publish(&mut self, kind: Kind) -> Result<()> {
        let draft = match kind {
            Kind::Whole => self.whole_draft.take(),
            _ => self.chunk_draft.take(),
        };
        if let Some(draft) = draft {
            self.index.next = draft.publish(&self.dir, self.index.next)? + 1;
        }
        Ok(())
    }

    fn publish_parts(&mut self) -> Result<()> {
        self.publish(Kind::Chunks)?;
        if self.parts.is_empty() {
            return Ok(());
        }
        let mut draft = Draft::begin(&self.dir, Kind::Parts, false)?;
        // Plain data: serialising it into memory cannot fail.
        draft.write(&serde_json::to_vec(&self.parts).unwrap_or_default())?;
        self.index.next = draft.publish(&self.dir, self.index.next)? + 1;
        self.parts.clear();
        Ok(())
    }

    /// Notes which chunks a blob has, part by part.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn assemble(&mut self, part: &BlobPart) -> Result<PartAnswer> {
        let blob = part.content.blob;
        if self.blobs.get(&blob).is_some() {
            return Ok(PartAnswer::Whole);
        }
        let (here, needs) = match part.at {
            0 => (0, u64::MAX),
            _ => self.assembling.get(&blob).copied().unwrap_or((0, u64::MAX)),
        };
        if part.at != here {
            return Ok(PartAnswer::At { at: here });
        }
        let chunks = self.missing_chunks(&part.chunks);
        if !chunks.is_empty() {
            return Ok(PartAnswer::Lacks { chunks });
        }
        let places = part.chunks.iter().filter_map(|chunk| self.chunks.get(chunk));
        let (end, needs) =
            places.fold((here, needs), |(end, needs), place| (end + place.length, needs.min(place.number)));
        if end > part.content.size {
            let reason = format!("the chunks of blob {blob} are longer than it is");
            return Ok(PartAnswer::Refused { reason });
        }
        self.parts.push(part.clone());
        if self.parts.iter().map(|part| part.chunks.len()).sum::<usize>() >= PART_CHUNKS {
            self.publish_parts()?;
        }
        if end < part.content.size {
            self.assembling.insert(blob, (end, needs));
            return Ok(PartAnswer::At { at: end });
        }
        self.assembling.remove(&blob);
        self.blobs.insert(blob, recent::Place { number: needs, length: end });
        Ok(PartAnswer::Whole)
    }

    /// Adds records; the blobs that they name were added before.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn push(
        &mut self,
        blocks: Vec<StreamPush>,
        gone: &[Blob],
    ) -> std::result::Result<Vec<Pushed>, Refusal> {
        let bytes: usize = blocks.iter().map(|push| push.block.bytes()).sum();
        if bytes > REQUEST_BYTES_MAX / 2 && blocks.len() > 1 {
            return Err(Refusal::TooLarge);
        }
        let mut ends: BTreeMap<StreamId, Seq> = BTreeMap::new();
        let (mut answers, mut new, mut spans) = (Vec::new(), Vec::new(), Vec::new());
        let mut needs = self.index.next;
        for push in blocks {
            let Some(span) = span(&push) else {
                let reason = format!("the block at position {} is damaged", push.first_seq);
                answers.push(Err(Pushed::Refused { reason }));
                continue;
            };
            let here = *ends.entry(push.id.clone()).or_insert_with(|| self.position(&push.id).seq);
            if push.first_seq > here + 1 {
                answers.push(Err(Pushed::Behind(self.position(&push.id))));
                continue;
            }
            answers.push(Ok(push.id.clone()));
            if span.last > here {
                ends.insert(push.id.clone(), span.last);
                let named = carry::named(&push.block).filter_map(|(blob, _)| self.blobs.get(&blob));
                needs = named.map(|place| place.number).fold(needs, u64::min);
                spans.push(span);
                new.push(push);
            }
        }
        if !new.is_empty() {
            self.write_records(&new, gone, needs, &spans)?;
        }
        let answer = |answer| match answer {
            Ok(id) => Pushed::Stored(self.position(&id)),
            Err(answer) => answer,
        };
        Ok(answers.into_iter().map(answer).collect())
    }

    fn write_records(
        &mut self,
        new: &[StreamPush],
        gone: &[Blob],
        needs: u64,
        spans: &[Stretch],
    ) -> std::result::Result<(), Refusal> {
        let body = wire::encode(new, gone);
        if body.bytes.len() > REQUEST_BYTES_MAX {
            return Err(Refusal::TooLarge);
        }
        self.publish(Kind::Whole)?;
        self.publish_parts()?;
        let mut draft = Draft::begin(&self.dir, Kind::Records, body.zstd)?;
        draft.write(&body.bytes)?;
        let number = draft.publish(&self.dir, self.index.next)?;
        self.index.wrote(number, needs, spans);
        self.unsaved += 1;
        if self.unsaved >= INDEX_EVERY {
            self.save()?;
        }
        Ok(())
    }

    /// Digests over records that are there, read back from the files: of each
    /// stream those behind what was removed, up to a position.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn digests(&self, streams: &[(StreamId, Seq)]) -> Result<Vec<StreamDigest>> {
        records::digests(&self.dir, &self.index, streams)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_records_that_do_not_count_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let (place, origin) = (Place::at(dir.path()), Id128([1; 16]));
        place.prepare().unwrap();
        place::make_dir(&place.writer(origin)).unwrap();
        let mut draft = Draft::begin(&place.writer(origin), Kind::Records, false).unwrap();
        draft.write(b"no").unwrap();
        draft.publish(&place.writer(origin), 1).unwrap();
        let mut writer = Writer::open(&place, origin, &BTreeMap::new()).unwrap();
        let chunk = Bytes::from_static(b"of an upload that goes on");
        let digest = Blob(*blake3::hash(&chunk).as_bytes());
        writer.put(Kind::Chunks, vec![(digest, chunk)]).unwrap();
        assert_eq!(place.files(origin).unwrap().len(), 1);
        assert!(writer.look().unwrap());
        assert_eq!(place.files(origin).unwrap(), []);
        writer.publish(Kind::Chunks).unwrap();
        assert!(writer.look().unwrap());
        assert_eq!(place.files(origin).unwrap(), [Name { number: 2, kind: Kind::Chunks }]);
        assert!(writer.missing_chunks(&[digest]).is_empty());
    }
}
