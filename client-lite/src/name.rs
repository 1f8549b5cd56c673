//! Owns the names that runs get when nobody gives them one and no daemon
//! answers: two words and a number, made from the run's id.

const FIRST: [&str; 32] = [
    "amber", "autumn", "balmy", "brisk", "bright", "calm", "clear", "coral", "crimson", "dusky", "early",
    "fresh", "gentle", "golden", "hazy", "icy", "jade", "lively", "lunar", "mellow", "misty", "northern",
    "quiet", "rapid", "rustic", "silver", "snowy", "solar", "stellar", "summer", "vivid", "wild",
];
const SECOND: [&str; 32] = [
    "basket", "birch", "brook", "canyon", "cart", "cedar", "cloud", "comet", "dawn", "dune", "falcon",
    "fern", "field", "fjord", "forest", "glade", "harbor", "heron", "lake", "meadow", "mule", "orchard",
    "pass", "pine", "plain", "ridge", "river", "saddle", "shore", "spring", "trail", "valley",
];

/// The name for a run with this id; always the same.
#[must_use]
pub fn run_name(id: &str) -> String {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let bytes = hash.to_le_bytes();
    let word = |words: [&'static str; 32], byte: u8| words[usize::from(byte % 32)];
    format!("{}-{}-{}", word(FIRST, bytes[1]), word(SECOND, bytes[3]), hash >> 40 & 0x3ff)
}
