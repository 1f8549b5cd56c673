//! Running other programs: says what is run, fails with what failed, and ends
//! what it started. Knows the repository's layout; knows no command of ours.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// A cargo profile, and where it puts its binaries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Dev,
    Release,
}

impl Profile {
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "dev" => Ok(Self::Dev),
            "release" => Ok(Self::Release),
            other => bail!("the profile is dev or release, not `{other}`"),
        }
    }

    pub fn name(self) -> &'static str {
        if self == Self::Dev { "dev" } else { "release" }
    }

    pub fn dir(self) -> PathBuf {
        target().join(if self == Self::Dev { "debug" } else { "release" })
    }

    /// The `pannier` binary of this profile.
    pub fn pannier(self) -> PathBuf {
        self.dir().join("pannier")
    }
}

/// The repository's root.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
        let root = if here.join("../Cargo.lock").exists() { here.join("..") } else { PathBuf::from(".") };
        root.canonicalize().unwrap_or(root)
    })
}

/// Cargo's target folder.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Says what begins now.
pub fn step(text: &str) {
    println!("\n==> {text}");
    let _ = std::io::stdout().flush();
}

/// `cargo`, in the root. The variable tells PyO3 not to look for a libpython
/// to link with; it is set for every call, so that no two calls rebuild each
/// other's work.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root()).env("PYO3_BUILD_EXTENSION_MODULE", "1");
    command
}

/// The command as a person would type it.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> =
        words.map(|word| word.to_string_lossy().replace(&root().display().to_string(), ".")).collect();
    words.join(" ")
}

/// Runs it with our own streams.
pub fn run(command: &mut Command) -> Result<()> {
    println!("    $ {}", shown(command));
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    succeeded(command, status)
}

/// Runs it and returns what it printed on stdout.
pub fn output(command: &mut Command) -> Result<String> {
    let out = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !out.status.success() {
        eprint!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    }
    succeeded(command, out.status)?;
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// Runs it, shows its two streams as one, and returns that, too.
pub fn tee(command: &mut Command) -> Result<(ExitStatus, String)> {
    println!("    $ {}", shown(command));
    let (reader, writer) = std::io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot start `{}`", shown(command)))?;
    // The command holds the pipe's writing ends; while it does, the reader sees no end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut text = String::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("    {line}");
        text.push_str(&line);
        text.push('\n');
    }
    Ok((child.wait()?, text))
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

/// Whether a program is on the PATH.
pub fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// Installs packages of Debian, where that needs nobody's password.
pub fn install(packages: &[&str]) -> Result<()> {
    let root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root || !on_path("apt-get") {
        return Ok(());
    }
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
        apt
    };
    run(apt().arg("update"))?;
    run(apt().args(["install", "-y", "--no-install-recommends"]).args(packages))
}

/// A program that runs beside us; killed when dropped.
pub struct Running {
    pub child: Child,
    what: String,
}

impl Running {
    pub fn start(command: &mut Command) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start `{}`", shown(command)))?;
        Ok(Self { child, what: shown(command) })
    }

    /// SIGKILL, now.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, then waits; SIGKILL at the deadline.
    pub fn stop(mut self, patience: Duration) -> Result<()> {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        self.wait(patience).map(drop)
    }

    pub fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let status = until(patience, || Ok(self.child.try_wait()?))?;
        status.with_context(|| format!("`{}` did not end within {patience:?}", self.what))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again until there is an answer, or the time is over.
pub fn until<T>(patience: Duration, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<Option<T>> {
    let end = Instant::now() + patience;
    loop {
        if let Some(answer) = ask()? {
            return Ok(Some(answer));
        }
        if Instant::now() > end {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// `HTTP GET` over a Unix socket; the status line's code, if anyone answers.
pub fn get(socket: &Path, route: &str) -> Option<u16> {
    use std::io::Read as _;
    let mut stream = std::os::unix::net::UnixStream::connect(socket).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    write!(stream, "GET {route} HTTP/1.1\r\nHost: pannier\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}
