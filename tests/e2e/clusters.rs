//! The job scripts of `examples/slurm`, as they are, on nodes of a test: each has
//! scratch of its own, all of them see one folder. What SLURM does (`srun`,
//! signals, requeueing, a lost node) the test does with small programs of its own.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use pannier_tests::cli::{built, clean, pannier_bin};
use pannier_tests::daemon::{Process, TestDaemon, TestHome};
use pannier_tests::hub::TestHub;
use pannier_tests::ledger::{Accepted, value};
use pannier_tests::wait;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value as Json;

/// SLURM's own default.
const KILL_WAIT: Duration = Duration::from_secs(30);

/// A cluster: programs, a shared folder, nodes with scratch.
struct Cluster {
    dir: tempfile::TempDir,
    /// Where training writes down what was accepted.
    ledger: PathBuf,
}

impl Cluster {
    /// One whose `python` trains `rows` rows, or until it is told to stop.
    fn new(rows: u64) -> Self {
        let keep = std::env::var_os("PANNIER_TEST_KEEP").is_some();
        let dir =
            tempfile::Builder::new().prefix("pannier-cluster-").disable_cleanup(keep).tempdir().unwrap();
        let bin = dir.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::create_dir_all(dir.path().join("shared")).unwrap();
        let ledger = dir.path().join("ledger");
        std::os::unix::fs::symlink(pannier_bin(), bin.join("pannier")).unwrap();
        let trainer = built("pannier-test-trainer").display().to_string();
        let ledger_text = ledger.display();
        let program = |name: &str, text: &str| {
            let path = bin.join(name);
            std::fs::write(&path, format!("#!/bin/bash\n{text}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        // All ranks of a job of several have one run, as with mode="shared".
        program(
            "python",
            &format!(
                "run=$WANDB_RUN_ID; [ -n \"$SLURM_PROCID\" ] && run=job-$SLURM_JOB_ID\n\
                 exec {trainer} lives \"$run\" {ledger_text}${{SLURM_PROCID:+.$SLURM_PROCID}} \
                 --resume allow --daemon use --pause-us 1000 --rows {rows}"
            ),
        );
        program("scontrol", &format!("echo \"$@\" >> {}/scontrol", dir.path().display()));
        program(
            "srun",
            "for rank in $(seq 0 $((SLURM_NNODES * SLURM_NTASKS_PER_NODE - 1))); do\n\
             node=$((rank / SLURM_NTASKS_PER_NODE))\n\
             SLURM_PROCID=$rank SLURM_NODEID=$node SLURM_TMPDIR=$NODES/$node \"$@\" &\n\
             done\nwait",
        );
        Self { dir, ledger }
    }

    fn node(&self, number: u32) -> PathBuf {
        let scratch = self.dir.path().join(format!("nodes/{number}"));
        std::fs::create_dir_all(&scratch).unwrap();
        scratch
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("shared/pannier")
    }

    /// One life of a job, as `sbatch` starts it on a node.
    fn start(&self, script: &str, node: u32, restarts: u64, more: &[(&str, &str)]) -> Life {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples/slurm");
        let mut command = clean(&scripts.join(script));
        let path = format!("{}/bin:{}", self.dir.path().display(), std::env::var("PATH").unwrap());
        let log = std::fs::File::options().create(true).append(true).open(self.dir.path().join("slurm.out"));
        let log = log.unwrap();
        command
            .env_remove("PANNIER_BIN")
            .env("PATH", path)
            .env("SCRATCH", self.dir.path().join("shared"))
            .env("SLURM_TMPDIR", self.node(node))
            .env("NODES", self.dir.path().join("nodes"))
            .env("SLURM_JOB_ID", "501")
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0);
        if restarts > 0 {
            command.env("SLURM_RESTART_COUNT", restarts.to_string());
        }
        Life { process: Process::start(&mut command), scratch: self.node(node) }
    }

    /// What was said on all nodes.
    fn said(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("slurm.out")).unwrap_or_default()
    }

    fn reach(&self, n: i64) {
        let reached = || Accepted::read(&self.ledger).rows.iter().any(|row| *row >= n).then_some(());
        wait::within(wait::PATIENCE, reached)
            .unwrap_or_else(|| panic!("row {n} is not logged: {}", self.said()));
    }

    /// What a node has on its scratch.
    fn left_on(&self, node: u32) -> Vec<String> {
        let entries = std::fs::read_dir(self.node(node)).unwrap().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    /// What is in the folder, brought to a hub from a login node.
    fn relayed(&self) -> (TestHub, TestHome) {
        let (hub, login) = (TestHub::started(), TestHome::new());
        let _daemon = TestDaemon::start(&login);
        hub.add_to(&login, &hub.url());
        let folder = self.folder().display().to_string();
        let _ = login.run(&["relay", &folder, "--to", "hub", "--once", "--max-seconds", "60"]).expect(0);
        (hub, login)
    }
}

/// A life of a job on one node.
struct Life {
    process: Process,
    scratch: PathBuf,
}

impl Life {
    fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.process.pid()).ok().and_then(Pid::from_raw).unwrap();
        // Those that ended hear nothing.
        let _ = kill_process_group(group, signal);
    }

    /// The daemons of this node's homes, which left the group.
    fn daemons(&self) -> Vec<Pid> {
        let of_ours = |pid: &i32| {
            let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let home = format!("PANNIER_HOME={}", self.scratch.display());
            environ.split(|byte| *byte == 0).any(|entry| entry.starts_with(home.as_bytes()))
        };
        let pids = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter(of_ours).filter_map(Pid::from_raw).collect()
    }

    fn to_all(&self, signal: Signal) {
        self.signal(signal);
        for daemon in self.daemons() {
            let _ = kill_process(daemon, signal);
        }
    }

    /// As `scancel`, and a preemption.
    fn cancel(&mut self) {
        self.to_all(Signal::CONT);
        self.to_all(Signal::TERM);
        self.process.wait(KILL_WAIT).expect("a job ends within KillWait");
    }

    /// As a node that loses its power.
    fn lose(mut self) {
        self.process.kill();
        self.to_all(Signal::KILL);
    }

    #[track_caller]
    fn end(&mut self, cluster: &Cluster) {
        let status = self.process.wait(wait::PATIENCE + wait::PATIENCE).expect("the job ends");
        assert!(status.success(), "{status}: {}", cluster.said());
    }
}

fn view(hub: &TestHub, run: &str) -> Json {
    hub.http().get(&format!("/v1/runs/local/lives/{run}")).expect(200).json()
}

#[track_caller]
fn steps(hub: &TestHub, run: &str) -> Vec<i64> {
    let text = hub.http().get(&format!("/v1/runs/local/lives/{run}/rows?table=history")).expect(200).text();
    let rows = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let step = |row: Json| {
        let step = row["_step"].as_i64().unwrap();
        assert_eq!((row["n"].as_i64(), row["x"].as_f64()), (Some(step), Some(value(step))), "{row}");
        step
    };
    rows.map(step).collect()
}

#[test]
fn five_lives_of_a_batch_job_on_three_nodes_are_one_run_through_the_folder() {
    let cluster = Cluster::new(600);
    for (restarts, node, until) in [(0, 0, 100), (1, 1, 200)] {
        let mut life = cluster.start("batch.sh", node, restarts, &[]);
        cluster.reach(until);
        life.cancel();
        assert_eq!(cluster.left_on(node), Vec::<String>::new(), "the home is gone: {}", cluster.said());
    }
    // A node that is lost keeps its home; what the folder has by then is enough.
    let life = cluster.start("batch.sh", 2, 2, &[]);
    cluster.reach(300);
    life.lose();
    assert_ne!(cluster.left_on(2), Vec::<String>::new());
    let mut life = cluster.start("batch.sh", 0, 3, &[]);
    cluster.reach(400);
    life.cancel();
    let mut life = cluster.start("batch.sh", 1, 4, &[]);
    life.end(&cluster);
    let (hub, _login) = cluster.relayed();
    let run = view(&hub, "job-501");
    let last = run["last_step"].as_i64().unwrap();
    assert_eq!(run["state"], "finished", "{run}");
    assert_eq!(steps(&hub, "job-501"), (0..=last).collect::<Vec<_>>(), "steps without gap");
    // What a life has not handed over when it is killed is an earlier branch.
    assert!(last >= 600, "{last}");
    assert_eq!((run["summary"]["n"].as_i64(), run["summary"]["x"].as_f64()), (Some(last), Some(value(last))));
}

#[test]
fn tasks_of_an_array_have_runs_of_their_own() {
    let cluster = Cluster::new(50);
    for task in ["0", "1", "2"] {
        let more = [("SLURM_ARRAY_JOB_ID", "501"), ("SLURM_ARRAY_TASK_ID", task), ("SLURM_JOB_ID", "510")];
        cluster.start("array.sh", 0, 0, &more).end(&cluster);
    }
    let (hub, _login) = cluster.relayed();
    for task in 0..3 {
        assert_eq!(steps(&hub, &format!("job-501_{task}")).len(), 50);
    }
}

#[test]
fn a_job_at_its_time_limit_puts_itself_back_into_the_queue() {
    let cluster = Cluster::new(100_000);
    let mut life = cluster.start("requeue.sh", 0, 0, &[]);
    cluster.reach(50);
    // `--signal=B:USR1@120`: to the batch shell alone.
    let shell = i32::try_from(life.process.pid()).ok().and_then(Pid::from_raw).unwrap();
    kill_process(shell, Signal::USR1).unwrap();
    life.end(&cluster);
    let asked = std::fs::read_to_string(cluster.dir.path().join("scontrol")).unwrap();
    assert_eq!(asked, "requeue 501\n");
    let (hub, _login) = cluster.relayed();
    assert_eq!(view(&hub, "job-501")["state"], "preempted");
}

#[test]
fn two_nodes_with_eight_ranks_are_one_run_and_clean_up() {
    let cluster = Cluster::new(60);
    let nodes = [("SLURM_NNODES", "2"), ("SLURM_NTASKS_PER_NODE", "8")];
    cluster.node(1);
    cluster.start("nodes.sh", 0, 0, &nodes).end(&cluster);
    for node in [0, 1] {
        assert_eq!(
            cluster.left_on(node),
            Vec::<String>::new(),
            "the last rank removes the home: {}",
            cluster.said()
        );
    }
    let (hub, _login) = cluster.relayed();
    let run = view(&hub, "job-501");
    assert_eq!(run["state"], "finished");
    assert_eq!(run["history_rows"], 16 * 60);
    let ranks =
        (0..16).map(|rank| Accepted::read(&cluster.ledger.with_file_name(format!("ledger.{rank}"))).rows);
    let shown = steps(&hub, "job-501");
    assert!(ranks.flatten().all(|step| shown.contains(&step)));
}

#[test]
fn what_is_not_in_the_folder_in_time_stays_and_is_said() {
    let cluster = Cluster::new(10);
    std::fs::write(cluster.folder(), "a file is in its place").unwrap();
    let scratch = cluster.node(0);
    let mut command = Command::new(cluster.dir.path().join("bin/pannier"));
    let out = command
        .args(["run", "--folder"])
        .arg(cluster.folder())
        .args(["--wait", "2", "--", "python"])
        .env_remove("PANNIER_HOME")
        .env("PATH", format!("{}/bin:/usr/bin:/bin", cluster.dir.path().display()))
        .env("SLURM_TMPDIR", &scratch)
        .env("WANDB_RUN_ID", "kept")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "the command is not stopped by it: {said}");
    assert!(said.contains("cannot be used now") && said.contains(&scratch.display().to_string()), "{said}");
    assert_ne!(cluster.left_on(0), Vec::<String>::new());
}
