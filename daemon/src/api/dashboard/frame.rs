//! HTML and SVG that somebody logged, for a frame without privileges: a link that
//! needs no token, because a frame without an origin has none to show.

use axum::Json;
use axum::extract::{Path, State};
use pannier_proto::dashboard::Framed;
use pannier_proto::path::RelPath;

use crate::api::App;
use crate::api::artifact;
use crate::api::open::existing;
use crate::api::respond::{Answer, Failure};
use crate::capability::{Grant, sign};
use crate::clock::now_s;
use crate::limits::FRAME_LIFE;
use crate::wandb::run_files::media_type;

fn framed(app: &App, path: &RelPath, grant: &Grant) -> Answer<Json<Framed>> {
    let kind = media_type(path.file_name());
    if !["text/html", "image/svg+xml"].iter().any(|shown| kind.starts_with(shown)) {
        return Err(Failure::bad(format!("{path} is neither HTML nor SVG, and needs no frame"))
            .hint("read it from the same path with files/ instead of frame/"));
    }
    let capability = sign(&app.web.blob_key, grant, now_s() + FRAME_LIFE.as_secs());
    Ok(Json(Framed { url: format!("/blob/{capability}") }))
}

/// `GET /v1/runs/ENTITY/PROJECT/RUN/frame/PATH`.
pub async fn of_run(
    State(app): State<App>,
    Path((entity, project, run, path)): Path<(String, String, String, String)>,
) -> Answer<Json<Framed>> {
    let run = existing(&app, &(entity, project, run)).await?;
    let path = RelPath::new(&path)?;
    framed(&app, &path, &Grant::FrameFile { run, path: path.clone() })
}

/// `GET /v1/artifacts/ENTITY/PROJECT/NAME/frame/PATH`.
pub async fn of_artifact(
    State(app): State<App>,
    Path((entity, project, name, path)): Path<(String, String, String, String)>,
) -> Answer<Json<Framed>> {
    let path = RelPath::new(&path)?;
    let blob = artifact::file_blob(&app, (entity, project, name), &path).await?;
    framed(&app, &path, &Grant::Frame { blob, name: path.clone() })
}
