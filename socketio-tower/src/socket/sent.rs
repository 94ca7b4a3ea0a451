use socketio_core::packet::EncodeError;

/// What became of something that was emitted.
#[derive(Debug)]
#[non_exhaustive]
pub enum Sent {
    /// It is queued, and leaves in the order in which it was emitted.
    Queued,
    /// The bytes that wait for the client have reached
    /// [`SocketIoBuilder::max_queued_bytes`](crate::SocketIoBuilder::max_queued_bytes), or it is larger than that and another
    /// such packet waits: it was not taken.
    Full,
    /// It was [volatile](crate::Socket::volatile), and could not have left at once: it was not taken.
    Dropped,
    /// The socket is not connected.
    Gone,
    /// It cannot be sent to anybody.
    Refused(EmitError),
}

impl Sent {
    /// Whether it was taken.
    pub fn is_queued(&self) -> bool {
        matches!(self, Self::Queued)
    }
}

/// Why something cannot be sent, to whomever: the mistake is the caller's.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct EmitError(Box<EncodeError>);

impl From<EncodeError> for EmitError {
    fn from(error: EncodeError) -> Self {
        Self(Box::new(error))
    }
}
