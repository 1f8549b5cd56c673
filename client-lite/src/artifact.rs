//! Owns what becomes of an artifact, or of a file, that a program logs: checked,
//! its bytes set aside, and named in the journal. From then on it survives the
//! program, and needs no daemon. Both doors, Rust's `Run` and Python's
//! `Session`, come through here.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pannier_proto::artifact::LoggedArtifact;
use pannier_proto::id::WriterId;
use pannier_proto::path::RelPath;
use pannier_proto::request::{AwaitArtifact, AwaitedArtifact};
use pannier_proto::snapshot::{ArtifactName, Logged, Snapshot, Taken, What};

use crate::connection::{Answer, Request};
use crate::daemon::Daemon;
use crate::journal::now_us;
use crate::session::said;
use crate::snapshot::{self, Failed};

/// How much longer than asked the answer may be under way.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// Why something cannot be logged: the only faults that a program hears of.
#[derive(Debug)]
pub enum Unloggable {
    /// What was passed is not as it must be.
    Input(String),
    /// A file cannot be read.
    File(PathBuf, io::Error),
}

impl fmt::Display for Unloggable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(text) => f.write_str(text),
            Self::File(path, error) => write!(f, "cannot read {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for Unloggable {}

/// Something to be logged, checked.
#[derive(Debug)]
pub struct Wish {
    snapshot: Snapshot,
    from: Vec<PathBuf>,
}

/// What a wish came to.
#[derive(Debug)]
pub enum Outcome {
    /// The snapshot is whole: the journal is to name it.
    Whole(Logged, Vec<PathBuf>),
    /// It could not be written.
    NotKept(String),
}

impl Wish {
    /// An artifact; `files` says, by path in the artifact, which files on this
    /// machine are to be copied.
    ///
    /// # Errors
    /// [`Unloggable::Input`].
    pub fn artifact(
        artifact: LoggedArtifact,
        files: impl IntoIterator<Item = (String, PathBuf)>,
    ) -> Result<Self, Unloggable> {
        let name = &artifact.collection;
        let bad = |what: String| Unloggable::Input(format!("artifact {name:?}: {what}"));
        for (empty, what) in [
            (name.is_empty(), "name"),
            (artifact.kind.is_empty(), "type"),
            (artifact.client_id.is_empty(), "client id"),
        ] {
            if empty {
                return Err(bad(format!("it has no {what}")));
            }
        }
        let (mut taken, mut from) = (Vec::new(), Vec::new());
        let mut with_bytes = std::collections::HashSet::new();
        for (path, local) in files {
            if !artifact.entries.contains_key(&path) {
                return Err(bad(format!("there are bytes for {path:?}, which is not among its entries")));
            }
            if !with_bytes.insert(path.clone()) {
                return Err(bad(format!("there are two files for {path:?}")));
            }
            let path = RelPath::new(&path).map_err(|error| bad(error.to_string()))?;
            taken.push(Taken { path, size: 0 });
            from.push(local);
        }
        for (path, entry) in &artifact.entries {
            RelPath::new(path).map_err(|error| bad(error.to_string()))?;
            if !with_bytes.contains(path) && entry.digest.is_none() {
                return Err(bad(format!("the entry {path:?} has neither a file nor a digest")));
            }
        }
        let what = What::Artifact(Box::new(artifact));
        Ok(Self { snapshot: Snapshot { what, files: taken }, from })
    }

    /// A file of the run, at this path of it.
    ///
    /// # Errors
    /// [`Unloggable::Input`].
    pub fn file(path: &str, local: PathBuf) -> Result<Self, Unloggable> {
        let path = RelPath::new(path).map_err(|error| Unloggable::Input(error.to_string()))?;
        let what = What::File { time_us: now_us() };
        Ok(Self { snapshot: Snapshot { what, files: vec![Taken { path, size: 0 }] }, from: vec![local] })
    }

    /// Takes the snapshot, as this writer's with this number. May take as long as
    /// copying the files does: hold nothing that others wait for.
    ///
    /// # Errors
    /// [`Unloggable::File`].
    pub fn take(mut self, writer: &Path, number: u64) -> Result<Outcome, Unloggable> {
        let object = self.object();
        let changing = match snapshot::take(writer, number, &mut self.snapshot, &self.from) {
            Ok(changing) => changing,
            Err(Failed::Source(path, error)) => return Err(Unloggable::File(path, error)),
            Err(Failed::Spool(error)) => {
                return Ok(Outcome::NotKept(format!("{object} could not be copied into the spool: {error}")));
            }
        };
        let artifact = match self.snapshot.what {
            What::Artifact(artifact) => {
                let LoggedArtifact { client_id, distributed_id, finalize, .. } = *artifact;
                Some(ArtifactName { client_id, distributed_id, finalize })
            }
            What::File { .. } => None,
        };
        Ok(Outcome::Whole(Logged { number, artifact }, changing))
    }

    fn object(&self) -> String {
        match &self.snapshot.what {
            What::Artifact(artifact) => format!("artifact {:?}", artifact.collection),
            What::File { .. } => {
                format!("file {}", self.snapshot.files.first().map_or("?", |file| file.path.as_str()))
            }
        }
    }
}

/// Waits until the daemon has stored an artifact, or will not.
///
/// # Errors
/// Where no daemon answers, or it does not understand.
pub fn wait(
    daemon: &Daemon,
    writer: WriterId,
    client_id: &str,
    timeout: Duration,
) -> io::Result<AwaitedArtifact> {
    let asked = AwaitArtifact { client_id: client_id.to_owned(), timeout_s: timeout.as_secs_f64() };
    // Plain data: serialising it cannot fail.
    let body = serde_json::to_vec(&asked).unwrap_or_default();
    let path = format!("/v1/writers/{writer}/await");
    let request = Request { method: "POST", path: &path, body: &body };
    match daemon.ask(request, timeout + ANSWER_WAIT)? {
        Answer { status: 200..300, body } => Ok(serde_json::from_slice(&body)?),
        Answer { body, .. } => Err(io::Error::other(said(&body))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pannier_proto::artifact::LoggedEntry;

    fn artifact(entries: &[&str]) -> LoggedArtifact {
        let entries = entries.iter().map(|path| ((*path).to_owned(), LoggedEntry::default())).collect();
        let (client_id, collection, kind) = ("c".to_owned(), "a".to_owned(), "model".to_owned());
        LoggedArtifact { client_id, collection, kind, entries, ..LoggedArtifact::default() }
    }

    #[test]
    fn hostile_and_contradictory_entries_are_refused() {
        for path in ["../x", "/etc/passwd", "a\0b", "a/../b", "", &"x".repeat(300), "C:/x", "a\\b"] {
            let files = [(path.to_owned(), PathBuf::from("/dev/null"))];
            assert!(Wish::artifact(artifact(&[path]), files).is_err(), "{path:?}");
            assert!(Wish::file(path, "/dev/null".into()).is_err(), "{path:?}");
        }
        let with = |files: &[&str]| {
            let files = files.iter().map(|path| ((*path).to_owned(), PathBuf::from("/dev/null")));
            Wish::artifact(artifact(&["a", "A"]), files.collect::<Vec<_>>())
        };
        assert!(with(&["a", "A"]).is_ok(), "what differs by case is not the same");
        assert!(with(&["a"]).is_err(), "an entry without bytes");
        assert!(with(&["a", "A", "b"]).is_err(), "bytes without an entry");
        assert!(with(&["a", "A", "a"]).is_err(), "bytes twice");
        assert!(Wish::artifact(LoggedArtifact { kind: String::new(), ..artifact(&[]) }, []).is_err());
    }
}
