use crate::{DisconnectReason, Message};

/// What happened in a [`Session`](super::Session).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEvent {
    /// The client sent a message.
    Message(Message),
    /// The session moved from polling to a message stream.
    Upgraded,
    /// The session has ended. Nothing follows; what it still has to transmit may.
    Closed(DisconnectReason),
}
