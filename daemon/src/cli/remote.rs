//! `pannier remote`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use pannier_proto::request::{AddRemote, Status};
use serde_json::json;

use super::client::Client;
use super::failure::{Failure, Result};
use super::{show, start, status};
use crate::home::Home;
use crate::percent::encode;

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
  pannier remote add site folder:/shared/pannier     a folder, which `pannier relay` carries on elsewhere")]
    Add {
        /// What to call it here
        name: String,
        /// https://HOST[:PORT]; http:// only on this machine; folder:/WHOLE/PATH
        url: String,
        /// The file with the token; `-` for standard input
        #[arg(long, value_name = "FILE|-")]
        token_file: Option<PathBuf>,
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

/// Runs it.
pub fn run(home: &Home, args: Args, out: &mut dyn Write) -> Result {
    match args.command {
        Command::Add { name, url, token_file } => {
            let token = token(token_file.as_deref())?;
            let (tokenless, is_folder) = (token.is_none(), url.starts_with("folder:"));
            let asked = json!(AddRemote { name: name.clone(), url, token });
            start::connect_or_start(home)?.call("POST", "/v1/remotes", Some(&asked))?;
            writeln!(out, "remote {} is set; `pannier status` shows whether it answers", show::clean(&name))?;
            if tokenless && !is_folder {
                show::warn("no token was given; where the hub wants one, add it with --token-file");
            }
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

fn on_remote(daemon: &Client, method: &str, name: &str, what: &str) -> Result<()> {
    daemon.call(method, &format!("/v1/remotes/{}{what}", encode(name)), None).map(drop)
}

/// A remote's token, from a file or the environment; none where neither says one.
///
/// # Errors
/// [`Failure`].
pub fn token(file: Option<&Path>) -> Result<Option<String>> {
    let text = match file {
        Some(file) if file == Path::new("-") => read(file, std::io::stdin())?,
        Some(file) => {
            read(file, std::fs::File::open(file).map_err(|error| Failure::file("read", file, &error))?)?
        }
        None => match std::env::var(TOKEN_VARIABLE) {
            Ok(token) if !token.is_empty() => token,
            _ => return Ok(None),
        },
    };
    match text.trim() {
        "" => Err(Failure::new("the token is empty")
            .hint("give a file with the token that `pannier hub user add` printed")),
        token => Ok(Some(token.to_owned())),
    }
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
    fn tokens_come_from_files_without_their_line_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "pan-abc\n").unwrap();
        assert_eq!(token(Some(&path)), Ok(Some("pan-abc".to_owned())));
        std::fs::write(&path, " \n").unwrap();
        assert!(token(Some(&path)).is_err());
        assert!(token(Some(&dir.path().join("none"))).unwrap_err().error.starts_with("cannot read"));
    }
}
