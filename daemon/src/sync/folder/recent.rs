//! What was written lately, by digest. Bounded: what was not asked for longest is
//! forgotten, which costs that it is written once more.

use std::collections::HashMap;

use pannier_proto::content::Blob;

/// So many are remembered at least, and twice as many at most: 6 MB each.
const REMEMBERED: usize = 128 << 10;

/// Where a chunk or a blob lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// In no file before this one.
    pub number: u64,
    /// How long it is.
    pub length: u64,
}

/// Chunks, or blobs.
#[derive(Default)]
pub struct Recent {
    young: HashMap<Blob, Place>,
    old: HashMap<Blob, Place>,
}

impl Recent {
    /// Where it lies, if that is known.
    pub fn get(&mut self, blob: &Blob) -> Option<Place> {
        if let Some(place) = self.young.get(blob) {
            return Some(*place);
        }
        let place = self.old.remove(blob)?;
        self.insert(*blob, place);
        Some(place)
    }

    /// Notes where it lies.
    pub fn insert(&mut self, blob: Blob, place: Place) {
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(blob, place);
    }

    /// Forgets what may lie in files before this one.
    pub fn forget_before(&mut self, number: u64) {
        for map in [&mut self.young, &mut self.old] {
            map.retain(|_, place| place.number >= number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_kept() {
        let blob = |n: usize| Blob(*blake3::hash(&n.to_le_bytes()).as_bytes());
        let place = |number| Place { number, length: 1 };
        let mut recent = Recent::default();
        recent.insert(blob(0), place(7));
        for n in 1..4 * REMEMBERED {
            recent.insert(blob(n), place(8));
            if n % 1000 == 0 {
                assert_eq!(recent.get(&blob(0)), Some(place(7)));
            }
        }
        assert!(recent.get(&blob(1)).is_none());
        assert!(recent.young.len() + recent.old.len() <= 2 * REMEMBERED);
        recent.forget_before(8);
        assert!(recent.get(&blob(0)).is_none() && recent.get(&blob(4 * REMEMBERED - 1)).is_some());
    }
}
