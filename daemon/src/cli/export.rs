//! `pannier export`: the daemon writes a bundle; this shows how far it is and what
//! became of it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use pannier_proto::bundle::{Export, Exported, Since};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::client::Client;
use super::failure::{EXIT_FAILED, Failure, Result};
use super::progress::Progress;
use super::{runs, show, start};
use crate::bundle::SigningKey;
use crate::home::{Home, write_private};
use crate::units;

/// A key or a passphrase is no longer.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// Write what another home lacks into a file that can be carried there
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A bundle holds records and the bytes of files that they name, of all runs, projects, registries and
reports of this home, checksummed; `pannier import` takes it in at the other side, in any order and
any number of times. What a destination has had is remembered under its name:

  --since last        without what earlier bundles for that destination hold
  --since received    without what arrived there, by the receipts that were imported here

A bundle that is lost is made good by the next one with `--since received`, or without --since.
Bytes that the other side has stay out of it, too: of a large file that changed, only what changed goes.

Examples:
  pannier export -o /media/stick/                      everything, into a file with a name of its own
  pannier export --since last -o /media/stick/         what is new since the last time
  pannier export --run digits/a1b2c3d4 -o run.bundle   one run
  pannier export -o all.bundle --split 2GiB            all.bundle.001, all.bundle.002, …
  pannier export --new-key site.key                    a key to sign with; prints the public one
  pannier export -o all.bundle --sign site.key --encrypt-to age1…

Exit codes: 0 written, or nothing new; 1 not written, or something could not be read here;
69 no daemon could be asked.")]
pub struct Args {
    /// The file to write, or a folder in which it gets a name of its own
    #[arg(short, long, value_name = "FILE|DIR", required_unless_present = "new_key")]
    output: Option<PathBuf>,
    /// Which destination it is for; what it has had is remembered under this name
    #[arg(long, value_name = "NAME", default_value = "bundle")]
    to: String,
    /// Leave out what was exported before, or what arrived
    #[arg(long, value_name = "last|received", ignore_case = true)]
    since: Option<Left>,
    /// Everything, also what was exported before; the same as no --since
    #[arg(long, conflicts_with = "since")]
    all: bool,
    /// Only this run; may be given again
    #[arg(long, value_name = "RUN")]
    run: Vec<String>,
    /// Only this project with its runs, registry moves and reports; may be given again
    #[arg(long, value_name = "ENTITY/PROJECT")]
    project: Vec<String>,
    /// Cut it into parts of at most this size, for example 2GiB
    #[arg(long, value_name = "SIZE", value_parser = units::bytes)]
    split: Option<u64>,
    /// Sign it with the key in this file
    #[arg(long, value_name = "FILE")]
    sign: Option<PathBuf>,
    /// Encrypt it for this recipient (age1…, as `age-keygen` prints one), or those in this file
    #[arg(long, value_name = "RECIPIENT|FILE", conflicts_with = "passphrase_file")]
    encrypt_to: Vec<String>,
    /// Encrypt it with the passphrase in this file; `-` for standard input
    #[arg(long, value_name = "FILE|-")]
    passphrase_file: Option<PathBuf>,
    /// Make a key to sign with, and print the public one
    #[arg(long, value_name = "FILE", exclusive = true)]
    new_key: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Left {
    /// What earlier bundles hold
    Last,
    /// What arrived, by receipts
    Received,
}

/// Runs it.
pub fn run(home: &Home, args: &Args, out: &mut dyn Write) -> Result {
    if let Some(file) = &args.new_key {
        return new_key(file, out);
    }
    let output = args.output.as_deref().unwrap_or(Path::new("."));
    let place = place(output, &args.to)?;
    let sign = args.sign.as_deref().map(secret).transpose()?;
    let passphrase = args.passphrase_file.as_deref().map(passphrase).transpose()?;
    let recipients = recipients(&args.encrypt_to)?;
    let projects = args.project.iter().map(|text| project(text)).collect::<Result<Vec<_>>>()?;
    let daemon = start::connect_or_start(home)?;
    let asked = Export {
        to: args.to.clone(),
        since: match args.since {
            None => Since::Beginning,
            Some(Left::Last) => Since::Last,
            Some(Left::Received) => Since::Received,
        },
        runs: args.run.iter().map(|text| runs::find(&daemon, text)).collect::<Result<_>>()?,
        projects,
        place: place.display().to_string(),
        split: args.split,
        sign,
        recipients,
        passphrase,
    };
    let exported: Exported = follow(&daemon, "/v1/bundles/export", &json!(asked), "export")?;
    match args.json {
        true => show::json(out, &exported)?,
        false => print(&exported, out)?,
    }
    Ok(if exported.left_out.is_empty() { 0 } else { EXIT_FAILED })
}

fn print(exported: &Exported, out: &mut dyn Write) -> Result<()> {
    match exported.files.as_slice() {
        [] => writeln!(out, "nothing new for {}", exported.to)?,
        files => {
            let (records, streams) =
                (show::count(exported.records, "record"), show::count(exported.streams, "stream"));
            let (content, bytes) = (show::size(exported.content_bytes), show::size(exported.file_bytes));
            writeln!(
                out,
                "bundle {} for {}: {records} of {streams} and {content} of files, in {bytes}",
                exported.number, exported.to
            )?;
            files.iter().try_for_each(|file| writeln!(out, "  {}", show::clean(file)))?;
            if let Some(key) = &exported.signed_by {
                writeln!(out, "signed by {key}")?;
            }
            writeln!(
                out,
                "take it in at the other side with `pannier import`; a receipt from there says that it arrived"
            )?;
        }
    }
    for left_out in &exported.left_out {
        show::warn(&format!("left out: {}; see `pannier verify --blobs`", show::clean(left_out)));
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Step {
    what: String,
    done: u64,
    total: u64,
    bytes: u64,
}

/// Asks for something long, shows how far it is, and returns what came of it.
pub fn follow<T: DeserializeOwned>(
    daemon: &Client,
    route: &str,
    asked: &Json,
    what: &'static str,
) -> Result<T> {
    let answer = daemon.stream_with("POST", route, asked)?;
    let mut progress = Progress::new(what);
    for line in answer.lines::<Json>() {
        let mut line = line?;
        if let Some(error) = line.get("error").and_then(Json::as_str) {
            let hint = line.get("hint").and_then(Json::as_str).filter(|hint| !hint.is_empty());
            let failure = Failure::new(show::clean(error));
            return Err(hint.iter().fold(failure, |failure, hint| failure.hint(show::clean(hint))));
        }
        if let Some(done) = line.get_mut("done").filter(|done| done.is_object()) {
            return Ok(serde_json::from_value(done.take())?);
        }
        let step: Step = serde_json::from_value(line)?;
        let count = match step.what.as_str() {
            "reading" => format!("{} of {}", show::size(step.done), show::size(step.total)),
            _ => format!("{} of {}", show::number(step.done), show::number(step.total)),
        };
        let written =
            if step.bytes > 0 { format!(", {} written", show::size(step.bytes)) } else { String::new() };
        progress.show(step.done, step.total, &format!("{}: {count}{written}", step.what));
    }
    Err(Failure::new("the daemon did not finish").hint("look into daemon.log in the home, and try again"))
}

/// The file by its whole path; in a folder, with a name of its own.
fn place(output: &Path, to: &str) -> Result<PathBuf> {
    let whole = std::path::absolute(output).map_err(|error| Failure::file("use", output, &error))?;
    if !whole.is_dir() {
        return match output.as_os_str().as_encoded_bytes().ends_with(b"/") {
            true => Err(Failure::new(format!("there is no folder {}", output.display()))
                .hint("make it, or mount what belongs there; without the `/` it is a file's name")),
            false => Ok(whole),
        };
    }
    let moment = show::moment(crate::clock::now_us()).replace(':', "");
    Ok(whole.join(format!("pannier-{to}-{moment}.bundle")))
}

fn project(text: &str) -> Result<(String, String)> {
    let (entity, project) = text.split_once('/').ok_or_else(|| {
        Failure::new(format!("{} is no project", show::clean(text))).hint("name it as ENTITY/PROJECT")
    })?;
    Ok((entity.to_owned(), project.to_owned()))
}

/// The recipients in arguments, and in files that they name.
fn recipients(given: &[String]) -> Result<Vec<String>> {
    let mut recipients = Vec::new();
    for given in given {
        if given.starts_with("age1") {
            recipients.push(given.clone());
            continue;
        }
        let text = secret(Path::new(given))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        recipients.extend(lines.map(str::to_owned));
    }
    Ok(recipients)
}

/// The text of a small file; `-` is standard input.
pub fn secret(file: &Path) -> Result<String> {
    let mut text = String::new();
    let failed = |error| Failure::file("read", file, &error);
    let from: Box<dyn Read> = match file == Path::new("-") {
        true => Box::new(std::io::stdin()),
        false => Box::new(std::fs::File::open(file).map_err(failed)?),
    };
    from.take(SECRET_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// The first line of a file.
pub fn passphrase(file: &Path) -> Result<String> {
    match secret(file)?.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(Failure::new(format!("the passphrase in {} is empty", file.display()))),
    }
}

fn new_key(file: &Path, out: &mut dyn Write) -> Result {
    if file.symlink_metadata().is_ok() {
        return Err(Failure::new(format!("{} is there already", file.display())).hint("give another name"));
    }
    let unusable = |error: String| Failure::new(format!("cannot make a key: {error}"));
    let seed = crate::token::random().map_err(|error| unusable(error.to_string()))?;
    let key = SigningKey::from_seed(seed).map_err(|error| unusable(error.to_string()))?;
    let whole = std::path::absolute(file).map_err(|error| Failure::file("use", file, &error))?;
    write_private(&whole, key.to_text().as_bytes()).map_err(|error| Failure::file("write", file, &error))?;
    writeln!(out, "{}", key.public())?;
    show::warn("whoever has the file can sign in your name; give others the line above, for `import --key`");
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_bundle_is_called() {
        let dir = tempfile::tempdir().unwrap();
        let named = place(dir.path(), "site").unwrap();
        let name = named.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            name.starts_with("pannier-site-20") && name.ends_with("Z.bundle") && !name.contains(':'),
            "{name}"
        );
        assert_eq!(place(&dir.path().join("x.bundle"), "site").unwrap(), dir.path().join("x.bundle"));
    }

    #[test]
    fn keys_are_made_once_and_read_by_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        let mut said = Vec::new();
        new_key(&file, &mut said).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let key = SigningKey::from_text(&secret(&file).unwrap()).unwrap();
        assert_eq!(String::from_utf8(said).unwrap().trim(), key.public().to_string());
        assert!(new_key(&file, &mut Vec::new()).is_err());
    }

    #[test]
    fn recipients_and_passphrases_come_from_files() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("list");
        std::fs::write(&file, "# ours\nage1abc\n\nage1def\n").unwrap();
        let named = [file.display().to_string(), "age1x".to_owned()];
        assert_eq!(recipients(&named).unwrap(), ["age1abc", "age1def", "age1x"]);
        std::fs::write(&file, "correct horse\nmore\n").unwrap();
        assert_eq!(passphrase(&file).unwrap(), "correct horse");
        std::fs::write(&file, "\n").unwrap();
        assert!(passphrase(&file).is_err());
    }
}
