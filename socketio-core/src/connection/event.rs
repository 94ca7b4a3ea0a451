use bytestring::ByteString;

use super::SocketKey;
use crate::DisconnectReason;
use crate::packet::{self, AckId, AssembleError, DecodeError, RawArgs};

/// What happened on a [`Connection`](super::Connection). `A` is the caller's token for an awaited ack.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectionEvent<A> {
    /// The client asks to be connected to a namespace; to be answered with
    /// [`accept`](super::Connection::accept) or [`reject`](super::Connection::reject).
    Connect(Pending),
    /// A socket received an event.
    Received {
        /// The socket.
        socket: SocketKey,
        /// The event.
        event: packet::Event,
        /// Under which id the client awaits an answer, if it does.
        ack: Option<AckId>,
    },
    /// The client answered a packet that was sent with a token.
    Acknowledged {
        /// The token.
        token: A,
        /// The answer.
        args: RawArgs,
    },
    /// The client will not answer a packet that was sent with a token.
    AckFailed {
        /// The token.
        token: A,
        /// Why not.
        why: AckFailure,
    },
    /// A socket that was accepted is connected no more. Said once for each. Events that are
    /// [parked](super::Connection::park) may follow.
    Disconnected {
        /// The socket; nothing can be sent to it any more.
        socket: SocketKey,
        /// Why.
        reason: DisconnectReason,
    },
    /// More events wait than may ([`Config::max_parked_events`](crate::Config::max_parked_events) and `max_parked_bytes`):
    /// this one and all that follow on its socket are dropped. The socket should be
    /// [disconnected](super::Connection::disconnect), after what was sent to it. Said once for each.
    ParkingFull {
        /// The socket.
        socket: SocketKey,
    },
    /// The client broke the rules of Socket.IO; its connection is being closed.
    ProtocolViolation(ProtocolViolation),
    /// The client moved from polling to a message stream.
    Upgraded,
    /// The connection is over. Nothing follows, but for the tokens of packets that are sent nevertheless, and for events that
    /// are [parked](super::Connection::park).
    Closed(DisconnectReason),
}

/// Which rule of Socket.IO a client broke. There is no way on after it: decoder and state would be guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolViolation {
    /// A text that is no packet.
    #[error(transparent)]
    Packet(#[from] DecodeError),
    /// Attachments that do not fit their packet.
    #[error(transparent)]
    Attachments(#[from] AssembleError),
    /// A placeholder that names no attachment, or one that another names already.
    #[error("a placeholder names no attachment, or one that is named already")]
    Placeholder,
    /// A packet for a namespace that the client is not connected to.
    #[error("packet for a namespace that is not connected")]
    NotConnected,
    /// A packet that only servers send.
    #[error("packet that is not expected now")]
    Unexpected,
    /// More wishes to connect than may wait for their answer.
    #[error("too many namespaces asked for at once")]
    TooManyConnects,
}

/// Why an ack will not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AckFailure {
    /// Its time is over.
    TimedOut,
    /// The socket was disconnected.
    Disconnected,
    /// Another packet was sent under the same id.
    Replaced,
}

/// A client's wish to be connected to a namespace. It is answered once, by being given away.
#[derive(Debug)]
#[must_use = "a client that is neither accepted nor rejected waits until it gives up"]
pub struct Pending {
    pub(super) socket: SocketKey,
    pub(super) namespace: ByteString,
    pub(super) auth: Option<ByteString>,
    /// The bytes of `auth` as it came.
    pub(super) size: usize,
}

impl Pending {
    /// The key the socket will have once it is accepted.
    pub fn socket(&self) -> SocketKey {
        self.socket
    }

    /// The namespace as the client wrote it, with its leading slash.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The JSON object that came with the request, if any.
    pub fn auth(&self) -> Option<&str> {
        self.auth.as_deref()
    }

    /// Takes that object out.
    pub fn take_auth(&mut self) -> Option<ByteString> {
        self.auth.take()
    }
}
