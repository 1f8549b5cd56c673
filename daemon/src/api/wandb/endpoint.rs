//! `POST /graphql`: reading a request, bounding it, and wording what goes wrong
//! so that a client's error names the operation.

use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, OperationDefinition, OperationType, Selection};
use async_graphql::{
    EmptySubscription, MergedObject, Request, Response, ServerError, ValidationMode, Variables,
};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value as JsonValue;

use super::artifact_mutation::ArtifactMutation;
use super::mutation::RunMutation;
use super::project_mutation::ProjectMutation;
use super::query::Query;
use super::registry_mutation::RegistryMutation;
use super::view::ViewMutation;
use super::{Ask, permit};
use crate::access::Verb;
use crate::api::App;
use crate::api::auth::Caller;
use crate::api::respond::AtMost;
use crate::api::web::base_url;
use crate::limits::{GRAPHQL_BYTES_MAX, GRAPHQL_DEPTH, GRAPHQL_FIELDS};

/// The longest message of an error, in characters.
const MESSAGE_CHARS_MAX: usize = 500;

/// The root of mutations.
#[derive(MergedObject, Default)]
pub struct Mutation(RunMutation, ArtifactMutation, RegistryMutation, ProjectMutation, ViewMutation);

/// What is answered.
#[derive(Clone)]
pub struct Schema {
    schema: async_graphql::Schema<Query, Mutation, EmptySubscription>,
    /// The fields of the roots, as the schema's own description has them.
    queries: Arc<[String]>,
    mutations: Arc<[String]>,
}

/// Makes the schema. A field that we do not have is null and no fault: clients
/// of other versions ask for more or less. An operation that we do not have is
/// refused before it is run.
#[must_use]
pub fn schema() -> Schema {
    let schema = async_graphql::Schema::build(Query, Mutation::default(), EmptySubscription)
        .validation_mode(ValidationMode::Fast)
        .limit_depth(GRAPHQL_DEPTH)
        .limit_complexity(GRAPHQL_FIELDS)
        .limit_recursive_depth(2 * GRAPHQL_DEPTH)
        .limit_directives(8)
        .finish();
    let sdl = schema.sdl();
    let (queries, mutations) = (fields_of(&sdl, "Query"), fields_of(&sdl, "Mutation"));
    Schema { schema, queries, mutations }
}

impl Schema {
    /// The names of the mutations.
    #[cfg(test)]
    pub fn mutations(&self) -> &[String] {
        &self.mutations
    }
}

/// The names of a type's fields in a schema's text.
fn fields_of(sdl: &str, name: &str) -> Arc<[String]> {
    let body = sdl.split_once(&format!("\ntype {name} {{\n")).map(|(_, rest)| rest).unwrap_or_default();
    let body = body.split_once("\n}").map_or(body, |(body, _)| body);
    let field = |line: &str| {
        let line = line.strip_prefix('\t').or_else(|| line.strip_prefix("  "))?;
        let (name, rest) = line.split_at(line.find(|c: char| !c.is_ascii_alphanumeric())?);
        // What a field is for is said in lines of their own.
        (!name.is_empty() && rest.starts_with(['(', ':'])).then(|| name.to_owned())
    };
    body.lines().filter_map(field).collect()
}

#[derive(Deserialize)]
struct Asked {
    query: String,
    #[serde(default)]
    variables: Option<JsonValue>,
    #[serde(default, rename = "operationName")]
    operation_name: Option<String>,
}

/// Answers one request. Several at once are not taken: no client sends them.
pub async fn graphql(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    _: AtMost<GRAPHQL_BYTES_MAX>,
    body: Bytes,
) -> axum::response::Response {
    let asked: Asked = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => {
            let error = ServerError::new(format!("this is no GraphQL request: {error}"), None);
            return (StatusCode::BAD_REQUEST, Json(Response::from_errors(vec![error]))).into_response();
        }
    };
    let schema = app.schema.clone();
    let base = base_url(&app, &headers);
    let ask = Ask { base, app, caller, operation: None, verb: Verb::Read };
    let mut response = answer(&schema, ask, asked).await;
    // A parser's message repeats the line that it does not understand.
    for error in &mut response.errors {
        if let Some((cut, _)) = error.message.char_indices().nth(MESSAGE_CHARS_MAX) {
            error.message.truncate(cut);
            error.message.push('…');
        }
    }
    Json(response).into_response()
}

async fn answer(schema: &Schema, mut ask: Ask, asked: Asked) -> Response {
    // Parsed apart from the schema: an error then names what was asked for.
    let document = match parse_query(&asked.query) {
        Ok(document) => document,
        Err(error) => return Response::from_errors(vec![error.into()]),
    };
    let name = asked.operation_name.filter(|name| !name.is_empty());
    let operation = match &document.operations {
        DocumentOperations::Single(operation) => Some((None, operation)),
        DocumentOperations::Multiple(all) => match &name {
            Some(name) => all.get(name.as_str()).map(|operation| (Some(name.as_str()), operation)),
            None => all.iter().next().map(|(name, operation)| (Some(name.as_str()), operation)),
        },
    };
    let Some((first, operation)) = operation else {
        let what = format!("there is no operation {:?} in the request", name.unwrap_or_default());
        return Response::from_errors(vec![ServerError::new(what, None)]);
    };
    if let Some(what) = unknown(schema, &operation.node) {
        tracing::debug!("refused: {what}");
        return Response::from_errors(vec![ServerError::new(what, None)]);
    }
    ask.verb = match needed(&operation.node) {
        Ok(verb) => verb,
        Err(what) => return Response::from_errors(vec![ServerError::new(what, None)]),
    };
    let operation_name = name.clone().or_else(|| first.map(str::to_owned));
    // A document of one operation loses its name when it is read; clients before
    // 0.27 give it nowhere else.
    ask.operation = operation_name.clone().or_else(|| name_in(&asked.query));
    let mut variables = asked.variables.map(Variables::from_json).unwrap_or_default();
    // The engine looks at what was sent only where it decides on `@include`.
    for definition in &operation.node.variable_definitions {
        if let Some(default) = definition.node.default_value() {
            variables.entry(definition.node.name.node.clone()).or_insert_with(|| default.clone());
        }
    }
    let mut request = Request::new(asked.query).variables(variables).data(Arc::new(ask));
    request.operation_name =
        operation_name.filter(|_| matches!(document.operations, DocumentOperations::Multiple(_)));
    request.set_parsed_query(document);
    let response = schema.schema.execute(request).await;
    for error in &response.errors {
        tracing::debug!("GraphQL {}: {}", name.as_deref().unwrap_or("query"), error.message);
    }
    response
}

/// The name that a document gives its one operation.
fn name_in(query: &str) -> Option<String> {
    let rest = query.split_once("query ").or_else(|| query.split_once("mutation ")).map(|(_, rest)| rest)?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    (end > 0).then(|| rest[..end].to_owned())
}

/// What the operation does to the entities that it names.
fn needed(operation: &OperationDefinition) -> Result<Verb, String> {
    if operation.ty == OperationType::Query {
        return Ok(Verb::Read);
    }
    let mut most = Verb::Write;
    for item in &operation.selection_set.node.items {
        // What a fragment holds would have to be looked for; nobody sends one.
        let Selection::Field(field) = &item.node else {
            return Err("a mutation is asked for by its name, not by a fragment".to_owned());
        };
        let name = field.node.name.node.as_str();
        if !name.starts_with("__") {
            let verb = permit::of_mutation(name);
            most =
                most.max(verb.ok_or_else(|| format!("who may ask for {name:?} is not said; it is refused"))?);
        }
    }
    Ok(most)
}

/// The first thing that the operation asks for and that we do not have.
fn unknown(schema: &Schema, operation: &OperationDefinition) -> Option<String> {
    let (kind, known) = match operation.ty {
        OperationType::Query => ("query", &schema.queries),
        OperationType::Mutation => ("mutation", &schema.mutations),
        OperationType::Subscription => return Some("subscriptions are not spoken here".to_owned()),
    };
    let fields = operation.selection_set.node.items.iter().filter_map(|item| match &item.node {
        Selection::Field(field) => Some(field.node.name.node.as_str()),
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
    });
    let mut strange =
        fields.filter(|field| !field.starts_with("__") && !known.iter().any(|known| known == field));
    strange.next().map(|field| {
        format!("pannier does not have the {kind} {field:?}; `docs/wandb.md` says what of W&B's API it has")
    })
}
