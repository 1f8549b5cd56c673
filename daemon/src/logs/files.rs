//! The files of a run's folder. Those that a record names are followed where they
//! lead, as the SDK does: `run.save()` puts links there. The rest is taken as it
//! lies.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use pannier_proto::path::RelPath;

use super::take::Taking;
use super::{Report, Trouble};
use crate::blobs::Blobs;
use crate::ingest::{file, local};
use crate::store::StoreError;

/// The most files of one run that are looked at.
const FILES_MAX: usize = 1_000_000;
/// The file of machine and program, which core makes at the end.
const METADATA: &str = "wandb-metadata.json";

/// The folder, and which of its files are stored.
#[derive(Debug, Default)]
pub struct Files {
    dir: PathBuf,
    named: BTreeSet<String>,
    /// As they were when they were stored.
    stored: BTreeMap<String, (u64, Option<SystemTime>)>,
}

impl Files {
    /// Of the run whose log lies there.
    #[must_use]
    pub fn beside(log: &Path) -> Self {
        Self { dir: log.with_file_name("files"), ..Self::default() }
    }

    /// Takes note of names that the log says.
    pub fn name(&mut self, paths: Vec<&str>) {
        if self.named.len() < FILES_MAX {
            self.named.extend(paths.into_iter().map(str::to_owned));
        }
    }

    /// What is to be read: what was named, and with `all` what lies there besides,
    /// where it has changed since it was stored.
    fn changed(&self, all: bool, report: &mut Report) -> BTreeMap<RelPath, local::Source> {
        let mut names = self.named.clone();
        if all {
            walk(&self.dir, "", &mut names);
        }
        let mut sources = BTreeMap::new();
        for name in names {
            let Ok(path) = RelPath::new(&name) else {
                report.problem(format!("file {name:?} has a name that cannot be kept"));
                continue;
            };
            let local = self.dir.join(path.as_str());
            let facts = match fs::metadata(&local) {
                Ok(facts) if facts.is_file() => facts,
                Ok(_) => continue,
                Err(error) => {
                    if all {
                        report.problem(format!("file {} cannot be read: {error}", local.display()));
                    }
                    continue;
                }
            };
            if self.stored.get(&name) != Some(&(facts.len(), facts.modified().ok())) {
                sources.insert(path, local::Source { local, size: facts.len() });
            }
        }
        sources
    }
}

/// Regular files below, by their paths; no links.
fn walk(dir: &Path, prefix: &str, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (Ok(kind), Some(name)) = (entry.file_type(), entry.file_name().to_str().map(str::to_owned))
        else {
            continue;
        };
        let at = format!("{prefix}{name}");
        if kind.is_dir() && at.matches('/').count() < 64 {
            walk(&entry.path(), &format!("{at}/"), names);
        } else if kind.is_file() && names.len() < FILES_MAX {
            names.insert(at);
        }
    }
}

impl Taking {
    /// Stores the files that changed; with `all`, what the log does not name, too.
    pub(super) fn store_files(&mut self, all: bool) -> Result<(), Trouble> {
        if self.dry {
            return Ok(());
        }
        let mut sources = self.files.changed(all, &mut self.report);
        for (path, source) in &sources {
            let modified = fs::metadata(&source.local).ok().and_then(|facts| facts.modified().ok());
            self.files.stored.insert(path.to_string(), (source.size, modified));
        }
        let mut contents = Vec::new();
        match local::store(&self.home.blobs, &sources, &|_| true) {
            Ok(stored) => contents = stored,
            Err(error @ (StoreError::Full | StoreError::Closed)) => return Err(Trouble::Home(error)),
            // One of them cannot be read: each by itself, then.
            Err(_) => sources.retain(|path, source| {
                let one = [(path.clone(), source.clone())].into_iter().collect();
                match local::store(&self.home.blobs, &one, &|_| true) {
                    Ok(stored) => {
                        contents.extend(stored);
                        true
                    }
                    Err(error) => {
                        self.report.problem(error.to_string());
                        false
                    }
                }
            }),
        }
        let mut stored: Vec<_> = sources.into_keys().zip(contents).collect();
        if all && self.known.is_none() && !self.files.stored.contains_key(METADATA) {
            stored.extend(self.metadata_file(&self.home.blobs.clone())?);
        }
        if stored.is_empty() {
            return Ok(());
        }
        let (run, origin) = (self.head.run.clone(), self.home.store.origin());
        let new = self.home.store.write_blocking(move |tx| {
            let mut new = 0;
            for (path, content) in stored {
                new += u64::from(tx.file(&run, &path)? != Some(content));
                file::stored_in(tx, &run, path, content, origin)?;
            }
            Ok(new)
        });
        self.report.files += new?;
        Ok(())
    }

    fn metadata_file(
        &self,
        blobs: &Arc<Blobs>,
    ) -> Result<Option<(RelPath, pannier_proto::content::Content)>, Trouble> {
        let Some(text) = self.state.metadata_file() else { return Ok(None) };
        let content = blobs.put(text.as_bytes()).map_err(|error| StoreError::Conflict(error.to_string()))?;
        Ok(RelPath::new(METADATA).ok().map(|path| (path, content)))
    }
}
