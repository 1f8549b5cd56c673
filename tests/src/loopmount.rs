//! A file system of the test's own, on an image file, whose power can be cut:
//! `FS_IOC_SHUTDOWN` without flushing leaves the image as a power loss would.
//! Needs root and loop devices.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Whether this machine lets us. `Err` says what is missing; where
/// `PANNIER_REQUIRE_ROOT_TESTS` is set, that is a failure.
///
/// # Errors
/// What is missing.
pub fn possible(programs: &[&str]) -> Result<(), String> {
    let missing = if rustix::process::getuid().is_root() {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let dirs: Vec<_> = std::env::split_paths(&path)
            .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
            .collect();
        let is_there = |program: &&&str| dirs.iter().any(|dir| dir.join(program).is_file());
        programs
            .iter()
            .find(|program| !is_there(program))
            .map(|program| format!("`{program}` is not installed"))
    } else {
        Some("this is not root".to_owned())
    };
    let Some(missing) = missing else { return Ok(()) };
    assert!(std::env::var_os("PANNIER_REQUIRE_ROOT_TESTS").is_none(), "{missing}");
    Err(missing)
}

/// A mounted file system; unmounted when dropped.
pub struct Mount {
    image: Option<PathBuf>,
    point: PathBuf,
    _dir: TempDir,
}

impl Mount {
    /// A fresh ext4 of this size.
    ///
    /// # Errors
    /// Where loop devices are not to be had.
    pub fn ext4(megabytes: u64) -> Result<Self, String> {
        Self::made(megabytes, Command::new("mkfs.ext4").arg("-q"))
    }

    /// A fresh XFS of this size, at least 300: files on it can be cloned.
    ///
    /// # Errors
    /// As [`Mount::ext4`].
    pub fn xfs(megabytes: u64) -> Result<Self, String> {
        Self::made(megabytes, Command::new("mkfs.xfs").args(["-q", "-m", "reflink=1"]))
    }

    fn made(megabytes: u64, make: &mut Command) -> Result<Self, String> {
        let dir = TempDir::with_prefix("pannier-mount-").map_err(|error| error.to_string())?;
        let image = dir.path().join("image");
        let file = File::create(&image).map_err(|error| error.to_string())?;
        file.set_len(megabytes << 20).map_err(|error| error.to_string())?;
        run(make.arg(&image))?;
        let point = dir.path().join("mnt");
        std::fs::create_dir(&point).map_err(|error| error.to_string())?;
        let mount = Self { image: Some(image), point, _dir: dir };
        mount.mount()?;
        Ok(mount)
    }

    /// A tmpfs of this size.
    ///
    /// # Errors
    /// Where it cannot be mounted.
    pub fn tmpfs(kilobytes: u64) -> Result<Self, String> {
        let dir = TempDir::with_prefix("pannier-mount-").map_err(|error| error.to_string())?;
        let point = dir.path().join("mnt");
        std::fs::create_dir(&point).map_err(|error| error.to_string())?;
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kilobytes}k"), "tmpfs"])
            .arg(&point))?;
        Ok(Self { image: None, point, _dir: dir })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.point
    }

    fn mount(&self) -> Result<(), String> {
        let image = self.image.as_ref().ok_or("a tmpfs is mounted once")?;
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(&self.point))
    }

    /// The power fails: what is not on the disk now never will be.
    pub fn cut_power(&self) {
        let root = File::open(&self.point).expect("a mount can be opened");
        const SHUTDOWN: rustix::ioctl::Opcode = 0x8004_587D;
        const WITHOUT_FLUSHING: u32 = 2;
        #[expect(unsafe_code, reason = "FS_IOC_SHUTDOWN reads one u32, which is what it is given")]
        // SAFETY: the opcode belongs to FS_IOC_SHUTDOWN, whose argument is a pointer to a u32.
        let cut = unsafe {
            rustix::ioctl::ioctl(&root, rustix::ioctl::Setter::<SHUTDOWN, u32>::new(WITHOUT_FLUSHING))
        };
        cut.expect("ext4 can be shut down");
    }

    /// The power is back. Whoever had files open there is gone.
    pub fn power_on(&self) {
        crate::wait::until("the dead file system is unmounted", || {
            run(Command::new("umount").arg(&self.point)).ok()
        });
        self.mount().expect("it mounts again");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if run(Command::new("umount").arg(&self.point)).is_err() {
            let _ = run(Command::new("umount").arg("-l").arg(&self.point));
        }
    }
}

/// Runs a program of the system; what it has against it.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let out = command.env("PATH", format!("{path}:/usr/sbin:/sbin")).stdin(Stdio::null()).output();
    let out = out.map_err(|error| format!("{command:?}: {error}"))?;
    if out.status.success() {
        Ok(())
    } else {
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&out.stderr)))
    }
}
