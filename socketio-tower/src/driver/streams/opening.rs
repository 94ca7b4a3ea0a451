use std::task::Poll;
use std::time::Instant;

use socketio_core::engine::Upgrade;

use super::Turn;
use crate::trace;
use crate::transport::{MessageStream, PendingStream};

/// A stream that the HTTP server has not handed over yet.
pub(super) struct Opening {
    stream: PendingStream,
    /// The upgrade request, unless the session was opened on this stream.
    upgrade: Option<Box<Upgrade>>,
    until: Instant,
}

/// The result of an opening.
pub(super) struct Opened {
    /// The stream, or `None` if it could not be opened.
    pub(super) wire: Option<MessageStream>,
    pub(super) upgrade: Option<Box<Upgrade>>,
}

impl Opening {
    pub(super) fn new(stream: PendingStream, upgrade: Option<Box<Upgrade>>, until: Instant) -> Self {
        Self { stream, upgrade, until }
    }

    pub(super) fn timeout(&self) -> Instant {
        self.until
    }

    pub(super) fn poll(&mut self, turn: &Turn<'_>) -> Poll<Opened> {
        let wire = match self.stream.poll_open(&mut turn.context()) {
            Poll::Ready(Ok(wire)) => Some(wire),
            Poll::Ready(Err(error)) => {
                trace::upgrade_failed(&error);
                None
            }
            Poll::Pending if turn.now < self.until => return Poll::Pending,
            Poll::Pending => None,
        };
        Poll::Ready(Opened { wire, upgrade: self.upgrade.take() })
    }
}
