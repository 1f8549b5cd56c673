//! Blobs before the records that name them: asks what the remote lacks, and
//! sends that. It knows no transport.
//!
//! Small blobs go whole, many to a request. Of a large one only the chunks go
//! that the remote lacks, a batch to a request; then the remote is told, part by
//! part, which chunks make it. Every request may be repeated, and what arrived
//! stays there: a transfer that was cut off sends again at most what was under
//! way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use pannier_proto::content::{Blob, Content};
use pannier_proto::hub::{BlobPart, PartAnswer};

use super::remote::{Remote, RemoteError, RemoteResult, StreamPush};
use crate::blobs::{BlobError, Blobs, CHUNK_BYTES_MAX};
use crate::block::{Encoded, Head};
use crate::limits::{CHUNK_BATCH, CHUNK_BATCH_BYTES, POSITIONS_MAX};

/// Requests that are under way at a time.
const AT_ONCE: usize = 4;
/// Answers in a row that were not as expected, before it is given up for now.
const DOUBTS_MAX: u32 = 5;

/// The blobs that a block's records name, and their sizes.
pub fn named(block: &Encoded) -> impl Iterator<Item = (Blob, u64)> {
    // A damaged head names none; whoever reads the block says so.
    let changes = Head::decode(&block.head).map(|head| head.changes).unwrap_or_default();
    changes.into_iter().flat_map(|change| change.blobs().collect::<Vec<_>>())
}

/// Sends what the remote lacks of what the blocks name. Returns those that are
/// nowhere any more, because nothing names them now. `left` says meanwhile how
/// many bytes have not arrived, and 0 afterwards, whatever came of it.
///
/// # Errors
/// As the remote's; [`RemoteError::Rejected`] where a blob that is needed cannot
/// be read here: the block that names it can never be sent.
pub async fn blobs(
    remote: &impl Remote,
    blobs: &Arc<Blobs>,
    blocks: &[StreamPush],
    left: &AtomicU64,
) -> RemoteResult<Vec<Blob>> {
    if crate::sabotage::is("no-blobs-first") {
        return Ok(Vec::new());
    }
    let result = send(remote, blobs, blocks, left).await;
    left.store(0, Ordering::Relaxed);
    result
}

async fn send(
    remote: &impl Remote,
    blobs: &Arc<Blobs>,
    blocks: &[StreamPush],
    left: &AtomicU64,
) -> RemoteResult<Vec<Blob>> {
    let wanted: BTreeMap<Blob, u64> = blocks.iter().flat_map(|push| named(&push.block)).collect();
    let names: Vec<Blob> = wanted.keys().copied().collect();
    let mut gone = Vec::new();
    for asked in names.chunks(POSITIONS_MAX) {
        let missing = remote.missing(asked).await?;
        let lost = reading(blobs, {
            let missing = missing.clone();
            move |blobs| {
                let lost = blobs.missing(&missing)?;
                let gone = blobs.gone(&lost)?;
                match lost.iter().find(|blob| !gone.contains(blob)) {
                    Some(blob) => Err(BlobError::Missing(*blob)),
                    None => Ok(gone),
                }
            }
        })
        .await?;
        let missing: Vec<Blob> = missing.into_iter().filter(|blob| !lost.contains(blob)).collect();
        gone.extend(lost);
        let size = |blob: &Blob| wanted.get(blob).copied().unwrap_or(0);
        left.fetch_add(missing.iter().map(size).sum(), Ordering::Relaxed);
        let (small, large): (Vec<Blob>, Vec<Blob>) =
            missing.into_iter().partition(|blob| size(blob) <= CHUNK_BYTES_MAX as u64);
        let batches = batches(small.into_iter().map(|blob| (blob, size(&blob))));
        let sends = batches.into_iter().map(|batch| async {
            let bytes = batch.iter().map(size).sum();
            send_small(remote, blobs, batch).await?;
            arrived(left, bytes);
            Ok(())
        });
        stream::iter(sends).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        for blob in large {
            send_large(remote, blobs, blob, left).await?;
        }
    }
    Ok(gone)
}

fn arrived(left: &AtomicU64, bytes: u64) {
    let less = |left: u64| Some(left.saturating_sub(bytes));
    // It always has an answer.
    let _ = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
}

/// Cuts what is to be sent, each with its size, into requests.
pub(super) fn batches(all: impl Iterator<Item = (Blob, u64)>) -> Vec<Vec<Blob>> {
    let (mut batches, mut bytes) = (Vec::<Vec<Blob>>::new(), 0);
    for (blob, size) in all {
        match batches.last_mut() {
            Some(last) if last.len() < CHUNK_BATCH && bytes + size <= CHUNK_BATCH_BYTES => {
                last.push(blob);
                bytes += size;
            }
            _ => {
                batches.push(vec![blob]);
                bytes = size;
            }
        }
    }
    batches
}

async fn send_small(remote: &impl Remote, blobs: &Arc<Blobs>, batch: Vec<Blob>) -> RemoteResult<()> {
    let whole = reading(blobs, move |blobs| {
        let read = |blob: Blob| {
            let mut reader = blobs.read(&blob)?;
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut reader, &mut bytes).map_err(unreadable(blob))?;
            Ok((blob, Bytes::from(bytes)))
        };
        batch.into_iter().map(read).collect::<Result<Vec<_>, BlobError>>()
    });
    remote.put_whole(whole.await?).await
}

/// A part of a blob whose chunks are there.
struct Part {
    ask: BlobPart,
    end: u64,
}

async fn send_large(
    remote: &impl Remote,
    blobs: &Arc<Blobs>,
    blob: Blob,
    left: &AtomicU64,
) -> RemoteResult<()> {
    let content = reading(blobs, move |blobs| Ok(*blobs.read(&blob)?.content())).await?;
    let (mut at, mut ready, mut doubts, mut counted) = (0, None::<Part>, 0, 0);
    loop {
        // The next part's chunks are sent while the last part is read there.
        let ahead = async {
            match at < content.size {
                true => bring(remote, blobs, &content, at).await.map(Some),
                false => Ok(None),
            }
        };
        let told = async {
            match &ready {
                Some(part) => remote.assemble(&part.ask).await.map(Some),
                None => Ok(None),
            }
        };
        let (ahead, told) = tokio::try_join!(ahead, told)?;
        match (told, ready.take()) {
            (Some(PartAnswer::Whole), _) => return Ok(()),
            (Some(PartAnswer::Refused { reason }), _) => return Err(RemoteError::Rejected(reason)),
            (Some(PartAnswer::At { at: there }), Some(part)) if there != part.end => {
                (at, doubts) = (there, doubts + 1);
            }
            (Some(PartAnswer::Lacks { .. }), Some(part)) => (at, doubts) = (part.ask.at, doubts + 1),
            _ => {
                ready = ahead;
                doubts += u32::from(ready.is_none());
                at = ready.as_ref().map_or(0, |part| part.end);
                // What is sent again counts once.
                arrived(left, at.saturating_sub(counted));
                counted = counted.max(at);
            }
        }
        if doubts > DOUBTS_MAX {
            return Err(RemoteError::transient(format!(
                "the remote does not come to an end with blob {blob}"
            )));
        }
    }
}

/// Sees to it that the next chunks of a blob are there.
async fn bring(remote: &impl Remote, blobs: &Arc<Blobs>, content: &Content, at: u64) -> RemoteResult<Part> {
    let blob = content.blob;
    let (begin, chunks) = reading(blobs, move |blobs| {
        match blobs.chunks_at(&blob, at)? {
            // Somebody else cut it otherwise: it begins anew.
            (begin, _) if begin != at => blobs.chunks_at(&blob, 0),
            found => Ok(found),
        }
    })
    .await?;
    let names: Vec<Blob> = chunks.iter().map(|(digest, _)| *digest).collect();
    let lengths: BTreeMap<Blob, u64> =
        chunks.iter().map(|(digest, length)| (*digest, u64::from(*length))).collect();
    let missing: BTreeSet<Blob> = remote.missing_chunks(&names).await?.into_iter().collect();
    let sizes = missing.into_iter().map(|chunk| (chunk, lengths.get(&chunk).copied().unwrap_or(0)));
    let sends = batches(sizes).into_iter().map(|batch| async {
        let read = move |blobs: &Blobs| {
            let read = |chunk: Blob| Ok((chunk, blobs.chunk(&chunk)?));
            batch.into_iter().map(read).collect::<Result<Vec<_>, BlobError>>()
        };
        remote.put_chunks(reading(blobs, read).await?).await
    });
    stream::iter(sends).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    let end = begin + chunks.iter().map(|(_, length)| u64::from(*length)).sum::<u64>();
    Ok(Part { ask: BlobPart { content: *content, at: begin, chunks: names }, end })
}

/// Brings a blob here from a remote that has it: the chunks that are lacking,
/// then the whole, checked as if it had been written here. It may give way to
/// others later.
///
/// # Errors
/// As the remote's; [`RemoteError::Rejected`] where what it has is not what was
/// asked for.
pub async fn fetch(remote: &impl Remote, blobs: &Arc<Blobs>, content: &Content) -> RemoteResult<()> {
    let (mut at, mut doubts) = (0, 0);
    let content = *content;
    loop {
        let list = match content.size {
            0 => Vec::new(),
            _ => remote.chunk_list(content.blob, at).await?,
        };
        let length: u64 = list.iter().map(|(_, length)| u64::from(*length)).sum();
        if (list.is_empty() && content.size > 0) || at + length > content.size {
            let what = format!("the remote's list of the chunks of blob {} is wrong", content.blob);
            return Err(RemoteError::Rejected(what));
        }
        let names: Vec<Blob> = list.iter().map(|(digest, _)| *digest).collect();
        let asked = names.clone();
        let missing = reading(blobs, move |blobs| blobs.missing_chunks(&asked)).await?;
        let missing: BTreeSet<Blob> = missing.into_iter().collect();
        let lengths: BTreeMap<Blob, u64> =
            list.iter().map(|(digest, length)| (*digest, u64::from(*length))).collect();
        let sizes = missing.into_iter().map(|chunk| (chunk, lengths.get(&chunk).copied().unwrap_or(0)));
        let gets = batches(sizes).into_iter().map(|batch| async move {
            let chunks = remote.chunks(&batch).await?;
            reading(blobs, move |blobs| blobs.put_chunks(chunks)).await
        });
        stream::iter(gets).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        match reading(blobs, move |blobs| blobs.assemble(&content, at, &names, true)).await? {
            PartAnswer::Whole => return Ok(()),
            PartAnswer::Refused { reason } => return Err(RemoteError::Rejected(reason)),
            PartAnswer::At { at: here } if here > at => at = here,
            PartAnswer::At { .. } | PartAnswer::Lacks { .. } => (at, doubts) = (0, doubts + 1),
        }
        if doubts > DOUBTS_MAX {
            let what = format!("the remote does not give all chunks of blob {}", content.blob);
            return Err(RemoteError::transient(what));
        }
    }
}

/// Why a blob was not read: what its reader says, else it ends too early.
pub(super) fn unreadable(blob: Blob) -> impl FnOnce(std::io::Error) -> BlobError {
    move |error| error.downcast::<BlobError>().unwrap_or(BlobError::Missing(blob))
}

/// Works on the blobs here, off the runtime's threads.
pub(super) async fn reading<T: Send + 'static>(
    blobs: &Arc<Blobs>,
    work: impl FnOnce(&Blobs) -> Result<T, BlobError> + Send + 'static,
) -> RemoteResult<T> {
    let blobs = blobs.clone();
    let done = tokio::task::spawn_blocking(move || work(&blobs)).await;
    let done =
        done.map_err(|error| RemoteError::transient(format!("the blobs here were not read: {error}")))?;
    done.map_err(|error| match error {
        BlobError::Missing(_) | BlobError::Damaged { .. } => RemoteError::Rejected(format!(
            "a file of it cannot be read here: {error}; run `pannier verify --blobs`"
        )),
        error => RemoteError::transient(format!("the blobs here cannot be used: {error}")),
    })
}
