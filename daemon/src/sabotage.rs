//! The negative controls: faults that a test asks for by
//! `PANNIER_SABOTAGE=no-fsync|no-dedup|no-blobs-first`, to see that the test that guards the
//! promise fails without it. Release builds do not look at the variable.

/// Whether this fault was asked for.
#[must_use]
pub fn is(fault: &str) -> bool {
    cfg!(debug_assertions) && std::env::var("PANNIER_SABOTAGE").is_ok_and(|asked| asked == fault)
}
