//! Transfer links: what may be done with which bytes until when, signed, so
//! that whoever holds the link needs no token; and browsers' sessions. Pure:
//! knows no clock, no route, no store, and not where the key is kept.
//!
//! A capability is the last segment of `/blob/{capability}`, or a session's
//! token: base64url, without padding, of a version byte, a keyed BLAKE3 over what
//! follows it and itself, and JSON.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pannier_proto::content::{Blob, Md5};
use pannier_proto::id::{Id128, RunPath};
use pannier_proto::path::RelPath;
use serde::{Deserialize, Serialize};

/// The first byte of every capability.
const VERSION: u8 = 1;
const MAC_BYTES: usize = blake3::OUT_LEN;
/// The longest capability that is looked at. The longest that is made, with a
/// path of 4096 quotes, each two bytes in JSON, and names as long as names can
/// be, stays below.
const CHARS_MAX: usize = 16 << 10;

/// What a link lets its holder do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Read a blob.
    Get {
        /// Which.
        blob: Blob,
        /// What the reader knows it as: the name of a download, and what its
        /// media type is guessed from.
        name: Option<RelPath>,
    },
    /// Read a file of a run, as it is then.
    GetFile {
        /// Whose.
        run: RunPath,
        /// Where in the run's folder.
        path: RelPath,
    },
    /// Read a run's whole history as one Parquet file.
    GetHistory {
        /// Whose.
        run: RunPath,
    },
    /// Show a file of a run in a frame without privileges.
    FrameFile {
        /// Whose.
        run: RunPath,
        /// Where in the run's folder.
        path: RelPath,
    },
    /// Show a blob in a frame without privileges.
    Frame {
        /// Which.
        blob: Blob,
        /// What its media type is guessed from.
        name: RelPath,
    },
    /// Write a file of a run.
    PutFile {
        /// Whose.
        run: RunPath,
        /// Where in the run's folder.
        path: RelPath,
    },
    /// Write a file of an artifact that is being uploaded.
    PutArtifact {
        /// The artifact.
        artifact: Id128,
        /// Where in it.
        path: RelPath,
        /// What was announced, where it was: other bytes are to be refused.
        md5: Option<Md5>,
    },
    /// Write a manifest of an artifact that is being uploaded.
    PutManifest {
        /// The artifact.
        artifact: Id128,
        /// Which of its manifests.
        manifest: u32,
    },
    /// Ask as a user, from a browser. It is no transfer link.
    Session {
        /// Whose session it is.
        user: String,
        /// What it was given for: worth nothing once he has another key.
        credential: Id128,
    },
}

/// Why a capability gives no right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCapability {
    /// It is not one, or one of another version.
    #[error("this is not a transfer link of this pannier; ask for a new one")]
    Malformed,
    /// It was signed with another key, or changed.
    #[error("this transfer link was changed, or comes from another pannier; ask for a new one")]
    WrongSignature,
    /// Its time is over.
    #[error("this transfer link has expired; ask for a new one")]
    Expired,
}

#[derive(Serialize, Deserialize)]
struct Signed<G> {
    /// Seconds since 1970 from which on it is worth nothing.
    expires_s: u64,
    grant: G,
}

/// Makes the link's segment; from the second `expires_s` since 1970 on it is
/// refused.
#[must_use]
pub fn sign(key: &[u8; 32], grant: &Grant, expires_s: u64) -> String {
    let signed = serde_json::json!(Signed { expires_s, grant }).to_string();
    let mut bytes = vec![VERSION];
    bytes.extend(mac(key, signed.as_bytes()).as_bytes());
    bytes.extend(signed.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What the link's segment allows, at `now_s` seconds since 1970.
///
/// # Errors
/// [`BadCapability`]. Nothing is read of the content before the signature is
/// found right.
pub fn check(key: &[u8; 32], capability: &str, now_s: u64) -> Result<Grant, BadCapability> {
    use BadCapability::{Expired, Malformed, WrongSignature};
    if capability.len() > CHARS_MAX {
        return Err(Malformed);
    }
    let bytes = URL_SAFE_NO_PAD.decode(capability).map_err(|_not_base64| Malformed)?;
    let Some((&VERSION, rest)) = bytes.split_first() else { return Err(Malformed) };
    let Some((shown, signed)) = rest.split_first_chunk::<MAC_BYTES>() else { return Err(Malformed) };
    // Two hashes are compared in constant time.
    if mac(key, signed) != blake3::Hash::from(*shown) {
        return Err(WrongSignature);
    }
    let signed: Signed<Grant> = serde_json::from_slice(signed).map_err(|_other_content| Malformed)?;
    if now_s >= signed.expires_s {
        return Err(Expired);
    }
    Ok(signed.grant)
}

fn mac(key: &[u8; 32], signed: &[u8]) -> blake3::Hash {
    blake3::Hasher::new_keyed(key).update(&[VERSION]).update(signed).finalize()
}

#[cfg(test)]
mod tests {
    use pannier_proto::id::{NAME_CHARS_MAX, RUN_ID_CHARS_MAX};
    use pannier_proto::path::{COMPONENT_BYTES_MAX, PATH_BYTES_MAX};

    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn path(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    fn grants() -> Vec<Grant> {
        let artifact = Id128([9; 16]);
        vec![
            Grant::Get { blob: Blob([1; 32]), name: None },
            Grant::Get { blob: Blob([2; 32]), name: Some(path("a ß\"/b.png")) },
            Grant::PutFile { run: RunPath::new("e", "p q", "r").unwrap(), path: path("media/x?.json") },
            Grant::PutArtifact { artifact, path: path("model.pt"), md5: None },
            Grant::PutArtifact { artifact, path: path("model.pt"), md5: Some(Md5([3; 16])) },
            Grant::PutManifest { artifact, manifest: u32::MAX },
            Grant::Session { user: "ann;\"".to_owned(), credential: artifact },
        ]
    }

    #[test]
    fn what_is_signed_is_granted_until_it_expires() {
        for grant in grants() {
            let link = sign(&KEY, &grant, 100);
            assert!(link.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'), "{link}");
            assert_eq!(check(&KEY, &link, 99), Ok(grant));
            assert_eq!(check(&KEY, &link, 100), Err(BadCapability::Expired));
            assert_eq!(check(&KEY, &link, u64::MAX), Err(BadCapability::Expired));
            assert_eq!(check(&[8; 32], &link, 99), Err(BadCapability::WrongSignature));
        }
    }

    #[test]
    fn the_longest_names_fit() {
        let deep = format!("{}/", "\"".repeat(COMPONENT_BYTES_MAX)).repeat(PATH_BYTES_MAX / 256);
        let grant = Grant::PutFile {
            run: RunPath::new(
                &"🦀".repeat(NAME_CHARS_MAX),
                &"🦀".repeat(NAME_CHARS_MAX),
                &"🦀".repeat(RUN_ID_CHARS_MAX),
            )
            .unwrap(),
            path: path(deep.trim_end_matches('/')),
        };
        let link = sign(&KEY, &grant, u64::MAX);
        assert_eq!(check(&KEY, &link, 0), Ok(grant), "{} characters", link.len());
    }

    #[test]
    fn no_changed_byte_is_let_through() {
        for grant in grants() {
            let link = sign(&KEY, &grant, 100);
            for at in 0..link.len() {
                // Every other character, the padding and some that base64url
                // does not have.
                for other in (0..128).map(char::from).filter(|c| *c != char::from(link.as_bytes()[at])) {
                    let changed = format!("{}{other}{}", &link[..at], &link[at + 1..]);
                    assert!(
                        matches!(
                            check(&KEY, &changed, 0),
                            Err(BadCapability::WrongSignature | BadCapability::Malformed)
                        ),
                        "{at}: {changed}"
                    );
                }
                assert!(check(&KEY, &link[..at], 0).is_err(), "cut at {at}");
            }
            assert!(check(&KEY, &format!("{link}="), 0).is_err());
            assert!(check(&KEY, &format!("{link}AAAA"), 0).is_err());
        }
    }

    #[test]
    fn names_are_checked_whoever_signed() {
        let hex = "ab".repeat(16);
        for content in [
            r#"{"expires_s":9,"grant":{"put_file":{"run":{"entity":"e","project":"p","run":"r"},"path":"../x"}}}"#
                .to_owned(),
            r#"{"expires_s":9,"grant":{"put_file":{"run":{"entity":"e","project":"p/q","run":"r"},"path":"x"}}}"#
                .to_owned(),
            format!(r#"{{"expires_s":9,"grant":{{"put_artifact":{{"artifact":"{hex}","path":"/x"}}}}}}"#),
            format!(r#"{{"expires_s":-9,"grant":{{"put_manifest":{{"artifact":"{hex}","manifest":1}}}}}}"#),
            String::new(),
        ] {
            let mut bytes = vec![VERSION];
            bytes.extend(mac(&KEY, content.as_bytes()).as_bytes());
            bytes.extend(content.as_bytes());
            let link = URL_SAFE_NO_PAD.encode(bytes);
            assert_eq!(check(&KEY, &link, 0), Err(BadCapability::Malformed), "{content}");
        }
    }

    #[test]
    fn garbage_is_refused() {
        // A generator of its own, so that each run tries the same.
        let mut stream = blake3::Hasher::new_keyed(&KEY).finalize_xof();
        let mut bytes = [0; 300];
        for round in 0..20_000 {
            stream.fill(&mut bytes);
            let length = usize::from(u16::from_le_bytes([bytes[0], bytes[1]])) % bytes.len();
            if round % 2 == 0 {
                bytes[0] = VERSION;
            }
            assert!(check(&KEY, &URL_SAFE_NO_PAD.encode(&bytes[..length]), 0).is_err());
            assert!(check(&KEY, &String::from_utf8_lossy(&bytes[..length]), 0).is_err());
        }
        for text in ["", "AQ", "=", "é", &"A".repeat(CHARS_MAX), &"A".repeat(1 << 20)] {
            assert_eq!(check(&KEY, text, 0), Err(BadCapability::Malformed), "{}", text.len());
        }
    }
}
