//! What the whole-system tests stand on: real daemons and hubs in temporary
//! homes, a network with faults, training processes, and the judge. Uses the
//! programs as their users do; must not reach into the daemon's library.
//!
//! Everything here fails by panicking with what a person needs to see.

pub mod artifacts;
pub mod cli;
pub mod daemon;
pub mod fuse;
pub mod host;
pub mod hostile;
pub mod http;
pub mod hub;
pub mod job;
pub mod journal;
pub mod ledger;
pub mod loopmount;
pub mod proxy;
pub mod random;
pub mod selection;
pub mod trainer;
pub mod wait;
pub mod wandb;
