use std::fmt;

use http::request::Parts;
use socketio_core::engine::RequestError;

use super::Refusal;

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

impl<'a> ConnectionError<'a> {
    pub(super) fn new(request: &'a Parts, cause: RequestError, refusal: Option<&'a Refusal>) -> Self {
        Self { request, cause, refusal }
    }
}
