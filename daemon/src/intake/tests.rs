//! The intake, over snapshots written by hand.

use pannier_proto::artifact::{LoggedArtifact, LoggedEntry};
use pannier_proto::id::{Id128, RunPath};
use pannier_proto::path::RelPath;
use pannier_proto::snapshot::{ArtifactName, Logged, Snapshot, Taken, WHAT, What};

use super::*;
use crate::store::ArtifactRow;
use crate::wandb::ids;
use crate::wandb::manifest::Manifest;

struct Place {
    dir: tempfile::TempDir,
    intake: Intake,
    _runtime: tokio::runtime::Runtime,
}

fn run() -> RunPath {
    RunPath::new("e", "p", "r").unwrap()
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let folders = Folders { spool: at("spool"), quarantine: at("quarantine"), incoming: at("incoming") };
        for folder in [&folders.spool, &folders.incoming] {
            fs::create_dir(folder).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let store = Arc::new(Store::open(&at("pannier.db")).unwrap());
        let blobs = Arc::new(Blobs::open(&at("blobs"), folders.quarantine.clone(), store.clone()).unwrap());
        let intake = Intake::new(store, blobs, Arc::default(), folders, runtime.handle().clone());
        Self { dir, intake, _runtime: runtime }
    }

    fn write(&self, writer: u8, number: u64, what: What, files: &[(&str, &str)]) -> PathBuf {
        let folder = spool::folder(&self.intake.folders.incoming, Id128([writer; 16]), number);
        fs::create_dir(&folder).unwrap();
        let taken = |(path, bytes): &(&str, &str)| Taken {
            path: RelPath::new(path).unwrap(),
            size: bytes.len() as u64,
        };
        let snapshot = Snapshot { what, files: files.iter().map(taken).collect() };
        fs::write(folder.join(WHAT), serde_json::to_vec(&snapshot).unwrap()).unwrap();
        for (at, (_, bytes)) in files.iter().enumerate() {
            fs::write(folder.join(at.to_string()), bytes).unwrap();
        }
        folder
    }

    /// As the spool takes a snapshot over.
    fn log(&self, writer: u8, number: u64, artifact: LoggedArtifact, files: &[(&str, &str)]) -> PathBuf {
        let LoggedArtifact { client_id, distributed_id, finalize, .. } = artifact.clone();
        let folder = self.write(writer, number, What::Artifact(Box::new(artifact)), files);
        self.take_over(writer, number, Some(ArtifactName { client_id, distributed_id, finalize }));
        folder
    }

    fn log_file(&self, writer: u8, number: u64, path: &str, bytes: &str) -> PathBuf {
        let folder = self.write(writer, number, What::File { time_us: 1 }, &[(path, bytes)]);
        self.take_over(writer, number, None);
        folder
    }

    fn take_over(&self, writer: u8, number: u64, artifact: Option<ArtifactName>) {
        let logged = Logged { number, artifact };
        let add = move |tx: &crate::store::Tx| tx.add_intake(Id128([writer; 16]), &run(), &logged, None);
        self.intake.store.write_blocking(add).unwrap();
    }

    /// Works until nothing is left to do.
    fn work(&self) {
        while let Some(items) = self.intake.claim() {
            self.intake.serve(&items, &|| true);
            self.intake.line().busy.clear();
        }
    }

    fn state(&self, client_id: &str) -> IntakeState {
        self.intake.store.intake_state(client_id).unwrap().unwrap()
    }

    fn named(&self, alias: &str) -> ArtifactRow {
        self.intake.store.member("e", "p", "a", alias).unwrap().unwrap()
    }

    /// The paths and the bytes of a version, as its manifest and its record have
    /// them.
    fn bytes(&self, row: &ArtifactRow) -> Vec<(String, String)> {
        let read = |blob| std::io::read_to_string(self.intake.blobs.read(blob).unwrap()).unwrap();
        let manifest = Manifest::decode(read(&row.body.manifest.blob).as_bytes()).unwrap();
        assert_eq!(manifest.digest(), row.body.digest);
        let files = self.intake.store.artifact_files(row.body.id).unwrap();
        let files = files.iter().map(|(path, content)| {
            assert_eq!(manifest.entries[path].digest, ids::md5_base64(content.md5));
            assert_eq!(manifest.entries[path].size, Some(content.size));
            (path.clone(), read(&content.blob))
        });
        files.collect()
    }
}

fn artifact(client_id: &str, entries: &[&str]) -> LoggedArtifact {
    let entries = entries.iter().map(|path| ((*path).to_owned(), LoggedEntry::default())).collect();
    let (client_id, collection, kind) = (client_id.to_owned(), "a".to_owned(), "model".to_owned());
    LoggedArtifact { client_id, collection, kind, finalize: true, entries, ..LoggedArtifact::default() }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(path, bytes)| ((*path).to_owned(), (*bytes).to_owned())).collect()
}

#[test]
fn versions_are_what_was_logged_in_the_order_it_was() {
    let place = Place::new();
    let folder = place.log(1, 1, artifact("c1", &["w", "W", "d/é"]), &[("w", "1"), ("W", "2"), ("d/é", "")]);
    let aliased = LoggedArtifact { aliases: vec!["best".into()], ..artifact("c2", &["w"]) };
    place.log(1, 2, aliased, &[("w", "other")]);
    place.log(1, 3, artifact("c3", &["w"]), &[("w", "other")]);
    place.work();
    let (first, second) = (place.named("v0"), place.named("v1"));
    assert_eq!(place.bytes(&first), pairs(&[("W", "2"), ("d/é", ""), ("w", "1")]));
    assert_eq!(place.bytes(&second), pairs(&[("w", "other")]));
    assert_eq!(place.named("best").body.id, second.body.id);
    // The same content again is no new version, and who waits is told which it is.
    assert_eq!(place.state("c3"), IntakeState::Stored(second.body.id));
    assert_eq!(place.named("latest").version, 1);
    assert!(!folder.exists());
    assert_eq!(place.intake.store.problems().unwrap(), []);
}

#[test]
fn references_and_bytes_that_are_stored_need_no_files() {
    let place = Place::new();
    place.log(1, 1, artifact("c1", &["w"]), &[("w", "bytes")]);
    place.work();
    let stored = place.intake.store.artifact_files(place.named("v0").body.id).unwrap()[0].1;
    let mut draft = artifact("c2", &["r", "kept", "new"]);
    let entry = |digest: &str| LoggedEntry { digest: Some(digest.to_owned()), ..LoggedEntry::default() };
    let reference = LoggedEntry { reference: Some("s3://b/r".into()), size: Some(7), ..entry("etag") };
    draft.entries.insert("r".into(), reference);
    draft.entries.insert("kept".into(), LoggedEntry { size: Some(5), ..entry(&ids::md5_base64(stored.md5)) });
    place.log(1, 2, draft, &[("new", "x")]);
    place.log(
        1,
        3,
        LoggedArtifact { entries: [("k".to_owned(), entry("AAAA"))].into(), ..artifact("c3", &[]) },
        &[],
    );
    place.work();
    let row = place.named("v1");
    assert_eq!(place.bytes(&row), pairs(&[("kept", "bytes"), ("new", "x")]));
    assert_eq!((row.body.size, row.body.file_count), (13, 3));
    assert!(matches!(place.state("c3"), IntakeState::Failed(_)), "bytes that nobody has");
}

#[test]
fn increments_are_laid_over_the_latest_version() {
    let place = Place::new();
    place.log(1, 1, artifact("c1", &["a", "b"]), &[("a", "1"), ("b", "2")]);
    let more =
        |client_id: &str, paths: &[&str]| LoggedArtifact { incremental: true, ..artifact(client_id, paths) };
    place.log(1, 2, more("c2", &["b", "c"]), &[("b", "3"), ("c", "4")]);
    place.log(2, 1, more("c3", &["d"]), &[("d", "5")]);
    place.work();
    assert_eq!(place.bytes(&place.named("v1")), pairs(&[("a", "1"), ("b", "3"), ("c", "4")]));
    assert_eq!(place.bytes(&place.named("v2")), pairs(&[("a", "1"), ("b", "3"), ("c", "4"), ("d", "5")]));
}

#[test]
fn parts_of_several_writers_become_one_version() {
    let place = Place::new();
    let part = |client_id: &str, path: &str, finalize| {
        let distributed_id = Some("d".to_owned());
        LoggedArtifact { distributed_id, finalize, ..artifact(client_id, &[path, "both"]) }
    };
    let first = place.log(1, 1, part("c1", "a", false), &[("a", "1"), ("both", "early")]);
    place.log(2, 1, part("c2", "b", false), &[("b", "2"), ("both", "late")]);
    place.work();
    assert_eq!(place.state("c1"), IntakeState::Waiting);
    place.log(
        1,
        2,
        LoggedArtifact { distributed_id: Some("d".into()), ..artifact("c3", &["c"]) },
        &[("c", "3")],
    );
    place.work();
    let row = place.named("v0");
    assert_eq!(place.bytes(&row), pairs(&[("a", "1"), ("b", "2"), ("both", "late"), ("c", "3")]));
    for client_id in ["c1", "c2", "c3"] {
        assert_eq!(place.state(client_id), IntakeState::Stored(row.body.id));
    }
    assert!(!first.exists());
}

#[test]
fn what_cannot_be_stored_is_said_and_kept_and_the_rest_goes_on() {
    let place = Place::new();
    let torn = place.log(1, 1, artifact("torn", &["w"]), &[("w", "whole")]);
    fs::write(torn.join("0"), "who").unwrap();
    let link = place.log(1, 2, artifact("link", &["w"]), &[("w", "root")]);
    fs::remove_file(link.join("0")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", link.join("0")).unwrap();
    let hostile = place.log(1, 3, artifact("hostile", &["w"]), &[("w", "x")]);
    let text = fs::read_to_string(hostile.join(WHAT)).unwrap().replace("\"w\"", "\"../../w\"");
    fs::write(hostile.join(WHAT), text).unwrap();
    place.log(1, 4, artifact("good", &["w"]), &[("w", "good")]);
    place.log(1, 5, LoggedArtifact { kind: "dataset".into(), ..artifact("type", &["w"]) }, &[("w", "other")]);
    let lost = place.log_file(1, 6, "lost.txt", "x");
    fs::remove_dir_all(lost).unwrap();
    place.log_file(1, 7, "found.txt", "found");
    place.work();
    for client_id in ["torn", "link", "hostile", "type"] {
        assert!(
            matches!(place.state(client_id), IntakeState::Failed(_)),
            "{client_id}: {:?}",
            place.state(client_id)
        );
    }
    assert_eq!(place.bytes(&place.named("v0")), pairs(&[("w", "good")]));
    assert_eq!(place.intake.store.problems().unwrap().len(), 5);
    let kept = place.dir.path().join("quarantine").join(torn.file_name().unwrap()).join("0");
    assert_eq!(fs::read_to_string(kept).unwrap(), "who");
    let files = place.intake.store.files(&run()).unwrap();
    assert_eq!(files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["found.txt"]);
    assert_eq!(place.intake.store.intake_count(None).unwrap(), 0);
}

#[test]
fn files_of_runs_are_recorded_in_order_and_once() {
    let place = Place::new();
    for number in 1..=40 {
        place.log_file(1, number, "ckpt", &format!("bytes {number}"));
    }
    let folder = place.log_file(1, 41, "image.png", "pixels");
    place.work();
    let files = place.intake.store.files(&run()).unwrap();
    let read = |file: &crate::store::RunFile| {
        std::io::read_to_string(place.intake.blobs.read(&file.content.blob).unwrap()).unwrap()
    };
    assert_eq!(files.iter().map(read).collect::<Vec<_>>(), ["bytes 40", "pixels"]);
    assert!(!folder.exists());
}

#[test]
fn only_snapshots_that_are_needed_survive_a_start() {
    let place = Place::new();
    let waiting = place.log_file(1, 1, "a", "1");
    let ended = place.log_file(1, 2, "b", "2");
    let item = place.intake.store.intake(10).unwrap().pop().unwrap();
    place.intake.store.write_blocking(move |tx| tx.intake_done(item.id)).unwrap();
    let unread = place.write(3, 1, What::File { time_us: 1 }, &[]);
    let unnamed = place.write(4, 1, What::File { time_us: 1 }, &[]);
    let start = |reads: bool| {
        *place.intake.found.lock().unwrap() = snapshots(&place.intake.folders.incoming);
        place.intake.tidy(&|| {
            if reads {
                place.take_over(3, 1, None);
            }
            reads
        });
    };
    // While journals are unread, nobody knows which snapshots they name.
    start(false);
    assert!(waiting.exists() && unread.exists() && unnamed.exists() && ended.exists());
    // A journal that is still written to keeps nothing of its ended items.
    fs::create_dir(place.dir.path().join("spool").join(Id128([1; 16]).to_string())).unwrap();
    start(true);
    assert!(waiting.exists() && unread.exists() && !unnamed.exists() && !ended.exists());
}

#[test]
fn a_changed_digest_is_told_of() {
    let place = Place::new();
    place.log(1, 1, LoggedArtifact { digest: Some("0".repeat(32)), ..artifact("c1", &["w"]) }, &[("w", "1")]);
    place.work();
    assert!(place.intake.store.problems().unwrap()[0].what.contains("digest"));
    assert_eq!(place.bytes(&place.named("v0")), pairs(&[("w", "1")]));
}
