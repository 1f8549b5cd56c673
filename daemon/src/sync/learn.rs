//! What a remote says of organizations: kept, so that a link made without a
//! network goes to the registry that it would go to at the hub.

use std::sync::Arc;

use super::blocking;
use super::engine::Trouble;
use super::remote::Remote;
use crate::store::Store;

/// Asks, and notes what is new.
///
/// # Errors
/// Those of the remote and of the store.
pub async fn organizations<R: Remote>(remote: &R, store: &Arc<Store>, name: &str) -> Result<(), Trouble> {
    let Some(me) = remote.me().await? else { return Ok(()) };
    let name = name.to_owned();
    let note = move |store: &Store| match store.learned_organizations(Some(&name))?.contains(&me) {
        true => Ok(()),
        false => store.write_blocking(move |tx| tx.learn_organizations(&name, &me)),
    };
    Ok(blocking(store, note).await?)
}
