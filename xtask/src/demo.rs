//! `cargo xtask demo`: the main job as a story. Real processes, real kills; at
//! the end hub and local home are compared row by row.

mod compare;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::python::{self, Venv};
use crate::sh::{self, Profile, Running};

const STEPS: i64 = 400;
const PATIENCE: Duration = Duration::from_secs(30);
/// What the model's way left, asked for here and there.
const QUESTIONS: &[(&str, &[&str], &[&str])] = &[
    (
        "the version in the registry",
        &["artifact", "show", "wandb-registry-Seeds/Demo-pannier:latest"],
        &["id", "digest", "size"],
    ),
    ("the report", &["reports", "show", "What came of it"], &["id", "display_name", "spec"]),
];
/// A daemon or hub that lost its xtask leaves by itself.
const IDLE_S: &str = "120";

/// Runs it; an error means that the promise was not kept.
pub fn run() -> Result<()> {
    let venv = Venv::ready()?;
    let package = python::package(Profile::Dev)?;
    let began = Instant::now();
    let dir = sh::target().join("demo");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(dir.join("home"))?;
    fs::create_dir_all(dir.join("hub"))?;
    let stage = Stage { dir, python: venv.python(), package, pannier: Profile::Dev.pannier() };

    sh::step("a hub's address, and nobody there yet");
    let address = unused_address()?;
    let token = sh::output(stage.pannier("hub").args(["hub", "user", "add", "demo"]))?;
    let token =
        token.split_whitespace().last().context("`pannier hub user add` printed no token")?.to_owned();
    private(&stage.dir.join("hub.token"), &token)?;
    let mut daemon = stage.daemon()?;
    sh::run(
        stage
            .pannier("home")
            .args(["remote", "add", "hub", &format!("http://{address}"), "--token-file"])
            .arg(stage.dir.join("hub.token")),
    )?;

    sh::step("first run: softmax regression, undisturbed");
    let mut trainer = Trainer::start(&stage, "softmax", &["--hidden", "0", "--steps", "120"])?;
    trainer.finish()?;

    sh::step(&format!("second run: a network with one hidden layer, {STEPS} steps"));
    let steps = STEPS.to_string();
    let args = ["--steps", steps.as_str(), "--pause-ms", "5"];
    let mut trainer = Trainer::start(&stage, "network", &args)?;
    trainer.reach(STEPS / 3)?;
    trainer.process.kill()?;
    println!("    *** trainer killed (SIGKILL)");
    let mut trainer = Trainer::start(&stage, "network", &args)?;
    trainer.reach(2 * STEPS / 3)?;
    daemon.kill()?;
    println!("    *** daemon killed (SIGKILL); training goes on");
    trainer.reach(2 * STEPS / 3 + 60)?;
    let daemon = stage.daemon()?;
    println!("    *** a new daemon is up");
    trainer.finish()?;

    sh::step("a model's way, offline: trained, in a registry, used from there, in a report");
    stage.tell_of_a_model()?;

    sh::step("the network comes: hub up, sync");
    // Its exit code says that something waits, which is what is to be seen.
    print!("{}", String::from_utf8_lossy(&stage.pannier("home").arg("status").output()?.stdout));
    let hub = stage.hub(&address)?;
    sh::run(stage.pannier("home").args(["sync", "--wait", "--timeout", "30"]))?;

    sh::step("hub and home, compared run by run");
    let expected = [("softmax", 120), ("network", STEPS)];
    let differences = compare::runs(&stage.pannier("home"), &stage.pannier("hub"), &expected)?;
    compare::answers(&stage.pannier("home"), &stage.pannier("hub"), QUESTIONS)?;
    sh::run(stage.pannier("home").args(["verify", "--remote", "hub"]))?;
    hub.stop(PATIENCE)?;
    daemon.stop(PATIENCE)?;
    if differences > 0 {
        bail!("hub and home differ in {differences} places");
    }
    println!("\nEverything that was logged is at the hub, once. {:.0} s.", began.elapsed().as_secs_f64());
    stage.where_to_look();
    Ok(())
}

struct Stage {
    dir: PathBuf,
    python: PathBuf,
    package: PathBuf,
    pannier: PathBuf,
}

impl Stage {
    /// `pannier`, with `home` or `hub` as its home.
    fn pannier(&self, home: &str) -> Command {
        let mut command = Command::new(&self.pannier);
        command.env("PANNIER_HOME", self.dir.join(home)).env_remove("PANNIER_SOCKET").current_dir(sh::root());
        command
    }

    fn daemon(&self) -> Result<Running> {
        let running = Running::start(
            self.pannier("home")
                .args(["daemon", "--idle", IDLE_S])
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        let socket = self.dir.join("home/pannier.sock");
        sh::until(PATIENCE, || Ok((sh::get(&socket, "/ready") == Some(200)).then_some(())))?.with_context(
            || {
                format!(
                    "the daemon is not ready after {PATIENCE:?}; see {}",
                    self.dir.join("home/daemon.log").display()
                )
            },
        )?;
        Ok(running)
    }

    fn hub(&self, address: &str) -> Result<Running> {
        let mut hub = Running::start(
            self.pannier("hub")
                .args(["hub", "--listen", address])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        )?;
        let stdout = hub.child.stdout.take().context("the hub has no stdout")?;
        let said =
            BufReader::new(stdout).lines().map_while(Result::ok).find(|line| line.contains("listening on"));
        println!(
            "    {}",
            said.context("the hub ended before it was listening; see target/demo/hub/daemon.log")?
        );
        Ok(hub)
    }

    /// The story of `tests/wandb`, told with `import pannier as wandb`.
    fn tell_of_a_model(&self) -> Result<()> {
        let stories = sh::root().join("tests/wandb/stories");
        let work = self.dir.join("model");
        fs::create_dir_all(&work)?;
        let mut story = self.script();
        story.arg(stories.join("seed.py")).arg("pannier").current_dir(&work);
        story.env("PYTHONPATH", std::env::join_paths([&stories, &self.package])?);
        sh::run(story.env("STORY_TOLD", work.join("told.json")))
    }

    /// Python, led to the home.
    fn script(&self) -> Command {
        let mut command = Command::new(&self.python);
        command
            .env("PANNIER_HOME", self.dir.join("home"))
            .env_remove("PANNIER_SOCKET")
            .env("PYTHONPATH", &self.package)
            .env("PANNIER_BIN", &self.pannier);
        command
    }

    fn where_to_look(&self) {
        let home = self.dir.join("home").display().to_string();
        let bin = self.pannier.display();
        println!("Look around (any of these starts a daemon and leaves it to end by itself):");
        println!("    export PANNIER_HOME={home}");
        println!("    {bin} open                      the dashboard, in a browser");
        println!("    {bin} runs list");
        println!("    {bin} runs show local/digits/network");
        println!("    {bin} runs history local/digits/network | tail");
        println!("    {bin} status");
        println!("and the same with PANNIER_HOME={}", self.dir.join("hub").display());
    }
}

/// One life of the training script.
struct Trainer {
    process: Running,
    lines: Receiver<String>,
}

impl Trainer {
    fn start(stage: &Stage, id: &str, args: &[&str]) -> Result<Self> {
        let mut command = stage.script();
        command.arg(sh::root().join("xtask/demo/train.py")).args(["--id", id, "--checkpoint"]);
        command.arg(stage.dir.join(format!("{id}.npz"))).args(args).stdout(Stdio::piped());
        command.env("OMP_NUM_THREADS", "1").env("OPENBLAS_NUM_THREADS", "1");
        let mut process = Running::start(&mut command)?;
        let stdout = process.child.stdout.take().context("the trainer has no stdout")?;
        let (to, lines) = sync_channel(1000);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                println!("    {line}");
                if to.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { process, lines })
    }

    /// Waits until it says that it has done this step.
    fn reach(&self, step: i64) -> Result<()> {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).context("the trainer fell silent")?;
            let at =
                line.split_once(": step ").and_then(|(_, rest)| rest.split(' ').next()?.parse::<i64>().ok());
            if at.is_some_and(|at| at >= step) {
                return Ok(());
            }
        }
    }

    fn finish(&mut self) -> Result<()> {
        let status = self.process.wait(PATIENCE)?;
        if !status.success() {
            bail!("the trainer ended with {status}");
        }
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            if line.ends_with("finished") {
                break;
            }
        }
        Ok(())
    }
}

/// An address that was free a moment ago.
fn unused_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

fn private(path: &std::path::Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    Ok(writeln!(file, "{text}")?)
}
