use bytestring::ByteString;

use super::SocketKey;
use crate::DisconnectReason;
use crate::packet::{self, AckId, AssembleError, DecodeError, RawArgs};

/// An event on a [`Connection`](super::Connection). `A` is the token of the application for an awaited ack.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectionEvent<A> {
    /// The client requests a connection to a namespace. The application responds with
    /// [`accept`](super::Connection::accept) or [`reject`](super::Connection::reject).
    Connect(Pending),
    /// A socket received an event.
    Received {
        /// The socket.
        socket: SocketKey,
        /// The event.
        event: packet::Event,
        /// The id under which the client awaits an ack, if any.
        ack: Option<AckId>,
    },
    /// The client acknowledged a packet that was sent with an [`AckRequest`](super::AckRequest).
    Acknowledged {
        /// The token.
        token: A,
        /// The arguments of the ack.
        args: RawArgs,
    },
    /// The client will not acknowledge a packet that was sent with an [`AckRequest`](super::AckRequest).
    AckFailed {
        /// The token.
        token: A,
        /// The reason.
        why: AckFailure,
    },
    /// An accepted socket has ended. Reported once per socket. Events that are [parked](super::Connection::park) may
    /// follow.
    Disconnected {
        /// The socket. Nothing can be sent to it any more.
        socket: SocketKey,
        /// The reason.
        reason: DisconnectReason,
    },
    /// More events are parked than allowed ([`Config::max_parked_events`](crate::Config::max_parked_events) and
    /// [`Config::max_parked_bytes`](crate::Config::max_parked_bytes)). This event and all later ones of the socket
    /// are dropped. The application should [disconnect](super::Connection::disconnect) the socket. Reported once per
    /// socket.
    ParkingFull {
        /// The socket.
        socket: SocketKey,
    },
    /// The client violated the Socket.IO protocol. Its connection is being closed.
    ProtocolViolation(ProtocolViolation),
    /// The session moved from polling to a message stream.
    Upgraded,
    /// The connection has ended. Only the tokens of packets sent after the end and [parked](super::Connection::park)
    /// events may follow.
    Closed(DisconnectReason),
}

/// A violation of the Socket.IO protocol by a client. The connection cannot continue after one: the state of the
/// decoder would be a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolViolation {
    /// A text that is not a valid packet.
    #[error(transparent)]
    Packet(#[from] DecodeError),
    /// Attachments that do not match their packet.
    #[error(transparent)]
    Attachments(#[from] AssembleError),
    /// A placeholder for an attachment that does not exist, or that another placeholder already uses.
    #[error("invalid placeholder: its attachment does not exist or is already used")]
    Placeholder,
    /// A packet for a namespace that the client is not connected to.
    #[error("packet for a namespace that is not connected")]
    NotConnected,
    /// A packet that only servers send.
    #[error("unexpected packet type")]
    Unexpected,
    /// More connection requests than may wait for a reply.
    #[error("too many pending connection requests")]
    TooManyConnects,
}

/// The reason an ack will not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AckFailure {
    /// The deadline has passed.
    TimedOut,
    /// The socket was disconnected.
    Disconnected,
    /// Another packet was sent under the same id.
    Replaced,
}

/// A connection request of a client for a namespace. Responding to it, with [`accept`](super::Connection::accept) or
/// [`reject`](super::Connection::reject), consumes it.
#[derive(Debug)]
#[must_use = "a client that is neither accepted nor rejected waits until it times out"]
pub struct Pending {
    pub(super) socket: SocketKey,
    pub(super) namespace: ByteString,
    pub(super) auth: Option<ByteString>,
    /// The size of `auth` as received, in bytes.
    pub(super) size: usize,
}

impl Pending {
    /// Returns the key that the socket will have once it is accepted.
    pub fn socket(&self) -> SocketKey {
        self.socket
    }

    /// Returns the namespace as the client wrote it, with its leading slash.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the JSON object that was sent with the request, if any.
    pub fn auth(&self) -> Option<&str> {
        self.auth.as_deref()
    }

    /// Removes the JSON object that was sent with the request and returns it.
    pub fn take_auth(&mut self) -> Option<ByteString> {
        self.auth.take()
    }
}
