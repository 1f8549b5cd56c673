//! The promises of the blob store, on real folders.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Barrier;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::*;

const HELLO: &[u8] = b"hello";
const HELLO_BLAKE3: &str = "ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f";

struct Place {
    _dir: TempDir,
    home: PathBuf,
    blobs: Arc<Blobs>,
}

fn at(home: &Path) -> Arc<Blobs> {
    Arc::new(Blobs::open(home.join("blobs"), home.join("quarantine")).unwrap())
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().to_owned();
    Place { blobs: at(&home), home, _dir: dir }
}

/// Every file below, sorted.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn bytes_of(blobs: &Blobs, blob: &Blob) -> Vec<u8> {
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
        assert!(place.home.join("blobs").join(&blake3[..2]).join(&blake3[2..]).is_file());
    }
}

#[test]
fn the_same_content_is_one_file() {
    let place = place();
    let first = place.blobs.put(HELLO).unwrap();
    assert_eq!(place.blobs.put(HELLO).unwrap(), first);
    assert_eq!(at(&place.home).put(HELLO).unwrap(), first);
    assert_eq!(files(&place.home).len(), 1);
}

#[test]
fn writers_do_not_disturb_each_other() {
    const THREADS: usize = 8;
    let place = place();
    let same = vec![7; 100_000];
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
    assert_eq!(files(&place.home).len(), listed.len(), "and nothing else");
    listed.iter().for_each(|blob| place.blobs.verify(blob).unwrap());
}

#[test]
fn what_is_cut_off_leaves_nothing() {
    let place = place();
    let mut writer = place.blobs.writer().unwrap();
    writer.write(HELLO).unwrap();
    assert_eq!(files(&place.home).len(), 1);
    drop(writer);
    assert_eq!(files(&place.home), [""; 0].map(PathBuf::from));
    // A process that was killed has dropped nothing.
    let mut killed = place.blobs.writer().unwrap();
    killed.write(HELLO).unwrap();
    let again = at(&place.home);
    assert_eq!(files(&place.home), [""; 0].map(PathBuf::from));
    assert!(!again.contains(&HELLO_BLAKE3.parse().unwrap()).unwrap());
}

#[test]
fn only_the_owner_may_look() {
    let place = place();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let content = place.blobs.put(HELLO).unwrap();
    let writer = place.blobs.writer().unwrap();
    for file in files(&place.home) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    let shard = place.blobs.shard_dir(content.blob.0[0]);
    for dir in [&place.blobs.root, &place.blobs.root.join(TEMPORARY), &shard] {
        assert_eq!(mode(dir), 0o700, "{}", dir.display());
    }
    drop(writer);
}

#[test]
fn what_is_not_there_is_missing() {
    let place = place();
    let blob = place.blobs.put(HELLO).unwrap().blob;
    place.blobs.remove(&blob).unwrap();
    place.blobs.remove(&blob).unwrap();
    assert_eq!(place.blobs.size(&blob).unwrap(), None);
    assert!(matches!(place.blobs.read(&blob), Err(BlobError::Missing(missing)) if missing == blob));
    assert!(matches!(place.blobs.verify(&blob), Err(BlobError::Missing(_))));
    assert_eq!(place.blobs.list().count(), 0);
    place.blobs.put(HELLO).unwrap();
    assert!(place.blobs.contains(&blob).unwrap());
}

#[test]
fn a_flipped_byte_is_found_and_set_aside() {
    let place = place();
    let blob = place.blobs.put(HELLO).unwrap().blob;
    for count in 1..=2 {
        fs::write(place.blobs.path(&blob), "hellp").unwrap();
        let error = place.blobs.verify(&blob).unwrap_err();
        let BlobError::Damaged { kept, .. } = &error else { panic!("{error}") };
        assert_eq!(fs::read(kept).unwrap(), b"hellp");
        assert!(!place.blobs.contains(&blob).unwrap(), "{error}");
        assert_eq!(files(&place.home.join("quarantine")).len(), count);
        place.blobs.put(HELLO).unwrap();
        place.blobs.verify(&blob).unwrap();
    }
}

#[test]
fn a_cut_blob_is_replaced_when_its_bytes_come_again() {
    let place = place();
    let blob = place.blobs.put(HELLO).unwrap().blob;
    fs::write(place.blobs.path(&blob), "hel").unwrap();
    place.blobs.put(HELLO).unwrap();
    assert_eq!(bytes_of(&place.blobs, &blob), HELLO);
    assert_eq!(files(&place.home.join("quarantine")).len(), 1);
}

#[test]
fn other_files_are_no_blobs() {
    let place = place();
    let content = place.blobs.put(HELLO).unwrap();
    fs::write(place.blobs.shard_dir(content.blob.0[0]).join("README"), "").unwrap();
    fs::write(place.blobs.root.join("README"), "").unwrap();
    assert_eq!(place.blobs.list().collect::<Result<Vec<_>>>().unwrap(), [content.blob]);
}

/// Why a test is left out, or that it must not be.
fn left_out(why: &str) {
    assert!(std::env::var_os("PANNIER_REQUIRE_ROOT_TESTS").is_none(), "{why}");
    println!("left out: {why}");
}

struct Unmount(PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_leaves_nothing_half() {
    let dir = tempfile::tempdir().unwrap();
    let mount =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "pannier"]).arg(dir.path()).output();
    if !mount.is_ok_and(|done| done.status.success()) {
        return left_out("only root can mount a small disk");
    }
    let _unmount = Unmount(dir.path().to_owned());
    let blobs = at(dir.path());
    let small = blobs.put(HELLO).unwrap();
    let mut writer = blobs.writer().unwrap();
    let error = (0..1000).find_map(|_| writer.write(&[1; 1024]).err()).expect("256 KiB are not 1000");
    assert!(matches!(error, BlobError::Full), "{error}");
    // Not even when what failed is forgotten.
    assert!(writer.finish().is_err());
    assert_eq!(files(dir.path()), [blobs.path(&small.blob)]);
    assert!(matches!(blobs.put(&[1; 512 << 10]), Err(BlobError::Full)));
    assert_eq!(files(dir.path()), [blobs.path(&small.blob)]);
    blobs.verify(&small.blob).unwrap();
    blobs.put(b"and there is room again").unwrap();
}

/// What the next test runs in a process whose n-th fsync fails: at most one
/// error, and what was answered is there.
#[test]
#[ignore = "run by a_failed_fsync_is_never_answered_for, under strace"]
fn under_a_failing_fsync() {
    let place = place();
    let mut answers = Vec::new();
    for _ in 0..4 {
        let answer = place.blobs.put(HELLO);
        println!("put: {answer:?}; files: {}", files(&place.home).len());
        assert!(answer.is_ok() || files(&place.home).is_empty(), "nothing is kept of what failed");
        answers.push(answer.is_ok());
    }
    let found = place.blobs.contains(&HELLO_BLAKE3.parse().unwrap());
    assert_eq!(found.unwrap_or(false), answers[3], "{answers:?}");
    println!("answers: {answers:?}");
}

#[test]
fn a_failed_fsync_is_never_answered_for() {
    // The fsyncs: the home when the store is opened; the file; the folder of
    // folders and the folder, which were never seen; the folder after the rename.
    for (nth, answers) in [
        (2, "[false, true, true, true]"),
        (3, "[false, false, false, false]"),
        (4, "[false, false, false, false]"),
        (5, "[false, false, false, false]"),
        (9, "[true, true, true, true]"),
    ] {
        let run = Command::new("strace")
            .args(["-f", "-o", "/dev/null", "-e", "trace=fsync", "-e"])
            .arg(format!("inject=fsync:error=EIO:when={nth}"))
            .arg(std::env::current_exe().unwrap())
            .args(["--ignored", "--nocapture", "--test-threads=1", "under_a_failing_fsync"])
            .output();
        let Ok(run) = run else { return left_out("strace is not installed") };
        let said = String::from_utf8_lossy(&run.stdout);
        if !said.contains("running 1 test") {
            return left_out("strace may not trace here");
        }
        assert!(run.status.success() && said.contains(&format!("answers: {answers}")), "{nth}: {said}");
    }
}
