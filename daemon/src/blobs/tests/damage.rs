//! Bytes that are not what they were.

use super::*;

fn packs(place: &Place) -> Vec<PathBuf> {
    files(&place.home.join("blobs"))
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_flipped_byte_anywhere_is_found_and_set_aside() {
    let place = place();
    let large = noise(1, 300_000);
    let small: Vec<Vec<u8>> = (0..20).map(|n| noise(100 + n, 1000)).collect();
    let all: Vec<Content> =
        small.iter().chain([&large]).map(|bytes| place.blobs.put(bytes).unwrap()).collect();
    // A chunk that no blob has.
    let dead = place.blobs.put(&noise(500, 1000)).unwrap();
    place.blobs.remove(&dead.blob).unwrap();
    let pack = packs(&place).pop().unwrap();
    let length = usize::try_from(fs::metadata(&pack).unwrap().len()).unwrap();
    assert_eq!(place.blobs.check(|_, _| ()).unwrap().findings, []);
    for n in 0..40 {
        let at = if n == 0 { length - 1 } else { n * 7919 % length };
        flip(&pack, at);
        let checked = place.blobs.check(|_, _| ()).unwrap();
        assert!(!checked.findings.is_empty(), "byte {at}");
        assert_eq!(files(&place.home.join("quarantine")).len(), n + 1, "byte {at}: {checked:?}");
        assert!(checked.lost.len() <= 1, "{checked:?}");
        for lost in &checked.lost {
            assert!(!place.blobs.contains(&lost.blob).unwrap(), "{checked:?}");
            assert!(checked.findings.iter().any(|finding| finding.lost), "{checked:?}");
        }
        for (bytes, content) in small.iter().chain([&large]).zip(&all) {
            if !checked.lost.contains(content) {
                assert!(bytes_of(&place.blobs, &content.blob) == *bytes, "byte {at}");
            }
        }
        // Brought again, it is there again; the rest of a large one is used.
        let before = place.bytes();
        for (bytes, content) in small.iter().chain([&large]).zip(&all) {
            assert_eq!(place.blobs.put(bytes).unwrap(), *content);
            place.blobs.verify(&content.blob).unwrap();
        }
        assert!(place.bytes() - before < 270_000, "one chunk at most");
        flip(&pack, at);
    }
}

#[test]
fn damage_is_never_handed_out() {
    let place = place();
    let content = place.blobs.put(&noise(1, 400_000)).unwrap();
    flip(&packs(&place)[0], 200_000);
    let mut bytes = Vec::new();
    let error = place.blobs.read(&content.blob).unwrap().read_to_end(&mut bytes).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
    assert!(noise(1, 400_000).starts_with(&bytes));
    assert!(matches!(place.blobs.verify(&content.blob), Err(BlobError::Damaged { .. })));
}

#[test]
fn a_pack_that_is_cut_or_gone_takes_only_its_own_with_it() {
    let place = place();
    let first = place.blobs.put(&noise(1, 50_000)).unwrap();
    let second = place.blobs.put(&noise(2, 50_000)).unwrap();
    let pack = packs(&place).pop().unwrap();
    let file = fs::OpenOptions::new().write(true).open(&pack).unwrap();
    file.set_len(fs::metadata(&pack).unwrap().len() - 10).unwrap();
    let place = place.killed();
    let checked = place.blobs.check(|_, _| ()).unwrap();
    assert_eq!(checked.lost, [second], "{checked:?}");
    place.blobs.verify(&first.blob).unwrap();
    place.blobs.put(&noise(2, 50_000)).unwrap();
    assert_eq!(packs(&place).len(), 2, "nothing is written behind a hole");
    fs::remove_file(&packs(&place)[0]).unwrap();
    let place = place.killed();
    let checked = place.blobs.check(|_, _| ()).unwrap();
    assert_eq!(checked.lost, [first], "{checked:?}");
    place.blobs.verify(&second.blob).unwrap();
}

#[test]
fn a_wrong_list_of_chunks_is_found() {
    let place = place();
    let [one, other] = [1, 2].map(|seed| place.blobs.put(&noise(seed, 300_000)).unwrap());
    let id = |content: &Content| place.store().blob(&content.blob).unwrap().unwrap().id;
    let (from, to) = (id(&one), id(&other));
    let mut segment = place.store().segment(from, 0).unwrap().unwrap();
    segment.blob = to;
    let swap = crate::store::Filed { segments: vec![segment], ..Default::default() };
    place
        .store()
        .write_blocking(move |tx| {
            tx.forget_chunks(to)?;
            tx.file_bytes(&swap)
        })
        .unwrap();
    let checked = place.blobs.check(|_, _| ()).unwrap();
    assert_eq!(checked.lost, [other], "{checked:?}");
    place.blobs.verify(&one.blob).unwrap();
}
