use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::layer::Rejection;

/// The error of a client that could not open a session, upgrade or connect to a namespace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server rejected the request that opens or upgrades a session.
    #[error("the request was rejected: {0}")]
    Rejected(#[from] Rejection),
    /// A middleware of the namespace rejected the client, or the namespace does not exist.
    #[error("the namespace rejected the client: {message}")]
    Namespace {
        /// The message: `err.message` in a JavaScript client.
        message: String,
        /// The data: `err.data` in a JavaScript client. Null if there is none.
        data: Value,
    },
    /// The connection ended before the server replied.
    #[error("the connection ended")]
    Ended,
}

impl ClientError {
    /// Returns the message of a namespace's rejection, or an empty string.
    pub fn message(&self) -> &str {
        match self {
            Self::Namespace { message, .. } => message,
            Self::Rejected(_) | Self::Ended => "",
        }
    }

    /// Returns the data of a namespace's rejection. Other errors have null as data.
    ///
    /// # Errors
    ///
    /// Returns an error if the data cannot be deserialized as `T`.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        match self {
            Self::Namespace { data, .. } => T::deserialize(data),
            Self::Rejected(_) | Self::Ended => T::deserialize(&Value::Null),
        }
    }
}
