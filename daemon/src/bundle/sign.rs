//! Who made a bundle: Ed25519 keys, as text and as signatures. Pure.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pannier_proto::id::Id128;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::{BundleError, Result};

const PUBLIC: &str = "pannier-key:";
const SECRET: &str = "pannier-secret-key:";
/// What is signed is nothing else's: a signature cannot be carried over.
const CONTEXT: &[u8] = b"pannier bundle signature 1\0";

/// Whose signature it is. Written as `pannier-key:` and 44 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey(pub [u8; 32]);

/// Signs bundles. Its text is a secret; `Debug` does not show it.
pub struct SigningKey {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

/// What is signed: which bundle, and the digest over all that is in it.
fn message(set: Id128, digest: &[u8; 32]) -> Vec<u8> {
    [CONTEXT, &set.0, digest].concat()
}

fn decode(text: &str, prefix: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text.strip_prefix(prefix)?).ok()?.try_into().ok()
}

impl PublicKey {
    /// Whether this signature is this key's.
    pub(super) fn verifies(&self, set: Id128, digest: &[u8; 32], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(&message(set, digest), signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = BundleError;
    fn from_str(text: &str) -> Result<Self> {
        let bad = || BundleError::Key(format!("this is no public key for bundles; one begins with {PUBLIC}"));
        decode(text.trim(), PUBLIC).map(Self).ok_or_else(bad)
    }
}

impl SigningKey {
    /// The key of 32 random bytes.
    ///
    /// # Errors
    /// [`BundleError::Key`].
    pub fn from_seed(seed: [u8; 32]) -> Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed);
        let pair = pair.map_err(|error| BundleError::Key(format!("the signing key is unusable: {error}")))?;
        Ok(Self { seed, pair })
    }

    /// Reads what [`SigningKey::to_text`] wrote; lines with `#` are passed over.
    ///
    /// # Errors
    /// [`BundleError::Key`].
    pub fn from_text(text: &str) -> Result<Self> {
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        let seed = line.and_then(|line| decode(line, SECRET));
        let bad = || BundleError::Key(format!("this holds no signing key; one begins with {SECRET}"));
        Self::from_seed(seed.ok_or_else(bad)?)
    }

    /// The key as the text of a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("# public key: {}\n{SECRET}{}\n", self.public(), STANDARD.encode(self.seed))
    }

    /// What others know it by.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }

    pub(super) fn sign(&self, set: Id128, digest: &[u8; 32]) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(&message(set, digest)).as_ref());
        bytes
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_their_text_and_know_their_signatures() {
        let key = SigningKey::from_seed([7; 32]).unwrap();
        let again = SigningKey::from_text(&key.to_text()).unwrap();
        let public: PublicKey = format!(" {}\n", again.public()).parse().unwrap();
        let (set, digest) = (Id128([1; 16]), [2; 32]);
        let signature = key.sign(set, &digest);
        assert!(public.verifies(set, &digest, &signature));
        assert!(!public.verifies(Id128([3; 16]), &digest, &signature));
        assert!(!public.verifies(set, &[3; 32], &signature));
        let other = SigningKey::from_seed([8; 32]).unwrap().public();
        assert!(!other.verifies(set, &digest, &signature));
        for bad in ["", "pannier-key:", "pannier-key:AAAA", &key.to_text()] {
            assert!(bad.parse::<PublicKey>().is_err(), "{bad}");
        }
        assert!(SigningKey::from_text(&public.to_string()).is_err());
        assert!(!format!("{key:?}").contains("secret"));
    }
}
