use std::sync::Arc;

use http::header;
use http::request::Parts;
use hyper::upgrade::OnUpgrade;
use socketio_core::engine::{BadRequest, Head, Open, Request, RequestError, Upgrade};
use socketio_core::{DisconnectReason, Sid, Transport};
use tokio::sync::oneshot;

use super::body::Delivery;
use super::websocket::{self, Handshake as WebSocketHandshake};
use crate::handshake::Handshake;
use crate::session::{Command, Driver, Respond, Session};
use crate::transport::{ByteStream, Stream};
use crate::{SocketIo, trace};

/// Takes in a stream that speaks WebSocket and is past its handshake: the same as a request that becomes one,
/// but that nobody waits for an answer.
pub(crate) fn attach(
    io: &SocketIo,
    parts: &Parts,
    stream: impl ByteStream + 'static,
) -> Result<(), RequestError> {
    let core = &io.settings().core;
    let stream = Stream::attached(stream, core.max_payload);
    match Request::parse(&head(parts, true), core)? {
        Request::Open(open) => {
            let (_, driver) = begin(io, parts, &open)?;
            tokio::spawn(driver.with_stream(stream));
            Ok(())
        }
        Request::Upgrade(upgrade) => {
            let session = find(io, &upgrade.sid)?;
            take_over(&session, upgrade, stream)
        }
        _ => Err(BadRequest::Handshake.into()),
    }
}

/// What a request of a Socket.IO client leads to.
pub(super) enum Action {
    /// The session answers.
    Wait(Waiting),
    /// The session answers when it has the body.
    Receive(Waiting),
    /// The connection becomes a WebSocket.
    Switch(WebSocketHandshake),
    /// There is nothing to it.
    Refuse(RequestError),
}

/// A request that waits for its session's answer.
pub(super) struct Waiting {
    pub(super) delivery: Delivery,
    pub(super) answer: oneshot::Receiver<socketio_core::engine::Response>,
}

impl Action {
    pub(super) fn of(io: &SocketIo, parts: &mut Parts) -> Self {
        Self::decide(io, parts).unwrap_or_else(Self::Refuse)
    }

    fn decide(io: &SocketIo, parts: &mut Parts) -> Result<Self, RequestError> {
        let core = &io.settings().core;
        match Request::parse(&head(parts, websocket::is_requested(parts)), core)? {
            Request::Open(open) => Self::open(io, parts, &open),
            Request::Poll(poll) => {
                let session = find(io, &poll.sid)?;
                Ok(Self::Wait(ask(session, |link, respond| Command::Poll { link, respond })?))
            }
            Request::Post(post) => {
                let session = find(io, &post.sid)?;
                Ok(Self::Receive(ask(session, |link, respond| Command::Post { link, post, respond })?))
            }
            Request::Upgrade(upgrade) => {
                let session = find(io, &upgrade.sid)?;
                let handshake = WebSocketHandshake::parse(parts)?;
                take_over(&session, upgrade, stream(io, parts)?)?;
                Ok(Self::Switch(handshake))
            }
            _ => Err(RequestError::UnknownTransport),
        }
    }

    fn open(io: &SocketIo, parts: &mut Parts, open: &Open) -> Result<Self, RequestError> {
        let switch = match open.transport {
            Transport::Polling => None,
            _ => {
                let handshake = WebSocketHandshake::parse(parts)?;
                Some((handshake, stream(io, parts)?))
            }
        };
        let (session, driver) = begin(io, parts, open)?;
        match switch {
            Some((handshake, stream)) => {
                tokio::spawn(driver.with_stream(stream));
                Ok(Self::Switch(handshake))
            }
            None => {
                let waiting = ask(session, |link, respond| Command::Poll { link, respond });
                tokio::spawn(driver);
                waiting.map(Self::Wait)
            }
        }
    }
}

fn head(parts: &Parts, websocket: bool) -> Head<'_> {
    Head {
        method: parts.method.as_str(),
        query: parts.uri.query().unwrap_or_default(),
        content_type: parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()),
        websocket,
    }
}

/// The one place through which sessions come into being.
fn begin(io: &SocketIo, parts: &Parts, open: &Open) -> Result<(Arc<Session>, Driver), RequestError> {
    if io.is_closing() {
        return Err(RequestError::Unavailable);
    }
    io.session_opens();
    let handshake = Handshake::new(parts, io.settings());
    let session = Arc::new(Session::new(io.new_sid(), handshake, open.transport));
    let driver = Driver::new(io.clone(), Arc::clone(&session), open);
    trace::session_opened(&session);
    if io.is_closing() {
        // The server began to close between the first look and the session's entry in the table.
        let reason = DisconnectReason::ServerShuttingDown;
        session.mailbox.push(Command::Close { reason }).ok();
    }
    Ok((session, driver))
}

/// Offers a session a stream that wants to take it over.
fn take_over(session: &Session, upgrade: Upgrade, stream: Stream) -> Result<(), RequestError> {
    let command = Command::Upgrade { link: session.new_link(), upgrade: Box::new((upgrade, stream)) };
    session.mailbox.push(command).map_err(|_| RequestError::UnknownSession)
}

fn find(io: &SocketIo, sid: &Sid) -> Result<Arc<Session>, RequestError> {
    io.session_table().get(sid).ok_or(RequestError::UnknownSession)
}

/// The connection that the HTTP server will hand over.
fn stream(io: &SocketIo, parts: &mut Parts) -> Result<Stream, RequestError> {
    let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else {
        trace::no_upgrade();
        return Err(BadRequest::Handshake.into());
    };
    Ok(Stream::upgrading(upgrade, io.settings().core.max_payload))
}

/// Puts a question to a session.
fn ask(
    session: Arc<Session>,
    command: impl FnOnce(socketio_core::Link, Respond) -> Command,
) -> Result<Waiting, RequestError> {
    let (respond, answer) = oneshot::channel();
    let link = session.new_link();
    session.mailbox.push(command(link, respond)).map_err(|_| RequestError::UnknownSession)?;
    Ok(Waiting { delivery: Delivery::new(session, link), answer })
}
