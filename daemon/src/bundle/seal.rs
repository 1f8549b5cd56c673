//! For whose eyes a bundle is: encryption in the age format, which other tools
//! read, too. Knows keys and streams, not what is in them.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::path::Path;
use std::rc::Rc;
use std::str::FromStr as _;

use age::secrecy::SecretString;
use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, Encryptor, Recipient, scrypt, x25519};

use super::part::PartWriter;
use super::{BundleError, Result, passed};

/// A header of age's is no longer: a few hundred recipients.
const HEADER_BYTES_MAX: u64 = 64 << 10;
/// The work for a passphrase, as a power of two: about a second. Fixed, so that
/// what a fast machine wrote is no more than a slow one does.
const WORK: u8 = 18;
/// The most work for a passphrase, as a power of two: some seconds, a gibibyte.
const WORK_MAX: u8 = 20;

/// Who may read what is written.
pub enum Lock {
    /// The owners of these keys (`age1…`).
    Recipients(Vec<x25519::Recipient>),
    /// Whoever knows this.
    Passphrase(SecretString),
}

/// A recipient's key.
///
/// # Errors
/// [`BundleError::Key`].
pub fn recipient(text: &str) -> Result<x25519::Recipient> {
    let text = text.trim();
    x25519::Recipient::from_str(text).map_err(|problem| {
        BundleError::Key(format!("{text:?} is no age recipient (age1…), as age-keygen prints one: {problem}"))
    })
}

/// What opens what is encrypted.
#[derive(Default)]
pub struct Opener {
    pub(super) identities: Vec<x25519::Identity>,
    pub(super) passphrase: Option<SecretString>,
}

impl Opener {
    /// With the keys in the text of a file that `age-keygen` wrote.
    ///
    /// # Errors
    /// [`BundleError::Key`].
    pub fn identities(mut self, text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let identity = x25519::Identity::from_str(line).map_err(|problem| {
                BundleError::Key(format!("the identity file holds something that is no age key: {problem}"))
            });
            self.identities.push(identity?);
        }
        Ok(self)
    }

    /// With a passphrase.
    #[must_use]
    pub fn passphrase(mut self, text: String) -> Self {
        self.passphrase = Some(SecretString::from(text));
        self
    }
}

/// Writes to parts, encrypted or not.
pub enum Sealer {
    /// As it is.
    Open(PartWriter),
    /// Encrypted.
    Sealed(StreamWriter<PartWriter>),
}

impl Sealer {
    pub(super) fn new(parts: PartWriter, lock: Option<&Lock>) -> Result<Self> {
        let encryptor = match lock {
            None => return Ok(Self::Open(parts)),
            Some(Lock::Passphrase(passphrase)) => {
                let mut recipient = scrypt::Recipient::new(passphrase.clone());
                recipient.set_work_factor(WORK);
                Encryptor::with_recipients(std::iter::once(&recipient as &dyn Recipient))
            }
            Some(Lock::Recipients(keys)) => {
                Encryptor::with_recipients(keys.iter().map(|key| key as &dyn Recipient))
            }
        };
        let encryptor = encryptor.map_err(|error| BundleError::Key(format!("cannot encrypt: {error}")))?;
        let sealed = encryptor.wrap_output(parts).map_err(written)?;
        Ok(Self::Sealed(sealed))
    }

    pub(super) fn finish(self) -> Result<PartWriter> {
        match self {
            Self::Open(parts) => Ok(parts),
            Self::Sealed(sealed) => sealed.finish().map_err(written),
        }
    }
}

fn written(error: io::Error) -> BundleError {
    passed(error, "write", Path::new("the bundle"))
}

impl Write for Sealer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(parts) => parts.write(bytes),
            Self::Sealed(sealed) => sealed.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(parts) => parts.flush(),
            Self::Sealed(sealed) => sealed.flush(),
        }
    }
}

/// Reads, decrypted where it is encrypted.
pub(super) enum Unsealed<R> {
    Open(R),
    Sealed(Box<StreamReader<Fused<R>>>),
}

/// Ends with an error after so many bytes, until the fuse is taken out.
pub(super) struct Fused<R> {
    from: R,
    left: Rc<Cell<Option<u64>>>,
}

impl<R: Read> Read for Fused<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.left.get() else { return self.from.read(into) };
        let most = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if most == 0 && !into.is_empty() {
            return Err(BundleError::Refused("its encryption names too many recipients".to_owned()).into());
        }
        let read = self.from.read(&mut into[..most])?;
        self.left.set(Some(left - read as u64));
        Ok(read)
    }
}

pub(super) fn unsealed<R: Read>(from: R, sealed: bool, opener: &Opener, name: &str) -> Result<Unsealed<R>> {
    if !sealed {
        return Ok(Unsealed::Open(from));
    }
    let locked = |what: &str| BundleError::Locked(format!("{name} is encrypted, {what}"));
    let fuse = Rc::new(Cell::new(Some(HEADER_BYTES_MAX)));
    let sorted = |error: DecryptError| match error {
        DecryptError::Io(error) => passed(error, "read", Path::new(name)),
        // The second is what a wrong passphrase comes to.
        DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            locked("and not to this key or passphrase")
        }
        DecryptError::ExcessiveWork { .. } => {
            BundleError::Refused("its passphrase would take too much work to check".to_owned())
        }
        _ => BundleError::Damaged {
            object: name.to_owned(),
            problem: "its encryption is not as it was made".to_owned(),
        },
    };
    let decryptor = Decryptor::new(Fused { from, left: fuse.clone() }).map_err(sorted)?;
    let reader = if decryptor.is_scrypt() {
        let passphrase = opener.passphrase.clone();
        let passphrase =
            passphrase.ok_or_else(|| locked("with a passphrase; give --passphrase-file FILE"))?;
        let mut identity = scrypt::Identity::new(passphrase);
        identity.set_max_work_factor(WORK_MAX);
        decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity))
    } else {
        if opener.identities.is_empty() {
            return Err(locked("to a key; give --identity FILE with the secret one"));
        }
        decryptor.decrypt(opener.identities.iter().map(|key| key as &dyn age::Identity))
    };
    let reader = reader.map_err(sorted)?;
    fuse.set(None);
    Ok(Unsealed::Sealed(Box::new(reader)))
}

impl<R: Read> Read for Unsealed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Open(from) => from.read(into),
            Self::Sealed(from) => from.read(into),
        }
    }
}
