use std::fmt;

/// A bound that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// As many namespaces that meet a pattern live as may
    /// ([`max_dynamic_namespaces`](crate::SocketIoBuilder::max_dynamic_namespaces)); the client is refused.
    DynamicNamespaces,
    /// The client has left namespaces whose handlers still run, too many of them; it is refused.
    Namespaces,
    /// More events of the socket wait than may ([`max_parked`](crate::SocketIoBuilder::max_parked)), because its connect
    /// handler takes long or because others do; it is disconnected.
    ParkedEvents,
    /// The [generator of ids](crate::SocketIoBuilder::id_generator) has given one that another socket has; the client is
    /// refused.
    Ids,
    /// The bytes that wait for a client have reached
    /// [`max_queued_bytes`](crate::SocketIoBuilder::max_queued_bytes); a
    /// packet was not taken.
    QueuedBytes,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DynamicNamespaces => "too many dynamic namespaces live",
            Self::Namespaces => "the client has too many namespaces",
            Self::ParkedEvents => "too many events of the socket wait",
            Self::Ids => "the id of the socket is taken",
            Self::QueuedBytes => "too many bytes wait for the client",
        })
    }
}
