//! W&B's own scalars.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use serde_json::{Map, Value as Json};

/// A JSON document as a string.
#[derive(Debug, Clone)]
pub struct JsonString(pub String);

#[Scalar(name = "JSONString")]
impl ScalarType for JsonString {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

impl JsonString {
    /// The object that it says.
    pub fn object(&self, what: &str) -> async_graphql::Result<Map<String, Json>> {
        match crate::wandb::json::parse(&self.0) {
            Ok(Json::Object(map)) => Ok(map),
            Ok(_) => Err(format!("the {what} is no JSON object").into()),
            Err(error) => Err(format!("the {what} is no JSON: {error}").into()),
        }
    }
}

/// A 64-bit integer; older clients send it as a string.
#[derive(Debug, Clone, Copy)]
pub struct Int64(pub i64);

#[Scalar(name = "Int64")]
impl ScalarType for Int64 {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number.map(Self).ok_or_else(|| InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}
