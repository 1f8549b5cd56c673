//! Owns what the metrics of this life came to so far: last values and running
//! figures, for `run.summary`. Must not do any I/O.

use std::collections::HashMap;
use std::sync::Arc;

use pannier_proto::summary::{Definition, Stats, entry, rule};
use pannier_proto::value::{Kind, Value};
use serde_json::{Map, Value as Json};

/// The place of a metric in [`Figures`].
pub type Metric = u32;

#[derive(Debug)]
struct Figure {
    stats: Stats,
    word: u64,
    kind: Kind,
    text: Option<Box<str>>,
}

/// All metrics of a run.
#[derive(Debug, Default)]
pub struct Figures {
    names: Vec<Arc<str>>,
    places: HashMap<Arc<str>, Metric>,
    figures: Vec<Figure>,
    rules: Vec<Definition>,
}

impl Figures {
    /// The place of the metric with this name, which is made where it is new.
    pub fn place(&mut self, name: &Arc<str>) -> Metric {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = Metric::try_from(self.names.len()).unwrap_or(Metric::MAX);
        self.names.push(Arc::clone(name));
        self.places.insert(Arc::clone(name), place);
        self.figures.push(Figure { stats: Stats::default(), word: 0, kind: Kind::Json, text: None });
        place
    }

    /// Takes in a value without text.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "figures are floats; the integer itself is kept as last")]
    pub fn number(&mut self, metric: Metric, kind: Kind, word: u64) {
        let Some(figure) = self.figures.get_mut(metric as usize) else { return };
        figure.word = word;
        figure.kind = kind;
        figure.stats.add(match kind {
            Kind::F64 => f64::from_bits(word),
            _ => word.cast_signed() as f64,
        });
    }

    /// Takes in a value with text.
    pub fn text(&mut self, metric: Metric, kind: Kind, text: &str) {
        let Some(figure) = self.figures.get_mut(metric as usize) else { return };
        figure.kind = kind;
        figure.text = Some(text.into());
    }

    /// Adds a rule of `define_metric`.
    pub fn define(&mut self, definition: Definition) {
        self.rules.retain(|rule| rule.name != definition.name);
        self.rules.push(definition);
    }

    /// The summary that follows from rows and rules.
    #[must_use]
    pub fn summary(&self) -> Map<String, Json> {
        let seen = |figure: &Figure| !figure.kind.in_tail() || figure.text.is_some();
        self.names
            .iter()
            .zip(&self.figures)
            .filter(|(_, figure)| seen(figure))
            .filter_map(|(name, figure)| {
                let entry = entry(rule(&self.rules, name), &figure.last(), &figure.stats)?;
                Some((name.to_string(), entry))
            })
            .collect()
    }
}

impl Figure {
    fn last(&self) -> Value {
        let text = || self.text.as_deref().unwrap_or_default().to_owned();
        match self.kind {
            Kind::F64 => Value::F64(f64::from_bits(self.word)),
            Kind::I64 => Value::I64(self.word.cast_signed()),
            Kind::Bool => Value::Bool(self.word != 0),
            Kind::Text => Value::Text(text()),
            Kind::Json => Value::Json(text()),
        }
    }
}
