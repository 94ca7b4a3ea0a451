use socketio_core::AckFailure;
use socketio_core::packet::{ArgsError, FromArgs, RawArgs};

use crate::emit_status::{EmitError, InvalidEvent};

/// The reason why an event has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
    /// The event was [volatile](crate::Socket::volatile), and could not have left at once; it was not sent.
    #[error("the event could not have left at once")]
    Dropped,
    /// The event cannot be sent to any client.
    #[error(transparent)]
    Invalid(#[from] InvalidEvent),
    /// The answer has another type than expected.
    #[error("unexpected answer: {0}")]
    Unexpected(#[source] ArgsError),
}

impl AckError {
    /// Reads an answer as the type that is expected.
    pub(crate) fn read<R: FromArgs>(answer: Result<RawArgs, Self>) -> Result<R, Self> {
        R::from_args(&answer?).map_err(Self::Unexpected)
    }
}

impl From<EmitError> for AckError {
    fn from(error: EmitError) -> Self {
        match error {
            EmitError::Full => Self::Full,
            EmitError::Dropped => Self::Dropped,
            EmitError::Gone => Self::Disconnected,
            EmitError::Invalid(error) => Self::Invalid(error),
        }
    }
}

impl From<AckFailure> for AckError {
    fn from(why: AckFailure) -> Self {
        match why {
            AckFailure::TimedOut => Self::TimedOut,
            _ => Self::Disconnected,
        }
    }
}
