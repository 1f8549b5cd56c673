//! The tokens of remotes: a file of its own, for this user only, and nowhere
//! else: not in the database, not in a log.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::home::write_private;

/// Tokens by the remote's name.
pub struct Credentials {
    path: PathBuf,
    tokens: Mutex<BTreeMap<String, String>>,
}

impl Credentials {
    /// Reads the file; a missing one has no tokens.
    ///
    /// # Errors
    /// What reading returns; `InvalidData` where it is not what we write.
    pub fn load(path: &Path) -> io::Result<Self> {
        let tokens = match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                // Not the content: it holds tokens.
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("line {} is not what pannier writes", error.line()),
                )
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { path: path.to_owned(), tokens: Mutex::new(tokens) })
    }

    /// The token of a remote.
    #[must_use]
    pub fn token(&self, remote: &str) -> Option<String> {
        self.tokens.lock().ok()?.get(remote).cloned()
    }

    /// Keeps a remote's token, or forgets it.
    ///
    /// # Errors
    /// What writing returns; the old file is still there then.
    pub fn set(&self, remote: &str, token: Option<String>) -> io::Result<()> {
        let mut tokens = self.tokens.lock().map_err(|poisoned| io::Error::other(poisoned.to_string()))?;
        let mut next = tokens.clone();
        match token {
            Some(token) => next.insert(remote.to_owned(), token),
            None => next.remove(remote),
        };
        write_private(&self.path, &serde_json::to_vec_pretty(&next)?)?;
        *tokens = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn tokens_are_kept_for_this_user_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("credentials.json");
        let credentials = Credentials::load(&path).unwrap();
        credentials.set("hub", Some("secret".into())).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let again = Credentials::load(&path).unwrap();
        assert_eq!(again.token("hub").as_deref(), Some("secret"));
        again.set("hub", None).unwrap();
        assert_eq!(Credentials::load(&path).unwrap().token("hub"), None);
        fs::write(&path, "{\"hub\": secret}").unwrap();
        assert!(!Credentials::load(&path).err().unwrap().to_string().contains("secret"));
    }
}
