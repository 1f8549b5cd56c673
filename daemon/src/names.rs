//! The names that runs get when nobody gives them one: two words and the run's
//! number in its project, in the manner of W&B.

use std::collections::HashMap;
use std::sync::Mutex;

use pannier_proto::id::RunPath;

/// The numbers that were given to runs which are not recorded yet: a run's
/// first record may come a while after its name.
#[derive(Default)]
pub struct Numbers(Mutex<HashMap<(String, String), u64>>);

impl Numbers {
    /// The next number in the run's project, of which `recorded` are recorded.
    pub fn next(&self, path: &RunPath, recorded: u64) -> u64 {
        let Ok(mut given) = self.0.lock() else { return recorded + 1 };
        let last = given.entry((path.entity.clone(), path.project.clone())).or_default();
        *last = recorded.max(*last) + 1;
        *last
    }
}

const FIRST: [&str; 64] = [
    "amber",
    "ancient",
    "autumn",
    "azure",
    "bold",
    "brave",
    "bright",
    "calm",
    "celestial",
    "clear",
    "copper",
    "cosmic",
    "crisp",
    "curious",
    "daily",
    "dandy",
    "deep",
    "distant",
    "dry",
    "eager",
    "early",
    "earnest",
    "electric",
    "faithful",
    "fast",
    "fresh",
    "gentle",
    "giddy",
    "golden",
    "good",
    "graceful",
    "happy",
    "hearty",
    "honest",
    "humble",
    "icy",
    "jolly",
    "kind",
    "lively",
    "lucky",
    "lunar",
    "mild",
    "misty",
    "noble",
    "olive",
    "patient",
    "peach",
    "pleasant",
    "polar",
    "proud",
    "quiet",
    "rare",
    "restful",
    "royal",
    "silver",
    "snowy",
    "solar",
    "stellar",
    "sunny",
    "swift",
    "true",
    "vivid",
    "warm",
    "wise",
];
const SECOND: [&str; 64] = [
    "badger",
    "basket",
    "bird",
    "breeze",
    "brook",
    "bush",
    "canyon",
    "cloud",
    "comet",
    "cosmos",
    "creek",
    "dawn",
    "deer",
    "delta",
    "dew",
    "dream",
    "dune",
    "eagle",
    "elm",
    "ember",
    "etchings",
    "falcon",
    "feather",
    "fern",
    "field",
    "firefly",
    "flower",
    "fog",
    "forest",
    "frost",
    "galaxy",
    "glade",
    "glitter",
    "grove",
    "harbor",
    "haze",
    "heron",
    "hill",
    "lake",
    "leaf",
    "maple",
    "meadow",
    "moon",
    "mountain",
    "oath",
    "paper",
    "pine",
    "planet",
    "plasma",
    "pond",
    "resonance",
    "river",
    "sea",
    "shadow",
    "sky",
    "snow",
    "sound",
    "star",
    "sun",
    "thunder",
    "tree",
    "valley",
    "water",
    "wave",
];

/// A name from two random bytes and a number.
#[must_use]
pub fn run_name(random: [u8; 2], number: u64) -> String {
    let first = FIRST[usize::from(random[0]) % FIRST.len()];
    let second = SECOND[usize::from(random[1]) % SECOND.len()];
    format!("{first}-{second}-{number}")
}
