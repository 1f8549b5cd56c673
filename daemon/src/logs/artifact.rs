//! Versions of artifacts that a log holds: their bytes are where the SDK put them
//! aside, or in its cache, or here already.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use pannier_proto::content::{Content, Md5};
use pannier_proto::id::{Id128, RunPath};
use pannier_proto::path::RelPath;

use super::Trouble;
use super::take::Taking;
use crate::ingest::artifact::{self, Asked, Begun};
use crate::ingest::local;
use crate::limits::MANIFEST_BYTES_MAX;
use crate::store::{ManifestKind, Tx};
use crate::wandb::ids;
use crate::wandb::log::artifact::{Artifact, Logged, entry_line};
use crate::wandb::manifest::Manifest;

/// The variable that says where the SDK's cache is.
const CACHE_VARIABLE: &str = "WANDB_CACHE_DIR";
/// Digests that are asked for in one transaction; each for itself costs a commit.
const DIGESTS_AT_ONCE: usize = 1024;

impl Taking {
    /// Records a version. What cannot be is a problem of the log, which is looked at
    /// again each time that it is read; `fresh`: it was not read before.
    pub(super) fn artifact(&mut self, logged: Artifact, fresh: bool) -> Result<(), Trouble> {
        if fresh {
            self.flush()?;
            self.settle()?;
        }
        if self.dry {
            return Ok(());
        }
        let name = logged.name.clone();
        match self.log(logged, fresh) {
            Err(Trouble::Refused(why)) => {
                self.lacking = true;
                self.report.problem(format!("artifact {name:?} is not taken in: {why}"));
                Ok(())
            }
            done => done,
        }
    }

    fn log(&mut self, mut logged: Artifact, fresh: bool) -> Result<(), Trouble> {
        let asked = Asked {
            run: self.head.run.clone(),
            client_id: match logged.client_id.is_empty() {
                true => format!("{}/{}/{}", self.head.run, logged.name, logged.digest),
                false => logged.client_id.clone(),
            },
            sequence_client_id: logged.sequence_client_id.clone(),
            distributed_id: logged.distributed_id.clone(),
            collection: logged.name.clone(),
            kind: logged.kind.clone(),
            digest: logged.digest.clone(),
            aliases: logged.aliases.clone(),
            tags: logged.tags.clone(),
            description: logged.description.clone(),
            metadata: logged.metadata.clone(),
            ttl_s: logged.ttl_s.filter(|seconds| *seconds != -1).map(|seconds| seconds.max(0)),
            history_step: None,
            created_us: self.time_us(),
            by: None,
        };
        let id = asked.id();
        let store = self.home.store.clone();
        if store.artifact(id)?.is_some() || !fresh && self.is_settled(&logged, id)? {
            return Ok(());
        }
        if let Some(path) = &logged.entries_file {
            logged.entries.extend(entries(Path::new(path))?);
        }
        let manifest = self.store_entries(&logged, &ids::artifact(id))?;
        let kind = match &logged {
            Artifact { incremental: true, .. } => ManifestKind::Incremental,
            Artifact { distributed_id: Some(_), .. } => ManifestKind::Patch,
            _ => ManifestKind::Full,
        };
        let bytes = manifest.encode();
        if bytes.len() as u64 >= MANIFEST_BYTES_MAX {
            return Err(Trouble::Refused(format!("its manifest would have {} bytes", bytes.len())));
        }
        let content = self.home.blobs.put(&bytes).map_err(local::unwritable)?;
        if logged.distributed_id.is_none() {
            // Of a try that was cut short.
            store.write_blocking(move |tx| tx.end_draft(id))?;
        }
        let begun = self.home.runtime.block_on(artifact::begin(&store, asked, true))?;
        let Begun::Pending(id) = begun else { return Ok(()) };
        let base = logged.base_id.as_deref().and_then(ids::read_artifact);
        store.write_blocking(move |tx| {
            let number = tx.announce_manifest(id, kind, base)?;
            tx.set_draft_manifest(id, number, &content)
        })?;
        if logged.finalize {
            self.home.runtime.block_on(artifact::commit(&store, &self.home.blobs, id))?;
        }
        self.report.artifacts_new += 1;
        Ok(())
    }

    /// Whether a version that was read before, and is not here by its id, lacks
    /// nothing: its content is here under another id, it was deleted since, or it is
    /// a part of one, whose end is another record's.
    fn is_settled(&self, logged: &Artifact, id: Id128) -> Result<bool, Trouble> {
        let (store, RunPath { entity, project, .. }) = (&self.home.store, &self.head.run);
        Ok(!logged.finalize
            || store.member(entity, project, &logged.name, &logged.digest)?.is_some()
            || store.write_blocking(move |tx| tx.artifact_deleted(id))?)
    }

    /// Stores the bytes of the entries, and makes the manifest that names them.
    fn store_entries(&self, logged: &Artifact, birth: &str) -> Result<Manifest, Trouble> {
        let mut manifest = Manifest::default();
        let mut wanted: BTreeMap<RelPath, (Md5, &Logged)> = BTreeMap::new();
        for one in &logged.entries {
            let (path, mut entry) = (&one.path, one.entry.clone());
            if entry.reference.is_none() {
                entry.birth.get_or_insert_with(|| birth.to_owned());
                let refuse = |why: &str| Trouble::Refused(format!("{path} {why}"));
                let at = RelPath::new(path).map_err(|error| refuse(&error.to_string()))?;
                let md5 = ids::read_md5(&entry.digest).ok_or_else(|| refuse("has no MD5 digest"))?;
                wanted.insert(at, (md5, one));
            }
            manifest.entries.insert(path.clone(), entry);
        }
        let digests: Vec<Md5> = wanted.values().map(|(md5, _)| *md5).collect();
        let mut sources = local::Sources::new();
        for ((at, (md5, one)), here) in wanted.iter().zip(self.are_here(&digests)?) {
            if !here {
                let local = bytes_of(one.local.as_deref(), *md5)?;
                sources.insert(at.clone(), local::Source { local, size: one.entry.size.unwrap_or(0) });
            }
        }
        let contents: Vec<Content> = local::store(&self.home.blobs, &sources, &|_| true)?;
        for ((path, source), content) in sources.iter().zip(contents) {
            if wanted.get(path).is_none_or(|(md5, _)| *md5 != content.md5) {
                return Err(Trouble::Refused(format!(
                    "{} is not any more what was logged as {path}",
                    source.local.display()
                )));
            }
        }
        Ok(manifest)
    }

    /// Which contents are here, by their digests.
    fn are_here(&self, digests: &[Md5]) -> Result<Vec<bool>, Trouble> {
        let mut here = Vec::with_capacity(digests.len());
        for some in digests.chunks(DIGESTS_AT_ONCE) {
            let some = some.to_vec();
            let known = move |tx: &Tx| {
                let known = some.into_iter().map(|md5| tx.content(md5).map(|found| found.is_some()));
                known.collect::<Result<Vec<bool>, _>>()
            };
            here.extend(self.home.store.write_blocking(known)?);
        }
        Ok(here)
    }
}

/// Where the bytes with this digest are to be read.
fn bytes_of(put_aside: Option<&str>, md5: Md5) -> Result<PathBuf, Trouble> {
    let hex: String = md5.0.iter().map(|byte| format!("{byte:02x}")).collect();
    let cache = std::env::var_os(CACHE_VARIABLE)
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("XDG_CACHE_HOME").map(|cache| Path::new(&cache).join("wandb")))
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/wandb")));
    let cached = cache.map(|cache| cache.join("artifacts/obj/md5").join(&hex[..2]).join(&hex[2..]));
    let places: Vec<PathBuf> = put_aside.map(PathBuf::from).into_iter().chain(cached).collect();
    match places.iter().find(|place| place.is_file()) {
        Some(place) => Ok(place.clone()),
        None => Err(Trouble::Refused(format!(
            "its bytes are not at {} any more",
            places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", nor at ")
        ))),
    }
}

/// The entries of a large manifest, which lie in a file of their own.
fn entries(path: &Path) -> Result<Vec<Logged>, Trouble> {
    use std::io::Read as _;
    let refuse =
        |why: String| Trouble::Refused(format!("its manifest {} cannot be read: {why}", path.display()));
    let file = File::open(path).map_err(|error| refuse(error.to_string()))?;
    let lines = BufReader::new(MultiGzDecoder::new(file).take(MANIFEST_BYTES_MAX)).lines();
    lines
        .map(|line| {
            line.map_err(|error| refuse(error.to_string())).and_then(|line| entry_line(&line).map_err(refuse))
        })
        .collect()
}
