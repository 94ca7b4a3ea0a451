use crate::engine::Malformed;
use crate::packet::{AssembleError, DecodeError};

/// The reason a client's session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Closed {
    /// The server closed the session.
    ByServer,
    /// The client [closed](super::Session::close) or [aborted](super::Session::abort) it.
    ByClient,
    /// A request failed or was rejected, or the message stream ended.
    Lost,
    /// The server broke the protocol.
    Violated(ProtocolViolation),
}

/// A violation of the protocol by the server. The session cannot continue after it, because the state of the decoder is
/// unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolViolation {
    /// A message, or part of a response, that is not an Engine.IO packet.
    #[error("not an Engine.IO packet")]
    Malformed,
    /// A first packet other than a valid OPEN packet.
    #[error("the first packet did not open the session")]
    Handshake,
    /// A message that is not a Socket.IO packet.
    #[error(transparent)]
    Packet(#[from] DecodeError),
    /// Attachments that do not match their packet.
    #[error(transparent)]
    Attachments(#[from] AssembleError),
    /// A placeholder that refers to a missing attachment, or to one that another placeholder refers to.
    #[error("invalid placeholder: its attachment does not exist or is already used")]
    Placeholder,
    /// A CONNECT reply without a socket id, or a `CONNECT_ERROR` packet without a message.
    #[error("incomplete reply to a connection request")]
    Connect,
}

impl From<Malformed> for ProtocolViolation {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}
