//! `pannier import`: the daemon takes bundles in; this shows how far it is and what
//! came of each.

use std::io::Write;
use std::path::{Path, PathBuf};

use pannier_proto::bundle::{Import, Imported, ImportedBundle};
use serde_json::json;

use super::export::{follow, passphrase, secret};
use super::failure::{EXIT_FAILED, Failure, Result};
use super::show::{self, Colour, paint};
use super::start;
use crate::home::Home;

/// Take in bundles that were exported elsewhere, and receipts
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each bundle is read to its end and checked before anything of it is taken in; a damaged one changes
nothing. Bundles may be given in any order, again, and all parts of one in any order. What needs an
earlier bundle is kept and waits for it.

A receipt says what is here now of what the bundles brought. It goes back the same way; imported
where the bundles came from, it shows there what arrived.

Examples:
  pannier import /media/stick/*.bundle
  pannier import /media/stick/*.bundle --receipt /media/stick/back.receipt
  pannier import /media/stick/back.receipt                  at the side that exported
  pannier import all.bundle.* --identity key.txt            one that is encrypted, in parts
  pannier import all.bundle --key pannier-key:…             only if this key signed it
  pannier import all.bundle --dry-run

Exit codes: 0 all of it is here, or waits; 1 something was refused, with the reasons;
69 no daemon could be asked.")]
pub struct Args {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write a receipt to this file
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// Sign the receipt with the key in this file
    #[arg(long, value_name = "FILE", requires = "receipt")]
    sign: Option<PathBuf>,
    /// Take only what this key signed, or one in this file; may be given again
    #[arg(long, value_name = "KEY|FILE")]
    key: Vec<String>,
    /// The file with the secret key (age's) that it is encrypted to; may be given again
    #[arg(long, value_name = "FILE")]
    identity: Vec<PathBuf>,
    /// The file with the passphrase that it is encrypted with; `-` for standard input
    #[arg(long, value_name = "FILE|-")]
    passphrase_file: Option<PathBuf>,
    /// Only look: whether it is whole, and what is in it
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(home: &Home, args: &Args, out: &mut dyn Write) -> Result {
    let whole = |path: &PathBuf| {
        let whole = std::path::absolute(path).map_err(|error| Failure::file("use", path, &error))?;
        Ok::<_, Failure>(whole.display().to_string())
    };
    let identities: String =
        args.identity.iter().map(|file| secret(file).map(|text| text + "\n")).collect::<Result<_>>()?;
    let asked = Import {
        files: args.files.iter().map(whole).collect::<Result<_>>()?,
        keys: keys(&args.key)?,
        identities: Some(identities).filter(|text| !text.is_empty()),
        passphrase: args.passphrase_file.as_deref().map(passphrase).transpose()?,
        dry_run: args.dry_run,
        receipt: args.receipt.as_ref().map(whole).transpose()?,
        sign: args.sign.as_deref().map(secret).transpose()?,
    };
    let daemon = start::connect_or_start(home)?;
    let imported: Imported = follow(&daemon, "/v1/bundles/import", &json!(asked), "import")?;
    match args.json {
        true => show::json(out, &imported)?,
        false => print(&imported, args.dry_run, out)?,
    }
    let good = |bundle: &ImportedBundle| bundle.error.is_none() && bundle.problems.is_empty();
    Ok(if imported.bundles.iter().all(good) { 0 } else { EXIT_FAILED })
}

fn keys(given: &[String]) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    for given in given {
        match given.starts_with("pannier-key:") {
            true => keys.push(given.clone()),
            false => {
                let text = secret(Path::new(given))?;
                let lines = text.lines().map(str::trim);
                let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
                keys.extend(lines.map(str::to_owned));
            }
        }
    }
    Ok(keys)
}

fn print(imported: &Imported, dry_run: bool, out: &mut dyn Write) -> Result<()> {
    for bundle in &imported.bundles {
        one(bundle, dry_run, out)?;
    }
    for waiting in &imported.still_waiting {
        writeln!(out, "{} {}", paint("still waiting:", Colour::Yellow), show::clean(waiting))?;
    }
    if let Some(receipt) = &imported.receipt {
        writeln!(out, "receipt: {}; import it where the bundles came from", show::clean(receipt))?;
    }
    Ok(())
}

fn one(bundle: &ImportedBundle, dry_run: bool, out: &mut dyn Write) -> Result<()> {
    let name = show::clean(&bundle.file);
    if let Some(error) = &bundle.error {
        // Of one that is not all there, the error names what is.
        let name = if name.is_empty() { String::new() } else { format!("{name}: ") };
        writeln!(out, "{name}{}: {}", paint("REFUSED", Colour::Red), show::clean(error))?;
        if let Some(hint) = &bundle.hint {
            writeln!(out, "  hint: {}", show::clean(hint))?;
        }
        return Ok(());
    }
    let (host, to) = (show::clean(&bundle.host), show::clean(&bundle.to));
    let (records, new) = (show::count(bundle.records, "record"), show::number(bundle.new_records));
    let streams = show::count(bundle.streams, "stream");
    let verb = if dry_run { "would be new" } else { "new" };
    match bundle.receipt {
        true => writeln!(
            out,
            "{name}: a receipt of {host}: {records} of {streams} arrived at {to}, {new} of them {verb}"
        )?,
        false => writeln!(
            out,
            "{name}: bundle {} of {host} for {to}: {records} of {streams}, {new} {verb} here",
            bundle.number
        )?,
    }
    match &bundle.signed_by {
        Some(key) => writeln!(out, "  signed by {key}")?,
        None => writeln!(out, "  not signed")?,
    }
    for waiting in &bundle.waiting {
        writeln!(out, "  {} {}", paint("waits:", Colour::Yellow), show::clean(waiting))?;
    }
    for problem in &bundle.problems {
        writeln!(out, "  {} {}", paint("refused:", Colour::Red), show::clean(problem))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_prints() {
        let bundle = ImportedBundle {
            file: "/m/a.bundle".into(),
            host: "node\u{7}1".into(),
            to: "hub".into(),
            number: 2,
            streams: 1,
            records: 1200,
            new_records: 1000,
            waiting: vec!["run e/p/r: more".into()],
            ..ImportedBundle::default()
        };
        let refused = ImportedBundle {
            error: Some("it is damaged".into()),
            hint: Some("copy it again".into()),
            ..bundle.clone()
        };
        let imported = Imported { bundles: vec![bundle, refused], ..Imported::default() };
        let mut out = Vec::new();
        print(&imported, false, &mut out).unwrap();
        let expected = "\
/m/a.bundle: bundle 2 of node\\u{7}1 for hub: 1,200 records of 1 stream, 1,000 new here
  not signed
  waits: run e/p/r: more
/m/a.bundle: REFUSED: it is damaged
  hint: copy it again
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
