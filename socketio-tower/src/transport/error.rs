use std::io;

use socketio_core::LinkError;
use tokio_tungstenite::tungstenite;
use tungstenite::protocol::frame::coding::CloseCode;

/// The reason why nothing more will be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The peer sent a close frame, to which a reply is queued.
    #[error("the peer closed the connection")]
    Closed,
    /// The peer ended the stream.
    #[error("the peer ended the stream")]
    Ended,
    /// A message exceeds the maximum length.
    #[error("a message exceeds the maximum length")]
    TooLarge,
    /// The peer violated RFC 6455, as specified by the code.
    #[error("the peer violated the WebSocket protocol ({0})")]
    Violation(CloseCode),
    /// The connection failed.
    #[error("the connection failed")]
    Io(#[source] io::Error),
}

impl ReadError {
    /// Returns the code for a close frame to the peer, or `None` if the connection is already closed ([RFC 6455
    /// §7.4.1]).
    ///
    /// [RFC 6455 §7.4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
    pub(crate) fn close_code(&self) -> Option<CloseCode> {
        match *self {
            Self::TooLarge => Some(CloseCode::Size),
            Self::Violation(code) => Some(code),
            Self::Closed | Self::Ended | Self::Io(_) => None,
        }
    }
}

impl From<&ReadError> for LinkError {
    fn from(error: &ReadError) -> Self {
        match error {
            ReadError::Closed | ReadError::Ended => Self::Closed,
            ReadError::TooLarge => Self::TooLarge,
            ReadError::Violation(_) | ReadError::Io(_) => Self::Failed,
        }
    }
}

impl From<tungstenite::Error> for ReadError {
    fn from(error: tungstenite::Error) -> Self {
        use tungstenite::Error;
        match error {
            Error::ConnectionClosed | Error::AlreadyClosed => Self::Closed,
            Error::Capacity(_) => Self::TooLarge,
            Error::Utf8(_) => Self::Violation(CloseCode::Invalid),
            Error::Io(error) => Self::Io(error),
            _ => Self::Violation(CloseCode::Protocol),
        }
    }
}
