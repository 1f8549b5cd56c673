//! The events of TensorBoard: scalars, texts, pictures, sounds, histograms and
//! hyperparameters, of both generations of its writers. Pure.

use pannier_proto::value::{Value, float_to_json};
use serde_json::{Map, Value as Json, json};

use crate::wandb::log::fields::{BadMessage, Field, Fields};

/// An event.
#[derive(Debug, Default)]
pub struct Event {
    /// When, in seconds since 1970.
    pub wall_s: f64,
    /// At which step.
    pub step: i64,
    /// What, by tag.
    pub values: Vec<(String, Logged)>,
    /// Hyperparameters.
    pub config: Map<String, Json>,
}

/// What was logged.
#[derive(Debug, PartialEq)]
pub enum Logged {
    /// A cell as it is.
    Cell(Value),
    /// A file, which the cell will name.
    Media {
        /// Its content.
        bytes: Vec<u8>,
        /// What W&B calls its type.
        kind: &'static str,
        /// The end of its name.
        extension: &'static str,
        /// What else is said of it.
        facts: Map<String, Json>,
    },
}

/// Types of tensors.
const FLOAT: i64 = 1;
const DOUBLE: i64 = 2;
/// The tag under which hyperparameters are.
const HPARAMS: &str = "_hparams_/session_start_info";

/// Reads an event.
///
/// # Errors
/// [`BadMessage`].
pub fn read(bytes: &[u8]) -> Result<Event, BadMessage> {
    let mut event = Event::default();
    for field in Fields::of(bytes) {
        match field? {
            (1, Field::Fixed64(bits)) => event.wall_s = f64::from_bits(bits),
            (2, step) => event.step = step.int(),
            (5, Field::Bytes(summary)) => {
                for field in Fields::of(summary) {
                    if let (1, Field::Bytes(value)) = field? {
                        one(value, &mut event)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(event)
}

#[derive(Default)]
struct Metadata<'a> {
    plugin: &'a str,
    content: &'a [u8],
}

fn one(bytes: &[u8], event: &mut Event) -> Result<(), BadMessage> {
    let (mut tag, mut metadata, mut logged, mut tensor) = ("", Metadata::default(), None, None);
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => tag = field.text(),
            (2, Field::Fixed32(bits)) => {
                logged = Some(Logged::Cell(Value::F64(f64::from(f32::from_bits(bits)))));
            }
            (4, Field::Bytes(bytes)) => logged = Some(image(bytes)?),
            (5, Field::Bytes(bytes)) => logged = Some(Logged::Cell(histogram(bytes)?)),
            (6, Field::Bytes(bytes)) => logged = Some(audio(bytes)?),
            (8, Field::Bytes(bytes)) => tensor = Some(Tensor::read(bytes)?),
            (9, Field::Bytes(bytes)) => metadata = plugin(bytes)?,
            _ => {}
        }
    }
    if tag == HPARAMS || metadata.plugin == "hparams" {
        hyperparameters(metadata.content, &mut event.config)?;
        return Ok(());
    }
    let logged = logged.or_else(|| tensor.and_then(|tensor| tensor.logged(metadata.plugin)));
    if let Some(logged) = logged.filter(|_| !tag.is_empty()) {
        event.values.push((tag.replace('\0', "\u{fffd}"), logged));
    }
    Ok(())
}

fn plugin(bytes: &[u8]) -> Result<Metadata<'_>, BadMessage> {
    let mut metadata = Metadata::default();
    for field in Fields::of(bytes) {
        if let (1, Field::Bytes(data)) = field? {
            for field in Fields::of(data) {
                match field? {
                    (1, field) => metadata.plugin = field.text(),
                    (2, field) => metadata.content = field.bytes(),
                    _ => {}
                }
            }
        }
    }
    Ok(metadata)
}

fn image(bytes: &[u8]) -> Result<Logged, BadMessage> {
    let (mut content, mut facts) = (&[][..], Map::new());
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => drop(facts.insert("height".to_owned(), Json::from(field.int()))),
            (2, field) => drop(facts.insert("width".to_owned(), Json::from(field.int()))),
            (4, field) => content = field.bytes(),
            _ => {}
        }
    }
    Ok(picture(content, facts))
}

fn picture(bytes: &[u8], mut facts: Map<String, Json>) -> Logged {
    let extension = match bytes {
        [0xff, 0xd8, ..] => "jpg",
        [b'G', b'I', b'F', ..] => "gif",
        _ => "png",
    };
    facts.insert("format".to_owned(), Json::from(extension));
    Logged::Media { bytes: bytes.to_vec(), kind: "image-file", extension, facts }
}

fn audio(bytes: &[u8]) -> Result<Logged, BadMessage> {
    let content = Fields::of(bytes).find(|field| matches!(field, Ok((4, _)) | Err(_))).transpose()?;
    let bytes = content.map_or(&[][..], |(_, field)| field.bytes()).to_vec();
    Ok(Logged::Media { bytes, kind: "audio-file", extension: "wav", facts: Map::new() })
}

/// Packed or single doubles.
fn doubles(field: Field, out: &mut Vec<f64>) {
    match field {
        Field::Fixed64(bits) => out.push(f64::from_bits(bits)),
        Field::Bytes(bytes) => {
            out.extend(bytes.as_chunks::<8>().0.iter().map(|chunk| f64::from_le_bytes(*chunk)));
        }
        _ => {}
    }
}

fn floats(field: Field, out: &mut Vec<f64>) {
    match field {
        Field::Fixed32(bits) => out.push(f64::from(f32::from_bits(bits))),
        Field::Bytes(bytes) => {
            out.extend(bytes.as_chunks::<4>().0.iter().map(|chunk| f64::from(f32::from_le_bytes(*chunk))));
        }
        _ => {}
    }
}

fn histogram(bytes: &[u8]) -> Result<Value, BadMessage> {
    let (mut least, mut most, mut limits, mut counts) = (0.0, 0.0, Vec::new(), Vec::new());
    for field in Fields::of(bytes) {
        match field? {
            (1, Field::Fixed64(bits)) => least = f64::from_bits(bits),
            (2, Field::Fixed64(bits)) => most = f64::from_bits(bits),
            (6, field) => doubles(field, &mut limits),
            (7, field) => doubles(field, &mut counts),
            _ => {}
        }
    }
    let within = |edge: f64| if edge.is_nan() { edge } else { edge.max(least).min(most) };
    let edges: Vec<f64> = std::iter::once(least).chain(limits.into_iter().map(within)).collect();
    Ok(bins(&edges, &counts))
}

fn bins(edges: &[f64], counts: &[f64]) -> Value {
    let all = |numbers: &[f64]| numbers.iter().map(|number| float_to_json(*number)).collect::<Vec<_>>();
    let value = json!({"_type": "histogram", "bins": all(edges), "values": all(counts)});
    Value::Json(value.to_string())
}

#[derive(Default)]
struct Tensor<'a> {
    kind: i64,
    numbers: Vec<f64>,
    texts: Vec<&'a [u8]>,
    content: &'a [u8],
}

impl<'a> Tensor<'a> {
    #[expect(clippy::cast_precision_loss, reason = "TensorBoard shows floats")]
    fn read(bytes: &'a [u8]) -> Result<Self, BadMessage> {
        let mut tensor = Self::default();
        for field in Fields::of(bytes) {
            match field? {
                (1, field) => tensor.kind = field.int(),
                (4, field) => tensor.content = field.bytes(),
                (5, field) => floats(field, &mut tensor.numbers),
                (6, field) => doubles(field, &mut tensor.numbers),
                (7 | 10 | 11, field @ Field::Int(_)) => tensor.numbers.push(field.int() as f64),
                (8, field) => tensor.texts.push(field.bytes()),
                _ => {}
            }
        }
        match tensor.kind {
            FLOAT if !tensor.content.is_empty() => floats(Field::Bytes(tensor.content), &mut tensor.numbers),
            DOUBLE if !tensor.content.is_empty() => {
                doubles(Field::Bytes(tensor.content), &mut tensor.numbers);
            }
            _ => {}
        }
        Ok(tensor)
    }

    fn logged(self, plugin: &str) -> Option<Logged> {
        match (plugin, &self.texts[..], &self.numbers[..]) {
            ("images", [width, height, picture_bytes, ..], _) => {
                let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<i64>().ok();
                let facts = [("width", number(width)), ("height", number(height))];
                let facts = facts.into_iter().filter_map(|(name, n)| Some((name.to_owned(), Json::from(n?))));
                Some(picture(picture_bytes, facts.collect()))
            }
            ("histograms", _, numbers) if !numbers.is_empty() && numbers.len() % 3 == 0 => {
                let rows = numbers.as_chunks::<3>().0;
                let mut edges: Vec<f64> = rows.iter().map(|[left, ..]| *left).collect();
                edges.extend(rows.last().map(|[_, right, _]| *right));
                let counts: Vec<f64> = rows.iter().map(|[.., count]| *count).collect();
                Some(Logged::Cell(bins(&edges, &counts)))
            }
            ("text" | "", [_, ..], _) => {
                let texts: Vec<_> = self.texts.iter().map(|text| String::from_utf8_lossy(text)).collect();
                Some(Logged::Cell(Value::Text(texts.join("\n"))))
            }
            ("scalars" | "", _, [number]) => Some(Logged::Cell(Value::F64(*number))),
            _ => None,
        }
    }
}

fn hyperparameters(bytes: &[u8], config: &mut Map<String, Json>) -> Result<(), BadMessage> {
    for field in Fields::of(bytes) {
        let (3, Field::Bytes(start)) = field? else { continue };
        for field in Fields::of(start) {
            let (1, Field::Bytes(entry)) = field? else { continue };
            let (mut key, mut value) = ("", Json::Null);
            for field in Fields::of(entry) {
                match field? {
                    (1, field) => key = field.text(),
                    (2, field) => value = protobuf_value(field.bytes())?,
                    _ => {}
                }
            }
            config.insert(key.to_owned(), value);
        }
    }
    Ok(())
}

/// A `google.protobuf.Value` that is no list and no object.
fn protobuf_value(bytes: &[u8]) -> Result<Json, BadMessage> {
    let mut value = Json::Null;
    for field in Fields::of(bytes) {
        value = match field? {
            (2, Field::Fixed64(bits)) => {
                let number = f64::from_bits(bits);
                crate::wandb::log::value::whole(number).map_or_else(|| float_to_json(number), Json::from)
            }
            (3, field) => Json::from(field.text()),
            (4, field) => Json::from(field.int() != 0),
            _ => continue,
        };
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wandb::log::fields::put;

    fn event(value: Vec<u8>) -> Event {
        let bytes = [put::double(1, 1.5), put::int(2, 7), put::bytes(5, put::bytes(1, value))].concat();
        read(&bytes).unwrap()
    }

    fn plugin(name: &str) -> Vec<u8> {
        put::bytes(9, put::bytes(1, put::bytes(1, name)))
    }

    fn cell(value: Vec<u8>) -> Value {
        match event([put::bytes(1, "tag"), value].concat()).values.pop() {
            Some((tag, Logged::Cell(cell))) if tag == "tag" => cell,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_generations_are_read() {
        let scalar = event([put::bytes(1, "loss"), put::float(2, 0.5)].concat());
        assert_eq!((scalar.wall_s, scalar.step), (1.5, 7));
        assert_eq!(scalar.values, [("loss".to_owned(), Logged::Cell(Value::F64(0.5)))]);
        let tensor = |body: &[Vec<u8>], name: &str| [put::bytes(8, body.concat()), plugin(name)].concat();
        assert_eq!(cell(tensor(&[put::int(1, 1), put::float(5, 2.0)], "scalars")), Value::F64(2.0));
        let content = 3.0_f64.to_le_bytes();
        assert_eq!(cell(tensor(&[put::int(1, 2), put::bytes(4, content)], "scalars")), Value::F64(3.0));
        assert_eq!(cell(tensor(&[put::int(1, 7), put::bytes(8, "hi")], "text")), Value::Text("hi".into()));
        let rows: Vec<u8> = [0.0, 1.0, 5.0, 1.0, 2.0, 6.0_f64].iter().flat_map(|n| n.to_le_bytes()).collect();
        let expected = r#"{"_type":"histogram","bins":[0.0,1.0,2.0],"values":[5.0,6.0]}"#;
        assert_eq!(
            cell(tensor(&[put::int(1, 2), put::bytes(4, rows)], "histograms")),
            Value::Json(expected.into())
        );
    }

    #[test]
    fn histograms_pictures_and_hyperparameters_are_read() {
        let packed = |numbers: &[f64]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
        let histogram = [
            put::double(1, -1.0),
            put::double(2, 2.0),
            put::bytes(6, packed(&[0.0, 1e308])),
            put::bytes(7, packed(&[3.0, 4.0])),
        ];
        let expected = r#"{"_type":"histogram","bins":[-1.0,0.0,2.0],"values":[3.0,4.0]}"#;
        assert_eq!(cell(put::bytes(5, histogram.concat())), Value::Json(expected.into()));
        let image = [put::int(1, 4), put::int(2, 5), put::bytes(4, [0x89, b'P'])].concat();
        let picture = event([put::bytes(1, "img"), put::bytes(4, image)].concat()).values.pop().unwrap().1;
        let Logged::Media { extension: "png", facts, .. } = picture else { panic!("{picture:?}") };
        assert_eq!(Json::Object(facts), json!({"height": 4, "width": 5, "format": "png"}));
        let entry =
            |key: &str, value: Vec<u8>| put::bytes(1, [put::bytes(1, key), put::bytes(2, value)].concat());
        let start = [
            entry("lr", put::double(2, 0.1)),
            entry("n", put::double(2, 3.0)),
            entry("o", put::bytes(3, "adam")),
        ];
        let content = put::bytes(2, put::bytes(3, start.concat()));
        let hparams = [
            put::bytes(1, HPARAMS),
            put::bytes(9, put::bytes(1, [put::bytes(1, "hparams"), content].concat())),
        ];
        assert_eq!(Json::Object(event(hparams.concat()).config), json!({"lr": 0.1, "n": 3, "o": "adam"}));
        assert!(read(&[0xff, 0xff]).is_err());
    }
}
