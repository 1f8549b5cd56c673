//! The W&B dialect: what its clients say and expect, as pure encode and decode.
//! Served by `api`, taken in by `ingest`, spoken by
//! `sync`. It knows no store, no clock and no
//! HTTP; facts come in as arguments.
//!
//! Sources are named as the client that sends a thing: *core* is the SDK's
//! sidecar `wandb-core`, *py* its Python package, both of version 0.31.

pub mod config;
pub mod file_stream;
pub mod filter;
pub mod ids;
pub mod json;
pub mod log;
pub mod manifest;
pub mod order;
pub mod outgoing;
pub mod parquet;
pub mod rows;
pub mod run_field;
pub mod run_files;
pub mod search;
pub mod time;
pub mod upsert;
