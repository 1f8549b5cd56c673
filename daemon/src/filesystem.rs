//! What a folder's file system is, and whether a database may live there. What
//! the kernel says comes through [`Look`]; what it means is pure. It knows no
//! home.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What kind a file system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A disk of this machine.
    Local,
    /// Other machines', or a program's: locks and syncs may not mean here what a
    /// database needs them to mean.
    Network,
    /// Gone when the machine restarts.
    Memory,
    /// The upper layer of a container.
    Layer,
    /// Nobody has said.
    Unknown,
}

/// A file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSystem {
    /// As `mount` calls it; else its number.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
}

/// What the kernel says of the file system under a folder.
pub trait Look {
    /// The number of its type (`statfs`).
    fn number(&self, dir: &Path) -> Option<u32>;
    /// The name of its type, as it is mounted.
    fn mounted_as(&self, dir: &Path) -> Option<String>;
}

/// The machine that this runs on.
pub struct System;

const FUSE: u32 = 0x6573_5546;

/// The numbers that Linux gives file systems (`linux/magic.h`, and the makers'
/// own where they are not in the kernel).
const KNOWN: [(u32, &str, Kind); 22] = [
    (0xEF53, "ext4", Kind::Local),
    (0x5846_5342, "xfs", Kind::Local),
    (0x9123_683E, "btrfs", Kind::Local),
    (0x2FC1_2FC1, "zfs", Kind::Local),
    (0xF2F5_2010, "f2fs", Kind::Local),
    (0xCA45_1A4E, "bcachefs", Kind::Local),
    (0x0102_1994, "tmpfs", Kind::Memory),
    (0x8584_58F6, "ramfs", Kind::Memory),
    (0x794C_7630, "overlayfs", Kind::Layer),
    (0x6969, "nfs", Kind::Network),
    (0x0BD0_0BD0, "lustre", Kind::Network),
    (0x4750_4653, "gpfs", Kind::Network),
    (0x1983_0326, "beegfs", Kind::Network),
    (0x00C3_6400, "ceph", Kind::Network),
    (0x517B, "smb", Kind::Network),
    (0xFE53_4D42, "smb2", Kind::Network),
    (0xFF53_4D42, "cifs", Kind::Network),
    (0x5346_414F, "afs", Kind::Network),
    (0x2003_0528, "orangefs", Kind::Network),
    (0x0102_1997, "9p", Kind::Network),
    (0xAAD7_AAEA, "panfs", Kind::Network),
    (FUSE, "fuse", Kind::Network),
];

/// Those that are told by their names: programs behind FUSE that hold a disk of
/// this machine, and makers whose numbers are nowhere written down.
const NAMED: [(&str, Kind); 6] = [
    ("fuseblk", Kind::Local),
    ("fuse.fuse-overlayfs", Kind::Layer),
    ("wekafs", Kind::Network),
    ("quobyte", Kind::Network),
    ("vboxsf", Kind::Network),
    ("prl_fs", Kind::Network),
];

/// The file system under a folder, or where the folder would be made; `None`
/// where the machine does not say.
#[must_use]
pub fn under(look: &dyn Look, dir: &Path) -> Option<FileSystem> {
    let number = look.number(dir)?;
    let known = KNOWN.iter().find(|(known, ..)| *known == number);
    if let Some((_, name, kind)) = known
        && number != FUSE
    {
        return Some(FileSystem { name: (*name).to_owned(), kind: *kind });
    }
    let mounted = look.mounted_as(dir);
    let named = mounted.as_deref().and_then(|name| NAMED.iter().find(|(known, _)| *known == name));
    let kind = named.map(|(_, kind)| *kind).or(known.map(|(_, _, kind)| *kind)).unwrap_or(Kind::Unknown);
    let name = mounted.or_else(|| known.map(|(_, name, _)| (*name).to_owned()));
    Some(FileSystem { name: name.unwrap_or_else(|| format!("{number:#x}")), kind })
}

impl Look for System {
    #[cfg(target_os = "linux")]
    fn number(&self, dir: &Path) -> Option<u32> {
        let found = rustix::fs::statfs(&existing(dir)?).ok()?;
        // The kernel's type is of another width and sign on each architecture;
        // the numbers have 32 bits.
        u32::try_from(i128::from(found.f_type) & 0xFFFF_FFFF).ok()
    }

    #[cfg(not(target_os = "linux"))]
    fn number(&self, _: &Path) -> Option<u32> {
        None
    }

    fn mounted_as(&self, dir: &Path) -> Option<String> {
        let device = std::fs::metadata(existing(dir)?).ok()?.dev();
        let table = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
        let device = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
        mounted(&table, &device)
    }
}

/// The folder, or the nearest above it that is there.
fn existing(dir: &Path) -> Option<PathBuf> {
    let dir = std::path::absolute(dir).ok()?;
    dir.ancestors().find(|dir| dir.exists()).map(Path::to_owned)
}

/// The type of a device's file system in a table of mounts: the field behind the
/// lone dash.
fn mounted(table: &str, device: &str) -> Option<String> {
    let of_device = |line: &&str| line.split(' ').nth(2) == Some(device);
    let line = table.lines().rfind(of_device)?;
    line.split_once(" - ")?.1.split(' ').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Said(u32, Option<&'static str>);

    impl Look for Said {
        fn number(&self, _: &Path) -> Option<u32> {
            Some(self.0)
        }

        fn mounted_as(&self, _: &Path) -> Option<String> {
            self.1.map(str::to_owned)
        }
    }

    fn found(number: u32, mounted: Option<&'static str>) -> (String, Kind) {
        let found = under(&Said(number, mounted), Path::new("/x")).unwrap();
        (found.name, found.kind)
    }

    #[test]
    fn numbers_and_names() {
        for (number, mounted, name, kind) in [
            (0xEF53, None, "ext4", Kind::Local),
            (0x6969, None, "nfs", Kind::Network),
            (0x0BD0_0BD0, None, "lustre", Kind::Network),
            (0x4750_4653, None, "gpfs", Kind::Network),
            (0x1983_0326, None, "beegfs", Kind::Network),
            (0x00C3_6400, None, "ceph", Kind::Network),
            (0xFE53_4D42, None, "smb2", Kind::Network),
            (0x0102_1997, None, "9p", Kind::Network),
            (0x5346_414F, None, "afs", Kind::Network),
            (FUSE, Some("fuse.sshfs"), "fuse.sshfs", Kind::Network),
            (FUSE, Some("virtiofs"), "virtiofs", Kind::Network),
            (FUSE, None, "fuse", Kind::Network),
            (FUSE, Some("fuseblk"), "fuseblk", Kind::Local),
            (FUSE, Some("fuse.fuse-overlayfs"), "fuse.fuse-overlayfs", Kind::Layer),
            (0x1234, Some("wekafs"), "wekafs", Kind::Network),
            (0x1234, Some("newfs"), "newfs", Kind::Unknown),
            (0x1234, None, "0x1234", Kind::Unknown),
        ] {
            assert_eq!(found(number, mounted), (name.to_owned(), kind), "{number:#x} {mounted:?}");
        }
    }

    #[test]
    fn the_table_of_mounts() {
        let table = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                     40 22 0:45 / /home/me/far rw,nosuid - fuse.sshfs me@far: rw,user_id=0\n";
        assert_eq!(mounted(table, "0:45").as_deref(), Some("fuse.sshfs"));
        assert_eq!(mounted(table, "8:1").as_deref(), Some("ext4"));
        assert_eq!(mounted(table, "0:4"), None);
    }

    #[test]
    fn a_folder_that_is_not_there_is_where_it_would_be_made() {
        let dir = tempfile::tempdir().unwrap();
        let here = under(&System, dir.path());
        assert_eq!(under(&System, &dir.path().join("a/b/c")), here);
    }
}
