use crate::SocketId;

/// The terms on which a client is connected to a namespace that it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a client is connected by `Connection::accept`"]
pub struct Accept {
    /// The id of its socket, which it is told.
    pub id: SocketId,
}

impl Accept {
    /// A new socket with this id.
    pub const fn new(id: SocketId) -> Self {
        Self { id }
    }
}
