use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use socketio_core::engine::{BadRequest, Request, RequestError};

use super::request::{begin, check_origin, check_room, find, head, take_over};
use crate::admission::{AdmissionHook, Refusal};
use crate::namespace::NamespaceSet;
use crate::observer::Observation;
use crate::transport::{ByteStream, Stream};

/// Why a stream was not taken in by [`SocketIo::attach`](crate::SocketIo::attach): as the layer would have refused the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachError {
    cause: RequestError,
    refusal: Option<Refusal>,
}

impl AttachError {
    /// Why the request was refused.
    pub fn cause(&self) -> RequestError {
        self.cause
    }

    /// What [`allow_request`](crate::SocketIoBuilder::allow_request) said.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// The status with which an HTTP server would answer.
    pub fn status(&self) -> u16 {
        self.cause.status()
    }

    /// The body with which an HTTP server would answer.
    pub fn body(&self) -> Cow<'static, str> {
        match &self.refusal {
            Some(refusal) => RequestError::forbidden_body(refusal.message()).into(),
            None => self.cause.body().into(),
        }
    }
}

impl From<RequestError> for AttachError {
    fn from(cause: RequestError) -> Self {
        Self { cause, refusal: None }
    }
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.refusal {
            Some(refusal) => write!(f, "{}: {refusal}", self.cause),
            None => self.cause.fmt(f),
        }
    }
}

impl std::error::Error for AttachError {}

/// Takes in a stream that speaks WebSocket and is past its handshake: the same as a request that becomes one,
/// but that nobody waits for an answer.
pub(crate) async fn attach(
    namespaces: &Arc<NamespaceSet>,
    parts: &Parts,
    stream: impl ByteStream + 'static,
) -> Result<(), AttachError> {
    let attached = take_in(namespaces, parts, stream).await;
    if let Err(error) = &attached {
        let cause = error.cause;
        namespaces.server().observers().tell(|| Observation::RequestRefused { cause });
        namespaces.server().settings().requests.tell_refused(parts, error.cause, error.refusal());
    }
    attached
}

async fn take_in(
    namespaces: &Arc<NamespaceSet>,
    parts: &Parts,
    stream: impl ByteStream + 'static,
) -> Result<(), AttachError> {
    let core = &namespaces.server().settings().core;
    check_origin(namespaces.server(), parts)?;
    let hooks = &namespaces.server().settings().requests.admission;
    if !hooks.is_empty() && matches!(Request::parse(&head(parts, true), core)?, Request::Open(_)) {
        check_room(namespaces.server())?;
        let decision = AdmissionHook::ask_all(hooks, parts, core.connect_timeout).await;
        decision.map_err(|refusal| AttachError { cause: RequestError::Forbidden, refusal: Some(refusal) })?;
    }
    let stream = Stream::attached(stream, core.max_payload);
    match Request::parse(&head(parts, true), core)? {
        Request::Open(open) => {
            let (_, driver) = begin(namespaces, parts, &open)?;
            tokio::spawn(driver.with_stream(stream));
            Ok(())
        }
        Request::Upgrade(upgrade) => {
            let session = find(namespaces.server(), &upgrade.sid)?;
            Ok(take_over(&session, upgrade, stream)?)
        }
        _ => Err(RequestError::from(BadRequest::Handshake).into()),
    }
}
