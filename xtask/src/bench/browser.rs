//! The dashboard in a real browser, by tests/browser/bench.py: until it can be
//! used, while runs are written, and with very long runs.

use anyhow::{Context as _, Result};

use super::Figure;
use super::machine::Machine;
use crate::python::Venv;
use crate::sh;
use crate::suite::have_a_browser;

/// What a person waits for.
pub fn dashboard(machine: &Machine) -> Result<Vec<Figure>> {
    have_a_browser()?;
    let sdk = Venv::of_file("venv-wandb", &sh::root().join("tests/wandb/requirements.txt"))?;
    let said = machine.with_python(&sdk).browser()?;
    let number =
        |name: &str| said[name].as_f64().with_context(|| format!("tests/browser/bench.py gave no {name}"));
    Ok(vec![
        Figure::new("200 runs of 50 metrics: until it can be used", number("interactive_ms")? / 1e3, "s")
            .at_most(2.0),
        Figure::new("a letter typed, ten updates a second, p50", number("typed_p50_ms")?, "ms"),
        Figure::new("the same, p95", number("typed_p95_ms")?, "ms"),
        Figure::new("ten runs of a million steps: first painted", number("million_painted_ms")?, "ms")
            .at_most(500.0),
        Figure::new("a zoom of them, until it is painted", number("zoom_ms")?, "ms").at_most(150.0),
        Figure::new("the lines behind it, at the server, p50", number("series_p50_ms")?, "ms"),
        Figure::new("the same, p95", number("series_p95_ms")?, "ms").at_most(50.0),
        Figure::new("bytes until the page is there", number("first_load_bytes")? / 1e3, "KB").at_most(200.0),
    ])
}
