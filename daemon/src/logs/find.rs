//! Which logs lie in a folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Trouble;

/// How deep is looked: a project's folder, `wandb`, a run's folder.
const DEPTH_MAX: usize = 8;
/// Folders of a run's folder that hold no log of it, and may hold much else.
const NO_LOGS: [&str; 3] = ["files", "logs", "tmp"];
/// Where W&B's client keeps runs in some projects, although it is hidden.
const HIDDEN: &str = ".wandb";

/// The id that a `.wandb` file is named by.
#[must_use]
pub fn run_id(name: &str) -> Option<&str> {
    name.strip_prefix("run-")?.strip_suffix(".wandb").filter(|id| !id.is_empty())
}

/// Whether TensorBoard would read a file of this name.
#[must_use]
pub fn is_event_file(name: &str) -> bool {
    name.contains(".tfevents.") && !name.ends_with(".profile-empty")
}

/// The files in these folders, or these files, whose names are wanted; in order.
/// Links to folders are not followed, so that it ends.
///
/// # Errors
/// [`Trouble::Refused`]: one of the paths cannot be read.
pub fn files(paths: &[String], wanted: &dyn Fn(&str) -> bool) -> Result<BTreeSet<PathBuf>, Trouble> {
    let mut found = BTreeSet::new();
    for path in paths {
        let path = Path::new(path);
        let refuse = |why: &dyn std::fmt::Display| {
            Trouble::Refused(format!("{} cannot be read: {why}", path.display()))
        };
        if !path.is_absolute() {
            return Err(refuse(&"an absolute path is needed"));
        }
        let facts = fs::metadata(path).map_err(|error| refuse(&error))?;
        if facts.is_dir() {
            // What cannot be read below is as if it were not there.
            fs::read_dir(path).map_err(|error| refuse(&error))?;
            walk(path, DEPTH_MAX, wanted, &mut found);
        } else {
            found.insert(path.to_owned());
        }
    }
    Ok(found)
}

fn walk(dir: &Path, depth: usize, wanted: &dyn Fn(&str) -> bool, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else { continue };
        if kind.is_file() && wanted(name) {
            found.insert(entry.path());
        } else if kind.is_dir() && depth > 0 && !is_passed_over(dir, name) {
            walk(&entry.path(), depth - 1, wanted, found);
        }
    }
}

/// Whether a folder below another is not looked into.
fn is_passed_over(dir: &Path, name: &str) -> bool {
    let dir = dir.file_name().and_then(|dir| dir.to_str()).unwrap_or_default();
    let of_a_run = dir.starts_with("run-") || dir.starts_with("offline-run-");
    (of_a_run && NO_LOGS.contains(&name))
        || name == "node_modules"
        || (name.starts_with('.') && name != HIDDEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_found_in_the_folders_of_runs() {
        let dir = tempfile::tempdir().unwrap();
        let put = |at: &str| {
            let path = dir.path().join(at);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        };
        for at in ["wandb/offline-run-1-a/run-a.wandb", "wandb/run-2-b/run-b.wandb", "run-c.wandb"] {
            put(at);
        }
        for at in [".wandb/run-4-d/run-d.wandb", "logs/run-5-e/run-e.wandb", ".git/run-f.wandb"] {
            put(at);
        }
        for at in ["wandb/run-2-b/files/run-x.wandb", "wandb/run-2-b/run-b.wandb.synced", "run-.wandb"] {
            put(at);
        }
        std::os::unix::fs::symlink(dir.path().join("wandb/run-2-b"), dir.path().join("wandb/latest-run"))
            .unwrap();
        let root = dir.path().to_str().unwrap().to_owned();
        let found = files(&[root], &|name| run_id(name).is_some()).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["run-d.wandb", "run-e.wandb", "run-c.wandb", "run-a.wandb", "run-b.wandb"]);
        assert!(files(&["none".to_owned()], &|_| true).is_err());
        assert!(is_event_file("events.out.tfevents.1700000000.host.1.0") && !is_event_file("events.txt"));
    }
}
