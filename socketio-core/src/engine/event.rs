use crate::{DisconnectReason, Message};

/// An event on a [`Session`](super::Session).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEvent {
    /// The client sent a message.
    Message(Message),
    /// The session moved from polling to a message stream.
    Upgraded,
    /// The session has ended. No event follows; transmits may.
    Closed(DisconnectReason),
}
