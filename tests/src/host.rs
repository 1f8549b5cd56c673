//! Machines of a test: each has a network of its own, cut off from all others but
//! where a cable is laid, and a clock of its own. Files they share. Needs root,
//! `ip`, `tc` and libfaketime.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::loopmount::{possible, run};

/// A machine; its network is gone when it is dropped.
pub struct Host {
    namespace: String,
    clock: &'static str,
    clocks: PathBuf,
}

impl Host {
    /// One whose clock is off by so much, in libfaketime's words: `+3h`, `-400d`.
    ///
    /// # Errors
    /// What is missing on this machine.
    pub fn new(clock: &'static str) -> Result<Self, String> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        possible(&["ip", "tc", "faketime"])?;
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let host =
            Self { namespace: format!("pannier-{}-{made}", std::process::id()), clock, clocks: library()? };
        ip(&["netns", "add", &host.namespace])?;
        ip(&["-n", &host.namespace, "link", "set", "lo", "up"])?;
        Ok(host)
    }

    /// Does it on this machine: what it starts runs there.
    ///
    /// # Panics
    /// If it does.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(format!("/run/netns/{}", self.namespace)).expect("it was made");
        // A thread's network is its own, and its children's.
        let there = || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
                .expect("root may go there");
            work()
        };
        std::thread::scope(|scope| match scope.spawn(there).join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }

    /// Gives a program the machine's wall clock.
    pub fn clock<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("LD_PRELOAD", &self.clocks)
            .env("FAKETIME", self.clock)
            // What a shared file system says of its files is by a clock of its own.
            .env("NO_FAKE_STAT", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = ip(&["netns", "del", &self.namespace]);
    }
}

/// A cable between two machines: the first is 10.77.0.1, the second 10.77.0.2.
pub struct Cable<'a>(&'a Host);

impl<'a> Cable<'a> {
    /// Lays it.
    ///
    /// # Errors
    /// What the system has against it.
    pub fn lay(one: &'a Host, other: &Host) -> Result<Self, String> {
        let (a, b) = (one.namespace.as_str(), other.namespace.as_str());
        ip(&["-n", a, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", b])?;
        for (host, address) in [(a, "10.77.0.1/30"), (b, "10.77.0.2/30")] {
            ip(&["-n", host, "addr", "add", address, "dev", "cable"])?;
            ip(&["-n", host, "link", "set", "cable", "up"])?;
        }
        Ok(Self(one))
    }

    /// Cuts it, or mends it.
    pub fn set(&self, whole: bool) {
        let how = if whole { "up" } else { "down" };
        ip(&["-n", &self.0.namespace, "link", "set", "cable", how]).expect("it is laid");
    }

    /// Lets it carry no more than so many kilobits a second, or what it can.
    pub fn slow(&self, kilobits: Option<u32>) {
        let rate = kilobits.map(|kilobits| format!("{kilobits}kbit"));
        let (verb, rest) = match &rate {
            Some(rate) => ("replace", &["tbf", "rate", rate, "burst", "16kb", "latency", "400ms"][..]),
            None => ("del", &[][..]),
        };
        let shaping = ["-n", &self.0.namespace, "qdisc", verb, "dev", "cable", "root"];
        // There may be no limit to take away.
        let _ = run(Command::new("tc").args(shaping).args(rest));
    }
}

fn library() -> Result<PathBuf, String> {
    let roots = ["/usr/lib", "/usr/lib64", "/lib"].map(PathBuf::from);
    let below = roots.iter().filter_map(|root| std::fs::read_dir(root).ok()).flatten().flatten();
    let mut folders: Vec<_> = below.map(|entry| entry.path()).collect();
    folders.extend(roots);
    let place = |folder: PathBuf| folder.join("faketime/libfaketimeMT.so.1");
    let found = folders.into_iter().map(place).find(|file| file.is_file());
    found.ok_or_else(|| "libfaketimeMT.so.1 is not installed".to_owned())
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    run(Command::new("ip").args(arguments))
}
