//! Facts about a program and its machine, gathered here so that the program
//! does not wait for them: git, packages, host.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pannier_proto::record::{Change, Record};
use serde_json::{Map, Value as Json, json};

use crate::limits::DIFF_BYTES_MAX;

/// How long one git command may take: a work tree may be on a slow disk.
const GIT_PATIENCE: Duration = Duration::from_secs(10);

/// Gathers what the program's own account of itself (metadata key `program`)
/// leads to. Blocking; may take seconds.
#[must_use]
pub fn gather(program: &Map<String, Json>) -> Vec<Record> {
    let mut set = Map::new();
    let mut records = Vec::new();
    set.insert("host".into(), host());
    let cwd = program.get("cwd").and_then(Json::as_str);
    if let Some(cwd) = cwd.filter(|_| program.get("git") != Some(&Json::Bool(false))) {
        let (facts, diff) = git(Path::new(cwd));
        if !facts.is_empty() {
            set.insert("git".into(), Json::Object(facts));
        }
        records.extend(diff.map(|text| file("diff.patch", text)));
    }
    let paths = program.get("sys_path").and_then(Json::as_array);
    let packages = packages(paths.into_iter().flatten().filter_map(Json::as_str));
    if !packages.is_empty() {
        let text = packages.iter().map(|(name, version)| format!("{name}=={version}\n")).collect();
        records.push(file("requirements.txt", text));
    }
    records.insert(0, Record::Change(Change::Metadata { set }));
    records
}

fn file(path: &str, text: String) -> Record {
    Record::Change(Change::TextFile { path: path.to_owned(), text })
}

fn host() -> Json {
    let uname = rustix::system::uname();
    let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    let memory = sysinfo::System::new().map(|mut system| {
        system.refresh_memory();
        system.total_memory()
    });
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| {
        line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned())
    });
    json!({
        "name": text(uname.nodename()),
        "os": format!("{} {} {}", text(uname.sysname()), text(uname.release()), text(uname.machine())),
        "cpu": cpu,
        "cpu_count": std::thread::available_parallelism().map(usize::from).ok(),
        "memory_bytes": memory.ok(),
    })
}

fn git(cwd: &Path) -> (Map<String, Json>, Option<String>) {
    let mut facts = Map::new();
    let Some(commit) = run_git(cwd, &["rev-parse", "HEAD"], 256) else { return (facts, None) };
    facts.insert("commit".into(), Json::from(commit.trim()));
    if let Some(branch) = run_git(cwd, &["rev-parse", "--abbrev-ref", "HEAD"], 1024) {
        facts.insert("branch".into(), Json::from(branch.trim()));
    }
    if let Some(remote) = run_git(cwd, &["config", "--get", "remote.origin.url"], 4096) {
        facts.insert("remote".into(), Json::from(without_secret(remote.trim())));
    }
    if let Some(root) = run_git(cwd, &["rev-parse", "--show-toplevel"], 4096) {
        facts.insert("root".into(), Json::from(root.trim()));
    }
    let diff = run_git(cwd, &["diff", "HEAD", "--submodule=diff"], DIFF_BYTES_MAX);
    facts.insert("dirty".into(), Json::from(diff.as_ref().is_some_and(|diff| !diff.is_empty())));
    (facts, diff.filter(|diff| !diff.is_empty()))
}

/// Runs git and takes at most `bytes_max` of what it prints; `None` where it
/// fails, is missing, or takes too long.
fn run_git(cwd: &Path, arguments: &[&str], bytes_max: usize) -> Option<String> {
    let mut child = Command::new("git")
        // No hooks, no prompts, no locks: only look.
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks"])
        .args(arguments)
        .current_dir(cwd)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdout = child.stdout.take()?;
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before a fault is what there is.
        let _ = stdout.by_ref().take(bytes_max as u64).read_to_end(&mut bytes);
        bytes
    });
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if begun.elapsed() < GIT_PATIENCE && !reader.is_finished() => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(None) if begun.elapsed() < GIT_PATIENCE => {
                // It printed more than is kept, or is about to end.
                std::thread::sleep(Duration::from_millis(20));
                if child.try_wait().is_ok_and(|status| status.is_none()) {
                    let _ = child.kill();
                }
                break child.wait().ok();
            }
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
        }
    };
    let bytes = reader.join().ok()?;
    let usable = status.is_some_and(|status| status.success()) || bytes.len() == bytes_max;
    usable.then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// A URL without a password or token in it.
fn without_secret(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('@') {
            Some((user, host)) if !user.contains('/') => format!("{scheme}://{host}"),
            _ => url.to_owned(),
        },
        None => url.to_owned(),
    }
}

/// Installed packages, by the names of their metadata folders.
fn packages<'a>(paths: impl Iterator<Item = &'a str>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for path in paths.filter(|path| Path::new(path).is_absolute()) {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".dist-info")) else { continue };
            if let Some((name, version)) = stem.rsplit_once('-') {
                // The first on the path is the one that is imported.
                found.entry(name.to_owned()).or_insert_with(|| version.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_urls_are_left_out() {
        for (url, clean) in [
            ("https://ann:secret@example.org/a.git", "https://example.org/a.git"),
            ("https://example.org/a@b.git", "https://example.org/a@b.git"),
            ("git@example.org:a.git", "git@example.org:a.git"),
        ] {
            assert_eq!(without_secret(url), clean);
        }
    }

    #[test]
    fn a_repository_and_its_change_are_described() {
        let dir = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
            assert!(
                Command::new("git")
                    .args(identity)
                    .args(arguments)
                    .current_dir(dir.path())
                    .output()
                    .unwrap()
                    .status
                    .success()
            );
        };
        git(&["init", "-q"]);
        fs::write(dir.path().join("a"), "one\n").unwrap();
        git(&["add", "a"]);
        git(&["commit", "-qm", "x"]);
        fs::write(dir.path().join("a"), "two\n").unwrap();
        fs::create_dir(dir.path().join("thing-1.2.dist-info")).unwrap();
        let text = dir.path().to_str().unwrap();
        let program = json!({"cwd": text, "sys_path": [text]});
        let records = gather(program.as_object().unwrap());
        let all = format!("{records:?}");
        assert!(all.contains("+two") && all.contains("thing==1.2") && all.contains("commit"), "{all}");
    }
}
