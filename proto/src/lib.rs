//! What pannier's parts say to each other: plain data, no I/O, no async.
//!
//! - [`id`]: names and ids, validated once, here.
//! - [`value`]: what one cell of a row can hold.
//! - [`record`]: one change to a run.
//! - [`workspace`]: what is done to a project apart from its runs.
//! - [`content`]: the bytes of a file, named by their digests.
//! - [`artifact`]: a version of an artifact, as its maker logged it.
//! - [`artifacts`]: bodies of the routes of artifacts and registries.
//! - [`lineage`]: what a version was made from and what became of it.
//! - [`snapshot`]: what was logged together with bytes of files.
//! - [`journal`]: the file a training process appends to.
//! - [`path`]: paths of files, validated once, there.
//! - [`summary`]: what a metric's many values come down to.
//! - [`request`]: bodies of the native HTTP routes.
//! - [`relay`]: bodies of the routes about folders that are carried on.
//! - [`dashboard`]: bodies of the routes that the dashboard reads.
//! - [`view`]: reports and saved workspaces.
//! - [`hub`]: bodies of the routes between a daemon and a hub.
//! - [`bundle`]: what bundles say of themselves, and bodies of their routes.
//! - [`admin`]: bodies of the routes by which a hub is administered.
//! - [`home`]: where a home and its socket are, for client and daemon alike.

pub mod admin;
pub mod artifact;
pub mod artifacts;
pub mod bundle;
pub mod content;
pub mod dashboard;
pub mod home;
pub mod hub;
pub mod id;
pub mod import;
pub mod job;
pub mod journal;
pub mod lineage;
pub mod path;
pub mod record;
pub mod relay;
pub mod remote;
pub mod request;
pub mod snapshot;
pub mod summary;
pub mod value;
pub mod view;
pub mod workspace;

#[cfg(test)]
mod tests;

/// The version of the native routes that this build speaks. The journal has one
/// of its own: [`journal::VERSION`].
pub const PROTOCOL_VERSION: u32 = 1;
