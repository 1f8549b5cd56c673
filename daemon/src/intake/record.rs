//! From stored bytes to records: a version of an artifact goes the way of every
//! other door's (`ingest::artifact`), a file of a run that of `ingest::file`.

use pannier_proto::artifact::{LoggedArtifact, LoggedEntry};
use pannier_proto::content::Content;
use pannier_proto::id::{Id128, RunPath};
use pannier_proto::path::RelPath;
use pannier_proto::snapshot::{ArtifactName, Snapshot, Taken, What};
use pannier_proto::workspace::LATEST;

use super::{Intake, Trouble, snapshot};
use crate::blobs::Pending;
use crate::clock::now_us;
use crate::ingest::artifact::{self, Asked};
use crate::ingest::file;
use crate::limits::MANIFEST_BYTES_MAX;
use crate::parallel::side_by_side;
use crate::store::{IntakeItem, StoreError};
use crate::wandb::ids;
use crate::wandb::manifest::{Entry, Manifest};

impl Intake {
    /// Files of runs, logged one behind the other: stored side by side, recorded in
    /// their order. What cannot be is refused by itself.
    pub(super) fn record_files(&self, items: &[IntakeItem]) -> Result<(), Trouble> {
        let one = |at: usize, buffer: &mut [u8]| {
            let folder = self.folder(&items[at]);
            let Snapshot { what, files } = snapshot::read(&folder)?;
            let (What::File { .. }, [taken]) = (&what, &files[..]) else {
                return Err(Trouble::Refused("a file was logged that is none".to_owned()));
            };
            let content = snapshot::store_one(&self.blobs, &folder.join("0"), taken, &self.stop, buffer)?;
            Ok((taken.path.clone(), content))
        };
        let stored = side_by_side(items.len(), one);
        let (mut ready, mut trouble) = (Vec::new(), None);
        for (item, stored) in items.iter().zip(stored) {
            let stored = stored.and_then(|(path, pending): (RelPath, Pending)| Ok((path, pending.wait()?)));
            match stored {
                Ok((path, content)) => ready.push((item.clone(), path, content)),
                Err(Trouble::Refused(why)) => self.refuse(item, &why)?,
                // Nothing behind it is recorded before it.
                Err(later) => {
                    trouble = Some(later);
                    break;
                }
            }
        }
        let origin = self.store.origin();
        let refused = self.store.write_blocking(move |tx| {
            let mut refused = Vec::new();
            for (item, path, content) in ready {
                match tx.attempt(|tx| file::stored_in(tx, &item.path, path, content, origin)) {
                    Ok(()) => tx.intake_done(item.id)?,
                    Err(StoreError::Conflict(why) | StoreError::Refused(why)) => refused.push((item, why)),
                    Err(other) => return Err(other),
                }
            }
            Ok(refused)
        })?;
        refused.iter().try_for_each(|(item, why)| self.refuse(item, why))?;
        // Those that still wait keep their snapshots.
        let done = items.iter().filter(|item| {
            self.store.intake_waits(item.writer, item.logged.number).is_ok_and(|waits| waits.is_none())
        });
        done.for_each(|item| self.forget(item));
        trouble.map_or(Ok(()), Err)
    }

    /// An artifact; a distributed one with the parts that others logged before.
    pub(super) fn record_artifact(
        &self,
        item: &IntakeItem,
        name: &ArtifactName,
        read_journals: &dyn Fn() -> bool,
    ) -> Result<(), Trouble> {
        let id = ids::artifact_of_client(&name.client_id);
        let mut parts = Vec::new();
        if let Some(distributed) = &name.distributed_id {
            // What other processes logged before this one said that it is complete
            // may lie unread in their journals.
            if !read_journals() {
                return Err(Trouble::Later("the journals of other programs cannot be committed".to_owned()));
            }
            parts = self.store.intake_parts(&item.path.entity, &item.path.project, distributed)?;
        }
        let version = match self.version(item, &parts, id) {
            Err(Trouble::Refused(why)) => {
                parts.iter().try_for_each(|part| self.refuse(part, &why))?;
                return Err(Trouble::Refused(why));
            }
            version => version?,
        };
        let ended: Vec<_> = parts.iter().chain([item]).map(|item| item.id).collect();
        self.store
            .write_blocking(move |tx| ended.iter().try_for_each(|id| tx.intake_stored(*id, version)))?;
        parts.iter().chain([item]).for_each(|item| self.forget(item));
        Ok(())
    }

    /// The version that an artifact and its parts become.
    fn version(&self, item: &IntakeItem, parts: &[IntakeItem], id: Id128) -> Result<Id128, Trouble> {
        let mut manifest = Manifest::default();
        for part in parts {
            let (_, entries) = self.stored(part, id)?;
            manifest.overlay(entries);
        }
        let (logged, entries) = self.stored(item, id)?;
        manifest.overlay(entries);
        self.commit(id, &item.path, logged, manifest)
    }

    /// Stores the bytes of an artifact's snapshot: what was logged, and its entries.
    fn stored(&self, item: &IntakeItem, id: Id128) -> Result<(LoggedArtifact, Manifest), Trouble> {
        let folder = self.folder(item);
        let Snapshot { what: What::Artifact(mut logged), files } = snapshot::read(&folder)? else {
            return Err(Trouble::Refused("an artifact was logged that is none".to_owned()));
        };
        let contents = snapshot::store(&self.blobs, &folder, &files, &self.stop)?;
        let manifest = manifest(std::mem::take(&mut logged.entries), &files, &contents, id)?;
        Ok((*logged, manifest))
    }

    /// Makes a version of it, or finds one with the same content.
    fn commit(
        &self,
        id: Id128,
        run: &RunPath,
        logged: LoggedArtifact,
        manifest: Manifest,
    ) -> Result<Id128, Trouble> {
        // Poisoned: whoever panicked here left nothing half done in memory.
        let _order = self.commits.lock();
        let manifest =
            if logged.incremental { self.over_latest(run, &logged.collection, manifest)? } else { manifest };
        let bytes = manifest.encode();
        if bytes.len() as u64 >= MANIFEST_BYTES_MAX {
            return Err(Trouble::Refused(format!(
                "artifact {:?} has a manifest of {} bytes; at most {MANIFEST_BYTES_MAX} are allowed. \
                 Log it in parts",
                logged.collection,
                bytes.len()
            )));
        }
        let content = self.blobs.put(&bytes)?;
        self.tell_of_a_changed_digest(run, &logged, &manifest)?;
        let asked = asked(run, logged, manifest.digest());
        // Of a try that was cut short; what it was to be may have changed since.
        self.store.write_blocking(move |tx| tx.end_draft(id))?;
        Ok(self.runtime.block_on(artifact::log(&self.store, &self.blobs, asked, content))?)
    }

    /// The entries laid over those of the collection's latest version.
    fn over_latest(&self, run: &RunPath, collection: &str, entries: Manifest) -> Result<Manifest, Trouble> {
        let Some(latest) = self.store.member(&run.entity, &run.project, collection, LATEST)? else {
            return Ok(entries);
        };
        let mut manifest =
            artifact::read_manifest(&self.blobs, &latest.body.manifest).map_err(|error| {
                Trouble::Refused(format!(
                    "artifact {collection:?} cannot be completed, because its version v{} cannot be read: {error}",
                    latest.version
                ))
            })?;
        manifest.overlay(entries);
        Ok(manifest)
    }

    /// The program said what the digest is, and a file was changed before it was
    /// logged: the version is what was there then, and the run says so.
    fn tell_of_a_changed_digest(
        &self,
        run: &RunPath,
        logged: &LoggedArtifact,
        manifest: &Manifest,
    ) -> Result<(), StoreError> {
        let whole = !logged.incremental && logged.distributed_id.is_none();
        let (said, is) = (logged.digest.as_ref(), manifest.digest());
        let Some(said) = said.filter(|said| whole && **said != is) else { return Ok(()) };
        let what =
            format!("artifact {:?} has the digest {is}, not {said} as its program said", logged.collection);
        let run = run.clone();
        self.store.write_blocking(move |tx| {
            let hint = "a file was changed after it was added and before it was logged; what is stored is what was there when it was logged";
            tx.problem(&format!("run {run}"), &what, hint, 1, now_us())
        })
    }
}

fn asked(run: &RunPath, logged: LoggedArtifact, digest: String) -> Asked {
    Asked {
        run: run.clone(),
        client_id: logged.client_id,
        sequence_client_id: logged.sequence_client_id,
        collection: logged.collection,
        kind: logged.kind,
        digest,
        aliases: logged.aliases,
        tags: logged.tags,
        description: logged.description,
        metadata: logged.metadata,
        ttl_s: logged.ttl_s,
        history_step: logged.history_step,
        created_us: logged.created_us,
        // The parts are put together before this.
        distributed_id: None,
        by: None,
    }
}

/// Entries as a manifest has them; those that came with bytes get their digests.
fn manifest(
    logged: std::collections::BTreeMap<String, LoggedEntry>,
    files: &[Taken],
    contents: &[Content],
    id: Id128,
) -> Result<Manifest, Trouble> {
    let mut manifest = Manifest::default();
    for (path, entry) in logged {
        RelPath::new(&path).map_err(|error| Trouble::Refused(error.to_string()))?;
        let LoggedEntry { digest, size, reference, birth_artifact_id: birth, extra } = entry;
        let digest = digest.unwrap_or_default();
        let entry = Entry { digest, size, reference, birth, extra, ..Entry::default() };
        manifest.entries.insert(path, entry);
    }
    for (taken, content) in files.iter().zip(contents) {
        let entry = manifest.entries.get_mut(taken.path.as_str()).ok_or_else(|| {
            Trouble::Refused(format!("bytes were logged for {}, which is not among the entries", taken.path))
        })?;
        entry.digest = ids::md5_base64(content.md5);
        entry.size = Some(content.size);
        entry.reference = None;
        entry.birth.get_or_insert_with(|| ids::artifact(id));
    }
    Ok(manifest)
}
