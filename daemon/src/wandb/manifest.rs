//! Artifact manifests, version 1, as core uploads them and py reads them.

use md5::{Digest, Md5 as Hasher};
use pannier_proto::path::RelPath;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The first line of what a manifest's digest is taken over.
const DIGEST_HEAD: &str = "wandb-artifact-manifest-v1\n";

/// A manifest, read: its entries by path.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifest {
    /// The entries.
    pub entries: BTreeMap<String, Entry>,
}

/// One entry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Base64 of the file's MD5; of a reference, what its store calls it.
    pub digest: String,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Where the bytes are, if not with the artifact.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The version that the bytes came with first.
    #[serde(default, rename = "birthArtifactID", skip_serializing_if = "Option::is_none")]
    pub birth: Option<String>,
    /// What a reference's store told besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<Json>,
    /// What else the client said, which it reads back.
    #[serde(flatten)]
    pub rest: Map<String, Json>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    version: Json,
    contents: BTreeMap<String, Entry>,
}

impl Manifest {
    /// Reads one.
    ///
    /// # Errors
    /// For people: what is wrong with it.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(bytes)
            .map_err(|error| format!("this is no artifact manifest: {error}"))?;
        if document.version != 1 {
            return Err(format!("manifests of version {} are not known here", document.version));
        }
        for path in document.contents.keys() {
            RelPath::new(path).map_err(|error| error.to_string())?;
        }
        Ok(Self { entries: document.contents })
    }

    /// Writes it as W&B's clients read it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let document = json!({
            "version": 1,
            "storagePolicy": "wandb-storage-policy-v1",
            "storagePolicyConfig": { "storageLayout": "V2" },
            "contents": self.entries,
        });
        document.to_string().into_bytes()
    }

    /// Lays the entries of another over these.
    pub fn overlay(&mut self, other: Self) {
        self.entries.extend(other.entries);
    }

    /// The entries whose bytes are with the artifact.
    pub fn stored(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter().filter(|(_, entry)| entry.reference.is_none())
    }

    /// W&B's digest of what is in it.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = Hasher::new();
        hasher.update(DIGEST_HEAD);
        for (path, entry) in &self.entries {
            hasher.update(format!("{path}:{}\n", entry.digest));
        }
        let mut text = String::new();
        for byte in hasher.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Bytes of all entries, as far as they can be counted: sizes are what its maker says.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.entries.values().filter_map(|entry| entry.size).fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_sdk() {
        let manifest = br#"{"version":1,"storagePolicy":"x","contents":{"a.txt":{"digest":"XUFAKrxLKna5cZ2REBfFkg==","size":5}}}"#;
        let manifest = Manifest::decode(manifest).unwrap();
        // md5("wandb-artifact-manifest-v1\na.txt:XUFAKrxLKna5cZ2REBfFkg==\n")
        assert_eq!(manifest.digest(), "541f289bb3c6ae786d51e7288e523543");
        assert_eq!(manifest.size(), 5);
        assert_eq!(Manifest::decode(&manifest.encode()).unwrap(), manifest);
        let size = u64::MAX;
        let lie = format!(
            r#"{{"version":1,"contents":{{"a":{{"digest":"","size":{size}}},"b":{{"digest":"","size":{size}}}}}}}"#
        );
        assert_eq!(Manifest::decode(lie.as_bytes()).unwrap().size(), size);
        for bad in [
            &b""[..],
            b"{}",
            br#"{"version":2,"contents":{}}"#,
            br#"{"version":1,"contents":{"../x":{"digest":""}}}"#,
            br#"{"version":1,"contents":{"/x":{"digest":""}}}"#,
        ] {
            assert!(Manifest::decode(bad).is_err());
        }
    }
}
