//! The dashboard: its own tests, and a real browser that looks at the daemon that
//! was just built. Knows where the browser is had from; knows nothing of what is
//! looked at.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::stages::{before, counted, pytest_count};
use super::{Count, Outcome, sdk};
use crate::dashboard;
use crate::sh;

/// What Debian, and most others, call the browser.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Types, and the tests beside the sources.
pub fn own_tests() -> Outcome {
    dashboard::build()?;
    sh::run(dashboard::npm().args(["run", "check"]))?;
    let mut count = counted(dashboard::npm().args(["run", "test"]).env("NO_COLOR", "1"), vitest_count)?;
    count.passed += 1;
    Ok(count)
}

/// `tests/browser`, with no network but loopback. Pictures of what was seen are
/// kept in target/screenshots.
pub fn in_a_browser(fast: bool) -> Outcome {
    have_a_browser()?;
    let mut pytest = sdk::pytest()?;
    pytest.args(["-c", "tests/browser/pytest.ini", "tests/browser"]);
    pytest.env("PANNIER_SCREENSHOTS", screenshots());
    if fast {
        pytest.args(["-m", "fast"]);
    }
    counted(&mut pytest, pytest_count)
}

fn screenshots() -> PathBuf {
    sh::target().join("screenshots")
}

/// A browser that is not here is installed where that needs nobody's password.
pub fn have_a_browser() -> Result<()> {
    let here = || BROWSERS.iter().any(|name| sh::on_path(name));
    if here() {
        return Ok(());
    }
    sh::install(&["chromium"])?;
    if !here() {
        bail!(
            "there is no Chromium here to look at the dashboard with; on Debian and Ubuntu: apt install chromium"
        );
    }
    Ok(())
}

fn vitest_count(text: &str) -> Option<Count> {
    let line = text.lines().rfind(|line| line.trim_start().starts_with("Tests "))?;
    let (passed, failed) = (before(line, "passed").unwrap_or(0), before(line, "failed").unwrap_or(0));
    Some(Count { passed, failed, ..Count::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vitest_is_understood() {
        for (text, passed, failed) in [
            (" Test Files  2 passed (2)\n      Tests  94 passed (94)\n   Start at", 94, 0),
            (" Test Files  1 failed (2)\n      Tests  1 failed | 93 passed (94)\n", 93, 1),
        ] {
            let count = vitest_count(text).unwrap();
            assert_eq!((count.passed, count.failed), (passed, failed), "{text}");
        }
        assert!(vitest_count("no test").is_none());
    }
}
