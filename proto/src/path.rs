//! Paths of files that belong to a run or an artifact. Every such path that
//! enters pannier passes through [`RelPath`], so that whoever writes a file
//! under one cannot be led out of his folder.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::BadName;

/// The longest path, in bytes: what Linux takes.
pub const PATH_BYTES_MAX: usize = 4096;
/// The longest part of a path, in bytes: what file systems take.
pub const COMPONENT_BYTES_MAX: usize = 255;

/// A relative path with `/` between its parts, none of which leads anywhere but
/// further in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelPath(String);

impl RelPath {
    /// Checks a path.
    ///
    /// # Errors
    /// [`BadName`] for one that is empty, absolute, too long, names a drive, or
    /// has an empty part, `.`, `..`, a backslash or a control character.
    pub fn new(path: &str) -> Result<Self, BadName> {
        let fail = |problem: String| {
            Err(BadName { what: "file path", name: path.chars().take(64).collect(), problem })
        };
        if path.is_empty() {
            return fail("is empty".to_owned());
        }
        if path.len() > PATH_BYTES_MAX {
            return fail(format!("has {} bytes; at most {PATH_BYTES_MAX} are allowed", path.len()));
        }
        if let Some(c) = path.chars().find(|c| c.is_control() || *c == '\\') {
            return fail(format!("contains {c:?}; control characters and \\ are not allowed"));
        }
        if path.starts_with('/')
            || matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
        {
            return fail("is absolute; a path in the run's or artifact's folder is needed".to_owned());
        }
        for part in path.split('/') {
            match part {
                "" => return fail("has an empty part".to_owned()),
                "." | ".." => return fail(format!("has the part {part:?}, which is not allowed")),
                _ if part.len() > COMPONENT_BYTES_MAX => {
                    return fail(format!(
                        "has a part of {} bytes; at most {COMPONENT_BYTES_MAX} are allowed",
                        part.len()
                    ));
                }
                _ => {}
            }
        }
        Ok(Self(path.to_owned()))
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RelPath {
    type Error = BadName;
    fn try_from(path: String) -> Result<Self, BadName> {
        Self::new(&path)
    }
}

impl From<RelPath> for String {
    fn from(path: RelPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_further_in() {
        for path in
            ["a", "a/b.txt", "media/images/img_3 ß.png", "..a", "a..", ".hidden/x", "ab:c", "100%2e%2e"]
        {
            let kept = RelPath::new(path).unwrap();
            assert_eq!(kept.as_str(), path);
            assert_eq!(kept.file_name(), path.rsplit('/').next().unwrap());
        }
        let long = "x".repeat(COMPONENT_BYTES_MAX + 1);
        let deep = "x/".repeat(PATH_BYTES_MAX / 2) + "x";
        for path in [
            "",
            "/",
            "/etc/passwd",
            "..",
            ".",
            "../x",
            "a/..",
            "a/../b",
            "a/./b",
            "a//b",
            "a/",
            "//x",
            "\\x",
            "a\\..\\b",
            "a\0b",
            "a\nb",
            "C:/x",
            "c:x",
            "a\u{7f}",
            "a\u{85}b",
            &long,
            &deep,
        ] {
            assert!(RelPath::new(path).is_err(), "{path:?}");
            assert!(serde_json::from_value::<RelPath>(path.into()).is_err(), "{path:?}");
        }
    }
}
