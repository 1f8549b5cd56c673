//! Names and ids. Every name that enters pannier from outside passes through
//! a constructor here, so that no other module has to distrust one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest entity or project name, in characters (W&B's own limit).
pub const NAME_CHARS_MAX: usize = 128;
/// The longest run id, in characters (W&B's own limit).
pub const RUN_ID_CHARS_MAX: usize = 128;
/// The entity of runs that name none.
pub const DEFAULT_ENTITY: &str = "local";
/// The project of runs that name none, as W&B calls it.
pub const DEFAULT_PROJECT: &str = "uncategorized";

/// Stands in a path for the project as such, where a run's id would be.
const WORKSPACE: &str = "@workspace";
/// The longest name of a collection, in characters (W&B's own limit).
pub const COLLECTION_CHARS_MAX: usize = 128;

/// Says what is wrong with a name, in words fit for the person who chose it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {name:?} {problem}")]
pub struct BadName {
    /// Which kind of name: `entity`, `project`, `run id`.
    pub what: &'static str,
    /// The name, cut to 64 characters.
    pub name: String,
    /// What is wrong and what is allowed.
    pub problem: String,
}

fn check(what: &'static str, name: &str, max_chars: usize) -> Result<(), BadName> {
    let fail = |problem: String| Err(BadName { what, name: name.chars().take(64).collect(), problem });
    if name.is_empty() {
        return fail("is empty".to_owned());
    }
    let chars = name.chars().count();
    if chars > max_chars {
        return fail(format!("has {chars} characters; at most {max_chars} are allowed"));
    }
    if name == "." || name == ".." {
        return fail("is a path, not a name".to_owned());
    }
    if let Some(c) = name.chars().find(|c| c.is_control() || "/\\#?%:".contains(*c)) {
        return fail(format!("contains {c:?}; control characters and / \\ # ? % : are not allowed"));
    }
    if name.trim() != name {
        return fail("begins or ends with a space".to_owned());
    }
    Ok(())
}

/// The three names that identify a run everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "RawRunPath")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RunPath {
    /// The user or team that owns the run.
    pub entity: String,
    /// The project the run belongs to.
    pub project: String,
    /// The run's id, unique within the project.
    pub run: String,
}

#[derive(Deserialize)]
struct RawRunPath {
    entity: String,
    project: String,
    run: String,
}

impl TryFrom<RawRunPath> for RunPath {
    type Error = BadName;
    fn try_from(raw: RawRunPath) -> Result<Self, BadName> {
        Self::new(&raw.entity, &raw.project, &raw.run)
    }
}

impl RunPath {
    /// Checks the three names.
    ///
    /// # Errors
    /// [`BadName`] for the first that is empty, too long, or holds a control
    /// character or one of `/ \ # ? % :`.
    pub fn new(entity: &str, project: &str, run: &str) -> Result<Self, BadName> {
        check("entity", entity, NAME_CHARS_MAX)?;
        check("project", project, NAME_CHARS_MAX)?;
        check("run id", run, RUN_ID_CHARS_MAX)?;
        Ok(Self { entity: entity.to_owned(), project: project.to_owned(), run: run.to_owned() })
    }

    /// The path of a project as such: its stream holds what belongs to no run.
    ///
    /// # Errors
    /// As [`RunPath::new`].
    pub fn workspace(entity: &str, project: &str) -> Result<Self, BadName> {
        Self::new(entity, project, WORKSPACE)
    }

    /// Whether it is no run's, but a workspace's.
    #[must_use]
    pub fn is_workspace(&self) -> bool {
        self.run == WORKSPACE
    }
}

/// Checks a name of a collection of artifacts: what the W&B SDK lets through.
///
/// # Errors
/// [`BadName`].
pub fn check_collection(name: &str) -> Result<(), BadName> {
    check("artifact name", name, COLLECTION_CHARS_MAX)
}

/// Checks a name of a version. `v3` is none: it would hide a version's number.
///
/// # Errors
/// [`BadName`].
pub fn check_alias(alias: &str) -> Result<(), BadName> {
    let bad = |problem: &str| {
        Err(BadName { what: "alias", name: alias.chars().take(64).collect(), problem: problem.to_owned() })
    };
    if alias.is_empty() || alias.chars().count() > COLLECTION_CHARS_MAX {
        return bad("is empty, or longer than 128 characters");
    }
    if alias.chars().any(|c| c.is_control() || c == '/' || c == ':') {
        return bad("contains / or : or a control character, which are not allowed");
    }
    let number = alias
        .strip_prefix('v')
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()));
    if number { bad("is what the versions' own numbers look like; use another name") } else { Ok(()) }
}

impl fmt::Display for RunPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_workspace() {
            return write!(f, "{}/{}", self.entity, self.project);
        }
        write!(f, "{}/{}/{}", self.entity, self.project, self.run)
    }
}

/// A 128-bit random id, written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "string"))]
pub struct Id128(pub [u8; 16]);

impl fmt::Display for Id128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Id128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id128 {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let bad = || BadName {
            what: "id",
            name: text.chars().take(64).collect(),
            problem: "is not 32 hexadecimal digits".to_owned(),
        };
        if text.len() != 32 || !text.is_ascii() {
            return Err(bad());
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| bad())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Id128 {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id128 {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Identifies a daemon's home; made once, when the home is made.
pub type Origin = Id128;
/// Identifies one writer's journal: one process, one run, one life.
pub type WriterId = Id128;

/// A record's position in its stream. The first record has `Seq` 1; 0 is
/// "nothing yet", which is also where every cursor starts.
pub type Seq = u64;

/// A new run id: eight characters of `a-z0-9`, as the W&B SDK makes them,
/// from eight random bytes.
#[must_use]
pub fn run_id(random: [u8; 8]) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    random.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % 36])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_names_are_refused_with_a_reason() {
        for (name, reason) in [
            ("", "is empty"),
            ("..", "is a path"),
            ("a/b", "contains '/'"),
            ("a\u{0}", "contains"),
            (" a", "begins or ends with a space"),
            (&"x".repeat(129), "at most 128"),
        ] {
            let error = RunPath::new("e", name, "r").unwrap_err().to_string();
            assert!(error.starts_with("project"), "{error}");
            assert!(error.contains(reason), "{error} should say {reason}");
        }
        assert!(RunPath::new("Ünï", "p.q-1 x", "r").is_ok());
    }

    #[test]
    fn what_looks_like_a_number_is_no_alias() {
        for (alias, good) in [("best", true), ("v", true), ("v1a", true), ("v3", false), ("a/b", false)] {
            assert_eq!(check_alias(alias).is_ok(), good, "{alias}");
        }
    }

    #[test]
    fn ids_survive_their_text_form() {
        let id = Id128([0xab; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("xyz".parse::<Id128>().is_err());
        assert!("é".repeat(16).parse::<Id128>().is_err());
    }
}
