use std::fmt;

/// A limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// The number of dynamic namespaces ([`max_dynamic_namespaces`](crate::SocketIoBuilder::max_dynamic_namespaces)).
    /// The connection request is rejected.
    DynamicNamespaces,
    /// The number of namespaces the client has left whose handlers are still running. The connection request is
    /// rejected.
    Namespaces,
    /// The number or the bytes of parked events ([`max_parked`](crate::SocketIoBuilder::max_parked)): the socket's
    /// connect handler, or running handlers, take too long. The socket is disconnected.
    ParkedEvents,
    /// An id that is not unique: the [`id_generator`](crate::SocketIoBuilder::id_generator) has returned the id of
    /// another socket. The connection request is rejected.
    Ids,
    /// The number of bytes queued for a client ([`max_queued_bytes`](crate::SocketIoBuilder::max_queued_bytes)). A
    /// packet was discarded.
    QueuedBytes,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DynamicNamespaces => "too many dynamic namespaces",
            Self::Namespaces => "the client has too many namespaces",
            Self::ParkedEvents => "too many parked events",
            Self::Ids => "the id of the socket is already in use",
            Self::QueuedBytes => "the client's queue is full",
        })
    }
}
