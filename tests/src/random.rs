//! Chance that can be repeated: one seed, printed, or given by `PANNIER_SEED`.

/// A small generator (SplitMix64): good enough to choose victims.
pub struct Random(u64);

impl Random {
    /// From `PANNIER_SEED`, else from the clock; prints which.
    #[must_use]
    pub fn from_env() -> Self {
        let clock = || {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(1, |now| u64::from(now.subsec_nanos()) ^ now.as_secs())
        };
        let seed =
            std::env::var("PANNIER_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(clock);
        println!("PANNIER_SEED={seed}");
        Self(seed)
    }

    /// The same numbers for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }
}
