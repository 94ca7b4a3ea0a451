/// A value could not be written as JSON: a map has keys that are not strings, or a `Serialize` implementation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SerializeError(Box<str>);

/// A text is not valid JSON, or not a value of the expected type.
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
