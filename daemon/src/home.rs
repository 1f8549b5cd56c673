//! The home: its folders, who may see them, and the lock held by the one daemon
//! that serves it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use pannier_proto::home as rule;

use crate::filesystem::{self, Kind};
use crate::site;

/// Why a home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Another daemon serves it.
    #[error("the home {} is served by another pannier ({holder})", .home.display())]
    Held {
        /// The home.
        home: PathBuf,
        /// Who: its process and host.
        holder: String,
    },
    /// Something else is where a private folder should be.
    #[error("{} is not a private folder of yours: {problem}", .path.display())]
    NotPrivate {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Its disk is not this machine's.
    #[error(
        "the home {} is on {name}, a network file system: a database there can lose records or break when another \
         machine, or a lock that is not kept, comes between",
        .home.display()
    )]
    Network {
        /// The home.
        home: PathBuf,
        /// Of the file system.
        name: String,
        /// Where on this machine it can be instead.
        instead: Option<PathBuf>,
    },
    /// The file system refused.
    #[error("cannot use {}: {source}", .path.display())]
    Io {
        /// What was being used.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
    socket: PathBuf,
    /// Somebody insists on a network file system.
    network_store: bool,
}

/// The variable by which somebody insists on a database on a network file system.
pub const NETWORK_STORE_VARIABLE: &str = "PANNIER_UNSAFE_NETWORK_STORE";

/// The lock of a home. Whoever holds it is the only one who writes there.
#[derive(Debug)]
pub struct HomeLock {
    file: File,
    path: PathBuf,
}

impl Home {
    /// The home and socket that the environment names.
    #[must_use]
    pub fn find() -> Self {
        let var = |name: &str| std::env::var(name).ok();
        let env = rule::Env { var: &var, uid: rustix::process::getuid().as_raw() };
        let root = rule::home(&env);
        let root = std::path::absolute(&root).unwrap_or(root);
        let socket = rule::socket(&env, &root);
        let insists = var(NETWORK_STORE_VARIABLE).is_some_and(|value| !["", "0", "false"].contains(&&*value));
        Self { network_store: insists, ..Self::at(root, socket) }
    }

    /// The home of this job on this node, on scratch of the node's own; its socket
    /// beside it. `None` where there is no such scratch.
    #[must_use]
    pub fn of_this_node() -> Option<Self> {
        let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let root = site::local_home(&node(&var))?;
        let named = root.display().to_string();
        let with_home = |name: &str| if name == "PANNIER_HOME" { Some(named.clone()) } else { var(name) };
        let env = rule::Env { var: &with_home, uid: rustix::process::getuid().as_raw() };
        let socket = rule::socket(&env, &root);
        Some(Self::at(root, socket))
    }

    /// Uses a database on a network file system all the same.
    pub fn allow_network_store(&mut self) {
        self.network_store = true;
    }

    /// Whether it was said that a network file system will do.
    #[must_use]
    pub fn insists_on_network(&self) -> bool {
        self.network_store
    }

    /// Whether the home is on a network file system, as far as this machine says.
    #[must_use]
    pub fn is_on_network(&self) -> bool {
        self.network().is_some()
    }

    /// The network file system that it is on.
    fn network(&self) -> Option<String> {
        let found = filesystem::under(&filesystem::System, &self.root)?;
        (found.kind == Kind::Network).then_some(found.name)
    }

    /// A home at given places.
    #[must_use]
    pub fn at(root: PathBuf, socket: PathBuf) -> Self {
        Self { root, socket, network_store: false }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The daemon's socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("pannier.db")
    }

    /// The journals.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        rule::spool(&self.root)
    }

    /// Damaged bytes, set aside.
    #[must_use]
    pub fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    /// The bytes of files.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// Snapshots of files that are being stored.
    #[must_use]
    pub fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// Bundles that are being taken in, or wait for others.
    #[must_use]
    pub fn bundles(&self) -> PathBuf {
        self.root.join("bundles")
    }

    /// The daemon's log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.root.join("daemon.log")
    }

    /// The tokens of remotes.
    #[must_use]
    pub fn credentials(&self) -> PathBuf {
        self.root.join("credentials.json")
    }

    /// Port and key of the loopback listener, and the key of transfer links.
    #[must_use]
    pub fn http(&self) -> PathBuf {
        self.root.join("http.json")
    }

    /// Makes the folders, for this user only; none of them on a network file
    /// system, unless somebody insists.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn prepare(&self) -> Result<(), HomeError> {
        if !self.network_store
            && let Some(name) = self.network()
        {
            let var = |name: &str| std::env::var(name).ok();
            let instead = site::local_home(&node(&var));
            return Err(HomeError::Network { home: self.root.clone(), name, instead });
        }
        private_dir(&self.root)?;
        private_dir(&self.spool())?;
        private_dir(&self.incoming())?;
        if let Some(dir) = self.socket.parent() {
            private_dir(dir)?;
        }
        Ok(())
    }

    /// Takes the home for this process, for as long as the lock lives.
    ///
    /// # Errors
    /// [`HomeError::Held`].
    pub fn lock(&self) -> Result<HomeLock, HomeError> {
        let path = self.root.join("daemon.lock");
        let io = |source| HomeError::Io { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(io)?;
        if file.try_lock().is_err() {
            let mut holder = String::new();
            // Nothing is lost without the name.
            let _ = file.read_to_string(&mut holder);
            return Err(HomeError::Held { home: self.root.clone(), holder: holder.trim().to_owned() });
        }
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let holder = format!("process {} on {host}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(holder.as_bytes()))
            .map_err(io)?;
        Ok(HomeLock { file, path })
    }
}

fn node<'a>(var: &'a dyn Fn(&str) -> Option<String>) -> site::Node<'a> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    site::Node { var, uid: rustix::process::getuid().as_raw(), host, look: &filesystem::System }
}

impl HomeLock {
    /// Whether the home is still where it was: a daemon without one must go.
    #[must_use]
    pub fn still_there(&self) -> bool {
        let same = |a: fs::Metadata, b: fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
        match (self.file.metadata(), fs::metadata(&self.path)) {
            (Ok(held), Ok(found)) => same(held, found),
            _ => false,
        }
    }
}

/// Writes a file for this user only, whole or not at all, and on the disk when
/// this returns.
///
/// # Errors
/// What writing returns; the old file is still there then.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

/// Makes a folder that only this user can enter, or makes sure that it is one.
/// A folder of ours that is too open is closed; a link, or somebody else's
/// folder, is refused: it may have been put there for us to fall into.
pub fn private_dir(path: &Path) -> Result<(), HomeError> {
    let io = |source| HomeError::Io { path: path.to_owned(), source };
    match DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io(error)),
    }
    let meta = fs::symlink_metadata(path).map_err(io)?;
    let refuse =
        |problem: &str| Err(HomeError::NotPrivate { path: path.to_owned(), problem: problem.to_owned() });
    if meta.is_symlink() {
        // A link that the user made himself is his wish; one in a folder that
        // others can write is not.
        let target = fs::metadata(path).map_err(io)?;
        let parent = path.parent().map(fs::metadata).transpose().map_err(io)?;
        let open_parent = parent.is_some_and(|parent| parent.mode() & 0o002 != 0);
        if open_parent || target.uid() != rustix::process::getuid().as_raw() {
            return refuse("it is a link that somebody else may have made");
        }
        return Ok(());
    }
    if !meta.is_dir() {
        return refuse("it is not a folder");
    }
    if meta.uid() != rustix::process::getuid().as_raw() {
        return refuse(&format!("it belongs to user {}", meta.uid()));
    }
    if meta.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(io)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_private_and_has_one_daemon() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("home");
        fs::create_dir(&root).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
        let home = Home::at(root.clone(), root.join("s/pannier.sock"));
        home.prepare().unwrap();
        for path in [root.clone(), root.join("s"), home.spool()] {
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700, "{}", path.display());
        }
        let lock = home.lock().unwrap();
        let error = home.lock().unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        fs::remove_dir_all(&root).unwrap();
        assert!(!lock.still_there());
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("home");
        fs::write(&root, "").unwrap();
        assert!(Home::at(root.clone(), root.join("pannier.sock")).prepare().is_err());
    }
}
