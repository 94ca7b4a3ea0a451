#[cfg(feature = "cluster")]
use socketio_core::cluster::WriteError;
use socketio_core::packet::EncodeError;

/// The outcome of an emit. It may be ignored; [`ok`](Self::ok) converts it into a `Result`.
///
/// ```
/// use socketio_tower::{EmitError, EmitStatus, Socket};
///
/// fn notify(socket: &Socket) -> Result<(), EmitError> {
///     socket.emit("news", "a comet").ok()?;
///     if socket.emit("details", &[1, 2]) == EmitStatus::Full {
///         // The client reads too slowly.
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmitStatus {
    /// The event is queued. Events are sent in the order in which they were emitted.
    Queued,
    /// The event is queued for the sockets of this process, but other nodes of the cluster may not get it: the connection
    /// to the cluster is down, or too much waits for it.
    Local,
    /// The event was discarded: the client's queue has reached
    /// [`SocketIoBuilder::max_queued_bytes`](crate::SocketIoBuilder::max_queued_bytes), or the event is larger than
    /// this limit and another such event is queued.
    Full,
    /// The event was discarded: it was [volatile](crate::Socket::volatile) and could not be sent immediately.
    Dropped,
    /// The event was discarded: the socket is not connected.
    Gone,
    /// The event cannot be sent to any client.
    Invalid(InvalidEvent),
}

impl EmitStatus {
    /// Returns `true` if the event is queued.
    pub fn is_queued(&self) -> bool {
        matches!(self, Self::Queued)
    }

    /// Converts the status into a `Result`, for use with `?`.
    ///
    /// # Errors
    ///
    /// Returns an error if the event was discarded, even if only by other nodes, or is invalid.
    pub fn ok(self) -> Result<(), EmitError> {
        match self {
            Self::Queued => Ok(()),
            Self::Local => Err(EmitError::Local),
            Self::Full => Err(EmitError::Full),
            Self::Dropped => Err(EmitError::Dropped),
            Self::Gone => Err(EmitError::Gone),
            Self::Invalid(error) => Err(EmitError::Invalid(error)),
        }
    }
}

/// The error of an emit that did not succeed, from [`EmitStatus::ok`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// Other nodes may not get the event; see [`EmitStatus::Local`].
    #[error("the event was sent to the sockets of this process only")]
    Local,
    /// The event was discarded; see [`EmitStatus::Full`].
    #[error("the client's queue is full")]
    Full,
    /// The event was discarded; see [`EmitStatus::Dropped`].
    #[error("the event could not be sent immediately")]
    Dropped,
    /// The event was discarded; see [`EmitStatus::Gone`].
    #[error("the socket is not connected")]
    Gone,
    /// The event cannot be sent to any client; see [`EmitStatus::Invalid`].
    #[error(transparent)]
    Invalid(#[from] InvalidEvent),
}

/// An event that cannot be sent to any client: its name is reserved, or its arguments cannot be encoded. The caller
/// made a mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct InvalidEvent(Box<Fault>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Encode(EncodeError),
    /// It cannot be sent to other nodes.
    #[cfg(feature = "cluster")]
    #[error(transparent)]
    Write(WriteError),
}

impl From<EncodeError> for InvalidEvent {
    fn from(error: EncodeError) -> Self {
        Self(Box::new(Fault::Encode(error)))
    }
}

#[cfg(feature = "cluster")]
impl From<WriteError> for InvalidEvent {
    fn from(error: WriteError) -> Self {
        Self(Box::new(Fault::Write(error)))
    }
}
