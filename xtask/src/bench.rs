//! `cargo xtask bench`
use anyhow::Result;
/// .
pub fn run(_names: &[String]) -> Result<()> {
    Ok(())
}
