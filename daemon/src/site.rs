//! Where on this machine a home can live: the private folder of a job on a node.
//! A rule over the environment and the file systems; it makes nothing.

use std::path::{Path, PathBuf};

use pannier_proto::job::{self, JobLife};

use crate::filesystem::{Kind, Look, under};

/// Where sites put scratch that belongs to the job and the node, best first.
const SCRATCH: [&str; 4] = ["SLURM_TMPDIR", "LOCAL_SCRATCH", "LOCALSCRATCH", "TMPDIR"];

/// What the rule looks at.
pub struct Node<'a> {
    /// Looks up a variable; an empty one counts as unset.
    pub var: &'a dyn Fn(&str) -> Option<String>,
    /// The user's id.
    pub uid: u32,
    /// The node's name.
    pub host: String,
    /// The file systems.
    pub look: &'a dyn Look,
}

/// A folder for the homes of a user, on a disk or in the memory of this node:
/// nobody else's, and not shared with other nodes.
#[must_use]
pub fn shelf(node: &Node) -> Option<PathBuf> {
    let named = SCRATCH.iter().filter_map(|name| (node.var)(name));
    let runtime = (node.var)("XDG_RUNTIME_DIR");
    let places = named.chain(["/var/tmp".to_owned(), "/tmp".to_owned()]).chain(runtime);
    let places = places.filter(|place| !place.is_empty()).map(PathBuf::from);
    let mut usable = places.filter(|place| is_ours_to_use(node.look, place));
    usable.next().map(|place| place.join(format!("pannier-{}", node.uid)))
}

fn is_ours_to_use(look: &dyn Look, place: &Path) -> bool {
    let writable = || {
        let wanted = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        rustix::fs::access(place, wanted).is_ok()
    };
    let network = || under(look, place).is_some_and(|found| found.kind == Kind::Network);
    place.is_absolute() && place.is_dir() && writable() && !network()
}

/// The home of a job on this node; of whoever is in no job, one a user and node.
#[must_use]
pub fn local_home(node: &Node) -> Option<PathBuf> {
    let job = job::life(node.var).map_or_else(|| "home".to_owned(), |JobLife { job, .. }| job);
    let name: String = format!("{job}-{}", node.host);
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    Some(shelf(node)?.join(name.chars().map(plain).collect::<String>()))
}

/// The life of a job that this process is in.
#[must_use]
pub fn job() -> Option<JobLife> {
    job::life(&|name| std::env::var(name).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Remote(PathBuf);

    impl Look for Remote {
        fn number(&self, dir: &Path) -> Option<u32> {
            Some(if dir.starts_with(&self.0) { 0x6969 } else { 0xEF53 })
        }

        fn mounted_as(&self, _: &Path) -> Option<String> {
            None
        }
    }

    fn home(vars: &[(&str, &Path)], remote: &Path) -> PathBuf {
        let var = |name: &str| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| value.display().to_string())
        };
        let look = Remote(remote.to_owned());
        local_home(&Node { var: &var, uid: 7, host: "n/1".into(), look: &look }).unwrap()
    }

    #[test]
    fn the_best_place_that_is_local_and_writable() {
        let dir = tempfile::tempdir().unwrap();
        let (scratch, shared) = (dir.path().join("scratch"), dir.path().join("shared"));
        std::fs::create_dir_all(&scratch).unwrap();
        std::fs::create_dir_all(&shared).unwrap();
        let job = Path::new("123");
        let vars = [("SLURM_TMPDIR", shared.as_path()), ("TMPDIR", scratch.as_path()), ("SLURM_JOB_ID", job)];
        assert_eq!(home(&vars, &shared), scratch.join("pannier-7/123-n_1"));
        assert_eq!(home(&vars, Path::new("/none")), shared.join("pannier-7/123-n_1"));
        let gone = dir.path().join("gone");
        let found = home(&[("TMPDIR", gone.as_path())], Path::new("/none"));
        assert!(found.ends_with("pannier-7/home-n_1") && !found.starts_with(&gone), "{}", found.display());
    }
}
