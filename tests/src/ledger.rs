//! The judge. A workload logs row `n` with values that follow from `n` alone,
//! and appends `n` to its ledger, outside the home, once `log()` returned. What
//! the ledger holds must be in the store: once, in order, unchanged.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::http::Http;

/// What a workload writes down. One `write` a line, so that a kill cuts none in
/// two.
pub struct Ledger(File);

impl Ledger {
    /// Opens or continues one.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Self(file.unwrap_or_else(|error| panic!("ledger {}: {error}", path.display())))
    }

    /// Row `n` was accepted.
    pub fn accepted(&mut self, n: i64) {
        self.0.write_all(format!("{n}\n").as_bytes()).expect("the ledger's disk has room");
    }

    /// The run was finished, and said to be safe.
    pub fn finished(&mut self) {
        self.0.write_all(b"finished\n").expect("the ledger's disk has room");
    }
}

/// What a ledger says.
#[derive(Debug, Default)]
pub struct Accepted {
    /// The rows, in the order of their acceptance.
    pub rows: Vec<i64>,
    /// Whether `finish()` returned.
    pub finished: bool,
}

impl Accepted {
    /// Reads a ledger; one that is not there holds nothing.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let rows = text.lines().filter_map(|line| line.parse().ok()).collect();
        Self { rows, finished: text.lines().any(|line| line == "finished") }
    }
}

/// The number of row `n`: any bits, but the same each time.
#[must_use]
pub fn value(n: i64) -> f64 {
    let bits = n.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 12;
    f64::from_bits(0x3FF0_0000_0000_0000 | bits)
}

/// The text of row `n`, on the rows that have one.
#[must_use]
pub fn text(n: i64) -> Option<String> {
    (n % 16 == 0).then(|| format!("row {n} \u{fc}"))
}

/// A run as its ledger has it.
pub struct Claim {
    /// `entity/project/run`
    pub run: String,
    /// Its ledger.
    pub ledger: PathBuf,
}

/// Finds what is wrong with a run in a store. Nothing wrong: how many rows are
/// there.
///
/// # Errors
/// A sentence on the first fault.
pub fn judge(store: &Http, claim: &Claim) -> Result<usize, String> {
    let accepted = Accepted::read(&claim.ledger);
    judge_rows(store, &claim.run, &accepted.rows)
}

/// As [`judge`], of these rows.
///
/// # Errors
/// A sentence on the first fault.
pub fn judge_rows(store: &Http, run: &str, accepted: &[i64]) -> Result<usize, String> {
    let say = |what: String| Err(format!("{run}: {what}"));
    let view = store.send("GET", &format!("/v1/runs/{run}"), b"").map_err(|error| error.to_string())?;
    if view.status == 404 && accepted.is_empty() {
        return Ok(0);
    }
    if view.status != 200 {
        return say(format!("{} rows were accepted; the store says {}", accepted.len(), view.text()));
    }
    let answer = store.get(&format!("/v1/runs/{run}/rows?table=history"));
    if answer.status != 200 {
        return say(answer.text());
    }
    let rows: Vec<Json> = answer.text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut numbers = Vec::with_capacity(rows.len());
    for row in &rows {
        let Some(n) = row["n"].as_i64() else { return say(format!("a row without its number: {row}")) };
        let intact = row["x"].as_f64() == Some(value(n)) && row["s"].as_str() == text(n).as_deref();
        if !intact {
            return say(format!("row {n} is not what was logged: {row}"));
        }
        numbers.push(n);
    }
    if let Some(pair) = numbers.windows(2).find(|pair| pair[0] >= pair[1]) {
        return say(format!("row {} comes before row {}", pair[0], pair[1]));
    }
    if let Some(lost) = accepted.iter().find(|n| numbers.binary_search(n).is_err()) {
        let count = accepted.iter().filter(|n| numbers.binary_search(n).is_err()).count();
        return say(format!(
            "row {lost} was accepted and is not there (nor {} others of {})",
            count - 1,
            accepted.len()
        ));
    }
    // Views merge rows of one step, so a row that is stored twice shows in the count only.
    let stored = view.json()["history_rows"].as_u64();
    if stored != u64::try_from(rows.len()).ok() {
        return say(format!("{} steps are there, in {stored:?} rows", rows.len()));
    }
    Ok(rows.len())
}
