//! `pannier hub`, and the hub's users. Users are made before there is a hub, or
//! while it runs: in the first case this process takes the home and writes
//! itself, in the second it asks the hub.

use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::client::Client;
use super::failure::{Failure, Result};
use super::show::{self, Table};
use super::{daemon, logging};
use crate::api::web::check_public_url;
use crate::clock::now_us;
use crate::daemon::{Listen, Options};
use crate::home::{Home, HomeError};
use crate::percent::encode;
use crate::store::Store;

/// A process that holds the home but does not listen is starting or ending.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

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
  pannier hub user add alice                       prints alice's token, once
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
    /// What others call this hub, for the links that it gives; requests that
    /// call it something else are refused then. Needed behind a proxy
    #[arg(long, value_name = "URL", env = daemon::PUBLIC_URL_VARIABLE, value_parser = check_public_url)]
    public_url: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say who may send to this hub
    User {
        #[command(subcommand)]
        command: User,
    },
}

#[derive(Debug, Subcommand)]
enum User {
    /// Make a user and print the token, the only time it is shown
    Add {
        /// What to call the user
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the users
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a user; the token is refused from then on
    Remove {
        /// The user
        name: String,
    },
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let mut found =
        text.to_socket_addrs().map_err(|error| format!("{error}; use for example 0.0.0.0:8443"))?;
    found.next().ok_or_else(|| "nothing has this name".to_owned())
}

/// Runs it.
pub fn run(home: &Home, args: Args, out: &mut dyn Write) -> Result {
    if let Some(Command::User { command }) = args.command {
        logging::for_command();
        return user(home, &command, out);
    }
    let address = args
        .listen
        .ok_or_else(|| Failure::new("no address to listen on").hint("say --listen ADDRESS:PORT"))?;
    let tls = args.tls_cert.zip(args.tls_key);
    let listen = Some(Listen { address, tls, allow_plain_http: args.allow_plain_http });
    let public_url = args.public_url;
    daemon::start(Options { home: home.clone(), idle: None, listen, http: false, public_url })
}

#[derive(Debug, Serialize, Deserialize)]
struct Made {
    name: String,
    token: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Known {
    name: String,
    created_us: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Users {
    users: Vec<Known>,
}

fn user(home: &Home, command: &User, out: &mut dyn Write) -> Result {
    let users = Access::to(home)?;
    match command {
        User::Add { name, json } => {
            let made = users.add(name)?;
            if *json {
                show::json(out, &made)?;
            } else {
                writeln!(out, "{}", made.token)?;
                out.flush()?;
                // Beside the token, so that standard output is the token alone.
                eprintln!(
                    "The token of {}, shown only this once. Keep it in a file of mode 600 and use it with",
                    show::clean(name)
                );
                eprintln!("  pannier remote add hub URL --token-file FILE");
            }
        }
        User::List { json } => {
            let users = users.list()?;
            if *json {
                show::json(out, &users)?;
            } else {
                let mut table = Table::new(&["USER", "SINCE"]);
                users
                    .users
                    .iter()
                    .for_each(|user| table.row([user.name.clone(), show::moment(user.created_us)]));
                table.print(out)?;
            }
        }
        User::Remove { name } => {
            users.remove(name)?;
            writeln!(out, "removed {}", show::clean(name))?;
        }
    }
    Ok(0)
}

/// How the users of a home can be reached.
enum Access {
    /// Nobody serves the home; it is ours until this is dropped.
    Own(Store, #[expect(dead_code, reason = "held, not read")] crate::home::HomeLock),
    /// A hub serves it.
    Served(Client),
}

impl Access {
    fn to(home: &Home) -> Result<Self> {
        // The database is for this user only, whoever makes it.
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        home.prepare()?;
        let client = Client::new(home.socket());
        let began = Instant::now();
        loop {
            match home.lock() {
                Ok(lock) => return Ok(Self::Own(Store::open(&home.database())?, lock)),
                Err(HomeError::Held { .. }) if client.ready() => return Ok(Self::Served(client)),
                Err(error) if began.elapsed() > PATIENCE || !matches!(error, HomeError::Held { .. }) => {
                    return Err(error.into());
                }
                Err(_) => sleep(LOOK_INTERVAL),
            }
        }
    }

    fn add(&self, name: &str) -> Result<Made> {
        match self {
            Self::Served(hub) => hub.call("POST", "/v1/users", Some(&json!({ "name": name })))?.json(),
            Self::Own(store, _) => {
                let (now_us, name) = (now_us(), name.to_owned());
                Ok(store.write_blocking(move |tx| Ok(Made { token: tx.add_user(&name, now_us)?, name }))?)
            }
        }
    }

    fn list(&self) -> Result<Users> {
        match self {
            Self::Served(hub) => hub.get("/v1/users"),
            Self::Own(store, _) => {
                let users = store.users()?.into_iter();
                Ok(Users { users: users.map(|(name, created_us)| Known { name, created_us }).collect() })
            }
        }
    }

    fn remove(&self, name: &str) -> Result<()> {
        match self {
            Self::Served(hub) => hub.call("DELETE", &format!("/v1/users/{}", encode(name)), None).map(drop),
            Self::Own(store, _) => {
                let name = name.to_owned();
                Ok(store.write_blocking(move |tx| tx.remove_user(&name))?)
            }
        }
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        if let Self::Own(store, _) = self {
            store.close();
        }
    }
}
