//! A fresh home with what a benchmark does to it: Python workers, a daemon, a
//! hub; and what the kernel says that they used.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value as Json;

use crate::python::Venv;
use crate::sh::{self, Profile, Running};

const PATIENCE: Duration = Duration::from_secs(120);

/// A home under target/bench.
pub struct Machine {
    pub dir: PathBuf,
    python: PathBuf,
    package: PathBuf,
}

impl Machine {
    pub fn fresh(venv: &Venv, package: &Path) -> Result<Self> {
        let dir = sh::target().join("bench/work");
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        for home in ["home", "hub"] {
            fs::create_dir_all(dir.join(home))?;
        }
        Ok(Self { dir, python: venv.python(), package: package.to_owned() })
    }

    /// `pannier`, on the home or on the hub's.
    pub fn pannier(&self, home: &str, args: &[&str]) -> Command {
        let mut command = Command::new(Profile::Release.pannier());
        self.env(command.args(args), home);
        command
    }

    fn env(&self, command: &mut Command, home: &str) {
        command.env("PANNIER_HOME", self.dir.join(home)).env_remove("PANNIER_SOCKET").current_dir(&self.dir);
        command.env("PANNIER_BIN", Profile::Release.pannier()).env("PYTHONPATH", &self.package);
    }

    /// A daemon of the home that serves.
    pub fn daemon(&self) -> Result<Running> {
        let running = Running::start(self.pannier("home", &["daemon"]).stdout(Stdio::null()))?;
        let socket = self.dir.join("home/pannier.sock");
        sh::until(PATIENCE, || Ok((sh::get(&socket, "/ready") == Some(200)).then_some(())))?
            .context("the daemon is not ready")?;
        Ok(running)
    }

    /// A user of the hub, and the address that it will have.
    pub fn hub_to_be(&self) -> Result<String> {
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let token = sh::output(&mut self.pannier("hub", &["hub", "user", "add", "bench"]))?;
        fs::write(self.dir.join("token"), token.split_whitespace().last().context("no token")?)?;
        Ok(address)
    }

    /// The home sends to it from now on.
    pub fn add_hub(&self, address: &str) -> Result<()> {
        let url = format!("http://{address}");
        sh::run(&mut self.pannier("home", &["remote", "add", "hub", &url, "--token-file", "token"]))
    }

    /// The hub, when it serves.
    pub fn hub(&self, address: &str) -> Result<Running> {
        let running = Running::start(&mut self.pannier("hub", &["hub", "--listen", address]))?;
        let socket = self.dir.join("hub/pannier.sock");
        sh::until(PATIENCE, || Ok((sh::get(&socket, "/ready") == Some(200)).then_some(())))?
            .context("the hub is not ready")?;
        Ok(running)
    }

    /// Waits until everything is at the hub.
    pub fn sync(&self) -> Result<()> {
        sh::run(&mut self.pannier("home", &["sync", "--wait", "--timeout", "300"]))
    }

    /// The bytes below a folder of this machine, in files and their count.
    pub fn below(&self, dir: &str) -> Result<(u64, u64)> {
        below(&self.dir.join(dir))
    }

    /// The same with another Python.
    pub fn with_python(&self, venv: &Venv) -> Self {
        Self { dir: self.dir.clone(), python: venv.python(), package: self.package.clone() }
    }

    /// The same in another folder.
    pub fn at(&self, dir: PathBuf) -> Self {
        Self { dir, python: self.python.clone(), package: self.package.clone() }
    }

    /// Runs a case of worker.py; what it says.
    pub fn worker(&self, case: &str, params: &Json) -> Result<Json> {
        self.say("worker.py", case, params, &[])
    }

    /// Runs a case of wandb_worker.py, with the variables of W&B's clients.
    pub fn wandb_worker(&self, case: &str, params: &Json) -> Result<Json> {
        self.wandb_script("wandb_worker.py", case, params)
    }

    /// The same of another script.
    pub fn wandb_script(&self, script: &str, case: &str, params: &Json) -> Result<Json> {
        let variables = sh::output(&mut self.pannier("home", &["env", "--json"]))?;
        let variables: Json = serde_json::from_str(&variables)?;
        let variables = variables.as_object().context("`pannier env` says nothing")?;
        let mut set: Vec<_> = variables
            .iter()
            .filter(|(name, _)| name.starts_with("WANDB_"))
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        for folder in ["WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR"] {
            set.push((folder.to_owned(), self.dir.join("wandb").display().to_string()));
        }
        fs::create_dir_all(self.dir.join("wandb"))?;
        self.say(script, case, params, &set)
    }

    /// Runs tests/browser/bench.py, which has a daemon of its own.
    pub fn browser(&self) -> Result<Json> {
        let mut command = Command::new(&self.python);
        command.arg(sh::root().join("tests/browser/bench.py")).env("PANNIER_BIN", Profile::Release.pannier());
        last_line(command.env("PANNIER_PACKAGE", &self.package), "tests/browser/bench.py")
    }

    /// Runs a script of xtask/bench; what it says on its last line.
    pub fn script(&self, name: &str, args: &[&str]) -> Result<Json> {
        let mut command = Command::new(&self.python);
        last_line(command.arg(sh::root().join("xtask/bench").join(name)).args(args), name)
    }

    fn say(&self, worker: &str, case: &str, params: &Json, set: &[(String, String)]) -> Result<Json> {
        let mut command = Command::new(&self.python);
        command.arg(sh::root().join("xtask/bench").join(worker)).arg(case).arg(params.to_string());
        self.env(&mut command, "home");
        command.envs(set.iter().map(|(name, value)| (name, value)));
        last_line(&mut command, worker)
    }

    /// Waits until every journal is in the store.
    pub fn settle(&self) -> Result<()> {
        let spool = self.dir.join("home/spool");
        let writers = || fs::read_dir(&spool).map_or(0, Iterator::count);
        sh::until(PATIENCE, || Ok((writers() == 0).then_some(())))?.context("the daemon does not keep up")
    }

    /// The home's bytes on disk, once they stay the same for two seconds.
    pub fn bytes_at_rest(&self) -> Result<u64> {
        let home = self.dir.join("home");
        let (mut bytes, mut since) = (below(&home)?.0, Instant::now());
        let settled = sh::until(PATIENCE, || {
            let found = below(&home)?.0;
            if found != bytes {
                (bytes, since) = (found, Instant::now());
            }
            Ok((since.elapsed() > Duration::from_secs(2)).then_some(bytes))
        })?;
        settled.context("the home does not come to rest")
    }
}

/// What a script says on its last line.
fn last_line(command: &mut Command, name: &str) -> Result<Json> {
    let text = sh::output(command)?;
    serde_json::from_str(text.lines().last().unwrap_or_default())
        .with_context(|| format!("{name} says nothing"))
}

/// The bytes in the files below a folder, and how many files they are. What goes
/// meanwhile is left out.
fn below(dir: &Path) -> Result<(u64, u64)> {
    let (mut bytes, mut files) = (0, 0);
    for entry in fs::read_dir(dir)?.flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        let inside = if meta.is_dir() { below(&entry.path()).unwrap_or_default() } else { (meta.len(), 1) };
        bytes += inside.0;
        files += inside.1;
    }
    Ok((bytes, files))
}

/// What a process has used since it began: CPU seconds, and memory at most, MB.
pub struct Used {
    pub cpu_s: f64,
    pub memory_mb: f64,
}

/// Asks the kernel.
pub fn used(process: &Running) -> Result<Used> {
    let dir = PathBuf::from(format!("/proc/{}", process.child.id()));
    let stat = fs::read_to_string(dir.join("stat"))?;
    // The name, in parentheses, may hold anything; user and system time are the
    // 12th and 13th field behind it, in hundredths of a second.
    let (_, fields) = stat.rsplit_once(") ").context("/proc/PID/stat is not as it should be")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    let status = fs::read_to_string(dir.join("status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let peak: f64 = peak.context("/proc/PID/status has no VmHWM")?.trim().parse()?;
    Ok(Used { cpu_s: ticks / 100.0, memory_mb: peak / 1024.0 })
}
