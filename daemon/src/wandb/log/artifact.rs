//! A version of an artifact, as its record tells it.

use serde_json::{Map, Value as Json};

use super::fields::{BadMessage, Field, Fields};
use super::value::json;
use crate::wandb::manifest::Entry;

/// What was logged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Artifact {
    /// Its type.
    pub kind: String,
    /// The collection.
    pub name: String,
    /// W&B's digest over the manifest.
    pub digest: String,
    /// Free text.
    pub description: Option<String>,
    /// A JSON object.
    pub metadata: Option<Json>,
    /// Names that move to it.
    pub aliases: Vec<String>,
    /// Its labels.
    pub tags: Vec<String>,
    /// What the parts of several writers have in common.
    pub distributed_id: Option<String>,
    /// Whether it is whole with this part.
    pub finalize: bool,
    /// Its maker's id for it.
    pub client_id: String,
    /// Its maker's id for the collection.
    pub sequence_client_id: Option<String>,
    /// The version that it adds to, at whoever gave it.
    pub base_id: Option<String>,
    /// Whether it adds to what is there.
    pub incremental: bool,
    /// How long it is to be kept.
    pub ttl_s: Option<i64>,
    /// Its entries.
    pub entries: Vec<Logged>,
    /// A file of lines with its entries, where they are many.
    pub entries_file: Option<String>,
}

/// An entry, and where its bytes were put aside.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Logged {
    /// Its path in the version.
    pub path: String,
    /// The rest.
    pub entry: Entry,
    /// Where its bytes were put aside.
    pub local: Option<String>,
}

/// Reads a record.
///
/// # Errors
/// [`BadMessage`].
pub fn read(bytes: &[u8]) -> Result<Artifact, BadMessage> {
    let mut artifact = Artifact::default();
    for field in Fields::of(bytes) {
        let (number, field) = field?;
        let text = || Some(field.text().to_owned()).filter(|text| !text.is_empty());
        match number {
            4 => artifact.kind = field.text().to_owned(),
            5 => artifact.name = field.text().to_owned(),
            6 => artifact.digest = field.text().to_owned(),
            7 => artifact.description = text(),
            8 => artifact.metadata = json(field.text()).filter(Json::is_object),
            11 => artifact.aliases.extend(text()),
            12 => manifest(field.bytes(), &mut artifact)?,
            13 => artifact.distributed_id = text(),
            14 => artifact.finalize = field.int() != 0,
            15 => artifact.client_id = field.text().to_owned(),
            16 => artifact.sequence_client_id = text(),
            17 => artifact.base_id = text(),
            18 => artifact.ttl_s = Some(field.int()).filter(|seconds| *seconds != 0),
            19 => artifact.tags.extend(text()),
            100 => artifact.incremental = field.int() != 0,
            _ => {}
        }
    }
    Ok(artifact)
}

fn manifest(bytes: &[u8], artifact: &mut Artifact) -> Result<(), BadMessage> {
    for field in Fields::of(bytes) {
        match field? {
            (4, Field::Bytes(bytes)) => artifact.entries.push(entry(bytes)?),
            (5, path) => artifact.entries_file = Some(path.text().to_owned()).filter(|path| !path.is_empty()),
            _ => {}
        }
    }
    Ok(())
}

fn entry(bytes: &[u8]) -> Result<Logged, BadMessage> {
    let mut logged = Logged::default();
    let mut extra = Map::new();
    for field in Fields::of(bytes) {
        let (number, field) = field?;
        let text = || Some(field.text().to_owned()).filter(|text| !text.is_empty());
        match number {
            1 => logged.path = field.text().to_owned(),
            2 => logged.entry.digest = field.text().to_owned(),
            3 => logged.entry.reference = text(),
            4 => logged.entry.size = u64::try_from(field.int()).ok(),
            6 => logged.local = text(),
            7 => logged.entry.birth = text(),
            16 => {
                let (mut key, mut value) = ("", None);
                for part in Fields::of(field.bytes()) {
                    match part? {
                        (1, part) => key = part.text(),
                        (2, part) => value = json(part.text()),
                        _ => {}
                    }
                }
                extra.extend(value.map(|value| (key.to_owned(), value)));
            }
            _ => {}
        }
    }
    if logged.entry.reference.is_none() {
        // A size of 0 is left out.
        logged.entry.size.get_or_insert(0);
    }
    logged.entry.extra =
        Some(Json::Object(extra)).filter(|extra| extra.as_object().is_some_and(|map| !map.is_empty()));
    Ok(logged)
}

/// Reads a line of the file that holds the entries of a large manifest.
///
/// # Errors
/// For people.
pub fn entry_line(line: &str) -> Result<Logged, String> {
    let mut entry: Map<String, Json> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let mut text = |name: &str| entry.remove(name).and_then(|value| value.as_str().map(str::to_owned));
    let (path, local) = (text("path"), text("local_path"));
    entry.remove("skip_cache");
    let entry = serde_json::from_value(Json::Object(entry)).map_err(|error| error.to_string())?;
    Ok(Logged { path: path.ok_or("an entry has no path")?, entry, local })
}

#[cfg(test)]
mod tests {
    use super::super::fields::put;
    use super::*;

    #[test]
    fn versions_are_read_with_their_entries() {
        let extra = put::bytes(16, [put::bytes(1, "etag"), put::bytes(2, "\"x\"")].concat());
        let entries = [
            put::bytes(
                4,
                [put::bytes(1, "w.txt"), put::bytes(2, "AA=="), put::int(4, 7), put::bytes(6, "/s/t")]
                    .concat(),
            ),
            put::bytes(
                4,
                [put::bytes(1, "r"), put::bytes(2, "e"), put::bytes(3, "s3://b/k"), extra].concat(),
            ),
            put::bytes(4, [put::bytes(1, "empty"), put::bytes(2, "1B2M2Y8AsgTpgAmY7PhCfg==")].concat()),
        ];
        let record = [
            put::bytes(4, "model"),
            put::bytes(5, "m"),
            put::bytes(6, "d"),
            put::bytes(8, "{\"k\":1}"),
            put::bytes(11, "best"),
            put::bytes(11, "latest"),
            put::bytes(12, entries.concat()),
            put::int(14, 1),
            put::bytes(15, "c"),
        ]
        .concat();
        let artifact = read(&record).unwrap();
        assert_eq!((artifact.kind.as_str(), artifact.finalize, artifact.aliases.len()), ("model", true, 2));
        assert_eq!(artifact.metadata, Some(serde_json::json!({"k": 1})));
        let [w, r, empty] = &artifact.entries[..] else { panic!("three entries") };
        assert_eq!((w.entry.size, w.local.as_deref()), (Some(7), Some("/s/t")));
        assert_eq!(r.entry.extra, Some(serde_json::json!({"etag": "x"})));
        assert_eq!((empty.entry.size, r.entry.size), (Some(0), None));
    }

    #[test]
    fn entries_of_large_manifests_are_lines() {
        let line = r#"{"path":"a/b","digest":"AA==","size":3,"local_path":"/s/x","skip_cache":false}"#;
        let logged = entry_line(line).unwrap();
        assert_eq!(
            (logged.path.as_str(), logged.local.as_deref(), logged.entry.size),
            ("a/b", Some("/s/x"), Some(3))
        );
        assert!(logged.entry.rest.is_empty());
        assert!(entry_line("{}").is_err() && entry_line("x").is_err());
    }
}
