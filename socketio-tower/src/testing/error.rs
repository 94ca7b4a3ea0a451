use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::layer::Rejection;

/// The reason why a client could not open a session, change its transport or connect to a namespace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server rejected the request that opens a session or changes its transport.
    #[error("the request was rejected: {0}")]
    Rejected(#[from] Rejection),
    /// A middleware of the namespace rejected the client, or there is no such namespace.
    #[error("the namespace rejected the client: {message}")]
    Namespace {
        /// The message, `err.message` in a JavaScript client.
        message: String,
        /// The data, `err.data`; null if there is none.
        data: Value,
    },
    /// The connection ended before there was an answer.
    #[error("the connection ended")]
    Ended,
}

impl ClientError {
    /// Returns the message of a namespace's rejection, or nothing.
    pub fn message(&self) -> &str {
        match self {
            Self::Namespace { message, .. } => message,
            Self::Rejected(_) | Self::Ended => "",
        }
    }

    /// Returns the data of a namespace's rejection, or null.
    ///
    /// # Errors
    ///
    /// Returns an error if the data is not of this type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        match self {
            Self::Namespace { data, .. } => T::deserialize(data),
            Self::Rejected(_) | Self::Ended => T::deserialize(&Value::Null),
        }
    }
}
