use std::fmt;
use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use socketio_core::Sid;
use socketio_core::engine::RequestError;

use super::{AdmissionHook, ClientFiles, Origins, Refusal, SessionCookie};
use crate::SocketIo;
use crate::panics::contained;

/// What an application wants to know of, and to say in, the requests of Socket.IO's clients.
#[derive(Default)]
pub(crate) struct RequestSettings {
    pub(crate) admission: Vec<AdmissionHook>,
    pub(crate) origins: Option<Origins>,
    pub(crate) cookie: Option<SessionCookie>,
    pub(crate) files: Option<Arc<ClientFiles>>,
    pub(crate) initial_headers: Vec<HeaderHook>,
    pub(crate) headers: Vec<HeaderHook>,
    pub(crate) refused: Option<Arc<RefusedHook>>,
}

/// Adds headers to the answer to a request.
pub(crate) type HeaderHook = Arc<dyn Fn(&Parts, &mut HeaderMap) + Send + Sync>;

/// Is told of requests that were refused.
pub(crate) type RefusedHook = dyn Fn(&ConnectionError<'_>) + Send + Sync;

/// A request that was refused: what the Node server's engine calls a `connection_error`.
#[derive(Debug)]
pub struct ConnectionError<'a> {
    request: &'a Parts,
    cause: RequestError,
    refusal: Option<&'a Refusal>,
}

impl ConnectionError<'_> {
    /// The request.
    pub fn request(&self) -> &Parts {
        self.request
    }

    /// Why it was refused.
    pub fn cause(&self) -> RequestError {
        self.cause
    }

    /// The code in the answer, if that has one.
    pub fn code(&self) -> Option<u8> {
        self.cause.code()
    }

    /// What [`allow_request`](crate::SocketIoBuilder::allow_request) said.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal
    }
}

impl fmt::Display for ConnectionError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refusal {
            Some(refusal) => write!(f, "{}: {refusal}", self.cause),
            None => self.cause.fmt(f),
        }
    }
}

impl std::error::Error for ConnectionError<'_> {}

impl RequestSettings {
    /// A request is refused.
    pub(super) fn tell_refused(&self, request: &Parts, cause: RequestError, refusal: Option<&Refusal>) {
        if let Some(hook) = &self.refused {
            contained(|| hook(&ConnectionError { request, cause, refusal }));
        }
    }

    /// Whether a hook wants to see requests.
    fn has_hooks(&self) -> bool {
        self.refused.is_some() || !self.headers.is_empty() || !self.initial_headers.is_empty()
    }
}

impl fmt::Debug for RequestSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSettings")
            .field("origins", &self.origins)
            .field("cookie", &self.cookie)
            .finish_non_exhaustive()
    }
}

/// What is to be done with the answer to a request.
pub(super) struct Watch {
    io: SocketIo,
    /// For the hooks, if there are some.
    parts: Option<Parts>,
    /// Whether the request opens a session.
    initial: bool,
    cookie: Option<HeaderValue>,
}

impl Watch {
    /// None if nobody wants anything.
    pub(super) fn begin(io: &SocketIo, parts: &Parts) -> Option<Box<Self>> {
        let settings = &io.settings().requests;
        let parts = settings.has_hooks().then(|| parts.clone());
        (parts.is_some() || settings.cookie.is_some())
            .then(|| Box::new(Self { io: io.clone(), parts, initial: false, cookie: None }))
    }

    fn settings(&self) -> &RequestSettings {
        &self.io.settings().requests
    }

    /// The request opens a session; by long polling, if its id is to be told.
    pub(super) fn opens(&mut self, sid: Option<&Sid>) {
        self.initial = true;
        self.cookie = self.settings().cookie.as_ref().zip(sid).and_then(|(cookie, sid)| cookie.header(sid));
    }

    /// The request is refused.
    pub(super) fn refused(&self, cause: RequestError, refusal: Option<&Refusal>) {
        if let Some(parts) = &self.parts {
            self.settings().tell_refused(parts, cause, refusal);
        }
    }

    /// The request is answered with these headers.
    pub(super) fn answered(&self, headers: &mut HeaderMap) {
        headers.extend(self.cookie.clone().map(|cookie| (header::SET_COOKIE, cookie)));
        let Some(parts) = &self.parts else { return };
        let settings = self.settings();
        let initial = settings.initial_headers.iter().filter(|_| self.initial);
        for hook in initial.chain(&settings.headers) {
            contained(|| hook(parts, headers));
        }
    }
}
