use std::error::Error;
use std::fmt;

use serde::Serialize;
use socketio_core::packet::RawJson;

/// The reason for a rejected connection request, sent to the client in its `connect_error` event.
///
/// ```
/// use socketio_tower::{Auth, ConnectError, SocketIo};
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.middleware(async |Auth(token): Auth<String>| {
///         if token == "secret" {
///             return Ok(());
///         }
///         Err(ConnectError::new("not authorized").with_data(&serde_json::json!({ "code": 4401 })))
///     });
/// });
/// ```
#[derive(Debug, Clone)]
pub struct ConnectError {
    message: String,
    data: Option<RawJson>,
}

impl ConnectError {
    /// Creates an error with this message, `err.message` on the client.
    ///
    /// ```
    /// use socketio_tower::ConnectError;
    ///
    /// let error = ConnectError::new("not authorized");
    /// assert_eq!(error.message(), "not authorized");
    /// ```
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// Adds `data`, `err.data` on the client. A value that cannot be written as JSON, such as a map with keys that are
    /// not strings, is omitted.
    ///
    /// ```
    /// use socketio_tower::ConnectError;
    ///
    /// let error = ConnectError::new("try later").with_data(&60);
    /// assert_eq!(error.data().map(|data| data.as_str()), Some("60"));
    /// ```
    #[must_use]
    pub fn with_data<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        self.data = RawJson::of(data).ok();
        self
    }

    /// Returns the message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the data as JSON.
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
