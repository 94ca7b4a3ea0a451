use super::{Closed, Handshake, SocketKey};
use crate::SocketId;
use crate::packet::{self, AckId, RawArgs, RawJson};

/// An event of a [`Connection`](super::Connection). `A` is the type of the token stored with each event that requests
/// an ack.
///
/// A socket created by [`connect`](super::Connection::connect) ends exactly once, with [`Rejected`](Self::Rejected) or
/// [`Disconnected`](Self::Disconnected).
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectionEvent<A> {
    /// The server has opened the session.
    Opened(Handshake),
    /// A socket is connected to its namespace.
    Connected {
        /// The socket.
        socket: SocketKey,
        /// The public id of the socket.
        id: SocketId,
    },
    /// The server rejected the connection request of a socket.
    Rejected {
        /// The socket, which no longer exists.
        socket: SocketKey,
        /// The reason.
        error: ConnectError,
    },
    /// The server sent an event.
    Received {
        /// The socket that received the event.
        socket: SocketKey,
        /// The event.
        event: packet::Event,
        /// The ack id, if the server requests an ack.
        ack: Option<AckId>,
    },
    /// The server acknowledged an event.
    Acknowledged {
        /// The token stored with the event.
        token: A,
        /// The arguments of the ack.
        args: RawArgs,
    },
    /// A socket was disconnected. The tokens of its unacknowledged events are dropped.
    Disconnected {
        /// The socket, which no longer exists.
        socket: SocketKey,
        /// The cause of the disconnect.
        how: Disconnected,
    },
    /// The session moved from polling to a message stream.
    Upgraded,
    /// The upgrade failed. The session continues by polling.
    UpgradeFailed,
    /// The session has ended. Its sockets were disconnected before it. This is the last event.
    Closed(Closed),
}

/// The cause of a socket's disconnect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disconnected {
    /// The server disconnected this socket: `io server disconnect`.
    ByServer,
    /// The client disconnected from the namespace: `io client disconnect`.
    ByClient,
    /// The whole connection ended.
    WithConnection,
}

/// The reason for a rejected connection request, as sent by the server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectError {
    /// The message, `err.message` in a JavaScript client.
    pub message: String,
    /// The additional data, `err.data` in a JavaScript client.
    pub data: Option<RawJson>,
}
