//! What journals say that is somebody else's to do: gathering facts about a
//! program, adding a remote that it named, storing what it logged with bytes.

use std::sync::Arc;

use crate::clock::now_us;
use crate::intake::Intake;
use crate::spool::Hooks;
use crate::store::Store;
use crate::sync::Sync;
use crate::{api, gather, ingest};

/// The hooks of the spool: what a journal says that is somebody else's to do.
pub(super) fn hooks(store: &Arc<Store>, sync: &Arc<Sync>, intake: &Arc<Intake>) -> Hooks {
    let runtime = tokio::runtime::Handle::current();
    let program = {
        let (store, runtime) = (store.clone(), runtime.clone());
        move |path, program| {
            let store = store.clone();
            runtime.spawn(async move {
                let Ok(records) = tokio::task::spawn_blocking(move || gather::gather(&program)).await else {
                    return;
                };
                if let Err(error) = ingest::append(&store, &path, records).await {
                    tracing::warn!("cannot record what was gathered about {path}: {error}");
                }
            });
        }
    };
    let remote = {
        let (store, sync) = (store.clone(), sync.clone());
        move |url: String| {
            let (store, sync) = (store.clone(), sync.clone());
            runtime.spawn(async move {
                match add_remote(&store, &url).await {
                    Ok(true) => sync.reload(),
                    Ok(false) => {}
                    Err(problem) => tracing::warn!("the remote that a program named is not used: {problem}"),
                }
            });
        }
    };
    let intake = intake.clone();
    let taken_over = move || intake.look();
    Hooks { program: Box::new(program), remote: Box::new(remote), taken_over: Box::new(taken_over) }
}

/// Adds a remote that a program named, unless there is one with this URL.
async fn add_remote(store: &Arc<Store>, url: &str) -> Result<bool, String> {
    let url = api::check_url(url).map_err(|failure| failure.body.error)?;
    let known = store.remotes().map_err(|error| error.to_string())?;
    if known.iter().any(|remote| remote.url == url) {
        return Ok(false);
    }
    let name = url
        .split_once("://")
        .map_or(url.as_str(), |(_, rest)| rest)
        .split('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    store.write(move |tx| tx.set_remote(&name, &url, now_us())).await.map_err(|error| error.to_string())?;
    Ok(true)
}
