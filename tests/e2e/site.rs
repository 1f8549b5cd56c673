//! Where a home may live, and the examples for schedulers and service managers:
//! what the documents show is what is run here.

use std::path::{Path, PathBuf};
use std::process::Command;

use pannier_tests::cli::{Output, clean, pannier_bin};
use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::fuse::Fuse;
use pannier_tests::loopmount::possible;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    let path = repository().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A file system, where this machine lets us have one.
fn fuse(kind: &str) -> Option<Fuse> {
    let mounted = possible(&["mount", "umount"]).and_then(|()| Fuse::mount(kind));
    mounted
        .inspect_err(|missing| {
            assert!(std::env::var_os("PANNIER_REQUIRE_ROOT_TESTS").is_none(), "{missing}");
            eprintln!("left out: {missing}");
        })
        .ok()
}

#[test]
fn a_home_behind_fuse_is_refused_before_anything_is_made() {
    let Some(far) = fuse("fuse.sshfs") else { return };
    let home = far.path().join("state/pannier");
    let scratch = tempfile::tempdir().unwrap();
    let pannier = |arguments: &[&str]| {
        let mut command = clean(pannier_bin());
        command.env("PANNIER_HOME", &home).env("TMPDIR", scratch.path()).args(arguments);
        command
    };
    for arguments in [&["daemon"][..], &["status"], &["hub", "--listen", "127.0.0.1:0"]] {
        let out = Output::of(&mut pannier(arguments));
        assert!(![Some(0), None].contains(&out.code), "{}", out.stderr);
        assert!(out.stderr.contains("fuse.sshfs, a network file system"), "{}", out.stderr);
        let instead = format!("PANNIER_HOME={}/pannier-", scratch.path().display());
        assert!(
            out.stderr.contains(&instead) && out.stderr.contains("PANNIER_UNSAFE_NETWORK_STORE=1"),
            "{}",
            out.stderr
        );
    }
    // The command runs all the same, and whoever started it is told.
    let out = Output::of(&mut pannier(&["run", "--", "echo", "trained"])).expect(0);
    assert_eq!(out.stdout, "trained\n");
    assert!(out.stderr.contains("network file system"), "{}", out.stderr);
    // Whoever insists comes as far as the file system, which takes nothing.
    let out = Output::of(pannier(&["daemon", "--unsafe-network-store"]).env("PANNIER_LOG", "off"));
    assert!(!out.stderr.contains("a network file system:"), "{}", out.stderr);
    let doctor = Output::of(&mut pannier(&["doctor"]));
    assert!(doctor.stdout.contains("fuse.sshfs"), "{}", doctor.stdout);
}

#[test]
fn a_disk_behind_fuse_is_a_disk() {
    let Some(disk) = fuse("fuse.fuse-overlayfs") else { return };
    let out = Output::of(clean(pannier_bin()).env("PANNIER_HOME", disk.path().join("home")).arg("daemon"));
    assert!(!out.stderr.contains("network"), "{}", out.stderr);
}

#[test]
fn a_probe_starts_no_daemon() {
    let home = TestHome::new();
    let _ = home.run(&["status", "--ready"]).expect(69);
    assert!(!home.socket().exists());
    let _daemon = TestDaemon::start(&home);
    let _ = home.run(&["status", "--ready"]).expect(0);
}

/// The blocks of a document that are fenced as this language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let parts = document.split(fence.as_str()).skip(1);
    parts.map(|part| part.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_documents_show_the_examples_that_are_tested() {
    let document = read("docs/clusters.md");
    for (language, files) in [
        ("bash", &["slurm/batch.sh", "slurm/array.sh", "slurm/requeue.sh", "slurm/nodes.sh"][..]),
        ("yaml", &["kubernetes/job.yaml"]),
        ("ini", &["systemd/pannier.service"]),
    ] {
        let shown = blocks(&document, language);
        for file in files {
            let example = read(&format!("examples/{file}"));
            assert!(shown.contains(&example), "docs/clusters.md does not show examples/{file} as it is");
        }
    }
}

/// Every `pannier …` of a text, as words without those of the shell.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        for part in line.split(['&', ';', '|']) {
            let words: Vec<_> = part
                .split_whitespace()
                .map(|word| word.trim_matches(['[', '"', ',', ']']).to_owned())
                .collect();
            let at = words.iter().position(|word| word == "pannier" || word.ends_with("/pannier"));
            let Some(at) = at else { continue };
            let own = words[at + 1..].iter().take_while(|word| *word != "--").cloned().collect::<Vec<_>>();
            if own.first().is_some_and(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-')) {
                found.push(own);
            }
        }
    }
    found
}

#[test]
fn every_command_of_the_examples_is_one_that_there_is() {
    let mut tested = 0;
    for file in [
        "slurm/batch.sh",
        "slurm/array.sh",
        "slurm/requeue.sh",
        "slurm/nodes.sh",
        "kubernetes/job.yaml",
        "systemd/pannier.service",
    ] {
        for command in commands(&read(&format!("examples/{file}"))) {
            let help = Output::of(clean(pannier_bin()).arg(&command[0]).arg("--help")).expect(0).stdout;
            for option in command.iter().filter(|word| word.starts_with("--")) {
                assert!(
                    help.contains(option.as_str()),
                    "examples/{file}: `pannier {}` has no {option}",
                    command[0]
                );
            }
            tested += 1;
        }
    }
    assert!(tested >= 8, "{tested}");
}

/// A manifest as the API takes it; none where there is no kubectl.
fn manifest(file: &str) -> Option<serde_json::Value> {
    let mut kubectl = Command::new("kubectl");
    kubectl.args(["label", "--local", "--dry-run=client", "-o", "json", "tested=yes", "-f"]);
    let out = kubectl.arg(repository().join(file)).output().ok()?;
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    Some(serde_json::from_slice(&out.stdout).unwrap())
}

#[test]
fn the_sidecar_is_a_native_one() {
    let Some(job) = manifest("examples/kubernetes/job.yaml") else { return };
    let pod = &job["spec"]["template"]["spec"];
    let (sidecar, train) = (&pod["initContainers"][0], &pod["containers"][0]);
    assert_eq!(sidecar["restartPolicy"], "Always");
    assert!(sidecar["args"][0].as_str().unwrap().ends_with("exec pannier daemon --drain 60"));
    let grace = pod["terminationGracePeriodSeconds"].as_i64().unwrap();
    assert!(grace > 60, "the daemon's 60 s are within it");
    for probe in ["startupProbe", "livenessProbe"] {
        assert_eq!(sidecar[probe]["exec"]["command"], serde_json::json!(["pannier", "status", "--ready"]));
    }
    assert_eq!(sidecar["env"], train["env"]);
    assert_eq!(sidecar["volumeMounts"], train["volumeMounts"]);
    for container in [sidecar, train] {
        assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
    }
}

#[test]
fn systemd_takes_the_unit() {
    let here = tempfile::tempdir().unwrap();
    // The program must be there for it to be right.
    let unit = read("examples/systemd/pannier.service").replace("%h/.local/bin/pannier", "/bin/true");
    let path = here.path().join("pannier.service");
    std::fs::write(&path, unit).unwrap();
    let mut verify = Command::new("systemd-analyze");
    let Ok(out) = verify.args(["verify", "--man=no"]).arg(&path).output() else { return };
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success() && !said.contains("pannier.service:"), "{said}");
}

#[test]
fn a_service_manager_is_told_when_the_daemon_serves() {
    let home = TestHome::new();
    let notify = home.beside("notify");
    let listener = std::os::unix::net::UnixDatagram::bind(&notify).unwrap();
    listener.set_read_timeout(Some(pannier_tests::wait::PATIENCE)).unwrap();
    let heard = || {
        let mut buffer = [0; 256];
        let length = listener.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let daemon = TestDaemon::start_with(&home, |command| command.env("NOTIFY_SOCKET", &notify));
    assert!(heard().starts_with("READY=1"));
    let _ = daemon.stop();
    assert_eq!(heard(), "STOPPING=1");
}
