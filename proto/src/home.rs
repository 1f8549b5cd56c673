//! Where a home and its socket are. Client and daemon must agree on it without
//! talking, so the rule is written once, as a pure function of the environment.

use std::path::{Path, PathBuf};

/// The longest socket path that every supported kernel takes, in bytes.
pub const SOCKET_PATH_BYTES_MAX: usize = 104;

/// The environment variables and the user id that the rule looks at.
pub struct Env<'a> {
    /// Looks up a variable; an empty one counts as unset.
    pub var: &'a dyn Fn(&str) -> Option<String>,
    /// The user's id.
    pub uid: u32,
}

impl Env<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (self.var)(name).filter(|value| !value.is_empty())
    }
}

/// The home: `PANNIER_HOME`, else `$XDG_STATE_HOME/pannier`, else
/// `~/.local/state/pannier`, else (no `HOME`) `/tmp/pannier-UID/home`.
#[must_use]
pub fn home(env: &Env) -> PathBuf {
    if let Some(home) = env.get("PANNIER_HOME") {
        return PathBuf::from(home);
    }
    if let Some(state) = env.get("XDG_STATE_HOME") {
        return Path::new(&state).join("pannier");
    }
    match env.get("HOME") {
        Some(home) => Path::new(&home).join(".local/state/pannier"),
        None => private_tmp(env.uid).join("home"),
    }
}

/// The socket of a home.
///
/// 1. `PANNIER_SOCKET`;
/// 2. for a home named by `PANNIER_HOME`: `pannier.sock` inside it;
/// 3. for the default home: `$XDG_RUNTIME_DIR/pannier/pannier.sock`;
/// 4. where those are missing or too long for a socket:
///    `/tmp/pannier-UID/HASH.sock`, HASH being that of the home's path.
#[must_use]
pub fn socket(env: &Env, home: &Path) -> PathBuf {
    if let Some(socket) = env.get("PANNIER_SOCKET") {
        return PathBuf::from(socket);
    }
    let candidate = if env.get("PANNIER_HOME").is_some() {
        Some(home.join("pannier.sock"))
    } else {
        env.get("XDG_RUNTIME_DIR").map(|dir| Path::new(&dir).join("pannier/pannier.sock"))
    };
    candidate
        .filter(|path| path.is_absolute() && path.as_os_str().len() <= SOCKET_PATH_BYTES_MAX)
        .unwrap_or_else(|| {
            let hash = crc32fast::hash(home.as_os_str().as_encoded_bytes());
            private_tmp(env.uid).join(format!("{hash:08x}.sock"))
        })
}

fn private_tmp(uid: u32) -> PathBuf {
    PathBuf::from(format!("/tmp/pannier-{uid}"))
}

/// The folder of journals in a home.
#[must_use]
pub fn spool(home: &Path) -> PathBuf {
    home.join("spool")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(vars: &[(&str, &str)]) -> (String, String) {
        let var =
            |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let env = Env { var: &var, uid: 7 };
        let home = home(&env);
        let socket = socket(&env, &home);
        (home.display().to_string(), socket.display().to_string())
    }

    #[test]
    fn homes_and_sockets() {
        let long = format!("/{}", "x".repeat(120));
        for (vars, home, socket) in [
            (&[("HOME", "/h")][..], "/h/.local/state/pannier", "/tmp/pannier-7/"),
            (
                &[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/run/user/7")],
                "/h/.local/state/pannier",
                "/run/user/7/pannier/pannier.sock",
            ),
            (&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")], "/s/pannier", "/tmp/pannier-7/"),
            (&[("PANNIER_HOME", "/p"), ("XDG_RUNTIME_DIR", "/run/user/7")], "/p", "/p/pannier.sock"),
            (&[("PANNIER_HOME", long.as_str())], long.as_str(), "/tmp/pannier-7/"),
            (&[("PANNIER_HOME", "/p"), ("PANNIER_SOCKET", "/q.sock")], "/p", "/q.sock"),
            (&[], "/tmp/pannier-7/home", "/tmp/pannier-7/"),
        ] {
            let found = rule(vars);
            assert_eq!(found.0, home);
            assert!(found.1.starts_with(socket), "{} is not {socket}", found.1);
        }
    }
}
