use socketio_core::AckFailure;
use socketio_core::packet::{ArgsError, FromArgs, RawArgs};

use crate::emit_status::{EmitError, InvalidEvent};

/// The error of an event whose ack did not arrive or cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// The client did not acknowledge the event in time.
    #[error("the client did not acknowledge the event in time")]
    TimedOut,
    /// A node of the cluster did not answer, or the connection to the cluster is down. Its sockets may or may not have
    /// got the event.
    #[error("a node of the cluster did not answer")]
    Unreachable,
    /// No handler of another node answers the event. For
    /// [`server_side_emit_with_ack`](crate::SocketIo::server_side_emit_with_ack) only.
    #[error("a node of the cluster has no handler for the event, or it failed")]
    NoHandler,
    /// The socket was disconnected before the ack arrived. The event may or may not have been sent.
    #[error("the socket is disconnected")]
    Disconnected,
    /// The client's queue is full, or, in a cluster, the queue to the other nodes, or the event is too large for them; it was
    /// not sent there.
    #[error("the queue is full, or the event is too large for it")]
    Full,
    /// The event was [volatile](crate::Socket::volatile) and could not be sent immediately; it was discarded.
    #[error("the event could not be sent immediately")]
    Dropped,
    /// The event cannot be sent to any client.
    #[error(transparent)]
    Invalid(#[from] InvalidEvent),
    /// The arguments of the ack do not have the expected type.
    #[error("unexpected ack: {0}")]
    Unexpected(#[source] ArgsError),
}

impl AckError {
    /// Converts an ack to the expected type.
    pub(crate) fn read<R: FromArgs>(ack: Result<RawArgs, Self>) -> Result<R, Self> {
        R::from_args(&ack?).map_err(Self::Unexpected)
    }
}

impl From<EmitError> for AckError {
    fn from(error: EmitError) -> Self {
        match error {
            EmitError::Full => Self::Full,
            EmitError::Dropped => Self::Dropped,
            EmitError::Gone => Self::Disconnected,
            EmitError::Local => Self::Unreachable,
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
