//! `pannier artifact get`: a version's files, as they are in its manifest.
//!
//! A file that is there and right is left. Else its bytes come into a file
//! beside it, which is continued where an earlier try left one, and takes the
//! place once its digest is right.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use md5::{Digest as _, Md5 as Hasher};
use pannier_proto::artifacts::{ArtifactView, EntryView};
use pannier_proto::content::Md5;
use pannier_proto::path::RelPath;
use serde::Serialize;

use super::full;
use super::name::Name;
use super::root::Root;
use crate::cli::client::Client;
use crate::cli::failure::{Failure, Result};
use crate::cli::progress::Transfer;
use crate::cli::show;
use crate::percent::encode;
use crate::wandb::ids;

pub const HELP: &str = "\
The files come into the folder that --root names, else into COLLECTION:vN below PANNIER_ARTIFACT_DIR,
WANDB_ARTIFACT_DIR or ./artifacts. Those that are there and right are left as they are; a download
that was cut short is continued. References are not downloaded; they are listed.

Examples:
  pannier artifact get digits/model:best
  pannier artifact get digits/data:v3 --root data --path train/
  pannier artifact get wandb-registry-model/digits:production --json";

/// Files that are on their way at once.
const THREADS: usize = 4;
/// Bytes that are read at a time.
const PIECE: usize = 256 << 10;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The version
    name: String,
    /// The folder; default: artifacts/COLLECTION:vN
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Only files whose paths begin like this
    #[arg(long, value_name = "PREFIX")]
    path: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Got {
    artifact: String,
    root: PathBuf,
    files: usize,
    bytes: u64,
    /// Those that were not there before.
    downloaded: usize,
    references: Vec<Reference>,
}

#[derive(Serialize)]
struct Reference {
    path: String,
    #[serde(rename = "ref")]
    reference: String,
}

/// A file that is to be there.
struct Wanted {
    path: RelPath,
    md5: Md5,
    size: u64,
}

/// Runs it.
pub fn run(daemon: &Client, args: &Args, out: &mut dyn Write) -> Result<()> {
    let mut name = Name::parse(&args.name)?;
    let version: ArtifactView = daemon.get(&name.route(""))?;
    let place = &version.version.place;
    // From here on this version is meant, wherever a name moves meanwhile.
    name.wanted = Some(format!("v{}", place.version));
    let prefix = args.path.as_deref().unwrap_or_default();
    let (wanted, references) = entries(daemon, &name, prefix)?;
    if wanted.is_empty() && references.is_empty() && args.path.is_some() {
        return Err(Failure::new(format!("{} has no file that begins with {prefix}", full(place)))
            .hint("without --path all files are downloaded"));
    }
    let root = root(args.root.as_ref(), &place.collection, place.version)?;
    let downloaded = download(daemon, &name, &root, &wanted)?;
    let got = Got {
        artifact: full(place),
        root: root.path().to_owned(),
        files: wanted.len(),
        bytes: wanted.iter().map(|file| file.size).sum(),
        downloaded,
        references,
    };
    if args.json {
        return show::json(out, &got);
    }
    let files = show::count(got.files as u64, "file");
    let kept = match got.files - got.downloaded {
        0 => String::new(),
        kept => format!(", {} of them there before", show::number(kept as u64)),
    };
    writeln!(out, "{}: {files}, {}{kept}", got.artifact, show::size(got.bytes))?;
    writeln!(out, "{}", show::clean(&got.root.display().to_string()))?;
    for Reference { path, reference } in &got.references {
        writeln!(out, "not downloaded: {} is at {}", show::clean(path), show::clean(reference))?;
    }
    Ok(())
}

/// Nothing of what the daemon says is believed to be a path before it is checked.
fn root(asked: Option<&PathBuf>, collection: &str, version: u64) -> Result<Root> {
    let cannot = |path: &std::path::Path, error: &io::Error| Failure::file("write into", path, error);
    if let Some(path) = asked {
        return Root::open(path).map_err(|error| cannot(path, &error));
    }
    let name = format!("{collection}:v{version}");
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let named = named("PANNIER_ARTIFACT_DIR").or_else(|| named("WANDB_ARTIFACT_DIR"));
    let above = named.map_or_else(|| PathBuf::from("artifacts"), PathBuf::from);
    let opened = Root::open(&above).and_then(|root| root.below(&name));
    opened.map_err(|error| cannot(&above.join(&name), &error))
}

fn entries(daemon: &Client, name: &Name, prefix: &str) -> Result<(Vec<Wanted>, Vec<Reference>)> {
    let (mut wanted, mut references) = (Vec::new(), Vec::new());
    for entry in daemon.stream("GET", &name.route("/files"))?.lines::<EntryView>() {
        let EntryView { path, digest, size, reference } = entry?;
        if !path.starts_with(prefix) {
            continue;
        }
        if let Some(reference) = reference {
            references.push(Reference { path, reference });
            continue;
        }
        let bad = |why: String| {
            Failure::new(format!("{name} cannot be downloaded: {}", show::clean(&why)))
                .hint("its manifest is damaged, or was made to do harm; nothing was written")
        };
        let path = RelPath::new(&path).map_err(|error| bad(error.to_string()))?;
        let md5 = ids::read_md5(&digest).ok_or_else(|| bad(format!("{path} has no MD5 digest")))?;
        let size = size.ok_or_else(|| bad(format!("{path} has no size")))?;
        wanted.push(Wanted { path, md5, size });
    }
    Ok((wanted, references))
}

/// Brings files, a few at once. Returns how many were not there before; the first
/// failure ends it, and what has come stays for the next try.
fn download(daemon: &Client, name: &Name, root: &Root, wanted: &[Wanted]) -> Result<usize> {
    let total = wanted.iter().map(|file| file.size).sum();
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (send, heard) = mpsc::sync_channel::<u64>(THREADS);
    let work = |bytes: &mpsc::SyncSender<u64>| {
        let mut fresh = 0;
        while !stop.load(Ordering::Relaxed) {
            let Some(file) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            match one(daemon, name, root, file, bytes) {
                Ok(came) => fresh += usize::from(came),
                Err(failure) => {
                    stop.store(true, Ordering::Relaxed);
                    return Err(failure);
                }
            }
        }
        Ok(fresh)
    };
    let work = &work;
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS.min(wanted.len()))
            .map(|_| {
                let bytes = send.clone();
                scope.spawn(move || work(&bytes))
            })
            .collect();
        drop(send);
        let (mut progress, mut done) = (Transfer::new("get"), 0);
        for bytes in heard {
            done += bytes;
            progress.show(done, total);
        }
        drop(progress);
        let ended = workers.into_iter().map(|worker| {
            worker
                .join()
                .unwrap_or_else(|_| Err(Failure::new("a download ended in a fault of pannier's own")))
        });
        ended.sum()
    })
}

/// One file. True: it was not there before.
fn one(
    daemon: &Client,
    name: &Name,
    root: &Root,
    file: &Wanted,
    bytes: &mpsc::SyncSender<u64>,
) -> Result<bool> {
    let cannot = |error: io::Error| {
        let target = root.path().join(file.path.as_str());
        Failure::new(format!("cannot write {}: {error}", show::clean(&target.display().to_string())))
    };
    let told = |count: u64| {
        // Whoever shows progress is gone with the command.
        let _ = bytes.send(count);
    };
    let spot = root.spot(&file.path).map_err(cannot)?;
    if let Some(mut there) = spot.existing().map_err(cannot)?
        && there.metadata().map_err(cannot)?.len() == file.size
        && Md5(hashed(&mut there).map_err(cannot)?.0.finalize().into()) == file.md5
    {
        told(file.size);
        return Ok(false);
    }
    // Two entries of one content have two of these, and so have two contents.
    let beside =
        format!(".pannier-{}-{}", file.md5, &blake3::hash(file.path.as_str().as_bytes()).to_hex()[..8]);
    let mut partial = spot.partial(&beside).map_err(cannot)?;
    let parts: Vec<_> = file.path.as_str().split('/').map(encode).collect();
    let route = name.route(&format!("/files/{}", parts.join("/")));
    let begun = partial.metadata().map_err(cannot)?.len();
    let mut right = begun <= file.size && fill(daemon, &route, &mut partial, file, &told, &cannot)?;
    if !right && begun > 0 {
        // What an earlier try left was not the beginning of it.
        partial.set_len(0).map_err(cannot)?;
        right = fill(daemon, &route, &mut partial, file, &|_| (), &cannot)?;
    }
    if !right {
        spot.forget(&beside);
        return Err(Failure::new(format!(
            "the bytes of {} are not those that its manifest names",
            file.path
        ))
        .hint("run `pannier verify`"));
    }
    spot.place(&beside).map_err(cannot)?;
    Ok(true)
}

/// Continues a file up to its end. False: it is not what it should be.
fn fill(
    daemon: &Client,
    route: &str,
    partial: &mut File,
    file: &Wanted,
    told: &dyn Fn(u64),
    cannot: &dyn Fn(io::Error) -> Failure,
) -> Result<bool> {
    partial.rewind().map_err(cannot)?;
    let (mut hasher, mut size) = hashed(partial).map_err(cannot)?;
    told(size);
    if size < file.size {
        daemon.bytes_from(route, size)?.read_with(|bytes| {
            size += bytes.len() as u64;
            if size > file.size {
                return Err(Failure::new(format!("more bytes came of {} than it has", file.path)));
            }
            hasher.update(bytes);
            partial.write_all(bytes).map_err(cannot)?;
            told(bytes.len() as u64);
            Ok(())
        })?;
    }
    Ok(size == file.size && Md5(hasher.finalize().into()) == file.md5)
}

/// Reads a file to its end.
fn hashed(file: &mut File) -> io::Result<(Hasher, u64)> {
    let (mut hasher, mut size, mut buffer) = (Hasher::new(), 0, vec![0; PIECE]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((hasher, size)),
            Ok(count) => {
                hasher.update(&buffer[..count]);
                size += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
