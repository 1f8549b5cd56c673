//! Blobs before the records that name them: asks what the remote lacks, and
//! sends that. It knows no transport.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use pannier_proto::content::Blob;

use super::remote::{Remote, RemoteError, RemoteResult, StreamPush};
use crate::blobs::Blobs;
use crate::block::{Encoded, Head};
use crate::limits::POSITIONS_MAX;

/// Blobs that are under way at a time.
const AT_ONCE: usize = 4;

/// The blobs that a block's records name, and their sizes.
pub fn named(block: &Encoded) -> impl Iterator<Item = (Blob, u64)> {
    // A damaged head names none; whoever reads the block says so.
    let changes = Head::decode(&block.head).map(|head| head.changes).unwrap_or_default();
    changes.into_iter().flat_map(|change| change.blobs().collect::<Vec<_>>())
}

/// Sends what the remote lacks of what the blocks name.
///
/// # Errors
/// As the remote's; [`RemoteError::Rejected`] where a blob cannot be read here:
/// the block that names it can never be sent.
pub async fn blobs(remote: &impl Remote, blobs: &Arc<Blobs>, blocks: &[StreamPush]) -> RemoteResult<()> {
    let wanted: BTreeMap<Blob, u64> = blocks.iter().flat_map(|push| named(&push.block)).collect();
    let names: Vec<Blob> = wanted.into_keys().collect();
    for asked in names.chunks(POSITIONS_MAX) {
        let missing = remote.missing(asked).await?;
        let sends = missing.into_iter().map(|blob| send(remote, blobs, blob));
        stream::iter(sends).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    }
    Ok(())
}

async fn send(remote: &impl Remote, blobs: &Arc<Blobs>, blob: Blob) -> RemoteResult<()> {
    let held = blobs.clone();
    let opened = tokio::task::spawn_blocking(move || held.read(&blob)).await;
    let opened =
        opened.map_err(|error| RemoteError::transient(format!("blob {blob} was not read: {error}")))?;
    let bytes = opened.map_err(|error| {
        RemoteError::Rejected(format!("a file of it cannot be read here: {error}; run `pannier verify`"))
    })?;
    remote.put(blob, bytes).await
}
