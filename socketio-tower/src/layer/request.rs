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
    /// The session answers.
    Wait(Waiting),
    /// The session answers when it has the body.
    Receive(Waiting),
    /// The answer is there: the connection becomes a WebSocket, or the request is refused.
    Answer(Response<Bytes>),
}

impl Action {
    pub(super) fn of(namespaces: &Arc<NamespaceSet>, parts: &mut Parts, hooks: &mut ResponseHooks) -> Self {
        Self::decide(namespaces, parts, hooks)
            .unwrap_or_else(|error| Self::Answer(rejected(error.into(), hooks)))
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
                Ok(Self::Wait(ask(session, |link, respond| Command::Poll { link, poll, respond })?))
            }
            Request::Post(post) => {
                let session = find(server, &post.sid)?;
                Ok(Self::Receive(ask(session, |link, respond| Command::Post { link, post, respond })?))
            }
            Request::Upgrade(upgrade) => {
                check_origin(server, parts)?;
                let session = find(server, &upgrade.sid)?;
                let handshake = WebSocketAccept::parse(parts)?;
                take_over(&session, upgrade, stream(server, parts)?)?;
                Ok(Self::Answer(handshake.into_response(hooks)))
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
        let switch = match open.transport {
            Transport::Polling => None,
            Transport::WebSocket => {
                let handshake = WebSocketAccept::parse(parts)?;
                Some((handshake, stream(namespaces.server(), parts)?))
            }
            _ => return Err(RequestError::UnknownTransport),
        };
        let (session, driver) = begin(namespaces, parts, open)?;
        hooks.opens((open.transport == Transport::Polling).then_some(&session.sid));
        match switch {
            Some((handshake, stream)) => {
                tokio::spawn(driver.with_stream(stream));
                Ok(Self::Answer(handshake.into_response(hooks)))
            }
            None => {
                let poll = open.first_poll(&session.sid);
                let waiting = ask(session, |link, respond| Command::Poll { link, poll, respond });
                tokio::spawn(driver);
                waiting.map(Self::Wait)
            }
        }
    }
}

/// A request that waits for its session's answer.
pub(super) struct Waiting {
    pub(super) guard: LinkGuard,
    answer: oneshot::Receiver<Reply>,
}

impl Waiting {
    pub(super) fn poll_response<B>(
        &mut self,
        hooks: &ResponseHooks,
        cx: &mut Context<'_>,
    ) -> Poll<Response<ResponseBody<B>>> {
        // A session that is over has dropped the question.
        let unknown = Reply::Whole(SessionResponse::Refused(RequestError::UnknownSession));
        let reply = ready!(Pin::new(&mut self.answer).poll(cx)).unwrap_or(unknown);
        let guard = self.guard.take();
        Poll::Ready(match reply {
            Reply::Packets { length } => with_packets(ResponseBody::packets(length, guard), hooks),
            Reply::Whole(answer) => {
                guard.finish();
                whole(answer, hooks).map(ResponseBody::ours)
            }
        })
    }
}

/// Asks the application whether a request may open a session. Returns `None` if there is nothing to ask.
///
/// # Errors
///
/// There is no room for the session: the application is not asked in vain.
pub(super) fn admission(server: &Server, parts: &Parts) -> Result<Option<Decision>, RequestError> {
    let (core, hooks) = (&server.settings().core, &server.settings().requests.admission);
    if hooks.is_empty()
        || !matches!(parse(server, parts), Ok(Request::Open(_)))
        || check_origin(server, parts).is_err()
        || server.is_closing()
    {
        return Ok(None);
    }
    check_room(server)?;
    Ok(Some(AdmissionHook::decide(hooks, parts, core.connect_timeout)))
}

/// A WebSocket that is not taken over HTTP/2 is refused as one of a transport that is switched off.
fn parse(server: &Server, parts: &Parts) -> Result<Request, RequestError> {
    let settings = server.settings();
    let websocket = websocket::is_requested(parts);
    if websocket && parts.version == Version::HTTP_2 && !settings.websocket_over_http2 {
        return Err(RequestError::UnknownTransport);
    }
    Request::parse(&head(parts, websocket), &settings.core)
}

/// A page that may not speak to this server opens no session, and no stream for one.
pub(super) fn check_origin(server: &Server, parts: &Parts) -> Result<(), RequestError> {
    let allowed =
        server.settings().requests.origins.as_ref().is_none_or(|origins| origins.allow(&parts.headers));
    if allowed { Ok(()) } else { Err(RequestError::Forbidden) }
}

/// Whether there is a place for one more session. Another client may be quicker: the table has the last word.
pub(super) fn check_room(server: &Server) -> Result<(), RequestError> {
    if server.sessions().len() < server.settings().max_sessions { Ok(()) } else { Err(no_room(server)) }
}

fn no_room(server: &Server) -> RequestError {
    server.sessions().count_refused();
    RequestError::TooManySessions
}

pub(super) fn head(parts: &Parts, websocket: bool) -> Head<'_> {
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Head::new(parts.method.as_str(), parts.uri.path(), parts.uri.query().unwrap_or_default())
        .with_content_type(content_type)
        .with_websocket(websocket)
}

/// The one place through which sessions come into being.
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
        // The server began to close between the first look and the session's entry in the table.
        let reason = DisconnectReason::ServerShuttingDown;
        session.mailbox.push(Command::Close { reason }).ok();
    }
    Ok((session, driver))
}

/// Gives a session an id that no other has. The application's generator may give one that is taken, but not for long.
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
            Err(NotInserted::Full) => return Err(no_room(server)),
            Err(NotInserted::Taken) => {}
        }
        session = Arc::into_inner(shared).expect("the table has not taken it");
        session.sid = new_sid()?;
    }
    Err(BadRequest::Id.into())
}

/// 120 bits of randomness never need a second one.
const ID_ATTEMPTS: usize = 4;

/// Offers a session a stream that wants to take it over.
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

/// The connection that the HTTP server will hand over.
fn stream(server: &Server, parts: &mut Parts) -> Result<PendingStream, RequestError> {
    let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else {
        trace::no_upgrade();
        return Err(BadRequest::NoUpgrade.into());
    };
    Ok(PendingStream::upgrading(upgrade, server.settings().core.max_payload))
}

/// Puts a question to a session.
fn ask(
    session: Arc<Session>,
    command: impl FnOnce(socketio_core::LinkId, Respond) -> Command,
) -> Result<Waiting, RequestError> {
    let (respond, answer) = oneshot::channel();
    let link = session.new_link();
    session.mailbox.push(command(link, respond)).map_err(|_| RequestError::UnknownSession)?;
    Ok(Waiting { guard: LinkGuard::new(session, link), answer })
}
