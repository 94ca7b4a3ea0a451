use socketio_core::{DisconnectReason, Transport};

/// How a server stands, as [`SocketIo::stats`](crate::SocketIo::stats) has found it.
///
/// The parts are looked at one after the other, while sessions come and go: they need not add up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The sessions there are.
    pub sessions: usize,
    /// The sockets that are connected, of all namespaces.
    pub sockets: usize,
    /// The bytes that have come from clients and that no handler has: input that was read and waits for its turn, messages
    /// and bodies that are not whole, attachments whose packet is not, and events that are
    /// [parked](crate::SocketIoBuilder::max_parked).
    pub received_bytes: usize,
    /// The bytes that wait for clients, between `emit` and the kernel.
    pub queued_bytes: usize,
    /// The handlers that wait for something, middlewares and async filters among them.
    pub handlers: usize,
    /// How many sessions have been opened since the server was made.
    pub opened: u64,
    /// How many clients were refused because there were [as many sessions as may
    /// be](crate::SocketIoBuilder::max_sessions).
    pub refused: u64,
    /// How many packets were not taken because too much waited for their client.
    pub overflowed: u64,
    /// How many volatile packets were dropped because they could not leave at once.
    pub dropped: u64,
    pub(crate) on: Vec<(Transport, usize)>,
    pub(crate) closed: Vec<(DisconnectReason, u64)>,
}

impl Stats {
    /// Returns the number of sessions that are on this transport at the moment.
    pub fn sessions_on(&self, transport: Transport) -> usize {
        self.on.iter().find(|(other, _)| *other == transport).map_or(0, |(_, count)| *count)
    }

    /// How many sessions have ended for this reason since the server was made.
    pub fn closed(&self, reason: DisconnectReason) -> u64 {
        self.closed.iter().find(|(other, _)| *other == reason).map_or(0, |(_, count)| *count)
    }

    /// The same for every reason for which one has ended.
    pub fn closed_by_reason(&self) -> impl Iterator<Item = (DisconnectReason, u64)> {
        self.closed.iter().copied()
    }
}
