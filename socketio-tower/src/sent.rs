use socketio_core::Unanswered;
use socketio_core::packet::{ArgsError, EncodeError, FromArgs, RawArgs};

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

/// Why an answer did not come.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// The client did not answer in time.
    #[error("the client did not answer in time")]
    TimedOut,
    /// The socket was disconnected, before or after the event was sent.
    #[error("the socket is disconnected")]
    Disconnected,
    /// Too many bytes wait for the client; the event was not sent.
    #[error("too many bytes wait for the client")]
    Full,
    /// It was [volatile](crate::Socket::volatile), and could not have left at once; the event was not sent.
    #[error("the event could not have left at once")]
    Dropped,
    /// The event cannot be sent.
    #[error(transparent)]
    Refused(#[from] EmitError),
    /// The answer is not of the expected type.
    #[error("unexpected answer: {0}")]
    Unexpected(#[source] ArgsError),
}

impl AckError {
    /// The answer that came, or why none did, as whoever asked wants it.
    pub(crate) fn read<R: FromArgs>(answer: Result<RawArgs, Self>) -> Result<R, Self> {
        R::from_args(&answer?).map_err(Self::Unexpected)
    }

    /// Why nothing is to be waited for, if that is so.
    pub(crate) fn of_sending(sent: Sent) -> Option<Self> {
        match sent {
            Sent::Queued => None,
            Sent::Full => Some(Self::Full),
            Sent::Dropped => Some(Self::Dropped),
            Sent::Gone => Some(Self::Disconnected),
            Sent::Refused(error) => Some(Self::Refused(error)),
        }
    }
}

impl From<Unanswered> for AckError {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::TimedOut => Self::TimedOut,
            _ => Self::Disconnected,
        }
    }
}
