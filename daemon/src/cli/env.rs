//! `pannier env`.

use std::ffi::OsStr;
use std::io::Write;

use serde_json::{Map, Value as Json};

use super::failure::Result;
use super::variables::Variables;
use super::{show, start};
use crate::api::auth::LocalHttp;
use crate::home::Home;

/// Print the variables that put a shell, or a job script, into this home
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The variables of `import pannier` (PANNIER_HOME, PANNIER_SOCKET) and of `import wandb` (WANDB_BASE_URL,
WANDB_API_KEY; a few more where proxies or PANNIER_ENTITY are set). `import wandb` needs a daemon for
as long as it runs: start one that stays with `pannier daemon --detach`, or use `pannier run` instead,
which starts a daemon and looks after it. Port and key stay the same when the daemon is restarted.

What is printed has the key in it: do not put it into a file that others can read.

Examples:
  pannier daemon --detach; eval \"$(pannier env)\"     sh, bash, zsh
  pannier env --fish | source                         fish")]
pub struct Args {
    /// For fish instead of sh
    #[arg(long, conflicts_with = "json")]
    fish: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(home: &Home, args: &Args, out: &mut dyn Write) -> Result {
    let http = start::connect_or_start(home).and_then(|daemon| daemon.get::<LocalHttp>("/v1/http"));
    if let Err(failure) = &http {
        show::warn(&format!("{}; the variables of `import wandb` are left out", failure.error));
    }
    let variables = Variables::new(home, http.as_ref().ok(), &|name| std::env::var(name).ok());
    if args.json {
        let text = |value: &OsStr| Json::from(value.to_string_lossy());
        let unset = variables.unset.iter().map(|name| ((*name).to_owned(), Json::Null));
        let set = variables.set.iter().map(|(name, value)| ((*name).to_owned(), text(value)));
        show::json(out, &set.chain(unset).collect::<Map<_, _>>())?;
        return Ok(0);
    }
    for (name, value) in &variables.set {
        match args.fish {
            true => writeln!(out, "set -gx {name} {}", quote(value, "\\'"))?,
            false => writeln!(out, "export {name}={}", quote(value, "'\\''"))?,
        }
    }
    for name in &variables.unset {
        writeln!(out, "{} {name}", if args.fish { "set -e" } else { "unset" })?;
    }
    Ok(0)
}

/// A value as one word of a shell in which a quote within quotes is written so.
fn quote(value: &OsStr, inner: &str) -> String {
    let text = value.to_string_lossy().into_owned();
    let text = if inner.len() == 2 { text.replace('\\', "\\\\") } else { text };
    format!("'{}'", text.replace('\'', inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_shells() {
        assert_eq!(quote(OsStr::new("/a b"), "'\\''"), "'/a b'");
        assert_eq!(quote(OsStr::new("/it's\\"), "'\\''"), "'/it'\\''s\\'");
        assert_eq!(quote(OsStr::new("/it's\\"), "\\'"), "'/it\\'s\\\\'");
    }
}
