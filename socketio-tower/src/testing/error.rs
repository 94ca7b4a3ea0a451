use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::layer::Rejection;

/// Why a client did not get in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The server opened no session, or gave the session no other transport.
    #[error("the handshake was answered with {status}: {body}")]
    Handshake {
        /// The status of the answer, or what it would be over HTTP.
        status: StatusCode,
        /// Its body.
        body: String,
    },
    /// A middleware of the namespace refused the client, or there is no such namespace.
    #[error("the namespace refused: {message}")]
    Namespace {
        /// The message, `err.message` in a JavaScript client.
        message: String,
        /// What came with it, `err.data`; null if there was none.
        data: Value,
    },
    /// The connection ended before there was an answer.
    #[error("the connection ended")]
    Ended,
}

impl Refused {
    /// The message of a namespace's refusal; empty for others.
    pub fn message(&self) -> &str {
        match self {
            Self::Namespace { message, .. } => message,
            Self::Handshake { .. } | Self::Ended => "",
        }
    }

    /// What came with a namespace's refusal; null for others.
    ///
    /// # Errors
    ///
    /// It is not of this type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        match self {
            Self::Namespace { data, .. } => T::deserialize(data),
            Self::Handshake { .. } | Self::Ended => T::deserialize(&Value::Null),
        }
    }
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self::Handshake { status: rejection.status(), body: rejection.body().into_owned() }
    }
}
