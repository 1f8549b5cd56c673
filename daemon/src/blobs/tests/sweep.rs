//! What nobody needs goes; what somebody needs stays, whatever happens
//! meanwhile.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use pannier_proto::id::RunPath;
use pannier_proto::path::RelPath;
use pannier_proto::record::Change;

use super::*;
use crate::block::Block;
use crate::store::Incoming;

const NOW: Budget = Budget { grace: Duration::ZERO, max_bytes: None, max_files: None, dry_run: false };

/// A record that names it.
fn name(store: &Store, file: &str, content: Content) {
    let path = RelPath::new(file).unwrap();
    change(store, Change::File { path, content, time_us: 1 });
}

fn incoming(store: &Store, change: Change) -> Incoming {
    let mut block = Block::default();
    block.push_change(change);
    let (path, origin) = (RunPath::new("e", "p", "r").unwrap(), store.origin());
    Incoming { path, origin, first_seq: None, block, encoded: None }
}

fn change(store: &Store, change: Change) {
    let incoming = incoming(store, change);
    store.write_blocking(|tx| tx.append(incoming, 1)).unwrap();
}

fn sweep(place: &Place, budget: &Budget) -> Swept {
    place.blobs.sweep(budget, |_, _, _| ()).unwrap()
}

#[test]
fn garbage_goes_and_its_room_is_given_back() {
    let place = place();
    let shared = noise(1, 3 << 20);
    let mut versions = Vec::new();
    for n in 0..4_u8 {
        let content =
            place.blobs.put(&[&shared[..], &noise(50 + u64::from(n), 1 << 20), &[n]].concat()).unwrap();
        versions.push(content);
    }
    let small: Vec<Content> = (0..50).map(|n| place.blobs.put(&noise(200 + n, 500)).unwrap()).collect();
    name(place.store(), "model.bin", versions[3]);
    name(place.store(), "image.png", small[7]);
    let before = place.bytes();

    let kept = sweep(&place, &Budget { grace: Duration::from_secs(3600), ..NOW });
    assert_eq!((kept.garbage_files, kept.kept_files, kept.chunks), (0, 54, 0), "too young: {kept:?}");
    let said = sweep(&place, &Budget { dry_run: true, ..NOW });
    assert_eq!((said.garbage_files, said.kept_files), (52, 2));
    assert_eq!(place.bytes(), before);

    let swept = sweep(&place, &NOW);
    assert_eq!((swept.garbage_files, swept.garbage_bytes), (said.garbage_files, said.garbage_bytes));
    assert_eq!((swept.chunks, swept.chunk_bytes), (said.chunks, said.chunk_bytes));
    assert_eq!((swept.packs_removed, swept.packs_rewritten), (0, 0), "most of the pack is needed");
    for (n, content) in versions.iter().chain(&small).enumerate() {
        assert_eq!(place.blobs.contains(&content.blob).unwrap(), n == 3 || n == 4 + 7, "{n}");
    }
    name(place.store(), "model.bin", small[7]);
    let mut reader = {
        let mut reader = place.blobs.read(&small[7].blob).unwrap();
        let _ = reader.read(&mut [0; 1]).unwrap();
        reader
    };
    let swept = sweep(&place, &NOW);
    assert_eq!((swept.garbage_files, swept.packs_removed, swept.packs_rewritten), (1, 1, 1), "{swept:?}");
    assert!(place.bytes() < 1000 && swept.freed_bytes + place.bytes() == before, "{swept:?}");
    reader.rewind().unwrap();
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, noise(207, 500), "who was reading reads on");
    let again = place.killed();
    assert_eq!(bytes_of(&again.blobs, &small[7].blob), noise(207, 500));
    assert_eq!(again.blobs.check(|_, _| ()).unwrap().findings, []);
    change(place.store(), Change::RemoveFile { path: RelPath::new("model.bin").unwrap() });
    change(place.store(), Change::RemoveFile { path: RelPath::new("image.png").unwrap() });
    let swept = sweep(&place, &NOW);
    assert_eq!((swept.garbage_files, swept.packs_removed, place.bytes()), (1, 1, 0), "{swept:?}");
}

#[test]
fn only_what_a_remote_has_gives_way_to_a_budget() {
    let place = place();
    let fetched: Vec<Content> = (0..4)
        .map(|n| {
            let mut writer = place.blobs.writer().unwrap().fetched();
            writer.write(&noise(n, 1000)).unwrap();
            writer.finish().unwrap()
        })
        .collect();
    let own = place.blobs.put(&noise(9, 1000)).unwrap();
    for (n, content) in fetched.iter().chain([&own]).enumerate() {
        name(place.store(), &format!("f{n}"), *content);
    }
    let (pinned, used, both) = (fetched[0].blob, fetched[1].blob, fetched[2]);
    // Logged here, too: it is nobody else's to keep.
    place.blobs.put(&noise(2, 1000)).unwrap();
    let id = place.store().blob(&used).unwrap().unwrap().id;
    place
        .store()
        .write_blocking(move |tx| {
            tx.pin_blob(&pinned, true)?;
            tx.use_blob(id, i64::MAX / 2)
        })
        .unwrap();
    let there = |content: &Content| place.blobs.contains(&content.blob).unwrap();
    let swept = sweep(&place, &Budget { max_bytes: Some(4999), ..NOW });
    assert_eq!((swept.evicted_files, swept.evicted_bytes, swept.kept_files), (1, 1000, 4), "{swept:?}");
    assert!(!there(&fetched[3]) && there(&fetched[1]), "the one that was not used for longest");
    let swept = sweep(&place, &Budget { max_files: Some(0), ..NOW });
    assert_eq!((swept.evicted_files, swept.kept_files), (1, 3), "{swept:?}");
    assert!(there(&own) && there(&both) && there(&fetched[0]));
}

#[test]
fn what_others_commit_meanwhile_stays() {
    const THREADS: u64 = 3;
    let place = place();
    let shared = noise(77, 600_000);
    let stop = AtomicBool::new(false);
    let (mut sweeps, mut swept) = (0, Swept::default());
    thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (place, shared) = (&place, &shared);
                scope.spawn(move || {
                    for n in 0..60_u64 {
                        // Chunks that die and come again, under blobs that do, too.
                        let bytes = [&shared[..], &noise(n % 7, 40_000 + (n % 5) as usize)].concat();
                        let content = place.blobs.put(&bytes).unwrap();
                        let path = RelPath::new(&format!("f{thread}")).unwrap();
                        let incoming = incoming(place.store(), Change::File { path, content, time_us: 1 });
                        // As a door does it: who names it looks whether it is here.
                        let named = place.store().write_blocking(move |tx| {
                            let here = tx.name_blob(&content.blob)?;
                            if here {
                                tx.append(incoming, 1)?;
                            }
                            Ok(here)
                        });
                        if !named.unwrap() {
                            continue;
                        }
                        let back = bytes_of(&place.blobs, &content.blob);
                        assert!(back == bytes, "thread {thread}, round {n}");
                        let _ = place.blobs.writer().unwrap().write(&noise(1000 + n, 300_000));
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            stop.store(true, Ordering::SeqCst);
        });
        while !stop.load(Ordering::SeqCst) {
            let more = sweep(&place, &NOW);
            swept.garbage_files += more.garbage_files;
            swept.packs_removed += more.packs_removed;
            sweeps += 1;
        }
    });
    assert!(sweeps > 2 && swept.garbage_files > 0, "{sweeps} sweeps: {swept:?}");
    assert_eq!(place.blobs.check(|_, _| ()).unwrap().findings, []);
    sweep(&place, &NOW);
    assert_eq!(place.blobs.list().count(), 3.min(place.blobs.list().count()));
}
