//! The promises of the blob store, on real folders.

mod crash;
mod damage;
mod sweep;

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::sync::Barrier;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::*;

pub const HELLO: &[u8] = b"hello";
pub const HELLO_BLAKE3: &str = "ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f";

pub struct Place {
    _dir: TempDir,
    pub home: PathBuf,
    pub blobs: Blobs,
}

impl Place {
    pub fn store(&self) -> &Arc<Store> {
        &self.blobs.held.store
    }

    /// Bytes in packs.
    pub fn bytes(&self) -> u64 {
        self.blobs.in_packer(|_| Ok(())).unwrap();
        files(&self.home.join("blobs")).iter().map(|path| fs::metadata(path).unwrap().len()).sum()
    }

    /// What a SIGKILL at this instant leaves, opened again.
    pub fn killed(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_owned();
        for from in files(&self.home) {
            let to = home.join(from.strip_prefix(&self.home).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, to).unwrap();
        }
        Self { blobs: at(&home), home, _dir: dir }
    }
}

pub fn at(home: &Path) -> Blobs {
    let store = Arc::new(Store::open(&home.join("pannier.db")).unwrap());
    Blobs::open(&home.join("blobs"), home.join("quarantine"), store).unwrap()
}

pub fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().to_owned();
    Place { blobs: at(&home), home, _dir: dir }
}

/// Every file below, sorted.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Bytes that a seed repeats, and that nothing shares.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

pub fn bytes_of(blobs: &Blobs, blob: &Blob) -> Vec<u8> {
    let mut bytes = Vec::new();
    blobs.read(blob).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn digests_are_those_of_the_bytes_however_they_come() {
    let place = place();
    for (bytes, blake3, md5) in [
        (
            &b""[..],
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            "1B2M2Y8AsgTpgAmY7PhCfg==",
        ),
        (HELLO, HELLO_BLAKE3, "XUFAKrxLKna5cZ2REBfFkg=="),
    ] {
        let mut writer = place.blobs.writer().unwrap();
        for byte in bytes.chunks(1) {
            writer.write(byte).unwrap();
        }
        let content = writer.finish().unwrap();
        assert_eq!(content.blob.to_string(), blake3);
        assert_eq!(STANDARD.encode(content.md5.0), md5);
        assert_eq!(content.size, bytes.len() as u64);
        assert_eq!(place.blobs.size(&content.blob).unwrap(), Some(content.size));
        assert_eq!(bytes_of(&place.blobs, &content.blob), bytes);
        place.blobs.verify(&content.blob).unwrap();
    }
    // MD5 has a thread of its own by then.
    let large = noise(1, 9_000_000);
    let mut writer = place.blobs.writer().unwrap();
    large.chunks(300_001).for_each(|piece| writer.write(piece).unwrap());
    let content = writer.finish().unwrap();
    assert_eq!(content.blob, Blob(*blake3::hash(&large).as_bytes()));
    assert_eq!(content.md5.0, <[u8; 16]>::from(<md5::Md5 as md5::Digest>::digest(&large)));
    assert!(bytes_of(&place.blobs, &content.blob) == large);
    place.blobs.verify(&content.blob).unwrap();
}

#[test]
fn any_part_can_be_read() {
    let place = place();
    // More than a segment of the index holds.
    let bytes = noise(2, 90 << 20);
    let mut reader = place.blobs.read(&place.blobs.put(&bytes).unwrap().blob).unwrap();
    assert_eq!(reader.seek(SeekFrom::End(0)).unwrap(), bytes.len() as u64);
    assert_eq!(reader.read(&mut [0; 10]).unwrap(), 0);
    assert!(reader.seek(SeekFrom::Current(-(bytes.len() as i64) - 1)).is_err());
    for n in 0..200_usize {
        let at = (n * 7_654_321) % bytes.len();
        let length = (n * 3_001).min(bytes.len() - at);
        reader.seek(SeekFrom::Start(at as u64)).unwrap();
        let mut part = vec![0; length];
        reader.read_exact(&mut part).unwrap();
        assert!(part == bytes[at..at + length], "{length} bytes at {at}");
    }
}

#[test]
fn the_same_content_is_kept_once() {
    let place = place();
    let large = noise(3, 5_000_000);
    let first = [place.blobs.put(HELLO).unwrap(), place.blobs.put(&large).unwrap()];
    let bytes = place.bytes();
    assert_eq!([place.blobs.put(HELLO).unwrap(), place.blobs.put(&large).unwrap()], first);
    // Within one group, too.
    let writers = (0..20).map(|_| {
        let mut writer = place.blobs.writer().unwrap();
        writer.write(&large).unwrap();
        writer.seal().unwrap()
    });
    writers.collect::<Vec<_>>().into_iter().for_each(|pending| assert_eq!(pending.wait().unwrap(), first[1]));
    assert_eq!(place.bytes(), bytes);
    assert_eq!(place.blobs.list().map(Result::unwrap).collect::<Vec<_>>(), first);
}

#[test]
fn versions_of_a_file_share_what_they_share() {
    let place = place();
    let mut bytes = noise(4, 64 << 20);
    place.blobs.put(&bytes).unwrap();
    let before = place.bytes();
    // A hundredth of it, in places of 64 KiB.
    for n in 0..10 {
        let at = n * 6_500_000 + 12_345;
        bytes[at..at + (64 << 10)].copy_from_slice(&noise(100 + n as u64, 64 << 10));
    }
    let changed = place.blobs.put(&bytes).unwrap();
    let cost = place.bytes() - before;
    assert!(cost <= (64 << 20) / 20, "{cost} bytes for 1 % changed");
    bytes.splice(1_000_000..1_000_000, noise(200, 100));
    let inserted = place.blobs.put(&bytes).unwrap();
    let cost = place.bytes() - before - cost;
    assert!(cost <= 600_000, "{cost} bytes for 100 inserted");
    place.blobs.verify(&changed.blob).unwrap();
    place.blobs.verify(&inserted.blob).unwrap();
}

#[test]
fn many_small_files_are_few() {
    let place = place();
    let bytes = |n: usize| noise(n as u64, 100 + n % 3000);
    let sealed: Vec<Pending> = (0..5000)
        .map(|n| {
            let mut writer = place.blobs.writer().unwrap();
            writer.write(&bytes(n)).unwrap();
            writer.seal().unwrap()
        })
        .collect();
    let contents: Vec<Content> = sealed.into_iter().map(|pending| pending.wait().unwrap()).collect();
    assert_eq!(files(&place.home.join("blobs")).len(), 1);
    for (n, content) in contents.iter().enumerate().step_by(97) {
        assert_eq!(bytes_of(&place.blobs, &content.blob), bytes(n));
    }
    assert_eq!(place.blobs.check(|_, _| ()).unwrap().findings, []);
}

#[test]
fn writers_do_not_disturb_each_other() {
    const THREADS: usize = 8;
    let place = place();
    let same = noise(7, 400_000);
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (place, same, start) = (&place, &same, &start);
            scope.spawn(move || {
                start.wait();
                for round in 0..20 {
                    let mut writers = [place.blobs.writer().unwrap(), place.blobs.writer().unwrap()];
                    writers[0].write(&[&same[..], &[round]].concat()).unwrap();
                    writers[1].write(format!("{number} {round}").as_bytes()).unwrap();
                    // One of three is never finished.
                    let _ = place.blobs.writer().unwrap().write(&noise(number as u64, 500_000));
                    for writer in writers {
                        let content = writer.finish().unwrap();
                        assert!(place.blobs.contains(&content.blob).unwrap());
                        place.blobs.verify(&content.blob).unwrap();
                    }
                }
            });
        }
    });
    let listed = place.blobs.list().collect::<Result<Vec<_>>>().unwrap();
    assert_eq!(listed.len(), 20 + THREADS * 20);
    assert_eq!(place.blobs.check(|_, _| ()).unwrap().findings, []);
}

#[test]
fn only_the_owner_may_look() {
    let place = place();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    place.blobs.put(HELLO).unwrap();
    let root = place.home.join("blobs");
    assert_eq!(files(&root).len(), 1);
    for file in files(&root) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    for dir in [&root, &root.join("packs")] {
        assert_eq!(mode(dir), 0o700, "{}", dir.display());
    }
}

#[test]
fn what_is_not_there_is_missing() {
    let place = place();
    let blob = place.blobs.put(HELLO).unwrap().blob;
    place.blobs.remove(&blob).unwrap();
    place.blobs.remove(&blob).unwrap();
    assert_eq!(place.blobs.size(&blob).unwrap(), None);
    assert_eq!(place.blobs.missing(&[blob]).unwrap(), [blob]);
    assert!(matches!(place.blobs.read(&blob), Err(BlobError::Missing(missing)) if missing == blob));
    assert!(matches!(place.blobs.verify(&blob), Err(BlobError::Missing(_))));
    assert_eq!(place.blobs.list().count(), 0);
    place.blobs.put(HELLO).unwrap();
    assert!(place.blobs.contains(&blob).unwrap());
}

#[test]
fn a_store_that_closes_says_so() {
    let Place { _dir, blobs, .. } = place();
    let mut early = blobs.writer().unwrap();
    let late = blobs.writer().unwrap();
    early.write(HELLO).unwrap();
    let pending = early.seal().unwrap();
    drop(blobs);
    assert_eq!(pending.wait().unwrap().blob.to_string(), HELLO_BLAKE3);
    assert!(matches!(late.finish(), Err(BlobError::Closed)));
}
