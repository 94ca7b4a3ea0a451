use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Response, Version, header};
use hyper::upgrade::OnUpgrade;
use socketio_core::engine::{
    BadRequest, Head, Open, Request, RequestError, Response as SessionResponse, Upgrade,
};
use socketio_core::{DisconnectReason, Sid, Transport};
use tokio::sync::oneshot;

use super::ResponseBody;
use super::guard::LinkGuard;
use super::hooks::ResponseHooks;
use super::response::{rejected, whole, with_packets};
use super::websocket::{self, WebSocketAccept};
use crate::admission::{AdmissionHook, Decision};
use crate::driver::Driver;
use crate::handshake::Handshake;
use crate::namespace::NamespaceSet;
use crate::observer::Observation;
use crate::panics::contained;
use crate::server::Server;
use crate::session::{Command, NotInserted, Reply, Respond, Session};
use crate::trace;
use crate::transport::PendingStream;

/// The next step of a request of a Socket.IO client.
pub(super) enum Action {
    /// Wait for the session's response.
    Wait(Waiting),
    /// Receive the body, then wait for the session's response.
    Receive(Waiting),
    /// Respond at once: switch the connection to WebSocket, or reject the request.
    Respond(Response<Bytes>),
}

impl Action {
    pub(super) fn of(namespaces: &Arc<NamespaceSet>, parts: &mut Parts, hooks: &mut ResponseHooks) -> Self {
        Self::decide(namespaces, parts, hooks)
            .unwrap_or_else(|error| Self::Respond(rejected(error.into(), hooks)))
    }

    fn decide(
        namespaces: &Arc<NamespaceSet>,
        parts: &mut Parts,
        hooks: &mut ResponseHooks,
    ) -> Result<Self, RequestError> {
        let server = namespaces.server();
        match parse(server, parts)? {
            Request::Open(open) => Self::open(namespaces, parts, &open, hooks),
            Request::Poll(poll) => {
                let session = find(server, &poll.sid)?;
                Ok(Self::Wait(send(session, |link, respond| Command::Poll { link, poll, respond })?))
            }
            Request::Post(post) => {
                let session = find(server, &post.sid)?;
                Ok(Self::Receive(send(session, |link, respond| Command::Post { link, post, respond })?))
            }
            Request::Upgrade(upgrade) => {
                check_origin(server, parts)?;
                let session = find(server, &upgrade.sid)?;
                let handshake = WebSocketAccept::parse(parts)?;
                take_over(&session, upgrade, stream(server, parts)?)?;
                Ok(Self::Respond(handshake.into_response(hooks)))
            }
            _ => Err(RequestError::UnknownTransport),
        }
    }

    fn open(
        namespaces: &Arc<NamespaceSet>,
        parts: &mut Parts,
        open: &Open,
        hooks: &mut ResponseHooks,
    ) -> Result<Self, RequestError> {
        check_origin(namespaces.server(), parts)?;
        let websocket = match open.transport {
            Transport::Polling => None,
            Transport::WebSocket => {
                let handshake = WebSocketAccept::parse(parts)?;
                Some((handshake, stream(namespaces.server(), parts)?))
            }
            _ => return Err(RequestError::UnknownTransport),
        };
        let (session, driver) = begin(namespaces, parts, open)?;
        hooks.opens((open.transport == Transport::Polling).then_some(&session.sid));
        match websocket {
            Some((handshake, stream)) => {
                tokio::spawn(driver.with_stream(stream));
                Ok(Self::Respond(handshake.into_response(hooks)))
            }
            None => {
                let poll = open.first_poll(&session.sid);
                let waiting = send(session, |link, respond| Command::Poll { link, poll, respond });
                tokio::spawn(driver);
                waiting.map(Self::Wait)
            }
        }
    }
}

/// A request that waits for its session's response.
pub(super) struct Waiting {
    pub(super) guard: LinkGuard,
    reply: oneshot::Receiver<Reply>,
}

impl Waiting {
    pub(super) fn poll_response<B>(
        &mut self,
        hooks: &ResponseHooks,
        cx: &mut Context<'_>,
    ) -> Poll<Response<ResponseBody<B>>> {
        // A session that has ended drops the sender.
        let unknown = Reply::Whole(SessionResponse::Rejected(RequestError::UnknownSession));
        let reply = ready!(Pin::new(&mut self.reply).poll(cx)).unwrap_or(unknown);
        let guard = self.guard.take();
        Poll::Ready(match reply {
            Reply::Packets { length } => with_packets(ResponseBody::packets(length, guard), hooks),
            Reply::Whole(response) => {
                guard.finish();
                whole(response, hooks).map(ResponseBody::ours)
            }
        })
    }
}

/// Calls the application's hooks for a request that opens a session. Returns `None` if no decision is needed.
///
/// # Errors
///
/// Returns an error without calling the hooks if the server has the maximum number of sessions.
pub(super) fn admission(server: &Server, parts: &Parts) -> Result<Option<Decision>, RequestError> {
    let (core, hooks) = (&server.settings().core, &server.settings().requests.admission);
    if hooks.is_empty()
        || !matches!(parse(server, parts), Ok(Request::Open(_)))
        || check_origin(server, parts).is_err()
        || server.is_closing()
    {
        return Ok(None);
    }
    check_capacity(server)?;
    Ok(Some(AdmissionHook::decide(hooks, parts, core.connect_timeout)))
}

/// Parses a request. If WebSocket over HTTP/2 is disabled, it is rejected like a disabled transport.
fn parse(server: &Server, parts: &Parts) -> Result<Request, RequestError> {
    let settings = server.settings();
    let websocket = websocket::is_requested(parts);
    if websocket && parts.version == Version::HTTP_2 && !settings.websocket_over_http2 {
        return Err(RequestError::UnknownTransport);
    }
    Request::parse(&head(parts, websocket), &settings.core)
}

/// Rejects requests of pages whose origin is not allowed.
pub(super) fn check_origin(server: &Server, parts: &Parts) -> Result<(), RequestError> {
    let allowed =
        server.settings().requests.origins.as_ref().is_none_or(|origins| origins.allow(&parts.headers));
    if allowed { Ok(()) } else { Err(RequestError::Forbidden) }
}

/// Rejects a request if the server has the maximum number of sessions. The table checks again when the session is
/// inserted.
pub(super) fn check_capacity(server: &Server) -> Result<(), RequestError> {
    if server.sessions().len() < server.settings().max_sessions { Ok(()) } else { Err(at_capacity(server)) }
}

fn at_capacity(server: &Server) -> RequestError {
    server.sessions().count_rejected();
    RequestError::TooManySessions
}

pub(super) fn head(parts: &Parts, websocket: bool) -> Head<'_> {
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Head::new(parts.method.as_str(), parts.uri.path(), parts.uri.query().unwrap_or_default())
        .with_content_type(content_type)
        .with_websocket(websocket)
}

/// Opens a session. This is the only function that does so.
pub(super) fn begin(
    namespaces: &Arc<NamespaceSet>,
    parts: &Parts,
    open: &Open,
) -> Result<(Arc<Session>, Driver), RequestError> {
    let server = namespaces.server();
    if server.is_closing() {
        return Err(RequestError::Unavailable);
    }
    server.session_opens();
    let session = register(server, Handshake::new(parts, &server.settings().handshake)?, open.transport)?;
    let driver = Driver::new(Arc::clone(namespaces), Arc::clone(&session), open);
    trace::session_opened(session.transport());
    server.observers().tell(|| Observation::ClientOpened {
        client: session.id,
        transport: session.transport(),
        handshake: &session.handshake,
    });
    if server.is_closing() {
        // The server began to close between the check above and the insertion into the table.
        let reason = DisconnectReason::ServerShuttingDown;
        session.mailbox.push(Command::Close { reason }).ok();
    }
    Ok((session, driver))
}

/// Inserts a session into the table under a unique id. The application's id generator may return ids that are in use,
/// but only a few times.
fn register(
    server: &Server,
    handshake: Handshake,
    transport: Transport,
) -> Result<Arc<Session>, RequestError> {
    let new_sid = || contained(|| server.new_sid()).ok_or(BadRequest::Id);
    let mut session = Session::new(new_sid()?, handshake, transport);
    for _ in 0..ID_ATTEMPTS {
        let shared = Arc::new(session);
        match server.sessions().insert(&shared, server.settings().max_sessions) {
            Ok(()) => return Ok(shared),
            Err(NotInserted::Full) => return Err(at_capacity(server)),
            Err(NotInserted::Taken) => {}
        }
        session = Arc::into_inner(shared).expect("the table did not keep it");
        session.sid = new_sid()?;
    }
    Err(BadRequest::Id.into())
}

/// The number of ids tried for one session. 120 random bits never need a second one.
const ID_ATTEMPTS: usize = 4;

/// Offers a session a stream to upgrade to.
pub(super) fn take_over(
    session: &Session,
    upgrade: Upgrade,
    stream: PendingStream,
) -> Result<(), RequestError> {
    let command = Command::Upgrade { link: session.new_link(), upgrade: Box::new((upgrade, stream)) };
    session.mailbox.push(command).map_err(|_| RequestError::UnknownSession)
}

pub(super) fn find(server: &Server, sid: &Sid) -> Result<Arc<Session>, RequestError> {
    server.sessions().get(sid).ok_or(RequestError::UnknownSession)
}

/// Returns the connection that the HTTP server will hand over.
fn stream(server: &Server, parts: &mut Parts) -> Result<PendingStream, RequestError> {
    let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else {
        trace::no_upgrade();
        return Err(BadRequest::NoUpgrade.into());
    };
    Ok(PendingStream::upgrading(upgrade, server.settings().core.max_payload))
}

/// Sends a request to a session.
fn send(
    session: Arc<Session>,
    command: impl FnOnce(socketio_core::LinkId, Respond) -> Command,
) -> Result<Waiting, RequestError> {
    let (respond, reply) = oneshot::channel();
    let link = session.new_link();
    session.mailbox.push(command(link, respond)).map_err(|_| RequestError::UnknownSession)?;
    Ok(Waiting { guard: LinkGuard::new(session, link), reply })
}
