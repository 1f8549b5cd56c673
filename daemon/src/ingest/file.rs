//! Where the files of runs enter, once their bytes are stored.

use std::sync::Arc;

use pannier_proto::content::Content;
use pannier_proto::id::{Origin, RunPath};
use pannier_proto::path::RelPath;
use pannier_proto::record::{Change, Record};

use super::{append, append_in};
use crate::block::Block;
use crate::clock::now_us;
use crate::store::{Result, Store, StoreError, Tx};

/// A file of a run is stored, at its path. The same again is no news.
///
/// # Errors
/// [`StoreError::Conflict`] where the run was deleted.
pub async fn stored(store: &Arc<Store>, run: &RunPath, path: RelPath, content: Content) -> Result<()> {
    let (run, origin) = (run.clone(), store.origin());
    store.write(move |tx| stored_in(tx, &run, path, content, origin)).await
}

/// [`stored`] within a transaction.
///
/// # Errors
/// As there.
pub fn stored_in(tx: &Tx, run: &RunPath, path: RelPath, content: Content, origin: Origin) -> Result<()> {
    if tx.was_deleted(run)? {
        return Err(StoreError::Conflict(format!("run {run} was deleted")));
    }
    if !tx.name_blob(&content.blob)? {
        return Err(StoreError::Conflict(format!(
            "the bytes of {path} are not here any more; send it again"
        )));
    }
    let mut block = Block::default();
    if tx.file(run, &path)? != Some(content) {
        block.push_change(Change::File { path, content, time_us: now_us() });
    }
    append_in(tx, run, origin, block, now_us())
}

/// Files of a run are removed.
///
/// # Errors
/// [`StoreError`].
pub async fn removed(store: &Arc<Store>, run: &RunPath, paths: Vec<RelPath>) -> Result<()> {
    let gone = |path| Record::Change(Change::RemoveFile { path });
    append(store, run, paths.into_iter().map(gone).collect()).await.map(drop)
}
