//! The files of a run's folder. Those that a record names are followed where they
//! lead, as the SDK does: `run.save()` puts links there. The rest is taken as it
//! lies.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pannier_proto::content::Content;
use pannier_proto::path::RelPath;

use super::take::Taking;
use super::{Report, Trouble};
use crate::ingest::{file, local};
use crate::store::StoreError;

/// The most files of one run that are looked at.
const FILES_MAX: usize = 1_000_000;
/// Files that are recorded in one transaction, so that others are not kept waiting.
const FILES_AT_ONCE: usize = 256;
/// The file of machine and program, which core makes at the end.
const METADATA: &str = "wandb-metadata.json";

/// The folder, and which of its files are stored.
#[derive(Debug, Default)]
pub struct Files {
    dir: PathBuf,
    named: BTreeSet<String>,
    /// Those that were named and not found since.
    waiting: BTreeSet<String>,
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
            self.named.extend(paths.iter().map(|path| (*path).to_owned()));
            self.waiting.extend(paths.into_iter().map(str::to_owned));
        }
    }

    /// What is to be read: what was named since, and with `all` all that was, and
    /// what lies there besides, where it has changed since it was stored. Counts
    /// that as stored; and says whether some cannot be read.
    fn changed(&mut self, all: bool, report: &mut Report) -> (local::Sources, bool) {
        let mut names = if all { self.named.clone() } else { self.waiting.clone() };
        if all {
            walk(&self.dir, "", &mut names);
        }
        let (mut sources, mut lacking) = (local::Sources::new(), false);
        for name in names {
            let Ok(path) = RelPath::new(&name) else {
                self.waiting.remove(&name);
                report.problem(format!("file {name:?} has a name that cannot be kept"));
                continue;
            };
            let local = self.dir.join(path.as_str());
            let facts = match fs::metadata(&local) {
                Ok(facts) if facts.is_file() => facts,
                Ok(_) => continue,
                Err(error) => {
                    if all {
                        lacking = true;
                        report.problem(format!("file {} cannot be read: {error}", local.display()));
                    }
                    continue;
                }
            };
            self.waiting.remove(&name);
            let now = (facts.len(), facts.modified().ok());
            if self.stored.insert(name, now) != Some(now) {
                sources.insert(path, local::Source { local, size: facts.len() });
            }
        }
        (sources, lacking)
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
        let (sources, lacking) = self.files.changed(all, &mut self.report);
        self.lacking |= lacking;
        let mut stored = self.store_bytes(sources, all)?;
        if all && self.known.is_none() && !self.files.stored.contains_key(METADATA) {
            stored.extend(self.metadata_file()?);
        }
        for some in stored.chunks(FILES_AT_ONCE) {
            let (some, run, origin) = (some.to_vec(), self.head.run.clone(), self.home.store.origin());
            let new = self.home.store.write_blocking(move |tx| {
                let mut new = 0;
                for (path, content) in some {
                    new += u64::from(tx.file(&run, &path)? != Some(content));
                    file::stored_in(tx, &run, path, content, origin)?;
                }
                Ok(new)
            });
            self.report.files += new?;
        }
        Ok(())
    }

    /// Stores the bytes of files. Those that cannot be read are told of, and tried
    /// again when all are looked at.
    fn store_bytes(
        &mut self,
        sources: local::Sources,
        all: bool,
    ) -> Result<Vec<(RelPath, Content)>, Trouble> {
        let blobs = self.home.blobs.clone();
        match local::store(&blobs, &sources, &|_| true) {
            Ok(contents) => return Ok(sources.into_keys().zip(contents).collect()),
            Err(error @ (StoreError::Full | StoreError::Closed)) => return Err(Trouble::Home(error)),
            // One of them cannot be read: each by itself, then.
            Err(_) => {}
        }
        let mut stored = Vec::new();
        for (path, source) in sources {
            let one = local::Sources::from([(path.clone(), source)]);
            match local::store(&blobs, &one, &|_| true) {
                Ok(contents) => stored.extend(contents.into_iter().map(|content| (path.clone(), content))),
                Err(error @ (StoreError::Full | StoreError::Closed)) => return Err(Trouble::Home(error)),
                Err(error) => {
                    self.files.stored.remove(path.as_str());
                    self.lacking |= all;
                    self.report.problem(error.to_string());
                }
            }
        }
        Ok(stored)
    }

    fn metadata_file(&self) -> Result<Option<(RelPath, Content)>, Trouble> {
        let Some(text) = self.state.metadata_file() else { return Ok(None) };
        let content = self.home.blobs.put(text.as_bytes()).map_err(local::unwritable)?;
        Ok(RelPath::new(METADATA).ok().map(|path| (path, content)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_looked_for_until_they_are_there_and_once_more_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            fs::create_dir_all(dir.path().join("files")).unwrap();
            fs::write(dir.path().join("files").join(name), text).unwrap();
        };
        let mut files = Files::beside(&dir.path().join("run-a.wandb"));
        let changed = |files: &mut Files, all| {
            let (sources, lacking) = files.changed(all, &mut Report::default());
            (sources.into_keys().map(|path| path.to_string()).collect::<Vec<_>>().join(" "), lacking)
        };
        put("early", "1");
        files.name(vec!["early", "late", "never"]);
        assert_eq!(changed(&mut files, false), ("early".to_owned(), false));
        put("early", "longer");
        put("late", "1");
        put("unnamed", "1");
        assert_eq!(changed(&mut files, false), ("late".to_owned(), false), "until it is named again");
        files.name(vec!["late"]);
        assert_eq!(changed(&mut files, false), (String::new(), false), "it is as it was");
        assert_eq!(changed(&mut files, true), ("early unnamed".to_owned(), true), "one never came");
        fs::remove_dir_all(dir.path().join("files")).unwrap();
        assert_eq!(changed(&mut files, true), (String::new(), true));
    }
}
