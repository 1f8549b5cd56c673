//! What the owner of the home does with bytes: logs what lies on this machine,
//! and brings versions here. Both say how far they are, a JSON object a line.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use pannier_proto::artifacts::{ArtifactView, Line, PullArtifact, Pulled, PutArtifact};
use pannier_proto::id::{Id128, RunPath, run_id};
use pannier_proto::record::{Change, Record, RunFields};
use serde::Serialize;
use tokio::sync::mpsc;

use super::{find, view};
use crate::api::auth::Caller;
use crate::api::bytes::streamed;
use crate::api::open::name_of;
use crate::api::respond::{Answer, Failure};
use crate::api::{App, blocking};
use crate::clock::now_us;
use crate::fetch::PullError;
use crate::ingest::artifact::{self, Asked};
use crate::ingest::{self, local};
use crate::limits::MANIFEST_BYTES_MAX;
use crate::store::StoreError;
use crate::token;
use crate::wandb::ids;

/// What the kind of work of runs is called that only log a version.
const AUTO: &str = "auto";

/// Where lines of an answer go.
type Lines = mpsc::Sender<std::io::Result<Bytes>>;

fn line<T: Serialize>(line: &Line<T>) -> std::io::Result<Bytes> {
    let mut text = serde_json::to_string(line).unwrap_or_default();
    text.push('\n');
    Ok(text.into())
}

/// Says how far it is, where the reader keeps up. False: he is gone.
fn progress(lines: &Lines, done: u64, total: u64) -> bool {
    let full = lines.try_send(line::<()>(&Line::Progress { done, total }));
    !matches!(full, Err(mpsc::error::TrySendError::Closed(_)))
}

/// The answer of some work, with its progress in front.
fn answer<T, W>(work: impl FnOnce(Lines) -> W) -> Response
where
    T: Serialize + Send,
    W: Future<Output = Answer<T>> + Send + 'static,
{
    let (lines, queue) = mpsc::channel(16);
    let work = work(lines.clone());
    tokio::spawn(async move {
        let last = match work.await {
            Ok(done) => Line::Done(done),
            Err(failure) => Line::Failed(failure.body),
        };
        // Whoever asked may have gone.
        let _ = lines.send(line(&last)).await;
    });
    ([(CONTENT_TYPE, "application/x-ndjson")], streamed(queue)).into_response()
}

/// Logs what lies on this machine.
pub async fn put(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(asked): Json<PutArtifact>,
) -> Response {
    answer(move |lines| log(app, caller, asked, lines))
}

/// Brings a version here.
pub async fn pull(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(asked): Json<PullArtifact>,
) -> Response {
    answer(move |lines| bring(app, caller, asked, lines))
}

async fn log(app: App, caller: Caller, asked: PutArtifact, lines: Lines) -> Answer<ArtifactView> {
    if asked.paths.is_empty() && asked.references.is_empty() {
        return Err(Failure::bad("there is nothing to log").hint("name files, folders or references"));
    }
    if asked.kind.is_empty() {
        return Err(Failure::bad("an artifact needs a type").hint("`model`, `dataset`, or any word"));
    }
    let entity = asked.entity.clone().unwrap_or_else(|| caller.entity.clone());
    let client_id = Id128(token::random().map_err(|error| Failure::bad(error.to_string()))?);
    let client_id = format!("{client_id}{client_id}");
    let (run, is_new) = logger(&app, &entity, &asked).await?;
    let mut wanted = Asked {
        run,
        client_id,
        sequence_client_id: None,
        distributed_id: None,
        collection: asked.collection.clone(),
        kind: asked.kind.clone(),
        digest: String::new(),
        aliases: asked.aliases.clone(),
        tags: asked.tags.clone(),
        description: asked.description.clone(),
        metadata: asked.metadata.clone(),
        ttl_s: asked.ttl_s,
        history_step: None,
        created_us: now_us(),
        by: Some(caller.name.clone()),
    };
    // Before anything is read: what cannot be logged is said at once.
    artifact::check(&app.store, wanted.clone()).await?;
    let id = wanted.id();
    let blobs = app.blobs.clone();
    let manifest = blocking(move || {
        let sources = local::find(&asked.paths)?;
        let total = sources.values().map(|source| source.size).sum();
        let contents = local::store(&blobs, &sources, &|done| progress(&lines, done, total))?;
        let manifest = local::manifest(&sources, &contents, &asked.references, &ids::artifact(id))?;
        wanted_size(&manifest.encode())?;
        Ok(manifest)
    })
    .await?;
    wanted.digest = manifest.digest();
    let (blobs, bytes) = (app.blobs.clone(), manifest.encode());
    let content =
        blocking(move || blobs.put(&bytes).map_err(|error| StoreError::Conflict(error.to_string()))).await?;
    let run = wanted.run.clone();
    if is_new {
        begin(&app, &run).await?;
    }
    let done = artifact::log(&app.store, &app.blobs, wanted, content).await;
    if is_new {
        ingest::finish(&app.store, &run, i32::from(done.is_err())).await?;
    }
    let id = done?;
    let found = blocking(move || {
        let row = app.store.artifact(id)?.ok_or_else(|| StoreError::Missing(format!("artifact {id}")))?;
        view::artifact(&app, &caller, row)
    });
    Ok(found.await?)
}

fn wanted_size(manifest: &[u8]) -> crate::store::Result<()> {
    match manifest.len() as u64 {
        bytes if bytes >= MANIFEST_BYTES_MAX => Err(StoreError::Refused(format!(
            "the manifest would have {bytes} bytes; at most {MANIFEST_BYTES_MAX} are allowed: put fewer files, or an archive of them"
        ))),
        _ => Ok(()),
    }
}

/// The run that logs it, and whether it is made for that.
async fn logger(app: &App, entity: &str, asked: &PutArtifact) -> Answer<(RunPath, bool)> {
    if let Some(run) = &asked.run {
        let path = (entity.to_owned(), asked.project.clone(), run.clone());
        return Ok((super::super::open::existing(app, &path).await?, false));
    }
    let id = run_id(token::random().map_err(|error| Failure::bad(error.to_string()))?);
    Ok((RunPath::new(entity, &asked.project, &id)?, true))
}

async fn begin(app: &App, run: &RunPath) -> Answer<()> {
    let name = name_of(app, run, None).await?;
    let fields = RunFields { name: Some(name), job_type: Some(AUTO.to_owned()), ..RunFields::default() };
    let begin = Change::Begin { time_us: now_us(), fields, start_step: 0, resumed: false, job: None };
    ingest::append(&app.store, run, vec![Record::Change(begin)]).await?;
    Ok(())
}

/// What is fetched stays until a budget wants its room; what is pinned stays.
async fn bring(app: App, caller: Caller, asked: PullArtifact, lines: Lines) -> Answer<Pulled> {
    let PullArtifact { entity, project, name, pin } = asked;
    let entity = entity.unwrap_or_else(|| caller.entity.clone());
    let row = find(&app, Path((entity, project, name))).await?;
    let fetched_bytes = app
        .fetch
        .pull(&row, |done, total| {
            // A reader who is gone does not end it: others may wait for the same bytes.
            let _ = progress(&lines, done, total);
        })
        .await;
    let fetched_bytes = fetched_bytes.map_err(|error| match error {
        PullError::Store(error) => error.into(),
        PullError::Fetch(error) => Failure::new(StatusCode::BAD_GATEWAY, error.to_string())
            .hint("what has come stays here; try again when a remote answers, and see `pannier status`"),
    })?;
    if pin {
        app.fetch.pin(&row).await?;
    }
    let shown = blocking(move || view::versions(&app, &caller, vec![row])).await?.pop();
    let artifact = shown.ok_or_else(|| Failure::bad("the version is gone"))?;
    Ok(Pulled { artifact, fetched_bytes })
}
