use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use http::StatusCode;
use socketio_core::engine::RequestError;

/// A rejected request: the cause, and the application's message if the application rejected it.
///
/// An [`allow_request`](crate::SocketIoBuilder::allow_request) hook returns a `Rejection` to reject a request, usually
/// created with [`forbidden`](Self::forbidden) or from a string.
/// [`on_connection_error`](crate::SocketIoBuilder::on_connection_error) receives it,
/// [`SocketIo::attach`](crate::SocketIo::attach) returns it, and the layer inserts it into the extensions of its
/// response for outer layers.
///
/// ```
/// use http::StatusCode;
/// use socketio_tower::layer::{Rejection, RequestError};
///
/// let rejection = Rejection::forbidden("no API key");
/// assert_eq!(rejection.status(), StatusCode::FORBIDDEN);
/// assert_eq!(rejection.body(), r#"{"code":4,"message":"no API key"}"#);
///
/// let rejection = Rejection::from(RequestError::TooManySessions);
/// assert_eq!(rejection.status(), StatusCode::SERVICE_UNAVAILABLE);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    cause: RequestError,
    message: Option<Box<str>>,
}

impl Rejection {
    /// Creates a rejection by the application, with status 403 and a message that the client can read.
    pub fn forbidden(message: impl Into<Box<str>>) -> Self {
        Self { cause: RequestError::Forbidden, message: Some(message.into()) }
    }

    /// Returns the cause.
    pub fn cause(&self) -> RequestError {
        self.cause
    }

    /// Returns the application's message, if there is one.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Returns the HTTP status of the response.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.cause.status()).unwrap_or(StatusCode::BAD_REQUEST)
    }

    /// Returns the error code in the body of the response, or `None` if the Node server has no code for the cause.
    pub fn code(&self) -> Option<u8> {
        self.cause.code()
    }

    /// Returns the body of the response: JSON with a message, or an empty string.
    pub fn body(&self) -> Cow<'static, str> {
        match &self.message {
            Some(message) => RequestError::forbidden_body(message).into(),
            None => self.cause.body().into(),
        }
    }
}

/// Creates a rejection with the cause `Forbidden` and no message of the application.
impl Default for Rejection {
    fn default() -> Self {
        RequestError::Forbidden.into()
    }
}

impl From<RequestError> for Rejection {
    fn from(cause: RequestError) -> Self {
        Self { cause, message: None }
    }
}

impl From<&str> for Rejection {
    fn from(message: &str) -> Self {
        Self::forbidden(message)
    }
}

impl From<String> for Rejection {
    fn from(message: String) -> Self {
        Self::forbidden(message)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {message}", self.cause),
            None => self.cause.fmt(f),
        }
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}
