//! Live runs that have nothing new: the server hears that they are alive, or it
//! takes them for crashed.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use pannier_proto::id::RunPath;
use pannier_proto::record::RunState as Alive;
use tokio::time::Instant;

use super::Wandb;
use super::state::There;
use crate::sync::remote::{RemoteError, RemoteResult};

/// A run that was not posted to for so long is. W&B waits five minutes.
const SILENCE: Duration = Duration::from_secs(60);

/// When live runs were posted to last.
#[derive(Default)]
pub struct Heard(Mutex<BTreeMap<RunPath, (There, Instant)>>);

impl Heard {
    /// A run was posted to.
    pub fn note(&self, path: &RunPath, there: &There, live: bool) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match live {
            true => drop(heard.insert(path.clone(), (there.clone(), Instant::now()))),
            false => drop(heard.remove(path)),
        }
    }

    fn silent(&self) -> Vec<(RunPath, There)> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = heard.iter().filter(|(_, (_, at))| at.elapsed() >= SILENCE);
        silent.map(|(path, (there, _))| (path.clone(), there.clone())).collect()
    }
}

impl Wandb {
    /// Lets the server hear of silent runs for as long as something else takes.
    pub(super) async fn beat_on(&self) -> Infallible {
        loop {
            tokio::time::sleep(SILENCE / 2).await;
            // Whoever sends meanwhile sees it, too, and says so.
            drop(self.beat().await);
        }
    }

    /// Lets the server hear of live runs that are silent.
    pub(super) async fn beat(&self) -> RemoteResult<()> {
        for (path, there) in self.heard.silent() {
            let of = path.clone();
            let state = self.read(move |store| Ok(store.run(&of).ok().map(|run| run.state))).await?;
            let live = state == Some(Alive::Running);
            if live {
                let route = ["files", &there.entity, &there.project, &path.run, "file_stream"];
                match self.server.post(&route, Bytes::from_static(b"{}"), false).await {
                    // Its next lines are refused, too, and say why.
                    Ok(_) | Err(RemoteError::Rejected(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            self.heard.note(&path, &there, live);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_was_posted_to_is_not_silent() {
        let (heard, there) = (Heard::default(), There::default());
        let path = RunPath::new("e", "p", "r").unwrap();
        heard.note(&path, &there, true);
        assert!(heard.silent().is_empty());
        tokio::time::advance(SILENCE).await;
        assert_eq!(heard.silent(), [(path.clone(), there.clone())]);
        heard.note(&path, &there, false);
        assert!(heard.silent().is_empty());
    }
}
