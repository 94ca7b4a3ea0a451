/// A value that cannot be written as JSON: the keys of a map are not strings, or its own `Serialize` fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SerializeError(Box<str>);

/// A text that is not valid JSON, or not a value of the expected type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DeserializeError(Box<str>);

impl From<serde_json::Error> for SerializeError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string().into())
    }
}

impl From<serde_json::Error> for DeserializeError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string().into())
    }
}
