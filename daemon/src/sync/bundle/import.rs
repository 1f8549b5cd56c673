//! Takes bundles in: each is unpacked and looked through first, and kept; then all
//! that are kept are read as a folder is, again and again, until nothing more comes
//! of it. What waits for an earlier bundle stays. So neither order nor repetition
//! matters, and what a crash cut short goes on at the next start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pannier_proto::bundle::{Import, Imported, ImportedBundle, Manifest};
use pannier_proto::id::Id128;

use super::unpacked::{self, Content, Looked};
use super::{Meter, Problem, Result, off, receipt};
use crate::blobs::Blobs;
use crate::bundle::{self, BundleError, Opener, PartSet, PublicKey, SigningKey};
use crate::store::Store;
use crate::sync::blocking;
use crate::sync::folder::import::{self as folder, ImportError};

/// One at a time.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Where bundles are unpacked and kept, and what takes them in.
pub struct Importer {
    /// The database.
    pub store: Arc<Store>,
    /// The bytes.
    pub blobs: Arc<Blobs>,
    /// A folder of the home, for this alone.
    pub dir: PathBuf,
}

/// What was asked, checked.
struct Plan {
    files: Vec<PathBuf>,
    opener: Opener,
    keys: Vec<PublicKey>,
    receipt: Option<PathBuf>,
    sign: Option<SigningKey>,
    dry_run: bool,
}

impl Plan {
    fn of(ask: Import) -> Result<Self> {
        let mut opener = Opener::default();
        if let Some(text) = &ask.identities {
            opener = opener.identities(text)?;
        }
        if let Some(passphrase) = ask.passphrase {
            opener = opener.passphrase(passphrase);
        }
        let keys = ask.keys.iter().map(|text| text.parse()).collect::<Result<_, BundleError>>()?;
        let receipt = ask.receipt.map(PathBuf::from);
        let files: Vec<PathBuf> = ask.files.into_iter().map(PathBuf::from).collect();
        if let Some(path) = files.iter().chain(&receipt).find(|path| !path.is_absolute()) {
            return Err(Problem::refused(format!("{} is no whole path", path.display()), ""));
        }
        if let Some(place) = receipt.as_ref().filter(|place| place.exists()) {
            return Err(Problem::refused(
                format!("{} is there already", place.display()),
                "give the receipt another name; nothing was taken in",
            ));
        }
        let sign = ask.sign.as_deref().map(SigningKey::from_text).transpose()?;
        Ok(Self { files, opener, keys, receipt, sign, dry_run: ask.dry_run })
    }
}

/// What reading what is kept came to, by name.
type Taken = BTreeMap<Id128, folder::Imported>;

impl Importer {
    /// Takes in what is in these files. What is wrong with one bundle is said of it,
    /// and leaves the others alone.
    ///
    /// # Errors
    /// [`Problem`], where nothing could be looked at.
    pub async fn import(&self, ask: Import, meter: &Arc<Meter>) -> Result<Imported> {
        let plan = Arc::new(Plan::of(ask)?);
        let _turn = TURN.lock().await;
        let files = plan.files.clone();
        let sets = off(move || Ok(bundle::sets(&files))).await?;
        meter.begin(2, sets.iter().flatten().map(PartSet::bytes).sum());
        let (mut imported, mut read, mut manifests) = (Imported::default(), 0, Vec::new());
        for set in sets {
            let bytes = set.as_ref().map_or(0, PartSet::bytes);
            let mut said = ImportedBundle {
                file: set.as_ref().map(PartSet::name).unwrap_or_default(),
                set: set.as_ref().map(|set| set.set).unwrap_or_default(),
                ..ImportedBundle::default()
            };
            match self.one(set, &plan, (meter, read), &mut said).await {
                Ok(manifest) => manifests.extend(manifest),
                Err(problem) => {
                    said.hint = Some(problem.hint().to_owned()).filter(|hint| !hint.is_empty());
                    said.error = Some(problem.to_string());
                }
            }
            read += bytes;
            imported.bundles.push(said);
        }
        if plan.dry_run {
            return Ok(imported);
        }
        let mut taken = self.take_all(meter).await?;
        for said in &mut imported.bundles {
            if let Some(taken) = taken.remove(&said.set) {
                (said.waiting, said.problems) = (taken.waiting, taken.problems);
            }
        }
        log(&taken);
        imported.still_waiting = taken.into_values().flat_map(|taken| taken.waiting).collect();
        if let (Some(place), false) = (&plan.receipt, manifests.is_empty()) {
            imported.receipt = Some(place.display().to_string());
            let (store, plan) = (self.store.clone(), plan.clone());
            off(move || match &plan.receipt {
                Some(place) => receipt::write(&store, &manifests, place, plan.sign.as_ref()),
                None => Ok(()),
            })
            .await?;
        }
        Ok(imported)
    }

    /// Looks through one bundle, and keeps it where it holds records.
    async fn one(
        &self,
        set: Result<PartSet, BundleError>,
        plan: &Arc<Plan>,
        (meter, read): (&Arc<Meter>, u64),
        said: &mut ImportedBundle,
    ) -> Result<Option<Manifest>> {
        let set = set?;
        let (dir, meter, asked) = (self.dir.clone(), meter.clone(), plan.clone());
        let looked =
            off(move || unpacked::look(set, &dir, (&asked.opener, &asked.keys), &meter, read)).await?;
        said.signed_by = looked.signed_by.map(|key| key.to_string());
        let manifest = match &looked.content {
            Content::Receipt(receipt) => {
                said.receipt = true;
                said.host.clone_from(&receipt.host);
                let noted = receipt::note(&self.store, receipt.clone(), plan.dry_run).await?;
                (said.to, said.streams) = (noted.to, noted.streams);
                (said.records, said.new_records) = (noted.records, noted.new_records);
                return Ok(None);
            }
            Content::Records(manifest) => manifest.clone(),
        };
        self.describe(&manifest, said).await?;
        if manifest.from == self.store.origin() {
            return Err(Problem::refused(
                "it was exported from this very home",
                "carry it to the other side, and import it there",
            ));
        }
        if !plan.dry_run {
            self.keep(looked).await?;
        }
        Ok(Some(manifest))
    }

    async fn keep(&self, looked: Looked) -> Result<PathBuf> {
        let dir = self.dir.clone();
        off(move || looked.keep(&dir)).await
    }

    /// What it says of itself, and how much of it is new here.
    async fn describe(&self, manifest: &Manifest, said: &mut ImportedBundle) -> Result<()> {
        said.host.clone_from(&manifest.host);
        said.to.clone_from(&manifest.to);
        (said.number, said.streams) = (manifest.number, manifest.streams.len() as u64);
        let streams = manifest.streams.clone();
        let counted = blocking(&self.store, move |store| {
            let (mut records, mut new) = (0, 0);
            for stream in streams {
                let here = store.position(&stream.id)?.map_or(0, |(_, seq, _)| seq);
                records += stream.upto.saturating_sub(stream.after);
                new += stream.upto.saturating_sub(here.max(stream.after));
            }
            Ok((records, new))
        });
        (said.records, said.new_records) = counted.await?;
        Ok(())
    }

    /// Reads all that is kept, until nothing more comes of it. What has nothing that
    /// waits is removed.
    async fn take_all(&self, meter: &Meter) -> Result<Taken> {
        let mut taken = Taken::new();
        let mut before = usize::MAX;
        loop {
            let dir = self.dir.clone();
            let mut waiting = 0;
            for kept in off(move || Ok(unpacked::kept(&dir))).await? {
                let set = name_of(&kept);
                meter.begin(3, 0);
                let progress = |done, total| {
                    if done <= 1 {
                        meter.begin(3, total);
                    }
                    meter.done(done);
                };
                let came = match folder::all(&self.store, &self.blobs, &kept, progress).await {
                    // One that cannot be read is in nobody's way.
                    Err(ImportError::Folder(error)) => {
                        let problems = vec![error.to_string()];
                        taken.insert(set, folder::Imported { problems, ..folder::Imported::default() });
                        continue;
                    }
                    came => came?,
                };
                waiting += came.waiting.len();
                if came.waiting.is_empty() {
                    remove(kept).await?;
                }
                taken.insert(set, came);
            }
            if waiting == 0 || waiting >= before {
                return Ok(taken);
            }
            before = waiting;
        }
    }

    /// At the start: what a crash cut short goes on.
    pub async fn resume(self) {
        let _turn = TURN.lock().await;
        let dir = self.dir.clone();
        let left = off(move || {
            unpacked::clean(&dir);
            Ok(!unpacked::kept(&dir).is_empty())
        });
        if !matches!(left.await, Ok(true)) {
            return;
        }
        match self.take_all(&Meter::default()).await {
            Ok(taken) => log(&taken),
            Err(problem) => tracing::warn!("imported bundles wait: {problem}"),
        }
    }
}

/// Says what is wrong with bundles of which nobody asks now.
fn log(taken: &Taken) {
    for problem in taken.values().flat_map(|taken| &taken.problems) {
        tracing::warn!("an imported bundle: {problem}");
    }
}

fn name_of(kept: &Path) -> Id128 {
    kept.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap_or_default()
}

/// Its records are durable, and so are its bytes.
async fn remove(kept: PathBuf) -> Result<()> {
    off(move || {
        let removed = unpacked::remove(&kept);
        removed.map_err(|source| BundleError::Io { verb: "remove", path: kept, source }.into())
    })
    .await
}
