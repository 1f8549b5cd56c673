//! Owns where this process finds its home and its daemon's socket, and which
//! program the daemon is.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use pannier_proto::home;

/// A home and its socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The home.
    pub home: PathBuf,
    /// The socket.
    pub socket: PathBuf,
}

impl Place {
    /// The place that the environment names.
    #[must_use]
    pub fn from_env() -> Self {
        let var = |name: &str| std::env::var(name).ok();
        let env = home::Env { var: &var, uid: rustix::process::getuid().as_raw() };
        let home = absolute(home::home(&env));
        let socket = absolute(home::socket(&env, &home));
        Self { home, socket }
    }
}

/// The path from the root: the daemon, which works elsewhere, gets it too.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// The daemon's program: the one given, else `PANNIER_BIN`, else `pannier` on
/// the `PATH`.
#[must_use]
pub fn program(given: Option<&Path>) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
    if let Some(path) = given {
        return Some(absolute(path.to_owned()));
    }
    if let Some(path) = set("PANNIER_BIN") {
        return Some(absolute(path.into()));
    }
    let path = set("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| absolute(folder.join("pannier")))
        .find(|program| program.is_file())
}
