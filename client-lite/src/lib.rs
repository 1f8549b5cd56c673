//! What a training process loads: small, blocking, no threads that outlive a
//! call, never in the way.
//!
//! [`Run::log`] appends one record to this process's own journal with one
//! `write(2)`. That is all: no daemon is needed, no network, no lock but the
//! run's own. The daemon reads the journal when it runs. Nothing that goes
//! wrong on our side fails or delays training: a full disk makes records wait
//! in memory, up to a bound, and one warning on stderr says so.
//!
//! ```
//! use pannier_client::{Options, Place, Run, Use};
//! # let home = std::env::temp_dir().join(format!("pannier-doc-{}", std::process::id()));
//! # let place = Place { socket: home.join("pannier.sock"), home: home.clone() };
//!
//! let run = Run::init(Options {
//!     project: Some("demo".to_owned()),
//! #   daemon: Use::None,
//! #   place: Some(place),
//!     ..Options::default()
//! })?;
//! for epoch in 0..3 {
//!     run.log(&[("epoch", epoch.into()), ("loss", (1.0 / f64::from(epoch + 1)).into())]);
//! }
//! assert!(run.finish(0));
//! # std::fs::remove_dir_all(home).ok();
//! # Ok::<(), pannier_client::Refused>(())
//! ```
//!
//! - [`Run`], [`Options`], [`Cell`]: the face to Rust programs;
//! - [`recorder`], [`session`], [`daemon`]: the same for other languages' doors;
//! - [`artifact`]: artifacts and files, with their bytes;
//! - inside: `shapes`, `figures`, `journal`, `backlog`, `snapshot`, `connection`, `spawn`.

pub mod artifact;
mod backlog;
mod cell;
pub mod connection;
pub mod daemon;
mod figures;
mod fit;
mod journal;
mod name;
mod place;
pub mod recorder;
mod run;
pub mod session;
mod shapes;
mod snapshot;
mod spawn;
mod warn;

pub use artifact::Unloggable;
pub use cell::Cell;
pub use daemon::Use;
pub use name::run_name;
pub use place::Place;
pub use run::Run;
pub use session::{Options, Refused};
pub use shapes::ShapeId;
pub use warn::{About, Warnings};

pub use pannier_proto as proto;
pub use pannier_proto::request::Resume;
