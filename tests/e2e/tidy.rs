//! Style that matters, executed: sizes, module headers, and who may use whom.
//! Reads the sources as text.

use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// `(folder or file, what must not be named there, why)`
const DIRECTIONS: &[(&str, &[&str], &str)] = &[
    ("proto/src", &["std::fs", "std::net", "tokio", "async fn"], "proto is plain data: no I/O, no async"),
    (
        "client-lite/src",
        &["tokio", "rusqlite", "pannier::", "reqwest"],
        "the client is small and blocking, and never meets the daemon but on the wire",
    ),
    (
        "client-lite/python/src",
        &["tokio", "rusqlite", "pannier::", "reqwest"],
        "the extension is the client and a translation",
    ),
    (
        "daemon/src/store",
        &[
            "crate::api",
            "crate::blobs",
            "crate::sync",
            "crate::ingest",
            "crate::spool",
            "crate::cli",
            "axum",
            "reqwest",
        ],
        "the store knows no caller",
    ),
    (
        "daemon/src/block",
        &["crate::store", "crate::api", "crate::sync", "rusqlite", "std::fs", "tokio"],
        "a block's encoding is pure",
    ),
    (
        "daemon/src/sync/plan.rs",
        &["tokio", "std::time", "rusqlite", "reqwest", "Instant", "SystemTime"],
        "a plan is a pure function",
    ),
    (
        "daemon/src/wandb",
        &[
            "crate::store",
            "crate::api",
            "crate::ingest",
            "rusqlite",
            "tokio",
            "axum",
            "SystemTime",
            "Instant",
        ],
        "the dialect is pure encode and decode",
    ),
    (
        "daemon/src/blobs",
        &["crate::api", "crate::ingest", "crate::sync", "rusqlite", "axum"],
        "blobs know bytes and digests, and no caller",
    ),
    (
        "daemon/src/ingest",
        &["crate::api", "crate::sync", "rusqlite", "axum"],
        "a door knows what lies behind it, not its neighbours",
    ),
    (
        "daemon/src/logs",
        &["crate::api", "crate::sync", "crate::spool", "rusqlite", "axum"],
        "a door knows what lies behind it, not its neighbours",
    ),
    (
        "daemon/src/bundle",
        &["crate::store", "crate::blobs", "crate::sync", "crate::api", "rusqlite", "tokio", "axum"],
        "a container knows files and streams, not what is in them",
    ),
    ("daemon/src/capability.rs", &["std::fs", "std::time", "tokio", "axum"], "signing is pure"),
    ("daemon/src/api", &["rusqlite", "crate::sync::plan"], "SQL lives in the store"),
    (
        "daemon/src/sync",
        &["rusqlite", "crate::api", "axum"],
        "SQL lives in the store, and the views know nothing of sync",
    ),
    (
        "daemon/src/spool",
        &["rusqlite", "crate::api", "crate::sync"],
        "a door knows what lies behind it, not its neighbours",
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust and Python source below.
fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    if dir.is_file() {
        found.push(dir.to_owned());
    }
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir()
            && !["target", "stage", "node_modules"].contains(&name.as_str())
            && !name.starts_with('.')
        {
            sources(&path, found);
        } else if name.ends_with(".rs") || name.ends_with(".py") {
            found.push(path);
        }
    }
}

fn every_source() -> Vec<(String, String)> {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    assert!(files.len() > 30, "the sources are found");
    let text = |path: &Path| std::fs::read_to_string(path).unwrap();
    files.iter().map(|path| (path.strip_prefix(root()).unwrap().display().to_string(), text(path))).collect()
}

/// The text before its unit tests, which may be as long as they need.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap()
}

fn is_test(file: &str) -> bool {
    file.ends_with("tests.rs") || file.contains("/tests/")
}

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn files_open_by_saying_what_they_own() {
    let silent = |(file, text): &(String, String)| {
        let begin = if file.ends_with(".py") { "\"\"\"" } else { "//! " };
        (!text.starts_with(begin)).then(|| format!("{file}: begin with `{begin}`"))
    };
    none(&every_source().iter().filter_map(silent).collect::<Vec<_>>());
}

#[test]
fn files_are_short() {
    let long = |(file, text): &(String, String)| {
        let lines = without_tests(text).lines().count();
        (lines > FILE_LINES_MAX && !is_test(file))
            .then(|| format!("{file}: {lines} lines, at most {FILE_LINES_MAX}"))
    };
    none(&every_source().iter().filter_map(long).collect::<Vec<_>>());
}

/// A function begins at a line with `fn`, and ends at the first closing brace
/// that is indented as far: what rustfmt guarantees.
#[test]
fn functions_are_short() {
    let mut faults = Vec::new();
    for (file, text) in every_source().iter().filter(|(file, _)| !is_test(file)) {
        let lines: Vec<_> = without_tests(text).lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let body = line.trim_start();
            let is_function =
                ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "async fn ", "pub async fn "]
                    .iter()
                    .any(|begin| body.starts_with(begin));
            let end = format!("{}}}", &line[..line.len() - body.len()]);
            let length = lines[at..]
                .iter()
                .position(|line| *line == end || line.ends_with(';') && is_declaration(&lines[at..]));
            if let Some(length) = length.filter(|length| is_function && *length >= FUNCTION_LINES_MAX) {
                faults.push(format!(
                    "{file}:{}: a function of {} lines, at most {FUNCTION_LINES_MAX}",
                    at + 1,
                    length + 1
                ));
            }
        }
    }
    none(&faults);
}

/// Whether these lines begin with a function that has no body.
fn is_declaration(lines: &[&str]) -> bool {
    lines.iter().find(|line| line.ends_with(['{', ';', '}'])).is_some_and(|line| line.ends_with(';'))
}

#[test]
fn everyone_uses_only_what_lies_below() {
    let files = every_source();
    let mut faults = Vec::new();
    for (place, banned, why) in DIRECTIONS {
        for (file, text) in files.iter().filter(|(file, _)| file.starts_with(place) && !is_test(file)) {
            let code = without_tests(text).lines().enumerate();
            for (at, line) in code.filter(|(_, line)| !line.trim_start().starts_with("//")) {
                if let Some(name) = banned.iter().find(|name| names(line, name)) {
                    faults.push(format!("{file}:{}: names `{name}`; {why}", at + 1));
                }
            }
        }
    }
    none(&faults);
}

/// Whether the line holds the name as a word of its own.
fn names(line: &str, name: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let ends = name.ends_with("::") || !line[at + name.len()..].starts_with(part_of_word);
        !line[..at].ends_with(part_of_word) && ends
    })
}

/// The documents name files; the files are there.
#[test]
fn documents_name_what_exists() {
    let mut faults = Vec::new();
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap_or_default();
        for quoted in text.split('`').skip(1).step_by(2) {
            let is_path =
                quoted.ends_with(".rs") && quoted.contains('/') && !quoted.contains(['*', ' ', '{', '$']);
            let places = ["", "daemon/src", "daemon", "client-lite", "proto/src", "tests", "client-lite/src"];
            if is_path && !places.iter().any(|place| root().join(place).join(quoted).exists()) {
                faults.push(format!("{document}: `{quoted}` is not there"));
            }
        }
    }
    none(&faults);
}
