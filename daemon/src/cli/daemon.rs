//! `pannier daemon`.

use std::time::Duration;

use super::failure::{EXIT_HELD, Failure, Result};
use super::{logging, show, start, sync};
use crate::api::web::check_public_url;
use crate::blobs::BlobError;
use crate::daemon::{DaemonError, Options, run as serve};
use crate::home::{Home, NETWORK_STORE_VARIABLE};

/// `off`: no loopback listener.
const HTTP_VARIABLE: &str = "PANNIER_HTTP";
/// What others call this daemon.
pub const PUBLIC_URL_VARIABLE: &str = "PANNIER_PUBLIC_URL";

/// Serve the home in the foreground, until SIGTERM or Ctrl-C
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The daemon takes in what training logs, answers questions about it and sends it to the remotes.
There is one for each home. It is rarely needed to start it by hand: `pannier run`, the Python
package and most other commands start one where there is none, and it leaves when it is idle.

Examples:
  pannier daemon                stays until it is told to go
  pannier daemon --idle 60      leaves after a minute without anything to do
  pannier daemon --detach       in the background; stays, too
  pannier daemon --drain 60     under systemd or in a pod: brings everything away before it goes

It listens on the home's socket and on a port of 127.0.0.1, where `import wandb` finds it with the
key that `pannier env` prints. Port and key are kept in http.json in the home.

Its log goes to standard error and to daemon.log in the home; PANNIER_LOG=pannier=debug says more.

Exit codes: 0 told to go, or idle; 1 failed; 3 another daemon serves the home; 4 the disk failed.")]
pub struct Args {
    /// Leave after so many seconds without anything to do
    #[arg(long, value_name = "SECONDS|never", default_value = "never", value_parser = idle)]
    idle: Idle,
    /// Do not listen on 127.0.0.1; also PANNIER_HTTP=off
    #[arg(long)]
    no_http: bool,
    /// Keep the database on a network file system all the same; also
    /// PANNIER_UNSAFE_NETWORK_STORE=1. Of one machine only, slow, and no safer
    /// than that file system
    #[arg(long)]
    unsafe_network_store: bool,
    /// What others call this daemon, for the links that it gives
    #[arg(long, value_name = "URL", env = PUBLIC_URL_VARIABLE, value_parser = check_public_url)]
    public_url: Option<String>,
    /// When told to go, stay for at most so many seconds, until everything is at
    /// the remotes
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = sync::seconds, conflicts_with = "detach")]
    drain: Duration,
    /// Return when a daemon serves the home, which stays until it is told to go
    #[arg(long, conflicts_with = "idle")]
    detach: bool,
    /// Leave the terminal's session: for commands that start a daemon
    #[arg(long, hide = true)]
    background: bool,
}

/// `None`: never. A name of its own, because clap reads `Option` as "may be left out".
type Idle = Option<Duration>;

fn idle(text: &str) -> Result<Idle, String> {
    if text == "never" {
        return Ok(None);
    }
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.map(Some).ok_or_else(|| "use a number of seconds, or `never`".to_owned())
}

/// Runs it.
pub fn run(home: &Home, args: &Args) -> Result {
    let mut home = home.clone();
    if args.unsafe_network_store {
        home.allow_network_store();
    }
    let home = &home;
    let http = !args.no_http && !http_is_off();
    if args.detach {
        return detach(home, args.public_url.as_deref(), http);
    }
    if args.background {
        // Refused to the leader of a group, who has left it already.
        let _ = rustix::process::setsid();
    }
    let public_url = args.public_url.clone();
    start(Options { home: home.clone(), idle: args.idle, drain: args.drain, listen: None, http, public_url })
}

/// Whether the environment forbids the loopback listener.
pub fn http_is_off() -> bool {
    std::env::var(HTTP_VARIABLE).is_ok_and(|value| ["off", "0", "false", "no"].contains(&value.as_str()))
}

/// Makes sure that there is a daemon, and that it stays.
fn detach(home: &Home, public_url: Option<&str>, http: bool) -> Result {
    let mut variables = Vec::new();
    variables.extend(public_url.map(|url| (PUBLIC_URL_VARIABLE, url)));
    variables.extend((!http).then_some((HTTP_VARIABLE, "off")));
    variables.extend(home.insists_on_network().then_some((NETWORK_STORE_VARIABLE, "1")));
    let (daemon, begun) = start::connect_or_start_with(home, &variables)?;
    daemon.call("POST", "/v1/stay", None)?;
    if !begun && !variables.is_empty() {
        show::warn("a daemon was there already: it stays, and keeps the options that it was started with");
    }
    Ok(0)
}

/// Serves a home until it is told to go.
pub fn start(options: Options) -> Result {
    options.home.prepare()?;
    logging::for_daemon(&options.home.log());
    serve(options).map_err(|error| {
        let failure = Failure::from(error);
        if failure.code != EXIT_HELD {
            // Whoever started it may not see its standard error.
            tracing::error!("{}", failure.error);
        }
        failure
    })?;
    Ok(0)
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        let failure = Self::new(error.to_string());
        match error {
            DaemonError::Home(error) => error.into(),
            DaemonError::Store(error) => Self { error: failure.error, ..error.into() },
            DaemonError::Blobs(BlobError::Full) => failure.hint("make room on the disk of the home"),
            DaemonError::Blobs(_) => failure.hint("`pannier doctor` looks for the usual causes"),
            DaemonError::Listen { .. } => failure.hint("choose another address; port 0 takes a free one"),
            DaemonError::PlainHttp(_) => failure.hint(
                "give a certificate with --tls-cert and --tls-key, or listen on 127.0.0.1; \
                 --allow-plain-http is for a hub behind a proxy that adds TLS",
            ),
            DaemonError::Tls { .. } => {
                failure.hint("both files are PEM; the certificate's chain begins with its own")
            }
            DaemonError::System { .. } => failure.hint("`pannier doctor` looks for the usual causes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_times() {
        assert_eq!(idle("never"), Ok(None));
        assert_eq!(idle("5"), Ok(Some(Duration::from_secs(5))));
        assert_eq!(idle("0.5"), Ok(Some(Duration::from_millis(500))));
        for text in ["", "-1", "NaN", "inf", "soon"] {
            assert!(idle(text).is_err(), "{text}");
        }
    }
}
