//! From the document of a filter to its conditions, within bounds. It must not
//! know the facts that they will be asked of.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value as Json};

use super::error::{OF_FIELDS, Place, described, short};
use super::field::named;
use super::{
    BadFilter, Choices, Comparison, Field, Kind, MAX_DEPTH, MAX_FIELDS, MAX_REGEX_BYTES, MAX_REGEX_PROGRAM,
    MAX_REGEXES, MAX_VALUES, Node, Test,
};

/// How deep the groups of one regular expression may lie in one another.
const MAX_REGEX_DEPTH: u32 = 64;

/// The conditions of a document, and the fields that they are about.
pub(super) fn document<F: Field>(document: &Json) -> Result<(Node, Vec<F>), BadFilter> {
    measure(document, 0, &mut 0)?;
    let mut parser = Parser { fields: Vec::new(), known: HashMap::new(), regexes: 0 };
    let root = parser.conditions(None, document, &Place::Top)?;
    Ok((root, parser.fields))
}

/// What the JSON parser refused. It has a depth of its own beyond which it does not read.
pub(super) fn not_json(err: serde_json::Error) -> BadFilter {
    if err.to_string().starts_with("recursion limit") {
        return BadFilter::TooDeep { limit: MAX_DEPTH };
    }
    BadFilter::NotJson(err)
}

/// Refuses what nests too deep or holds too much, before anything recurses into it.
fn measure(value: &Json, depth: usize, count: &mut usize) -> Result<(), BadFilter> {
    *count += 1;
    if *count > MAX_VALUES {
        return Err(BadFilter::TooMany { what: "values", limit: MAX_VALUES });
    }
    if depth > MAX_DEPTH {
        return Err(BadFilter::TooDeep { limit: MAX_DEPTH });
    }
    match value {
        Json::Array(items) => items.iter().try_for_each(|item| measure(item, depth + 1, count)),
        Json::Object(map) => map.values().try_for_each(|item| measure(item, depth + 1, count)),
        _ => Ok(()),
    }
}

struct Parser<F> {
    fields: Vec<F>,
    known: HashMap<F, usize>,
    regexes: usize,
}

impl<F: Field> Parser<F> {
    /// The conditions of one object, all of which must hold. With a field, its keys
    /// are operators on that field; without, field names. Logical operators may stand in both.
    fn conditions(&mut self, field: Option<usize>, value: &Json, at: &Place<'_>) -> Result<Node, BadFilter> {
        let Json::Object(map) = value else {
            return Err(wrong(at, "an object of conditions", value));
        };
        if field.is_some() && map.is_empty() {
            return Err(wrong(at, "an object with at least one operator ($…)", value));
        }
        let mut nodes = Vec::with_capacity(map.len());
        for (key, value) in map {
            let at = Place::Key(at, key);
            nodes.push(match (key.as_str(), field) {
                ("$and", _) => Node::All(self.list(field, value, &at)?),
                ("$or", _) => Node::Any(self.list(field, value, &at)?),
                ("$nor", _) => not(Node::Any(self.list(field, value, &at)?)),
                ("$not", _) => not(self.conditions(field, value, &at)?),
                // Read together with its $regex.
                ("$options", Some(_)) if map.contains_key("$regex") => continue,
                (operator, _) if operator.starts_with('$') => match field {
                    Some(field) => self.operator(field, operator, value, map, &at)?,
                    None if OF_FIELDS.contains(&operator) => {
                        return Err(BadFilter::NoField { at: at.to_string(), name: operator.to_owned() });
                    }
                    None => return Err(unknown(operator, &at)),
                },
                (name, Some(_)) => {
                    return Err(BadFilter::Mixed { at: at.to_string(), name: short(name) });
                }
                (name, None) => {
                    let field = self.field(name, &at)?;
                    self.of_field(field, value, &at)?
                }
            });
        }
        Ok(match (nodes.pop(), nodes.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                nodes.extend(last);
                Node::All(nodes)
            }
        })
    }

    fn list(&mut self, field: Option<usize>, value: &Json, at: &Place<'_>) -> Result<Vec<Node>, BadFilter> {
        let items = value.as_array().ok_or_else(|| wrong(at, "a list of conditions", value))?;
        items
            .iter()
            .enumerate()
            // The SDK leaves null where a condition of a report is switched off.
            .filter(|(_, item)| !item.is_null())
            .map(|(index, item)| self.conditions(field, item, &Place::Item(at, index)))
            .collect()
    }

    fn field(&mut self, name: &str, at: &Place<'_>) -> Result<usize, BadFilter> {
        let field: F = named(name, at)?;
        let index = *self.known.entry(field.clone()).or_insert(self.fields.len());
        if index == self.fields.len() {
            if index == MAX_FIELDS {
                return Err(BadFilter::TooMany { what: "fields", limit: MAX_FIELDS });
            }
            self.fields.push(field);
        }
        Ok(index)
    }

    /// What stands under a field name: operators, or the value that it must equal.
    fn of_field(&mut self, field: usize, value: &Json, at: &Place<'_>) -> Result<Node, BadFilter> {
        match value {
            Json::Object(map) if map.keys().any(|key| key.starts_with('$')) => {
                self.conditions(Some(field), value, at)
            }
            plain => Ok(Node::Test(field, Test::Equals(self.operand(field, plain, at)?))),
        }
    }

    fn operator(
        &mut self,
        field: usize,
        operator: &str,
        value: &Json,
        siblings: &Map<String, Json>,
        at: &Place<'_>,
    ) -> Result<Node, BadFilter> {
        let test = |test| Node::Test(field, test);
        Ok(match operator {
            "$eq" => test(Test::Equals(self.operand(field, value, at)?)),
            "$ne" => not(test(Test::Equals(self.operand(field, value, at)?))),
            "$in" => test(Test::OneOf(self.choices(field, value, at)?)),
            "$nin" => not(test(Test::OneOf(self.choices(field, value, at)?))),
            "$gt" => test(self.comparison(Comparison::Greater, field, value, at)?),
            "$gte" => test(self.comparison(Comparison::GreaterOrEqual, field, value, at)?),
            "$lt" => test(self.comparison(Comparison::Less, field, value, at)?),
            "$lte" => test(self.comparison(Comparison::LessOrEqual, field, value, at)?),
            "$exists" => test(Test::Exists(match value {
                Json::Bool(wanted) => *wanted,
                // MongoDB takes 1 and 0 as well.
                Json::Number(number) if number.as_u64().is_some_and(|it| it < 2) => {
                    number.as_u64() == Some(1)
                }
                other => return Err(wrong(at, "true or false", other)),
            })),
            "$size" => {
                test(Test::Size(value.as_u64().ok_or_else(|| wrong(at, "a whole number from 0", value))?))
            }
            "$all" => match self.items(field, value, at)? {
                // As MongoDB has it: all of nothing is nothing.
                items if items.is_empty() => Node::Any(Vec::new()),
                items => Node::All(items.into_iter().map(Test::Equals).map(test).collect()),
            },
            "$regex" => {
                let regex = self.regex(value, siblings.get("$options"), at)?;
                test(Test::Fits(regex, self.kind(field)))
            }
            // A list contains what one of its items is.
            "$contains" if value.is_number() || value.is_boolean() => test(Test::Equals(value.clone())),
            "$contains" => test(Test::Fits(self.substring(value, at)?, self.kind(field))),
            "$options" => return Err(BadFilter::LoneOptions { at: at.to_string() }),
            _ => return Err(unknown(operator, at)),
        })
    }

    fn kind(&self, field: usize) -> Kind {
        self.fields.get(field).map_or(Kind::Plain, Field::kind)
    }

    /// The value to compare with.
    fn operand(&self, field: usize, value: &Json, at: &Place<'_>) -> Result<Json, BadFilter> {
        self.kind(field).operand(value, at)
    }

    fn items(&self, field: usize, value: &Json, at: &Place<'_>) -> Result<Vec<Json>, BadFilter> {
        let items = value.as_array().ok_or_else(|| wrong(at, "a list of values", value))?;
        items
            .iter()
            .enumerate()
            .map(|(index, item)| match item {
                Json::Object(map) if map.keys().any(|key| key.starts_with('$')) => {
                    Err(wrong(&Place::Item(at, index), "a value without operators", item))
                }
                item => self.operand(field, item, &Place::Item(at, index)),
            })
            .collect()
    }

    fn choices(&self, field: usize, value: &Json, at: &Place<'_>) -> Result<Choices, BadFilter> {
        let mut choices = Choices::default();
        for item in self.items(field, value, at)? {
            match item {
                Json::String(text) => _ = choices.texts.insert(text),
                other => choices.others.push(other),
            }
        }
        Ok(choices)
    }

    fn comparison(
        &self,
        comparison: Comparison,
        field: usize,
        value: &Json,
        at: &Place<'_>,
    ) -> Result<Test, BadFilter> {
        match value {
            Json::Null | Json::Array(_) | Json::Object(_) => {
                Err(wrong(at, "a number, a text, or true or false", value))
            }
            plain => Ok(Test::Compares(comparison, self.operand(field, plain, at)?)),
        }
    }

    fn regex(&mut self, value: &Json, options: Option<&Json>, at: &Place<'_>) -> Result<Regex, BadFilter> {
        let pattern = value.as_str().ok_or_else(|| wrong(at, "a regular expression as text", value))?;
        let letters = match options {
            None => "",
            Some(Json::String(letters)) if letters.chars().all(|letter| "ims".contains(letter)) => letters,
            Some(other) => return Err(wrong(at, "$options of the letters i, m and s", other)),
        };
        self.compiled(pattern, pattern, letters, at)
    }

    fn substring(&mut self, value: &Json, at: &Place<'_>) -> Result<Regex, BadFilter> {
        let text = value.as_str().ok_or_else(|| wrong(at, "the text to look for", value))?;
        self.compiled(&regex::escape(text), text, "", at)
    }

    fn compiled(
        &mut self,
        pattern: &str,
        written: &str,
        letters: &str,
        at: &Place<'_>,
    ) -> Result<Regex, BadFilter> {
        self.regexes += 1;
        if self.regexes > MAX_REGEXES {
            return Err(BadFilter::TooMany { what: "regular expressions", limit: MAX_REGEXES });
        }
        let bad = |why: String| BadFilter::Regex {
            at: at.to_string(),
            pattern: format!("{:?}", short(written)),
            why,
        };
        if written.len() > MAX_REGEX_BYTES {
            return Err(bad(format!("it is longer than {MAX_REGEX_BYTES} bytes")));
        }
        RegexBuilder::new(pattern)
            .case_insensitive(F::REGEX_IGNORES_CASE || letters.contains('i'))
            .multi_line(letters.contains('m'))
            .dot_matches_new_line(letters.contains('s'))
            .size_limit(MAX_REGEX_PROGRAM)
            .dfa_size_limit(MAX_REGEX_PROGRAM)
            .nest_limit(MAX_REGEX_DEPTH)
            .build()
            .map_err(|err| bad(reason(&err)))
    }
}

/// The last line of a syntax error says what is wrong; those above draw the pattern.
fn reason(err: &regex::Error) -> String {
    match err {
        regex::Error::CompiledTooBig(_) => {
            r"it would grow too large; repeat less, or write [A-Za-z0-9_] for \w".to_owned()
        }
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            short(last.trim_start_matches("error: "))
        }
    }
}

fn not(node: Node) -> Node {
    Node::Not(Box::new(node))
}

fn wrong(at: &Place<'_>, wanted: &'static str, found: &Json) -> BadFilter {
    BadFilter::Operand { at: at.to_string(), wanted, found: described(found) }
}

fn unknown(operator: &str, at: &Place<'_>) -> BadFilter {
    BadFilter::UnknownOperator { at: at.to_string(), name: short(operator) }
}
