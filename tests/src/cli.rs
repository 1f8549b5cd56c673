//! The binary, run as a person runs it. A command that fails shows its folder,
//! status and both streams.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The `pannier` binary: `PANNIER_BIN`, else the one that cargo built beside
/// this test.
pub fn pannier_bin() -> &'static Path {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    BIN.get_or_init(|| match std::env::var_os("PANNIER_BIN") {
        Some(bin) => PathBuf::from(bin),
        None => built("pannier"),
    })
}

/// A binary of this workspace.
#[must_use]
pub fn built(name: &str) -> PathBuf {
    let here = std::env::current_exe().expect("a test knows where it is");
    let mut dirs = here.ancestors().skip(1).take(2);
    dirs.find_map(|dir| Some(dir.join(name)).filter(|path| path.is_file()))
        .unwrap_or_else(|| panic!("`{name}` is not built; cargo build -p pannier -p pannier-tests --bins"))
}

/// A command with none of our variables but those given to it later.
#[must_use]
pub fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("PANNIER_") || name.starts_with("WANDB_") {
            command.env_remove(&*name);
        }
    }
    command.env("PANNIER_BIN", pannier_bin()).stdin(Stdio::null());
    command
}

/// What a command came to.
#[must_use]
pub struct Output {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
    shown: String,
}

impl Output {
    /// Runs it to its end.
    pub fn of(command: &mut Command) -> Self {
        let shown = format!("{command:?} in {:?}", command.get_current_dir().unwrap_or(Path::new(".")));
        let out = command.output().unwrap_or_else(|error| panic!("{shown}: {error}"));
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: out.status.code(), stdout: text(out.stdout), stderr: text(out.stderr), shown }
    }

    /// Panics unless it ended with this code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "{}\n--- stdout\n{}\n--- stderr\n{}",
            self.shown,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Its stdout as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.shown, self.stdout))
    }
}
