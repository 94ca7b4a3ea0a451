use bytes::Bytes;
use socketio_core::engine::{Post, Response, Upgrade};
use socketio_core::packet::RawArgs;
use socketio_core::{Awaits, DisconnectReason, Encoded, Link, Lost, SocketKey, Unanswered};
use tokio::sync::oneshot;

use crate::transport::Stream;

/// What the task of a session is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Send a packet to the client.
    Send { socket: SocketKey, packet: Encoded },
    /// Send a packet and bring the answer back.
    Ask { socket: SocketKey, packet: Encoded, awaits: Box<Awaits<Answer>> },
    /// Disconnect a socket, or the whole client.
    Disconnect { socket: SocketKey, close: bool },
    /// End the session.
    Close { reason: DisconnectReason },
    /// A GET waits.
    Poll { link: Link, respond: Respond },
    /// A POST has begun.
    Post { link: Link, post: Post, respond: Respond },
    /// Its body is there.
    Body { link: Link, body: Bytes },
    /// A request was given up, or its answer could not be delivered.
    Lost { link: Link, why: Lost },
    /// A message stream wants to take the session over.
    Upgrade { link: Link, upgrade: Box<(Upgrade, Stream)> },
}

/// Where the answer to a request goes. Dropped, it tells that the session is unknown.
pub(crate) type Respond = oneshot::Sender<Response>;

/// Where the client's answer to a packet goes.
pub(crate) type Answer = oneshot::Sender<Result<RawArgs, Unanswered>>;
