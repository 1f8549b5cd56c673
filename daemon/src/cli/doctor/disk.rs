//! What the disk of a home is like.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::Check;
use crate::cli::show;
use crate::filesystem::{self, FileSystem, Kind};

/// Less room than this is soon gone.
const ROOM_BYTES_MIN: u64 = 1 << 30;
const INODES_MIN: u64 = 10_000;
/// A disk that takes longer to sync a few bytes holds up every commit.
const SYNC_MAX: Duration = Duration::from_millis(250);
/// File systems whose clock is further from ours are another machine's.
const SKEW_MAX: Duration = Duration::from_secs(5);

const LOCAL_DISK: &str = "set PANNIER_HOME to a folder on a disk of this machine, such as /local/$USER/pannier or the job's \
                          scratch; sync brings the runs away from there";

/// The file system's kind, as far as it is known.
pub fn file_system(dir: &Path) -> Check {
    const WHAT: &str = "filesystem";
    let Some(FileSystem { name, kind }) = filesystem::under(&filesystem::System, dir) else {
        return Check::ok(WHAT, "its kind cannot be told here");
    };
    match kind {
        Kind::Local => Check::ok(WHAT, name),
        Kind::Unknown => Check::ok(WHAT, format!("of a kind that is not known here ({name})")),
        Kind::Network => Check::fail(
            WHAT,
            format!("{name}: a database is not safe on shared or remote storage"),
            LOCAL_DISK,
        ),
        Kind::Memory => Check::warn(
            WHAT,
            format!("{name}: it is in memory, and gone when this machine restarts"),
            LOCAL_DISK,
        ),
        Kind::Layer => Check::warn(
            WHAT,
            format!("{name}: a container's own layer, gone with the container"),
            "mount a folder of the host, and set PANNIER_HOME to it",
        ),
    }
}

/// Room for data and for files.
pub fn room(dir: &Path) -> Vec<Check> {
    let found = match rustix::fs::statvfs(dir) {
        Ok(found) => found,
        Err(error) => {
            return vec![Check::fail("space", format!("cannot be told: {error}"), "is the disk mounted?")];
        }
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let text = format!("{} free", show::size(free));
    let mut checks = vec![match free {
        0 => Check::fail("space", text, "make room: training goes on, but nothing more is kept"),
        1..ROOM_BYTES_MIN => Check::warn("space", text, "make room, or set PANNIER_HOME to a larger disk"),
        _ => Check::ok("space", text),
    }];
    // File systems that make inodes as needed say 0 of 0.
    if found.f_files > 0 {
        let text = format!("{} free", show::number(found.f_favail));
        checks.push(match found.f_favail {
            0..INODES_MIN => Check::warn("inodes", text, "remove small files: each writer needs a few"),
            _ => Check::ok("inodes", text),
        });
    }
    checks
}

/// Whether a home cannot be made here.
pub fn no_room_for_a_home(dir: &Path) -> Option<Check> {
    let wanted = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    let error = rustix::fs::access(dir, wanted).err()?;
    Some(Check::fail(
        "disk",
        format!("cannot make the home in {}: {error}", dir.display()),
        "set PANNIER_HOME to a folder that you can write",
    ))
}

/// Writes and syncs a small file, and looks at its time.
pub fn trial(dir: &Path) -> Vec<Check> {
    let path = dir.join(format!(".doctor-{}", std::process::id()));
    let began = Instant::now();
    let result = write(&path);
    let took = began.elapsed();
    // It may not have been made.
    let _ = fs::remove_file(&path);
    let made = match result {
        Ok(made) => made,
        Err(error) => {
            return vec![Check::fail(
                "disk",
                format!("cannot write to {}: {error}", dir.display()),
                "give yourself the right to write there, make room, or set PANNIER_HOME to another folder",
            )];
        }
    };
    let text = format!("a write and its sync took {:.1} ms", took.as_secs_f64() * 1000.0);
    let speed = match took > SYNC_MAX {
        true => Check::warn("disk", text, LOCAL_DISK),
        false => Check::ok("disk", text),
    };
    vec![speed, clock(made, SystemTime::now())]
}

fn write(path: &PathBuf) -> io::Result<SystemTime> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(b"pannier doctor was here\n")?;
    file.sync_all()?;
    file.metadata()?.modified()
}

fn clock(made: SystemTime, now: SystemTime) -> Check {
    /// The beginning of 2026, in seconds: this program is younger.
    const BUILT_S: u64 = 1_767_225_600;
    let apart = now.duration_since(made).or_else(|_| made.duration_since(now)).unwrap_or_default();
    match now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() {
        0..BUILT_S => Check::warn(
            "clock",
            "it is set to a time before this program was written",
            "set this machine's clock (NTP)",
        ),
        _ if apart > SKEW_MAX => Check::warn(
            "clock",
            format!("it and that of the file system are {} apart", show::span(apart)),
            "set the clocks (NTP); the order of records does not depend on them, their times do",
        ),
        now => Check::ok("clock", show::moment(i64::try_from(now).unwrap_or(0).saturating_mul(1_000_000))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn clocks() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        assert_eq!(clock(now, now).level, Level::Ok);
        assert_eq!(clock(now + Duration::from_secs(60), now).level, Level::Warn);
        assert_eq!(clock(now - Duration::from_secs(60), now).level, Level::Warn);
        let early = SystemTime::UNIX_EPOCH + Duration::from_secs(60);
        assert_eq!(clock(early, early).level, Level::Warn);
    }

    #[test]
    fn the_trial_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        assert!(trial(dir.path()).iter().all(|check| check.level != Level::Fail));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        assert_eq!(trial(&dir.path().join("none"))[0].level, Level::Fail);
    }
}
