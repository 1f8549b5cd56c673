//! `pannier run --folder`: the home on this node's own scratch, its records in a
//! shared folder. Before the command: which home, and that it sends there. After
//! it: wait until all is there, and leave no home behind that nobody needs.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pannier_proto::remote::{AddRemote, RemoteStatus};
use pannier_proto::request::Status;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::super::client::Client;
use super::super::failure::{Failure, Result};
use super::super::{show, start, sync};
use crate::home::{Home, HomeLock, private_dir};

/// What the remote is called here.
const REMOTE: &str = "folder";
/// How long a daemon that was told to go may take.
const LEAVING: Duration = Duration::from_secs(15);
/// How long it may take until the daemon has noticed that a writer died.
const SETTLING: Duration = Duration::from_secs(3);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// A home that brings its records to a folder.
pub(super) struct Brought {
    home: Home,
    folder: PathBuf,
    /// Shared by every `pannier run` of the home, where it is one of ours to
    /// remove; whoever can have it alone is the last.
    users: Option<(File, PathBuf)>,
}

impl Brought {
    /// The home for this job on this node, unless the user has named one.
    pub(super) fn choose(given_folder: &Path, given: &Home) -> Result<Self> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(given_folder);
        let folder = made.and_then(|()| given_folder.canonicalize()).or_else(|error| {
            // It may be there when the command has ended.
            show::warn(&format!("the folder {} cannot be used now: {error}", given_folder.display()));
            std::path::absolute(given_folder)
        });
        let folder = folder.map_err(|error| Failure::file("use", given_folder, &error))?;
        if std::env::var_os("PANNIER_HOME").is_some_and(|home| !home.is_empty()) {
            return Ok(Self { home: given.clone(), folder, users: None });
        }
        match of_this_node() {
            Ok((home, users)) => Ok(Self { home, folder, users: Some(users) }),
            // The command is to run in any case.
            Err(failure) => {
                let (root, advice) = (given.root().display(), failure.advice());
                show::warn(&format!("{}; the home is {root}{advice}", failure.error));
                Ok(Self { home: given.clone(), folder, users: None })
            }
        }
    }

    /// The home.
    pub(super) fn home(&self) -> &Home {
        &self.home
    }

    /// The folder as a remote's URL.
    pub(super) fn url(&self) -> String {
        format!("folder:{}", self.folder.display())
    }

    /// Has the daemon send there.
    pub(super) fn add(&self, daemon: &Client) -> Result<()> {
        let asked = json!(AddRemote { name: REMOTE.to_owned(), url: self.url(), token: None });
        daemon.call("POST", "/v1/remotes", Some(&asked)).map(drop)
    }

    /// Waits until all is in the folder; then removes the home, where it is ours
    /// and nobody uses it any more. What is not there is said.
    pub(super) fn bring(self, patience: Duration) {
        let (folder, root) = (self.folder.clone(), self.home.root().to_owned());
        match self.brought(patience) {
            Ok(true) => {}
            Ok(false) => show::warn(&format!(
                "not all is in {} after {}; it is kept in {}: `PANNIER_HOME={} pannier sync --wait` on this node brings it",
                folder.display(),
                show::span(patience),
                root.display(),
                root.display()
            )),
            Err(failure) => show::warn(&format!(
                "whether all is in {} is not known: {}; the home is {}",
                folder.display(),
                failure.error,
                root.display()
            )),
        }
    }

    fn brought(self, patience: Duration) -> Result<bool> {
        let began = Instant::now();
        let daemon = start::connect_or_start(&self.home)?;
        // Where it could not be added before, the command has had its time to help.
        self.add(&daemon)?;
        if !sync::bring(&self.home, &daemon, REMOTE, patience)? {
            return Ok(false);
        }
        let Some((users, _)) = &self.users else { return Ok(true) };
        if users.try_lock().is_err() {
            // Somebody else uses the home, and comes here after us.
            return Ok(true);
        }
        let settling = Instant::now();
        loop {
            let status: Status = daemon.get("/v1/status")?;
            let idle = status.writers == 0 && status.storing == 0 && status.spool_bytes == 0;
            let there =
                status.remotes.iter().filter(|remote| remote.name == REMOTE).all(RemoteStatus::has_all);
            if idle && status.remotes.iter().all(RemoteStatus::has_all) {
                self.remove(status.pid)?;
                return Ok(true);
            }
            let over =
                if idle && !there { began.elapsed() > patience } else { settling.elapsed() > SETTLING };
            if over {
                return Ok(there);
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
    }

    /// Removes the home with its daemon; nobody else uses it.
    fn remove(&self, daemon: u32) -> Result<()> {
        let Some((_, path)) = &self.users else { return Ok(()) };
        let pid = i32::try_from(daemon).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have left by itself.
            let _ = kill_process(pid, Signal::TERM);
        }
        let Some(_held) = lock_after(&self.home) else { return Ok(()) };
        let empty = |dir: PathBuf| fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none());
        if empty(self.home.spool()) && empty(self.home.incoming()) {
            let root = self.home.root();
            fs::remove_dir_all(root).map_err(|error| Failure::file("remove", root, &error))?;
            // The socket may be elsewhere; it went with the daemon.
            let _ = fs::remove_file(path);
            let _ = path.parent().map(fs::remove_dir);
        }
        Ok(())
    }
}

/// A home on this node's scratch, and who uses it.
fn of_this_node() -> Result<(Home, (File, PathBuf))> {
    let home = Home::of_this_node().ok_or_else(|| {
        Failure::new("this node has no scratch of its own for a home")
            .hint("set TMPDIR or PANNIER_HOME to a folder on a disk of this node")
    })?;
    if let Some(shelf) = home.root().parent() {
        // In /tmp somebody else may have been faster.
        private_dir(shelf)?;
    }
    let path = home.root().with_extension("users");
    let users = take_shared(&path).map_err(|error| Failure::file("lock", &path, &error))?;
    Ok((home, (users, path)))
}

fn lock_after(home: &Home) -> Option<HomeLock> {
    let began = Instant::now();
    while began.elapsed() < LEAVING {
        if let Ok(lock) = home.lock() {
            return Some(lock);
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
    None
}

/// Locks a file together with others, and makes it first; one that was removed
/// meanwhile is made again.
fn take_shared(path: &Path) -> io::Result<File> {
    loop {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        file.lock_shared()?;
        let (held, found) = (file.metadata()?, fs::metadata(path));
        if found.is_ok_and(|found| (found.dev(), found.ino()) == (held.dev(), held.ino())) {
            return Ok(file);
        }
        if let Some(shelf) = path.parent() {
            private_dir(shelf).map_err(io::Error::other)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_those_who_share_a_home_has_it_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shelf/home.users");
        fs::create_dir(dir.path().join("shelf")).unwrap();
        let (first, second) = (take_shared(&path).unwrap(), take_shared(&path).unwrap());
        assert!(first.try_lock().is_err());
        drop(second);
        assert!(first.try_lock().is_ok());
        fs::remove_file(&path).unwrap();
        assert!(take_shared(&path).unwrap().try_lock_shared().is_ok());
    }
}
