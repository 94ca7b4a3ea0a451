use crate::SocketId;

/// The terms on which a client is connected to a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "`Accept` has no effect until it is passed to `Connection::accept`"]
pub struct Accept {
    /// The id of the new socket, which is sent to the client.
    pub id: SocketId,
}

impl Accept {
    /// Creates the terms for a new socket with this id.
    pub const fn new(id: SocketId) -> Self {
        Self { id }
    }
}
