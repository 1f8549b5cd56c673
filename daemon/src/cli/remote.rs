//! `pannier remote`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use pannier_proto::remote::AddRemote;
use pannier_proto::request::Status;
use serde_json::json;

use super::client::Client;
use super::failure::{Failure, Result};
use super::{show, start, status};
use crate::home::Home;
use crate::percent::encode;
use crate::sync::kind::WANDB;

/// A file that is longer holds no token.
const TOKEN_BYTES_MAX: u64 = 64 << 10;
const TOKEN_VARIABLE: &str = "PANNIER_TOKEN";

/// Say where this home's runs are to be sent
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add a remote, or change the URL or token of one
    #[command(after_help = "\
The token is what `pannier hub user add` printed at the hub. It is read from a file, from standard
input, or from PANNIER_TOKEN; never from the command line, which other users of the machine can see.
It is kept in credentials.json in the home, for you only.

Examples:
  pannier remote add hub https://hub.example.org:8443 --token-file token.txt
  ssh hub.example.org pannier hub user add alice | pannier remote add hub https://hub.example.org --token-file -
  pannier remote add site folder:/shared/pannier     a folder, which `pannier relay` carries on elsewhere
  pannier remote add wandb https://api.wandb.ai      the key from WANDB_API_KEY or ~/.netrc")]
    Add {
        /// What to call it here
        name: String,
        /// https://HOST[:PORT]; http:// only on this machine; folder:/WHOLE/PATH
        url: String,
        /// The file with the token; `-` for standard input
        #[arg(long, value_name = "FILE|-")]
        token_file: Option<PathBuf>,
        /// What it is: another pannier, or a server of W&B's; the default for the name
        /// wandb and for hosts of wandb.ai is wandb
        #[arg(long, value_name = "hub|wandb")]
        kind: Option<Kind>,
    },
    /// List the remotes and how they are
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget a remote and its token; what it has, it keeps
    Remove {
        /// The remote
        name: String,
    },
    /// Try again at once, runs that it refused before included
    Retry {
        /// The remote
        name: String,
    },
}

/// What a remote is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A hub of ours, or a folder.
    Hub,
    /// A server of W&B's.
    Wandb,
}

impl Kind {
    fn of(name: &str, url: &str) -> Self {
        let host = host(url);
        let known = host == "wandb.ai" || host.ends_with(".wandb.ai");
        let wandb = (name == "wandb" && !url.starts_with("folder:")) || known || url.starts_with(WANDB);
        if wandb { Self::Wandb } else { Self::Hub }
    }
}

fn host(url: &str) -> String {
    let url = url.strip_prefix(WANDB).unwrap_or(url);
    let host = url.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    host.unwrap_or_default()
}

/// Runs it.
pub fn run(home: &Home, args: Args, out: &mut dyn Write) -> Result {
    match args.command {
        Command::Add { name, url, token_file, kind } => {
            add(&start::connect_or_start(home)?, &name, url, token_file.as_deref(), kind)?;
            writeln!(out, "remote {} is set; `pannier status` shows whether it answers", show::clean(&name))?;
        }
        Command::List { json } => {
            let remotes = start::connect_or_start(home)?.get::<Status>("/v1/status")?.remotes;
            if json {
                show::json(out, &json!({ "remotes": remotes }))?;
            } else if remotes.is_empty() {
                writeln!(out, "no remote; add one with `pannier remote add NAME URL --token-file FILE`")?;
            } else {
                status::remotes(&remotes, crate::clock::now_us()).print(out)?;
            }
        }
        Command::Remove { name } => {
            on_remote(&start::connect_or_start(home)?, "DELETE", &name, "")?;
            writeln!(out, "removed {}", show::clean(&name))?;
        }
        Command::Retry { name } => {
            on_remote(&start::connect_or_start(home)?, "POST", &name, "/retry")?;
            writeln!(out, "{} is tried again; `pannier sync --wait` waits for it", show::clean(&name))?;
        }
    }
    Ok(0)
}

/// Adds a remote with its token, from a file or from where the kind's tokens are.
///
/// # Errors
/// [`Failure`].
pub fn add(
    daemon: &Client,
    name: &str,
    url: String,
    token_file: Option<&Path>,
    kind: Option<Kind>,
) -> Result<()> {
    let kind = kind.unwrap_or_else(|| Kind::of(name, &url));
    let given = token_file.map(token).transpose()?;
    let (url, token) = match kind {
        Kind::Wandb => {
            let token = given.or_else(|| wandb_key(&host(&url)));
            (format!("{WANDB}{}", url.strip_prefix(WANDB).unwrap_or(&url)), token)
        }
        // A token of pannier's own is for nobody else.
        Kind::Hub => {
            let set = std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty());
            let token = match (given, set) {
                (None, Some(set)) => Some(trimmed(&set)?),
                (given, _) => given,
            };
            (url, token)
        }
    };
    let tokenless = token.is_none() && !url.starts_with("folder:");
    let asked = json!(AddRemote { name: name.to_owned(), url, token });
    daemon.call("POST", "/v1/remotes", Some(&asked))?;
    if tokenless {
        show::warn(match kind {
            Kind::Hub => "no token was given; where the hub wants one, add it with --token-file",
            Kind::Wandb => "no API key was found in WANDB_API_KEY or ~/.netrc; add it with --token-file",
        });
    }
    Ok(())
}

fn on_remote(daemon: &Client, method: &str, name: &str, what: &str) -> Result<()> {
    daemon.call(method, &format!("/v1/remotes/{}{what}", encode(name)), None).map(drop)
}

/// The token in a file; `-` is standard input.
fn token(file: &Path) -> Result<String> {
    let text = match file == Path::new("-") {
        true => read(file, std::io::stdin())?,
        false => read(file, std::fs::File::open(file).map_err(|error| Failure::file("read", file, &error))?)?,
    };
    trimmed(&text)
}

/// A token without its line end.
fn trimmed(text: &str) -> Result<String> {
    match text.trim() {
        "" => Err(Failure::new("the token is empty")
            .hint("give a file with the token that `pannier hub user add` printed")),
        token => Ok(token.to_owned()),
    }
}

/// The key that W&B's own client would use. One that is set for another server, as
/// `pannier env` does, is not meant.
fn wandb_key(of: &str) -> Option<String> {
    let meant = std::env::var("WANDB_BASE_URL").map_or(true, |url| host(&url) == of);
    let set = std::env::var("WANDB_API_KEY").ok().filter(|key| meant && !key.is_empty());
    set.or_else(|| {
        let file = std::env::var_os("NETRC").map(PathBuf::from);
        let file = file.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".netrc")))?;
        netrc(&std::fs::read_to_string(file).ok()?, of)
    })
}

/// The password of a host in the text of a `.netrc`.
fn netrc(text: &str, host: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    let mut here = false;
    while let Some(word) = words.next() {
        match word {
            "machine" => here = words.next() == Some(host),
            "password" => {
                let password = words.next()?;
                if here {
                    return Some(password.to_owned());
                }
            }
            _ => {}
        }
    }
    None
}

fn read(name: &Path, from: impl Read) -> Result<String> {
    let mut text = String::new();
    from.take(TOKEN_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| Failure::file("read", name, &error))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_remote_is_shows_in_its_name_or_place() {
        for (name, url, kind) in [
            ("wandb", "https://wandb.corp.example", Kind::Wandb),
            ("w", "https://api.wandb.ai", Kind::Wandb),
            ("w", "wandb+https://x.example", Kind::Wandb),
            ("hub", "https://notwandb.ai", Kind::Hub),
            ("hub", "http://127.0.0.1:8443", Kind::Hub),
        ] {
            assert_eq!(Kind::of(name, url), kind, "{name} {url}");
        }
    }

    #[test]
    fn keys_are_found_where_wandb_login_puts_them() {
        let text =
            "machine other login user password no\nmachine api.wandb.ai\n  login user\n  password key\n";
        assert_eq!(netrc(text, "api.wandb.ai").as_deref(), Some("key"));
        assert_eq!(netrc(text, "wandb.ai"), None);
    }

    #[test]
    fn tokens_come_from_files_without_their_line_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "pan-abc\n").unwrap();
        assert_eq!(token(&path), Ok("pan-abc".to_owned()));
        assert_eq!(trimmed("pan-abc\n"), token(&path), "from wherever it comes");
        std::fs::write(&path, " \n").unwrap();
        assert!(token(&path).is_err());
        assert!(token(&dir.path().join("none")).unwrap_err().error.starts_with("cannot read"));
    }
}
