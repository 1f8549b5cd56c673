//! The one binary: daemon, hub and command line.
//!
//! Doors `{spool → intake, api} → ingest → store`; views `api → store`; `sync → store`.
//! [`block`] is the form that records take in the store and on the wire. Only
//! [`daemon`] knows everyone.

pub mod access;
pub mod administration;
pub mod api;
pub mod blobs;
pub mod block;
pub mod capability;
pub mod cli;
pub mod clock;
pub mod credentials;
pub mod daemon;
pub mod fetch;
pub mod filesystem;
pub mod gather;
pub mod handover;
pub mod health;
pub mod home;
pub mod ingest;
pub mod intake;
pub mod limits;
pub mod lives;
pub mod loopback;
pub mod names;
pub mod notify;
pub mod parallel;
pub mod partial_json;
pub mod password;
pub mod percent;
pub mod relay;
pub mod sabotage;
pub mod sampler;
pub mod site;
pub mod spool;
pub mod store;
pub mod sync;
pub mod token;
pub mod units;
pub mod wandb;

/// Exit code after the disk failed to sync.
pub const EXIT_DISK: i32 = 4;
