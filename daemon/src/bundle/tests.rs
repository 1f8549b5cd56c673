//! The container: what is packed comes out, and whatever else is given is
//! refused, with nothing left behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pannier_proto::id::Id128;
use pannier_proto::path::RelPath;
use proptest::prelude::*;

use super::tree::{END, ENTRY, MAGIC, VERSION};
use super::*;

const SET: Id128 = Id128([9; 16]);
const CAPS: Caps = Caps { entries: 1000, bytes: 64 << 20 };

type Tree = BTreeMap<String, Vec<u8>>;

fn packed(
    dir: &Path,
    tree: &Tree,
    split: Option<u64>,
    lock: Option<&Lock>,
    key: Option<&SigningKey>,
) -> Vec<PathBuf> {
    let mut packer = create(&dir.join("b.bundle"), SET, split, lock).unwrap();
    for (path, bytes) in tree {
        packer.add(&RelPath::new(path).unwrap(), bytes.len() as u64, &bytes[..]).unwrap();
    }
    finish(packer, key).unwrap().1
}

/// One bundle; what was unpacked of it and who signed it.
fn unpacked(paths: &[PathBuf], opener: &Opener) -> Result<(Tree, Option<PublicKey>)> {
    let dir = tempfile::tempdir().unwrap();
    let mut sets = sets(paths);
    assert_eq!(sets.len(), 1);
    let mut folder = Folder::new(dir.path());
    let found = open(sets.remove(0)?, opener, &CAPS, &mut folder, |_| {})?;
    folder.sync()?;
    let mut tree = Tree::new();
    collect(dir.path(), dir.path(), &mut tree);
    assert_eq!(
        (found.entries, found.bytes),
        (tree.len() as u64, tree.values().map(|b| b.len() as u64).sum())
    );
    Ok((tree, found.signed_by))
}

fn collect(root: &Path, dir: &Path, tree: &mut Tree) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(root, &path, tree),
            false => {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                tree.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
}

fn sample() -> Tree {
    let files =
        [("bundle.json", b"{}".to_vec()), ("a/b/empty", Vec::new()), ("a/text", b"same ".repeat(300))];
    files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)).collect()
}

fn any_tree() -> impl Strategy<Value = Tree> {
    // Folders and files have names of their own, so that none is both.
    let path = "(d[a-c]/){0,2}[f-zé]{1,6}";
    let noise = (any::<u64>(), 0..3000_usize).prop_map(|(seed, length)| {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    });
    let long = (0..3_usize << 20).prop_map(|length| vec![7; length]);
    proptest::collection::btree_map(path, prop_oneof![8 => noise, 1 => long], 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn trees_come_out_as_they_went_in(
        tree in any_tree(), split in proptest::option::of(100..20_000_u64), signed in any::<bool>(), seed in any::<u64>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::from_seed([3; 32]).unwrap();
        let mut paths = packed(dir.path(), &tree, split, None, signed.then_some(&key));
        for (at, path) in paths.iter().enumerate() {
            prop_assert!(split.is_none_or(|split| path.metadata().unwrap().len() <= split));
            prop_assert_eq!(split.is_some(), path.display().to_string().ends_with(&format!("bundle.{:03}", at + 1)));
        }
        let by = usize::try_from(seed).unwrap_or(0) % paths.len();
        paths.rotate_left(by);
        let swap = paths.len() / 2;
        paths.swap(0, swap);
        let (found, signed_by) = unpacked(&paths, &Opener::default()).unwrap();
        prop_assert!(found == tree);
        prop_assert_eq!(signed_by, signed.then(|| key.public()));
    }

    #[test]
    fn hostile_bytes_are_refused_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = unpack::unpack(&bytes[..], SET, "x", &CAPS, &mut Nowhere);
        let head = [&MAGIC[..], &[VERSION], &SET.0, &[ENTRY]].concat();
        let _ = unpack::unpack(&[&head[..], &bytes].concat()[..], SET, "x", &CAPS, &mut Nowhere);
    }
}

#[test]
fn every_flipped_byte_and_every_cut_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let key = SigningKey::from_seed([3; 32]).unwrap();
    let identity = age::x25519::Identity::generate();
    for lock in [None, Some(Lock::Recipients(vec![identity.to_public()]))] {
        let opener = || Opener { identities: vec![identity.clone()], passphrase: None };
        let dir = dir.path().join(if lock.is_some() { "sealed" } else { "open" });
        std::fs::create_dir(&dir).unwrap();
        let paths = packed(&dir, &sample(), None, lock.as_ref(), Some(&key));
        let bytes = std::fs::read(&paths[0]).unwrap();
        assert!(bytes.len() < 1500, "{}", bytes.len());
        assert_eq!(unpacked(&paths, &opener()).unwrap().0, sample());
        let bad = dir.join("bad");
        let refused = |bytes: &[u8], what: &str| {
            std::fs::write(&bad, bytes).unwrap();
            assert!(unpacked(std::slice::from_ref(&bad), &opener()).is_err(), "{what}");
        };
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            refused(&changed, &format!("byte {at}"));
            refused(&bytes[..at], &format!("cut at {at}"));
        }
        refused(&[&bytes[..], b"x"].concat(), "a byte more");
    }
}

/// The same within: what gets past the checksums of the parts.
#[test]
fn every_flipped_byte_of_a_tree_is_seen_or_changes_nothing() {
    let key = SigningKey::from_seed([3; 32]).unwrap();
    let mut packer = Packer::new(Vec::new(), SET).unwrap();
    for (path, bytes) in sample() {
        packer.add(&RelPath::new(&path).unwrap(), bytes.len() as u64, &bytes[..]).unwrap();
    }
    let (bytes, _) = packer.finish(Some(&key)).unwrap();
    let read = |bytes: &[u8]| {
        let dir = tempfile::tempdir().unwrap();
        unpack::unpack(bytes, SET, "x", &CAPS, &mut Folder::new(dir.path())).map(|found| {
            let mut tree = Tree::new();
            collect(dir.path(), dir.path(), &mut tree);
            (tree, found.signed_by)
        })
    };
    assert_eq!(read(&bytes).unwrap(), (sample(), Some(key.public())));
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        if let Ok(found) = read(&changed) {
            assert_eq!(found, (sample(), Some(key.public())), "byte {at}");
        }
        assert!(read(&bytes[..at]).is_err(), "cut at {at}");
    }
    assert!(read(&[&bytes[..], b"x"].concat()).is_err());
}

#[test]
fn parts_that_are_missing_twice_or_foreign_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let tree = Tree::from([("f".to_owned(), (0..1000_u32).flat_map(|n| (n * 7919).to_le_bytes()).collect())]);
    let paths = packed(dir.path(), &tree, Some(1000), None, None);
    assert!(paths.len() > 3);
    let problem = |paths: &[PathBuf]| match unpacked(paths, &Opener::default()) {
        Err(BundleError::Parts { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    let without = |gone: usize| {
        let left = paths.iter().enumerate().filter(|(at, _)| *at != gone);
        left.map(|(_, path)| path.clone()).collect::<Vec<_>>()
    };
    assert!(problem(&without(1)).starts_with(&format!("part 2 of {} is missing", paths.len())));
    assert!(problem(&without(0)).starts_with("part 1 of"));
    assert!(problem(&without(paths.len() - 1)).contains(&format!("part {} is missing", paths.len())));
    assert!(problem(&[&paths[..], &paths[..1]].concat()).contains("twice"));

    let other = dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let mut packer = create(&other.join("b.bundle"), Id128([8; 16]), Some(1000), None).unwrap();
    packer.add(&RelPath::new("f").unwrap(), 0, &[][..]).unwrap();
    let foreign = finish(packer, None).unwrap().1;
    let both = sets(&[&paths[..], &foreign].concat());
    assert!(both.iter().all(Result::is_ok) && both.len() == 2, "two bundles, each whole");
    // A part that says it is another bundle's is not that of this one.
    let mut forged = without(1);
    std::fs::copy(&foreign[0], dir.path().join("forged")).unwrap();
    forged.push(dir.path().join("forged"));
    let found = sets(&forged);
    assert_eq!(found.iter().filter(|set| set.is_err()).count(), 1);
    std::fs::write(dir.path().join("text"), "no bundle at all, of course, but longer").unwrap();
    let found = sets(&[&paths[..], &[dir.path().join("text")]].concat());
    assert!(
        matches!(&found[..], [Ok(_), Err(BundleError::Strange { .. })]),
        "the others are none the worse for it"
    );
}

#[test]
fn only_whose_eyes_it_is_for_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, theirs) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
    let key = recipient(&ours.to_public().to_string()).unwrap();
    let paths = packed(dir.path(), &sample(), Some(300), Some(&Lock::Recipients(vec![key])), None);
    let all: Vec<u8> = paths.iter().flat_map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!all.windows(6).any(|bytes| bytes == b"a/text"), "names are secret, too");
    let identity = |key: &age::x25519::Identity| {
        use age::secrecy::ExposeSecret as _;
        Opener::default().identities(&format!("# made\n{}\n", key.to_string().expose_secret())).unwrap()
    };
    assert_eq!(unpacked(&paths, &identity(&ours)).unwrap().0, sample());
    for opener in [Opener::default(), identity(&theirs)] {
        assert!(matches!(unpacked(&paths, &opener), Err(BundleError::Locked(_))));
    }
    let other = dir.path().join("passphrase");
    std::fs::create_dir(&other).unwrap();
    let lock = Lock::Passphrase("correct horse".to_owned().into());
    let paths = packed(&other, &sample(), None, Some(&lock), None);
    let phrase = |text: &str| Opener::default().passphrase(text.to_owned());
    assert_eq!(unpacked(&paths, &phrase("correct horse")).unwrap().0, sample());
    assert!(matches!(unpacked(&paths, &phrase("wrong")), Err(BundleError::Locked(_))));
    assert!(recipient("age1nonsense").is_err());
}

/// A tree as somebody would make it who wants to do harm: its checksums are right.
fn forged(entries: &[(&str, u64, &[u8])]) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    let mut tree = Vec::new();
    let mut said = |tree: &mut Vec<u8>, bytes: &[u8]| {
        hasher.update(bytes);
        tree.extend_from_slice(bytes);
    };
    said(&mut tree, &[&MAGIC[..], &[VERSION], &SET.0].concat());
    for (path, size, frames) in entries {
        let length = u16::try_from(path.len()).unwrap();
        said(
            &mut tree,
            &[&[ENTRY], &length.to_le_bytes()[..], path.as_bytes(), &size.to_le_bytes()].concat(),
        );
        tree.extend_from_slice(frames);
        let content = frames.get(4..).unwrap_or_default();
        said(&mut tree, blake3::hash(content).as_bytes());
    }
    let bytes: u64 = entries.iter().map(|(_, size, _)| size).sum();
    said(&mut tree, &[&[END], &(entries.len() as u64).to_le_bytes()[..], &bytes.to_le_bytes()].concat());
    let digest = *hasher.finalize().as_bytes();
    [&tree[..], &digest, &[0]].concat()
}

#[test]
fn a_hostile_tree_leads_nowhere() {
    let frame = |content: &[u8]| [&u32::try_from(content.len()).unwrap().to_le_bytes(), content].concat();
    let one = frame(b"x");
    let within = tempfile::tempdir().unwrap();
    let root = within.path().join("root");
    let try_it = |entries: &[(&str, u64, &[u8])]| {
        std::fs::create_dir(&root).unwrap();
        let found = unpack::unpack(&forged(entries)[..], SET, "x", &CAPS, &mut Folder::new(&root));
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(std::fs::read_dir(within.path()).unwrap().count(), 0, "{entries:?}");
        found
    };
    assert!(try_it(&[("a", 1, &one), ("b/c", 1, &one)]).is_ok(), "what is right is taken");
    for path in ["../x", "/etc/x", "a/../../x", "a//b", "", "a/.", "C:x", "a\\b", "a\0b", "a/"] {
        assert!(try_it(&[(path, 1, &one)]).is_err(), "{path:?}");
    }
    for (first, second) in [("a", "a"), ("a", "a/b"), ("a/b", "a")] {
        assert!(try_it(&[(first, 1, &one), (second, 1, &one)]).is_err(), "{first} and {second}");
    }
    // Longer than there is room, or than it says.
    assert!(try_it(&[("a", u64::MAX, &one)]).is_err());
    assert!(try_it(&[("a", CAPS.bytes + 1, &one)]).is_err());
    assert!(try_it(&[("a", 2, &one)]).is_err());
    let bomb = zstd::bulk::compress(&vec![0; 16 << 20], 1).unwrap();
    let bomb = [&(u32::try_from(bomb.len()).unwrap() | tree::PACKED).to_le_bytes(), &bomb[..]].concat();
    assert!(try_it(&[("a", 10_000, &bomb)]).is_err(), "a frame is no longer than a frame");
    let many: Vec<String> = (0..=CAPS.entries).map(|n| n.to_string()).collect();
    let many: Vec<(&str, u64, &[u8])> = many.iter().map(|path| (path.as_str(), 1, &one[..])).collect();
    assert!(try_it(&many).is_err());
}

#[test]
fn a_bundle_that_is_not_finished_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut packer = create(&dir.path().join("b"), SET, Some(100), None).unwrap();
    packer.add(&RelPath::new("f").unwrap(), 500, &[7; 500][..]).unwrap();
    let names =
        || std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    assert!(names().iter().all(|name| name.to_string_lossy().starts_with('.')));
    drop(packer);
    assert_eq!(names(), Vec::<std::ffi::OsString>::new());
    let mut packer = create(&dir.path().join("b"), SET, None, None).unwrap();
    assert!(
        packer.add(&RelPath::new("f").unwrap(), 500, &[7; 400][..]).is_err(),
        "it is shorter than it was"
    );
    drop(packer);
    std::fs::write(dir.path().join("b"), "somebody's").unwrap();
    std::os::unix::fs::symlink(dir.path().join("b"), dir.path().join(".c.partial")).unwrap();
    finish(create(&dir.path().join("c"), SET, None, None).unwrap(), None).unwrap();
    assert!(dir.path().join("c").symlink_metadata().unwrap().is_file(), "no link is written through");
    assert!(create(&dir.path().join("b"), SET, None, None).is_err(), "nothing is written over");
    assert_eq!(std::fs::read(dir.path().join("b")).unwrap(), b"somebody's");
}

#[test]
fn where_one_part_cannot_be_named_none_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut packer = create(&dir.path().join("b"), SET, Some(100), None).unwrap();
    packer.add(&RelPath::new("f").unwrap(), 0, &[][..]).unwrap();
    std::fs::create_dir(dir.path().join("b.001")).unwrap();
    assert!(finish(packer, None).is_err());
    let left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["b.001"]);
}

#[test]
fn a_pipe_is_no_bundle_and_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let (path, kind) = (dir.path().join("pipe"), rustix::fs::FileType::Fifo);
    rustix::fs::mknodat(rustix::fs::CWD, path.clone(), kind, rustix::fs::Mode::RWXU, 0).unwrap();
    assert!(matches!(&sets(&[path])[..], [Err(BundleError::Strange { .. })]));
}
