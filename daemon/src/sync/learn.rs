//! What a remote says besides taking records: of organizations, so that a link
//! made without a network goes to the registry that it would go to at the hub;
//! and which numbers it gave to versions of artifacts.

use std::sync::Arc;

use pannier_proto::hub::{ArtifactAnswer, ArtifactQuestion, FoundArtifact};
use pannier_proto::id::RunPath;
use pannier_proto::request::RunView;

use super::blocking;
use super::engine::Trouble;
use super::hub::Hub;
use super::remote::{Remote, RemoteError, RemoteResult};
use crate::percent::encode;
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

/// Asks which numbers the remote gave to versions that were sent, and how the
/// names in their collections stand. Only the first remote's numbers count.
///
/// # Errors
/// Those of the remote and of the store.
pub async fn numbers<R: Remote>(remote: &R, store: &Arc<Store>, name: &str) -> Result<(), Trouble> {
    let name = name.to_owned();
    let asked = blocking(store, move |store| match store.first_remote()?.as_ref() == Some(&name) {
        true => store.unsettled(),
        false => Ok(Vec::new()),
    });
    let asked = asked.await?;
    if asked.is_empty() {
        return Ok(());
    }
    let answer = match remote.collections(&asked).await {
        Ok(Some(answer)) => answer,
        // It gives no numbers, or is too old to say which.
        Ok(None) | Err(RemoteError::Rejected(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if answer.len() != asked.len() {
        let what = "it answered for other collections than it was asked about";
        return Err(RemoteError::transient(what).into());
    }
    let news: Vec<_> = asked.into_iter().zip(answer).filter(|(_, state)| !state.numbers.is_empty()).collect();
    if news.is_empty() {
        return Ok(());
    }
    let note = move |store: &Store| {
        store.write_blocking(move |tx| {
            news.iter().try_for_each(|(asked, state)| tx.learn_collection(&asked.name, state))
        })
    };
    Ok(blocking(store, note).await?)
}

impl Hub {
    /// A run, as it is there; none where it is not, or is not ours to read.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub async fn run(&self, path: &RunPath) -> RemoteResult<Option<RunView>> {
        let [entity, project, run] = [&path.entity, &path.project, &path.run].map(|part| encode(part));
        match self.get(&format!("v1/runs/{entity}/{project}/{run}")).await {
            Err(RemoteError::Rejected(_)) => Ok(None),
            // By its name there may be another run than the one of this id.
            found => found.map(|view: RunView| (view.path.run == path.run).then_some(view)),
        }
    }

    /// The version that a name means there.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub async fn artifact(&self, asked: &ArtifactQuestion) -> RemoteResult<Option<FoundArtifact>> {
        let answer: ArtifactAnswer = self.post("v1/hub/artifact", asked).await?;
        Ok(answer.found)
    }
}
