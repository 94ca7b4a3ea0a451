use crate::engine::Malformed;
use crate::packet::{AssembleError, DecodeError};

/// Why the session of a client has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Closed {
    /// The server said that it is over.
    ByServer,
    /// The client [closed](super::Session::close) or [aborted](super::Session::abort) it.
    ByClient,
    /// A request failed or was refused, or the message stream ended.
    Lost,
    /// The server broke the protocol.
    Violated(ProtocolViolation),
}

/// Which rule of the protocol a server broke. There is no way on after it: decoder and state would be guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolViolation {
    /// A message or a part of an answer that is no Engine.IO packet.
    #[error("no Engine.IO packet")]
    Malformed,
    /// A first packet that does not open a session.
    #[error("the session was not opened by its first packet")]
    Handshake,
    /// A message that is no Socket.IO packet.
    #[error(transparent)]
    Packet(#[from] DecodeError),
    /// Attachments that do not fit their packet.
    #[error(transparent)]
    Attachments(#[from] AssembleError),
    /// A placeholder that names no attachment, or one that another names already.
    #[error("a placeholder names no attachment, or one that is named already")]
    Placeholder,
    /// A reply to a request to connect that names no socket, or a refusal without a message.
    #[error("the reply to a request to connect is incomplete")]
    Connect,
}

impl From<Malformed> for ProtocolViolation {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}
