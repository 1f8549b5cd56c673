//! The machine, as the environment record tells it and `wandb-metadata.json` has
//! it: the fields by their numbers, with the names that core gives them.

use serde_json::{Map, Value as Json};

use super::fields::{BadMessage, Field, Fields};
use super::record::time_us;
use crate::wandb::time;

/// How a field is shown.
#[derive(Clone, Copy)]
enum Shown {
    Text,
    Number,
    /// A number of 64 bits, which JSON has as text.
    Large,
    Time,
    Texts,
    Message(&'static Names),
    Messages(&'static Names),
    /// A map from text to messages, or to text.
    Map(Option<&'static Names>),
}

use Shown::{Large, Message, Messages, Number, Text, Texts, Time};

type Names = [(u32, &'static str, Shown)];

const GIT: &Names = &[(1, "remote", Text), (2, "commit", Text)];
const DISK: &Names = &[(1, "total", Large), (2, "used", Large)];
const MEMORY: &Names = &[(1, "total", Large)];
const CPU: &Names = &[(1, "count", Number), (2, "countLogical", Number), (3, "model", Text)];
const APPLE: &Names = &[
    (1, "name", Text),
    (2, "ecpuCores", Number),
    (3, "pcpuCores", Number),
    (4, "gpuCores", Number),
    (5, "memoryGb", Number),
    (6, "swapTotalBytes", Large),
    (7, "ramTotalBytes", Large),
    (8, "macModel", Text),
];
const NVIDIA: &Names = &[
    (1, "name", Text),
    (2, "memoryTotal", Large),
    (3, "cudaCores", Number),
    (4, "architecture", Text),
    (5, "uuid", Text),
];
const AMD: &Names = &[(1, "id", Text), (2, "uniqueId", Text), (8, "series", Text), (9, "model", Text)];
const TRAINIUM: &Names = &[
    (1, "name", Text),
    (2, "vendor", Text),
    (3, "neuronDeviceCount", Number),
    (4, "neuroncorePerDeviceCount", Number),
];
const TPU: &Names =
    &[(1, "name", Text), (2, "hbmGib", Number), (3, "devicesPerChip", Number), (4, "count", Number)];
const COREWEAVE: &Names = &[(1, "clusterName", Text), (2, "orgId", Text), (3, "region", Text)];

const ENVIRONMENT: &Names = &[
    (1, "os", Text),
    (2, "python", Text),
    (3, "startedAt", Time),
    (4, "docker", Text),
    (5, "args", Texts),
    (6, "program", Text),
    (7, "codePath", Text),
    (8, "codePathLocal", Text),
    (9, "git", Message(GIT)),
    (10, "email", Text),
    (11, "root", Text),
    (12, "host", Text),
    (13, "username", Text),
    (14, "executable", Text),
    (15, "colab", Text),
    (16, "cpu_count", Number),
    (17, "cpu_count_logical", Number),
    (18, "gpu", Text),
    (19, "gpu_count", Number),
    (20, "disk", Shown::Map(Some(DISK))),
    (21, "memory", Message(MEMORY)),
    (22, "cpu", Message(CPU)),
    (23, "apple", Message(APPLE)),
    (24, "gpu_nvidia", Messages(NVIDIA)),
    (25, "cudaVersion", Text),
    (26, "gpu_amd", Messages(AMD)),
    (27, "slurm", Shown::Map(None)),
    (28, "trainium", Message(TRAINIUM)),
    (29, "tpu", Message(TPU)),
    (30, "coreweave", Message(COREWEAVE)),
    (199, "writerId", Text),
];

/// Reads an environment record.
///
/// # Errors
/// [`BadMessage`].
pub fn read(bytes: &[u8]) -> Result<Map<String, Json>, BadMessage> {
    message(bytes, ENVIRONMENT)
}

fn message(bytes: &[u8], names: &Names) -> Result<Map<String, Json>, BadMessage> {
    let mut map = Map::new();
    for field in Fields::of(bytes) {
        let (number, field) = field?;
        let Some((_, name, shown)) = names.iter().find(|(known, ..)| *known == number) else { continue };
        match shown {
            Texts => push(&mut map, name, Json::from(field.text())),
            Messages(names) => push(&mut map, name, Json::Object(message(field.bytes(), names)?)),
            Shown::Map(names) => {
                let (key, value) = entry(field.bytes(), *names)?;
                let inner = map.entry(*name).or_insert_with(|| Json::Object(Map::new()));
                if let Json::Object(inner) = inner {
                    inner.insert(key, value);
                }
            }
            shown => drop(map.insert((*name).to_owned(), value(field, *shown)?)),
        }
    }
    Ok(map)
}

fn value(field: Field, shown: Shown) -> Result<Json, BadMessage> {
    Ok(match shown {
        Number => Json::from(field.int()),
        Large => Json::from(field.int().to_string()),
        Time => Json::from(time::format(time_us(field.bytes())?)),
        Message(names) | Messages(names) => Json::Object(message(field.bytes(), names)?),
        Text | Texts | Shown::Map(_) => Json::from(field.text()),
    })
}

fn push(map: &mut Map<String, Json>, name: &str, value: Json) {
    match map.get_mut(name) {
        Some(Json::Array(known)) => known.push(value),
        _ => drop(map.insert(name.to_owned(), Json::from(vec![value]))),
    }
}

fn entry(bytes: &[u8], names: Option<&'static Names>) -> Result<(String, Json), BadMessage> {
    let (mut key, mut content) = (String::new(), Json::Null);
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => field.text().clone_into(&mut key),
            (2, field) => content = value(field, names.map_or(Text, Message))?,
            _ => {}
        }
    }
    Ok((key, content))
}

#[cfg(test)]
mod tests {
    use super::super::fields::put;
    use super::*;

    #[test]
    fn a_machine_is_told_as_core_tells_it() {
        let disk = [put::bytes(1, "/"), put::bytes(2, [put::int(1, 10), put::int(2, 3)].concat())].concat();
        let record = [
            put::bytes(1, "Linux"),
            put::bytes(3, [put::int(1, 1_767_323_045), put::int(2, 678_901_000)].concat()),
            put::bytes(5, "--a"),
            put::bytes(5, "--b"),
            put::bytes(20, disk),
            put::bytes(24, put::bytes(1, "H100")),
            put::bytes(27, [put::bytes(1, "job_id"), put::bytes(2, "7")].concat()),
            put::int(16, 2),
        ]
        .concat();
        let expected = serde_json::json!({
            "os": "Linux", "startedAt": "2026-01-02T03:04:05.678901Z", "args": ["--a", "--b"], "cpu_count": 2,
            "disk": {"/": {"total": "10", "used": "3"}}, "gpu_nvidia": [{"name": "H100"}], "slurm": {"job_id": "7"}
        });
        assert_eq!(Json::Object(read(&record).unwrap()), expected);
    }
}
