//! What is looked at, in the order in which one thing needs another.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use pannier_proto::home::SOCKET_PATH_BYTES_MAX;
use pannier_proto::remote::RemoteStatus;
use pannier_proto::request::Status;

use super::{Check, disk};
use crate::cli::client::Client;
use crate::cli::{show, status};
use crate::home::Home;

/// The first SQLite whose checkpoint cannot lose a commit that races it.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// All of them.
pub fn all(home: &Home) -> Vec<Check> {
    let mut checks = vec![Check::ok("pannier", env!("CARGO_PKG_VERSION")), sqlite(), folder(home.root())];
    // Before there is a home, its disk is that of the folder it will be in.
    if let Some(dir) = home.root().ancestors().find(|dir| dir.is_dir()) {
        checks.push(disk::file_system(dir));
        checks.extend(disk::room(dir));
        if dir == home.root() {
            checks.extend(disk::trial(dir));
        } else {
            checks.extend(disk::no_room_for_a_home(dir));
        }
    }
    checks.push(socket(home.socket()));
    checks.extend(daemon(home));
    checks.push(quarantine(&home.quarantine()));
    checks
}

fn sqlite() -> Check {
    let version = rusqlite::version();
    match rusqlite::version_number() >= SQLITE_VERSION_MIN {
        true => Check::ok("sqlite", version),
        false => Check::fail(
            "sqlite",
            format!("{version} can lose commits"),
            "build pannier with its bundled SQLite",
        ),
    }
}

fn folder(root: &Path) -> Check {
    const WHAT: &str = "home";
    let place = root.display();
    let found = match fs::symlink_metadata(root) {
        Ok(link) if link.is_symlink() => fs::metadata(root),
        found => found,
    };
    let found = match found {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Check::ok(WHAT, format!("{place} is not there yet; the first use makes it"));
        }
        Err(error) => {
            return Check::fail(
                WHAT,
                format!("cannot look at {place}: {error}"),
                "set PANNIER_HOME to another folder",
            );
        }
    };
    let (ours, mode) = (rustix::process::getuid().as_raw(), found.permissions().mode() & 0o777);
    match () {
        () if !found.is_dir() => {
            Check::fail(WHAT, format!("{place} is not a folder"), "set PANNIER_HOME to a folder")
        }
        () if found.uid() != ours => Check::fail(
            WHAT,
            format!("{place} belongs to another user (uid {})", found.uid()),
            "set PANNIER_HOME to a folder of yours",
        ),
        () if mode & 0o077 != 0 => Check::warn(
            WHAT,
            format!("{place} can be entered by others (mode {mode:o})"),
            format!("chmod 700 {place}"),
        ),
        () => Check::ok(WHAT, place.to_string()),
    }
}

fn socket(path: &Path) -> Check {
    let length = path.as_os_str().len();
    match length <= SOCKET_PATH_BYTES_MAX {
        true => Check::ok("socket", path.display().to_string()),
        false => Check::fail(
            "socket",
            format!("{} has {length} bytes; systems take {SOCKET_PATH_BYTES_MAX}", path.display()),
            "set PANNIER_SOCKET to a shorter path in a folder of yours",
        ),
    }
}

fn daemon(home: &Home) -> Vec<Check> {
    let client = Client::new(home.socket());
    if !client.ready() {
        let mut checks = vec![silent(home, &client)];
        checks.extend(waiting(&home.spool()));
        return checks;
    }
    let status: Status = match client.get("/v1/status") {
        Ok(status) => status,
        Err(failure) => return vec![Check::fail("daemon", failure.error, failure.hint.unwrap_or_default())],
    };
    let found = format!("version {}, process {}", status.version, status.pid);
    let ours = env!("CARGO_PKG_VERSION");
    let mut checks = vec![match status.version == ours {
        true => Check::ok("daemon", found),
        false => Check::warn(
            "daemon",
            format!("{found}; this command is version {ours}"),
            format!("restart it: kill {}, then `pannier status`", status.pid),
        ),
    }];
    checks.push(Check::ok(
        "spool",
        format!(
            "{}, {} to be taken in",
            show::count(status.writers as u64, "writer"),
            show::size(status.spool_bytes)
        ),
    ));
    if status.remotes.is_empty() {
        checks.push(Check::ok("remotes", "none; everything stays here"));
    }
    checks.extend(status.remotes.iter().map(remote));
    let said = |what: &String| status.remotes.iter().any(|remote| remote.last_error.as_ref() == Some(what));
    let problems = status.problems.iter().filter(|problem| !said(&problem.what));
    checks.extend(problems.map(|problem| {
        Check::warn("problem", format!("{}: {}", problem.object, problem.what), problem.hint.clone())
    }));
    checks
}

fn silent(home: &Home, client: &Client) -> Check {
    const WHAT: &str = "daemon";
    if client.listens() {
        return Check::fail(
            WHAT,
            format!("it listens on {} and does not answer", home.socket().display()),
            format!("is it stopped, or does its disk hang? Its log is {}", home.log().display()),
        );
    }
    if !home.root().is_dir() {
        return Check::ok(WHAT, "none runs; commands start one where they need it");
    }
    let held =
        fs::File::open(home.root().join("daemon.lock")).is_ok_and(|lock| lock.try_lock_shared().is_err());
    match held {
        true => Check::fail(
            WHAT,
            format!("one holds the home and does not listen on {}", home.socket().display()),
            "it may serve another socket or be on another machine: is PANNIER_SOCKET the same there?",
        ),
        false => Check::ok(WHAT, "none runs; commands start one where they need it"),
    }
}

/// Journals that no daemon takes in now.
fn waiting(spool: &Path) -> Option<Check> {
    let entries = fs::read_dir(spool).ok()?.flatten();
    let writers: Vec<_> =
        entries.filter(|entry| !entry.file_name().to_string_lossy().ends_with(".new")).collect();
    let segments =
        writers.iter().flat_map(|writer| fs::read_dir(writer.path()).into_iter().flatten().flatten());
    let bytes = segments.filter_map(|segment| Some(segment.metadata().ok()?.len())).sum();
    Some(match writers.len() as u64 {
        0 => Check::ok("spool", "no journal waits"),
        count => Check::warn(
            "spool",
            format!("{} ({}) wait for a daemon", show::count(count, "journal"), show::size(bytes)),
            "any command that needs a daemon starts one: `pannier status`",
        ),
    })
}

fn quarantine(dir: &Path) -> Check {
    match fs::read_dir(dir).into_iter().flatten().flatten().count() as u64 {
        0 => Check::ok("quarantine", "empty"),
        count => Check::warn(
            "quarantine",
            format!("{} of damaged journals and files in {}", show::count(count, "piece"), dir.display()),
            "the rest was kept; look for the cause (disk, memory), keep the pieces for a report, then remove them",
        ),
    }
}

fn remote(remote: &RemoteStatus) -> Check {
    let error = remote.last_error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    let found = format!("{} ({}) {}{error}", remote.name, remote.url, remote.state);
    match remote.state.as_str() {
        "unauthorized" => Check::fail("remote", found, status::UNAUTHORIZED),
        "unreachable" => Check::warn(
            "remote",
            found,
            "everything is kept here until it answers; is there a road from this machine?",
        ),
        _ if remote.last_error.is_some() => {
            Check::warn("remote", found, "it is tried again by itself; see `pannier status`")
        }
        _ => Check::ok("remote", found),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use crate::cli::status::tests::sample;

    #[test]
    fn remotes() {
        for (state, level) in
            [("connected", Level::Ok), ("unreachable", Level::Warn), ("unauthorized", Level::Fail)]
        {
            assert_eq!(remote(&sample(1, None, state).remotes[0]).level, level, "{state}");
        }
    }

    #[test]
    fn journals_that_wait_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(waiting(dir.path()).unwrap().level, Level::Ok);
        for name in ["a", "b", "c.new"] {
            fs::create_dir(dir.path().join(name)).unwrap();
            fs::write(dir.path().join(name).join("00000001.journal"), [0; 500]).unwrap();
        }
        assert!(waiting(dir.path()).unwrap().found.starts_with("2 journals (1.0 kB)"));
        assert_eq!(waiting(&dir.path().join("none")), None);
    }

    #[test]
    fn long_socket_paths() {
        assert_eq!(socket(Path::new("/run/a.sock")).level, Level::Ok);
        assert_eq!(socket(Path::new(&"/x".repeat(80))).level, Level::Fail);
    }
}
