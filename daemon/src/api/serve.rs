//! Connections: accepting them, whose they are, and how long they may take.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::response::Response;
use futures_util::StreamExt as _;
use http::header::CONTENT_TYPE;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

/// What an answer is called that only tells of events.
pub const EVENT_STREAM: &str = "text/event-stream";
/// Connections at once; whoever comes later waits to be accepted.
const CONNECTIONS_MAX: usize = 512;
/// How long a peer may take to send a request's head.
const HEAD_PATIENCE: Duration = Duration::from_secs(20);
/// How long a TLS handshake may take.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);

/// Where connections come from.
pub enum Listener {
    /// The owner's socket; only his own uid (and root's) is let in.
    Unix(UnixListener),
    /// The network, in the clear or behind TLS.
    Tcp(TcpListener, Option<TlsAcceptor>),
}

/// Whether somebody is asking something, or when somebody last did.
pub struct Activity {
    asking: AtomicUsize,
    last: Mutex<Instant>,
    stay: AtomicBool,
}

impl Default for Activity {
    fn default() -> Self {
        Self { asking: AtomicUsize::new(0), last: Mutex::new(Instant::now()), stay: AtomicBool::default() }
    }
}

impl Activity {
    /// From now on this is never quiet: somebody asked us to stay.
    pub fn stay(&self) {
        self.stay.store(true, Ordering::Relaxed);
    }

    /// How long nobody has asked anything; `None` while somebody does.
    #[must_use]
    pub fn quiet_for(&self) -> Option<Duration> {
        if self.stay.load(Ordering::Relaxed) {
            return None;
        }
        let last = self.last.lock().map(|last| last.elapsed()).unwrap_or_default();
        (self.asking.load(Ordering::Relaxed) == 0).then_some(last)
    }

    /// Somebody asks something, until what is returned is dropped. Work that outlives
    /// its asker keeps one of its own.
    pub fn begin(self: &Arc<Self>) -> Asking {
        self.asking.fetch_add(1, Ordering::Relaxed);
        Asking(self.clone())
    }
}

/// As long as this is there, somebody is asking something.
#[must_use]
pub struct Asking(Arc<Activity>);

impl Drop for Asking {
    fn drop(&mut self) {
        if let Ok(mut last) = self.0.last.lock() {
            *last = Instant::now();
        }
        self.0.asking.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Somebody asks until the last piece of a long answer. Who waits for events only
/// listens: no daemon stays for a forgotten tab.
fn with_asker(response: Response, asking: Asking) -> Response {
    let whole = response.body().size_hint().exact().is_some();
    let listens = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == EVENT_STREAM);
    if whole || listens {
        return response;
    }
    response.map(|body| {
        Body::from_stream(body.into_data_stream().inspect(move |_| {
            let _until_then = &asking;
        }))
    })
}

/// Serves a listener until `stop` is told, then lets requests under way end.
pub async fn serve(
    listener: Listener,
    router: Router,
    activity: Arc<Activity>,
    mut stop: tokio::sync::watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = accept(&listener) => accepted,
            _ = stop.changed() => break,
        };
        let connection = match accepted {
            Ok(connection) => connection,
            Err(error) => {
                // Out of descriptors, most likely: give others time to close.
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (router, activity, watcher) = (router.clone(), activity.clone(), graceful.watcher());
        tokio::spawn(async move {
            let _place = place;
            let Some(stream) = connection.handshake().await else { return };
            let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
                let (mut router, asking) = (router.clone(), activity.begin());
                async move {
                    let response = router.call(request.map(Body::new)).await;
                    let response = response.map_err(|never: Infallible| match never {});
                    response.map(|response| with_asker(response, asking))
                }
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
            let served = watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await;
            if let Err(error) = served {
                tracing::debug!("a connection ended early: {error}");
            }
        });
    }
    let patience = Duration::from_secs(3);
    if tokio::time::timeout(patience, graceful.shutdown()).await.is_err() {
        tracing::info!("some requests were still under way after {} s", patience.as_secs());
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

enum Connection {
    Plain(Box<dyn Stream>),
    Tls(tokio::net::TcpStream, TlsAcceptor),
}

impl Connection {
    async fn handshake(self) -> Option<Box<dyn Stream>> {
        match self {
            Self::Plain(stream) => Some(stream),
            Self::Tls(stream, acceptor) => {
                match tokio::time::timeout(HANDSHAKE_PATIENCE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => Some(Box::new(stream)),
                    _ => None,
                }
            }
        }
    }
}

async fn accept(listener: &Listener) -> io::Result<Connection> {
    loop {
        match listener {
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                let uid = stream.peer_cred()?.uid();
                let own = rustix::process::getuid().as_raw();
                if uid == own || uid == 0 {
                    return Ok(Connection::Plain(Box::new(stream)));
                }
                tracing::warn!("user {uid} tried to connect and was refused");
            }
            Listener::Tcp(listener, tls) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                return Ok(match tls {
                    Some(acceptor) => Connection::Tls(stream, acceptor.clone()),
                    None => Connection::Plain(Box::new(stream)),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_not_quiet_until_a_long_answer_is_over() {
        let activity = Arc::new(Activity::default());
        let long = || Body::from_stream(futures_util::stream::iter([Ok::<_, io::Error>("a")]));
        let mut response = with_asker(Response::new(long()), activity.begin());
        assert_eq!(activity.quiet_for(), None, "the head is answered, and the work goes on");
        drop(response);
        assert!(activity.quiet_for().is_some());
        response = with_asker(Response::new(Body::from("short")), activity.begin());
        assert!(activity.quiet_for().is_some(), "{response:?}");
        let mut events = Response::new(long());
        events.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(EVENT_STREAM));
        let _events = with_asker(events, activity.begin());
        assert!(activity.quiet_for().is_some(), "it only listens");
    }
}
