/// A value cannot be written as JSON: the keys of a map are no strings, or its own code says so.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SerializeError(pub(crate) serde_json::Error);

/// A text is no JSON, or no value of the type that is asked for.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DeserializeError(pub(crate) serde_json::Error);
