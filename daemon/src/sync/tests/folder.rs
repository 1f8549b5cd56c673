//! Homes that write to a folder and one that reads it: real stores and files, and
//! the engine that syncs with a hub.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pannier_proto::content::{Blob, Content, Md5};
use pannier_proto::hub::{BlobPart, StreamId};
use pannier_proto::id::{Id128, Origin, RunPath, Seq};
use pannier_proto::path::RelPath;
use pannier_proto::record::{Change, Record};

use super::network::Random;
use super::world::{blobs, open, some_records};
use crate::blobs::Blobs;
use crate::block::Block;
use crate::health::Health;
use crate::store::{Incoming, Store};
use crate::sync::backoff::Exponential;
use crate::sync::engine::{Engine, Step};
use crate::sync::folder::Folder;
use crate::sync::folder::ack::{Ack, Acked};
use crate::sync::folder::file::{Draft, Kind, Name};
use crate::sync::folder::import::{self, Imported};
use crate::sync::folder::place::{Place, read_generation};
use crate::sync::seen::Seen;
use crate::sync::verify;

struct Home {
    store: Arc<Store>,
    blobs: Arc<Blobs>,
    random: Random,
    serial: i64,
}

impl Home {
    fn new(dir: &Path, name: &str, seed: u64) -> Self {
        let store = open(&dir.join(format!("{name}.db")));
        let blobs = blobs(dir, name, &store);
        Self { store, blobs, random: Random::new(seed), serial: i64::try_from(seed).unwrap() * 1_000_000 }
    }

    fn log(&mut self, run: &str) {
        let records = some_records(&mut self.random, &mut self.serial);
        self.append(run, records);
    }

    fn file(&mut self, run: &str, bytes: &[u8]) {
        let content = self.blobs.put(bytes).unwrap();
        let path = RelPath::new(&format!("f{}", self.serial)).unwrap();
        self.append(run, vec![Record::Change(Change::File { path, content, time_us: 1 })]);
    }

    fn append(&self, run: &str, records: Vec<Record>) {
        let mut block = Block::default();
        records.into_iter().for_each(|record| block.push(record));
        let path = RunPath::new("e", "p", run).unwrap();
        let incoming = Incoming { path, origin: self.store.origin(), first_seq: None, block, encoded: None };
        self.store.write_blocking(|tx| tx.append(incoming, 1)).unwrap();
    }

    fn folder(&self, place: &Place) -> Folder {
        Folder::new(place.root(), self.store.origin(), BTreeMap::new())
    }

    /// Writes until there is nothing more to write.
    async fn send(&self, folder: &Folder) {
        self.store.write_blocking(|tx| tx.set_remote("site", "folder:/x", 1)).unwrap();
        let seen = Arc::new(Seen::new("site", Arc::new(Health::default())));
        let policy = Box::new(Exponential::new(|| 0.0));
        let (store, blobs) = (self.store.clone(), self.blobs.clone());
        let mut engine = Engine::new("site", store, blobs, Arc::new(folder.clone()), policy, seen.clone());
        loop {
            match engine.step().await {
                Step::More => {}
                Step::Idle => return,
                Step::Wait(_) => panic!("{:?}", seen.view().error),
            }
        }
    }

    async fn receive(&self, place: &Place) -> Imported {
        import::all(&self.store, &self.blobs, place.root(), |_, _| {}).await.unwrap()
    }

    /// What each stream of an origin holds, and whether its blobs are whole.
    fn content(&self, origin: Origin) -> BTreeMap<StreamId, Vec<Record>> {
        let streams = self.store.streams().unwrap().into_iter().filter(|(_, id, _)| id.origin == origin);
        let content: BTreeMap<_, _> =
            streams.map(|(stream, id, _)| (id, self.store.records(stream).unwrap())).collect();
        for record in content.values().flatten() {
            let Record::Change(change) = record else { continue };
            change.blobs().for_each(|(blob, _)| self.blobs.verify(&blob).map(drop).unwrap());
        }
        content
    }

    async fn verify(&self, folder: &Folder) -> Vec<String> {
        verify::verify(&self.store, folder, |_, _| {}).await.unwrap().differences
    }
}

fn world() -> (tempfile::TempDir, Place) {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::at(&dir.path().join("shared"));
    place.prepare().unwrap();
    (dir, place)
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

fn paths(place: &Place, origin: Origin, kind: Kind) -> Vec<PathBuf> {
    let names = place.files(origin).unwrap().into_iter().filter(|name| name.kind == kind);
    names.map(|name| place.writer(origin).join(name.to_string())).collect()
}

#[tokio::test]
async fn what_is_written_arrives_once_whoever_reads_it_how_often() {
    let (dir, place) = world();
    let mut writers = [Home::new(dir.path(), "a", 1), Home::new(dir.path(), "b", 2)];
    let reader = Home::new(dir.path(), "reader", 3);
    for round in 0..6 {
        for (home, n) in writers.iter_mut().zip(0..) {
            // One run of both, and one each.
            home.log("both");
            home.log(&format!("own{n}"));
            home.file("both", &noise(round + n, 1000));
            home.file("both", &[noise(round, 900_000), noise(7, 900_000)].concat());
            // A new life of the writer each time.
            home.send(&home.folder(&place)).await;
        }
        if round % 2 == 0 {
            assert_eq!(reader.receive(&place).await.problems, [] as [&str; 0]);
        }
    }
    let imported = reader.receive(&place).await;
    assert_eq!((imported.problems.len(), imported.streams.len()), (0, 4));
    assert!(import::check(place.root()).unwrap() > 10);
    for home in &writers {
        let origin = home.store.origin();
        assert_eq!(reader.content(origin), home.content(origin));
        assert_eq!(home.verify(&home.folder(&place)).await, [] as [&str; 0]);
        assert_eq!(home.receive(&place).await.problems, [] as [&str; 0], "others may read it, too");
    }
    // What is common to many files is there a few times, not each time.
    let bytes: u64 = writers
        .iter()
        .flat_map(|home| paths(&place, home.store.origin(), Kind::Chunks))
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    assert!(bytes < 2 * 6 * 2_000_000, "{bytes}");
}

#[tokio::test]
async fn the_index_is_a_cache() {
    let (dir, place) = world();
    let (mut home, reader) = (Home::new(dir.path(), "a", 1), Home::new(dir.path(), "reader", 2));
    let origin = home.store.origin();
    for what in ["", "index.json", "generation", "index.json"] {
        home.log("r");
        home.file("r", &noise(1, 400_000));
        home.send(&home.folder(&place)).await;
        if !what.is_empty() {
            let before = read_generation(&place, origin).unwrap();
            fs::remove_file(place.writer(origin).join(what)).unwrap();
            let records = paths(&place, origin, Kind::Records).len();
            home.send(&home.folder(&place)).await;
            assert_ne!(read_generation(&place, origin).unwrap(), before, "its readers begin anew");
            assert_eq!(paths(&place, origin, Kind::Records).len(), records, "and nothing is written twice");
        }
    }
    assert_eq!(reader.receive(&place).await.problems, [] as [&str; 0]);
    assert_eq!(reader.content(origin), home.content(origin));
    // All of it gone: the same writer, still running, begins anew.
    let folder = home.folder(&place);
    home.send(&folder).await;
    fs::remove_dir_all(place.writer(origin)).unwrap();
    home.send(&folder).await;
    let again = Home::new(dir.path(), "again", 3);
    assert_eq!(again.receive(&place).await.problems, [] as [&str; 0]);
    assert_eq!(again.content(origin), home.content(origin));
}

/// Says that streams are durable elsewhere, as far as `share` of them.
fn acknowledge(place: &Place, home: &Home, durable: impl Fn(Seq) -> Seq, again: &[u64]) {
    let origin = home.store.origin();
    let streams = home.store.streams().unwrap().into_iter();
    let streams = streams.map(|(_, id, seq)| Acked { id, imported: durable(seq), durable: durable(seq) });
    let generation = read_generation(place, origin).unwrap().unwrap();
    let ack = Ack { generation, streams: streams.collect(), again: again.to_vec(), ..Ack::default() };
    ack.write(place, origin).unwrap();
}

#[tokio::test]
async fn what_is_acknowledged_frees_its_space_and_positions_stay() {
    let (dir, place) = world();
    let (mut home, reader) = (Home::new(dir.path(), "a", 1), Home::new(dir.path(), "reader", 2));
    let origin = home.store.origin();
    let count = || place.files(origin).unwrap().len();
    let folder = home.folder(&place);
    for n in 0..4 {
        home.log("r");
        home.file("r", &noise(n, 600_000));
        home.send(&folder).await;
    }
    assert_eq!(reader.receive(&place).await.problems, [] as [&str; 0]);
    let full = count();
    acknowledge(&place, &home, |seq| seq / 2, &[]);
    home.send(&folder).await;
    let half = count();
    assert!(half < full && half > 0, "{half} of {full}");
    assert_eq!(home.verify(&folder).await, [] as [&str; 0], "what is left is compared");
    acknowledge(&place, &home, |seq| seq, &[]);
    home.send(&folder).await;
    assert_eq!(count(), 0);
    assert!(folder.all_passed_on() > 0 && folder.passed_on(&RunPath::new("e", "p", "r").unwrap()) > 0);
    // It goes on behind what was removed, in this life and the next; the same bytes
    // are written again, because they are there no more.
    home.file("r", &noise(2, 600_000));
    home.send(&folder).await;
    assert!(count() > 1);
    home.log("r");
    home.send(&home.folder(&place)).await;
    assert_eq!(home.verify(&home.folder(&place)).await, [] as [&str; 0]);
    assert_eq!(reader.receive(&place).await.problems, [] as [&str; 0]);
    assert_eq!(reader.content(origin), home.content(origin));
}

#[tokio::test]
async fn a_damaged_file_holds_up_what_depends_on_it_until_it_is_written_anew() {
    for kind in [Kind::Records, Kind::Chunks, Kind::Parts] {
        let (dir, place) = world();
        let mut home = Home::new(dir.path(), "a", 1);
        let origin = home.store.origin();
        let folder = home.folder(&place);
        for run in ["a", "b", "a"] {
            home.log(run);
            home.file(run, &noise(home.serial.cast_unsigned(), 300_000));
            home.send(&folder).await;
        }
        let path = paths(&place, origin, kind).remove(0);
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.len() - 1;
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let reader = Home::new(dir.path(), "reader", 2);
        let imported = reader.receive(&place).await;
        let named = imported.problems.iter().any(|problem| problem.contains(&path.display().to_string()));
        assert!(named, "it is said which file: {:?}", imported.problems);
        let (here, there) = (reader.content(origin), home.content(origin));
        let (b, records) = there.iter().find(|(id, _)| id.path.run == "b").unwrap();
        assert_eq!(here.get(b), Some(records), "the other run goes on");
        // Of the run itself at most what lies before the file that is damaged.
        let (a, records) = there.iter().find(|(id, _)| id.path.run == "a").unwrap();
        let taken = here.get(a).map(Vec::as_slice).unwrap_or_default();
        let has_files =
            |record: &Record| matches!(record, Record::Change(change) if change.blobs().count() > 0);
        assert!(records.starts_with(taken) && !taken.iter().any(has_files), "{kind:?}: {taken:?}");
        assert!(kind != Kind::Records || taken.is_empty(), "{taken:?}");
        assert!(import::check(place.root()).is_err());
        // Whoever wrote it does it anew.
        let files = place.files(origin).unwrap().into_iter();
        let again: Vec<u64> =
            files.filter(|name| name.kind == Kind::Records).map(|name| name.number).take(1).collect();
        acknowledge(&place, &home, |_| 0, &again);
        home.send(&folder).await;
        let imported = reader.receive(&place).await;
        assert_eq!(reader.content(origin), there, "{kind:?}: {:?}", imported.problems);
        assert_eq!(home.verify(&folder).await, [] as [&str; 0]);
    }
}

#[tokio::test]
async fn no_flipped_byte_brings_anything_wrong() {
    let (dir, place) = world();
    let mut home = Home::new(dir.path(), "a", 1);
    let origin = home.store.origin();
    home.append("r", vec![Record::Change(Change::TextFile { path: "f".into(), text: "one".into() })]);
    home.file("r", b"small");
    home.send(&home.folder(&place)).await;
    let reader = Home::new(dir.path(), "reader", 2);
    for name in place.files(origin).unwrap().into_iter().rev() {
        let path = place.writer(origin).join(name.to_string());
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&path, &bad).unwrap();
            let imported = reader.receive(&place).await;
            assert!(!imported.problems.is_empty(), "byte {at} of {name}");
        }
        fs::write(&path, &good).unwrap();
        if name.kind == Kind::Records {
            assert!(reader.content(origin).is_empty(), "nothing of it was taken");
        }
    }
    assert_eq!(reader.receive(&place).await.problems, [] as [&str; 0]);
    assert_eq!(reader.content(origin), home.content(origin));
}

#[tokio::test]
async fn hostile_files_do_no_harm() {
    let (dir, place) = world();
    let mut home = Home::new(dir.path(), "a", 1);
    let origin = home.store.origin();
    home.log("r");
    home.send(&home.folder(&place)).await;
    let writer = place.writer(Id128([0xee; 16]));
    fs::create_dir(&writer).unwrap();
    let head = |kind: Kind, length: u64| {
        let mut head = b"pnf1".to_vec();
        head.extend([kind as u8, 0, 0, 0]);
        head.extend(length.to_le_bytes());
        head.extend([0; 32]);
        head
    };
    for (number, kind) in [Kind::Chunks, Kind::Whole, Kind::Parts, Kind::Records].into_iter().enumerate() {
        for (more, length) in [(0, u64::MAX), (1, 0), (2, 44), (3, 1 << 40)] {
            let name = Name { number: (number * 4 + more) as u64, kind };
            let mut bytes = head(kind, length);
            bytes.resize(bytes.len() + usize::try_from(length.min(100)).unwrap(), 0xff);
            fs::write(writer.join(name.to_string()), bytes).unwrap();
        }
    }
    // As long as it says, and far longer than anything may be.
    let long = fs::File::create(writer.join(Name { number: 99, kind: Kind::Records }.to_string())).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&long, &head(Kind::Records, (1 << 36) - 48), 0).unwrap();
    long.set_len(1 << 36).unwrap();
    std::os::unix::fs::symlink("/dev/zero", writer.join("000000000100.records")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        writer.join("000000000101.chunks"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let reader = Home::new(dir.path(), "reader", 2);
    let imported = reader.receive(&place).await;
    assert!(imported.problems.len() > 15, "{:?}", imported.problems);
    let unopened = |text: &String| text.contains("000000000100.records");
    assert!(imported.waiting.iter().any(unopened), "it may be another time: {:?}", imported.waiting);
    assert_eq!(reader.content(origin), home.content(origin));
    assert_eq!(reader.store.streams().unwrap().len(), 1);
}

#[tokio::test]
async fn a_part_whose_beginning_was_forgotten_waits() {
    let (dir, place) = world();
    let writer = place.writer(Id128([0xee; 16]));
    fs::create_dir(&writer).unwrap();
    let content = Content { blob: Blob([7; 32]), md5: Md5([7; 16]), size: 9 };
    let part = BlobPart { content, at: 5, chunks: Vec::new() };
    let mut draft = Draft::begin(&writer, Kind::Parts, false).unwrap();
    draft.write(&serde_json::to_vec(&[part]).unwrap()).unwrap();
    draft.publish(&writer, 1).unwrap();
    let imported = Home::new(dir.path(), "reader", 1).receive(&place).await;
    assert!(imported.waiting.iter().any(|text| text.contains("before byte 5")), "{imported:?}");
}

#[tokio::test]
async fn what_is_elsewhere_already_is_not_written() {
    let (dir, place) = world();
    let mut home = Home::new(dir.path(), "a", 1);
    let origin = home.store.origin();
    home.log("r");
    let first = home.store.streams().unwrap();
    let start: BTreeMap<StreamId, Seq> = first.into_iter().map(|(_, id, seq)| (id, seq)).collect();
    let (seen, reader) = (Home::new(dir.path(), "seen", 2), Home::new(dir.path(), "reader", 3));
    home.send(&home.folder(&place)).await;
    assert_eq!(seen.receive(&place).await.problems, [] as [&str; 0]);
    home.log("r");
    let increment = Place::at(&dir.path().join("increment"));
    increment.prepare().unwrap();
    let folder = Folder::new(increment.root(), origin, start);
    home.send(&folder).await;
    assert_eq!(home.verify(&folder).await, [] as [&str; 0]);
    assert_eq!(seen.receive(&increment).await.problems, [] as [&str; 0]);
    assert_eq!(seen.content(origin), home.content(origin));
    let imported = reader.receive(&increment).await;
    assert!(imported.waiting[0].contains("records before them"), "{imported:?}");
    assert_eq!(reader.content(origin).values().map(Vec::len).sum::<usize>(), 0);
    assert_eq!(reader.receive(&place).await.problems, [] as [&str; 0], "in any order");
    assert_eq!(reader.receive(&increment).await.problems, [] as [&str; 0]);
    assert_eq!(reader.content(origin), home.content(origin));
}
