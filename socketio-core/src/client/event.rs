use super::{Closed, Handshake, SocketKey};
use crate::SocketId;
use crate::packet::{self, AckId, RawArgs, RawJson};

/// What happened on a [`Connection`](super::Connection). `A` is the token with which an answer is awaited.
///
/// A socket that has been [asked for](super::Connection::connect) ends once: with [`Refused`](Self::Refused) or with
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
        /// Its public name.
        id: SocketId,
    },
    /// The server does not connect a socket.
    Refused {
        /// The socket, which is gone.
        socket: SocketKey,
        /// The reason.
        refusal: Refusal,
    },
    /// An event has come.
    Received {
        /// The socket it came to.
        socket: SocketKey,
        /// The event.
        event: packet::Event,
        /// Under which id the server awaits an answer, if it does.
        ack: Option<AckId>,
    },
    /// The server has answered an event.
    Acknowledged {
        /// The token that was left with the event.
        token: A,
        /// The answer.
        args: RawArgs,
    },
    /// A socket is disconnected. The tokens of its unanswered events are dropped.
    Disconnected {
        /// The socket, which is gone.
        socket: SocketKey,
        /// How it ended.
        how: Disconnected,
    },
    /// The session moved from polling to a message stream.
    Upgraded,
    /// The stream was no success: the session goes on by polling.
    UpgradeFailed,
    /// The session has ended, and all sockets before it. Nothing follows.
    Closed(Closed),
}

/// How the socket of a client came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disconnected {
    /// The server disconnected this socket: `io server disconnect`.
    ByServer,
    /// The client left the namespace: `io client disconnect`.
    ByClient,
    /// The whole connection ended.
    WithConnection,
}

/// Why a server does not connect a client to a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The message, `err.message` in a JavaScript client.
    pub message: String,
    /// What came with it, `err.data`.
    pub data: Option<RawJson>,
}
