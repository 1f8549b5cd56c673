//! The hub's side: what a push, and a question for positions or digests, come
//! to in the store. It knows no HTTP; of whoever brings records only what he may.

use std::sync::Arc;

use pannier_proto::content::Blob;
use pannier_proto::hub::{Position, Pushed, StreamDigest, StreamId};
use pannier_proto::id::{RunPath, Seq};
use pannier_proto::record::Change;
use pannier_proto::workspace::Act;

use super::blocking;
use super::remote::StreamPush;
use crate::access::{Access, Verb};
use crate::blobs::Blobs;
use crate::block::Block;
use crate::clock::now_us;
use crate::ingest::registry::rights;
use crate::limits::PUSH_COMMIT_POINTS;
use crate::store::{Incoming, Result, Store, StoreError, Tx};

/// A block on its way into the store, or the answer that it has got already.
enum Entry {
    Append(Box<Incoming>),
    Answered(Pushed),
}

/// Takes blocks into the store: an answer for each, after it is durable. A block
/// that is refused leaves the others alone. However large the push, only a few
/// blocks are unpacked at a time: the next ones while the last are committed.
///
/// # Errors
/// Where the store as a whole cannot take anything now. Some of the blocks may
/// be stored then; they may all be sent again.
pub async fn push(
    store: &Arc<Store>,
    blobs: &Arc<Blobs>,
    (blocks, gone): (Vec<StreamPush>, Vec<Blob>),
    access: &Access,
) -> Result<Vec<Pushed>> {
    let gone = Arc::new(gone);
    let mut answers = Vec::with_capacity(blocks.len());
    let mut rest = blocks.into_iter();
    let mut committing: Option<tokio::task::JoinHandle<Result<Vec<Pushed>>>> = None;
    loop {
        let (blobs, without) = (blobs.clone(), gone.clone());
        let (left, entries) = blocking(store, move |store| {
            let entries = unpack_some(store, &blobs, &without, &mut rest)?;
            Ok((rest, entries))
        })
        .await?;
        rest = left;
        if let Some(earlier) = committing.take() {
            answers.extend(earlier.await.unwrap_or(Err(StoreError::Closed))?);
        }
        if entries.is_empty() {
            return Ok(answers);
        }
        let (store, gone, access) = (store.clone(), gone.clone(), access.clone());
        committing = Some(tokio::task::spawn_blocking(move || {
            store.write_blocking(move |tx| commit(tx, entries, &gone, &access))
        }));
    }
}

fn unpack_some(
    store: &Store,
    blobs: &Blobs,
    gone: &[Blob],
    blocks: &mut impl Iterator<Item = StreamPush>,
) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut points = 0;
    while points < PUSH_COMMIT_POINTS {
        let Some(push) = blocks.next() else { break };
        let block = match Block::decode(&push.block) {
            Ok(block) if push.first_seq > 0 => block,
            Ok(_) => {
                entries.push(refused("a stream's first record has position 1, not 0"));
                continue;
            }
            Err(error) => {
                entries
                    .push(refused(&format!("the block at position {} is damaged: {error}", push.first_seq)));
                continue;
            }
        };
        // Nothing is told here of bytes that are not here: they are sent before.
        let named = block.changes().iter().flat_map(Change::blobs).map(|(blob, _)| blob);
        let needed: Vec<Blob> = named.filter(|blob| !gone.contains(blob)).collect();
        let here = blobs.missing(&needed).is_ok_and(|missing| missing.is_empty());
        if !here && !crate::sabotage::is("no-blobs-first") {
            let here = store.position(&push.id)?;
            let (seq, last_step) = here.map_or((0, None), |(_, seq, last_step)| (seq, last_step));
            entries.push(Entry::Answered(Pushed::Behind(Position { seq, last_step })));
            continue;
        }
        points += block.points() + block.len();
        let end = push.first_seq.saturating_add(block.len() as u64) - 1;
        entries.push(if push.id.origin == store.origin() {
            Entry::Answered(to_its_own_origin(store, &push.id, end)?)
        } else {
            let StreamId { origin, path } = push.id;
            let first_seq = Some(push.first_seq);
            Entry::Append(Box::new(Incoming { path, origin, first_seq, block, encoded: Some(push.block) }))
        });
    }
    Ok(entries)
}

fn refused(reason: &str) -> Entry {
    Entry::Answered(Pushed::Refused { reason: reason.to_owned() })
}

/// What was recorded here comes back: hubs in a ring do that. Nobody else adds
/// to it.
fn to_its_own_origin(store: &Store, id: &StreamId, end: Seq) -> Result<Pushed> {
    Ok(match store.position(id)? {
        Some((_, seq, last_step)) if end <= seq => Pushed::Stored(Position { seq, last_step }),
        _ => Pushed::Refused {
            reason: format!(
                "the records up to {end} claim to be this hub's own, which has no such records; \
                 was its home restored from a backup, or copied?"
            ),
        },
    })
}

fn commit(tx: &Tx, entries: Vec<Entry>, gone: &[Blob], access: &Access) -> Result<Vec<Pushed>> {
    // Whoever is sent these records from here need not wait for them either.
    gone.iter().try_for_each(|blob| tx.blob_is_gone(blob))?;
    let mut ended: Vec<RunPath> = Vec::new();
    let mut answers = Vec::with_capacity(entries.len());
    for entry in entries {
        answers.push(match entry {
            Entry::Answered(answer) => answer,
            Entry::Append(incoming) => {
                if incoming.block.changes().iter().any(|change| matches!(change, Change::End { .. })) {
                    ended.push(incoming.path.clone());
                }
                append(tx, *incoming, access)?
            }
        });
    }
    for path in ended {
        // A block that cannot be sealed stays as it is; the records are safe.
        or_refused(tx.attempt(|tx| tx.seal_run(&path)))?.ok();
    }
    Ok(answers)
}

fn append(tx: &Tx, incoming: Incoming, access: &Access) -> Result<Pushed> {
    let permitted = |tx: &Tx| {
        permitted(tx, &incoming, access)?;
        tx.append(incoming, now_us())
    };
    Ok(match or_refused(tx.attempt(permitted))? {
        Ok(now) => {
            let position = Position { seq: now.last_seq, last_step: now.last_step };
            if now.taken { Pushed::Stored(position) } else { Pushed::Behind(position) }
        }
        Err(reason) => Pushed::Refused { reason },
    })
}

/// What is done to a project is checked here as where it was done: that home
/// knew neither this hub's roles nor what it protects.
fn permitted(tx: &Tx, incoming: &Incoming, access: &Access) -> Result<()> {
    let RunPath { entity, project, .. } = &incoming.path;
    // An entity that nobody registered has no roles, and nobody who could settle it.
    let admin = access.allows(entity, Verb::Admin) || !access.directory().0.contains_key(entity);
    if !incoming.path.is_workspace() || access.everything() {
        return Ok(());
    }
    for change in tx.new_changes(incoming)? {
        let Change::Workspace { act, .. } = change else { continue };
        if !admin {
            rights::anybodys(tx, entity, project, act)?;
        }
        if let Act::Link { artifact, .. } = act.as_ref()
            && let Some(source) = tx.artifact(*artifact)?
            && !access.allows(&source.collection.entity, Verb::Read)
        {
            // As if it were not there, for him.
            return Err(StoreError::Missing(format!("artifact {artifact}")));
        }
    }
    Ok(())
}

/// Sorts what is wrong with one stream from what is wrong with the store.
fn or_refused<T>(result: Result<T>) -> Result<Result<T, String>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error @ (StoreError::Refused(_) | StoreError::Conflict(_) | StoreError::Missing(_))) => {
            Ok(Err(error.to_string()))
        }
        Err(error @ StoreError::Damaged { .. }) => {
            Ok(Err(format!("at the hub, {error}; run `pannier verify` there")))
        }
        Err(error) => Err(error),
    }
}

/// Where streams stand here.
///
/// # Errors
/// [`StoreError`].
pub async fn positions(store: &Arc<Store>, streams: Vec<StreamId>) -> Result<Vec<Position>> {
    blocking(store, move |store| {
        let here = |id| {
            Ok(store.position(id)?.map_or(Position { seq: 0, last_step: None }, |(_, seq, last_step)| {
                Position { seq, last_step }
            }))
        };
        streams.iter().map(here).collect()
    })
    .await
}

/// Digests over the first records of streams, up to a `Seq` each.
///
/// # Errors
/// [`StoreError`].
pub async fn digests(store: &Arc<Store>, streams: Vec<(StreamId, Seq)>) -> Result<Vec<StreamDigest>> {
    blocking(store, move |store| {
        let digest = |(id, upto): &(StreamId, Seq)| match store.position(id)? {
            Some((stream, ..)) => store.stream_digest(stream, 0, *upto),
            // Of no records: what an empty stream's digest is.
            None => store.stream_digest(0, 0, 0),
        };
        streams.iter().map(digest).collect()
    })
    .await
}
