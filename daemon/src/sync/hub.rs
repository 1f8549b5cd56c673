//! A hub over HTTP: requests, and what its answers mean. It knows no store.
//!
//! How its answers are waited for and what no answer means is `transport`'s.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use pannier_proto::content::Blob;
use pannier_proto::hub::{
    BlobNames, BlobPart, ChunkList, ChunkNames, CollectionQuestion, CollectionState, CollectionsAnswer,
    CollectionsQuestion, DigestsAnswer, DigestsQuestion, HubInfo, Me, PartAnswer, Positions, PositionsAnswer,
    PushAnswer, StreamDigest, StreamId, StreamUpto,
};
use pannier_proto::id::Seq;
use pannier_proto::request::ErrorBody;
use reqwest::{Client, Url};
use serde::de::DeserializeOwned;

use super::pace::Pace;
use super::remote::{Remote, RemoteError, RemoteResult, StreamPush};
use super::transport::{self, BYTES_PER_SECOND_MIN, TIMEOUT, client, install_crypto, read, retry_after};
use super::wire;
use crate::blobs::{pack, unpack};
use crate::clock::now_us;
use crate::limits::CHUNKS_BYTES_MAX;

/// Another pannier that takes our records. Clones share its connections.
#[derive(Clone)]
pub struct Hub {
    client: Client,
    url: Url,
    /// For error texts: `hub example.org:8443`.
    who: String,
    authorization: Option<HeaderValue>,
    pace: Arc<Pace>,
}

impl Hub {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// # Errors
    /// Why this URL, token or certificate file cannot be used, for people.
    pub fn new(url: &str, token: Option<&str>) -> Result<Self, String> {
        install_crypto();
        let (base, host, local) = transport::base(url)?;
        let who = format!("hub {host}");
        let authorization = token.map(|token| {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_secret| "the token has characters that no token has")?;
            value.set_sensitive(true);
            Ok::<_, String>(value)
        });
        let client = client(local)?;
        let pace = Arc::new(Pace::from_env()?);
        Ok(Self { client, url: base, who, authorization: authorization.transpose()?, pace })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> RemoteResult<T> {
        let size = body.len() as u64;
        self.send(method, path, headers, Body { bytes: body.into(), size }).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Body,
    ) -> RemoteResult<T> {
        let answer = self.exchange(method, path, headers, body).await?;
        serde_json::from_slice(&answer).map_err(|error| {
            RemoteError::transient(format!(
                "{} answered something that is no answer of a pannier hub: {error}",
                self.who
            ))
        })
    }

    /// A request, and the body of the answer that granted it.
    async fn exchange(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Body,
    ) -> RemoteResult<Vec<u8>> {
        let url =
            self.url.join(path).map_err(|error| RemoteError::Rejected(format!("{}: {error}", self.who)))?;
        let timeout = TIMEOUT + Duration::from_secs(body.size / BYTES_PER_SECOND_MIN);
        let mut request = self.client.request(method, url).headers(headers).timeout(timeout);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let cut = |error: &reqwest::Error| transport::unreachable(&self.who, error);
        let mut response = request.body(body.bytes).send().await.map_err(|error| cut(&error))?;
        let body = read(&mut response).await.map_err(|error| cut(&error))?;
        let body = body.ok_or_else(|| {
            RemoteError::transient(format!("{} answered with more than was asked for", self.who))
        })?;
        if !response.status().is_success() {
            return Err(refusal(&self.who, response.status(), response.headers(), &body));
        }
        Ok(body)
    }

    /// Sends chunks, no faster than is allowed.
    async fn send_chunks<T: DeserializeOwned>(
        &self,
        path: &str,
        chunks: Vec<(Blob, Bytes)>,
    ) -> RemoteResult<T> {
        let body = pack(&chunks);
        drop(chunks);
        self.pace.wait(body.len() as u64).await;
        self.ask(Method::POST, path, typed("application/octet-stream"), body).await
    }

    /// Whether it answered for what it was sent, or asked for.
    fn all_of(&self, mut wanted: Vec<Blob>, found: &[Blob]) -> RemoteResult<()> {
        wanted.retain(|blob| !found.contains(blob));
        match wanted.first() {
            None => Ok(()),
            Some(blob) => Err(RemoteError::transient(format!("{} did not answer for {blob}", self.who))),
        }
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> RemoteResult<T> {
        self.ask(Method::GET, path, HeaderMap::new(), Vec::new()).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl serde::Serialize,
    ) -> RemoteResult<T> {
        let json = serde_json::to_vec(body).map_err(|error| RemoteError::Rejected(error.to_string()))?;
        self.ask(Method::POST, path, typed("application/json"), json).await
    }
}

/// A body and its length, which says how long it may take.
struct Body {
    bytes: reqwest::Body,
    size: u64,
}

fn typed(content: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content))])
}

/// What an answer that is no success means.
fn refusal(who: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> RemoteError {
    let said = match serde_json::from_slice::<ErrorBody>(body) {
        Ok(ErrorBody { error, hint: Some(hint) }) => format!("{error}; {hint}"),
        Ok(ErrorBody { error, hint: None }) => error,
        Err(_) => String::new(),
    };
    let said: String = said.chars().filter(|c| !c.is_control()).take(500).collect();
    let what = match said.is_empty() {
        true => format!("{who} answered {status}"),
        false => format!("{who} answered {}: {said}", status.as_u16()),
    };
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => RemoteError::Unauthorized(what),
        StatusCode::PAYLOAD_TOO_LARGE => RemoteError::TooLarge(what),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            RemoteError::Transient { what, retry_after: retry_after(headers, now_us()) }
        }
        status if status.is_client_error() => RemoteError::Rejected(what),
        // A redirect, too: the login page of a network, more likely than a hub
        // that moved.
        _ => RemoteError::Transient { what, retry_after: retry_after(headers, now_us()) },
    }
}

impl Remote for Hub {
    async fn collections(&self, asked: &[CollectionQuestion]) -> RemoteResult<Option<Vec<CollectionState>>> {
        let question = CollectionsQuestion { collections: asked.to_vec() };
        let answer: CollectionsAnswer = self.post("v1/hub/collections", &question).await?;
        Ok(Some(answer.collections))
    }

    async fn info(&self) -> RemoteResult<HubInfo> {
        self.get("v1/hub").await
    }

    async fn me(&self) -> RemoteResult<Option<Me>> {
        match self.get("v1/hub/me").await {
            // A hub of an earlier version.
            Err(RemoteError::Rejected(_)) => Ok(None),
            found => found.map(Some),
        }
    }

    async fn positions(&self, streams: &[StreamId]) -> RemoteResult<PositionsAnswer> {
        self.post("v1/hub/positions", &Positions { streams: streams.to_vec() }).await
    }

    async fn missing(&self, blobs: &[Blob]) -> RemoteResult<Vec<Blob>> {
        let answer: BlobNames = self.post("v1/hub/blobs", &BlobNames { blobs: blobs.to_vec() }).await?;
        Ok(answer.blobs)
    }

    async fn put_whole(&self, blobs: Vec<(Blob, Bytes)>) -> RemoteResult<()> {
        let names = blobs.iter().map(|(blob, _)| *blob).collect();
        let stored: BlobNames = self.send_chunks("v1/hub/blobs/whole", blobs).await?;
        self.all_of(names, &stored.blobs)
    }

    async fn missing_chunks(&self, chunks: &[Blob]) -> RemoteResult<Vec<Blob>> {
        let asked = ChunkNames { chunks: chunks.to_vec() };
        let answer: ChunkNames = self.post("v1/hub/chunks/missing", &asked).await?;
        Ok(answer.chunks)
    }

    async fn put_chunks(&self, chunks: Vec<(Blob, Bytes)>) -> RemoteResult<()> {
        let names = chunks.iter().map(|(digest, _)| *digest).collect();
        let stored: ChunkNames = self.send_chunks("v1/hub/chunks", chunks).await?;
        self.all_of(names, &stored.chunks)
    }

    async fn assemble(&self, part: &BlobPart) -> RemoteResult<PartAnswer> {
        self.post("v1/hub/blobs/parts", part).await
    }

    async fn chunk_list(&self, blob: Blob, from: u64) -> RemoteResult<Vec<(Blob, u32)>> {
        let path = format!("v1/hub/blobs/{blob}/chunks?from={from}");
        let list: ChunkList = self.get(&path).await?;
        Ok(list.chunks)
    }

    async fn chunks(&self, chunks: &[Blob]) -> RemoteResult<Vec<(Blob, Bytes)>> {
        let asked = serde_json::to_vec(&ChunkNames { chunks: chunks.to_vec() });
        let asked = asked.map_err(|error| RemoteError::Rejected(error.to_string()))?;
        let size = asked.len() as u64 + CHUNKS_BYTES_MAX as u64;
        let body = Body { bytes: asked.into(), size };
        let answer =
            self.exchange(Method::POST, "v1/hub/chunks/get", typed("application/json"), body).await?;
        let found = tokio::task::spawn_blocking(move || unpack(answer.into())).await;
        let found = found.map_err(|error| RemoteError::transient(error.to_string()))?;
        let found = found.map_err(|problem| RemoteError::transient(format!("{}: {problem}", self.who)))?;
        self.all_of(chunks.to_vec(), &found.iter().map(|(digest, _)| *digest).collect::<Vec<_>>())?;
        Ok(found)
    }

    async fn push(&self, blocks: Vec<StreamPush>, gone: Vec<Blob>) -> RemoteResult<PushAnswer> {
        let encoded = tokio::task::spawn_blocking(move || wire::encode(&blocks, &gone)).await;
        let body =
            encoded.map_err(|error| RemoteError::transient(format!("the push was not made: {error}")))?;
        let mut headers = typed("application/octet-stream");
        if body.zstd {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("zstd"));
        }
        self.ask(Method::POST, "v1/hub/push", headers, body.bytes).await
    }

    async fn digests(&self, streams: &[(StreamId, Seq)]) -> RemoteResult<Vec<StreamDigest>> {
        let streams = streams.iter().map(|(id, upto)| StreamUpto { id: id.clone(), upto: *upto }).collect();
        let answer: DigestsAnswer = self.post("v1/hub/digests", &DigestsQuestion { streams }).await?;
        Ok(answer.digests)
    }
}

#[cfg(test)]
mod tests;
