//! The records of a `.wandb` file, as far as they say something that is kept.
//! Fields go by the numbers that core gives them; what is unknown is skipped.

use serde_json::{Map, Value as Json};

use super::fields::{BadMessage, Field, Fields};

/// What a record is. Those that say much are read where they are taken in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Record<'a> {
    /// The first of a file.
    Header,
    /// What the run is: see [`Run`].
    Run(&'a [u8]),
    /// A row: see [`super::row`].
    History(&'a [u8]),
    /// Changes of the summary, as items.
    Summary(&'a [u8]),
    /// Changes of the config, as items.
    Config(&'a [u8]),
    /// What the program printed: see [`Output`].
    Output(&'a [u8]),
    /// Files of the run's folder: see [`paths`].
    Files(&'a [u8]),
    /// Host metrics.
    Stats(&'a [u8]),
    /// A version of an artifact: see [`super::artifact`].
    Artifact(&'a [u8]),
    /// A message for people: see [`Alert`].
    Alert(&'a [u8]),
    /// Which features the program uses.
    Telemetry(&'a [u8]),
    /// A `define_metric` rule.
    Metric(&'a [u8]),
    /// The machine.
    Environment(&'a [u8]),
    /// The run uses a version: its id at whoever gave it.
    UseArtifact(&'a [u8]),
    /// A folder of TensorBoard's, to be followed by the SDK.
    Tensorboard(&'a [u8]),
    /// The program was told to go.
    Preempting,
    /// The program ended.
    Exit(i32),
    /// Anything else.
    Other,
}

/// Reads a record.
///
/// # Errors
/// [`BadMessage`].
pub fn read(bytes: &[u8]) -> Result<Record<'_>, BadMessage> {
    let mut record = Record::Other;
    for field in Fields::of(bytes) {
        let (number, field) = field?;
        record = match (number, field) {
            (2, Field::Bytes(bytes)) => Record::History(bytes),
            (3, Field::Bytes(bytes)) => Record::Summary(bytes),
            (4 | 13, Field::Bytes(bytes)) => Record::Output(bytes),
            (5, Field::Bytes(bytes)) => Record::Config(bytes),
            (6, Field::Bytes(bytes)) => Record::Files(bytes),
            (7, Field::Bytes(bytes)) => Record::Stats(bytes),
            (8, Field::Bytes(bytes)) => Record::Artifact(bytes),
            (9, Field::Bytes(bytes)) => Record::Tensorboard(bytes),
            (10, Field::Bytes(bytes)) => Record::Alert(bytes),
            (11, Field::Bytes(bytes)) => Record::Telemetry(bytes),
            (12, Field::Bytes(bytes)) => Record::Metric(bytes),
            (17, Field::Bytes(bytes)) => Record::Run(bytes),
            (18, Field::Bytes(bytes)) => Record::Exit(exit_code(bytes)?),
            (21, _) => Record::Header,
            (23, _) => Record::Preempting,
            (25, Field::Bytes(bytes)) => Record::UseArtifact(bytes),
            (26, Field::Bytes(bytes)) => Record::Environment(bytes),
            _ => continue,
        };
    }
    Ok(record)
}

fn exit_code(bytes: &[u8]) -> Result<i32, BadMessage> {
    let code = Fields::of(bytes).find(|field| matches!(field, Ok((1, _)) | Err(_)));
    let code = code.transpose()?.map_or(0, |(_, code)| code.int());
    Ok(i32::try_from(code).unwrap_or(i32::MAX))
}

/// Microseconds since 1970 of a `Timestamp`, and its nanoseconds whole.
fn timestamp(bytes: &[u8]) -> Result<(i64, i64), BadMessage> {
    let (mut seconds, mut nanos) = (0, 0);
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => seconds = field.int(),
            (2, field) => nanos = field.int(),
            _ => {}
        }
    }
    let whole = seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    Ok((whole / 1000, whole))
}

/// Microseconds since 1970.
///
/// # Errors
/// [`BadMessage`].
pub fn time_us(bytes: &[u8]) -> Result<i64, BadMessage> {
    Ok(timestamp(bytes)?.0)
}

/// Nanoseconds since 1970.
///
/// # Errors
/// [`BadMessage`].
pub fn time_ns(bytes: &[u8]) -> Result<i64, BadMessage> {
    Ok(timestamp(bytes)?.1)
}

/// One key of a config, a summary or a row, and its value as JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Item<'a> {
    /// The key; of a nested value all keys on the way.
    pub keys: &'a [&'a str],
    /// The value.
    pub json: &'a str,
}

/// The most keys of a nested value: more would be too deep to be read back.
const KEYS_MAX: usize = 32;

/// Reads an item into `keys`, and returns its value.
///
/// # Errors
/// [`BadMessage`].
pub fn item<'a>(bytes: &'a [u8], keys: &mut Vec<&'a str>) -> Result<&'a str, BadMessage> {
    keys.clear();
    let mut json = "null";
    let mut plain = None;
    for field in Fields::of(bytes) {
        match field? {
            (1, key) => plain = Some(key.text()),
            (2, _) if keys.len() == KEYS_MAX => return Err(BadMessage),
            (2, key) => keys.push(key.text()),
            (16, value) => json = value.text(),
            _ => {}
        }
    }
    if keys.is_empty() {
        keys.push(plain.unwrap_or_default());
    }
    Ok(json)
}

/// Takes changes of a config or a summary into what it is: `update` and `remove`.
///
/// # Errors
/// [`BadMessage`]; what came before stays taken in.
pub fn apply(bytes: &[u8], map: &mut Map<String, Json>) -> Result<(), BadMessage> {
    let mut keys = Vec::new();
    for field in Fields::of(bytes) {
        match field? {
            (1, Field::Bytes(bytes)) => {
                let value = item(bytes, &mut keys)?;
                // A value that cannot be read is left out, as core does.
                if let Some(value) = super::value::json(value) {
                    set(map, &keys, value);
                }
            }
            (2, Field::Bytes(bytes)) => {
                item(bytes, &mut keys)?;
                remove(map, &keys);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Sets a nested value; what is no object on the way makes room.
pub fn set(map: &mut Map<String, Json>, keys: &[&str], value: Json) {
    let [key, below @ ..] = keys else { return };
    if below.is_empty() {
        match map.get_mut(*key) {
            Some(known) => *known = value,
            None => drop(map.insert((*key).to_owned(), value)),
        }
        return;
    }
    if !matches!(map.get(*key), Some(Json::Object(_))) {
        map.insert((*key).to_owned(), Json::Object(Map::new()));
    }
    if let Some(Json::Object(inner)) = map.get_mut(*key) {
        set(inner, below, value);
    }
}

fn remove(map: &mut Map<String, Json>, keys: &[&str]) {
    match keys {
        [] => {}
        [key] => drop(map.remove(*key)),
        [key, below @ ..] => {
            if let Some(Json::Object(inner)) = map.get_mut(*key) {
                remove(inner, below);
            }
        }
    }
}

/// What a run is said to be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run<'a> {
    /// Its id.
    pub id: &'a str,
    /// Whose; empty: the default.
    pub entity: &'a str,
    /// In which project; empty: the default.
    pub project: &'a str,
    /// Its group.
    pub group: &'a str,
    /// Its kind of work.
    pub job_type: &'a str,
    /// Its name for people.
    pub name: &'a str,
    /// Free text.
    pub notes: &'a str,
    /// Its labels.
    pub tags: Vec<&'a str>,
    /// The machine.
    pub host: &'a str,
    /// When it began, in nanoseconds since 1970.
    pub start_ns: i64,
    /// Its config: see [`apply`].
    pub config: &'a [u8],
    /// Its summary: see [`apply`].
    pub summary: &'a [u8],
    /// Which features the program uses.
    pub telemetry: &'a [u8],
    /// Remote and commit of its sources.
    pub git: Option<Git<'a>>,
    /// The point of another run that it begins from: run, step.
    pub branch: Option<(&'a str, f64)>,
}

/// Where sources are from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Git<'a> {
    /// The repository.
    pub remote: &'a str,
    /// The commit.
    pub commit: &'a str,
}

/// Reads where sources are from.
///
/// # Errors
/// [`BadMessage`].
pub fn git(bytes: &[u8]) -> Result<Git<'_>, BadMessage> {
    let mut git = Git::default();
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => git.remote = field.text(),
            (2, field) => git.commit = field.text(),
            _ => {}
        }
    }
    Ok(git)
}

impl<'a> Run<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// [`BadMessage`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, BadMessage> {
        let mut run = Self::default();
        for field in Fields::of(bytes) {
            let (number, field) = field?;
            match number {
                1 => run.id = field.text(),
                2 => run.entity = field.text(),
                3 => run.project = field.text(),
                4 => run.config = field.bytes(),
                5 => run.summary = field.bytes(),
                6 => run.group = field.text(),
                7 => run.job_type = field.text(),
                8 => run.name = field.text(),
                9 => run.notes = field.text(),
                10 => run.tags.push(field.text()),
                13 => run.host = field.text(),
                17 => run.start_ns = time_ns(field.bytes())?,
                19 => run.telemetry = field.bytes(),
                21 => run.git = Some(git(field.bytes())?),
                23 => run.branch = branch(field.bytes())?,
                _ => {}
            }
        }
        Ok(run)
    }
}

fn branch(bytes: &[u8]) -> Result<Option<(&str, f64)>, BadMessage> {
    let (mut run, mut step) = ("", None);
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => run = field.text(),
            (2, Field::Fixed64(bits)) => step = Some(f64::from_bits(bits)),
            _ => {}
        }
    }
    Ok(step.filter(|_| !run.is_empty()).map(|step| (run, step)))
}

/// A piece of what the program printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Output<'a> {
    /// Whether to standard error.
    pub stderr: bool,
    /// When.
    pub time_us: i64,
    /// What.
    pub text: &'a str,
}

impl<'a> Output<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// [`BadMessage`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, BadMessage> {
        // An enumeration's 0, which is left out, is standard error.
        let mut output = Self { stderr: true, ..Self::default() };
        for field in Fields::of(bytes) {
            match field? {
                (1, field) => output.stderr = field.int() == 0,
                (2, field) => output.time_us = time_us(field.bytes())?,
                (3, field) => output.text = field.text(),
                _ => {}
            }
        }
        Ok(output)
    }
}

/// A message for people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Alert<'a> {
    /// Its title.
    pub title: &'a str,
    /// Its text.
    pub text: &'a str,
    /// How bad it is.
    pub level: &'a str,
}

impl<'a> Alert<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// [`BadMessage`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, BadMessage> {
        let mut alert = Self { level: "INFO", ..Self::default() };
        for field in Fields::of(bytes) {
            match field? {
                (1, field) => alert.title = field.text(),
                (2, field) => alert.text = field.text(),
                (3, field) if !field.text().is_empty() => alert.level = field.text(),
                _ => {}
            }
        }
        Ok(alert)
    }
}

/// The paths that a files record names, in the run's folder of files.
///
/// # Errors
/// [`BadMessage`].
pub fn paths(bytes: &[u8]) -> Result<Vec<&str>, BadMessage> {
    let mut paths = Vec::new();
    for field in Fields::of(bytes) {
        if let (1, Field::Bytes(item)) = field? {
            for field in Fields::of(item) {
                if let (1, path) = field? {
                    paths.push(path.text());
                }
            }
        }
    }
    Ok(paths)
}

/// The first text of a message: of a used artifact its id, of TensorBoard's its folder.
#[must_use]
pub fn first_text(bytes: &[u8]) -> &str {
    let first = Fields::of(bytes).flatten().find(|(number, _)| *number == 1);
    first.map_or("", |(_, field)| field.text())
}
