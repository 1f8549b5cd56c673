//! Several GraphQL mutations of one kind as one request: what makes a thousand
//! small runs a few requests. One alone is asked as the SDK asks it. Of several,
//! one that is refused does not stand in the way of the rest. It knows no run.

use serde_json::{Map, Value as Json};

use super::server::Server;
use crate::sync::remote::{RemoteError, RemoteResult};

/// The most of one request; servers bound how much one may ask for.
const TOGETHER_MAX: usize = 20;

/// A mutation: its operation, its field, what goes into its input, and what is
/// asked of its answer.
pub struct Mutation {
    /// The operation's name.
    pub operation: &'static str,
    /// The field.
    pub field: &'static str,
    /// `(input's field, variable, type)`
    pub input: &'static [(&'static str, &'static str, &'static str)],
    /// Of the answer.
    pub selection: &'static str,
}

/// What came of one of several: the field's value, or why there is none.
pub type Outcome = Result<Json, String>;

impl Mutation {
    /// The document for so many at once, and the names of their answers.
    fn document(&self, count: usize) -> (String, Vec<String>) {
        let suffix = |nth: usize| if count == 1 { String::new() } else { format!("_{nth}") };
        let (mut declared, mut fields, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for nth in 0..count {
            let suffix = suffix(nth);
            declared
                .extend(self.input.iter().map(|(_, variable, kind)| format!("${variable}{suffix}: {kind}")));
            let input: Vec<_> = self
                .input
                .iter()
                .map(|(field, variable, _)| format!("{field}: ${variable}{suffix}"))
                .collect();
            let (field, input, selection) = (self.field, input.join(", "), self.selection);
            let (alias, name) = match count {
                1 => (String::new(), field.to_owned()),
                _ => (format!("r{nth}: "), format!("r{nth}")),
            };
            fields.push(format!("{alias}{field}(input: {{{input}}}) {{ {selection} }}"));
            names.push(name);
        }
        let document =
            format!("mutation {} ({}) {{ {} }}", self.operation, declared.join(", "), fields.join(" "));
        (document, names)
    }

    /// Asks for one.
    pub async fn one(&self, server: &Server, variables: Map<String, Json>) -> RemoteResult<Json> {
        let outcome = self.all(server, vec![variables]).await?.pop();
        match outcome {
            Some(Ok(value)) => Ok(value),
            Some(Err(why)) => Err(RemoteError::Rejected(why)),
            None => Err(RemoteError::transient(format!("{} did not answer", server.who))),
        }
    }

    /// Asks for all of these; an outcome for each, in their order.
    pub async fn all(&self, server: &Server, asked: Vec<Map<String, Json>>) -> RemoteResult<Vec<Outcome>> {
        let mut outcomes: Vec<Option<Outcome>> = asked.iter().map(|_| None).collect();
        let mut groups: Vec<Vec<usize>> =
            (0..asked.len()).collect::<Vec<_>>().chunks(TOGETHER_MAX).rev().map(<[usize]>::to_vec).collect();
        while let Some(group) = groups.pop() {
            match self.group(server, &asked, &group).await {
                Ok(found) => {
                    let mut open = Vec::new();
                    for (at, found) in group.iter().zip(found) {
                        match found {
                            Some(outcome) => outcomes[*at] = Some(outcome),
                            None => open.push(*at),
                        }
                    }
                    if !open.is_empty() {
                        // Those whose answer another's refusal took away.
                        groups.extend(if open.len() < group.len() { vec![open] } else { halves(&open) });
                    }
                }
                Err(RemoteError::Rejected(_) | RemoteError::TooLarge(_)) if group.len() > 1 => {
                    groups.extend(halves(&group));
                }
                // One that is too large alone is an error of all: who asks tries each
                // alone once more, as it may be an odd answer of a proxy's.
                Err(RemoteError::Rejected(why)) => {
                    if let [one] = group.as_slice() {
                        outcomes[*one] = Some(Err(why));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        let missing = || Err(format!("{} did not answer", server.who));
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(missing)).collect())
    }

    async fn group(
        &self,
        server: &Server,
        asked: &[Map<String, Json>],
        group: &[usize],
    ) -> RemoteResult<Vec<Option<Outcome>>> {
        let (document, names) = self.document(group.len());
        let mut variables = Map::new();
        for (nth, at) in group.iter().enumerate() {
            for (name, value) in &asked[*at] {
                let name = if group.len() == 1 { name.clone() } else { format!("{name}_{nth}") };
                variables.insert(name, value.clone());
            }
        }
        let mut answer = server.graphql(self.operation, &document, Json::Object(variables)).await?;
        let outcome = |name: &String| {
            let of = answer.errors.iter().find(|(of, _)| of.as_ref() == Some(name));
            match (answer.data[name].take(), of) {
                (Json::Null, Some((_, why))) => Some(Err(why.clone())),
                (Json::Null, None) if group.len() == 1 => {
                    let why = answer.errors.first().map(|(_, why)| why.clone());
                    Some(Err(why.unwrap_or_else(|| format!("{} gave no answer", server.who))))
                }
                (Json::Null, None) => None,
                (value, _) => Some(Ok(value)),
            }
        };
        Ok(names.iter().map(outcome).collect())
    }
}

/// In two; the first half is on top.
fn halves(group: &[usize]) -> Vec<Vec<usize>> {
    let (first, second) = group.split_at(group.len() / 2);
    [second, first].into_iter().filter(|half| !half.is_empty()).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUTATION: Mutation = Mutation {
        operation: "Do",
        field: "do",
        input: &[("name", "name", "String!"), ("modelName", "project", "String")],
        selection: "id",
    };

    #[test]
    fn one_is_asked_as_the_sdk_does_and_several_under_names() {
        let (one, names) = MUTATION.document(1);
        assert_eq!(
            one,
            "mutation Do ($name: String!, $project: String) { do(input: {name: $name, modelName: $project}) { id } }"
        );
        assert_eq!(names, ["do"]);
        let (two, names) = MUTATION.document(2);
        assert!(two.contains("r1: do(input: {name: $name_1, modelName: $project_1}) { id }"), "{two}");
        assert!(
            two.starts_with("mutation Do ($name_0: String!, $project_0: String, $name_1: String!,"),
            "{two}"
        );
        assert_eq!(names, ["r0", "r1"]);
    }

    #[test]
    fn groups_are_halved_to_the_end() {
        assert_eq!(halves(&[1, 2, 3]), [vec![2, 3], vec![1]]);
        assert_eq!(halves(&[7]), [vec![7]]);
    }
}
