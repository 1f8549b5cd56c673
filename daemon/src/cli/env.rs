//! `pannier env`.

use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::failure::Result;
use super::show;
use crate::home::Home;

/// Print the variables that put a shell, or a job script, into this home
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  eval \"$(pannier env)\"                 sh, bash, zsh
  pannier env --fish | source           fish")]
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
    if args.json {
        show::json(out, &json!({ "PANNIER_HOME": home.root(), "PANNIER_SOCKET": home.socket() }))?;
        return Ok(0);
    }
    for (name, path) in [("PANNIER_HOME", home.root()), ("PANNIER_SOCKET", home.socket())] {
        match args.fish {
            true => writeln!(out, "set -gx {name} {}", quote(path, "\\'"))?,
            false => writeln!(out, "export {name}={}", quote(path, "'\\''"))?,
        }
    }
    Ok(0)
}

/// A path as one word of a shell in which a quote within quotes is written so.
fn quote(path: &Path, inner: &str) -> String {
    let text = path.display().to_string();
    let text = if inner.len() == 2 { text.replace('\\', "\\\\") } else { text };
    format!("'{}'", text.replace('\'', inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_shells() {
        assert_eq!(quote(Path::new("/a b"), "'\\''"), "'/a b'");
        assert_eq!(quote(Path::new("/it's\\"), "'\\''"), "'/it'\\''s\\'");
        assert_eq!(quote(Path::new("/it's\\"), "\\'"), "'/it\\'s\\\\'");
    }
}
