use std::time::Instant;

use bytes::Bytes;
use socketio_core::engine::{Poll, Post, Response, Upgrade};
use socketio_core::packet::RawArgs;
use socketio_core::{
    AckFailure, AckRequest, DisconnectReason, Encoded, LinkError, LinkId, SocketId, SocketKey,
};
use tokio::sync::oneshot;

use crate::ack_error::AckError;
use crate::collection::Collector;
use crate::transport::PendingStream;

/// A command to the task of a session.
#[derive(Debug)]
pub(crate) enum Command {
    /// Sends a packet to the client.
    Send { socket: SocketKey, packet: Encoded },
    /// Sends a packet and waits for its acknowledgement.
    Ask { socket: SocketKey, packet: Encoded, request: Box<AckRequest<Answer>> },
    /// Disconnects a socket.
    Disconnect { socket: SocketKey },
    /// Lists the connected sockets of the client.
    Sockets { reply: oneshot::Sender<Vec<SocketName>> },
    /// Disconnects all sockets and closes the session.
    DisconnectClient,
    /// Closes the session.
    Close { reason: DisconnectReason },
    /// A GET has arrived.
    Poll { link: LinkId, poll: Poll, respond: Respond },
    /// The head of a POST has arrived.
    Post { link: LinkId, post: Post, respond: Respond },
    /// The body of a POST has arrived.
    Body { link: LinkId, body: Bytes },
    /// The HTTP server has taken the whole response to a GET.
    Delivered { link: LinkId, moved: Instant },
    /// A request was aborted, or its response could not be delivered.
    LinkLost { link: LinkId, why: LinkError },
    /// A WebSocket requests to upgrade the session.
    Upgrade { link: LinkId, upgrade: Box<(Upgrade, PendingStream)> },
}

/// The identity of a socket: its namespace and its id.
#[derive(Debug)]
pub(crate) struct SocketName {
    pub(crate) namespace: Box<str>,
    pub(crate) id: SocketId,
}

/// The sender of the response to a request. Dropping it responds that the session is unknown.
pub(crate) type Respond = oneshot::Sender<Reply>;

/// The response to a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Packets of `length` bytes, which are taken from the mailbox piece by piece.
    Packets { length: usize },
    /// A complete response without packets.
    Whole(Response),
}

/// The receiver of a client's acknowledgement.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The caller of an emit to one socket.
    One(oneshot::Sender<Result<RawArgs, AckError>>),
    /// The collector of a broadcast to many sockets.
    Many(Collector<Result<RawArgs, AckError>>),
}

impl Answer {
    /// Delivers the acknowledgement.
    pub(crate) fn send(self, ack: Result<RawArgs, AckFailure>) {
        // The receiver may have been dropped.
        match self {
            Self::One(sender) => drop(sender.send(ack.map_err(AckError::from))),
            Self::Many(collector) => collector.send(ack.map_err(AckError::from)),
        }
    }
}
