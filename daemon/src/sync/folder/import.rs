//! The reading side of a folder: one file after the other, as a hub would take in
//! what a request brings. It changes nothing in the folder, and may be done any
//! number of times, from any file on.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use pannier_proto::content::Blob;
use pannier_proto::hub::{BlobPart, PartAnswer, Pushed, StreamId};
use pannier_proto::id::{Origin, Seq};

use super::file::{self, Kind, Name};
use super::place::{FolderError, Place};
use super::records::{self, Push};
use crate::access::Access;
use crate::blobs::{BlobError, Blobs};
use crate::limits::CHUNKS_MAX;
use crate::store::{Store, StoreError};
use crate::sync::receive;
use crate::sync::remote::StreamPush;

/// Why nothing can be read or taken in now. What was, is kept.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The folder, or a file of it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The database here.
    #[error("cannot take it in: {0}")]
    Store(#[from] StoreError),
    /// The blobs here.
    #[error("cannot take its files in: {0}")]
    Blobs(#[from] BlobError),
}

/// What a file of records came to, block by block.
#[derive(Debug, Default)]
pub struct Taken {
    /// What it holds: up to which record of which stream.
    pub ends: Vec<(StreamId, Seq)>,
    /// What is here: up to which record of which stream.
    pub here: Vec<(StreamId, Seq)>,
    /// What cannot be taken yet: records before it, or blobs that it names, are
    /// not here.
    pub waiting: Push,
    /// What never will be, and why.
    pub refused: Vec<(StreamId, String)>,
}

impl Taken {
    /// What these blocks hold, which are here already.
    #[must_use]
    pub fn known(blocks: &[StreamPush]) -> Self {
        let ends = blocks.iter().filter_map(records::span).map(|stretch| (stretch.id, stretch.last));
        Self { ends: ends.collect(), ..Self::default() }
    }
}

/// Takes in one file of a writer. Of a file of bytes nothing is returned but what
/// is wrong with it: whatever is intact is here then.
///
/// # Errors
/// [`ImportError`].
pub async fn take(
    store: &Arc<Store>,
    blobs: &Arc<Blobs>,
    (place, writer, name): (&Place, Origin, Name),
) -> Result<Taken, ImportError> {
    let path = place.writer(writer).join(name.to_string());
    if name.kind == Kind::Records {
        let push = on_disk(move || Ok(records::read(&path)?)).await?;
        return take_records(store, blobs, push).await;
    }
    let blobs = blobs.clone();
    on_disk(move || match name.kind {
        Kind::Chunks => file::frames(&path, name.kind, |chunks| Ok(blobs.put_chunks(chunks)?)),
        Kind::Whole => file::frames(&path, name.kind, |whole| put_whole(&blobs, whole)),
        Kind::Parts | Kind::Records => parts(&blobs, &path),
    })
    .await?;
    Ok(Taken::default())
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ImportError> + Send + 'static,
) -> Result<T, ImportError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Closed.into()))
}

async fn take_records(
    store: &Arc<Store>,
    blobs: &Arc<Blobs>,
    (blocks, gone): Push,
) -> Result<Taken, ImportError> {
    let owner = Access::owner("");
    let answers = receive::push(store, blobs, (blocks.clone(), gone.clone()), &owner).await?;
    let mut taken = Taken { waiting: (Vec::new(), gone), ..Taken::known(&blocks) };
    for (block, answer) in blocks.into_iter().zip(answers) {
        match answer {
            Pushed::Stored(there) => taken.here.push((block.id, there.seq)),
            Pushed::Behind(_) => taken.waiting.0.push(block),
            Pushed::Refused { reason } => taken.refused.push((block.id, reason)),
        }
    }
    Ok(taken)
}

/// Small blobs, those that are not here yet.
fn put_whole(blobs: &Blobs, whole: Vec<(Blob, Bytes)>) -> Result<(), ImportError> {
    let names: Vec<Blob> = whole.iter().map(|(blob, _)| *blob).collect();
    let missing = blobs.keep(&names)?;
    let lacking = whole.into_iter().filter(|(blob, _)| missing.contains(blob));
    blobs.put_whole(lacking.map(|(_, bytes)| bytes))?;
    Ok(())
}

fn parts(blobs: &Blobs, path: &Path) -> Result<(), ImportError> {
    let damaged = |problem: String| FolderError::Damaged { path: path.to_owned(), problem };
    let (json, _) = file::read(path, Kind::Parts)?;
    let parts: Vec<BlobPart> = serde_json::from_slice(&json).map_err(|error| damaged(error.to_string()))?;
    let incomplete = |problem: String| FolderError::Incomplete { path: path.to_owned(), problem };
    let mut wrong = None;
    for BlobPart { content, at, chunks } in parts {
        if chunks.len() > CHUNKS_MAX {
            return Err(damaged(format!("a part of blob {} is too long", content.blob)).into());
        }
        match blobs.assemble(&content, at, &chunks, false)? {
            PartAnswer::Whole => drop(blobs.keep(&[content.blob])?),
            PartAnswer::At { at: here } if here >= at => {}
            PartAnswer::At { .. } => {
                let problem = format!("what lies before byte {at} of blob {}", content.blob);
                wrong.get_or_insert(incomplete(problem));
            }
            PartAnswer::Lacks { chunks } => {
                let problem =
                    format!("{} chunks of blob {} are in no file before it", chunks.len(), content.blob);
                wrong.get_or_insert(incomplete(problem));
            }
            PartAnswer::Refused { reason } => drop(wrong.get_or_insert(damaged(reason))),
        }
    }
    wrong.map_or(Ok(()), |wrong| Err(wrong.into()))
}

/// What an import came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Files that were read.
    pub files: u64,
    /// Up to where the streams of the folder are here now.
    pub streams: BTreeMap<StreamId, Seq>,
    /// What is not here and never will be, file by file, for people.
    pub problems: Vec<String>,
    /// What waits for what is not here yet.
    pub waiting: Vec<String>,
}

/// Reads the whole folder, and takes nothing in: whether every file is what was
/// written.
///
/// # Errors
/// [`FolderError`], of the first that is not.
pub fn check(root: &Path) -> Result<u64, FolderError> {
    let place = Place::at(root);
    place.check()?;
    let mut files = 0;
    for origin in place.origins()? {
        for name in place.files(origin)? {
            let path = place.writer(origin).join(name.to_string());
            match name.kind {
                Kind::Chunks | Kind::Whole => file::frames(&path, name.kind, |_| Ok::<_, FolderError>(()))?,
                Kind::Parts => drop(file::read(&path, name.kind)?),
                Kind::Records => drop(records::read(&path)?),
            }
            files += 1;
        }
    }
    Ok(files)
}

/// Takes in all that lies in a folder but what this home wrote. What is damaged,
/// or waits for what is not here, is said and passed over. `progress` hears how
/// many files of how many are done.
///
/// # Errors
/// [`ImportError`]; what was taken in is kept, and the rest may be taken in later.
pub async fn all(
    store: &Arc<Store>,
    blobs: &Arc<Blobs>,
    root: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<Imported, ImportError> {
    let place = Place::at(root);
    place.check()?;
    let mut files = Vec::new();
    for origin in place.origins()?.into_iter().filter(|origin| *origin != store.origin()) {
        files.extend(place.files(origin)?.into_iter().map(|name| (origin, name)));
    }
    let (total, mut imported) = (files.len() as u64, Imported::default());
    let mut waiting = Vec::new();
    for file in files {
        waiting.extend(imported.read(store, blobs, &place, file).await?);
        imported.files += 1;
        progress(imported.files, total);
    }
    // What one writer passes on of another's stream may have to come first.
    loop {
        let (before, mut left) = (waiting.len(), Vec::new());
        for file in std::mem::take(&mut waiting).into_iter().map(|(file, _)| file) {
            left.extend(imported.read(store, blobs, &place, file).await?);
        }
        waiting = left;
        if waiting.len() == before {
            break;
        }
    }
    imported.waiting.extend(waiting.into_iter().flat_map(|(_, lacking)| lacking));
    Ok(imported)
}

/// What to say of records that cannot be taken.
#[must_use]
pub fn lacking(block: &StreamPush) -> String {
    format!(
        "run {}: the records from {} on are left out: records before them, or files that they name, are neither \
         here nor in the folder",
        block.id.path, block.first_seq
    )
}

type File = (Origin, Name);

impl Imported {
    /// Takes in one file; it comes back where something of it waits, with what.
    async fn read(
        &mut self,
        store: &Arc<Store>,
        blobs: &Arc<Blobs>,
        place: &Place,
        (origin, name): File,
    ) -> Result<Option<(File, Vec<String>)>, ImportError> {
        let taken = match take(store, blobs, (place, origin, name)).await {
            Ok(taken) => taken,
            // Whoever wrote it has removed it.
            Err(ImportError::Folder(error)) if error.is_gone() => return Ok(None),
            // It may come yet, from another writer or another folder, or be read another time.
            Err(ImportError::Folder(error @ (FolderError::Incomplete { .. } | FolderError::Io { .. }))) => {
                return Ok(Some(((origin, name), vec![error.to_string()])));
            }
            // One bad file is in nobody's way.
            Err(ImportError::Folder(error)) => {
                self.problems.push(error.to_string());
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        for (id, seq) in taken.here {
            let here = self.streams.entry(id).or_insert(0);
            *here = (*here).max(seq);
        }
        let refused = taken.refused.into_iter().map(|(id, reason)| format!("run {}: {reason}", id.path));
        self.problems.extend(refused);
        let lacking: Vec<String> = taken.waiting.0.iter().map(lacking).collect();
        Ok((!lacking.is_empty()).then_some(((origin, name), lacking)))
    }
}
