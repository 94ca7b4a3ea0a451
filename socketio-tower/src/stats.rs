#[cfg(feature = "cluster")]
use crate::bus::ClusterStats;
use socketio_core::{DisconnectReason, Transport};

/// A snapshot of a server's counters, from [`SocketIo::stats`](crate::SocketIo::stats).
///
/// The counters are read one after the other while sessions open and close, so they may not add up.
///
/// ```
/// use socketio_tower::{DisconnectReason, SocketIo, Transport};
///
/// let stats = SocketIo::new().stats();
/// assert_eq!(stats.sessions_on(Transport::WebSocket), 0);
/// assert_eq!(stats.closed(DisconnectReason::PingTimeout), 0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The number of open sessions.
    pub sessions: usize,
    /// The number of connected sockets, in all namespaces.
    pub sockets: usize,
    /// The number of bytes received from clients and not yet passed to a handler: input that was read but not
    /// processed, incomplete messages and bodies, attachments of incomplete packets, and
    /// [parked](crate::SocketIoBuilder::max_parked) events.
    pub received_bytes: usize,
    /// The number of bytes queued for clients, between `emit` and the kernel.
    pub queued_bytes: usize,
    /// The number of suspended handlers, including middlewares and async filters.
    pub handlers: usize,
    /// The number of sessions opened since the server was created.
    pub opened: u64,
    /// The number of requests rejected because the server had
    /// [`max_sessions`](crate::SocketIoBuilder::max_sessions) sessions.
    pub rejected: u64,
    /// The number of packets discarded because their client's queue was full.
    pub overflowed: u64,
    /// The number of volatile packets discarded because they could not be sent immediately.
    pub dropped: u64,
    /// The counters of the cluster, if the server has joined one.
    #[cfg(feature = "cluster")]
    pub cluster: Option<ClusterStats>,
    pub(crate) on: Vec<(Transport, usize)>,
    pub(crate) closed: Vec<(DisconnectReason, u64)>,
}

impl Stats {
    /// Returns the number of sessions that currently use `transport`.
    pub fn sessions_on(&self, transport: Transport) -> usize {
        self.on.iter().find(|(other, _)| *other == transport).map_or(0, |(_, count)| *count)
    }

    /// Returns the number of sessions that have ended for `reason` since the server was created.
    pub fn closed(&self, reason: DisconnectReason) -> u64 {
        self.closed.iter().find(|(other, _)| *other == reason).map_or(0, |(_, count)| *count)
    }

    /// Returns an iterator over the disconnect reasons so far, with the number of sessions that ended for each.
    pub fn closed_by_reason(&self) -> impl Iterator<Item = (DisconnectReason, u64)> {
        self.closed.iter().copied()
    }
}
