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

/// What the task of a session is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Send a packet to the client.
    Send { socket: SocketKey, packet: Encoded },
    /// Send a packet and bring the answer back.
    Ask { socket: SocketKey, packet: Encoded, request: Box<AckRequest<Answer>> },
    /// Disconnect a socket.
    Disconnect { socket: SocketKey },
    /// Report the sockets of the client that are connected.
    Sockets { reply: oneshot::Sender<Vec<SocketName>> },
    /// Disconnect all of them and end the session.
    DisconnectClient,
    /// End the session.
    Close { reason: DisconnectReason },
    /// A GET waits.
    Poll { link: LinkId, poll: Poll, respond: Respond },
    /// A POST has begun.
    Post { link: LinkId, post: Post, respond: Respond },
    /// Its body is there.
    Body { link: LinkId, body: Bytes },
    /// The HTTP server has taken the whole answer to a GET.
    Delivered { link: LinkId, moved: Instant },
    /// A request was given up, or its answer could not be delivered.
    LinkLost { link: LinkId, why: LinkError },
    /// A message stream wants to take the session over.
    Upgrade { link: LinkId, upgrade: Box<(Upgrade, PendingStream)> },
}

/// A socket, by its namespace and its id.
#[derive(Debug)]
pub(crate) struct SocketName {
    pub(crate) namespace: Box<str>,
    pub(crate) id: SocketId,
}

/// Where the answer to a request goes. Dropped, it tells that the session is unknown.
pub(crate) type Respond = oneshot::Sender<Reply>;

/// The answer to a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Packets of so many bytes, to be taken from the mailbox.
    Packets { length: usize },
    /// The whole answer, which has none.
    Whole(Response),
}

/// Where the client's answer to a packet goes.
#[derive(Debug)]
pub(crate) enum Answer {
    /// To whoever asked this client alone.
    One(oneshot::Sender<Result<RawArgs, AckError>>),
    /// To whoever asked many, with the answers of the others.
    Many(Collector<Result<RawArgs, AckError>>),
}

impl Answer {
    pub(crate) fn send(self, answer: Result<RawArgs, AckFailure>) {
        // Whoever asked may have given up.
        match self {
            Self::One(sender) => drop(sender.send(answer.map_err(AckError::from))),
            Self::Many(answers) => answers.send(answer.map_err(AckError::from)),
        }
    }
}
