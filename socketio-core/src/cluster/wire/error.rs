use super::levels::TooDeep;

/// The reason a message of another node cannot be read. It is dropped.
///
/// ```
/// use bytes::Bytes;
/// use socketio_core::cluster::{Classic, ReadError, Wire};
///
/// let wire = Wire::Classic(Classic::new("socket.io"));
/// let newer = Bytes::from_static(br#"{"uid":"a","type":99}"#);
/// assert_eq!(wire.decode(b"socket.io-request#/#", &newer), Err(ReadError::Unknown));
/// let error = wire.decode(b"socket.io#/#", &Bytes::from_static(b"?")).unwrap_err();
/// assert_eq!(error.to_string(), "malformed message: not a list");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The form does not allow such a message.
    #[error("malformed message: {0}")]
    Malformed(&'static str),
    /// The message exceeds a limit.
    #[error("message too large: {0}")]
    TooLarge(&'static str),
    /// The message is of a kind that this implementation does not know, such as one of a newer version.
    #[error("message of an unknown kind")]
    Unknown,
}

/// The reason a message cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The message is larger than [`MAX_MESSAGE`](super::MAX_MESSAGE).
    #[error("the message is larger than {} bytes", super::MAX_MESSAGE)]
    TooLarge,
    /// An argument is nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    #[error("an argument is nested deeper than {} levels", super::MAX_DEPTH)]
    TooDeep,
    /// A list is longer than its limit: [`MAX_ROOMS`](super::MAX_ROOMS), [`MAX_SOCKETS`](super::MAX_SOCKETS) or
    /// [`MAX_ATTACHMENTS`](super::MAX_ATTACHMENTS).
    #[error("too many {0}")]
    TooMany(&'static str),
    /// The form has no such message: Node's newer adapters do not ask for ids or names of rooms alone.
    #[error("the form has no such message")]
    Unsupported,
}

impl From<TooDeep> for ReadError {
    fn from(_: TooDeep) -> Self {
        Self::TooLarge("depth")
    }
}

impl From<TooDeep> for WriteError {
    fn from(_: TooDeep) -> Self {
        Self::TooDeep
    }
}
