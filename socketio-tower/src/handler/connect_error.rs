use std::error::Error;
use std::fmt;

use serde::Serialize;
use socketio_core::packet::RawJson;

/// Why a client may not connect to a namespace: what its `connect_error` event carries.
///
/// ```
/// use socketio_tower::ConnectError;
///
/// let error = ConnectError::new("not authorized").with_data(&serde_json::json!({ "code": 4401 }));
/// assert_eq!(error.message(), "not authorized");
/// ```
#[derive(Debug, Clone)]
pub struct ConnectError {
    message: String,
    data: Option<RawJson>,
}

impl ConnectError {
    /// An error with this message, `err.message` on the client.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// Adds `err.data`. A value that is no JSON, such as a map whose keys are no strings, is left out.
    #[must_use]
    pub fn with_data<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        self.data = RawJson::of(data).ok();
        self
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The data, as JSON.
    pub fn data(&self) -> Option<&RawJson> {
        self.data.as_ref()
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ConnectError {}

impl From<&str> for ConnectError {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl From<String> for ConnectError {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}
