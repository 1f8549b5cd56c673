//! `pannier hub`: lets others in. Who they are is `administer`'s.

use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;

use super::failure::{Failure, Result};
use super::{administer, daemon, logging};
use crate::api::web::check_public_url;
use crate::daemon::{Listen, Options};
use crate::home::Home;

/// Be a hub: receive what daemons elsewhere send
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
A hub is a daemon that lets others in: over TCP, with a token for each user.
It keeps what it receives in its own home; give it one with PANNIER_HOME.
When it can be reached it prints `listening on URL`.

Examples:
  pannier hub user add alice --admin               prints alice's token, once
  pannier hub org add acme --admin alice
  pannier hub team add vision --org acme --admin alice
  pannier hub team member vision bob --role member
  pannier hub --listen 0.0.0.0:8443 --tls-cert cert.pem --tls-key key.pem
  pannier hub --listen 127.0.0.1:0                 on this machine only, any free port

Then, where training runs:
  pannier remote add hub https://hub.example.org:8443 --token-file token.txt"
)]
pub struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", required = true, value_parser = address)]
    listen: Option<SocketAddr>,
    /// The certificate, and those that vouch for it, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Listen without TLS on other addresses than this machine's own. Tokens and
    /// data can then be read on the way: only behind a proxy that adds TLS
    #[arg(long)]
    allow_plain_http: bool,
    /// Keep the database on a network file system all the same: see `pannier
    /// daemon --help`
    #[arg(long)]
    unsafe_network_store: bool,
    /// What others call this hub, for the links that it gives; requests that
    /// call it something else are refused then. Needed behind a proxy
    #[arg(long, value_name = "URL", env = daemon::PUBLIC_URL_VARIABLE, value_parser = check_public_url)]
    public_url: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say who may come in to this hub
    User {
        #[command(subcommand)]
        command: administer::User,
    },
    /// Say whose registries and teams there are
    Org {
        #[command(subcommand)]
        command: administer::Org,
    },
    /// Say who logs together
    Team {
        #[command(subcommand)]
        command: administer::Team,
    },
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let mut found =
        text.to_socket_addrs().map_err(|error| format!("{error}; use for example 0.0.0.0:8443"))?;
    found.next().ok_or_else(|| "nothing has this name".to_owned())
}

/// Runs it.
pub fn run(home: &Home, args: Args, out: &mut dyn Write) -> Result {
    if let Some(command) = args.command {
        logging::for_command();
        return match command {
            Command::User { command } => administer::user(home, command, out),
            Command::Org { command } => administer::org(home, command, out),
            Command::Team { command } => administer::team(home, command, out),
        };
    }
    let address = args
        .listen
        .ok_or_else(|| Failure::new("no address to listen on").hint("say --listen ADDRESS:PORT"))?;
    let tls = args.tls_cert.zip(args.tls_key);
    let listen = Some(Listen { address, tls, allow_plain_http: args.allow_plain_http });
    let public_url = args.public_url;
    let mut home = home.clone();
    if args.unsafe_network_store {
        home.allow_network_store();
    }
    daemon::start(Options { home, idle: None, drain: Duration::ZERO, listen, http: false, public_url })
}
