//! What changes, while somebody looks: server-sent events, which say where to
//! look again.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use pannier_proto::dashboard::Changed;
use pannier_proto::id::RunPath;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::access::{Access, Verb};
use crate::api::App;
use crate::api::auth::Caller;
use crate::api::bytes::streamed;
use crate::api::respond::Answer;
use crate::api::serve::EVENT_STREAM;
use crate::store::Touched;

/// Stands for all of them.
const EVERY_RUN: &str = "*";
/// Between two messages, at least.
const PAUSE: Duration = Duration::from_millis(100);
/// After so long without a message a comment is sent: who has gone is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// After so long the stream ends, and whoever looks on asks again: then it is
/// seen whether he still may.
const LIFE: Duration = Duration::from_secs(600);

/// What is looked at: a project, an entity, or everything that the caller may
/// read.
struct Of {
    asked: Asked,
    access: Access,
}

#[derive(Deserialize)]
pub struct Asked {
    entity: Option<String>,
    project: Option<String>,
}

impl Of {
    fn holds(&self, path: &RunPath) -> bool {
        let is = |asked: &Option<String>, name: &str| asked.as_ref().is_none_or(|asked| asked == name);
        is(&self.asked.entity, &path.entity)
            && is(&self.asked.project, &path.project)
            && self.access.allows(&path.entity, Verb::Read)
    }
}

/// `GET /v1/events`.
pub async fn events(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<Asked>,
) -> Answer<Response> {
    if let Some(entity) = &asked.entity {
        caller.must(entity, Verb::Read)?;
    }
    let of = Of { asked, access: caller.access };
    let touched = app.store.touched();
    let (send, queue) = mpsc::channel(4);
    let mut stopping = app.stopping.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = tell(touched, &of, send) => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
            () = tokio::time::sleep(LIFE) => {}
        }
    });
    let headers = [(CONTENT_TYPE, EVENT_STREAM), (CACHE_CONTROL, "no-store")];
    Ok((headers, streamed(queue)).into_response())
}

/// Until nobody listens, or the store is closed.
async fn tell(mut touched: Receiver<Arc<[Touched]>>, of: &Of, send: mpsc::Sender<std::io::Result<Bytes>>) {
    // Whoever looks on knows from here on that he hears everything.
    if send.send(Ok(Bytes::from_static(b": listening\n\n"))).await.is_err() {
        return;
    }
    loop {
        let heartbeat = Instant::now() + HEARTBEAT;
        let Ok(first) = timeout_at(heartbeat, touched.recv()).await else {
            if send.send(Ok(Bytes::from_static(b": still here\n\n"))).await.is_err() {
                return;
            }
            continue;
        };
        let mut seen = Seen::default();
        if !seen.take(first, of) {
            return;
        }
        let pause = Instant::now() + PAUSE;
        while let Ok(next) = timeout_at(pause, touched.recv()).await {
            if !seen.take(next, of) {
                return;
            }
        }
        sleep_until(pause).await;
        if let Some(message) = seen.message()
            && send.send(Ok(message)).await.is_err()
        {
            return;
        }
    }
}

/// What changed since the last message.
#[derive(Default)]
struct Seen {
    runs: Vec<String>,
    artifacts: bool,
    views: bool,
    sync: bool,
}

impl Seen {
    /// False where nothing comes any more.
    fn take(&mut self, next: Result<Arc<[Touched]>, RecvError>, of: &Of) -> bool {
        match next {
            Ok(touched) => touched.iter().for_each(|touched| self.add(touched, of)),
            // Some were missed: look at everything again.
            Err(RecvError::Lagged(_)) => {
                self.runs = vec![EVERY_RUN.to_owned()];
                (self.artifacts, self.views, self.sync) = (true, true, true);
            }
            Err(RecvError::Closed) => return false,
        }
        true
    }

    fn add(&mut self, touched: &Touched, of: &Of) {
        match touched {
            Touched::Run(path) if path.is_workspace() && of.holds(path) => {
                (self.artifacts, self.views) = (true, true);
            }
            Touched::Run(path) if of.holds(path) && !self.runs.contains(&path.run) => {
                self.runs.push(path.run.clone());
            }
            Touched::Artifact(path) if of.holds(path) => self.artifacts = true,
            Touched::Run(_) | Touched::Artifact(_) => {}
            Touched::Sync => self.sync = true,
        }
    }

    fn message(self) -> Option<Bytes> {
        let Self { runs, artifacts, views, sync } = self;
        if runs.is_empty() && !artifacts && !views && !sync {
            return None;
        }
        let said = serde_json::to_string(&Changed { runs, artifacts, views, sync }).ok()?;
        Some(Bytes::from(format!("data: {said}\n\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(entity: &str, run: &str) -> RunPath {
        RunPath::new(entity, "p", run).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn messages_are_gathered_and_only_of_the_project() {
        let (entity, project) = (Some("e".to_owned()), Some("p".to_owned()));
        let of = Of { asked: Asked { entity, project }, access: Access::owner("e") };
        let (send, touched) = tokio::sync::broadcast::channel(4);
        let (pieces, mut queue) = mpsc::channel(4);
        let telling = tokio::spawn(async move { tell(touched, &of, pieces).await });
        let mut next = async || String::from_utf8(queue.recv().await?.unwrap().to_vec()).ok();
        assert!(next().await.unwrap().starts_with(':'));
        for run in ["a", "b", "a"] {
            let _ = send.send([Touched::Run(path("e", run)), Touched::Run(path("f", "x"))].into());
        }
        let begun = Instant::now();
        let said = next().await.unwrap();
        assert!(
            said.contains(r#"{"runs":["a","b"],"artifacts":false,"views":false,"sync":false}"#),
            "{said}"
        );
        assert!(begun.elapsed() >= PAUSE && said.ends_with("\n\n"));
        let _ = send.send([Touched::Artifact(path("e", "a")), Touched::Sync].into());
        assert!(next().await.unwrap().contains(r#""artifacts":true,"views":false,"sync":true"#));
        // What is no business of this project is no message; the heartbeat comes.
        let _ = send.send([Touched::Run(path("f", "x"))].into());
        assert!(next().await.unwrap().starts_with(": still"));
        drop(send);
        assert_eq!(next().await, None);
        telling.await.unwrap();
    }
}
