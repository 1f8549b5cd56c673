//! Versions whose time to live is over: they are deleted as anybody would delete
//! them, by a record.

use std::sync::Arc;
use std::time::Duration;

use super::{Author, delete_version};
use crate::clock::now_us;
use crate::store::{Result, Store, StoreError};

/// Deletes versions whose time is over. Returns how many.
///
/// # Errors
/// [`StoreError`].
pub async fn expire(store: &Arc<Store>) -> Result<usize> {
    let reading = store.clone();
    let expired = tokio::task::spawn_blocking(move || reading.expired_artifacts(now_us()))
        .await
        .unwrap_or(Err(StoreError::Closed))?;
    let count = expired.len();
    for row in expired {
        let by = Author { name: "time to live".to_owned(), admin: true };
        delete_version(store, by, row.body.id, true).await?;
    }
    Ok(count)
}

/// How often versions are looked for whose time is over.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(3600);

/// Deletes versions as their time comes, for ever.
pub async fn expire_as_due(store: Arc<Store>) {
    loop {
        match expire(&store).await {
            Ok(0) => {}
            Ok(count) => tracing::info!("deleted {count} versions of artifacts whose time to live is over"),
            Err(error) => tracing::warn!("versions whose time to live is over stay: {error}"),
        }
        tokio::time::sleep(EXPIRY_INTERVAL).await;
    }
}
