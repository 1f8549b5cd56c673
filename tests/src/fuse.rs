//! A file system behind FUSE: the least that the kernel takes for one, an empty
//! folder. Needs root and `/dev/fuse`.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const LOOKUP: u32 = 1;
const FORGET: u32 = 2;
const GETATTR: u32 = 3;
const STATFS: u32 = 17;
const INIT: u32 = 26;
const NO_SUCH_FILE: i32 = -2;
const NOT_HERE: i32 = -38;

/// A mounted one; unmounted when dropped.
pub struct Fuse {
    point: PathBuf,
    _dir: TempDir,
}

impl Fuse {
    /// Mounts one that is called so, for example `fuse.sshfs`.
    ///
    /// # Errors
    /// Where FUSE is not to be had.
    pub fn mount(kind: &str) -> Result<Self, String> {
        let dir = TempDir::with_prefix("pannier-fuse-").map_err(|error| error.to_string())?;
        let point = dir.path().join("mnt");
        std::fs::create_dir(&point).map_err(|error| error.to_string())?;
        let device = File::options().read(true).write(true).open("/dev/fuse");
        let device = device.map_err(|error| format!("/dev/fuse: {error}"))?;
        // `mount` is to inherit it, under this number.
        let inherited = rustix::io::dup(&device).map_err(|error| error.to_string())?;
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0,allow_other", inherited.as_raw_fd());
        let mut mount = Command::new("mount");
        mount.args(["-i", "-t", kind, "-o", &options, "test"]).arg(&point);
        let out = mount.output().map_err(|error| error.to_string())?;
        if !out.status.success() {
            return Err(String::from_utf8_lossy(&out.stderr).into_owned());
        }
        drop(inherited);
        std::thread::spawn(move || serve(device));
        Ok(Self { point, _dir: dir })
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.point
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        // What it left would be seen by whoever looks at the mounts.
        let _ = Command::new("umount").arg("-l").arg(&self.point).status();
    }
}

/// Answers until it is unmounted.
fn serve(mut device: File) {
    let mut request = vec![0; 1 << 17];
    while let Ok(length) = device.read(&mut request) {
        let word = |at: usize| u32::from_le_bytes(request[at..at + 4].try_into().expect("four bytes"));
        if length < 40 {
            return;
        }
        let answer = match word(4) {
            FORGET => continue,
            INIT => Ok(init()),
            GETATTR => Ok(attributes()),
            STATFS => Ok(vec![0; 80]),
            LOOKUP => Err(NO_SUCH_FILE),
            _ => Err(NOT_HERE),
        };
        let (error, body) = answer.map_or_else(|error| (error, Vec::new()), |body| (0, body));
        let mut message = Vec::new();
        message.extend(u32::try_from(16 + body.len()).expect("short").to_le_bytes());
        message.extend(error.to_le_bytes());
        message.extend(&request[8..16]);
        message.extend(body);
        if device.write_all(&message).is_err() {
            return;
        }
    }
}

/// Version 7.19 of the protocol, and no features.
fn init() -> Vec<u8> {
    let mut body = Vec::new();
    for word in [7_u32, 19, 0, 0, 0, 4096] {
        body.extend(word.to_le_bytes());
    }
    body
}

/// An empty folder that anybody may write.
fn attributes() -> Vec<u8> {
    let mut body = vec![0; 16];
    body.extend(1_u64.to_le_bytes());
    body.extend([0; 52]);
    for word in [0o040_777_u32, 2, 0, 0, 0, 4096, 0] {
        body.extend(word.to_le_bytes());
    }
    body
}
