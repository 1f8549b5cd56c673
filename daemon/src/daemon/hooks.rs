//! What journals say that is somebody else's to do: gathering facts about a
//! program, adding a remote that it named, storing what it logged with bytes.

use std::sync::Arc;

use crate::clock::now_us;
use crate::intake::Intake;
use crate::spool::Hooks;
use crate::store::Store;
use crate::sync::Sync;
use crate::sync::kind::folder_of;
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
    if folder_of(&url).is_some() {
        api::usable_folder(&url).await.map_err(|failure| failure.body.error)?;
    }
    let name = name_of(&url).to_owned();
    store.write(move |tx| tx.set_remote(&name, &url, now_us())).await.map_err(|error| error.to_string())?;
    Ok(true)
}

/// What to call a remote that has no name: its host, or a folder's own name.
fn name_of(url: &str) -> &str {
    let (kind, rest) = url.split_once(':').unwrap_or(("", url));
    let mut parts = rest.split('/').filter(|part| !part.is_empty());
    let name = if kind == "folder" { parts.next_back() } else { parts.next() };
    name.unwrap_or(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_are_called_by_their_host_or_folder() {
        for (url, name) in [
            ("https://hub.example.org:8443/x", "hub.example.org:8443"),
            ("http://127.0.0.1:80", "127.0.0.1:80"),
            ("folder:/shared/pannier", "pannier"),
            ("folder:/", "folder"),
        ] {
            assert_eq!(name_of(url), name);
        }
    }
}
