//! Bundles: what another home lacks, in files that a person can carry. This
//! module owns the container: a tree of files packed into one stream, checksummed
//! and perhaps signed (`tree`, `sign`), perhaps encrypted (`seal`), and cut into
//! numbered parts (`part`). It knows neither what the files are, nor a store, nor
//! a clock.
//!
//! ```text
//! parts ← age, where it is encrypted ← tree { head, entry …, end with signature }
//! ```
//!
//! All of it streams, in bounded memory. What is read belongs to strangers until
//! the end was seen: the tree is unpacked to a folder that nobody reads, and only
//! a whole one is looked at ([`open`]).

mod part;
mod seal;
mod sign;
#[cfg(test)]
mod tests;
mod tree;
mod unpack;

use std::io;
use std::path::{Path, PathBuf};

use pannier_proto::id::Id128;

pub use part::{PART_BYTES_MIN, PartSet, PartWriter, sets};
pub use seal::{Lock, Opener, Sealer, recipient};
pub use sign::{PublicKey, SigningKey};
pub use tree::{Packed, Packer};
pub use unpack::{Caps, Folder, Nowhere, Sink, Unpacked};

/// Why a bundle was not written or not read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file system refused.
    #[error("cannot {verb} {}: {source}", .path.display())]
    Io {
        /// What was being done.
        verb: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it could not be.
        source: io::Error,
    },
    /// Something else, or a newer pannier's.
    #[error("{} {problem}", .path.display())]
    Strange {
        /// The file.
        path: PathBuf,
        /// What it is, or is not.
        problem: String,
    },
    /// Not all parts, or one twice.
    #[error("bundle {set}: {problem}")]
    Parts {
        /// Which bundle.
        set: Id128,
        /// What is missing.
        problem: String,
    },
    /// The bytes are not what was written.
    #[error("{object} is damaged: {problem}")]
    Damaged {
        /// Which file.
        object: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Intact, and not to be unpacked.
    #[error("it is refused: {0}")]
    Refused(String),
    /// Encrypted, and the key is not here.
    #[error("{0}")]
    Locked(String),
    /// A key that is none, or a signature that is not the expected one.
    #[error("{0}")]
    Key(String),
}

/// What functions of this module return.
pub type Result<T, E = BundleError> = std::result::Result<T, E>;

/// The error of doing this to that.
fn failed(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BundleError {
    move |source| BundleError::Io { verb, path: path.to_owned(), source }
}

/// A stream's error: one of ours that went through it, or its own.
fn passed(source: io::Error, verb: &'static str, path: &Path) -> BundleError {
    match source.downcast::<BundleError>() {
        Ok(error) => error,
        Err(source) => BundleError::Io { verb, path: path.to_owned(), source },
    }
}

impl From<BundleError> for io::Error {
    fn from(error: BundleError) -> Self {
        Self::other(error)
    }
}

/// Begins a bundle in `place`: what to add to, which ends with [`finish`].
///
/// # Errors
/// [`BundleError`].
pub fn create(place: &Path, set: Id128, split: Option<u64>, lock: Option<&Lock>) -> Result<Packer<Sealer>> {
    let parts = PartWriter::new(place, set, split, lock.is_some());
    Packer::new(Sealer::new(parts, lock)?, set)
}

/// Ends a bundle: signs it, and gives its files their names. They are on the disk
/// when this returns, or none of them is there.
///
/// # Errors
/// [`BundleError`].
pub fn finish(packer: Packer<Sealer>, key: Option<&SigningKey>) -> Result<(Packed, Vec<PathBuf>)> {
    let (sealer, packed) = packer.finish(key)?;
    Ok((packed, sealer.finish()?.finish()?))
}

/// Reads a bundle to its end, and unpacks it on the way. Where this returns an
/// error, what was unpacked is worth nothing.
///
/// # Errors
/// [`BundleError`].
pub fn open(
    parts: PartSet,
    opener: &Opener,
    caps: &Caps,
    into: &mut impl Sink,
    progress: impl FnMut(u64),
) -> Result<Unpacked> {
    let (set, sealed) = (parts.set, parts.sealed);
    let name = parts.name();
    let reader = seal::unsealed(parts.reader(progress), sealed, opener, &name)?;
    unpack::unpack(reader, set, &name, caps, into)
}
