//! `/blob/{capability}`: bytes in and out, for whoever holds the link. The link
//! says what may be done; no token is asked for.

use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    ETAG, HeaderName, RANGE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use pannier_proto::content::{Blob, Content};
use pannier_proto::id::RunPath;
use pannier_proto::path::RelPath;
use tokio::sync::mpsc;

use super::file::{Held, held};
use super::history;
use crate::api::bytes::{broken, receive, streamed};
use crate::api::respond::{Answer, Failure};
use crate::api::{App, blocking};
use crate::blobs::{BlobError, Blobs, PIECE, PIECES, pieces};
use crate::capability::{BadCapability, Grant, check};
use crate::clock::now_s;
use crate::ingest;
use crate::wandb::{ids, run_files};

const MD5: HeaderName = HeaderName::from_static("content-md5");

fn grant(app: &App, capability: &str) -> Answer<Grant> {
    check(&app.web.blob_key, capability, now_s())
        .map_err(|problem| Failure::new(StatusCode::FORBIDDEN, problem.to_string()))
}

/// A session is signed with the same key, and lets nobody at any bytes.
fn no_link() -> Failure {
    Failure::new(StatusCode::FORBIDDEN, BadCapability::Malformed.to_string())
}

/// Hands bytes out.
pub async fn get(
    State(app): State<App>,
    Path(capability): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    match grant(&app, &capability)? {
        Grant::Get { blob, name } => {
            let name = name.as_ref().map_or("file", RelPath::file_name);
            fetched(&app, blob).await?;
            stored(&app.blobs, blob, name, &headers).await
        }
        Grant::GetFile { run, path } => file(&app, run, path, &headers).await,
        Grant::FrameFile { run, path } => file(&app, run, path, &headers).await.map(framed),
        Grant::Frame { blob, name } => {
            fetched(&app, blob).await?;
            stored(&app.blobs, blob, name.file_name(), &headers).await.map(framed)
        }
        Grant::GetHistory { run } => parquet(&app, run).await,
        Grant::PutFile { .. } | Grant::PutArtifact { .. } | Grant::PutManifest { .. } => {
            Err(Failure::new(StatusCode::FORBIDDEN, "this link is for sending, not for reading"))
        }
        Grant::Session { .. } => Err(no_link()),
    }
}

/// A file of a run, as it is now.
pub async fn file(app: &App, run: RunPath, path: RelPath, headers: &HeaderMap) -> Answer<Response> {
    let name = path.file_name().to_owned();
    match file_of(app, run, path).await? {
        Held::Made(text) => Ok((file_headers(&name), text).into_response()),
        Held::Stored(content) => stored(&app.blobs, content.blob, &name, headers).await,
    }
}

/// What is not here is fetched.
///
/// # Errors
/// 404 where nobody has it.
pub async fn fetched(app: &App, blob: Blob) -> Answer<()> {
    app.fetch.blob(blob).await.map_err(|error| {
        let hint = "see `pannier status` for the remote, and `pannier verify` for the home";
        Failure::new(StatusCode::NOT_FOUND, error.to_string()).hint(hint)
    })
}

async fn file_of(app: &App, run: RunPath, path: RelPath) -> Answer<Held> {
    let store = app.store.clone();
    let (of, wanted) = (run.clone(), path.clone());
    let mut files = blocking(move || held(&store, &store.run(&of)?)).await?;
    files
        .remove(&wanted)
        .map(|(held, _)| held)
        .ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, format!("run {run} has no file {path}")))
}

/// What keeps a stranger's file from being a page of ours.
fn file_headers(name: &str) -> [(HeaderName, String); 4] {
    let media_type = run_files::media_type(name);
    let shown = ["image/", "audio/", "video/", "text/plain", "application/json"];
    let way = if shown.iter().any(|begin| media_type.starts_with(begin)) { "inline" } else { "attachment" };
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && c != '"' && c != '\\' { c } else { '_' }).collect();
    [
        (CONTENT_TYPE, media_type.to_owned()),
        (CONTENT_DISPOSITION, format!("{way}; filename=\"{plain}\"")),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (
            CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:".to_owned(),
        ),
    ]
}

/// What a frame may do that shows what somebody logged: run its own scripts,
/// without an origin, and without a way to anywhere.
const FRAME_POLICY: &str = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; \
    style-src 'unsafe-inline'; img-src data: blob:; media-src data: blob:; font-src data:; connect-src 'none'; \
    form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

/// A file that is shown in a frame without privileges instead of being kept.
fn framed(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(FRAME_POLICY));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// A stored blob, or the part of it that is asked for.
///
/// # Errors
/// 404 where it is not here.
pub async fn stored(blobs: &Arc<Blobs>, blob: Blob, name: &str, headers: &HeaderMap) -> Answer<Response> {
    let held = blobs.clone();
    let open = tokio::task::spawn_blocking(move || held.read(&blob));
    let mut file = open.await.map_err(broken)?.map_err(|error| unreadable(&error))?;
    let size = file.size();
    let etag = format!("\"{blob}\"");
    let base = [(ACCEPT_RANGES, "bytes".to_owned()), (ETAG, etag)];
    let asked = headers.get(RANGE).and_then(|range| range.to_str().ok());
    let (start, end) = match asked.map(|range| range_of(range, size)) {
        None | Some(Asked::Whole) => (0, size),
        Some(Asked::Part(start, end)) => (start, end),
        Some(Asked::Beyond) => {
            let whole = [(CONTENT_RANGE, format!("bytes */{size}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, whole).into_response());
        }
    };
    let part = (start, end) != (0, size);
    file.seek(SeekFrom::Start(start)).map_err(broken)?;
    let length = [(CONTENT_LENGTH, (end - start).to_string())];
    let response = (file_headers(name), base, length, streamed(pieces(file, end - start)));
    Ok(match part {
        false => response.into_response(),
        true => {
            let range = [(CONTENT_RANGE, format!("bytes {start}-{}/{size}", end - 1))];
            (StatusCode::PARTIAL_CONTENT, range, response).into_response()
        }
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(u64, u64),
    Beyond,
}

/// The one range of a `Range` header: from its first byte to behind its last.
/// What is not understood means all, as HTTP has it.
fn range_of(header: &str, size: u64) -> Asked {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::Whole;
    };
    match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), _) if first >= size => Asked::Beyond,
        (Ok(first), Ok(last)) if last >= first => Asked::Part(first, last.saturating_add(1).min(size)),
        (Ok(first), Err(_)) if last.trim().is_empty() => Asked::Part(first, size),
        (Err(_), Ok(0)) if first.trim().is_empty() => Asked::Beyond,
        (Err(_), Ok(last)) if first.trim().is_empty() && size > 0 => {
            Asked::Part(size.saturating_sub(last), size)
        }
        _ => Asked::Whole,
    }
}

/// A run's history as Parquet, made while it is read.
async fn parquet(app: &App, run: RunPath) -> Answer<Response> {
    let (store, of) = (app.store.clone(), run.clone());
    let view = blocking(move || store.run(&of)).await?;
    let (send, queue) = mpsc::channel::<std::io::Result<Bytes>>(PIECES);
    let store = app.store.clone();
    tokio::task::spawn_blocking(move || {
        let sink = Pieces { send: send.clone(), waiting: Vec::new() };
        if let Err(error) = history::write_parquet(&store, &view, sink) {
            tracing::error!("the Parquet file of run {run} was cut short: {error}");
            let _ = send.blocking_send(Err(std::io::Error::other(error)));
        }
    });
    Ok((file_headers("history.parquet"), streamed(queue)).into_response())
}

/// A sink for a writer that knows no async.
struct Pieces {
    send: mpsc::Sender<std::io::Result<Bytes>>,
    waiting: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.waiting));
        match piece.is_empty() {
            true => Ok(()),
            false => {
                self.send.blocking_send(Ok(piece)).map_err(|_gone| std::io::ErrorKind::BrokenPipe.into())
            }
        }
    }
}

/// Takes bytes in: durable once it answers.
pub async fn put(
    State(app): State<App>,
    Path(capability): Path<String>,
    request: Request,
) -> Answer<Response> {
    let grant = grant(&app, &capability)?;
    match grant {
        Grant::PutFile { .. } | Grant::PutArtifact { .. } | Grant::PutManifest { .. } => {}
        Grant::Get { .. }
        | Grant::GetFile { .. }
        | Grant::GetHistory { .. }
        | Grant::Frame { .. }
        | Grant::FrameFile { .. } => {
            return Err(Failure::new(StatusCode::FORBIDDEN, "this link is for reading, not for sending"));
        }
        Grant::Session { .. } => return Err(no_link()),
    }
    let announced = match request.headers().get(MD5) {
        None => None,
        Some(header) => {
            let md5 = STANDARD.decode(header.as_bytes()).ok().and_then(|md5| md5.try_into().ok());
            Some(md5.ok_or_else(|| Failure::bad("Content-MD5 is no base64 of an MD5 digest"))?)
        }
    };
    let promised = if let Grant::PutArtifact { md5, .. } = &grant { md5.map(|md5| md5.0) } else { None };
    let check = move |content: &Content| match [announced, promised]
        .into_iter()
        .flatten()
        .find(|md5| *md5 != content.md5.0)
    {
        None => Ok(()),
        Some(md5) => Err(Failure::bad(format!(
            "these bytes have the MD5 digest {}, not {}; send them again",
            ids::md5_base64(content.md5),
            STANDARD.encode(md5)
        ))),
    };
    let content = receive(&app.blobs, request.into_body(), check).await?;
    match grant {
        Grant::PutFile { run, path } => {
            app.lives.heard(&run, false);
            ingest::file::stored(&app.store, &run, path, content).await?;
        }
        Grant::PutManifest { artifact, manifest } => {
            ingest::artifact::manifest_stored(&app.store, artifact, manifest, content).await?;
        }
        // It waits for the manifest that names it.
        _ => {}
    }
    // Parts of an upload are confirmed by what is said here.
    Ok([(ETAG, format!("\"{}\"", content.md5))].into_response())
}

fn unreadable(error: &BlobError) -> Failure {
    let status = match error {
        BlobError::Missing(_) => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Failure::new(status, error.to_string()).hint("run `pannier verify`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (header, asked) in [
            ("bytes=0-9", Asked::Part(0, 10)),
            ("bytes=5-", Asked::Part(5, 100)),
            ("bytes=-10", Asked::Part(90, 100)),
            ("bytes=-1000", Asked::Part(0, 100)),
            ("bytes=90-1000", Asked::Part(90, 100)),
            ("bytes=100-", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=9-5", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("lines=0-1", Asked::Whole),
            ("bytes=x-y", Asked::Whole),
        ] {
            assert_eq!(range_of(header, 100), asked, "{header}");
        }
    }

    #[test]
    fn headers_hold_no_more_than_a_name() {
        let headers = file_headers("a\"b\r\nX: y.html");
        assert_eq!(headers[1].1, "attachment; filename=\"a_b__X:_y.html\"");
    }
}
