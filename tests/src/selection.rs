//! What a GraphQL document asks for, read without a schema, so that an answer can
//! be compared with it: every field asked for, and no other. Must not know
//! where documents or answers come from.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

/// What stands between braces.
type Selections = Vec<Selection>;

#[derive(Debug, Clone)]
enum Selection {
    Field { key: String, condition: Option<Condition>, below: Selections },
    Spread { fragment: String },
    Inline { on: Option<String>, below: Selections },
}

/// `@include(if: $variable)`, or `@skip`.
#[derive(Debug, Clone)]
struct Condition {
    include: bool,
    value: Value,
}

#[derive(Debug, Clone)]
enum Value {
    Variable(String),
    Literal(bool),
}

/// A document: its first operation, and its fragments by name.
#[derive(Debug)]
pub struct Document {
    operation: Selections,
    fragments: BTreeMap<String, (String, Selections)>,
    defaults: BTreeMap<String, bool>,
}

impl Document {
    /// Reads a document; panics where it is none.
    #[track_caller]
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut read = Reader { tokens: tokens(text), at: 0 };
        let mut document =
            Self { operation: Vec::new(), fragments: BTreeMap::new(), defaults: BTreeMap::new() };
        while let Some(token) = read.peek() {
            match token {
                "fragment" => {
                    let (_, name, _, on) = (read.next(), read.next(), read.next(), read.next());
                    document.fragments.insert(name, (on, read.selections()));
                }
                _ => {
                    document.defaults = read.head();
                    document.operation = read.selections();
                }
            }
        }
        document
    }

    /// What the answer's `data` lacks, and what it has that nobody asked for.
    /// Below a null nothing is missed.
    #[must_use]
    pub fn faults(&self, variables: &Json, data: &Json) -> Vec<String> {
        let mut faults = Vec::new();
        let judge = Judge { document: self, variables };
        judge.value(&[&self.operation], data, "data", &mut faults);
        faults
    }

    /// The keys that the answer's `data` is to have.
    #[must_use]
    pub fn roots(&self) -> Vec<String> {
        let root = |selection: &Selection| match selection {
            Selection::Field { key, .. } => Some(key.clone()),
            _ => None,
        };
        self.operation.iter().filter_map(root).collect()
    }
}

struct Judge<'a> {
    document: &'a Document,
    variables: &'a Json,
}

impl Judge<'_> {
    /// One field may be selected in several places; all of them count.
    fn value(&self, selections: &[&Selections], value: &Json, path: &str, faults: &mut Vec<String>) {
        match value {
            Json::Array(items) => {
                for (nth, item) in items.iter().enumerate() {
                    self.value(selections, item, &format!("{path}[{nth}]"), faults);
                }
            }
            Json::Object(object) if selections.iter().any(|below| !below.is_empty()) => {
                self.object(selections, object, path, faults);
            }
            // A scalar, which may be any JSON.
            _ => {}
        }
    }

    fn object(
        &self,
        selections: &[&Selections],
        object: &Map<String, Json>,
        path: &str,
        faults: &mut Vec<String>,
    ) {
        let mut wanted: BTreeMap<&str, Vec<&Selections>> = BTreeMap::new();
        let kind = object.get("__typename").and_then(Json::as_str);
        for below in selections {
            self.collect(below, kind, object, &mut wanted);
        }
        for key in object.keys().filter(|key| !wanted.contains_key(key.as_str())) {
            faults.push(format!("{path}.{key} is there unasked"));
        }
        for (key, below) in wanted {
            match object.get(key) {
                None => faults.push(format!("{path}.{key} is missing")),
                Some(value) => self.value(&below, value, &format!("{path}.{key}"), faults),
            }
        }
    }

    fn collect<'a>(
        &'a self,
        selections: &'a Selections,
        kind: Option<&str>,
        object: &Map<String, Json>,
        wanted: &mut BTreeMap<&'a str, Vec<&'a Selections>>,
    ) {
        // Of several types that a value may have, it is one.
        let typed = selections.iter().filter_map(|selection| self.typed(selection)).count();
        for selection in selections {
            match selection {
                Selection::Field { key, condition, below } => {
                    if condition.as_ref().is_none_or(|condition| self.holds(condition)) {
                        wanted.entry(key).or_default().push(below);
                    }
                }
                Selection::Spread { .. } | Selection::Inline { .. } => {
                    let (on, below) = match selection {
                        Selection::Spread { fragment } => {
                            let (on, below) =
                                self.document.fragments.get(fragment).expect("a fragment is there");
                            (Some(on.as_str()), below)
                        }
                        Selection::Inline { on, below } => (on.as_deref(), below),
                        Selection::Field { .. } => continue,
                    };
                    let other = match (kind, on) {
                        (Some(kind), Some(on)) => kind != on && !INTERFACES.contains(&on),
                        (None, Some(_)) if typed > 1 => !self.fits(below, object),
                        _ => false,
                    };
                    if !other {
                        self.collect(below, kind, object, wanted);
                    }
                }
            }
        }
    }

    /// The type that a fragment is for.
    fn typed<'a>(&'a self, selection: &'a Selection) -> Option<&'a str> {
        match selection {
            Selection::Field { .. } => None,
            Selection::Spread { fragment } => {
                self.document.fragments.get(fragment).map(|(on, _)| on.as_str())
            }
            Selection::Inline { on, .. } => on.as_deref(),
        }
    }

    /// Whether the object has all that is selected here.
    fn fits(&self, selections: &Selections, object: &Map<String, Json>) -> bool {
        selections.iter().all(|selection| match selection {
            Selection::Field { key, .. } => object.contains_key(key),
            _ => true,
        })
    }

    fn holds(&self, condition: &Condition) -> bool {
        let value = match &condition.value {
            Value::Literal(value) => *value,
            Value::Variable(name) => {
                let given = self.variables[name].as_bool();
                given.or_else(|| self.document.defaults.get(name).copied()).unwrap_or(false)
            }
        };
        value == condition.include
    }
}

/// Types that others are kinds of.
const INTERFACES: [&str; 1] = ["ArtifactCollection"];

struct Reader {
    tokens: Vec<String>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    #[track_caller]
    fn next(&mut self) -> String {
        self.at += 1;
        self.tokens.get(self.at - 1).expect("the document goes on").clone()
    }

    fn takes(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    /// What stands before an operation's braces: the defaults of its booleans.
    fn head(&mut self) -> BTreeMap<String, bool> {
        let mut defaults = BTreeMap::new();
        let mut variable = String::new();
        while self.peek() != Some("{") {
            match self.next().as_str() {
                "$" => variable = self.next(),
                "=" if self.peek() == Some("{") => self.skip("{", "}"),
                "=" => {
                    if let Ok(value) = self.peek().unwrap_or_default().parse() {
                        defaults.insert(variable.clone(), value);
                    }
                }
                _ => {}
            }
        }
        defaults
    }

    fn skip(&mut self, open: &str, close: &str) {
        let mut depth = 0_usize;
        loop {
            let token = self.next();
            depth += usize::from(token == open);
            depth -= usize::from(token == close);
            if depth == 0 {
                return;
            }
        }
    }

    fn selections(&mut self) -> Selections {
        assert!(self.takes("{"), "a selection begins with a brace");
        let mut found = Vec::new();
        while !self.takes("}") {
            let selection = if self.takes("...") { self.fragment() } else { self.field() };
            found.push(selection);
        }
        found
    }

    fn fragment(&mut self) -> Selection {
        match self.peek() {
            Some("on") => {
                let (_, on) = (self.next(), self.next());
                Selection::Inline { on: Some(on), below: self.selections() }
            }
            Some("{") => Selection::Inline { on: None, below: self.selections() },
            _ => Selection::Spread { fragment: self.next() },
        }
    }

    fn field(&mut self) -> Selection {
        let mut key = self.next();
        if self.takes(":") {
            self.next();
        }
        if self.peek() == Some("(") {
            self.skip("(", ")");
        }
        let mut condition = None;
        while self.takes("@") {
            let include = self.next() == "include";
            let (_, _, _) = (self.next(), self.next(), self.next());
            let value = if self.takes("$") {
                Value::Variable(self.next())
            } else {
                Value::Literal(self.next() == "true")
            };
            condition = Some(Condition { include, value });
            self.next();
        }
        let below = if self.peek() == Some("{") { self.selections() } else { Vec::new() };
        Selection::Field { key: std::mem::take(&mut key), condition, below }
    }
}

fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' => 2 + rest[1..].find('"').expect("a string ends"),
            '.' => 3,
            c if c.is_alphanumeric() || c == '_' || c == '-' => {
                let part = |c: char| c.is_alphanumeric() || "_-.".contains(c);
                rest.find(|c| !part(c)).unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        if first != '#' {
            found.push(rest[..length].to_owned());
        }
        rest = rest[length..].trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_and_what_is_too_much() {
        let document = Document::read(
            r#"#graphql
            query Q($a: String!, $b: Boolean = true, $c: [In!] = {x: 1}) {
                p(name: $a, list: ["(", {x: 1}]) { id, other: name ...F
                    extra @include(if: $b) { x } less @skip(if: $b) always @include(if: true) edges { node { n } } }
            }
            fragment F on P { id json who { ... on User { name } ... on Run { state } } }"#,
        );
        let good = json!({"p": {
            "id": 1, "other": 2, "always": 0, "json": {"any": 1}, "who": {"state": 1}, "extra": {"x": 1},
            "edges": [{"node": {"n": 1}}, {"node": null}],
        }});
        assert_eq!(document.faults(&json!({}), &good), [] as [&str; 0]);
        assert_eq!(document.roots(), ["p"]);
        let mut bad = good.clone();
        bad["p"]["edges"][0]["node"] = json!({"m": 1});
        let mut faults = document.faults(&json!({"b": false}), &bad);
        faults.sort();
        assert_eq!(
            faults,
            [
                "data.p.edges[0].node.m is there unasked",
                "data.p.edges[0].node.n is missing",
                "data.p.extra is there unasked",
                "data.p.less is missing",
            ]
        );
    }
}
