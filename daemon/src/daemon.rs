//! Wires the parts together, and takes them apart in order. The only module
//! that knows everyone.

mod hooks;
mod leave;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pannier_proto::id::Id128;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::api::web::{Door, Web, default_entity, owner};
use crate::api::{self, Activity, App, Listener};
use crate::blobs::{self, BlobError, Blobs};
use crate::credentials::Credentials;
use crate::fetch::Fetch;
use crate::handover::Handover;
use crate::health::Health;
use crate::home::{Home, HomeError, HomeLock};
use crate::ingest::registry;
use crate::intake::Intake;
use crate::limits::SHUTDOWN;
use crate::lives::Lives;
use crate::logs::{Logs, Watch};
use crate::names::Numbers;
use crate::relay::{self, Relays};
use crate::spool::{Folders, Spool};
use crate::store::{Journal, Store, StoreError};
use crate::sync::Sync;
use crate::sync::bundle::import::Importer;
use crate::{lives, loopback, notify, sampler, token};

/// How to run.
pub struct Options {
    /// The home.
    pub home: Home,
    /// Leave after so long without anything to do; `None`: stay.
    pub idle: Option<Duration>,
    /// When told to go, stay for at most so long, until everything is at the remotes.
    pub drain: Duration,
    /// Let others in, over the network.
    pub listen: Option<Listen>,
    /// Listen on loopback, where there is no `listen`.
    pub http: bool,
    /// What others call us, for absolute links.
    pub public_url: Option<String>,
}

/// Where and how to listen on the network.
pub struct Listen {
    /// Where; port 0 takes a free one.
    pub address: SocketAddr,
    /// Certificate chain and key, PEM.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Tokens may travel in the clear on other than loopback addresses.
    pub allow_plain_http: bool,
}

/// Why a daemon did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// See there.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// See there.
    #[error("cannot open the database of the home: {0}")]
    Store(#[from] StoreError),
    /// See there.
    #[error("cannot open the blobs of the home: {0}")]
    Blobs(#[from] BlobError),
    /// A listener could not be had.
    #[error("cannot listen on {at}: {source}")]
    Listen {
        /// Where.
        at: String,
        /// Why not.
        source: std::io::Error,
    },
    /// Plain HTTP on an address that others can reach.
    #[error("refusing to take tokens in the clear on {0}, which other machines can reach")]
    PlainHttp(SocketAddr),
    /// The certificate or its key is unusable.
    #[error("cannot use the certificate {} with the key {}: {problem}", .cert.display(), .key.display())]
    Tls {
        /// The chain.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why not.
        problem: String,
    },
    /// Something that the system should give was not to be had.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
}

/// Runs a daemon, or a hub, until it is told to stop or has been idle.
///
/// # Errors
/// [`DaemonError`].
pub fn run(options: Options) -> Result<(), DaemonError> {
    // Whatever is made from here on is for this user only, sockets included:
    // there is no moment at which they are more open.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    options.home.prepare()?;
    let lock = take(&options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(32)
        .enable_all()
        .build()
        .map_err(|source| DaemonError::System { what: "start the runtime", source })?;
    let result = runtime.block_on(serve(options, &lock));
    // What still runs off the runtime's threads is only reading.
    runtime.shutdown_timeout(Duration::from_millis(200));
    drop(lock);
    result
}

/// How long the first answer may wait for journals that were left behind.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// How long a daemon waits for one that is leaving.
const LEAVING_PATIENCE: Duration = Duration::from_secs(5);
/// Whoever holds the home and answers after so long is not leaving, as a client sees
/// it that was not answered before.
const ANSWERS_AFTER: Duration = Duration::from_millis(700);

/// Takes the home's lock. Whoever found nobody may have met a daemon on its way
/// out: then its successor waits for it.
fn take(options: &Options) -> Result<HomeLock, HomeError> {
    let begun = Instant::now();
    loop {
        let held = match options.home.lock() {
            Err(held @ HomeError::Held { .. }) => held,
            taken => return taken,
        };
        let served = || std::os::unix::net::UnixStream::connect(options.home.socket()).is_ok();
        // Who starts one by hand hears at once that it is not needed.
        let answers_after = options.idle.map_or(Duration::ZERO, |_| ANSWERS_AFTER);
        if begun.elapsed() > LEAVING_PATIENCE || (begun.elapsed() >= answers_after && served()) {
            return Err(held);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Opens the home's database as its file system allows.
///
/// # Errors
/// [`StoreError`].
pub fn open_store(home: &Home) -> Result<Store, StoreError> {
    if !home.is_on_network() {
        return Store::open(&home.database());
    }
    tracing::warn!(
        "the database is on a network file system, as somebody insisted: it is safe from one machine only"
    );
    Store::open_with(&home.database(), Journal::Delete)
}

/// The listener on 127.0.0.1 and its port, where there is one.
type Local = Option<(TcpListener, u16)>;

fn read_credentials(home: &Home) -> Result<Arc<Credentials>, DaemonError> {
    let failed = |source| DaemonError::System { what: "read credentials.json in the home", source };
    Credentials::load(&home.credentials()).map(Arc::new).map_err(failed)
}

/// Makes the parts and wires them; nobody is let in yet.
async fn assemble(options: &Options, stopping: watch::Receiver<bool>) -> Result<(App, Local), DaemonError> {
    let started = Instant::now();
    let home = &options.home;
    let store = Arc::new(open_store(home)?);
    let health = Arc::new(Health::default());
    let blobs = Arc::new(Blobs::open(&home.blobs(), home.quarantine(), store.clone())?);
    let credentials = read_credentials(home)?;
    let sync = Arc::new(Sync::start(store.clone(), blobs.clone(), health.clone(), credentials.clone()));
    let parts = relay::Parts {
        store: store.clone(),
        blobs: blobs.clone(),
        sync: sync.clone(),
        health: health.clone(),
    };
    let relays = Arc::new(Relays::start(parts));
    let no_thread = |source| DaemonError::System { what: "start a thread", source };
    let folders = Folders { spool: home.spool(), quarantine: home.quarantine(), incoming: home.incoming() };
    let runtime = tokio::runtime::Handle::current();
    let intake = Intake::new(store.clone(), blobs.clone(), health.clone(), folders.clone(), runtime);
    let intake = Arc::new(intake);
    let hooks = hooks::hooks(&store, &sync, &intake);
    let spool = Arc::new(Spool::start(folders, store.clone(), health.clone(), hooks).map_err(no_thread)?);
    // Whoever asks first sees what earlier lives left in their journals, unless
    // it is so much that he should not wait for it.
    let _ = tokio::time::timeout(FIRST_LOOK, spool.drain(None)).await;
    intake.start(&spool).map_err(no_thread)?;
    let local = options.http && options.listen.is_none();
    let local = loopback::open(&home.http(), local, &health).await;
    let local = local.map_err(|source| DaemonError::System { what: "get random numbers", source })?;
    let web = Web {
        public_url: options.public_url.clone(),
        local_url: local.listener.as_ref().map(|(_, port)| format!("http://127.0.0.1:{port}")),
        token: local.token,
        blob_key: local.blob_key,
        owner: owner(),
    };
    let (numbers, lives): (Arc<Numbers>, Arc<Lives>) = Default::default();
    let logs = Logs::new(&store, &blobs, &lives, &numbers, default_entity());
    let left = Arc::new(Watch::start(logs, health.clone()).map_err(no_thread)?);
    let fetch = Arc::new(Fetch::new(store.clone(), blobs.clone(), sync.clone()));
    let app = App {
        store,
        spool,
        intake,
        sync,
        relays,
        fetch,
        health,
        credentials,
        numbers,
        epoch: random_id()?,
        home: Arc::from(home.root()),
        started,
        activity: Arc::new(Activity::default()),
        blobs,
        lives,
        left,
        schema: api::wandb::schema(),
        answers: Arc::default(),
        scans: Arc::default(),
        entrance: Arc::default(),
        logs: Arc::default(),
        stopping,
        web: Arc::new(web),
        door: Door::Socket,
    };
    Ok((app, local.listener))
}

async fn serve(options: Options, lock: &HomeLock) -> Result<(), DaemonError> {
    let mut signals = Signals::listen()?;
    let home = &options.home;
    let (stop, stopped) = watch::channel(false);
    let (app, local) = assemble(&options, stopped.clone()).await?;
    let start = |listener, door| {
        let router = api::service(App { door, ..app.clone() });
        tokio::spawn(api::serve(listener, router, app.activity.clone(), stopped.clone()))
    };
    let mut servers = vec![start(unix(home.socket())?, Door::Socket)];
    if let Some((listener, port)) = local {
        tracing::info!("listening on 127.0.0.1:{port}, for the owner's key");
        servers.push(start(Listener::Tcp(listener, None), Door::Loopback));
    }
    if let Some(listen) = &options.listen {
        servers.push(start(tcp(listen).await?, Door::Hub { tls: listen.tls.is_some() }));
    }
    let lives = tokio::spawn(lives::watch(app.store.clone(), app.lives.clone()));
    let handover = Arc::new(Handover::new(app.store.clone()));
    let leaving_word = tokio::spawn(handover.clone().watch());
    let gc = tokio::spawn(blobs::daily(app.blobs.clone()));
    let importer = Importer { store: app.store.clone(), blobs: app.blobs.clone(), dir: home.bundles() };
    let bundles = tokio::spawn(importer.resume());
    let expiry = tokio::spawn(registry::expire_as_due(app.store.clone()));
    let sampler = tokio::spawn(sampler::run(app.store.clone(), app.spool.clone(), home.root().to_owned()));
    let (root, socket) = (home.root().display(), home.socket().display());
    tracing::info!("serving {root} on {socket} as process {}", std::process::id());

    notify::ready();

    let reason = leave::until_told(&options, &mut signals, lock, &app).await;
    tracing::info!("stopping: {reason}");
    notify::stopping();
    leave::drain(options.drain, &mut signals, &app).await;
    let _ = stop.send(true);
    lives.abort();
    sampler.abort();
    gc.abort();
    bundles.abort();
    expiry.abort();
    leaving_word.abort();
    stop_in_order(app, servers, handover).await;
    // Ours as long as we hold the lock; it may be gone with its folder.
    let _ = std::fs::remove_file(home.socket());
    Ok(())
}

/// First what was accepted, then what can wait.
async fn stop_in_order(app: App, servers: Vec<tokio::task::JoinHandle<()>>, handover: Arc<Handover>) {
    let App { store, spool, intake, left, relays, sync, .. } = app;
    let shutdown = async {
        let _ = tokio::task::spawn_blocking(move || spool.stop()).await;
        let _ = tokio::task::spawn_blocking(move || intake.stop()).await;
        let _ = tokio::task::spawn_blocking(move || left.stop()).await;
        relays.stop().await;
        sync.stop().await;
        let _ = tokio::task::spawn_blocking(move || handover.publish()).await;
        for server in servers {
            let _ = server.await;
        }
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    };
    if tokio::time::timeout(SHUTDOWN, shutdown).await.is_err() {
        let seconds = SHUTDOWN.as_secs();
        tracing::warn!(
            "not everything ended in {seconds} s; what was accepted is in the journals and the database"
        );
    }
}

fn random_id() -> Result<Id128, DaemonError> {
    let bytes = token::random().map_err(|source| DaemonError::System { what: "get random numbers", source });
    Ok(Id128(bytes?))
}

/// The signals that end a daemon, and those that are nothing to it: a closed
/// terminal, a scheduler's hints. Heard from before anyone can know that we are
/// there.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    _ignored: [Signal; 3],
}

impl Signals {
    fn listen() -> Result<Self, DaemonError> {
        let listen =
            |kind| signal(kind).map_err(|source| DaemonError::System { what: "listen for signals", source });
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            _ignored: [
                listen(SignalKind::hangup())?,
                listen(SignalKind::user_defined1())?,
                listen(SignalKind::user_defined2())?,
            ],
        })
    }
}

fn unix(path: &Path) -> Result<Listener, DaemonError> {
    let listen = |source| DaemonError::Listen { at: path.display().to_string(), source };
    // We hold the home's lock: whoever made the old one is gone.
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(listen(error)),
    }
    Ok(Listener::Unix(UnixListener::bind(path).map_err(listen)?))
}

async fn tcp(listen: &Listen) -> Result<Listener, DaemonError> {
    if listen.tls.is_none() && !listen.address.ip().is_loopback() && !listen.allow_plain_http {
        return Err(DaemonError::PlainHttp(listen.address));
    }
    let tls = listen.tls.as_ref().map(|(cert, key)| acceptor(cert, key)).transpose()?;
    let fail = |source| DaemonError::Listen { at: listen.address.to_string(), source };
    let listener = TcpListener::bind(listen.address).await.map_err(fail)?;
    let address = listener.local_addr().map_err(fail)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    // For whoever started us and waits; he may have closed his end.
    let mut out = std::io::stdout();
    let _ = writeln!(out, "listening on {scheme}://{address}").and_then(|()| out.flush());
    Ok(Listener::Tcp(listener, tls))
}

fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, DaemonError> {
    let fail = |problem: String| DaemonError::Tls { cert: cert.to_owned(), key: key.to_owned(), problem };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| fail(error.to_string()))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| fail(error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| fail(error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
