//! Requests to a server of W&B's, and what its answers mean. It knows no store and
//! no run.
//!
//! The key goes to the configured host only: links that the server gives are used
//! without it, as they are meant to be. Nothing is repeated in here but what the
//! protocol says is to be.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{Stream, stream};
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::{Client, Url};
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::allowance::Allowance;
use crate::clock::now_us;
use crate::sync::pace::Pace;
use crate::sync::remote::{RemoteError, RemoteResult};
use crate::sync::transport::{self, BYTES_PER_SECOND_MIN, TIMEOUT, retry_after};

/// A conflict of two requests about one object passes by itself.
const CONFLICTS: u32 = 3;
const CONFLICT_PAUSE: Duration = Duration::from_secs(2);
/// Files that share the pace: of each run on its way, and of a version, some go at a time.
const SHARING: u32 = 20;
/// What a person reads of a server's refusal.
const SAID_CHARS: usize = 500;

/// A server.
pub struct Server {
    client: Client,
    url: Url,
    /// For error texts: `W&B at api.wandb.ai`.
    pub who: String,
    key: Option<HeaderValue>,
    allowance: Allowance,
    pace: Arc<Pace>,
    local: bool,
}

/// The answer to a GraphQL request: what came of each of its fields.
#[derive(Debug, Default)]
pub struct Answer {
    /// By field, or the alias that was asked for.
    pub data: Json,
    /// What went wrong: of which field, where that is said, and why.
    pub errors: Vec<(Option<String>, String)>,
}

impl Answer {
    /// Why this field has no value.
    pub fn error(&self, field: &str) -> Option<&str> {
        let of = self.errors.iter().find(|(of, _)| of.as_deref() == Some(field));
        let any = || self.errors.iter().find(|(of, _)| of.is_none());
        of.or_else(any).map(|(_, why)| why.as_str())
    }

    /// The value of the only field that was asked for.
    pub fn only(mut self, field: &str) -> RemoteResult<Json> {
        match self.data[field].take() {
            Json::Null => match self.error(field).or(self.errors.first().map(|(_, why)| why.as_str())) {
                Some(why) => Err(RemoteError::Rejected(why.to_owned())),
                None => Ok(Json::Null),
            },
            value => Ok(value),
        }
    }
}

/// What is sent to a link: bytes, or what a reader brings piece by piece.
pub enum Upload {
    /// All of it.
    Bytes(Bytes),
    /// So many bytes.
    Stream(u64, mpsc::Receiver<std::io::Result<Bytes>>),
}

impl Server {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// # Errors
    /// Why this URL or key cannot be used, for people.
    pub fn new(url: &str, key: Option<&str>) -> Result<Self, String> {
        transport::install_crypto();
        let (url, host, local) = transport::base(url)?;
        let key = key.map(|key| {
            let basic = STANDARD.encode(format!("api:{key}"));
            let mut value = HeaderValue::from_str(&format!("Basic {basic}"))
                .map_err(|_secret| "the API key has characters that no key has")?;
            value.set_sensitive(true);
            Ok::<_, String>(value)
        });
        Ok(Self {
            client: transport::client(local)?,
            url,
            who: format!("W&B at {host}"),
            key: key.transpose()?,
            allowance: Allowance::default(),
            pace: Arc::new(Pace::from_env()?),
            local,
        })
    }

    /// Asks one GraphQL document.
    pub async fn graphql(&self, operation: &str, query: &str, variables: Json) -> RemoteResult<Answer> {
        let body = json!({ "query": query, "variables": variables, "operationName": operation });
        let body = Bytes::from(body.to_string());
        let mut conflicts = 0;
        loop {
            let headers = typed("application/json");
            match self.exchange(&["graphql"], headers, body.clone()).await {
                Err(Refusal { status: Some(StatusCode::CONFLICT), .. }) if conflicts < CONFLICTS => {
                    conflicts += 1;
                    sleep(CONFLICT_PAUSE).await;
                }
                Err(refusal) => return Err(refusal.error),
                Ok(answer) => return self.read(answer),
            }
        }
    }

    fn read(&self, mut answer: Json) -> RemoteResult<Answer> {
        if answer.get("data").is_none() && answer.get("errors").is_none() {
            return Err(self.no_answer("a JSON document without data"));
        }
        let error = |error: &Json| {
            let field = error["path"].get(0).and_then(Json::as_str).map(str::to_owned);
            (field, clean(error["message"].as_str().unwrap_or("an error without a message")))
        };
        let errors = answer["errors"].as_array().map(|all| all.iter().map(error).collect());
        Ok(Answer { data: answer["data"].take(), errors: errors.unwrap_or_default() })
    }

    fn no_answer(&self, what: &str) -> RemoteError {
        let who = &self.who;
        RemoteError::transient(format!("{who} answered something that is no answer of W&B's: {what}"))
    }

    /// Posts to a run's file stream; what the server says besides.
    pub async fn post(&self, path: &[&str], body: Bytes, gzip: bool) -> RemoteResult<Json> {
        let mut headers = typed("application/json");
        if gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        self.pace.wait(body.len() as u64).await;
        self.exchange(path, headers, body).await.map_err(|refusal| refusal.error)
    }

    async fn exchange(&self, path: &[&str], headers: HeaderMap, body: Bytes) -> Result<Json, Refusal> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let timeout = TIMEOUT + Duration::from_secs(body.len() as u64 / BYTES_PER_SECOND_MIN);
        self.allowance.turn().await;
        let mut request = self.client.request(Method::POST, url).headers(headers).timeout(timeout);
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key);
        }
        let (status, headers, body) = self.answer(request.body(body)).await?;
        let asked = retry_after(&headers, now_us());
        self.allowance.heard(&headers, asked);
        if !status.is_success() {
            return Err(Refusal { status: Some(status), error: self.refusal(status, &headers, &body) });
        }
        serde_json::from_slice(&body).map_err(|error| self.no_answer(&error.to_string()).into())
    }

    async fn answer(
        &self,
        request: reqwest::RequestBuilder,
    ) -> RemoteResult<(StatusCode, HeaderMap, Vec<u8>)> {
        let cut = |error: &reqwest::Error| transport::unreachable(&self.who, error);
        let mut response = request.send().await.map_err(|error| cut(&error))?;
        let body = transport::read(&mut response).await.map_err(|error| cut(&error))?;
        let body = body.ok_or_else(|| self.no_answer("it is too long"))?;
        Ok((response.status(), response.headers().clone(), body))
    }

    /// What an answer that is no success means.
    fn refusal(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> RemoteError {
        let json: Json = serde_json::from_slice(body).unwrap_or_default();
        let said = json["errors"][0]["message"].as_str().or(json["error"].as_str());
        let said = said.or(json["error"]["message"].as_str()).unwrap_or_default();
        let what = match said {
            "" => format!("{} answered {status}", self.who),
            said => format!("{} answered {}: {}", self.who, status.as_u16(), clean(said)),
        };
        match status {
            StatusCode::UNAUTHORIZED => {
                RemoteError::Unauthorized(format!("{what}; the API key has no use there"))
            }
            StatusCode::PAYLOAD_TOO_LARGE => RemoteError::TooLarge(what),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                RemoteError::Transient { what, retry_after: retry_after(headers, now_us()) }
            }
            StatusCode::NOT_IMPLEMENTED => RemoteError::Rejected(what),
            status if status.is_client_error() => RemoteError::Rejected(what),
            _ => RemoteError::Transient { what, retry_after: retry_after(headers, now_us()) },
        }
    }

    /// Sends bytes to a link of the server's; the answer's headers. `said` are the
    /// headers that the server wants, `NAME:VALUE`.
    pub async fn put(&self, link: &str, said: &[Json], upload: Upload) -> RemoteResult<HeaderMap> {
        let url = Url::parse(link).map_err(|error| self.no_answer(&format!("a link is no URL: {error}")))?;
        if url.scheme() != "https" && !self.local {
            return Err(RemoteError::Rejected(format!("{} wants a file in the clear", self.who)));
        }
        let mut headers = HeaderMap::new();
        for header in said.iter().filter_map(Json::as_str) {
            let parts = header.split_once(':');
            let parts = parts.and_then(|(name, value)| {
                Some((name.trim().parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?))
            });
            let (name, value) = parts.ok_or_else(|| self.no_answer("a header that is none"))?;
            headers.insert(name, value);
        }
        let (size, body) = match upload {
            Upload::Bytes(bytes) => {
                self.pace.wait(bytes.len() as u64).await;
                (bytes.len() as u64, reqwest::Body::from(bytes))
            }
            Upload::Stream(size, queue) => {
                (size, reqwest::Body::wrap_stream(paced(queue, self.pace.clone())))
            }
        };
        headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
        let paced = self.pace.time(size) * SHARING;
        let timeout = TIMEOUT + Duration::from_secs(size / BYTES_PER_SECOND_MIN) + paced;
        let request = self.client.request(Method::PUT, url).headers(headers).timeout(timeout).body(body);
        let (status, headers, body) = self.answer(request).await?;
        match status.is_success() {
            true => Ok(headers),
            // The link's, not the key's.
            false if status == StatusCode::UNAUTHORIZED => Err(RemoteError::Rejected(format!(
                "{} gave a link for a file and does not take it there",
                self.who
            ))),
            false => Err(self.refusal(status, &headers, &body)),
        }
    }
}

/// Pieces as fast as they may go: between them others have their turn.
fn paced(
    queue: mpsc::Receiver<std::io::Result<Bytes>>,
    pace: Arc<Pace>,
) -> impl Stream<Item = std::io::Result<Bytes>> {
    stream::unfold((queue, pace), |(mut queue, pace)| async move {
        let piece = queue.recv().await?;
        pace.wait(piece.as_ref().map_or(0, |bytes| bytes.len() as u64)).await;
        Some((piece, (queue, pace)))
    })
}

struct Refusal {
    status: Option<StatusCode>,
    error: RemoteError,
}

impl From<RemoteError> for Refusal {
    fn from(error: RemoteError) -> Self {
        Self { status: None, error }
    }
}

fn typed(content: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content))])
}

fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SAID_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt as _;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_large_file_takes_turns_with_what_is_small() {
        let (pace, begun) = (Arc::new(Pace::new(Some(1000))), Instant::now());
        let (send, queue) = mpsc::channel(10);
        for _ in 0..10 {
            send.try_send(Ok(Bytes::from_static(&[0; 500]))).unwrap();
        }
        drop(send);
        let mut pieces = Box::pin(paced(queue, pace.clone()));
        for _ in 0..2 {
            pieces.next().await.unwrap().unwrap();
        }
        pace.wait(100).await;
        assert_eq!(begun.elapsed().as_millis(), 1000, "it waits for what went, not for the file");
        assert_eq!(pieces.count().await, 8);
        assert_eq!(begun.elapsed().as_millis(), 4600);
    }
}
