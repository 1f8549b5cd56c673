//! Why a command did not do what it was asked: the text, the advice and the
//! exit code. Knows no command.

use std::io;
use std::path::Path;

use crate::home::{HomeError, NETWORK_STORE_VARIABLE};
use crate::store::StoreError;

/// Anything that has no code of its own, and the answer "no" of `sync` and `verify`.
pub const EXIT_FAILED: u8 = 1;
/// The home is served by another daemon or hub.
pub const EXIT_HELD: u8 = 3;
/// There was no daemon to ask, and none could be started.
pub const EXIT_NOBODY: u8 = 69;

/// A command's failure, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What happened, to which object. Empty: nothing that needs to be said.
    pub error: String,
    /// What to do next.
    pub hint: Option<String>,
    /// The exit code.
    pub code: u8,
}

/// What commands return: an exit code, or why there was no result.
pub type Result<T = u8, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// A failure with exit code 1 and no advice.
    pub fn new(error: impl Into<String>) -> Self {
        Self { error: error.into(), hint: None, code: EXIT_FAILED }
    }

    /// With advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With another exit code.
    #[must_use]
    pub fn code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// The advice behind what is said of it: ` (…)`, or nothing.
    #[must_use]
    pub fn advice(&self) -> String {
        self.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default()
    }

    /// A file or folder that could not be used; `deed` as in "cannot write".
    #[must_use]
    pub fn file(deed: &str, path: &Path, source: &io::Error) -> Self {
        Self::new(format!("cannot {deed} {}: {source}", path.display()))
    }
}

/// Standard output that cannot be written. A reader who has seen enough
/// (`pannier … | head`) is no failure worth words.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self { error: String::new(), hint: None, code: 0 },
            _ => Self::new(format!("cannot write the output: {error}")),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        match error.io_error_kind() {
            Some(kind) => io::Error::from(kind).into(),
            None => Self::new(format!("the daemon's answer is not what this version expects: {error}"))
                .hint("daemon and command line may be of different versions; see `pannier doctor`"),
        }
    }
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        let failure = Self::new(error.to_string());
        match error {
            HomeError::Held { .. } => failure
                .hint("one daemon serves a home; see `pannier status`, or set PANNIER_HOME to another folder")
                .code(EXIT_HELD),
            HomeError::NotPrivate { .. } => failure
                .hint("set PANNIER_HOME to a folder that belongs to you and that nobody else can enter"),
            HomeError::Network { instead, .. } => {
                let local = match instead {
                    Some(local) => format!("set PANNIER_HOME={}", local.display()),
                    None => "set PANNIER_HOME to a folder on a disk of this machine".to_owned(),
                };
                failure.hint(format!(
                    "{local}, and bring its runs away with `pannier run --folder DIR`, a remote, or both. Or insist, with \
                     {NETWORK_STORE_VARIABLE}=1 or --unsafe-network-store: then only processes of one machine may use \
                     the home, commits are slow, and a failure of the file system can cost it"
                ))
            }
            HomeError::Io { .. } => failure.hint(
                "set PANNIER_HOME to a folder on a local disk that you can write; `pannier doctor` has more",
            ),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let failure = Self::new(error.to_string());
        match error {
            StoreError::Full => failure.hint("make room on the disk of the home"),
            StoreError::Newer { .. } => failure.hint("use the newer pannier that made this home"),
            _ => failure,
        }
    }
}
